"""How fast transactions are posted, against COPY of exactly the rows that posting writes.

    .venv/bin/python bench/ledger_post.py [transactions] [chunk]

The limit is the practical one: rows already rendered as text, one client, the same indexes, one commit per chunk,
but no triggers, no foreign keys, no lookups, no balances to keep up. Both run on the same server, one after the
other, in a database made for it and dropped. Four legs each: funder, member, shop and margin.
"""

import os
import random
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
from psycopg import sql

os.environ.setdefault("CAGNOTTE_DATA_DIR", str(Path(__file__).parents[1] / ".data" / "bench"))

from cagnotte.cli.bootstrap import running_database
from cagnotte.domain.chart import Account
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import checks, services
from cagnotte.platform import database
from cagnotte.platform.postgres import SUPERUSER

SEED = 2024
WALLETS = 2_500
TABLES = ("ledger_transaction", "ledger_entry", "ledger_delta", "ledger_batch")
START = datetime(2026, 1, 1, tzinfo=UTC)


@contextmanager
def scratch_database() -> Iterator[None]:
    """A migrated database of its own, dropped afterwards."""
    name = f"cagnotte_bench_{os.getpid()}"
    with running_database(check_tables=False) as url:
        # Django's apps are ready only now.
        from cagnotte.platform import migrations  # noqa: PLC0415

        admin = (
            url
            if database.is_external()
            else database.embedded_server().url("postgres", user=SUPERUSER)
        )
        login = psycopg.conninfo.conninfo_to_dict(url).get("user")
        database.ensure_roles(admin, login=None if database.is_external() else str(login))
        database.ensure_database(psycopg.conninfo.make_conninfo(admin, dbname=name))
        database.use_database(psycopg.conninfo.make_conninfo(url, dbname=name))
        try:
            migrations.migrate()
            yield
        finally:
            database.use_database(None)
            with psycopg.connect(admin, autocommit=True) as connection:
                connection.execute(
                    sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name))
                )


def made(count: int, programme: UUID) -> Iterator[Transaction]:
    """Purchases of two-stage offers by a crowd of members."""
    random_ = random.Random(SEED)
    wallets = [UUID(int=random_.getrandbits(128), version=4) for _ in range(WALLETS)]
    funders = [uuid4() for _ in range(50)]
    shop = uuid4()
    for number in range(count):
        moment = START + timedelta(seconds=number)
        wallet, reward = random_.choice(wallets), random_.randrange(1, 500)
        transaction = Transaction.of(
            [
                (Account("funder.accrued", random_.choice(funders), programme, "EUR"), reward + 30),
                (Account("member.pending", wallet, programme, "EUR"), -reward),
                (Account("merchant.share_pending", shop, programme, "EUR"), -20),
                (Account("programme.margin_pending", programme, programme, "EUR"), -10),
            ],
            programme_id=programme,
            book_id=wallet,
            kind="tracked",
            fact_id=UUID(int=random_.getrandbits(128), version=4),
            occurred_on=date(2026, 1, 1),
            recorded_at=moment,
        )
        assert transaction is not None
        yield transaction


def post_all(chunks: list[list[Transaction]], batch_ids: list[UUID]) -> tuple[float, float]:
    """Post every chunk; return the seconds spent rendering and the seconds spent in the database."""
    rendering = posting = 0.0
    with database.connect() as connection:
        for chunk, batch_id in zip(chunks, batch_ids, strict=True):
            begun = time.perf_counter()
            lines = [services.render(transaction) for transaction in chunk]
            accounts = {entry.account for transaction in chunk for entry in transaction.entries}
            rendered = time.perf_counter()
            services.post_rendered(connection, lines, accounts, batch_id=batch_id)
            connection.commit()
            rendering += rendered - begun
            posting += time.perf_counter() - rendered
        assert checks.verify(connection) == []
    return rendering, posting


def copy_all(batch_ids: list[UUID]) -> float:
    """COPY the rows that stand now into empty tables with the same indexes; return the seconds."""
    with database.connect("owner") as connection:
        for table in TABLES:
            connection.execute(
                sql.SQL("CREATE TABLE {} (LIKE {} INCLUDING INDEXES INCLUDING STORAGE)").format(
                    sql.Identifier(f"limit_{table}"), sql.Identifier(table)
                )
            )
        connection.commit()
        chunks = [
            [(table, rows_of(connection, table, batch)) for table in TABLES] for batch in batch_ids
        ]
        begun = time.perf_counter()
        for chunk in chunks:
            for table, rows in chunk:
                into = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(f"limit_{table}"))
                with connection.cursor().copy(into) as copy:
                    copy.write(rows)
            connection.commit()
        return time.perf_counter() - begun


def rows_of(
    connection: psycopg.Connection[tuple[object, ...]], table: str, batch_id: UUID
) -> bytes:
    """The rows of one batch, in the order they were written, as COPY's text."""
    query = sql.SQL("COPY (SELECT * FROM {} WHERE batch_id = {} ORDER BY ctid) TO STDOUT").format(
        sql.Identifier(table), sql.Literal(batch_id)
    )
    with connection.cursor().copy(query) as copy:
        return b"".join(bytes(part) for part in copy)


def main(arguments: list[str]) -> None:
    count = int(arguments[0]) if arguments else 100_000
    size = int(arguments[1]) if len(arguments) > 1 else 5_000
    transactions = list(made(count, uuid4()))
    chunks = [transactions[first : first + size] for first in range(0, count, size)]
    batch_ids = [
        services.new_batch_id() if hasattr(services, "new_batch_id") else uuid4() for _ in chunks
    ]
    with scratch_database():
        rendering, posting = post_all(chunks, batch_ids)
        limit = copy_all(batch_ids)
    print(f"{count:,} transactions of 4 legs, {size:,} per commit")
    print(f"COPY of the same rows   {count / limit:>10,.0f} /s   1.00")
    print(f"post, already rendered  {count / posting:>10,.0f} /s   {limit / posting:.2f}")
    print(
        f"post, rendering too     {count / (posting + rendering):>10,.0f} /s   {limit / (posting + rendering):.2f}"
    )


if __name__ == "__main__":
    main(sys.argv[1:])
