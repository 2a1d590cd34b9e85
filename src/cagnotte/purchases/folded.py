"""From how a source's plugin says an order stands to a `Report`: checked, in minor units, in the shopper's time zone.

The counterpart of `reports` for connected sources, whose plugins have read the texts already. Amounts are exact, and
must fit the currency; the commission alone may have more decimals, and is rounded half up, once.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple
from zoneinfo import ZoneInfo

import orjson

from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.domain.money import (
    MINOR_MAX,
    Rounding,
    allocate,
    decimals_of,
    divide,
    parse_minor,
)
from cagnotte.domain.purchases import Line, Purchase, Validation
from cagnotte.hooks.sources import Moment, PurchaseReport, ReportLine
from cagnotte.purchases.facts import content_hash, facts_of
from cagnotte.purchases.lines import NOTHING_KNOWN, Products, check_return
from cagnotte.purchases.reports import (
    AHEAD_MAX,
    REF_LENGTH_MAX,
    Report,
    check_currency,
    check_date,
    status_of,
)

LINE_NUMBER_MAX = 10**18
"""Sources number lines by their own ids, which are long."""

UNITS_MAX = 10**12
"""Units of one line."""

LINES_MAX = 10_000
"""Lines of one order; more are a mistake."""


class Folded(NamedTuple):
    """An order as its source tells it, in our terms, before anybody knows whose it is.

    amounts: what it cost, and the same without tax or delivery, in minor units, each once: by them it is compared
    with what other sources tell.
    """

    purchase: Purchase
    status: Validation | None
    reason: str
    amounts: tuple[int, ...]


class FoldedReader:
    """Turns the orders of connected sources into `Folded`.

    currency, zone: the programme's. now: the time of this run. products: what the catalogue knows of their articles.
    """

    def __init__(self, *, currency: str, zone: ZoneInfo, now: datetime, products: Products) -> None:
        self._currency = currency
        self._zone = zone
        self._latest = now.astimezone(UTC) + AHEAD_MAX
        self._products = products

    def read(self, told: PurchaseReport, *, object_id: str, merchant: str) -> Folded:
        """Return an order in our terms. Raises InvalidRow with the reason and a sentence.

        object_id: what its source calls it. merchant: our reference of the shop.
        """
        order_ref = told.order_ref or object_id[:REF_LENGTH_MAX]
        if len(order_ref) > REF_LENGTH_MAX:
            raise InvalidRow(
                "bad_field",
                f"order_ref is longer than {REF_LENGTH_MAX} characters.",
                field="order_ref",
            )
        currency = check_currency(told.currency, self._currency)
        occurred_at = self._local(told.occurred_at)
        check_date(occurred_at, self._latest)
        lines = refunded(self._lines(told.lines), self._minor(told.refunded, "refunded"))
        purchase = Purchase(
            merchant=merchant,
            order_ref=order_ref,
            occurred_at=occurred_at,
            currency=currency,
            lines=lines,
            channel=told.channel,
            country=told.country or None,
            clicked_at=self._local(told.clicked_at) if told.clicked_at else None,
            delivery_minor=self._minor(told.delivery, "delivery"),
            delivery_tax_minor=self._minor(told.delivery_tax, "delivery_tax"),
            coupon_codes=_codes(told.coupon_codes),
            card=told.card or None,
            commission_minor=self._commission(told),
        )
        if purchase.amount_minor < 0:
            raise InvalidRow("negative_amount", "The discounts are larger than the order.")
        check_texts(purchase)
        status, reason = status_of(told.status or "", told.reason)
        return Folded(purchase, status, reason, amounts_of(purchase))

    def _local(self, moment: Moment) -> datetime:
        if moment.utc.tzinfo is None:
            raise InvalidRow("bad_date", f"The time “{moment.text}” has no zone.")
        return moment.utc.astimezone(self._zone)

    def _lines(self, told: Sequence[ReportLine]) -> tuple[Line, ...]:
        """Return the lines of an order, by their numbers, with what the catalogue knows of their articles."""
        if not told:
            raise InvalidRow("no_lines", "The order has neither lines nor an amount.")
        if len(told) > LINES_MAX:
            raise InvalidRow("too_many_lines", f"The order has more than {LINES_MAX} lines.")
        lines = sorted([self._line(line) for line in told], key=lambda line: line.number)
        numbers = {line.number for line in lines}
        if len(numbers) < len(lines):
            raise InvalidRow(
                "bad_field", "Two lines of this order have the same number.", field="number"
            )
        if sum([line.amount_minor for line in lines]) > MINOR_MAX:
            raise InvalidRow(
                "amount_too_large", "The lines of this order add up to more than Cagnotte takes."
            )
        return tuple(lines)

    def _line(self, told: ReportLine) -> Line:
        number = told.number
        if not 1 <= number <= LINE_NUMBER_MAX:
            raise InvalidRow(
                "bad_field", f"“{number}” is no line number; lines count from 1.", field="number"
            )
        if min(told.quantity, told.returned_quantity) < 0 or told.quantity > UNITS_MAX:
            raise InvalidRow("bad_quantity", f"Line {number}: {told.quantity} units cannot be.")
        category, brand, gift_card = self._products.get(told.sku) or NOTHING_KNOWN
        line = Line(
            number,
            told.sku,
            told.quantity,
            self._minor(told.amount, f"Line {number}: amount"),
            self._minor(told.discount, f"Line {number}: discount"),
            self._minor(told.tax, f"Line {number}: tax"),
            self._minor(told.wallet, f"Line {number}: wallet"),
            told.category or category,
            told.brand or brand,
            told.gift_card or gift_card,
            told.returned_quantity,
            self._minor(told.returned_amount, f"Line {number}: returned_amount"),
        )
        check_return(line)
        return line

    def _minor(self, amount: Decimal, what: str) -> int:
        """Return an exact amount ≥ 0 in minor units."""
        try:
            minor = parse_minor(format(amount, "f"), self._currency)
        except InvalidInput as error:
            reason = "amount_too_large" if "larger" in error.sentence else "bad_amount"
            raise InvalidRow(reason, f"{what}: {error.sentence}", text=str(amount)) from error
        if minor < 0:
            raise InvalidRow("negative_amount", f"{what} is {amount}. Amounts are not negative.")
        return minor

    def _commission(self, told: PurchaseReport) -> int | None:
        amount = told.commission
        if amount is None:
            return None
        if told.commission_currency not in ("", self._currency):
            raise InvalidRow(
                "foreign_commission",
                f"The commission is in {told.commission_currency}; this programme counts in {self._currency}.",
            )
        if not amount.is_finite() or amount < 0:
            raise InvalidRow("negative_amount", f"commission is {amount}; it is not negative.")
        numerator, denominator = amount.as_integer_ratio()
        minor = divide(numerator * 10 ** decimals_of(self._currency), denominator, Rounding.HALF_UP)
        if minor > MINOR_MAX:
            raise InvalidRow(
                "amount_too_large", f"commission {amount} is larger than any amount Cagnotte takes."
            )
        return minor


def refunded(lines: tuple[Line, ...], paid_back_minor: int) -> tuple[Line, ...]:
    """Return lines with money given back for none of them in particular, spread over what was paid for the rest.

    What is paid back is money, discounts taken off; what a line keeps of returns is in its price before discounts. Of
    what goes beyond the lines (it was for delivery) nothing is kept here.
    """
    if not paid_back_minor:
        return lines
    known = [_by_amount(line) for line in lines]
    left = [_paid(line, line.amount_minor - line.returned_minor) for line in known]
    shares = allocate(min(paid_back_minor, sum(left)), left)
    return tuple(
        [
            _giving_back(line, share, whole)
            for line, share, whole in zip(known, shares, left, strict=True)
        ]
    )


def _by_amount(line: Line) -> Line:
    """Return a line whose returns are told in money, where only units were told."""
    if line.returned_minor or not line.returned_quantity:
        return line
    gone = divide(line.amount_minor * line.returned_quantity, line.quantity, Rounding.HALF_UP)
    return line._replace(returned_minor=gone)


def _paid(line: Line, gross_minor: int) -> int:
    """Return what was paid for a part of a line's price, its share of the discount taken off."""
    if not line.amount_minor:
        return 0
    paid = max(line.amount_minor - line.discount_minor, 0)
    return divide(gross_minor * paid, line.amount_minor, Rounding.HALF_UP)


def _giving_back(line: Line, share_minor: int, whole_minor: int) -> Line:
    left = line.amount_minor - line.returned_minor
    if not share_minor:
        return line
    if share_minor == whole_minor:
        return line._replace(returned_minor=line.amount_minor)
    paid = line.amount_minor - line.discount_minor
    gross = divide(share_minor * line.amount_minor, paid, Rounding.HALF_UP)
    return line._replace(returned_minor=line.returned_minor + min(gross, left))


def amounts_of(purchase: Purchase) -> tuple[int, ...]:
    """Return what an order cost in the ways sources tell it: with and without delivery, with and without tax."""
    whole = purchase.amount_minor
    goods = whole - purchase.delivery_minor
    goods_tax = sum([line.tax_minor for line in purchase.lines])
    found = {whole, goods, whole - goods_tax - purchase.delivery_tax_minor, goods - goods_tax}
    return tuple(sorted(amount for amount in found if amount >= 0))


def check_texts(purchase: Purchase) -> None:
    """Refuse texts that cannot be kept. Raises InvalidRow."""
    try:
        kept = orjson.dumps(facts_of(purchase))
    except TypeError:
        kept = b"\\u0000"
    if b"\\u0000" in kept:
        raise InvalidRow("bad_field", "A field of the order holds what no text may hold.")


def _codes(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({code.strip().lower() for code in codes if code.strip()}))


class Recipient(NamedTuple):
    """Whose an order is: by what the caller knows the member, what led to them, and when they clicked, if they did."""

    member: str
    attributed_by: str
    clicked_at: datetime | None = None


def report_of(
    folded: Folded, recipient: Recipient, *, native_id: str, row_number: int, raw: str
) -> Report:
    """Return the report of an order whose member is known. The click that led to them counts over the source's."""
    purchase = folded.purchase
    if recipient.clicked_at is not None:
        zone = purchase.occurred_at.tzinfo
        purchase = replace(purchase, clicked_at=recipient.clicked_at.astimezone(zone))
    facts = orjson.dumps(facts_of(purchase))
    return Report(
        row_number=row_number,
        raw=raw,
        native_id=native_id,
        member=recipient.member,
        purchase=purchase,
        status=folded.status,
        reason=folded.reason,
        # The pieces have been weighed by their times already: how the order stands now is never out of date.
        reported_at=None,
        facts=facts,
        content_hash=content_hash(facts, folded.status, folded.reason),
        attributed_by=recipient.attributed_by,
    )
