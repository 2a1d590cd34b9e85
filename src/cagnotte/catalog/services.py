"""Writing the catalogue: versions of contracts and offers, categories, products."""

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, TypeVar, cast
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
Model = type[models.Contract | models.Offer]


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


def save_contracts(
    programme_id: UUID, contracts: Sequence[Contract], *, now: datetime, today: date
) -> list[Change]:
    """Write the contracts of a programme file; see `catalog.versions` for what a change means.

    `contracts` is the whole list: one that stands and is not among them ends. `today` is the day of `now` in the
    programme's time zone. Runs inside the caller's transaction.
    """
    store = _Store(
        models.Contract,
        programme_id,
        definitions.contract_data,
        definitions.contract_from,
        now,
        today,
    )
    return store.save(
        contracts,
        lambda contract: {"funder_kind": contract.funder_kind.value, "funder_ref": contract.funder},
    )


def save_offers(
    programme_id: UUID, offers: Sequence[Offer], *, now: datetime, today: date
) -> list[Change]:
    """Write the offers of a programme file, as `save_contracts` does contracts."""
    store = _Store(
        models.Offer, programme_id, definitions.offer_data, definitions.offer_from, now, today
    )
    return store.save(offers, lambda offer: {"name": offer.name, "role": offer.role.value})


def plan_contracts(
    programme_id: UUID, contracts: Sequence[Contract], *, now: datetime, today: date
) -> list[Change]:
    """Say what `save_contracts` would do; nothing is written."""
    store = _Store(
        models.Contract,
        programme_id,
        definitions.contract_data,
        definitions.contract_from,
        now,
        today,
    )
    return store.plan(contracts)[0]


def plan_offers(
    programme_id: UUID, offers: Sequence[Offer], *, now: datetime, today: date
) -> list[Change]:
    """Say what `save_offers` would do; nothing is written."""
    store = _Store(
        models.Offer, programme_id, definitions.offer_data, definitions.offer_from, now, today
    )
    return store.plan(offers)[0]


class _Store:
    """Compares definitions with the versions that stand, and writes the difference."""

    def __init__(
        self,
        model: Model,
        programme_id: UUID,
        encode: Callable[[Any], definitions.Data],
        decode: Callable[[Any], Any],
        now: datetime,
        today: date,
    ) -> None:
        self._model = model
        self._kind = model.__name__.lower()
        self._programme_id = programme_id
        self._encode, self._decode = encode, decode
        self._now, self._today = now, today

    def save(
        self, values: Sequence[Value], describe: Callable[[Value], dict[str, str]]
    ) -> list[Change]:
        """Write what changed; return it."""
        changes, made = self.plan(values)
        self._close(changes)
        self._model._default_manager.bulk_create(
            [
                self._model(
                    id=value.id,
                    programme_id=self._programme_id,
                    ref=value.ref,
                    version=value.version,
                    definition=self._encode(value),
                    valid_from=change.from_day,
                    valid_until=value.valid_until,
                    known_from=self._now,
                    **describe(value),
                )
                for change, value in made
            ],  # type: ignore[arg-type]  # one model at a time
            batch_size=1000,
        )
        return changes

    def plan(self, values: Sequence[Value]) -> tuple[list[Change], list[tuple[Change, Value]]]:
        """Return all changes, and those that make a version with the value it holds."""
        latest = {row.ref: row for row in selectors.version_rows(self._model, self._programme_id)}
        made = [
            (change, self._numbered(value, change.version))
            for value in values
            if (change := self._change(value, latest.get(value.ref)))
        ]
        kept = {value.ref for value in values}
        removed = [
            Change("removed", row.ref, row.version, self._today)
            for row in latest.values()
            if row.ref not in kept and row.removed_on is None
        ]
        return [change for change, _ in made] + removed, made

    def _change(self, value: Contract | Offer, standing: VersionRow | None) -> Change | None:
        if standing is None:
            return Change("new", value.ref, 1, value.valid_from)
        previous = self._decode(standing.definition)
        is_removed = standing.removed_on is not None
        if not is_removed and previous == self._numbered(value, standing.version):
            return None
        from_day = start_of_change(
            today=self._today,
            new_from=value.valid_from,
            previous_from=previous.valid_from,
            previous_removed=is_removed,
        )
        return Change(
            "restored" if is_removed else "changed", value.ref, standing.version + 1, from_day
        )

    def _numbered(self, value: Value, version: int) -> Value:
        identity = ids.named_id(self._programme_id, self._kind, value.ref, version)
        return cast("Value", dataclasses.replace(value, id=identity, version=version))

    def _close(self, changes: list[Change]) -> None:
        current = self._model._default_manager.filter(
            programme_id=self._programme_id, closed_at=None
        )
        removed = [change.ref for change in changes if change.kind == "removed"]
        replaced = [change.ref for change in changes if change.kind == "changed"]
        current.filter(ref__in=removed).update(closed_at=self._now, removed_on=self._today)
        current.filter(ref__in=replaced).update(closed_at=self._now)


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
