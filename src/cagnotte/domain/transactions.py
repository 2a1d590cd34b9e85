"""A balanced set of legs: the only shape in which money moves.

`Transaction.of` is the one constructor in use; an unbalanced set of legs has no other way to exist.
"""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from cagnotte.domain.chart import Account
from cagnotte.domain.errors import UnbalancedTransaction
from cagnotte.domain.ids import bucket_of, transaction_id


class Entry(NamedTuple):
    """One leg: an account and a signed amount in minor units of its currency (debit +, credit −), never zero."""

    account: Account
    amount_minor: int


class Transaction(NamedTuple):
    """Legs that sum to zero per currency, in one book, caused by one fact.

    Attributes:
        id: derived from `recorded_at` and the fact, so that booking the same fact twice gives the same id.
        kind: the booking that made it, such as "tracked".
        book_id: the wallet's id when a member is concerned, else the programme's.
        fact_id: the purchase version, hold event, payout event … that causes it.
        step: 0, 1 … when one fact causes several transactions.
        occurred_on: the fact's own date. effective_on: the first open day from there on.
        recorded_at: the recording time stored with the fact (never the clock of a replay).
    """

    id: UUID
    programme_id: UUID
    book_id: UUID
    kind: str
    fact_id: UUID
    step: int
    occurred_on: date
    effective_on: date
    recorded_at: datetime
    entries: tuple[Entry, ...]

    @classmethod
    def of(  # noqa: PLR0913 - a transaction is all of this
        cls,
        entries: Iterable[tuple[Account, int]],
        *,
        programme_id: UUID,
        book_id: UUID,
        kind: str,
        fact_id: UUID,
        occurred_on: date,
        recorded_at: datetime,
        effective_on: date | None = None,
        step: int = 0,
    ) -> "Transaction | None":
        """Net the legs per account, leave out zeros, and return the transaction, or None when nothing moves.

        Raises UnbalancedTransaction when the legs do not sum to zero in each currency.
        """
        net: dict[Account, int] = {}
        for account, amount_minor in entries:
            net[account] = net.get(account, 0) + amount_minor
        legs = tuple([Entry(account, amount) for account, amount in net.items() if amount])
        if not legs:
            return None
        _check_balanced(kind, legs)
        return cls(
            id=transaction_id(recorded_at, programme_id, kind, fact_id, step),
            programme_id=programme_id,
            book_id=book_id,
            kind=kind,
            fact_id=fact_id,
            step=step,
            occurred_on=occurred_on,
            effective_on=effective_on or occurred_on,
            recorded_at=recorded_at,
            entries=legs,
        )

    @property
    def bucket(self) -> int:
        """The shard of the transaction's book."""
        return bucket_of(self.book_id)

    @property
    def payload_hash(self) -> bytes:
        """SHA-256 over what is booked; the same id with another hash is a conflict, never overwritten."""
        legs = sorted([(leg.account.hex, leg.amount_minor) for leg in self.entries])
        told = "".join([f"{account}{amount_minor:+}" for account, amount_minor in legs])
        return hashlib.sha256(
            f"{self.kind}|{self.book_id}|{self.occurred_on}|{told}".encode()
        ).digest()


def _check_balanced(kind: str, legs: Iterable[Entry]) -> None:
    sums: dict[str, int] = {}
    for leg in legs:
        sums[leg.account.currency] = sums.get(leg.account.currency, 0) + leg.amount_minor
    off = {currency: amount for currency, amount in sums.items() if amount}
    if off:
        raise UnbalancedTransaction(
            f"The legs of “{kind}” do not sum to zero: {off}.", kind=kind, off=off
        )
