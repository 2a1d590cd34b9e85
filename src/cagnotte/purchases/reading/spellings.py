"""Amounts with a decimal comma and dates in another order, rewritten in the one way that the rest understands.

Only for sources whose mapping says so; nothing is guessed. What is written otherwise than the mapping says is refused,
with what stands there.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from cagnotte.domain.errors import InvalidRow
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.texts import Broken, Read

AMOUNTS = frozenset(
    ("amount", "delivery", "delivery_tax", "commission", "discount", "tax", "wallet", "returned_amount")
)  # fmt: skip
"""Our fields that are amounts, of orders and lines."""
DATES = frozenset(("occurred_at", "updated_at", "clicked_at", "on", "joined_on"))
"""Our fields that are dates or times."""

TOKENS = {
    "YYYY": r"(?P<year>\d{4})", "YY": r"(?P<short>\d\d)", "MM": r"(?P<month>\d{1,2})", "DD": r"(?P<day>\d{1,2})",
    "hh": r"(?P<hour>\d{1,2})", "mm": r"(?P<minute>\d\d)", "ss": r"(?P<second>\d\d)",
}  # fmt: skip
"""What a pattern of dates may hold, such as DD/MM/YYYY hh:mm; all else stands for itself."""
CENTURY = 2000
"""Years of two digits are of this century."""

_COMMA = re.compile(r"([+-]?)(\d{1,3}(?:[. \u00a0\u202f']\d{3})+|\d+)(?:,(\d+))?")
_GROUPS = re.compile(r"[. \u00a0\u202f']")
_SIGNS = re.compile(r"[\u00a0\u202f ]*(?:€|EUR)$")
_ISO = re.compile(r"\d{4}-\d\d-\d\d.*")
_TOKEN = re.compile("|".join(TOKENS))

Respell = Callable[[str], str]


def respelled(
    read: Iterator[Read], mapping: Mapping, line_names: tuple[str, ...]
) -> Iterator[Read]:
    """Give what was read, amounts and dates as the rest understands them; what cannot be meant is broken."""
    respell = _by_field(mapping)
    places = [(place, respell[name]) for place, name in enumerate(line_names) if name in respell]
    for one in read:
        if isinstance(one, Broken):
            yield one
            continue
        try:
            fields = {
                name: respell[name](text) if text and name in respell else text
                for name, text in one.fields.items()
            }
            lines = [_line(line, places) for line in one.lines] if places else one.lines
        except InvalidRow as error:
            yield Broken(one.row_number, one.raw, error)
            continue
        yield one._replace(fields=fields, lines=lines)


def is_needed(mapping: Mapping) -> bool:
    """Whether a source writes amounts or dates in another way."""
    return mapping.decimal != "." or bool(mapping.dates)


def _line(line: tuple[str, ...], places: list[tuple[int, Respell]]) -> tuple[str, ...]:
    texts = list(line)
    for place, respell in places:
        if texts[place]:
            texts[place] = respell(texts[place])
    return tuple(texts)


def _by_field(mapping: Mapping) -> dict[str, Respell]:
    found: dict[str, Respell] = {}
    if mapping.decimal != ".":
        found |= dict.fromkeys(AMOUNTS, with_comma)
    if mapping.dates:
        dated = DatePattern.of(mapping.dates)
        found |= dict.fromkeys(DATES, dated.iso)
    return found


def with_comma(text: str) -> str:
    """Return an amount such as “1 234,56” or “-12,40 €” as 1234.56 or -12.40. Raises InvalidRow for any other."""
    plain = _SIGNS.sub("", text.strip())
    match = _COMMA.fullmatch(plain)
    if match is None:
        raise InvalidRow(
            "bad_amount",
            f"“{text}” is no amount with a decimal comma, as the mapping of this source says they are.",
            text=text,
        )
    sign, whole, decimals = match.groups()
    return f"{sign}{_GROUPS.sub('', whole)}{f'.{decimals}' if decimals else ''}"


class DatePattern(NamedTuple):
    """A way to write dates. shown: as the mapping has it."""

    shown: str
    pattern: re.Pattern[str]

    @classmethod
    def of(cls, shown: str) -> "DatePattern":
        """Return a pattern such as DD/MM/YYYY hh:mm. Raises ValueError where it has no day, month or year."""
        literal = _TOKEN.split(shown)
        tokens = _TOKEN.findall(shown)
        if (
            not {"DD", "MM"} <= set(tokens)
            or not {"YYYY", "YY"} & set(tokens)
            or len(set(tokens)) < len(tokens)
        ):
            raise ValueError(
                f"“{shown}” is no pattern of dates; write one such as DD/MM/YYYY or YYYYMMDD hh:mm:ss."
            )
        parts = [re.escape(literal[0])]
        for token, after in zip(tokens, literal[1:], strict=True):
            parts += [TOKENS[token], re.escape(after)]
        return cls(shown, re.compile("".join(parts), re.ASCII))

    def iso(self, text: str) -> str:
        """Return a date as 2026-11-20, with its time where the pattern has one; ISO 8601 stays. Raises InvalidRow."""
        plain = text.strip()
        if _ISO.fullmatch(plain):
            return plain
        match = self.pattern.fullmatch(plain)
        if match is None:
            raise InvalidRow(
                "bad_date",
                f"“{text}” is not written as {self.shown}, as the mapping of this source says dates are.",
                text=text,
            )
        told = {name: int(digits) for name, digits in match.groupdict().items()}
        year = told.get("year", CENTURY + told.get("short", 0))
        day = f"{year:04}-{told['month']:02}-{told['day']:02}"
        if "hour" not in told:
            return day
        return f"{day}T{told['hour']:02}:{told.get('minute', 0):02}:{told.get('second', 0):02}"
