"""`/p/PROGRAMME/join/`: an address, a code, a few words about oneself, and one is a member. No password.

The address is proven first, so nobody joins with another's, and a member whom the shop already knows by it is found.
"""

from contextlib import suppress
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from cagnotte.domain.errors import Conflict
from cagnotte.domain.member_numbers import shown
from cagnotte.identity.addresses import folded
from cagnotte.identity.people import found_or_made
from cagnotte.journeys.join import Told
from cagnotte.journeys.join import join as journey
from cagnotte.portal.accounts.consent_texts import QUESTIONS, VERSION
from cagnotte.portal.accounts.entering import arrived, let_in, send_code, ways
from cagnotte.portal.accounts.forms import EmailForm, JoiningForm
from cagnotte.portal.accounts.proven import forget_proven, proven
from cagnotte.portal.accounts.step_up import has_passkey, way_back
from cagnotte.portal.going import visit_number
from cagnotte.portal.helping.terms_text import current_terms
from cagnotte.portal.visit import Visit, member_page, portal_page

SESSION_SPONSOR = "portal_sponsor"
"""In the session: the code of the friend whose link was followed."""

SPONSOR_LENGTH_MAX = 40


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("account")
def join(visit: Visit) -> HttpResponse:
    """Ask for the address; whoever is signed in already is asked for the rest at once."""
    sponsor = visit.request.GET.get("sponsor", "")[:SPONSOR_LENGTH_MAX]
    if sponsor:
        visit.request.session[SESSION_SPONSOR] = sponsor
    if visit.member is not None:
        return arrived(visit, way_back(visit))
    if not visit.look.storefront.joining:
        return visit.show("portal/accounts/closed.html", proven=proven(visit))
    if visit.request.user.is_authenticated:
        return visit.redirect("portal_join_details", next=visit.request.GET.get("next") or None)
    form = EmailForm(visit.request.POST or None)
    if visit.request.method == "POST" and form.is_valid():
        return send_code(visit, form, "portal/accounts/join.html", joining="yes")
    invited = bool(visit.request.session.get(SESSION_SPONSOR))
    return visit.show("portal/accounts/join.html", form=form, invited=invited, **ways(visit))


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("account")
def details(visit: Visit) -> HttpResponse:
    """Ask for the rest, and make the member."""
    email = _address(visit)
    if visit.member is not None:
        return arrived(visit, way_back(visit))
    if not email or not visit.look.storefront.joining:
        return visit.redirect("portal_join", next=visit.request.GET.get("next") or None)
    initial = {"sponsor": visit.request.session.get(SESSION_SPONSOR, "")}
    form = JoiningForm(visit.request.POST or None, today=visit.today, initial=initial)
    if visit.request.method == "POST" and form.is_valid():
        return _joined(visit, form, email)
    version, _text = current_terms(visit.programme)
    return visit.show(
        "portal/accounts/details.html",
        form=form,
        email=email,
        next=way_back(visit),
        questions=QUESTIONS,
        terms_version=version,
    )


def _address(visit: Visit) -> str:
    """Return the address of whoever joins: their account's, else the one just proven."""
    person: Any = visit.request.user
    return str(person.email) if person.is_authenticated else proven(visit)


def _joined(visit: Visit, form: JoiningForm, email: str) -> HttpResponse:
    request = visit.request
    person: Any = request.user
    is_signed_in = person.is_authenticated
    if not is_signed_in:
        person, _made = found_or_made(email)
    told = _told(visit, form, email, is_proven=not is_signed_in or _has_proven(person, email))
    # The same form may have come twice, or the member been taken meanwhile; arriving sorts it out.
    with suppress(Conflict):
        journey(person, visit.programme, told, now=visit.now)
    request.session.pop(SESSION_SPONSOR, None)
    to = visit.address("portal_welcome", next=way_back(visit))
    response: HttpResponse = HttpResponseRedirect(to)
    if not is_signed_in:
        forget_proven(visit)
        response = let_in(visit, person, email, to)
    speak(response, told.locale, is_secure=request.is_secure())
    return response


def _told(visit: Visit, form: JoiningForm, email: str, *, is_proven: bool) -> Told:
    said = form.cleaned_data
    version, _text = current_terms(visit.programme)
    return Told(
        email=email,
        is_proven=is_proven,
        terms=version,
        locale=said["locale"],
        name=said["name"],
        agreed=form.agreed,
        wording=VERSION,
        birthday=said["birthday"],
        sponsor=said["sponsor"],
        visit_id=visit_number(visit.request),
    )


def _has_proven(person: Any, email: str) -> bool:
    """Tell whether a person has come in by a code sent to that address before."""
    found = EmailAddress.objects.filter(user_id=person.pk, email=folded(email), verified=True)
    return bool(found.exists())


def speak(response: HttpResponse, locale: str, *, is_secure: bool) -> None:
    """Let the pages after this one speak a language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        locale,
        max_age=365 * 86_400,
        secure=is_secure,
        httponly=True,
        samesite="Lax",
    )


@require_safe
@member_page("home")
def welcome(visit: Visit) -> HttpResponse:
    """Say what to do first."""
    assert visit.member is not None  # noqa: S101 - a member's page
    name = visit.member.name.split(" ")[0]
    return visit.show(
        "portal/accounts/welcome.html",
        number=shown(visit.member.ref),
        title=_("Welcome, %(name)s") % {"name": name} if name else _("Welcome"),
        has_passkey=has_passkey(visit.request.user),
        next="" if way_back(visit) == visit.address("portal_home") else way_back(visit),
    )
