"""Days and hours: facts of the past and of the future, clocks that change, leap days, closed books, dates that move."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cagnotte.domain.chart import Account
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger import selectors as ledger
from cagnotte.platform.database import connect
from tests.journeys.world import World, corner

PARIS = ZoneInfo("Europe/Paris")
CAPPED = """
    - ref: extra
      name: 10 % more, up to 1.00 a month
      role: boost
      effect: {kind: percent, rate: 10 %}
      limits: {per_member: {window: month, amount: "1.00"}}
    - ref: club
      name: 1 % more after 10.00 in a week
      role: boost
      effect:
        kind: progressive
        window: 7 days
        tiers: [{from: "0", rate: 0 %}, {from: "10", rate: 1 %}]
"""


def pending(world: World, on: date | None = None, at: datetime | None = None) -> int:
    """Return what Ana has pending: now, on a day, or as recorded at a moment."""
    with connect() as connection:
        programme_id, wallet_id = connection.execute(
            "SELECT programme_id, wallet_id FROM identity_member WHERE ref = '1'"
        ).fetchone()  # type: ignore[misc]
        account = Account("member.pending", wallet_id, programme_id, "EUR")
        return ledger.balance(connection, account, as_of_effective=on, as_of_recorded=at)


def booked_on(world: World, order: str) -> list[tuple[date, date]]:
    """Return when each transaction of an order happened, and the day it is effective on."""
    return world.rows(
        "SELECT t.occurred_on, t.effective_on FROM ledger_transaction AS t "
        "JOIN purchases_purchaseversion AS v ON v.id = t.fact_id "
        "JOIN purchases_purchase AS p ON p.id = v.purchase_id "
        "WHERE p.order_ref = %s ORDER BY v.number",
        order,
    )


# ---- the past and the future ----


def test_a_purchase_of_tomorrow_counts_now_and_is_effective_tomorrow(world: World) -> None:
    world.buy("A1", at="2026-03-02T09:00:00")
    assert pending(world) == 100
    assert [pending(world, on=date(2026, 3, day)) for day in (1, 2)] == [0, 100]
    assert booked_on(world, "A1") == [(date(2026, 3, 2), date(2026, 3, 2))]
    world.answer("A1,confirm,,,,")
    # Thirty days from its own day.
    world.mature(date(2026, 3, 31))
    assert world.member("1") == {"confirmed": 100}
    world.mature(date(2026, 4, 1))
    assert world.member("1") == {"available": 100}


def test_a_purchase_of_the_day_after_tomorrow_is_refused_until_then(world: World) -> None:
    before = world.digest()
    file = world.buy("A1", at="2026-03-03T09:00:00").file
    assert [reason for _, reason, _ in world.reasons()] == ["future_date"]
    assert world.digest() == before
    world.now += timedelta(days=2)
    assert world.send_file(file, "till").counts["new"] == 1


def test_an_old_purchase_changes_its_day_and_not_what_was_known(world: World) -> None:
    world.buy("A1")
    known_at = world.now
    world.now += timedelta(days=3)
    world.buy("A0", at="2024-02-29T10:00:00")
    assert pending(world) == 200
    assert pending(world, at=known_at) == 100
    days = (date(2024, 2, 28), date(2024, 2, 29), date(2026, 2, 9), date(2026, 2, 10))
    assert [pending(world, on=day) for day in days] == [0, 100, 100, 200]


# ---- closed books ----


def test_a_fact_of_a_closed_month_is_effective_on_the_first_open_day(world: World) -> None:
    world.buy("A1")
    world.close_period(date(2026, 2, 28))
    closed = [pending(world, on=date(2026, 2, day)) for day in (9, 10, 28)]
    world.now += timedelta(days=1)
    world.buy("A2")
    world.buy("A1", amount="40.00")
    world.answer("A2,decline,cancelled,,,")
    assert booked_on(world, "A2") == [
        (date(2026, 2, 10), date(2026, 3, 1)),
        (date(2026, 3, 2), date(2026, 3, 2)),
    ]
    assert booked_on(world, "A1")[0] == (date(2026, 2, 10), date(2026, 2, 10))
    assert [pending(world, on=date(2026, 2, day)) for day in (9, 10, 28)] == closed == [0, 100, 100]
    assert pending(world, on=date(2026, 3, 1)) == 200
    assert pending(world) == 200


def test_a_run_knows_the_books_that_were_closed_before_it_began(world: World) -> None:
    with connect() as connection:
        run = ProgrammeRun.open(connection, "corner", world.now)
    assert run.effective_on(date(2026, 2, 10)) == date(2026, 2, 10)
    world.close_period(date(2026, 2, 28))
    with connect() as connection:
        run = ProgrammeRun.open(connection, "corner", world.now)
    assert run.effective_on(date(2026, 2, 10)) == date(2026, 3, 1)


# ---- clocks that change ----


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2025-10-25T21:59:59+00:00", date(2025, 10, 25)),
        ("2025-10-25T22:00:00+00:00", date(2025, 10, 26)),
        ("2025-10-26T22:59:59+00:00", date(2025, 10, 26)),
        ("2025-10-26T23:00:00+00:00", date(2025, 10, 27)),
        ("2025-03-29T22:59:59+00:00", date(2025, 3, 29)),
        ("2025-03-29T23:00:00+00:00", date(2025, 3, 30)),
        ("2025-03-30T21:59:59+00:00", date(2025, 3, 30)),
        ("2025-03-30T22:00:00+00:00", date(2025, 3, 31)),
    ],
)
def test_the_days_on_which_clocks_change_have_twenty_three_and_twenty_five_hours(
    world: World, moment: str, day: date
) -> None:
    world.buy("A1", at=moment)
    assert world.rows("SELECT occurred_on FROM purchases_purchase") == [(day,)]
    with connect() as connection:
        run = ProgrammeRun.open(connection, "corner", datetime.fromisoformat(moment))
    assert run.today == day


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        # An hour that comes twice is taken for its first time, one that never comes for the hour after.
        ("2025-10-26T02:30:00", datetime(2025, 10, 26, 0, 30, tzinfo=UTC)),
        ("2025-03-30T02:30:00", datetime(2025, 3, 30, 1, 30, tzinfo=UTC)),
    ],
)
def test_a_time_without_an_offset_in_an_hour_of_change_is_one_moment(
    world: World, local: str, utc: datetime
) -> None:
    world.buy("A1", at=local)
    ((occurred_at,),) = world.rows("SELECT occurred_at FROM purchases_purchase")
    assert occurred_at.astimezone(UTC) == utc
    assert world.buy("A1", at=local).counts["unchanged"] == 1


def test_a_delay_is_counted_in_days_whatever_the_clocks_do(world: World) -> None:
    # One hour of these thirty days never comes.
    world.buy("A1", at="2026-02-28T23:59:00", status="confirmed")
    assert world.rows("SELECT release_on FROM purchases_purchase") == [(date(2026, 3, 30),)]


def word(status: str, at: str) -> dict[str, Any]:
    """What the web shop says of its order, and when."""
    return {
        "id": "W1",
        "customer": {"number": "1"},
        "at": "2025-10-25T10:00:00",
        "currency": "EUR",
        "status": status,
        "updated_at": at,
        "lines": [{"sku": "plum", "qty": 1, "price": "20.00", "category": "jam"}],
    }


def test_in_the_repeated_hour_the_later_word_holds(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A server whose sessions are in local time: its clock shows 02:50 first, then 02:10.
    monkeypatch.setenv("PGTZ", "Europe/Paris")
    world.web(word("confirmed", "2025-10-26T02:50:00+02:00"))
    summary = world.web(word("declined", "2025-10-26T02:10:00+01:00"))
    assert (summary.counts["changed"], summary.counts["stale"]) == (1, 0)
    assert world.purchase("W1")[0] == "declined"


def test_a_word_from_the_far_future_does_not_silence_those_that_follow(world: World) -> None:
    assert world.web(word("confirmed", "2062-10-26T10:00:00Z")).counts["dated_ahead"] == 1
    world.now += timedelta(days=1)
    summary = world.web(word("declined", world.now.isoformat()))
    assert (summary.counts["changed"], summary.counts["stale"]) == (1, 0)
    assert world.purchase("W1")[0] == "declined"


# ---- leap days ----


@pytest.mark.parametrize(
    ("released", "expires"),
    [
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 28)),
        (date(2028, 3, 1), date(2029, 3, 1)),
    ],
)
def test_a_year_from_a_leap_day_ends_on_the_last_of_february(
    world: World, released: date, expires: date
) -> None:
    world.now = datetime.combine(released, datetime.min.time(), tzinfo=PARIS)
    world.buy("A1", status="confirmed")
    world.mature(released)
    assert [lot[3:] for lot in world.lots()] == [(released, expires)]


# ---- dates that move ----


@pytest.fixture
def capped(empty_world: World) -> World:
    """Ana has used up a bonus in January, and most of it in February."""
    empty_world.load(corner(offers=CAPPED))
    empty_world.buy("J", "20.00", at="2026-01-31T10:00:00")
    empty_world.buy("F", "7.00", at="2026-02-01T10:00:00")
    return empty_world


def standing(world: World, order: str = "W1") -> tuple[Any, ...]:
    """Return an order's date, its reward with all it was decided on, and Ana's counters."""
    return (
        world.rows(
            "SELECT p.occurred_on, p.answer_by, p.release_on, r.amount_minor, d.decision, d.frozen "
            "FROM purchases_purchase AS p JOIN rewards_reward AS r ON r.purchase_id = p.id "
            "JOIN rewards_decision AS d ON d.id = r.decision_id WHERE p.order_ref = %s",
            order,
        ),
        world.rows(
            "SELECT name, period, amount_minor, count FROM rewards_counter "
            "WHERE amount_minor <> 0 ORDER BY 1, 2"
        ),
        world.member("1"),
    )


def test_an_order_that_moves_to_another_month_finds_the_room_of_that_month(capped: World) -> None:
    def moved(at: str, minute: int) -> dict[str, Any]:
        return {**word("confirmed", f"2026-02-20T10:0{minute}:00Z"), "at": at}

    january, february = "2026-01-20T10:00:00", "2026-02-03T10:00:00"
    capped.web(moved(january, 1))
    # 5 %; the bonus of January is used up.
    assert capped.purchase("W1")[3] == 100
    capped.web(moved(february, 2))
    # What is left of February's bonus, 0.30, and 1 % of the club: 27.00 bought in the seven days before.
    assert capped.purchase("W1")[3] == 100 + 30 + 20
    there = standing(capped)
    capped.web(moved(january, 3))
    assert capped.purchase("W1")[3] == 100
    capped.web(moved(february, 4))
    assert standing(capped) == there
    # As if it had been told right from the start.
    capped.web({**moved(february, 5), "status": "declined"})
    capped.web({**moved(february, 5), "id": "W2", "status": "confirmed"})
    right = standing(capped, "W2")
    assert (right[0], right[2]) == (there[0], there[2])
