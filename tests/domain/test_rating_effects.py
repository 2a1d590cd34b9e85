"""What each effect gives: exact cents, on a small order."""

from datetime import date

import pytest

from cagnotte.domain.contracts import CommissionRate
from cagnotte.domain.offers import (
    CommissionShare,
    FixedPerOrder,
    FixedPerUnit,
    NextOrderVoucher,
    Percent,
    Progressive,
    Role,
    Tier,
    Tiered,
)  # fmt: skip
from cagnotte.domain.periods import Window, WindowKind
from tests.domain.rating_world import (
    counted,
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

TIERS = (Tier(0, 200), Tier(5000, 400), Tier(10_000, 800))


def test_a_percent_of_the_order_is_rounded_half_up_once() -> None:
    # 5 % of 42.10 is 2.105, whichever way the order is cut into lines.
    assert given(rate(order(4210), offer("o", Percent(500)))) == {"o": 211}
    assert given(rate(order(1403, 1403, 1404), offer("o", Percent(500)))) == {"o": 211}


def test_the_lines_of_an_award_show_whole_cents_that_add_up() -> None:
    (award,) = rate(order(1403, 1403, 1404), offer("o", Percent(500))).awards

    # 70.15, 70.15 and 70.20 exactly: the cent that rounding adds goes to the largest remainder.
    assert award.lines == ((1, 70), (2, 70), (3, 71))
    assert award.base_minor == 4210


def test_equal_remainders_give_their_cents_to_the_lower_line_numbers() -> None:
    (award,) = rate(order(50, 50, 50, 50), offer("o", Percent(100))).awards

    assert award.lines == ((1, 1), (2, 1), (3, 0), (4, 0))


def test_a_fixed_sum_is_given_once_per_order_and_spread_by_base() -> None:
    (award,) = rate(order(1000, 3000), offer("o", FixedPerOrder(200))).awards

    assert (award.amount_minor, award.lines) == (200, ((1, 50), (2, 150)))


def test_a_fixed_sum_never_exceeds_what_was_bought() -> None:
    assert given(rate(order(120), offer("o", FixedPerOrder(500)))) == {"o": 120}


def test_a_fixed_sum_per_unit_counts_units_of_matching_lines() -> None:
    offers = offer("o", FixedPerUnit(30), only(brands=["acme"]))
    decision = rate(order(line(1, 900, quantity=3, brand="acme"), line(2, 500, quantity=2)), offers)

    assert given(decision) == {"o": 90}
    assert decision.awards[0].facts == {"unit_minor": 30, "units": 3}


def test_a_fixed_sum_per_unit_never_exceeds_the_base_of_its_line() -> None:
    assert given(rate(order(line(1, 50, quantity=4)), offer("o", FixedPerUnit(30)))) == {"o": 50}


@pytest.mark.parametrize(
    ("amount_minor", "given_minor"),
    [(4999, 100), (5000, 200), (9999, 400), (10_000, 800), (20_000, 1600)],
)
def test_a_tier_reached_holds_for_the_whole_amount(amount_minor: int, given_minor: int) -> None:
    assert given(rate(order(amount_minor), offer("o", Tiered(TIERS)))) == {"o": given_minor}


@pytest.mark.parametrize(
    ("amount_minor", "given_minor"),
    [(4999, 100), (5000, 100), (5100, 104), (10_000, 300), (12_000, 460)],
)
def test_marginal_tiers_rate_each_slice_by_itself(amount_minor: int, given_minor: int) -> None:
    assert given(rate(order(amount_minor), offer("o", Tiered(TIERS, whole=False)))) == {
        "o": given_minor
    }


def test_marginal_tiers_spread_over_lines_in_proportion() -> None:
    decision = rate(order(3000, 9000), offer("o", Tiered(TIERS, whole=False)))

    assert decision.awards[0].lines == ((1, 115), (2, 345))
    assert decision.awards[0].facts["slices"] == [[5000, 200], [5000, 400], [2000, 800]]


def test_a_tier_says_what_the_next_one_lacks() -> None:
    (award,) = rate(order(8800), offer("o", Tiered(TIERS))).awards

    assert award.facts == {
        "order_minor": 8800,
        "tier_from": 5000,
        "next_tier_from": 10_000,
        "short_minor": 1200,
        "next_rate_bps": 800,
    }


def test_below_a_first_tier_of_nothing_another_offer_keeps_the_lines() -> None:
    tiers = (Tier(0, 0), Tier(5000, 500))
    decision = rate(
        order(3800), offer("tiered", Tiered(tiers), priority=9), offer("standard", Percent(100))
    )

    assert given(decision) == {"standard": 38}
    reason, facts = missed(decision)["tiered"]
    assert (reason, facts["short_minor"], facts["next_rate_bps"]) == ("below_first_tier", 1200, 500)


YEAR = Window(WindowKind.YEAR)


def test_a_progressive_rate_follows_what_was_bought_before_and_not_this_order() -> None:
    climbing = offer("climb", Progressive(TIERS, YEAR))

    def at(cumulated_minor: int) -> dict[str, int]:
        return given(
            rate(
                order(10_000),
                climbing,
                who=counted("spend:climb:year", date(2024, 1, 1), cumulated_minor),
            )
        )

    assert at(0) == {"climb": 200}
    assert at(4999) == {"climb": 200}
    assert at(5000) == {"climb": 400}
    assert at(10_000) == {"climb": 800}


def test_a_progressive_rate_may_count_purchases() -> None:
    tiers = (Tier(0, 100), Tier(2, 300))
    climbing = offer("climb", Progressive(tiers, YEAR, by="purchases"))
    decision = rate(
        order(10_000), climbing, who=counted("spend:climb:year", date(2024, 1, 1), 50, count=1)
    )

    assert given(decision) == {"climb": 100}
    assert decision.awards[0].facts["short_purchases"] == 1


def test_a_progressive_rate_over_rolling_days_forgets_older_ones() -> None:
    window = Window(WindowKind.ROLLING, 30)
    climbing = offer("climb", Progressive(TIERS, window))
    name = "spend:climb:rolling-30"

    assert given(rate(order(10_000), climbing, who=counted(name, date(2024, 4, 16), 5000))) == {
        "climb": 400
    }
    assert given(rate(order(10_000), climbing, who=counted(name, date(2024, 4, 15), 5000))) == {
        "climb": 200
    }


def test_a_purchase_adds_its_matching_base_to_the_progressive_counter() -> None:
    climbing = offer("climb", Progressive(TIERS, YEAR, counted="confirmed"), only(brands=["acme"]))
    decision = rate(order(line(1, 700, brand="acme"), line(2, 900)), climbing)
    (use,) = [use for use in decision.uses if use.name.startswith("spend")]

    assert use == ("spend:climb:year:confirmed", date(2024, 1, 1), 700, 1, "confirmed")


def test_a_climb_counts_from_the_start_even_where_its_first_tier_gives_nothing() -> None:
    climbing = offer("climb", Progressive((Tier(0, 0), Tier(5000, 500)), YEAR))
    decision = rate(order(1000), climbing)

    assert decision.awards == ()
    assert missed(decision)["climb"][1]["short_minor"] == 5000
    assert ("spend:climb:year", date(2024, 1, 1), 1000, 1, "tracked") in decision.uses


def test_offers_that_climb_together_count_each_line_once() -> None:
    both = [
        offer("a", Progressive(TIERS, YEAR, counter="loyal"), only(brands=["acme"])),
        offer("b", Progressive(TIERS, YEAR, counter="loyal"), only(categories=["food"])),
    ]
    decision = rate(
        order(line(1, 700, brand="acme", category="cheese"), line(2, 100, category="food")), *both
    )

    assert [use.amount_minor for use in decision.uses if use.name == "spend:loyal:year"] == [800]


def test_a_share_of_the_commission_is_rounded_down() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=750),))
    decision = rate(order(1010), offer("o", CommissionShare(5000)), contracts=[contract])

    # 7.5 % of 10.10 is 0.7575, so C = 0.76; half of it is 0.38.
    assert paid(decision) == {"shop": (76, 38, 0, 38)}
    decision = rate(order(1020), offer("o", CommissionShare(5000)), contracts=[contract])
    # C = 0.77 (0.765 rounded half up); half of it is 0.385, rounded down.
    assert paid(decision) == {"shop": (77, 38, 0, 39)}


def test_a_share_of_the_commission_follows_the_figure_its_source_reports() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=750),))
    decision = rate(
        order(1010, commission_minor=90), offer("o", CommissionShare(5000)), contracts=[contract]
    )

    assert paid(decision) == {"shop": (90, 45, 0, 45)}


def test_a_share_of_the_commission_is_of_what_the_matching_lines_bring() -> None:
    contract = shop_contract(
        commissions=(
            CommissionRate(rate_bps=1000, products=only(categories=["food"]).products),
            CommissionRate(rate_bps=200),
        )
    )
    food = offer("o", CommissionShare(5000), only(categories=["food"]))
    decision = rate(
        order(line(1, 1000, category="cheese"), line(2, 5000)), food, contracts=[contract]
    )

    # Lines bring 1.00 each; the member gets half of the first.
    assert paid(decision) == {"shop": (200, 50, 0, 150)}


def test_where_no_commission_is_known_a_share_of_it_gives_nothing() -> None:
    decision = rate(order(1000), offer("o", CommissionShare(5000)))

    assert decision.reward_minor == 0
    assert missed(decision) == {"o": ("no_commission", {})}


def test_a_voucher_for_a_next_order_is_worth_its_value_whatever_this_order_costs() -> None:
    voucher = offer("o", NextOrderVoucher(500, 3000, 60), role=Role.BONUS)
    (award,) = rate(order(100), voucher).awards

    assert (award.amount_minor, award.voucher) == (500, (3000, 60))


def test_nothing_is_awarded_for_less_than_half_a_cent() -> None:
    decision = rate(order(30), offer("o", Percent(100)))

    assert decision.awards == ()
    assert missed(decision) == {"o": ("zero", {})}


@pytest.mark.parametrize(("currency", "amount"), [("JPY", 4210), ("EUR", 4210), ("TND", 4210)])
def test_rating_counts_minor_units_whatever_the_currency_has_of_them(
    currency: str, amount: int
) -> None:
    decision = rate(order(amount, currency=currency), offer("o", Percent(500)))

    assert (decision.currency, decision.reward_minor) == (currency, 211)
