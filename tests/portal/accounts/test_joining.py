"""Joining: an address, a code, a few words; who becomes which member, and what is kept of it."""

import re
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth import get_user_model
from django.core import mail
from django.core.cache import cache
from django.test import Client

from cagnotte.catalog.models import Storefront
from cagnotte.domain.consents import Purpose
from cagnotte.domain.member_numbers import is_number
from cagnotte.growth import referrals
from cagnotte.identity import consents, people, profiles, services, terms
from cagnotte.identity.models import Member, Membership, Wallet
from cagnotte.notices import telling
from cagnotte.notices.kinds import WELCOME
from cagnotte.notices.models import Letter, Notice
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.look import forget_looks
from cagnotte.tracking.models import Click
from tests.portal.conftest import CHROME, NOW, Portal
from tests.portal.people import enrol, signed_in

EVA = "eva@member.example"


@pytest.fixture
def browser(portal: Portal) -> Client:
    cache.clear()
    return portal.client


def page(browser: Client, path: str, **query: str) -> Any:
    return browser.get(f"/p/portal/{path}", query)


def send(browser: Client, path: str, **form: str) -> Any:
    return browser.post(f"/p/portal/{path}", form)


def code() -> str:
    (found,) = re.findall(r"^    (\S+)$", str(mail.outbox[-1].body), re.MULTILINE)
    return str(found)


def prove(browser: Client, email: str = EVA, path: str = "join/", **form: str) -> Any:
    """Type in an address and the code that is sent there; return where that leads."""
    send(browser, path, email=email, **form)
    return send(browser, "sign-in/code/", code=code())


def finish(browser: Client, **form: str) -> Any:
    """Fill in the last step."""
    return send(browser, "join/you/", **{"locale": "en", "terms": "on", **form})


def eva() -> Member:
    return Membership.objects.get(person__email=EVA).member


def test_an_address_a_code_and_the_terms_make_a_member(browser: Client) -> None:
    assert "Step 1 of 3" in page(browser, "join/").content.decode()
    led = prove(browser, next="/p/portal/how-it-works/")
    assert led["Location"].startswith("/p/portal/join/you/")
    assert not get_user_model().objects.filter(email=EVA).exists()
    assert EVA in browser.get(led["Location"]).content.decode()
    welcome = finish(browser, name=" Eva  Lind ", next="/p/portal/how-it-works/")

    member = eva()
    assert (member.name, member.email, member.locale) == ("Eva Lind", EVA, "en")
    assert is_number(member.ref)
    (kept,) = terms.accepted(member.wallet_id)
    assert (kept.at, kept.source) == (NOW, "joining")
    assert consents.history(member.wallet_id) == []
    shown = browser.get(welcome["Location"]).content.decode()
    assert "Welcome, Eva" in shown
    assert "/p/portal/how-it-works/" in shown
    assert f"{member.ref[:5]} {member.ref[5:]}" in shown


def test_what_is_told_is_kept_and_nothing_else(browser: Client) -> None:
    sponsor = signed_in("portal", "ana", now=NOW).member
    sponsors = referrals.code_of(Wallet.objects.get(id=sponsor.wallet_id), now=NOW)
    page(browser, "join/", sponsor=sponsors)
    prove(browser)
    assert sponsors in page(browser, "join/you/").content.decode()
    finish(browser, marketing="on", birthday="1990-02-28", sponsor=sponsors, locale="fr")

    wallet_id = eva().wallet_id
    (act,) = consents.history(wallet_id)
    assert (act.purpose, act.granted, act.at, act.source) == (
        Purpose.MARKETING,
        True,
        NOW,
        "joining",
    )
    assert act.text_version
    assert profiles.birthday_of(wallet_id) == date(1990, 2, 28)
    assert eva().locale == "fr"
    assert browser.cookies["django_language"].value == "fr"
    assert referrals.sponsor_of(sponsors, eva().programme_id) == sponsor.wallet_id


def test_clicks_before_joining_count(browser: Client, portal: Portal) -> None:
    portal.go()
    prove(browser)
    finish(browser)
    portal.go("tea/green")

    assert {click.wallet_id for click in Click.objects.filter(offer_ref="tea/green")} == {
        eva().wallet_id
    }
    (row,) = Membership.objects.filter(person__email=EVA)
    assert row.since == NOW


def test_without_the_terms_nobody_becomes_a_member(browser: Client) -> None:
    prove(browser)
    refused = finish(browser, terms="", name="Eva")
    text = refused.content.decode()

    assert "Without the terms we cannot keep a cagnotte for you." in text
    assert 'value="Eva"' in text
    assert not Membership.objects.exists()


@pytest.mark.parametrize(
    ("birthday", "sentence"),
    [
        ("2015-01-01", "Members are 16 or older."),
        ("1850-01-01", "Nobody who reads this was born on that day."),
        ("tomorrow", "This is no date."),
    ],
)
def test_a_birthday_that_no_member_has_is_refused(
    browser: Client, birthday: str, sentence: str
) -> None:
    prove(browser)
    assert sentence in finish(browser, birthday=birthday).content.decode()
    assert not Membership.objects.exists()


def test_whom_the_shop_knows_by_the_address_is_that_member_once_it_is_proven(
    browser: Client,
) -> None:
    known = enrol("portal", "H0906", now=NOW, email=EVA.upper(), name="Eva of the till")
    send(browser, "join/", email=EVA)
    assert not Membership.objects.exists()
    send(browser, "sign-in/code/", code=code())
    finish(browser)

    assert eva() == known
    assert eva().name == "Eva of the till"
    welcomed = Notice.objects.filter(wallet_id=known.wallet_id, kind="welcome")
    assert [row.facts for row in welcomed] == [{}]
    assert Letter.objects.filter(wallet_id=known.wallet_id, kind="welcome").count() == 1
    # The event of the shop's own telling, read later, goes by the same key.
    assert not telling.tell(
        shared_connection(), programme_id=known.programme_id, wallet_id=known.wallet_id,
        kind=WELCOME, facts={}, key=WELCOME, now=NOW,
    )  # fmt: skip


def test_an_account_whose_address_was_never_proven_takes_nobodys_place(browser: Client) -> None:
    enrol("portal", "H0906", now=NOW, email=EVA)
    services.create_operator(email=EVA, password="long enough to hold")
    browser.force_login(get_user_model().objects.get(username=EVA))
    finish(browser)

    assert eva().ref != "H0906"


def test_where_several_share_an_address_a_new_member_is_made(browser: Client) -> None:
    for ref in ("H1", "H2"):
        enrol("portal", ref, now=NOW, email=EVA)
    prove(browser)
    finish(browser)

    assert eva().ref not in {"H1", "H2"}


def test_a_member_somebody_signs_in_as_is_not_taken(browser: Client) -> None:
    ana = signed_in("portal", "ana", now=NOW, email="ana@member.example")
    Member.objects.filter(id=ana.member.id).update(email=EVA)
    prove(browser)
    finish(browser)

    assert eva() != ana.member


def test_who_has_an_account_joins_another_programme_in_one_step(browser: Client) -> None:
    prove(browser)
    finish(browser)
    services.create_programme(
        slug="other", name="Other", currency="EUR", timezone="Europe/Paris", now=NOW
    )
    led = browser.get("/p/other/join/")
    assert led["Location"] == "/p/other/join/you/"
    browser.post("/p/other/join/you/", {"locale": "en", "terms": "on"})

    found = Membership.objects.filter(person__email=EVA).values_list("programme__slug", flat=True)
    assert sorted(found) == ["other", "portal"]


def test_joining_shows_nobody_who_is_a_member(browser: Client) -> None:
    signed_in("portal", "ana", now=NOW)
    answers = []
    for email in ("ana@member.example", "who@member.example"):
        client = Client(headers={"User-Agent": CHROME})
        led = client.post("/p/portal/join/", {"email": email})
        shown = client.get(led["Location"]).content.decode()
        answers.append((led.status_code, led["Location"], _plain(shown, email)))
    assert answers[0] == answers[1]
    assert all(str(one.body).startswith("Your code to come in at A portal:") for one in mail.outbox)
    assert len(mail.outbox) == 2


def _plain(text: str, email: str) -> str:
    text = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", text)
    return text.replace(email, "EMAIL")


def test_a_member_who_joins_again_simply_signs_in(browser: Client) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    led = prove(browser, "ANA@member.example")
    assert led["Location"].startswith("/p/portal/arrive/")
    home = browser.get(led["Location"])

    assert home["Location"] == "/p/portal/"
    assert browser.session["_auth_user_id"] == str(ana.user.pk)
    assert Membership.objects.count() == 1


def test_closed_joining_says_so_and_makes_nobody(browser: Client, portal: Portal) -> None:
    Storefront.objects.update_or_create(programme_id=portal.id, defaults={"joining": False})
    forget_looks()
    assert "Joining is closed" in page(browser, "join/").content.decode()
    prove(browser, path="sign-in/")
    led = finish(browser)
    shown = browser.get(led["Location"]).content.decode()

    assert "Nobody is a member by the address" in shown
    assert not Membership.objects.exists()
    forget_looks()


def test_a_proven_address_is_remembered_for_half_an_hour_and_for_one_programme(
    browser: Client,
) -> None:
    services.create_programme(
        slug="other", name="Other", currency="EUR", timezone="Europe/Paris", now=NOW
    )
    prove(browser)
    assert browser.get("/p/other/join/you/").status_code == 302
    with time_machine.travel(NOW + timedelta(minutes=30, seconds=1), tick=False):
        assert finish(browser)["Location"].startswith("/p/portal/join/")
    assert not Membership.objects.exists()


def test_the_last_step_sent_twice_makes_one_member(browser: Client) -> None:
    prove(browser)
    finish(browser)
    again = finish(browser)

    assert again.status_code == 302
    assert Membership.objects.count() == 1


def test_a_visitor_who_proved_nothing_cannot_take_the_last_step(browser: Client) -> None:
    assert finish(browser)["Location"].startswith("/p/portal/join/")
    assert page(browser, "welcome/").status_code == 302
    assert people.person_of(EVA) is None
