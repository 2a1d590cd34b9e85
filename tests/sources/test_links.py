"""Links that need the network's number of the shop."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from cagnotte.extras.sources.networks.links import number_of, quoted
from cagnotte.hooks.sources import Link, SourceContext, SourceFailed


def found(target: str, shops: str) -> str:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    return number_of(
        Link(target, "k7m2"), SourceContext({"shops": shops}, {}, ZoneInfo("Europe/Paris"), now)
    )


def test_a_shop_is_found_by_its_name_and_by_names_below_it() -> None:
    shops = "shop.example=1001 other.example=1002"
    assert found("https://shop.example/a", shops) == "1001"
    assert found("https://WWW.Other.Example/a?b=c", shops) == "1002"


def test_the_longer_name_counts() -> None:
    shops = "shop.example=1001 outlet.shop.example=1003"
    assert found("https://outlet.shop.example/", shops) == "1003"
    assert found("https://www.shop.example/", shops) == "1001"


@pytest.mark.parametrize("target", ["https://notshop.example/", "https://example/", "shop"])
def test_a_shop_that_is_not_named_has_no_link(target: str) -> None:
    with pytest.raises(SourceFailed, match="shops"):
        found(target, "shop.example=1001 broken=")


def test_an_address_inside_another_keeps_nothing_that_means_something_there() -> None:
    assert quoted("https://s.example/é?a=b&c=d#e") == (
        "https%3A%2F%2Fs.example%2F%C3%A9%3Fa%3Db%26c%3Dd%23e"
    )
