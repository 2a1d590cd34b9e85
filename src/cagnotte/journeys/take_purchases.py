"""Purchases that are told to us one by one or a few at once, by whoever calls the interface for machines.

The road is that of files and connected sources: attributed, then a chunk of ready reports. What is new here is that the
caller hears of each order what became of it, and that an order stands under its number once: what another source told
of already, or what stands with other content, is refused and never overwritten unasked. What is nobody's waits in the
inbox (`nobodys_orders`).

Calls that arrive together share no transaction, as the messages of a `PurchaseRecorder` do: the orders of each call
are committed with the answer that its Idempotency-Key keeps, or not at all. Whoever has many sends them in one call.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.attribution import Attribution, Reason, Trace, Unattributed
from cagnotte.domain.errors import CagnotteError, Conflict, InvalidRow
from cagnotte.domain.purchases import Purchase, Validation
from cagnotte.hooks.sources import TraceFound
from cagnotte.journeys import attribute, nobodys_orders
from cagnotte.journeys.arrivals import ArrivedMessages, in_one_transaction
from cagnotte.journeys.budgets import Budgets
from cagnotte.journeys.kept_runs import KeptRun
from cagnotte.journeys.new_purchases import MemberRow
from cagnotte.journeys.orders import Chunk, Intake
from cagnotte.journeys.quote import described
from cagnotte.platform.behind import Behind
from cagnotte.platform.sql import load
from cagnotte.purchases import selectors, services
from cagnotte.purchases.facts import content_hash, facts_of
from cagnotte.purchases.folded import check_texts
from cagnotte.purchases.reports import (
    AHEAD_MAX,
    NATIVE_ID_LENGTH_MAX,
    Report,
    check_currency,
    check_date,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Connection = psycopg.Connection[Any]
INGEST = load("ingest")

SOURCE = "REST API"
"""The source under which these orders stand; no programme file can name one like it, for the space."""

SLOT = 165
"""The slice of budgets of these callers, who take it in turns; next to those of recorders."""


class Told(NamedTuple):
    """What a caller says of one order.

    member: the number of the member, "" where the traces must lead to one. status: None = it is to be confirmed yet.
    event_id: what the message is called; never the same for two. body: all of it as JSON, as it is kept where it has to
    wait; b"" where it cannot.
    """

    event_id: str
    purchase: Purchase
    member: str
    traces: Sequence[TraceFound] = ()
    status: Validation | None = None
    reason: str = ""
    body: bytes = b""


class Taken(NamedTuple):
    """What became of an order: new, changed or unchanged with its purchase, rejected with the error, or kept.

    nobodys: why an order that is kept is nobody's yet.
    """

    outcome: str
    purchase_id: UUID | None = None
    error: CagnotteError | None = None
    nobodys: Reason | None = None


@dataclass(slots=True)
class _Intake(Intake):
    """Orders whose callers tell returns apart from them."""

    @property
    def tells_returns(self) -> bool:
        """Whether an order that is told anew says all that came back of it: it says nothing of that."""
        return False


def take(
    connection: Connection, kept: KeptRun, told: Sequence[Told], *, again: bool = False
) -> list[Taken]:
    """Take orders in one database transaction; return what became of each, in their order.

    again: orders that stand are told anew and may change; else one with other content is refused (Conflict). Inside a
    transaction of the caller's it is a savepoint of it.
    """
    work = _Taking(connection, kept, source_of(kept.run.id), again=again)
    return in_one_transaction(connection, lambda: work.take(told))


def source_of(programme_id: UUID) -> UUID:
    """Return the id of the source of all that callers tell, made if it is not there yet."""
    services.save_source(programme_id=programme_id, ref=SOURCE, kind="told", mapping={})
    return services.source_id_of(programme_id, SOURCE)


class _Taking:
    def __init__(
        self, connection: Connection, kept: KeptRun, source_id: UUID, *, again: bool
    ) -> None:
        self._connection = connection
        self._kept = kept
        self._run = kept.run
        self._source_id = source_id
        self._again = again
        self._taken: dict[int, Taken] = {}
        self._attributions: dict[int, Attribution] = {}

    def take(self, told: Sequence[Told]) -> list[Taken]:
        """Take orders; begins anew when called again."""
        self._taken, self._attributions = {}, {}
        understood = self._understood(told)
        fresh = self._not_standing(understood)
        reports, members = self._attributed(fresh)
        waited = self._keep_nobodys(fresh)
        self._record([one.event_id for one in told], reports, members)
        keys = {number: (one.merchant, one.order_ref) for number, one in understood.items()}
        ids = selectors.standing_orders(self._connection, self._run.id, keys.values())
        for number, taken in self._taken.items():
            if taken.error is None and taken.nobodys is None:
                self._taken[number] = taken._replace(purchase_id=ids[keys[number]].id)
        if waited:
            self._note_recorded(waited)
        return [self._taken[number] for number in range(1, len(told) + 1)]

    def _keep_nobodys(self, orders: "Mapping[int, _Order]") -> "dict[int, _Order]":
        """Keep the orders that are nobody's; return those that waited so far and are somebody's now.

        Of these too the latest telling is kept, before anything is locked that comes after the inbox.
        """
        names = {number: _native_id(order.purchase) for number, order in orders.items()}
        found = nobodys_orders.waiting(self._connection, self._source_id, names.values())
        waited = {
            number: order
            for number, order in orders.items()
            if names[number] in found and number not in self._taken
        }
        kept = {
            number: order
            for number, order in orders.items()
            if number in waited or self._is_nobodys(number)
        }
        if kept:
            told = [one.told for one in kept.values()]
            nobodys_orders.keep(
                self._connection,
                self._run,
                (self._source_id, SOURCE),
                [nobodys_orders.Nobodys(one.event_id, one.body) for one in told],
            )
        return waited

    def _is_nobodys(self, number: int) -> bool:
        return number in self._taken and self._taken[number].nobodys is not None

    def _note_recorded(self, orders: "Mapping[int, _Order]") -> None:
        found = [
            nobodys_orders.Found(
                _native_id(order.purchase),
                purchase_id,
                self._attributions[number],
                order.recorded_hash,
            )
            for number, order in orders.items()
            if (purchase_id := self._taken[number].purchase_id) is not None
        ]
        nobodys_orders.note_recorded(self._connection, self._source_id, found, now=self._run.now)

    def _reject(self, number: int, error: CagnotteError) -> None:
        self._taken[number] = Taken("rejected", error=error)

    def _understood(self, told: Sequence[Told]) -> "dict[int, _Order]":
        """Keep the orders that can be understood, by their place."""
        found: dict[int, _Order] = {}
        seen: set[tuple[str, str]] = set()
        for number, one in enumerate(told, start=1):
            try:
                self._check(one.purchase)
                order = _Order(one, described(self._connection, self._run.id, one.purchase))
                if (order.merchant, order.order_ref) in seen:
                    raise Conflict(
                        f"The order “{order.order_ref}” is told twice at once.",
                        pointer="#/order_ref",
                    )
            except CagnotteError as error:
                self._reject(number, error)
                continue
            seen.add((order.merchant, order.order_ref))
            found[number] = order
        return found

    def _check(self, purchase: Purchase) -> None:
        if ("merchant", purchase.merchant) not in self._run.parties:
            raise InvalidRow(
                "unknown_merchant",
                f"The programme has no merchant “{purchase.merchant}”.",
                pointer="#/merchant",
            )
        check_currency(purchase.currency, self._run.programme.currency)
        check_date(purchase.occurred_at, self._run.now.astimezone(UTC) + AHEAD_MAX)
        check_texts(purchase)
        if purchase.amount_minor < 0:
            raise InvalidRow("negative_amount", "The discounts are larger than the order.")
        if len(_native_id(purchase)) > NATIVE_ID_LENGTH_MAX:
            raise InvalidRow("bad_field", "The order's number is too long.", pointer="#/order_ref")

    def _not_standing(self, orders: "Mapping[int, _Order]") -> "dict[int, _Order]":
        """Leave out orders that stand already: alike, they are unchanged; else refused, unless told anew."""
        standing = selectors.standing_orders(
            self._connection,
            self._run.id,
            [(order.merchant, order.order_ref) for order in orders.values()],
        )
        fresh = {}
        for number, order in orders.items():
            known = standing.get((order.merchant, order.order_ref))
            if known is not None and known.source != SOURCE:
                self._reject(
                    number,
                    Conflict(
                        f"The order “{order.order_ref}” is told by the source “{known.source}” already.",
                        pointer="#/order_ref",
                    ),
                )
            elif known is None or self._again:
                fresh[number] = order
            elif self._is_alike(known, order):
                self._taken[number] = Taken("unchanged")
            else:
                self._reject(
                    number,
                    Conflict(
                        f"The order “{order.order_ref}” stands already, with other content; restate it.",
                        pointer="#/order_ref",
                    ),
                )
        return fresh

    def _is_alike(self, known: selectors.StandingOrder, order: "_Order") -> bool:
        """Tell whether an order says what stands; one that waited stands with the click that led to its member."""
        if known.content_hash == order.content_hash:
            return True
        standing = selectors.latest_purchases(self._connection, [known.id], self._run.zone)
        clicked_at = standing[known.id].clicked_at
        return clicked_at is not None and known.content_hash == order.hash_with_click(clicked_at)

    def _attributed(
        self, orders: "Mapping[int, _Order]"
    ) -> tuple[list[Report], dict[str, MemberRow]]:
        """Find out whose orders are, by the member's number or by what else is told."""
        refs = sorted({order.told.member for order in orders.values() if order.told.member})
        rows = self._connection.execute(
            INGEST.members, {"programme_id": self._run.id, "refs": refs}
        ).fetchall()
        members = {
            ref: MemberRow(wallet, member, bucket, frozenset(segments))
            for ref, wallet, member, bucket, segments in rows
        }
        seeking = {number: order for number, order in orders.items() if not order.told.member}
        found = attribute.attribute(
            self._connection,
            self._run,
            [
                attribute.Seeker(one.told.traces, one.purchase.occurred_at, one.merchant)
                for one in seeking.values()
            ],
        )
        led = dict(zip(seeking, found, strict=True))
        wallets = {
            one.wallet_id: one.ref if one.kind == "member_number" else ""
            for one in found
            if not isinstance(one, Unattributed)
        }
        by_wallet = attribute.members_of(self._connection, wallets)
        members |= dict(by_wallet.values())
        reports = []
        for number, order in orders.items():
            member = order.told.member
            one = led.get(number)
            if isinstance(one, Unattributed):
                self._taken[number] = Taken("unattributed", nobodys=one.reason)
                continue
            if one is not None:
                member = by_wallet[one.wallet_id][0]
                if one.clicked_at is not None:
                    order.clicked(one.clicked_at.astimezone(self._run.zone))
            if member not in members:
                self._reject(
                    number,
                    InvalidRow(
                        "unknown_member",
                        f"No member has the number “{member}”; enrol them, then send it again.",
                        pointer="#/member_ref",
                    ),
                )
                continue
            one = one or _named(members[member].wallet_id, member)
            self._attributions[number] = one
            reports.append(order.report(number, member, one.kind.value))
        return reports, members

    def _record(
        self, event_ids: list[str], reports: list[Report], members: dict[str, MemberRow]
    ) -> None:
        if not reports:
            return
        arrived = ArrivedMessages(self._source_id, event_ids)
        budgets = Budgets(self._connection, self._run.id, self._kept.budgets, SLOT)
        intake = _Intake(self._run, arrived, None, grouped=False)
        chunk = Chunk(self._connection, intake, budgets, Behind(None))
        _, rejected = chunk.take_reports(reports, members)
        if budgets:
            budgets.give_back()
        for row_number, outcome in chunk.outcomes.items():
            self._taken[row_number] = Taken(outcome)
        for one in rejected:
            self._reject(one.row_number, one.error)


class _Order:
    """An order that is understood: what was told, and the purchase with what the catalogue knows."""

    def __init__(self, told: Told, purchase: Purchase) -> None:
        self.told = told
        self.purchase = purchase
        self._facts = orjson.dumps(facts_of(purchase))
        self.content_hash = content_hash(self._facts, told.status, told.reason)

    @property
    def merchant(self) -> str:
        """The shop's reference."""
        return self.purchase.merchant

    @property
    def order_ref(self) -> str:
        """Its number there."""
        return self.purchase.order_ref

    def hash_with_click(self, at: datetime) -> bytes:
        """Return its hash as though this click had led to its member."""
        facts = orjson.dumps(facts_of(replace(self.purchase, clicked_at=at)))
        return content_hash(facts, self.told.status, self.told.reason)

    @property
    def recorded_hash(self) -> bytes:
        """The hash of what is recorded of it, the click that decided included."""
        return content_hash(self._facts, self.told.status, self.told.reason)

    def clicked(self, at: datetime) -> None:
        """Note the click that decided whose it is; what was told stays what it is told apart by."""
        self.purchase = replace(self.purchase, clicked_at=at)
        self._facts = orjson.dumps(facts_of(self.purchase))

    def report(self, number: int, member: str, attributed_by: str) -> Report:
        """Return the report of it."""
        return Report(
            row_number=number,
            raw=self._facts.decode(),
            native_id=_native_id(self.purchase),
            member=member,
            purchase=self.purchase,
            status=self.told.status,
            reason=self.told.reason,
            reported_at=None,
            facts=self._facts,
            content_hash=self.content_hash,
            attributed_by=attributed_by,
        )


def _named(wallet_id: UUID, member: str) -> Attribution:
    """Return whose an order is that names its member."""
    return Attribution(wallet_id, Trace.MEMBER_NUMBER, member, None, ())


def _native_id(purchase: Purchase) -> str:
    return f"{purchase.merchant}/{purchase.order_ref}"
