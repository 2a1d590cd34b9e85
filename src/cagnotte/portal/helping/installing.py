"""The programme as an app on a phone's home screen: manifest, icons, service worker, and the page without a network.

The service worker keeps what looks the same for everybody (styles, scripts, fonts, the page that says that there is no
network) and never a member's page: what stands in a cagnotte is not left behind on a device.
"""

import json
from colorsys import hls_to_rgb
from functools import lru_cache
from io import BytesIO
from typing import Any, NamedTuple
from zlib import crc32

from django.http import Http404, HttpResponse
from django.templatetags.static import static
from django.urls import NoReverseMatch
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe
from PIL import Image, ImageDraw

from cagnotte.portal.look import HUE
from cagnotte.portal.visit import Visit, portal_page

SIZES = (192, 512)

FINE = 4
"""Shapes are drawn so many times larger and then scaled down, which smooths their edges."""

SAFE_SHARE = 0.8
"""Of a maskable icon's width: systems cut away what lies outside the circle of this diameter."""

PAPER = "#fbf7fc"
COIN = "#e0a021"

SHELL = (
    "ui/css/tokens.css",
    "ui/css/base.css",
    "ui/css/layout.css",
    "ui/css/components.css",
    "ui/js/page.js",
    "ui/icons.svg",
    "ui/brand/favicon.svg",
    "ui/fonts/inter-latin-wght.woff2",
    "portal/portal.css",
    "portal/portal.js",
    "portal/app.js",
)
"""What every page needs to look right, kept from the first visit on."""


class Icon(NamedTuple):
    """Which icon: pixels, the accent's hue, and whether it fills the square to be cut out by the system."""

    size: int
    hue: int
    is_maskable: bool


@require_safe
@cache_control(public=True, max_age=3600)
@portal_page()
def manifest(visit: Visit) -> HttpResponse:
    """Describe the app (W3C Web Application Manifest), with the place that shared addresses go to."""
    name = visit.programme.name
    told: dict[str, Any] = {
        "id": visit.address("portal_home"),
        "name": name,
        "short_name": name if len(name) <= 12 else name.split()[0][:12],  # noqa: PLR2004 - what fits below an icon
        "description": visit.look.promise or _("Money back on your purchases."),
        "lang": get_language(),
        "start_url": visit.address("portal_home"),
        "scope": visit.address("portal_home"),
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": _colour(_hue(visit)),
        "icons": [
            {
                "src": f"{visit.address('portal_icon', kind, size)}?v={visit.look.version}",
                "sizes": f"{size}x{size}",
                "type": "image/png",
                "purpose": purpose,
            }
            for kind, purpose in (("any", "any"), ("maskable", "maskable"))
            for size in SIZES
        ],
    }
    share = _address(visit, "portal_share")
    if share:
        told["share_target"] = {
            "action": share,
            "method": "GET",
            "params": {"title": "title", "text": "text", "url": "url"},
        }
    return HttpResponse(
        json.dumps(told, ensure_ascii=False), content_type="application/manifest+json"
    )


@require_safe
@cache_control(public=True, max_age=86_400)
@portal_page()
def icon(visit: Visit, kind: str, size: int) -> HttpResponse:
    """Draw an icon. kind: any, or maskable. Raises Http404 for another size."""
    if size not in SIZES or kind not in {"any", "maskable"}:
        raise Http404
    drawn = _drawn(Icon(size, _hue(visit), kind == "maskable"))
    return HttpResponse(drawn, content_type="image/png")


@require_safe
@portal_page()
def worker(visit: Visit) -> HttpResponse:
    """Give the service worker of a programme's pages. A browser asks for it anew at least once a day."""
    kept = [static(path) for path in SHELL]
    offline = visit.address("portal_offline")
    response = visit.show(
        "portal/helping/sw.js",
        kept=json.dumps([offline, *kept]),
        offline=json.dumps(offline),
        home=json.dumps(visit.address("portal_home")),
        name=json.dumps(visit.programme.name),
        icon=json.dumps(visit.address("portal_icon", "any", 192)),
        static_root=json.dumps(static("")),
        version=json.dumps(f"{visit.programme.slug}/{visit.look.version}-{_version(kept)}"),
    )
    response["Content-Type"] = "text/javascript; charset=utf-8"
    response["Cache-Control"] = "no-cache"
    return response


@require_safe
@portal_page()
def offline(visit: Visit) -> HttpResponse:
    """Say that there is no network: the one page that the app keeps. It never holds anything of a member."""
    visit.member = None
    return visit.show("portal/helping/offline.html")


def _version(kept: list[str]) -> str:
    """Return a mark that changes with the software: addresses of static files hold their hashes."""
    return format(crc32("".join(kept).encode()), "08x")


def _hue(visit: Visit) -> int:
    own = visit.look.storefront.hue
    return HUE if own is None else own


def _colour(hue: int) -> str:
    """Return a dark tone of about the accent's hue in sRGB, for what knows no OKLCH."""
    # The hue circles of OKLCH and HSL differ by some thirty degrees; near enough for a title bar.
    red, green, blue = hls_to_rgb(((hue - 28) % 360) / 360, 0.33, 0.48)
    return "#" + "".join(f"{round(part * 255):02x}" for part in (red, green, blue))


@lru_cache(maxsize=64)
def _drawn(asked: Icon) -> bytes:
    """Draw the mark: a ring with a gap, and the coin that falls into it."""
    side = asked.size * FINE
    ring = PAPER if asked.is_maskable else _colour(asked.hue)
    image = Image.new("RGBA", (side, side), (0, 0, 0, 0))
    pen = ImageDraw.Draw(image)
    if asked.is_maskable:
        pen.rectangle((0, 0, side, side), fill=_colour(asked.hue))
    else:
        pen.rounded_rectangle((0, 0, side - 1, side - 1), radius=side * 0.22, fill=PAPER)
    # The mark is drawn on a field of 48 units, of which it fills 41 (`ui/brand/mark.svg`).
    unit = side * (SAFE_SHARE * 0.78 if asked.is_maskable else 0.74) / 48
    left = (side - 48 * unit) / 2

    def around(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
        return (
            left + (x - radius) * unit,
            left + (y - radius) * unit,
            left + (x + radius) * unit,
            left + (y + radius) * unit,
        )

    pen.arc(around(23, 25, 20.25), -5, 275, fill=ring, width=round(7.5 * unit))
    for x, y in ((39.4, 23.6), (24.4, 8.6)):
        pen.ellipse(around(x, y, 3.75), fill=ring)
    pen.ellipse(around(35.7, 12.3, 5.6), fill=COIN)
    out = BytesIO()
    image.resize((asked.size, asked.size), Image.Resampling.LANCZOS).save(out, "PNG", optimize=True)
    return out.getvalue()


def _address(visit: Visit, name: str) -> str:
    try:
        return visit.address(name)
    except NoReverseMatch:
        return ""
