"""A letter as a mail: subject, text and HTML in the member's language, and the headers that let it be switched off.

The templates are compiled from MJML (`make mails`). List-Unsubscribe and its one click are RFC 2369 and RFC 8058.
"""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cagnotte.catalog.models import Storefront
from cagnotte.notices.centre import NoticeView
from cagnotte.notices.choosing import DIGEST, token_for
from cagnotte.notices.kinds import DIGESTS, KINDS, Mode, topic_of
from cagnotte.notices.letters import Claimed
from cagnotte.notices.mail_colours import colours_of
from cagnotte.notices.words import Place, Words, amount, words_of
from cagnotte.platform.figures import money

TEMPLATES = {
    "welcome": "welcome",
    "tracked": "tracked",
    "confirmed": "confirmed",
    "available": "available",
    "adjusted": "adjusted",
    "declined": "declined",
    "expiring": "expiring",
    "payout.requested": "payout",
    "payout.sent": "payout",
    "payout.settled": "payout",
    "payout.cancelled": "payout",
    "payout.returned": "payout_returned",
    "claim": "claim",
    "security": "security",
    "reminder": "reminder",
    "digest.daily": "digest",
    "digest.weekly": "digest",
}
"""The template of each kind of letter; all others are news."""

ROWS_MAX = 15
"""A letter names so many notices; the rest is counted."""

FIGURES = frozenset({"available", "expiring", "reminder"})
"""Kinds whose letters show their amount large, below the name of their topic."""

LISTED_BY_SHOP = frozenset({"tracked", "confirmed", "available", "adjusted", "declined"})
EXPLAINED = frozenset({"adjusted", "declined"})
"""Kinds whose notices, several in one letter, are told apart by the shop; and those that say why."""


class Sender(NamedTuple):
    """Who writes: the programme as its members see it. base: the address of this server, without a slash at the end."""

    storefront: Storefront
    zone: str
    base: str


class _Row(NamedTuple):
    """One notice in a list. url: of its page."""

    title: str
    note: str
    amount: str
    url: str


def compose(
    claimed: Claimed, notices: Sequence[NoticeView], sender: Sender
) -> EmailMultiAlternatives:
    """Write the mail of a letter; its Message-ID is the same whenever it is written again."""
    known = dict(settings.LANGUAGES)
    language = (claimed.locale or "")[:2]
    with translation.override(language if language in known else settings.LANGUAGE_CODE):
        context = _context(claimed, notices, sender)
        template = f"notices/mails/{TEMPLATES.get(claimed.kind, 'news')}"
        text = re.sub(r"\n{3,}", "\n\n", render_to_string(f"{template}.txt", context))
        page = render_to_string(f"{template}.html", context)
    contact = sender.storefront.contact_email
    message = EmailMultiAlternatives(
        subject=context["subject"],
        body=text.strip() + "\n",
        from_email=_from(claimed.programme),
        to=[claimed.email or ""],
        reply_to=[contact] if contact else None,
        headers=_headers(claimed, context["unsubscribe_url"]),
    )
    message.attach_alternative(page, "text/html")
    return message


def address_of(base: str, slug: str, place: Place) -> str:
    """Return the whole address that a notice leads to; the list of notices where its page does not exist."""
    for name, args in ((place.name, place.args), ("portal_notices", ()), ("portal_home", ())):
        try:
            return f"{base}{reverse(name, args=(slug, *args))}"
        except NoReverseMatch:
            continue
    return base


def _context(claimed: Claimed, notices: Sequence[NoticeView], sender: Sender) -> dict[str, Any]:
    told = [words_of(one.kind, one.facts, claimed.programme) for one in notices]
    several = len(notices) > 1
    words = _together(claimed, notices, told)
    unsubscribe = _unsubscribe_path(claimed)
    return {
        "language": translation.get_language(),
        "colour": colours_of(sender.storefront.hue)._asdict(),
        "programme": claimed.programme,
        "name": (claimed.name or "").split(" ")[0],
        "subject": _one_line(words.title),
        "preheader": words.body or words.title,
        "title": topic_of(claimed.kind).label if claimed.kind in FIGURES else words.title,
        "body": words.body,
        "figure": _figure(claimed.kind, notices),
        "several": several,
        "rows": [
            _row(one, said, claimed, sender.base)
            for one, said in list(zip(notices, told, strict=True))[:ROWS_MAX]
        ],
        "more": _more(len(notices) - ROWS_MAX),
        "when": _when(notices[-1], sender.zone),
        "label": words.place.label,
        "url": address_of(sender.base, claimed.slug, words.place),
        "why": _why(claimed),
        "unsubscribe_url": f"{sender.base}{unsubscribe}" if unsubscribe else "",
        "channels_url": f"{sender.base}{reverse('portal_channels', args=(claimed.slug,))}",
    }


def _together(claimed: Claimed, notices: Sequence[NoticeView], told: Sequence[Words]) -> Words:
    """Return the words of the letter as a whole."""
    count, list_of_notices = len(notices), Place("portal_notices", (), _("See my notices"))
    if claimed.kind == DIGESTS[Mode.DAILY]:
        title = ngettext(
            "Your day at {programme}: {count} piece of news",
            "Your day at {programme}: {count} pieces of news",
            count,
        )
    elif claimed.kind == DIGESTS[Mode.WEEKLY]:
        title = ngettext(
            "Your week at {programme}: {count} piece of news",
            "Your week at {programme}: {count} pieces of news",
            count,
        )
    elif count == 1:
        return told[0]
    else:
        title = _of_many(claimed.kind)
        place = told[0].place if not told[0].place.args else list_of_notices
        sum_ = _sum(notices)
        return Words(
            title.format(count=count, amount=sum_, programme=claimed.programme),
            "",
            told[0].icon,
            told[0].state,
            place,
        )
    title = title.format(programme=claimed.programme, count=count)
    return Words(title, "", "bell", "info", list_of_notices)


def _of_many(kind: str) -> str:
    """Return the title of a letter of several notices of one kind."""
    titles = {
        "tracked": _("{count} purchases tracked: {amount}"),
        "confirmed": _("{count} purchases confirmed: {amount}"),
        "available": _("{amount} available"),
        "adjusted": _("{count} purchases adjusted"),
        "declined": _("{count} purchases declined"),
        "expiring": _("{amount} will expire"),
    }
    return titles.get(kind) or _("{count} pieces of news from {programme}")


def _sum(notices: Sequence[NoticeView]) -> str:
    """Write the sum of the notices' amounts, which are all in the programme's currency."""
    minor = sum(int(one.facts.get("amount_minor") or 0) for one in notices)
    return money(minor, str(notices[0].facts["currency"])) if "currency" in notices[0].facts else ""


def _figure(kind: str, notices: Sequence[NoticeView]) -> str:
    return _sum(notices) if kind in FIGURES else ""


def _row(notice: NoticeView, words: Words, claimed: Claimed, base: str) -> _Row:
    """Write one notice of several; what the letter's title says already is left out."""
    shown = amount(notice.facts, "before_minor" if notice.kind == "declined" else "amount_minor")
    url = address_of(base, claimed.slug, words.place)
    if claimed.kind == notice.kind and claimed.kind in LISTED_BY_SHOP and notice.facts.get("shop"):
        note = words.body if claimed.kind in EXPLAINED else ""
        return _Row(str(notice.facts["shop"]), note, shown, url)
    return _Row(words.title, words.body, "" if shown in words.title else shown, url)


def _more(count: int) -> str:
    if count <= 0:
        return ""
    return ngettext("and {count} more", "and {count} more", count).format(count=count)


def _when(notice: NoticeView, zone: str) -> str:
    return date_format(notice.at.astimezone(ZoneInfo(zone)), "DATETIME_FORMAT")


def _why(claimed: Claimed) -> str:
    """Say why the member gets this."""
    if claimed.kind in DIGESTS.values():
        return _("You get this because you chose to be told once a day or a week.")
    topic = topic_of(claimed.kind) if claimed.kind in KINDS else None
    if topic is None or not KINDS[claimed.kind]:
        return _("You get this because you are a member of {programme}.").format(
            programme=claimed.programme
        )
    if topic.always:
        return str(topic.why_always)
    return _("You get this because you chose to be told: {topic}.").format(topic=topic.label)


def _unsubscribe_path(claimed: Claimed) -> str:
    """Return the link that sends no more of these; empty for what is always sent."""
    if claimed.kind in DIGESTS.values():
        topic = DIGEST
    else:
        found = topic_of(claimed.kind)
        if found.always or not KINDS[claimed.kind]:
            return ""
        topic = found.name
    token = token_for(claimed.wallet_id, topic)
    return reverse("portal_unsubscribe", args=(claimed.slug, token))


def _headers(claimed: Claimed, unsubscribe_url: str) -> dict[str, str]:
    headers = {
        "Message-ID": f"<{claimed.id}@{_domain()}>",
        "Auto-Submitted": "auto-generated",
    }
    if unsubscribe_url:
        headers["List-Unsubscribe"] = f"<{unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers


def _from(programme: str) -> str:
    name = re.sub(r'[\r\n"<>\\]', " ", programme).strip()
    return f'"{name}" <{_mailbox()}>'


def _mailbox() -> str:
    return str(settings.DEFAULT_FROM_EMAIL).rpartition("<")[2].strip().rstrip(">")


def _domain() -> str:
    return _mailbox().rpartition("@")[2] or "localhost"


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x20]+", " ", text).strip()
