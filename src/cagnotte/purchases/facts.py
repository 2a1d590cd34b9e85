"""The facts of a purchase as JSON, the form in which versions are kept.

`facts_of` and `purchase_from_facts` are exact inverses.
"""

import hashlib
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.domain.purchases import Channel, Line, Purchase, Validation


def content_hash(facts: bytes, status: Validation | None, reason: str) -> bytes:
    """Return the 16 bytes by which two messages are told apart."""
    return hashlib.blake2b(facts + f"|{status}|{reason}".encode(), digest_size=16).digest()


def facts_of(purchase: Purchase) -> dict[str, Any]:
    """Return a purchase as JSON-able facts, short keys first; times in ISO 8601 with their offset."""
    facts: dict[str, Any] = {
        "merchant": purchase.merchant,
        "order": purchase.order_ref,
        "at": purchase.occurred_at.isoformat(),
        "currency": purchase.currency,
        "channel": purchase.channel.value,
        "lines": list(map(tuple, purchase.lines)),
    }
    if purchase.country:
        facts["country"] = purchase.country
    if purchase.clicked_at:
        facts["clicked_at"] = purchase.clicked_at.isoformat()
    if purchase.delivery_minor:
        facts["delivery"] = [purchase.delivery_minor, purchase.delivery_tax_minor]
    if purchase.coupon_codes:
        facts["coupons"] = list(purchase.coupon_codes)
    if purchase.card:
        facts["card"] = purchase.card
    if purchase.commission_minor is not None:
        facts["commission"] = purchase.commission_minor
    return facts


def purchase_from_facts(facts: dict[str, Any], zone: ZoneInfo) -> Purchase:
    """Read back what `facts_of` wrote; times return to the programme's zone."""
    clicked = facts.get("clicked_at")
    delivery, delivery_tax = facts.get("delivery", (0, 0))
    return Purchase(
        merchant=facts["merchant"],
        order_ref=facts["order"],
        occurred_at=datetime.fromisoformat(facts["at"]).astimezone(zone),
        currency=facts["currency"],
        lines=tuple(Line(*line) for line in facts["lines"]),
        channel=Channel(facts["channel"]),
        country=facts.get("country"),
        clicked_at=datetime.fromisoformat(clicked).astimezone(zone) if clicked else None,
        delivery_minor=delivery,
        delivery_tax_minor=delivery_tax,
        coupon_codes=tuple(facts.get("coupons", ())),
        card=facts.get("card"),
        commission_minor=facts.get("commission"),
    )
