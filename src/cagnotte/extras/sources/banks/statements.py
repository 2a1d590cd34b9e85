"""Rows of bank accounts as purchases: what the feeds of all banks share.

A feed knows an amount, a day and a wording: no articles, no shop, and nothing that ties a refund to its purchase. The
shop is found by the wording (`Descriptor`), the member by the account, and a refund by shop, member and amount. Only
rows whose shop is known earn anything.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Channel, Validation
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    REFUND_KEY,
    Descriptor,
    LooseRefund,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceContext,
    TraceFound,
    Waiting,
)

BOOKED = "row"
"""Key of the piece that holds the row itself."""
BOOKED_AFTER_MAX = timedelta(days=10)
"""How long after a purchase its row may be booked: over long weekends, and for shops that collect weekly."""

_DAY_AND_MONTH = re.compile(
    r"(?<!\d)(\d\d)[/.](\d\d)(?:[/.](?:20)?(\d\d))?(?!\d)|\bCB\s+(\d\d)(\d\d)\b"
)


def bought_on(text: str, booked_on: date) -> date:
    """Return the day of a card payment: as its wording says, where it says one shortly before, else when booked.

    Banks write the day of the purchase into the wording, as in “CB MAISON VERTE 20/11/26”.
    """
    for day, month, _, packed_day, packed_month in _DAY_AND_MONTH.findall(text):
        for year in (booked_on.year, booked_on.year - 1):
            found = _date(year, int(month or packed_month), int(day or packed_day))
            if found is not None and timedelta(0) <= booked_on - found <= BOOKED_AFTER_MAX:
                return found
    return booked_on


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def row(
    *, account: str, amount: Decimal, currency: str, on: date, text: str, **more: str
) -> dict[str, Any]:
    """Return what is kept of a row. on: the day of the purchase. more: mcc, mid, country, where the feed tells them."""
    return {
        "account": account,
        "amount": str(amount),
        "currency": currency,
        "on": on.isoformat(),
        "text": text[:300],
        **{name: value for name, value in more.items() if value},
    }


def fold(
    pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
) -> PurchaseReport | Waiting:
    """Return what a row stands for: a purchase less what came back of it, or a refund whose purchase is to be found."""
    told = pieces[BOOKED]
    amount = reading.decimal(told, "amount")
    currency = reading.text(told, "currency", length_max=3)
    traces = (TraceFound(Trace.CARD, reading.text(told, "account")),)
    descriptor = Descriptor(
        text=reading.text(told, "text", default=""),
        mid=reading.text(told, "mid", default=""),
        mcc=reading.text(told, "mcc", default="", length_max=4),
        country=reading.text(told, "country", default="", length_max=2),
    )
    is_deleted = told.get("deleted") is True
    if amount > 0 and is_deleted:
        return Waiting("row_deleted", "The bank took this row back.")
    if amount > 0:
        return Waiting(
            "refund_without_purchase",
            "Money came in; whether it is a refund shows when a purchase at the same shop fits.",
            LooseRefund(amount, currency, _moment(told, context), traces, descriptor=descriptor),
        )
    given_back = sum(_refunds(pieces), Decimal(0))
    return PurchaseReport(
        order_ref="",
        occurred_at=_moment(told, context),
        currency=currency,
        lines=[ReportLine(1, "", 1, -amount)],
        refunded=min(given_back, -amount),
        status=Validation.DECLINED if is_deleted else Validation.CONFIRMED,
        native_status="deleted" if is_deleted else "booked",
        reason="cancelled" if is_deleted else "",
        traces=traces,
        channel=Channel.CARD,
        card=reading.text(told, "account"),
        descriptor=descriptor,
    )


def _refunds(pieces: Mapping[str, Mapping[str, Any]]) -> Iterator[Decimal]:
    for key, piece in pieces.items():
        if key.startswith(REFUND_KEY):
            yield reading.decimal(piece, "amount")


def _moment(told: Mapping[str, Any], context: SourceContext) -> Moment:
    """Return the noon of a day that has no hour: neither end of the day may make it another one."""
    on = reading.calendar_day(told.get("on"), "on")
    noon = datetime.combine(on, time(12), context.zone)
    return Moment(on.isoformat(), context.zone.key, noon.astimezone(UTC))


def wording(*parts: object) -> str:
    """Return the parts of a wording that are texts, joined; lists of texts too."""
    found: list[str] = []
    for part in parts:
        texts = part if isinstance(part, Sequence) and not isinstance(part, str) else [part]
        found += [text.strip() for text in texts if isinstance(text, str) and text.strip()]
    return " ".join(dict.fromkeys(found))
