"""`/p/PROGRAMME/how-it-works/`: the page a shop links to, and the banner for its e-mails.

How it works in three steps, how long it really takes (measured, never promised), what the contracts say, and what is
on offer now. In English and French; `?lang=fr` asks for one of them.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.catalog.headlines import headline
from cagnotte.domain import offers as domain
from cagnotte.domain.errors import NotFound
from cagnotte.domain.offers import Offer
from cagnotte.identity import selectors as identity
from cagnotte.journeys.follow_link import OfferBook
from cagnotte.journeys.measure_delays import Measures
from cagnotte.platform.figures import percent
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal import banners, going
from cagnotte.portal.finding.heads import head_of
from cagnotte.portal.terms import payout_sentences, terms_of
from cagnotte.portal.visit import Visit, portal_page

OFFERS_SHOWN = 12

MEASURES = Measures()
"""What programmes took, as this process last measured it."""


class Shown(NamedTuple):
    """An offer on the page; link: empty where no shop of it has a site."""

    headline: str
    name: str
    shops: str
    link: str


@require_safe
@portal_page("how")
def how_it_works(visit: Visit) -> HttpResponse:
    """Show the page of a programme."""
    book = _book(visit.programme.slug, visit.now)
    day = book.today(visit.now)
    found = visit.programme
    measured = MEASURES.of(shared_connection(), found.id, today=day, now=visit.now)
    names = _shop_names(book)
    response = visit.show(
        "portal/how_it_works.html",
        head=head_of(visit, visit.address("how_it_works")),
        offers=[_shown(book, offer, names) for offer in _best(book, visit.now)[:OFFERS_SHOWN]],
        measured=measured,
        confirmed=percent(measured.confirmed_bps // 100 * 100)
        if measured and measured.confirmed_bps is not None
        else "",
        terms=terms_of(found.id, names, day, linked=frozenset(book.shops)),
        payouts=payout_sentences(found.id),
    )
    # A member's page carries their own frame, and is kept nowhere.
    if visit.member is None:
        response["Cache-Control"] = "public, max-age=300"
    return response


@require_safe
def banner(request: HttpRequest, programme: str, kind: str) -> HttpResponse:  # noqa: ARG001 - its language is active
    """Draw the banner of a programme, 1200 by 300: its name and its best offer. kind: svg or png."""
    now = timezone.now()  # noqa: TID251 - the edge: a page reads the clock once and passes it on
    book = _book(programme, now)
    best = [_capital(headline(offer, book.programme.currency)) for offer in _best(book, now)[:1]]
    told = banners.Told(
        book.programme.name,
        best[0] if best else _("Cashback on your purchases"),
        _("How it works"),
    )
    drawn = banners.svg(told) if kind == "svg" else banners.png(told)
    response = HttpResponse(drawn, content_type=banners.TYPES[kind])
    response["Cache-Control"] = "public, max-age=3600"
    response["Cross-Origin-Resource-Policy"] = "cross-origin"
    patch_vary_headers(response, ["Accept-Language"])
    return response


def _book(slug: str, now: datetime) -> OfferBook:
    """Return what a programme offers. Raises Http404."""
    try:
        return going.BOOKS.of(shared_connection(), slug, now)
    except NotFound:
        raise Http404 from None


def _best(book: OfferBook, now: datetime) -> list[Offer]:
    """Return the offers for everybody that are in force, the highest rate first, then sums."""
    found = [offer for offer in book.current(book.today(now)) if not _for_some(offer)]
    return sorted(found, key=_worth, reverse=True)


def _for_some(offer: Offer) -> bool:
    asked = offer.conditions
    return bool(asked.segments or asked.not_segments or asked.first)


def _worth(offer: Offer) -> tuple[int, int]:
    match offer.effect:
        case domain.Percent(rate_bps):
            return (rate_bps, 0)
        case domain.Tiered(tiers) | domain.Progressive(tiers):
            return (max(tier.rate_bps for tier in tiers), 0)
        case _:
            return (0, getattr(offer.effect, "amount_minor", 0))


def _shop_names(book: OfferBook) -> dict[str, str]:
    """Return the names of all merchants by reference, those without a site too."""
    parties = identity.party_names(book.programme.id)
    return {ref: name for (kind, ref), name in parties.items() if kind == "merchant"}


def _shown(book: OfferBook, offer: Offer, names: Mapping[str, str]) -> Shown:
    held = sorted(names.get(ref, ref) for ref in offer.conditions.merchants)
    return Shown(
        _capital(headline(offer, book.programme.currency)),
        offer.name,
        ", ".join(held[: going.NAMES_MAX]) + (", …" if len(held) > going.NAMES_MAX else ""),
        reverse("go", args=(book.programme.slug, offer.ref)) if book.shops_of(offer) else "",
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]
