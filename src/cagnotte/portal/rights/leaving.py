"""`/p/PROGRAMME/rights/close/` and `…/erase/`: leaving the programme, and being forgotten.

Both say first what will happen to the money, ask for a proof that it is the member, and for a word typed by hand.
"""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.contrib import messages
from django.contrib.auth import logout
from django.core.mail import send_mail
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from cagnotte.domain.errors import Refused
from cagnotte.identity.models import Member
from cagnotte.journeys import close_account, erase
from cagnotte.journeys.personal_data import HOLDINGS, SUBJECTS, Fate
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger.selectors import MemberBalances
from cagnotte.payouts import selectors as payouts
from cagnotte.payouts.models import PayoutSettings
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.visit import Visit, member_page, portal_page

log = structlog.get_logger(__name__)


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def close(visit: Visit) -> HttpResponse:
    """Show what closing the account does, and close it."""
    led = needs_step_up(visit)
    if led:
        return led
    problem = ""
    if visit.request.method == "POST":
        if visit.request.POST.get("sure") == "yes":
            closed = _close(visit)
            if closed is None:
                return visit.redirect("portal_close_account")
            return visit.show("portal/rights/closed.html", closed=closed)
        problem = _("Tick the box to say that you have read what happens.")
    method = payouts.account_of_wallet(shared_connection(), visit.wallet_id)
    rules = PayoutSettings.objects.filter(programme_id=visit.programme.id).first()
    return visit.show(
        "portal/rights/close.html",
        balances=_balances(visit),
        method=method,
        usable_from=_usable_from(method, rules, visit.now),
        is_closed=_member(visit).wallet.closed_at is not None,
        problem=problem,
    )


def _usable_from(method: Any, rules: PayoutSettings | None, now: datetime) -> datetime | None:
    """Return when new bank details can be paid to, if that is still to come: closing before would not pay them."""
    if method is None or rules is None:
        return None
    told = getattr(method, "usable_from", None)
    usable: datetime = told or method.changed_at + timedelta(hours=rules.method_change_hold_hours)
    return usable if usable > now else None


def _close(visit: Visit) -> close_account.ClosedAccount | None:
    programme = visit.programme
    order = close_account.Closing(
        programme.id, visit.wallet_id, programme.currency, visit.now, visit.today
    )
    try:
        return close_account.run(shared_connection(), order)
    except Refused:
        messages.error(
            visit.request,
            _(
                "Money is reserved for an order or a payout. Close the account once that is settled."
            ),
        )
        return None


@require_http_methods(["GET", "HEAD", "POST"])
@member_page("account")
def erasure(visit: Visit) -> HttpResponse:
    """Show what erasure does and what stands against it, and erase."""
    led = needs_step_up(visit)
    if led:
        return led
    connection = shared_connection()
    problems: dict[str, str] = {}
    found = erase.obstacles(connection, visit.programme, _member(visit))
    if visit.request.method == "POST":
        problems = _missing(visit, found)
        if not problems:
            return _erased(visit)
    blocked = [one for one in found if one.code not in erase.GIVEN_UP]
    return visit.show(
        "portal/rights/erase.html",
        word=_word(),
        blocked=blocked,
        given_up=[one for one in found if one.code in erase.GIVEN_UP],
        deleted=_subjects(Fate.DELETED, Fate.BLANKED),
        kept=_subjects(Fate.KEPT),
        problems=problems,
        typed=visit.request.POST.get("word", ""),
        gives_up="gives_up" in visit.request.POST,
    )


@require_safe
@portal_page("account")
def erased(visit: Visit) -> HttpResponse:
    """Say goodbye to whoever has just been erased."""
    return visit.show("portal/rights/erased.html")


def _missing(visit: Visit, found: list[erase.Obstacle]) -> dict[str, str]:
    """Return what the form lacks, by field."""
    told = visit.request.POST
    problems = {}
    if told.get("word", "").strip().casefold() != _word().casefold():
        problems["word"] = _("Type {word}, so that nothing is erased by a slip.").format(
            word=_word()
        )
    waits = any(one.code in erase.GIVEN_UP for one in found)
    if waits and "gives_up" not in told:
        problems["gives_up"] = _("Say that you give up what is not available yet, or wait for it.")
    return problems


def _erased(visit: Visit) -> HttpResponse:
    member = _member(visit)
    address, language = member.email, member.locale
    order = erase.Order(
        visit.programme,
        member,
        visit.now,
        visit.today,
        gives_up="gives_up" in visit.request.POST,
    )
    try:
        erase.erase(shared_connection(), order)
    except Refused as refused:
        messages.error(visit.request, str(refused))
        return visit.redirect("portal_erase_account")
    # The session is gone with the rest; what it still says in memory must not be written back.
    logout(visit.request)
    _say_goodbye(visit, address, language)
    return visit.redirect("portal_erased")


def _say_goodbye(visit: Visit, address: str, language: str) -> None:
    """Send the last mail. A lost one is no reason to keep the address."""
    if not address:
        return
    with translation.override((language or "en")[:2]):
        subject = _("Your data at {programme} is erased").format(programme=visit.programme.name)
        text = render_to_string("portal/rights/erased_mail.txt", {"programme": visit.programme})
    try:
        send_mail(subject, text, None, [address])
    except OSError as error:
        log.warning("mail_lost", what="erased", problem=type(error).__name__)


def _word() -> str:
    """Return what is typed to confirm, in the reader's language."""
    return _("erase")


def _member(visit: Visit) -> Member:
    assert visit.member is not None  # noqa: S101 - a member's page has one
    return visit.member


def _balances(visit: Visit) -> MemberBalances:
    found = ledger.member_balances(
        shared_connection(), [visit.wallet_id], visit.programme.id, visit.programme.currency
    )
    return found.get(visit.wallet_id, MemberBalances())


def _subjects(*fates: Fate) -> list[str]:
    """Return the titles of what shares a fate, each once."""
    names = {holding.subject for holding in HOLDINGS if holding.fate in fates}
    if fates == (Fate.KEPT,):
        names &= {"consents", "purchases", "money", "vouchers"}
    else:
        names -= {"vouchers"}
    return [str(subject.title) for name, subject in SUBJECTS.items() if name in names]
