"""Google Analytics 4, told by its Measurement Protocol.

What a member buys becomes `purchase`, what comes back `refund`, what becomes available `earn_virtual_currency`, and
what is paid with it `spend_virtual_currency`. A request holds events of one client, at most 25, each at most 72 hours
old; Google answers 2xx to whatever it can read and says nothing of what it leaves out, so limits are kept here.
Purchases are known by their `transaction_id`: one that the shop's own tag reported too is counted once.

The client is a pseudonym of the member, so reports tell members apart and nobody knows them. Signals for
advertisements are always denied: members agreed to being measured, to nothing else.

Source: Google's own pages of the Measurement Protocol (reference, sending events, validation, recommended events).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from cagnotte.domain.consents import Purpose
from cagnotte.extras.listeners.answers import in_turn, verdict
from cagnotte.hooks import reading
from cagnotte.hooks.listeners import (
    Became,
    Event,
    Listener,
    ListenerContext,
    OrderTold,
    Outcome,
    Personal,
)
from cagnotte.hooks.sources import HttpAnswer, Proof, Setting
from cagnotte.hooks.specs import hookimpl

EVENTS_MAX = 25
BODY_BYTES_MAX = 120_000
"""Google takes less than 130 kB."""
ITEMS_MAX = 200
TEXT_LENGTH_MAX = 100
AGE_MAX = timedelta(hours=72)

COLLECT = "/mp/collect"
VALIDATE = "/debug/mp/collect"
MEASURES_USERS = ("pseudonym", "member_number")

NAMES = {
    "reward.tracked": "purchase",
    "reward.amended": "refund",
    "reward.declined": "refund",
    "reward.available": "earn_virtual_currency",
    "wallet.captured": "spend_virtual_currency",
}
"""Our event → Google's."""

CONSENT = {"ad_user_data": "DENIED", "ad_personalization": "DENIED"}


class GoogleAnalytics(Listener):
    """Google Analytics 4; see the module."""

    name = "ga4"
    title = "Google Analytics 4"
    proof = Proof.OFFICIAL
    purpose = Purpose.ANALYTICS
    settings = (
        Setting(
            "measurement_id", "The measurement id of your web data stream, such as G-AB12CD34EF."
        ),
        Setting(
            "api_secret",
            "A secret of that stream: Admin, Data streams, Measurement Protocol API secrets.",
            secret=True,
        ),
        Setting(
            "user_id",
            "What reports know members by: pseudonym, or member_number where your site's own tag sends that too.",
            default="pseudonym",
        ),
        Setting("currency_name", "How the cagnotte is named in reports.", default="cashback"),
        Setting(
            "api_url",
            "Where events are sent; https://www.google-analytics.com outside of the European Union.",
            default="https://region1.google-analytics.com",
        ),
    )
    event_types = frozenset(NAMES)
    batch_max = 500
    age_max = AGE_MAX

    def needs(self, settings: Mapping[str, str]) -> frozenset[Personal]:
        """Ask for the member's number only where reports are to know it."""
        if settings.get("user_id") == "member_number":
            return frozenset({Personal.REF})
        return frozenset()

    def send(self, context: ListenerContext, events: Sequence[Event]) -> Iterator[Outcome]:
        """Tell Google what has a name there; what came back of nothing, or is too old, is left out."""
        told: list[tuple[Event, dict[str, Any]]] = []
        for event in events:
            written = self._written(event, context)
            if isinstance(written, str):
                yield Outcome(event.id, Became.SKIPPED, written)
            else:
                told.append((event, written))
        yield from in_turn(
            _requests(told),
            partial(self._tell, context),
            lambda request: [event for event, _ in request],
        )

    def check(self, context: ListenerContext) -> Sequence[str]:
        """Let Google validate an event of each kind; it keeps none of them."""
        problems = []
        if not context.settings["measurement_id"].startswith("G-"):
            problems.append(
                "The measurement_id begins with “G-”; the number of a stream is another."
            )
        if context.settings["user_id"] not in MEASURES_USERS:
            problems.append(f"The user_id is one of {', '.join(MEASURES_USERS)}.")
        answer = self._ask(context, VALIDATE, _sample(context))
        judged = verdict(self.title, answer)
        if judged.became is not Became.SENT:
            return [*problems, judged.sentence]
        found = reading.objects(
            reading.dig(reading.read_json(answer.body), "validationMessages"), "validationMessages"
        )
        return [*problems, *(reading.text(one, "description", default="?") for one in found)]

    def _written(self, event: Event, context: ListenerContext) -> dict[str, Any] | str:
        """Write an event in Google's words, or say why it is left out."""
        if context.now - event.created_at >= AGE_MAX:
            return "It is older than the 72 hours that Google Analytics looks back."
        name = NAMES[event.type]
        params: dict[str, Any] | str
        if name == "purchase":
            params = _purchase(event.order) if event.order else "It names no order."
        elif name == "refund":
            params = _refund(event.order) if event.order else "It names no order."
        else:
            params = _currency(event, context)
        if isinstance(params, str):
            return params
        return {
            "name": name,
            "params": params,
            "timestamp_micros": int(event.created_at.timestamp()) * 1_000_000
            + event.created_at.microsecond,
        }

    def _tell(
        self, context: ListenerContext, request: Sequence[tuple[Event, dict[str, Any]]]
    ) -> Iterator[Outcome]:
        body = _body(request[0][0], [written for _, written in request])
        answer = self._ask(context, COLLECT, body)
        yield from verdict(self.title, answer).of(event for event, _ in request)

    def _ask(self, context: ListenerContext, path: str, body: Mapping[str, Any]) -> HttpAnswer:
        return context.http.request(
            "POST",
            context.settings["api_url"] + path,
            params=(
                ("measurement_id", context.settings["measurement_id"]),
                ("api_secret", context.secret("api_secret")),
            ),
            headers={"content-type": "application/json"},
            body=_encoded(body),
        )


def _requests(
    told: Sequence[tuple[Event, dict[str, Any]]],
) -> list[list[tuple[Event, dict[str, Any]]]]:
    """Split into requests: one client each, in order, no more and no longer than Google takes."""
    requests: list[list[tuple[Event, dict[str, Any]]]] = []
    open_requests: dict[str, tuple[list[tuple[Event, dict[str, Any]]], int]] = {}
    for event, written in told:
        size = len(_encoded(written))
        request, filled = open_requests.get(event.person.key, ([], BODY_BYTES_MAX))
        if filled + size > BODY_BYTES_MAX or len(request) == EVENTS_MAX:
            request, filled = [], 0
            requests.append(request)
        request.append((event, written))
        open_requests[event.person.key] = (request, filled + size)
    return requests


def _body(event: Event, events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    person = event.person
    return {
        "client_id": _client_id(person.key),
        "user_id": person.ref or person.key,
        "consent": CONSENT,
        "events": list(events),
    }


def _client_id(key: str) -> str:
    """Write a pseudonym in the shape of the ids that Google's own tag draws: two numbers of 32 bits."""
    return f"{int(key[:8], 16)}.{int(key[8:16], 16)}"


def _purchase(order: OrderTold) -> dict[str, Any]:
    # Google wants the worth of the articles here, and delivery beside it.
    return {
        "transaction_id": order.ref[:TEXT_LENGTH_MAX],
        "affiliation": order.merchant[:TEXT_LENGTH_MAX],
        "currency": order.currency,
        "value": _number(order.amount - order.delivery),
        "tax": _number(order.tax),
        "shipping": _number(order.delivery),
        "items": [
            {
                "item_id": line.sku[:TEXT_LENGTH_MAX],
                "item_category": line.category[:TEXT_LENGTH_MAX],
                "item_brand": line.brand[:TEXT_LENGTH_MAX],
                "price": _number(line.price),
                "quantity": line.quantity,
            }
            for line in order.lines[:ITEMS_MAX]
        ],
    }


def _refund(order: OrderTold) -> dict[str, Any] | str:
    if order.returned <= 0:
        return "Nothing came back of the order."
    return {
        "transaction_id": order.ref[:TEXT_LENGTH_MAX],
        "currency": order.currency,
        "value": _number(order.returned),
        "items": [
            {"item_id": line.sku[:TEXT_LENGTH_MAX], "quantity": line.quantity}
            for line in order.returned_lines[:ITEMS_MAX]
        ],
    }


def _currency(event: Event, context: ListenerContext) -> dict[str, Any] | str:
    if event.sum is None or event.sum.amount <= 0:
        return "It names no amount."
    name = f"{context.settings['currency_name']}_{event.sum.currency.lower()}"
    told: dict[str, Any] = {
        "virtual_currency_name": name[:TEXT_LENGTH_MAX],
        "value": _number(event.sum.amount),
    }
    if NAMES[event.type] == "spend_virtual_currency":
        told["item_name"] = "order"
    return told


def _number(amount: Decimal) -> float:
    """Write an amount as a number of JSON, which knows no decimals; up to 15 digits come out as they are."""
    return float(amount)


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def _sample(context: ListenerContext) -> dict[str, Any]:
    """A made-up client with an event of each kind; the validating server keeps nothing."""
    micros = int(context.now.timestamp()) * 1_000_000
    money = {"currency": "EUR", "value": 12.4}
    coins = {"virtual_currency_name": context.settings["currency_name"], "value": 1.24}
    params: dict[str, dict[str, Any]] = {
        "purchase": {
            "transaction_id": "CHECK-1",
            **money,
            "items": [{"item_id": "CHECK", "price": 12.4, "quantity": 1}],
        },
        "refund": {"transaction_id": "CHECK-1", **money},
        "earn_virtual_currency": coins,
        "spend_virtual_currency": {**coins, "item_name": "order"},
    }
    return {
        "client_id": _client_id("0" * 32),
        "consent": CONSENT,
        "validation_behavior": "ENFORCE_RECOMMENDATIONS",
        "events": [
            {"name": name, "params": told, "timestamp_micros": micros}
            for name, told in params.items()
        ],
    }


@hookimpl
def listeners() -> Sequence[Listener]:
    """Bring Google Analytics 4."""
    return [GoogleAnalytics()]
