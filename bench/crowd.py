"""Transactions of purchases by a crowd of members, for benches of the ledger alone.

Four legs each: a funder owes, and what it owes is split between member, shop and margin. Members are 20,000,
funders 50; the shop and the programme's margin are in every transaction.
"""

import random
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

from cagnotte.domain.chart import Account
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import services
from cagnotte.platform import database

SEED = 2024
WALLETS = 20_000
FUNDERS = 50
START = datetime(2026, 1, 1, tzinfo=UTC)

_random = random.Random(SEED)


def _id() -> UUID:
    return UUID(int=_random.getrandbits(128), version=4)


PROGRAMME = _id()
SHOP = _id()
MEMBERS = [Account("member.pending", _id(), PROGRAMME, "EUR") for _ in range(WALLETS)]
_FUNDERS = [Account("funder.accrued", _id(), PROGRAMME, "EUR") for _ in range(FUNDERS)]
_SHARE = Account("merchant.share_pending", SHOP, PROGRAMME, "EUR")
_MARGIN = Account("programme.margin_pending", PROGRAMME, PROGRAMME, "EUR")


def transactions(count: int, *, seed: int = SEED) -> list[Transaction]:
    """Return the first `count` transactions of a seed: one a second, in the order of recording."""
    return list(_made(count, random.Random(seed)))


def _made(count: int, random_: random.Random) -> Iterator[Transaction]:
    for number in range(count):
        member, reward = random_.choice(MEMBERS), random_.randrange(1, 500)
        transaction = Transaction.of(
            [
                (random_.choice(_FUNDERS), reward + 30),
                (member, -reward),
                (_SHARE, -20),
                (_MARGIN, -10),
            ],
            programme_id=PROGRAMME,
            book_id=member.owner_id,
            kind="tracked",
            fact_id=UUID(int=random_.getrandbits(128), version=4),
            occurred_on=date(2026, 1, 1),
            recorded_at=START + timedelta(seconds=number),
        )
        assert transaction is not None
        yield transaction


def open_all() -> None:
    """Open every account: the crowd are members already when the measuring starts."""
    with database.connect() as connection:
        accounts: Sequence[Account] = [*MEMBERS, *_FUNDERS, _SHARE, _MARGIN]
        services.open_accounts(connection, accounts)
