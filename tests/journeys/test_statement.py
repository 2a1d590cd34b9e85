"""Statements add up to the cent: with themselves, and with the ledger."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cagnotte.domain.chart import Account
from cagnotte.domain.errors import InvalidInput
from cagnotte.identity.models import Member, Programme
from cagnotte.journeys import statement
from cagnotte.journeys.statement import STATES, Leg, Statement, period_of
from cagnotte.ledger import selectors as ledger
from cagnotte.payouts import giving
from cagnotte.platform.database import connect
from cagnotte.wallet import movements
from tests.journeys.world import World

KINDS = ("tracked", "confirmed", "declined", "restated", "released", "held", "captured", "expired")


def _legs(kind: str, when: str, changes: dict[str, int]) -> list[Leg]:
    inside = when == "in"
    transaction_id, fact_id = (uuid4(), uuid4()) if inside else (None, None)
    at = datetime(2026, 3, 1, tzinfo=UTC) if inside else None
    return [
        Leg(when, transaction_id, kind, fact_id, at, state, amount)
        for state, amount in changes.items()
    ]


legs_of_one = st.builds(
    _legs,
    st.sampled_from(KINDS),
    st.sampled_from(["in", "after", "now"]),
    st.dictionaries(st.sampled_from(STATES), st.integers(-10_000, 10_000), min_size=1),
)


@settings(max_examples=40)
@given(st.lists(legs_of_one, max_size=30), st.integers(-5_000, 5_000))
def test_whatever_moved_opening_and_lines_are_closing(moved: list[list[Leg]], bonus: int) -> None:
    legs = [leg for one in moved for leg in one]
    opening, closing = statement.ends_of(legs)
    lines = statement.lines_of((move, bonus) for move, _ in statement.moves_of(legs))

    assert opening.total_minor + sum(line.amount_minor for line in lines) == closing.total_minor


@pytest.mark.parametrize(
    ("named", "first", "last"),
    [
        ("2026-02", date(2026, 2, 1), date(2026, 2, 28)),
        ("2025-12", date(2025, 12, 1), date(2025, 12, 31)),
        ("2024", date(2024, 1, 1), date(2024, 12, 31)),
    ],
)
def test_a_period_is_a_month_or_a_year(named: str, first: date, last: date) -> None:
    assert period_of(named) == (first, last)


@pytest.mark.parametrize("named", ["2026-13", "26-01", "0000", "march", "2026-1", "٢٠٢٦-03"])
def test_nothing_else_is_a_period(named: str) -> None:
    with pytest.raises(InvalidInput):
        period_of(named)


def test_statements_of_a_life_are_the_ledgers_own_balances(empty_world: World) -> None:
    """Three months with a brand's bonus, a refusal, a return, a purchase at the shop and money that expires."""
    world = empty_world
    world.now = datetime(2026, 1, 20, 12, tzinfo=UTC)
    world.load()
    world.till("tea,1,2026-01-05T10:00:00,EUR,,leaf,1,100.00,tea,acme")
    world.buy("old", "200.00", at="2026-01-06T10:00:00")
    world.buy("no", "40.00", at="2026-01-07T10:00:00")
    world.now = datetime(2026, 2, 10, 12, tzinfo=UTC)
    world.answer("tea,confirm,,,,", "old,confirm,,,,", "no,decline,returned,,,")
    world.mature(date(2026, 2, 10))
    world.spend("bread", 250)
    _give(50, world.now)
    # One minute before March begins in Paris: the month is the programme's, not London's.
    world.now = datetime(2026, 2, 28, 22, 59, tzinfo=UTC)
    world.buy("late", "20.00", at="2026-02-27T10:00:00")
    world.now = datetime(2026, 2, 28, 23, 0, tzinfo=UTC)
    world.answer("old,amend,,1,1,100.00")
    world.now = datetime(2027, 3, 5, 12, tzinfo=UTC)
    world.expire(date(2027, 3, 5))

    january, february, march = (_of(2026, month) for month in (1, 2, 3))

    assert _lines(january) == {"rebate": 1700, "bonus": 200}
    assert _lines(february) == {"rebate": 100, "declined": -200, "spent": -250, "donated": -50}
    assert _lines(march) == {"adjusted": -1000}
    assert (february.confirmed_minor, february.released_minor) == (1700, 1700)
    assert january.opening.total_minor == 0
    assert [one.opening for one in (february, march)] == [january.closing, february.closing]
    for one in (january, february, march):
        assert one.closing == _recorded(one.last)

    with connect() as connection:
        asked = (connection, _programme(), _wallet())
        year = statement.statement(*asked, first=date(2027, 1, 1), last=date(2027, 12, 31))
        assert _lines(year) == {"expired": -400}
        assert year.closing.total_minor == year.opening.total_minor - 400
        in_short = statement.months(*asked, year=2026, today=date(2027, 3, 5))
        assert statement.years(*asked, today=date(2027, 3, 5)) == [2027, 2026]
    assert [one.closing_minor for one in in_short[-3:]] == [
        one.closing.total_minor for one in (march, february, january)
    ]
    assert (in_short[-2].came_minor, in_short[-2].went_minor) == (100, -500)
    assert len(in_short) == 12


def _give(amount_minor: int, now: datetime) -> None:
    programme = _programme()
    with connect() as connection:
        giving.save_charities(connection, programme.id, [giving.CharityFacts("sea", "Sea", {})])
        charity = giving.charity(connection, programme.id, "sea")
        occasion = movements.occasion(
            connection, programme_id=programme.id, currency="EUR", now=now, on=now.date()
        )
        gift = giving.Gift(_wallet(), charity, amount_minor, "gift")
        giving.donate(connection, gift, occasion=occasion)


def _programme() -> Programme:
    return Programme.objects.get(slug="corner")


def _wallet() -> UUID:
    wallet_id: UUID = Member.objects.get(ref="1").wallet_id
    return wallet_id


def _of(year: int, month: int) -> Statement:
    first, last = period_of(f"{year}-{month:02}")
    with connect() as connection:
        return statement.statement(
            connection, _programme(), _wallet(), first=first, last=last, listed=100
        )


def _lines(found: Statement) -> dict[str, int]:
    return {line.key: line.amount_minor for line in found.lines}


def _recorded(last: date) -> statement.Holding:
    """What the ledger says stood in the books when a day ended in Paris."""
    day = last + timedelta(days=1)
    ended = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Europe/Paris"))
    programme, wallet_id = _programme(), _wallet()
    with connect() as connection:
        return statement.Holding(
            *(
                ledger.balance(
                    connection,
                    Account(f"member.{state}", wallet_id, programme.id, "EUR"),
                    as_of_recorded=ended - timedelta(microseconds=1),
                )
                for state in STATES
            )
        )
