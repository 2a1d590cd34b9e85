"""Saleor: orders by webhook, in the fields that its subscription selects, and asked for by GraphQL.

A webhook is signed with the shop's RSA key (a JSON Web Signature of the body, detached), or, where a secret key was
given to it, which Saleor calls deprecated, with HMAC-SHA256. Both the webhook's subscription and our questions select
the same fields of an order; the subscription to paste is in docs/how-to/sources/saleor.md.

Amounts are numbers in major units. What an order's lines and delivery cost beyond its total was paid by gift cards, or
taken off the order as a whole. Which units came back stands in fulfillments, and what was given back at the order.

https://docs.saleor.io/api-reference/orders/objects/order, …/developer/extending/webhooks/payload-signature.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import (
    amounts,
    charges,
    graphql,
    looks,
    refunds,
    standing,
    sweeps,
    traces,
)
from cagnotte.hooks import reading, signing
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

SELECTED = """
fragment Cagnotte on Order {
  id number created updatedAt status userEmail voucherCode channel { currencyCode }
  total { gross { amount } } totalRefunded { amount } shippingPrice { gross { amount } net { amount } }
  shippingAddress { country { code } } metadata { key value }
  lines { id productSku quantity totalPrice { gross { amount } net { amount } } }
  fulfillments { status lines { quantity orderLine { id } } }
}"""
"""What is selected of an order."""

PAGE = (
    """query($since: DateTime, $first: Int, $after: String) {
  orders(filter: {updatedAt: {gte: $since}}, sortBy: {field: LAST_MODIFIED_AT, direction: ASC},
         first: $first, after: $after) {
    pageInfo { hasNextPage endCursor }
    edges { node { ...Cagnotte } }
  }
}"""
    + SELECTED
)
ONE = "query($id: ID!) { order(id: $id) { ...Cagnotte } }" + SELECTED

GIVEN_BACK = frozenset({"REFUNDED", "REFUNDED_AND_RETURNED"})
"""Fulfillments of units whose price was given back."""
FULFILLMENTS = GIVEN_BACK | {
    "FULFILLED",
    "RETURNED",
    "REPLACED",
    "CANCELED",
    "WAITING_FOR_APPROVAL",
}

FINISHED = ("FULFILLED", "PARTIALLY_RETURNED")


class Saleor(SourcePlugin):
    """Orders of a Saleor shop; see the module."""

    name = "saleor"
    title = "Saleor"
    kind = SourceKind.SHOP
    proof = Proof.OFFICIAL
    settings = (
        Setting("api_url", "The address of the API, such as https://shop.saleor.cloud/graphql/."),
        Setting("token", "The token of an app that may manage orders.", secret=True),
        Setting(
            "keys", "What the shop shows at /.well-known/jwks.json: its public keys.", secret=True
        ),
        Setting(
            "secret", "Only for webhooks with a secret key: that key.", secret=True, default=""
        ),
        standing.confirm_on("FULFILLED"),
        looks.HISTORY,
        *traces.SETTINGS,
    )
    vocabulary = Vocabulary(
        {
            "UNCONFIRMED": Validation.PENDING,
            "UNFULFILLED": Validation.PENDING,
            "PARTIALLY_FULFILLED": Validation.PENDING,
            "FULFILLED": Validation.CONFIRMED,
            "PARTIALLY_RETURNED": Validation.CONFIRMED,
            "RETURNED": Validation.DECLINED,
            "CANCELED": Validation.DECLINED,
            "EXPIRED": Validation.DECLINED,
        },
        {"RETURNED": "returned", "CANCELED": "cancelled", "EXPIRED": "cancelled"},
    )
    pace = Pace(60, 60)
    polls = True
    receives = True

    # ---- webhooks ----

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check the header over the raw body, by the shop's keys or by the secret of the webhook."""
        given = incoming.headers.get("saleor-signature", "")
        if given.count(".") == len("..") and context.secrets.get("keys"):
            signing.check_detached_jws(given, context.secrets["keys"], incoming.body)
        else:
            signing.check(
                given.lower(),
                context.secrets.get("secret", ()),
                incoming.body,
                written=signing.hexadecimal,
            )
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep an event about an order. Saleor does not number its messages."""
        return Reception([Message(incoming.body, incoming.headers.get("saleor-event", ""))])

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for orders by their last change; once a day for all recent ones."""
        ends: dict[int, str] = {}

        def ask(since: datetime, number: int) -> sweeps.Page:
            told = {
                "since": since.astimezone(UTC).isoformat(),
                "first": PER_PAGE,
                "after": ends.get(number - 1) if number > 1 else None,
            }
            answer = self._ask(context, PAGE, told)
            page = asking.mapped(graphql.data(answer, self.title).get("orders"), self.title)
            edges = asking.listed(page.get("edges"), self.title)
            changed = [_updated(reading.dig(edge, "node")) for edge in edges]
            ends[number] = reading.text(page, "pageInfo.endCursor", default="")
            messages = [Message(answer.body, "orders")] if edges else []
            return sweeps.Page(messages, changed, reading.flag(page, "pageInfo.hasNextPage"))

        return looks.poll(context, cursor, ask, again=AGAIN)

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch one order."""
        return [Message(self._ask(context, ONE, {"id": object_id}).body, "order")]

    def _ask(self, context: SourceContext, query: str, variables: Mapping[str, Any]) -> HttpAnswer:
        return graphql.ask(
            context,
            self.title,
            asking.setting(context, "api_url"),
            query,
            variables,
            headers={"authorization": f"Bearer {context.secret('token')}"},
        )

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each order of an event, of an answer, or of a page."""
        told = reading.mapping(reading.read_json(message.body), "The message")
        orders = _orders(told)
        if not orders:
            yield Ignored("a message without an order")
        yield from sweeps.each(
            orders,
            lambda order: self._order(reading.mapping(order, "order"), context),
            sweeps.id_of,
        )

    def _order(self, order: Mapping[str, Any], context: SourceContext) -> Iterable[Read]:
        word = reading.text(order, "status")
        if word == "DRAFT":
            yield Ignored("a draft, not yet an order")
            return
        object_id = reading.text(order, "id")
        piece = Piece(object_id, "order", _data(order, context), _updated(order))
        back = Piece(object_id, "refunds", _given_back(order), _refunded(order))
        yield piece
        yield back
        yield from standing.refusal(piece, self.vocabulary, word)

    # ---- how an order stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order, what was given back taken off the units it was for."""
        if "order" not in pieces:
            return Waiting("order_unknown", "Only the end of this order is known yet.")
        order = {**pieces["order"], **pieces.get("refunds", {})}
        currency = reading.text(order, "currency", length_max=3)
        word = reading.text(order, "status")
        status = standing.standing_of(
            word,
            self.vocabulary,
            context,
            passed=FINISHED[: FINISHED.index(word)] if word in FINISHED else (),
            refused=standing.was_refused(pieces),
        )
        beside = _beside(order, currency)
        delivery = charges.charged(beside)
        code = reading.text(order, "voucher", default="")
        codes = (code,) if code else ()
        return PurchaseReport(
            order_ref=reading.text(order, "number", length_max=100),
            occurred_at=reading.moment(order.get("created"), "created", None),
            currency=currency,
            lines=_lines(order, beside, currency),
            delivery=delivery.amount,
            delivery_tax=delivery.tax,
            status=status,
            native_status=word,
            reason=self.vocabulary.reason(word) if status is Validation.DECLINED else "",
            traces=traces.traces_of(
                context,
                reading.mapping(order.get("metadata"), "metadata"),
                codes=codes,
                email=reading.text(order, "email", default=""),
            ),
            country=reading.text(order, "country", default=""),
            coupon_codes=codes,
            updated_at=reading.moment(order.get("updated"), "updatedAt", None).utc,
        )


# ---- parts of messages ----


def _orders(told: Mapping[str, Any]) -> Sequence[Any]:
    """Return the orders of a message: of a page, of an answer about one order, or of an event."""
    page = reading.dig(told, "data.orders.edges")
    if page is not None:
        return [reading.dig(edge, "node") for edge in reading.sequence(page, "edges")]
    places = ("order", "event.order", "data.order", "data.event.order")
    found = [reading.dig(told, place) for place in places]
    return [order for order in found if order is not None][:1]


def _updated(order: Any) -> datetime:
    return reading.moment(reading.dig(order, "updatedAt"), "updatedAt", None).utc


def _refunded(order: Mapping[str, Any]) -> int:
    """Return what was given back so far, in minor units: it only grows, whatever the order's time of change says."""
    currency = reading.text(order, "channel.currencyCode", length_max=3)
    told = reading.decimal(order, "totalRefunded.amount", default=Decimal(0))
    return amounts.minor(amounts.rounded(told, currency), currency, "totalRefunded")


def _given_back(order: Mapping[str, Any]) -> dict[str, Any]:
    told = {"refunded": reading.dig(order, "totalRefunded.amount"), "back": _units_back(order)}
    found: dict[str, Any] = reading.plain(told)
    return found


def _data(order: Mapping[str, Any], context: SourceContext) -> dict[str, Any]:
    """Return what is kept of an order."""
    kept = {
        "number": order.get("number"),
        "created": order.get("created"),
        "updated": order.get("updatedAt"),
        "status": order.get("status"),
        "email": order.get("userEmail"),
        "voucher": order.get("voucherCode"),
        "currency": reading.dig(order, "channel.currencyCode"),
        "country": reading.dig(order, "shippingAddress.country.code"),
        "total": reading.dig(order, "total.gross.amount"),
        "shipping": reading.dig(order, "shippingPrice.gross.amount"),
        "shipping_net": reading.dig(order, "shippingPrice.net.amount"),
        "metadata": traces.kept(
            context,
            {
                reading.text(one, "key"): one.get("value")
                for one in reading.objects(order.get("metadata"), "metadata")
            },
        ),
        "lines": [_line_data(one) for one in reading.objects(order.get("lines"), "lines")],
    }
    found: dict[str, Any] = reading.plain(kept)
    return found


def _line_data(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": reading.text(line, "id"),
        "sku": reading.text(line, "productSku", default=""),
        "quantity": line.get("quantity"),
        "gross": reading.dig(line, "totalPrice.gross.amount"),
        "net": reading.dig(line, "totalPrice.net.amount"),
    }


def _units_back(order: Mapping[str, Any]) -> dict[str, int]:
    """Return which units were paid back, by the id of their line. Raises UnknownWord."""
    found: dict[str, int] = {}
    for fulfillment in reading.objects(order.get("fulfillments"), "fulfillments"):
        word = reading.text(fulfillment, "status")
        if word not in FULFILLMENTS:
            raise UnknownWord(f"“{word}” is no state of a fulfillment that Saleor is known to use.")
        if word in GIVEN_BACK:
            for line in reading.objects(fulfillment.get("lines"), "lines"):
                name = reading.text(line, "orderLine.id")
                found[name] = found.get(name, 0) + reading.whole(line, "quantity")
    return found


# ---- parts of an order ----


def _amount(data: Any, path: str, currency: str) -> Decimal:
    return amounts.rounded(reading.decimal(data, path), currency)


def _beside(order: Mapping[str, Any], currency: str) -> list[charges.Charge]:
    """Return the delivery, and what the order costs more, or less, than its lines and that."""
    shipping = _amount(order, "shipping", currency)
    lines = reading.objects(order.get("lines"), "lines")
    parts = sum((_amount(line, "gross", currency) for line in lines), shipping)
    rest = _amount(order, "total", currency) - parts
    return [
        charges.Charge(shipping, shipping - _amount(order, "shipping_net", currency)),
        charges.Charge(rest, Decimal(0)),
    ]


def _lines(
    order: Mapping[str, Any], beside: Sequence[charges.Charge], currency: str
) -> list[ReportLine]:
    told = reading.objects(order.get("lines"), "lines")
    if not told:
        raise reading.Misread("The order holds no article.")
    lines = [_line(number, line, currency) for number, line in enumerate(told, 1)]
    lines = charges.discounted(lines, beside, currency)
    back = reading.mapping(order.get("back", {}), "fulfillments")
    units = {
        number: reading.whole({"quantity": back.get(reading.text(line, "id"), 0)}, "quantity")
        for number, line in enumerate(told, 1)
    }
    refunded = amounts.rounded(reading.decimal(order, "refunded", default=Decimal(0)), currency)
    named = {number: count for number, count in units.items() if count}
    return refunds.taken_off(lines, [refunds.Refund("all", refunded, named)], currency)


def _line(number: int, line: Mapping[str, Any], currency: str) -> ReportLine:
    gross = _amount(line, "gross", currency)
    return ReportLine(
        number=number,
        sku=reading.text(line, "sku", default=""),
        quantity=reading.whole(line, "quantity"),
        amount=gross,
        tax=gross - _amount(line, "net", currency),
    )


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Saleor."""
    return [Saleor()]
