"""`/p/PROGRAMME/refer/`: a member's link and code for friends, what to share them with, and who has joined.

The page is honest about what it brings: the programme pays nothing for a friend unless it says so in its offers, and
what a friend buys stays the friend's own.
"""

from io import BytesIO
from typing import NamedTuple
from urllib.parse import quote

import segno
from django.conf import settings
from django.http import HttpResponse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.growth import referrals
from cagnotte.growth.referrals import Friend, FriendState
from cagnotte.identity.models import Wallet
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit, member_page

QR_BORDER = 4
"""Modules of white around a QR code, as ISO/IEC 18004 asks for."""

QR_SCALE = 10
"""Pixels of a module in the file that is saved, for print."""


class Text(NamedTuple):
    """One text of the kit. link: opens a program with the text in it."""

    title: str
    icon: str
    words: str
    link: str
    act: str


@require_safe
@member_page("account")
def refer(visit: Visit) -> HttpResponse:
    """Show what a member shares, and how far the friends are."""
    code = referrals.code_of(_wallet(visit), now=visit.now)
    link = _link(visit, code)
    friends = referrals.friends_of(shared_connection(), visit.wallet_id)
    return visit.show(
        "portal/referring/refer.html",
        code=referrals.shown(code),
        link=link,
        drawn=_drawn(link),
        texts=_texts(visit, link, referrals.shown(code)),
        short=_("I get money back on my purchases with {programme}.").format(
            programme=visit.programme.name
        ),
        friends=friends,
        counts=_counts(friends),
    )


@require_safe
@member_page("account")
def refer_qr(visit: Visit, kind: str) -> HttpResponse:
    """Give the QR code of the member's link as a file. kind: svg or png."""
    link = _link(visit, referrals.code_of(_wallet(visit), now=visit.now))
    out = BytesIO()
    segno.make(link, error="m", micro=False).save(out, kind=kind, border=QR_BORDER, scale=QR_SCALE)
    types = {"svg": "image/svg+xml", "png": "image/png"}
    name = f"{visit.programme.slug}-{_('friends')}.{kind}"
    return HttpResponse(
        out.getvalue(),
        content_type=types[kind],
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"},
    )


def _wallet(visit: Visit) -> Wallet:
    assert visit.member is not None  # noqa: S101 - a member's page has one
    return visit.member.wallet


def _link(visit: Visit, code: str) -> str:
    """Return the whole address that friends join by."""
    path = visit.address("portal_join", sponsor=referrals.shown(code))
    base = settings.CAGNOTTE_PUBLIC_URL
    return f"{base}{path}" if base else visit.request.build_absolute_uri(path)


def _drawn(link: str) -> SafeString:
    """Draw a QR code as SVG for the page: a path and a rectangle, black on white in every theme."""
    made = segno.make(link, error="m", micro=False)
    drawn = made.svg_inline(
        border=QR_BORDER, omitsize=True, svgclass=None, lineclass=None, light="#fff"
    )
    return mark_safe(drawn)  # noqa: S308 - made of numbers; the address is in it as squares alone


def _texts(visit: Visit, link: str, code: str) -> list[Text]:
    facts = {"programme": visit.programme.name, "link": link, "code": code}
    message = _(
        "I get money back on my purchases with {programme}. Join with my link: {link} "
        "(it is my personal invitation, code {code})."
    ).format(**facts)
    subject = _("Money back on your purchases, with {programme}").format(**facts)
    letter = _(
        "Hello,\n\nI use {programme}: I buy at my usual shops, and a part of the price comes back to me once the shop "
        "has confirmed the purchase. It is free.\n\nHere is my invitation: {link}\nOr type my code when joining: "
        "{code}\n\nSee you soon!"
    ).format(**facts)
    post = _(
        "Money back on what I buy anyway, with {programme}. My invitation: {link} #referral"
    ).format(**facts)
    return [
        Text(
            _("A message"),
            "message-circle",
            message,
            f"sms:?&body={quote(message)}",
            _("Open messages"),
        ),
        Text(
            _("An e-mail"),
            "mail",
            letter,
            f"mailto:?subject={quote(subject)}&body={quote(letter)}",
            _("Write the e-mail"),
        ),
        Text(_("A post"), "megaphone", post, "", ""),
    ]


def _counts(friends: list[Friend]) -> list[tuple[str, str, int]]:
    """Return (icon, words, number) of each step friends are at, each friend at the furthest."""
    at = [friend.state for friend in friends]
    return [
        ("user-plus", _("have joined"), at.count(FriendState.JOINED)),
        ("hourglass", _("have a purchase pending"), at.count(FriendState.PENDING)),
        ("circle-check", _("have a purchase confirmed"), at.count(FriendState.CONFIRMED)),
    ]
