"""Receipts of tills: the neutral format, in JSON and CSV, read and checked. See docs/reference/till-receipt.md.

A receipt is known by merchant, till, business day and number together. Prices contain tax. A line with a negative
quantity came back; it names the receipt it was sold on, or none.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from cagnotte.domain.errors import UnknownCurrency
from cagnotte.domain.money import Rounding, decimals_of, divide
from cagnotte.hooks import reading
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import Moment, SourceContext

LINES_MAX = 2_000
REF_LENGTH_MAX = 40
"""Of merchant, till and number each, so that their name fits where orders are kept."""
VAT_SLACK_MINOR = 1
"""How far the tax of a rate may be from what its lines contain, per line: tills round each line or only the sum."""

LINE_COLUMNS = (
    "ean", "label", "quantity", "unit_price", "amount", "discount", "vat_rate", "category", "brand", "gift_card",
)  # fmt: skip
HEAD_COLUMNS = (
    "merchant", "till", "number", "day", "at", "currency", "revision", "training", "member", "qr", "promo_code",
    "total",
)  # fmt: skip
KEY_COLUMNS = ("merchant", "till", "number", "day", "at")
NEEDED_COLUMNS = ("merchant", "till", "number", "at", "quantity")


class Name(NamedTuple):
    """What a receipt is known by. day: as YYYY-MM-DD."""

    merchant: str
    till: str
    day: str
    number: str

    def __str__(self) -> str:
        return "/".join(self)


class SoldLine(NamedTuple):
    """One line of a receipt. Amounts in major units; both negative, with the quantity, where it came back.

    amount: of all units, before `discount`. sold_on: of a line that came back, the receipt it was sold on.
    """

    number: int
    ean: str
    quantity: int
    amount: Decimal
    discount: Decimal
    vat_rate: Decimal
    tax: Decimal
    category: str
    brand: str
    gift_card: bool
    sold_on: Name | None

    @property
    def paid(self) -> Decimal:
        """What was paid for it, or given back."""
        return self.amount - self.discount


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt, checked. `revision`: raised by the till each time it corrects the receipt."""

    name: Name
    at: Moment
    currency: str
    lines: Sequence[SoldLine]
    revision: int
    training: bool
    member: str
    qr: str
    promo_code: str
    card: str


def receipts_in(body: bytes, context: SourceContext) -> Iterator[Receipt | tuple[str, Misread]]:
    """Give the receipts of a message, or for those that cannot be read where they stand and why.

    JSON: one receipt, a list of them, or `{"receipts": […]}`. All else is CSV. Raises Misread for neither.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        told = reading.read_json(body)
        if isinstance(told, Mapping):
            told = told.get("receipts", [told])
        read: Iterator[tuple[str, Any]] = (
            (f"receipt {number}", one)
            for number, one in enumerate(reading.sequence(told, "“receipts”"), 1)
        )
    else:
        read = _csv_receipts(body, context)
    for where, one in read:
        try:
            if isinstance(one, Misread):
                raise one
            yield _receipt(reading.mapping(one, "A receipt"), context)
        except Misread as error:
            yield where, error


# ---- one receipt ----


def _receipt(told: Mapping[str, Any], context: SourceContext) -> Receipt:
    at = reading.moment(told.get("at"), "at", None)
    local = at.text[:10]
    name = Name(
        _ref(told, "merchant", default=context.settings.get("merchant", "")),
        _ref(told, "till"),
        _day(told.get("day"), local),
        _ref(told, "number"),
    )
    currency = reading.text(
        told, "currency", default=context.settings.get("currency", ""), length_max=3
    )
    try:
        decimals_of(currency)
    except UnknownCurrency as error:
        raise Misread(error.sentence) from None
    lines = _lines(told, currency, name)
    _check_totals(told, lines, currency)
    payments = [
        reading.mapping(one, "A payment")
        for one in reading.sequence(told.get("payments"), "“payments”")
    ]
    return Receipt(
        name=name,
        at=at,
        currency=currency,
        lines=lines,
        revision=reading.whole(told, "revision", default=0),
        training=reading.flag(told, "training", default=False),
        member=reading.text(told, "member", default="", length_max=100),
        qr=reading.text(told, "qr", default="", length_max=200),
        promo_code=reading.text(told, "promo_code", default="", length_max=100),
        card=_card(payments),
    )


def _ref(told: Mapping[str, Any], path: str, *, default: str | None = None) -> str:
    ref = reading.text(told, path, default=default or None, length_max=REF_LENGTH_MAX)
    if "/" in ref or "#" in ref or not ref.isprintable():
        raise Misread(f"“{path}” is “{ref}”; it holds characters that no reference has.")
    return ref


def _day(told: object, default: str) -> str:
    """Return the business day: the till's own word, else the date of the sale."""
    return reading.calendar_day(told if told not in (None, "") else default, "day").isoformat()


def _card(payments: Sequence[Mapping[str, Any]]) -> str:
    """Return the token of the first card that paid; "" where none is told."""
    tokens = [reading.text(one, "token", default="", length_max=200) for one in payments]
    return next((token for token in tokens if token), "")


# ---- its lines ----


def _lines(told: Mapping[str, Any], currency: str, name: Name) -> list[SoldLine]:
    found = reading.sequence(told.get("lines"), "“lines”")
    if not found:
        raise Misread("The receipt has no lines.")
    if len(found) > LINES_MAX:
        raise Misread(f"The receipt has more than {LINES_MAX:,} lines.")
    whole = _sold_on(told.get("return_of"), name)
    return [
        _line(number, reading.mapping(line, f"Line {number}"), currency, name, whole)
        for number, line in enumerate(found, 1)
    ]


def _line(
    number: int, told: Mapping[str, Any], currency: str, name: Name, whole: Name | None
) -> SoldLine:
    quantity = reading.decimal(told, "quantity", default=Decimal(1))
    if not quantity:
        raise Misread(f"Line {number} is of no units.")
    amount = _amount(number, told, quantity, currency)
    if amount and (amount < 0) != (quantity < 0):
        raise Misread(
            f"Line {number} has {quantity} units and an amount of {amount}; one has a minus."
        )
    discount = _exact(reading.decimal(told, "discount", default=Decimal(0)), currency, number)
    discount = -abs(discount) if quantity < 0 else discount
    if abs(discount) > abs(amount) or (quantity > 0 and discount < 0):
        raise Misread(f"Line {number} has a discount of {discount} on {amount}.")
    rate = reading.decimal(told, "vat_rate", default=Decimal(0))
    if not 0 <= rate <= 100:  # noqa: PLR2004 - percent
        raise Misread(f"Line {number} has a VAT rate of {rate} %.")
    is_whole = quantity == quantity.to_integral_value()
    returned = _sold_on(told.get("return_of"), name) or whole
    return SoldLine(
        number=number,
        ean=reading.text(told, "ean", default="", length_max=100),
        # What is sold by weight is one unit of its price.
        quantity=int(quantity) if is_whole else (1 if quantity > 0 else -1),
        amount=amount,
        discount=discount,
        vat_rate=rate,
        tax=_contained(amount - discount, rate, currency),
        category=reading.text(told, "category", default="", length_max=200),
        brand=reading.text(told, "brand", default="", length_max=100),
        gift_card=reading.flag(told, "gift_card", default=False),
        sold_on=returned if quantity < 0 else None,
    )


def _amount(number: int, told: Mapping[str, Any], quantity: Decimal, currency: str) -> Decimal:
    """Return the amount of a line, told or computed. A price by weight may not divide evenly: then it is told."""
    if told.get("amount") not in (None, ""):
        return _exact(reading.decimal(told, "amount"), currency, number)
    return _exact(quantity * reading.decimal(told, "unit_price"), currency, number)


def _exact(amount: Decimal, currency: str, number: int) -> Decimal:
    rounded = round(amount, decimals_of(currency))
    if rounded != amount:
        raise Misread(f"Line {number} comes to {amount} {currency}; tell its amount, rounded.")
    return rounded


def _contained(paid: Decimal, rate: Decimal, currency: str) -> Decimal:
    """Return the tax contained in what was paid, rounded half up."""
    decimals = decimals_of(currency)
    share = Fraction(rate) / (100 + Fraction(rate)) * Fraction(paid) * 10**decimals
    minor = divide(share.numerator, share.denominator, Rounding.HALF_UP)
    return Decimal(minor).scaleb(-decimals)


def _sold_on(told: object, name: Name) -> Name | None:
    """Return the receipt that something was sold on; the same shop's, and of the same till unless told otherwise."""
    if told in (None, "", {}):
        return None
    found = reading.mapping(told, "“return_of”")
    if not found.get("day"):
        # A number comes again every year, or every day: without the day it names no receipt.
        return None
    till = _ref(found, "till", default=name.till)
    return Name(name.merchant, till, _day(found["day"], ""), _ref(found, "number"))


# ---- its totals ----


def _check_totals(told: Mapping[str, Any], lines: Sequence[SoldLine], currency: str) -> None:
    """Refuse a receipt whose lines do not come to what its totals say."""
    if told.get("total") not in (None, ""):
        _agree(
            "The lines",
            sum((line.paid for line in lines), Decimal(0)),
            reading.decimal(told, "total"),
        )
    by_rate: dict[Decimal, list[SoldLine]] = {}
    for line in lines:
        by_rate.setdefault(line.vat_rate, []).append(line)
    slack = Decimal(VAT_SLACK_MINOR).scaleb(-decimals_of(currency))
    for one in reading.sequence(told.get("totals"), "“totals”"):
        total = reading.mapping(one, "A total")
        rate = reading.decimal(total, "vat_rate")
        of_rate = by_rate.get(rate, [])
        paid = sum((line.paid for line in of_rate), Decimal(0))
        _agree(f"The lines at {rate} %", paid, reading.decimal(total, "total"))
        if total.get("vat") not in (None, ""):
            tax, contained = (
                reading.decimal(total, "vat"),
                sum((line.tax for line in of_rate), Decimal(0)),
            )
            if abs(tax - contained) > slack * max(len(of_rate), 1):
                raise Misread(
                    f"The tax at {rate} % is told as {tax}; the lines contain {contained}."
                )


def _agree(what: str, found: Decimal, told: Decimal) -> None:
    if found != told:
        raise Misread(f"{what} come to {found}; the receipt says {told}.")


# ---- CSV ----


def _csv_receipts(body: bytes, context: SourceContext) -> Iterator[tuple[str, Any]]:
    """Give the receipts of a CSV file: rows of one receipt follow each other, the header names the columns."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Misread("The file of receipts is not UTF-8.") from None
    first = text.split("\n", 1)[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        header = reader.fieldnames or []
    except csv.Error as error:
        raise Misread(f"This is neither JSON nor CSV: {error}.") from None
    missing = [name for name in NEEDED_COLUMNS if name not in header]
    if context.settings.get("merchant") and "merchant" in missing:
        missing.remove("merchant")
    if missing:
        raise Misread(f"The file of receipts has no column “{missing[0]}”.")
    yield from _grouped(reader)


def _grouped(reader: "csv.DictReader[str]") -> Iterator[tuple[str, Any]]:
    """Join rows of one receipt that follow each other. A row that is none ends the file: what follows is lost in it."""
    current: dict[str, Any] = {}
    where, key = "", tuple[str, ...]()
    try:
        for row in reader:
            if None in row:
                raise Misread(f"Row {reader.line_num} has more fields than the header names.")  # noqa: TRY301 - the same road as CSV's own errors
            told = {name: value for name, value in row.items() if value}
            found = tuple(told.get(name, "") for name in KEY_COLUMNS)
            if found != key:
                if current:
                    yield where, current
                where, key, current = f"row {reader.line_num}", found, _csv_head(told)
            current["lines"].append(_csv_line(told))
    except csv.Error as error:
        number = reader.reader.line_num
        yield f"row {number}", Misread(f"Row {number} is no CSV: {error}.")
        return
    except Misread as error:
        yield f"row {reader.line_num}", error
        return
    if current:
        yield where, current


def _csv_head(told: Mapping[str, Any]) -> dict[str, Any]:
    head: dict[str, Any] = {name: told[name] for name in HEAD_COLUMNS if name in told}
    head["training"] = head.get("training", "").lower() in YES
    head["payments"] = [{"token": told["card_token"]}] if "card_token" in told else []
    return {**head, "lines": []}


YES = ("true", "yes", "1")


def _csv_line(told: Mapping[str, Any]) -> dict[str, Any]:
    line: dict[str, Any] = {name: told[name] for name in LINE_COLUMNS if name in told}
    line["gift_card"] = line.get("gift_card", "").lower() in YES
    if "return_number" in told:
        line["return_of"] = {
            "number": told["return_number"], "day": told.get("return_day"), "till": told.get("return_till"),
        }  # fmt: skip
    return line
