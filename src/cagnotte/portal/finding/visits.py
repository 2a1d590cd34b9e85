"""`/p/PROGRAMME/visits/`: where a member went, what was promised then, and what became of it."""

from typing import NamedTuple

from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.domain.ids import public_id
from cagnotte.journeys import find_shops
from cagnotte.journeys import visits as journey
from cagnotte.journeys.kept_runs import RUNS
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.finding.tiles import Tile, tiles
from cagnotte.portal.visit import Visit, member_page

FIRST_SHOWN = 20


class Row(NamedTuple):
    """A visit. tile: None where the shop is no more shown. purchases: public ids."""

    visit: journey.Visit
    tile: Tile | None
    name: str
    number: str
    purchases: list[str]


@require_safe
@member_page("wallet")
def visits(visit: Visit) -> HttpResponse:
    """Show the member's last visits, the latest first."""
    connection, programme = shared_connection(), visit.programme
    run = RUNS.of(connection, programme.id, programme.slug, visit.now).run
    every = visit.request.GET.get("all") == "1"
    count = journey.COUNT if every else FIRST_SHOWN
    told = journey.visits(connection, run, visit.wallet_id, count=count + 1)
    shown = told[:count]
    shops = list(dict.fromkeys(one.click.merchant_id for one in shown))
    cards = find_shops.cards_of(connection, programme, shops, now=visit.now)
    known = {tile.card.merchant_id: tile for tile in tiles(visit, cards)}
    rows = [_row(one, known.get(one.click.merchant_id)) for one in shown]
    return visit.show(
        "portal/finding/visits.html",
        rows=rows,
        more=len(told) > count and not every,
        hints=why_not(),
        nothing=sum(row.visit.outcome is journey.Outcome.NOTHING for row in rows),
    )


def _row(told: journey.Visit, tile: Tile | None) -> Row:
    ref = told.click.ref
    return Row(
        told,
        tile,
        tile.card.name if tile else told.merchant,
        " ".join(ref[place : place + 4] for place in range(0, len(ref), 4)),
        [public_id("pur", bought.id) for bought in told.purchases],
    )


def why_not() -> list[str]:
    """Say why a purchase after a visit may not be known, the likeliest first."""
    return [
        _(
            "The shop’s cookies were refused, or a blocker or private window hid where you came from."
        ),
        _("Another coupon, extension or cashback site came after this visit."),
        _("The basket was filled before the visit."),
        _("You paid in the shop’s app after a visit with the browser."),
        _("The shop has not told us yet: some take longer than others."),
    ]
