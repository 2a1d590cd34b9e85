"""Coupons that a shop does not allow beside rewards (docs/explanation/rating.md, "Coupons of others")."""

import pytest

from cagnotte.domain.contracts import CommissionRate
from cagnotte.domain.offers import FixedPerOrder, Percent
from cagnotte.domain.rating import Rulebook, decide
from cagnotte.domain.rating.returns import redecide
from tests.domain.rating_world import CATEGORIES, STRANGER, line, offer, order, shop_contract

OFFERS = [offer("everyday", Percent(500)), offer("welcome", FixedPerOrder(200))]


def book(coupons: frozenset[str] | None, **more: object) -> Rulebook:
    return Rulebook([shop_contract(coupons=coupons, **more)], OFFERS, CATEGORIES)


@pytest.mark.parametrize(
    ("allowed", "used", "reward_minor"),
    [
        (None, ("x",), 500),
        (frozenset(), (), 500),
        (frozenset(), ("x",), 0),
        (frozenset({"x"}), ("x",), 500),
        (frozenset({"x"}), ("x", "y"), 0),
        (frozenset({"x"}), (), 500),
    ],
)
def test_an_order_with_a_coupon_of_others_earns_nothing(
    allowed: frozenset[str] | None, used: tuple[str, ...], reward_minor: int
) -> None:
    decision = decide(order(10_000, coupon_codes=used), book(allowed), STRANGER)

    assert decision.reward_minor == reward_minor


def test_every_offer_it_would_have_had_says_which_coupon_it_was() -> None:
    decision = decide(order(10_000, coupon_codes=("y", "x")), book(frozenset({"x"})), STRANGER)

    assert decision.awards == ()
    assert {
        (miss.offer, miss.reason, tuple(miss.facts["coupons"])) for miss in decision.misses
    } == {
        ("everyday", "foreign_coupon", ("y",)),
        ("welcome", "foreign_coupon", ("y",)),
    }


def test_what_the_source_pays_all_the_same_stays_with_the_programme() -> None:
    rules = book(frozenset(), commissions=(CommissionRate(rate_bps=800),))
    bought = order(10_000, coupon_codes=("x",), commission_minor=800)

    (part,) = decide(bought, rules, STRANGER).parts

    assert (part.commission_minor, part.reward_minor, part.margin_minor) == (800, 0, 800)


def test_a_return_changes_nothing_of_it() -> None:
    rules = book(frozenset())
    bought = order(10_000, coupon_codes=("x",))
    first = decide(bought, rules, STRANGER)
    returned = order(line(1, 10_000, returned_minor=4_000), coupon_codes=("x",))

    assert redecide(first, bought, returned, rules, STRANGER).reward_minor == 0
