"""Medusa 2: orders fetched after an event, or by asking the Admin API.

Medusa's events name an order and no more, and leave the shop only by a subscriber of the shop's own; so they are hints,
and the order is fetched. Amounts are numbers in major units, not rounded, tax included in totals. What was given back
stands at the payments, and how many units came back at the articles; neither lowers the order's total.

Fields: packages/core/types/src/http/order and packages/medusa/src/api/admin/orders in github.com/medusajs/medusa;
https://docs.medusajs.com/api/admin#orders.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import (
    amounts,
    charges,
    looks,
    refunds,
    standing,
    sweeps,
    traces,
)
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    HttpAnswer,
    Ignored,
    Incoming,
    Message,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Reception,
    ReportLine,
    Setting,
    SourceContext,
    SourceKind,
    SourcePlugin,
    UnknownWord,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

PER_PAGE = 50
AGAIN = timedelta(minutes=10)
NOTHING = Decimal(0)

FIELDS = (
    "id", "display_id", "status", "version", "currency_code", "email", "created_at", "updated_at", "metadata",
    "payment_status", "total", "shipping_total", "shipping_tax_total", "shipping_address.country_code", "*items",
    "*items.detail", "*payment_collections.payments", "*payment_collections.payments.refunds",
)  # fmt: skip
"""What is asked of an order."""

_ID = re.compile(r"order_[0-9A-Za-z]{1,60}", re.ASCII)

UNPAID = frozenset(
    {
        "not_paid",
        "awaiting",
        "authorized",
        "partially_authorized",
        "requires_action",
        "canceled",
    }
)
PAID = frozenset({"captured", "partially_captured", "partially_refunded", "refunded"})


class Medusa(SourcePlugin):
    """Orders of a Medusa shop; see the module."""

    name = "medusa"
    title = "Medusa"
    kind = SourceKind.SHOP
    proof = Proof.OFFICIAL
    settings = (
        Setting("api_url", "The address of the Medusa server, such as https://api.shop.example."),
        Setting("api_key", "A secret API key, sk_….", secret=True),
        standing.confirm_on("completed"),
        looks.HISTORY,
        *traces.SETTINGS,
    )
    vocabulary = Vocabulary(
        {
            "pending": Validation.PENDING,
            "requires_action": Validation.PENDING,
            "completed": Validation.CONFIRMED,
            "archived": Validation.CONFIRMED,
            "canceled": Validation.DECLINED,
        },
        {"canceled": "cancelled"},
    )
    pace = Pace(60, 60)
    polls = True
    receives = True

    # ---- hints ----

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Note which order an event is about; one about anything else is answered and forgotten."""
        told = reading.mapping(reading.read_json(incoming.body), "The event")
        found = [reading.dig(told, path) for path in ("data.id", "data.order_id")]
        named = [one for one in found if isinstance(one, str) and _ID.fullmatch(one)]
        return Reception(wanted=named[:1])

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for orders by their last change; once a day for all recent ones, for their refunds."""
        return looks.poll(context, cursor, partial(self._page, context), again=AGAIN)

    def _page(self, context: SourceContext, since: datetime, number: int) -> sweeps.Page:
        start = (number - 1) * PER_PAGE
        answer = self._get(
            context,
            "/admin/orders",
            ("updated_at[$gte]", since.astimezone(UTC).isoformat().replace("+00:00", "Z")),
            ("order", "updated_at"),
            ("limit", str(PER_PAGE)),
            ("offset", str(start)),
        )
        told = asking.mapped(asking.accepted_json(answer, self.title), self.title)
        orders = asking.listed(told.get("orders"), self.title)
        changed = [_updated(order) for order in orders]
        full = reading.whole(told, "count") > start + len(orders)
        return sweeps.Page([Message(answer.body, "orders")] if orders else [], changed, full)

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch one order."""
        answer = self._get(context, f"/admin/orders/{object_id}")
        asking.accepted_json(answer, self.title)
        return [Message(answer.body, "order")]

    def _get(self, context: SourceContext, path: str, *params: tuple[str, str]) -> HttpAnswer:
        return context.calls().request(
            "GET",
            asking.api_url(context) + path,
            params=[*params, ("fields", ",".join(FIELDS))],
            basic=(context.secret("api_key"), ""),
        )

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the pieces of each order of a page, or of the one that was fetched."""
        told = reading.mapping(reading.read_json(message.body), "The message")
        orders = (
            [told["order"]] if "order" in told else reading.sequence(told.get("orders"), "orders")
        )
        yield from sweeps.each(
            orders,
            lambda order: self._order(reading.mapping(order, "order"), context),
            sweeps.id_of,
        )

    def _order(self, order: Mapping[str, Any], context: SourceContext) -> Iterable[Read]:
        word = reading.text(order, "status")
        if word == "draft":
            yield Ignored("a draft, not yet an order")
            return
        object_id = reading.text(order, "id")
        weight = max(0, min(reading.whole(order, "version", default=0), refunds.STEPS_MAX))
        piece = Piece(object_id, "order", _data(order, context), _updated(order), weight)
        back = _given_back(order)
        yield piece
        yield Piece(object_id, "refunds", {"back": format(back, "f")}, int(back * 10**6))
        yield from standing.refusal(piece, self.vocabulary, word)

    # ---- how an order stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order, what was given back taken off the units that came back."""
        if "order" not in pieces:
            return Waiting("order_unknown", "Only a refund or the end of this order is known yet.")
        order = {**pieces["order"], **pieces.get("refunds", {})}
        currency = reading.text(order, "currency_code", length_max=3).upper()
        word = reading.text(order, "status")
        status = standing.standing_of(
            word,
            self.vocabulary,
            context,
            passed={"completed"} if word == "archived" else (),
            refused=standing.was_refused(pieces),
        )
        if status is Validation.CONFIRMED and not _is_paid(order):
            status = Validation.PENDING
        beside = charges.charged(_beside(order, currency))
        return PurchaseReport(
            order_ref=reading.text(order, "display_id"),
            occurred_at=reading.moment(order.get("created_at"), "created_at", None),
            currency=currency,
            lines=_lines(order, currency),
            delivery=beside.amount,
            delivery_tax=beside.tax,
            status=status,
            native_status=word,
            reason=self.vocabulary.reason(word) if status is Validation.DECLINED else "",
            traces=traces.traces_of(
                context,
                reading.mapping(order.get("metadata"), "metadata"),
                email=reading.text(order, "email", default=""),
            ),
            country=reading.text(order, "country", default="").upper(),
            updated_at=_updated(order),
        )


# ---- parts of an answer ----


def _updated(order: Any) -> datetime:
    return reading.moment(reading.dig(order, "updated_at"), "updated_at", None).utc


def _data(order: Mapping[str, Any], context: SourceContext) -> dict[str, Any]:
    """Return what is kept of an order."""
    items = map(_item, reading.objects(order.get("items"), "items"))
    names = (
        "display_id", "status", "currency_code", "email", "created_at", "updated_at", "payment_status", "total",
        "shipping_total", "shipping_tax_total",
    )  # fmt: skip
    told = {
        **{name: order.get(name) for name in names},
        "country": reading.dig(order, "shipping_address.country_code"),
        "metadata": traces.kept(context, reading.mapping(order.get("metadata") or {}, "metadata")),
        "items": sorted(items, key=lambda item: (item["created"], item["id"])),
    }
    found: dict[str, Any] = reading.plain(told)
    return found


def _item(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is kept of an article. Units that came back were received, or kept by the customer."""
    gone = ("return_received_quantity", "return_dismissed_quantity")
    return {
        "id": reading.text(item, "id"),
        "created": reading.text(item, "created_at", default=""),
        "sku": reading.text(item, "variant_sku", default=""),
        "quantity": item.get("quantity"),
        "total": item.get("total"),
        "tax_total": item.get("tax_total"),
        "returned": sum(reading.whole(item, f"detail.{name}", default=0) for name in gone),
    }


def _given_back(order: Mapping[str, Any]) -> Decimal:
    """Return what was given back so far; it only grows, whatever the order's time of change says."""
    told = [
        reading.decimal(refund, "amount")
        for collection in reading.objects(order.get("payment_collections"), "payment_collections")
        for payment in reading.objects(collection.get("payments"), "payments")
        for refund in reading.objects(payment.get("refunds"), "refunds")
    ]
    return sum(told, NOTHING)


# ---- parts of an order ----


def _is_paid(order: Mapping[str, Any]) -> bool:
    """Tell whether money came. Raises UnknownWord."""
    word = reading.text(order, "payment_status")
    if word not in UNPAID | PAID:
        raise UnknownWord(f"“{word}” is no state of a payment that Medusa is known to use.")
    return word in PAID


def _beside(order: Mapping[str, Any], currency: str) -> list[charges.Charge]:
    """Return the delivery, and what the order costs more, or less, than its articles and that."""
    shipping = reading.decimal(order, "shipping_total")
    items = reading.objects(order.get("items"), "items")
    parts = sum((reading.decimal(item, "total") for item in items), shipping)
    rest = amounts.rounded(reading.decimal(order, "total") - parts, currency)
    tax = amounts.rounded(reading.decimal(order, "shipping_tax_total"), currency)
    return [
        charges.Charge(amounts.rounded(shipping, currency), tax),
        charges.Charge(rest, NOTHING),
    ]


def _lines(order: Mapping[str, Any], currency: str) -> list[ReportLine]:
    items = reading.objects(order.get("items"), "items")
    if not items:
        raise reading.Misread("The order holds no article.")
    lines = [
        ReportLine(
            number=number,
            sku=reading.text(item, "sku", default=""),
            quantity=amounts.units(item, "quantity"),
            amount=amounts.rounded(reading.decimal(item, "total"), currency),
            tax=amounts.rounded(reading.decimal(item, "tax_total"), currency),
        )
        for number, item in enumerate(items, 1)
    ]
    lines = charges.discounted(lines, _beside(order, currency), currency)
    back = amounts.rounded(reading.decimal(order, "back", default=NOTHING), currency)
    units = {number: reading.whole(item, "returned") for number, item in enumerate(items, 1)}
    named = {number: count for number, count in units.items() if count}
    return refunds.taken_off(lines, [refunds.Refund("all", back, named)], currency)


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Medusa."""
    return [Medusa()]
