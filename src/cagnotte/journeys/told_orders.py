"""Orders as their sources tell them: the pieces folded by the plugin, put in our terms, at one of our shops.

Whatever a plugin says wrongly is the matter of that one order, which waits with the reason.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.catalog.descriptors import DescriptorBook
from cagnotte.domain.errors import InvalidRow, NotFound
from cagnotte.domain.sightings import order_key
from cagnotte.hooks import manager
from cagnotte.hooks.sources import LooseRefund, PurchaseReport, TraceFound, Waiting
from cagnotte.inbox import selectors as inbox
from cagnotte.inbox.folding import Failed, fold, reading_context
from cagnotte.inbox.models import Account, Order
from cagnotte.inbox.selectors import OrderRow
from cagnotte.inbox.tellings import problem_of
from cagnotte.inbox.texts import is_text, sentence
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.which_shop import which_shop
from cagnotte.purchases.folded import Folded, FoldedReader, Recipient

Connection = psycopg.Connection[Any]
State = Order.State

REASON_LENGTH_MAX = 40
STATUS_LENGTH_MAX = 50
TRACE_LENGTH_MAX = 200


@dataclass(slots=True)
class ToldOrder:
    """An order while it is settled.

    Attributes:
        row: as it stood. told: as its plugin folds it; None where it cannot.
        refund: where it is no order but a refund that names none.
        folded: in our terms; None where that cannot be said. Then state, reason and sentence say why.
        traces, native_status: of `told`, as texts that can be kept.
        shop: how its shop was found, where a statement had to be understood for it.
        wallet_id, attribution: whose it is, and what decided that.
        revision, content_hash, purchase_id: what is recorded of it.
    """

    row: OrderRow
    told: PurchaseReport | None = None
    refund: LooseRefund | None = None
    folded: Folded | None = None
    traces: Sequence[TraceFound] = ()
    native_status: str = ""
    shop: dict[str, Any] | None = None
    state: str = ""
    reason: str = ""
    sentence: str = ""
    wallet_id: UUID | None = None
    attribution: dict[str, Any] | None = None
    revision: int = 0
    content_hash: bytes | None = None
    purchase_id: UUID | None = None

    @classmethod
    def of(cls, row: OrderRow) -> "ToldOrder":
        """Begin with an order as it stands."""
        return cls(
            row,
            wallet_id=row.wallet_id,
            attribution=row.attribution,
            revision=row.revision,
            content_hash=row.content_hash,
            purchase_id=row.purchase_id,
        )

    def stop(self, state: str, reason: str, text: str) -> None:
        """Say what became of it."""
        self.state = state
        self.reason, self.sentence = sentence(reason, REASON_LENGTH_MAX), sentence(text)

    def refuse(self, reason: str, text: str) -> None:
        """Say that it was not taken after all; what is recorded of it stays as it was."""
        self.stop(State.REJECTED, reason, text)
        self.revision, self.content_hash = self.row.revision, self.row.content_hash

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

    @property
    def recorded_for_member(self) -> str:
        """The number of the member that a trace named, "" where it named none."""
        found = self.attribution or {}
        by_number = found.get("kind") == "member_number"
        return str(found.get("member") or (found["ref"] if by_number else ""))

    def recipient(self, member: str) -> Recipient:
        """Return whose it is, for its report; member: their number."""
        found = self.attribution or {}
        clicked_at = found.get("clicked_at")
        return Recipient(
            member,
            str(found.get("kind", "member_number")),
            datetime.fromisoformat(clicked_at) if clicked_at else None,
        )

    def changed(self) -> bool:
        """Whether something is different now that may decide about orders of other sources."""
        row, status = self.row, self.folded.status if self.folded else None
        return (
            self.state != row.state
            or self.wallet_id != row.wallet_id
            or (self.content_hash is not None) != row.counts
            or (self.folded is not None and (status or "") != row.validation)
        )

    def columns(self) -> dict[str, Any]:
        """Return the row of an order with facts, as the query `write_orders` takes it."""
        facts, purchase = self.facts, self.facts.purchase
        how = dict(self.attribution or {})
        if self.shop is not None:
            how["shop"] = self.shop
        return {
            "id": self.row.id,
            "state": self.state,
            "reason": self.reason,
            "sentence": self.sentence,
            "revision": self.revision,
            "content_hash": self.content_hash,
            "purchase_id": self.purchase_id,
            "order_ref": self.order_ref,
            "order_key": order_key(self.order_ref),
            "merchant": purchase.merchant,
            "occurred_at": purchase.occurred_at,
            "amount_minor": purchase.amount_minor,
            "amounts": "{" + ",".join(map(str, facts.amounts)) + "}",
            "currency": purchase.currency,
            "validation": facts.status or "",
            "native_status": self.native_status,
            "wallet_id": self.wallet_id,
            "attribution": orjson.dumps(how).decode() if how else None,
        }


class OrdersTold:
    """Folds orders of any of a programme's accounts."""

    def __init__(self, connection: Connection, run: ProgrammeRun) -> None:
        self._connection = connection
        self._run = run
        self._book = DescriptorBook.open(run.id)

    def of(self, account: Account, rows: Sequence[OrderRow]) -> list[ToldOrder]:
        """Fold the pieces of locked orders of an account, and put them in our terms."""
        orders = [ToldOrder.of(row) for row in rows]
        self._fold(account, orders)
        told = [order for order in orders if order.told is not None]
        reader = FoldedReader(
            currency=self._run.programme.currency,
            zone=self._run.zone,
            now=self._run.now,
            products=catalog.products_named(
                self._connection, self._run.id, [sku for order in told for sku in _skus(order)]
            ),
        )
        for order in told:
            self._understand(order, account, reader)
        return orders

    def _fold(self, account: Account, orders: Sequence[ToldOrder]) -> None:
        try:
            plugin = manager.source_plugin(account.plugin)
        except NotFound as error:
            for order in orders:
                order.stop(State.REJECTED, "no_plugin", error.sentence)
            return
        context = reading_context(account, plugin, now=self._run.now)
        pieces: Mapping[UUID, Mapping[str, str]] = inbox.pieces_of(
            self._connection, [order.row.id for order in orders]
        )
        for order in orders:
            found = fold(plugin, order.row.object_id, pieces[order.row.id], context)
            if isinstance(found, Failed):
                order.stop(State.REJECTED, found.reason, found.sentence)
            elif isinstance(found, Waiting):
                order.stop(State.WAITING, found.reason, found.sentence)
                order.refund = found.refund
            else:
                order.told = found

    def _understand(self, order: ToldOrder, account: Account, reader: FoldedReader) -> None:
        """Put an order in our terms, or say why that cannot be done; what stands of it stays as it is."""
        told = order.told
        if told is None:
            return
        if told.test:
            order.stop(State.TEST, "test", "The source says that no money moved.")
            return
        try:
            shop = which_shop(told, account, self._run, self._book)
            _check_shop(order.row, shop.merchant)
            order.shop = shop.how
            order.traces = _traces(told)
            order.native_status = sentence(told.native_status, STATUS_LENGTH_MAX)
            order.folded = reader.read(told, object_id=order.row.object_id, merchant=shop.merchant)
        except InvalidRow as error:
            order.stop(State.REJECTED, error.reason, error.sentence)
        except Exception as error:  # noqa: BLE001 - what a plugin put into a report may be anything
            order.stop(State.REJECTED, *problem_of(error))


def _check_shop(row: OrderRow, merchant: str) -> None:
    """Refuse to take a recorded order for another shop's. Raises InvalidRow."""
    if row.purchase_id is not None and row.merchant != merchant:
        raise InvalidRow(
            "other_merchant",
            f"The order was recorded at {row.merchant}, and is now said to be of {merchant}; what is recorded stays "
            "as it is.",
        )


def _traces(told: PurchaseReport) -> list[TraceFound]:
    """Return the traces of an order, their values as texts that can be kept and sought."""
    return [trace._replace(value=sentence(trace.value, TRACE_LENGTH_MAX)) for trace in told.traces]


def _skus(order: ToldOrder) -> list[str]:
    """Return the articles of an order, as far as its plugin made any sense."""
    lines = order.told.lines if order.told else ()
    skus = [getattr(line, "sku", None) for line in lines]
    return [sku for sku in skus if isinstance(sku, str) and sku and is_text(sku)]
