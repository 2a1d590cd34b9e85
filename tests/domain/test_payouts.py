"""Who is paid, who is not and why, and the steps of payouts and holds."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from cagnotte.domain import holds, payouts
from cagnotte.domain.errors import IllegalTransition
from cagnotte.domain.holds import HoldEvent, HoldState
from cagnotte.domain.payouts import (
    Candidate,
    MethodFacts,
    PayoutEvent,
    PayoutPolicy,
    PayoutState,
    PlannedPayout,
    Refusal,
    RefusalCode,
)

AT = datetime(2026, 6, 10, 12, tzinfo=UTC)
WALLET, METHOD = UUID(int=1), UUID(int=2)
SEPA = MethodFacts(METHOD, "sepa", AT - timedelta(days=90))
POLICY = PayoutPolicy("EUR", threshold_minor=2000)


def the_refusal(candidate: Candidate, policy: PayoutPolicy = POLICY) -> tuple[RefusalCode, str]:
    plan = payouts.plan([candidate], policy, AT)
    assert plan.payouts == ()
    assert plan.total_minor == 0
    (refusal,) = plan.refusals
    assert refusal.wallet_id == candidate.wallet_id
    return refusal.code, refusal.sentence


def test_all_that_is_available_is_paid_out() -> None:
    plan = payouts.plan([Candidate(WALLET, 4321, method=SEPA)], POLICY, AT)
    assert plan.payouts == (PlannedPayout(WALLET, METHOD, 4321, 0),)
    assert plan.refusals == ()
    assert plan.total_minor == plan.transfer_minor == 4321


def test_the_fee_stays_with_the_programme() -> None:
    plan = payouts.plan([Candidate(WALLET, 4321, method=SEPA)], PayoutPolicy("EUR", 2000, 50), AT)
    assert plan.payouts == (PlannedPayout(WALLET, METHOD, 4321, 50),)
    assert (plan.total_minor, plan.transfer_minor) == (4321, 4271)


def test_what_exceeds_the_maximum_waits_for_the_next_run() -> None:
    policy = PayoutPolicy("EUR", 2000, maximum_minor=3000)
    plan = payouts.plan([Candidate(WALLET, 4321, method=SEPA)], policy, AT)
    assert plan.payouts == (PlannedPayout(WALLET, METHOD, 3000, 0),)


def test_exactly_the_minimum_is_paid() -> None:
    assert payouts.plan([Candidate(WALLET, 2000, method=SEPA)], POLICY, AT).total_minor == 2000


def test_below_the_minimum_the_sentence_says_what_is_missing() -> None:
    assert the_refusal(Candidate(WALLET, 840, method=SEPA)) == (
        RefusalCode.BELOW_MINIMUM,
        "8.40 EUR available, 11.60 EUR short of the 20.00 EUR minimum.",
    )


def test_nothing_available_is_not_paid_even_without_a_minimum() -> None:
    code, _ = the_refusal(Candidate(WALLET, 0, method=SEPA), PayoutPolicy("EUR", 0))
    assert code is RefusalCode.BELOW_MINIMUM


def test_a_payout_the_fee_would_eat_is_not_made() -> None:
    assert the_refusal(Candidate(WALLET, 50, method=SEPA), PayoutPolicy("EUR", 10, 50)) == (
        RefusalCode.NOTHING_AFTER_FEE,
        "0.50 EUR available, and the fee is 0.50 EUR.",
    )


def test_the_wallet_itself_can_stand_against_a_payout() -> None:
    assert the_refusal(Candidate(WALLET, 5000, method=SEPA, closed=True)) == (
        RefusalCode.ACCOUNT_CLOSED,
        "The account is closed.",
    )
    assert the_refusal(Candidate(WALLET, 5000, method=SEPA, frozen=True)) == (
        RefusalCode.WALLET_FROZEN,
        "The wallet is frozen; it earns, but pays nothing out.",
    )
    blocked = Candidate(WALLET, 5000, method=SEPA, blocks=frozenset({"fraud", "claim"}))
    assert the_refusal(blocked) == (RefusalCode.BLOCKED, "Payouts are blocked: claim, fraud.")
    assert the_refusal(Candidate(WALLET, 0, owing_minor=320, method=SEPA)) == (
        RefusalCode.OWING,
        "3.20 EUR has to be recovered first, from what comes in next.",
    )


def test_the_bank_account_can_stand_against_a_payout() -> None:
    assert the_refusal(Candidate(WALLET, 5000)) == (
        RefusalCode.NO_METHOD,
        "No bank account is on file.",
    )
    other = MethodFacts(METHOD, "paypal", SEPA.changed_at)
    assert the_refusal(Candidate(WALLET, 5000, method=other)) == (
        RefusalCode.METHOD_NOT_OFFERED,
        "The member chose “paypal”, which this programme does not pay by.",
    )
    new = MethodFacts(METHOD, "sepa", AT - timedelta(hours=71, minutes=59))
    assert the_refusal(Candidate(WALLET, 5000, method=new)) == (
        RefusalCode.METHOD_TOO_RECENT,
        "The bank account was changed less than 72 hours ago; payable from 2026-06-10 12:01.",
    )


def test_seventy_two_hours_after_a_change_the_account_is_paid() -> None:
    method = MethodFacts(METHOD, "sepa", AT - timedelta(hours=72))
    assert payouts.plan([Candidate(WALLET, 5000, method=method)], POLICY, AT).total_minor == 5000


def test_a_plan_keeps_the_order_of_its_candidates() -> None:
    candidates = [
        Candidate(UUID(int=7), 5000, method=SEPA),
        Candidate(UUID(int=3), 10, method=SEPA),
        Candidate(UUID(int=5), 3000, method=SEPA),
    ]
    plan = payouts.plan(candidates, POLICY, AT)
    assert [payout.wallet_id.int for payout in plan.payouts] == [7, 5]
    assert [refusal.wallet_id.int for refusal in plan.refusals] == [3]
    assert isinstance(plan.refusals[0], Refusal)


def test_a_payout_takes_the_steps_of_the_table_and_no_other() -> None:
    for state in PayoutState:
        for event in PayoutEvent:
            if (state, event) in payouts.TRANSITIONS:
                assert payouts.next_state(state, event) is payouts.TRANSITIONS[state, event]
            else:
                with pytest.raises(IllegalTransition) as refused:
                    payouts.next_state(state, event)
                assert refused.value.facts == {"state": state, "event": event}


def test_a_returned_rejected_or_cancelled_payout_is_over() -> None:
    over = {PayoutState.RETURNED, PayoutState.REJECTED, PayoutState.CANCELLED}
    assert not over & {state for state, _ in payouts.TRANSITIONS}


def test_a_hold_takes_the_steps_of_the_table_and_no_other() -> None:
    assert holds.next_state(HoldState.OPEN, HoldEvent.CAPTURE) is HoldState.CAPTURED
    assert holds.next_state(HoldState.OPEN, HoldEvent.RELEASE) is HoldState.RELEASED
    assert holds.next_state(HoldState.OPEN, HoldEvent.EXPIRE) is HoldState.EXPIRED
    for state in set(HoldState) - {HoldState.OPEN}:
        for event in HoldEvent:
            with pytest.raises(IllegalTransition, match=f"A hold that is {state} cannot"):
                holds.next_state(state, event)
