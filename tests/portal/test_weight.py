"""Pages are light: what one needs to be read and used fits well below a hundred kilobytes, before pictures."""

import gzip
import re

import pytest

from tests.portal.conftest import NOW, Portal
from tests.portal.people import signed_in

MOST_BYTES = 100_000

PAGES = (
    "",
    "shops/",
    "shops/verte/",
    "cagnotte/",
    "purchases/",
    "withdraw/",
    "bank/",
    "claims/new/",
    "notices/",
    "account/",
)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_with_its_styles_and_scripts_is_light(portal: Portal, path: str) -> None:
    ana = signed_in("portal", now=NOW)
    page = ana.get(path).content.decode()
    styles = re.findall(r'<link rel="stylesheet" href="([^"]+)"', page)
    scripts = re.findall(r'<script[^>]* src="([^"]+)"', page)

    weighed = {"the page": weight(page.encode())}
    for address in styles + scripts:
        weighed[address] = weight(ana.client.get(address).getvalue())

    assert styles
    assert sum(weighed.values()) < MOST_BYTES, weighed


def weight(content: bytes) -> int:
    return len(gzip.compress(content, 6))
