"""Signing in to a portal: by a code, a password, with a second step; where it leads, and what is told of it."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test import Client
from pytest_django import Settings

from cagnotte.platform.secrets_box import seal
from cagnotte.tracking.models import Click
from tests.portal.conftest import CHROME, NOW, Portal
from tests.portal.people import Person, signed_in

ANA = "ana@member.example"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
PASSWORD = "long enough to hold"


@pytest.fixture
def ana(portal: Portal) -> Person:
    cache.clear()
    return signed_in("portal", "ana", now=NOW)


def code() -> str:
    (found,) = re.findall(r"^    (\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    return str(found)


def come_in(client: Client, **form: str) -> Any:
    client.post("/p/portal/sign-in/", {"email": ANA, **form})
    return client.post("/p/portal/sign-in/code/", {"code": code()})


def is_in(client: Client) -> bool:
    return client.get("/p/portal/account/").status_code == 200


def digits() -> str:
    return str(format_hotp_value(hotp_value(SECRET, int(NOW.timestamp()) // 30)))


def test_a_code_leads_to_where_one_wanted_to_go(ana: Person, portal: Portal) -> None:
    asked = portal.client.get("/p/portal/account/profile/")
    assert asked["Location"] == "/p/portal/sign-in/?next=%2Fp%2Fportal%2Faccount%2Fprofile%2F"
    led = come_in(portal.client, next="/p/portal/account/profile/")
    there = portal.client.get(led["Location"])

    assert there["Location"] == "/p/portal/account/profile/"
    assert is_in(portal.client)


@pytest.mark.parametrize("bad", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
def test_it_leads_to_no_other_server(ana: Person, portal: Portal, bad: str) -> None:
    led = come_in(portal.client, next=bad)
    assert portal.client.get(led["Location"])["Location"] == "/p/portal/"
    straight = portal.client.get("/p/portal/arrive/", {"next": bad})
    assert straight["Location"] == "/p/portal/"


def test_clicks_before_signing_in_are_the_members(ana: Person, portal: Portal) -> None:
    portal.go()
    led = come_in(portal.client)
    portal.client.get(led["Location"])
    portal.go("tea/green")

    assert {click.wallet_id for click in Click.objects.filter(offer_ref="tea/green")} == {
        ana.member.wallet_id
    }


def test_another_code_makes_the_one_before_worthless(ana: Person, portal: Portal) -> None:
    portal.client.post("/p/portal/sign-in/", {"email": ANA})
    first = code()
    portal.client.post("/p/portal/sign-in/code/", {"act": "send"})
    wrong = portal.client.post("/p/portal/sign-in/code/", {"code": first})
    assert "That is not the code we sent." in wrong.content.decode()
    portal.client.post("/p/portal/sign-in/code/", {"code": code()})

    assert is_in(portal.client)


def test_an_old_code_leads_back_to_the_beginning(ana: Person, portal: Portal) -> None:
    portal.client.post("/p/portal/sign-in/", {"email": ANA})
    with time_machine.travel(NOW + timedelta(minutes=11), tick=False):
        led = portal.client.post("/p/portal/sign-in/code/", {"code": code()})
        assert led["Location"] == "/p/portal/sign-in/"
        assert "That code is over." in portal.client.get(led["Location"]).content.decode()
    assert not is_in(portal.client)


def test_too_many_codes_are_said_so(ana: Person, portal: Portal) -> None:
    for _ in range(3):
        portal.client.post("/p/portal/sign-in/", {"email": ANA})
    last = portal.client.post("/p/portal/sign-in/", {"email": ANA})
    assert last.status_code == 429
    assert "That was a lot of codes" in last.content.decode()


def test_a_mail_server_that_is_away_is_said_so_in_the_portals_look(
    ana: Person, portal: Portal, settings: Settings
) -> None:
    settings.EMAIL_BACKEND = "tests.portal.accounts.proofs.NoMail"
    answer = portal.client.post("/p/portal/sign-in/", {"email": ANA})
    assert answer.status_code == 503
    assert "The mail could not be sent" in answer.content.decode()
    assert "nav-portal" in answer.content.decode()


def test_mails_come_in_the_programmes_name_and_the_pages_language(
    ana: Person, portal: Portal
) -> None:
    portal.client.post("/p/portal/sign-in/?lang=fr", {"email": ANA})
    (told,) = mail.outbox
    assert told.from_email == "A portal <cagnotte@localhost>"
    assert "Votre code" in str(told.body)
    assert code() in told.subject


def test_a_password_that_was_set_lets_in(ana: Person, portal: Portal) -> None:
    ana.user.set_password(PASSWORD)
    ana.user.save()
    shown = portal.client.get("/p/portal/sign-in/password/", {"next": "/p/portal/account/"})
    (to,) = re.findall(r'name="next" value="([^"]+)"', shown.content.decode())
    wrong = portal.client.post("/p/portal/sign-in/password/", {"login": ANA, "password": "x"})
    assert "not correct" in wrong.content.decode()
    led = portal.client.post(
        "/p/portal/sign-in/password/",
        {"login": ANA, "password": PASSWORD, "next": to.replace("&amp;", "&")},
    )
    assert portal.client.get(led["Location"])["Location"] == "/p/portal/account/"


def test_who_has_an_app_is_asked_for_its_digits_in_the_portals_look(
    ana: Person, portal: Portal
) -> None:
    Authenticator.objects.create(user=ana.user, type="totp", data={"secret": seal(SECRET)})
    led = come_in(portal.client)
    assert led["Location"] == "/accounts/second-factor/authenticate/"
    shown = portal.client.get(led["Location"]).content.decode()
    assert "nav-portal" in shown
    assert not is_in(portal.client)
    done = portal.client.post(led["Location"], {"code": digits()})

    assert done["Location"].startswith("/p/portal/arrive/")
    assert is_in(portal.client)


def test_a_passkey_alone_asks_for_nothing_more_after_a_code(ana: Person, portal: Portal) -> None:
    Authenticator.objects.create(user=ana.user, type="webauthn", data={"name": "x"})
    come_in(portal.client)
    assert is_in(portal.client)


def test_a_sign_in_from_a_new_device_is_told_by_mail(ana: Person, portal: Portal) -> None:
    come_in(portal.client)
    come_in(Client(headers={"User-Agent": CHROME}))
    assert len(mail.outbox) == 2
    phone = Client(headers={"User-Agent": "Mozilla/5.0 (Android 15; Mobile) Firefox/140.0"})
    come_in(phone)

    told = mail.outbox[-1]
    assert told.subject == "A sign-in from a device that is new"
    assert "Firefox, Android" in str(told.body)


def test_signing_out_ends_the_session(ana: Person) -> None:
    assert is_in(ana.client)
    assert "Sign out here?" in ana.get("sign-out/").content.decode()
    assert is_in(ana.client)
    left = ana.post("sign-out/")
    assert left["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_in(ana.client)
    # A picture on a page elsewhere can ask for an address, and must not clear what a visitor has.
    assert "Clear-Site-Data" not in ana.get("sign-out/")


def test_a_passkey_nobody_knows_lets_nobody_in(ana: Person, portal: Portal) -> None:
    asked = portal.client.get("/p/portal/sign-in/passkey-options/").json()
    assert asked["publicKey"]["userVerification"] == "required"
    led = portal.client.post("/p/portal/sign-in/passkey/", {"credential": "{}"})
    shown = portal.client.get(led["Location"]).content.decode()
    assert "This passkey is not known here." in shown
    assert not is_in(portal.client)


def test_what_does_not_exist_is_said_so_in_the_portals_look(ana: Person) -> None:
    answer = ana.get("account/security/passkeys/1/")
    assert answer.status_code == 404
    assert "nav-portal" in answer.content.decode()
