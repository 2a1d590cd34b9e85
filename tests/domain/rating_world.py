"""A small shop for the tests of rating: short ways to write contracts, offers, orders and members.

The shop is "shop", funded by a merchant contract without commissions (it pays exactly the rewards), and sells in
euros; brand "acme" has a contract that pays 10 % commission. Amounts are cents.
"""

import uuid
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from cagnotte.domain.contracts import CommissionRate, Contract, FunderKind, Products
from cagnotte.domain.offers import Conditions, Effect, Funding, Offer
from cagnotte.domain.purchases import Channel, Line, Purchase
from cagnotte.domain.rating import Decision, MemberFacts, Rulebook, decide

NOON = datetime(2024, 5, 15, 12, tzinfo=UTC)
"""A Wednesday."""

CATEGORIES: dict[str, str | None] = {
    "food": None,
    "fresh": "food",
    "cheese": "fresh",
    "fuel": None,
    "toys": None,
}

BRAND = (Funding(FunderKind.BRAND),)
PROGRAMME = (Funding(FunderKind.PROGRAMME),)
STRANGER = MemberFacts(frozenset(), {})
"""A member of whom nothing is known."""


def shop_contract(**more: Any) -> Contract:
    named: dict[str, Any] = {"ref": "shop-contract", "version": 1, "merchant": "shop"} | more
    return Contract(
        id=uuid.uuid4(),
        funder_kind=FunderKind.MERCHANT,
        funder="shop",
        funder_id=uuid.uuid4(),
        **named,
    )


def brand_contract(brand: str = "acme", **more: Any) -> Contract:
    named: dict[str, Any] = {"ref": f"{brand}-contract", "version": 1}
    named |= {"commissions": (CommissionRate(rate_bps=1000),)} | more
    return Contract(
        id=uuid.uuid4(), funder_kind=FunderKind.BRAND, funder=brand, funder_id=uuid.uuid4(), **named
    )


def network_contract(**more: Any) -> Contract:
    named: dict[str, Any] = {"ref": "network-contract", "version": 1, "merchant": "shop"} | more
    return Contract(
        id=uuid.uuid4(),
        funder_kind=FunderKind.NETWORK,
        funder="net",
        funder_id=uuid.uuid4(),
        **named,
    )


CONTRACTS = (shop_contract(), brand_contract())


def offer(ref: str, effect: Effect, conditions: Conditions | None = None, **more: Any) -> Offer:
    return Offer(
        uuid.uuid4(),
        ref,
        more.pop("version", 1),
        ref,
        effect,
        conditions=conditions or Conditions(),
        **more,
    )


def only(**products: Iterable[str]) -> Conditions:
    """Return conditions on products alone, such as brands=["acme"], not_skus=["x"]."""
    return Conditions(products=choice(**products))


def choice(**products: Iterable[str]) -> Products:
    return Products(**{name: frozenset(values) for name, values in products.items()})


def line(number: int, amount_minor: int, sku: str = "", **more: Any) -> Line:
    return Line(number, sku or f"sku-{number}", more.pop("quantity", 1), amount_minor, **more)


def order(*lines: Line | int, **more: Any) -> Purchase:
    """Make an order of lines, or of plain amounts."""
    made = tuple(line(i, one) if isinstance(one, int) else one for i, one in enumerate(lines, 1))
    named: dict[str, Any] = {"occurred_at": NOON, "currency": "EUR", "channel": Channel.WEB} | more
    return Purchase("shop", "order-1", lines=made, **named)


def member(*segments: str) -> MemberFacts:
    return MemberFacts(frozenset(segments), {})


def counted(name: str, period: date, amount_minor: int, count: int = 1) -> MemberFacts:
    return MemberFacts(frozenset(), {(name, period): (amount_minor, count)})


def rate(
    purchase: Purchase,
    *offers: Offer,
    who: MemberFacts = STRANGER,
    contracts: Iterable[Contract] = CONTRACTS,
    budgets: Mapping[str, int] | None = None,
) -> Decision:
    return decide(purchase, Rulebook(contracts, offers, CATEGORIES), who, budgets=budgets)


def given(decision: Decision) -> dict[str, int]:
    """What each offer gives, in cents."""
    return {award.offer: award.amount_minor for award in decision.awards}


def missed(decision: Decision) -> dict[str, tuple[str, dict[str, Any]]]:
    """Why each other offer did not apply, with the facts."""
    return {miss.offer: (miss.reason, miss.facts) for miss in decision.misses}


def paid(decision: Decision) -> dict[str, tuple[int, int, int, int]]:
    """What each funder pays: (C, R, S, M)."""
    return {
        part.funder or part.funder_kind: (
            part.commission_minor, part.reward_minor, part.share_minor, part.margin_minor
        )
        for part in decision.parts
    }  # fmt: skip
