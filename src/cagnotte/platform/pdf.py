"""PDF that everybody can read: from a page of HTML to tagged PDF/UA-1, without network or files.

WeasyPrint draws with libraries of the system (Pango and its friends). Where they are missing `available()` is False,
and whoever offers a PDF says so instead.
"""

import logging
import mimetypes
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from django.contrib.staticfiles import finders
from django.core.exceptions import SuspiciousFileOperation
from PIL import ImageFile

from cagnotte.domain.errors import NotFound, Refused

VARIANT: Final = "pdf/ua-1"
"""ISO 14289-1: the text has structure, language and title, so that it can be read aloud."""

OUR_FILES: Final = "https://static.invalid/"
"""What addresses are relative to: a host that cannot exist, and behind it our own static files alone."""


@cache
def available() -> bool:
    """Tell whether this machine can draw PDF."""
    try:
        import_module("weasyprint")
    except (ImportError, OSError):
        return False
    # WeasyPrint has the whole process take pictures that end too early; whoever checks one relies on the contrary.
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    return True


def render(html: str) -> bytes:
    """Draw a page of HTML, which says its language and its title, as PDF/UA-1.

    Styles, fonts and pictures are named as our static files are, such as `portal/print.css`. Any other address is
    left out: nothing is fetched, and no file of the machine can be read.

    Raises Refused where libraries are missing.
    """
    if not available():
        raise Refused("This server cannot draw PDF: libraries of the system are missing.")
    # What it says of styles meant for browsers, and of fonts it cuts to size, concerns nobody.
    for name in ("weasyprint", "fontTools"):
        logging.getLogger(name).setLevel(logging.ERROR)
    page = import_module("weasyprint").HTML(
        string=html, base_url=OUR_FILES, url_fetcher=_our_files_alone()
    )
    drawn: bytes = page.write_pdf(pdf_variant=VARIANT, pdf_tags=True)
    return drawn


@cache
def _our_files_alone() -> Any:
    """Return what WeasyPrint fetches by. It is one of its own classes, which may not be there to be imported."""
    urls = import_module("weasyprint.urls")

    def fetch(_self: object, url: str, headers: object = None) -> Any:  # noqa: ARG001 - as it is called
        path = our_file(url)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return urls.URLFetcherResponse(url, path.read_bytes(), {"Content-Type": kind})

    return type("OurFilesAlone", (urls.URLFetcher,), {"fetch": fetch})()


def our_file(address: str) -> Path:
    """Return the static file that an address below OUR_FILES names. Raises NotFound for every other address."""
    if address.startswith(OUR_FILES):
        named = unquote(address.removeprefix(OUR_FILES).partition("?")[0])
        try:
            found = finders.find(named)
        except SuspiciousFileOperation:
            found = None
        if found and Path(found).is_file():
            return Path(found)
    raise NotFound("A page that is drawn may only name our own static files.", address=address)
