"""Whose purchase it is; the numbers are those of the rules in `cagnotte.domain.attribution` and of its page."""

import itertools
import re
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cagnotte.domain import attribution
from cagnotte.domain.attribution import (
    Attribution,
    Candidate,
    Override,
    Policy,
    Reason,
    Standing,
    Trace,
    Unattributed,
    choose,
)
from cagnotte.domain.errors import InvalidInput

BOUGHT = datetime(2024, 5, 15, 12, tzinfo=UTC)
ANNE, BOB = uuid.UUID(int=1), uuid.UUID(int=2)
DAY = timedelta(days=1)


def click(
    ref: str, before: timedelta, wallet: uuid.UUID | None = ANNE, standing: Standing = Standing.OPEN
) -> Candidate:
    return Candidate(Trace.CLICK, ref, wallet, BOUGHT - before, standing)


def number(wallet: uuid.UUID | None = BOB, standing: Standing = Standing.OPEN) -> Candidate:
    return Candidate(Trace.MEMBER_NUMBER, "M-1", wallet, standing=standing)


def receipt(ref: str, after: timedelta, wallet: uuid.UUID | None = ANNE) -> Candidate:
    return Candidate(Trace.RECEIPT, ref, wallet, BOUGHT + after)


def whose(*candidates: Candidate, policy: Policy | None = None) -> uuid.UUID | str:
    chosen = choose(candidates, BOUGHT, policy)
    return chosen.wallet_id if isinstance(chosen, Attribution) else str(chosen.reason)


def test_1_what_the_member_gave_at_checkout_comes_before_a_click() -> None:
    chosen = choose([click("c", DAY), number()], BOUGHT)

    assert chosen == Attribution(BOB, Trace.MEMBER_NUMBER, "M-1", None, (("c", Reason.LOWER_KIND),))


@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(Policy().precedence, 2)))
def test_1_the_usual_order_of_kinds(first: Trace, second: Trace) -> None:
    one, other = Candidate(first, "1", ANNE, BOUGHT), Candidate(second, "2", BOB, BOUGHT)

    assert whose(other, one) == ANNE


def test_1_a_contract_may_weigh_traces_in_its_own_order_and_leave_some_out() -> None:
    clicks_only = Policy(precedence=(Trace.CLICK,))

    assert whose(click("c", DAY), number(), policy=clicks_only) == ANNE
    assert whose(number(), policy=clicks_only) == "kind_not_accepted"


def test_2_the_last_click_decides() -> None:
    chosen = choose([click("new", DAY, BOB), click("old", 2 * DAY)], BOUGHT)

    assert chosen == Attribution(
        BOB, Trace.CLICK, "new", BOUGHT - DAY, (("old", Reason.EARLIER_CLICK),)
    )


def test_2_the_end_of_the_window_is_included() -> None:
    week = Policy(click_window=7 * DAY)

    assert whose(click("c", 7 * DAY), policy=week) == ANNE
    assert whose(click("c", 7 * DAY + timedelta(microseconds=1)), policy=week) == "outside_window"


def test_2_a_receipt_counts_for_a_window_after_the_purchase() -> None:
    assert whose(receipt("r", 14 * DAY)) == ANNE
    assert whose(receipt("r", 14 * DAY + timedelta(seconds=1))) == "outside_window"
    assert whose(receipt("r", 2 * DAY), policy=Policy(receipt_window=DAY)) == "outside_window"


def test_2_only_a_click_gives_a_moment_of_clicking() -> None:
    chosen = choose([receipt("r", DAY)], BOUGHT)

    assert chosen == Attribution(ANNE, Trace.RECEIPT, "r", None, ())


def test_3_a_receipt_from_before_the_purchase_is_not_that_of_the_purchase() -> None:
    assert whose(receipt("r", timedelta(minutes=-5))) == ANNE
    assert whose(receipt("r", timedelta(minutes=-6))) == "outside_window"


def test_3_a_click_after_the_purchase_does_not_count() -> None:
    assert whose(click("c", timedelta(minutes=-5))) == ANNE
    assert whose(click("c", timedelta(minutes=-6))) == "after_purchase"


def test_4_clicks_at_the_same_moment_are_told_apart_by_their_reference() -> None:
    assert whose(click("a", DAY, ANNE), click("b", DAY, BOB)) == BOB
    assert whose(click("b", DAY, BOB), click("a", DAY, ANNE)) == BOB


def test_5_a_card_linked_by_two_members_decides_nothing() -> None:
    shared = [Candidate(Trace.CARD, ref, wallet) for ref, wallet in (("x", ANNE), ("y", BOB))]

    assert whose(*shared) == "ambiguous"
    assert whose(*shared, click("c", DAY)) == ANNE


def test_5_a_receipt_handed_in_by_two_members_is_nobodys() -> None:
    assert whose(receipt("r1", DAY, ANNE), receipt("r2", 2 * DAY, BOB)) == "ambiguous"


def test_5_two_traces_to_the_same_member_are_no_doubt() -> None:
    assert whose(Candidate(Trace.CARD, "x", ANNE), Candidate(Trace.CARD, "y", ANNE)) == ANNE


@pytest.mark.parametrize(
    ("standing", "reason"),
    [(Standing.CLOSED, "member_closed"), (Standing.BLOCKED, "member_blocked")],
)
def test_6_who_may_not_earn_is_not_chosen(standing: Standing, reason: str) -> None:
    assert whose(number(standing=standing)) == reason
    assert whose(number(standing=standing), click("c", DAY)) == ANNE


def test_7_a_mistyped_number_is_passed_over() -> None:
    assert whose(number(None)) == "unknown_member"
    assert whose(number(None), click("c", DAY)) == ANNE


def test_8_without_any_trace_the_purchase_is_nobodys() -> None:
    assert choose([], BOUGHT) == Unattributed(Reason.NO_CANDIDATE, ())


def test_8_the_reason_nearest_to_success_is_given_and_every_trace_keeps_its_own() -> None:
    chosen = choose(
        [number(None), click("c", 90 * DAY), click("d", DAY, BOB, Standing.CLOSED)], BOUGHT
    )

    assert chosen == Unattributed(
        Reason.MEMBER_CLOSED,
        (("c", Reason.OUTSIDE_WINDOW), ("d", Reason.MEMBER_CLOSED), ("M-1", Reason.UNKNOWN_MEMBER)),
    )


BOTH = (Candidate(Trace.PROMO_CODE, "P", BOB), click("c", DAY))
CLICK_FIRST = (Trace.CLICK, Trace.CARD, Trace.PROMO_CODE)


def test_9_an_exception_lets_one_kind_decide_over_another_that_comes_first() -> None:
    usual = Policy(precedence=CLICK_FIRST)
    excepted = Policy(precedence=CLICK_FIRST, exceptions=(Override.PROMO_CODE_OVER_CLICK,))

    assert whose(*BOTH, policy=usual) == ANNE
    assert choose(BOTH, BOUGHT, excepted) == Attribution(
        BOB, Trace.PROMO_CODE, "P", None, (("c", Reason.LOWER_KIND),)
    )


def test_9_an_exception_says_nothing_of_other_kinds() -> None:
    excepted = Policy(precedence=CLICK_FIRST, exceptions=(Override.PROMO_CODE_OVER_CLICK,))
    card = Candidate(Trace.CARD, "K", ANNE)

    assert whose(card, BOTH[0], policy=excepted) == ANNE
    assert choose([card, *BOTH], BOUGHT, excepted) == Attribution(
        BOB,
        Trace.PROMO_CODE,
        "P",
        None,
        (("c", Reason.LOWER_KIND), ("K", Reason.LOWER_KIND)),
    )


def test_9_a_kind_that_decides_nothing_overrules_nothing() -> None:
    excepted = Policy(precedence=CLICK_FIRST, exceptions=(Override.PROMO_CODE_OVER_CLICK,))
    shared = [Candidate(Trace.PROMO_CODE, ref, who) for ref, who in (("P", BOB), ("Q", ANNE))]

    assert whose(*shared, click("c", DAY), policy=excepted) == ANNE


@pytest.mark.parametrize("exception", list(Override))
def test_9_every_exception_names_two_kinds(exception: Override) -> None:
    stronger, weaker = exception.kinds
    policy = Policy(precedence=(weaker, stronger), exceptions=(exception,))

    assert (
        whose(
            Candidate(weaker, "1", ANNE, BOUGHT),
            Candidate(stronger, "2", BOB, BOUGHT),
            policy=policy,
        )
        == BOB
    )


def test_9_exceptions_that_cannot_be_meant_are_refused() -> None:
    with pytest.raises(InvalidInput, match="names a kind that is not accepted"):
        Policy(precedence=(Trace.CLICK,), exceptions=(Override.CARD_OVER_CLICK,))
    with pytest.raises(InvalidInput, match="its contrary"):
        Policy(exceptions=(Override.CARD_OVER_CLICK, Override.CLICK_OVER_CARD))


def rivalled(before: timedelta) -> Candidate:
    """A click a day before the purchase, made so long after another publisher's."""
    return click("c", DAY)._replace(rival_at=BOUGHT - DAY - before)


def test_10_a_click_that_came_while_anothers_visit_was_fresh_does_not_count() -> None:
    half_an_hour = Policy(stand_down=timedelta(minutes=30))

    assert whose(rivalled(timedelta(minutes=30)), policy=half_an_hour) == "stood_down"
    assert whose(rivalled(timedelta(minutes=30, seconds=1)), policy=half_an_hour) == ANNE
    assert whose(click("c", DAY), policy=half_an_hour) == ANNE


def test_10_without_such_a_rule_every_click_counts() -> None:
    assert whose(rivalled(timedelta(0))) == ANNE


def test_10_an_earlier_click_of_ours_still_counts() -> None:
    policy = Policy(stand_down=timedelta(minutes=30))

    assert choose([rivalled(timedelta(0)), click("b", 2 * DAY)], BOUGHT, policy) == Attribution(
        ANNE, Trace.CLICK, "b", BOUGHT - 2 * DAY, (("c", Reason.STOOD_DOWN),)
    )


def test_the_last_fitting_click_of_the_member_is_told_whichever_kind_decides() -> None:
    clicks = (click("mine", 2 * DAY, BOB), click("later, and another's", DAY, ANNE))

    chosen = choose([*clicks, number(BOB)], BOUGHT)

    assert isinstance(chosen, Attribution)
    assert (chosen.wallet_id, chosen.kind, chosen.clicked_at) == (
        BOB,
        Trace.MEMBER_NUMBER,
        BOUGHT - 2 * DAY,
    )


def test_the_page_and_the_code_number_the_same_rules() -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "attribution.md"
    told = re.findall(r"^## (\d+)\. ", page.read_text(encoding="utf-8"), re.MULTILINE)
    written = re.findall(r"^    (\d+)\. ", attribution.__doc__ or "", re.MULTILINE)
    tested = {name.split("_")[1] for name in globals() if re.match(r"test_\d", name)}

    assert told == written == sorted(tested, key=int)


def test_the_order_of_traces_changes_nothing() -> None:
    traces = [
        number(None),
        click("a", DAY),
        click("b", DAY, BOB),
        Candidate(Trace.EMAIL, "e", ANNE),
        receipt("r", DAY, BOB),
    ]

    assert len({choose(listed, BOUGHT) for listed in itertools.permutations(traces)}) == 1


@pytest.mark.parametrize("kind", [Trace.CLICK, Trace.RECEIPT])
def test_a_click_or_receipt_needs_its_moment(kind: Trace) -> None:
    with pytest.raises(InvalidInput, match=f"The {kind} “x” has no moment"):
        choose([Candidate(kind, "x", ANNE)], BOUGHT)


def test_a_policy_that_contradicts_itself_cannot_be_made() -> None:
    with pytest.raises(InvalidInput, match="listed once"):
        Policy(precedence=(Trace.CLICK, Trace.CLICK))
    with pytest.raises(InvalidInput, match="not negative"):
        Policy(click_window=-DAY)
    with pytest.raises(InvalidInput, match="not negative"):
        Policy(receipt_window=-DAY)
