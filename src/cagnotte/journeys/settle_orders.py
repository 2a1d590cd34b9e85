"""Orders of connected sources become purchases: folded, attributed, compared with what other sources tell, recorded.

An order is *due* when something that decides about it changed: a piece, a member, a decision of a person, another
source's word. Settling looks at how things stand now, never at what changed, so that it may be done again at any time.
One database transaction takes orders of one account, under the lock of the programme; then, in the one lock order of
all writers, the orders, their purchases, wallets and what follows.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg

from cagnotte.domain import sightings
from cagnotte.domain.attribution import Unattributed
from cagnotte.domain.errors import CagnotteError, InvalidInput, Refused
from cagnotte.domain.lifecycle import Event
from cagnotte.domain.purchases import Validation
from cagnotte.inbox import selectors as inbox
from cagnotte.inbox.models import Account, Order
from cagnotte.inbox.selectors import OrderRow
from cagnotte.journeys import attribute, loose_refunds, restate
from cagnotte.journeys.arrivals import ArrivedMessages, in_one_transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, lock_by_id
from cagnotte.journeys.new_purchases import MemberRow
from cagnotte.journeys.one_order import Matched, Matching, Sought
from cagnotte.journeys.orders import Chunk, Intake, Tally
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import Recording
from cagnotte.journeys.told_orders import OrdersTold, ToldOrder
from cagnotte.platform import outbox
from cagnotte.platform.behind import Behind
from cagnotte.platform.sql import load
from cagnotte.purchases.folded import report_of

if TYPE_CHECKING:
    from cagnotte.purchases.reports import Report

Connection = psycopg.Connection[Any]
SQL = load("inbox")
INGEST = load("ingest")

CHUNK_ORDERS = 500
"""Orders per database transaction."""

SLOT = 100
"""The slice of budgets of whoever settles; the programme's lock lets one at a time."""

TIMES_MAX = 8
"""How often one call settles the same order. Orders of several sources wake each other; more would be a mistake."""

State = Order.State


@dataclass(slots=True)
class Settled:
    """What settling came to. tally: what was recorded. left_in: the state each order was left in."""

    tally: Tally = field(default_factory=Tally)
    left_in: dict[UUID, str] = field(default_factory=dict)

    @property
    def states(self) -> Counter[str]:
        """How many orders were left in each state."""
        return Counter(self.left_in.values())

    def add(self, other: "Settled") -> None:
        """Add what became of some more orders."""
        self.tally.add(other.tally)
        self.left_in |= other.left_in

    def note(self, order_id: UUID, state: str) -> None:
        """Note what became of an order."""
        self.left_in[order_id] = state


def lock_programme(connection: Connection, programme_id: UUID) -> None:
    """Keep others from reading or settling the programme's inbox until the transaction ends."""
    connection.execute(SQL.lock_programme, {"programme_id": str(programme_id)})


def settle(connection: Connection, run: ProgrammeRun) -> Settled:
    """Settle all orders of a programme that are due, those of the source whose word counts most first.

    Interrupted anywhere, the same call goes on where it ended.
    """
    settling = _Settling(connection, run)
    while settling.some() or settling.find_refunds():
        pass
    settling.give_back()
    return settling.settled


class _Settling:
    """Settles what is due, some orders after the other."""

    def __init__(self, connection: Connection, run: ProgrammeRun) -> None:
        self.connection = connection
        self.run = run
        self.accounts = inbox.accounts_of(run.id)
        self.told = OrdersTold(connection, run)
        self.matching = Matching(connection, run, self.accounts)
        self.budgets = Budgets(connection, run.id, run.budgets(), SLOT)
        self.settled = Settled()
        self.chunk = Settled()
        self.times: Counter[UUID] = Counter()
        self.one_by_one = 0

    def some(self) -> bool:
        """Settle some orders of one account; return False when none is due."""
        rows: list[OrderRow] = []
        try:
            in_one_transaction(self.connection, lambda: self._take(rows, self._settle))
        except (InvalidInput, Refused, psycopg.DataError) as error:
            self._set_apart(rows, error)
        self.times.update(row.id for row in rows)
        self.settled.add(self.chunk)
        return bool(rows)

    def _take(
        self, rows: list[OrderRow], settle: Callable[[Account, Sequence[OrderRow]], None]
    ) -> None:
        """Lock orders of one account that are due, put them into `rows`, and settle them."""
        rows.clear()
        self.chunk = Settled()
        lock_programme(self.connection, self.run.id)
        skip = [order_id for order_id, times in self.times.items() if times >= TIMES_MAX]
        account_id = inbox.next_due(self.connection, list(self.accounts), skip)
        if account_id is None:
            return
        size = 1 if self.one_by_one else CHUNK_ORDERS
        rows += inbox.lock_due(self.connection, account_id, skip=skip, size=size)
        settle(self.accounts[account_id], rows)

    def _set_apart(self, rows: list[OrderRow], error: Exception) -> None:
        """Go on one by one after orders together could not be recorded, to find the one that cannot; refuse that.

        Nothing of theirs was written. Raises what cannot be of any order.
        """
        if not rows:
            raise error
        if len(rows) > 1:
            self.one_by_one = len(rows)
            self.chunk = Settled()
            return
        text = error.sentence if isinstance(error, CagnotteError) else str(error)

        def refuse(_: Account, found: Sequence[OrderRow]) -> None:
            orders = [ToldOrder.of(row) for row in found]
            for order in orders:
                order.refuse("not_recorded", f"It cannot be recorded: {text}")
            self._write(orders)
            self._note(orders)

        in_one_transaction(self.connection, lambda: self._take(rows, refuse))

    def find_refunds(self) -> bool:
        """Give refunds that named no order to the one they are of; return False when none was found."""

        def look() -> int:
            lock_programme(self.connection, self.run.id)
            return loose_refunds.find_orders(self.connection, self.run, list(self.accounts))

        return in_one_transaction(self.connection, look) > 0

    def give_back(self) -> None:
        """Return what is left of budgets."""
        if self.budgets:
            with self.connection.transaction():
                lock_programme(self.connection, self.run.id)
                self.budgets.give_back()

    def _settle(self, account: Account, rows: Sequence[OrderRow]) -> None:
        self.one_by_one = max(self.one_by_one - 1, 0)
        orders = self.told.of(account, rows)
        loose_refunds.place(self.connection, self.run, account, orders)
        known = [order for order in orders if order.folded is not None]
        self._attribute(known)
        matched = self.matching.match(account, [_sought(order, account) for order in known])
        making_way = [(row, "duplicate_order") for row in matched.step_down]
        making_way += [
            (order.row, "other")
            for order in orders
            if order.state == State.TEST and order.row.counts
        ]
        if making_way:
            self._step_down(making_way)
            return
        for order in known:
            self._place(order, matched)
        self._record(account, [order for order in known if not order.state])
        self._write(orders)
        self._tell(orders)
        matched.write(self.connection, self.run.now)
        self._wake(orders, matched)
        self._note(orders)

    def _note(self, orders: Iterable[ToldOrder]) -> None:
        for order in orders:
            self.chunk.note(order.row.id, order.state)

    def _attribute(self, orders: Sequence[ToldOrder]) -> None:
        """Say whose orders are. Those that were recorded, and those a person gave to a member, stay theirs."""
        asked = [
            order for order in orders if order.row.purchase_id is None and not order.row.by_person
        ]
        seekers = [
            attribute.Seeker(
                order.traces, order.facts.purchase.occurred_at, order.facts.purchase.merchant
            )
            for order in asked
        ]
        found = attribute.attribute(self.connection, self.run, seekers)
        for order, one in zip(asked, found, strict=True):
            order.attribution = attribute.data_of(one, now=self.run.now)
            order.wallet_id = None if isinstance(one, Unattributed) else one.wallet_id

    # ---- one order of several sources ----

    def _place(self, order: ToldOrder, matched: Matched) -> None:
        """Say whether an order counts, another stands for it, or a person must decide."""
        place = matched.places[order.row.id]
        if place.doubt:
            order.stop(State.DOUBTFUL, place.doubt, matched.sentences[order.row.id])
        elif place.of is not None:
            order.stop(State.DUPLICATE, "other_source", matched.sentences[order.row.id])
        elif order.wallet_id is None:
            self._inherit(order, matched)

    def _inherit(self, order: ToldOrder, matched: Matched) -> None:
        """Take the member from another source's word of the same order, where one knows them."""
        other = matched.inherited.get(order.row.id)
        if other is None:
            reason = str((order.attribution or {}).get("reason", "no_candidate"))
            order.stop(State.UNATTRIBUTED, reason, attribute.SENTENCES[reason])
            return
        order.wallet_id = other.wallet_id
        order.attribution = {
            **(other.attribution or {}),
            "told_by": self.accounts[other.account_id].ref,
        }

    def _step_down(self, rows: Iterable[tuple[OrderRow, str]]) -> None:
        """Decline purchases of orders, each with its reason, that no longer count; all of them are settled next.

        Another source stands for them from now on, or it turned out that no money had moved.
        """
        reasons = {row.purchase_id: (row.id, why) for row, why in rows if row.purchase_id}
        standing = lock_by_id(self.connection, reasons)
        wallets = sorted({row.wallet_id for row in standing.values()})
        self.connection.execute(INGEST.lock_wallets, {"wallet_ids": wallets})
        changes = [
            Change(
                row,
                Event.DECLINE,
                Validation.DECLINED,
                reasons[purchase_id][1],
                # Its source's next word is news, whatever it says.
                content_hash=bytes(16),
            )
            for purchase_id, row in standing.items()
            if row.validation != Validation.DECLINED
        ]
        self.budgets.load()
        recording = Recording()
        restate.apply(self.connection, self.run, changes, recording, self.budgets)
        recording.write(self.connection)
        self.budgets.save()
        self.connection.execute(
            SQL.step_down, {"ids": [order_id for order_id, _ in reasons.values()]}
        )

    # ---- recorded ----

    def _record(self, account: Account, orders: Sequence[ToldOrder]) -> None:
        """Record orders whose member is known; those of which nothing new is told stand as they are."""
        wallets = {
            order.wallet_id: order.recorded_for_member
            for order in orders
            if order.wallet_id is not None
        }
        members = attribute.members_of(self.connection, wallets)
        reports: list[Report] = []
        news: list[ToldOrder] = []
        for order in orders:
            if order.wallet_id is None:
                raise AssertionError("only orders with a member are recorded")
            order.revision = order.row.revision + 1
            report = report_of(
                order.facts,
                order.recipient(members[order.wallet_id][0]),
                native_id=order.row.object_id,
                row_number=len(reports) + 1,
                raw=f"order {order.row.id}, revision {order.revision}",
            )
            order.stop(State.STANDING, "", "")
            if report.content_hash == order.row.content_hash:
                order.revision = order.row.revision
                self.chunk.tally.unchanged += 1
                continue
            order.content_hash = report.content_hash
            reports.append(report)
            news.append(order)
        if reports:
            self._take_reports(account, news, reports, dict(members.values()))

    def _take_reports(
        self,
        account: Account,
        orders: Sequence[ToldOrder],
        reports: "list[Report]",
        members: dict[str, MemberRow],
    ) -> None:
        """Record reports, each of the order in its place."""
        event_ids = [f"{order.row.id}:{order.revision}" for order in orders]
        intake = Intake(self.run, ArrivedMessages(account.id, event_ids), None, grouped=False)
        chunk = Chunk(self.connection, intake, self.budgets, Behind(None))
        tally, rejected = chunk.take_reports(reports, members)
        self.chunk.tally.add(tally)
        for one in rejected:
            orders[one.row_number - 1].refuse(one.reason, one.error.sentence)
        new = {order.row.object_id: order for order in orders if order.purchase_id is None}
        keys = {
            "programme_id": self.run.id,
            "source_id": account.id,
            "native_ids": list(new),
        }
        for native_id, purchase_id in self.connection.execute(SQL.purchases_of, keys):
            new[native_id].purchase_id = purchase_id

    # ---- written ----

    def _write(self, orders: Sequence[ToldOrder]) -> None:
        """Write what became of orders."""
        rows = [order.columns() for order in orders if order.folded is not None]
        if rows:
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            self.connection.execute(SQL.write_orders, {**columns, "now": self.run.now})
        rest = [order for order in orders if order.folded is None]
        if rest:
            self.connection.execute(
                SQL.write_states,
                {
                    "now": self.run.now,
                    "id": [order.row.id for order in rest],
                    "state": [order.state for order in rest],
                    "reason": [order.reason for order in rest],
                    "sentence": [order.sentence for order in rest],
                },
            )

    def _tell(self, orders: Sequence[ToldOrder]) -> None:
        """Tell of orders that are nobody's, once they turn out so; settled again, they stay as told."""
        nobodys = [
            order.row.id
            for order in orders
            if order.state == State.UNATTRIBUTED and order.row.state != State.UNATTRIBUTED
        ]
        outbox.tell(
            self.connection,
            topic="purchase.unattributed",
            programme_id=self.run.id,
            keys=nobodys,
            at=self.run.now,
        )

    def _wake(self, orders: Sequence[ToldOrder], matched: Matched) -> None:
        """Have orders of other sources settled again, about which these decide."""
        changed = [order.row.id for order in orders if order.changed()]
        others = {link.other_id for link in inbox.links_of(self.connection, changed)}
        others |= matched.newly_linked
        if others:
            self.connection.execute(SQL.mark_due, {"ids": sorted(others)})


def _sought(order: ToldOrder, account: Account) -> Sought:
    """Return an order as it is compared with those of other sources, and its shop."""
    facts = order.facts
    return Sought(
        order.row,
        sightings.Sighting(
            id=order.row.id,
            rank=account.rank,
            first_at=order.row.first_message_at,
            order_key=sightings.order_key(order.order_ref),
            occurred_at=facts.purchase.occurred_at,
            amounts=facts.amounts,
            wallet_id=order.wallet_id,
            validation=facts.status,
            counts=order.row.counts,
        ),
        facts.purchase.merchant,
    )
