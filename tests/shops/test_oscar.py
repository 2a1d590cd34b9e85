"""A real django-oscar: somebody buys in it, gets money back, and Cagnotte hears of it through `cagnotte-oscar`."""

import os
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from pytest_django import Settings

from cagnotte.cli.main import cli
from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops.oscar import Oscar
from cagnotte.hooks.sources import PurchaseReport, TraceFound
from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account, Order
from tests.journeys.world import World
from tests.shops.cagnotte_server import cagnotte_server, click_of
from tests.shops.oscar_shop import FOLDER, OscarShop, oscar_shop
from tests.shops.processes import free_port
from tests.shops.receiver import Receiver
from tests.shops.venvs import python_of

SECRET = "whsec_c2VjcmV0IG9mIHRoZSBzaG9w"
CLICK = "k7m2p9q4r8s3t6v1w5x0"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver(Oscar(), {"secret": [SECRET]}) as ready:
        yield ready


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[OscarShop]:
    folder = tmp_path_factory.mktemp("oscar")
    with oscar_shop(folder, cagnotte_url=receiver.url, secret=SECRET) as ready:
        yield ready


def report(receiver: Receiver, number: str) -> PurchaseReport:
    found = receiver.standing.report(number)
    assert isinstance(found, PurchaseReport)
    return found


def sold(found: PurchaseReport) -> list[tuple[str, int, Decimal, int, Decimal]]:
    return [
        (line.sku, line.quantity, line.amount, line.returned_quantity, line.returned_amount)
        for line in found.lines
    ]


def test_what_a_customer_buys_arrives_with_the_click_that_brought_them(
    shop: OscarShop, receiver: Receiver
) -> None:
    number = shop.buy({"TEA-250": 2, "POT-1": 1}, click=CLICK)
    found = report(receiver, number)
    assert sold(found) == [
        ("TEA-250", 2, Decimal("25.00"), 0, Decimal(0)),
        ("POT-1", 1, Decimal("33.00"), 0, Decimal(0)),
    ]
    assert [line.category for line in found.lines] == ["tea", "tableware"]
    assert (found.currency, found.country, found.native_status) == ("EUR", "FR", "Pending")
    assert found.traces == [TraceFound(Trace.CLICK, CLICK)]
    assert found.status is None
    assert not found.test


def test_who_came_without_a_click_buys_without_one(shop: OscarShop, receiver: Receiver) -> None:
    number = shop.buy({"POT-1": 1})
    assert report(receiver, number).traces == []


def test_a_tea_that_comes_back_takes_its_price_off_and_the_shop_s_word_confirms_the_rest(
    shop: OscarShop, receiver: Receiver
) -> None:
    number = shop.buy({"TEA-250": 2, "POT-1": 1}, click=CLICK)
    shop.manage("refund", number, "12.50", "--sku", "TEA-250")
    shop.manage("set_status", number, "Being processed", "Complete")
    found = report(receiver, number)
    assert sold(found) == [
        ("TEA-250", 2, Decimal("25.00"), 1, Decimal("12.50")),
        ("POT-1", 1, Decimal("33.00"), 0, Decimal(0)),
    ]
    assert (found.status, found.native_status) == (Validation.CONFIRMED, "Complete")
    assert found.traces == [TraceFound(Trace.CLICK, CLICK)]


def test_a_cancelled_order_is_declined(shop: OscarShop, receiver: Receiver) -> None:
    number = shop.buy({"POT-1": 1}, click=CLICK)
    shop.manage("set_status", number, "Cancelled")
    found = report(receiver, number)
    assert (found.status, found.reason) == (Validation.DECLINED, "cancelled")


def test_while_nobody_answers_customers_buy_all_the_same_and_it_is_told_later(
    shop: OscarShop, receiver: Receiver
) -> None:
    with receiver.out_of_order():
        number = shop.buy({"TEA-250": 1}, click=CLICK)
        shop.manage("refund", number, "12.50")
    assert number not in receiver.standing.pieces
    shop.manage("cagnotte_send", "--order", number)
    assert sold(report(receiver, number)) == [("TEA-250", 1, Decimal("12.50"), 1, Decimal("12.50"))]
    told = receiver.count
    assert "0 told, 0 failed, 0 waiting" in shop.manage("cagnotte_send")
    assert receiver.count == told


# ---- the whole road, to the member's cagnotte ----

PROGRAMME = """
programme: {slug: corner, name: Corner shop, currency: EUR, timezone: Europe/Paris}
merchants: [{ref: corner, name: Corner shop, site: "https://corner.example/catalogue/"}]
contracts: [{ref: corner, merchant: corner, same_entity: true}]
offers: [{ref: standard, name: 5 % on everything, effect: {kind: percent, rate: 5 %}}]
sources:
  - {ref: members, kind: members, format: csv, fields: {ref: number, name: name}}
  - {ref: shop, plugin: oscar, merchant: corner}
"""


def test_a_member_s_click_leads_to_a_reward_and_a_return_takes_its_share_back(
    empty_world: World, tmp_path: Path
) -> None:
    world, now = empty_world, datetime.now(UTC)
    world.now = now
    world.load(PROGRAMME)
    account = Account.objects.select_related("programme").get(ref="shop")
    accounts.set_secret(account, "secret", SECRET, now=now)
    path = accounts.address_path(account, now=now)
    with (
        cagnotte_server() as url,
        oscar_shop(tmp_path, cagnotte_url=url + path, secret=SECRET) as shop,
    ):
        click = click_of(url, "1", shop="corner.example")
        number = shop.buy({"TEA-250": 2, "POT-1": 1}, click=click)
        assert world.member("1") == {"pending": 290}, "5 % of 58.00"

        shop.manage("refund", number, "12.50", "--sku", "TEA-250")
        assert world.member("1") == {"pending": 228}, "5 % of 45.50"

        shop.manage("set_status", number, "Being processed", "Complete")
        assert world.member("1") == {"confirmed": 228}

        stranger = shop.buy({"POT-1": 1})
        cancelled = shop.buy({"POT-1": 1}, click=click)
        assert world.member("1") == {"confirmed": 228, "pending": 165}
        shop.manage("set_status", cancelled, "Cancelled")
    assert world.member("1") == {"confirmed": 228}
    states = dict(Order.objects.values_list("order_ref", "state"))
    assert states == {number: "standing", stranger: "unattributed", cancelled: "standing"}
    assert world.purchase(cancelled)[:2] == ("declined", "cancelled")


def test_a_member_s_voucher_is_spent_at_the_shop_s_checkout_and_its_use_comes_back(
    empty_world: World, tmp_path: Path, settings: Settings
) -> None:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    world, port = empty_world, free_port()
    world.now = now = datetime.now(UTC)
    with_vouchers = f"{{ref: shop, plugin: oscar, merchant: corner, settings: {{vouchers_url: {address(port)}}}}}"
    world.load(PROGRAMME.replace("{ref: shop, plugin: oscar, merchant: corner}", with_vouchers))
    account = Account.objects.select_related("programme").get(ref="shop")
    accounts.set_secret(account, "secret", SECRET, now=now)
    path = accounts.address_path(account, now=now)
    with (
        cagnotte_server() as url,
        oscar_shop(tmp_path, cagnotte_url=url + path, secret=SECRET, port=port) as shop,
    ):
        earned = shop.buy(
            {"TEA-250": 10, "POT-1": 1}, click=click_of(url, "1", shop="corner.example")
        )
        shop.manage("set_status", earned, "Being processed", "Complete")
        world.mature(now.date() + timedelta(days=60))
        assert world.member("1") == {"available": 790}, "5 % of 158.00"

        made = cagnotte("vouchers", "issue", "1", "--amount", "7.00", "--until", str(now.date() + timedelta(days=30)),
                        "--minimum", "20.00", "--shop", "shop")  # fmt: skip
        assert "at shop as code: told" in made
        code = made.split("Code: ")[1].strip()
        assert world.member("1") == {"available": 90}
        before = shop.buy({"POT-1": 1})

        number = shop.buy({"POT-1": 1}, voucher=code)
        assert Order.objects.get(order_ref=number).amount_minor == 2_600, "33.00 less 7.00"
        assert Order.objects.get(order_ref=before).amount_minor == 3_300
        assert "1 read, 0 calls failed" in cagnotte("vouchers", "tell")
        listed = cagnotte("vouchers", "list")
        assert "used: 7.00 EUR, 7.00 EUR used, 0.00 EUR left" in listed
        assert world.books()["merchant.clearing"] == -700

        with pytest.raises(AssertionError, match="already been used"):
            shop.buy({"POT-1": 1}, voucher=code)

        shop.manage("set_status", number, "Cancelled")
        assert "1 read, 0 calls failed" in cagnotte("vouchers", "tell")
        assert "issued: 7.00 EUR, 0.00 EUR used, 7.00 EUR left" in cagnotte("vouchers", "list")

        second = cagnotte(
            "vouchers", "issue", "1", "--amount", "0.50", "--until", str(now.date()), "--shop", "shop",
        )  # fmt: skip
        called_off = cagnotte("vouchers", "void", second.split()[0])
        assert "void: 0.50 EUR" in called_off
        assert "at shop as code: ended" in called_off
        assert world.member("1") == {"available": 90}


def address(port: int) -> str:
    return f"http://127.0.0.1:{port}/cagnotte/"


def cagnotte(*arguments: str) -> str:
    """Run a command, and return what it says."""
    done = CliRunner().invoke(cli, arguments, catch_exceptions=False)
    assert not done.exit_code, done.output
    return done.output


def test_the_app_s_own_tests_pass() -> None:
    done = subprocess.run(
        [python_of("oscar"), "-m", "pytest", "-q"],
        cwd=FOLDER,
        env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.returncode, done.stdout
