"""The list of events: all that was told, in its order."""

import pytest

from cagnotte.journeys import tell_events
from cagnotte.platform.database import connect
from tests.api.interface import Interface, interface
from tests.journeys.world import World


@pytest.fixture
def api(world: World) -> Interface:
    return interface()


def happened(world: World) -> None:
    """Three orders, one of them confirmed."""
    for order in ("A1", "A2", "A3"):
        world.buy(order)
    world.answer("A2,confirm,,,,")
    with connect() as connection:
        tell_events.tell(connection, now=world.now)


def test_events_come_latest_first_a_page_at_a_time(api: Interface, world: World) -> None:
    happened(world)
    first = api.get("/events?limit=2").json
    assert first["has_more"] is True
    # What arrives meanwhile moves nothing on the pages that follow.
    world.buy("A4")
    with connect() as connection:
        tell_events.tell(connection, now=world.now)
    rest = api.get(f"/events?limit=100&cursor={first['next_cursor']}").json
    found = [*first["data"], *rest["data"]]
    orders = [one["data"]["order_ref"] for one in found if one["type"].startswith("reward.")]
    assert sorted(orders) == ["A1", "A2", "A2", "A3"]
    assert found[0]["type"] == "reward.confirmed"
    assert api.get("/events").json["data"][0]["data"]["order_ref"] == "A4"


def test_events_are_narrowed_by_type_object_and_time(api: Interface, world: World) -> None:
    happened(world)
    [confirmed] = api.get("/events?type=reward.confirmed").json["data"]
    of_object = api.get(f"/events?object_id={confirmed['object_id']}").json["data"]
    assert [one["type"] for one in of_object] == ["reward.confirmed", "reward.tracked"]
    day = "2026-03-01T00:00:00Z"
    assert len(api.get(f"/events?created_since={day}").json["data"]) >= 4
    assert api.get(f"/events?created_until={day}").json["data"] == []
    assert api.get("/events?type=reward.gone").status == 422
    assert api.get("/events?created_since=2026-03-01T00:00:00").status == 422
    odd = "0986-10-15T16:38:12.5-22:36"
    assert len(api.get(f"/events?created_since={odd}").json["data"]) >= 4
    for beyond in ("0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00"):
        answer = api.get(f"/events?created_since={beyond}")
        assert (answer.status, answer.json["code"]) == (422, "invalid_request")


def test_one_event_is_found_by_its_id_in_its_programme_alone(api: Interface, world: World) -> None:
    happened(world)
    one = api.get("/events?type=reward.confirmed").json["data"][0]
    assert api.get(f"/events/{one['id']}").json == one
    assert api.get(f"/events/evt_{'0' * 26}").status == 404
