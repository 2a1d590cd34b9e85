"""The programme as an app: manifest, icons, service worker."""

import json
from io import BytesIO

import pytest
from django.test import Client
from PIL import Image

from tests.portal.conftest import NOW, Portal
from tests.portal.people import signed_in


def test_the_manifest_is_the_programmes_own(portal: Portal) -> None:
    response = Client().get("/p/portal/manifest.webmanifest")

    told = json.loads(response.content)
    assert response["Content-Type"] == "application/manifest+json"
    assert (told["name"], told["scope"]) == ("A portal", "/p/portal/")
    assert {(one["sizes"], one["purpose"]) for one in told["icons"]} == {
        ("192x192", "any"),
        ("512x512", "any"),
        ("192x192", "maskable"),
        ("512x512", "maskable"),
    }
    for one in told["icons"]:
        icon = Client().get(one["src"])
        size = int(one["sizes"].partition("x")[0])
        assert Image.open(BytesIO(icon.content)).size == (size, size)


@pytest.mark.parametrize("path", ["icon-any-64.png", "icon-round-192.png"])
def test_no_other_icon_is_drawn(portal: Portal, path: str) -> None:
    assert Client().get(f"/p/portal/{path}").status_code == 404


def test_the_worker_keeps_no_page_but_the_one_without_a_network(portal: Portal) -> None:
    response = Client().get("/p/portal/sw.js")

    text = response.content.decode()
    assert response["Content-Type"].startswith("text/javascript")
    assert "/p/portal/offline/" in text
    assert "&quot;" not in text
    # The page without a network, twice; where a notice leads; and the icon.
    assert text.count("/p/portal/") == 4


def test_the_page_without_a_network_holds_nothing_of_a_member(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW, name="Ana Lima")

    page = ana.get("offline/").content.decode()

    assert "You are offline" in page
    assert "My account" not in page
    assert "Ana" not in page
