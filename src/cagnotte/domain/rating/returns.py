"""Restatements: what a decision becomes when part of the order is returned, or the order is amended.

Everything is computed from what remains, never from the difference that one message makes, and from the facts
that were frozen with the first decision. So any order of partial returns ends in the same cents.
See docs/explanation/rating.md#returns.
"""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from cagnotte.domain.contracts import ReturnPolicy
from cagnotte.domain.money import Rounding, allocate, divide
from cagnotte.domain.purchases import Purchase
from cagnotte.domain.rating.bases import Order
from cagnotte.domain.rating.decision import Award, Decision, MemberFacts, Miss
from cagnotte.domain.rating.engine import award_all, conclude, decide, open_order, qualify
from cagnotte.domain.rating.rulebook import Rulebook
from cagnotte.domain.rating.shops import Funders


def redecide(
    original: Decision,
    before: Purchase,
    after: Purchase,
    book: Rulebook,
    member: MemberFacts,
    budgets: Mapping[str, int] | None = None,
) -> Decision:
    """Decide a purchase anew after a return or an amendment, by the return policy of its contract.

    Args:
        original: the decision that stands.
        before: the purchase it was made for.
        after: the purchase as it stands now, with its cumulative returns.
        book: the contracts and offers, with those versions that the first decision read.
        member: what the first decision read of the member.
        budgets: the room in budgets that the first decision read.

    A purchase that says nothing new keeps its decision. An amendment (another price, another line, another
    commission) is decided afresh; the policy then applies to what was returned of the amended order.
    Raises InvalidInput when more is returned than was bought; NotFound when the contract is not in the book.
    """
    if after == before:
        return original
    policy = _policy_of(original, book)
    bought = as_bought(after)
    if policy is ReturnPolicy.REDECIDE or bought is after:
        return decide(after, book, member, budgets=budgets)
    whole = open_order(bought, book, member, budgets)
    awards = award_all(whole)
    rest = open_order(after, book, member, budgets)
    # What the purchase adds to progressive counters is what remains of it, under any policy.
    qualify(rest)
    if policy is ReturnPolicy.ALL_OR_NOTHING:
        gone = [
            Miss(award.offer, "returned", {}, tuple(number for number, _ in award.lines))
            for award in awards
        ]
        rest.misses = [*whole.misses, *gone]
        return conclude(rest, [])
    rest.misses = whole.misses
    afresh = {award.offer: award for award in award_all(open_order(after, book, member, budgets))}
    kept = [_keep(award, afresh, whole, rest, policy) for award in awards]
    kept = [award for award in kept if award.amount_minor]
    for award in kept:
        rest.draw(book.plan(award.offer, award.version), award.amount_minor)
    return conclude(rest, kept)


def _policy_of(original: Decision, book: Rulebook) -> ReturnPolicy:
    """The policy of the contract that the first decision names; with none, all is decided again."""
    for ref, version in original.contracts:
        if ref == original.policy_contract:
            return book.contract(ref, version).returns
    return ReturnPolicy.REDECIDE


def as_bought(purchase: Purchase) -> Purchase:
    """Return the purchase as it was before anything came back; itself when nothing did."""
    if not any(line.returned_quantity or line.returned_minor for line in purchase.lines):
        return purchase
    lines = tuple(line._replace(returned_quantity=0, returned_minor=0) for line in purchase.lines)
    return replace(purchase, lines=lines)


def _keep(
    award: Award, afresh: Mapping[str, Award], whole: Order, rest: Order, policy: ReturnPolicy
) -> Award:
    """Return what is left of an award: line by line, or all lines alike.

    A share of the commission follows the commission, which its source has already corrected for the return.
    """
    if award.effect == "commission_share" and award.offer in afresh:
        return afresh[award.offer]
    bases = dict(zip(rest.numbers, rest.bases, strict=True))
    was = dict(zip(whole.numbers, whole.bases, strict=True))
    if policy is ReturnPolicy.BY_LINE:
        ratios = {number: Fraction(bases[number], was[number]) for number, _ in award.lines}
    else:
        ratios = dict.fromkeys(
            (number for number, _ in award.lines), Fraction(rest.base_minor, whole.base_minor)
        )
    by_funder: dict[tuple[str, str], int] = {}
    by_line: dict[int, int] = {}
    for funders, numbers in _by_funders(award, whole):
        exact = {
            number: minor * ratios[number] for number, minor in award.lines if number in numbers
        }
        total = _rounded(sum(exact.values(), Fraction(0)))
        by_line |= dict(zip(exact, _spread(total, list(exact.values())), strict=True))
        for (kind, ref, _), part in zip(
            funders, allocate(total, [share for _, _, share in funders]), strict=True
        ):
            by_funder[kind, ref] = by_funder.get((kind, ref), 0) + part
    amount = sum(by_line.values())
    return award._replace(
        base_minor=sum(bases[number] for number, _ in award.lines),
        uncapped_minor=amount,
        amount_minor=amount,
        cap=None,
        funders=tuple((kind, ref, minor) for (kind, ref), minor in by_funder.items() if minor),
        lines=tuple(sorted(by_line.items())),
        facts={**award.facts, "kept_of_minor": award.amount_minor},
    )


def _by_funders(award: Award, whole: Order) -> list[tuple[Funders, set[int]]]:
    """The line numbers of an award by who pays for them."""
    awarded = {number for number, _ in award.lines}
    found: dict[Funders, set[int]] = {}
    for slot, rows in whole.groups.items():
        for plan, funders, _ in slot.entries:
            if plan.ref == award.offer and plan.version == award.version:
                found.setdefault(funders, set()).update(
                    awarded.intersection(whole.numbers[row] for row in rows)
                )
    return list(found.items())


def _rounded(exact: Fraction) -> int:
    return divide(exact.numerator, exact.denominator, Rounding.HALF_UP)


def _spread(total: int, exact: list[Fraction]) -> list[int]:
    """Split a rounded total over exact shares by largest remainder, ties to the earlier line."""
    parts = [int(share) for share in exact]
    by_rest = sorted(range(len(exact)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_rest[: total - sum(parts)]:
        parts[i] += 1
    return parts
