"""What a purchase costs in space: bytes of tables and indexes, and of write-ahead log.

    PYTHONPATH=src .venv/bin/python -m bench.footprint [--quick]

Measured by importing baskets into a fresh database, and by posting transactions to the ledger alone: how far the
log's position moved, and how much larger the tables are. The log holds whole pages right after a checkpoint, so
small runs count a little too much.
"""

from collections.abc import Callable

from bench import crowd, table
from bench.ledger_post import chunks_of, post_rendered
from bench.replay import fill
from bench.scene import Scene, ingest_seconds, purchases, scene
from bench.table import Row

BASKETS = 15_000
TRANSACTIONS = 40_000

SIZES = """
    SELECT coalesce(sum(pg_relation_size(oid)) FILTER (WHERE relkind = 'r'), 0)::bigint,
           coalesce(sum(pg_relation_size(oid)) FILTER (WHERE relkind = 'i'), 0)::bigint,
           coalesce(sum(pg_total_relation_size(oid)) FILTER (WHERE relkind = 'r'), 0)::bigint,
           pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint
    FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relpersistence = 'p' AND relkind IN ('r', 'i')
"""


def grown(made: Scene, work: Callable[[], object]) -> list[int]:
    """Do some work in a fresh database; return bytes more of tables, indexes, all together with TOAST, and log."""
    with made.fresh() as name, made.admin(name) as connection:
        before = connection.execute(SIZES).fetchone() or ()
        work()
        after = connection.execute(SIZES).fetchone() or ()
        return [int(str(b)) - int(str(a)) for a, b in zip(before, after, strict=True)]


def rows(what: str, grown_by: list[int], count: int) -> list[Row]:
    """Return the two rows of one kind of work."""
    heap, indexes, total, log = (size / count for size in grown_by)
    rest = total - heap - indexes
    detail = (
        f"tables {heap:,.0f}, indexes {indexes:,.0f}, long values {rest:,.0f}; {count:,} of them"
    )
    return [
        Row(f"space per {what}", total, "bytes", detail=detail),
        Row(f"write-ahead log per {what}", log, "bytes"),
    ]


def measure(*, quick: bool = False) -> list[Row]:
    """Measure a purchase through the whole road, and a transaction of the ledger."""
    baskets = BASKETS // 5 if quick else BASKETS
    transactions = TRANSACTIONS // 4 if quick else TRANSACTIONS
    path, chunks = purchases(baskets), chunks_of(crowd.transactions(transactions), 1_000)
    with scene(fill) as made:
        imported = grown(made, lambda: ingest_seconds(path, jobs=1))
        posted = grown(made, lambda: post_rendered(chunks))
    return [
        *rows("purchase of nine lines, all its rows", imported, baskets),
        *rows("ledger transaction of four entries", posted, transactions),
    ]


if __name__ == "__main__":
    table.main(measure)
