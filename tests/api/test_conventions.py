"""What holds for every request to `/v1`: keys, problems, quotas, versions, pages, and the log."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connections
from django.test import RequestFactory
from ninja import NinjaAPI, Router
from pytest_django import Settings

from cagnotte.api import deprecation, gate, pages
from cagnotte.api.errors import InvalidRequest
from cagnotte.api.idempotency import lock_of
from cagnotte.domain.ids import parse_public_id
from cagnotte.identity import api_calls, api_keys
from cagnotte.identity.models import ApiAnswer, ApiBucket, ApiCall, ApiKey, Member, Programme
from cagnotte.journeys import sandbox
from cagnotte.platform import sql
from cagnotte.platform.database import connect
from tests.api.interface import PUBLISHABLE, Answer, Interface, interface, key_of
from tests.journeys.world import World

ZOE = {"ref": "Z-1", "name": "Zoé", "email": "zoe@example.org"}


def problem(answer: Answer) -> tuple[int, str | None]:
    """Return status and code, and check what every problem document says."""
    told = answer.json
    assert told["status"] == answer.status
    assert told["type"].endswith(f"/developers/errors/#{answer.code}")
    assert told["title"]
    assert told["detail"][-1] in ".?!”"
    assert told["request_id"] == answer.headers["request-id"]
    assert answer.headers["cache-control"] == "no-store"
    return answer.status, answer.code


# ---- keys ----


def test_a_key_opens_its_programme(world: World) -> None:
    answer = interface().get("/programme")
    assert (answer.status, answer.json["slug"], answer.json["mode"]) == (200, "corner", "live")


def test_without_a_key_nothing_opens(world: World) -> None:
    answer = Interface().get("/programme")
    assert problem(answer) == (401, "key_missing")
    assert answer.headers["www-authenticate"] == 'Bearer realm="cagnotte"'


@pytest.mark.parametrize(
    "header",
    ["Bearer cag_live_sk_" + "0" * 50, "Bearer nonsense", "Basic dTpw", "cag_live_sk_0", "Bearer "],
)
def test_a_key_that_nobody_holds_opens_nothing(world: World, header: str) -> None:
    answer = Interface(headers={"authorization": header}).get("/programme")
    assert problem(answer) == (401, "key_invalid")
    assert "invalid_token" in answer.headers["www-authenticate"]


def test_a_revoked_key_opens_nothing_from_then_on(world: World) -> None:
    api = interface()
    assert api.get("/programme").status == 200
    api_keys.revoke(ApiKey.objects.get().id, now=datetime.now(UTC))
    assert problem(api.get("/programme")) == (401, "key_invalid")


def test_an_expired_key_opens_nothing(world: World) -> None:
    api = interface(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert problem(api.get("/programme")) == (401, "key_invalid")


def test_both_keys_open_while_one_is_rotated(world: World) -> None:
    before = interface()
    made = api_keys.rotate(ApiKey.objects.get().id, now=datetime.now(UTC))
    assert [one.get("/programme").status for one in (before, Interface(made.secret))] == [200, 200]


def test_a_key_may_do_what_its_scopes_say_and_no_more(world: World) -> None:
    api = interface(scopes=["members:read"])
    assert api.get("/members").status == 200
    assert problem(api.post("/members", ZOE)) == (403, "not_permitted")
    assert not Member.objects.filter(ref="Z-1").exists()


def test_a_test_key_sees_the_sandbox_alone(world: World) -> None:
    made = sandbox.make(Programme.objects.get(), now=world.now)
    api = interface(made.slug)
    assert api.secret.startswith("cag_test_sk_")
    assert api.get("/programme").json["mode"] == "test"
    assert api.get("/members").json["data"] == []
    assert api.post("/members", ZOE).status == 201
    assert interface().get("/members?ref=Z-1").json["data"] == []


def test_the_last_use_of_a_key_is_noted_to_the_minute(world: World) -> None:
    api = interface()
    api.get("/programme")
    first = ApiKey.objects.get().last_used_at
    api.get("/programme")
    assert first is not None
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=first - timedelta(minutes=2))
    api.get("/programme")
    later = ApiKey.objects.get().last_used_at
    assert later is not None
    assert later >= first


# ---- browsers ----


def test_a_publishable_key_reads_offers_from_its_pages(world: World) -> None:
    answer = interface(**PUBLISHABLE).get("/offers", origin="https://shop.example")
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == "https://shop.example"
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("origin", ["https://other.example", "null", ""])
def test_a_publishable_key_is_of_no_use_to_other_pages(world: World, origin: str) -> None:
    headers = {"origin": origin} if origin else {}
    answer = interface(**PUBLISHABLE).get("/offers", **headers)
    assert problem(answer) == (403, "origin_not_allowed")
    assert "access-control-allow-origin" not in answer.headers


def test_our_own_pages_may_use_any_publishable_key(world: World) -> None:
    api = interface(**PUBLISHABLE)
    assert api.get("/offers", origin="http://testserver").status == 200
    assert api.get("/offers", sec_fetch_site="same-origin").status == 200


def test_a_publishable_key_cannot_read_members(world: World) -> None:
    answer = interface(**PUBLISHABLE).get("/members", origin="https://shop.example")
    assert problem(answer) == (403, "not_permitted")


def test_a_page_cannot_read_answers_to_a_secret_key(world: World) -> None:
    answer = interface().get("/offers", origin="https://shop.example")
    assert "access-control-allow-origin" not in answer.headers


def test_a_browser_may_ask_before_it_sends(world: World) -> None:
    answer = Interface().call("OPTIONS", "/offers", origin="https://shop.example")
    assert (answer.status, answer.content) == (204, b"")
    assert "Authorization" in answer.headers["access-control-allow-headers"]


def test_a_members_token_shows_that_members_cagnotte(world: World) -> None:
    world.buy("A1")
    server, page = interface(), interface(**PUBLISHABLE)
    (ana,) = server.get("/members?ref=1").json["data"]
    token = server.post(f"/members/{ana['id']}/tokens").json["token"]
    answer = page.get("/me/cagnotte", origin="https://shop.example", cagnotte_member=token)
    assert answer.json["id"] == ana["cagnotte_id"]
    assert answer.json["pending"] == {"amount_minor": 100, "currency": "EUR"}


@pytest.mark.parametrize("change", ["", "x", "mtk_x"])
def test_a_token_that_was_not_made_here_shows_nothing(world: World, change: str) -> None:
    answer = interface().get("/me/cagnotte", cagnotte_member=change)
    assert problem(answer) == (401, "member_token_invalid")


def test_a_token_of_the_sandbox_shows_nothing_live(world: World) -> None:
    made = sandbox.make(Programme.objects.get(), now=world.now)
    trial = interface(made.slug)
    member = trial.post("/members", ZOE).json["id"]
    token = trial.post(f"/members/{member}/tokens").json["token"]
    assert problem(interface().get("/me/cagnotte", cagnotte_member=token))[0] == 401


# ---- what cannot be read ----


def test_every_answer_has_an_id_and_is_found_by_it_in_the_log(world: World) -> None:
    api = interface()
    member = api.post("/members", ZOE)
    failed = api.get("/members/mem_nobody")
    programme_id = Programme.objects.get().id
    lines = api_calls.calls(programme_id)
    assert [(one.method, one.path, one.status, one.code) for one in lines] == [
        ("GET", "/v1/members/mem_nobody", 404, "not_found"),
        ("POST", "/v1/members", 201, ""),
    ]
    assert lines[1].objects_named == [member.json["id"]]
    found = api_calls.call(programme_id, parse_public_id("req", failed.headers["request-id"]))
    assert found == lines[0]
    assert api_calls.calls(programme_id, api_calls.Sought(failed=True)) == [lines[0]]
    assert "zoe@example.org" not in str(list(ApiCall.objects.values()))


def test_the_log_is_kept_for_some_days(world: World) -> None:
    interface().get("/programme")
    with connect() as connection:
        now = datetime.now(UTC)
        assert api_calls.tidy(connection, now=now) == 0
        assert api_calls.tidy(connection, now=now + timedelta(days=31)) == 2
    assert not ApiCall.objects.exists()
    assert not ApiBucket.objects.exists()


def test_an_unknown_address_is_a_problem_too(world: World) -> None:
    assert problem(interface().get("/nothing")) == (404, "not_found")
    assert problem(Interface().get("/nothing")) == (404, "not_found")


def test_a_method_that_is_not_there_is_told_which_are(world: World) -> None:
    answer = interface().call("DELETE", "/members")
    assert problem(answer) == (405, "method_not_allowed")
    assert sorted(answer.headers["allow"].split(", ")) == ["GET", "POST"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "malformed_request"),
        (b'{"ref": NaN}', "malformed_request"),
        (b'{"ref": "\\ud800"}', "malformed_request"),
        (b'{"ref": "a\\u0000b"}', "malformed_request"),
        (b'{"segments": [{"a": "\\u0000"}], "ref": "a"}', "malformed_request"),
        (b"\xff", "malformed_request"),
    ],
)
def test_a_body_that_is_no_json_is_refused(world: World, body: bytes, code: str) -> None:
    assert problem(interface().post("/members", body)) == (400, code)
    assert Member.objects.count() == 3


def test_a_nul_in_the_address_is_refused(world: World) -> None:
    api = interface()
    assert problem(api.get("/members?ref=%00")) == (400, "malformed_request")
    assert problem(api.get("/members/%00")) == (400, "malformed_request")


def test_bodies_are_json(world: World) -> None:
    answer = interface().post("/members", b"ref=1", content_type="text/plain")
    assert problem(answer) == (415, "unsupported_media_type")


def test_a_body_may_not_be_huge(world: World) -> None:
    answer = interface().post("/members", b" " * (gate.BODY_BYTES_MAX + 1))
    assert problem(answer) == (413, "body_too_large")


def test_what_is_wrong_is_pointed_at(world: World) -> None:
    answer = interface().post("/members", {"emial": "x", "ref": "", "segments": ["a", "b,c"]})
    assert problem(answer) == (422, "invalid_request")
    assert [(one["pointer"], one["code"]) for one in answer.json["errors"]] == [
        ("#/segments/1", "string_pattern_mismatch"),
        ("#/ref", "string_too_short"),
        ("#/emial", "extra_forbidden"),
    ]
    answer = interface().get("/members?limit=0")
    assert [(one["parameter"], one["code"]) for one in answer.json["errors"]] == [
        ("limit", "greater_than_equal")
    ]


def test_what_our_own_rules_refuse_is_pointed_at_as_well(world: World) -> None:
    answer = interface().post("/members", {"ref": "Z-1", "email": "nobody"})
    assert problem(answer) == (422, "invalid_row")
    assert answer.json["errors"] == [
        {
            "pointer": "#/email",
            "code": "bad_email",
            "detail": "email: “nobody” is not an e-mail address.",
        }
    ]


def test_a_fault_tells_its_id_and_nothing_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("secret of the inside")

    monkeypatch.setattr("cagnotte.identity.selectors.member_page", broken)
    answer = interface().get("/members")
    assert problem(answer) == (500, "internal_error")
    assert b"inside" not in answer.content


def test_a_database_that_is_away_is_told_to_come_back_to(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> None:
        raise OperationalError from psycopg.errors.AdminShutdown("terminating connection")

    monkeypatch.setattr("cagnotte.identity.api_keys.admit", away)
    answer = interface().get("/members")
    assert problem(answer) == (503, "database_unavailable")
    assert answer.headers["retry-after"] == "2"


# ---- quotas ----


def test_what_is_left_of_the_quota_is_told(world: World, settings: Settings) -> None:
    settings.CAGNOTTE_API_QUOTA = 60
    api = interface()
    told = [api.get("/programme").headers for _ in range(2)]
    assert told[0]["ratelimit-policy"] == '"default";q=60;w=60'
    assert told[0]["ratelimit"] == '"default";r=59;t=1'
    assert told[1]["ratelimit"] == '"default";r=58;t=2'


def test_above_the_quota_one_waits(world: World, settings: Settings) -> None:
    settings.CAGNOTTE_API_QUOTA = 2
    api, other = interface(), interface()
    assert [api.get("/programme").status for _ in range(2)] == [200, 200]
    answer = api.get("/programme")
    assert problem(answer) == (429, "quota-exceeded")
    assert answer.headers["ratelimit"] == '"default";r=0;t=30'
    assert answer.headers["retry-after"] == "30"
    assert other.get("/programme").status == 200
    ApiBucket.objects.update(filled_at=datetime.now(UTC) - timedelta(seconds=31))
    assert api.get("/programme").status == 200
    assert api.get("/programme").status == 429


def test_a_browser_has_its_own_quota(world: World, settings: Settings) -> None:
    settings.CAGNOTTE_API_BROWSER_QUOTA = 1
    page = interface(**PUBLISHABLE)
    assert page.get("/offers", origin="https://shop.example").status == 200
    refused = page.get("/offers", origin="https://shop.example")
    assert refused.status == 429
    assert refused.headers["access-control-allow-origin"] == "https://shop.example"
    page.headers["x-forwarded-for"] = "10.0.0.9"
    assert page.get("/offers", origin="https://shop.example").status == 429


def test_behind_a_proxy_every_browser_has_its_own_quota(world: World, settings: Settings) -> None:
    settings.CAGNOTTE_API_BROWSER_QUOTA = 1
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    page = interface(**PUBLISHABLE)
    page.headers["x-forwarded-for"] = "203.0.113.7"
    assert page.get("/offers", origin="https://shop.example").status == 200
    assert page.get("/offers", origin="https://shop.example").status == 429
    page.headers["x-forwarded-for"] = "203.0.113.8"
    assert page.get("/offers", origin="https://shop.example").status == 200


def test_many_at_once_get_no_more_than_the_quota(world: World, settings: Settings) -> None:
    settings.CAGNOTTE_API_QUOTA = 5
    api, statuses = interface(), []

    def ask() -> None:
        statuses.append(api.get("/programme").status)
        connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200] * 5 + [429] * 3


# ---- versions ----


def test_the_version_is_the_keys_unless_one_is_asked_for(world: World) -> None:
    api = interface()
    assert api.get("/programme").headers["cagnotte-version"] == api_keys.API_VERSION
    asked = api.get("/programme", cagnotte_version=api_keys.API_VERSION)
    assert asked.headers["cagnotte-version"] == api_keys.API_VERSION


def test_a_version_that_does_not_exist_is_refused(world: World) -> None:
    answer = interface().get("/programme", cagnotte_version="2020-01-01")
    assert problem(answer) == (400, "unknown_version")
    assert answer.json["errors"][0]["header"] == "Cagnotte-Version"


def test_what_goes_is_announced_in_every_answer() -> None:
    api, router = NinjaAPI(urls_namespace="on its way out", openapi_url=None), Router()

    @router.get("/old")
    @deprecation.deprecated(since=date(2026, 12, 1), sunset=date(2027, 6, 1), see="/new")
    def old(request: Any) -> dict[str, str]:
        return {"a": "b"}

    api.add_router("", router)
    (pattern,) = [one for one in api.urls[0] if str(one.pattern) == "old"]
    view: Any = pattern.callback
    response = view(RequestFactory().get("/old"))
    assert response["Deprecation"] == "@1796083200"
    assert response["Sunset"] == "Tue, 01 Jun 2027 00:00:00 GMT"
    assert response["Link"] == '</new>; rel="deprecation"'


# ---- the same request twice ----


def test_the_same_request_again_is_done_once_and_answered_the_same(world: World) -> None:
    api = interface()
    first = api.post("/members", ZOE, idempotency_key="k-1")
    again = api.post("/members", dict(reversed(ZOE.items())), idempotency_key="k-1")
    assert (first.status, again.status) == (201, 201)
    assert again.content == first.content
    assert [one.headers.get("idempotent-replayed") for one in (first, again)] == [None, "true"]
    assert again.headers["location"] == first.headers["location"]
    assert Member.objects.filter(ref="Z-1").count() == 1


def test_a_rotated_key_is_answered_the_same(world: World) -> None:
    first = interface().post("/members", ZOE, idempotency_key="k-1")
    assert interface().post("/members", ZOE, idempotency_key="k-1").content == first.content


def test_a_token_for_another_request_is_refused(world: World) -> None:
    api = interface()
    api.post("/members", ZOE, idempotency_key="k-1")
    answer = api.post("/members", {**ZOE, "ref": "Z-2"}, idempotency_key="k-1")
    assert problem(answer) == (422, "idempotency_mismatch")
    (zoe,) = api.get("/members?ref=Z-1").json["data"]
    elsewhere = api.post(f"/members/{zoe['id']}/close", idempotency_key="k-1")
    assert problem(elsewhere) == (422, "idempotency_mismatch")
    assert not Member.objects.filter(ref="Z-2").exists()


def test_a_refusal_is_not_kept_so_the_token_may_try_again(world: World) -> None:
    api = interface()
    refused = api.post("/members", {**ZOE, "email": "nobody"}, idempotency_key="k-1")
    assert refused.status == 422
    assert not ApiAnswer.objects.exists()
    assert api.post("/members", ZOE, idempotency_key="k-1").status == 201


def test_a_token_is_one_programmes_alone(world: World) -> None:
    made = sandbox.make(Programme.objects.get(), now=world.now)
    live = interface().post("/members", ZOE, idempotency_key="k-1")
    test = interface(made.slug).post("/members", ZOE, idempotency_key="k-1")
    assert test.status == 201
    assert test.json["id"] != live.json["id"]


def test_an_answer_is_only_for_who_may_ask(world: World) -> None:
    interface().post("/members", ZOE, idempotency_key="k-1")
    answer = interface(scopes=["members:read"]).post("/members", ZOE, idempotency_key="k-1")
    assert problem(answer) == (403, "not_permitted")


def test_while_the_first_is_at_work_the_second_is_refused(world: World) -> None:
    api = interface()
    programme_id = Programme.objects.get().id
    with connect() as connection:
        connection.execute(sql.load("api").try_token, {"lock": lock_of(programme_id, "k-1")})
        answer = api.post("/members", ZOE, idempotency_key="k-1")
        assert problem(answer) == (409, "idempotency_in_flight")
        assert answer.headers["retry-after"] == "1"
        assert not Member.objects.filter(ref="Z-1").exists()
    assert api.post("/members", ZOE, idempotency_key="k-1").status == 201


def test_many_at_once_with_one_token_do_it_once(world: World) -> None:
    api, answers = interface(), []

    def send() -> None:
        answers.append(api.post("/members", ZOE, idempotency_key="k-1"))
        connections.close_all()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {one.status for one in answers} <= {201, 409}
    fresh = [
        one for one in answers if one.status == 201 and "idempotent-replayed" not in one.headers
    ]
    assert len(fresh) == 1
    assert Member.objects.filter(ref="Z-1").count() == 1


def test_effect_and_answer_are_there_together_or_not_at_all(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_text: str) -> str:
        raise RuntimeError

    api = interface()
    monkeypatch.setattr("cagnotte.api.idempotency.seal", broken)
    assert problem(api.post("/members", ZOE, idempotency_key="k-1")) == (500, "internal_error")
    assert not Member.objects.filter(ref="Z-1").exists()
    monkeypatch.undo()
    assert api.post("/members", ZOE, idempotency_key="k-1").status == 201


def test_kept_answers_are_sealed_and_expire(world: World) -> None:
    api = interface()
    api.post("/members", ZOE, idempotency_key="k-1")
    row = ApiAnswer.objects.get()
    assert "zoe" not in row.sealed_body
    assert row.expires_at - row.answered_at == timedelta(hours=48)
    ApiAnswer.objects.update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert problem(api.post("/members", ZOE, idempotency_key="k-1")) == (409, "conflict")


@pytest.mark.parametrize("token", ["", "x" * 256, "é"])
def test_a_token_that_is_none_is_refused(world: World, token: str) -> None:
    answer = interface().post("/members", ZOE, idempotency_key=token)
    assert problem(answer) == (400, "malformed_request")
    assert not Member.objects.filter(ref="Z-1").exists()


# ---- pages ----


def test_pages_neither_skip_nor_repeat(world: World) -> None:
    api = interface()
    seen: list[list[str]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(f"/members?limit=2{cursor and f'&cursor={cursor}'}").json
        seen.append([one["ref"] for one in page["data"]])
        assert page["has_more"] == (page["next_cursor"] is not None)
        cursor = page["next_cursor"]
        if len(seen) == 1:
            api.post("/members", {"ref": "0"})
    assert seen == [["1", "2"], ["3"]]


@pytest.mark.parametrize("of", ["merchant", "changed", "nonsense"])
def test_a_cursor_that_was_not_given_for_this_list_is_refused(world: World, of: str) -> None:
    api = interface()
    cursor = api.get("/members?limit=1").json["next_cursor"]
    other = {
        "merchant": pages.page([1, 2], 1, of="merchant", key=lambda one: [one]).rest["next_cursor"],
        "changed": cursor[:-1] + ("A" if cursor[-1] != "A" else "B"),
        "nonsense": "x",
    }[of]
    answer = api.get(f"/members?cursor={other}")
    assert problem(answer) == (422, "invalid_request")
    assert answer.json["errors"][0]["parameter"] == "cursor"


def test_a_cursor_of_one_cagnotte_opens_no_other() -> None:
    cursor = pages.page([1, 2], 1, of="a", key=lambda one: [one]).rest["next_cursor"]
    assert pages.place(cursor, of="a") == ("1",)
    with pytest.raises(InvalidRequest):
        pages.place(cursor, of="b")


# ---- what people edit ----


def test_what_did_not_change_is_not_sent_again(world: World) -> None:
    api = interface()
    path = f"/members/{api.get('/members?ref=1').json['data'][0]['id']}"
    etag = api.get(path).headers["etag"]
    same = api.get(path, if_none_match=etag)
    assert (same.status, same.content, same.headers["etag"]) == (304, b"", etag)
    assert api.get(path, if_none_match='"other"').status == 200


def test_what_changed_meanwhile_is_not_overwritten(world: World) -> None:
    api = interface()
    path = f"/members/{api.get('/members?ref=1').json['data'][0]['id']}"
    etag = api.get(path).headers["etag"]
    changed = api.patch(path, {"name": "Anna"}, if_match=etag)
    assert (changed.status, changed.json["name"]) == (200, "Anna")
    assert changed.headers["etag"] != etag
    late = api.patch(path, {"name": "Hannah"}, if_match=etag)
    assert problem(late) == (412, "precondition_failed")
    assert Member.objects.get(ref="1").name == "Anna"
    assert api.patch(path, {"name": "Hannah"}, if_match=changed.headers["etag"]).status == 200


def test_keys_of_nobody_are_never_noted(world: World) -> None:
    Interface(key_of("corner") + "x").get("/programme")
    assert not ApiCall.objects.exists()
    assert not ApiBucket.objects.exists()
