"""A programme's accent as mails can show it: mail programs know no OKLCH, so it is turned into sRGB here.

The formulas are Björn Ottosson's (https://bottosson.github.io/posts/oklab/).
"""

import math
from functools import lru_cache
from typing import NamedTuple

HUE = 318
"""Of our own accent."""

LIGHT, LIGHT_CHROMA = 0.43, 0.145
DARK, DARK_CHROMA = 0.82, 0.1
"""Lightness and chroma of the accent on white and on dark paper, as on the pages."""

LINEAR_MAX = 0.0031308


class MailColours(NamedTuple):
    """The accent on white and on dark paper, as #rrggbb."""

    accent: str
    accent_dark: str


@lru_cache(maxsize=360)
def colours_of(hue: int | None) -> MailColours:
    """Return the colours of a hue (0 to 359); None = our own."""
    degrees = HUE if hue is None else hue
    return MailColours(_hex(LIGHT, LIGHT_CHROMA, degrees), _hex(DARK, DARK_CHROMA, degrees))


def _hex(lightness: float, chroma: float, degrees: int) -> str:
    a = chroma * math.cos(math.radians(degrees))
    b = chroma * math.sin(math.radians(degrees))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    linear = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return "#" + "".join(f"{_byte(value):02x}" for value in linear)


def _byte(linear: float) -> int:
    clipped = min(max(linear, 0.0), 1.0)
    curved = 12.92 * clipped if clipped <= LINEAR_MAX else 1.055 * clipped ** (1 / 2.4) - 0.055
    return round(255 * curved)
