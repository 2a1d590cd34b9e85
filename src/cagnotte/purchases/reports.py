"""From the texts of an order to a `Report`: checked, in minor units, in the shopper's time zone.

Also the JSON of a purchase's facts, the form in which versions are kept: `facts_of` and `purchase_from_facts`
are exact inverses.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from collections.abc import Mapping as Map
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import orjson

from cagnotte.catalog.source_fields import BOOLEANS, LINE_FIELDS
from cagnotte.domain.errors import InvalidInput, InvalidRow, UnknownCurrency
from cagnotte.domain.lifecycle import REASON_CODES
from cagnotte.domain.money import MINOR_MAX, decimals_of, parse_minor
from cagnotte.domain.purchases import Channel, Line, Purchase, Validation, new_line
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.texts import OrderText

Known = tuple[str | None, str | None, bool]
"""What the catalogue knows of an article: its category, its brand, whether it is a gift card."""

Products = Map[str, Known]
"""Article → what is known of it."""

NOTHING_KNOWN: Known = (None, None, False)

_LINE_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
FIRST_YEAR = 1990
"""Purchases are not older; a date before is a mistake, such as 0206 for 2026."""
AHEAD_MAX = timedelta(days=1)
"""How far a source's clock may be ahead of ours: a zone told wrongly, not a mistake in the date."""
RETURNS = ("returned_quantity", "returned_amount")
"""The fields by which a source tells what was returned of a line."""
NATIVE_ID_LENGTH_MAX = 120
AMOUNTS_CACHED_MAX = 200_000
REF_LENGTH_MAX = 100
DIGITS_MAX = 12


class Report(NamedTuple):
    """What one message says about one purchase.

    Attributes:
        native_id: what the source calls it; merchant and order reference where it has no id of its own.
        status: the validation it reports, None when it says nothing of it. facts: the purchase as JSON bytes.
        content_hash: 16 bytes over facts, status and reason; equal messages have equal hashes.
        reported_at: the source's own time of the message in UTC, or None. dated_ahead: it lay in the future, and the
            time of this run stands in its place.
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


class ReportReader:
    """Turns the orders of one source into reports. Remembers amounts and times it has read, within bounds.

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
        self._products = products
        self._zone = zone
        self._source_zone = mapping.zone
        self._currency = currency
        self.set_clock(now)
        self._amounts: dict[str, int] = {"": 0}
        self._units: dict[str, int] = {}
        self._gift_cards: dict[str, bool] = {}
        self._reject_unknown = mapping.unknown_products == "reject"
        # A line is its texts, then the constants of fields the file does not map; `_pick` takes all in our order.
        place = {name: index for index, name in enumerate(line_names)}
        self._number_at = place.get("number")
        # Appended returns are laid over what the source says, so it always tells all of them.
        self.tells_returns = mapping.appends_returns or not place.keys().isdisjoint(RETURNS)
        self._constants = tuple([mapping.defaults.get(name, "") for name in _LINE_ORDER])
        self._pick = itemgetter(
            *[place.get(name, len(line_names) + index) for index, name in enumerate(_LINE_ORDER)]
        )
        self._translated = [
            (index, mapping.values.get(name, {}), mapping.defaults.get(name, ""))
            for index, name in enumerate(_LINE_ORDER)
            if name in mapping.values or (name in mapping.defaults and name in place)
        ]

    def set_clock(self, now: datetime) -> None:
        """Say what time it is, for readers that live longer than one run."""
        self._now = now.astimezone(UTC)
        self._latest = self._now + AHEAD_MAX

    def read(self, order: OrderText) -> Report:
        """Return the report of an order. Raises InvalidRow with the reason and a sentence."""
        get = self._getter(order.fields)
        merchant, order_ref = _needed(get, "merchant"), _needed(get, "order_ref")
        currency = self._currency_of(get("currency"))
        lines = self._lines(order.lines, currency) if order.lines else self._single_line(get)
        occurred_at = self._moment(_needed(get, "occurred_at"), "occurred_at")
        if occurred_at > self._latest:
            raise InvalidRow(
                "future_date", f"The purchase is dated {occurred_at:%Y-%m-%d}, in the future."
            )
        if occurred_at.year < FIRST_YEAR:
            raise InvalidRow(
                "bad_date",
                f"The purchase is dated {occurred_at.date()}; the year must be a mistake.",
            )
        purchase = Purchase(
            merchant=merchant,
            order_ref=order_ref,
            occurred_at=occurred_at,
            currency=currency,
            lines=lines,
            channel=_channel(get("channel")),
            country=get("country") or None,
            clicked_at=self._optional_moment(get("clicked_at"), "clicked_at"),
            delivery_minor=self._amount(get("delivery"), currency, "delivery"),
            delivery_tax_minor=self._amount(get("delivery_tax"), currency, "delivery_tax"),
            coupon_codes=_codes(get("coupon_codes")),
            card=get("card") or None,
            commission_minor=self._amount(get("commission"), currency, "commission")
            if get("commission")
            else None,
        )
        status, reason = _status(get("status"), get("status_reason"))
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

    def _currency_of(self, text: str) -> str:
        if not text:
            raise InvalidRow(
                "missing_currency",
                "The order names no currency, and its source has no default one.",
            )
        try:
            decimals_of(text)
        except UnknownCurrency as error:
            raise InvalidRow("unknown_currency", error.sentence) from error
        if text != self._currency:
            raise InvalidRow(
                "foreign_currency",
                f"The order is in {text}; the wallets of this programme are in {self._currency}.",
            )
        return text

    def _lines(self, texts: list[tuple[str, ...]], currency: str) -> tuple[Line, ...]:
        products, quick = self._products, self._quick_line
        pick, constants, translated = self._pick, self._constants, self._translated
        lines, total_minor = [], 0
        for position, text in zip(self._numbers(texts), texts, strict=True):
            line_text = pick(text + constants)
            if translated:
                line_text = _in_our_words(line_text, translated)
            if not line_text[2]:
                raise InvalidRow("missing_field", f"Line {position} has no amount.", field="amount")
            known = products.get(line_text[0]) or self._unknown_product(line_text[0], position)
            try:
                line = quick(position, line_text, known)
            except KeyError:
                self._learn(line_text, currency, position)
                line = quick(position, line_text, known)
            if line.returned_minor or line.returned_quantity:
                check_return(line)
            total_minor += line.amount_minor
            lines.append(line)
        if total_minor > MINOR_MAX:
            raise InvalidRow(
                "amount_too_large", "The lines of this order add up to more than Cagnotte takes."
            )
        return tuple(lines)

    def _numbers(self, texts: list[tuple[str, ...]]) -> Iterable[int]:
        """Return the numbers of an order's lines: the source's own where it gives them, else their positions."""
        if self._number_at is None:
            return range(1, len(texts) + 1)
        words = self._mapping.values.get("number", {})
        numbers = [words.get(text[self._number_at], text[self._number_at]) for text in texts]
        for number in numbers:
            if not _LINE_NUMBER.fullmatch(number):
                raise InvalidRow(
                    "bad_field",
                    f"“{number}” is no line number; lines count from 1.",
                    field="number",
                )
        if len(set(numbers)) < len(numbers):
            raise InvalidRow(
                "bad_field", "Two lines of this order have the same number.", field="number"
            )
        return map(int, numbers)

    def _quick_line(self, position: int, text: tuple[str, ...], known: Known) -> Line:
        """Make a line of texts that were read before. Raises KeyError for one that was not."""
        (
            sku,
            quantity,
            amount,
            discount,
            tax,
            wallet,
            category,
            brand,
            gift_card,
            returned,
            returned_amount,
        ) = text
        amounts, units = self._amounts, self._units
        return new_line(
            (
                position,
                sku,
                units[quantity],
                amounts[amount],
                amounts[discount],
                amounts[tax],
                amounts[wallet],
                category or known[0],
                brand or known[1],
                self._gift_cards[gift_card] or known[2],
                units[returned] if returned else 0,
                amounts[returned_amount],
            )
        )

    def _learn(self, text: tuple[str, ...], currency: str, position: int) -> None:
        """Read the amounts, units and flag of a line and remember them. Raises InvalidRow."""
        _, quantity, amount, discount, tax, wallet, _, _, gift_card, returned, returned_amount = (
            text
        )
        if len(self._amounts) >= AMOUNTS_CACHED_MAX:
            self._amounts = {"": 0}
        if len(self._units) >= AMOUNTS_CACHED_MAX:
            self._units = {}
        self._flag(gift_card, position)
        self._unit(quantity, position)
        self._unit(returned, position)
        for name, told in (
            ("amount", amount),
            ("discount", discount),
            ("tax", tax),
            ("wallet", wallet),
            ("returned_amount", returned_amount),
        ):
            self._amount(told, currency, name, position)

    def _unknown_product(self, sku: str, position: int) -> Known:
        """Say what is known of an article that the catalogue does not hold. Raises InvalidRow."""
        if self._reject_unknown:
            raise InvalidRow(
                "unknown_product",
                f"Line {position}: the catalogue has no article “{sku}”; import it, then send the order again.",
                sku=sku,
            )
        return NOTHING_KNOWN

    def _single_line(self, get: Callable[[str], str]) -> tuple[Line, ...]:
        amount = get("amount")
        if not amount:
            raise InvalidRow("no_lines", "The order has neither lines nor an amount.")
        return (Line(1, "", 1, self._amount(amount, self._currency, "amount")),)

    def _flag(self, text: str, position: int) -> None:
        """Read whether a line is a gift card; remember the word."""
        if text.lower() not in BOOLEANS:
            raise InvalidRow(
                "bad_boolean",
                f"Line {position}: gift_card is “{text}”; write true or false.",
                field="gift_card",
            )
        self._gift_cards[text] = BOOLEANS[text.lower()]

    def _amount(self, text: str, currency: str, name: str, position: int | None = None) -> int:
        """Read an amount ≥ 0; remember it, since prices repeat."""
        if text in self._amounts:
            return self._amounts[text]
        where = f"Line {position}: " if position else ""
        value = self._minor(text, currency, f"{where}{name}")
        if value < 0:
            raise InvalidRow(
                "negative_amount",
                f"{where}{name} is {text}. Amounts are not negative; report a return as returned_quantity and "
                "returned_amount of its line, or say “returns: appended” in the source.",
                text=text,
            )
        if value > MINOR_MAX:
            raise InvalidRow(
                "amount_too_large",
                f"{where}“{text}” ({name}) is larger than any amount Cagnotte takes.",
            )
        self._amounts[text] = value
        return value

    def _minor(self, text: str, currency: str, what: str) -> int:
        if self._mapping.amounts == "minor":
            if not _WHOLE.fullmatch(text):
                raise InvalidRow(
                    "bad_amount", f"{what}: “{text}” is not a whole number of minor units."
                )
            return int(text)
        try:
            return parse_minor(text, currency)
        except InvalidInput as error:
            reason = "amount_too_large" if "larger" in error.sentence else "bad_amount"
            raise InvalidRow(reason, f"{what}: {error.sentence}", text=text) from error

    def _unit(self, text: str, position: int) -> None:
        """Read a number of units, 1 where none is given; remember it."""
        if text in self._units:
            return
        if text and (not (text.isascii() and text.isdecimal()) or len(text) > DIGITS_MAX):
            raise InvalidRow(
                "bad_quantity", f"Line {position}: “{text}” is no whole number of units.", text=text
            )
        self._units[text] = int(text) if text else 1

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


_LINE_ORDER = LINE_FIELDS[1:]
"""The order in which the texts of a line are taken: all its fields but its number."""


def _in_our_words(
    text: tuple[str, ...], translated: list[tuple[int, dict[str, str], str]]
) -> tuple[str, ...]:
    """Put our words for a source's in a line, and constants where it has nothing.

    translated: (place of the field, words, constant) of each field that has either.
    """
    told = list(text)
    for place, words, constant in translated:
        word = told[place] or constant
        told[place] = words.get(word, word)
    return tuple(told)


def check_return(line: Line) -> None:
    """Refuse a return of more than was bought. Raises InvalidRow."""
    if line.returned_minor > line.amount_minor or line.returned_quantity > line.quantity:
        raise InvalidRow(
            "returned_too_much",
            f"Line {line.number}: more is returned ({line.returned_quantity} units, {line.returned_minor} minor units) "
            f"than was bought ({line.quantity} units, {line.amount_minor}).",
            line=line.number,
        )


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


def _status(text: str, reason: str) -> tuple[Validation | None, str]:
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


def content_hash(facts: bytes, status: Validation | None, reason: str) -> bytes:
    """Return the 16 bytes by which two messages are told apart."""
    return hashlib.blake2b(facts + f"|{status}|{reason}".encode(), digest_size=16).digest()


def facts_of(purchase: Purchase) -> dict[str, Any]:
    """Return a purchase as JSON-able facts, short keys first; times in ISO 8601 with their offset."""
    facts: dict[str, Any] = {
        "merchant": purchase.merchant,
        "order": purchase.order_ref,
        "at": purchase.occurred_at.isoformat(),
        "currency": purchase.currency,
        "channel": purchase.channel.value,
        "lines": list(map(tuple, purchase.lines)),
    }
    if purchase.country:
        facts["country"] = purchase.country
    if purchase.clicked_at:
        facts["clicked_at"] = purchase.clicked_at.isoformat()
    if purchase.delivery_minor:
        facts["delivery"] = [purchase.delivery_minor, purchase.delivery_tax_minor]
    if purchase.coupon_codes:
        facts["coupons"] = list(purchase.coupon_codes)
    if purchase.card:
        facts["card"] = purchase.card
    if purchase.commission_minor is not None:
        facts["commission"] = purchase.commission_minor
    return facts


def purchase_from_facts(facts: dict[str, Any], zone: ZoneInfo) -> Purchase:
    """Read back what `facts_of` wrote; times return to the programme's zone."""
    clicked = facts.get("clicked_at")
    delivery, delivery_tax = facts.get("delivery", (0, 0))
    return Purchase(
        merchant=facts["merchant"],
        order_ref=facts["order"],
        occurred_at=datetime.fromisoformat(facts["at"]).astimezone(zone),
        currency=facts["currency"],
        lines=tuple(Line(*line) for line in facts["lines"]),
        channel=Channel(facts["channel"]),
        country=facts.get("country"),
        clicked_at=datetime.fromisoformat(clicked).astimezone(zone) if clicked else None,
        delivery_minor=delivery,
        delivery_tax_minor=delivery_tax,
        coupon_codes=tuple(facts.get("coupons", ())),
        card=facts.get("card"),
        commission_minor=facts.get("commission"),
    )


def utc_text(moment: datetime) -> str:
    """Return a moment as PostgreSQL reads it, in UTC."""
    return moment.astimezone(UTC).isoformat()
