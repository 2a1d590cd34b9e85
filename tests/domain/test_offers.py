"""Offers that contradict themselves cannot exist."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest

from cagnotte.domain.contracts import FunderKind
from cagnotte.domain.errors import InvalidOffer
from cagnotte.domain.offers import (
    CommissionShare,
    Effect,
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

YEAR = Window(WindowKind.YEAR)
FIVE_PERCENT = Percent(500)


def offer(effect: Effect = FIVE_PERCENT, **changes: Any) -> Offer:
    return Offer(id=UUID(int=1), ref="deal", version=1, name="Deal", effect=effect, **changes)


def test_an_offer_is_by_default_a_base_paid_by_the_shop() -> None:
    plain = offer()
    assert plain.role is Role.BASE
    assert plain.funding == (Funding(FunderKind.MERCHANT, 10_000),)


def test_an_offer_that_ends_before_it_starts_is_refused_with_its_dates() -> None:
    with pytest.raises(InvalidOffer) as caught:
        offer(valid_from=date(2026, 3, 1), valid_until=date(2026, 2, 28))
    assert caught.value.sentence == (
        "The offer “deal” ends on 2026-02-28, before it starts on 2026-03-01."
    )


@pytest.mark.parametrize(
    "funding",
    [
        (),
        (Funding(FunderKind.MERCHANT, 9_999),),
        (Funding(FunderKind.MERCHANT, 6_000), Funding(FunderKind.BRAND, 5_000)),
        (Funding(FunderKind.MERCHANT, 11_000), Funding(FunderKind.BRAND, -1_000)),
        (Funding(FunderKind.MERCHANT, 10_000), Funding(FunderKind.BRAND, 0)),
    ],
)
def test_funders_share_exactly_everything(funding: tuple[Funding, ...]) -> None:
    with pytest.raises(InvalidOffer) as caught:
        offer(funding=funding)
    assert caught.value.sentence == "The funders of “deal” must share exactly 100 %."


@pytest.mark.parametrize(
    "tiers",
    [
        (),
        (Tier(100, 500),),
        (Tier(0, 100), Tier(0, 200)),
        (Tier(0, 100), Tier(500, 200), Tier(400, 300)),
    ],
)
def test_tiers_start_at_nothing_and_rise(tiers: tuple[Tier, ...]) -> None:
    for effect in (Tiered(tiers), Progressive(tiers, YEAR)):
        with pytest.raises(InvalidOffer, match="must start at 0 and rise"):
            offer(effect)


@pytest.mark.parametrize("rate", [-1, 10_001])
def test_no_rate_is_below_nothing_or_above_everything(rate: int) -> None:
    for effect in (
        Percent(rate),
        CommissionShare(rate),
        Tiered((Tier(0, rate),)),
        Progressive((Tier(0, rate),), YEAR),
    ):
        with pytest.raises(InvalidOffer) as caught:
            offer(effect)
        assert caught.value.sentence == "A rate of “deal” lies outside 0–100 %."


@pytest.mark.parametrize("amount", [0, -100])
def test_a_fixed_sum_gives_something(amount: int) -> None:
    for effect in (
        FixedPerOrder(amount),
        FixedPerUnit(amount),
        NextOrderVoucher(amount, 0, 30),
    ):
        with pytest.raises(InvalidOffer, match="gives nothing"):
            offer(effect, role=Role.BONUS)


def test_a_voucher_for_a_next_order_is_a_bonus() -> None:
    voucher = NextOrderVoucher(500, 3_000, 30)
    assert offer(voucher, role=Role.BONUS).effect is voucher
    with pytest.raises(InvalidOffer) as caught:
        offer(voucher, role=Role.BOOST)
    assert caught.value.sentence == "“deal”: a voucher for a next order is a bonus."
