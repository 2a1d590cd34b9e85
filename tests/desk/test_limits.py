"""Limits on attempts: counted by all processes together, one by one, in a place that nobody can flush."""

import re
import secrets

import pytest
from django.core import mail
from django.core.cache import cache, caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from tests.desk.conftest import Desk
from tests.desk.test_signing_in import CODE_PAGE, ask_code, code_in, give_code
from tests.portal.people import codes_at_once

OWNER = "owner@example.org"
SEEN = "cagnotte.desk.signing_in.SeenNowAndThen"


def test_requests_with_any_cookie_do_not_flush_what_was_counted(desk: Desk) -> None:
    for _ in range(3):
        ask_code(Client(), OWNER)
    remembered = dict(caches["seen"]._cache)  # type: ignore[attr-defined]
    for _ in range(320):
        browser = Client()
        browser.cookies["sessionid"] = secrets.token_hex(16)
        assert browser.get("/developers/errors/").status_code == 200
    assert dict(caches["seen"]._cache) == remembered  # type: ignore[attr-defined]
    ask_code(Client(), OWNER)
    assert len(mail.outbox) == 3


def test_every_process_sees_what_the_others_counted(db: None) -> None:
    here, there = caches.create_connection("default"), caches.create_connection("default")
    assert here.add("x", 1, 60)
    assert not there.add("x", 2, 60)
    assert there.get("x") == 1
    there.delete("x")
    assert here.get("x") is None


def test_nothing_that_still_counts_is_thrown_out_and_all_that_is_over_goes(db: None) -> None:
    cache.clear()
    for number in range(400):
        cache.set(f"over-{number}", number, -5)
    for number in range(400):
        cache.set(f"kept-{number}", number, 3600)
    assert [cache.get(f"kept-{number}") for number in range(400)] == list(range(400))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM identity_sharedcache")
        assert cursor.fetchone() == (400,)
    cache.clear()


def test_a_page_of_who_is_signed_in_asks_the_database_no_more_than_without(
    desk: Desk, settings: Settings
) -> None:
    client = desk.person("ana", desk.corner, "owner")
    client.get("/developers/")
    with CaptureQueriesContext(connection) as with_it:
        client.get("/developers/")
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if one != SEEN]
    client.handler.load_middleware()
    with CaptureQueriesContext(connection) as without:
        client.get("/developers/")
    assert len(with_it) == len(without)
    assert not [one for one in with_it if "sharedcache" in one["sql"]]


@pytest.mark.parametrize("path", [CODE_PAGE, "/accounts/password/reset/"])
def test_wrong_codes_sent_all_at_once_are_counted_one_by_one(desk: Desk, path: str) -> None:
    client = Client()
    client.post(path, {"email": OWNER})
    (code,) = re.findall(r"^ *([A-Z]{4}-[A-Z]{4})$", str(mail.outbox[-1].body), re.MULTILINE)
    at_once = codes_at_once(client, f"{path}confirm/")

    for _ in range(3):
        at_once("WRONG1")
    right = at_once(code)
    assert right.status_code == 200
    assert client.get("/developers/p/corner/").status_code == 302
    assert client.get("/accounts/password/reset/complete/").status_code == 302
    assert "_auth_user_id" not in client.session


def test_a_code_asked_for_once_more_may_be_tried_and_counts_as_sent(desk: Desk) -> None:
    client = Client()
    ask_code(client, OWNER)
    for _ in range(2):
        give_code(client, "WRONG1")
    client.post(f"{CODE_PAGE}confirm/", {"action": "resend"})
    ask_code(Client(), OWNER)
    assert len(mail.outbox) == 3
    refused = client.post(f"{CODE_PAGE}confirm/", {"action": "resend"}, follow=True)
    assert "Be patient" in refused.content.decode()
    ask_code(Client(), OWNER)
    assert len(mail.outbox) == 3
    give_code(client, code_in(str(mail.outbox[1].body)))
    assert client.get("/developers/p/corner/").status_code == 200


def test_no_address_on_the_network_is_kept(desk: Desk) -> None:
    ask_code(Client(), OWNER)
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM identity_sharedcache")
        names = [name for (name,) in cursor.fetchall()]
    assert len(names) == 2
    assert not [name for name in names if "127.0.0.1" in name or ":" in name]
