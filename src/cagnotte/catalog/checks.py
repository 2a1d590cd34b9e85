"""What deserves a look in a programme file that can be loaded.

Overlaps, offers that never apply, offers that nobody pays for, rates that are shown and not kept. All findings are
warnings: errors (unknown keys and references, contradictions) are found while parsing.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

from cagnotte.catalog.programme_file import Level, ParsedProgramme, Problem
from cagnotte.catalog.scopes import (
    contradiction,
    covers,
    days_meet,
    every,
    lies_within,
    ties,
)
from cagnotte.domain.contracts import Binding, Contract, FunderKind
from cagnotte.domain.offers import CommissionShare, Funding, Offer, Percent, Role

PARTNERS_SHOWN_MAX = 3
"""Overlaps named per offer; the others are counted."""


def check(parsed: ParsedProgramme, *, today: date) -> list[Problem]:
    """Return the warnings about a programme file, in the file's order."""
    review = _Review(parsed, today)
    found = [*review.overlaps(), *review.unreachable(), *review.unpaid(), *review.unkept()]
    return sorted(found, key=lambda problem: (problem.file, problem.line, problem.code))


class _Review:
    """Looks at the offers of one file against each other and against the contracts."""

    def __init__(self, parsed: ParsedProgramme, today: date) -> None:
        made = parsed.definitions
        self._parsed = parsed
        self._today = today
        self._offers = made.offers
        self._contracts = made.contracts
        self._parents: Mapping[str, str | None] = {
            node.ref: node.parent for node in made.categories
        }
        self._places = {offer.ref: index for index, offer in enumerate(made.offers)}
        self._merchants = [party.ref for party in made.parties if party.kind is FunderKind.MERCHANT]

    def _warn(self, offer: Offer, sentence: str, code: str) -> Problem:
        return self._parsed.problem(
            ("offers", self._places[offer.ref]), sentence, code, level=Level.WARNING
        )

    # ---- overlaps ----

    def overlaps(self) -> Iterator[Problem]:
        """Base offers that can match the same line at the same time, with nothing but the amount to choose by."""
        standing = [o for o in self._offers if o.role is Role.BASE and o.valid_until >= self._today]
        partners: dict[str, list[tuple[str, str]]] = {}
        for one, other, where in ties(standing, self._parents):
            partners.setdefault(one.ref, []).append((other.ref, where))
        for ref, met in partners.items():
            offer = self._offers[self._places[ref]]
            named = "; ".join(f"“{other}” ({where})" for other, where in met[:PARTNERS_SHOWN_MAX])
            more = len(met) - PARTNERS_SHOWN_MAX
            yield self._warn(
                offer,
                f"“{ref}” can match the same line at the same time as {named}"
                + (f" and {more} more" if more > 0 else "")
                + ", with equal priority and specificity: the one that gives more will apply. "
                "Give one of them a higher priority, or keep them apart by their conditions.",
                "overlap",
            )

    # ---- never applied ----

    def unreachable(self) -> Iterator[Problem]:
        """Offers that are over, contradict themselves or their contract, or are always beaten."""
        for offer in self._offers:
            if offer.valid_until < self._today:
                yield self._warn(
                    offer,
                    f"“{offer.ref}” ended on {offer.valid_until}; only purchases made until then still meet it.",
                    "ended",
                )
                continue
            reason = (
                self._contradicts_itself(offer)
                or self._contradicts_contracts(offer)
                or self._is_beaten(offer)
            )
            if reason:
                yield self._warn(offer, f"“{offer.ref}” never applies: {reason}.", "unreachable")

    def _contradicts_itself(self, offer: Offer) -> str | None:
        return contradiction(offer, self._parents)

    def _contradicts_contracts(self, offer: Offer) -> str | None:
        contracts = self._contracts_of_shops(offer)
        if not contracts:
            return None
        if not any(days_meet(offer, c.valid_from, c.valid_until) for c in contracts):
            return "no contract of its merchants is in force on its days"
        wanted = offer.conditions.products
        if every(
            contracts,
            lambda c: bool(c.base.excluded and lies_within(wanted, c.base.excluded, self._parents)),
        ):
            refs = _quoted([contract.ref for contract in contracts])
            return f"the contract {refs} excludes every product it names"
        return None

    def _is_beaten(self, offer: Offer) -> str | None:
        if offer.role is not Role.BASE:
            return None
        for rival in self._offers:
            if rival is not offer and self._always_beats(rival, offer):
                return f"“{rival.ref}” holds wherever it does, and goes before it"
        return None

    def _always_beats(self, rival: Offer, offer: Offer) -> bool:
        # Who pays decides whether an offer applies at all, so only equal payers can be compared here.
        if rival.role is not Role.BASE or rival.funding != offer.funding:
            return False
        mine, theirs = offer.effect, rival.effect
        if not isinstance(mine, Percent) or not isinstance(theirs, Percent):
            return False
        if not covers(rival, offer, self._parents):
            return False
        if rival.priority != offer.priority:
            return rival.priority > offer.priority
        # Equally specific where both name the same; then the amount decides, then the name.
        alike = rival.conditions.products == offer.conditions.products and bool(
            rival.conditions.merchants
        ) == bool(offer.conditions.merchants)
        return alike and (-theirs.rate_bps, rival.ref) < (-mine.rate_bps, offer.ref)

    def _contracts_of_shops(self, offer: Offer) -> list[Contract]:
        """The contracts of the shops where an offer holds, brands' aside."""
        asked = offer.conditions
        return [
            contract
            for contract in self._contracts
            if contract.funder_kind is not FunderKind.BRAND
            and (not asked.merchants or contract.merchant in asked.merchants)
            and contract.merchant not in asked.not_merchants
        ]

    # ---- paid by nobody ----

    def unpaid(self) -> Iterator[Problem]:
        """Offers that name a funder who has no contract, or share a commission nobody pays."""
        for offer in self._offers:
            for share in offer.funding:
                gap = self._gap(offer, share)
                if gap:
                    yield self._warn(
                        offer,
                        f"“{offer.ref}” is paid by {gap.who}, and will give nothing"
                        f"{'' if gap.is_whole else ' there'}. Add the contract, or let somebody else fund it.",
                        "no_contract" if gap.is_whole else "partly_no_contract",
                    )
            if isinstance(offer.effect, CommissionShare) and not self._has_commissions():
                yield self._warn(
                    offer,
                    f"“{offer.ref}” shares a commission, and no contract has one: it gives something only where "
                    "the source reports its commission.",
                    "no_commission",
                )

    # ---- shown and not kept ----

    def unkept(self) -> Iterator[Problem]:
        """Contracts of shops with links whose members are shown a rate that the day of the purchase may change."""
        linked = {party.ref for party in self._parsed.definitions.parties if party.site}
        for index, contract in enumerate(self._contracts):
            if contract.merchant in linked and contract.binding is Binding.PURCHASE:
                yield self._parsed.problem(
                    ("contracts", index),
                    f"Members who leave for “{contract.merchant}” by a link are told that the rate they see is theirs, "
                    f"and the contract “{contract.ref}” pays that of the day of the purchase. Write "
                    "`binding: click`, so that what was promised is paid.",
                    "rate_not_kept",
                    level=Level.WARNING,
                )

    def _has_commissions(self) -> bool:
        return any(contract.commissions for contract in self._contracts)

    def _gap(self, offer: Offer, share: Funding) -> "_Gap | None":
        if share.kind is FunderKind.PROGRAMME:
            return None
        if share.ref is not None:
            covered = any(
                c.funder_kind is share.kind and c.funder == share.ref for c in self._contracts
            )
            return None if covered else _Gap(f"the {share.kind} “{share.ref}”, without a contract")
        if share.kind is FunderKind.BRAND:
            return self._gap_of_brands(offer)
        return self._gap_of_shops(offer, share.kind)

    def _gap_of_shops(self, offer: Offer, kind: FunderKind) -> "_Gap | None":
        asked = offer.conditions
        shops = sorted(set(asked.merchants or self._merchants) - asked.not_merchants)
        covered = {c.merchant for c in self._contracts if c.funder_kind is kind}
        bare = [shop for shop in shops if shop not in covered]
        is_whole = len(bare) == len(shops)
        # An offer for all shops is meant for those with a contract; one that names a shop is meant for that shop.
        if not bare or (not asked.merchants and not is_whole):
            return None
        whose = "the merchant" if kind is FunderKind.MERCHANT else "the network of the merchant"
        return _Gap(f"{whose} {_quoted(bare)}, without a contract", is_whole=is_whole)

    def _gap_of_brands(self, offer: Offer) -> "_Gap | None":
        covered = {c.funder for c in self._contracts if c.funder_kind is FunderKind.BRAND}
        if not covered:
            return _Gap("the line's brand, and no brand has a contract")
        products = offer.conditions.products
        bare = sorted(products.brands - covered)
        if not bare:
            return None
        return _Gap(
            f"the brand {_quoted(bare)}, without a contract",
            is_whole=products.brands.isdisjoint(covered),
        )


class _Gap(NamedTuple):
    """Who would pay and has no contract; whether that leaves the whole offer unpaid."""

    who: str
    is_whole: bool = True


def _quoted(names: list[str]) -> str:
    return ", ".join(f"“{name}”" for name in names)
