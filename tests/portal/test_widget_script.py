"""How the widgets' script is handed out: to any page, compressed, asked for again only when it changed."""

import gzip

from django.test import Client

from cagnotte.portal.widgets import BUILT


def test_pages_of_any_origin_may_load_it() -> None:
    response = Client().get("/widgets/v1.js")

    assert response.content == BUILT.read_bytes()
    assert response["Content-Type"] == "text/javascript; charset=utf-8"
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert response["Cache-Control"] == "public, max-age=3600, stale-while-revalidate=86400"


def test_it_travels_compressed() -> None:
    response = Client().get("/widgets/v1.js", headers={"Accept-Encoding": "br, gzip"})

    assert response["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in response["Vary"]
    assert gzip.decompress(response.content) == BUILT.read_bytes()


def test_unchanged_it_is_not_sent_again() -> None:
    first = Client().get("/widgets/v1.js")
    again = Client().get("/widgets/v1.js", headers={"If-None-Match": first["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    assert again["ETag"] == first["ETag"]
