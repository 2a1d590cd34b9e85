"""Eight writers with one merchant in every purchase, against the same purchases spread over fifty merchants.

    PYTHONPATH=src .venv/bin/python -m bench.hot_merchant [--quick]

An account that all writers touch is a queue where it has one row, which each must lock until it has committed. Here
such accounts are appended to, one delta per batch, so nobody waits and the ratio should be 1 or above: batches with
few accounts write fewer deltas. Both sides post as many transactions of four legs for the same members, from as many
processes; only how many merchants and funders share them differs. The programme's own margin is in all of them, on
both sides, as it is in life. Small batches are measured, because they commit, and would queue, most often.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from functools import partial
from uuid import UUID

from bench import crowd, table
from bench.crowd import MEMBERS, PROGRAMME, START
from bench.ledger_post import chunks_of, posting_seconds
from bench.scene import Scene, scene
from bench.table import Row
from cagnotte.domain.chart import Account
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import services
from cagnotte.platform import database

WRITERS = 8
MERCHANTS = 50
SIZES = {10: 8_000, 100: 40_000}
"""Transactions per commit, and how many are posted so: near a single call, and a small batch."""

REACH = 0.8


def merchants(count: int) -> list[tuple[Account, Account]]:
    """Return what each merchant owes for rewards, and its share of what brands give."""
    chance = random.Random(crowd.SEED)
    ids = [UUID(int=chance.getrandbits(128), version=4) for _ in range(count)]
    return [
        (
            Account("funder.accrued", merchant, PROGRAMME, "EUR"),
            Account("merchant.share_pending", merchant, PROGRAMME, "EUR"),
        )
        for merchant in ids
    ]


def purchases(count: int, among: int) -> Iterator[Transaction]:
    """Yield purchases of the crowd, at this many merchants; else the same."""
    chance = random.Random(crowd.SEED)
    margin = Account("programme.margin_pending", PROGRAMME, PROGRAMME, "EUR")
    shops = merchants(among)
    for number in range(count):
        member, reward = chance.choice(MEMBERS), chance.randrange(1, 500)
        owed, share = shops[chance.randrange(MERCHANTS) % among]
        transaction = Transaction.of(
            [(owed, reward + 30), (member, -reward), (share, -20), (margin, -10)],
            programme_id=PROGRAMME,
            book_id=member.owner_id,
            kind="tracked",
            fact_id=UUID(int=chance.getrandbits(128), version=4),
            occurred_on=date(2026, 1, 1),
            recorded_at=START + timedelta(seconds=number),
        )
        assert transaction is not None
        yield transaction


def open_all() -> None:
    """Open every account beforehand: what is measured is posting."""
    crowd.open_all()
    with database.connect() as connection:
        services.open_accounts(connection, [one for both in merchants(MERCHANTS) for one in both])


def compare(made: Scene, size: int, count: int) -> Row:
    """Measure one size of batches in turns; return how the hot side stands against the spread one."""
    sides: dict[str, Sequence[Transaction]] = {
        "spread": list(purchases(count, MERCHANTS)),
        "hot": list(purchases(count, 1)),
    }
    seconds = table.alternate(
        {
            name: partial(posting_seconds, made, chunks_of(transactions, size), WRITERS)
            for name, transactions in sides.items()
        }
    )
    return Row.at_least(
        f"one merchant in every purchase, {WRITERS} writers, batches of {size}",
        seconds["spread"] / seconds["hot"],
        REACH,
        detail=f"{count / seconds['hot']:,.0f}/s against {count / seconds['spread']:,.0f}/s spread",
    )


def measure(*, quick: bool = False) -> list[Row]:
    """Compare one merchant with fifty, in batches of 10 and of 100."""
    with scene(open_all) as made:
        return [
            compare(made, size, count // 8 if quick else count) for size, count in SIZES.items()
        ]


if __name__ == "__main__":
    table.main(measure)
