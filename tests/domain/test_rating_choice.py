"""Of several offers, which ones a line gets: the order of the choice, boosts, exclusive groups, whole orders."""

import itertools

from cagnotte.domain.contracts import CommissionRate
from cagnotte.domain.offers import (
    BoostMode,
    CommissionShare,
    Conditions,
    FixedPerOrder,
    FixedPerUnit,
    Percent,
    Progressive,
    Role,
    Tier,
    Tiered,
)  # fmt: skip
from cagnotte.domain.periods import Window, WindowKind
from tests.domain.rating_world import (
    CONTRACTS,
    PROGRAMME,
    given,
    line,
    missed,
    offer,
    only,
    order,
    paid,
    rate,
    shop_contract,
)  # fmt: skip

CHEESE = line(1, 1000, sku="brie", category="cheese", brand="acme")


def test_a_line_gets_one_base_offer_the_one_of_highest_priority() -> None:
    decision = rate(
        order(1000), offer("low", Percent(900)), offer("high", Percent(100), priority=1)
    )

    assert given(decision) == {"high": 10}
    assert missed(decision) == {"low": ("beaten", {"by": "high"})}


def test_at_equal_priority_the_more_specific_offer_wins() -> None:
    ladder = [
        offer("anything", Percent(900)),
        offer("shop", Percent(800), Conditions(merchants=frozenset({"shop"}))),
        offer("food", Percent(700), only(categories=["food"])),
        offer("cheese", Percent(600), only(categories=["cheese"])),
        offer("acme", Percent(500), only(brands=["acme"])),
        offer("acme-food", Percent(450), only(brands=["acme"], categories=["food"])),
        offer("acme-cheese", Percent(420), only(brands=["acme"], categories=["cheese"])),
        offer("brie", Percent(400), only(skus=["brie"])),
        offer("acme-brie", Percent(300), only(skus=["brie"], brands=["acme"])),
    ]

    for known in range(1, len(ladder) + 1):
        assert list(given(rate(order(CHEESE), *ladder[:known]))) == [ladder[known - 1].ref]


def test_at_equal_specificity_the_higher_amount_wins_then_the_name() -> None:
    assert given(rate(order(1000), offer("a", Percent(100)), offer("b", Percent(200)))) == {"b": 20}
    assert given(rate(order(1000), offer("b", Percent(100)), offer("a", Percent(100)))) == {"a": 10}


def test_amounts_are_compared_line_by_line_where_they_do_not_follow_the_price() -> None:
    offers = offer("each", FixedPerUnit(30)), offer("percent", Percent(300))
    decision = rate(order(line(1, 500), line(2, 2000)), *offers)

    # 0.30 against 0.15 on the first line, 0.30 against 0.60 on the second.
    assert {award.offer: award.lines for award in decision.awards} == {
        "each": ((1, 30),),
        "percent": ((2, 60),),
    }


def test_a_share_of_a_commission_competes_by_what_it_gives() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=1000),))
    share, percent = offer("share", CommissionShare(5000)), offer("percent", Percent(400))

    assert given(rate(order(1000), share, percent, contracts=[contract])) == {"share": 50}
    assert given(rate(order(1000, commission_minor=70), share, percent, contracts=[contract])) == {
        "percent": 40
    }


def test_a_tier_is_reached_by_matching_lines_but_paid_on_those_it_wins() -> None:
    tiered = offer("tiered", Tiered((Tier(0, 100), Tier(1500, 1000))))
    acme = offer("acme", Percent(100), only(brands=["acme"]))
    decision = rate(order(line(1, 1000, brand="acme"), line(2, 1000)), tiered, acme)

    assert given(decision) == {"acme": 10, "tiered": 100}


def test_an_offer_of_nothing_keeps_others_away() -> None:
    no_fuel = offer("no-fuel", Percent(0), only(categories=["fuel"]))
    decision = rate(
        order(line(1, 3000, category="fuel"), line(2, 1000)), no_fuel, offer("all", Percent(100))
    )

    assert given(decision) == {"all": 10}
    assert decision.awards[0].lines == ((2, 10),)


def test_a_boost_adds_to_the_base() -> None:
    decision = rate(
        order(1000), offer("base", Percent(100)), offer("boost", Percent(200), role=Role.BOOST)
    )

    assert given(decision) == {"base": 10, "boost": 20}


def test_several_boosts_add_up_and_need_no_base() -> None:
    boosts = [offer(name, Percent(100), role=Role.BOOST) for name in ("a", "b")]

    assert given(rate(order(1000), *boosts)) == {"a": 10, "b": 10}


def test_a_replacing_boost_takes_the_place_of_the_base_only_where_it_gives_more() -> None:
    double = offer("double", Percent(300), role=Role.BOOST, mode=BoostMode.REPLACE)
    base = offer("base", Percent(100))
    acme = offer("acme", Percent(500), only(brands=["acme"]))
    decision = rate(order(1000, line(2, 1000, brand="acme")), double, base, acme)

    assert given(decision) == {"acme": 50, "double": 30}
    assert {(miss.offer, miss.facts["by"], miss.lines) for miss in decision.misses} == {
        ("base", "double", (1,)),
        ("base", "acme", (2,)),
        ("double", "acme", (2,)),
    }


def test_a_boost_adds_to_what_replaced_the_base() -> None:
    replacing = offer("replacing", Percent(300), role=Role.BOOST, mode=BoostMode.REPLACE)
    adding = offer("adding", Percent(50), role=Role.BOOST)

    assert given(rate(order(1000), offer("base", Percent(100)), replacing, adding)) == {
        "adding": 5,
        "replacing": 30,
    }


def test_of_two_replacing_boosts_the_more_important_one_counts() -> None:
    two = [
        offer("first", Percent(200), role=Role.BOOST, mode=BoostMode.REPLACE, priority=1),
        offer("second", Percent(300), role=Role.BOOST, mode=BoostMode.REPLACE),
    ]

    assert given(rate(order(1000), offer("base", Percent(100)), *two)) == {"first": 20}


def test_of_an_exclusive_group_one_applies_to_a_line() -> None:
    summer = [
        offer(name, Percent(bps), role=Role.BOOST, group="summer")
        for name, bps in (("a", 100), ("b", 300))
    ]
    decision = rate(order(1000), offer("base", Percent(100)), *summer)

    assert given(decision) == {"base": 10, "b": 30}


def test_a_group_excludes_per_line_not_per_order() -> None:
    group = [
        offer("food", Percent(200), only(categories=["food"]), role=Role.BOOST, group="g"),
        offer("toys", Percent(300), only(categories=["toys"]), role=Role.BOOST, group="g"),
    ]

    assert given(
        rate(order(line(1, 1000, category="food"), line(2, 1000, category="toys")), *group)
    ) == {"food": 20, "toys": 30}


def test_a_base_that_loses_its_group_to_a_boost_leaves_its_place_to_the_next_base() -> None:
    offers = [
        offer("boost", Percent(300), role=Role.BOOST, group="g", priority=9),
        offer("base", Percent(500), group="g", priority=5),
        offer("standard", Percent(100)),
    ]

    assert given(rate(order(1000), *offers)) == {"boost": 30, "standard": 10}


def test_a_base_that_loses_to_another_base_keeps_nobody_of_its_group_away() -> None:
    offers = [
        offer("best", Percent(500), priority=9),
        offer("second", Percent(300), group="g", priority=5),
        offer("boost", Percent(100), role=Role.BOOST, group="g"),
    ]

    assert given(rate(order(1000), *offers)) == {"best": 50, "boost": 10}


def test_a_fixed_sum_per_order_takes_all_its_lines_or_none() -> None:
    percent = offer("percent", Percent(100))

    assert given(rate(order(1000, 9000), percent, offer("fixed", FixedPerOrder(150)))) == {
        "fixed": 150
    }
    decision = rate(order(1000, 9000), percent, offer("fixed", FixedPerOrder(90)))
    assert given(decision) == {"percent": 100}
    assert missed(decision) == {"fixed": ("beaten", {"by": "percent"})}


def test_a_fixed_sum_of_higher_priority_wins_even_where_it_gives_less() -> None:
    offers = (
        offer("percent", Percent(500)),
        offer("fixed", FixedPerOrder(10), only(brands=["acme"]), priority=1),
    )
    decision = rate(order(line(1, 1000, brand="acme"), line(2, 1000)), *offers)

    assert given(decision) == {"fixed": 10, "percent": 50}
    assert next(award.lines for award in decision.awards if award.offer == "percent") == ((2, 50),)


def test_a_bonus_comes_on_top_of_base_and_boosts() -> None:
    decision = rate(
        order(6000),
        offer("bonus", FixedPerOrder(300), Conditions(minimum_basket_minor=5000), role=Role.BONUS),
        offer("boost", Percent(100), role=Role.BOOST),
        offer("base", Percent(100)),
    )

    assert [award.offer for award in decision.awards] == ["base", "boost", "bonus"]
    assert given(decision) == {"base": 60, "boost": 60, "bonus": 300}


def test_of_an_exclusive_group_of_bonuses_one_applies_to_the_order() -> None:
    bonuses = [
        offer("small", FixedPerOrder(100), role=Role.BONUS, group="g"),
        offer("large", FixedPerOrder(300), role=Role.BONUS, group="g"),
        offer("other", FixedPerOrder(50), role=Role.BONUS),
    ]
    decision = rate(order(6000), *bonuses)

    assert given(decision) == {"large": 300, "other": 50}
    assert missed(decision) == {"small": ("beaten", {"by": "large"})}


def test_a_fixed_boost_is_given_once_whatever_the_lines() -> None:
    boost = offer("boost", FixedPerOrder(100), role=Role.BOOST)

    assert given(rate(order(1000, 1000), offer("base", Percent(100)), boost)) == {
        "base": 20,
        "boost": 100,
    }


def test_a_fixed_boost_that_replaces_gives_way_to_a_better_base() -> None:
    boost = offer("boost", FixedPerOrder(100), role=Role.BOOST, mode=BoostMode.REPLACE)

    assert given(rate(order(2000), offer("base", Percent(400)), boost)) == {"boost": 100}
    assert given(rate(order(2000), offer("base", Percent(600)), boost)) == {"base": 120}


def test_the_order_in_which_offers_are_listed_changes_nothing() -> None:
    offers = [
        offer("a", Percent(300)),
        offer("b", Percent(300), group="g"),
        offer("c", Tiered((Tier(0, 100), Tier(900, 300)))),
        offer("d", Percent(100), role=Role.BOOST, group="g"),
        offer("e", FixedPerOrder(30), role=Role.BONUS),
        offer("f", Progressive((Tier(0, 300),), Window(WindowKind.YEAR))),
    ]
    decisions = {
        str(rate(order(1000, 500), *shuffled, contracts=CONTRACTS))
        for shuffled in itertools.permutations(offers)
    }

    assert len(decisions) == 1


def test_the_programme_may_pay_a_boost_on_top_of_the_shops_base() -> None:

    decision = rate(
        order(1000),
        offer("base", Percent(100)),
        offer("boost", Percent(200), role=Role.BOOST, funding=PROGRAMME),
    )

    assert paid(decision) == {"shop": (10, 10, 0, 0), "programme": (20, 20, 0, 0)}
