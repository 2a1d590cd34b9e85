"""`/p/PROGRAMME/cagnotte/`: what there is, what comes and when, what goes; and what each figure is made of."""

from typing import NamedTuple

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from cagnotte.journeys import watch
from cagnotte.journeys.watch import Month
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit, member_page

MOVES_SHOWN = 8

CHART_HIGH = 100
"""Height of the chart in its own units; its widths are ten a month."""


class Bar(NamedTuple):
    """A month of the chart, in the chart's own units: sure stands on the ground, unsure on top of it."""

    month: Month
    x: int
    sure_y: int
    sure_high: int
    unsure_y: int
    unsure_high: int


@require_safe
@member_page("wallet")
def wallet(visit: Visit) -> HttpResponse:
    """Show the cagnotte."""
    connection, programme = shared_connection(), visit.programme
    held = watch.balances(connection, programme, visit.wallet_id, today=visit.today)
    moves = watch.activity(connection, programme, visit.wallet_id, limit=MOVES_SHOWN)
    months = watch.by_month(connection, programme, visit.wallet_id, today=visit.today)
    return visit.show(
        "portal/watching/wallet.html",
        tab="wallet",
        held=held,
        moves=moves,
        is_new=held.is_new and not moves,
        bars=bars(months),
        charted_minor=sum(month.total_minor for month in months),
    )


@require_safe
@member_page("wallet")
def made_of(visit: Visit) -> HttpResponse:
    """Show what the available and the reserved figure are made of."""
    connection, programme = shared_connection(), visit.programme
    return visit.show(
        "portal/watching/made_of.html",
        tab="wallet",
        held=watch.balances(connection, programme, visit.wallet_id, today=visit.today),
        made=watch.made_of(connection, programme, visit.wallet_id),
    )


def bars(months: list[Month]) -> list[Bar]:
    """Draw months side by side, the highest as high as the chart; what is not nothing is seen."""
    most = max((month.total_minor for month in months), default=0)
    drawn = []
    for place, month in enumerate(months):
        sure, unsure = (_high(part, most) for part in (month.sure_minor, month.unsure_minor))
        sure = min(sure, CHART_HIGH - unsure)
        drawn.append(
            Bar(month, place * 10 + 2, CHART_HIGH - sure, sure, CHART_HIGH - sure - unsure, unsure)
        )
    return drawn


def _high(amount_minor: int, most_minor: int) -> int:
    if amount_minor <= 0:
        return 0
    return max(2, amount_minor * CHART_HIGH // most_minor)
