"""Names that must be defined once, and references that must lead somewhere."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from cagnotte.catalog.programme_file import schema
from cagnotte.catalog.programme_file.building import CategoryNode
from cagnotte.catalog.programme_file.connected_sources import ConnectedSection
from cagnotte.catalog.programme_file.problems import Loc, meant
from cagnotte.catalog.programme_file.reading import Source

Report = Callable[[Loc, str, str], None]
"""Takes the place, the sentence and the code of a problem."""

LISTS = ("merchants", "brands", "networks", "contracts", "offers", "sources", "shop_categories")
"""Flat lists of entries with a reference."""

FUNDER_LISTS = {"merchant": "merchants", "brand": "brands", "network": "networks"}


class Declared(NamedTuple):
    """The references the file defines, by list, those of faulty entries included; None where the list is not known."""

    merchants: frozenset[str] | None
    brands: frozenset[str] | None
    networks: frozenset[str] | None
    categories: frozenset[str] | None
    shop_categories: frozenset[str] | None


def declared(source: Source) -> Declared:
    """Collect what the raw file defines.

    A faulty entry, or a list that cannot be read, does not make its users look faulty too.
    """
    return Declared(
        *(
            None if (name,) in source.unread else frozenset(_refs(source.data.get(name)))
            for name in Declared._fields
        )
    )


def _refs(entries: object) -> Iterator[str]:
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            if isinstance(entry.get("ref"), str):
                yield entry["ref"]
            yield from _refs(entry.get("children"))


def check_unique(
    file: schema.ProgrammeFile, categories: Iterable[CategoryNode], report: Report
) -> None:
    """Report names that are defined twice."""
    lists: dict[str, list[tuple[str, Loc]]] = {
        name: [(section.ref, (name, index)) for index, section in enumerate(getattr(file, name))]
        for name in LISTS
    }
    lists["categories"] = [(node.ref, node.loc) for node in categories]
    for name, entries in lists.items():
        counts = Counter(ref for ref, _ in entries)
        seen: set[str] = set()
        for ref, loc in entries:
            if counts[ref] > 1 and ref in seen:
                report((*loc, "ref"), f"“{ref}” is defined twice in {name}.", "duplicate_ref")
            seen.add(ref)


def check_references(
    file: schema.ProgrammeFile, categories: list[CategoryNode], known: Declared, report: Report
) -> None:
    """Report references to merchants, brands, networks and categories that are not defined."""
    for ref, where, loc in _uses(file):
        names: frozenset[str] | None = getattr(known, where)
        if names is not None and ref not in names:
            singular = where.replace("_", " ").replace("categories", "category").removesuffix("s")
            report(
                loc,
                f"There is no {singular} “{ref}” in {where}{meant(ref, names) or '.'}",
                "unknown_reference",
            )
    if known.categories is not None:
        _check_tree(categories, known.categories, report)


def _check_tree(categories: list[CategoryNode], known: frozenset[str], report: Report) -> None:
    parents = {node.ref: node.parent for node in categories}
    for node in categories:
        if node.parent is not None and node.parent not in known:
            report(
                (*node.loc, "parent"),
                f"There is no category “{node.parent}”{meant(node.parent, known) or '.'}",
                "unknown_reference",
            )
        if _leads_to_itself(node.ref, parents):
            report(
                (*node.loc, "parent"),
                f"The category “{node.ref}” lies below itself.",
                "category_cycle",
            )


def _leads_to_itself(ref: str, parents: Mapping[str, str | None]) -> bool:
    seen, above = set[str](), parents.get(ref)
    while above is not None and above not in seen:
        if above == ref:
            return True
        seen.add(above)
        above = parents.get(above)
    return False


Use = tuple[str, str, Loc]
"""A reference, the list it must be in, and where it is written."""


def _uses(file: schema.ProgrammeFile) -> Iterator[Use]:
    for index, merchant in enumerate(file.merchants):
        for place, ref in enumerate(merchant.page.categories):
            yield ref, "shop_categories", ("merchants", index, "page", "categories", place)
    for index, contract in enumerate(file.contracts):
        yield from _uses_of_contract(contract, ("contracts", index))
    for index, offer in enumerate(file.offers):
        yield from _uses_of_offer(offer, ("offers", index))
    for index, source in enumerate(file.sources):
        if isinstance(source, ConnectedSection):
            yield from _uses_of_source(source, ("sources", index))


def _uses_of_contract(contract: schema.ContractSection, loc: Loc) -> Iterator[Use]:
    for key, where in FUNDER_LISTS.items():
        ref = getattr(contract, key)
        if ref:
            yield ref, where, (*loc, key)
    yield from _uses_of_products(contract.base.excluded, (*loc, "base", "excluded"))
    for index, commission in enumerate(contract.commissions):
        yield from _uses_of_products(commission.products, (*loc, "commissions", index, "products"))


def _uses_of_offer(offer: schema.OfferSection, loc: Loc) -> Iterator[Use]:
    conditions = offer.conditions
    yield from _uses_of_products(conditions, (*loc, "conditions"))
    for key in ("merchants", "not_merchants"):
        for index, ref in enumerate(getattr(conditions, key)):
            yield ref, "merchants", (*loc, "conditions", key, index)
    for index, share in enumerate(offer.funding):
        if share.ref and share.by.value in FUNDER_LISTS:
            yield share.ref, FUNDER_LISTS[share.by.value], (*loc, "funding", index, "ref")


def _uses_of_source(source: ConnectedSection, loc: Loc) -> Iterator[Use]:
    if source.merchant is not None:
        yield source.merchant, "merchants", (*loc, "merchant")
    for word, ref in source.merchants.items():
        yield ref, "merchants", (*loc, "merchants", word)


def _uses_of_products(products: schema.ProductsSection | None, loc: Loc) -> Iterator[Use]:
    if products is None:
        return
    for key in ("categories", "not_categories", "brands", "not_brands"):
        for index, ref in enumerate(getattr(products, key)):
            yield ref, key.removeprefix("not_"), (*loc, key, index)
