"""`/p/PROGRAMME/sign-in/`: coming in by a code sent by e-mail, a passkey or a password; and going out.

Whoever has no account yet goes the same way: the code proves the address, and then they join. So these pages are the
same, word for word, whether or not an address is a member's.
"""

from http import HTTPStatus
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.flows.logout import logout
from allauth.account.models import EmailAddress, Login
from allauth.account.views import LoginView
from allauth.core.internal import ratelimit
from allauth.mfa.webauthn.forms import LoginWebAuthnForm
from allauth.mfa.webauthn.internal.flows import perform_passwordless_login
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cagnotte.domain.errors import Refused
from cagnotte.identity.addresses import folded
from cagnotte.identity.people import person_of
from cagnotte.journeys.join import claim
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts import proving
from cagnotte.portal.accounts.forms import EmailForm
from cagnotte.portal.accounts.proven import remember_proven
from cagnotte.portal.accounts.proving import Answer, Asked, Purpose
from cagnotte.portal.accounts.step_up import is_answer, is_ours, way_back
from cagnotte.portal.going import visit_number
from cagnotte.portal.telling.devices import forget_browser
from cagnotte.portal.visit import SESSION_PORTAL, Visit, portal_page

LEFT_BEHIND = '"cache", "storage"'
"""What a browser is told to drop at signing out: pages it kept, and what our scripts and the app's helper keep.

Cookies stay: the session's is void, and the language was chosen for this browser. The helper comes back at a next page.
"""


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("account")
def sign_in(visit: Visit) -> HttpResponse:
    """Ask for the address, or for a passkey."""
    if visit.request.user.is_authenticated:
        return arrived(visit, way_back(visit))
    form = EmailForm(visit.request.POST or None)
    if visit.request.method == "POST" and form.is_valid():
        return send_code(visit, form, "portal/accounts/sign_in.html")
    return visit.show("portal/accounts/sign_in.html", form=form, **ways(visit))


def ways(visit: Visit) -> dict[str, Any]:
    """Return where a page of coming in leads; a provider elsewhere leads back to arriving."""
    elsewhere = bool(settings.SOCIALACCOUNT_PROVIDERS)
    if elsewhere:
        visit.request.session[SESSION_PORTAL] = visit.programme.slug
    next_page = way_back(visit)
    arrive_at = visit.address("portal_arrive", next=next_page)
    return {"next": next_page, "arrive": arrive_at, "elsewhere": elsewhere}


def send_code(visit: Visit, form: EmailForm, template: str, **told: str) -> HttpResponse:
    """Send a code to the address of a form and lead to where it is typed in; show the form again if that cannot be."""
    visit.request.session[SESSION_PORTAL] = visit.programme.slug
    next_page = way_back(visit)
    try:
        proving.ask(visit, Purpose.SIGN_IN, form.cleaned_data["email"], next=next_page, **told)
    except Refused:
        form.add_error("email", proving.too_many())
        return visit.show(template, form=form, status=HTTPStatus.TOO_MANY_REQUESTS, **ways(visit))
    return visit.redirect("portal_code_sent")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("account")
def code_sent(visit: Visit) -> HttpResponse:
    """Take the code that was sent."""
    waiting = proving.asked(visit, Purpose.SIGN_IN)
    if waiting is None:
        if visit.request.method == "POST":
            messages.error(visit.request, proving.over())
        return visit.redirect("portal_sign_in")
    if visit.request.method != "POST":
        return _code_page(visit, waiting)
    if visit.request.POST.get("act") == "send":
        return _sent_again(visit, waiting)
    match proving.answer(visit, waiting, visit.request.POST.get("code", "")):
        case Answer.RIGHT:
            return _proven(visit, waiting)
        case Answer.WRONG:
            return _code_page(visit, waiting, error=proving.wrong())
        case Answer.OVER:
            messages.error(visit.request, proving.over())
            return visit.redirect("portal_sign_in", next=waiting.told.get("next"))


def _code_page(
    visit: Visit, waiting: Asked, *, error: str = "", status: int = HTTPStatus.OK
) -> HttpResponse:
    return visit.show(
        "portal/accounts/code_sent.html", waiting=waiting, code_error=error, status=status
    )


def _sent_again(visit: Visit, waiting: Asked) -> HttpResponse:
    try:
        proving.ask_again(visit, waiting)
    except Refused:
        return _code_page(
            visit, waiting, error=proving.too_many(), status=HTTPStatus.TOO_MANY_REQUESTS
        )
    messages.success(visit.request, _("Another code is on its way. Only the last one counts."))
    return visit.redirect("portal_code_sent")


def _proven(visit: Visit, waiting: Asked) -> HttpResponse:
    """Go on with a proven address: into the account that has it, else to joining."""
    next_page = waiting.told.get("next", "")
    person = person_of(waiting.email)
    if person is None:
        remember_proven(visit, waiting.email)
        return visit.redirect("portal_join_details", next=next_page or None)
    return let_in(visit, person, waiting.email, visit.address("portal_arrive", next=next_page))


def let_in(visit: Visit, person: Any, email: str, to: str) -> HttpResponse:
    """Sign a person in who has proven an address; their authenticator app is asked for, if they have one."""
    record_authentication(visit.request, person, "code", email=email)
    address, _made = EmailAddress.objects.get_or_create(user=person, email=folded(email))
    address.set_verified()
    address.set_as_primary(conditional=True)
    led: HttpResponse = perform_login(
        visit.request, Login(user=person, email=email, redirect_url=to)
    )
    return led


@never_cache
@require_GET
@portal_page("account")
def arrive(visit: Visit) -> HttpResponse:
    """Lead whoever has just signed in to where they wanted to go."""
    if not visit.request.user.is_authenticated:
        return visit.redirect("portal_sign_in", next=visit.request.GET.get("next") or None)
    return arrived(visit, way_back(visit))


def arrived(visit: Visit, next_page: str) -> HttpResponse:
    """Let clicks before the sign-in count, and lead on; whoever is no member here is led to joining."""
    visit.request.session[SESSION_PORTAL] = visit.programme.slug
    if visit.member is None:
        return visit.redirect("portal_join", next=next_page)
    claim(shared_connection(), visit.member, visit_number(visit.request), now=visit.now)
    return HttpResponseRedirect(
        next_page if is_ours(visit, next_page) else visit.address("portal_home")
    )


@require_POST
@portal_page("account")
def passkey(visit: Visit) -> HttpResponse:
    """Take the answer of a passkey."""
    request = visit.request
    if not ratelimit.consume(request, app="allauth.mfa", action="webauthn_login"):
        messages.error(request, _("That was often in a short time. Wait a minute, then try again."))
        return visit.redirect("portal_sign_in")
    request.session[SESSION_PORTAL] = visit.programme.slug
    form = LoginWebAuthnForm(data=request.POST)
    if not is_answer(form):
        messages.error(
            request,
            _("This passkey is not known here. Come in by a code, then add it in your account."),
        )
        return visit.redirect("portal_sign_in", next=way_back(visit))
    found = form.cleaned_data["credential"]
    to = visit.address("portal_arrive", next=way_back(visit))
    login = Login(user=found.user, redirect_url=to)
    led: HttpResponse = perform_passwordless_login(request, found, login)
    return led


@portal_page("account")
def password(visit: Visit) -> HttpResponse:
    """Take a password, from who has set one."""
    visit.request.session[SESSION_PORTAL] = visit.programme.slug
    shown = {
        "visit": visit,
        "programme": visit.programme,
        "look": visit.look,
        "member": None,
        "section": "account",
        "arrive": visit.address("portal_arrive", next=way_back(visit)),
    }
    view = LoginView.as_view(template_name="portal/accounts/password.html", extra_context=shown)
    page: HttpResponse = view(visit.request)
    return page


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@portal_page("account")
def sign_out(visit: Visit) -> HttpResponse:
    """End the session in this browser, and leave nothing of it for who comes next."""
    if visit.request.method != "POST" and visit.request.user.is_authenticated:
        return visit.show("portal/accounts/sign_out.html")
    led = visit.redirect("portal_home")
    if visit.request.method == "POST":
        forget_browser(visit)
        # Never at a GET: any page elsewhere could ask for one.
        led["Clear-Site-Data"] = LEFT_BEHIND
    logout(visit.request)
    return led
