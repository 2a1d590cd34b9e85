"""What an offer gives, in a few words."""

from uuid import UUID

import pytest
from django.utils import translation

from cagnotte.catalog.headlines import headline
from cagnotte.domain.offers import (
    BoostMode,
    CommissionShare,
    Conditions,
    Effect,
    FixedPerOrder,
    FixedPerUnit,
    NextOrderVoucher,
    Offer,
    Percent,
    Progressive,
    Role,
    Tier,
    Tiered,
)
from cagnotte.domain.periods import Window, WindowKind

TIERS = (Tier(0, 200), Tier(10_000, 550))


def offer(
    effect: Effect,
    role: Role = Role.BASE,
    basket_minor: int = 0,
    mode: BoostMode = BoostMode.ADD,
) -> Offer:
    conditions = Conditions(minimum_basket_minor=basket_minor)
    return Offer(UUID(int=1), "o", 1, "O", effect, role, mode, conditions=conditions)


OFFERS = [
    (offer(Percent(500)), "5% back"),
    (offer(Percent(250), basket_minor=3000), "2.5% back from €30.00"),
    (offer(Percent(200), Role.BOOST), "2% more back"),
    (offer(Percent(800), Role.BOOST, mode=BoostMode.REPLACE), "8% back"),
    (offer(Tiered(TIERS)), "up to 5.5% back"),
    (offer(FixedPerOrder(300)), "€3.00 back per order"),
    (offer(FixedPerUnit(50)), "€0.50 back per item"),
    (
        offer(NextOrderVoucher(500, 5000, 30), Role.BONUS),
        "a voucher of €5.00 for a next order from €50.00",
    ),
    (offer(CommissionShare(6000)), "money back on what you buy"),
    (offer(Progressive(TIERS[:1], Window(WindowKind.MONTH))), "up to 2% back"),
]


@pytest.mark.parametrize(("told", "sentence"), OFFERS, ids=[text for _, text in OFFERS])
def test_an_offer_says_what_it_gives(told: Offer, sentence: str) -> None:
    with translation.override("en"):
        assert headline(told, "EUR") == sentence


def test_and_in_french() -> None:
    with translation.override("fr"):
        told = headline(offer(FixedPerOrder(300), basket_minor=3000), "EUR")
    assert told.replace("\u202f", " ").replace("\u00a0", " ") == (
        "3,00 € remboursés par commande dès 30,00 €"
    )
