"""Pages and files travel compressed where the browser can read that; the interface's answers do not."""

import gzip

import pytest
from django.test import Client

PACKED = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize(
    "path", ["/styleguide/", "/static/ui/css/tokens.css", "/static/ui/icons.svg"]
)
def test_text_is_compressed(path: str) -> None:
    plain = Client().get(path)
    packed = Client().get(path, headers=PACKED)

    assert packed["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.getvalue()) == plain.getvalue()


def test_a_font_and_the_interface_are_left_as_they_are() -> None:
    for path in ("/static/ui/fonts/inter-latin-wght.woff2", "/v1/nothing"):
        answered = Client().get(path, headers=PACKED)
        assert "Content-Encoding" not in answered.headers
        assert answered.getvalue()
