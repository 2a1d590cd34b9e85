"""From where a visitor comes, with and without proxies in front."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from cagnotte.platform.visitors import address_of


@pytest.mark.parametrize(
    ("proxies", "forwarded", "seen"),
    [
        (0, "", "10.0.0.1"),
        (0, "203.0.113.7", "10.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        # What the visitor wrote itself stands further left than what our proxy added.
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.2", "203.0.113.7"),
        # Past the proxies: the connection alone is believed.
        (1, "", "10.0.0.1"),
        (2, "203.0.113.7", "10.0.0.1"),
        # One line has a whole network of IPv6.
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
    ],
)
def test_the_address_is_what_our_own_proxies_saw(
    settings: Settings, proxies: int, forwarded: str, seen: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory(headers=headers).get("/", REMOTE_ADDR="10.0.0.1")
    assert address_of(request) == seen


def test_no_address_is_none() -> None:
    assert address_of(RequestFactory().get("/", REMOTE_ADDR="")) == ""
