"""Vouchers over the interface that a shop's own software takes."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from pytest_django import Settings

from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account
from cagnotte.journeys import tell_vouchers
from cagnotte.platform.database import connect
from cagnotte.purchases.services import source_id_of
from tests.api.interface import Interface, interface
from tests.api.strangers import cents, rich
from tests.journeys.world import World
from tests.sources.fakes.clock import Clock
from tests.vouchers.fakes.counter import VoucherFake
from tests.vouchers.fakes.saleor import TOKEN, SaleorFake
from tests.vouchers.fakes.woocommerce import KEY, SECRET, WooCommerceFake


@pytest.fixture
def api(world: World) -> Interface:
    """The corner shop, whose member 1 has 50.00 to spend."""
    found = interface()
    rich(world, found)
    return found


def connected(
    world: World, software: str, fake: VoucherFake, path: str = "", **secrets: str
) -> None:
    with connect() as connection:
        programme_id = world.programme_id(connection)
    account = Account.objects.create(
        id=source_id_of(programme_id, "web"),
        programme_id=programme_id,
        ref="web",
        plugin=software,
        merchant="corner",
        settings={"api_url": fake.url + path},
    )
    for name, value in secrets.items():
        accounts.set_secret(account, name, value, now=datetime.now(UTC))


@pytest.fixture
def coupons(world: World, settings: Settings) -> Iterator[WooCommerceFake]:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    with WooCommerceFake(Clock(datetime.now(UTC))) as fake:
        connected(world, "woocommerce", fake, consumer_key=KEY, consumer_secret=SECRET)
        yield fake


@pytest.fixture
def cards(world: World, settings: Settings) -> Iterator[SaleorFake]:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    with SaleorFake(Clock(datetime.now(UTC))) as fake:
        connected(world, "saleor", fake, "/graphql/", token=TOKEN)
        yield fake


def body(**more: Any) -> dict[str, Any]:
    shop = {"connection": "web", **more.pop("shop", {})}
    told = {"member": "1", "reference": "v1", "amount": cents(500), "valid_until": "2027-12-31"}
    return {**told, "shop": shop, **more}


def work() -> None:
    with connect() as connection:
        tell_vouchers.work(connection, clock=lambda: datetime.now(UTC), early=True)


def test_a_voucher_is_told_to_the_shop_used_there_and_called_off(
    world: World, api: Interface, coupons: WooCommerceFake
) -> None:
    made = api.post("/vouchers", body()).json
    assert (made["state"], made["partial_use"]) == ("issued", False), "as the shop's software does"
    assert made["shop"] == {
        "connection": "web", "form": "code", "state": "telling", "native_id": None, "told_at": None,
        "read_at": None, "problem": None,
    }  # fmt: skip
    assert coupons.kept == [], "no shop is called while an answer is waited for"

    work()
    kept = coupons.only()
    told = api.get(f"/vouchers/{made['id']}").json
    assert (told["shop"]["state"], told["shop"]["native_id"]) == ("told", kept.native_id)
    code = api.post(f"/vouchers/{made['id']}/code").json["code"]
    assert code.lower() == kept.code

    coupons.use(kept, "A-1", "3.00")
    work()
    (use,) = api.get(f"/vouchers/{made['id']}/uses").json["data"]
    assert (use["order_ref"], use["amount"]) == ("A-1", cents(300))
    (listed,) = api.get("/vouchers").json["data"]
    assert (listed["state"], listed["used"], listed["returned"]) == ("used", cents(300), cents(200))
    assert world.member("1") == {"available": 4_700}


def test_calling_off_waits_for_the_shop(
    world: World, api: Interface, coupons: WooCommerceFake
) -> None:
    made = api.post("/vouchers", body()).json
    work()
    answer = api.post(f"/vouchers/{made['id']}/void").json
    assert (answer["state"], answer["shop"]["state"]) == ("issued", "calling_off")
    assert world.member("1") == {"available": 4_500}
    work()
    answer = api.get(f"/vouchers/{made['id']}").json
    assert (answer["state"], answer["shop"]["state"]) == ("void", "ended")
    assert world.member("1") == {"available": 5_000}


def test_what_the_shop_refuses_is_told_and_the_money_is_back(
    world: World, api: Interface, coupons: WooCommerceFake
) -> None:
    coupons.refuse("Coupons are switched off")
    made = api.post("/vouchers", body()).json
    work()
    told = api.get(f"/vouchers/{made['id']}").json
    assert (told["state"], told["shop"]["state"]) == ("void", "refused")
    assert told["shop"]["problem"] == (
        "WooCommerce does not take the voucher: Coupons are switched off."
    )
    assert world.member("1") == {"available": 5_000}


def test_the_code_is_the_shop_s_own_where_it_draws_one(api: Interface, cards: SaleorFake) -> None:
    made = api.post("/vouchers", body(shop={"form": "gift_card"})).json
    assert made["partial_use"]
    work()
    answer = api.post(f"/vouchers/{made['id']}/code").json
    assert answer["code"] == cards.only().code


@pytest.mark.parametrize(
    ("changes", "status", "says"),
    [
        ({"shop": {"form": "credit"}}, 422, "keeps vouchers as code, not as credit"),
        ({"partial_use": True}, 422, "takes a voucher once"),
        ({"signed": True, "partial_use": False}, 422, "tills without a line"),
        ({"shop": {"connection": "nowhere"}}, 404, "no connected source"),
        ({"shop": {"form": "melon"}}, 422, ""),
    ],
)
def test_what_the_shop_cannot_keep_is_refused_and_nothing_moves(
    world: World,
    api: Interface,
    coupons: WooCommerceFake,
    changes: dict[str, Any],
    status: int,
    says: str,
) -> None:
    answer = api.post("/vouchers", body(**changes))
    assert answer.status == status, answer.content
    assert says in answer.json.get("detail", "")
    assert world.member("1") == {"available": 5_000}
    assert api.get("/vouchers").json["data"] == []
