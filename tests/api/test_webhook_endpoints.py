"""Endpoints of webhooks, what was sent there, and sending it again."""

from typing import Any

import pytest

from cagnotte.journeys import tell_events
from cagnotte.notices.models import WebhookEndpoint
from cagnotte.platform.database import connect
from cagnotte.platform.secrets_box import unseal
from tests.api.interface import Interface, interface
from tests.journeys.world import World

URL = "https://shop.example/hooks"


@pytest.fixture
def api(world: World) -> Interface:
    return interface()


def made(api: Interface, **facts: Any) -> dict[str, Any]:
    answer = api.post("/webhook_endpoints", {"url": URL, **facts})
    assert answer.status == 201
    found: dict[str, Any] = answer.json
    return found


def tell(world: World) -> None:
    with connect() as connection:
        tell_events.tell(connection, now=world.now)


def test_an_endpoint_is_made_and_its_secret_shown_this_once(api: Interface) -> None:
    one = made(api, event_types=["reward.confirmed"])
    assert one["secret"].startswith("whsec_")
    assert one["enabled"] is True
    answer = api.get(f"/webhook_endpoints/{one['id']}")
    assert "secret" not in answer.json
    assert answer.json["event_types"] == ["reward.confirmed"]
    row = WebhookEndpoint.objects.get()
    assert one["secret"] not in row.sealed_secret
    assert unseal(row.sealed_secret) == one["secret"]


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/hooks",
        "https://ana:pass@shop.example/",
        "ftp://shop.example",
        "https://127.0.0.1/hooks",
        "https://[::1]/",
        "https://10.1.2.3:8443/x",
        "shop.example",
        "https://",
        "https://shop.example/ä",
        "https://shop.example/a b",
        "https://[not-an-address",
    ],
)
def test_an_address_that_is_never_called_is_refused(api: Interface, url: str) -> None:
    answer = api.post("/webhook_endpoints", {"url": url})
    assert answer.status == 422
    assert answer.json["errors"][0]["pointer"] == "#/url"
    assert not WebhookEndpoint.objects.exists()


def test_a_type_that_does_not_exist_is_refused_with_those_there_are(api: Interface) -> None:
    answer = api.post("/webhook_endpoints", {"url": URL, "event_types": ["reward.gone"]})
    assert answer.status == 422
    assert "reward.declined" in answer.json["detail"]


def test_a_programme_has_twenty_endpoints_at_most(api: Interface) -> None:
    for _ in range(20):
        made(api)
    assert api.post("/webhook_endpoints", {"url": URL}).status == 409
    assert len(api.get("/webhook_endpoints").json["data"]) == 20


def test_a_change_asks_for_the_etag_of_what_was_read(api: Interface) -> None:
    one = made(api)
    path = f"/webhook_endpoints/{one['id']}"
    etag = api.get(path).headers["etag"]
    assert api.patch(path, {"description": "ours"}, if_match='"other"').status == 412
    assert api.get(path).headers["etag"] == etag
    answer = api.patch(path, {"description": "ours"}, if_match=etag)
    assert answer.json["description"] == "ours"
    assert answer.json["url"] == URL
    assert api.get(path, if_none_match=answer.headers["etag"]).status == 304


def test_while_a_secret_is_replaced_both_are_kept(api: Interface) -> None:
    one = made(api)
    path = f"/webhook_endpoints/{one['id']}/rotate_secret"
    two = api.post(path, {"keep_hours": 2}).json
    assert two["secret"] != one["secret"]
    row = WebhookEndpoint.objects.get()
    assert unseal(row.sealed_before) == one["secret"]
    assert two["secret_before_until"] is not None
    three = api.post(path, {"keep_hours": 0}).json
    assert three["secret_before_until"] is None
    assert WebhookEndpoint.objects.get().sealed_before == ""


def test_an_endpoint_that_was_switched_off_is_sent_what_it_missed_when_asked(
    api: Interface, world: World
) -> None:
    one = made(api, event_types=["reward.tracked"])
    path = f"/webhook_endpoints/{one['id']}"
    world.buy("A1")
    tell(world)
    off = api.patch(path, {"enabled": False}).json
    assert (off["enabled"], off["disabled_because"]) == (False, "by_hand")
    assert [row["state"] for row in api.get(f"{path}/deliveries").json["data"]] == ["failed"]
    world.buy("A2")
    tell(world)
    since = {"since": "2026-02-28T00:00:00+00:00"}
    assert api.post(f"{path}/replay", since).status == 409
    assert api.post(f"{path}/test").status == 409
    assert api.patch(path, {"enabled": True}).json["disabled_because"] is None
    answer = api.post(f"{path}/replay", since)
    assert (answer.status, answer.json["events"]) == (202, 2)
    rows = api.get(f"{path}/deliveries").json["data"]
    assert [(row["type"], row["state"], row["attempts"]) for row in rows] == [
        ("reward.tracked", "pending", 0),
        ("reward.tracked", "pending", 0),
    ]


def test_a_test_event_goes_to_that_endpoint_alone(api: Interface) -> None:
    one, other = made(api), made(api)
    answer = api.post(f"/webhook_endpoints/{one['id']}/test")
    assert (answer.status, answer.json["type"]) == (202, "webhook_endpoint.test")
    assert answer.json["object_id"] == one["id"]
    assert api.get(f"/webhook_endpoints/{other['id']}/deliveries").json["data"] == []


def test_an_event_is_sent_again_under_its_id(api: Interface, world: World) -> None:
    world.buy("A1")
    tell(world)
    [event] = api.get("/events?type=reward.tracked").json["data"]
    one = made(api)
    path = f"/webhook_endpoints/{one['id']}"
    answer = api.post(f"{path}/deliveries/{event['id']}/replay")
    assert (answer.status, answer.json["event_id"]) == (202, event["id"])
    assert api.post(f"{path}/deliveries/evt_{'0' * 26}/replay").status == 404
    assert len(api.get(f"{path}/deliveries").json["data"]) == 1


def test_a_removed_endpoint_is_gone_with_its_log(api: Interface) -> None:
    one = made(api)
    path = f"/webhook_endpoints/{one['id']}"
    api.post(f"{path}/test")
    assert api.call("DELETE", path).status == 204
    assert api.get(path).status == 404
    assert api.call("DELETE", path).status == 404
    assert api.get("/events").json["data"][0]["type"] == "webhook_endpoint.test"
