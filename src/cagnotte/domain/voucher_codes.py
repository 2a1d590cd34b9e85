"""Codes that a person can read out and type: 13 characters that nobody can guess, and one that finds typing errors.

The alphabet is Crockford's base32 (https://www.crockford.com/base32.html): digits and letters without I, L, O and U.
The 13 characters hold 65 bits. The last one makes Σ αⁱ·cᵢ zero in the field of 32 elements with α⁵ = α² + 1, so that
one wrong character, or any two that changed places, are always found.
"""

from cagnotte.domain.errors import InvalidInput

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_BITS = 65
"""Of chance in a code."""

LENGTH = 14
"""Characters, the check character included."""

_READ_AS = str.maketrans("ILO", "110")
"""What is often written for what, as Crockford reads it."""

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_GROUPS = (slice(0, 5), slice(5, 10), slice(10, 14))


def code_of(drawn: int) -> str:
    """Return the code of a number of CODE_BITS bits, as 14 characters without hyphens.

    Raises ValueError when the number has more bits, or is below zero.
    """
    if drawn < 0 or drawn.bit_length() > CODE_BITS:
        raise ValueError(f"a code is drawn from {CODE_BITS} bits")
    values = [drawn >> shift & 31 for shift in range(CODE_BITS - 5, -1, -5)]
    return "".join(ALPHABET[value] for value in [*values, check_value(values)])


def shown(code: str) -> str:
    """Write a code in groups that are easily read out, such as K7P2M-9XQ4T-0ABC."""
    return "-".join(code[group] for group in _GROUPS)


def read(typed: str) -> str:
    """Read a code as a person typed it: small letters, spaces, hyphens, and O, I, L for digits are welcome.

    Raises InvalidInput, without repeating what was typed, when a character is missing, wrong or in another's place.
    """
    code = "".join(typed.upper().replace("-", " ").split()).translate(_READ_AS)
    if len(code) != LENGTH or not set(code) <= _VALUES.keys():
        raise InvalidInput(
            f"A voucher's code has {LENGTH} characters, digits and letters without U.",
            length=len(code),
        )
    *values, check = [_VALUES[character] for character in code]
    if check_value(values) != check:
        raise InvalidInput("A character of the code is mistyped, or two have changed places.")
    return code


def last4(code: str) -> str:
    """Return the end of a code, which may be shown."""
    return code[-4:]


def check_value(values: list[int]) -> int:
    """Return what a last character must be worth, so that one mistyped, or two that changed places, are found."""
    total = 0
    for value in values:
        total = _double(total ^ value)
    return total


def _double(value: int) -> int:
    """Multiply by α."""
    value <<= 1
    return value ^ 0b100101 if value & 32 else value
