"""The life of a claim, its deadlines, and the checks before it."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from cagnotte.domain import claims
from cagnotte.domain.claims import (
    TRANSITIONS,
    Check,
    CheckName,
    ClaimEvent,
    ClaimKind,
    ClaimState,
    Facts,
    Result,
    Terms,
)
from cagnotte.domain.errors import IllegalTransition

VISITED = date(2026, 3, 2)
TERMS = Terms(accepted=True, after_days=7, within_days=90, coupons=frozenset({"spring"}))
FACTS = Facts(
    ClaimKind.MISSING,
    VISITED + timedelta(days=40),
    visited_on=VISITED,
    ordered_on=VISITED,
)


def found(facts: Facts, terms: Terms = TERMS) -> dict[CheckName, Result]:
    return {check.name: check.result for check in claims.checks(facts, terms)}


def test_every_state_can_be_reached_and_left_or_is_an_end() -> None:
    reached = {ClaimState.DRAFT, *TRANSITIONS.values()}
    left = {state for state, _ in TRANSITIONS}

    assert reached == set(ClaimState)
    assert set(ClaimState) - left == {ClaimState.WITHDRAWN, ClaimState.CLOSED}


def test_whatever_ends_by_itself_has_a_day_and_a_way() -> None:
    for state in ClaimState:
        event = claims.on_time(state)
        if event is not None:
            assert claims.may(state, event)
            assert claims.due_on(state, VISITED, until=VISITED) is not None


def test_an_answer_is_due_after_five_working_days() -> None:
    friday = date(2026, 3, 6)

    assert claims.due_on(ClaimState.OPEN, friday) == date(2026, 3, 13)
    assert claims.due_on(ClaimState.SENT_TO_SHOP, friday) == friday + timedelta(days=45)
    assert claims.due_on(ClaimState.WAITING, friday, until=VISITED) == VISITED
    assert claims.due_on(ClaimState.CLOSED, friday) is None


def test_what_is_over_takes_no_step() -> None:
    with pytest.raises(IllegalTransition):
        claims.next_state(ClaimState.CLOSED, ClaimEvent.ACCEPT)
    with pytest.raises(IllegalTransition):
        claims.next_state(ClaimState.DRAFT, ClaimEvent.ACCEPT)


def test_a_claim_that_nothing_stands_against_goes_through() -> None:
    checks = claims.checks(FACTS, TERMS)

    assert claims.verdict(checks) is Result.FINE
    assert {check.name for check in checks} == {
        CheckName.SHOP_ACCEPTS,
        CheckName.NOT_CLAIMED,
        CheckName.NOT_KNOWN,
        CheckName.IN_WINDOW,
        CheckName.NOT_TOO_LATE,
        CheckName.NOT_TOO_EARLY,
        CheckName.OUR_VISIT,
    }


@pytest.mark.parametrize(
    ("change", "name", "result"),
    [
        ({"is_known": True}, CheckName.NOT_KNOWN, Result.STOP),
        ({"is_claimed": True}, CheckName.NOT_CLAIMED, Result.STOP),
        ({"coupon": "AUTUMN"}, CheckName.COUPON, Result.STOP),
        ({"coupon": " Spring "}, CheckName.COUPON, Result.FINE),
        ({"other_site": True}, CheckName.OUR_VISIT, Result.NOTE),
        ({"by_phone": True}, CheckName.DEVICE, Result.NOTE),
        ({"ordered_on": VISITED - timedelta(days=1)}, CheckName.IN_WINDOW, Result.STOP),
        ({"ordered_on": VISITED + timedelta(days=31)}, CheckName.IN_WINDOW, Result.STOP),
        ({"today": VISITED + timedelta(days=91)}, CheckName.NOT_TOO_LATE, Result.STOP),
        ({"today": VISITED + timedelta(days=6)}, CheckName.NOT_TOO_EARLY, Result.WAIT),
    ],
)
def test_a_check_says_what_is_in_the_way(
    change: dict[str, object], name: CheckName, result: Result
) -> None:
    assert found(replace(FACTS, **change))[name] is result  # type: ignore[arg-type]


def test_a_shop_that_takes_no_claims_is_said_first() -> None:
    first = claims.checks(FACTS, replace(TERMS, accepted=False))[0]

    assert (first.name, first.result) == (CheckName.SHOP_ACCEPTS, Result.STOP)


def test_an_order_of_another_member_is_not_told() -> None:
    (check,) = [
        one
        for one in claims.checks(replace(FACTS, is_anothers=True), TERMS)
        if one.name is CheckName.NOT_ANOTHERS
    ]

    assert check == Check(CheckName.NOT_ANOTHERS, Result.NOTE, for_member=False)


def test_a_refusal_can_only_be_claimed_of_what_is_declined() -> None:
    pending = replace(FACTS, kind=ClaimKind.REFUSED)

    assert found(pending)[CheckName.IS_DECLINED] is Result.STOP
    assert found(replace(pending, is_declined=True))[CheckName.IS_DECLINED] is Result.FINE


def test_a_claim_unlocks_the_shops_own_delay_after_the_order_or_else_the_visit() -> None:
    assert claims.unlocks_on(FACTS, TERMS) == VISITED + timedelta(days=7)
    later = replace(FACTS, ordered_on=VISITED + timedelta(days=3))
    assert claims.unlocks_on(later, TERMS) == VISITED + timedelta(days=10)
    assert claims.unlocks_on(replace(FACTS, ordered_on=None), TERMS) == date(2026, 3, 9)
    assert claims.unlocks_on(Facts(ClaimKind.MISSING, VISITED), TERMS) is None


def test_no_claim_is_too_early_until_it_is_too_late() -> None:
    hasty = replace(TERMS, after_days=40, within_days=30)

    assert claims.unlocks_on(FACTS, hasty) == VISITED + timedelta(days=30)
