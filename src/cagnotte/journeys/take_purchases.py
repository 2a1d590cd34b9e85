"""Purchases that are told to us one by one or a few at once, by whoever calls the interface for machines.

The road is that of files and connected sources: attributed, then a chunk of ready reports. What is new here is that the
caller hears of each order what became of it, and that an order stands under its number once: what another source told
of already, or what stands with other content, is refused and never overwritten unasked.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.attribution import Unattributed
from cagnotte.domain.errors import CagnotteError, Conflict, InvalidRow
from cagnotte.domain.purchases import Purchase, Validation
from cagnotte.hooks.sources import TraceFound
from cagnotte.journeys import attribute
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
    event_id: what the message is called; never the same for two.
    """

    event_id: str
    purchase: Purchase
    member: str
    traces: Sequence[TraceFound] = ()
    status: Validation | None = None
    reason: str = ""


class Taken(NamedTuple):
    """What became of an order: new, changed or unchanged with its purchase, or rejected with the error."""

    outcome: str
    purchase_id: UUID | None = None
    error: CagnotteError | None = None


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
    source_id = services.source_id_of(kept.run.id, SOURCE)
    services.save_source(programme_id=kept.run.id, ref=SOURCE, kind="told", mapping={})
    work = _Taking(connection, kept, source_id, again=again)
    return in_one_transaction(connection, lambda: work.take(told))


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

    def take(self, told: Sequence[Told]) -> list[Taken]:
        """Take orders; begins anew when called again."""
        self._taken = {}
        understood = self._understood(told)
        fresh = self._not_standing(understood)
        reports, members = self._attributed(fresh)
        self._record([one.event_id for one in told], reports, members)
        keys = {number: (one.merchant, one.order_ref) for number, one in understood.items()}
        ids = selectors.standing_orders(self._connection, self._run.id, keys.values())
        for number, taken in self._taken.items():
            if taken.error is None:
                self._taken[number] = taken._replace(purchase_id=ids[keys[number]].id)
        return [self._taken[number] for number in range(1, len(told) + 1)]

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
            elif known.content_hash == order.content_hash:
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
            member, by = order.told.member, "member_number"
            one = led.get(number)
            if isinstance(one, Unattributed):
                self._reject(
                    number, InvalidRow("unattributed", attribute.SENTENCES[one.reason.value])
                )
                continue
            if one is not None:
                member, by = by_wallet[one.wallet_id][0], one.kind.value
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
            reports.append(order.report(number, member, by))
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


def _native_id(purchase: Purchase) -> str:
    return f"{purchase.merchant}/{purchase.order_ref}"
