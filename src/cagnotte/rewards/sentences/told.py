"""How sentences name things: amounts, offers, parties, lines, tiers."""

from collections.abc import Collection, Mapping
from typing import Literal, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cagnotte.domain.rating.decision import Decision, Facts
from cagnotte.platform.figures import listing, money, number, percent, ranges

Audience = Literal["member", "operator"]


class Told(NamedTuple):
    """A decision on its way to sentences: with the names to use, and for whom."""

    decision: Decision
    parties: Mapping[tuple[str, str], str]
    offers: Mapping[str, str]
    audience: Audience

    def money(self, amount_minor: int) -> str:
        """Write an amount in the purchase's currency."""
        return money(amount_minor, self.decision.currency)

    def offer(self, ref: str) -> str:
        """Name an offer, in the quotation marks of the language; by its reference when it has no name."""
        return _("“{name}”").format(name=self.offers.get(ref) or ref)

    def party(self, kind: str, ref: str) -> str:
        """Name a funder; by its reference when it has no name."""
        return self.parties.get((kind, ref)) or ref or _("the programme")

    def where(self, numbers: Collection[int]) -> str:
        """Say which lines: "line 2", "lines 1–4 and 7", or "the whole order"."""
        lines = self.decision.lines
        if len(lines) > 1 and len(lines) == len(numbers):
            return _("the whole order")
        return lines_of(numbers)

    def is_all_that_counts(self, numbers: Collection[int]) -> bool:
        """Tell whether no other line has a base."""
        return not any(
            line.base_minor and line.number not in numbers for line in self.decision.lines
        )


def lines_of(numbers: Collection[int]) -> str:
    """Name lines: "line 2", "lines 1–4 and 7"; line 0 is "delivery"."""
    named = [one for one in numbers if one]
    parts = []
    if named:
        shown = listing(ranges(named))
        parts.append(
            ngettext("line {numbers}", "lines {numbers}", len(named)).format(numbers=shown)
        )
    if len(named) < len(numbers):
        parts.append(_("delivery"))
    return listing(parts)


def named(offers: str, clause: str) -> str:
    """Say something of offers."""
    return _("{offers}: {clause}.").format(offers=offers, clause=clause)


def short_of_tier(told: Told, facts: Facts) -> str:
    """Say what the next tier lacks."""
    if "short_purchases" in facts:
        short, start = facts["short_purchases"], facts["next_tier_from"]
        return ngettext(
            "{short} purchase short of the next tier ({rate} after {start})",
            "{short} purchases short of the next tier ({rate} after {start})",
            short,
        ).format(short=number(short), rate=percent(facts["next_rate_bps"]), start=number(start))
    return _("{short} short of the next tier ({rate} from {start} on)").format(
        short=told.money(facts["short_minor"]),
        rate=percent(facts["next_rate_bps"]),
        start=told.money(facts["next_tier_from"]),
    )
