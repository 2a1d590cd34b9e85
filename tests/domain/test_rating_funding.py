"""Who pays: funders by shares, brands for their own products, commissions, the shop's share, the programme."""

import pytest

from cagnotte.domain.contracts import CommissionRate, FunderKind
from cagnotte.domain.offers import FixedPerOrder, Funding, Limits, Percent, Role
from tests.domain.rating_world import (
    BRAND,
    CONTRACTS,
    PROGRAMME,
    brand_contract,
    choice,
    given,
    line,
    missed,
    network_contract,
    offer,
    only,
    order,
    paid,
    rate,
    shop_contract,
)  # fmt: skip

ACME = line(1, 1000, brand="acme")


def test_in_house_the_shop_pays_exactly_the_reward() -> None:
    decision = rate(order(1000), offer("o", Percent(500)))

    assert paid(decision) == {"shop": (50, 50, 0, 0)}
    assert decision.contracts == (("shop-contract", 1),)
    assert decision.policy_contract == "shop-contract"


def test_a_portal_keeps_what_the_commission_leaves() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=800),))

    assert paid(rate(order(1000), offer("o", Percent(500)), contracts=[contract])) == {
        "shop": (80, 50, 0, 30)
    }


def test_a_commission_is_due_even_where_no_offer_rewards() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=800),))

    assert paid(rate(order(1000), contracts=[contract])) == {"shop": (80, 0, 0, 80)}


def test_commissions_by_product_take_the_first_rate_that_matches() -> None:
    rates = (
        CommissionRate(rate_bps=0, products=choice(categories=["fuel"])),
        CommissionRate(rate_bps=1000, products=choice(brands=["acme"])),
        CommissionRate(rate_bps=300),
    )
    lines = order(ACME, line(2, 1000), line(3, 1000, category="fuel"))

    assert paid(rate(lines, contracts=[shop_contract(commissions=rates)])) == {
        "shop": (130, 0, 0, 130)
    }


def test_a_commission_for_a_brand_in_a_category_needs_both() -> None:
    rates = (
        CommissionRate(rate_bps=1000, products=choice(brands=["acme"], categories=["food"])),
        CommissionRate(rate_bps=300),
    )
    lines = order(
        line(1, 1000, brand="acme", category="cheese"),
        line(2, 1000, brand="acme", category="toys"),
        line(3, 1000, category="cheese"),
    )

    assert paid(rate(lines, contracts=[shop_contract(commissions=rates)])) == {
        "shop": (160, 0, 0, 160)
    }


def test_a_fixed_commission_is_due_once_per_order() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=100, fixed_minor=250),))

    assert paid(rate(order(1000, 1000), contracts=[contract])) == {"shop": (270, 0, 0, 270)}
    assert paid(rate(order(line(1, 1000, returned_quantity=1)), contracts=[contract])) == {}


def test_a_commission_is_rounded_once_per_contract() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=500),))

    # 3 × 0.505 = 1.515: rounded by line it would be 1.53.
    assert paid(rate(order(1010, 1010, 1010), contracts=[contract])) == {"shop": (152, 0, 0, 152)}


def test_the_figure_of_the_source_stands_in_place_of_the_contracts_rates() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=800),))

    assert paid(
        rate(order(1000, commission_minor=72), offer("o", Percent(500)), contracts=[contract])
    ) == {"shop": (72, 50, 0, 22)}


def test_a_network_pays_where_it_covers_the_shop() -> None:
    net = (Funding(FunderKind.NETWORK),)
    contract = network_contract(commissions=(CommissionRate(rate_bps=800),))

    decision = rate(
        order(1000, commission_minor=70),
        offer("o", Percent(500), funding=net),
        contracts=[contract],
    )
    assert paid(decision) == {"net": (70, 50, 0, 20)}
    assert decision.policy_contract == "network-contract"


def test_two_stages_brand_shop_and_member() -> None:
    # The brand gives 10 % of 10.00; the member gets 6 %, the shop keeps 40 % of the commission.
    contracts = [shop_contract(), brand_contract(merchant_share_bps=4000)]
    extra = offer("extra", Percent(100), role=Role.BOOST)
    decision = rate(
        order(ACME),
        offer("brand", Percent(600), only(brands=["acme"]), funding=BRAND),
        extra,
        contracts=contracts,
    )

    # The shop's own 1 % is a part of its own, never set off against its share.
    assert paid(decision) == {"shop": (10, 10, 0, 0), "acme": (100, 60, 40, 0)}


def test_the_shops_share_is_rounded_down_and_never_more_than_the_reward_leaves() -> None:
    half = [shop_contract(), brand_contract(merchant_share_bps=5000)]
    brand = offer("brand", Percent(700), only(brands=["acme"]), funding=BRAND)

    assert paid(rate(order(line(1, 1050, brand="acme")), contracts=half)) == {
        "acme": (105, 0, 52, 53)
    }
    assert paid(rate(order(ACME), brand, contracts=half)) == {"acme": (100, 70, 30, 0)}


def test_each_brand_pays_for_its_own_products() -> None:
    contracts = [shop_contract(), brand_contract("acme"), brand_contract("zest")]
    lines = order(
        line(1, 1010, brand="acme"), line(2, 2010, brand="zest"), line(3, 500, brand="none")
    )
    decision = rate(lines, offer("brands", Percent(500), funding=BRAND), contracts=contracts)

    # 0.505 and 1.005, each rounded for its funder; the brand without a contract takes no part.
    assert decision.awards[0].funders == (("brand", "acme", 51), ("brand", "zest", 101))
    assert decision.awards[0].lines == ((1, 51), (2, 101))
    assert decision.misses == ()


def test_funders_share_a_reward_each_rounded_by_itself() -> None:
    shared = (Funding(FunderKind.MERCHANT, 7000), Funding(FunderKind.PROGRAMME, 3000))
    decision = rate(order(1230), offer("o", Percent(500), funding=shared))

    # 5 % of 12.30 is 0.615: 0.4305 and 0.1845.
    assert decision.awards[0].funders == (("merchant", "shop", 43), ("programme", "", 18))
    assert paid(decision) == {"shop": (43, 43, 0, 0), "programme": (18, 18, 0, 0)}


def test_a_ceiling_is_shared_by_the_funders() -> None:
    shared = (Funding(FunderKind.MERCHANT, 7000), Funding(FunderKind.PROGRAMME, 3000))
    decision = rate(
        order(10_000),
        offer("o", Percent(500), funding=shared, limits=Limits(per_purchase_minor=101)),
    )

    assert decision.awards[0].funders == (("merchant", "shop", 71), ("programme", "", 30))


def test_what_a_commission_does_not_cover_is_paid_by_the_programme() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=300),))
    decision = rate(order(1000), offer("o", Percent(500)), contracts=[contract])

    assert paid(decision) == {"shop": (30, 30, 0, 0), "programme": (20, 20, 0, 0)}


def test_the_excess_joins_what_the_programme_gives_anyway() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=300),))
    bonus = offer("bonus", FixedPerOrder(100), role=Role.BONUS, funding=PROGRAMME)
    decision = rate(order(1000), offer("o", Percent(500)), bonus, contracts=[contract])

    assert paid(decision)["programme"] == (120, 120, 0, 0)
    assert decision.parts[-1].contract is None


def test_a_contract_whose_rates_do_not_reach_a_product_owes_nothing_for_it() -> None:
    contract = shop_contract(commissions=(CommissionRate(300, products=choice(brands=["acme"])),))
    decision = rate(order(1000), offer("o", Percent(500)), contracts=[contract])

    assert paid(decision) == {"programme": (50, 50, 0, 0)}


def test_an_offer_without_a_contract_to_pay_it_is_not_awarded() -> None:
    named = (Funding(FunderKind.BRAND, ref="zest"),)
    decision = rate(
        order(1000),
        offer("o", Percent(500), funding=named, priority=9),
        offer("standard", Percent(100)),
    )

    assert given(decision) == {"standard": 10}
    assert missed(decision) == {"o": ("no_contract", {"funder_kind": "brand", "funder": "zest"})}


def test_a_brands_contract_for_this_shop_comes_before_its_contract_for_all() -> None:
    both = [
        brand_contract(ref="all", commissions=(CommissionRate(rate_bps=500),)),
        brand_contract(ref="here", merchant="shop", commissions=(CommissionRate(rate_bps=900),)),
        brand_contract(
            ref="there", merchant="elsewhere", commissions=(CommissionRate(rate_bps=100),)
        ),
    ]
    decision = rate(
        order(ACME), offer("o", Percent(100), only(brands=["acme"]), funding=BRAND), contracts=both
    )

    assert decision.parts[0].contract == ("here", 1)
    assert paid(decision) == {"acme": (90, 10, 0, 80)}


def test_the_latest_version_of_a_contract_holds() -> None:
    versions = [
        shop_contract(version=number, commissions=(CommissionRate(rate_bps=100 * number),))
        for number in (1, 2)
    ]

    assert rate(order(1000), contracts=versions).parts[0].contract == ("shop-contract", 2)


def test_funders_are_listed_merchant_network_brands_programme() -> None:
    everyone = [
        offer("p", Percent(100), role=Role.BOOST, funding=PROGRAMME),
        offer("b", Percent(100), role=Role.BOOST, funding=BRAND),
        offer("n", Percent(100), role=Role.BOOST, funding=(Funding(FunderKind.NETWORK),)),
        offer("m", Percent(100)),
    ]
    contracts = [*CONTRACTS, brand_contract("zest"), network_contract()]
    decision = rate(
        order(line(1, 1000, brand="zest"), line(2, 1000, brand="acme")),
        *everyone,
        contracts=contracts,
    )

    assert [part.funder_kind for part in decision.parts] == [
        "merchant",
        "network",
        "brand",
        "brand",
        "programme",
    ]
    assert [part.funder for part in decision.parts[2:4]] == ["acme", "zest"]


@pytest.mark.parametrize("reported", [0, 1, 49, 50, 51, 1000])
def test_every_part_adds_up(reported: int) -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=800),))
    decision = rate(
        order(1000, commission_minor=reported), offer("o", Percent(500)), contracts=[contract]
    )

    assert decision.reward_minor == sum(part.reward_minor for part in decision.parts) == 50
    for part in decision.parts:
        assert part.commission_minor == part.reward_minor + part.share_minor + part.margin_minor
        assert min(part[3:]) >= 0
