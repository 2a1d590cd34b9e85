"""Mails: compiled from their sources, complete in both languages, light, and with a way out."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

import pytest
from django.core.mail import EmailMultiAlternatives

from cagnotte.catalog.models import Storefront
from cagnotte.domain.ids import named_id
from cagnotte.domain.lifecycle import REASON_CODES
from cagnotte.notices.centre import NoticeView
from cagnotte.notices.kinds import KINDS, topic_of
from cagnotte.notices.letters import Claimed
from cagnotte.notices.mail import TEMPLATES, Sender, compose
from cagnotte.notices.mail_colours import colours_of
from cagnotte.notices.refusal_words import SENTENCES
from tests import mails

AT = datetime(2026, 3, 10, 12, tzinfo=UTC)
BASE = "https://cashback.example"
GMAIL_CUTS_AT = 102 * 1024

FACTS: dict[str, Any] = {
    "shop": "Maison Verte",
    "amount_minor": 1240,
    "before_minor": 1500,
    "currency": "EUR",
    "expires_on": "2026-05-09",
    "valid_until": "2026-06-30",
    "minimum_minor": 5000,
    "purchase": "pur_01kagz9x7q8b3n5v2m4c6d8f0h",
    "reason": "returned",
    "code": "AC04",
    "step": "accepted",
    "what": "bank_changed",
    "detail": "FR76 … 0189",
    "given": {"worth": 500, "rate_bps": 500, "amount_minor": None, "per": "", "up_to": True},
    "before": {"worth": 300, "rate_bps": 300, "amount_minor": None, "per": "", "up_to": False},
}


def notice(kind: str, number: int = 1, **facts: Any) -> NoticeView:
    return NoticeView(number, named_id(kind, number), kind, {**FACTS, **facts}, AT, None)


def mail(
    kind: str, language: str, *notices: NoticeView, name: str = "Ana Lopez"
) -> EmailMultiAlternatives:
    """The mail of a letter of this kind."""
    told = list(notices) or [notice("tracked" if kind.startswith("digest") else kind)]
    claimed = Claimed(
        1,
        UUID(int=7),
        "portal",
        "Le Portail & Co",
        UUID(int=9),
        kind,
        [one.id for one in told],
        0,
        "ana@member.example",
        name,
        language,
    )
    storefront = Storefront(hue=150, contact_email="hello@portal.example")
    return compose(claimed, told, Sender(storefront, "Europe/Paris", BASE))


def page_of(message: EmailMultiAlternatives) -> str:
    ((page, kind),) = message.alternatives
    assert kind == "text/html"
    return str(page)


LETTERS = sorted({*KINDS, *TEMPLATES})


def test_the_templates_are_what_their_sources_compile_to() -> None:
    assert (mails.TEMPLATES / mails.HEAD_NAME).read_text(encoding="utf-8") == mails.head()
    for name in mails.names():
        for suffix, made in (("html", mails.page_of(name)), ("txt", mails.text_of(name))):
            kept = (mails.TEMPLATES / f"{name}.{suffix}").read_text(encoding="utf-8")
            assert kept == made, f"{name}.{suffix}: run `make mails`"


def test_there_is_a_source_for_every_template() -> None:
    assert set(mails.names()) == {*TEMPLATES.values(), "news"}
    kept = {path.name for path in mails.TEMPLATES.iterdir()}
    made = {f"{name}.{suffix}" for name in mails.names() for suffix in ("html", "txt")}
    assert kept == made | {mails.HEAD_NAME}


class _Page(HTMLParser):
    """What a mail's page loads and links to, and whether its tags close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.languages: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        if tag == "a":
            self.links.append(told.get("href") or "")
        if told.get("lang"):
            self.languages.add(str(told["lang"]))
        if tag in {"img", "script", "iframe", "video"} or (tag == "link" and told.get("href")):
            self.loads.append(tag)


@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_mail_is_complete(language: str) -> None:
    for kind in LETTERS:
        message = mail(kind, language)
        text, page = str(message.body), _Page(page_of(message))
        assert message.subject
        assert "{" not in f"{message.subject}{text}", kind
        assert "None" not in text, kind
        assert page.languages == {language}
        assert page.loads == []
        assert "url(" not in page_of(message)
        assert len(page_of(message).encode()) < GMAIL_CUTS_AT
        assert f"{BASE}/p/portal/notices/channels/" in page.links
        for link in page.links:
            assert link.startswith(f"{BASE}/p/portal/"), link
            assert link in text, f"{kind}: {link} stands in the text too"
        assert "Le Portail & Co" in text
        assert "Le Portail &amp; Co" in page_of(message)
        assert message.from_email == '"Le Portail & Co" <cagnotte@localhost>'
        assert message.reply_to == ["hello@portal.example"]


def test_what_can_be_switched_off_says_how_in_its_headers() -> None:
    for kind in LETTERS:
        message = mail(kind, "en")
        is_always = kind in KINDS and (topic_of(kind).always or not KINDS[kind])
        assert message.extra_headers["Message-ID"] == f"<{UUID(int=7)}@localhost>"
        link = message.extra_headers.get("List-Unsubscribe", "")
        if is_always:
            assert "List-Unsubscribe-Post" not in message.extra_headers
            assert "Send me no more" not in str(message.body)
        else:
            assert message.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            assert link.startswith(f"<{BASE}/p/portal/notices/stop/")
            assert link.strip("<>") in str(message.body)


def test_both_languages_say_it_in_their_own_words() -> None:
    assert mail("available", "en").subject == "€12.40 available"
    assert mail("available", "fr").subject == "12,40\N{NARROW NO-BREAK SPACE}€ disponibles"
    assert mail("available", "de").subject == "€12.40 available"


def test_several_of_one_kind_are_one_list_with_their_sum() -> None:
    told = [notice("confirmed", number, shop=f"Shop {number}") for number in range(20)]
    message = mail("confirmed", "en", *told)
    assert message.subject == "20 purchases confirmed: €248.00"
    assert "- Shop 14 — €12.40" in str(message.body)
    assert "Shop 15" not in str(message.body)
    assert "and 5 more" in str(message.body)


def test_a_digest_gathers_several_kinds() -> None:
    message = mail("digest.weekly", "en", notice("tracked"), notice("available", 2))
    assert message.subject == "Your week at Le Portail & Co: 2 pieces of news"
    assert "€12.40 available" in str(message.body)


def test_what_people_are_called_is_shown_and_never_run() -> None:
    message = mail("tracked", "en", notice("tracked", shop="<b>Ann & Co</b>"), name="<i>Zoé")
    assert "Hello &lt;i&gt;Zoé" in page_of(message)
    assert "&lt;b&gt;Ann &amp; Co&lt;/b&gt;" in page_of(message)
    assert "<b>Ann & Co</b>" in str(message.body)
    folded = mail("tracked", "en", notice("tracked", shop="A\r\nBcc: x"))
    assert not re.search(r"[\r\n]", str(folded.subject))


def test_every_reason_has_a_sentence() -> None:
    assert set(SENTENCES) == REASON_CODES


def channels(colour: str) -> Iterator[float]:
    for place in (1, 3, 5):
        value = int(colour[place : place + 2], 16) / 255
        yield value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4


def contrast(one: str, other: str) -> float:
    """The contrast of WCAG 2."""
    bright = sorted(
        sum(
            weight * value
            for weight, value in zip((0.2126, 0.7152, 0.0722), channels(colour), strict=True)
        )
        for colour in (one, other)
    )
    return (bright[1] + 0.05) / (bright[0] + 0.05)


def test_every_programmes_colour_can_be_read_on_light_and_dark_paper() -> None:
    for hue in range(0, 360, 5):
        colours = colours_of(hue)
        assert contrast(colours.accent, "#ffffff") > 4.5, hue
        assert contrast(colours.accent_dark, "#262129") > 4.5, hue
    assert colours_of(None) == colours_of(318)
