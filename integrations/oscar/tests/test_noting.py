"""What is noted, and what is told of it."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from oscar.core.loading import get_class, get_model
from pytest_django.fixtures import Settings

from cagnotte_oscar import checks, listening
from cagnotte_oscar.conf import conf
from cagnotte_oscar.content import content_of
from cagnotte_oscar.models import OrderToTell
from tests.conftest import make_order

Refund = Callable[..., None]


def row() -> OrderToTell:
    return OrderToTell.objects.get()


def told() -> dict[str, Any]:
    return content_of(row(), conf())


def test_an_order_that_is_rolled_back_was_never_noted(db: None) -> None:
    with transaction.atomic():
        make_order()
        assert OrderToTell.objects.count() == 1
        transaction.set_rollback(True)
    assert OrderToTell.objects.count() == 0


def test_each_change_is_counted(order: Any, refund: Refund) -> None:
    counts = [row().changes]
    order.set_status("Being processed")
    counts.append(row().changes)
    refund(order, "3.00", 1)
    counts.append(row().changes)
    line = order.lines.get()
    line.title = "Another"
    line.save()
    counts.append(row().changes)
    assert counts == sorted(set(counts))
    assert row().told == 0


def test_a_payment_that_is_no_refund_changes_nothing(order: Any) -> None:
    before = row().changes
    kind = get_model("order", "PaymentEventType").objects.create(name="Settled")
    get_class("order.processing", "EventHandler")().handle_payment_event(order, kind, Decimal(9))
    assert row().changes == before


def test_the_shop_can_say_what_led_to_an_order(order: Any) -> None:
    listening.remember(order, click="k7m2p9q4", member="M-7")
    assert (told()["click"], told()["member"]) == ("k7m2p9q4", "M-7")
    with pytest.raises(ValueError, match="no click"):
        listening.remember(order, click="<script>")
    assert row().click == "k7m2p9q4"


# ---- what is told ----


def test_an_order_is_told_with_its_articles_and_refunds(order: Any, refund: Refund) -> None:
    refund(order, "3.00", 1)
    line = order.lines.get()
    assert told()["lines"] == [
        {
            "number": line.pk, "sku": line.partner_sku, "quantity": 1, "amount": "10.00",
            "discount": "0.00", "tax": "0.00", "category": "",
        }
    ]  # fmt: skip
    assert [(one["amount"], one["lines"]) for one in told()["refunds"]] == [
        ("3.00", [{"number": line.pk, "quantity": 1}])
    ]
    assert (told()["number"], told()["currency"], told()["state"]) == ("100017", "EUR", "")


def test_a_number_is_a_text_also_while_its_order_is_being_made(order: Any) -> None:
    assert isinstance(order.number, int), "as Oscar's generator makes it"
    waiting = row()
    waiting.order = order
    assert content_of(waiting, conf())["number"] == "100017"


def test_a_status_means_what_the_setting_says(order: Any, settings: Settings) -> None:
    order.set_status("Cancelled")
    assert (told()["state"], told()["reason"]) == ("declined", "cancelled")
    settings.CAGNOTTE = {"STATUSES": {"Cancelled": ("declined", "returned")}}
    assert (told()["state"], told()["reason"]) == ("declined", "returned")
    settings.CAGNOTTE = {}
    assert (told()["state"], told()["reason"], told()["status"]) == ("", "", "Cancelled")


def test_an_address_is_told_only_where_the_shop_wants_it(db: None, settings: Settings) -> None:
    make_order(guest_email="ana@mail.example")
    assert told()["email"] == ""
    settings.CAGNOTTE = {"SEND_EMAIL": True}
    assert told()["email"] == "ana@mail.example"


def test_an_article_that_is_gone_leaves_its_line(order: Any) -> None:
    order.lines.get().product.delete()
    assert [line["category"] for line in told()["lines"]] == [""]


# ---- clicks ----


def test_a_click_is_kept_in_a_cookie_that_scripts_cannot_read(db: None) -> None:
    answer = Client().get("/catalogue/", {"cagnotte_click": "k7m2p9q4"}, secure=True)
    cookie = answer.cookies["cagnotte_click"]
    assert cookie.value == "k7m2p9q4"
    assert cookie["httponly"]
    assert cookie["secure"]
    assert (cookie["samesite"], cookie["max-age"]) == ("Lax", 30 * 24 * 3600)


@pytest.mark.parametrize("click", ["", "a b", "<script>", "x" * 65])
def test_what_is_no_click_is_not_kept(db: None, click: str) -> None:
    answer = Client().get("/catalogue/", {"cagnotte_click": click})
    assert "cagnotte_click" not in answer.cookies


def test_a_click_is_known_only_within_its_own_request(db: None) -> None:
    Client().get("/catalogue/", {"cagnotte_click": "k7m2p9q4"})
    make_order()
    assert row().click == ""


# ---- the setting ----

RIGHT = {"URL": "https://c.example/in", "SECRET": "s"}


@pytest.mark.parametrize(
    ("setting", "found"),
    [
        ({**RIGHT, "STATUSES": {"Complete": "confirmed"}}, []),
        ({**RIGHT, "STATUSES": {"Cancelled": ("declined", "returned")}}, []),
        ({**RIGHT, "SECRETS": "t"}, ["cagnotte.E001"]),
        ({**RIGHT, "STATUSES": {"Complete": "done"}}, ["cagnotte.E002"]),
        ({**RIGHT, "STATUSES": {"Cancelled": ("declined", "bored")}}, ["cagnotte.E002"]),
        ({**RIGHT, "STATUSES": {"Done": "confirmed"}}, ["cagnotte.W003"]),
        ({}, ["cagnotte.W001"]),
        ({**RIGHT, "URL": "http://c.example/in"}, ["cagnotte.W002"]),
    ],
)
def test_what_is_wrong_with_the_setting_is_found(
    settings: Settings, setting: dict[str, Any], found: list[str]
) -> None:
    settings.CAGNOTTE = setting
    assert [one.id for one in checks.check()] == found
