"""A member's balance and last 20 movements, when the wallet holds 10, 10,000 and 1,000,000 entries.

    PYTHONPATH=src .venv/bin/python -m bench.movements [--quick]

What a member's page asks: five balances and the newest movements with their facts; and the next page, which starts
where this one ends. All three wallets are in one ledger, so that the tables are as large for each.
"""

import statistics
import time
from collections.abc import Callable
from uuid import UUID, uuid4

from bench import crowd, table
from bench.scene import scene
from bench.table import Row
from cagnotte.ledger import selectors
from cagnotte.platform import database

SIZES = (10, 10_000, 1_000_000)
READS = 200
ROUNDS = 5

# The entries are written as the administrator, without guards: only their number matters here.
FILL = """
WITH made AS (
    INSERT INTO ledger_transaction (bucket, id, programme_id, book_id, kind, fact_id, step, batch_id, occurred_on,
                                    effective_on, recorded_at, legs, payload_hash)
    SELECT 7, (lpad(to_hex(1700000000000 + n * 1000), 12, '0') || '8' || substr(md5(%(wallet)s || n::text), 1, 3)
               || '8' || substr(md5(%(wallet)s || n::text), 4, 15))::uuid,
           %(programme)s, %(wallet)s::uuid, 'tracked', gen_random_uuid(), 0, %(batch)s, '2026-01-01', '2026-01-01',
           to_timestamp(1700000000 + n), 2, '\\x00'
    FROM generate_series(1, %(count)s) AS n
    RETURNING bucket, id, book_id, batch_id
)
INSERT INTO ledger_entry (bucket, transaction_id, leg, book_id, account_id, currency, amount_minor, effective_on,
                          batch_id, row_mode)
SELECT bucket, id, 1, book_id, %(account)s, 'EUR', -5, '2026-01-01', batch_id, true FROM made
"""


def measure(*, quick: bool = False) -> list[Row]:
    """Compare the wallets."""
    sizes = tuple(size // 10 if quick and size > 10 else size for size in SIZES)
    with scene(crowd.open_all) as made, made.fresh() as name:
        wallets = {size: crowd.MEMBERS[number].owner_id for number, size in enumerate(sizes)}
        with made.admin(name) as connection:
            connection.execute("SET session_replication_role = replica")
            for number, size in enumerate(sizes):
                table.say(f"a wallet of {size:,} entries")
                facts = {"wallet": str(wallets[size]), "account": crowd.MEMBERS[number].id}
                facts |= {"programme": crowd.PROGRAMME, "batch": uuid4(), "count": size}
                connection.execute(FILL, facts)
            connection.execute("VACUUM ANALYZE")
        with database.connect(autocommit=True) as connection:
            milliseconds = table.alternate(
                {str(size): page(connection, wallet) for size, wallet in wallets.items()},
                rounds=ROUNDS,
            )
    small, *larger = (milliseconds[str(size)] for size in sizes)
    return [
        Row.at_most(
            f"balance and last 20 movements, wallet of {size:,} entries against one of {sizes[0]}",
            taken / small,
            1.5,
            detail=f"{taken:.2f} ms against {small:.2f} ms",
        )
        for size, taken in zip(sizes[1:], larger, strict=True)
    ]


def page(connection: selectors.Connection, wallet: UUID) -> Callable[[], float]:
    """Return what reads a member's page many times and gives the median, in milliseconds."""

    def read() -> float:
        taken = []
        for _ in range(READS):
            started = time.perf_counter()
            selectors.member_balances(connection, [wallet], crowd.PROGRAMME, "EUR")
            selectors.movements(connection, wallet, crowd.PROGRAMME, "EUR", count=20)
            taken.append(time.perf_counter() - started)
        return statistics.median(taken) * 1000

    return read


if __name__ == "__main__":
    table.main(measure)
