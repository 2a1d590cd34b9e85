"""`/p/PROGRAMME/`: the front page. What it is about for visitors; for members what they have, and offers for them."""

from typing import NamedTuple

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.claims import selectors as claims
from cagnotte.domain.claims import UNDER_WAY, ClaimState
from cagnotte.journeys import find_shops, watch
from cagnotte.journeys.front_page import PaidLately, Why, shelves
from cagnotte.platform.figures import percent
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal import explaining
from cagnotte.portal.finding.heads import head_of, site_data
from cagnotte.portal.finding.tiles import tiles
from cagnotte.portal.visit import Visit, portal_page

OFFERS_SHOWN = 12
SHELF_SHOWN = 8
PURCHASES_SHOWN = 5
EXPIRING_SHOWN = 2

PAID = PaidLately()


@require_safe
@portal_page("home")
def home(visit: Visit) -> HttpResponse:
    """Show the front page of a visitor or of a member."""
    if visit.member is None:
        return _of_visitor(visit)
    return _of_member(visit)


def _of_visitor(visit: Visit) -> HttpResponse:
    connection, programme = shared_connection(), visit.programme
    measured = explaining.MEASURES.of(connection, programme.id, today=visit.today, now=visit.now)
    return visit.show(
        "portal/finding/home.html",
        head=head_of(visit, visit.address("portal_home"), site_data(visit)),
        title=visit.look.promise or _("Part of what you spend comes back to you"),
        tiles=tiles(
            visit,
            find_shops.featured(connection, programme, now=visit.now, limit=OFFERS_SHOWN),
        ),
        categories=find_shops.categories(connection, programme, now=visit.now),
        measured=measured,
        confirmed=confirmed_share(measured.confirmed_bps if measured else None),
        paid_minor=PAID.of(connection, programme.id, now=visit.now),
    )


def _of_member(visit: Visit) -> HttpResponse:
    connection, programme, wallet_id = shared_connection(), visit.programme, visit.wallet_id
    own = shelves(
        connection, programme, wallet_id, now=visit.now, today=visit.today, count=SHELF_SHOWN
    )
    held = watch.balances(connection, programme, wallet_id, today=visit.today)
    lately = watch.Asked(size=PURCHASES_SHOWN)
    reasons = {
        Why.KEPT: _("A favourite that gives more than usual"),
        Why.BOUGHT: _("You bought there before"),
        Why.POPULAR: _("Chosen by the programme, for everybody"),
    }
    return visit.show(
        "portal/finding/my_home.html",
        first_name=visit.member.name.partition(" ")[0] if visit.member else "",
        balances=held,
        expiring=held.expiring[:EXPIRING_SHOWN],
        claims=_claims(visit),
        recent=watch.purchases(connection, programme, wallet_id, lately).rows,
        shelf=tiles(visit, own.kept),
        offers=tiles(
            visit,
            [one.card for one in own.offers],
            kept={card.merchant_id for card in own.kept},
            why={one.card.merchant_id: reasons[one.why] for one in own.offers},
        ),
    )


class Claims(NamedTuple):
    """How many of a member's claims are under way, and how many of them wait for the member."""

    under_way: int
    asked: int


def _claims(visit: Visit) -> Claims:
    counts = claims.counts(shared_connection(), visit.programme.id, visit.wallet_id)
    under_way = sum(counts.get(state, 0) for state in UNDER_WAY)
    return Claims(under_way, counts.get(ClaimState.ASKED_MEMBER, 0))


def confirmed_share(bps: int | None) -> str:
    """Write a share in whole percent, rounded down so that it never promises too much; "" where none is known."""
    return "" if bps is None else percent(bps // 100 * 100)
