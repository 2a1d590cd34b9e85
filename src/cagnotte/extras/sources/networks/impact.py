"""impact.com, as its partners see it: actions, asked for by the day of their last change.

An action is restated in place and has no time of its last change, so what was told last counts. Its `Amount` is the
present one; a reversed action shows 0, and what it was bought for stands in `IntendedAmount`. `ClearedDate` is set once
the commission has been paid. Articles (`/Items`) are asked for with single actions alone, one call each.
An event notification is not signed: it names an action, which is then fetched.

Source: the partner API, version 16, "Actions", and its pages on pagination and rate limits.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import parse_qsl

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, links, pages, rows, windows
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
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
    ReportLine,
    Setting,
    SourceContext,
    SourceFailed,
    SourceKind,
    SourcePlugin,
    TraceFound,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

UPDATED = windows.Sweep("updated", days=45, again_days=7)
"""No call may span more than 45 days. Pages shift while they are walked through, hence a week again."""

PAGE_SIZE = 1_000
TIME = "%Y-%m-%dT%H:%M:%SZ"
ACTION_ID = re.compile(r"\d{1,20}(\.\d{1,20}){0,5}", re.ASCII)
TEST = "TEST_ACTION"

FIELDS = (
    "State", "Amount", "IntendedAmount", "Payout", "Currency", "EventDate", "ReferringDate", "ClearedDate",
    "CampaignId", "Oid", "SubId1", "PromoCode", "CustomerCountry",
)  # fmt: skip
ITEM_FIELDS = ("Sku", "Category", "Quantity", "SaleAmount", "AdjustmentReason")


class Impact(SourcePlugin):
    """Actions of impact.com; see the module."""

    name = "impact"
    title = "impact.com"
    kind = SourceKind.NETWORK
    proof = Proof.OFFICIAL
    settings = (
        Setting("account_sid", "The account SID of the API credentials."),
        Setting("auth_token", "The auth token of the API credentials.", secret=True),
        links.shops_setting("the tracking link (without https://)"),
        asking.HISTORY,
        Setting("api_url", "Where impact.com is asked.", default="https://api.impact.com"),
    )
    vocabulary = Vocabulary(
        {
            "PENDING": Validation.PENDING,
            "APPROVED": Validation.CONFIRMED,
            "REVERSED": Validation.DECLINED,
        },
        {
            "ITEM_RETURNED": "returned",
            "MP_RETURN": "returned",
            "ITEM_OUT_OF_STOCK": "out_of_stock",
            "ORDER_ERROR": "cancelled",
            "ORDER_UPDATE": "order_amended",
            "CONS_FRAUD": "fraud",
            "NOT_COMPLIANCE_TERMS": "terms_not_met",
            "CREDITED_DIFFERENT_MP": "other_referrer",
        },
    )
    pace = Pace(calls=900, seconds=3_600)
    polls = True
    receives = True
    click_length_max = 50

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for the actions that changed, window by window, page by page."""
        return pages.asked([UPDATED], context, cursor, partial(self._page, context))

    def _page(
        self, context: SourceContext, window: windows.Window, page: str | None
    ) -> tuple[list[Message], str | None]:
        """Return a page as a message, if it tells anything, and the address of the next one."""
        params = (
            ("StartDate", window.start.astimezone(UTC).strftime(TIME)),
            ("EndDate", window.last.astimezone(UTC).strftime(TIME)),
            ("PageSize", str(PAGE_SIZE)),
        )
        told, body = self._ask(context, page or self._path(context), () if page else params)
        actions = pages.listed(told, "Actions", self.title)
        following = told.get("@nextpageuri") or None
        if following is not None and not isinstance(following, str):
            raise SourceFailed("impact.com answered no address of the next page.")
        return [Message(body, "actions")] if actions else [], following

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Fetch an action and its articles."""
        if not ACTION_ID.fullmatch(object_id):
            raise SourceFailed(f"“{object_id[:40]}” is no action of impact.com.")
        path = f"{self._path(context)}/{object_id}"
        _, action = self._ask(context, path)
        told, items = self._ask(context, f"{path}/Items")
        pages.listed(told, "ActionItems", self.title)
        return [
            Message(action, "action"),
            Message(items, "items", headers={"action-id": object_id}),
        ]

    def _path(self, context: SourceContext) -> str:
        return f"/Mediapartners/{asking.setting(context, 'account_sid')}/Actions"

    def _ask(
        self, context: SourceContext, path: str, params: Sequence[tuple[str, str]] = ()
    ) -> tuple[Mapping[str, Any], bytes]:
        """Return an answer, read and as it came."""
        answer = context.calls().request(
            "GET",
            pages.next_page(path, asking.api_url(context)),
            params=params,
            headers={"accept": "application/json"},
            basic=(asking.setting(context, "account_sid"), context.secret("auth_token")),
        )
        told = asking.accepted_json(answer, self.title)
        if not isinstance(told, Mapping):
            raise SourceFailed("impact.com answered something else than an object.")
        return told, answer.body

    # ---- receiving ----

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Take an event notification as a hint: fetch the action it names."""
        if incoming.body.lstrip()[:1] == b"{":
            told = reading.mapping(reading.read_json(incoming.body), "The notification")
        else:
            form = incoming.body.decode("utf-8", errors="replace")
            told = dict(parse_qsl(incoming.query) + parse_qsl(form))
        action = reading.text(told, "action_id")
        if not ACTION_ID.fullmatch(action):
            raise reading.Misread("“action_id” is no number of an action.")
        return Reception(wanted=[action])

    # ---- reading ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each action; the articles of one are a piece of their own."""
        told = reading.mapping(reading.read_json(message.body), "The answer")
        if message.topic == "items":
            items = [
                pages.picked(reading.mapping(item, "An item"), ITEM_FIELDS)
                for item in reading.sequence(told.get("ActionItems"), "“ActionItems”")
            ]
            return [Piece(message.headers["action-id"], "items", {"items": items})]
        if message.topic == "action":
            return [_piece(told)]
        return rows.each(reading.sequence(told.get("Actions"), "“Actions”"), _piece)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return how the action stands."""
        if "action" not in pieces:
            return Waiting("order_missing", "The articles came, and not yet their action.")
        told = pieces["action"]
        state = reading.text(told, "State")
        status = self.vocabulary.status(state)
        amount = reading.decimal(told, "Amount")
        if status is Validation.DECLINED:
            amount = reading.decimal(told, "IntendedAmount", default=amount)
        items = reading.sequence(pieces.get("items", {}).get("items"), "“items”")
        reasons = {reading.text(item, "AdjustmentReason", default="") for item in items}
        code = reading.text(told, "PromoCode", default="")
        return PurchaseReport(
            order_ref=reading.text(told, "Oid", default="", length_max=100),
            merchant=reading.text(told, "CampaignId"),
            occurred_at=reading.moment(told.get("EventDate"), "EventDate", None),
            currency=reading.text(told, "Currency", length_max=3),
            lines=_lines(items, amount),
            commission=reading.decimal(told, "Payout", default=Decimal(0)),
            status=status,
            native_status=state,
            reason=self._reason(reasons) if status is Validation.DECLINED else "",
            paid="ClearedDate" in told,
            traces=_traces(told, code),
            clicked_at=reading.moment(told["ReferringDate"], "ReferringDate", None)
            if "ReferringDate" in told
            else None,
            country=reading.text(told, "CustomerCountry", default=""),
            coupon_codes=[code] if code else [],
            test=reasons == {TEST},
        )

    def _reason(self, words: set[str]) -> str:
        """Return why all articles were taken out; "" where it is not told, or not one reason."""
        return (
            self.vocabulary.reason(next(iter(words))) if len(words) == 1 and words != {""} else ""
        )

    # ---- links ----

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead to the target by the tracking link of its shop, with the click as SubId1."""
        base = links.number_of(link, context).removeprefix("https://").rstrip("/?")
        return f"https://{base}?subId1={links.quoted(link.click)}&u={links.quoted(link.target)}"


def _piece(action: Mapping[str, Any]) -> Piece:
    return Piece(reading.text(action, "Id", length_max=100), "action", pages.picked(action, FIELDS))


def _traces(told: Mapping[str, Any], code: str) -> list[TraceFound]:
    found = rows.click_trace(reading.text(told, "SubId1", default=""))
    return found + ([TraceFound(Trace.PROMO_CODE, code)] if code else [])


def _lines(items: Sequence[Mapping[str, Any]], amount: Decimal) -> list[ReportLine]:
    """Return the articles where they make up the amount; else one line of all of it."""
    lines = [
        ReportLine(
            number,
            reading.text(item, "Sku", default=""),
            reading.whole(item, "Quantity", default=1),
            reading.decimal(item, "SaleAmount", default=Decimal(0)),
            category=reading.text(item, "Category", default=""),
        )
        for number, item in enumerate(items, 1)
    ]
    fits = all(line.amount >= 0 and line.quantity > 0 for line in lines)
    if lines and fits and sum(line.amount for line in lines) == amount:
        return lines
    return rows.whole_order(amount)


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring impact.com."""
    return [Impact()]
