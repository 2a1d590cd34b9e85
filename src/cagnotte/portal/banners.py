"""A banner for e-mails and pages: the mark, a programme's name, its best offer.

1200 by 300 pixels, to be shown at half of that. As SVG for pages, and as PNG for e-mails, where few readers show SVG.
Both say the same, so give the image a text of its own (`alt`) that says it too.
"""

from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from PIL import Image, ImageDraw, ImageFont

from cagnotte import ui

WIDTH, HEIGHT = 1200, 300
TYPES = {"svg": "image/svg+xml", "png": "image/png"}

PAPER, INK, SOFT, ACCENT, COIN = "#fbf7fc", "#291d2c", "#5d5360", "#6f2b7e", "#e0a021"

TEXT_LEFT = 330
TEXT_WIDTH = WIDTH - TEXT_LEFT - 60

FONT = Path(next(iter(ui.__path__))) / "static" / "ui" / "fonts" / "inter-latin-wght.woff2"

FINE = 3
"""Shapes are drawn so many times larger and then scaled down, which smooths their edges."""

NARROW = str.maketrans("\u202f", "\u00a0")
"""The font has no narrow no-break space."""


class Told(NamedTuple):
    """What a banner says, from top to bottom."""

    name: str
    headline: str
    call: str


class _Line(NamedTuple):
    text: str
    size: int
    weight: int
    middle: int
    colour: str


def _lines(told: Told) -> list[_Line]:
    return [
        _fitting(told.name, 34, 500, 82, SOFT),
        _fitting(told.headline, 68, 720, 156, INK),
        _fitting(f"{told.call} ›", 32, 640, 230, ACCENT),
    ]


def svg(told: Told) -> bytes:
    """Draw it as SVG; fonts are the reader's."""
    texts = "".join(
        f'<text x="{TEXT_LEFT}" y="{line.middle}" font-size="{line.size}" font-weight="{line.weight}" '
        f'fill="{line.colour}" dominant-baseline="central">{escape(line.text)}</text>'
        for line in _lines(told)
    )
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="Inter, system-ui, sans-serif"><title>{escape(" · ".join(told))}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" rx="24" fill="{PAPER}"/>'
        f'<g transform="translate(78 54) scale(4)"><path d="M39.4 23.6A16.5 16.5 0 1 1 24.4 8.6" fill="none" '
        f'stroke="{ACCENT}" stroke-width="7.5" stroke-linecap="round"/>'
        f'<circle cx="35.7" cy="12.3" r="5.6" fill="{COIN}"/></g>{texts}</svg>'
    )
    return drawn.encode()


@lru_cache(maxsize=64)
def png(told: Told) -> bytes:
    """Draw it as PNG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
    image.paste(_mark(), (78, 54))
    pen = ImageDraw.Draw(image)
    for line in _lines(told):
        font = _font(line.size, line.weight)
        pen.text((TEXT_LEFT, line.middle), line.text, font=font, fill=line.colour, anchor="lm")
    out = BytesIO()
    image.quantize(128).save(out, "PNG", optimize=True)
    return out.getvalue()


def _mark() -> Image.Image:
    """Draw the mark, 192 pixels wide: the ring of `ui/brand/mark.svg` and its coin."""
    unit = 4 * FINE
    image = Image.new("RGB", (48 * unit, 48 * unit), PAPER)
    pen = ImageDraw.Draw(image)
    pen.arc(_around(23, 25, 16.5 + 3.75, unit), -5, 275, fill=ACCENT, width=round(7.5 * unit))
    for x, y in ((39.4, 23.6), (24.4, 8.6)):
        pen.ellipse(_around(x, y, 3.75, unit), fill=ACCENT)
    pen.ellipse(_around(35.7, 12.3, 5.6, unit), fill=COIN)
    return image.resize((192, 192), Image.Resampling.LANCZOS)


def _around(x: float, y: float, radius: float, unit: int) -> tuple[float, float, float, float]:
    """Return the box of a circle, in pixels."""
    return (
        (x - radius) * unit,
        (y - radius) * unit,
        (x + radius) * unit,
        (y + radius) * unit,
    )


def _font(size: int, weight: int) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(FONT, size)
    font.set_variation_by_axes([weight])
    return font


def _fitting(text: str, size: int, weight: int, middle: int, colour: str) -> _Line:
    """Return a line that fits: smaller down to two thirds, then cut."""
    text = text.translate(NARROW)
    smallest = size * 2 // 3
    while _font(size, weight).getlength(text) > TEXT_WIDTH and size > smallest:
        size -= 2
    font = _font(size, weight)
    while font.getlength(text) > TEXT_WIDTH:
        text = text[:-2].rstrip() + "…"
    return _Line(text, size, weight, middle, colour)
