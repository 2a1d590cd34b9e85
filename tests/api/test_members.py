"""Members over the interface: the same rules and the same rows as a file of members."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.identity import keys
from cagnotte.identity.models import Member, MemberKey, Wallet
from tests.api.interface import interface
from tests.journeys.world import World


def test_a_new_member_is_the_one_a_file_would_have_made(world: World) -> None:
    answer = interface().post(
        "/members",
        {
            "ref": "Z-1", "name": "Zoé", "email": "Zoe@example.org", "country": "BE", "locale": "fr-BE",
            "segments": ["vip", "early"], "joined_on": "2026-02-28",
        },
    )  # fmt: skip
    assert answer.status == 201
    told = answer.json
    assert answer.headers["location"] == f"/v1/members/{told['id']}"
    assert {name: told[name] for name in ("ref", "name", "email", "country", "locale", "state")} == {
        "ref": "Z-1", "name": "Zoé", "email": "Zoe@example.org", "country": "BE", "locale": "fr-BE",
        "state": "open",
    }  # fmt: skip
    assert (told["segments"], told["joined_on"]) == (["early", "vip"], "2026-02-28")
    world.send("members", "number,name,iban\nZ-1,Zoé,\n")
    assert world.summaries[-1].counts["unchanged"] == 1
    row = Member.objects.get(ref="Z-1")
    assert [one.kind for one in keys.keys_of(row.wallet_id)] == [Trace.EMAIL]


def test_a_number_that_is_taken_is_refused_and_its_member_left_alone(world: World) -> None:
    answer = interface().post("/members", {"ref": "1", "name": "Somebody else"})
    assert (answer.status, answer.code) == (409, "conflict")
    assert answer.json["errors"][0]["pointer"] == "#/ref"
    assert Member.objects.get(ref="1").name == "Ana"
    assert Wallet.objects.count() == 3


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"email": "nobody"}, "#/email"),
        ({"country": "fr"}, "#/country"),
        ({"locale": "french"}, "#/locale"),
        ({"name": "x" * 201}, "#/name"),
        ({"joined_on": "2026-02-30"}, "#/joined_on"),
        ({"segments": ["x" * 51]}, "#/segments/0"),
        ({"ref": None}, "#/ref"),
    ],
)
def test_what_is_wrong_enrols_nobody(world: World, change: dict[str, Any], pointer: str) -> None:
    answer = interface().post("/members", {"ref": "Z-1", **change})
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == pointer
    assert Member.objects.count() == 3


def test_a_change_says_only_what_it_says(world: World) -> None:
    api = interface()
    made = api.post("/members", {"ref": "Z-1", "name": "Zoé", "email": "zoe@example.org"}).json
    changed = api.patch(f"/members/{made['id']}", {"email": "z@example.org"}).json
    assert changed == {**made, "email": "z@example.org"}
    cleared = api.patch(f"/members/{made['id']}", {"email": ""}).json
    assert cleared == {**made, "email": ""}
    assert not MemberKey.objects.exists()


def test_a_members_number_stays(world: World) -> None:
    api = interface()
    (ana,) = api.get("/members?ref=1").json["data"]
    answer = api.patch(f"/members/{ana['id']}", {"ref": "9"})
    assert answer.status == 422
    assert api.get(f"/members/{ana['id']}").json == ana


def test_members_are_found_by_number_and_address(world: World) -> None:
    api = interface()
    api.post("/members", {"ref": "Z-1", "email": "zoe@example.org"})
    for query in ("ref=Z-1", "email=ZOE@example.org"):
        assert [one["ref"] for one in api.get(f"/members?{query}").json["data"]] == ["Z-1"]
    assert api.get("/members?ref=nobody").json["data"] == []


def test_a_member_is_shown_with_the_cagnotte_when_asked(world: World) -> None:
    world.buy("A1")
    api = interface()
    (ana,) = api.get("/members?ref=1").json["data"]
    assert ana["cagnotte"] is None
    told = api.get(f"/members/{ana['id']}?expand=cagnotte").json["cagnotte"]
    assert told == api.get(f"/cagnottes/{ana['cagnotte_id']}").json
    assert api.get(f"/members/{ana['id']}?expand=everything").status == 422


def test_a_closed_account_is_paid_out_once(world: World) -> None:
    world.buy("A1", "400.00", status="confirmed")
    world.mature(date(2026, 4, 1), now=datetime(2026, 4, 1, 12, tzinfo=UTC))
    assert world.member("1") == {"available": 2000}
    api = interface()
    (ana,) = api.get("/members?ref=1").json["data"]
    closed = api.post(f"/members/{ana['id']}/close", idempotency_key="k-1").json
    # Nobody knows an account of hers, so it is kept for her.
    assert (closed["was_closed"], closed["unclaimed"]["amount_minor"]) == (False, 2000)
    replayed = api.post(f"/members/{ana['id']}/close", idempotency_key="k-1").json
    again = api.post(f"/members/{ana['id']}/close").json
    assert replayed == closed
    assert (again["was_closed"], again["unclaimed"]["amount_minor"]) == (True, 0)
    assert api.get(f"/members/{ana['id']}").json["state"] == "closed"
    assert world.member("1") == {}


def test_an_account_with_money_held_stays_open(world: World) -> None:
    world.buy("A1", "400.00", status="confirmed")
    world.mature(date(2026, 4, 1), now=datetime(2026, 4, 1, 12, tzinfo=UTC))
    world.spend("B1", 500, capture=False)
    api = interface()
    (ana,) = api.get("/members?ref=1").json["data"]
    answer = api.post(f"/members/{ana['id']}/close")
    assert (answer.status, answer.code) == (409, "refused")
    assert world.member("1") == {"available": 1500, "held": 500}
    assert api.get(f"/members/{ana['id']}").json["state"] == "open"
