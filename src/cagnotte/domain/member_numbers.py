"""Member numbers that a programme gives out itself: ten characters, the last of which finds typing errors.

Alphabet and check are those of the codes of vouchers. Nine characters are drawn, so a number tells neither when its
member joined nor how many there are, and nobody finds another's by counting.
"""

from cagnotte.domain.voucher_codes import ALPHABET, check_value

NUMBER_BITS = 45
"""Of chance in a number."""

LENGTH = 10
"""Characters, the check character included."""


def number_of(drawn: int) -> str:
    """Return the member number of a number of NUMBER_BITS bits, such as K7P2M9XQ4T.

    Raises ValueError when the number has more bits, or is below zero.
    """
    if drawn < 0 or drawn.bit_length() > NUMBER_BITS:
        raise ValueError(f"a member number is drawn from {NUMBER_BITS} bits")
    values = [drawn >> shift & 31 for shift in range(NUMBER_BITS - 5, -1, -5)]
    return "".join(ALPHABET[value] for value in [*values, check_value(values)])


def is_number(text: str) -> bool:
    """Tell whether a text is a number that `number_of` may have made; numbers of shops follow their own rules."""
    if len(text) != LENGTH or not set(text) <= set(ALPHABET):
        return False
    *values, check = [ALPHABET.index(character) for character in text]
    return check_value(values) == check


def shown(number: str) -> str:
    """Write a member number so that it is easily read out: one of ours in two groups, others as they are."""
    return f"{number[:5]} {number[5:]}" if is_number(number) else number
