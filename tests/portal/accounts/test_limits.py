"""How often a code may be typed in, and that strangers who ask for codes keep nobody from theirs."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.core.cache import cache
from django.test import Client

from cagnotte.portal.accounts.proving import ATTEMPTS
from tests.portal.accounts.test_coming_in import ANA, code, is_in
from tests.portal.conftest import NOW, Portal
from tests.portal.people import Person, codes_at_once, signed_in

SIGN_IN = "/p/portal/sign-in/"


@pytest.fixture
def ana(portal: Portal) -> Person:
    cache.clear()
    return signed_in("portal", "ana", now=NOW)


def test_wrong_codes_sent_all_at_once_are_counted_one_by_one(ana: Person, portal: Portal) -> None:
    client = portal.client
    client.post(SIGN_IN, {"email": ANA})
    at_once = codes_at_once(client, f"{SIGN_IN}code/")

    answers = [at_once("WRONG1").status_code for _ in range(ATTEMPTS)]
    assert answers == [200] * (ATTEMPTS - 1) + [302]
    assert at_once(code())["Location"].startswith(SIGN_IN)
    assert not is_in(client)


def test_however_often_a_stranger_asks_for_codes_a_member_gets_one(ana: Person) -> None:
    for minute in range(20):
        with time_machine.travel(NOW + timedelta(minutes=minute), tick=False):
            assert [
                Client().post(SIGN_IN, {"email": ANA.upper()}).status_code for _ in range(4)
            ] == [
                302,
                302,
                302,
                429,
            ]
    with time_machine.travel(NOW + timedelta(minutes=21), tick=False):
        assert Client().post(SIGN_IN, {"email": ANA}).status_code == 302
    # Who is signed in proves who they are: others' asking uses up none of theirs.
    assert ana.post("account/confirm/", {"act": "send"}).status_code == 302
    assert len(mail.outbox) == 20 * 3 + 2
