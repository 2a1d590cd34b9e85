"""A member's account: profile and address, security, consents; and nobody else's."""

import re
from datetime import date
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.core.cache import cache
from django.test import Client

from cagnotte.domain.consents import Purpose
from cagnotte.identity import consents, people, profiles, security_events, terms
from cagnotte.identity.models import Member
from cagnotte.notices.models import Notice
from tests.portal.accounts.proofs import prove
from tests.portal.conftest import CHROME, NOW, Portal
from tests.portal.people import Person, signed_in

PASSKEY = {"name": "Phone", "credential": {}}


@pytest.fixture
def ana(portal: Portal) -> Person:
    cache.clear()
    person = signed_in("portal", "ana", now=NOW, name="Ana Silva", locale="en")
    prove(person, now=NOW)
    return person


def text(person: Person, path: str) -> str:
    answer = person.get(path)
    assert answer.status_code == 200, answer
    return str(answer.content.decode())


def code() -> str:
    (found,) = re.findall(r"^    (\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    return str(found)


def again(person: Person) -> Member:
    return Member.objects.get(id=person.member.id)


# ---- profile --------------------------------------------------------------------------------------------------


def test_what_one_says_of_oneself_is_kept(ana: Person, django_assert_max_num_queries: Any) -> None:
    with django_assert_max_num_queries(16):
        assert "Ana Silva" in text(ana, "account/")
    said = {"name": "Ana", "locale": "fr", "country": "pt", "birthday": "1988-07-01"}
    led = ana.post("account/profile/", said)
    assert led.status_code == 302
    assert (again(ana).name, again(ana).locale, again(ana).country) == ("Ana", "fr", "PT")
    assert profiles.birthday_of(ana.member.wallet_id) == date(1988, 7, 1)

    ana.post("account/profile/", {**said, "birthday": "", "country": ""})
    assert profiles.birthday_of(ana.member.wallet_id) is None
    refused = ana.post("account/profile/", {**said, "country": "F1", "locale": "xx"})
    assert refused.status_code == 200
    assert again(ana).country == ""


def test_another_address_counts_once_it_is_proven_and_the_old_one_is_told(ana: Person) -> None:
    ana.post("account/profile/address/", {"email": "Ana@New.example"})
    assert mail.outbox[-1].to == ["Ana@New.example"]
    assert again(ana).email == "ana@member.example"
    wrong = ana.post("account/profile/address/", {"code": "WRONG1"})
    assert "That is not the code we sent." in wrong.content.decode()
    ana.post("account/profile/address/", {"code": code()})

    assert again(ana).email == "ana@new.example"
    person = people.person_of("ana@new.example")
    assert person == ana.user
    assert person.username == "ana@new.example"
    assert EmailAddress.objects.get(user=ana.user).email == "ana@new.example"
    assert mail.outbox[-1].to == ["ana@member.example"]
    assert "ana@new.example" in str(mail.outbox[-1].body).lower()
    assert security_events.recent(ana.user)[0].kind == "email_changed"


def test_anothers_address_is_not_taken(ana: Person) -> None:
    signed_in("portal", "bob", now=NOW)
    ana.post("account/profile/address/", {"email": "bob@member.example"})
    ana.post("account/profile/address/", {"code": code()})

    assert "Another account signs in by this address." in text(ana, "account/profile/address/")
    assert again(ana).email == "ana@member.example"


# ---- security -------------------------------------------------------------------------------------------------


def test_an_app_is_added_its_codes_shown_and_removed(ana: Person) -> None:
    page = text(ana, "account/security/app/")
    assert "<svg" in page
    assert "data:image" not in page
    (secret,) = re.findall(r"data-copy>([A-Z2-7]{16,})<", page)
    wrong = ana.post("account/security/app/", {"code": "000000"})
    assert "Incorrect code" in wrong.content.decode()
    digits = str(format_hotp_value(hotp_value(secret, int(NOW.timestamp()) // 30)))
    led = ana.post("account/security/app/", {"code": digits})
    assert secret not in str(Authenticator.objects.get(type="totp").data)
    shown = ana.client.get(led["Location"]).content.decode()
    assert "Your app is on." in shown
    (first, *_) = re.findall(r"^(?:.*data-copy>)?(\w{8,})$", shown, re.MULTILINE)
    ana.post("account/security/recovery/")
    assert first not in text(ana, "account/security/recovery/")
    assert [one.kind for one in security_events.recent(ana.user)] == [
        "recovery_codes_generated",
        "totp_activated",
    ]

    ana.post("account/security/app/remove/")
    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "The authenticator app was removed"


def test_a_password_is_set_changed_and_done_without(ana: Person) -> None:
    ana.user.set_unusable_password()
    ana.user.save()
    ana.client.force_login(ana.user)
    prove(ana, now=NOW)
    weak = ana.post("account/security/password/", {"password": "12345678"})
    assert "too common" in weak.content.decode()
    for told in ({"password": "long enough to hold"}, {"password": "another that holds"}):
        assert ana.post("account/security/password/", told).status_code == 302
    ana.user.refresh_from_db()
    assert ana.user.check_password("another that holds")
    ana.post("account/security/password/", {"act": "remove"})
    ana.user.refresh_from_db()

    assert not ana.user.has_usable_password()
    assert text(ana, "account/security/")
    assert [one.subject for one in mail.outbox] == [
        "Your account has a password",
        "Your password has changed",
        "Your password has changed",
    ]


def test_a_passkey_is_named_and_removed(ana: Person) -> None:
    row = Authenticator.objects.create(user=ana.user, type="webauthn", data=PASSKEY)
    where = f"account/security/passkeys/{row.pk}/"
    ana.post(where, {"name": "My telephone"})
    assert "My telephone" in text(ana, "account/security/")
    ana.post(where, {"act": "remove"})

    assert not Authenticator.objects.exists()
    assert mail.outbox[-1].subject == "A passkey was removed"


def test_what_is_no_passkey_is_not_added(ana: Person) -> None:
    options = ana.get("account/security/passkeys/new/options/").json()["publicKey"]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    for credential in ("", "{}", "no JSON", '{"id": "x", "response": {}}'):
        ana.post("account/security/passkeys/new/", {"credential": credential})
    assert not Authenticator.objects.exists()


def test_one_signs_out_elsewhere(ana: Person, django_assert_max_num_queries: Any) -> None:
    phone = Client(headers={"User-Agent": "Mozilla/5.0 (Android 15; Mobile) Firefox/140.0"})
    phone.force_login(ana.user)
    phone.get("/p/portal/account/")
    ana.get("account/")
    with django_assert_max_num_queries(19):
        page = text(ana, "account/security/")
    assert "Firefox, Android" in page
    assert "Chrome, Windows" in page
    (number,) = re.findall(r'name="session" value="(\d+)"', page)
    ana.post("account/security/sessions/", {"session": number})

    assert phone.get("/p/portal/account/").status_code == 302
    assert ana.get("account/").status_code == 200
    (told,) = Notice.objects.filter(wallet_id=ana.member.wallet_id)
    assert told.facts == {"what": "sessions_ended", "detail": "Firefox, Android"}


def test_everywhere_else_is_told_once_and_nowhere_is_not_told(ana: Person) -> None:
    for _ in range(2):
        phone = Client(headers={"User-Agent": CHROME})
        phone.force_login(ana.user)
        phone.get("/p/portal/account/")
    ana.get("account/")
    for _ in range(2):
        ana.post("account/security/sessions/")
    assert phone.get("/p/portal/account/").status_code == 302
    assert ana.get("account/").status_code == 200
    assert [row.facts["what"] for row in Notice.objects.all()] == ["sessions_ended"]


ASKING = [
    "account/profile/address/",
    "account/security/password/",
    "account/security/app/",
    "account/security/passkeys/new/",
]


def test_what_would_hurt_asks_for_a_proof_first(portal: Portal) -> None:
    eve = signed_in("portal", "eve", now=NOW)
    for path in ASKING:
        for answer in (eve.get(path), eve.post(path, {"password": "long enough to hold"})):
            assert answer["Location"].startswith("/p/portal/account/confirm/"), path
    assert eve.get("account/security/passkeys/new/options/").status_code == 403
    Authenticator.objects.create(user=eve.user, type="totp", data={"secret": ""})
    prove(eve, now=NOW)
    for path in ("account/security/app/remove/", "account/security/recovery/"):
        assert eve.post(path)["Location"].startswith("/p/portal/account/confirm/"), path
    assert Authenticator.objects.filter(user=eve.user).count() == 1


def test_anothers_passkeys_and_sessions_do_not_exist(ana: Person) -> None:
    row = Authenticator.objects.create(user=ana.user, type="webauthn", data=PASSKEY)
    ana.get("account/")
    (number,) = re.findall(r"\d+", str(list(ana.user.usersession_set.values_list("pk", flat=True))))
    eve = signed_in("portal", "eve", now=NOW)
    prove(eve, now=NOW)
    for answer in (
        eve.get(f"account/security/passkeys/{row.pk}/"),
        eve.post(f"account/security/passkeys/{row.pk}/", {"act": "remove"}),
    ):
        assert answer.status_code == 404
    eve.post("account/security/sessions/", {"session": number})
    visitor = Client(headers={"User-Agent": CHROME})

    assert not Notice.objects.exists()
    assert ana.get("account/").status_code == 200
    assert Authenticator.objects.filter(pk=row.pk).exists()
    assert visitor.get(f"/p/portal/account/security/passkeys/{row.pk}/").status_code == 302


# ---- consents -------------------------------------------------------------------------------------------------


def test_consents_are_given_and_taken_back_and_every_act_is_shown(
    ana: Person, django_assert_max_num_queries: Any
) -> None:
    ana.post("account/consents/", {"marketing": "on"})
    ana.post("account/consents/", {"marketing": "on"})
    ana.post("account/consents/", {"analytics": "on"})
    acts = [(one.purpose, one.granted) for one in consents.history(ana.member.wallet_id)]
    assert acts == [
        (Purpose.MARKETING, True),
        (Purpose.MARKETING, False),
        (Purpose.ANALYTICS, True),
    ]
    with django_assert_max_num_queries(14):
        page = text(ana, "account/consents/")
    assert "Agreed: Write to me about offers" in page
    assert "Taken back: Write to me about offers" in page


def test_terms_that_changed_are_accepted_anew(ana: Person) -> None:
    terms.accept(
        programme_id=ana.member.programme_id,
        wallet_id=ana.member.wallet_id,
        version="long ago",
        source="joining",
        now=NOW,
    )
    assert "The terms have a new version" in text(ana, "account/consents/")
    ana.post("account/consents/", {"act": "terms"})

    assert len(terms.accepted(ana.member.wallet_id)) == 2
    assert "The terms have a new version" not in text(ana, "account/consents/")
