"""QR codes as pictures inside a page, drawn by the server."""

import io

import segno
from django.utils.safestring import SafeString, mark_safe


def drawn(text: str, title: str) -> SafeString:
    """Return a QR code as SVG, titled for who cannot see it; black on nothing, so its place must be white."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        picture,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        border=2,
        title=title,
        svgclass="qr-picture",
        lineclass=None,
    )
    svg = picture.getvalue().decode().strip()
    return mark_safe(svg.replace("<svg ", '<svg role="img" ', 1))  # noqa: S308 - drawn here, the title is escaped
