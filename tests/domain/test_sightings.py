"""One order seen by several sources: when two sightings are one, and whose word counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.purchases import Validation
from cagnotte.domain.sightings import (
    Likeness,
    Place,
    Seen,
    Sighting,
    Tolerance,
    Verdict,
    apart,
    compare,
    nearest,
    order_key,
    place,
)

ANA, BOB = UUID(int=1001), UUID(int=1002)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
USUAL = Tolerance()


def sighting(number: int, **changes: object) -> Sighting:
    """An order numbered 17, of 100.00, at noon."""
    one = Sighting(UUID(int=number), 100, NOON + timedelta(minutes=number), "17", NOON, [10_000])
    return replace(one, **changes)  # type: ignore[arg-type]  # names of fields, checked by the class


@pytest.mark.parametrize(
    ("told", "key"),
    [
        ("#1001", "1001"),
        ("A-17", "a17"),
        ("a 17", "a17"),
        ("007", "007"),
        ("№ 5", "no5"),
        ("–", ""),
    ],
)
def test_numbers_are_compared_by_letters_and_digits(told: str, key: str) -> None:
    assert order_key(told) == key


@given(st.text())
def test_the_key_of_a_key_is_itself(told: str) -> None:
    assert order_key(order_key(told)) == order_key(told)


@pytest.mark.parametrize(
    ("changes", "likeness"),
    [
        ({}, (Verdict.SAME, "same_number")),
        ({"amounts": [10_100]}, (Verdict.SAME, "same_number")),
        ({"amounts": [10_102]}, (Verdict.DOUBTFUL, "amount_differs")),
        ({"amounts": [8_333, 10_000]}, (Verdict.SAME, "same_number")),
        ({"occurred_at": NOON + timedelta(hours=48)}, (Verdict.SAME, "same_number")),
        ({"occurred_at": NOON - timedelta(hours=49)}, (Verdict.DOUBTFUL, "time_differs")),
        ({"wallet_id": BOB}, (Verdict.DOUBTFUL, "other_member")),
        ({"wallet_id": None}, (Verdict.SAME, "same_number")),
        ({"order_key": "18"}, (Verdict.DISTINCT, "other_number")),
        ({"order_key": ""}, (Verdict.SAME, "same_amount")),
        ({"order_key": "", "wallet_id": None}, (Verdict.DISTINCT, "nothing_alike")),
        ({"order_key": "", "wallet_id": BOB}, (Verdict.DISTINCT, "nothing_alike")),
        ({"order_key": "", "amounts": [10_102]}, (Verdict.DISTINCT, "nothing_alike")),
        ({"order_key": "", "occurred_at": NOON + timedelta(hours=49)},
         (Verdict.DISTINCT, "nothing_alike")),
    ],
)  # fmt: skip
def test_two_sightings_are_compared(
    changes: dict[str, object], likeness: tuple[Verdict, str]
) -> None:
    one, other = (
        sighting(1, wallet_id=ANA),
        replace(sighting(2, wallet_id=ANA), **changes),  # type: ignore[arg-type]
    )
    assert compare(one, other, USUAL) == Likeness(*likeness)
    assert compare(other, one, USUAL) == Likeness(*likeness)


def test_without_a_number_a_small_amount_must_fit_as_closely_as_a_large_one() -> None:
    one = sighting(1, order_key="", wallet_id=ANA, amounts=[250])
    assert compare(one, replace(one, amounts=[340]), USUAL).verdict is Verdict.DISTINCT
    assert apart(one, replace(one, amounts=[252]), USUAL) == 0


def test_the_nearest_in_time_is_meant() -> None:
    own = sighting(1)
    near = sighting(2, occurred_at=NOON + timedelta(minutes=2))
    far = sighting(3, occurred_at=NOON - timedelta(minutes=3))
    assert nearest(own, [far, near]) == near
    assert nearest(own, []) is None


# ---- whose word counts ----


def test_alone_an_order_counts() -> None:
    assert place(sighting(1), [], []) == Place()


def test_the_lower_rank_counts_and_the_other_makes_way() -> None:
    low, high = sighting(2, rank=10), sighting(1, rank=90, counts=True)
    assert place(low, [Seen(high, by_person=False)], []) == Place(steps_down=(high.id,))
    assert place(high, [Seen(low, by_person=False)], []) == Place(low.id)


def test_between_equal_ranks_what_counts_already_then_what_came_first() -> None:
    first, second = sighting(1), sighting(2)
    assert place(first, [Seen(second, by_person=False)], []) == Place()
    assert place(second, [Seen(first, by_person=False)], []) == Place(first.id)
    standing = replace(second, counts=True)
    assert place(first, [Seen(standing, by_person=False)], []) == Place(standing.id)


def test_of_two_in_doubt_the_later_waits_unless_it_counts() -> None:
    first, second = sighting(1), sighting(2)
    assert place(second, [], [(first, "amount_differs")]) == Place(first.id, "amount_differs")
    assert place(first, [], [(second, "amount_differs")]) == Place()
    standing = replace(second, counts=True)
    assert place(standing, [], [(first, "amount_differs")]) == Place()
    assert place(first, [], [(standing, "amount_differs")]) == Place(standing.id, "amount_differs")


@pytest.mark.parametrize("by_person", [False, True])
def test_declined_by_the_one_and_confirmed_by_the_other_is_for_a_person(by_person: bool) -> None:
    declined = sighting(1, validation=Validation.DECLINED, counts=True)
    confirmed = sighting(2, validation=Validation.CONFIRMED)
    found = place(confirmed, [Seen(declined, by_person)], [])
    assert found == (Place(declined.id) if by_person else Place(declined.id, "declined_elsewhere"))


def test_what_stands_confirmed_is_not_taken_away_by_a_better_source_that_declines() -> None:
    declined = sighting(1, rank=1, validation=Validation.DECLINED)
    confirmed = sighting(2, validation=Validation.CONFIRMED, counts=True)
    assert place(declined, [Seen(confirmed, by_person=False)], []) == Place(
        confirmed.id, "declined_elsewhere"
    )
    assert place(confirmed, [Seen(declined, by_person=False)], []) == Place()
    assert place(declined, [Seen(confirmed, by_person=True)], []) == Place(
        steps_down=(confirmed.id,)
    )


kinds = st.builds(
    sighting,
    st.integers(1, 50),
    rank=st.integers(1, 3),
    validation=st.sampled_from([None, *Validation]),
)


@given(st.lists(kinds, min_size=1, max_size=4, unique_by=lambda one: one.id))
def test_of_sightings_of_one_order_that_all_agree_exactly_one_counts(found: list[Sighting]) -> None:
    agreed = [replace(one, validation=Validation.CONFIRMED) for one in found]
    counting = [
        one
        for one in agreed
        if place(one, [Seen(other, by_person=False) for other in agreed if other is not one], [])
        == Place()
    ]
    assert len(counting) == 1


@given(st.lists(kinds, min_size=1, max_size=4, unique_by=lambda one: one.id))
def test_never_more_than_one_that_does_not_count_yet_begins_to(found: list[Sighting]) -> None:
    beginning = [
        one
        for one in found
        if place(one, [Seen(other, by_person=False) for other in found if other is not one], [])
        == Place()
    ]
    assert len(beginning) <= 1
