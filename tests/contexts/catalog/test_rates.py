"""What a shop gives at best is what a purchase could really get there, and no more."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from cagnotte.catalog.rates import Given, RateBook, Since, words
from cagnotte.domain.contracts import CommissionRate, Contract, FunderKind, Products
from cagnotte.domain.offers import (
    BoostMode,
    CommissionShare,
    Conditions,
    Effect,
    First,
    FixedPerOrder,
    FixedPerUnit,
    Funding,
    NextOrderVoucher,
    Offer,
    Percent,
    Progressive,
    Role,
    Tier,
    Tiered,
)
from cagnotte.domain.periods import Window, WindowKind
from cagnotte.domain.purchases import Line, Purchase
from cagnotte.domain.rating.decision import MemberFacts
from cagnotte.domain.rating.engine import decide

DAY = date(2026, 3, 10)
NOBODY = UUID(int=0)
TEA = Products(categories=frozenset({"tea"}))
TIERS = (Tier(0, 100), Tier(10_000, 500))


def contract(
    ref: str = "corner",
    kind: FunderKind = FunderKind.MERCHANT,
    merchant: str | None = "corner",
    **more: Any,
) -> Contract:
    return Contract(NOBODY, ref, 1, kind, ref, NOBODY, merchant, **more)


def offer(effect: Effect | int, ref: str = "o", *, role: Role = Role.BASE, **more: Any) -> Offer:
    """An offer of an effect, or of a rate in basis points; conditions may be told one by one."""
    asked = {name: more.pop(name) for name in list(more) if name in Conditions.__slots__}
    given = Percent(effect) if isinstance(effect, int) else effect
    return Offer(NOBODY, ref, 1, ref, given, role, conditions=Conditions(**asked), **more)


def book(*offers: Offer, contracts: Iterable[Contract] = (contract(),)) -> RateBook:
    return RateBook(contracts, offers)


def told(*offers: Offer, contracts: Iterable[Contract] = (contract(),)) -> str | None:
    """What is given at best at the corner shop, in English; None for nothing."""
    best = book(*offers, contracts=contracts).best("corner", DAY)
    with translation.override("en"):
        return words(best.given, "EUR") if best else None


@pytest.mark.parametrize(
    ("effect", "expected"),
    [
        (Percent(500), "5%"),
        (Tiered(TIERS), "up to 5%"),
        (Tiered(TIERS[:1]), "1%"),
        (Progressive(TIERS, Window(WindowKind.MONTH)), "up to 5%"),
        (FixedPerOrder(300), "€3.00 per order"),
        (FixedPerUnit(50), "€0.50 per unit"),
    ],
)
def test_every_effect_has_words(effect: Effect, expected: str) -> None:
    assert told(offer(effect)) == expected


def test_nothing_on_offer_is_nothing() -> None:
    assert told() is None
    assert told(offer(500, valid_until=DAY - timedelta(days=1))) is None
    assert told(offer(500, merchants=frozenset({"market"}))) is None
    assert told(offer(500, not_merchants=frozenset({"corner"}))) is None


def test_what_nobody_has_a_contract_to_pay_is_not_promised() -> None:
    assert told(offer(500), contracts=()) is None
    assert told(offer(500, funding=(Funding(FunderKind.PROGRAMME),)), contracts=()) == "5%"
    brand = offer(
        500, funding=(Funding(FunderKind.BRAND),), products=Products(brands=frozenset("a"))
    )
    assert told(brand) is None
    paying = contract("a", FunderKind.BRAND, None)
    assert told(brand, contracts=(contract(), paying)) == "up to 5%"


@pytest.mark.parametrize(
    "asked",
    [
        {"products": TEA},
        {"minimum_basket_minor": 5000},
        {"minimum_quantity": 2},
        {"weekdays": frozenset({0})},
        {"coupon": "none"},
        {"countries": frozenset({"FR"})},
        {"not_segments": frozenset({"staff"})},
    ],
)
def test_up_to_is_said_where_not_every_purchase_gets_as_much(asked: dict[str, Any]) -> None:
    assert told(offer(500, **asked)) == "up to 5%"


@pytest.mark.parametrize(
    "asked",
    [
        {"segments": frozenset({"gold"})},
        {"cards": frozenset({"visa"})},
        {"first": First.MERCHANT},
    ],
)
def test_what_is_for_some_alone_is_not_the_headline(asked: dict[str, Any]) -> None:
    assert told(offer(200), offer(900, "some", **asked)) == "2%"


def test_a_first_purchase_is_told_apart() -> None:
    rates = book(offer(200), offer(900, "first", first=First.MERCHANT))
    assert rates.first("corner", DAY) == Given(900, 900, None, "", up_to=False)
    assert book(offer(200)).first("corner", DAY) is None
    welcome = offer(FixedPerOrder(300), "welcome", first=First.PROGRAMME)
    assert book(offer(200), welcome).first("corner", DAY) is None
    theirs = offer(900, "first", first=First.PROGRAMME, merchants=frozenset({"corner"}))
    assert book(offer(200), theirs).first("corner", DAY) is not None


def test_a_higher_offer_hidden_behind_one_that_takes_all_is_not_told() -> None:
    """Rating takes the shop's own offer for every line, so nobody ever gets the general 8 %."""
    own = offer(200, "own", merchants=frozenset({"corner"}))
    assert told(own, offer(800, "general")) == "2%"
    assert told(offer(200, "own", priority=1), offer(800, "general")) == "2%"


def test_what_one_purchase_meets_is_put_together() -> None:
    tea = offer(800, "tea", products=TEA)
    jam = offer(200, "jam", role=Role.BOOST, products=Products(categories=frozenset({"jam"})))
    assert told(offer(300), tea, jam) == "up to 8%"
    more_tea = offer(100, "more", role=Role.BOOST, products=TEA)
    assert told(offer(300), tea, jam, more_tea) == "up to 9%"


def test_of_a_base_and_a_boost_that_stand_equal_the_base_is_first() -> None:
    """They exclude each other; were the boost first, the general 1 % would come to it."""
    base = offer(700, "b", group="g", priority=1)
    boost = offer(700, "a", role=Role.BOOST, group="g", priority=1)
    assert told(offer(100), base, boost) == "7%"


wide = st.builds(
    offer,
    st.sampled_from([100, 250, 700]),
    st.uuids().map(str),
    role=st.sampled_from([Role.BASE, Role.BOOST]),
    mode=st.sampled_from(list(BoostMode)),
    priority=st.integers(0, 1),
    group=st.sampled_from([None, None, "g", "h"]),
    merchants=st.sampled_from([frozenset(), frozenset({"corner"}), frozenset({"market"})]),
)


@settings(max_examples=150)
@given(st.lists(wide, max_size=6, unique_by=lambda one: one.ref))
def test_a_plain_purchase_gets_what_is_told(offers: list[Offer]) -> None:
    bought = Purchase(
        "corner", "1", datetime(2026, 3, 10, 12, tzinfo=UTC), "EUR", (Line(1, "s", 1, 10_000),)
    )
    rates = book(*offers)
    decision = decide(bought, rates.rules, MemberFacts(frozenset(), {}))
    best = rates.best("corner", DAY)
    assert decision.reward_minor == (best.given.rate_bps if best else 0)


def test_of_offers_that_stand_equal_the_higher_counts() -> None:
    assert told(offer(200, "a"), offer(300, "b")) == "3%"


def test_what_comes_before_the_offer_for_all_is_reached() -> None:
    assert told(offer(200), offer(800, "tea", products=TEA)) == "up to 8%"


def test_a_boost_that_replaces_counts_where_it_is_higher() -> None:
    replacing: dict[str, Any] = {"role": Role.BOOST, "mode": BoostMode.REPLACE}
    assert told(offer(500), offer(800, "boost", **replacing)) == "8%"
    assert told(offer(500), offer(300, "boost", **replacing)) == "5%"


def test_boosts_that_add_are_added_one_of_each_group() -> None:
    plus: dict[str, Any] = {"role": Role.BOOST, "mode": BoostMode.ADD}
    assert told(offer(500), offer(200, "a", **plus), offer(100, "b", **plus)) == "8%"
    grouped = [offer(rate, str(rate), group="g", **plus) for rate in (200, 100)]
    assert told(offer(500), *grouped) == "7%"
    assert told(offer(500), offer(200, "tea", products=TEA, **plus)) == "up to 7%"


def test_a_bonus_counts_only_where_there_is_nothing_else() -> None:
    bonus = offer(NextOrderVoucher(500, 5000, 30), "bonus", role=Role.BONUS)
    assert told(bonus) == "a voucher of €5.00"
    assert told(offer(100), bonus) == "1%"


def test_a_share_of_a_commission_is_told_as_what_the_member_gets() -> None:
    share = offer(CommissionShare(7000))
    one = contract(commissions=(CommissionRate(800),))
    assert told(share, contracts=(one,)) == "5.6%"
    two = contract(commissions=(CommissionRate(800, products=TEA), CommissionRate(400)))
    assert told(share, contracts=(two,)) == "up to 5.6%"
    fixed = contract(commissions=(CommissionRate(0, 1000),))
    assert told(share, contracts=(fixed,)) == "€7.00 per order"
    assert told(share) == "a share of what the shop pays"


def test_sums_and_rates_are_compared_as_on_an_order_of_a_hundred() -> None:
    rates = [
        book(offer(effect)).best("corner", DAY)
        for effect in (Percent(400), FixedPerOrder(500), Percent(600))
    ]
    assert [best.given.worth for best in rates if best] == [400, 500, 600]


def test_a_rate_that_never_ends_has_no_last_day() -> None:
    assert book(offer(500)).until("corner", DAY) is None


def test_a_boost_tells_its_last_day_and_what_is_usual() -> None:
    last = DAY + timedelta(days=5)
    boost = offer(
        900, "boost", role=Role.BOOST, mode=BoostMode.REPLACE, valid_from=DAY, valid_until=last
    )
    rates = book(offer(500), boost)
    assert rates.until("corner", DAY) == last
    assert rates.usual("corner", DAY) == Given(500, 500, None, "", up_to=False)
    best = rates.best("corner", DAY)
    assert best is not None
    assert best.is_boosted


def test_a_rise_later_is_no_end() -> None:
    more = offer(900, "more", priority=1, valid_from=DAY + timedelta(days=3))
    assert book(offer(500), more).until("corner", DAY) is None


def test_a_rate_that_was_never_lower_is_not_called_a_rise() -> None:
    assert book(offer(500)).usual("corner", DAY) is None
    fallen = [
        offer(800, "before", valid_until=DAY - timedelta(days=1)),
        offer(500, "now", valid_from=DAY),
    ]
    assert book(*fallen).usual("corner", DAY) is None


def test_the_usual_rate_is_the_one_of_most_days_not_the_last() -> None:
    stretches = [
        offer(300, "long", valid_until=DAY - timedelta(days=11)),
        offer(
            700, "short", valid_from=DAY - timedelta(days=10), valid_until=DAY - timedelta(days=1)
        ),
        offer(900, "now", valid_from=DAY),
    ]
    usual = book(*stretches).usual("corner", DAY)
    assert usual is not None
    assert usual.rate_bps == 300


def test_history_tells_each_change_once() -> None:
    rates = book(
        offer(300, "old", valid_until=date(2026, 1, 31)),
        offer(300, "same", valid_from=date(2026, 2, 1), valid_until=date(2026, 2, 10)),
        offer(600, "new", valid_from=date(2026, 2, 20)),
    )
    assert rates.history("corner", date(2026, 1, 1), DAY) == [
        Since(date(2026, 1, 1), Given(300, 300, None, "", up_to=False)),
        Since(date(2026, 2, 11), None),
        Since(date(2026, 2, 20), Given(600, 600, None, "", up_to=False)),
    ]
