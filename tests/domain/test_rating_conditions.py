"""When an offer applies, and what is said when it does not."""

from datetime import UTC, date, datetime, time
from typing import Any

import pytest

from cagnotte.domain.contracts import Binding
from cagnotte.domain.offers import Conditions, First, Percent
from cagnotte.domain.periods import LIFETIME_START
from cagnotte.domain.purchases import Channel
from tests.domain.rating_world import (
    NOON,
    choice,
    counted,
    given,
    line,
    member,
    missed,
    offer,
    only,
    order,
    rate,
    shop_contract,
)  # fmt: skip


def applies(conditions: Conditions, *, who: Any = None, **more: Any) -> bool:
    purchase = order(line(1, 1000, sku="x", category="cheese", brand="acme", quantity=2), **more)
    decision = rate(purchase, offer("o", Percent(100), conditions), who=who or member())
    return given(decision) == {"o": 10}


def set_of(*names: Any) -> frozenset[Any]:
    return frozenset(names)


@pytest.mark.parametrize(
    ("conditions", "holds"),
    [
        (Conditions(), True),
        (Conditions(merchants=set_of("shop")), True),
        (Conditions(merchants=set_of("other")), False),
        (Conditions(not_merchants=set_of("shop")), False),
        (only(categories=["cheese"]), True),
        (only(categories=["food"]), True),
        (only(categories=["toys"]), False),
        (only(categories=["food"], not_categories=["fresh"]), False),
        (only(brands=["acme"]), True),
        (only(brands=["other"]), False),
        (only(not_brands=["acme"]), False),
        (only(skus=["x"]), True),
        (only(skus=["y"]), False),
        (only(not_skus=["x"]), False),
        (only(categories=["food"], brands=["acme"], skus=["x"]), True),
        (only(categories=["food", "toys"], brands=["other", "acme"]), True),
        (only(categories=["toys"], skus=["x"]), False),
        (only(categories=["food"], brands=["other"]), False),
        (only(categories=["food"], brands=["acme"], not_skus=["x"]), False),
        (Conditions(channels=set_of(Channel.WEB)), True),
        (Conditions(channels=set_of(Channel.STORE)), False),
    ],
)
def test_merchant_products_and_channel(conditions: Conditions, holds: bool) -> None:
    assert applies(conditions) is holds


def test_country() -> None:
    french = Conditions(countries=set_of("FR"))

    assert applies(french, country="FR")
    assert not applies(french, country="BE")
    assert not applies(french)


def test_only_matching_lines_are_rewarded() -> None:
    food = offer("o", Percent(1000), only(categories=["food"], not_skus=["gift"]))
    decision = rate(
        order(line(1, 1000, category="cheese"), line(2, 500, category="toys"), line(3, 300, "gift", category="food")),
        food,
    )  # fmt: skip

    assert decision.awards[0].lines == ((1, 100),)


def test_a_brand_within_a_category_is_neither_the_whole_brand_nor_the_whole_category() -> None:
    acme_cheese = offer("o", Percent(1000), only(categories=["cheese"], brands=["acme"]))
    decision = rate(
        order(
            line(1, 1000, category="cheese", brand="acme"),
            line(2, 1000, category="toys", brand="acme"),
            line(3, 1000, category="cheese", brand="other"),
        ),
        acme_cheese,
    )

    assert decision.awards[0].lines == ((1, 100),)
    assert decision.reward_minor == 100


def test_first_and_last_day_are_included() -> None:
    in_may = offer("o", Percent(100), valid_from=date(2024, 5, 1), valid_until=date(2024, 5, 31))

    def on(day: date) -> dict[str, int]:
        return given(
            rate(
                order(1000, occurred_at=datetime(day.year, day.month, day.day, tzinfo=UTC)), in_may
            )
        )

    assert on(date(2024, 4, 30)) == {}
    assert on(date(2024, 5, 1)) == {"o": 10}
    assert on(date(2024, 5, 31)) == {"o": 10}
    assert on(date(2024, 6, 1)) == {}


def test_a_contract_may_bind_the_offers_of_the_click() -> None:
    may, june = (
        offer("may", Percent(100), valid_until=date(2024, 5, 31)),
        offer("june", Percent(200), valid_from=date(2024, 6, 1)),
    )
    purchase = order(
        1000,
        occurred_at=datetime(2024, 6, 1, 0, 30, tzinfo=UTC),
        clicked_at=datetime(2024, 5, 31, 23, tzinfo=UTC),
    )

    by_click = [shop_contract(binding=Binding.CLICK)]
    assert given(rate(purchase, may, june, contracts=by_click)) == {"may": 10}
    assert given(rate(purchase, may, june, contracts=[shop_contract()])) == {"june": 20}


def test_without_a_click_the_purchase_binds() -> None:
    may = offer("may", Percent(100), valid_until=date(2024, 5, 31))

    assert given(rate(order(1000), may, contracts=[shop_contract(binding=Binding.CLICK)])) == {
        "may": 10
    }


def test_weekdays() -> None:
    assert applies(Conditions(weekdays=set_of(2)))
    decision = rate(order(1000), offer("o", Percent(100), Conditions(weekdays=set_of(5, 6))))
    assert missed(decision) == {"o": ("weekday", {"weekdays": [5, 6]})}


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [
        (12, 14, True),
        (10, 12, False),
        (9, 13, True),
        (22, 6, False),
        (11, 2, True),
        (13, 12, False),
    ],
)
def test_hours_include_their_start_and_may_pass_midnight(start: int, end: int, holds: bool) -> None:
    assert applies(Conditions(hours=(time(start), time(end)))) is holds


def test_a_minimum_basket_says_what_is_lacking() -> None:
    fifty = offer("o", Percent(100), Conditions(minimum_basket_minor=5000))

    assert given(rate(order(2500, 2500), fifty)) == {"o": 50}
    assert missed(rate(order(2500, 1300), fifty)) == {
        "o": ("minimum_basket", {"minimum_minor": 5000, "short_minor": 1200})
    }


def test_a_minimum_basket_counts_all_lines_but_a_minimum_quantity_only_matching_ones() -> None:
    acme = choice(brands=["acme"])
    conditions = Conditions(products=acme, minimum_basket_minor=3000, minimum_quantity=3)
    three = order(line(1, 1000, brand="acme", quantity=3), line(2, 2000))
    two = order(line(1, 1000, brand="acme", quantity=2), line(2, 2000, quantity=5))

    assert given(rate(three, offer("o", Percent(100), conditions))) == {"o": 10}
    assert missed(rate(two, offer("o", Percent(100), conditions))) == {
        "o": ("minimum_quantity", {"minimum_units": 3, "short_units": 1})
    }


def test_first_purchase_with_the_programme() -> None:
    welcome = Conditions(first=First.PROGRAMME)

    assert applies(welcome)
    assert applies(welcome, who=counted("purchases:merchant:shop", LIFETIME_START, 0, 4))
    assert not applies(welcome, who=counted("purchases:programme", LIFETIME_START, 900, 1))


def test_first_purchase_with_the_merchant() -> None:
    welcome = Conditions(first=First.MERCHANT)

    assert applies(welcome, who=counted("purchases:programme", LIFETIME_START, 900, 1))
    assert not applies(welcome, who=counted("purchases:merchant:shop", LIFETIME_START, 900, 1))


def test_segments() -> None:
    family = Conditions(segments=set_of("family", "student"))

    assert applies(family, who=member("family"))
    assert not applies(family, who=member("senior"))
    assert not applies(Conditions(not_segments=set_of("staff")), who=member("staff"))
    assert applies(Conditions(not_segments=set_of("staff")), who=member("family"))


@pytest.mark.parametrize(
    ("asked", "used", "holds"),
    [
        ("none", (), True), ("none", ("x",), False),
        ("any", (), False), ("any", ("x",), True),
        ("spring", ("x",), False), ("spring", ("x", "spring"), True),
    ],
)  # fmt: skip
def test_coupons(asked: str, used: tuple[str, ...], holds: bool) -> None:
    assert applies(Conditions(coupon=asked), coupon_codes=used) is holds


def test_paid_by_a_given_card() -> None:
    assert applies(Conditions(cards=set_of("card-1")), card="card-1")
    assert not applies(Conditions(cards=set_of("card-1")), card="card-2")
    assert not applies(Conditions(cards=set_of("card-1")))


def test_what_a_member_cannot_change_is_said_before_what_they_can() -> None:
    both = Conditions(segments=set_of("family"), minimum_basket_minor=5000)

    assert missed(rate(order(1000), offer("o", Percent(100), both)))["o"][0] == "segment"


def test_offers_for_other_products_are_not_even_mentioned() -> None:
    decision = rate(
        order(1000),
        offer("o", Percent(100), only(skus=["other"])),
        offer("p", Percent(100), Conditions(merchants=set_of("x"))),
    )

    assert (decision.awards, decision.misses) == ((), ())


def test_an_unknown_merchant_earns_nothing_and_breaks_nothing() -> None:
    decision = rate(order(1000), offer("o", Percent(100)), contracts=[])

    assert decision.reward_minor == 0
    assert missed(decision) == {"o": ("no_contract", {"funder_kind": "merchant", "funder": "shop"})}
    assert NOON.weekday() == 2
