"""Which part of an order counts."""

from typing import Any

import pytest

from cagnotte.domain.contracts import BasePolicy
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.offers import Percent
from cagnotte.domain.rating.decision import LineBase
from tests.domain.rating_world import (
    choice,
    given,
    line,
    offer,
    only,
    order,
    rate,
    shop_contract,
)  # fmt: skip

TEN = offer("o", Percent(1000))


def base(of: Any, **policy: Any) -> LineBase:
    (found,) = rate(order(of), TEN, contracts=[shop_contract(base=BasePolicy(**policy))]).lines
    return found


def test_a_plain_line_counts_in_full() -> None:
    assert base(line(1, 1000)) == (1, 1000, (), 1000)


def test_discounts_come_off_unless_the_contract_keeps_them() -> None:
    assert base(line(1, 1000, discount_minor=150)) == (1, 1000, (("discount", 150),), 850)
    assert base(line(1, 1000, discount_minor=150), discounts_deducted=False) == (1, 1000, (), 1000)


def test_tax_counts_unless_the_contract_takes_it_out() -> None:
    taxed = line(1, 1200, tax_minor=200)

    assert base(taxed) == (1, 1200, (), 1200)
    assert base(taxed, with_tax=False) == (1, 1200, (("tax", 200),), 1000)


def test_money_from_the_cagnotte_earns_nothing_again() -> None:
    mixed = line(1, 1000, wallet_minor=200)

    assert base(mixed) == (1, 1000, (("wallet", 200),), 800)
    assert base(mixed, wallet_deducted=False).base_minor == 1000


def test_gift_cards_never_count_unless_the_contract_says_so() -> None:
    card = line(1, 5000, gift_card=True)

    assert base(card) == (1, 5000, (("gift_card", 5000),), 0)
    assert base(card, gift_cards=True).base_minor == 5000


def test_excluded_products_never_count() -> None:
    fuel = choice(categories=["fuel"])

    assert base(line(1, 3000, category="fuel"), excluded=fuel) == (
        1,
        3000,
        (("excluded", 3000),),
        0,
    )
    assert base(line(1, 3000, category="food"), excluded=fuel).base_minor == 3000


def test_what_meets_any_list_of_the_excluded_products_never_counts() -> None:
    out = choice(categories=["fuel"], skus=["token"], not_brands=["acme"])

    assert base(line(1, 3000, category="fuel"), excluded=out).base_minor == 0
    assert base(line(1, 3000, "token", category="food"), excluded=out).base_minor == 0
    assert base(line(1, 3000, category="food"), excluded=out).base_minor == 3000
    assert base(line(1, 3000, category="fuel", brand="acme"), excluded=out).base_minor == 3000


def test_exclusions_that_name_nothing_leave_nothing_out() -> None:
    assert base(line(1, 3000), excluded=choice()).base_minor == 3000


def test_exclusions_that_only_spare_a_brand_leave_out_all_others() -> None:
    out = choice(not_brands=["acme"])

    assert base(line(1, 3000, brand="acme"), excluded=out).base_minor == 3000
    assert base(line(1, 3000, brand="other"), excluded=out).base_minor == 0


def test_a_coupon_beyond_the_price_leaves_nothing_and_takes_nothing_from_other_lines() -> None:
    decision = rate(order(line(1, 100, discount_minor=130), line(2, 1000)), TEN)

    assert decision.lines[0] == (1, 100, (("discount", 130), ("below_zero", -30)), 0)
    assert given(decision) == {"o": 100}


def test_a_negative_line_counts_for_nothing() -> None:
    assert base(line(1, -400)) == (1, -400, (("below_zero", -400),), 0)


def test_delivery_counts_only_where_the_contract_says_so() -> None:
    delivered = order(1000, delivery_minor=490, delivery_tax_minor=90)

    assert rate(delivered, TEN).base_minor == 1000
    policy = BasePolicy(with_delivery=True, with_tax=False)
    decision = rate(delivered, TEN, contracts=[shop_contract(base=policy)])
    assert decision.lines[-1] == (0, 490, (("tax", 90),), 400)
    assert given(decision) == {"o": 140}


def test_delivery_matches_no_product() -> None:
    with_delivery = [shop_contract(base=BasePolicy(with_delivery=True))]
    food = offer("food", Percent(1000), only(categories=["food"]))
    decision = rate(
        order(line(1, 1000, category="food"), delivery_minor=500), food, contracts=with_delivery
    )

    assert given(decision) == {"food": 100}


def test_what_was_returned_comes_off_last_in_proportion() -> None:
    half = line(1, 1000, quantity=2, discount_minor=100, returned_quantity=1)

    assert base(half) == (1, 1000, (("discount", 100), ("returned", 450)), 450)
    assert base(half._replace(returned_minor=250)) == (
        1,
        1000,
        (("discount", 100), ("returned", 225)),
        675,
    )


def test_a_line_returned_in_full_has_no_base() -> None:
    assert base(line(1, 999, quantity=3, returned_quantity=3)).base_minor == 0
    assert base(line(1, 999, quantity=3, returned_minor=999)).base_minor == 0


def test_delivery_no_longer_counts_when_everything_went_back() -> None:
    policy = [shop_contract(base=BasePolicy(with_delivery=True))]
    decision = rate(
        order(line(1, 1000, returned_quantity=1), delivery_minor=500), TEN, contracts=policy
    )

    assert (decision.base_minor, decision.awards, decision.uses) == (0, (), ())


@pytest.mark.parametrize(
    "gone", [{"returned_quantity": 3}, {"returned_minor": 1001}, {"returned_minor": -1}]
)
def test_more_than_was_bought_cannot_be_returned(gone: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="Line 1 returns"):
        base(line(1, 1000, quantity=2, **gone))


def test_every_base_is_its_amount_less_its_deductions() -> None:
    decision = rate(
        order(
            line(1, 100, discount_minor=130),
            line(2, 1000, wallet_minor=30, tax_minor=9, returned_minor=500),
        ),
        TEN,
    )

    for found in decision.lines:
        assert found.amount_minor - sum(minor for _, minor in found.deductions) == found.base_minor
