"""pretix: orders for tickets, fetched after a webhook or by asking for what changed.

A webhook only names an order and is not signed, so it is a hint: the order is fetched. It is told without the names of
guests, since only what an order cost is asked for. The currency stands at the event, which is asked for too.

An order's total is of the tickets and fees that are left; payments and refunds stand beside it. A refund of a ticket
that was taken off the order is already in the total, so only what was given back beyond it counts as a refund. pretix
does not count a refund as a change of its order: so its time of change alone does not tell which of two tellings is the
later, and once a day all recent orders are asked for again.

pretix REST API v1; https://docs.pretix.eu/dev/api/resources/orders.html.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from cagnotte.domain.errors import InvalidInput
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
    UnknownWord,
    Unreadable,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

ACTIONS = "pretix.event.order."
"""How the names of all webhooks about orders begin."""

CURRENCIES = "event-currencies"
"""Under this name a message keeps the currencies of its orders' events, as “event=EUR other=CHF”."""

PER_PAGE = 50
NOTHING = Decimal(0)
AGAIN = timedelta(minutes=10)

ORDER_FIELDS = ("code", "status", "testmode", "email", "datetime", "total", "last_modified")
POSITION_FIELDS = ("positionid", "item", "variation", "price", "tax_value", "canceled", "answers")
FEE_FIELDS = ("fee_type", "value", "tax_value", "canceled")
MONEY_FIELDS = ("local_id", "state", "amount")
ASKED = (
    *ORDER_FIELDS, "event",
    *(f"positions.{name}" for name in POSITION_FIELDS),
    *(f"fees.{name}" for name in FEE_FIELDS),
    *(f"{money}.{name}" for money in ("payments", "refunds") for name in MONEY_FIELDS),
)  # fmt: skip
"""What is asked of an order, and no more."""

_SLUG = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,59}", re.ASCII)

PAID = frozenset({"confirmed", "refunded"})
"""States of a payment whose money came; what of it went back is a refund of its own."""
GIVEN_BACK = frozenset({"done", "transit"})
"""States of a refund whose money went, or is on its way."""
REFUND_STEPS = {"created": 1, "external": 2, "transit": 2, "done": 3, "failed": 3, "canceled": 3}
"""How far a refund has come: of two tellings of one moment, the later is the one with more steps."""


class Pretix(SourcePlugin):
    """Orders of a pretix organizer; see the module."""

    name = "pretix"
    title = "pretix"
    kind = SourceKind.SHOP
    proof = Proof.CAPTURED
    settings = (
        Setting("api_url", "The address of the pretix server.", default="https://pretix.eu"),
        Setting("organizer", "The organizer's short name, as it stands in addresses."),
        Setting("token", "The token of an API team that may view orders.", secret=True),
        standing.confirm_on(""),
        looks.HISTORY,
        *traces.SETTINGS,
    )
    vocabulary = Vocabulary(
        {
            "n": Validation.PENDING,
            "p": Validation.CONFIRMED,
            "e": Validation.DECLINED,
            "c": Validation.DECLINED,
        },
        {"e": "cancelled", "c": "booking_cancelled"},
    )
    pace = Pace(60, 60)
    polls = True
    receives = True

    # ---- hints ----

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Note which order a webhook is about; one about anything else is answered and forgotten."""
        told = reading.mapping(reading.read_json(incoming.body), "The webhook")
        organizer = reading.text(told, "organizer")
        if organizer != context.settings["organizer"]:
            raise reading.Misread(f"The webhook is of another organizer, “{organizer}”.")
        if not reading.text(told, "action").startswith(ACTIONS):
            return Reception()
        return Reception(wanted=[_object_id(told)])

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for the orders of all events by their last change; once a day for all recent ones."""
        return looks.poll(context, cursor, partial(self._page, context, {}), again=AGAIN)

    def _page(
        self, context: SourceContext, currencies: dict[str, str], since: datetime, number: int
    ) -> sweeps.Page:
        """Fetch one page of orders. currencies: of the events that were asked for in this poll."""
        params = [
            ("modified_since", since.isoformat()),
            ("ordering", "last_modified"),
            ("page_size", str(PER_PAGE)),
            ("page", str(number)),
        ]
        answer = self._get(context, "/orders/", params)
        told = self._told(answer)
        orders = [
            asking.mapped(order, self.title)
            for order in asking.listed(told.get("results"), self.title)
        ]
        message = self._message(context, answer.body, orders, currencies)
        changed = [_modified(order).utc for order in orders]
        return sweeps.Page([message] if orders else [], changed, bool(told.get("next")))

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch one order."""
        event, _, code = object_id.partition("/")
        answer = self._get(context, f"/events/{event}/orders/{code}/", [])
        return [self._message(context, answer.body, [self._told(answer)], {})]

    def _message(
        self,
        context: SourceContext,
        body: bytes,
        orders: Sequence[Mapping[str, Any]],
        currencies: dict[str, str],
    ) -> Message:
        """Return a message with the currencies of its orders' events; each is asked for once in a poll."""
        events = sorted({reading.text(order, "event") for order in orders})
        for event in events:
            if event not in currencies:
                told = self._told(self._get(context, f"/events/{event}/", []))
                currencies[event] = reading.text(told, "currency", length_max=3)
        kept = " ".join(f"{event}={currencies[event]}" for event in events)
        return Message(body, "orders", headers={CURRENCIES: kept})

    def _get(
        self, context: SourceContext, path: str, params: Sequence[tuple[str, str]]
    ) -> HttpAnswer:
        organizer = asking.setting(context, "organizer")
        asked = [
            *params,
            *(("include", name) for name in ASKED),
            ("include_canceled_positions", "true"),
        ]
        return context.calls().request(
            "GET",
            f"{asking.api_url(context)}/api/v1/organizers/{organizer}{path}",
            params=asked if "/orders/" in path else [],
            headers={"authorization": f"Token {context.secret('token')}"},
        )

    def _told(self, answer: HttpAnswer) -> Mapping[str, Any]:
        return asking.mapped(asking.accepted_json(answer, self.title), self.title)

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each order of a page, or for the one that was fetched."""
        told = reading.mapping(reading.read_json(message.body), "The message")
        currencies = dict(
            pair.split("=", 1)
            for pair in message.headers.get(CURRENCIES, "").split()
            if "=" in pair
        )
        orders = reading.objects(told["results"], "results") if "results" in told else [told]
        for place, order in enumerate(orders, 1):
            try:
                yield from self._order(order, currencies)
            except InvalidInput as error:
                yield Unreadable("misread", error.sentence, f"order {place}")

    def _order(self, order: Mapping[str, Any], currencies: Mapping[str, str]) -> Iterable[Read]:
        event = reading.text(order, "event")
        if event not in currencies:
            raise reading.Misread(f"The currency of the event “{event}” is not known.")
        positions = reading.objects(order.get("positions"), "positions")
        data = {
            **{name: order.get(name) for name in ORDER_FIELDS},
            "currency": currencies[event],
            "positions": [_position(one) for one in positions],
            "answers": _answers(positions),
            "fees": _kept(order, "fees", FEE_FIELDS),
            "payments": _kept(order, "payments", MONEY_FIELDS),
            "refunds": _kept(order, "refunds", MONEY_FIELDS),
        }
        piece = Piece(
            _object_id(order), "order", reading.plain(data), _modified(order).utc, _steps(order)
        )
        word = reading.text(order, "status")
        yield piece
        yield from standing.refusal(piece, self.vocabulary, word)

    # ---- how an order stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order: its tickets, those taken off it as returned, and what was given back beside them."""
        if "order" not in pieces:
            return Waiting("order_unknown", "Only the end of this order is known yet.")
        order = pieces["order"]
        currency = reading.text(order, "currency", length_max=3)
        word = reading.text(order, "status")
        status = standing.standing_of(
            word, self.vocabulary, context, unpaid={"n"}, refused=standing.was_refused(pieces)
        )
        fees = charges.charged(_fees(order))
        return PurchaseReport(
            order_ref=reading.text(order, "code"),
            occurred_at=reading.moment(order.get("datetime"), "datetime", None),
            currency=currency,
            lines=_lines(order, currency),
            delivery=fees.amount,
            delivery_tax=fees.tax,
            status=status,
            native_status=word,
            reason=self.vocabulary.reason(word) if status is Validation.DECLINED else "",
            traces=traces.traces_of(
                context,
                reading.mapping(order.get("answers"), "answers"),
                email=reading.text(order, "email", default=""),
            ),
            test=reading.flag(order, "testmode"),
            updated_at=_modified(order).utc,
        )


# ---- parts of an order ----


def _object_id(told: Mapping[str, Any]) -> str:
    """Return the name of an order: codes are unique at one organizer, but an order is asked for at its event.

    Raises Misread for what could lead an address elsewhere; a hint is nobody's word.
    """
    event, code = reading.text(told, "event"), reading.text(told, "code")
    if not (_SLUG.fullmatch(event) and _SLUG.fullmatch(code)):
        raise reading.Misread(f"“{event[:60]}/{code[:60]}” names no order.")
    return f"{event}/{code}"


def _modified(order: Mapping[str, Any]) -> Moment:
    return reading.moment(order.get("last_modified"), "last_modified", None)


def _steps(order: Mapping[str, Any]) -> int:
    """Return how much happened to the refunds of an order; it only ever grows. Raises UnknownWord."""
    states = [
        reading.text(one, "state") for one in reading.objects(order.get("refunds"), "refunds")
    ]
    unknown = [state for state in states if state not in REFUND_STEPS]
    if unknown:
        raise UnknownWord(f"“{unknown[0]}” is no state of a refund that pretix is known to use.")
    return min(sum(REFUND_STEPS[state] for state in states), refunds.STEPS_MAX)


def _kept(order: Mapping[str, Any], path: str, names: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {name: one.get(name) for name in names} for one in reading.objects(order.get(path), path)
    ]


def _position(position: Mapping[str, Any]) -> dict[str, Any]:
    item = reading.text(position, "item")
    variation = reading.text(position, "variation", default="")
    told = {name: position.get(name) for name in ("positionid", "price", "tax_value", "canceled")}
    return {**told, "sku": f"{item}-{variation}" if variation else item}


def _answers(positions: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the first answer to each question about tickets, by the question's identifier."""
    found: dict[str, str] = {}
    for position in positions:
        for answer in reading.objects(position.get("answers"), "answers"):
            # pretix takes identifiers without regard to case, and its widget writes them in capitals.
            name = reading.text(answer, "question_identifier", default="").lower()
            found.setdefault(name, reading.text(answer, "answer", default="", length_max=5000))
    return {name: answer for name, answer in found.items() if len(answer) <= traces.LENGTH_MAX}


def _lines(order: Mapping[str, Any], currency: str) -> list[ReportLine]:
    """Return one line for each ticket. Fees below zero are discounts, spread over the tickets that are left."""
    tickets = [
        (
            ReportLine(
                number=reading.whole(one, "positionid"),
                sku=reading.text(one, "sku"),
                quantity=1,
                amount=reading.decimal(one, "price"),
                tax=reading.decimal(one, "tax_value"),
            ),
            reading.flag(one, "canceled"),
        )
        for one in reading.objects(order.get("positions"), "positions")
    ]
    if not tickets:
        raise reading.Misread("The order holds no ticket.")
    left = [line for line, cancelled in tickets if not cancelled]
    left = charges.discounted(left, _fees(order), currency)
    extra = refunds.Refund("all", _given_back(order), {})
    gone = [amounts.whole_return(line) for line, cancelled in tickets if cancelled]
    lines = [*refunds.taken_off(left, [extra], currency), *gone]
    return sorted(lines, key=lambda line: line.number)


def _given_back(order: Mapping[str, Any]) -> Decimal:
    """Return what was given back beyond what the order's total already leaves out."""
    return refunds.beyond_total(
        total=reading.decimal(order, "total"),
        paid=_sum(order, "payments", PAID),
        back=_sum(order, "refunds", GIVEN_BACK),
    )


def _sum(order: Mapping[str, Any], path: str, states: frozenset[str]) -> Decimal:
    told = reading.objects(order.get(path), path)
    found = [one for one in told if reading.text(one, "state") in states]
    return sum((reading.decimal(one, "amount") for one in found), NOTHING)


def _fees(order: Mapping[str, Any]) -> list[charges.Charge]:
    return [
        charges.Charge(reading.decimal(fee, "value"), reading.decimal(fee, "tax_value"))
        for fee in reading.objects(order.get("fees"), "fees")
        if not reading.flag(fee, "canceled", default=False)
    ]


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring pretix."""
    return [Pretix()]
