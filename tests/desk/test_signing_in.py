"""Signing in: by a code that a mail server really carries, by a password, with a second factor; limits and sessions."""

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.core import mail
from django.test import Client
from pytest_django import Settings

from cagnotte.identity import services, staff
from tests.desk.conftest import NOW, Desk
from tests.mail_server import MailServer
from tests.mail_server import mail_server as serving

CODE_PAGE = "/accounts/login/code/"
PASSWORD = "long enough to hold"


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """A mail server on this machine, which Cagnotte is told to use."""
    with serving(settings) as server:
        yield server


def code_in(text: str) -> str:
    (found,) = re.findall(r"^    (\S+)\r?$", text, re.MULTILINE)
    return str(found)


def ask_code(client: Client, email: str, **headers: str) -> Any:
    return client.post(CODE_PAGE, {"email": email}, headers=headers)


def give_code(client: Client, code: str) -> Any:
    return client.post(f"{CODE_PAGE}confirm/", {"code": code})


def test_a_code_sent_by_mail_lets_an_invited_person_in(desk: Desk, mail_server: MailServer) -> None:
    staff.invite(email="New@Example.org", programme=desk.corner, role="developer", now=NOW)
    client = Client()
    page = "/developers/p/corner/keys/"
    asked = client.get(page)
    assert asked["Location"] == f"{CODE_PAGE}?next={page}"

    sent = client.post(asked["Location"], {"email": "new@example.org", "next": page})
    (told,) = mail_server.mails
    assert told["To"] == "new@example.org"
    code = code_in(told.get_payload(decode=True).decode())  # type: ignore[union-attr]
    assert code in str(told["Subject"])
    led = client.post(sent["Location"], {"code": code.lower(), "next": page})

    assert led["Location"] == page
    assert client.get(page).status_code == 200


def test_the_mail_speaks_the_language_of_the_page(desk: Desk, mail_server: MailServer) -> None:
    ask_code(Client(), "owner@example.org", **{"Accept-Language": "fr"})

    (told,) = mail_server.mails
    text = told.get_payload(decode=True).decode()  # type: ignore[union-attr]
    assert "Votre code pour vous connecter" in text


def test_a_mail_server_that_is_away_is_said_so(desk: Desk, settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answer = ask_code(Client(), "owner@example.org")

    assert answer.status_code == 503
    assert "The mail could not be sent" in answer.content.decode()


def test_an_unknown_address_learns_nothing_and_is_sent_nothing(desk: Desk) -> None:
    known, unknown = (
        ask_code(Client(), email) for email in ("owner@example.org", "who@example.org")
    )

    assert known.status_code == unknown.status_code == 302
    assert known["Location"] == unknown["Location"]
    assert [one.to for one in mail.outbox] == [["owner@example.org"]]


def test_a_wrong_code_lets_nobody_in_and_three_end_it(desk: Desk) -> None:
    client = Client()
    ask_code(client, "owner@example.org")
    code = code_in(str(mail.outbox[0].body))
    first = give_code(client, "WRONG1")
    assert "That is not the code that was sent." in first.content.decode()
    for _ in range(2):
        give_code(client, "WRONG1")
    give_code(client, code)

    assert client.get("/developers/p/corner/").status_code == 302


def test_a_code_serves_once(desk: Desk) -> None:
    client, thief = Client(), Client()
    ask_code(client, "owner@example.org")
    code = code_in(str(mail.outbox[0].body))
    give_code(client, code)

    give_code(thief, code)
    assert client.get("/developers/p/corner/").status_code == 200
    assert thief.get("/developers/p/corner/").status_code == 302


def test_codes_for_one_address_are_asked_for_three_times_a_minute(desk: Desk) -> None:
    for _ in range(6):
        ask_code(Client(), "owner@example.org")

    assert len(mail.outbox) == 3


def test_passwords_are_tried_a_few_times_only(desk: Desk) -> None:
    services.create_operator(email="ops@example.org", password=PASSWORD)
    wrong = {"login": "ops@example.org", "password": "guess"}
    for _ in range(5):
        assert Client().post("/accounts/login/", wrong).status_code == 200
    right = Client().post("/accounts/login/", {**wrong, "password": PASSWORD})

    assert right.status_code == 200
    assert "Too many failed login attempts" in right.content.decode()


def test_an_operator_comes_in_by_the_password_of_the_first_set_up(desk: Desk) -> None:
    services.create_operator(email="ops@example.org", password=PASSWORD)
    client = Client()
    asked = client.get("/admin/")
    led = client.post(
        "/accounts/login/", {"login": "Ops@example.org", "password": PASSWORD, "next": "/admin/"}
    )

    assert asked.status_code == 302
    assert led["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    assert client.get("/developers/p/corner/team/").status_code == 200


def test_nobody_signs_up_and_nobody_adds_an_address(desk: Desk) -> None:
    for path in ("/accounts/signup/", "/accounts/email/"):
        assert Client().get(path).status_code == 404
        assert desk.people["owner"].post(path, {"email": "x@example.org"}).status_code == 404
    assert not get_user_model().objects.filter(email="x@example.org").exists()


def test_a_second_factor_is_sealed_and_asked_for(desk: Desk) -> None:
    client = Client()
    ask_code(client, "owner@example.org")
    give_code(client, code_in(str(mail.outbox[-1].body)))
    page = client.get("/accounts/second-factor/totp/activate/").content.decode()
    (secret,) = re.findall(r'value="([A-Z2-7]{16,})"', page)
    assert "<svg" in page
    assert "data:image" not in page
    client.post("/accounts/second-factor/totp/activate/", {"code": totp(secret)})
    row = Authenticator.objects.get(type="totp")
    assert secret not in str(row.data)

    again = Client()
    ask_code(again, "owner@example.org")
    led = give_code(again, code_in(str(mail.outbox[-1].body)))
    assert led["Location"].startswith("/accounts/second-factor/authenticate/")
    assert again.get("/developers/p/corner/").status_code == 302
    refused = again.post(led["Location"], {"code": "000000"})
    assert refused.status_code == 200
    again.post(led["Location"], {"code": totp(secret, ahead=1)})
    assert again.get("/developers/p/corner/").status_code == 200


def totp(secret: str, ahead: int = 0) -> str:
    """The code of RFC 6238 now, or some steps of 30 seconds later (each serves once)."""
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + ahead)))


def test_sessions_are_listed_and_ended_elsewhere(desk: Desk) -> None:
    browsers = []
    for agent in ("Phone", "Desk"):
        client = Client(headers={"User-Agent": agent})
        ask_code(client, "owner@example.org")
        give_code(client, code_in(str(mail.outbox[-1].body)))
        browsers.append(client)
    here, there = browsers[1], browsers[0]
    page = here.get("/accounts/sessions/").content.decode()
    assert "Phone" in page
    assert "Desk" in page
    here.post("/accounts/sessions/")

    assert here.get("/developers/p/corner/").status_code == 200
    assert there.get("/developers/p/corner/").status_code == 302
    assert UserSession.objects.filter(user__username="owner@example.org").count() == 1


def test_signing_out_ends_the_session(desk: Desk) -> None:
    client = desk.people["owner"]
    assert client.get("/accounts/logout/").status_code == 200
    assert client.get("/developers/p/corner/").status_code == 200
    assert client.post("/accounts/logout/")["Location"] == "/developers/"
    assert client.get("/developers/p/corner/").status_code == 302


def test_a_person_whose_role_was_taken_away_sees_nothing_from_the_next_page_on(desk: Desk) -> None:
    assert desk.people["support"].get("/developers/p/corner/").status_code == 200
    (row,) = [one for one in staff.staff_of(desk.corner.id) if one.role == "support"]
    staff.dismiss(programme_id=desk.corner.id, staff_id=row.pk)

    assert desk.people["support"].get("/developers/p/corner/").status_code == 404
    assert "No programme yet" in desk.people["support"].get("/developers/").content.decode()


def test_a_session_that_goes_on_is_noted_now_and_then(desk: Desk) -> None:
    client = desk.person("ana", desk.corner, "owner")
    client.get("/developers/")
    seen = UserSession.objects.values_list("last_seen_at", flat=True)
    first = list(seen.all())

    client.get("/developers/")

    assert len(first) == 1
    assert list(seen.all()) == first
