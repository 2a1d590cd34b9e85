"""Writing sources, the files they sent, and the returns they appended."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.catalog.source_fields import CONNECTED
from cagnotte.domain.errors import Conflict
from cagnotte.domain.ids import derived_id, named_id
from cagnotte.platform.sql import load
from cagnotte.purchases.models import Source
from cagnotte.purchases.return_reports import ReturnReport

SQL = load("ingest")
RETURNS = load("returns")


def source_id_of(programme_id: UUID, ref: str) -> UUID:
    """Return the identity of a source."""
    return named_id("source", programme_id, ref)


def save_source(*, programme_id: UUID, ref: str, kind: str, mapping: dict[str, Any]) -> bool:
    """Write a source and how its files are read; return whether anything changed."""
    source_id = source_id_of(programme_id, ref)
    wanted = {"kind": kind, "mapping": mapping}
    standing = Source.objects.filter(id=source_id).values("kind", "mapping").first()
    if standing == wanted:
        return False
    Source.objects.update_or_create(
        id=source_id,
        defaults=wanted,
        create_defaults={**wanted, "programme_id": programme_id, "ref": ref},
    )
    return True


def check_kind(*, programme_id: UUID, ref: str, kind: str) -> None:
    """Refuse a name whose source is connected and should read files, or the other way round. Raises Conflict."""
    standing = Source.objects.filter(programme_id=programme_id, ref=ref).values_list("kind").first()
    if standing is not None and (standing[0] == CONNECTED) != (kind == CONNECTED):
        was = "is connected" if standing[0] == CONNECTED else "reads files"
        raise Conflict(
            f"The source “{ref}” {was}, and keeps what came from it; give the other one another name.",
            ref=ref,
        )


def known(programme_id: UUID) -> set[str]:
    """Return the references of a programme's sources."""
    return set(Source.objects.filter(programme_id=programme_id).values_list("ref", flat=True))


def open_file(
    connection: psycopg.Connection[Any],
    *,
    source_id: UUID,
    sha256: str,
    name: str,
    size: int,
    now: datetime,
) -> tuple[UUID, bool]:
    """Note that a file is being read; return its id, and whether it was read to its end before."""
    file = {
        "id": derived_id(now, source_id, sha256),
        "source_id": source_id,
        "sha256": sha256,
        "name": name[-255:],
        "size": size,
        "now": now,
    }
    connection.execute(SQL.open_file, file)
    # A statement of its own sees what another has just committed.
    row = connection.execute(SQL.opened_file, file).fetchone()
    connection.commit()
    if row is None:
        raise AssertionError("the file's row is returned, new or old")
    return row[0], row[1] is not None


def finish_file(connection: psycopg.Connection[Any], file_id: UUID, now: datetime) -> None:
    """Note that a file was read to its end."""
    connection.execute(SQL.finish_file, {"id": file_id, "now": now})
    connection.commit()


class KeptReturn(NamedTuple):
    """A return as it is kept in a set: its id, its key, what came back as JSON, and what leads to its order or None."""

    id: UUID
    return_key: str
    items: str
    sought: str | None = None


class ReturnRow(NamedTuple):
    """A message about a return, to be written. outcome: returned, or unchanged for one that is known already.

    kept: the returns it holds; several where it names no order, for each article may be of another.
    """

    id: UUID
    delivery_key: bytes
    report: ReturnReport
    kept: Sequence[KeptReturn]
    outcome: str
    raw: bytes


def keep_returns(
    connection: psycopg.Connection[Any],
    *,
    source_id: UUID,
    rows: Sequence[ReturnRow],
    now: datetime,
) -> None:
    """Write messages about returns as observations, and the new ones into the sets of their orders."""
    if not rows:
        return
    ids = [row.id for row in rows]
    connection.execute(
        RETURNS.observe_returns,
        {
            "source_id": source_id,
            "now": now,
            "ids": ids,
            "keys": [row.delivery_key for row in rows],
            "hashes": [row.report.content_hash for row in rows],
            "rows": [row.report.row_number for row in rows],
            "outcomes": [row.outcome for row in rows],
        },
    )
    connection.execute(RETURNS.keep_bodies, {"ids": ids, "bodies": [row.raw for row in rows]})
    new = [(row.report, one) for row in rows if row.outcome == "returned" for one in row.kept]
    connection.execute(
        RETURNS.keep_returns,
        {
            "source_id": source_id,
            "now": now,
            "ids": [one.id for _, one in new],
            "native_ids": [report.native_id for report, _ in new],
            "return_keys": [one.return_key for _, one in new],
            "items": [one.items for _, one in new],
            "hashes": [report.content_hash for report, _ in new],
            "sought": [one.sought for _, one in new],
        },
    )


def count_returns(connection: psycopg.Connection[Any], purchases: Mapping[UUID, UUID]) -> None:
    """Note which returns count for which purchase: return → purchase, locked before."""
    connection.execute(
        RETURNS.count_returns,
        {"ids": list(purchases), "purchase_ids": list(purchases.values())},
    )
