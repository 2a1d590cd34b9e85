"""Tradedoubler, by its publisher API: transactions as JSON, restated in place, asked for by their last change.

Format: tradedoubler.docs.apiary.io, “Transactions”: `GET /publisher/report/transactions`, whole days, at most 31 of
them a call and 100 transactions a page. The token comes from `POST /uaa/oauth/token` and lasts a quarter of an hour.
Amounts are numbers in major units of the currency that was asked for. Times have no offset; they are read in the zone
of the account. A transaction that is paid says so, whatever its status.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import urlencode

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, windows
from cagnotte.extras.sources.networks.links import number_of, quoted, shops_setting
from cagnotte.extras.sources.networks.rows import click_trace, each, whole_order
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Link,
    Message,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Setting,
    SourceContext,
    SourceKind,
    SourcePlugin,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

DAY = "%Y%m%d"
PAGE_SIZE = 100

SWEEPS = (
    windows.Sweep("transaction", 31, 120, every_hours=24, history=False),
    windows.Sweep("modified", 31, 1),
)

FIELDS = (
    "transactionId", "programId", "timeOfLastClick", "timeOfTransaction", "timeOfLastModified", "epi", "leadNumber",
    "orderNumber", "orderValue", "commission", "paid", "paymentId", "status", "reasonId", "reasonName", "voucherCode",
)  # fmt: skip

WEIGHTS = {"P": 0, "A": 1, "D": 2}
"""Which of two tellings of one second counts."""

REASONS = {
    "order cancelled": "cancelled",
    "cancelled": "cancelled",
    "returned": "returned",
    "returned goods": "returned",
    "duplicate": "duplicate_order",
    "duplicate order": "duplicate_order",
    "out of stock": "out_of_stock",
    "invalid payment": "invalid_payment",
    "fraud": "fraud",
}
"""Advertisers name reasons themselves; these are common, in lower case."""


class Tradedoubler(SourcePlugin):
    """Orders told by Tradedoubler; see the module."""

    name = "tradedoubler"
    title = "Tradedoubler"
    kind = SourceKind.NETWORK
    proof = Proof.OFFICIAL
    settings = (
        Setting("source_id", "Only this site of yours, by its number; empty = all.", default=""),
        Setting("site_id", "For links, the number of your site (`a=`).", default=""),
        shops_setting("Tradedoubler's number of the programme"),
        Setting("currency", "The currency in which amounts are asked for.", default="EUR"),
        Setting("client_id", "Of your API client, from “API Info”.", secret=True),
        Setting("client_secret", "Of the same client.", secret=True),
        Setting("username", "With which you sign in to Tradedoubler.", secret=True),
        Setting("password", "Of the same account.", secret=True),
        asking.HISTORY,
        Setting("api_url", "The address of the API.", default="https://connect.tradedoubler.com"),
    )
    vocabulary = Vocabulary(
        {"P": Validation.PENDING, "A": Validation.CONFIRMED, "D": Validation.DECLINED}, REASONS
    )
    pace = Pace(30, 60)
    polls = True
    click_length_max = 64

    def __init__(self, page_size: int = PAGE_SIZE) -> None:
        self.page_size = page_size

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask by the last change, and again by the day of purchase; page by page."""
        history = asking.history_days(context)
        token = self._token(context)
        for window in windows.walk(
            SWEEPS, context.now, cursor, history_days=history, zone=context.zone
        ):
            offset = window.page or 0
            while offset is not None:
                days = window.start.strftime(DAY), window.last.strftime(DAY)
                modified = str(window.sweep.name == "modified").lower()
                asked = [("fromDate", days[0]), ("toDate", days[1]), ("lastModified", modified)]
                body, count = self._page(context, token, [*asked, ("offset", str(offset))])
                topic = f"{window.sweep.name} {days[0]}/{days[1]} {offset}"
                offset = offset + count if count == self.page_size else None
                yield Polled([Message(body, topic)] if count else [], window.cursor(offset))

    def _page(
        self, context: SourceContext, token: str, asked: list[tuple[str, str]]
    ) -> tuple[bytes, int]:
        """Return a page and how many transactions stand on it."""
        asked = [*asked, ("limit", str(self.page_size))]
        asked.append(("reportCurrencyCode", asking.setting(context, "currency")))
        if context.settings.get("source_id"):
            asked.append(("sourceId", context.settings["source_id"]))
        answer = context.calls().request(
            "GET",
            f"{asking.api_url(context)}/publisher/report/transactions",
            params=asked,
            headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
        )
        told = asking.accepted_json(answer, self.title)
        items = told.get("items") if isinstance(told, Mapping) else None
        return answer.body, len(asking.listed(items, self.title))

    def _token(self, context: SourceContext) -> str:
        """Return a token for a quarter of an hour; a poll that takes longer goes on with the next one."""
        form = {
            "grant_type": "password",
            "username": context.secret("username"),
            "password": context.secret("password"),
        }
        answer = context.calls().request(
            "POST",
            f"{asking.api_url(context)}/uaa/oauth/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            basic=(context.secret("client_id"), context.secret("client_secret")),
        )
        return asking.token_of(answer, self.title)

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return how each transaction stands; the currency is that of the whole report."""
        told = reading.read_json(message.body)
        currency = reading.text(told, "reportCurrencyCode", default="", length_max=3)

        def piece(row: Any) -> Read:
            kept = {field: row.get(field) for field in FIELDS if row.get(field) is not None}
            if currency:
                kept["currency"] = currency
            changed = reading.moment(
                row.get("timeOfLastModified"), "timeOfLastModified", context.zone
            )
            weight = WEIGHTS.get(reading.text(row, "status", default=""), 0)
            number = reading.text(row, "transactionId", length_max=100)
            return Piece(number, "transaction", reading.plain(kept), changed.utc, weight)

        return each(reading.sequence(reading.dig(told, "items"), "“items”"), piece)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order as the transaction was told last."""
        told = pieces["transaction"]
        native = reading.text(told, "status")
        status = self.vocabulary.status(native)
        reason = reading.text(told, "reasonName", default="").strip().lower()
        clicked, voucher = (
            told.get("timeOfLastClick"),
            reading.text(told, "voucherCode", default=""),
        )
        order_ref = reading.text(told, "orderNumber", default="", length_max=100)
        currency = reading.text(told, "currency", default=context.settings.get("currency", "EUR"))
        return PurchaseReport(
            order_ref=order_ref or reading.text(told, "leadNumber", default="", length_max=100),
            occurred_at=reading.moment(
                told.get("timeOfTransaction"), "timeOfTransaction", context.zone
            ),
            currency=currency,
            lines=whole_order(reading.decimal(told, "orderValue")),
            merchant=reading.text(told, "programId"),
            commission=reading.decimal(told, "commission"),
            status=status,
            native_status=native,
            reason=self.vocabulary.reason(reason)
            if reason and status is Validation.DECLINED
            else "",
            paid=reading.flag(told, "paid") if "paid" in told else None,
            traces=click_trace(reading.text(told, "epi", default="")),
            clicked_at=reading.moment(clicked, "timeOfLastClick", context.zone)
            if clicked
            else None,
            coupon_codes=(voucher,) if voucher else (),
        )

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead through clk.tradedoubler.com with the click as `epi`."""
        return (
            f"https://clk.tradedoubler.com/click?p={quoted(number_of(link, context))}"
            f"&a={quoted(asking.setting(context, 'site_id'))}"
            f"&epi={quoted(link.click)}&url={quoted(link.target)}"
        )


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Tradedoubler."""
    return [Tradedoubler()]
