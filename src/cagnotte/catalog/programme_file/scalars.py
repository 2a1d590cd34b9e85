"""How rates, amounts, windows, days and hours, references and codes are written in the file, and what they become.

Each name is a type for the fields of `schema`; its value in a validated model is what the domain needs: basis
points, minor units, a `Window`, a weekday, a pair of times, or a text that is known to be right.
"""

import re
from datetime import time
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import available_timezones

import schwifty
from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, WithJsonSchema
from schwifty.exceptions import SchwiftyException

from cagnotte.catalog.programme_file.problems import choices, meant
from cagnotte.domain import links
from cagnotte.domain.errors import CagnotteError
from cagnotte.domain.money import DECIMALS, parse_minor
from cagnotte.domain.periods import Window, WindowKind

FULL_RATE_BPS = 10_000
MIDNIGHT = "24:00"
SLUG_LENGTH_MAX = 50

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_REF = re.compile(r"[^\s\x00-\x1f\x7f]{1,100}")
_CATEGORY_CODE = re.compile(r"\d{4}", re.ASCII)
_SLUG = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PERCENT = re.compile(r"(\d{1,3}(?:\.\d{1,9})?)\s*%?", re.ASCII)
_HOURS = re.compile(r"(\d\d:\d\d)\s*[-–]\s*(\d\d:\d\d)", re.ASCII)
_ROLLING = re.compile(r"(\d{1,4})\s+days?", re.ASCII)
_CALENDAR = tuple(kind.value for kind in WindowKind if kind is not WindowKind.ROLLING)


def percent_to_bps(value: object) -> int:
    """Read “5 %”, “5” or “2.25 %” as 500, 500 and 225 basis points. Raises ValueError with a sentence."""
    text = str(value).strip()
    match = _PERCENT.fullmatch(text)
    if match is None:
        hint = f"write {text.replace(',', '.')}" if "," in text else "write it as 5 % or 2.25 %"
        raise ValueError(f"“{text}” is not a percentage; {hint}.")
    bps = Decimal(match[1]) * 100
    if bps != int(bps):
        raise ValueError(
            f"“{text}” is finer than a hundredth of a percent; write two decimals at most."
        )
    if bps > FULL_RATE_BPS:
        raise ValueError(f"“{text}” is more than 100 %.")
    return int(bps)


def amount_to_minor(value: object, info: ValidationInfo) -> int:
    """Read “12.40” in the programme's currency as 1240. Raises ValueError with a sentence."""
    currency = (info.context or {}).get("currency", "EUR")
    text = str(value).strip().removesuffix(currency).strip()
    try:
        amount_minor = parse_minor(text, currency)
    except CagnotteError as error:
        raise ValueError(error.sentence) from error
    if amount_minor < 0:
        raise ValueError(f"“{text}” is below zero; amounts in a programme file are not.")
    return amount_minor


def window_from(value: object) -> Window:
    """Read “month”, “lifetime” or “90 days” as a window. Raises ValueError with a sentence."""
    text = str(value).strip().lower()
    rolling = _ROLLING.fullmatch(text)
    try:
        if rolling:
            return Window(WindowKind.ROLLING, int(rolling[1]))
    except CagnotteError as error:
        raise ValueError(error.sentence) from error
    if text in _CALENDAR:
        return Window(WindowKind(text))
    raise ValueError(
        f"“{text}” is not a window{meant(text, _CALENDAR) or '.'} Write {choices(_CALENDAR)}, or a number of days "
        "such as 90 days."
    )


def weekday_from(value: object) -> int:
    """Read “monday” as 0 … “sunday” as 6. Raises ValueError with a sentence."""
    text = str(value).strip().lower()
    if text in WEEKDAYS:
        return WEEKDAYS.index(text)
    raise ValueError(
        f"“{value}” is not a day of the week{meant(text, WEEKDAYS) or '.'} Write {choices(WEEKDAYS)}."
    )


def hours_from(value: object) -> tuple[time, time]:
    """Read “18:00-23:30” as two times; 24:00 is midnight at the end of the day. Raises ValueError."""
    match = _HOURS.fullmatch(str(value).strip())
    try:
        if match:
            start, end = match[1], match[2]
            return time.fromisoformat(start), time.min if end == MIDNIGHT else time.fromisoformat(
                end
            )
    except ValueError:
        pass
    raise ValueError(f"“{value}” is not a span of hours; write it as 18:00-23:00.")


def _category_code(text: str) -> str:
    if not _CATEGORY_CODE.fullmatch(text):
        raise ValueError(
            f"“{text}” is no merchant category code (MCC); write four digits such as 5411."
        )
    return text


def coupons_from(value: object) -> frozenset[str] | None:
    """Read “any” as None, “none” as no code, and a list of codes as these in small letters. Raises ValueError."""
    if value is None or isinstance(value, frozenset):
        return value
    if isinstance(value, list) and all(isinstance(code, str) and code.strip() for code in value):
        return frozenset(code.strip().lower() for code in value)
    words = {"any": None, "none": frozenset[str]()}
    if isinstance(value, str) and value.strip().lower() in words:
        return words[value.strip().lower()]
    raise ValueError("Write any, none, or a list of the codes that are allowed.")


def _ref(text: str) -> str:
    if not _REF.fullmatch(text):
        raise ValueError(f"“{text}” is no reference; write 1 to 100 characters without spaces.")
    return text


def _site(text: str) -> str:
    try:
        return links.site(text)
    except CagnotteError as error:
        raise ValueError(error.sentence) from error


def _host(text: str) -> str:
    try:
        return links.host(text)
    except CagnotteError as error:
        raise ValueError(error.sentence) from error


def _slug(text: str) -> str:
    if not _SLUG.fullmatch(text) or len(text) > SLUG_LENGTH_MAX:
        raise ValueError(
            f"“{text}” is no slug; write small letters, digits and single hyphens, such as my-shop."
        )
    return text


def _currency(text: str) -> str:
    if text not in DECIMALS:
        raise ValueError(f"“{text}” is not a currency of ISO 4217; write a code such as EUR.")
    return text


def _timezone(text: str) -> str:
    known = available_timezones()
    if text not in known:
        raise ValueError(
            f"“{text}” is not a time zone{meant(text, known) or '; write one such as Europe/Paris.'}"
        )
    return text


def _country(text: str) -> str:
    if not re.fullmatch("[A-Z]{2}", text):
        raise ValueError(f"“{text}” is not a country code; write two capitals, such as FR.")
    return text


def _iban(text: str) -> str:
    try:
        return schwifty.IBAN(text).compact
    except SchwiftyException as error:
        raise ValueError(f"“{text}” is not an IBAN: {error}.") from error


def _bic(text: str) -> str:
    try:
        return schwifty.BIC(text).compact
    except SchwiftyException as error:
        raise ValueError(f"“{text}” is not a BIC: {error}.") from error


def _schema(**schema: Any) -> WithJsonSchema:
    return WithJsonSchema(schema, mode="validation")


Percent = Annotated[
    int,
    BeforeValidator(percent_to_bps),
    _schema(
        format="percentage",
        anyOf=[{"type": "number", "minimum": 0, "maximum": 100}, {"type": "string"}],
        description="A percentage, to the hundredth: 5 % or 2.25.",
    ),
]
Amount = Annotated[
    int,
    BeforeValidator(amount_to_minor),
    _schema(
        format="amount",
        anyOf=[{"type": "number", "minimum": 0}, {"type": "string"}],
        description="An amount in the programme's currency, with a point: 12.40.",
    ),
]
WindowText = Annotated[
    Window,
    BeforeValidator(window_from),
    _schema(
        type="string", description=f"{choices(_CALENDAR)}, or a number of days such as 90 days."
    ),
]
Coupons = Annotated[
    frozenset[str] | None,
    BeforeValidator(coupons_from),
    _schema(
        anyOf=[
            {"type": "string", "enum": ["any", "none"]},
            {"type": "array", "items": {"type": "string"}},
        ],
        default="any",
    ),
]
Weekday = Annotated[int, BeforeValidator(weekday_from), _schema(type="string", enum=list(WEEKDAYS))]
Hours = Annotated[
    tuple[time, time],
    BeforeValidator(hours_from),
    _schema(
        type="string",
        description="From (included) to (not included), such as 18:00-23:00; may pass midnight.",
    ),
]
Site = Annotated[str, AfterValidator(_site)]
Host = Annotated[str, AfterValidator(_host)]
Ref = Annotated[str, AfterValidator(_ref), Field(description="The name used to refer to it.")]
Slug = Annotated[str, AfterValidator(_slug)]
Currency = Annotated[str, AfterValidator(_currency)]
Timezone = Annotated[str, AfterValidator(_timezone)]
CategoryCode = Annotated[str, AfterValidator(_category_code)]
Country = Annotated[str, AfterValidator(_country), Field(description="ISO 3166 code, such as FR.")]
Iban = Annotated[str, AfterValidator(_iban)]
Bic = Annotated[str, AfterValidator(_bic)]
Days = Annotated[int, Field(ge=0, le=3660)]
