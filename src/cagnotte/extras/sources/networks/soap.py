"""SOAP 1.1 in a few lines: calls as envelopes, answers as elements. For networks that speak nothing else."""

from collections.abc import Mapping
from xml.sax.saxutils import escape

from lxml import etree

from cagnotte.hooks.reading import Misread

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def tags(told: Mapping[str, str]) -> str:
    """Write texts as elements of these names."""
    return "".join(f"<{name}>{escape(text)}</{name}>" for name, text in told.items())


def envelope(namespace: str, operation: str, content: str) -> bytes:
    """Write a call; content: its arguments, as `tags` writes them."""
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        f'<s:Envelope xmlns:s="{ENVELOPE}" xmlns:t="{namespace}">'
        f"<s:Body><t:{operation}>{content}</t:{operation}></s:Body></s:Envelope>"
    ).encode()


def parsed(body: bytes) -> etree._Element:
    """Return an answer as XML. Raises Misread for what is none, or has a document type: no SOAP answer has one."""
    if b"<!DOCTYPE" in body:
        raise Misread("The message has a document type.")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Misread(f"The message is not XML: {error}.") from None


def name_of(element: etree._Element) -> str:
    """Return an element's name without its namespace."""
    return etree.QName(element).localname


def response(root: etree._Element, operation: str) -> etree._Element:
    """Return what answers an operation. Raises Misread when something else came, such as a fault."""
    for part in root:
        if name_of(part) == "Body" and len(part) and name_of(part[0]) == f"{operation}Response":
            return part[0]
    raise Misread(f"The message does not answer “{operation}”.")


def texts(element: etree._Element) -> dict[str, str]:
    """Return the texts of an element's children that have no children themselves, by their names."""
    return {name_of(child): (child.text or "").strip() for child in element if not len(child)}
