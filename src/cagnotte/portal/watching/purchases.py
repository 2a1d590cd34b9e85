"""`/p/PROGRAMME/purchases/`: all purchases with their states, narrowed as one likes; as a table and as PDF."""

import csv
from collections.abc import Iterator
from itertools import chain
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, StreamingHttpResponse
from django.template.loader import render_to_string
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from cagnotte.claims.selectors import Alike, under_way_by_purchase
from cagnotte.domain.money import format_minor
from cagnotte.journeys import watch
from cagnotte.journeys.measure_delays import Measured
from cagnotte.journeys.watch import KINDS, Asked
from cagnotte.platform import pdf
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.explaining import MEASURES
from cagnotte.portal.visit import Visit, member_page
from cagnotte.portal.watching.shown import KIND_WORDS, Shown, shown, year_of

ROWS_AT_ONCE = 500
"""Rows that a download reads at a time, so that a long life of purchases takes no more memory than a short one."""

PDF_ROWS_MAX = 1_000
"""Rows of a PDF; who has more narrows the list, or takes the table."""

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
"""What makes a spreadsheet take a text for a formula."""


@require_safe
@member_page("wallet")
def purchases(visit: Visit) -> HttpResponse:
    """Show a page of the list."""
    connection, programme = shared_connection(), visit.programme
    asked = asked_of(visit)
    page = watch.purchases(connection, programme, visit.wallet_id, asked)
    overview = watch.overview(connection, programme, visit.wallet_id, asked)
    measured, claims = _measured(visit), _claims(visit)
    within = {"shop": asked.shop, "year": asked.year}
    here = {"state": asked.state, **within}
    template = (
        "portal/watching/purchases_part.html" if visit.is_part else "portal/watching/purchases.html"
    )
    return visit.show(
        template,
        tab="purchases",
        rows=[shown(row, today=visit.today, measured=measured, claims=claims) for row in page.rows],
        asked=asked,
        overview=overview,
        kinds=[
            (KIND_WORDS[kind], visit.address("portal_purchases", state=kind, **within), kind, total)
            for kind, total in overview.totals.items()
            if total.purchases or kind == asked.state
        ],
        all_address=visit.address("portal_purchases", **within),
        newer=visit.address("portal_purchases", after=page.rows[0].public_id, **here)
        if page.newer and page.rows
        else "",
        older=visit.address("portal_purchases", before=page.rows[-1].public_id, **here)
        if page.older and page.rows
        else "",
        csv_address=visit.address("portal_purchases_csv", **here),
        pdf_address=visit.address("portal_purchases_pdf", **here) if pdf.available() else "",
        narrowed=any(here.values()),
    )


def asked_of(visit: Visit) -> Asked:
    """Read from the address which purchases are asked for; what cannot be meant is left out."""
    told = visit.request.GET
    state = next((kind for kind in KINDS if kind == told.get("state")), None)
    shop = told.get("shop", "")[:100]
    return Asked(
        state=state,
        shop=shop if shop.isprintable() and shop else None,
        year=year_of(told.get("year", ""), now=visit.now),
        before=told.get("before", "")[:40],
        after=told.get("after", "")[:40],
    )


def _measured(visit: Visit) -> Measured | None:
    return MEASURES.of(shared_connection(), visit.programme.id, today=visit.today, now=visit.now)


def _claims(visit: Visit) -> dict[UUID, Alike]:
    return under_way_by_purchase(shared_connection(), visit.programme.id, visit.wallet_id)


# ---- to take away -------------------------------------------------------------------------------------------------


class _Line:
    """A file whose lines are what is written to it."""

    @staticmethod
    def write(line: str) -> str:
        """Give the line back."""
        return line


@require_safe
@member_page("wallet")
def purchases_csv(visit: Visit) -> HttpResponse:
    """Send the list as a table: UTF-8 with a mark that spreadsheets know it by, separators as the language has them."""
    is_french = (get_language() or "").startswith("fr")
    writer = csv.writer(_Line(), delimiter=";" if is_french else ",")
    rows: Iterator[list[str]] = (_cells(one, is_french=is_french) for one in _all_rows(visit))
    lines = chain(["\ufeff" + writer.writerow(_titles())], map(writer.writerow, rows))
    response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = _file_name(visit, "csv")
    # To Django both are responses; only their common base says so.
    return cast("HttpResponse", response)


def _titles() -> list[str]:
    return [
        _("Purchase"),
        _("Date"),
        _("Shop"),
        _("Order"),
        _("Paid at the shop"),
        _("Currency"),
        _("Counted"),
        _("Rate"),
        _("Cashback"),
        _("State"),
        _("What comes next"),
    ]


def _cells(one: Shown, *, is_french: bool) -> list[str]:
    row = one.row

    def amount(amount_minor: int, currency: str) -> str:
        written = format_minor(amount_minor, currency).replace(",", "")
        return written.replace(".", ",") if is_french else written

    return [
        row.public_id,
        row.occurred_on.isoformat(),
        harmless(row.shop),
        harmless(row.order_ref),
        amount(row.amount_minor, row.currency),
        row.currency,
        amount(row.base_minor, row.currency),
        one.rate,
        amount(row.reward_minor, row.reward_currency),
        str(one.look.word),
        one.note,
    ]


def harmless(text: str) -> str:
    """Keep a spreadsheet from running a text that somebody else wrote as a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def _all_rows(visit: Visit, *, most: int | None = None) -> Iterator[Shown]:
    connection, measured, claims = shared_connection(), _measured(visit), _claims(visit)
    asked = asked_of(visit)._replace(
        before="", after="", size=min(most or ROWS_AT_ONCE, ROWS_AT_ONCE)
    )
    seen = 0
    while True:
        page = watch.purchases(connection, visit.programme, visit.wallet_id, asked)
        for row in page.rows:
            yield shown(row, today=visit.today, measured=measured, claims=claims)
        seen += len(page.rows)
        if not page.older or not page.rows or (most is not None and seen >= most):
            return
        asked = asked._replace(before=page.rows[-1].public_id)


@require_safe
@member_page("wallet")
def purchases_pdf(visit: Visit) -> HttpResponse:
    """Send the list as PDF; where this server cannot draw, or the list is too long, say so."""
    asked = asked_of(visit)
    here: dict[str, Any] = {"state": asked.state, "shop": asked.shop, "year": asked.year}
    overview = watch.overview(shared_connection(), visit.programme, visit.wallet_id, asked)
    total = overview.totals[asked.state] if asked.state else overview.total
    if not pdf.available() or total.purchases > PDF_ROWS_MAX:
        messages.warning(
            visit.request,
            _("This server cannot make PDF. The table for spreadsheets has the same content.")
            if not pdf.available()
            else _(
                "That is too much for a PDF. Choose a year, or take the table for spreadsheets."
            ),
        )
        return visit.redirect("portal_purchases", **here)
    html = render_to_string(
        "portal/watching/purchases_pdf.html",
        {
            "programme": visit.programme,
            "member": visit.member,
            "today": visit.today,
            "rows": list(_all_rows(visit, most=PDF_ROWS_MAX)),
            "asked": asked,
            "total": total,
            "kind": KIND_WORDS[asked.state] if asked.state else "",
        },
    )
    response = HttpResponse(pdf.render(html), content_type="application/pdf")
    response["Content-Disposition"] = _file_name(visit, "pdf")
    return response


def _file_name(visit: Visit, ending: str) -> str:
    name = f"{visit.programme.slug}-{_('purchases')}-{visit.today.isoformat()}.{ending}"
    return content_disposition_header(as_attachment=True, filename=name) or "attachment"
