"""The life of a purchase: the table of transitions, settlement from amounts, and when money is released."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain import lifecycle
from cagnotte.domain.contracts import Release, ReleaseFrom, ReleaseSettlement
from cagnotte.domain.errors import IllegalTransition
from cagnotte.domain.lifecycle import (
    EVENT_FOR,
    REASON_CODES,
    TRANSITIONS,
    Event,
    Moments,
    Settlement,
    answer_date,
    next_state,
    release_date,
    settlement_allows,
    settlement_of,
)
from cagnotte.domain.purchases import Validation

BOUGHT, CONFIRMED, SEEN = date(2026, 1, 1), date(2026, 1, 20), date(2026, 2, 1)
ALL = [(state, event) for state in Validation for event in Event]


@pytest.mark.parametrize(("state", "event"), ALL)
def test_every_event_leads_where_the_table_says(state: Validation, event: Event) -> None:
    assert next_state(state, event) is TRANSITIONS[state, event]


def test_a_pair_that_is_not_in_the_table_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle, "TRANSITIONS", {})
    with pytest.raises(IllegalTransition) as caught:
        next_state(Validation.DECLINED, Event.AMEND)
    assert caught.value.facts == {"state": "declined", "event": "amend"}
    assert caught.value.sentence == (
        "A declined purchase cannot take “amend”; confirm it or open it again first."
    )


@pytest.mark.parametrize("state", Validation)
@pytest.mark.parametrize("event", [Event.AMEND, Event.HAPPEN])
def test_neither_an_amendment_nor_what_a_release_waits_for_changes_the_state(
    state: Validation, event: Event
) -> None:
    assert next_state(state, event) is state


@given(st.lists(st.sampled_from(Event)), st.sampled_from(Validation))
def test_whatever_was_said_before_the_last_word_counts(
    events: list[Event], word: Validation
) -> None:
    state = Validation.PENDING
    for event in events:
        state = next_state(state, event)
    assert next_state(state, EVENT_FOR[word]) is word


def test_reasons_are_words_without_spaces() -> None:
    assert {"returned", "fraud", "merchant_insolvent", "other"} <= REASON_CODES
    assert all(code == code.lower() and " " not in code for code in REASON_CODES)


@pytest.mark.parametrize(
    ("commission", "billed", "paid", "written_off", "settlement"),
    [
        (100, 0, 0, 0, Settlement.OPEN),
        (100, 100, 0, 0, Settlement.BILLED),
        (100, 100, 40, 0, Settlement.PART_PAID),
        (100, 100, 100, 0, Settlement.PAID),
        (100, 100, 60, 40, Settlement.PAID),
        (100, 100, 0, 100, Settlement.WRITTEN_OFF),
        (100, 100, 101, 0, Settlement.OVERPAID),
        (0, 0, 0, 0, Settlement.PAID),
        (0, 100, 100, 0, Settlement.OVERPAID),
        (100, 0, 100, 0, Settlement.PAID),
    ],
)
def test_settlement_follows_from_its_amounts(
    commission: int, billed: int, paid: int, written_off: int, settlement: Settlement
) -> None:
    assert (
        settlement_of(
            commission_minor=commission,
            billed_minor=billed,
            paid_minor=paid,
            written_off_minor=written_off,
        )
        is settlement
    )


@pytest.mark.parametrize(
    ("required", "enough"),
    [
        (ReleaseSettlement.NONE, set(Settlement)),
        (ReleaseSettlement.BILLED, set(Settlement) - {Settlement.OPEN}),
        (
            ReleaseSettlement.PAID,
            {Settlement.PAID, Settlement.OVERPAID, Settlement.WRITTEN_OFF},
        ),
    ],
)
def test_a_release_asks_for_what_its_contract_requires_and_no_more(
    required: ReleaseSettlement, enough: set[Settlement]
) -> None:
    assert {found for found in Settlement if settlement_allows(required, found)} == enough


@pytest.mark.parametrize(
    ("release", "moments", "day"),
    [
        (Release(days=30), Moments(BOUGHT, CONFIRMED), date(2026, 1, 31)),
        # Confirmed after the delay: never before it is confirmed.
        (Release(days=5), Moments(BOUGHT, CONFIRMED), CONFIRMED),
        (Release(days=0), Moments(BOUGHT, BOUGHT), BOUGHT),
        (
            Release(days=10, start=ReleaseFrom.CONFIRMED),
            Moments(BOUGHT, CONFIRMED),
            date(2026, 1, 30),
        ),
        (
            Release(days=1, start=ReleaseFrom.EVENT, event="stay"),
            Moments(BOUGHT, CONFIRMED, SEEN),
            date(2026, 2, 2),
        ),
        (Release(days=1, start=ReleaseFrom.EVENT, event="stay"), Moments(BOUGHT, CONFIRMED), None),
        (Release(days=30), Moments(BOUGHT), None),
    ],
)
def test_money_is_released_when_its_delay_is_over_and_it_is_confirmed(
    release: Release, moments: Moments, day: date | None
) -> None:
    assert release_date(release, moments) == day


def test_a_funder_may_answer_up_to_and_with_the_last_of_its_days() -> None:
    assert answer_date(30, BOUGHT) == date(2026, 1, 31)
    assert answer_date(0, BOUGHT) == BOUGHT


def test_a_funder_without_a_deadline_may_take_for_ever() -> None:
    assert answer_date(None, BOUGHT) is None
