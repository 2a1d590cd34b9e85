"""CJ, by its Commission Detail API (GraphQL): commissions, with corrections as rows of their own.

Format: the schema that commissions.api.cj.com/query tells of itself, and docs.cj.com, “Commission Detail API”. One call
spans at most 31 days; while `payloadComplete` is false, the next batch begins after `maxCommissionId`. Numbers come as
texts, and amounts in dollars and in the publisher's currency; the latter are read.

A commission is never changed, except that its status moves on: new, perhaps extended, locked, closed. What changes
comes as another commission with the same `originalActionId`, whose amounts are negative, sometimes before the first.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, windows
from cagnotte.extras.sources.networks.rows import click_trace, each, whole_order
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Ignored,
    Link,
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
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

TIME = "%Y-%m-%dT%H:%M:%SZ"

SWEEPS = (
    windows.Sweep("EventDate", 31, 120, every_hours=24, history=False),
    windows.Sweep("LockingDate", 31, 120, every_hours=24, history=False),
    windows.Sweep("PostingDate", 31, 1),
)
"""Commissions and corrections are found by the day they are posted; how their status moves on, by looking again."""

FIELDS = (
    "commissionId", "originalActionId", "original", "actionType", "actionStatus", "validationStatus",
    "correctionReason", "advertiserId", "orderId", "shopperId", "eventDate", "clickDate", "postingDate", "country",
    "coupon", "saleAmountPubCurrency", "pubCommissionAmountPubCurrency",
)  # fmt: skip
ITEM_FIELDS = ("sku", "quantity", "perItemSaleAmountPubCurrency", "discountPubCurrency")

QUERY = """query($publishers: [String!]!, $since: String, $before: String, $after: String) {
  publisherCommissions(forPublishers: $publishers, since%(date)s: $since, before%(date)s: $before,
                       sinceCommissionId: $after) {
    count payloadComplete maxCommissionId records { %(fields)s items { %(item_fields)s } }
  }
}"""

ALPHA_2 = 2
"""Letters of a country's code; some advertisers send its name."""

STEPS = ("new", "extended", "locked", "closed")
"""In which order the status of a commission moves on."""

VALIDATED = ("", "pending", "accepted", "automated")
"""Words of the advertiser's validation that leave the decision to the status."""

NO_PURCHASE = frozenset({"bonus", "perf_inc", "click", "imp"})

REASONS = {
    "INVALID_CREDIT_CARD": "invalid_payment",
    "RETURNED_MERCHANDISE": "returned",
    "DUPLICATED_ORDER": "duplicate_order",
    "CANT_SHIP_OR_SOLD_OUT": "out_of_stock",
    "UNQUALIFIED_LEAD": "terms_not_met",
    "BAD_DEBT": "bad_debt",
    "BANKRUPTCY": "merchant_insolvent",
    "COMPLIANCE": "compliance",
    "BOOKING_CANCELED": "booking_cancelled",
    "OTHER_REASON": "other",
}


class Cj(SourcePlugin):
    """Orders told by CJ; see the module."""

    name = "cj"
    title = "CJ"
    kind = SourceKind.NETWORK
    proof = Proof.OFFICIAL
    settings = (
        Setting("publisher_id", "Your company number (CID) as a publisher."),
        Setting("website_id", "For links, the number of your website (PID).", default=""),
        Setting("currency", "The currency in which CJ pays you, such as EUR."),
        Setting("token", "A personal access token of CJ's developer portal.", secret=True),
        asking.HISTORY,
        Setting("api_url", "The address of the API.", default="https://commissions.api.cj.com"),
    )
    vocabulary = Vocabulary(
        {
            "new": Validation.PENDING,
            "extended": Validation.PENDING,
            "locked": Validation.CONFIRMED,
            "closed": Validation.CONFIRMED,
            "declined": Validation.DECLINED,
        },
        REASONS,
    )
    pace = Pace(25, 60)
    polls = True
    click_length_max = 64

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask by the day of posting, and again by the days of event and locking; batch by batch."""
        history = asking.history_days(context)
        for window in windows.walk(SWEEPS, context.now, cursor, history_days=history):
            page = window.page
            while True:
                asked = {
                    "since": window.start.strftime(TIME),
                    "before": window.end.strftime(TIME),
                    "after": page,
                }
                told, body = self._ask(context, window.sweep.name, asked)
                topic = f"{window.sweep.name} {asked['since']}/{asked['before']} {page or ''}"
                messages = [Message(body, topic.strip())] if told["records"] else []
                complete = reading.flag(told, "payloadComplete", default=True)
                page = None if complete else reading.text(told, "maxCommissionId")
                yield Polled(messages, window.cursor(page))
                if page is None:
                    break

    def _ask(
        self, context: SourceContext, date: str, asked: Mapping[str, Any]
    ) -> tuple[Mapping[str, Any], bytes]:
        """Return one batch and its bytes."""
        publisher = asking.setting(context, "publisher_id")
        query = QUERY % {
            "date": date, "fields": " ".join(FIELDS), "item_fields": " ".join(ITEM_FIELDS),
        }  # fmt: skip
        answer = context.calls().request(
            "POST",
            f"{asking.api_url(context)}/query",
            headers={
                "Authorization": f"Bearer {context.secret('token')}",
                "Content-Type": "application/json",
            },
            body=json.dumps(
                {"query": query, "variables": {"publishers": [publisher], **asked}}
            ).encode(),
        )
        told = asking.accepted_json(answer, self.title)
        try:
            return _batch(told), answer.body
        except reading.Misread as error:
            raise SourceFailed(f"{self.title} refused the query: {error.sentence}") from None

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return each commission as a piece of the action it belongs to."""
        return each(_batch(reading.read_json(message.body))["records"], self._piece)

    def _piece(self, row: Any) -> Read:
        number = reading.text(row, "commissionId")
        if reading.text(row, "actionType", default="").lower() in NO_PURCHASE:
            return Ignored("A bonus, a click or a view, not a purchase.")
        kept = {field: row.get(field) for field in (*FIELDS, "items") if row.get(field) is not None}
        return Piece(
            reading.text(row, "originalActionId"),
            f"row:{number}",
            reading.plain(kept),
            _step(row),
        )

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order as its first commission and all corrections leave it."""
        rows = [pieces[key] for key in sorted(pieces)]
        first = next((row for row in rows if reading.flag(row, "original")), None)
        if first is None:
            return Waiting("no_original", "The commission that is corrected has not come yet.")
        sold, returned = _summed(rows, "saleAmountPubCurrency")
        earned, taken_back = _summed(rows, "pubCommissionAmountPubCurrency")
        undone = returned >= sold and taken_back >= earned and len(rows) > 1
        native, status = self._status(first, undone=undone)
        reasons = [
            word for row in rows if (word := reading.text(row, "correctionReason", default=""))
        ]
        declined = status is Validation.DECLINED
        coupon = reading.text(first, "coupon", default="")
        country = reading.text(first, "country", default="")
        clicked = first.get("clickDate")
        return PurchaseReport(
            order_ref=reading.text(first, "orderId", default="", length_max=100),
            occurred_at=reading.moment(first.get("eventDate"), "eventDate", None),
            currency=asking.setting(context, "currency"),
            lines=_lines(first, sold),
            merchant=reading.text(first, "advertiserId"),
            refunded=min(returned, sold),
            commission=max(earned - taken_back, Decimal(0)),
            status=status,
            native_status=native,
            reason=self.vocabulary.reason(reasons[-1]) if declined and reasons else "",
            traces=click_trace(reading.text(first, "shopperId", default="")),
            clicked_at=reading.moment(clicked, "clickDate", None) if clicked else None,
            country=country if len(country) == ALPHA_2 else "",
            coupon_codes=(coupon,) if coupon else (),
        )

    def _status(self, first: Mapping[str, Any], *, undone: bool) -> tuple[str, Validation]:
        """Return the word that decides, and what it means."""
        validated = reading.text(first, "validationStatus", default="").lower()
        native = reading.text(first, "actionStatus").lower()
        status = self.vocabulary.status(native)
        if validated not in VALIDATED:
            return validated, self.vocabulary.status(validated)
        return native, Validation.DECLINED if undone else status

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead through anrdoezrs.net with the click as the shopper's number."""
        website = quote(asking.setting(context, "website_id"), safe="")
        target = quote(link.target, safe=":/?#&=%+,;@~!$()*'")
        return f"https://www.anrdoezrs.net/links/{website}/type/dlg/sid/{quote(link.click, safe='')}/{target}"


def _batch(told: Any) -> Mapping[str, Any]:
    """Return the commissions of an answer. Raises Misread, with what CJ says was wrong."""
    for error in reading.sequence(reading.dig(told, "errors"), "errors"):
        raise reading.Misread(f"{reading.text(error, 'message', default='no reason')[:200]}.")
    batch = reading.dig(told, "data.publisherCommissions")
    batch = reading.mapping(batch, "“publisherCommissions”")
    return {**batch, "records": reading.sequence(batch.get("records"), "“records”")}


def _summed(rows: Iterable[Mapping[str, Any]], field: str) -> tuple[Decimal, Decimal]:
    """Return the sum of what was added and the sum of what was taken away, both ≥ 0."""
    amounts = [reading.decimal(row, field, default=Decimal(0)) for row in rows]
    added = sum((amount for amount in amounts if amount > 0), Decimal(0))
    return added, added - sum(amounts, Decimal(0))


def _step(row: Mapping[str, Any]) -> int:
    """Return how far a commission has come, so that an older telling never replaces a newer one."""
    status = reading.text(row, "actionStatus").lower()
    validated = reading.text(row, "validationStatus", default="").lower()
    steps = STEPS.index(status) + 1 if status in STEPS else 0
    return 2 * steps + (validated not in ("", "pending"))


def _lines(first: Mapping[str, Any], sold: Decimal) -> list[ReportLine]:
    """Return the articles, where they are told and make up the amount; else one line of the whole."""
    lines = []
    for number, item in enumerate(reading.sequence(first.get("items"), "items"), 1):
        quantity = reading.whole(item, "quantity")
        price = reading.decimal(item, "perItemSaleAmountPubCurrency") * quantity
        discount = reading.decimal(item, "discountPubCurrency", default=Decimal(0))
        sku = reading.text(item, "sku", default="")
        lines.append(ReportLine(number, sku, quantity, price, discount))
    fits = all(line.quantity > 0 and line.amount >= line.discount >= 0 for line in lines)
    if lines and fits and sum(line.amount - line.discount for line in lines) == sold:
        return lines
    return whole_order(sold)


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring CJ."""
    return [Cj()]
