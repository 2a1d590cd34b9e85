"""The rows of a chunk of purchases, rendered as COPY text while deciding and written together.

Every table gets its rows straight, without a stage: keys were checked under locks before, and a writer that
was faster is noticed by the primary key, which makes the whole chunk start again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache, partial
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.bookings.earning import PartAmounts
from cagnotte.domain.chart import Account
from cagnotte.domain.ids import derived_id
from cagnotte.domain.rating.decision import CounterUse
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import services as ledger
from cagnotte.platform.behind import Behind
from cagnotte.platform.sql import escape, load, rows_text, write_text

Connection = psycopg.Connection[Any]
SQL = load("ingest")
NULL = "\\N"

FEW = 50
"""So few messages are written at once: to hand them to another thread would cost more."""

COLUMNS: dict[LiteralString, LiteralString] = {
    "purchases_observation": (
        "id, source_id, delivery_key, content_hash, purchase_id, row_number, outcome, received_at"
    ),
    "purchases_observationbody": "observation_id, body",
    "purchases_purchase": (
        "id, programme_id, source_id, native_id, wallet_id, bucket, member_id, merchant_id, order_ref, occurred_at, "
        "occurred_on, currency, amount_minor, validation, reason, version, content_hash, reported_at, file_id, "
        "confirmed_on, release_on, answer_by, event_on, blocks, attributed_by"
    ),
    "purchases_purchaseversion": "id, purchase_id, bucket, number, recorded_at, event, validation, reason, facts",
    "rewards_reward": (
        "purchase_id, programme_id, wallet_id, bucket, merchant_id, currency, base_minor, amount_minor, "
        "released_minor, voucher_minor, kept_minor, decision_id, vouchered_minor"
    ),
    "rewards_decision": "id, purchase_id, bucket, decision, frozen, rules_at",
    "rewards_rewardpart": (
        "purchase_id, bucket, position, funder_kind, funder_id, contract_id, commission_minor, reward_minor, "
        "share_minor, margin_minor, billed_minor, paid_minor, written_off_minor"
    ),
}
"""The tables a purchase is written to, in the order they are written, with their columns."""


BEFORE = {"rewards_rewardpart": ","}
"""Columns that stand before those in a table's rows and fill themselves; all others are in the table's own order."""

Lines = dict[str, list[str]]


def _no_lines() -> Lines:
    return {table: [] for table in COLUMNS}


@dataclass(slots=True)
class Recording:
    """The rows of one chunk. `lines` holds COPY text by table; `stage` the ledger's, `accounts` those it uses.

    batch_id: named after the first transaction, which is posted once, so that no two batches share it.
    """

    batch_id: UUID | None = None
    lines: Lines = field(default_factory=_no_lines)
    stage: list[str] = field(default_factory=list)
    accounts: set[Account] = field(default_factory=set)
    counters: dict[tuple[UUID, str, date], list[int]] = field(default_factory=dict)

    @property
    def orders(self) -> int:
        """How many messages have rows here that are not written yet."""
        return len(self.lines["purchases_observation"])

    def book(self, transaction: Transaction | None) -> None:
        """Add a transaction to the chunk's batch; None (nothing moves) adds nothing."""
        if transaction is not None:
            if self.batch_id is None:
                self.batch_id = derived_id(transaction.recorded_at, "batch", transaction.id)
            self.stage.append(ledger.render(transaction))
            self.accounts.update([entry.account for entry in transaction.entries])

    def count(self, wallet_id: UUID, bucket: int, use: CounterUse, sign: int) -> None:
        """Add what a purchase uses of a counter; sign −1 takes it back."""
        entry = self.counters.setdefault((wallet_id, use.name, use.period), [bucket, 0, 0])
        entry[1] += sign * use.amount_minor
        entry[2] += sign * use.count

    def send_on(self, connection: Connection, behind: Behind) -> None:
        """Have what is here written behind the caller's back, and be empty again; counters wait for the end.

        The entries become a batch of their own. That locks balance rows before the chunk is decided to its end,
        and harms nobody: whoever wants them holds their wallets first, which this chunk does.
        """
        piece = Recording(self.batch_id, self.lines, self.stage, self.accounts)
        self.batch_id, self.lines, self.stage, self.accounts = None, _no_lines(), [], set()
        behind.do(partial(piece.write, connection))

    def send_rest(self, connection: Connection, behind: Behind) -> None:
        """Have the rest written, counters too: behind the caller's back when there is much, else at once."""
        if self.orders < FEW or not self.stage:
            behind.settle()
            self.write(connection)
        else:
            behind.do(partial(self.write, connection))

    def write(self, connection: Connection) -> None:
        """Write everything: rows, counters, then the ledger, whose balance rows are locked last."""
        for table, columns in COLUMNS.items():
            write_text(connection, table, columns, self.lines[table])
        self._write_counters(connection)
        if self.batch_id is not None:
            ledger.post_rendered(connection, self.stage, self.accounts, batch_id=self.batch_id)

    def write_few(self, connection: Connection) -> None:
        """Write the little there is, for calls that wait: three statements, whose answers nobody waits for here."""
        rows = [rows_text(self.lines[table], before=BEFORE.get(table, "")) for table in COLUMNS]
        if self.batch_id is not None:
            ledger.open_accounts_blindly(connection, self.accounts)
        rows.append(ledger.staged_text(self.stage, batch_id=self.batch_id))
        # Raw: the driver keeps no long statement that it has had to translate.
        with psycopg.RawCursor(connection) as cursor:
            cursor.execute(SQL.write_few, [*rows, *self._counter_arrays().values()])
        if self.batch_id is not None:
            ledger.post_blindly(connection, batch_id=self.batch_id)

    def _write_counters(self, connection: Connection) -> None:
        if self.counters:
            connection.execute(SQL.add_counters, self._counter_arrays())

    def _counter_arrays(self) -> dict[str, str]:
        """Return what is added to counters, one array per column; the driver would take three times as long."""
        moved = [(key, entry) for key, entry in self.counters.items() if entry[1] or entry[2]]
        return {
            "wallet_ids": array_text([f"{key[0].int:032x}" for key, _ in moved]),
            "buckets": array_text([str(entry[0]) for _, entry in moved]),
            "names": array_text([quoted(key[1]) for key, _ in moved]),
            "periods": array_text([key[2].isoformat() for key, _ in moved]),
            "amounts": array_text([str(entry[1]) for _, entry in moved]),
            "counts": array_text([str(entry[2]) for _, entry in moved]),
        }


class Version(NamedTuple):
    """What identifies a version of a purchase and says what it is."""

    id: UUID
    purchase_id: UUID
    bucket: int
    number: int
    event: str
    validation: str
    reason: str


def version_line(version: Version, recorded_at: str, facts: bytes | None) -> str:
    """Render one row of purchases_purchaseversion; facts None: the same as the version before."""
    text = NULL if facts is None else escape(facts.decode())
    version_id, purchase_id, bucket, number, event, validation, reason = version
    return (
        f"{version_id.int:032x}\t{purchase_id.int:032x}\t{bucket}\t{number}\t{recorded_at}\t{event}\t{validation}"
        f"\t{reason}\t{text}"
    )


def decision_line(version: Version, decision: object, frozen: object, rules_at: str) -> str:
    """Render one row of rewards_decision, made for a version."""
    return (
        f"{version.id.int:032x}\t{version.purchase_id.int:032x}\t{version.bucket}\t{json_text(decision)}"
        f"\t{json_text(frozen)}\t{rules_at}"
    )


def part_line(
    purchase_id: UUID, bucket: int, position: int, part: PartAmounts, contract_id: UUID | None
) -> str:
    """Render one new row of rewards_rewardpart."""
    contract = NULL if contract_id is None else f"{contract_id.int:032x}"
    return (
        f"{purchase_id.int:032x}\t{bucket}\t{position}\t{part.funder_kind}\t{part.funder_id.int:032x}\t{contract}"
        f"\t{part.commission_minor}\t{part.reward_minor}\t{part.share_minor}\t{part.margin_minor}\t0\t0\t0"
    )


def bytea(raw: str, encoding: str) -> str:
    """Render text as a bytea value in COPY's text format; plain ASCII, the usual case, as it stands."""
    if raw.isascii() and "\\" not in raw and "\x00" not in raw:
        return escape(raw)
    return "\\\\x" + raw.encode(encoding, errors="surrogateescape").hex()


def json_text(data: object) -> str:
    """Render JSON for COPY; it holds no line end or tab, those being written as escapes."""
    text = orjson.dumps(data).decode()
    return text.replace("\\", "\\\\") if "\\" in text else text


def array_text(texts: Iterable[str]) -> str:
    """Render an array as PostgreSQL reads it, much faster than the driver does; texts are `quoted` before."""
    return "{" + ",".join(texts) + "}"


@lru_cache(maxsize=10_000)
def quoted(name: str) -> str:
    """Render a text as an element of `array_text`."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
