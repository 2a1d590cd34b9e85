"""The most that one order can cost, worked out by hand."""

from datetime import date
from pathlib import Path

import pytest

from cagnotte.catalog.exposure import Exposure, exposure
from tests.contexts.catalog.files import TODAY, with_offers


def bound(folder: Path, offers: str, basket_minor: int = 10_000, units: int = 10) -> Exposure:
    parsed = with_offers(folder, offers)
    return exposure(parsed.definitions, basket_minor=basket_minor, units=units, today=TODAY)


def gives(found: Exposure) -> dict[str, int]:
    return {give.offer.ref: give.amount_minor for give in found.gives}


def test_one_base_offer_holds_per_euro_and_boosts_come_on_top(tmp_path: Path) -> None:
    found = bound(
        tmp_path,
        """
          - {ref: a, effect: {kind: percent, rate: 2}}
          - {ref: b, effect: {kind: percent, rate: 5}, conditions: {categories: [tea]}}
          - {ref: c, role: boost, effect: {kind: percent, rate: 3}, conditions: {brands: [acme]}}
        """,
    )
    assert gives(found) == {"b": 500, "c": 300}
    assert (found.amount_minor, found.rate_bps) == (800, 800)


def test_a_ceiling_leaves_the_rest_of_the_basket_to_the_next_rate(tmp_path: Path) -> None:
    found = bound(
        tmp_path,
        """
          - {ref: a, effect: {kind: percent, rate: 2}}
          - {ref: b, effect: {kind: percent, rate: 10}, conditions: {categories: [tea]}, limits: {per_purchase: 4.00}}
        """,
    )
    # 10 % of 40.00 is all that b gives; the other 60.00 earn 2 %.
    assert gives(found) == {"b": 400, "a": 120}


def test_offers_of_one_group_do_not_add_up(tmp_path: Path) -> None:
    found = bound(
        tmp_path,
        """
          - {ref: a, role: boost, group: g, effect: {kind: percent, rate: 2}}
          - {ref: b, role: boost, group: g, effect: {kind: percent, rate: 3}}
          - {ref: c, role: bonus, group: h, effect: {kind: fixed_per_order, amount: 5}}
          - {ref: d, role: bonus, group: h, effect: {kind: fixed_per_order, amount: 7}}
        """,
    )
    assert gives(found) == {"b": 300, "d": 700}


def test_a_boost_that_replaces_stands_in_the_place_of_the_base(tmp_path: Path) -> None:
    found = bound(
        tmp_path,
        """
          - {ref: a, effect: {kind: percent, rate: 2}}
          - {ref: b, role: boost, mode: replace, effect: {kind: percent, rate: 5}, limits: {budget: 1.00}}
        """,
    )
    assert gives(found) == {"b": 100, "a": 160}


@pytest.mark.parametrize(
    ("effect", "basket_minor", "expected"),
    [
        ("{kind: tiered, tiers: [{from: 0, rate: 1}, {from: 50, rate: 5}, {from: 500, rate: 9}]}", 10_000, 500),
        ("{kind: tiered, tiers: [{from: 0, rate: 1}, {from: 50, rate: 5}, {from: 500, rate: 9}]}", 4_999, 50),
        ("{kind: tiered, whole: no, tiers: [{from: 0, rate: 1}, {from: 50, rate: 5}]}", 10_000, 300),
        ("{kind: progressive, window: year, tiers: [{from: 0, rate: 1}, {from: 5000, rate: 10}]}", 10_000, 1_000),
        ("{kind: fixed_per_order, amount: 5}", 10_000, 500),
        ("{kind: fixed_per_order, amount: 5}", 300, 300),
        ("{kind: fixed_per_unit, amount: 0.30}", 10_000, 300),
        ("{kind: commission_share, share: 60 %}", 10_000, 600),
    ],
)  # fmt: skip
def test_each_effect_counts_at_its_highest(
    tmp_path: Path, effect: str, basket_minor: int, expected: int
) -> None:
    found = bound(tmp_path, f"  - {{ref: a, effect: {effect}}}\n", basket_minor)
    assert found.amount_minor == expected


def test_an_order_below_its_minimum_costs_nothing(tmp_path: Path) -> None:
    text = "  - {ref: a, effect: {kind: percent, rate: 5}, conditions: {minimum_basket: 100.01}}\n"
    assert bound(tmp_path, text).amount_minor == 0


def test_shops_days_and_coupons_that_exclude_each_other_are_not_added(tmp_path: Path) -> None:
    found = bound(
        tmp_path,
        """
          - {ref: a, role: bonus, effect: {kind: fixed_per_order, amount: 1}, conditions: {merchants: [corner]}}
          - {ref: b, role: bonus, effect: {kind: fixed_per_order, amount: 2}, conditions: {merchants: [market]}}
          - {ref: c, role: bonus, effect: {kind: fixed_per_order, amount: 4}, conditions: {coupon: none}}
          - {ref: d, role: bonus, effect: {kind: fixed_per_order, amount: 3}, conditions: {coupon: any}}
          - {ref: e, role: bonus, effect: {kind: fixed_per_order, amount: 9}, valid_from: 2026-05-01}
          - {ref: f, role: bonus, effect: {kind: fixed_per_order, amount: 8}, valid_until: 2026-04-30}
        """,
    )
    assert (found.merchant, found.day, gives(found)) == (
        "market",
        date(2026, 5, 1),
        {"b": 200, "c": 400, "e": 900},
    )


def test_a_programme_without_offers_costs_nothing(tmp_path: Path) -> None:
    text = "  - {ref: a, effect: {kind: percent, rate: 0}}\n"
    assert bound(tmp_path, text).gives == ()
