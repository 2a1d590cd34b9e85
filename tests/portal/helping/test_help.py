"""Help: articles, search, questions, contact."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.test import Client
from django.urls import NoReverseMatch, reverse

from cagnotte.catalog.models import Storefront
from cagnotte.portal.helping import articles, contact
from cagnotte.portal.helping.asking import FIRST, TREE, Answer, Question
from cagnotte.portal.look import forget_looks
from cagnotte.portal.models import Letter
from tests.portal.conftest import NOW, Portal
from tests.portal.people import signed_in


def get(path: str, language: str = "en", **query: str) -> Any:
    return Client(headers={"Accept-Language": language}).get(f"/p/portal/{path}", query)


# ---- articles -------------------------------------------------------------------------------------------------


def test_every_language_has_every_article() -> None:
    folder = Path(articles.__file__).parent / "pages"
    for language in folder.iterdir():
        assert {page.stem for page in language.glob("*.md")} == set(articles.ORDER)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_articles_are_whole_and_lead_somewhere(language: str) -> None:
    for one in articles.library(language):
        assert one.language == language
        assert one.topic in articles.TOPICS
        assert len(one.summary) < 120
        assert "<h1" not in one.html
        for name in re.findall(r"page:([\w-]+)", one.html):
            if name not in articles.ORDER:
                try:
                    reverse(name, args=("portal",))
                except NoReverseMatch:
                    pytest.fail(f"{one.name} leads to {name}, which is no page")


@pytest.mark.parametrize(
    ("language", "asked", "best"),
    [
        ("en", "bank account change", "bank-details"),
        ("en", "iban", "bank-details"),
        ("en", "how long", "states-and-delays"),
        ("en", "refused", "why-no-cashback"),
        ("fr", "rib", "bank-details"),
        ("fr", "delai", "states-and-delays"),
        ("fr", "DÉLAIS", "states-and-delays"),
        ("fr", "reclamer", "claims"),
        ("fr", "expiration", "expiry"),
        ("fr", "clé d'accès", "security"),
        ("fr", "parrain", "refer"),
    ],
)
def test_the_right_article_is_found_first(language: str, asked: str, best: str) -> None:
    assert articles.search(language, asked)[0].article.name == best


def test_what_stands_nowhere_is_not_found() -> None:
    assert articles.search("en", "zeppelin") == []
    assert articles.search("en", "  ?! ") == []


def test_the_help_page_shows_topics_and_hits(
    portal: Portal, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(6):
        page = get("help/", q="iban").content.decode()
    assert "Bank details and the 72 hours" in page
    assert "answers for “iban”" in page
    nothing = get("help/", q="<script>zeppelin").content.decode()
    assert "Nothing found" in nothing
    assert "<script>zeppelin" not in nothing


def test_an_article_speaks_of_the_programme_in_the_readers_language(portal: Portal) -> None:
    english = get("help/how-it-works/").content.decode()
    assert "Shops pay A portal for customers" in english
    assert "page:" not in english
    french = get("help/how-it-works/", "fr").content.decode()
    assert "Comment fonctionne le cashback" in french
    assert get("help/nothing/").status_code == 404


# ---- where is my cashback? -----------------------------------------------------------------------------------


def test_every_question_leads_on_and_every_answer_is_reached(portal: Portal) -> None:
    reached, waiting = set(), [FIRST]
    while waiting:
        place = waiting.pop()
        reached.add(place)
        step = TREE[place]
        if isinstance(step, Question):
            waiting += [to for _, to in step.answers]
        assert isinstance(step, Question) or step.article in articles.ORDER
    assert reached == set(TREE)
    longest = max(len(one.answers) for one in TREE.values() if isinstance(one, Question))
    assert longest <= 4


def test_questions_are_links_and_end_with_an_answer(portal: Portal) -> None:
    assert "/help/where/seen/" in get("help/where/").content.decode()
    answer = get("help/where/pending/").content.decode()
    assert "has not confirmed it yet" in answer
    assert "/help/where/seen/" in answer
    assert get("help/where/nowhere/").status_code == 404
    assert isinstance(TREE["pending"], Answer)


# ---- contact -------------------------------------------------------------------------------------------------


def write(client: Client | None = None, **told: str) -> Any:
    form = {"about": "payout", "reply_to": "eve@other.example", "text": "Where is it?", **told}
    return (client or Client()).post("/p/portal/contact/", form)


@pytest.fixture
def with_address(portal: Portal) -> Portal:
    Storefront.objects.update_or_create(
        programme_id=portal.id, defaults={"contact_email": "help@portal.example"}
    )
    forget_looks()
    return portal


def test_a_message_goes_out_and_is_kept(with_address: Portal) -> None:
    response = write(name="Eve\nBcc: all@other.example")

    assert response.status_code == 302
    (sent,) = mail.outbox
    assert sent.to == ["help@portal.example"]
    assert sent.reply_to == ["eve@other.example"]
    assert "\n" not in sent.subject
    assert "Where is it?" in sent.body
    letter = Letter.objects.get()
    assert letter.sent_at is not None
    assert letter.wallet_id is None


def test_a_members_message_says_whose_it_is(with_address: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW, name="Ana Lima")

    page = ana.get("contact/?about=data").content.decode()
    assert 'value="ana@member.example"' in page
    write(ana.client)

    assert "Member ana" in mail.outbox[0].body
    assert Letter.objects.get().wallet_id == ana.member.wallet_id


def test_a_message_whose_mail_fails_is_kept_with_the_reason(
    with_address: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_args: object, **_more: object) -> int:
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("django.core.mail.EmailMessage.send", refused)

    assert write().status_code == 302
    letter = Letter.objects.get()
    assert letter.sent_at is None
    assert "ConnectionRefusedError" in letter.problem


def test_a_programme_without_an_address_keeps_messages(portal: Portal) -> None:
    forget_looks()
    assert write().status_code == 302
    assert Letter.objects.get().problem.startswith("The programme names no address")
    assert mail.outbox == []


def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(portal: Portal) -> None:
    page = write(reply_to="eve", text="A long story").content.decode()

    assert "Enter a valid email address" in page
    assert "A long story" in page
    assert not Letter.objects.exists()


def test_who_writes_too_often_is_asked_to_wait(
    with_address: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact, "LETTERS_AN_HOUR", 1)
    write()
    assert "Try again in an hour" in write().content.decode()
    assert Letter.objects.count() == 1
    with time_machine.travel(NOW + timedelta(hours=2), tick=False):
        assert write().status_code == 302


def test_behind_a_proxy_every_visitor_has_a_limit_of_their_own(
    with_address: Portal, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    monkeypatch.setattr(contact, "LETTERS_AN_HOUR", 1)
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = 1
    eve, bob = (Client(headers={"X-Forwarded-For": f"203.0.113.{one}"}) for one in (7, 8))
    assert write(eve).status_code == 302
    assert "Try again in an hour" in write(eve).content.decode()
    assert write(bob).status_code == 302
    assert Letter.objects.count() == 2


def test_messages_are_counted_by_programme(
    with_address: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact, "LETTERS_AN_HOUR", 1)
    with_address.load(
        "programme: {slug: other, name: Another, currency: EUR, timezone: Europe/Paris}"
    )
    assert write().status_code == 302
    form = {"about": "payout", "reply_to": "eve@other.example", "text": "Where is it?"}
    assert Client().post("/p/other/contact/", form).status_code == 302
    assert Letter.objects.count() == 2


def test_a_program_that_fills_in_everything_writes_nothing(with_address: Portal) -> None:
    assert write(website="https://spam.example").status_code == 302
    assert not Letter.objects.exists()
    assert mail.outbox == []


def test_old_messages_are_forgotten(with_address: Portal) -> None:
    write()
    with time_machine.travel(NOW + timedelta(days=366), tick=False):
        write(text="Again")
    assert [one.text for one in Letter.objects.all()] == ["Again"]
