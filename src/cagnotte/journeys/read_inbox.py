"""Messages that were kept are read: raw bytes become pieces, pieces change orders, orders are settled.

Reading may be done again at any time, after a plugin was mended or an account set right: the bytes are still there, and
the same pieces change nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.domain.sightings import Verdict
from cagnotte.hooks import manager
from cagnotte.hooks.sources import Unreadable
from cagnotte.inbox import selectors as inbox
from cagnotte.inbox import services
from cagnotte.inbox.folding import reading_context
from cagnotte.inbox.models import Account, Message, Order
from cagnotte.inbox.selectors import Arrived
from cagnotte.inbox.services import MessageRead, Touched, order_id_of
from cagnotte.inbox.tellings import (
    PieceKey,
    Telling,
    Understood,
    counts_over,
    that_count,
    understand,
)
from cagnotte.journeys import attribute, one_order
from cagnotte.journeys.arrivals import in_one_transaction
from cagnotte.journeys.orders import Tally
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.settle_orders import Settled, lock_programme, settle
from cagnotte.platform.sql import load

Connection = psycopg.Connection[Any]
SQL = load("inbox")

CHUNK_MESSAGES = 200
CHUNK_BYTES = 16 * 2**20
"""Messages read in one database transaction: so many, and so large together."""

READ_AGAIN = (Message.State.READ, Message.State.UNREADABLE, Message.State.IGNORED)


@dataclass(slots=True)
class ReadSummary:
    """What reading came to.

    messages: state → how many were left in it. gone: messages that cannot be read again, their bytes being deleted.
    pieces: told for the first time, or anew. settled: what became of the orders.
    """

    messages: Counter[str] = field(default_factory=Counter)
    gone: int = 0
    pieces: int = 0
    wanted: int = 0
    settled: Settled = field(default_factory=Settled)

    def add(self, other: "ReadSummary") -> None:
        """Add what a chunk of messages came to."""
        self.messages += other.messages
        self.pieces += other.pieces
        self.wanted += other.wanted

    @property
    def tally(self) -> Tally:
        """What was recorded."""
        return self.settled.tally

    @property
    def states(self) -> Counter[str]:
        """How many orders were left in each state."""
        return self.settled.states


def read_inbox(
    connection: Connection,
    run: ProgrammeRun,
    account: Account,
    *,
    limit: int | None = None,
) -> ReadSummary:
    """Read an account's new messages in order of arrival, then settle all orders of the programme that are due.

    limit: messages at most. What cannot be read is kept with its reason and holds up nothing else. Interrupted
    anywhere, the same call goes on where it ended; called twice at once, the work is done once. Raises NotFound when
    the account's plugin is not installed.
    """
    reader = _Reader(connection, run, account)
    summary = ReadSummary()
    left = limit
    while left is None or left > 0:
        size = CHUNK_MESSAGES if left is None else min(left, CHUNK_MESSAGES)
        chunk = in_one_transaction(connection, partial(reader.read_new, size))
        if not chunk.messages:
            break
        summary.add(chunk)
        left = None if left is None else left - chunk.messages.total()
    summary.settled = settle(connection, run)
    return summary


def read_new(connection: Connection, run: ProgrammeRun, account: Account) -> None:
    """Read an account's new messages inside the caller's transaction; what changed is due, and settled later.

    Raises NotFound when the account's plugin is not installed.
    """
    reader = _Reader(connection, run, account)
    while reader.read_new(CHUNK_MESSAGES).messages:
        pass


def replay(
    connection: Connection,
    run: ProgrammeRun,
    account: Account,
    *,
    messages: Sequence[int] | None = None,
    state: str | None = None,
    since: datetime | None = None,
) -> ReadSummary:
    """Read messages of an account again, from their bytes, and settle what changes by it.

    messages: these numbers; state: those left in a state of messages (such as "unreadable"), or the orders left in a
    state of orders (such as "rejected"), which are settled again without reading; since: those received since. None of
    them: all. The pieces end as if these messages had been read only now; where that changes none, nothing changes.
    Raises InvalidInput for an unknown state, NotFound when the account's plugin is not installed.
    """
    if state is not None and state in Order.State.values:
        return settle_again(connection, run, accounts=[account], states=[state], since=since)
    if state is not None and state not in Message.State.values:
        known = ", ".join([*Message.State.values, *Order.State.values])
        raise InvalidInput(f"There is no state “{state}”; there is {known}.", state=state)
    reader = _Reader(connection, run, account)
    ids = inbox.ids_of_messages(
        connection,
        account.id,
        states=[state] if state else READ_AGAIN,
        ids=messages,
        since=since,
    )
    again = reader.understood_again(ids)
    summary = in_one_transaction(connection, partial(reader.take, again, again=True))
    summary.gone = len(ids) - len(again.read)
    summary.settled = settle(connection, run)
    return summary


def settle_again(
    connection: Connection,
    run: ProgrammeRun,
    *,
    accounts: Iterable[Account],
    states: Iterable[str],
    since: datetime | None = None,
) -> ReadSummary:
    """Settle orders again that were left in some states: a merchant was named, a member enrolled, a click claimed."""
    values = {
        "account_ids": [account.id for account in accounts],
        "states": list(states),
        "since": since,
    }
    with connection.transaction():
        lock_programme(connection, run.id)
        connection.execute(SQL.mark_due_by_state, values)
    return ReadSummary(settled=settle(connection, run))


def attribute_again(
    connection: Connection, run: ProgrammeRun, *, since: datetime | None = None
) -> ReadSummary:
    """Look again for the members of a programme's orders that are nobody's yet."""
    accounts = inbox.accounts_of(run.id).values()
    return settle_again(
        connection, run, accounts=accounts, states=[Order.State.UNATTRIBUTED], since=since
    )


def attribute_to(
    connection: Connection, run: ProgrammeRun, order_id: UUID, member: str, *, by: str
) -> ReadSummary:
    """Say whose an order is that is nobody's yet; a person (by) has decided, and no trace will change it.

    member: their number. Raises NotFound for an unknown order or member, Refused when the order is recorded as a
    member's already, InvalidInput when nobody is named who decided.
    """
    if not by:
        raise InvalidInput("Say who decides whose the order is.")
    with connection.transaction():
        lock_programme(connection, run.id)
        row = inbox.orders_by_id(connection, [order_id]).get(order_id)
        if row is None or row.account_id not in inbox.accounts_of(run.id):
            raise NotFound(f"There is no order {order_id} in the inbox.", order=str(order_id))
        wallet_id = attribute.wallet_of(connection, run.id, member)
        if row.purchase_id is not None:
            raise Refused(
                f"The order {row.object_id} is recorded as a member's already, and stays theirs.",
                order=row.object_id,
            )
        attribute.assign(connection, order_id, attribute.Said(wallet_id, member, by, run.now))
    return ReadSummary(settled=settle(connection, run))


def say_same(
    connection: Connection, run: ProgrammeRun, one: UUID, other: UUID, *, by: str
) -> ReadSummary:
    """Say that two orders of different sources are one, which earns once. Raises as `one_order.decide`."""
    return _decided(connection, run, (one, other), Verdict.SAME, by)


def say_distinct(
    connection: Connection, run: ProgrammeRun, one: UUID, other: UUID, *, by: str
) -> ReadSummary:
    """Say that two orders are not the same; each earns by itself. Raises as `one_order.decide`."""
    return _decided(connection, run, (one, other), Verdict.DISTINCT, by)


def _decided(
    connection: Connection, run: ProgrammeRun, ids: tuple[UUID, UUID], verdict: Verdict, by: str
) -> ReadSummary:
    with connection.transaction():
        lock_programme(connection, run.id)
        one_order.decide(connection, run, ids, verdict, by=by)
    return ReadSummary(settled=settle(connection, run))


# ---- reading ----


@dataclass(slots=True)
class _Understood:
    """What messages came to, before anything is written.

    tellings: of each piece the one that counts among these messages. times: when orders were told of, first and last.
    """

    read: list[MessageRead] = field(default_factory=list)
    tellings: dict[PieceKey, Telling] = field(default_factory=dict)
    times: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    wanted: set[str] = field(default_factory=set)

    def add(self, arrived: Arrived, found: Understood) -> None:
        """Add what one message came to."""
        self.read.append(_state_of(arrived.id, found))
        self.tellings.update(that_count([*self._standing(found), *found.tellings]))
        self.wanted.update(found.wanted)
        for telling in found.tellings:
            first, last = self.times.get(telling.object_id, (arrived.received_at,) * 2)
            self.times[telling.object_id] = (
                min(first, arrived.received_at),
                max(last, arrived.received_at),
            )

    def _standing(self, found: Understood) -> Iterator[Telling]:
        keys = {(telling.object_id, telling.key) for telling in found.tellings}
        return (self.tellings[key] for key in keys if key in self.tellings)


GONE = Understood(
    problems=[Unreadable("body_gone", "The bytes of this message have been deleted.")]
)


def _state_of(message_id: int, found: Understood) -> MessageRead:
    """Say how a message was read."""
    state = Message.State
    if found.problems:
        problem, rest = found.problems[0], found.tellings or len(found.problems) > 1
        if not (rest or problem.where):
            return MessageRead(message_id, state.UNREADABLE, problem.reason, problem.sentence)
        return MessageRead(
            message_id,
            state.UNREADABLE,
            problem.reason,
            f"{len(found.problems)} part(s) could not be read; the rest was taken.",
            [(part.where, part.reason, part.sentence) for part in found.problems],
        )
    if found.tellings or found.wanted:
        return MessageRead(message_id, state.READ)
    told = found.ignored[0] if found.ignored else "It tells of nothing."
    return MessageRead(message_id, state.IGNORED, "no_purchase", told)


class _Reader:
    """Reads messages of one account."""

    def __init__(self, connection: Connection, run: ProgrammeRun, account: Account) -> None:
        self._connection = connection
        self._run = run
        self._account = account
        self._plugin = manager.source_plugin(account.plugin)
        self._context = reading_context(account, self._plugin, now=run.now)

    def read_new(self, size: int) -> ReadSummary:
        """Read up to so many new messages."""
        lock_programme(self._connection, self._run.id)
        arrived = inbox.new_messages(
            self._connection, self._account.id, size=size, size_bytes=CHUNK_BYTES
        )
        found = _Understood()
        for one in arrived:
            found.add(one, self._understand(one))
        return self.take(found)

    def understood_again(self, ids: Sequence[int]) -> _Understood:
        """Have messages read by the plugin, one at a time; those whose bytes are gone are left as they are."""
        found = _Understood()
        for message_id in ids:
            for one in inbox.messages_again(self._connection, [message_id]):
                if one.message is not None:
                    found.add(one, self._understand(one))
            # Nothing is kept open while much is read: others go on writing meanwhile.
            self._connection.rollback()
        return found

    def _understand(self, arrived: Arrived) -> Understood:
        if arrived.message is None:
            return GONE
        return understand(self._plugin, arrived.id, arrived.message, self._context)

    def take(self, found: _Understood, *, again: bool = False) -> ReadSummary:
        """Write what messages told. again: it takes the place of what the same messages had told before."""
        connection, account = self._connection, self._account
        lock_programme(connection, self._run.id)
        replaced = frozenset(one.id for one in found.read) if again else frozenset()
        orders = {order_id_of(account.id, object_id): object_id for object_id in found.times}
        standing = inbox.tellings_of(connection, orders)
        standing |= inbox.tellings_told_by(connection, replaced)
        put = [
            telling
            for key, telling in found.tellings.items()
            if _counts_now(telling, standing.get(key), replaced)
        ]
        gone = [
            key
            for key, telling in standing.items()
            if telling.message_id in replaced and key not in found.tellings
        ]
        news = [telling for telling in put if _is_news(telling, standing)]
        due = {telling.object_id for telling in news} | {object_id for object_id, _ in gone}
        touched = [
            Touched(object_id, object_id in due, first, last)
            for object_id, (first, last) in found.times.items()
        ]
        services.touch_orders(connection, self._run.id, account.id, touched)
        services.put_pieces(connection, account.id, put)
        services.drop_pieces(connection, account.id, gone)
        if gone:
            ids = [order_id_of(account.id, object_id) for object_id, _ in gone]
            connection.execute(SQL.mark_due, {"ids": ids})
        services.want(connection, account.id, found.wanted, now=self._run.now)
        services.note_read(connection, found.read, now=self._run.now)
        return ReadSummary(
            Counter(one.state.value for one in found.read),
            pieces=len(news) + len(gone),
            wanted=len(found.wanted),
        )


def _counts_now(new: Telling, old: Telling | None, replaced: frozenset[int]) -> bool:
    return old is None or old.message_id in replaced or counts_over(new, old)


def _is_news(new: Telling, standing: Mapping[PieceKey, Telling]) -> bool:
    """Tell whether a telling that counts says something else than the one before."""
    old = standing.get((new.object_id, new.key))
    return old is None or old.data != new.data
