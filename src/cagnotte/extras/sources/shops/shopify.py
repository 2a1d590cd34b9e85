"""Shopify: orders and refunds by webhook, and by asking the shop for what changed.

Webhooks come in any order, and a repeat carries what it carried first, however old; so each telling of an order counts
by its `updated_at`. A refund is told on its own and again in its order: the same piece under the same key. What was
given back is the sum of its successful transactions, which may be more than its articles (a gesture) or less (a fee
kept back); articles that came back count in full. An order that is edited keeps its lines and lowers their
`current_quantity`, with or without a refund. Amounts are in the shop's currency, whatever the customer saw.

Shopify Admin REST API, whose orders its webhooks carry; https://shopify.dev/docs/api/admin-rest/latest/resources/order.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from cagnotte.domain.purchases import Channel, Validation
from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import standing, sweeps, traces
from cagnotte.extras.sources.shops.amounts import (
    NOTHING,
    GivenBack,
    Kept,
    rounded,
    units,
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
    SourceFailed,
    SourceKind,
    SourcePlugin,
    Vocabulary,
    Waiting,
    Wanted,
)
from cagnotte.hooks.specs import hookimpl

PER_PAGE = 250
"""The most orders that one call returns."""
AGAIN = timedelta(minutes=10)
KEPT_HEADERS = ("x-shopify-test", "x-shopify-triggered-at")
NEXT = re.compile(r'<([^<>]+)>;\s*rel="?next"?')

UNPAID = frozenset({"pending", "authorized", "partially_paid"})
FAILED = frozenset({"failure", "error"})
PASSED = {"partially_refunded": ("paid",), "fulfilled": ("paid",)}
FINISHED = frozenset({"fulfilled", "refunded"})
"""An order that is deleted in one of these keeps its standing: shops clear old orders away."""

ORDER_FIELDS = (
    "name", "currency", "processed_at", "created_at", "updated_at", "cancelled_at", "cancel_reason",
    "financial_status", "fulfillment_status", "taxes_included", "test", "source_name", "landing_site", "email",
)  # fmt: skip
LINE_FIELDS = ("id", "sku", "product_id", "quantity", "current_quantity", "price", "gift_card")


class Shopify(SourcePlugin):
    """Orders of a Shopify shop; see the module."""

    name = "shopify"
    title = "Shopify"
    kind = SourceKind.SHOP
    proof = Proof.OFFICIAL
    settings = (
        Setting("api_url", "The shop's own address, https://NAME.myshopify.com."),
        Setting("webhook_secret", "The secret that signs the webhooks.", secret=True),
        Setting(
            "access_token",
            "The access token of an app that may read orders.",
            secret=True,
            default="",
        ),
        Setting("client_id", "Of an app without a lasting token: its client id.", default=""),
        Setting("client_secret", "Of such an app: its client secret.", secret=True, default=""),
        Setting("api_version", "The version of the interface for orders.", default="2025-10"),
        standing.confirm_on("fulfilled"),
        sweeps.HISTORY,
        *traces.SETTINGS,
    )
    vocabulary = Vocabulary(
        {
            **dict.fromkeys(("pending", "authorized", "partially_paid"), Validation.PENDING),
            **dict.fromkeys(("paid", "partially_refunded"), Validation.PENDING),
            "fulfilled": Validation.CONFIRMED,
            **dict.fromkeys(("refunded", "voided", "expired", "cancelled"), Validation.DECLINED),
        },
        {
            "refunded": "returned",
            "voided": "cancelled",
            "expired": "invalid_payment",
            "customer": "cancelled",
            "staff": "cancelled",
            "cancelled": "cancelled",
            "inventory": "out_of_stock",
            "declined": "invalid_payment",
            "fraud": "fraud",
        },
    )
    pace = Pace(40, 20)
    polls = True
    receives = True

    # ---- webhooks ----

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check the header over the raw body."""
        signing.check(
            incoming.headers.get("x-shopify-hmac-sha256", ""),
            context.secrets.get("webhook_secret", ()),
            incoming.body,
        )
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep the message under the id that its repeats share."""
        headers = {
            name: incoming.headers[name] for name in KEPT_HEADERS if name in incoming.headers
        }
        topic = incoming.headers.get("x-shopify-topic", "")
        event = incoming.headers.get("x-shopify-webhook-id", "")
        return Reception([Message(incoming.body, topic, event, headers)])

    # ---- asking the shop ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for orders by their last change; the shop links each page to the next.

        Without a token nothing is asked: the shop is told of by its webhooks alone.
        """
        if not _may_ask(context):
            return
        headers = signed_in(context)
        following = ""

        def ask(since: datetime, number: int) -> sweeps.Page:
            nonlocal following
            asked = [
                ("status", "any"),
                ("limit", str(PER_PAGE)),
                ("updated_at_min", since.isoformat(timespec="seconds")),
                ("order", "updated_at asc"),
            ]
            if number == 1:
                answer = self._get(context, headers, "/orders.json", asked)
            else:
                answer = context.calls().request("GET", following, headers=headers)
            told = reading.mapping(asking.accepted_json(answer, self.title), "answer")
            orders = asking.listed(told.get("orders"), self.title)
            changed = [_moment(order, "updated_at").utc for order in objects(orders, "orders")]
            following = _next(context, answer)
            return sweeps.Page([Message(answer.body, "orders")], changed, bool(following))

        yield from sweeps.sweep(sweeps.since(context, cursor, again=AGAIN), cursor, ask)

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch an order, which holds its refunds."""
        answer = self._get(context, signed_in(context), f"/orders/{object_id}.json")
        asking.accepted_json(answer, self.title)
        return [Message(answer.body, "order")]

    def _get(
        self,
        context: SourceContext,
        headers: Mapping[str, str],
        path: str,
        params: Sequence[tuple[str, str]] = (),
    ) -> HttpAnswer:
        version = asking.setting(context, "api_version")
        address = f"{asking.api_url(context)}/admin/api/{version}{path}"
        return context.calls().request("GET", address, params=params, headers=headers)

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the pieces of an order with its refunds, of a page of orders, or of one refund."""
        told = reading.mapping(reading.read_json(message.body), "The message")
        if message.topic == "refunds/create":
            order_id = text(told, "order_id")
            yield _refund(order_id, told, _moment(told, "processed_at", "created_at").utc)
        elif message.topic == "orders/edited":
            yield _edited(told, context)
        elif message.topic == "orders/delete":
            yield Piece(text(told, "id"), "deleted", {"deleted": True})
        else:
            orders = told.get("orders") if "orders" in told else [told.get("order", told)]
            yield from sweeps.each(
                objects(orders, "orders"),
                lambda order: self._order(order, message, context),
                lambda order: order.get("id"),
            )

    def _order(
        self, told: Mapping[str, Any], message: Message, context: SourceContext
    ) -> Iterable[Read]:
        object_id, changed = text(told, "id"), _moment(told, "updated_at").utc
        address = told.get("billing_address") or told.get("shipping_address")
        data = {
            **{name: told.get(name) for name in ORDER_FIELDS},
            "test": told.get("test") is True or message.headers.get("x-shopify-test") == "true",
            "country": text(address, "country_code", default=""),
            "fields": _fields(told, context),
            "codes": [text(one, "code") for one in objects(told.get("discount_codes"), "codes")],
            "shop_total": reading.dig(told, "total_price_set.shop_money.amount"),
            "shown_total": reading.dig(told, "total_price_set.presentment_money.amount"),
            "lines": [
                {**{name: line.get(name) for name in LINE_FIELDS}, **_with_parts(line)}
                for line in objects(told.get("line_items"), "line_items")
            ],
            "shipping": [
                {"price": line.get("price"), **_with_parts(line)}
                for line in objects(told.get("shipping_lines"), "shipping_lines")
            ],
        }
        piece = Piece(object_id, "order", reading.plain(data), changed)
        yield piece
        yield from standing.refusal(piece, self.vocabulary, _word(data))
        for refund in objects(told.get("refunds"), "refunds"):
            yield _refund(object_id, refund, changed)

    # ---- how an order stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order, with all its refunds taken off."""
        if "order" not in pieces:
            return Waiting("order_unknown", "Only a refund or the end of this order is known yet.")
        order = pieces["order"]
        if not order["lines"]:
            return Waiting("no_lines", "The order holds no articles yet.")
        currency, word = text(order, "currency", length_max=3), _word(order)
        kept = _kept(pieces, currency)
        if word == "refunded":
            kept = kept._replace(lines=[whole_return(one) for one in kept.lines], refunded=NOTHING)
        status, reason = self._standing(word, pieces, context)
        return PurchaseReport(
            order_ref=text(order, "name", length_max=100).removeprefix("#"),
            occurred_at=_moment(order, "processed_at", "created_at"),
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
                landing=text(order, "landing_site", default="", length_max=5_000),
                codes=order["codes"],
                email=text(order, "email", default=""),
            ),
            channel=Channel.STORE if order["source_name"] == "pos" else Channel.WEB,
            country=order["country"],
            coupon_codes=tuple(order["codes"]),
            test=order["test"],
            updated_at=_moment(order, "updated_at").utc,
        )

    def _standing(
        self, word: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> tuple[Validation | None, str]:
        """Return what the order's word, or its end, says of the purchase, and why it is declined."""
        if pieces.get("deleted") and word not in FINISHED:
            return Validation.DECLINED, "cancelled"
        status = standing.standing_of(
            word,
            self.vocabulary,
            context,
            unpaid=UNPAID,
            passed=PASSED.get(word, ()),
            refused=standing.was_refused(pieces),
        )
        if status is not Validation.DECLINED:
            return status, ""
        why = text(pieces["order"], "cancel_reason", default=word) if word == "cancelled" else word
        return status, self.vocabulary.reasons.get(why, "cancelled")


# ---- reading ----


def _word(order: Mapping[str, Any]) -> str:
    """Return the one word for an order: cancelled, sent and paid, or how its payment stands."""
    if order.get("cancelled_at"):
        return "cancelled"
    paid = text(order, "financial_status", default="pending")
    sent = order.get("fulfillment_status") == "fulfilled"
    return "fulfilled" if sent and paid in ("paid", "partially_refunded") else paid


def _moment(told: Mapping[str, Any], name: str, other: str = "") -> Moment:
    """Return a time with its offset; the other's where there is none."""
    return reading.moment(told.get(name) or told.get(other), name, None)


def _may_ask(context: SourceContext) -> bool:
    """Tell whether there is a token for the shop's interface, or an app that is given one."""
    return bool(context.secrets.get("access_token") or context.secrets.get("client_secret"))


def _edited(told: Mapping[str, Any], context: SourceContext) -> Read:
    """An edit tells only what was added and removed: the order is fetched, where the shop may be asked."""
    edit = reading.mapping(told.get("order_edit"), "order_edit")
    if _may_ask(context):
        return Wanted(text(edit, "order_id"))
    return Ignored("an edit; the order itself is told as updated")


def _fields(told: Mapping[str, Any], context: SourceContext) -> dict[str, str]:
    """Return those attributes of the basket that may lead to a member."""
    wanted = {context.settings["click_field"], context.settings["member_field"]}
    return {
        text(one, "name"): text(one, "value", default="")
        for one in objects(told.get("note_attributes"), "note_attributes")
        if str(one.get("name")) in wanted
    }


def _with_parts(line: Mapping[str, Any]) -> dict[str, Decimal]:
    """Return what was taken off a line, its share of the order's discounts in it, and its tax."""
    discounts = objects(line.get("discount_allocations"), "discount_allocations")
    taxes = objects(line.get("tax_lines"), "tax_lines")
    return {
        "discount": sum((reading.decimal(one, "amount") for one in discounts), NOTHING),
        "tax": sum((reading.decimal(one, "price") for one in taxes), NOTHING),
    }


def _refund(object_id: str, refund: Mapping[str, Any], told_at: datetime) -> Piece:
    """Return the piece of a refund. One whose money has gone through outweighs one that is under way."""
    moved = [
        {name: one.get(name) for name in ("status", "amount", "currency")}
        for one in objects(refund.get("transactions"), "transactions")
        if one.get("kind") == "refund"
    ]
    data = {
        "lines": [
            {name: line.get(name) for name in ("line_item_id", "quantity", "subtotal", "total_tax")}
            for line in objects(refund.get("refund_line_items"), "refund_line_items")
        ],
        "delivery": [
            {name: one.get(name) for name in ("amount", "tax_amount")}
            for one in objects(refund.get("order_adjustments"), "order_adjustments")
            if one.get("kind") == "shipping_refund"
        ],
        "moved": moved,
    }
    weight = sum(one["status"] == "success" for one in moved)
    return Piece(object_id, f"refund:{text(refund, 'id')}", reading.plain(data), told_at, weight)


# ---- amounts ----


def _kept(pieces: Mapping[str, Mapping[str, Any]], currency: str) -> Kept:
    """Return what is left of the order."""
    order = pieces["order"]
    included = reading.flag(order, "taxes_included", default=False)
    numbers = {text(line, "id"): number for number, line in enumerate(order["lines"], 1)}
    lines = [_line(number, line, included) for number, line in enumerate(order["lines"], 1)]
    back = GivenBack()
    for key, refund in pieces.items():
        if key.startswith("refund:"):
            _gather(back, refund, order, numbers, currency)
    _edited_away(back, order["lines"], lines, currency)
    # Over all refunds: what one withheld another may have paid out.
    back.rest -= back.delivery + sum((paid for _, paid in back.lines.values()), NOTHING)
    shipping = [_line(0, {**line, "quantity": 1}, included) for line in order["shipping"]]
    delivery = sum((line.amount - line.discount for line in shipping), NOTHING)
    return back.taken_off(lines, delivery, sum((line.tax for line in shipping), NOTHING), currency)


def _line(number: int, line: Mapping[str, Any], included: bool) -> ReportLine:  # noqa: FBT001 - how amounts are told
    tax = reading.decimal(line, "tax")
    price = reading.decimal(line, "price") * reading.whole(line, "quantity")
    return ReportLine(
        number,
        text(line, "sku", default="") or text(line, "product_id", default=""),
        units(line, "quantity"),
        price if included else price + tax,
        reading.decimal(line, "discount"),
        tax,
        gift_card=line.get("gift_card") is True,
    )


def _gather(
    back: GivenBack,
    refund: Mapping[str, Any],
    order: Mapping[str, Any],
    numbers: Mapping[str, int],
    currency: str,
) -> None:
    """Add one refund, unless all of its money was refused."""
    moved = refund["moved"]
    if moved and all(one["status"] in FAILED for one in moved):
        return
    with_tax = not reading.flag(order, "taxes_included", default=False)
    for line in refund["lines"]:
        paid = reading.decimal(line, "subtotal") + (
            reading.decimal(line, "total_tax", default=NOTHING) if with_tax else NOTHING
        )
        number = numbers.get(text(line, "line_item_id"))
        if number is not None:
            back.add(number, units(line, "quantity"), paid)
    for one in refund["delivery"]:
        back.delivery -= reading.decimal(one, "amount") + reading.decimal(one, "tax_amount")
    for one in moved:
        if one["status"] == "success":
            back.rest += _in_shop_money(one, order, currency)


def _in_shop_money(moved: Mapping[str, Any], order: Mapping[str, Any], currency: str) -> Decimal:
    """Return the amount of a transaction in the shop's currency, at the rate of the order. Raises Misread."""
    amount = reading.decimal(moved, "amount")
    if text(moved, "currency", default=currency) == currency:
        return amount
    shown = reading.decimal(order, "shown_total")
    return (
        rounded(amount * reading.decimal(order, "shop_total") / shown, currency)
        if shown
        else NOTHING
    )


def _edited_away(
    back: GivenBack, told: Sequence[Mapping[str, Any]], lines: Sequence[ReportLine], currency: str
) -> None:
    """Add the units that an edit took out of the order without any refund that names them."""
    for line, row in zip(lines, told, strict=True):
        left = reading.whole(row, "current_quantity", default=line.quantity)
        units_back, _ = back.lines.get(line.number, (0, NOTHING))
        missing = line.quantity - left - units_back
        if missing > 0 and line.quantity:
            worth = (line.amount - line.discount) * missing / line.quantity
            back.add(line.number, missing, rounded(worth, currency))


def _next(context: SourceContext, answer: HttpAnswer) -> str:
    """Return the address of the next page, "" after the last. Raises SourceFailed when it leads elsewhere."""
    found = NEXT.search(answer.headers.get("link", ""))
    if found is None:
        return ""
    if not found[1].startswith(asking.api_url(context) + "/"):
        raise SourceFailed("Shopify linked its next page to another server.")
    return found[1]


def signed_in(context: SourceContext) -> dict[str, str]:
    """Return the header that lets us in: with the lasting token, or with one that the app is given for a day."""
    if not context.settings["client_id"]:
        return {"x-shopify-access-token": context.secret("access_token")}
    form = {
        "grant_type": "client_credentials",
        "client_id": context.settings["client_id"],
        "client_secret": context.secret("client_secret"),
    }
    answer = context.calls().request(
        "POST",
        f"{asking.api_url(context)}/admin/oauth/access_token",
        headers={"content-type": "application/x-www-form-urlencoded"},
        body=urlencode(form).encode(),
    )
    told = asking.accepted_json(answer, Shopify.title)
    return {"x-shopify-access-token": text(told, "access_token")}


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Shopify."""
    return [Shopify()]
