"""Keys on the developer's pages: shown once, rotated, revoked; live and test beside each other."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from cagnotte.domain import ids
from cagnotte.identity import api_keys
from cagnotte.identity.models import ApiKey, Programme
from tests.desk.conftest import NOW, Desk

FORM: dict[str, Any] = {"name": "web shop", "mode": "test", "kind": "secret"}


def secret_in(page: bytes) -> str:
    (found,) = set(re.findall(r"cag_(?:live|test)_[sp]k_[0-9a-z]{50}", page.decode()))
    return str(found)


def call(secret: str, path: str = "/v1/programme") -> int:
    return Client().get(path, headers={"Authorization": f"Bearer {secret}"}).status_code


def test_a_key_is_shown_once_and_opens_the_sandbox(desk: Desk) -> None:
    made = desk.send("developer", "keys/new/", **FORM)

    secret = secret_in(made.content)
    assert secret.startswith("cag_test_sk_")
    row = ApiKey.objects.select_related("programme").get()
    assert (row.name, row.programme.slug, row.created_by) == (
        "web shop", "corner-sandbox", "developer@example.org",
    )  # fmt: skip
    assert call(secret) == 200
    assert "no-store" in made["Cache-Control"]
    listed = desk.read("developer", "keys/")
    assert secret not in listed
    assert f"cag_test_sk_…{secret[-4:]}" in listed


def test_a_live_key_may_do_what_was_chosen_for_as_long_as_was_said(desk: Desk) -> None:
    form = {**FORM, "mode": "live", "scopes": ["quotes:read", "members:read"], "days": "30"}
    desk.send("owner", "keys/new/", **form)

    row = ApiKey.objects.get()
    assert (row.programme, row.scopes) == (desk.corner, ["quotes:read", "members:read"])
    assert row.expires_at is not None
    assert row.expires_at - row.created_at == timedelta(days=30)
    assert not Programme.objects.filter(sandbox_of=desk.corner.id).exists()


def test_a_publishable_key_names_its_pages(desk: Desk) -> None:
    origins = "https://shop.example\r\nhttps://Other.example/\r\n"
    desk.send("owner", "keys/new/", **{**FORM, "kind": "publishable", "origins": origins})

    assert ApiKey.objects.get().origins == ["https://other.example", "https://shop.example"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"name": ""}, "This field is required."),
        ({"kind": "publishable", "origins": "shop.example"}, "“shop.example” is no origin"),
        ({"origins": "https://shop.example"}, "it has no origins"),
        ({"kind": "publishable", "scopes": ["members:read"]}, "is no scope of such a key"),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"mode": "other"}, "Select a valid choice"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused_beside_its_field(
    desk: Desk, wrong: dict[str, Any], sentence: str
) -> None:
    answer = desk.send("owner", "keys/new/", **{**FORM, **wrong})

    assert answer.status_code == 422
    assert sentence in html.unescape(answer.content.decode())
    assert 'aria-invalid="true"' in answer.content.decode() or "field-error" in (
        answer.content.decode()
    )
    assert not ApiKey.objects.exists()


def test_a_rotated_key_stays_valid_beside_the_new_one(desk: Desk) -> None:
    old = api_keys.make(desk.corner, name="shop", now=NOW)
    path = f"keys/{ids.public_id('key', old.row.id)}/rotate/"
    assert "may have leaked" in desk.read("developer", path)

    new = secret_in(desk.send("developer", path, hours="24").content)

    assert new != old.secret
    assert (call(old.secret), call(new)) == (200, 200)
    again = desk.send("developer", path, hours="24")
    assert again.status_code == 302
    assert ApiKey.objects.count() == 2


def test_a_key_that_leaked_ends_at_once(desk: Desk) -> None:
    old = api_keys.make(desk.corner, name="shop", now=NOW)

    new = secret_in(
        desk.send("owner", f"keys/{ids.public_id('key', old.row.id)}/rotate/", hours="0").content
    )

    assert (call(old.secret), call(new)) == (401, 200)


def test_an_overlap_that_is_not_offered_rotates_nothing(desk: Desk) -> None:
    old = api_keys.make(desk.corner, name="shop", now=NOW)
    desk.send("owner", f"keys/{ids.public_id('key', old.row.id)}/rotate/", hours="99999")

    assert ApiKey.objects.count() == 1
    assert call(old.secret) == 200


def test_a_key_is_revoked_once_that_is_confirmed(desk: Desk) -> None:
    made = api_keys.make(desk.corner, name="shop", now=NOW)
    path = f"keys/{ids.public_id('key', made.row.id)}/revoke/"

    assert "It was never used." in desk.read("owner", path)
    assert call(made.secret) == 200
    desk.send("owner", path)
    assert call(made.secret) == 401
    assert "revoked" in desk.read("owner", "keys/")
