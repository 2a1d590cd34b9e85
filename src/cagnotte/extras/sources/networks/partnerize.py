"""Partnerize, as its partners see it: conversions with items, each of which is decided for itself.

A conversion of several items can be approved in part and rejected in part; then it says "mixed". The items decide:
it is pending while one of them is, declined when all are rejected, and an item rejected beside others counts as given
back. Times have no offset and are in the zone that was asked for, UTC. An item on a self-bill has been paid.

Source: the partner API, "Partner Conversions"; the pages of a report are named by the one before, or counted.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, links, pages, rows, windows
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Link,
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
    SourceFailed,
    SourceKind,
    SourcePlugin,
    TraceFound,
    UnknownWord,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

UPDATED = windows.Sweep("updated", days=30, again_days=7)
PAGE_SIZE = 300
"""The most that a page holds."""

ZONE = ZoneInfo("UTC")
TIME = "%Y-%m-%dT%H:%M:%SZ"
MIXED = "mixed"

FIELDS = (
    "conversion_time", "last_modified", "currency", "campaign_id", "publisher_reference", "conversion_reference",
    "country",
)  # fmt: skip
ITEM_FIELDS = (
    "sku", "category", "item_value", "item_publisher_commission", "item_status", "reject_reason",
    "publisher_self_bill_id", "voucher_codes",
)  # fmt: skip


class Partnerize(SourcePlugin):
    """Conversions of Partnerize; see the module."""

    name = "partnerize"
    title = "Partnerize"
    kind = SourceKind.NETWORK
    proof = Proof.OFFICIAL
    settings = (
        Setting("publisher_id", "Your number as a partner, such as 111111l92."),
        Setting("application_key", "The user application key."),
        Setting("user_api_key", "The user API key.", secret=True),
        links.shops_setting("the camref"),
        asking.HISTORY,
        Setting("api_url", "Where Partnerize is asked.", default="https://api.partnerize.com"),
        Setting("link_url", "Where links lead.", default="https://prf.hn"),
    )
    vocabulary = Vocabulary(
        {
            "pending": Validation.PENDING,
            "approved": Validation.CONFIRMED,
            "rejected": Validation.DECLINED,
        },
        {
            "returned": "returned",
            "cancelled": "cancelled",
            "canceled": "cancelled",
            "duplicate": "duplicate_order",
            "out of stock": "out_of_stock",
            "fraud": "fraud",
            "breach of terms": "terms_not_met",
        },
    )
    pace = Pace(calls=30, seconds=60)
    polls = True
    click_length_max = 50

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for the conversions that changed, window by window, page by page."""
        return pages.asked([UPDATED], context, cursor, partial(self._page, context))

    def _page(
        self, context: SourceContext, window: windows.Window, page: str | int | None
    ) -> tuple[list[Message], str | int | None]:
        """Return a page as a message, if it tells anything, and the next one: its address, or where it begins."""
        publisher = links.quoted(asking.setting(context, "publisher_id"))
        path = f"/reporting/report_publisher/publisher/{publisher}/conversion.json"
        offset = page if isinstance(page, int) else 0
        params = (
            ("start_date", window.start.astimezone(UTC).strftime(TIME)),
            ("end_date", window.last.astimezone(UTC).strftime(TIME)),
            ("timezone", ZONE.key),
            ("date_type", "last_updated"),
            ("limit", str(PAGE_SIZE)),
            ("offset", str(offset)),
        )
        answer = context.calls().request(
            "GET",
            pages.next_page(page if isinstance(page, str) else path, asking.api_url(context)),
            params=() if isinstance(page, str) else params,
            headers={"accept": "application/json"},
            basic=(asking.setting(context, "application_key"), context.secret("user_api_key")),
        )
        told = asking.accepted_json(answer, self.title)
        found = pages.listed(told, "conversions", self.title)
        messages = [Message(answer.body, "conversions")] if found else []
        return messages, self._following(told, offset, len(found))

    def _following(self, told: Mapping[str, Any], offset: int, found: int) -> str | int | None:
        """Return the page after this one; None after the last."""
        try:
            named = reading.text(
                told, "hypermedia.pagination.next_page", default="", length_max=2_000
            )
            count = reading.whole(told, "count", default=0)
        except reading.Misread as error:
            raise SourceFailed(f"Partnerize answered something else: {error.sentence}") from None
        if named:
            return named
        return offset + found if found and offset + found < count else None

    # ---- reading ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each conversion."""
        told = reading.mapping(reading.read_json(message.body), "The answer")
        return rows.each(reading.sequence(told.get("conversions"), "“conversions”"), _piece)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return how the conversion stands: its items decide."""
        told = pieces["conversion"]
        word = reading.text(told, "conversion_status")
        items = reading.sequence(told.get("items"), "“conversion_items”")
        states = [self.vocabulary.status(reading.text(item, "item_status")) for item in items]
        status = self._status(word, states)
        kept = [
            item
            for item, state in zip(items, states, strict=True)
            if state is not Validation.DECLINED
        ]
        codes = [code for item in items for code in _codes(item)]
        return PurchaseReport(
            order_ref=reading.text(told, "conversion_reference", default="", length_max=100),
            merchant=reading.text(told, "campaign_id"),
            occurred_at=_moment(told, "conversion_time"),
            currency=reading.text(told, "currency", length_max=3),
            lines=_lines(items, states, told),
            commission=sum(
                (reading.decimal(item, "item_publisher_commission") for item in kept), Decimal(0)
            )
            if items
            else reading.decimal(told, "publisher_commission", default=Decimal(0)),
            status=status,
            native_status=word,
            reason=self._reason(items) if status is Validation.DECLINED else "",
            paid=bool(kept) and all("publisher_self_bill_id" in item for item in kept),
            traces=[
                *rows.click_trace(reading.text(told, "publisher_reference", default="")),
                *(TraceFound(Trace.PROMO_CODE, code) for code in dict.fromkeys(codes)),
            ],
            clicked_at=_moment(told, "clicked_at") if "clicked_at" in told else None,
            country=reading.text(told, "country", default=""),
            coupon_codes=list(dict.fromkeys(codes)),
            updated_at=_moment(told, "last_modified").utc,
        )

    def _status(self, word: str, states: Sequence[Validation]) -> Validation:
        """Return the state of a conversion: of its items, or its own where it has none."""
        if word != MIXED:
            own = self.vocabulary.status(word)
            if not states:
                return own
        if not states:
            raise UnknownWord("A conversion says “mixed” and has no items.", word=word)
        if Validation.PENDING in states:
            return Validation.PENDING
        return Validation.CONFIRMED if Validation.CONFIRMED in states else Validation.DECLINED

    def _reason(self, items: Sequence[Mapping[str, Any]]) -> str:
        """Return why all items were rejected; "" where it is not told, or not one reason."""
        words = {reading.text(item, "reject_reason", default="").lower() for item in items}
        return (
            self.vocabulary.reason(next(iter(words))) if len(words) == 1 and words != {""} else ""
        )

    # ---- links ----

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead to the target through the camref of its shop, with the click as pubref."""
        camref = links.quoted(links.number_of(link, context))
        base = asking.setting(context, "link_url").rstrip("/")
        target = links.quoted(link.target)
        return (
            f"{base}/click/camref:{camref}/pubref:{links.quoted(link.click)}/destination:{target}"
        )


def _piece(row: Mapping[str, Any]) -> Piece:
    told = reading.mapping(row.get("conversion_data"), "“conversion_data”")
    value = reading.mapping(told.get("conversion_value"), "“conversion_value”")
    items = [
        pages.picked(reading.mapping(item, "An item"), ITEM_FIELDS)
        for item in reading.sequence(told.get("conversion_items"), "“conversion_items”")
    ]
    data = {
        **pages.picked(told, FIELDS),
        **pages.picked(value, ("conversion_status", "value", "publisher_commission")),
        "items": items,
    }
    clicked_at = reading.dig(told, "click.set_time")
    if clicked_at:
        data["clicked_at"] = clicked_at
    return Piece(
        reading.text(told, "conversion_id", length_max=100),
        "conversion",
        data,
        _version(told),
    )


def _version(told: Mapping[str, Any]) -> datetime:
    """Return when a conversion, or one of its items, last changed."""
    items = reading.sequence(told.get("conversion_items"), "“conversion_items”")
    updates = [_moment(item, "last_update").utc for item in items if item.get("last_update")]
    return max([_moment(told, "last_modified").utc, *updates])


def _moment(told: Mapping[str, Any], name: str) -> Moment:
    return reading.moment(told.get(name), name, ZONE)


def _codes(item: Mapping[str, Any]) -> list[str]:
    """Return the voucher codes of an item."""
    found = reading.sequence(item.get("voucher_codes"), "“voucher_codes”")
    return [code for code in found if isinstance(code, str) and code]


def _lines(
    items: Sequence[Mapping[str, Any]], states: Sequence[Validation], told: Mapping[str, Any]
) -> list[ReportLine]:
    """Return a line for each item; what is rejected beside others counts as given back."""
    if not items:
        return rows.whole_order(reading.decimal(told, "value"))
    some_stand = any(state is not Validation.DECLINED for state in states)
    lines = []
    for number, (item, state) in enumerate(zip(items, states, strict=True), 1):
        amount = reading.decimal(item, "item_value")
        if amount < 0:
            return rows.whole_order(reading.decimal(told, "value"))
        back = state is Validation.DECLINED and some_stand
        lines.append(
            ReportLine(
                number,
                reading.text(item, "sku", default=""),
                1,
                amount,
                category=reading.text(item, "category", default=""),
                returned_quantity=int(back),
                returned_amount=amount if back else Decimal(0),
            )
        )
    return lines


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Partnerize."""
    return [Partnerize()]
