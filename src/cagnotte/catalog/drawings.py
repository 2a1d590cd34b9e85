"""Logos: drawings in SVG that come with a programme file and are shown on our pages.

A drawing can run scripts and fetch things from elsewhere. So only elements and attributes that draw are let through,
and whatever else is in a file is refused with its name: nothing is cleaned away behind anybody's back.
"""

import re
from xml.etree import ElementTree as ET

from cagnotte.domain.errors import InvalidInput

BYTES_MAX = 20_000

SVG = "http://www.w3.org/2000/svg"

ELEMENTS = frozenset(
    {
        *("svg", "g", "defs", "symbol", "use", "title", "desc", "style"),
        *("path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "tspan"),
        *("linearGradient", "radialGradient", "stop", "clipPath", "mask", "pattern"),
    }
)
"""Elements that draw, or say what is drawn."""

_OUTSIDE = re.compile(r"@import|javascript:|\\|url\(\s*['\"]?(?!['\"#\s])", re.IGNORECASE)
"""What leads out of the drawing, in an attribute or a style; a backslash could write any of it otherwise."""

_DECLARED = re.compile(r"<!DOCTYPE|<!ENTITY|<\?(?!xml\s)", re.IGNORECASE)


def checked(text: str) -> str:
    """Return an SVG drawing that holds nothing but a drawing.

    Raises InvalidInput with what is wrong: too large, no SVG, scripts, or anything from outside the file.
    """
    if len(text.encode()) > BYTES_MAX:
        raise InvalidInput(
            f"The drawing is larger than {BYTES_MAX // 1000} kB; simplify it, a logo needs less."
        )
    if _DECLARED.search(text):
        raise InvalidInput(
            "The drawing declares a document type, entities or instructions; leave them out."
        )
    try:
        root = ET.fromstring(text)  # noqa: S314 - without a document type there is nothing to expand
    except ET.ParseError as error:
        raise InvalidInput(f"The drawing is not XML: {error}.") from None
    if root.tag != f"{{{SVG}}}svg":
        raise InvalidInput(f"The drawing is no SVG: it begins with <{_plain(root.tag)}>.")
    for element in root.iter():
        _check(element)
    if "viewBox" not in root.attrib and not {"width", "height"} <= root.attrib.keys():
        raise InvalidInput("The drawing has no viewBox, so nobody knows how large it is.")
    return text.strip()


def _check(element: ET.Element) -> None:
    name = _plain(element.tag)
    if not str(element.tag).startswith(f"{{{SVG}}}") or name not in ELEMENTS:
        raise InvalidInput(
            f"The drawing holds <{name}>, which a logo may not; save it as plain SVG."
        )
    for key, value in element.attrib.items():
        attribute = _plain(key)
        if attribute.lower().startswith("on"):
            raise InvalidInput(f"The drawing holds a script, in “{attribute}” of <{name}>.")
        if attribute == "href" and not value.startswith("#"):
            raise InvalidInput(f"The drawing refers to “{value[:60]}”, outside itself.")
        if _OUTSIDE.search(value):
            raise InvalidInput(f"The drawing leads outside itself, in “{attribute}” of <{name}>.")
    if name == "style" and _OUTSIDE.search(element.text or ""):
        raise InvalidInput("The drawing's style leads outside itself.")


def _plain(tag: object) -> str:
    return str(tag).rpartition("}")[2]
