"""The page by which members bring friends."""

from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from PIL import Image

from cagnotte.growth import referrals
from cagnotte.platform.shared_connection import shared_connection
from tests.portal.conftest import NOW, Portal
from tests.portal.people import enrol, signed_in


def test_a_member_finds_link_code_and_words_to_share(
    portal: Portal, django_assert_max_num_queries: Any
) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    code = referrals.shown(referrals.code_of(ana.member.wallet, now=NOW))

    with django_assert_max_num_queries(16):
        page = ana.get("refer/").content.decode()

    assert f"http://testserver/p/portal/join/?sponsor={code}" in page
    assert "<svg" in page
    assert "pays no reward for friends at present" in page
    assert "Nobody has joined with your link yet" in page
    assert "style=" not in page


def test_a_friend_is_shown_without_a_name(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    bob = enrol("portal", "bob", now=NOW, name="Bob Martin", email="bob@member.example")
    code = referrals.code_of(ana.member.wallet, now=NOW)
    referrals.note_friend(
        shared_connection(),
        programme_id=portal.id,
        code=code,
        friend_wallet_id=bob.wallet_id,
        now=NOW,
    )

    page = ana.get("refer/").content.decode()

    assert "Friend 1" in page
    assert "joined in March 2026" in page
    assert "Bob" not in page
    assert "bob" not in page
    assert str(bob.wallet_id) not in page


def test_members_share_their_own_code(portal: Portal) -> None:
    ana, bob = (signed_in("portal", ref, now=NOW) for ref in ("ana", "bob"))
    code = referrals.shown(referrals.code_of(ana.member.wallet, now=NOW))

    assert code not in bob.get("refer/").content.decode()


@pytest.mark.parametrize("kind", ["svg", "png"])
def test_the_code_can_be_saved_for_print(portal: Portal, kind: str) -> None:
    ana = signed_in("portal", "ana", now=NOW)

    saved = ana.get(f"refer/qr.{kind}")

    assert saved["Content-Disposition"].startswith("attachment; filename*=UTF-8''portal-friends.")
    if kind == "png":
        assert Image.open(BytesIO(saved.content)).size[0] > 300
    else:
        assert saved.content.startswith(b"<?xml")


@pytest.mark.parametrize("path", ["refer/", "refer/qr.svg"])
def test_who_is_signed_out_is_led_to_sign_in(portal: Portal, path: str) -> None:
    response = Client().get(f"/p/portal/{path}")

    assert response.status_code == 302
    assert response["Location"].startswith("/p/portal/sign-in/?next=")
