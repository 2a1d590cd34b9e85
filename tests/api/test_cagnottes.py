"""What a member holds, over the interface: the same figures as the books."""

from datetime import UTC, date, datetime
from typing import Any

from tests.api.interface import interface
from tests.journeys.world import World

APRIL = datetime(2026, 4, 1, 12, tzinfo=UTC)


def minor(told: dict[str, Any]) -> dict[str, int]:
    """Return the amounts that are not zero."""
    amounts = {
        name: value["amount_minor"]
        for name, value in told.items()
        if isinstance(value, dict) and "amount_minor" in value
    }
    return {name: value for name, value in amounts.items() if value}


def spent(world: World) -> str:
    """Let Ana earn twice and spend some; return the address of her cagnotte."""
    world.buy("A1", "400.00", status="confirmed")
    world.mature(date(2026, 4, 1), now=APRIL)
    world.now = APRIL
    world.buy("A2", "100.00", at="2026-04-01T10:00:00")
    world.spend("B1", 500)
    world.spend("B2", 300, capture=False)
    (ana,) = interface().get("/members?ref=1").json["data"]
    return f"/cagnottes/{ana['cagnotte_id']}"


def test_balances_by_state_are_those_of_the_books(world: World) -> None:
    path = spent(world)
    told = interface().get(path).json
    assert minor(told) == {"pending": 500, "available": 1200, "held": 300, "spendable": 1200}
    assert {name: value for name, value in minor(told).items() if name != "spendable"} == (
        world.member("1")
    )
    assert told["available"]["currency"] == "EUR"


def test_balances_as_of_a_day(world: World) -> None:
    path = spent(world)
    api = interface()
    assert minor(api.get(f"{path}?as_of=2026-02-09").json) == {}
    before = api.get(f"{path}?as_of=2026-03-31").json
    assert (before["as_of"], minor(before)) == ("2026-03-31", {"confirmed": 2000})
    assert api.get(f"{path}?as_of=yesterday").status == 422


def test_movements_newest_first_by_pages(world: World) -> None:
    path = spent(world)
    api = interface()
    found: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(f"{path}/movements?limit=2{cursor and f'&cursor={cursor}'}").json
        found += page["data"]
        cursor = page["next_cursor"]
    sums: dict[str, int] = {}
    for one in found:
        for change in one["changes"]:
            state = change["state"]
            sums[state] = sums.get(state, 0) + change["amount"]["amount_minor"]
    assert {state: total for state, total in sums.items() if total} == world.member("1")
    assert len({one["id"] for one in found}) == len(found)
    moments = [one["recorded_at"] for one in found]
    assert moments == sorted(moments, reverse=True)


def test_a_cursor_of_one_cagnotte_is_none_of_another(world: World) -> None:
    path = spent(world)
    api = interface()
    cursor = api.get(f"{path}/movements?limit=1").json["next_cursor"]
    (bob,) = api.get("/members?ref=2").json["data"]
    answer = api.get(f"/cagnottes/{bob['cagnotte_id']}/movements?cursor={cursor}")
    assert (answer.status, answer.code) == (422, "invalid_request")


def test_lots_say_what_expires_when(world: World) -> None:
    path = spent(world)
    (lot,) = interface().get(f"{path}/lots").json["data"]
    assert (lot["remaining"]["amount_minor"], lot["available_on"], lot["expires_on"]) == (
        1200, "2026-04-01", "2027-04-01",
    )  # fmt: skip
