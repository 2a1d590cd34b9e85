"""Rakuten Advertising, by its Events API: a row for each article sold, and a row with a minus for what is undone.

Format: developers.rakutenadvertising.com, “Events”: `GET /events/1.0/transactions`, at most 1,000 rows a page. The
token comes from `POST /token` and lasts an hour. Times are written as JavaScript writes them. There is no status: a row
is an event (`is_event` “Y”) until it has been processed, and a sale is undone by rows that take all of it away. Whether
it was paid stands in other reports. What `is_event` means is known from other clients only, and so is how far back rows
are kept.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, windows
from cagnotte.extras.sources.networks.links import number_of, quoted, shops_setting
from cagnotte.extras.sources.networks.rows import click_trace, each
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
    SourceKind,
    SourcePlugin,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

UTC = ZoneInfo("UTC")
TIME = "%Y-%m-%d %H:%M:%S"
PAGE_SIZE = 1_000

SWEEPS = (
    windows.Sweep("transaction", 30, 120, every_hours=24, history=False),
    windows.Sweep("process", 30, 2),
)

FIELDS = (
    "etransaction_id", "advertiser_id", "order_id", "sku_number", "sale_amount", "quantity", "commissions", "currency",
    "transaction_date", "process_date", "transaction_type", "u1", "is_event",
)  # fmt: skip

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_JAVASCRIPT = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day>\d\d) (?P<year>\d{4}) (?P<time>\d\d:\d\d:\d\d) "
    r"GMT(?P<offset>[+-]\d{4})( \(.*\))?",
    re.ASCII,
)


class Rakuten(SourcePlugin):
    """Orders told by Rakuten Advertising; see the module."""

    name = "rakuten"
    title = "Rakuten Advertising"
    kind = SourceKind.NETWORK
    proof = Proof.SECONDARY
    settings = (
        Setting("account_id", "Your site number (SID), for which tokens are made."),
        Setting(
            "link_id", "For links, your code of 11 characters, `id=` in any of them.", default=""
        ),
        shops_setting("Rakuten's number of the advertiser (MID)"),
        Setting("client_id", "Of your application in the developer portal.", secret=True),
        Setting("client_secret", "Of the same application.", secret=True),
        asking.HISTORY,
        Setting("api_url", "The address of the API.", default="https://api.linksynergy.com"),
    )
    vocabulary = Vocabulary({"Y": Validation.PENDING, "N": Validation.CONFIRMED})
    pace = Pace(60, 60)
    polls = True
    click_length_max = 72

    def __init__(self, page_size: int = PAGE_SIZE) -> None:
        self.page_size = page_size

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask by the day of processing, and again by the day of purchase; page by page."""
        history = asking.history_days(context)
        token = self._token(context)
        for window in windows.walk(SWEEPS, context.now, cursor, history_days=history):
            page = window.page or 1
            while page:
                date = window.sweep.name
                asked = [
                    (f"{date}_date_start", window.start.astimezone(UTC).strftime(TIME)),
                    (f"{date}_date_end", window.end.astimezone(UTC).strftime(TIME)),
                    ("limit", str(self.page_size)),
                    ("page", str(page)),
                ]
                answer = context.calls().request(
                    "GET",
                    f"{asking.api_url(context)}/events/1.0/transactions",
                    params=asked,
                    headers={"Authorization": f"Bearer {token}", "Accept": "application/json"},
                )
                rows = asking.listed(asking.accepted_json(answer, self.title), self.title)
                topic = f"{date} {asked[0][1]}/{asked[1][1]} {page}"
                page = page + 1 if len(rows) == self.page_size else None
                messages = [Message(answer.body, topic)] if rows else []
                yield Polled(messages, window.cursor(page))

    def _token(self, context: SourceContext) -> str:
        """Return a token for an hour."""
        scope = asking.setting(context, "account_id")
        answer = context.calls().request(
            "POST",
            f"{asking.api_url(context)}/token",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode({"grant_type": "client_credentials", "scope": scope}).encode(),
            basic=(context.secret("client_id"), context.secret("client_secret")),
        )
        return asking.token_of(answer, self.title)

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return each row as a piece of its order."""
        return each(reading.sequence(reading.read_json(message.body), "The answer"), _piece)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order as its rows leave it."""
        rows = sorted(pieces.values(), key=_in_order)
        sold = [row for row in rows if reading.decimal(row, "sale_amount") >= 0]
        undone = [row for row in rows if reading.decimal(row, "sale_amount") < 0]
        if not sold:
            return Waiting("no_sale", "What is undone here has not been told as sold yet.")
        first = sold[0]
        currencies = {reading.text(row, "currency", length_max=3) for row in rows}
        if len(currencies) > 1:
            raise reading.Misread(f"The rows are in several currencies: {sorted(currencies)}.")
        lines, refunded = _taken_back(_lines(sold), undone)
        words = {reading.text(row, "is_event") for row in sold}
        meanings = {word: self.vocabulary.status(word) for word in words}
        native = "Y" if "Y" in meanings else "N"
        earned = sum((reading.decimal(row, "commissions") for row in rows), Decimal(0))
        left = sum((line.amount - line.returned_amount for line in lines), -refunded)
        return PurchaseReport(
            order_ref=reading.text(first, "order_id", length_max=100),
            occurred_at=_moment(first.get("transaction_date"), "transaction_date"),
            currency=currencies.pop(),
            lines=lines,
            merchant=reading.text(first, "advertiser_id"),
            refunded=refunded,
            commission=max(earned, Decimal(0)),
            status=Validation.DECLINED if undone and left <= 0 else meanings[native],
            native_status=native,
            traces=click_trace(reading.text(first, "u1", default="")),
        )

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead through click.linksynergy.com with the click as `u1`."""
        return (
            f"https://click.linksynergy.com/deeplink?id={quoted(asking.setting(context, 'link_id'))}"
            f"&mid={quoted(number_of(link, context))}&u1={quoted(link.click)}&murl={quoted(link.target)}"
        )


def _piece(row: Any) -> Read:
    advertiser, order = reading.text(row, "advertiser_id"), reading.text(row, "order_id")
    kept = {field: row.get(field) for field in FIELDS if row.get(field) is not None}
    return Piece(
        f"{advertiser}:{order}",
        f"row:{reading.text(row, 'etransaction_id')}",
        reading.plain(kept),
        int(reading.text(row, "is_event", default="") == "N"),
    )


def _moment(value: Any, what: str) -> Moment:
    """Return a time such as “Wed Apr 30 2014 03:07:13 GMT+0000 (UTC)”, or one of ISO 8601 with its offset."""
    found = _JAVASCRIPT.fullmatch(value) if isinstance(value, str) else None
    if found is None or found["month"] not in MONTHS:
        return reading.moment(value, what, None)
    month = MONTHS.index(found["month"]) + 1
    text = f"{found['year']}-{month:02}-{found['day']}T{found['time']}{found['offset']}"
    return reading.moment(text, what, None)._replace(text=value)


def _in_order(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort rows so that an article keeps the number of its line in every telling."""
    at = _moment(row.get("transaction_date"), "transaction_date").utc
    return at, reading.text(row, "etransaction_id")


def _lines(sold: Sequence[Mapping[str, Any]]) -> list[ReportLine]:
    return [
        ReportLine(
            number,
            reading.text(row, "sku_number", default=""),
            max(reading.whole(row, "quantity", default=1), 1),
            reading.decimal(row, "sale_amount"),
        )
        for number, row in enumerate(sold, 1)
    ]


def _taken_back(
    lines: list[ReportLine], undone: Iterable[Mapping[str, Any]]
) -> tuple[list[ReportLine], Decimal]:
    """Return the lines less what was undone of their articles, and what was undone of no article sold here."""
    refunded = Decimal(0)
    for row in undone:
        amount, units = (
            -reading.decimal(row, "sale_amount"),
            -reading.whole(row, "quantity", default=0),
        )
        sku = reading.text(row, "sku_number", default="")
        for place, line in enumerate(lines):
            if line.sku == sku:
                back = min(amount, line.amount - line.returned_amount)
                units_back = min(max(units, 0), line.quantity - line.returned_quantity)
                lines[place] = _with_return(line, units_back, back)
                amount, units = amount - back, units - units_back
        refunded += amount
    rest = sum((line.amount - line.returned_amount for line in lines), Decimal(0))
    return lines, min(refunded, rest)


def _with_return(line: ReportLine, units: int, amount: Decimal) -> ReportLine:
    return replace(
        line,
        returned_quantity=line.returned_quantity + units,
        returned_amount=line.returned_amount + amount,
    )


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Rakuten Advertising."""
    return [Rakuten()]
