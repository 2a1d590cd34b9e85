"""`/p/PROGRAMME/shops/`: all shops, by search, kind, features and order; and what the search offers while one types."""

from typing import NamedTuple

from django.http import HttpResponse, QueryDict
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.catalog.rates import COMPARED_ON_MINOR
from cagnotte.domain.errors import NotFound
from cagnotte.journeys import find_shops
from cagnotte.journeys.find_shops import Asked, Found
from cagnotte.platform.figures import money
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.finding.heads import crumbs_data, head_of, list_data
from cagnotte.portal.finding.kept import kept_shops
from cagnotte.portal.finding.suggesting import SuggestionForm
from cagnotte.portal.finding.tiles import tiles
from cagnotte.portal.visit import Visit, portal_page

TEXT_LENGTH_MAX = 100

TYPED_LEAST = 2
"""Fewer letters than this say nothing."""


class Facet(NamedTuple):
    """A feature that narrows the list; shops: how many of what was asked have it."""

    name: str
    words: str
    shops: int
    chosen: bool


class Order(NamedTuple):
    """A way to order the list; told: by what, exactly."""

    name: str
    words: str
    told: str


@require_safe
@portal_page("shops")
def shops(visit: Visit) -> HttpResponse:
    """Show what was asked for, or all shops."""
    return _listing(visit, asked_of(visit.request.GET))


@require_safe
@portal_page("shops")
def category(visit: Visit, ref: str) -> HttpResponse:
    """Show the shops of a kind."""
    return _listing(visit, asked_of(visit.request.GET, category=ref))


@require_safe
@portal_page("shops")
def find(visit: Visit) -> HttpResponse:
    """Show what may be meant by what was typed so far, as options of the search box."""
    text = _text(visit.request.GET)
    cards = (
        find_shops.suggest(shared_connection(), visit.programme, text, now=visit.now)
        if len(text) >= TYPED_LEAST
        else []
    )
    response = visit.show("portal/finding/options.html", cards=cards, text=text)
    response["Cache-Control"] = "private, max-age=60"
    response["X-Robots-Tag"] = "noindex"
    return response


def asked_of(query: QueryDict, *, category: str = "") -> Asked:
    """Read what an address asks for; what makes no sense is left out."""
    sort = query.get("sort", "")
    number = query.get("page", "")
    return Asked(
        text=_text(query),
        category=category,
        features=frozenset(query.getlist("f")) & frozenset(find_shops.FEATURES),
        sort=sort if sort in find_shops.SORTS else "relevance",
        page=max(1, int(number)) if number.isdecimal() and len(number) <= len("9999") else 1,
    )


def _text(query: QueryDict) -> str:
    return query.get("q", "").replace("\x00", "").strip()[:TEXT_LENGTH_MAX]


def _listing(visit: Visit, asked: Asked) -> HttpResponse:
    found = find_shops.find(shared_connection(), visit.programme, asked, now=visit.now)
    kind = next((one for one in found.categories if one.ref == asked.category), None)
    if asked.category and kind is None:
        raise NotFound(f"There is no kind of shop “{asked.category}”.", category=asked.category)
    path = (
        visit.address("portal_category", asked.category) if kind else visit.address("portal_shops")
    )
    title = kind.name if kind else _("Shops")
    places = [(visit.programme.name, visit.address("portal_home"))]
    places += [(_("Shops"), visit.address("portal_shops"))]
    if kind:
        places.append((title, path))
    shown = tiles(visit, found.cards, kept=kept_shops(visit))
    listed = [(tile.card.name, tile.href) for tile in shown]
    response = visit.show(
        "portal/finding/found.html" if visit.is_part else "portal/finding/shops.html",
        asked=asked,
        found=found,
        tiles=shown,
        kind=kind,
        title=title,
        path=path,
        head=head_of(visit, path, crumbs_data(visit, places), list_data(visit, title, listed)),
        before=asked.page - 1,
        after=asked.page + 1,
        narrowed=bool(asked.text or asked.features or asked.page > 1),
        facets=_facets(asked, found),
        orders=_orders(visit.programme.currency),
        suggestion=SuggestionForm(initial={"name": asked.text}),
    )
    # A part and a whole page live at the same address.
    patch_vary_headers(response, ["HX-Request"])
    return response


def _facets(asked: Asked, found: Found) -> list[Facet]:
    words = {
        "online": _("Online"),
        "in_store": _("In store"),
        "boosted": _("More than usual"),
        "claims": _("Missing cashback can be claimed"),
        "fast": _("Confirms within 45 days"),
        "new_customers": _("For new customers"),
    }
    facets = [
        Facet(name, told, found.facets.get(name, 0), name in asked.features)
        for name, told in words.items()
    ]
    # What nothing has is no choice, unless it is what was chosen.
    return [one for one in facets if one.shops or one.chosen]


def _orders(currency: str) -> list[Order]:
    compared_on = money(COMPARED_ON_MINOR, currency)
    return [
        Order(
            "relevance",
            _("Relevance"),
            _(
                "How well the words fit what you typed; without a search, the shops that the programme puts "
                "first, then the highest rate."
            ),
        ),
        Order(
            "rate",
            _("Highest rate"),
            _(
                "What a shop gives at best today; a fixed sum counts as on an order of {amount}."
            ).format(amount=compared_on),
        ),
        Order(
            "speed",
            _("Fastest to confirm"),
            _(
                "The days after which half of the purchases were confirmed; shops not measured yet come last."
            ),
        ),
        Order(
            "reliability",
            _("Most often confirmed"),
            _("The share of purchases that were confirmed; shops not measured yet come last."),
        ),
        Order("name", _("Name"), _("By the alphabet.")),
    ]
