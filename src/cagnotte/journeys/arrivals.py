"""What files of orders and files of answers share: delivery keys, rounds, observations, rejections."""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg.errors import DeadlockDetected, UniqueViolation

from cagnotte.domain.errors import CagnotteError, InvalidRow
from cagnotte.domain.ids import derived_id
from cagnotte.journeys.recording import Recording, bytea
from cagnotte.ledger import services as ledger
from cagnotte.platform.sql import load
from cagnotte.purchases.reading.texts import raw_bytes

Connection = psycopg.Connection[Any]
SQL = load("ingest")

RETRIES_MAX = 5
"""How often a chunk starts again because another writer was faster, before giving up."""


class Message(Protocol):
    """Something that stands in a file: its place, from 1, and its text."""

    @property
    def row_number(self) -> int:
        """The row it starts on."""

    @property
    def raw(self) -> str:
        """Its text as read."""


M = TypeVar("M", bound=Message)
T = TypeVar("T")
K = TypeVar("K", bound=Hashable)


class Rejected(NamedTuple):
    """A message that was not taken, for the file that can be fed back."""

    row_number: int
    raw: str
    error: CagnotteError

    @classmethod
    def of(cls, row_number: int, raw: str, error: CagnotteError) -> Self:
        """Return a rejection that keeps what the error says, and not where it was raised.

        The frames of a traceback hold all that stood in them: here, a whole chunk of orders in a circle.
        """
        error.__cause__ = error.__context__ = None
        return cls(row_number, raw, error.with_traceback(None))

    @property
    def reason(self) -> str:
        """The reason's code."""
        return self.error.reason if isinstance(self.error, InvalidRow) else self.error.code


class Arrived(ABC):
    """Messages of one source, as they are recorded.

    Attributes:
        file_id: the file they came in, None for messages sent one by one.
        encoding: in which their bytes are kept.
    """

    source_id: UUID
    file_id: UUID | None
    encoding: str

    @abstractmethod
    def delivery_key(self, message: Message) -> bytes:
        """Return the 16 bytes under which a message is received once."""

    def undelivered(self, connection: Connection, messages: list[M]) -> list[M]:
        """Return the messages that were not received before."""
        keys = [self.delivery_key(message) for message in messages]
        rows = connection.execute(SQL.known_deliveries, {"source_id": self.source_id, "keys": keys})
        known = {bytes(row[0]) for row in rows}
        return [message for message, key in zip(messages, keys, strict=True) if key not in known]

    def observe(
        self,
        message: Message,
        purchase_id: UUID,
        outcome: str,
        content_hash: bytes,
        now: datetime,
        recording: Recording,
    ) -> None:
        """Record that a message was received, with its bytes apart."""
        key = self.delivery_key(message).hex()
        observation_id = derived_id(now, self.source_id, key)
        recording.lines["purchases_observation"].append(
            f"{observation_id.int:032x}\t{self.source_id.int:032x}\t\\\\x{key}\t\\\\x{content_hash.hex()}"
            f"\t{purchase_id.int:032x}\t{message.row_number}\t{outcome}\t{now.isoformat()}"
        )
        recording.lines["purchases_observationbody"].append(
            f"{observation_id.int:032x}\t{bytea(message.raw, self.encoding)}"
        )

    @abstractmethod
    def keep_rejected(
        self, connection: Connection, rejected: list[Rejected], now: datetime
    ) -> None:
        """Keep what was not taken, with its reason and sentence."""


@dataclass(frozen=True, slots=True)
class ArrivedFile(Arrived):
    """A file known by its bytes."""

    source_id: UUID
    file_id: UUID
    sha256: str
    encoding: str

    def delivery_key(self, message: Message) -> bytes:
        """Return the key of a row: the file's hash and its number."""
        return _key(f"{self.sha256}:{message.row_number}")

    def keep_rejected(
        self, connection: Connection, rejected: list[Rejected], now: datetime
    ) -> None:
        """Write what was not taken, once per row and reason."""
        if rejected:
            connection.execute(
                SQL.reject,
                {
                    "file_id": self.file_id,
                    "now": now,
                    "rows": [row.row_number for row in rejected],
                    "reasons": [row.reason for row in rejected],
                    "sentences": [row.error.sentence for row in rejected],
                    "raws": [raw_bytes(row.raw, self.encoding) for row in rejected],
                },
            )


@dataclass(frozen=True, slots=True)
class ArrivedMessages(Arrived):
    """Messages sent one by one; the sender hears at once of what was not taken.

    event_ids: what the source calls each of them; a message's row number, from 1, says which is its.
    """

    source_id: UUID
    event_ids: Sequence[str]
    file_id: None = None
    encoding: str = "utf-8"

    def delivery_key(self, message: Message) -> bytes:
        """Return the key of a message: what the source calls it."""
        return _key(self.event_ids[message.row_number - 1])

    def keep_rejected(
        self, connection: Connection, rejected: list[Rejected], now: datetime
    ) -> None:
        """Keep nothing: whoever sent it still has it, and is told."""


def _key(name: str) -> bytes:
    return hashlib.blake2b(name.encode(errors="surrogateescape"), digest_size=16).digest()


def rounds(items: Iterable[T], key: Callable[[T], K]) -> Iterator[dict[K, T]]:
    """Cut items into rounds in which every key comes once; a later item of the same key waits for the next round."""
    waiting = list(items)
    while waiting:
        this_round: dict[K, T] = {}
        later: list[T] = []
        for item in waiting:
            if key(item) in this_round:
                later.append(item)
            else:
                this_round[key(item)] = item
        yield this_round
        waiting = later


def in_one_transaction(
    connection: Connection, take: Callable[[], T], *, pipelined: bool = False
) -> T:
    """Take a chunk in a database transaction of its own; again from its start when another writer was faster.

    pipelined: send statements without waiting for the answer to the one before; for small chunks, without COPY, in a
    session that plans for them.
    """
    for attempt in range(1, RETRIES_MAX + 1):
        try:
            if pipelined:
                return _in_a_pipeline(connection, take)
            with connection.transaction():
                connection.execute(SQL.plan_for_chunks)
                return take()
        except (UniqueViolation, DeadlockDetected):
            # Another writer took one of these messages since we looked; now that it stands, it will be found.
            if attempt == RETRIES_MAX:
                raise
    raise AssertionError("unreachable")


def _in_a_pipeline(connection: Connection, take: Callable[[], T]) -> T:
    """Take a chunk; the statements of the transaction itself go down the pipeline too."""
    try:
        # What the ledger refuses may be told only when the pipeline ends.
        with ledger.refusals(connection), connection.pipeline():
            taken = take()
            connection.commit()
    except BaseException:
        # Only now: inside, what failed after the first error would come up here and keep us from rolling back.
        connection.rollback()
        ledger.forget_opened(connection)
        raise
    ledger.note_committed(connection)
    return taken
