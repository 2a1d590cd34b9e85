"""Vouchers of Cagnotte in the shop: made once, used once, read back, ended; and for nobody without the secret."""

import json
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings as shop_settings
from django.contrib.auth.models import AnonymousUser
from django.test import Client
from oscar.core.loading import get_class, get_model
from oscar.test.factories import create_basket, create_product, create_stockrecord

from cagnotte_oscar import sending, signing
from cagnotte_oscar.models import VoucherOfCagnotte

pytestmark = pytest.mark.django_db

VOUCHER = {
    "id": "vou_06a1b2c3d4e5f6g7h8j9k0m1n2",
    "code": "K7P2M-9XQ4T-0ABC",
    "amount": "5.00",
    "currency": "EUR",
    "minimum_basket": "0.00",
    "starts_at": "2026-01-01T00:00:00+01:00",
    "ends_at": "2099-01-01T00:00:00+01:00",
}


def send(kind: str, secret: str = "", **data: Any) -> tuple[int, dict[str, Any]]:
    """Send a message as Cagnotte does."""
    body = json.dumps({"type": kind, "data": data}).encode()
    at = int(sending.now().timestamp())
    signed = signing.headers("m1", at, body, secret or shop_settings.CAGNOTTE["SECRET"])
    answer = Client().post("/cagnotte/", body, content_type="application/json", headers=signed)
    return answer.status_code, answer.json()


def issue(**changes: Any) -> tuple[int, dict[str, Any]]:
    return send("voucher.issue", **{**VOUCHER, **changes})


def only() -> Any:
    return get_model("voucher", "Voucher").objects.get()


def taken_off(price: str, units: int = 1) -> Decimal:
    """Return what the voucher takes off a basket."""
    basket = create_basket(empty=True)
    product = create_product()
    create_stockrecord(product, price=Decimal(price), num_in_stock=99)
    basket.add_product(product, units)
    basket.vouchers.add(only())
    get_class("offer.applicator", "Applicator")().apply(basket, AnonymousUser())
    return basket.total_discount


def used(order: Any, amount: str, status: str = "Pending") -> None:
    """Note that an order took of the voucher, as Oscar does when it is placed."""
    order.status = status
    order.save()
    get_model("order", "OrderDiscount").objects.create(
        order=order, voucher_id=only().pk, voucher_code=only().code, amount=Decimal(amount)
    )


def test_a_voucher_is_made_once_however_often_it_is_told() -> None:
    first = issue()
    assert first == (200, {"id": VOUCHER["id"], "native_id": str(only().pk), "uses": []})
    assert issue() == first
    assert (only().code, only().usage) == (VOUCHER["code"], "Single use")
    assert get_model("offer", "ConditionalOffer").objects.count() == 1


@pytest.mark.parametrize(
    ("price", "units", "off"),
    [("12.00", 1, "5.00"), ("12.00", 3, "5.00"), ("3.00", 1, "3.00")],
)
def test_it_takes_its_amount_off_a_basket_once_and_never_more_than_the_basket(
    price: str, units: int, off: str
) -> None:
    issue()
    assert taken_off(price, units) == Decimal(off)


def test_a_basket_below_its_minimum_gets_nothing() -> None:
    issue(minimum_basket="50.00")
    assert taken_off("49.99") == 0
    assert taken_off("50.00") == Decimal("5.00")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"currency": "USD"}, "the shop is in EUR, the voucher in USD"),
        ({"amount": "5.001"}, "“amount” is 5.001, which is no amount here"),
        ({"amount": "NaN"}, "“amount” is NaN, which is no amount here"),
        ({"minimum_basket": "much"}, "“minimum_basket” is no amount"),
    ],
)
def test_what_the_shop_cannot_take_is_refused(changes: dict[str, str], message: str) -> None:
    assert issue(**changes) == (422, {"message": message})
    assert get_model("voucher", "Voucher").objects.count() == 0
    assert get_model("offer", "ConditionalOffer").objects.count() == 0


def test_a_code_that_another_voucher_has_is_refused() -> None:
    issue()
    status, told = issue(id="vou_06a1b2c3d4e5f6g7h8j9k0m1n3")
    assert (status, told) == (409, {"message": "another voucher has its code"})
    assert VoucherOfCagnotte.objects.count() == 1
    assert get_model("offer", "ConditionalOffer").objects.count() == 1


def test_what_an_order_took_is_told(order: Any) -> None:
    issue()
    used(order, "3.00")
    status, told = send("voucher.read", ids=[VOUCHER["id"], "vou_other"])
    (standing,) = told["vouchers"]
    assert (status, standing["id"]) == (200, VOUCHER["id"])
    assert standing["uses"] == [
        {"order": "100017", "amount": "3.00", "given_back": "0", "at": order.date_placed.isoformat()}
    ]  # fmt: skip


def test_what_a_declined_order_took_is_given_back(order: Any) -> None:
    issue()
    used(order, "3.00", "Cancelled")
    (use,) = send("voucher.read", ids=[VOUCHER["id"]])[1]["vouchers"][0]["uses"]
    assert (use["amount"], use["given_back"]) == ("3.00", "3.00")


def test_a_voucher_that_is_called_off_is_over_and_says_what_it_gave(order: Any) -> None:
    issue()
    used(order, "3.00")
    status, told = send("voucher.void", id=VOUCHER["id"])
    assert (status, [use["amount"] for use in told["uses"]]) == (200, ["3.00"])
    assert not only().is_active()
    assert send("voucher.void", id=VOUCHER["id"]) == (status, told)


def test_what_was_never_made_need_not_be_called_off() -> None:
    told = {"id": "vou_other", "native_id": None, "uses": []}
    assert send("voucher.void", id="vou_other") == (200, told)


def test_nobody_without_the_secret_learns_or_does_anything() -> None:
    assert issue(secret="whsec_b3RoZXI=")[0] == 401
    body = json.dumps({"type": "voucher.issue", "data": VOUCHER}).encode()
    late = int((sending.now() - timedelta(minutes=6)).timestamp())
    old = signing.headers("m1", late, body, shop_settings.CAGNOTTE["SECRET"])
    for headers in ({}, old, {**old, "webhook-timestamp": "soon"}):
        answer = Client().post("/cagnotte/", body, content_type="application/json", headers=headers)
        assert answer.status_code == 401
    assert get_model("voucher", "Voucher").objects.count() == 0


@pytest.mark.parametrize("kind", ["voucher.melt", "voucher.issue", "voucher.read"])
def test_what_cannot_be_understood_is_no_error_of_the_shop(kind: str) -> None:
    assert send(kind)[0] == 400


def test_a_shop_without_a_secret_takes_no_vouchers(settings: Any) -> None:
    settings.CAGNOTTE = {**settings.CAGNOTTE, "SECRET": ""}
    assert issue(secret="whsec_b3RoZXI=")[0] == 401
