"""Returns and amendments: by each policy, always computed from what remains, with the facts of the first decision."""

import itertools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from cagnotte.domain.contracts import CommissionRate, ReturnPolicy
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.offers import (
    CommissionShare,
    Conditions,
    FixedPerOrder,
    Limits,
    MemberCap,
    Percent,
    Progressive,
    Role,
    Tier,
    Tiered,
)  # fmt: skip
from cagnotte.domain.periods import Window, WindowKind
from cagnotte.domain.purchases import Line, Purchase
from cagnotte.domain.rating import Decision, MemberFacts, Rulebook, decide
from cagnotte.domain.rating.returns import redecide
from tests.domain.rating_world import (
    BRAND,
    CATEGORIES,
    STRANGER,
    brand_contract,
    given,
    line,
    offer,
    only,
    order,
    paid,
    shop_contract,
)  # fmt: skip

TIERED = offer("tiered", Tiered((Tier(0, 100), Tier(5000, 500))))
BONUS = offer("bonus", FixedPerOrder(300), Conditions(minimum_basket_minor=5000), role=Role.BONUS)


def book(policy: ReturnPolicy, *offers: Any, **more: Any) -> Rulebook:
    return Rulebook(
        [shop_contract(returns=policy, **more), brand_contract()],
        offers or [TIERED, BONUS],
        CATEGORIES,
    )


def returning(purchase: Purchase, **by_line: int) -> Purchase:
    """Return the purchase with cumulative amounts returned; l1=500 is 5.00 of line 1."""
    gone = {int(name[1:]): minor for name, minor in by_line.items()}
    lines = tuple(one._replace(returned_minor=gone.get(one.number, 0)) for one in purchase.lines)
    return replace(purchase, lines=lines)


def after(policy: ReturnPolicy, purchase: Purchase, *offers: Any, **by_line: int) -> Decision:
    rules = book(policy, *offers)
    original = decide(purchase, rules, STRANGER)
    return redecide(original, purchase, returning(purchase, **by_line), rules, STRANGER)


SIXTY = order(4000, 2000)


def test_before_any_return() -> None:
    assert given(decide(SIXTY, book(ReturnPolicy.REDECIDE), STRANGER)) == {
        "tiered": 300,
        "bonus": 300,
    }


@pytest.mark.parametrize(
    ("policy", "left"),
    [
        # 40.00 remain: below the tier of 50.00 and the bonus.
        (ReturnPolicy.REDECIDE, {"tiered": 40}),
        # Line 1 keeps its 2.00 of the 5 %, and its 2.00 of the bonus.
        (ReturnPolicy.BY_LINE, {"tiered": 200, "bonus": 200}),
        (ReturnPolicy.BY_ORDER, {"tiered": 200, "bonus": 200}),
        (ReturnPolicy.ALL_OR_NOTHING, {}),
    ],
)
def test_one_line_returned(policy: ReturnPolicy, left: dict[str, int]) -> None:
    decision = after(policy, SIXTY, l2=2000)

    assert given(decision) == left
    assert paid(decision) == (
        {"shop": (sum(left.values()), sum(left.values()), 0, 0)} if left else {}
    )


def test_by_line_and_by_order_differ_where_lines_have_their_own_rates() -> None:
    offers = offer("rich", Percent(1000), only(brands=["acme"])), offer("plain", Percent(100))
    purchase = order(line(1, 1000, brand="acme"), line(2, 1000))

    assert given(after(ReturnPolicy.BY_LINE, purchase, *offers, l1=1000)) == {"plain": 10}
    assert given(after(ReturnPolicy.BY_ORDER, purchase, *offers, l1=1000)) == {
        "plain": 5,
        "rich": 50,
    }


def test_half_a_line_keeps_half_of_what_it_earned_rounded_half_up() -> None:
    decision = after(ReturnPolicy.BY_LINE, order(1010), offer("o", Percent(500)), l1=505)

    # 0.51 were given; half of it is 0.255.
    assert given(decision) == {"o": 26}
    assert decision.awards[0].facts["kept_of_minor"] == 51


def test_all_or_nothing_says_why() -> None:
    decision = after(ReturnPolicy.ALL_OR_NOTHING, SIXTY, l1=1)

    assert [(miss.offer, miss.reason) for miss in decision.misses] == [
        ("tiered", "returned"),
        ("bonus", "returned"),
    ]


@pytest.mark.parametrize("policy", list(ReturnPolicy))
def test_an_order_returned_in_full_earns_and_counts_nothing(policy: ReturnPolicy) -> None:
    decision = after(policy, SIXTY, l1=4000, l2=2000)

    assert (decision.base_minor, decision.awards, decision.parts, decision.uses) == (0, (), (), ())


@pytest.mark.parametrize("policy", list(ReturnPolicy))
def test_a_message_that_says_nothing_new_keeps_the_decision(policy: ReturnPolicy) -> None:
    rules = book(policy)
    original = decide(SIXTY, rules, STRANGER)

    assert redecide(original, SIXTY, SIXTY, rules, STRANGER) is original


@pytest.mark.parametrize("policy", list(ReturnPolicy))
def test_an_amended_price_is_decided_afresh(policy: ReturnPolicy) -> None:
    rules = book(policy)
    original = decide(SIXTY, rules, STRANGER)
    amended = order(4000, 900)

    assert redecide(original, SIXTY, amended, rules, STRANGER) == decide(amended, rules, STRANGER)


def test_the_facts_of_the_first_decision_hold() -> None:
    climb = offer("climb", Progressive((Tier(0, 100), Tier(5000, 500)), Window(WindowKind.YEAR)))
    rules = book(ReturnPolicy.REDECIDE, climb)
    then = MemberFacts(
        frozenset(),
        {("spend:climb:year", Window(WindowKind.YEAR).period_of(SIXTY.occurred_on)): (0, 0)},
    )
    original = decide(SIXTY, rules, then)

    # The member has climbed since; the restatement reads what was frozen, so the rate stays 1 %.
    assert given(redecide(original, SIXTY, returning(SIXTY, l2=1000), rules, then)) == {"climb": 50}


def test_a_return_gives_back_what_the_purchase_took_from_ceilings() -> None:
    capped = offer(
        "o",
        Percent(1000),
        limits=Limits(per_member=MemberCap(Window(WindowKind.MONTH), 500), budget_minor=9999),
    )
    for policy, left in (
        (ReturnPolicy.REDECIDE, 400),
        (ReturnPolicy.BY_LINE, 333),
        (ReturnPolicy.BY_ORDER, 333),
    ):
        decision = after(policy, SIXTY, capped, l2=2000)
        assert given(decision) == {"o": left}
        assert [use.amount_minor for use in decision.uses if use.name.startswith("cap")] == [left]
        assert decision.budget_uses == (("o", left),)


def test_a_returned_brand_product_takes_the_brands_part_alone() -> None:
    offers = (
        offer("brand", Percent(500), only(brands=["acme"]), funding=BRAND),
        offer("plain", Percent(100)),
    )
    purchase = order(line(1, 1000, brand="acme"), line(2, 1000))

    decision = after(ReturnPolicy.BY_LINE, purchase, *offers, l1=400)
    assert paid(decision) == {"shop": (10, 10, 0, 0), "acme": (60, 30, 0, 30)}


def test_a_share_of_the_commission_follows_the_corrected_figure() -> None:
    share = offer("share", CommissionShare(5000))
    rules = book(ReturnPolicy.BY_LINE, share, commissions=(CommissionRate(rate_bps=800),))
    bought = order(5000, 5000, commission_minor=800)
    original = decide(bought, rules, STRANGER)
    corrected = replace(returning(bought, l1=5000), commission_minor=401)

    assert paid(redecide(original, bought, corrected, rules, STRANGER)) == {
        "shop": (401, 200, 0, 201)
    }


def test_more_than_was_bought_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Line 2 returns"):
        after(ReturnPolicy.BY_LINE, SIXTY, l2=2001)


@pytest.mark.parametrize("policy", list(ReturnPolicy))
def test_any_order_of_partial_returns_ends_in_the_same_decision(policy: ReturnPolicy) -> None:
    purchase = order(3333, 2667, 1999)
    rules = book(policy, TIERED, BONUS, offer("boost", Percent(333), role=Role.BOOST))
    steps: list[tuple[int, int]] = [(1, 111), (1, 222), (3, 1999), (2, 1)]
    ends = set()
    for sequence in itertools.permutations(steps):
        gone = {1: 0, 2: 0, 3: 0}
        before, decision = purchase, decide(purchase, rules, STRANGER)
        for number, minor in sequence:
            gone[number] += minor
            now = returning(purchase, **{f"l{n}": minor for n, minor in gone.items()})
            decision = redecide(decision, before, now, rules, STRANGER)
            before = now
        ends.add(str(decision))

    assert len(ends) == 1


@drawn(
    st.sampled_from(list(ReturnPolicy)),
    st.lists(st.tuples(st.integers(1, 9000), st.integers(0, 100)), min_size=1, max_size=5),
    st.integers(0, 100),
)
def test_after_any_return_everything_still_adds_up(
    policy: ReturnPolicy, bought: list[tuple[int, int]], first: int
) -> None:
    purchase = order(
        *(line(i, minor, brand="acme" if i % 2 else None) for i, (minor, _) in enumerate(bought, 1))
    )
    brand = offer("brand", Percent(700), only(brands=["acme"]), funding=BRAND)
    rules = book(policy, TIERED, BONUS, brand)
    lines: tuple[Line, ...] = tuple(
        one._replace(returned_minor=one.amount_minor * share // 100)
        for one, (_, share) in zip(purchase.lines, bought, strict=True)
    )
    part = tuple(one._replace(returned_minor=one.returned_minor * first // 100) for one in lines)
    original = decide(purchase, rules, STRANGER)
    at_once = redecide(original, purchase, replace(purchase, lines=lines), rules, STRANGER)
    half_way = redecide(original, purchase, replace(purchase, lines=part), rules, STRANGER)
    in_two = redecide(
        half_way, replace(purchase, lines=part), replace(purchase, lines=lines), rules, STRANGER
    )

    assert in_two == at_once
    assert at_once.reward_minor == sum(found.reward_minor for found in at_once.parts)
    for award in at_once.awards:
        assert award.amount_minor == sum(minor for _, minor in award.lines)
        assert award.amount_minor == sum(minor for _, _, minor in award.funders)


def test_a_brand_whose_articles_all_came_back_pays_for_none_of_them() -> None:
    tea = offer("tea", Percent(1000), only(brands=["acme"]), role=Role.BOOST, funding=BRAND)
    bought = order(line(1, 1000, brand="acme"), line(2, 3000))
    decision = after(ReturnPolicy.BY_ORDER, bought, tea, l1=1000)

    # By the order, the boost keeps three quarters; the brand's commission is on nothing.
    assert paid(decision) == {"programme": (75, 75, 0, 0)}
