"""A link to a shop leads to the shop and nowhere else."""

from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.links import host, host_of, landing, page_of, site, with_click

FRONT = "https://shop.example/"
HOSTS = ("outlet.test",)

TRICKS = [
    "//evil.example",
    "///evil.example",
    "////evil.example/x",
    "/\\evil.example",
    "\\\\evil.example",
    "\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nLocation: https://evil.example",
    "\thttps://evil.example",
    " https://evil.example",
    "https://evil.example",
    "http://shop.example/",
    "HTTP://shop.example/",
    "https:evil.example",
    "https:/evil.example",
    "https:///evil.example",
    "https:\\\\evil.example",
    "https://shop.example@evil.example/",
    "https://shop.example:443@evil.example/",
    "https://user:pass@shop.example/",
    "https://shop.example\\@evil.example/",
    "https://shop.example\\.evil.example/",
    "https://evil.example\\.shop.example/",
    "https://shop.example.evil.example/",
    "https://evilshop.example/",
    "https://shop.example%2eevil.example/",
    "https://evil.example%2f.shop.example/",
    "https://evil.example%00.shop.example/",
    "https://evil.example\x00.shop.example/",
    "https://shop.example\u3002evil.example/",
    "https://evil.example\uff0f.shop.example/",
    "https://shop.exampl\u0435/",
    "https://[::1]/",
    "https://[shop.example]/",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://shop.example:8443/",
    "https://shop.example./",
    "https://.shop.example/",
    "https://-.shop.example/",
    "https://evil.example;.shop.example/",
    "https://evil.example,shop.example/",
    "javascript:alert(1)",
    "JaVaScRiPt://shop.example/%0aalert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:msgbox(1)",
    "ftp://shop.example/",
    "file:///etc/passwd",
    "blob:https://shop.example/",
    "evil.example",
    "shop.example/page",
    "?to=https://evil.example",
    "#https://evil.example",
    "..//evil.example",
    "./\\evil.example",
    "/\u2028/evil.example",
    "/\u00a0/evil.example",
    "/" + "x" * 1_000,
]


@pytest.mark.parametrize("asked", TRICKS)
def test_no_trick_leads_away_from_the_shop(asked: str) -> None:
    assert landing(FRONT, HOSTS, asked) is None


@pytest.mark.parametrize(
    ("asked", "address"),
    [
        ("", FRONT),
        ("/", "https://shop.example/"),
        ("/sale?page=2&x=https://evil.example#top", "https://shop.example/sale?page=2&x=https://evil.example#top"),
        ("/..//evil.example", "https://shop.example/..//evil.example"),
        ("/%2F%2Fevil.example", "https://shop.example/%2F%2Fevil.example"),
        ("/%0d%0aLocation:x", "https://shop.example/%0d%0aLocation:x"),
        ("/crème brûlée".replace(" ", "-"), "https://shop.example/cr%C3%A8me-br%C3%BBl%C3%A9e"),
        ('/a"b<c>', "https://shop.example/a%22b%3Cc%3E"),
        ("https://shop.example", "https://shop.example/"),
        ("HTTPS://Shop.Example/Tea", "https://shop.example/Tea"),
        ("https://www.shop.example/tea", "https://www.shop.example/tea"),
        ("https://a.b.outlet.test?x=1", "https://a.b.outlet.test/?x=1"),
        ("https://shop.example#@evil.example", "https://shop.example/#@evil.example"),
        ("https://shop.example?@evil.example", "https://shop.example/?@evil.example"),
        ("https://xn--crme-8oa.shop.example/", "https://xn--crme-8oa.shop.example/"),
    ],
)  # fmt: skip
def test_a_page_of_the_shop_is_found(asked: str, address: str) -> None:
    assert landing(FRONT, HOSTS, asked) == address


@given(st.text(max_size=60))
@example("https://shop.example/@evil")
def test_whatever_is_asked_the_shop_is_the_host(asked: str) -> None:
    for text in (asked, f"/{asked}", f"https://{asked}", f"https://shop.example{asked}"):
        found = landing(FRONT, HOSTS, text)
        if found is not None:
            parts = urlsplit(found)
            assert parts.scheme == "https"
            assert parts.hostname == parts.netloc
            assert any(
                parts.netloc == own or parts.netloc.endswith(f".{own}")
                for own in ("shop.example", *HOSTS)
            )
            assert found.isascii()
            assert found.isprintable()
            assert " " not in found


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("https://Shop.Example", "https://shop.example/"),
        ("https://shop.example/fr/", "https://shop.example/fr/"),
        ("https://shop.example?lang=fr", "https://shop.example/?lang=fr"),
        ("http://localhost:8001/", "http://localhost:8001/"),
        ("http://127.0.0.1:8001", "http://127.0.0.1:8001/"),
    ],
)
def test_a_front_page_is_kept_with_its_path(text: str, kept: str) -> None:
    assert site(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "shop.example", "http://shop.example/", "https://user@shop.example/", "https://shop.example:99/",
        "https://127.0.0.1/", "https://localhost/", "https://sh op.example/", "http://localhost.evil.example/",
        "http://127.0.0.1@evil.example/", "",
    ],
)  # fmt: skip
def test_what_is_no_front_page_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"write it as (https://)?shop\.example"):
        site(text)


def test_hosts_are_kept_in_small_letters() -> None:
    assert host(" Outlet.Test ") == "outlet.test"
    for text in ("outlet", "https://outlet.test", "outlet.test/x", "10.0.0.1", "*.outlet.test", ""):
        with pytest.raises(InvalidInput, match=r"write it as shop\.example"):
            host(text)


def test_a_shop_on_this_machine_is_reached_by_paths_alone() -> None:
    here = site("http://localhost:8001/start")
    assert landing(here, (), "/tea") == "http://localhost:8001/tea"
    assert landing(here, (), "http://localhost:8001/tea") is None
    assert host_of(here) == "localhost:8001"


def test_an_address_is_host_and_page() -> None:
    assert page_of("https://shop.example/tea?x=1#y") == "/tea?x=1#y"
    assert page_of("https://shop.example/") == page_of("https://shop.example") == ""


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("https://s.test/", "https://s.test/?cagnotte_click=r1"),
        ("https://s.test/a?b=1&c#d", "https://s.test/a?b=1&c&cagnotte_click=r1#d"),
        ("https://s.test/?cagnotte_click=old&b=1", "https://s.test/?b=1&cagnotte_click=r1"),
    ],
)
def test_the_reference_goes_into_the_query_once(address: str, expected: str) -> None:
    assert with_click(address, "r1") == expected
