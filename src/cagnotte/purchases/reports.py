"""From the texts of an order to a `Report`: checked, in minor units, in the shopper's time zone."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import orjson

from cagnotte.domain.errors import InvalidRow, UnknownCurrency
from cagnotte.domain.lifecycle import REASON_CODES
from cagnotte.domain.money import decimals_of
from cagnotte.domain.purchases import Channel, Line, Purchase, Validation
from cagnotte.purchases.facts import content_hash, facts_of
from cagnotte.purchases.lines import LineReader, Products
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.texts import OrderText

FIRST_YEAR = 1990
"""Purchases are not older; a date before is a mistake, such as 0206 for 2026."""
AHEAD_MAX = timedelta(days=1)
"""How far a source's clock may be ahead of ours: a zone told wrongly, not a mistake in the date."""
RETURNS = ("returned_quantity", "returned_amount")
"""The fields by which a source tells what was returned of a line."""
NATIVE_ID_LENGTH_MAX = 120
REF_LENGTH_MAX = 100


class Report(NamedTuple):
    """What one message says about one purchase.

    Attributes:
        native_id: what the source calls it; merchant and order reference where it has no id of its own.
        status: the validation it reports, None when it says nothing of it. facts: the purchase as JSON bytes.
        content_hash: 16 bytes over facts, status and reason; equal messages have equal hashes.
        reported_at: the source's own time of the message in UTC, or None. dated_ahead: it lay in the future, and the
            time of this run stands in its place.
        member: the number of the member, or what else the caller knows them by. attributed_by: what led to them.
    """

    row_number: int
    raw: str
    native_id: str
    member: str
    purchase: Purchase
    status: Validation | None
    reason: str
    reported_at: datetime | None
    facts: bytes
    content_hash: bytes
    dated_ahead: bool = False
    attributed_by: str = "member_number"


class ReportReader:
    """Turns the orders of one source into reports. Remembers amounts it has read, within bounds.

    zone: the programme's, in which days and hours of purchases are told.
    now: the time of this run, against which a date is in the future.
    tells_returns: whether the source tells what was returned, in a field or by rows of their own.
    """

    def __init__(
        self,
        mapping: Mapping,
        line_names: tuple[str, ...],
        *,
        products: Products,
        zone: ZoneInfo,
        currency: str,
        now: datetime,
    ) -> None:
        self._mapping = mapping
        self._zone = zone
        self._source_zone = mapping.zone
        self._currency = currency
        self.set_clock(now)
        self._lines = LineReader(mapping, line_names, products=products, currency=currency)
        # Appended returns are laid over what the source says, so it always tells all of them.
        self.tells_returns = mapping.appends_returns or not set(line_names).isdisjoint(RETURNS)

    def set_clock(self, now: datetime) -> None:
        """Say what time it is, for readers that live longer than one run."""
        self._now = now.astimezone(UTC)
        self._latest = self._now + AHEAD_MAX

    def read(self, order: OrderText) -> Report:
        """Return the report of an order. Raises InvalidRow with the reason and a sentence."""
        get, amount = self._getter(order.fields), self._lines.amount
        merchant, order_ref = _needed(get, "merchant"), _needed(get, "order_ref")
        currency = check_currency(get("currency"), self._currency)
        lines = self._lines.read(order.lines) if order.lines else self._single_line(get)
        occurred_at = self._moment(_needed(get, "occurred_at"), "occurred_at")
        check_date(occurred_at, self._latest)
        purchase = Purchase(
            merchant=merchant,
            order_ref=order_ref,
            occurred_at=occurred_at,
            currency=currency,
            lines=lines,
            channel=_channel(get("channel")),
            country=get("country") or None,
            clicked_at=self._optional_moment(get("clicked_at"), "clicked_at"),
            delivery_minor=amount(get("delivery"), "delivery"),
            delivery_tax_minor=amount(get("delivery_tax"), "delivery_tax"),
            coupon_codes=_codes(get("coupon_codes")),
            card=get("card") or None,
            commission_minor=amount(get("commission"), "commission") if get("commission") else None,
        )
        status, reason = status_of(get("status"), get("status_reason"))
        facts = orjson.dumps(facts_of(purchase))
        reported_at, ahead = self._told_at(get("updated_at"))
        return Report(
            row_number=order.row_number,
            raw=order.raw,
            native_id=_native_id(get("source_id") or f"{merchant}/{order_ref}"),
            member=_needed(get, "member"),
            purchase=purchase,
            status=status,
            reason=reason,
            reported_at=reported_at,
            facts=facts,
            content_hash=content_hash(facts, status, reason),
            dated_ahead=ahead,
        )

    def _getter(self, fields: dict[str, str]) -> Callable[[str], str]:
        defaults, values = self._mapping.defaults, self._mapping.values

        def get(name: str) -> str:
            text = fields.get(name, "") or defaults.get(name, "")
            words = values.get(name)
            return words.get(text, text) if words else text

        return get

    def _single_line(self, get: Callable[[str], str]) -> tuple[Line, ...]:
        amount = get("amount")
        if not amount:
            raise InvalidRow("no_lines", "The order has neither lines nor an amount.")
        return (Line(1, "", 1, self._lines.amount(amount, "amount")),)

    def _moment(self, text: str, name: str) -> datetime:
        try:
            moment = datetime.fromisoformat(text)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=self._source_zone)
            return moment.astimezone(self._zone)
        except (ValueError, OverflowError) as error:
            raise InvalidRow(
                "bad_date",
                f"{name} is “{text}”; write a date such as 2026-03-29T14:05:00.",
                text=text,
            ) from error

    def _told_at(self, text: str) -> tuple[datetime | None, bool]:
        """Return when the source says it said so, and whether that lay in the future and was replaced by now.

        A message from the far future would make all that follow look out of date, for ever.
        """
        if not text:
            return None, False
        # In UTC: two times of one zone are compared by their clocks, which repeat an hour every autumn.
        moment = self._moment(text, "updated_at").astimezone(UTC)
        return (self._now, True) if moment > self._latest else (moment, False)

    def _optional_moment(self, text: str, name: str) -> datetime | None:
        return self._moment(text, name) if text else None


def check_date(occurred_at: datetime, latest: datetime) -> None:
    """Refuse a purchase from the future, or from before there can have been any. Raises InvalidRow."""
    if occurred_at > latest:
        raise InvalidRow(
            "future_date", f"The purchase is dated {occurred_at:%Y-%m-%d}, in the future."
        )
    if occurred_at.year < FIRST_YEAR:
        raise InvalidRow(
            "bad_date",
            f"The purchase is dated {occurred_at.date()}; the year must be a mistake.",
        )


def check_currency(text: str, expected: str) -> str:
    """Return the currency of an order, which must be that of its programme. Raises InvalidRow."""
    if not text:
        raise InvalidRow(
            "missing_currency",
            "The order names no currency, and its source has no default one.",
        )
    try:
        decimals_of(text)
    except UnknownCurrency as error:
        raise InvalidRow("unknown_currency", error.sentence) from error
    if text != expected:
        raise InvalidRow(
            "foreign_currency",
            f"The order is in {text}; the wallets of this programme are in {expected}.",
        )
    return text


def _needed(get: Callable[[str], str], name: str) -> str:
    text = get(name)
    if not text:
        raise InvalidRow("missing_field", f"The order has no {name}.", field=name)
    if len(text) > REF_LENGTH_MAX:
        raise InvalidRow(
            "bad_field", f"{name} is longer than {REF_LENGTH_MAX} characters.", field=name
        )
    return text


def native_id_of(get: Callable[[str], str]) -> str:
    """Return what a source calls an order: its own id, else merchant and order reference. Raises InvalidRow."""
    return _native_id(get("source_id") or f"{_needed(get, 'merchant')}/{_needed(get, 'order_ref')}")


def _native_id(text: str) -> str:
    if len(text) > NATIVE_ID_LENGTH_MAX:
        raise InvalidRow(
            "bad_field",
            f"The name of the order is longer than {NATIVE_ID_LENGTH_MAX} characters: “{text[:40]}…”.",
        )
    return text


def _channel(text: str) -> Channel:
    try:
        return Channel(text) if text else Channel.WEB
    except ValueError:
        raise InvalidRow(
            "bad_field", f"“{text}” is no channel; write web, app, store or card."
        ) from None


def _codes(text: str) -> tuple[str, ...]:
    return (
        tuple(sorted({code.strip().lower() for code in text.split(",") if code.strip()}))
        if text
        else ()
    )


def status_of(text: str, reason: str) -> tuple[Validation | None, str]:
    """Return a status and, of a declined one, its reason; (None, "") for no status. Raises InvalidRow."""
    if not text:
        return None, ""
    try:
        status = Validation(text)
    except ValueError:
        raise InvalidRow(
            "bad_field", f"“{text}” is no status; write pending, confirmed or declined."
        ) from None
    if status is not Validation.DECLINED:
        return status, ""
    if reason and reason not in REASON_CODES:
        raise InvalidRow(
            "bad_field",
            f"“{reason}” is no decline reason; one of: {', '.join(sorted(REASON_CODES))}.",
        )
    return status, reason or "other"
