"""From the texts of an order's lines to `Line`s: checked, in minor units, with what the catalogue knows."""

import re
from collections.abc import Iterable
from collections.abc import Mapping as Map
from operator import itemgetter

from cagnotte.catalog.source_fields import BOOLEANS, LINE_FIELDS
from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.domain.money import MINOR_MAX, parse_minor
from cagnotte.domain.purchases import Line, new_line
from cagnotte.purchases.mapping import Mapping

Known = tuple[str | None, str | None, bool]
"""What the catalogue knows of an article: its category, its brand, whether it is a gift card."""

Products = Map[str, Known]
"""Article → what is known of it."""

NOTHING_KNOWN: Known = (None, None, False)

AMOUNTS_CACHED_MAX = 200_000
"""Amounts kept in memory, and as many numbers of units; beyond, all are forgotten."""

DIGITS_MAX = 12
"""Digits of a number of units."""

_LINE_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_WHOLE = re.compile(r"-?[0-9]{1,18}")

_LINE_ORDER = LINE_FIELDS[1:]
"""The order in which the texts of a line are taken: all its fields but its number."""


class LineReader:
    """Turns the lines of one source's orders into ours. Remembers amounts and units it has read, within bounds.

    line_names: our names of the fields in each line's tuple of texts.
    """

    def __init__(
        self,
        mapping: Mapping,
        line_names: tuple[str, ...],
        *,
        products: Products,
        currency: str,
    ) -> None:
        self._mapping = mapping
        self._products = products
        self._currency = currency
        self._amounts: dict[str, int] = {"": 0}
        self._units: dict[str, int] = {}
        self._gift_cards: dict[str, bool] = {}
        self._reject_unknown = mapping.unknown_products == "reject"
        # A line is its texts, then the constants of fields the file does not map; `_pick` takes all in our order.
        place = {name: index for index, name in enumerate(line_names)}
        self._number_at = place.get("number")
        self._constants = tuple([mapping.defaults.get(name, "") for name in _LINE_ORDER])
        self._pick = itemgetter(
            *[place.get(name, len(line_names) + index) for index, name in enumerate(_LINE_ORDER)]
        )
        self._translated = [
            (index, mapping.values.get(name, {}), mapping.defaults.get(name, ""))
            for index, name in enumerate(_LINE_ORDER)
            if name in mapping.values or (name in mapping.defaults and name in place)
        ]

    def read(self, texts: list[tuple[str, ...]]) -> tuple[Line, ...]:
        """Return the lines of an order. Raises InvalidRow with the reason and a sentence."""
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
                self._learn(line_text, position)
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

    def _learn(self, text: tuple[str, ...], position: int) -> None:
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
            self.amount(told, name, position)

    def _unknown_product(self, sku: str, position: int) -> Known:
        """Say what is known of an article that the catalogue does not hold. Raises InvalidRow."""
        if self._reject_unknown:
            raise InvalidRow(
                "unknown_product",
                f"Line {position}: the catalogue has no article “{sku}”; import it, then send the order again.",
                sku=sku,
            )
        return NOTHING_KNOWN

    def _flag(self, text: str, position: int) -> None:
        """Read whether a line is a gift card; remember the word."""
        if text.lower() not in BOOLEANS:
            raise InvalidRow(
                "bad_boolean",
                f"Line {position}: gift_card is “{text}”; write true or false.",
                field="gift_card",
            )
        self._gift_cards[text] = BOOLEANS[text.lower()]

    def amount(self, text: str, name: str, position: int | None = None) -> int:
        """Read an amount ≥ 0; remember it, since prices repeat."""
        if text in self._amounts:
            return self._amounts[text]
        where = f"Line {position}: " if position else ""
        value = self._minor(text, f"{where}{name}")
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

    def _minor(self, text: str, what: str) -> int:
        if self._mapping.amounts == "minor":
            if not _WHOLE.fullmatch(text):
                raise InvalidRow(
                    "bad_amount", f"{what}: “{text}” is not a whole number of minor units."
                )
            return int(text)
        try:
            return parse_minor(text, self._currency)
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
