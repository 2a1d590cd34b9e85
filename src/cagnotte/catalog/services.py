"""Writing the catalogue: versions of contracts and offers, categories, products."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from cagnotte.catalog import definitions, models, selectors
from cagnotte.catalog.versions import VersionRow, start_of_change
from cagnotte.domain import ids
from cagnotte.domain.contracts import Contract
from cagnotte.domain.offers import Offer
from cagnotte.platform import sql

SQL = sql.load("catalogue")

PRODUCT_COLUMNS = "line, sku, name, category_ref, brand_ref, gift_card"

Value = TypeVar("Value", Contract, Offer)


class ProductFacts(NamedTuple):
    """One row of a file of products. None: the file says nothing, and what stands stays."""

    line: int
    sku: str
    name: str | None = None
    category_ref: str | None = None
    brand_ref: str | None = None
    gift_card: bool | None = None


class Counts(NamedTuple):
    """How many rows were new, and how many changed what stood; the others changed nothing."""

    new: int
    changed: int


class Change(NamedTuple):
    """What a load does to one contract or offer.

    kind: "new", "changed", "restored" (put back after a removal) or "removed".
    version: the one made, or the one ended. from_day: the first day of the change.
    """

    kind: str
    ref: str
    version: int
    from_day: date


@dataclasses.dataclass(frozen=True)
class VersionedKind(Generic[Value]):
    """How one kind of definition is stored: contracts or offers. `describe` gives the columns people search by."""

    name: str
    model: Any
    encode: Callable[[Value], definitions.Data]
    decode: Callable[[Mapping[str, Any]], Value]
    describe: Callable[[Value], dict[str, str]]


CONTRACTS = VersionedKind[Contract](
    "contract",
    models.Contract,
    definitions.contract_data,
    definitions.contract_from,
    lambda contract: {"funder_kind": contract.funder_kind.value, "funder_ref": contract.funder},
)
OFFERS = VersionedKind[Offer](
    "offer",
    models.Offer,
    definitions.offer_data,
    definitions.offer_from,
    lambda offer: {"name": offer.name, "role": offer.role.value},
)


class Plan(NamedTuple, Generic[Value]):
    """What a load would do: all changes, and those that make a version with the value it holds."""

    changes: list[Change]
    made: list[tuple[Change, Value]]


def plan_versions(
    kind: VersionedKind[Value], programme_id: UUID, values: Sequence[Value], *, today: date
) -> Plan[Value]:
    """Compare a file's contracts or offers with the versions that stand; nothing is written.

    `values` is the whole list: one that stands and is not among them ends. See `catalog.versions` for what a change
    means, and from which day. `today` is the day of the load in the programme's time zone.
    """
    latest = {row.ref: row for row in selectors.version_rows(kind.model, programme_id)}
    made: list[tuple[Change, Value]] = []
    for value in values:
        change = _change(kind, programme_id, value, latest.get(value.ref), today)
        if change:
            made.append((change, _numbered(kind, programme_id, value, change.version)))
    kept = {value.ref for value in values}
    removed: list[Change] = [
        Change("removed", row.ref, row.version, today)
        for row in latest.values()
        if row.ref not in kept and row.removed_on is None
    ]
    return Plan([change for change, _ in made] + removed, made)


def save_versions(
    kind: VersionedKind[Value],
    programme_id: UUID,
    values: Sequence[Value],
    *,
    now: datetime,
    today: date,
) -> list[Change]:
    """Write what `plan_versions` says, inside the caller's transaction; return the changes."""
    plan = plan_versions(kind, programme_id, values, today=today)
    current = kind.model.objects.filter(programme_id=programme_id, closed_at=None)
    for name, facts in (("removed", {"removed_on": today}), ("changed", {})):
        refs = [change.ref for change in plan.changes if change.kind == name]
        current.filter(ref__in=refs).update(closed_at=now, **facts)
    kind.model.objects.bulk_create(
        [
            kind.model(
                id=value.id,
                programme_id=programme_id,
                ref=value.ref,
                version=value.version,
                definition=kind.encode(value),
                valid_from=change.from_day,
                valid_until=value.valid_until,
                known_from=now,
                **kind.describe(value),
            )
            for change, value in plan.made
        ],
        batch_size=1000,
    )
    return plan.changes


def _change(
    kind: VersionedKind[Value],
    programme_id: UUID,
    value: Value,
    standing: VersionRow | None,
    today: date,
) -> Change | None:
    if standing is None:
        return Change("new", value.ref, 1, value.valid_from)
    previous = kind.decode(standing.definition)
    is_removed = standing.removed_on is not None
    if not is_removed and previous == _numbered(kind, programme_id, value, standing.version):
        return None
    from_day = start_of_change(
        today=today,
        new_from=value.valid_from,
        previous_from=previous.valid_from,
        previous_removed=is_removed,
    )
    return Change(
        "restored" if is_removed else "changed", value.ref, standing.version + 1, from_day
    )


def _numbered(kind: VersionedKind[Value], programme_id: UUID, value: Value, version: int) -> Value:
    identity = ids.named_id(programme_id, kind.name, value.ref, version)
    return dataclasses.replace(value, id=identity, version=version)


def save_categories(
    programme_id: UUID, categories: Iterable[tuple[str, str | None, str]]
) -> Counts:
    """Write the tree of categories, as (ref, parent ref, name); those no longer named are removed."""
    wanted = {ref: (parent, name) for ref, parent, name in categories}
    rows = models.Category.objects.filter(programme_id=programme_id)
    standing = {row.ref: row for row in rows}
    fresh = [
        models.Category(programme_id=programme_id, ref=ref, parent_ref=parent, name=name)
        for ref, (parent, name) in wanted.items()
        if ref not in standing
    ]
    changed = []
    for ref, row in standing.items():
        if ref in wanted and (row.parent_ref, row.name) != wanted[ref]:
            row.parent_ref, row.name = wanted[ref]
            changed.append(row)
    gone = standing.keys() - wanted.keys()
    models.Category.objects.bulk_create(fresh, batch_size=5000)
    models.Category.objects.bulk_update(changed, ["parent_ref", "name"], batch_size=1000)
    rows.filter(ref__in=gone).delete()
    return Counts(len(fresh), len(changed) + len(gone))


def save_products(
    connection: psycopg.Connection[Any], programme_id: UUID, products: Iterable[ProductFacts]
) -> Counts:
    """Write products, all at once, inside the caller's transaction. The same rows again change nothing."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(SQL.create_product_stage)
        sql.copy_rows(connection, "product_stage", PRODUCT_COLUMNS, products)
        cursor.execute(SQL.merge_products, {"programme_id": programme_id})
        counts = Counts(*(cursor.fetchone() or (0, 0)))
        cursor.execute(SQL.drop_product_stage)
    return counts
