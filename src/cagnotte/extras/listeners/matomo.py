"""Matomo, told by its Tracking HTTP API, in bulk.

What a member buys is an e-commerce order; what becomes available or is paid with, an event of the category of the
settings. Matomo knows no refund: what comes back is an event with a negative value, or a conversion with negative
revenue of a goal that was made for it. An order is known by its number, so that one which the shop's own tag reported
in the same visit is counted once.

Every request carries when it happened (`cdt`); older than a day that needs a token with write access, which is
always sent, in the body and never in an address. A bulk request is written whole or not at all. Which of its lines
were not understood, Matomo says to tokens of super users alone; to others it says how many.

Sources: Matomo's Tracking HTTP API reference; the tracker and the plugin BulkTracking of Matomo 5.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC
from decimal import Decimal
from functools import partial
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from cagnotte.domain.consents import Purpose
from cagnotte.extras.listeners.answers import Verdict, in_turn, verdict
from cagnotte.hooks import reading
from cagnotte.hooks.listeners import (
    Became,
    Event,
    Listener,
    ListenerContext,
    OrderTold,
    Outcome,
)
from cagnotte.hooks.sources import Proof, Setting
from cagnotte.hooks.specs import hookimpl

REQUESTS_MAX = 50
"""In one bulk request. Matomo sets no limit; its visits are locked while it writes."""

ACTIONS = {"reward.available": "earned", "wallet.captured": "spent"}
RETURNS = frozenset({"reward.amended", "reward.declined"})
NO_ORDER = "It names no order."


class Matomo(Listener):
    """Matomo, your own or in the cloud; see the module."""

    name = "matomo"
    title = "Matomo"
    proof = Proof.OFFICIAL
    purpose = Purpose.ANALYTICS
    settings = (
        Setting("url", "Where Matomo is, such as https://stats.shop.example."),
        Setting("site_id", "The number of your site there."),
        Setting(
            "token", "An authentication token of a user with write access to the site.", secret=True
        ),
        Setting("category", "The category of events.", default="cashback"),
        Setting(
            "refund_goal",
            "The number of a goal for what comes back; without it, an event tells of it.",
            default="",
        ),
        Setting("page_url", "The page that orders and events are shown at, if any.", default=""),
    )
    event_types = frozenset({"reward.tracked", *RETURNS, *ACTIONS})
    batch_max = 500

    def send(self, context: ListenerContext, events: Sequence[Event]) -> Iterator[Outcome]:
        """Tell Matomo in bulk; what came back of nothing is left out."""
        told: list[tuple[Event, str]] = []
        for event in events:
            what = _what(event, context)
            if isinstance(what, str):
                yield Outcome(event.id, Became.SKIPPED, what)
            else:
                told.append((event, "?" + urlencode({**_who_and_when(event, context), **what})))
        parcels = [
            told[start : start + REQUESTS_MAX] for start in range(0, len(told), REQUESTS_MAX)
        ]
        yield from in_turn(
            parcels, partial(self._tell, context), lambda parcel: [event for event, _ in parcel]
        )

    def check(self, context: ListenerContext) -> Sequence[str]:
        """Ask for the site by its number."""
        answer = context.http.request(
            "POST",
            _address(context, "index.php"),
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(
                {
                    "module": "API",
                    "method": "SitesManager.getSiteFromId",
                    "idSite": context.settings["site_id"],
                    "format": "JSON",
                    "token_auth": context.secret("token"),
                }
            ).encode(),
        )
        judged = verdict(self.title, answer)
        if judged.became is not Became.SENT:
            return [judged.sentence]
        # Matomo tells of errors with the status 200.
        told = reading.read_json(answer.body)
        site = told[0] if isinstance(told, list) and told else told
        if not isinstance(site, dict) or "idsite" not in site:
            said = reading.text(site, "message", default="") if isinstance(site, dict) else ""
            return [f"Matomo does not show the site: {said or 'its answer is of another kind'}"]
        if str(site.get("ecommerce", "1")) != "1":
            return ["The site is not set up as an e-commerce site, so Matomo shows no orders."]
        return []

    def _tell(
        self, context: ListenerContext, parcel: Sequence[tuple[Event, str]]
    ) -> Iterator[Outcome]:
        events = [event for event, _ in parcel]
        answer = context.http.request(
            "POST",
            _address(context, "matomo.php"),
            headers={"content-type": "application/json"},
            body=json.dumps(
                {"requests": [query for _, query in parcel], "token_auth": context.secret("token")}
            ).encode(),
        )
        judged = verdict(self.title, answer)
        if judged.became is Became.REFUSED and answer.status == HTTPStatus.BAD_REQUEST:
            # The tracker's word for a fault of its own or of the token: nothing of the parcel was written.
            judged = judged._replace(became=Became.LATER)
        if judged.became is not Became.SENT:
            yield from judged.of(events)
            return
        yield from _sorted_out(events, answer.body)


def _sorted_out(events: Sequence[Event], body: bytes) -> Iterator[Outcome]:
    """Say which events Matomo took, as far as it says."""
    try:
        told = reading.read_json(body)
        invalid = reading.whole(told, "invalid", default=0)
        places = set(reading.sequence(reading.dig(told, "invalid_indices"), "invalid_indices"))
    except reading.Misread:
        sentence = "Matomo's answer to the tracker is of another kind; look at its address."
        yield from Verdict(Became.LATER, sentence).of(events)
        return
    if invalid and not places:
        sentence = (
            f"Matomo took {len(events) - invalid} of {len(events)} and does not say which; with the token of a super "
            "user it would."
        )
        yield from Verdict(Became.REFUSED, sentence).of(events)
        return
    for place, event in enumerate(events):
        if place in places:
            yield Outcome(event.id, Became.REFUSED, "Matomo calls it invalid.")
        else:
            yield Outcome(event.id, Became.SENT)


def _who_and_when(event: Event, context: ListenerContext) -> dict[str, str]:
    said = {
        "idsite": context.settings["site_id"],
        "rec": "1",
        "apiv": "1",
        "_id": event.person.key[:16],
        "uid": event.person.key,
        "cdt": event.created_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"),
    }
    page = context.settings["page_url"]
    return {**said, "url": page} if page else said


def _what(event: Event, context: ListenerContext) -> dict[str, str] | str:
    """Write an event in Matomo's words, or say why it is left out."""
    if event.type in ACTIONS:
        if event.sum is None or event.sum.amount <= 0:
            return "It names no amount."
        return _action(context, ACTIONS[event.type], event.sum.currency, event.sum.amount)
    if event.order is None:
        return NO_ORDER
    if event.type in RETURNS:
        return _returned(event.order, context)
    return _order(event.order)


def _order(order: OrderTold) -> dict[str, str]:
    items: list[list[Any]] = [
        [line.sku, line.sku, line.category, float(line.price), line.quantity]
        for line in order.lines
    ]
    return {
        "idgoal": "0",
        "ec_id": order.ref,
        "revenue": str(order.amount),
        "ec_st": str(order.amount - order.delivery),
        "ec_tx": str(order.tax),
        "ec_sh": str(order.delivery),
        "ec_items": json.dumps(items, ensure_ascii=False, separators=(",", ":")),
    }


def _returned(order: OrderTold, context: ListenerContext) -> dict[str, str] | str:
    if order.returned <= 0:
        return "Nothing came back of the order."
    goal = context.settings["refund_goal"]
    if goal:
        return {"idgoal": goal, "revenue": str(-order.returned)}
    return _action(context, "refund", order.ref, -order.returned)


def _action(context: ListenerContext, action: str, name: str, value: Decimal) -> dict[str, str]:
    return {"e_c": context.settings["category"], "e_a": action, "e_n": name, "e_v": str(value)}


def _address(context: ListenerContext, script: str) -> str:
    return f"{context.settings['url'].rstrip('/')}/{script}"


@hookimpl
def listeners() -> Sequence[Listener]:
    """Bring Matomo."""
    return [Matomo()]
