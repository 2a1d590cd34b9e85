"""`/p/PROGRAMME/rights/close/` and `…/erase/`: leaving the programme, and being forgotten.

Both say first what will happen to the money, ask for a proof that it is the member, and for a word typed by hand.
"""

from zoneinfo import ZoneInfo

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
from cagnotte.domain.payouts import PlannedPayout, RefusalCode
from cagnotte.identity.models import Member
from cagnotte.journeys import close_account, erase
from cagnotte.journeys.personal_data import HOLDINGS, SUBJECTS, Fate
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger.selectors import MemberBalances
from cagnotte.payouts import selectors as payouts
from cagnotte.platform.figures import money
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.accounts.step_up import needs_step_up
from cagnotte.portal.spending.words import moment
from cagnotte.portal.visit import Visit, member_page, portal_page
from cagnotte.wallet import voucher_views

log = structlog.get_logger(__name__)

DIGITS_MAX = 18
"""Of an amount in minor units that a form brings back."""


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
    connection, balances = shared_connection(), _balances(visit)
    outlook = close_account.outlook(connection, _closing(visit))
    return visit.show(
        "portal/rights/close.html",
        balances=balances,
        available=_available(visit, outlook, balances.available),
        too_recent=outlook.reason is RefusalCode.METHOD_TOO_RECENT,
        no_method=outlook.reason is RefusalCode.NO_METHOD,
        vouchers=voucher_views.open_vouchers(connection, visit.programme.id, visit.wallet_id),
        is_closed=_member(visit).wallet.closed_at is not None,
        problem=problem,
    )


def _available(visit: Visit, outlook: close_account.Outlook, available_minor: int) -> str:
    """Say what closing does with what is available; empty when nothing is."""
    if outlook.payout is not None:
        return _paid(visit, outlook.payout)
    if not available_minor:
        return ""
    told, when = _why_aside(outlook.reason), ""
    if outlook.usable_from is not None:
        when = moment(outlook.usable_from, ZoneInfo(visit.programme.timezone))
    return told.format(amount=money(available_minor, visit.programme.currency), when=when)


def _paid(visit: Visit, payout: PlannedPayout) -> str:
    """Say what is paid to which account, and what the transfer costs."""
    method = payouts.account_of_wallet(shared_connection(), visit.wallet_id)
    told = _("{amount} is paid to your account ending in {last4} with the next transfer.")
    if payout.fee_minor:
        told = _(
            "{amount} is paid to your account ending in {last4} with the next transfer, after its fee of {fee}."
        )
    return told.format(
        amount=money(payout.transfer_minor, visit.programme.currency),
        last4=method.last4 if method else "",
        fee=money(payout.fee_minor, visit.programme.currency),
    )


def _why_aside(reason: RefusalCode | None) -> str:
    """Return why what is available would be kept aside, with places for the {amount} and for {when} it can be paid."""
    match reason:
        case RefusalCode.NO_METHOD:
            return _(
                "{amount} is available, and we have no bank account to pay it to. Give one first; otherwise it stays "
                "yours and is kept aside for you."
            )
        case RefusalCode.METHOD_TOO_RECENT:
            return _(
                "{amount} is available. Your bank details are new, and nothing is paid to them before {when}. If you "
                "close now, the money is kept aside for you instead of being paid."
            )
        case RefusalCode.NOTHING_AFTER_FEE:
            return _(
                "{amount} is available, which is no more than a transfer costs: it is kept aside for you."
            )
        case RefusalCode.WALLET_FROZEN | RefusalCode.BLOCKED:
            return _(
                "{amount} is available. Payouts are paused for your cagnotte, so it is kept aside for you."
            )
        case _:
            return _(
                "{amount} is available. It cannot be paid to a bank account, so it is kept aside for you."
            )


def _closing(visit: Visit) -> close_account.Closing:
    programme = visit.programme
    return close_account.Closing(
        programme.id, visit.wallet_id, programme.currency, visit.now, visit.today
    )


def _close(visit: Visit) -> close_account.ClosedAccount | None:
    try:
        return close_account.run(shared_connection(), _closing(visit))
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
        given_up_minor=erase.given_up(found),
        deleted=_subjects(Fate.DELETED, Fate.BLANKED),
        kept=_subjects(Fate.KEPT),
        problems=problems,
        typed=visit.request.POST.get("word", ""),
        gives_up="gives_up" in visit.request.POST and "gives_up" not in problems,
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
    waits_minor = erase.given_up(found)
    if waits_minor and "gives_up" not in told:
        problems["gives_up"] = _("Say that you give this money up, or wait for it.")
    elif waits_minor > _shown(visit):
        problems["gives_up"] = _("More would be lost now than you were shown. Look again.")
    return problems


def _shown(visit: Visit) -> int:
    """Return how much the member was shown and gives up, in minor units; 0 when the form says nothing of the kind."""
    told = visit.request.POST.get("gives_up", "")
    return int(told) if told.isascii() and told.isdigit() and len(told) <= DIGITS_MAX else 0


def _erased(visit: Visit) -> HttpResponse:
    member = _member(visit)
    address, language = member.email, member.locale
    order = erase.Order(
        visit.programme,
        member,
        visit.now,
        visit.today,
        gives_up_minor=_shown(visit),
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
