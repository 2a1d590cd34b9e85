"""`/go/PROGRAMME/OFFER`: leave for a shop by a link of ours.

One request, one row, one redirect; no JavaScript. The address is made of the two names that a programme file never
changes, so that it can be printed. It takes `to` (a page of the shop), `shop` (where the offer holds at several),
`from` (where the link stands), `rival` (seconds since another publisher brought the visitor, if the link knows) and
`pause`: links on the portal's own pages ask by `pause=1` for a page in between. It shows for a second what was noted
and promised; whoever is not signed in may do so there first, or go on without.
"""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple, cast
from uuid import UUID, uuid4

import psycopg
import structlog
from django.db import OperationalError
from django.db import connection as django_connection
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.domain.errors import NotFound
from cagnotte.domain.offers import Offer
from cagnotte.identity.memberships import member_at
from cagnotte.identity.selectors import Shop
from cagnotte.journeys import find_shops
from cagnotte.journeys.find_shops import ShopCard
from cagnotte.journeys.follow_link import (
    Asked,
    Books,
    Lead,
    ManyShops,
    NoOffer,
    OfferBook,
    follow,
    meant,
)
from cagnotte.portal.look import look_of
from cagnotte.portal.visit import Visit
from cagnotte.tracking.visitors import Asking, Visitor, visitor_of

VISIT_COOKIE = "cagnotte_visit"
"""Holds a random number and nothing else: it lets a click before the sign-in count for the member."""

VISIT_DAYS = 30
"""From the first click; later ones do not make it longer."""

PAUSE_SECONDS = 1
"""How long the page in between is shown. Browsers then leave it out of their history, so that a step back leads to
the page with the link and not to another click."""

RIVAL_SECONDS_MAX = 86_400

PREPARED_AFTER = 5
"""The driver's own default: statements that come more often are planned once for the connection."""

NAMES_MAX = 3
"""Shops named beside an offer."""

_ORIGIN = re.compile(r"[A-Za-z0-9._-]{1,40}")
_VISIT = re.compile(r"[0-9a-f]{32}")
_SECONDS = re.compile(r"\d{1,5}", re.ASCII)
_FOURS = re.compile(r".{4}")

BOOKS = Books()
"""What the programmes offer, as this process knows it."""

log = structlog.get_logger(__name__)


class Way(NamedTuple):
    """A link on a page that says why another leads nowhere."""

    address: str
    name: str
    promise: str


@require_safe
def go(request: HttpRequest, programme: str, offer: str) -> HttpResponse:
    """Note the click and redirect to the shop; say what is there instead where the link leads nowhere."""
    visitor = visitor_of(request.META)
    if visitor.asking is Asking.AHEAD:
        # A redirect would be kept and followed when the person clicks, without asking here again, and the click would
        # be lost. A refusal makes the browser ask again then.
        return _kept_nowhere(HttpResponse(status=503))
    if request.method == "HEAD":
        visitor = visitor._replace(asking=Asking.ROBOT)
    try:
        return _kept_nowhere(_led(request, programme, offer, visitor))
    except (OperationalError, psycopg.OperationalError):
        log.exception("link_not_noted", programme=programme, offer=offer)
        django_connection.close()
        return _kept_nowhere(
            _page(
                request,
                503,
                _("Please try again in a moment"),
                _("Your visit could not be noted just now, and would not have been rewarded."),
            )
        )


def _led(request: HttpRequest, programme: str, ref: str, visitor: Visitor) -> HttpResponse:
    now = timezone.now()  # noqa: TID251 - the edge: a page reads the clock once and passes it on
    connection = _driver()
    try:
        book = BOOKS.of(connection, programme, now)
    except NotFound:
        return _page(request, 404, *_unknown())
    known = visit_number(request)
    # Who brings no session costs no query.
    person = request.user if visitor.asking is Asking.PERSON else None
    member = member_at(person, book.programme.id) if person and person.is_authenticated else None
    asked = Asked(
        offer=ref if ref in book.offers else ref.rstrip("/"),
        visitor=visitor,
        visit_id=known or uuid4(),
        shop=request.GET.get("shop", ""),
        to=request.GET.get("to", ""),
        origin=_matching(_ORIGIN, request.GET.get("from", "")),
        rival_seconds=_seconds(request.GET.get("rival", "")),
        wallet_id=member.wallet_id if member else None,
    )
    pauses = request.GET.get("pause") == "1" and visitor.asking is Asking.PERSON
    shown = Visit(request, *look_of(programme), member, "shops", now) if pauses else None
    try:
        if shown and member is None:
            return _sign_in_first(shown, book, asked)
        lead = follow(connection, book, asked, now=now)
    except NoOffer as error:
        ways = [_way(book, one) for one in error.others]
        title, sentence = _over() if error.gone else _unknown()
        return _page(request, 410 if error.gone else 404, title, sentence, ways)
    except ManyShops as error:
        return _choice(request, book, asked, error)
    response = _pause(shown, book, lead) if shown else HttpResponseRedirect(lead.address)
    # The shop and the network learn from which site the visitor comes, not from which page.
    response["Referrer-Policy"] = "strict-origin"
    if lead.clicked is not None and known is None:
        _remember(request, response, asked.visit_id)
    return response


def _driver() -> "psycopg.Connection[Any]":
    """Return the driver's connection of this thread, which plans each of our few statements once.

    Django tells the driver to prepare nothing, for the sake of its own statements; those never are.
    """
    django_connection.ensure_connection()
    connection = cast("psycopg.Connection[Any]", django_connection.connection)
    connection.prepare_threshold = PREPARED_AFTER
    return connection


def visit_number(request: HttpRequest) -> UUID | None:
    """Return the number that the visitor brings, None for none or one that we never gave."""
    told = request.COOKIES.get(VISIT_COOKIE, "")
    return UUID(told) if _VISIT.fullmatch(told) else None


def _remember(request: HttpRequest, response: HttpResponse, visit_id: UUID) -> None:
    response.set_cookie(
        VISIT_COOKIE,
        visit_id.hex,
        max_age=VISIT_DAYS * 86_400,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )


def _matching(pattern: re.Pattern[str], text: str) -> str:
    return text if pattern.fullmatch(text) else ""


def _seconds(text: str) -> int | None:
    """Return how many seconds ago, None for what is no such number or longer ago than a day."""
    found = _matching(_SECONDS, text)
    return int(found) if found and int(found) <= RIVAL_SECONDS_MAX else None


def _kept_nowhere(response: HttpResponse) -> HttpResponse:
    response["Cache-Control"] = "no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    return response


# ---- the page in between --------------------------------------------------------------------------------------


def _pause(visit: Visit, book: OfferBook, lead: Lead) -> HttpResponse:
    """Show what was noted and promised, and go on by itself; the header works where no script runs."""
    response = visit.show(
        "portal/finding/leaving.html",
        shop=lead.shop,
        card=_card(visit, lead.shop),
        promised=book.words(lead.offer),
        number=" ".join(_FOURS.findall(lead.clicked.ref)) if lead.clicked else "",
        address=lead.address,
    )
    response["Refresh"] = f"{PAUSE_SECONDS}; url={lead.address}"
    return response


def _sign_in_first(visit: Visit, book: OfferBook, asked: Asked) -> HttpResponse:
    """Say that a visit counts for whoever is signed in; nothing is noted yet. Raises NoOffer and ManyShops."""
    offer, shop = meant(book, asked, visit.today)
    query = visit.request.GET.copy()
    query.pop("pause")
    path = visit.request.path
    return visit.show(
        "portal/finding/sign_in_first.html",
        shop=shop,
        card=_card(visit, shop),
        promised=book.words(offer),
        without=f"{path}?{query.urlencode()}" if query else path,
        back=visit.request.get_full_path(),
    )


def _card(visit: Visit, shop: Shop) -> ShopCard | None:
    """Return the shop as it is shown elsewhere, for its mark."""
    cards = find_shops.cards_of(_driver(), visit.programme, [shop.id], now=visit.now)
    return cards[0] if cards else None


# ---- pages ----------------------------------------------------------------------------------------------------


def _unknown() -> tuple[str, str]:
    return _("There is no such offer"), _("Perhaps the link was cut short on its way to you.")


def _over() -> tuple[str, str]:
    return _("This offer is over"), _("A visit by this link would no longer be rewarded.")


def _page(
    request: HttpRequest, status: int, title: str, sentence: str, ways: Iterable[Way] = ()
) -> HttpResponse:
    ways = list(ways)
    shown = {
        "title": title,
        "sentence": sentence,
        "ways": ways,
        "ways_title": _("What there is") if ways else "",
    }
    return render(request, "portal/notice.html", shown, status=status)


def _choice(request: HttpRequest, book: OfferBook, asked: Asked, error: ManyShops) -> HttpResponse:
    """Let the visitor choose the shop; the rest of the link stays as it was."""
    words = book.words(book.offers[asked.offer][0])
    ways = []
    for shop in error.shops:
        query = request.GET.copy()
        query["shop"] = shop.ref
        # A page belongs to one shop; at another it would be the wrong one.
        query.pop("to", None)
        ways.append(Way(f"{request.path}?{query.urlencode()}", shop.name, words))
    return _page(
        request,
        300,
        _("Which shop would you like to go to?"),
        _("This offer holds at several shops."),
        ways,
    )


def _way(book: OfferBook, offer: Offer) -> Way:
    address = reverse("go", args=(book.programme.slug, offer.ref))
    shops = book.shops_of(offer)
    more = "…" if len(shops) > NAMES_MAX else ""
    names = ", ".join(shop.name for shop in shops[:NAMES_MAX]) + more
    return Way(address, f"{offer.name} ({names})", book.words(offer))
