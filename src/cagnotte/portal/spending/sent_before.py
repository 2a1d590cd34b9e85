"""A form that arrives once more and asks for something else: what it did the first time stands, and is shown."""

from dataclasses import dataclass
from typing import Any

from cagnotte.domain.errors import CagnotteError, Conflict
from cagnotte.domain.ids import public_id
from cagnotte.portal.visit import Visit

PAGES = {
    "payout_id": ("portal_payout", "pay"),
    "donation_id": ("portal_donation", "don"),
    "voucher_id": ("portal_voucher", "vou"),
}
"""By the fact that names what was made: its page, and how its id begins there."""


@dataclass(frozen=True, slots=True)
class First:
    """What a form did when it was sent first: an amount in minor units, and the address of its page."""

    amount_minor: int
    to: str


def first_of(visit: Visit, error: CagnotteError) -> First | None:
    """Return what the form did the first time; None where an act was refused for another reason."""
    facts: dict[str, Any] = error.facts
    if isinstance(error, Conflict):
        for name, (page, kind) in PAGES.items():
            if name in facts:
                return First(
                    facts["amount_minor"], visit.address(page, public_id(kind, facts[name]))
                )
    return None
