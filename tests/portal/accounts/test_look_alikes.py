"""Addresses that look like a member's: nobody comes in, joins or changes theirs by one, on no page."""

from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.cache import cache
from django.test import Client

from cagnotte.identity.models import Member, Membership
from cagnotte.portal.accounts.forms import EmailForm
from tests.portal.accounts.proofs import prove
from tests.portal.accounts.test_coming_in import code
from tests.portal.conftest import NOW, Portal
from tests.portal.people import Person, signed_in

VICTIM = "kiss@gmail.example"
LOOK_ALIKES = [
    "kiss@gma\u0131l.example",
    "ki\u017fs@gmail.example",
    "\u212aiss@gmail.example",
]
SENTENCE = "Only plain letters (a to z), please"


@pytest.fixture
def victim(portal: Portal) -> Person:
    cache.clear()
    person = signed_in("portal", "kiss", now=NOW, email=VICTIM)
    person.user.is_superuser = True
    person.user.save()
    return person


def kept() -> tuple[Any, ...]:
    """All that a thief could have changed."""
    return (
        list(get_user_model().objects.values_list("pk", "username", "email", "last_login")),
        list(EmailAddress.objects.values_list("user_id", "email", "verified")),
        list(Member.objects.values_list("id", "email")),
        list(Membership.objects.values_list("person_id", "member_id")),
    )


@pytest.mark.parametrize("typed", LOOK_ALIKES)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/p/portal/sign-in/", 200),
        ("/p/portal/join/", 200),
        ("/accounts/login/code/", 200),
        ("/accounts/password/reset/", 200),
    ],
)
def test_no_code_is_sent_to_one(
    victim: Person, portal: Portal, path: str, status: int, typed: str
) -> None:
    before = kept()
    answer = portal.client.post(path, {"email": typed})
    assert answer.status_code == status
    assert SENTENCE in answer.content.decode()
    assert mail.outbox == []
    assert kept() == before
    assert portal.client.get("/p/portal/account/").status_code == 302


@pytest.mark.parametrize("typed", LOOK_ALIKES)
def test_the_answer_does_not_tell_whether_it_resembles_somebodys(
    victim: Person, portal: Portal, typed: str
) -> None:
    unknown = "nobody@gma\u0131l.example"
    pages = [
        portal.client.post("/p/portal/sign-in/", {"email": email}).content.decode()
        for email in (typed, unknown)
    ]
    assert without_token(pages[0].replace(typed, "X")) == without_token(
        pages[1].replace(unknown, "X")
    )


def without_token(page: str) -> str:
    return "\n".join(line for line in page.splitlines() if "csrf" not in line)


@pytest.mark.parametrize("typed", LOOK_ALIKES)
def test_nobody_changes_their_address_to_one(victim: Person, typed: str) -> None:
    thief = signed_in("portal", "thief", now=NOW)
    prove(thief, now=NOW)
    before = kept()
    answer = thief.post("account/profile/address/", {"email": typed})
    assert SENTENCE in answer.content.decode()
    assert mail.outbox == []
    assert kept() == before


@pytest.mark.parametrize("typed", LOOK_ALIKES)
def test_a_code_that_was_sent_to_one_all_the_same_opens_nothing(
    victim: Person, portal: Portal, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(EmailForm, "clean_email", lambda form: form.cleaned_data["email"])
    before = kept()
    portal.client.post("/p/portal/sign-in/", {"email": typed})
    assert [one.to for one in mail.outbox] == [[typed]]
    led = portal.client.post("/p/portal/sign-in/code/", {"code": code()})
    assert led["Location"] == "/p/portal/sign-in/"
    portal.client.post("/p/portal/join/you/", {"locale": "en", "terms": "on"})
    assert portal.client.get("/p/portal/account/").status_code == 302
    assert kept() == before


def test_a_code_goes_to_the_address_as_it_is_kept(victim: Person) -> None:
    client = Client()
    shown = client.post("/p/portal/sign-in/", {"email": "KISS@Gmail.example"}, follow=True)
    assert [one.to for one in mail.outbox] == [[VICTIM]]
    # The page says what was typed, and so does not tell whether somebody has it.
    assert "KISS@Gmail.example" in shown.content.decode()
    client.post("/p/portal/sign-in/code/", {"code": code()})
    assert client.get("/p/portal/account/").status_code == 200
    (row,) = EmailAddress.objects.all()
    assert (row.user_id, row.email, row.verified) == (victim.user.pk, VICTIM, True)
