"""How orders are told: signed, once, again until they are taken, and never at the expense of a checkout."""

import base64
import hashlib
import hmac
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django.fixtures import Settings

from cagnotte_oscar import sending
from cagnotte_oscar.models import OrderToTell
from tests.conftest import Cagnotte, make_order

SECRET = b"secret of the shop"


def row() -> OrderToTell:
    return OrderToTell.objects.get()


def wait_is_over() -> None:
    OrderToTell.objects.update(due_at=sending.now())


def test_a_message_is_signed_after_the_standard(order: Any, cagnotte: Cagnotte) -> None:
    assert sending.send_due() == (1, 0)
    headers, body = cagnotte.asked[0]
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = base64.b64encode(hmac.new(SECRET, content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert headers["webhook-id"] == f"100017.{row().changes}"


def test_what_was_taken_is_not_told_again(order: Any, cagnotte: Cagnotte) -> None:
    sending.send_due()
    assert sending.send_due() == (0, 0)
    assert len(cagnotte.asked) == 1


def test_several_saves_of_one_transaction_are_one_message_right_after_it(
    db: None,
    cagnotte: Cagnotte,
    settings: Settings,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.CAGNOTTE = {**settings.CAGNOTTE, "SEND_AT_ONCE": True}
    with django_capture_on_commit_callbacks(execute=True):
        make_order().set_status("Being processed")
        assert cagnotte.asked == []
    assert [one["status"] for one in cagnotte.orders] == ["Being processed"]


def test_a_save_that_changes_nothing_is_not_told(order: Any, cagnotte: Cagnotte) -> None:
    sending.send_due()
    order.save()
    assert sending.send_due() == (0, 0)
    assert len(cagnotte.asked) == 1
    assert row().told == row().changes


def test_a_message_comes_again_under_its_name_until_it_is_taken(
    order: Any, cagnotte: Cagnotte
) -> None:
    cagnotte.refuse(500, 404)
    for pause in sending.DELAYS[:2]:
        assert sending.send_due() == (0, 1)
        assert sending.send_due() == (0, 0), "not before the pause is over"
        assert pause - timedelta(seconds=20) < row().due_at - sending.now() <= pause
        wait_is_over()
    assert row().last_error == "status 404"
    assert sending.send_due() == (1, 0)
    assert len({headers["webhook-id"] for headers, _ in cagnotte.asked}) == 1
    assert (row().attempts, row().last_error) == (0, "")


def test_pauses_grow_to_a_day_and_nothing_is_given_up(order: Any, cagnotte: Cagnotte) -> None:
    cagnotte.refuse(*[500] * 10)
    for _ in range(10):
        sending.send_due()
        left = row().due_at - sending.now()
        wait_is_over()
    assert timedelta(hours=23) < left <= timedelta(hours=24)
    assert sending.send_due() == (1, 0)


def test_when_nobody_answers_the_reason_is_kept(order: Any) -> None:
    assert sending.send_due() == (0, 1)
    assert "Error" in row().last_error
    assert row().told == 0


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(
    order: Any, cagnotte: Cagnotte, elsewhere: Cagnotte, status: int
) -> None:
    cagnotte.refuse(status, location=elsewhere.url)
    assert sending.send_due() == (0, 1)
    assert elsewhere.asked == []


def test_two_senders_do_not_tell_the_same_order_at_once(
    order: Any, cagnotte: Cagnotte, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    def post(*_: Any) -> str:
        seen.append(sending.send(order.pk))
        return ""

    monkeypatch.setattr(sending, "_post", post)
    assert sending.send(order.pk) is True
    assert seen == [None]


def test_what_changes_while_it_is_told_is_told_next(
    order: Any, cagnotte: Cagnotte, monkeypatch: pytest.MonkeyPatch
) -> None:
    def post(*_: Any) -> str:
        order.set_status("Cancelled")
        return ""

    with monkeypatch.context() as patched:
        patched.setattr(sending, "_post", post)
        sending.send(order.pk)
    assert row().told < row().changes
    assert sending.send_due() == (1, 0)
    assert [one["state"] for one in cagnotte.orders] == ["declined"]


def test_versions_grow_with_what_is_told(
    order: Any, refund: Callable[..., None], cagnotte: Cagnotte
) -> None:
    sending.send_due()
    order.set_status("Being processed")
    sending.send_due()
    refund(order, "3.00")
    sending.send_due()
    versions = [one["version"] for one in cagnotte.orders]
    assert versions == sorted(set(versions))
    assert [len(one["refunds"]) for one in cagnotte.orders] == [0, 0, 1]


# ---- the command ----


def run_command(*arguments: str) -> str:
    written = StringIO()
    call_command("cagnotte_send", *arguments, stdout=written)
    return written.getvalue().strip()


def test_the_command_says_what_it_did(order: Any, cagnotte: Cagnotte) -> None:
    assert run_command() == "1 told, 0 failed, 0 waiting."


def test_the_command_fails_when_something_was_not_taken(order: Any, cagnotte: Cagnotte) -> None:
    cagnotte.refuse(503)
    with pytest.raises(CommandError, match="tried again later"):
        run_command()


def test_the_command_tells_again_and_what_was_bought_before_the_app_came(
    order: Any, cagnotte: Cagnotte
) -> None:
    OrderToTell.objects.all().delete()
    assert run_command("--since", "2020-01-01") == "1 noted again, 1 told, 0 failed, 0 waiting."
    run_command("--order", "100017")
    assert len(cagnotte.asked) == 2


def test_the_command_needs_to_know_whom_to_tell(db: None, settings: Settings) -> None:
    settings.CAGNOTTE = {}
    with pytest.raises(CommandError, match="URL and SECRET"):
        run_command()
