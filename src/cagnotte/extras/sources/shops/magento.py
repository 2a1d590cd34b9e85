"""Magento 2 and Adobe Commerce: orders asked for by their last change; the open-source edition has no webhooks.

An order counts up what was refunded and cancelled of each item, of its delivery, and beside them, in the same step in
which a credit memo is made; so the order alone tells all, and credit memos are not asked for. Of a configurable article
two items are listed, the parent with the amounts and the child without; of a bundle priced by its parts the children
have them. Amounts without prefix are in the order's currency, those with `base_` in the shop's. Times are in UTC.

REST API of 2.4; https://developer.adobe.com/commerce/webapi/rest/. What an order counts up is as its own code does
(`Order/Creditmemo/RefundOperation.php` of its module Sales).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import standing, sweeps, traces
from cagnotte.extras.sources.shops.amounts import (
    NOTHING,
    GivenBack,
    Kept,
    rounded,
    units,
    units_back,
    whole_return,
)
from cagnotte.hooks import reading
from cagnotte.hooks.reading import objects, text
from cagnotte.hooks.sources import (
    HttpAnswer,
    Message,
    Moment,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    ReportLine,
    Setting,
    SourceContext,
    SourceKind,
    SourcePlugin,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

PAGE_SIZE = 20
AGAIN = timedelta(minutes=10)
FORM = "%Y-%m-%d %H:%M:%S"
UTC_ZONE = ZoneInfo("UTC")

UNPAID = frozenset({"new", "pending_payment", "payment_review"})

ORDER_FIELDS = (
    "increment_id", "state", "created_at", "updated_at", "order_currency_code", "customer_email", "coupon_code",
    "shipping_incl_tax", "shipping_tax_amount", "shipping_discount_amount", "shipping_refunded",
    "shipping_tax_refunded", "total_refunded",
)  # fmt: skip
ITEM_FIELDS = (
    "item_id", "parent_item_id", "sku", "product_type", "qty_ordered", "qty_refunded", "qty_canceled", "row_total",
    "row_total_incl_tax", "discount_amount", "tax_amount", "discount_tax_compensation_amount", "amount_refunded",
    "discount_refunded", "tax_refunded", "discount_tax_compensation_refunded",
)  # fmt: skip


class Magento(SourcePlugin):
    """Orders of a Magento shop; see the module."""

    name = "magento"
    title = "Magento 2"
    kind = SourceKind.SHOP
    proof = Proof.OFFICIAL
    settings = (
        Setting("api_url", "The address of the shop, such as https://shop.example."),
        Setting(
            "access_token", "The access token of an integration that may read sales.", secret=True
        ),
        standing.confirm_on("complete"),
        sweeps.HISTORY,
        *traces.SETTINGS,
    )
    vocabulary = Vocabulary(
        {
            **dict.fromkeys(("new", "pending_payment", "payment_review"), Validation.PENDING),
            **dict.fromkeys(("processing", "holded"), Validation.PENDING),
            "complete": Validation.CONFIRMED,
            "closed": Validation.DECLINED,
            "canceled": Validation.DECLINED,
        },
        {"closed": "returned", "canceled": "cancelled"},
    )
    pace = Pace(20, 10)
    polls = True

    # ---- asking the shop ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for orders by their last change."""

        def ask(since: datetime, number: int) -> sweeps.Page:
            answer = self._get(context, "/orders", _criteria(since, number))
            told = reading.mapping(asking.accepted_json(answer, self.title), "answer")
            orders = objects(asking.listed(told.get("items"), self.title), "orders")
            changed = [_moment(order, "updated_at").utc for order in orders]
            # Beyond its last page the shop tells the last page again; the count says where to stop.
            full = number * PAGE_SIZE < reading.whole(told, "total_count")
            return sweeps.Page([Message(answer.body, "orders")], changed, full)

        yield from sweeps.sweep(sweeps.since(context, cursor, again=AGAIN), cursor, ask)

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch one order."""
        answer = self._get(context, f"/orders/{object_id}")
        asking.accepted_json(answer, self.title)
        return [Message(answer.body, "order")]

    def _get(
        self, context: SourceContext, path: str, params: Sequence[tuple[str, str]] = ()
    ) -> HttpAnswer:
        return context.calls().request(
            "GET",
            f"{asking.api_url(context)}/rest/V1{path}",
            params=params,
            headers={"authorization": f"Bearer {context.secret('access_token')}"},
        )

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the pieces of an order or of a page of them."""
        told = reading.mapping(reading.read_json(message.body), "The message")
        orders = told.get("items") if "total_count" in told else [told]
        return sweeps.each(
            objects(orders, "orders"),
            lambda order: self._order(order, context),
            lambda order: order.get("entity_id"),
        )

    def _order(self, told: Mapping[str, Any], context: SourceContext) -> list[Piece]:
        data = {
            **{name: told.get(name) for name in ORDER_FIELDS},
            "country": text(told, "billing_address.country_id", default=""),
            "fields": _fields(told, context),
            "items": [
                {name: item.get(name) for name in ITEM_FIELDS}
                for item in objects(told.get("items"), "items")
            ],
        }
        changed = _moment(told, "updated_at").utc
        piece = Piece(text(told, "entity_id"), "order", reading.plain(data), changed)
        return [piece, *standing.refusal(piece, self.vocabulary, text(told, "state"))]

    # ---- how an order stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order, less what it counts as refunded and cancelled."""
        order = pieces["order"]
        if not order["items"]:
            return Waiting("no_lines", "The order holds no articles yet.")
        currency, word = text(order, "order_currency_code", length_max=3), text(order, "state")
        kept = _kept(order, currency)
        if word == "closed":
            kept = kept._replace(lines=[whole_return(one) for one in kept.lines], refunded=NOTHING)
        status = standing.standing_of(
            word,
            self.vocabulary,
            context,
            unpaid=UNPAID,
            passed=("processing",) if word == "complete" else (),
            refused=standing.was_refused(pieces),
        )
        code = text(order, "coupon_code", default="")
        return PurchaseReport(
            order_ref=text(order, "increment_id", length_max=100),
            occurred_at=_moment(order, "created_at"),
            currency=currency,
            lines=kept.lines,
            delivery=kept.delivery,
            delivery_tax=kept.delivery_tax,
            refunded=kept.refunded,
            status=status,
            native_status=word,
            reason=self.vocabulary.reason(word) if status is Validation.DECLINED else "",
            traces=traces.traces_of(
                context,
                order["fields"],
                codes=[code] if code else [],
                email=text(order, "customer_email", default=""),
            ),
            country=order["country"],
            coupon_codes=(code,) if code else (),
            updated_at=_moment(order, "updated_at").utc,
        )


def _criteria(since: datetime, number: int) -> list[tuple[str, str]]:
    """Return how a page of changes is asked for."""
    changed = "searchCriteria[filter_groups][0][filters][0]"
    return [
        (f"{changed}[field]", "updated_at"),
        (f"{changed}[condition_type]", "gteq"),
        (f"{changed}[value]", since.astimezone(UTC_ZONE).strftime(FORM)),
        ("searchCriteria[sortOrders][0][field]", "updated_at"),
        ("searchCriteria[sortOrders][0][direction]", "ASC"),
        ("searchCriteria[sortOrders][1][field]", "entity_id"),
        ("searchCriteria[sortOrders][1][direction]", "ASC"),
        ("searchCriteria[pageSize]", str(PAGE_SIZE)),
        ("searchCriteria[currentPage]", str(number)),
    ]


def _moment(told: Mapping[str, Any], name: str) -> Moment:
    return reading.moment(told.get(name), name, UTC_ZONE, form=FORM)


def _fields(told: Mapping[str, Any], context: SourceContext) -> dict[str, str]:
    """Return those attributes, as a module of the shop adds them, that may lead to a member."""
    added = reading.mapping(told.get("extension_attributes") or {}, "extension_attributes")
    names = (context.settings["click_field"], context.settings["member_field"])
    return {name: text(added, name, default="") for name in names if "." not in name}


# ---- amounts ----


def _kept(order: Mapping[str, Any], currency: str) -> Kept:
    """Return what is left of the order."""

    def money(told: Mapping[str, Any], name: str) -> Decimal:
        return rounded(reading.decimal(told, name, default=NOTHING), currency)

    items = _with_amounts(order["items"])
    lines = [_line(item, currency) for item in items]
    back = GivenBack(
        delivery=money(order, "shipping_refunded") + money(order, "shipping_tax_refunded")
    )
    back.rest = money(order, "total_refunded") - back.delivery
    for item, line in zip(items, lines, strict=True):
        paid_back = _paid(item, currency, "amount_refunded", "refunded")
        back.rest -= paid_back
        bought = reading.decimal(item, "qty_ordered")
        returned = reading.decimal(item, "qty_refunded", default=NOTHING)
        cancelled = reading.decimal(item, "qty_canceled", default=NOTHING)
        back.add(line.number, units_back(returned, bought), paid_back)
        if 0 < cancelled <= bought:
            worth = rounded((line.amount - line.discount) * cancelled / bought, currency)
            back.add(line.number, units_back(cancelled, bought), worth)
    delivery = money(order, "shipping_incl_tax") - money(order, "shipping_discount_amount")
    return back.taken_off(
        lines, max(delivery, NOTHING), money(order, "shipping_tax_amount"), currency
    )


def _with_amounts(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return the items that carry amounts: of a parent and its children, either it or they."""
    priced = {
        text(item, "parent_item_id")
        for item in items
        if item.get("parent_item_id") and reading.decimal(item, "row_total", default=NOTHING) > 0
    }
    return [
        item
        for item in items
        if text(item, "item_id") not in priced
        and (not item.get("parent_item_id") or text(item, "parent_item_id") in priced)
    ]


def _line(item: Mapping[str, Any], currency: str) -> ReportLine:
    paid = _paid(item, currency, "row_total", "amount")
    amount = rounded(reading.decimal(item, "row_total_incl_tax", default=paid), currency)
    amount = max(amount, paid)
    tax = rounded(reading.decimal(item, "tax_amount", default=NOTHING), currency)
    return ReportLine(
        reading.whole(item, "item_id"),
        text(item, "sku", default=""),
        units(item, "qty_ordered"),
        amount,
        amount - paid,
        min(tax, paid),
        gift_card=item.get("product_type") == "giftcard",
    )


def _paid(item: Mapping[str, Any], currency: str, price: str, suffix: str) -> Decimal:
    """Return what was paid for an item, or paid back: its price, less discount, plus tax and the tax a discount hid."""
    return rounded(
        reading.decimal(item, price, default=NOTHING)
        - reading.decimal(item, f"discount_{suffix}", default=NOTHING)
        + reading.decimal(item, f"tax_{suffix}", default=NOTHING)
        + reading.decimal(item, f"discount_tax_compensation_{suffix}", default=NOTHING),
        currency,
    )


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Magento."""
    return [Magento()]
