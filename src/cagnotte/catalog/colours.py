"""Colours as programmes name them, and what our pages take of them: the hue alone.

Lightness and chroma are the pages' own, so that text stays readable on every accent. The way from sRGB to OKLCH is
Björn Ottosson's, https://bottosson.github.io/posts/oklab/, as CSS Color 4 has it.
"""

import math
import re

from cagnotte.domain.errors import InvalidInput

FULL_TURN = 360

GREY = 0.02
"""Below this chroma a colour has no hue that anybody sees."""

LINEAR_UP_TO = 0.04045
"""Of the curve of sRGB: below it is a straight line."""

_HEX = re.compile(r"#([0-9a-f]{6}|[0-9a-f]{3})", re.IGNORECASE)


def hue_of(colour: str) -> int:
    """Return the hue in OKLCH, 0 to 359, of a colour such as #0a7d55. Raises InvalidInput, also for greys."""
    found = _HEX.fullmatch(colour.strip())
    if found is None:
        raise InvalidInput(f"“{colour}” is no colour; write it as #0a7d55, or a hue from 0 to 359.")
    digits = found[1] if len(found[1]) > len("rgb") else "".join(2 * digit for digit in found[1])
    red, green, blue = (_linear(int(digits[at : at + 2], 16) / 255) for at in (0, 2, 4))
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    if math.hypot(a, b) < GREY:
        raise InvalidInput(
            f"“{colour}” is a grey, which has no hue; leave it out, or name another."
        )
    return round(math.degrees(math.atan2(b, a))) % FULL_TURN


def _linear(part: float) -> float:
    """Undo the curve of sRGB for one part, 0 to 1."""
    return part / 12.92 if part <= LINEAR_UP_TO else ((part + 0.055) / 1.055) ** 2.4
