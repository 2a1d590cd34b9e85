"""Money: integer minor units with a currency, named rounding, and splits that lose nothing.

Every division in Cagnotte goes through `divide` or `allocate`, so its rounding has a name and its remainder
a place. Currencies and their decimals follow ISO 4217 (list one, 2024).
"""

import enum
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from cagnotte.domain.errors import CurrencyMismatch, InvalidMoney, UnknownCurrency

MINOR_MAX = 10**15
"""Largest amount taken from outside, in minor units; far beyond any purchase, far below a bigint."""

_ZERO_DECIMALS = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE_DECIMALS = "BHD IQD JOD KWD LYD OMR TND"
_TWO_DECIMALS = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP "
    "CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR "
    "IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN "
    "NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP "
    "STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD YER ZAR ZMW"
)
DECIMALS: dict[str, int] = {
    **dict.fromkeys(_TWO_DECIMALS.split(), 2),
    **dict.fromkeys(_ZERO_DECIMALS.split(), 0),
    **dict.fromkeys(_THREE_DECIMALS.split(), 3),
}
"""Decimals of each currency, by its ISO 4217 code."""

_AMOUNT = re.compile(r"(?P<sign>[+-]?)(?P<whole>\d{1,18})(?:\.(?P<fraction>\d{1,18}))?", re.ASCII)


FULL_BPS = 10_000
"""100 %, in basis points."""


class Rounding(enum.Enum):
    """How an exact fraction becomes an integer."""

    HALF_UP = "half_up"
    """To the nearest; a half goes away from zero. The rule for rewards and VAT."""
    HALF_EVEN = "half_even"
    """To the nearest; a half goes to the even neighbour."""
    DOWN = "down"
    """Towards zero. The rule for a share of a commission."""
    UP = "up"
    """Away from zero."""


def divide(numerator: int, denominator: int, rounding: Rounding) -> int:
    """Return numerator / denominator as an integer, rounded as named, symmetric around zero.

    Raises ZeroDivisionError when the denominator is zero.
    """
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, rest = divmod(abs(numerator), denominator)
    if rest and (
        rounding is Rounding.UP
        or (rounding is Rounding.HALF_UP and 2 * rest >= denominator)
        or (rounding is Rounding.HALF_EVEN and 2 * rest + (quotient & 1) > denominator)
    ):
        quotient += 1
    return quotient if numerator >= 0 else -quotient


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` in proportion to `weights` by the largest remainder; the parts sum to `total` exactly.

    Ties go to the earlier weight. When all weights are zero, all goes to the first part.
    Raises ValueError when there is no weight or a negative one.
    """
    if not weights or min(weights) < 0:
        raise ValueError("allocate needs at least one weight, and none below zero")
    weight_sum = sum(weights)
    if weight_sum == 0:
        return [total] + [0] * (len(weights) - 1)
    sign, size = (-1, -total) if total < 0 else (1, total)
    shares = [divmod(size * weight, weight_sum) for weight in weights]
    parts = [share[0] for share in shares]
    missing = size - sum(parts)
    if missing:
        by_remainder = sorted(range(len(weights)), key=lambda i: (-shares[i][1], i))
        for i in by_remainder[:missing]:
            parts[i] += 1
    return [sign * part for part in parts]


def decimals_of(currency: str) -> int:
    """Return the decimals of a currency. Raises UnknownCurrency."""
    try:
        return DECIMALS[currency]
    except KeyError:
        raise UnknownCurrency(
            f"“{currency}” is not a currency of ISO 4217; write a code such as EUR, JPY or TND.",
            currency=currency,
        ) from None


def parse_minor(text: str, currency: str) -> int:
    """Read a decimal text such as "-12.40" as minor units of `currency`.

    Extra zero decimals are accepted ("12.400" EUR), lost ones are not. Raises InvalidMoney or UnknownCurrency.
    """
    decimals = decimals_of(currency)
    match = _AMOUNT.fullmatch(text)
    if match is None:
        raise InvalidMoney(
            f"“{text}” is not an amount; write digits with a point for decimals, such as 12.40.",
            text=text,
        )
    fraction = match["fraction"] or ""
    if fraction[decimals:].strip("0"):
        raise InvalidMoney(
            f"“{text}” has more decimals than {currency} has ({decimals}); round it at its source.",
            text=text,
        )
    minor = int(match["whole"] + fraction[:decimals].ljust(decimals, "0"))
    if minor > MINOR_MAX:
        raise InvalidMoney(
            f"“{text}” {currency} is larger than any amount Cagnotte takes.", text=text
        )
    return -minor if match["sign"] == "-" else minor


def format_minor(amount_minor: int, currency: str) -> str:
    """Write minor units as a plain decimal text: 1240 EUR is "12.40". The inverse of `parse_minor`."""
    decimals = decimals_of(currency)
    sign = "-" if amount_minor < 0 else ""
    if decimals == 0:
        return f"{amount_minor}"
    digits = str(abs(amount_minor)).rjust(decimals + 1, "0")
    return f"{sign}{digits[:-decimals]}.{digits[-decimals:]}"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount in minor units of one currency; 12.40 € is Money(1240, "EUR"). May be negative.

    Arithmetic keeps the currency. Raises CurrencyMismatch when currencies differ, UnknownCurrency for others.
    """

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        decimals_of(self.currency)

    @classmethod
    def parse(cls, text: str, currency: str) -> "Money":
        """Read "12.40" as money. Raises InvalidMoney or UnknownCurrency."""
        return cls(parse_minor(text, currency), currency)

    @classmethod
    def total(cls, amounts: Iterable["Money"], currency: str) -> "Money":
        """Add up amounts that must all be in `currency`; nothing adds up to zero."""
        result = cls(0, currency)
        for amount in amounts:
            result = result + amount
        return result

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(
                f"{self} and {other} are in different currencies.",
                left=self.currency,
                right=other.currency,
            )

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount_minor, self.currency)

    def __bool__(self) -> bool:
        return self.amount_minor != 0

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount_minor < other.amount_minor

    def __le__(self, other: "Money") -> bool:
        self._same(other)
        return self.amount_minor <= other.amount_minor

    def __str__(self) -> str:
        return f"{format_minor(self.amount_minor, self.currency)} {self.currency}"

    def share(self, numerator: int, denominator: int, rounding: Rounding) -> "Money":
        """Return numerator/denominator of this amount, rounded as named."""
        return Money(divide(self.amount_minor * numerator, denominator, rounding), self.currency)

    def allocate(self, weights: Sequence[int]) -> list["Money"]:
        """Split by largest remainder; the parts sum to this amount exactly. Raises as `money.allocate`."""
        return [Money(part, self.currency) for part in allocate(self.amount_minor, weights)]
