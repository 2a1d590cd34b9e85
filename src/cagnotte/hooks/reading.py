"""Reading what sources write: JSON with exact numbers, amounts, times with and without a zone.

Every function raises `Misread`, a sentence that names the field, for what is missing or cannot be meant.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from cagnotte.domain.errors import InvalidInput
from cagnotte.hooks.sources import Moment

EXPONENT_MAX = 18
"""Amounts have no more digits than this before or after the point."""

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
ADJUSTED_MAX = 400
"""Numbers of JSON have no larger power of ten than this; doubles, of which most writers make them, end at 308."""

_AMOUNT = re.compile(r"[+-]?\d{1,18}(\.\d{1,18})?", re.ASCII)


class Misread(InvalidInput):
    """A field of a message is missing, or is not what it should be."""


def read_json(body: bytes) -> Any:
    """Return JSON with every number that has a point or exponent as an exact `Decimal`.

    Raises Misread when it is not UTF-8, not JSON, holds NaN or infinity, names a key twice, or is nested absurdly.
    """
    try:
        return json.loads(
            body.decode("utf-8-sig"),
            parse_float=_fraction,
            parse_int=_integer,
            parse_constant=_not_a_number,
            object_pairs_hook=_once,
        )
    except UnicodeDecodeError:
        raise Misread("The message is not UTF-8.") from None
    except RecursionError:
        raise Misread("The message is nested too deeply.") from None
    except ValueError as error:
        if isinstance(error, Misread):
            raise
        raise Misread(f"The message is not JSON: {error}.") from None


def _integer(text: str) -> int:
    if len(text) > 2 * EXPONENT_MAX:
        raise Misread(f"“{text[:20]}…” has too many digits.")
    return int(text)


def _fraction(text: str) -> Decimal:
    try:
        told = Decimal(text)
    except InvalidOperation:
        told = Decimal("inf")
    # Beyond it, writing the number out would fill the memory.
    if not told.is_finite() or abs(told.adjusted()) > ADJUSTED_MAX:
        raise Misread(f"“{text[:20]}” is too large or too small a number.")
    return told


def _not_a_number(text: str) -> NoReturn:
    raise Misread(f"“{text}” is no number.")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise Misread("The message names a key twice.")
    return found


def plain(value: Any) -> Any:
    """Return what `read_json` gave with amounts as texts, as a piece's data holds them; the readers here take both."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def dig(data: Any, path: str) -> Any:
    """Return what stands at a dotted path, None where a step is missing or null. Raises Misread at a non-object."""
    here = data
    for step in path.split("."):
        if here is None:
            return None
        if not isinstance(here, Mapping):
            raise Misread(
                f"“{path}” is not where it should be: an object was expected before “{step}”."
            )
        here = here.get(step)
    return here


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return an object. Raises Misread for anything else."""
    if not isinstance(value, Mapping):
        raise Misread(f"{what} is no object.")
    return value


def sequence(value: Any, what: str) -> Sequence[Any]:
    """Return a list, empty for null. Raises Misread for anything else."""
    if value is None:
        return ()
    if not isinstance(value, list | tuple):
        raise Misread(f"{what} is no list.")
    return value


def objects(value: Any, what: str) -> list[Mapping[str, Any]]:
    """Return a list of objects, empty for null. Raises Misread for anything else."""
    return [mapping(row, what) for row in sequence(value, what)]


def text(data: Any, path: str, *, default: str | None = None, length_max: int = 500) -> str:
    """Return a text or a whole number as text; the default where it is missing, null or empty."""
    value = dig(data, path)
    if value is None or value == "":
        if default is None:
            raise Misread(f"“{path}” is missing.")
        return default
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise Misread(f"“{path}” is neither text nor a whole number.")
    told = str(value)
    if len(told) > length_max or "\x00" in told:
        raise Misread(f"“{path}” is too long, or holds what no text may hold.")
    return told


def whole(data: Any, path: str, *, default: int | None = None) -> int:
    """Return a whole number, also from a text of digits or a decimal without a fraction."""
    value = dig(data, path)
    if value is None or value == "":
        if default is None:
            raise Misread(f"“{path}” is missing.")
        return default
    amount = exact(value, path)
    if amount != amount.to_integral_value():
        raise Misread(f"“{path}” is {value}, not a whole number.")
    return int(amount)


def flag(data: Any, path: str, *, default: bool | None = None) -> bool:
    """Return true or false. Raises Misread for anything else, "true" as a text included."""
    value = dig(data, path)
    if value is None and default is not None:
        return default
    if not isinstance(value, bool):
        raise Misread(f"“{path}” is neither true nor false.")
    return value


def decimal(data: Any, path: str, *, default: Decimal | None = None) -> Decimal:
    """Return an exact amount from a number or a text such as "12.40"; the default where missing, null or empty."""
    value = dig(data, path)
    if value is None or value == "":
        if default is None:
            raise Misread(f"“{path}” is missing.")
        return default
    return exact(value, path)


def exact(value: Any, what: str) -> Decimal:
    """Return a value as an exact `Decimal`. Raises Misread for what is no plain amount, binary floats included."""
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        raise Misread(f"“{what}” is no amount.")
    if isinstance(value, str) and not _AMOUNT.fullmatch(value.strip()):
        raise Misread(f"“{what}” is “{value[:40]}”, which is no amount.")
    try:
        amount = Decimal(value.strip() if isinstance(value, str) else value)
    except InvalidOperation:
        raise Misread(f"“{what}” is no amount.") from None
    exponent = amount.as_tuple().exponent
    if (
        not isinstance(exponent, int)
        or exponent < -EXPONENT_MAX
        or amount.adjusted() >= EXPONENT_MAX
    ):
        raise Misread(f"“{what}” has too many digits.")
    return amount


def moment(value: Any, what: str, zone: ZoneInfo | None, *, form: str | None = None) -> Moment:
    """Return a time: ISO 8601, or of the `strptime` form given; one without offset is read in `zone`.

    Of an hour that a clock repeats in autumn the first is meant; an hour that it skips in spring is moved on by as
    much. Raises Misread for what is no time, or has no offset where no zone may be assumed.
    """
    if not isinstance(value, str) or not value:
        raise Misread(f"“{what}” is missing." if value in (None, "") else f"“{what}” is no time.")
    try:
        found = datetime.strptime(value, form) if form else datetime.fromisoformat(value)  # noqa: DTZ007 - read in `zone` below
    except ValueError:
        raise Misread(f"“{what}” is “{value[:40]}”, which is no time.") from None
    if found.tzinfo is not None:
        return Moment(value, "", _utc(found, what))
    if zone is None:
        raise Misread(f"“{what}” is “{value[:40]}”, without the offset it should have.")
    return Moment(value, zone.key, _utc(found.replace(tzinfo=zone), what))


def calendar_day(value: Any, what: str) -> date:
    """Return a day written as 2026-11-20. Raises Misread for anything else."""
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        raise Misread(f"“{what}” is no day; it is written as 2026-11-20.")
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise Misread(f"“{what}” is “{value}”, a day that no calendar has.") from None


def unix_moment(value: Any, what: str, *, milliseconds: bool = False) -> Moment:
    """Return a time told as seconds (or milliseconds) since 1970."""
    amount = exact(value, what)
    ticks = int(amount if milliseconds else amount * 1000)
    try:
        return Moment(
            str(value), "", datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ticks)
        )
    except OverflowError:
        raise Misread(f"“{what}” is no time.") from None


def _utc(found: datetime, what: str) -> datetime:
    try:
        return found.astimezone(UTC)
    except OverflowError:
        raise Misread(f"“{what}” is outside all calendars.") from None
