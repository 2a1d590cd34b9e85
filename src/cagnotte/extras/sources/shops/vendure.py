"""Vendure: orders asked for by its Admin API (GraphQL).

Vendure sends nothing by itself. Amounts are whole minor units. `proratedLinePriceWithTax` is what was paid for a line,
its part of the order's discounts off, for the units that are left: cancelled units are gone from `quantity`, while
`orderPlacedQuantity` keeps them. A refund stands at its payment, names units, which may be the cancelled ones, and
counts once it is settled; it is no change of the order, whose state and time stay as they are.

Seen in version 3.7; https://docs.vendure.io/reference/graphql-api/admin/object-types/#order.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.money import Rounding, divide
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
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    HttpAnswer,
    Ignored,
    Message,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    ReportLine,
    Setting,
    SourceContext,
    SourceFailed,
    SourceKind,
    SourcePlugin,
    UnknownWord,
    Unreadable,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

PER_PAGE = 50
AGAIN = timedelta(minutes=10)

LOGIN = """mutation($name: String!, $password: String!) {
  login(username: $name, password: $password) { __typename }
}"""
QUERY = """query($filter: OrderFilterParameter, $take: Int, $skip: Int) {
  orders(options: {filter: $filter, sort: {updatedAt: ASC}, take: $take, skip: $skip}) {
    totalItems
    items {
      code state orderPlacedAt updatedAt currencyCode couponCodes totalWithTax shipping shippingWithTax
      customer { emailAddress } shippingAddress { countryCode } %(custom)s
      lines {
        id quantity orderPlacedQuantity unitPriceWithTax proratedLinePrice proratedLinePriceWithTax
        productVariant { sku }
      }
      surcharges { price priceWithTax }
      payments { id state amount refunds { id state total lines { orderLineId quantity } } }
    }
  }
}"""
_FIELD = re.compile(r"[A-Za-z_]\w{0,60}", re.ASCII)

PATH = ("PaymentAuthorized", "PaymentSettled", "PartiallyShipped", "Shipped", "PartiallyDelivered")
"""The states before “Delivered”, in their order: an order in a later one has the earlier ones behind it."""

REFUND_STEPS = {"Pending": 1, "Settled": 2, "Failed": 2}
PAID = frozenset({"Settled", "Authorized"})

ORDER_FIELDS = (
    "code", "state", "orderPlacedAt", "updatedAt", "currencyCode", "couponCodes", "totalWithTax", "shipping",
    "shippingWithTax",
)  # fmt: skip
LINE_FIELDS = (
    "id", "quantity", "orderPlacedQuantity", "unitPriceWithTax", "proratedLinePrice",
    "proratedLinePriceWithTax",
)  # fmt: skip


class Vendure(SourcePlugin):
    """Orders of a Vendure shop; see the module."""

    name = "vendure"
    title = "Vendure"
    kind = SourceKind.SHOP
    proof = Proof.CAPTURED
    settings = (
        Setting("api_url", "The address of the Admin API, such as https://shop.example/admin-api."),
        Setting("username", "The name of an administrator who may read orders."),
        Setting("password", "The password of that administrator.", secret=True),
        Setting("click_field", "The custom field of orders that holds the click.", default=""),
        Setting("member_field", "The custom field that holds a member number.", default=""),
        standing.confirm_on("Delivered"),
        looks.HISTORY,
    )
    vocabulary = Vocabulary(
        {
            **dict.fromkeys(PATH, Validation.PENDING),
            "Modifying": Validation.PENDING,
            "ArrangingAdditionalPayment": Validation.PENDING,
            "Delivered": Validation.CONFIRMED,
            "Cancelled": Validation.DECLINED,
        },
        {"Cancelled": "cancelled"},
    )
    pace = Pace(60, 60)
    polls = True

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for orders by their last change; once a day for all recent ones, for their refunds."""
        token = login(context)
        ask = partial(self._page, context, token)
        yield from looks.poll(context, cursor, ask, again=AGAIN)

    def _page(
        self, context: SourceContext, token: str, since: datetime, number: int
    ) -> sweeps.Page:
        changed_after = since.astimezone(UTC).isoformat().replace("+00:00", "Z")
        answer = self._ask(
            context,
            token,
            {"filter": {"updatedAt": {"after": changed_after}}},
            take=PER_PAGE,
            skip=(number - 1) * PER_PAGE,
        )
        told = asking.mapped(graphql.data(answer, self.title).get("orders"), self.title)
        orders = asking.listed(told.get("items"), self.title)
        changed = [_moment(order, "updatedAt") for order in orders]
        full = reading.whole(told, "totalItems") > (number - 1) * PER_PAGE + len(orders)
        return sweeps.Page([Message(answer.body, "orders")] if orders else [], changed, full)

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch one order."""
        token = login(context)
        wanted = {"filter": {"code": {"eq": object_id}}}
        return [Message(self._ask(context, token, wanted, take=1, skip=0).body, "orders")]

    def _ask(
        self,
        context: SourceContext,
        token: str,
        variables: Mapping[str, Any],
        **limits: int,
    ) -> HttpAnswer:
        query = QUERY % {"custom": _custom(context)}
        return graphql.ask(
            context,
            self.title,
            asking.api_url(context),
            query,
            {**variables, **limits},
            headers={"authorization": f"Bearer {token}"},
        )

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each order that was placed."""
        told = reading.dig(reading.read_json(message.body), "data.orders.items")
        for place, order in enumerate(reading.objects(told, "items"), 1):
            try:
                yield from self._order(order, context)
            except InvalidInput as error:
                yield Unreadable("misread", error.sentence, f"order {place}")

    def _order(self, order: Mapping[str, Any], context: SourceContext) -> Iterable[Read]:
        if order.get("orderPlacedAt") is None:
            yield Ignored("a basket, not yet an order")
            return
        data = {
            **{name: order.get(name) for name in ORDER_FIELDS},
            "email": reading.text(order, "customer.emailAddress", default=""),
            "country": reading.text(order, "shippingAddress.countryCode", default=""),
            "fields": traces.kept(
                context, reading.mapping(order.get("customFields") or {}, "customFields")
            ),
            "lines": [_line_data(line) for line in reading.objects(order.get("lines"), "lines")],
            "surcharges": order.get("surcharges"),
            "payments": order.get("payments"),
        }
        code = reading.text(order, "code", length_max=100)
        weight = _steps(order)
        piece = Piece(code, "order", reading.plain(data), _moment(order, "updatedAt"), weight)
        state = reading.text(order, "state")
        yield piece
        yield from standing.refusal(piece, self.vocabulary, state)

    # ---- how an order stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order, cancelled and refunded units as returned."""
        if "order" not in pieces:
            return Waiting("order_unknown", "Only the end of this order is known yet.")
        order = pieces["order"]
        currency = reading.text(order, "currencyCode", length_max=3)
        state = reading.text(order, "state")
        behind = PATH[1 : PATH.index(state)] if state in PATH else PATH[1:]
        status = standing.standing_of(
            state,
            self.vocabulary,
            context,
            passed=behind if state in (*PATH, "Delivered") else (),
            refused=standing.was_refused(pieces),
        )
        delivery = _charge(order, "shippingWithTax", "shipping", currency)
        beside = charges.charged([delivery, *_surcharges(order, currency)])
        codes = tuple(
            reading.text({"code": code}, "code")
            for code in reading.sequence(order.get("couponCodes"), "couponCodes")
        )
        return PurchaseReport(
            order_ref=object_id,
            occurred_at=reading.moment(order.get("orderPlacedAt"), "orderPlacedAt", None),
            currency=currency,
            lines=_lines(order, currency),
            delivery=beside.amount,
            delivery_tax=beside.tax,
            status=status,
            native_status=state,
            reason=self.vocabulary.reason(state) if status is Validation.DECLINED else "",
            traces=traces.traces_of(
                context,
                reading.mapping(order.get("fields"), "customFields"),
                codes=codes,
                email=reading.text(order, "email", default=""),
            ),
            country=reading.text(order, "country", default=""),
            coupon_codes=codes,
            updated_at=_moment(order, "updatedAt"),
        )


# ---- parts of an order ----


def _custom(context: SourceContext) -> str:
    """Return the custom fields to ask for. Raises SourceFailed for a name that is none."""
    names = [context.settings.get(name, "") for name in ("click_field", "member_field")]
    found = [name for name in names if name]
    for name in found:
        if not _FIELD.fullmatch(name):
            raise SourceFailed(f"“{name}” is no name of a custom field.")
    return f"customFields {{ {' '.join(found)} }}" if found else ""


def _moment(order: Any, name: str) -> datetime:
    return reading.moment(reading.dig(order, name), name, None).utc


def _line_data(line: Mapping[str, Any]) -> dict[str, Any]:
    sku = reading.text(line, "productVariant.sku", default="")
    return {**{name: line.get(name) for name in LINE_FIELDS}, "sku": sku}


def _steps(order: Mapping[str, Any]) -> int:
    """Return how much happened to the units and refunds of an order; of two tellings of one second, more is later.

    Raises UnknownWord for a state of a refund that is not known.
    """
    steps = 0
    for refund in _refunds(order):
        state = reading.text(refund, "state")
        if state not in REFUND_STEPS:
            raise UnknownWord(f"“{state}” is no state of a refund that Vendure is known to use.")
        steps += REFUND_STEPS[state]
    for line in reading.objects(order.get("lines"), "lines"):
        steps += _placed(line) - reading.whole(line, "quantity")
    return min(steps, refunds.STEPS_MAX)


def _placed(line: Any) -> int:
    """Return how many units were ever ordered; an order that was changed may hold more than at first."""
    return max(reading.whole(line, "orderPlacedQuantity"), reading.whole(line, "quantity"))


def _refunds(order: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    payments = reading.objects(order.get("payments"), "payments")
    return [one for paid in payments for one in reading.objects(paid.get("refunds"), "refunds")]


def _amount(data: Any, path: str, currency: str) -> Decimal:
    return amounts.major(reading.whole(data, path), currency)


def _charge(data: Any, with_tax: str, without: str, currency: str) -> charges.Charge:
    amount = _amount(data, with_tax, currency)
    return charges.Charge(amount, amount - _amount(data, without, currency))


def _surcharges(order: Mapping[str, Any], currency: str) -> list[charges.Charge]:
    told = reading.objects(order.get("surcharges"), "surcharges")
    return [_charge(one, "priceWithTax", "price", currency) for one in told]


def _lines(order: Mapping[str, Any], currency: str) -> list[ReportLine]:
    """Return the lines with all units that were ever ordered, those that are cancelled or paid back as returned."""
    told = reading.objects(order.get("lines"), "lines")
    if not told:
        raise reading.Misread("The order holds no article.")
    left = [_line_left(number, line, currency) for number, line in enumerate(told, 1)]
    left = charges.discounted(left, _surcharges(order, currency), currency)
    left = refunds.taken_off(left, [_given_back(order, told, currency)], currency)
    return [_whole(line, of, currency) for line, of in zip(left, told, strict=True)]


def _line_left(number: int, line: Mapping[str, Any], currency: str) -> ReportLine:
    amount = _amount(line, "proratedLinePriceWithTax", currency)
    return ReportLine(
        number=number,
        sku=reading.text(line, "sku", default=""),
        quantity=reading.whole(line, "quantity"),
        amount=amount,
        tax=amount - _amount(line, "proratedLinePrice", currency),
    )


def _whole(left: ReportLine, line: Mapping[str, Any], currency: str) -> ReportLine:
    """Return a line with its cancelled units, at the price of those that are left, or else at that of one unit."""
    placed = _placed(line)
    gone = placed - left.quantity
    if not gone:
        return left
    if not left.quantity:
        amount = amounts.major(reading.whole(line, "unitPriceWithTax") * placed, currency)
        return amounts.whole_return(replace(left, quantity=placed, amount=amount))
    minor = amounts.minor(left.amount, currency, "amount")
    more = divide(minor * gone, left.quantity, Rounding.HALF_UP)
    back = amounts.major(more, currency)
    return replace(
        left,
        quantity=placed,
        amount=left.amount + back,
        tax=left.tax + amounts.rounded(left.tax * gone / left.quantity, currency),
        returned_quantity=left.returned_quantity + gone,
        returned_amount=left.returned_amount + back,
    )


def _given_back(
    order: Mapping[str, Any], lines: Sequence[Mapping[str, Any]], currency: str
) -> refunds.Refund:
    """Return all settled refunds as one, of the units that are not cancelled anyway."""
    settled = [one for one in _refunds(order) if reading.text(one, "state") == "Settled"]
    paid = sum(
        (
            _amount(one, "amount", currency)
            for one in reading.objects(order.get("payments"), "payments")
            if reading.text(one, "state") in PAID
        ),
        Decimal(0),
    )
    named: dict[str, int] = {}
    for refund in settled:
        for line in reading.objects(refund.get("lines"), "lines"):
            name = reading.text(line, "orderLineId")
            named[name] = named.get(name, 0) + reading.whole(line, "quantity")
    units = {
        number: max(named.get(reading.text(line, "id"), 0) - _cancelled(line), 0)
        for number, line in enumerate(lines, 1)
    }
    back = sum((_amount(one, "total", currency) for one in settled), Decimal(0))
    total = _amount(order, "totalWithTax", currency)
    beyond = refunds.beyond_total(total=total, paid=paid, back=back)
    return refunds.Refund(
        "all", beyond, {number: count for number, count in units.items() if count}
    )


def _cancelled(line: Mapping[str, Any]) -> int:
    return _placed(line) - reading.whole(line, "quantity")


def login(context: SourceContext) -> str:
    """Return the token of a session. Raises SourceFailed."""
    given = {
        "name": asking.setting(context, "username"),
        "password": context.secret("password"),
    }
    answer = graphql.ask(context, Vendure.title, asking.api_url(context), LOGIN, given)
    token = answer.headers.get("vendure-auth-token", "")
    found = reading.dig(graphql.data(answer, Vendure.title), "login.__typename")
    if found != "CurrentUser" or not token:
        raise SourceFailed(f"{Vendure.title} does not accept the credentials, or gives no token.")
    return token


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Vendure."""
    return [Vendure()]
