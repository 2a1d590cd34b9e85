"""Is it you? Who is asked for a proof, with what, and how long it holds."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.cache import cache
from django.test import RequestFactory

from cagnotte.platform.secrets_box import seal
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.visit import visit_of
from tests.portal.accounts.proofs import prove
from tests.portal.conftest import NOW, Portal
from tests.portal.people import Person, signed_in

CONFIRM = "account/confirm/"


@pytest.fixture
def ana(portal: Portal) -> Person:
    cache.clear()
    return signed_in("portal", "ana", now=NOW)


def asked(person: Person, path: str = "/p/portal/", method: str = "GET") -> str:
    """Where a page that needs a proof sends the person; "" when it lets them pass."""
    request: Any = RequestFactory().generic(method, path)
    request.session, request.user = person.client.session, person.user
    led = needs_step_up(visit_of(request, "portal", "wallet"))
    return led["Location"] if led else ""


def code_of() -> str:
    (found,) = re.findall(r"^    (\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    return str(found)


def test_who_proved_nothing_is_led_to_the_page_that_asks_and_back(ana: Person) -> None:
    assert asked(ana, "/p/portal/x/?a=1") == (
        "/p/portal/account/confirm/?next=%2Fp%2Fportal%2Fx%2F%3Fa%3D1"
    )
    assert asked(ana, "/p/portal/x/?a=1", "POST").endswith("?next=%2Fp%2Fportal%2Fx%2F")


def test_a_proof_holds_for_five_minutes(ana: Person) -> None:
    prove(ana, now=NOW)
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        assert asked(ana) == ""
    with time_machine.travel(NOW + timedelta(minutes=5, seconds=1), tick=False):
        assert asked(ana) != ""


def test_a_code_by_mail_is_a_proof_and_leads_back(ana: Person) -> None:
    page = ana.get(CONFIRM, data={"next": "/p/portal/x/"}).content.decode()
    assert "ana@member.example" in page
    ana.post(CONFIRM, {"act": "send", "next": "/p/portal/x/"})
    wrong = ana.post(CONFIRM, {"code": "WRONG1", "next": "/p/portal/x/"})
    assert "That is not the code we sent." in wrong.content.decode()
    led = ana.post(CONFIRM, {"code": f" {code_of().lower()} ", "next": "/p/portal/x/"})

    assert led["Location"] == "/p/portal/x/"
    assert asked(ana) == ""


def test_a_code_mistyped_five_times_is_over(ana: Person) -> None:
    ana.post(CONFIRM, {"act": "send"})
    for _ in range(5):
        last = ana.post(CONFIRM, {"code": "WRONG1"})
    assert "That code is over." in last.content.decode()
    ana.post(CONFIRM, {"code": code_of()})

    assert asked(ana) != ""


def test_a_code_is_over_after_ten_minutes(ana: Person) -> None:
    ana.post(CONFIRM, {"act": "send"})
    with time_machine.travel(NOW + timedelta(minutes=10, seconds=1), tick=False):
        ana.post(CONFIRM, {"code": code_of()})
        assert asked(ana) != ""


def test_who_has_an_app_needs_more_than_a_code_by_mail(ana: Person) -> None:
    Authenticator.objects.create(user=ana.user, type="totp", data={"secret": seal("A" * 32)})
    prove(ana, now=NOW)
    assert asked(ana) != ""
    page = ana.get(CONFIRM).content.decode()
    assert "Code of your authenticator app" in page
    ana.post(CONFIRM, {"act": "send"})
    assert mail.outbox == []
    refused = ana.post(CONFIRM, {"digits": "000000"})
    assert "Incorrect code" in refused.content.decode()

    prove(ana, now=NOW, method="mfa")
    assert asked(ana) == ""


def test_the_way_back_stays_on_this_server(ana: Person) -> None:
    prove(ana, now=NOW)
    page = ana.get(CONFIRM, data={"next": "https://evil.example/"})
    assert "evil.example" not in page.content.decode().split("<footer")[0]


def test_codes_are_sent_a_few_times_a_minute(ana: Person) -> None:
    answers = [ana.post(CONFIRM, {"act": "send"}) for _ in range(5)]
    assert [one.status_code for one in answers] == [302, 302, 302, 429, 429]
    assert len(mail.outbox) == 3
