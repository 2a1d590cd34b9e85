"""Shopware 6: orders fetched after a webhook, or by asking the Admin API.

What a webhook holds of an order depends on its event and on the shop's version, so it only says which order to fetch;
one that an app sends is signed. An order has a state of its own and one for each payment. A change of a payment is no
change of the order, and an order that never changed has no time of change; so new orders and changed ones are asked for
apart, and once a day all recent ones. How an answer is read stands in `shopware_orders`.

https://shopware.stoplight.io/docs/admin-api, https://developer.shopware.com/docs/guides/plugins/apps/.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from cagnotte.domain.attribution import Trace
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import (
    looks,
    shopware_orders,
    standing,
    sweeps,
    traces,
)
from cagnotte.hooks import reading, signing
from cagnotte.hooks.sources import (
    HttpAnswer,
    Ignored,
    Incoming,
    Link,
    Message,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Reception,
    Setting,
    SourceContext,
    SourceKind,
    SourcePlugin,
    TraceFound,
    Unreadable,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

PER_PAGE = 50
AGAIN = timedelta(minutes=10)
LIVE = "0fa91ce3e96a4bc2be4bd9ce752c3425"
"""The version of an order that counts; others are drafts that an administrator is working on."""

_ID = re.compile(r"[0-9a-f]{32}", re.ASCII)


class Shopware(SourcePlugin):
    """Orders of a Shopware shop; see the module."""

    name = "shopware"
    title = "Shopware"
    kind = SourceKind.SHOP
    proof = Proof.OFFICIAL
    settings = (
        Setting("api_url", "The address of the shop, such as https://shop.example."),
        Setting("client_id", "The access key ID of an integration that may read orders."),
        Setting("client_secret", "The secret access key of that integration.", secret=True),
        Setting(
            "shop_secret",
            "Only for webhooks that an app signs: its secret.",
            secret=True,
            default="",
        ),
        Setting("affiliate_code", "What our links say whose they are.", default="cagnotte"),
        standing.confirm_on("completed"),
        looks.HISTORY,
        *traces.SETTINGS,
    )
    vocabulary = Vocabulary(
        {
            "open": Validation.PENDING,
            "in_progress": Validation.PENDING,
            "completed": Validation.CONFIRMED,
            "cancelled": Validation.DECLINED,
        },
        {"cancelled": "cancelled"},
    )
    pace = Pace(60, 60)
    polls = True
    receives = True
    click_length_max = 255

    # ---- hints ----

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check the header over the raw body. A webhook without an app is not signed, where no secret is set."""
        given = incoming.headers.get("shopware-shop-signature", "")
        secrets = context.secrets.get("shop_secret", ())
        if not given and not secrets:
            return False
        signing.check(given.lower(), secrets, incoming.body, written=signing.hexadecimal)
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Note which orders a webhook is about."""
        told = reading.mapping(reading.read_json(incoming.body), "The webhook")
        payload = reading.dig(told, "data.payload")
        if isinstance(payload, Mapping):
            found = [reading.dig(payload, "order.id")]
        else:
            found = [
                one.get("primaryKey")
                for one in reading.objects(payload, "payload")
                if one.get("entity") == "order" and one.get("operation") != "delete"
            ]
        wanted = sorted({one for one in found if isinstance(one, str) and _ID.fullmatch(one)})
        return Reception(wanted=wanted)

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for new orders, once a day for all recent ones, and for those that changed."""
        token = self._token(context)
        known: Mapping[str, Any] = cursor
        new = partial(self._page, context, token, "createdAt")
        for page in looks.poll(context, cursor, new, again=AGAIN):
            known = page.cursor
            yield page
        told = known.get("changed") or known["looked_at"]
        start = datetime.fromisoformat(told) - AGAIN
        changed = looks.readable(partial(self._page, context, token, "updatedAt"))
        yield from sweeps.sweep(start, known, changed, name="changed")

    def _page(
        self, context: SourceContext, token: str, field: str, since: datetime, number: int
    ) -> sweeps.Page:
        wanted = {
            "filter": [
                {"type": "range", "field": field, "parameters": {"gte": _written(since)}},
            ],
            "sort": [{"field": field, "order": "ASC"}],
            "limit": PER_PAGE,
            "page": number,
            "total-count-mode": 2,
        }
        answer = self._search(context, token, wanted)
        told = asking.mapped(asking.accepted_json(answer, self.title), self.title)
        orders = asking.listed(told.get("data"), self.title)
        times = [shopware_orders.moment(order, field).utc for order in orders]
        messages = [Message(answer.body, "orders")] if orders else []
        # With this mode of counting the shop tells the total up to some pages ahead.
        full = reading.whole(told, "total") > (number - 1) * PER_PAGE + len(orders)
        return sweeps.Page(messages, times, full)

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch one order."""
        answer = self._search(context, self._token(context), {"ids": [object_id]})
        asking.accepted_json(answer, self.title)
        return [Message(answer.body, "orders")]

    def _token(self, context: SourceContext) -> str:
        body = {
            "grant_type": "client_credentials",
            "client_id": asking.setting(context, "client_id"),
            "client_secret": context.secret("client_secret"),
        }
        answer = self._call(context, "/api/oauth/token", body, {})
        return asking.token_of(answer, self.title)

    def _search(self, context: SourceContext, token: str, wanted: Mapping[str, Any]) -> HttpAnswer:
        body = {
            **wanted,
            "associations": shopware_orders.ASSOCIATIONS,
            "includes": shopware_orders.INCLUDES,
        }
        headers = {"authorization": f"Bearer {token}"}
        return self._call(context, "/api/search/order", body, headers)

    def _call(
        self, context: SourceContext, path: str, body: Mapping[str, Any], more: Mapping[str, str]
    ) -> HttpAnswer:
        return context.calls().request(
            "POST",
            asking.api_url(context) + path,
            headers={"content-type": "application/json", "accept": "application/json", **more},
            body=json.dumps(body).encode(),
        )

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each order of an answer."""
        told = reading.mapping(reading.read_json(message.body), "The message")
        for place, order in enumerate(reading.objects(told.get("data"), "data"), 1):
            try:
                yield from self._order(order, context)
            except InvalidInput as error:
                yield Unreadable("misread", error.sentence, f"order {place}")

    def _order(self, order: Mapping[str, Any], context: SourceContext) -> Iterable[Read]:
        if order.get("versionId", LIVE) != LIVE:
            yield Ignored("a draft of an order")
            return
        told = shopware_orders.kept(order, context)
        payments = {"payments": told.pop("payments")}
        steps = shopware_orders.steps(payments, reading.text(told, "currency", length_max=3))
        object_id = reading.text(order, "id")
        piece = Piece(object_id, "order", told, shopware_orders.changed(order))
        state = reading.text(told, "state")
        yield piece
        yield Piece(object_id, "payments", payments, steps)
        yield from standing.refusal(piece, self.vocabulary, state)

    # ---- how an order stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order, what was given back taken off its articles."""
        if "order" not in pieces:
            return Waiting("order_unknown", "Only the end of this order is known yet.")
        order = {**pieces["order"], **pieces.get("payments", {})}
        currency = reading.text(order, "currency", length_max=3)
        state = reading.text(order, "state")
        payment = shopware_orders.last_payment(order)
        status = standing.standing_of(
            state, self.vocabulary, context, refused=standing.was_refused(pieces)
        )
        reason = self.vocabulary.reason(state)
        if status is Validation.CONFIRMED and payment not in shopware_orders.PAID:
            status = Validation.PENDING
        if payment == "chargeback":
            status, reason = Validation.DECLINED, "invalid_payment"
        delivery = shopware_orders.priced(order.get("shipping"), order, currency)
        return PurchaseReport(
            order_ref=reading.text(order, "number", length_max=100),
            occurred_at=reading.moment(order.get("placed"), "orderDateTime", None),
            currency=currency,
            lines=shopware_orders.lines_of(order, payment, currency),
            delivery=delivery.amount,
            delivery_tax=delivery.tax,
            status=status,
            native_status=state,
            reason=reason if status is Validation.DECLINED else "",
            traces=_traces(order, context),
            country=reading.text(order, "country", default=""),
            coupon_codes=tuple(reading.sequence(order.get("codes"), "codes")),
            updated_at=reading.moment(order.get("changed"), "updatedAt", None).utc,
        )

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Add the parameters of a campaign, which Shopware keeps and writes into the order."""
        parts = urlsplit(link.target)
        ours = urlencode(
            {
                "affiliateCode": asking.setting(context, "affiliate_code"),
                "campaignCode": link.click,
            }
        )
        path, query = (quote(part, safe="/%:@!$&'()*+,;=~?") for part in (parts.path, parts.query))
        return urlunsplit(parts._replace(path=path, query="&".join(filter(None, (query, ours)))))


def _written(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _traces(order: Mapping[str, Any], context: SourceContext) -> list[TraceFound]:
    """Return what led to the order: our campaign, or fields in which the shop keeps it."""
    found = traces.traces_of(
        context,
        reading.mapping(order.get("fields"), "fields"),
        codes=reading.sequence(order.get("codes"), "codes"),
        email=reading.text(order, "email", default=""),
    )
    ours = context.settings["affiliate_code"]
    campaign = reading.text(order, "campaign", default="")
    if campaign and reading.text(order, "affiliate", default="") == ours:
        return [TraceFound(Trace.CLICK, campaign), *found]
    return found


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Shopware."""
    return [Shopware()]
