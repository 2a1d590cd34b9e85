"""Who may open which page: every page, with every role, a stranger, other staff, and nobody."""

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import URLPattern, reverse

from cagnotte.config.urls import urlpatterns
from cagnotte.desk.urls import _OF_A_PROGRAMME
from cagnotte.domain import ids
from cagnotte.identity import api_keys
from cagnotte.identity.models import ApiCall, ApiKey, Programme, Staff
from cagnotte.identity.staff import Ability
from cagnotte.notices import endpoints
from cagnotte.notices.endpoints import EndpointFacts
from cagnotte.notices.models import Delivery, WebhookEndpoint
from cagnotte.platform.shared_connection import shared_connection
from tests.desk.conftest import NOW, Desk

MAY = {
    Ability.LOOK: {"owner", "developer", "support"},
    Ability.MAKE_KEYS: {"owner", "developer"},
    Ability.MANAGE_WEBHOOKS: {"owner", "developer"},
    Ability.RESET_SANDBOX: {"owner", "developer"},
    Ability.MANAGE_STAFF: {"owner"},
}

PAGES = [str(page.name) for page in _OF_A_PROGRAMME]

OF_THEIR_OWN = [str(page.name) for page in _OF_A_PROGRAMME if str(page.pattern).count("<") == 1]
"""Pages whose address names the programme and nothing in it."""

WHO = ("owner", "developer", "support", "neighbour", "stranger", "nobody")


def pattern(name: str) -> URLPattern:
    (found,) = [one for one in _OF_A_PROGRAMME if one.name == name]
    return found


@pytest.fixture
def things(desk: Desk) -> dict[str, object]:
    """One of everything that an address may name, all of the corner shop."""
    key = api_keys.make(desk.corner, name="shop", now=NOW).row
    made = endpoints.make(desk.corner.id, EndpointFacts("https://shop.example/"), now=NOW)
    endpoints.send_test(shared_connection(), made.row, now=NOW)
    call = ApiCall.objects.create(
        id=ids.derived_id(NOW, "a"), at=NOW, programme_id=desk.corner.id, key_id=key.id,
        method="GET", path="/v1/members", status=200, duration_ms=3,
    )  # fmt: skip
    return {
        "key": ids.public_id("key", key.id),
        "endpoint": ids.public_id("whk", made.row.id),
        "id": ids.public_id("req", call.id),
        "number": Delivery.objects.get().number,
        "staff_id": Staff.objects.get(role="support").pk,
    }


def address(name: str, programme: str, things: dict[str, object]) -> str:
    wanted = pattern(name).pattern.converters or {}
    named = set(wanted) | ({"key"} if name in ("desk_rotate_key", "desk_revoke_key") else set())
    parts = {part: things[part] for part in named - {"programme"}}
    return reverse(name, kwargs={"programme": programme, **parts})


def standing() -> list[object]:
    """What no page may change by being opened by who may not."""
    return [
        list(model.objects.order_by("pk").values())
        for model in (ApiKey, Programme, Staff, WebhookEndpoint, Delivery)
    ]


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_opened_by_whose_role_allows_it_and_by_nobody_else(
    desk: Desk, things: dict[str, object], name: str
) -> None:
    page = address(name, "corner", things)
    allowed = MAY[pattern(name).callback.ability]  # type: ignore[attr-defined] # set by staff_page
    for who in WHO:
        answer = desk.people[who].get(page)
        if who == "nobody":
            assert answer.status_code in (302, 405), who
            assert answer.status_code == 405 or answer["Location"].startswith(
                "/accounts/login/code/?next="
            )
        elif who in allowed:
            assert answer.status_code in (200, 405), who
        else:
            status = 403 if who in ("developer", "support") else 404
            assert answer.status_code in (status, 405), who


@pytest.mark.parametrize("name", PAGES)
def test_what_is_sent_by_who_may_not_changes_nothing(
    desk: Desk, things: dict[str, object], name: str
) -> None:
    page = address(name, "corner", things)
    forbidden = set(WHO) - MAY[pattern(name).callback.ability]  # type: ignore[attr-defined]
    before = standing()
    for who in sorted(forbidden):
        answer = desk.people[who].post(
            page,
            {"name": "corner", "hours": "0", "act": "off", "mode": "live", "kind": "secret",
             "email": "x@example.org", "role": "owner", "url": "https://evil.example/"},
        )  # fmt: skip
        assert answer.status_code in (302, 403, 404, 405), who
        assert answer.status_code != 302 or "/accounts/login/" in answer["Location"], who
        assert standing() == before


@pytest.mark.parametrize("name", [page for page in PAGES if page not in OF_THEIR_OWN])
def test_staff_reach_nothing_of_another_programme_by_the_address_of_their_own(
    desk: Desk, things: dict[str, object], name: str
) -> None:
    page = address(name, "other", things)
    before = standing()
    assert desk.people["neighbour"].get(page).status_code in (404, 405)
    answer = desk.people["neighbour"].post(page, {"hours": "0", "act": "off"})
    assert answer.status_code in (404, 405)
    assert standing() == before


def test_a_form_without_its_token_is_refused(desk: Desk) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = desk.people["owner"].cookies
    answer = strict.post("/developers/p/corner/keys/new/", {"name": "x"})

    assert answer.status_code == 403
    assert not ApiKey.objects.exists()


def test_whoever_runs_the_house_may_do_everything_everywhere(desk: Desk) -> None:
    client = desk.person("operator")
    get_user_model().objects.filter(username="operator@example.org").update(is_superuser=True)
    for slug in ("corner", "other"):
        assert client.get(f"/developers/p/{slug}/team/").status_code == 200


def test_pages_of_a_programme_are_kept_by_no_cache(desk: Desk) -> None:
    answer = desk.people["owner"].get("/developers/p/corner/keys/")
    assert "no-store" in answer["Cache-Control"]


def test_a_sandbox_has_no_pages_of_its_own(desk: Desk) -> None:
    desk.send("owner", "sandbox/")
    assert Programme.objects.filter(slug="corner-sandbox").exists()
    answer = desk.people["owner"].get("/developers/p/corner-sandbox/")
    assert answer.status_code == 404


def test_every_page_of_a_programme_says_what_it_needs() -> None:
    prefix = "developers/p/"
    found = [
        one for one in urlpatterns if isinstance(one, URLPattern) and prefix in str(one.pattern)
    ]
    assert len(found) == len(PAGES)
    assert [one.name for one in found if not hasattr(one.callback, "ability")] == []
