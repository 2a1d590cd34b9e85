"""What offers reach, compared: where two can meet on one line, and where one holds whenever another does."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, time
from itertools import combinations
from typing import TypeVar

from cagnotte.domain.contracts import Products
from cagnotte.domain.offers import Conditions, Offer

T = TypeVar("T")

Parents = Mapping[str, str | None]
"""Category → the one above it."""

ANY_COUPON, NO_COUPON = "any", "none"


def path_of(category: str, parents: Parents) -> list[str]:
    """Return a category and all those above it, lowest first."""
    path = [category]
    while (above := parents.get(path[-1])) is not None and above not in path:
        path.append(above)
    return path


def lists_of(products: Products) -> dict[str, frozenset[str]]:
    """Return the lists that a choice of products names, the narrowest kind first: sku, brand, category."""
    lists = {"sku": products.skus, "brand": products.brands, "category": products.categories}
    return {kind: names for kind, names in lists.items() if names}


def is_kept_out(kind: str, name: str, products: Products, parents: Parents) -> bool:
    """Say whether a choice of products excludes everything of that name."""
    if kind == "category":
        return not products.not_categories.isdisjoint(path_of(name, parents))
    return name in (products.not_skus if kind == "sku" else products.not_brands)


# ---- meeting ----------------------------------------------------------------------------------------------------


def ties(offers: Iterable[Offer], parents: Parents) -> Iterator[tuple[Offer, Offer, str]]:
    """Give pairs of offers that can match one line at one time with equal priority and specificity, and where.

    Two offers are equally specific on a line when they name the same kinds of lists, and take it in by the same
    names. Each pair comes once, with words for the first place where it meets.
    """
    shelves: dict[tuple[int, bool, tuple[str, ...], str], list[Offer]] = {}
    for offer in offers:
        kinds = lists_of(offer.conditions.products)
        # The narrowest list alone files an offer; the other lists are compared when two meet on its shelf.
        for name in sorted(next(iter(kinds.values()), [""])):
            key = (offer.priority, bool(offer.conditions.merchants), tuple(kinds), name)
            shelves.setdefault(key, []).append(offer)
    seen: set[tuple[str, str]] = set()
    for shelf in shelves.values():
        for one, other in combinations(shelf, 2):
            if (one.ref, other.ref) in seen or not can_meet(one, other):
                continue
            place = _common_names(one, other, parents)
            if place is not None:
                seen.add((one.ref, other.ref))
                yield one, other, " and ".join(place) or "any product"


def _common_names(one: Offer, other: Offer, parents: Parents) -> list[str] | None:
    """For each list that both offers name, words for the first name they share; None when they share none."""
    a, b = one.conditions.products, other.conditions.products
    place = []
    for kind, names in lists_of(a).items():
        shared = [
            name
            for name in sorted(names & lists_of(b)[kind])
            if not is_kept_out(kind, name, a, parents) and not is_kept_out(kind, name, b, parents)
        ]
        if not shared:
            return None
        place.append(f"{kind} “{shared[0]}”")
    return place


def can_meet(one: Offer, other: Offer) -> bool:
    """Say whether two offers can hold for one purchase, their products aside."""
    a, b = one.conditions, other.conditions
    return (
        one.valid_from <= other.valid_until
        and other.valid_from <= one.valid_until
        and _share(
            a.merchants - b.not_merchants, b.merchants - a.not_merchants, a.merchants, b.merchants
        )
        and all(_common(x, y) for x, y in _choices(a, b))
        and _coupons_meet(a.coupon, b.coupon)
        and not (a.segments and a.segments <= b.not_segments)
        and not (b.segments and b.segments <= a.not_segments)
        and _hours_meet(a, b)
    )


def _choices(a: Conditions, b: Conditions) -> Iterator[tuple[frozenset[object], frozenset[object]]]:
    yield frozenset(a.channels), frozenset(b.channels)
    yield frozenset(a.countries), frozenset(b.countries)
    yield frozenset(a.weekdays), frozenset(b.weekdays)
    yield frozenset(a.cards), frozenset(b.cards)


def _common(one: frozenset[object], other: frozenset[object]) -> bool:
    """Empty asks nothing."""
    return not one or not other or not one.isdisjoint(other)


def _share(
    one: frozenset[str], other: frozenset[str], one_asks: frozenset[str], other_asks: frozenset[str]
) -> bool:
    """Whether a shop is left that both take; without a list, there is always another shop."""
    if one_asks and other_asks:
        return not one.isdisjoint(other)
    return bool(one or not one_asks) and bool(other or not other_asks)


def _coupons_meet(one: str | None, other: str | None) -> bool:
    asked = {one, other} - {None}
    return NO_COUPON not in asked or len(asked) == 1


def _hours_meet(a: Conditions, b: Conditions) -> bool:
    if a.hours is None or b.hours is None:
        return True
    return any(
        start < until and since < end
        for start, end in _spans(a.hours)
        for since, until in _spans(b.hours)
    )


def _spans(hours: tuple[time, time]) -> Iterator[tuple[time, time]]:
    """The hours, cut at midnight."""
    start, end = hours
    if start < end:
        yield start, end
    else:
        yield start, time.max
        yield time.min, end


# ---- covering ---------------------------------------------------------------------------------------------------


def covers(outer: Offer, inner: Offer, parents: Parents) -> bool:
    """Say whether `outer` holds on every line on which `inner` holds. May say no where the answer is yes."""
    a, b = outer.conditions, inner.conditions
    return (
        outer.valid_from <= inner.valid_from
        and inner.valid_until <= outer.valid_until
        and _covers_shops(a, b)
        and all(not x or (y and y <= x) for x, y in _choices(a, b))
        and (not a.segments or bool(b.segments and b.segments <= a.segments))
        and a.not_segments <= b.not_segments
        and (a.hours is None or a.hours == b.hours)
        and a.minimum_basket_minor <= b.minimum_basket_minor
        and a.minimum_quantity <= b.minimum_quantity
        and a.first in (None, b.first)
        and (
            a.coupon in (None, b.coupon)
            or (a.coupon == ANY_COUPON and b.coupon not in (None, NO_COUPON))
        )
        and covers_products(a.products, b.products, parents)
    )


def _covers_shops(a: Conditions, b: Conditions) -> bool:
    named = not a.merchants or bool(b.merchants and b.merchants <= a.merchants)
    return named and a.not_merchants <= (
        b.not_merchants | (b.merchants and a.not_merchants - b.merchants)
    )


def covers_products(outer: Products, inner: Products, parents: Parents) -> bool:
    """Say whether one choice of products takes in all of another. May say no where the answer is yes."""
    wanted, named = lists_of(outer), lists_of(inner)
    return _spares_nothing(outer, inner, parents) and all(
        kind in named and _all_within(kind, named[kind], names, parents)
        for kind, names in wanted.items()
    )


def lies_within(inner: Products, excluded: Products, parents: Parents) -> bool:
    """Say whether everything an offer names is among the products a contract leaves out.

    One list of the contract is enough, as in `meets_any`. May say no where the answer is yes.
    """
    out, named = lists_of(excluded), lists_of(inner)
    return _spares_nothing(excluded, inner, parents) and any(
        kind in named and _all_within(kind, named[kind], names, parents)
        for kind, names in out.items()
    )


def _all_within(kind: str, names: frozenset[str], outer: frozenset[str], parents: Parents) -> bool:
    if kind == "category":
        return all(not outer.isdisjoint(path_of(name, parents)) for name in names)
    return names <= outer


def _spares_nothing(outer: Products, inner: Products, parents: Parents) -> bool:
    """Whether no `not_` list of one choice keeps out a product that another takes in."""
    skus, brands = outer.not_skus - inner.not_skus, outer.not_brands - inner.not_brands
    return (
        (skus.isdisjoint(inner.skus) if inner.skus else not skus)
        and (brands.isdisjoint(inner.brands) if inner.brands else not brands)
        and all(
            is_kept_out("category", name, inner, parents)
            or (inner.categories and _apart(name, inner.categories, parents))
            for name in outer.not_categories
        )
    )


def _apart(category: str, others: Iterable[str], parents: Parents) -> bool:
    """Whether a category lies neither above nor below any of the others."""
    return all(
        category not in path_of(other, parents) and other not in path_of(category, parents)
        for other in others
    )


# ---- contradictions within one offer ------------------------------------------------------------------------------


def contradiction(offer: Offer, parents: Parents) -> str | None:
    """Return why no line can ever match, in words, or None."""
    asked = offer.conditions
    products = asked.products
    if asked.merchants and asked.merchants <= asked.not_merchants:
        return "it excludes every merchant it names"
    if asked.segments and asked.segments <= asked.not_segments:
        return "it excludes every segment it names"
    for kind, names in lists_of(products).items():
        if all(is_kept_out(kind, name, products, parents) for name in names):
            return f"it excludes every {kind} it names"
    return None


def days_meet(offer: Offer, first: date, last: date) -> bool:
    """Say whether an offer is in force on a day from `first` to `last`."""
    return offer.valid_from <= last and first <= offer.valid_until


def every(items: Iterable[T], test: Callable[[T], bool]) -> bool:
    """Say whether there is an item, and all pass the test."""
    found = list(items)
    return bool(found) and all(test(item) for item in found)
