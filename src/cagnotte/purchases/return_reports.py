"""From the texts of an appended return to a `ReturnReport`: which order, which articles, in minor units."""

import hashlib
import re
from datetime import UTC, datetime
from typing import NamedTuple

import orjson

from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.domain.money import parse_minor
from cagnotte.domain.purchases import Returned
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.texts import ReturnText
from cagnotte.purchases.reports import NATIVE_ID_LENGTH_MAX, native_id_of

_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_UNITS = re.compile(r"-?[0-9]{1,12}")
_WHOLE = re.compile(r"-?[0-9]{1,15}")


class Sought(NamedTuple):
    """What leads to the order of a return that names none: who brought it back, to which shop, when (in UTC)."""

    member: str
    merchant: str
    at: datetime


class ReturnReport(NamedTuple):
    """What one message says came back of one order.

    Attributes:
        native_id: what the source calls the order, "" where the message names none; then `sought` leads to it.
        return_id: its own name of the return, "" where it has none.
        items: what came back, amounts and units without their minus. content_hash: 16 bytes over them.
    """

    row_number: int
    raw: str
    native_id: str
    order_ref: str
    return_id: str
    items: tuple[Returned, ...]
    facts: bytes
    content_hash: bytes
    sought: Sought | None = None


class ReturnReader:
    """Turns the returns that one source appends into reports. Amounts are in `currency`."""

    def __init__(self, mapping: Mapping, line_names: tuple[str, ...], *, currency: str) -> None:
        self._mapping = mapping
        self._line_names = line_names
        self._currency = currency

    def read(self, text: ReturnText) -> ReturnReport:
        """Return the report of a return. Raises InvalidRow with the reason and a sentence."""
        lines = [dict(zip(self._line_names, line, strict=True)) for line in text.lines]
        items = tuple([self._item(line) for line in lines or [text.fields]])
        order_ref, return_id = (
            self._told(text.fields, "order_ref"),
            self._told(text.fields, "return_id"),
        )
        if len(return_id) > NATIVE_ID_LENGTH_MAX:
            raise InvalidRow(
                "bad_field",
                f"return_id is longer than {NATIVE_ID_LENGTH_MAX} characters.",
                field="return_id",
            )
        facts = orjson.dumps([tuple(item) for item in items])
        sought = None if order_ref or self._told(text.fields, "source_id") else self._sought(text)
        return ReturnReport(
            text.row_number,
            text.raw,
            "" if sought else native_id_of(lambda name: self._told(text.fields, name)),
            order_ref,
            return_id,
            items,
            facts,
            hashlib.blake2b(facts, digest_size=16).digest(),
            sought,
        )

    def _sought(self, text: ReturnText) -> Sought:
        """Return what leads to the order of a return that names none. Raises InvalidRow where it says too little."""
        told = {
            name: self._told(text.fields, name) for name in ("member", "merchant", "occurred_at")
        }
        for name, value in told.items():
            if not value:
                raise InvalidRow(
                    "missing_field",
                    f"A return that names no order needs its {name}, by which the order can be found.",
                    field=name,
                )
        try:
            at = datetime.fromisoformat(told["occurred_at"])
            at = (at if at.tzinfo else at.replace(tzinfo=self._mapping.zone)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise InvalidRow(
                "bad_date",
                f"occurred_at is “{told['occurred_at']}”; write a date such as 2026-03-29T14:05:00.",
            ) from error
        return Sought(told["member"], told["merchant"], at)

    def _told(self, fields: dict[str, str], name: str) -> str:
        """Return a field in our words, or its constant."""
        text = fields.get(name, "") or self._mapping.defaults.get(name, "")
        return self._mapping.values.get(name, {}).get(text, text)

    def _item(self, line: dict[str, str]) -> Returned:
        number, quantity = self._told(line, "number"), self._told(line, "quantity")
        if number and not _NUMBER.fullmatch(number):
            raise InvalidRow(
                "bad_field", f"“{number}” is no line number; lines count from 1.", field="number"
            )
        if quantity and not _UNITS.fullmatch(quantity):
            raise InvalidRow(
                "bad_quantity", f"“{quantity}” is no whole number of units.", text=quantity
            )
        return Returned(
            int(number or 0),
            self._told(line, "sku"),
            abs(int(quantity or 0)),
            abs(self._minor(self._told(line, "amount"))),
        )

    def _minor(self, text: str) -> int:
        if self._mapping.amounts == "minor":
            if not _WHOLE.fullmatch(text):
                raise InvalidRow(
                    "bad_amount", f"amount: “{text}” is not a whole number of minor units."
                )
            return int(text)
        try:
            return parse_minor(text, self._currency)
        except InvalidInput as error:
            raise InvalidRow("bad_amount", f"amount: {error.sentence}", text=text) from error
