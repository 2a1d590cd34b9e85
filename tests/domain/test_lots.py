"""Lots: what is spent first, what expires, what comes back."""

from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain import lots
from cagnotte.domain.errors import InsufficientFunds
from cagnotte.domain.lots import LotView, Take

JUNE = date(2026, 6, 1)


def a_lot(number: int, remaining: int, expires: date | None, available: date = JUNE) -> LotView:
    return LotView(UUID(int=number), remaining, expires, available)


def test_the_lot_that_expires_first_is_spent_first() -> None:
    late = a_lot(1, 500, date(2027, 1, 1))
    never = a_lot(2, 500, None)
    soon = a_lot(3, 300, date(2026, 7, 1))
    assert lots.take([late, never, soon], 900, currency="EUR") == [
        Take(soon.id, 300),
        Take(late.id, 500),
        Take(never.id, 100),
    ]


def test_ties_go_to_the_lot_available_longest_and_then_to_the_smaller_id() -> None:
    older = a_lot(9, 100, None, date(2026, 1, 1))
    second, first = a_lot(5, 100, None), a_lot(4, 100, None)
    assert [lot.id.int for lot in lots.first_expiring([second, first, older])] == [9, 4, 5]


def test_taking_more_than_there_is_says_how_much_is_missing() -> None:
    with pytest.raises(InsufficientFunds) as refused:
        lots.take([a_lot(1, 840, None)], 2000, currency="EUR")
    assert str(refused.value) == "8.40 EUR available, 11.60 EUR short of the 20.00 EUR asked for."
    assert refused.value.facts == {
        "available_minor": 840,
        "asked_minor": 2000,
        "short_minor": 1160,
        "currency": "EUR",
    }


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_cannot_be_taken(amount: int) -> None:
    with pytest.raises(ValueError, match="above zero"):
        lots.take([a_lot(1, 840, None)], amount, currency="EUR")


def test_taking_up_to_an_amount_takes_what_there_is() -> None:
    assert lots.take_up_to([a_lot(1, 840, None), a_lot(2, 0, None)], 2000) == [
        Take(UUID(int=1), 840)
    ]
    assert lots.take_up_to([a_lot(1, 840, None)], 0) == []
    with pytest.raises(ValueError, match="negative"):
        lots.take_up_to([], -1)


def test_the_last_day_can_still_be_spent() -> None:
    lot = a_lot(1, 100, JUNE)
    assert lots.expired([lot], JUNE) == []
    assert lots.expired([lot], date(2026, 6, 2)) == [lot]
    assert lots.expired([a_lot(2, 0, JUNE), a_lot(3, 5, None)], date(2030, 1, 1)) == []


def test_money_that_comes_back_lives_at_least_through_its_grace() -> None:
    def after(expires_on: date | None, grace_days: int) -> date | None:
        return lots.expiry_after_return(
            expires_on, returned_on=date(2026, 6, 10), grace_days=grace_days
        )

    assert after(date(2026, 6, 1), lots.REFUND_GRACE_DAYS) == date(2026, 7, 10)
    assert after(date(2026, 6, 1), lots.RELEASE_GRACE_DAYS) == date(2026, 6, 11)
    assert after(date(2026, 12, 1), lots.REFUND_GRACE_DAYS) == date(2026, 12, 1)
    assert after(None, lots.REFUND_GRACE_DAYS) is None


def test_what_is_owing_is_repaid_first() -> None:
    assert lots.split_credit(1000, 0) == (0, 1000)
    assert lots.split_credit(1000, 400) == (400, 600)
    assert lots.split_credit(1000, 4000) == (1000, 0)


def test_the_first_part_of_what_comes_back_can_be_left_out() -> None:
    parts = [Take(UUID(int=1), 300), Take(UUID(int=2), 500)]
    assert lots.skip(parts, 0) == parts
    assert lots.skip(parts, 300) == [Take(UUID(int=2), 500)]
    assert lots.skip(parts, 450) == [Take(UUID(int=2), 350)]
    assert lots.skip(parts, 800) == []


def test_lots_stand_as_the_takes_left_them() -> None:
    before = [a_lot(1, 300, None), a_lot(2, 500, None)]
    taken = [Take(UUID(int=2), 120), Take(UUID(int=2), 30)]
    assert [lot.remaining_minor for lot in lots.after(before, taken)] == [300, 350]


some_lots = st.lists(
    st.builds(
        LotView,
        id=st.uuids(),
        remaining_minor=st.integers(0, 10_000),
        expires_on=st.none() | st.dates(),
        available_on=st.dates(),
    ),
    max_size=12,
    unique_by=lambda lot: lot.id,
)


@given(some_lots, st.integers(0, 50_000))
def test_taking_never_exceeds_a_lot_nor_the_amount(views: list[LotView], amount: int) -> None:
    takes = lots.take_up_to(views, amount)
    there = {view.id: view.remaining_minor for view in views}
    assert sum(part.amount_minor for part in takes) == min(amount, sum(there.values()))
    assert all(0 < part.amount_minor <= there[part.lot_id] for part in takes)
    assert len({part.lot_id for part in takes}) == len(takes)


@given(some_lots, st.integers(0, 50_000))
def test_a_lot_is_opened_only_when_those_before_it_are_empty(
    views: list[LotView], amount: int
) -> None:
    takes = {part.lot_id: part.amount_minor for part in lots.take_up_to(views, amount)}
    left = [
        view.remaining_minor - takes.get(view.id, 0)
        for view in lots.first_expiring(views)
        if view.remaining_minor
    ]
    untouched = [
        view.id not in takes for view in lots.first_expiring(views) if view.remaining_minor
    ]
    for before, after in zip(left, untouched[1:], strict=False):
        assert before == 0 or after
