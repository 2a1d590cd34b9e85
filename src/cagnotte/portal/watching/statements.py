"""`/p/PROGRAMME/statements/`: what came, what went, and what there was, by month and by year; on screen and as PDF."""

from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_safe

from cagnotte.domain.errors import InvalidInput
from cagnotte.journeys import statement as statements_of
from cagnotte.journeys.statement import LineKey, Statement, period_of
from cagnotte.platform import pdf
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit, member_page
from cagnotte.portal.watching.shown import year_of

MOVES_SHOWN_MAX = 300
"""Movements of a month that the page lists; the PDF has MOVES_DRAWN_MAX."""

MOVES_DRAWN_MAX = 1_500

MONTH_LONG = len("2026-03")

LINE_WORDS: dict[LineKey, str | Promise] = {
    "rebate": gettext_lazy("Cashback from shops"),
    "bonus": gettext_lazy("Bonuses from brands and the programme"),
    "brought_over": gettext_lazy("Brought over from before"),
    "refunded": gettext_lazy("Refunds of what you had spent"),
    "voucher_back": gettext_lazy("Vouchers given back"),
    "paid_back": gettext_lazy("Transfers that came back"),
    "forgiven": gettext_lazy("Forgiven"),
    "adjusted": gettext_lazy("Adjusted, such as after returns"),
    "declined": gettext_lazy("Declined by shops"),
    "spent": gettext_lazy("Spent in shops"),
    "vouchers": gettext_lazy("Turned into vouchers"),
    "donated": pgettext_lazy("statement", "Donated"),
    "paid": gettext_lazy("Paid to your bank"),
    "expired": pgettext_lazy("statement", "Expired"),
    "other": gettext_lazy("Other movements"),
}


@require_safe
@member_page("wallet")
def statements(visit: Visit) -> HttpResponse:
    """Show the months of a year."""
    connection, programme, wallet_id = shared_connection(), visit.programme, visit.wallet_id
    years = statements_of.years(connection, programme, wallet_id, today=visit.today)
    year = year_of(visit.request.GET.get("year", ""), now=visit.now)
    if year not in years:
        year = years[0]
    months = statements_of.months(connection, programme, wallet_id, year=year, today=visit.today)
    return visit.show(
        "portal/watching/statements.html",
        tab="statements",
        year=year,
        years=years,
        months=[month for month in months if month.movements or month.closing_minor],
        has_pdf=pdf.available(),
    )


@require_safe
@member_page("wallet")
def statement(visit: Visit, period: str) -> HttpResponse:
    """Show a month or a year."""
    told = _told(visit, period, listed=MOVES_SHOWN_MAX)
    return visit.show(
        "portal/watching/statement.html", tab="statements", has_pdf=pdf.available(), **told
    )


@require_safe
@member_page("wallet")
def statement_pdf(visit: Visit, period: str) -> HttpResponse:
    """Send a month or a year as PDF; where this server cannot draw one, say so."""
    told = _told(visit, period, listed=MOVES_DRAWN_MAX)
    if not pdf.available():
        messages.warning(visit.request, _("This server cannot make PDF. Print this page instead."))
        return visit.redirect("portal_statement", period)
    html = render_to_string(
        "portal/watching/statement_pdf.html",
        {
            **told,
            "programme": visit.programme,
            "member": visit.member,
            "today": visit.today,
        },
    )
    response = HttpResponse(pdf.render(html), content_type="application/pdf")
    name = f"{visit.programme.slug}-{_('statement')}-{period}.pdf"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name)
    return response


def _told(visit: Visit, period: str, *, listed: int) -> dict[str, Any]:
    """Return what is told of a period, a month with so many of its movements.

    Raises Http404 for what is no period, or has not begun.
    """
    try:
        first, last = period_of(period)
    except InvalidInput:
        raise Http404 from None
    if first > visit.today:
        raise Http404
    is_month = len(period) == MONTH_LONG
    found = statements_of.statement(
        shared_connection(),
        visit.programme,
        visit.wallet_id,
        first=first,
        last=last,
        listed=listed if is_month else 0,
    )
    return {
        "found": found,
        "period": period,
        "is_month": is_month,
        "is_over": last < visit.today,
        "came": _lines(found, sign=1),
        "went": _lines(found, sign=-1),
        "moves": found.moves,
        "left_out": found.movements - len(found.moves) if is_month else 0,
        "parts": _parts(found),
        "year": first.year,
        "before": _before(first) if is_month else "",
        "until": min(last, visit.today),
    }


def _lines(found: Statement, *, sign: int) -> list[tuple[str | Promise, int, int]]:
    """Return (words, movements, amount) of the lines that brought money, or that took it."""
    return [
        (LINE_WORDS[line.key], line.movements, line.amount_minor)
        for line in found.lines
        if line.amount_minor * sign > 0
    ]


def _parts(found: Statement) -> list[tuple[str | Promise, int, int]]:
    """Return (words, at the beginning, at the end) of each state that is not empty both times."""
    words = {
        "pending": _("Pending"),
        "confirmed": _("Confirmed"),
        "available": _("Available"),
        "held": _("On its way"),
        "owing": _("To be made up for"),
    }
    told = [
        (words[state], getattr(found.opening, state), getattr(found.closing, state))
        for state in words
    ]
    return [
        (
            word,
            -before if word == words["owing"] else before,
            -after if word == words["owing"] else after,
        )
        for word, before, after in told
        if before or after
    ]


def _before(first: date) -> str:
    year, month = (first.year, first.month - 1) if first.month > 1 else (first.year - 1, 12)
    return f"{year}-{month:02}"
