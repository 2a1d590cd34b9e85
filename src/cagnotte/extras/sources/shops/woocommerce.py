"""WooCommerce: orders by webhook, and by asking the shop for what changed.

A webhook carries the whole order as it stands when it is sent, signed over its bytes; so the first one about an order
may already hold its refunds. It tells of a refund its total alone; which articles came back is asked for where the shop
may be asked. Amounts of lines are without tax, whatever the shop shows its customers. Times come twice, in the
shop's zone and, with `_gmt`, in UTC; only the latter are read. A webhook that failed five times is switched off by the
shop without a word, so every poll looks whether one is.

WooCommerce REST API v3; https://woocommerce.github.io/woocommerce-rest-api-docs/.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import standing, sweeps, traces
from cagnotte.extras.sources.shops.amounts import (
    NOTHING,
    GivenBack,
    spread,
    units,
    units_back,
    whole_return,
)
from cagnotte.hooks import reading, signing
from cagnotte.hooks.reading import objects, text
from cagnotte.hooks.sources import (
    HttpAnswer,
    Ignored,
    Incoming,
    Message,
    Moment,
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
    Unreadable,
    Vocabulary,
    Waiting,
    Wanted,
)
from cagnotte.hooks.specs import hookimpl

API = "/wp-json/wc/v3"
PER_PAGE = 100
"""The most rows that one call returns."""
AGAIN = timedelta(minutes=10)
GMT = ZoneInfo("UTC")

DRAFTS = frozenset({"checkout-draft", "auto-draft", "draft"})
"""A basket at the checkout, not yet an order."""
UNPAID = frozenset({"pending", "on-hold"})
FINISHED = frozenset({"completed", "refunded"})
"""An order that is deleted in one of these keeps its standing: shops clear old orders away."""
LANDING = "_wc_order_attribution_session_entry"
"""Where the shop's own order attribution keeps the address by which the customer came in."""
PAID_FIELD = "cagnotte_paid"
"""Where our plugin keeps the part of an order that the cagnotte pays: major units, as a text."""
REFUNDED_LINE = "_refunded_item_id"
"""Where a line of a refund names the line of the order."""

ORDER_FIELDS = (
    "number", "status", "currency", "date_created_gmt", "date_modified_gmt", "shipping_total", "shipping_tax",
)  # fmt: skip
LINE_FIELDS = (
    "id",
    "product_id",
    "sku",
    "quantity",
    "subtotal",
    "subtotal_tax",
    "total",
    "total_tax",
)


class WooCommerce(SourcePlugin):
    """Orders of a WooCommerce shop; see the module."""

    name = "woocommerce"
    title = "WooCommerce"
    kind = SourceKind.SHOP
    proof = Proof.CAPTURED
    settings = (
        Setting("api_url", "The address of the shop, such as https://shop.example."),
        Setting("webhook_secret", "The secret that you typed into the webhooks.", secret=True),
        Setting(
            "consumer_key", "The key of the REST API, ck_…, that may read.", secret=True, default=""
        ),
        Setting("consumer_secret", "The secret of that key, cs_….", secret=True, default=""),
        standing.confirm_on("completed"),
        sweeps.HISTORY,
        *traces.SETTINGS,
    )
    vocabulary = Vocabulary(
        {
            "pending": Validation.PENDING,
            "on-hold": Validation.PENDING,
            "processing": Validation.PENDING,
            "completed": Validation.CONFIRMED,
            "cancelled": Validation.DECLINED,
            "failed": Validation.DECLINED,
            "refunded": Validation.DECLINED,
            "trash": Validation.DECLINED,
        },
        {
            "cancelled": "cancelled",
            "failed": "invalid_payment",
            "refunded": "returned",
            "trash": "cancelled",
            "deleted": "cancelled",
        },
    )
    pace = Pace(20, 10)
    polls = True
    receives = True

    # ---- webhooks ----

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check the header over the raw body. A ping is not signed, and brings nothing."""
        if _is_ping(incoming):
            return False
        signing.check(
            incoming.headers.get("x-wc-webhook-signature", ""),
            context.secrets.get("webhook_secret", ()),
            incoming.body,
        )
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep a signed order; answer a ping, which the shop sends when a webhook is saved."""
        if not signed:
            return Reception()
        topic = incoming.headers.get("x-wc-webhook-topic", "")
        event = incoming.headers.get("x-wc-webhook-delivery-id", "")
        return Reception([Message(incoming.body, topic, event)])

    # ---- asking the shop ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for orders by their last change, for the articles of their refunds, and for dead webhooks.

        Without a key nothing is asked: the shop is told of by its webhooks alone.
        """
        if not _may_ask(context):
            return

        def ask(since: datetime, number: int) -> sweeps.Page:
            asked = [
                ("modified_after", since.strftime("%Y-%m-%dT%H:%M:%S")),
                ("dates_are_gmt", "true"),
                ("orderby", "modified"),
                ("order", "asc"),
                ("per_page", str(PER_PAGE)),
                ("page", str(number)),
            ]
            message, orders, pages = self._ask(context, "/orders", asked, "orders")
            changed = [_gmt(order, "date_modified_gmt").utc for order in orders]
            with_refunds = [text(order, "id") for order in orders if order.get("refunds")]
            details = [self._refunds(context, object_id) for object_id in with_refunds]
            return sweeps.Page([message, *details], changed, number < pages)

        start = sweeps.since(context, cursor, again=AGAIN)
        known: Mapping[str, Any] = cursor
        for page in sweeps.sweep(start, cursor, ask):
            yield page
            known = page.cursor
        every = [("per_page", str(PER_PAGE))]
        message, webhooks, _ = self._ask(context, "/webhooks", every, "webhooks")
        off = sorted(_event_of(hook) for hook in webhooks if _is_off(hook))
        if off:
            yield Polled([Message(message.body, message.topic, " ".join(off)[:200])], known)

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch an order and the articles of its refunds."""
        answer = self._get(context, f"/orders/{object_id}")
        asking.accepted_json(answer, self.title)
        return [Message(answer.body, "order"), self._refunds(context, object_id)]

    def _refunds(self, context: SourceContext, object_id: str) -> Message:
        asked = [("per_page", str(PER_PAGE))]
        return self._ask(context, f"/orders/{object_id}/refunds", asked, f"refunds/{object_id}")[0]

    def _ask(
        self, context: SourceContext, path: str, params: Sequence[tuple[str, str]], topic: str
    ) -> tuple[Message, list[Mapping[str, Any]], int]:
        """Return an answer as a message, the rows in it, and how many pages there are."""
        answer = self._get(context, path, params)
        rows = asking.listed(asking.accepted_json(answer, self.title), self.title)
        pages = answer.headers.get("x-wp-totalpages", "")
        return (
            Message(answer.body, topic),
            [row for row in rows if isinstance(row, Mapping)],
            int(pages) if pages.isdecimal() else 1,
        )

    def _get(
        self, context: SourceContext, path: str, params: Sequence[tuple[str, str]] = ()
    ) -> HttpAnswer:
        return context.calls().request(
            "GET",
            asking.api_url(context) + API + path,
            params=params,
            basic=(context.secret("consumer_key"), context.secret("consumer_secret")),
        )

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the pieces of an order, of a page of orders, or of the refunds of one order."""
        told = reading.read_json(message.body)
        kind, _, object_id = message.topic.partition("/")
        if kind == "refunds":
            yield from (_refund(object_id, refund) for refund in objects(told, "refunds"))
        elif kind == "webhooks":
            yield from (_switched_off(hook) for hook in objects(told, kind) if _is_off(hook))
        elif message.topic == "order.deleted":
            yield Piece(text(told, "id"), "deleted", {"deleted": True})
        elif message.topic == "order.restored":
            yield Piece(text(told, "id"), "deleted", {"deleted": False})
            yield from self._order(reading.mapping(told, "order"), context)
        else:
            orders = objects(told if isinstance(told, list) else [told], "orders")
            yield from sweeps.each(
                orders, lambda order: self._order(order, context), lambda order: order.get("id")
            )
            yield from _more(message, orders, context)

    def _order(self, told: Mapping[str, Any], context: SourceContext) -> Iterable[Read]:
        word = text(told, "status")
        if word in DRAFTS:
            yield Ignored("a basket at the checkout")
            return
        data = {
            **{name: told.get(name) for name in ORDER_FIELDS},
            "email": text(told, "billing.email", default=""),
            "country": text(told, "billing.country", default=""),
            "fields": _fields(told, context),
            "wallet": _paid_by_cagnotte(told),
            "coupons": [text(one, "code") for one in objects(told.get("coupon_lines"), "coupons")],
            "lines": _picked(told.get("line_items"), "line_items", LINE_FIELDS),
            "fees": _picked(told.get("fee_lines"), "fee_lines", ("total", "total_tax")),
            "refunds": _picked(told.get("refunds"), "refunds", ("id", "total")),
        }
        changed = _gmt(told, "date_modified_gmt").utc
        piece = Piece(text(told, "id"), "order", reading.plain(data), changed)
        yield piece
        yield from standing.refusal(piece, self.vocabulary, word)

    # ---- how an order stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order, its refunds taken off their articles where they are known."""
        if "order" not in pieces:
            return Waiting("order_unknown", "Only a refund or the end of this order is known yet.")
        order = pieces["order"]
        if not order["lines"]:
            return Waiting("no_lines", "The order holds no articles yet.")
        currency = text(order, "currency", length_max=3)
        word = text(order, "status")
        lines, delivery, delivery_tax = _bought(order, currency)
        kept = _refunds_of(pieces).taken_off(lines, delivery, delivery_tax, currency)
        if word == "refunded":
            kept = kept._replace(lines=[whole_return(line) for line in lines], refunded=NOTHING)
        status, reason = self._standing(word, pieces, context)
        return PurchaseReport(
            order_ref=text(order, "number", length_max=100),
            occurred_at=_gmt(order, "date_created_gmt"),
            currency=currency,
            lines=kept.lines,
            delivery=kept.delivery,
            delivery_tax=kept.delivery_tax,
            refunded=kept.refunded,
            status=status,
            native_status=word,
            reason=reason,
            traces=traces.traces_of(
                context,
                order["fields"],
                landing=order["fields"].get(LANDING, ""),
                codes=order["coupons"],
                email=order["email"],
            ),
            country=order["country"],
            coupon_codes=tuple(order["coupons"]),
            updated_at=_gmt(order, "date_modified_gmt").utc,
        )

    def _standing(
        self, word: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> tuple[Validation | None, str]:
        """Return what the order's word, or its end, says of the purchase, and why it is declined."""
        if pieces.get("deleted", {}).get("deleted") and word not in FINISHED:
            return Validation.DECLINED, self.vocabulary.reason("deleted")
        status = standing.standing_of(
            word,
            self.vocabulary,
            context,
            unpaid=UNPAID,
            passed=("processing",) if word == "completed" else (),
            refused=standing.was_refused(pieces),
        )
        return status, self.vocabulary.reason(word) if status is Validation.DECLINED else ""


# ---- webhooks ----


def _is_ping(incoming: Incoming) -> bool:
    """Tell whether this is the form that the shop posts when a webhook is saved: its number and nothing else."""
    if "x-wc-webhook-topic" in incoming.headers or not incoming.body.startswith(b"webhook_id="):
        return False
    fields = parse_qsl(incoming.body.decode("ascii", "replace"), keep_blank_values=True)
    return len(fields) == 1 and fields[0][1].isdecimal()


def _is_off(hook: Mapping[str, Any]) -> bool:
    """Tell whether a webhook for orders was switched off by the shop; a person pauses one."""
    return hook.get("status") == "disabled" and str(hook.get("topic", "")).startswith("order.")


def _event_of(hook: Mapping[str, Any]) -> str:
    """Name one switching off, so that it is told once."""
    return f"off:{hook.get('id')}:{hook.get('date_modified_gmt')}"


def _switched_off(hook: Mapping[str, Any]) -> Unreadable:
    return Unreadable(
        "webhook_off",
        f"The shop has switched off its webhook “{hook.get('name')}”, after five deliveries that failed; set it to "
        "active under WooCommerce, Settings, Advanced, Webhooks. Until then its orders come by polls alone.",
        f"webhook {hook.get('id')}",
    )


# ---- reading ----


def _may_ask(context: SourceContext) -> bool:
    """Tell whether there is a key of the shop's API."""
    return bool(context.secrets.get("consumer_key"))


def _more(
    message: Message, orders: Sequence[Mapping[str, Any]], context: SourceContext
) -> Iterator[Wanted]:
    """Ask for the articles of refunds that a webhook tells by their totals, where the shop may be asked."""
    if message.topic.startswith("order.") and _may_ask(context):
        for order in orders:
            if order.get("refunds"):
                yield Wanted(text(order, "id"))


def _refund(object_id: str, refund: Mapping[str, Any]) -> Piece:
    """Return the piece of a refund: its articles and its delivery. Amounts are below zero."""
    lines = []
    for line in objects(refund.get("line_items"), "line_items"):
        names = {text(one, "key"): one for one in objects(line.get("meta_data"), "meta_data")}
        if REFUNDED_LINE in names:
            of = reading.whole(names[REFUNDED_LINE], "value")
            quantity = reading.decimal(line, "quantity", default=NOTHING)
            lines.append({"of": of, "quantity": abs(quantity), "paid_back": -_gross(line, "total")})
    delivery = [_gross(one, "total") for one in objects(refund.get("shipping_lines"), "shipping")]
    data = {"lines": lines, "delivery": -sum(delivery, NOTHING)}
    return Piece(object_id, f"refund:{text(refund, 'id')}", reading.plain(data))


def _refunds_of(pieces: Mapping[str, Mapping[str, Any]]) -> GivenBack:
    """Gather the refunds that the order names; one that was deleted is named no more."""
    found = GivenBack()
    order = pieces["order"]
    bought = {reading.whole(line, "id"): line for line in order["lines"]}
    for refund in order["refunds"]:
        rest = -reading.decimal(refund, "total")
        detail = pieces.get(f"refund:{text(refund, 'id')}", {"lines": [], "delivery": "0"})
        for line in detail["lines"]:
            paid_back = reading.decimal(line, "paid_back")
            of = reading.decimal(bought.get(line["of"]), "quantity", default=NOTHING)
            quantity = units_back(reading.decimal(line, "quantity"), of)
            found.add(line["of"], quantity, paid_back)
            rest -= paid_back
        delivery = reading.decimal(detail, "delivery")
        found.delivery += delivery
        found.rest += rest - delivery
    return found


def _bought(order: Mapping[str, Any], currency: str) -> tuple[list[ReportLine], Decimal, Decimal]:
    """Return lines, delivery and the tax in it. A fee below zero is a discount, one above counts as delivery."""
    fees = [_gross(fee, "total") for fee in order["fees"]]
    lines = [_line(line) for line in order["lines"]]
    discount = -sum((fee for fee in fees if fee < 0), NOTHING)
    shares = spread(discount, [line.amount - line.discount for line in lines], currency, "fees")
    delivery = _gross(order, "shipping_total", "shipping_tax") + discount + sum(fees, NOTHING)
    lines = [
        replace(line, discount=line.discount + share)
        for line, share in zip(lines, shares, strict=True)
    ]
    return (
        _with_wallet(lines, delivery, reading.decimal(order, "wallet", default=NOTHING), currency),
        delivery,
        reading.decimal(order, "shipping_tax", default=NOTHING),
    )


def _with_wallet(
    lines: Sequence[ReportLine], delivery: Decimal, wallet: Decimal, currency: str
) -> list[ReportLine]:
    """Share out what the cagnotte pays over articles and delivery, for it pays a part of the whole order."""
    worth = [*(line.amount - line.discount for line in lines), delivery]
    shares = spread(min(wallet, sum(worth, NOTHING)), worth, currency, PAID_FIELD)
    return [replace(line, wallet=share) for line, share in zip(lines, shares, strict=False)]


def _line(line: Mapping[str, Any]) -> ReportLine:
    before, after = _gross(line, "subtotal"), _gross(line, "total")
    amount = max(before, after)
    return ReportLine(
        reading.whole(line, "id"),
        text(line, "sku", default="") or text(line, "product_id", default=""),
        units(line, "quantity", default=1),
        amount,
        amount - after,
        reading.decimal(line, "total_tax", default=NOTHING),
    )


def _gross(told: Mapping[str, Any], name: str, tax: str = "") -> Decimal:
    """Return an amount with its tax, which stands beside it."""
    return reading.decimal(told, name, default=NOTHING) + reading.decimal(
        told, tax or f"{name}_tax", default=NOTHING
    )


def _gmt(told: Mapping[str, Any], name: str) -> Moment:
    return reading.moment(told.get(name), name, GMT)


def _fields(told: Mapping[str, Any], context: SourceContext) -> dict[str, str]:
    """Return those fields beside the order that may lead to a member."""
    wanted = {context.settings["click_field"], context.settings["member_field"], LANDING}
    found = {}
    for one in objects(told.get("meta_data"), "meta_data"):
        if str(one.get("key")) in wanted and isinstance(one.get("value"), str | int):
            found[text(one, "key")] = str(one["value"])[: traces.LENGTH_MAX * 5]
    return found


def _paid_by_cagnotte(told: Mapping[str, Any]) -> Decimal:
    """Return what the cagnotte pays of an order, as our plugin notes it; nothing in a shop without it."""
    fields = objects(told.get("meta_data"), "meta_data")
    noted = [one for one in fields if one.get("key") == PAID_FIELD]
    return max(reading.decimal(noted[-1], "value", default=NOTHING) if noted else NOTHING, NOTHING)


def _picked(rows: Any, what: str, names: Sequence[str]) -> list[dict[str, Any]]:
    return [{name: row.get(name) for name in names} for row in objects(rows, what)]


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring WooCommerce."""
    return [WooCommerce()]
