"""Pages that the law or honesty asks for: terms, privacy with cookies, legal notice, accessibility, how we earn."""

from datetime import date
from typing import NamedTuple

from django.conf import settings
from django.http import HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from cagnotte.journeys.personal_data import SUBJECTS, Basis, Subject
from cagnotte.portal.going import VISIT_COOKIE, VISIT_DAYS
from cagnotte.portal.helping.terms_text import REVISED, current_terms
from cagnotte.portal.visit import Visit, portal_page

AUDITED = date(2026, 11, 22)
"""When the pages were last checked for accessibility, for the statement."""

BASES = {
    Basis.CONTRACT: gettext_lazy("What you joined for (contract)"),
    Basis.LAW: gettext_lazy("The law asks for it"),
    Basis.CONSENT: gettext_lazy("You agreed"),
    Basis.INTEREST: gettext_lazy("A legitimate interest"),
}


class Kept(NamedTuple):
    """One row of the page about privacy."""

    subject: Subject
    basis: str


class Cookie(NamedTuple):
    """A cookie that the pages may set."""

    name: str
    why: str
    how_long: str


@require_safe
@portal_page("help")
def terms(visit: Visit) -> HttpResponse:
    """Show the terms as they stand, with their version."""
    version, text = current_terms(visit.programme)
    return visit.show("portal/helping/terms.html", version=version, text=text, revised=REVISED)


@require_safe
@portal_page("help")
def privacy(visit: Visit) -> HttpResponse:
    """Show what is kept of members, from the list that export and erasure are made from, and the cookies."""
    kept = [Kept(subject, str(BASES[subject.basis])) for subject in SUBJECTS.values()]
    return visit.show("portal/helping/privacy.html", kept=kept, cookies=cookies())


def cookies() -> list[Cookie]:
    """Return every cookie that the pages may set. All are needed for what the visitor asked for."""
    return [
        Cookie(
            settings.SESSION_COOKIE_NAME,
            _("Keeps you signed in."),
            _("{days} days").format(days=settings.SESSION_COOKIE_AGE // 86_400),
        ),
        Cookie(
            settings.CSRF_COOKIE_NAME,
            _("Makes sure that a form was sent from our own pages."),
            _("a year"),
        ),
        Cookie(
            VISIT_COOKIE,
            _(
                "A random number that ties your visit to a shop to your cagnotte, set when you follow a link to a shop."
            ),
            _("{days} days").format(days=VISIT_DAYS),
        ),
        Cookie(settings.LANGUAGE_COOKIE_NAME, _("The language you chose."), _("a year")),
        Cookie(
            "messages", _("Shows you the outcome of what you did, on the next page."), _("one page")
        ),
    ]


@require_safe
@portal_page("help")
def notice(visit: Visit) -> HttpResponse:
    """Show who runs the programme."""
    return visit.show("portal/helping/legal.html", company=visit.look.storefront.company or {})


@require_safe
@portal_page("help")
def accessibility(visit: Visit) -> HttpResponse:
    """Show the statement of accessibility, in the form that the French reference framework asks for."""
    return visit.show(
        "portal/helping/accessibility.html",
        audited=AUDITED,
        company=visit.look.storefront.company or {},
    )


@require_safe
@portal_page("help")
def earning(visit: Visit) -> HttpResponse:
    """Show where the money comes from, and what it does not buy."""
    return visit.show("portal/helping/earning.html")
