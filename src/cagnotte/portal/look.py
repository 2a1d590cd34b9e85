"""How a programme looks to its members: its name, promise and mark, and a style sheet with its colour.

Kept by the process for a few seconds, since every page needs it and it hardly ever changes.
"""

import time
from dataclasses import dataclass
from threading import Lock
from zlib import crc32

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import get_language
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from cagnotte.catalog.models import Storefront
from cagnotte.domain.errors import NotFound
from cagnotte.identity.models import Programme

KEPT_SECONDS = 5.0

HUE = 318
"""Of our own accent."""


@dataclass(frozen=True, slots=True)
class Look:
    """The look of one programme. version: changes with colour and mark, for their addresses."""

    storefront: Storefront
    version: str

    @property
    def promise(self) -> str:
        """The line on the front page, in the reader's language if there is one."""
        return words(self.storefront.promise)

    @property
    def has_logo(self) -> bool:
        """Whether the programme has a mark of its own."""
        return bool(self.storefront.logo)

    @property
    def has_colour(self) -> bool:
        """Whether the programme has an accent of its own."""
        return self.storefront.hue is not None


def words(texts: dict[str, str]) -> str:
    """Return a text in the reader's language, else in any that it has, else nothing."""
    language = (get_language() or "en")[:2]
    return texts.get(language) or next((text for text in texts.values() if text), "")


_kept: dict[str, tuple[float, Programme, Look]] = {}
_lock = Lock()


def look_of(slug: str) -> tuple[Programme, Look]:
    """Return a programme and its look. Raises NotFound for an unknown slug."""
    at = time.monotonic()
    kept = _kept.get(slug)
    if kept and at - kept[0] < KEPT_SECONDS:
        return kept[1], kept[2]
    programme = Programme.objects.select_related("storefront").filter(slug=slug).first()
    if programme is None:
        raise NotFound(f"There is no programme “{slug}”.", slug=slug)
    storefront = getattr(programme, "storefront", None) or Storefront(programme=programme)
    drawn = f"{storefront.hue} {storefront.logo}".encode()
    look = Look(storefront, format(crc32(drawn), "08x"))
    with _lock:
        _kept[slug] = (at, programme, look)
    return programme, look


def forget_looks() -> None:
    """Read the programmes anew at the next page; for tests and for whoever has just loaded one."""
    with _lock:
        _kept.clear()


@require_safe
@cache_control(public=True, max_age=86_400)
def colours(_request: HttpRequest, programme: str) -> HttpResponse:
    """Serve the programme's accent as a style sheet: lightness and chroma are ours, so that contrast holds."""
    look = _look_or_404(programme)
    hue = HUE if look.storefront.hue is None else look.storefront.hue
    return HttpResponse(_SHEET.format(hue=hue), content_type="text/css; charset=utf-8")


@require_safe
@cache_control(public=True, max_age=86_400)
def logo(_request: HttpRequest, programme: str) -> HttpResponse:
    """Serve the programme's mark."""
    look = _look_or_404(programme)
    if not look.has_logo:
        raise Http404
    return HttpResponse(look.storefront.logo, content_type="image/svg+xml; charset=utf-8")


def _look_or_404(slug: str) -> Look:
    try:
        return look_of(slug)[1]
    except NotFound:
        raise Http404 from None


_SHEET = """@layer tokens {{
  :root {{
    --accent: light-dark(oklch(0.43 0.145 {hue}), oklch(0.82 0.1 {hue}));
    --accent-strong: light-dark(oklch(0.36 0.135 {hue}), oklch(0.88 0.075 {hue}));
    --accent-wash: light-dark(oklch(0.96 0.018 {hue}), oklch(0.3 0.06 {hue}));
    --on-accent: light-dark(oklch(1 0 0), oklch(0.2 0.05 {hue}));
  }}
}}
"""
