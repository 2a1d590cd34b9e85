"""Orders of connected sources become purchases: folded, attributed, compared with what other sources tell, recorded.

An order is *due* when something that decides about it changed: a piece, a member, a decision of a person, another
source's word. Settling looks at how things stand now, never at what changed, so that it may be done again at any time.
One database transaction takes orders of one account, under the lock of the programme; then, in the one lock order of
all writers, the orders, their purchases, wallets and what follows.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import orjson
import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.catalog.descriptors import DescriptorBook
from cagnotte.domain import sightings
from cagnotte.domain.attribution import Unattributed
from cagnotte.domain.errors import InvalidRow, NotFound
from cagnotte.domain.lifecycle import Event
from cagnotte.domain.purchases import Validation
from cagnotte.hooks import manager
from cagnotte.hooks.sources import PurchaseReport, Waiting
from cagnotte.inbox import selectors as inbox
from cagnotte.inbox.folding import Failed, fold, reading_context
from cagnotte.inbox.models import Account, Order
from cagnotte.inbox.selectors import OrderRow
from cagnotte.inbox.tellings import problem_of
from cagnotte.inbox.texts import sentence
from cagnotte.journeys import attribute, restate
from cagnotte.journeys.arrivals import ArrivedMessages, Rejected, in_one_transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.changes import Change, lock_by_id
from cagnotte.journeys.one_order import Matched, Matching, Sought
from cagnotte.journeys.orders import Chunk, Intake, Tally
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.recording import Recording
from cagnotte.journeys.which_shop import which_shop
from cagnotte.platform.behind import Behind
from cagnotte.platform.sql import load
from cagnotte.purchases.folded import Folded, FoldedReader, Recipient, report_of

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
    while settling.some():
        pass
    settling.give_back()
    return settling.settled


@dataclass(slots=True)
class _Work:
    """An order on its way. folded: None where its facts are not known; then state and sentence say why.

    shop: how its shop was found, where a statement had to be understood for it.
    """

    row: OrderRow
    folded: Folded | None = None
    told: PurchaseReport | None = None
    shop: dict[str, Any] | None = None
    state: str = ""
    reason: str = ""
    sentence: str = ""
    wallet_id: UUID | None = None
    attribution: dict[str, Any] | None = None
    revision: int = 0
    content_hash: bytes | None = None
    purchase_id: UUID | None = None

    def stop(self, state: str, reason: str, sentence: str) -> None:
        """Say what became of it."""
        self.state, self.reason, self.sentence = state, reason, sentence

    @property
    def facts(self) -> Folded:
        """What its source tells."""
        if self.folded is None:
            raise AssertionError("asked of orders with facts alone")
        return self.folded

    @property
    def order_ref(self) -> str:
        """The shop's number of the order as the source tells it, "" where it tells none."""
        return self.told.order_ref if self.told else ""

    def changed(self) -> bool:
        """Whether something is different now that may decide about orders of other sources."""
        row, status = self.row, self.folded.status if self.folded else None
        return (
            self.state != row.state
            or self.wallet_id != row.wallet_id
            or (self.content_hash is not None) != row.counts
            or (self.folded is not None and (status or "") != row.validation)
        )


class _Settling:
    """Settles what is due, some orders after the other."""

    def __init__(self, connection: Connection, run: ProgrammeRun) -> None:
        self.connection = connection
        self.run = run
        self.accounts = inbox.accounts_of(run.id)
        self.matching = Matching(connection, run, self.accounts)
        self.budgets = Budgets(connection, run.id, run.budgets(), SLOT)
        self.book = DescriptorBook.open(run.id)
        self.settled = Settled()
        self.chunk = Settled()
        self.times: Counter[UUID] = Counter()

    def some(self) -> bool:
        """Settle some orders of one account; return False when none is due."""
        tried: list[UUID] = []

        def take() -> bool:
            tried.clear()
            self.chunk = Settled()
            lock_programme(self.connection, self.run.id)
            skip = [order_id for order_id, times in self.times.items() if times >= TIMES_MAX]
            account_id = inbox.next_due(self.connection, list(self.accounts), skip)
            if account_id is None:
                return False
            rows = inbox.lock_due(self.connection, account_id, skip=skip, size=CHUNK_ORDERS)
            tried.extend(row.id for row in rows)
            self._settle(self.accounts[account_id], rows)
            return True

        found = in_one_transaction(self.connection, take)
        self.settled.add(self.chunk)
        self.times.update(tried)
        return found

    def give_back(self) -> None:
        """Return what is left of budgets."""
        if self.budgets:
            with self.connection.transaction():
                lock_programme(self.connection, self.run.id)
                self.budgets.give_back()

    def _settle(self, account: Account, rows: Sequence[OrderRow]) -> None:
        works = self._folded(account, rows)
        known = [work for work in works if work.folded is not None]
        self._attribute(known)
        matched = self.matching.match(account, [_sought(work, account) for work in known])
        if matched.step_down:
            self._step_down(matched.step_down)
            return
        for work in known:
            self._place(work, matched)
        ready = [work for work in known if not work.state]
        self._record(account, ready)
        self._write(works)
        matched.write(self.connection, self.run.now)
        self._wake(works, matched)
        for work in works:
            self.chunk.note(work.row.id, work.state)

    # ---- what each source tells ----

    def _folded(self, account: Account, rows: Sequence[OrderRow]) -> list[_Work]:
        """Fold the pieces of orders, and put them in our terms."""
        works = [
            _Work(
                row,
                wallet_id=row.wallet_id,
                attribution=row.attribution,
                revision=row.revision,
                content_hash=row.content_hash,
                purchase_id=row.purchase_id,
            )
            for row in rows
        ]
        pieces = inbox.pieces_of(self.connection, [row.id for row in rows])
        self._fold(account, works, pieces)
        told = [work for work in works if work.told is not None]
        products = catalog.products_named(
            self.connection, self.run.id, [sku for work in told for sku in _skus(work)]
        )
        reader = FoldedReader(
            currency=self.run.programme.currency,
            zone=self.run.zone,
            now=self.run.now,
            products=products,
        )
        for work in told:
            self._understand(work, account, reader)
        return works

    def _fold(
        self, account: Account, works: Sequence[_Work], pieces: Mapping[UUID, Mapping[str, str]]
    ) -> None:
        try:
            plugin = manager.source_plugin(account.plugin)
        except NotFound as error:
            for work in works:
                work.stop(State.REJECTED, "no_plugin", error.sentence)
            return
        context = reading_context(account, plugin, now=self.run.now)
        for work in works:
            found = fold(plugin, work.row.object_id, pieces[work.row.id], context)
            if isinstance(found, Failed):
                work.stop(State.REJECTED, found.reason, found.sentence)
            elif isinstance(found, Waiting):
                work.stop(State.WAITING, found.reason, found.sentence)
            else:
                work.told = found

    def _understand(self, work: _Work, account: Account, reader: FoldedReader) -> None:
        """Put an order in our terms, or say why that cannot be done; what stands of it stays as it is."""
        told = work.told
        if told is None:
            return
        if told.test:
            work.stop(State.TEST, "test", "The source says that no money moved.")
            return
        try:
            shop = which_shop(told, account, self.run, self.book)
            self._check_shop(work, shop.merchant)
            work.shop = shop.how
            work.folded = reader.read(told, object_id=work.row.object_id, merchant=shop.merchant)
        except InvalidRow as error:
            work.stop(State.REJECTED, error.reason, error.sentence)
        except Exception as error:  # noqa: BLE001 - what a plugin put into a report may be anything
            work.stop(State.REJECTED, *problem_of(error))

    def _check_shop(self, work: _Work, merchant: str) -> None:
        if work.row.purchase_id is not None and work.row.merchant != merchant:
            raise InvalidRow(
                "other_merchant",
                f"The order was recorded at {work.row.merchant}, and is now said to be of {merchant}; what stands "
                "stays as it is.",
            )

    # ---- whose it is ----

    def _attribute(self, works: Sequence[_Work]) -> None:
        """Say whose orders are. Those that were recorded, and those a person gave to a member, stay theirs."""
        open_ones = [
            work for work in works if work.row.purchase_id is None and not work.row.by_person
        ]
        found = attribute.attribute(
            self.connection,
            self.run,
            [
                attribute.Seeker(
                    work.told.traces if work.told else (),
                    work.facts.purchase.occurred_at,
                    work.facts.purchase.merchant,
                )
                for work in open_ones
            ],
        )
        for work, one in zip(open_ones, found, strict=True):
            work.attribution = attribute.data_of(one, now=self.run.now)
            work.wallet_id = None if isinstance(one, Unattributed) else one.wallet_id

    # ---- one order of several sources ----

    def _place(self, work: _Work, matched: Matched) -> None:
        """Say whether an order counts, another stands for it, or a person must decide."""
        place = matched.places[work.row.id]
        if place.doubt:
            work.stop(State.DOUBTFUL, place.doubt, matched.sentences[work.row.id])
        elif place.of is not None:
            work.stop(State.DUPLICATE, "other_source", matched.sentences[work.row.id])
        elif work.wallet_id is None:
            inherited = matched.inherited.get(work.row.id)
            if inherited is not None:
                work.wallet_id, work.attribution = inherited.wallet_id, inherited.attribution
            else:
                reason = str((work.attribution or {}).get("reason", "no_candidate"))
                work.stop(State.UNATTRIBUTED, reason, attribute.SENTENCES[reason])

    def _step_down(self, orders: Iterable[OrderRow]) -> None:
        """Decline purchases of orders for which another source stands from now on; all of them are settled next."""
        by_purchase = {row.purchase_id: row for row in orders if row.purchase_id is not None}
        standing = lock_by_id(self.connection, by_purchase)
        wallets = sorted({row.wallet_id for row in standing.values()})
        self.connection.execute(INGEST.lock_wallets, {"wallet_ids": wallets})
        changes = [
            Change(
                row,
                Event.DECLINE,
                Validation.DECLINED,
                "duplicate_order",
                # Its source's next word is news, whatever it says.
                content_hash=bytes(16),
            )
            for row in standing.values()
            if row.validation != Validation.DECLINED
        ]
        self.budgets.load()
        recording = Recording()
        restate.apply(self.connection, self.run, changes, recording, self.budgets)
        recording.write(self.connection)
        self.budgets.save()
        self.connection.execute(SQL.step_down, {"ids": [row.id for row in by_purchase.values()]})

    # ---- recorded ----

    def _record(self, account: Account, works: Sequence[_Work]) -> None:
        """Record orders whose member is known; those of which nothing new is told stand as they are."""
        members = attribute.members_of(
            self.connection, {work.wallet_id: _number(work) for work in works if work.wallet_id}
        )
        reports: list[Report] = []
        of_row: dict[int, _Work] = {}
        event_ids: list[str] = []
        for work in works:
            if work.wallet_id is None:
                raise AssertionError("only orders with a member are recorded")
            number = len(reports) + 1
            ref, _ = members[work.wallet_id]
            revision = work.row.revision + 1
            report = report_of(
                work.facts,
                Recipient(ref, _kind(work), _clicked_at(work)),
                native_id=work.row.object_id,
                row_number=number,
                raw=f"order {work.row.id}, revision {revision}",
            )
            work.stop(State.STANDING, "", "")
            if report.content_hash == work.row.content_hash:
                self.chunk.tally.unchanged += 1
                continue
            work.revision, work.content_hash = revision, report.content_hash
            reports.append(report)
            of_row[number] = work
            event_ids.append(f"{work.row.id}:{revision}")
        if not reports:
            return
        arrived = ArrivedMessages(account.id, event_ids)
        chunk = Chunk(
            self.connection,
            Intake(self.run, arrived, None, grouped=False),
            self.budgets,
            Behind(None),
        )
        tally, rejected = chunk.take_reports(reports, dict(members.values()))
        self.chunk.tally.add(tally)
        for row in rejected:
            _refuse(of_row[row.row_number], row)
        self._note_purchases(account, of_row.values())

    def _note_purchases(self, account: Account, works: Iterable[_Work]) -> None:
        new = {work.row.object_id: work for work in works if work.purchase_id is None}
        values = {
            "programme_id": self.run.id,
            "source_id": account.id,
            "native_ids": list(new),
        }
        for native_id, purchase_id in self.connection.execute(SQL.purchases_of, values):
            new[native_id].purchase_id = purchase_id

    # ---- written ----

    def _write(self, works: Sequence[_Work]) -> None:
        """Write what became of orders."""
        known = [work for work in works if work.folded is not None]
        if known:
            rows = [_columns(work) for work in known]
            columns = {name: [row[name] for row in rows] for name in rows[0]}
            self.connection.execute(SQL.write_orders, {**columns, "now": self.run.now})
        rest = [work for work in works if work.folded is None]
        if rest:
            self.connection.execute(
                SQL.write_states,
                {
                    "now": self.run.now,
                    "id": [work.row.id for work in rest],
                    "state": [work.state for work in rest],
                    "reason": [work.reason for work in rest],
                    "sentence": [work.sentence for work in rest],
                },
            )

    def _wake(self, works: Sequence[_Work], matched: Matched) -> None:
        """Have orders of other sources settled again, about which these decide."""
        changed = [work.row.id for work in works if work.changed()]
        others = {link.other_id for link in inbox.links_of(self.connection, changed)}
        others |= matched.newly_linked
        if others:
            self.connection.execute(SQL.mark_due, {"ids": sorted(others)})


def _refuse(work: _Work, row: Rejected) -> None:
    work.stop(State.REJECTED, row.reason, row.error.sentence)
    work.revision, work.content_hash = work.row.revision, work.row.content_hash


def _skus(work: _Work) -> list[str]:
    """Return the articles of an order, as far as its plugin made any sense."""
    lines = work.told.lines if work.told else ()
    return [line.sku for line in lines if isinstance(getattr(line, "sku", None), str) and line.sku]


def _number(work: _Work) -> str:
    """Return the number of the member a trace named, "" where it named none."""
    found = work.attribution or {}
    return str(
        found.get("member") or (found["ref"] if found.get("kind") == "member_number" else "")
    )


def _kind(work: _Work) -> str:
    return str((work.attribution or {}).get("kind", "member_number"))


def _clicked_at(work: _Work) -> datetime | None:
    text = (work.attribution or {}).get("clicked_at")
    return datetime.fromisoformat(text) if text else None


def _sought(work: _Work, account: Account) -> Sought:
    """Return an order as it is compared with those of other sources, and its shop."""
    facts = work.facts
    return Sought(
        work.row,
        sightings.Sighting(
            id=work.row.id,
            rank=account.rank,
            first_at=work.row.first_message_at,
            order_key=sightings.order_key(work.order_ref),
            occurred_at=facts.purchase.occurred_at,
            amounts=facts.amounts,
            wallet_id=work.wallet_id,
            validation=facts.status,
            counts=work.row.counts,
        ),
        facts.purchase.merchant,
    )


def _kept(work: _Work) -> str | None:
    """Return what is kept of how member and shop were found."""
    found = dict(work.attribution or {})
    if work.shop is not None:
        found["shop"] = work.shop
    return orjson.dumps(found).decode() if found else None


def _columns(work: _Work) -> dict[str, Any]:
    facts, purchase = work.facts, work.facts.purchase
    return {
        "id": work.row.id,
        "state": work.state,
        "reason": work.reason,
        "sentence": work.sentence,
        "revision": work.revision,
        "content_hash": work.content_hash,
        "purchase_id": work.purchase_id,
        "order_ref": work.order_ref,
        "order_key": sightings.order_key(work.order_ref),
        "merchant": purchase.merchant,
        "occurred_at": purchase.occurred_at,
        "amount_minor": purchase.amount_minor,
        "amounts": "{" + ",".join(map(str, facts.amounts)) + "}",
        "currency": purchase.currency,
        "validation": facts.status or "",
        "native_status": sentence(work.told.native_status, 50) if work.told else "",
        "wallet_id": work.wallet_id,
        "attribution": _kept(work),
    }
