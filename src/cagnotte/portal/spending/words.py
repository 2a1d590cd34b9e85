"""Why money cannot leave, and where a payout stands, in words for its member."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cagnotte.domain.errors import CagnotteError, InsufficientFunds, PayoutRefused, SpendingLimited
from cagnotte.domain.payouts import PayoutState, RefusalCode
from cagnotte.journeys.ask_payout import Outlook
from cagnotte.platform.figures import money


class StateWords(NamedTuple):
    """A state by word and icon, and the colour of its chip."""

    label: str | Promise
    icon: str
    state: str


STATES: dict[PayoutState, StateWords] = {
    PayoutState.REQUESTED: StateWords(gettext_lazy("Being checked"), "clock", "wait"),
    PayoutState.APPROVED: StateWords(gettext_lazy("Approved"), "circle-check", "info"),
    PayoutState.SENT: StateWords(gettext_lazy("On its way"), "send", "info"),
    PayoutState.SETTLED: StateWords(gettext_lazy("Paid"), "circle-check", "good"),
    PayoutState.REJECTED: StateWords(gettext_lazy("Sent back"), "rotate-ccw", "bad"),
    PayoutState.RETURNED: StateWords(gettext_lazy("Sent back"), "rotate-ccw", "bad"),
    PayoutState.CANCELLED: StateWords(gettext_lazy("Cancelled"), "circle-x", "calm"),
}
"""How each state of a payout is shown."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """Why nothing can be paid out now: a code for the page, a title, and a sentence."""

    code: str
    title: str
    sentence: str


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Write a moment in a programme's time zone."""
    return date_format(at.astimezone(zone), "DATETIME_FORMAT")


def why_not(outlook: Outlook, zone: ZoneInfo) -> Blocked | None:
    """Say why nothing can be paid out; None when it can."""
    if outlook.refusal is None:
        return None
    code = outlook.refusal.code
    title, sentence = _reason(code, outlook, zone)
    return Blocked(code.value, title, sentence)


def _reason(code: RefusalCode, outlook: Outlook, zone: ZoneInfo) -> tuple[str, str]:
    if code in (RefusalCode.BELOW_MINIMUM, RefusalCode.NOTHING_AFTER_FEE, RefusalCode.OWING):
        return _reason_of_amount(code, outlook)
    if code is RefusalCode.ACCOUNT_CLOSED:
        return _("Your account is closed"), _("Write to us if money of yours is still here.")
    if code in (RefusalCode.WALLET_FROZEN, RefusalCode.BLOCKED):
        return (
            _("Payouts are paused for your cagnotte"),
            _("You go on earning. Write to us: we tell you why, and what we need."),
        )
    if code is RefusalCode.METHOD_TOO_RECENT and outlook.usable_from is not None:
        when = moment(outlook.usable_from, zone)
        return (
            _("Your new bank account can be used from {when}").format(when=when),
            _("We wait after every change: if it was not you, you have time to tell us."),
        )
    return (
        _("We do not know your bank account yet"),
        _("Tell us where the money should go. It takes a minute."),
    )


def _reason_of_amount(code: RefusalCode, outlook: Outlook) -> tuple[str, str]:
    rules, currency = outlook.rules, outlook.rules.currency
    if code is RefusalCode.OWING:
        owing = money(outlook.candidate.owing_minor, currency)
        return (
            _("{amount} has to be made up first").format(amount=owing),
            _(
                "A purchase was sent back after its cashback had left. What you earn next repays it."
            ),
        )
    if code is RefusalCode.BELOW_MINIMUM:
        short = money(rules.threshold_minor - outlook.available_minor, currency)
        least = money(rules.threshold_minor, currency)
        return (
            _("{amount} to go").format(amount=short),
            _("We pay out from {least} on.").format(least=least),
        )
    fee = money(rules.fee_minor, currency)
    return _("The fee would take all of it"), _("A payout costs {fee}.").format(fee=fee)


def refused(error: CagnotteError, *, currency: str, blocked: Blocked | None = None) -> str:
    """Say in the reader's language why an act was refused; what has no words of its own is said in general."""
    if isinstance(error, InsufficientFunds):
        left = money(int(str(error.facts.get("available_minor", 0))), currency)
        return _("{left} is available now. Nothing has left your cagnotte.").format(left=left)
    if isinstance(error, SpendingLimited):
        return _("This shop takes no money from the cagnotte.")
    if error.facts.get("reason") is RefusalCode.ABOVE_MAXIMUM:
        most = money(int(str(error.facts["maximum_minor"])), currency)
        return _("At most {most} can leave at once now. Nothing has left your cagnotte.").format(
            most=most
        )
    if isinstance(error, PayoutRefused) and blocked is not None:
        return f"{blocked.title}. {blocked.sentence}"
    return _("That is not possible just now. Nothing has left your cagnotte.")


IBAN_ERRORS: dict[str, str | Promise] = {
    "iban_country": gettext_lazy("It begins with two letters for the country, such as FR or DE."),
    "iban_length": gettext_lazy("Characters are missing, or there are too many."),
    "iban_checksum": gettext_lazy("A character is mistyped, or two have changed places."),
    "iban_invalid": gettext_lazy(
        "This is no IBAN. You find it in your bank’s app or on a statement."
    ),
    "iban_not_sepa": gettext_lazy(
        "We pay by SEPA transfer, and this country is outside SEPA. Give an account inside it."
    ),
    "bic_invalid": gettext_lazy("The bank’s BIC is not right."),
    "holder_invalid": gettext_lazy("Write the name as it stands on the account."),
}
"""What is wrong with bank details, by the code of the reason."""


def iban_error(reason: str, *, has: int = 0, needs: int | None = None, country: str = "") -> str:
    """Say what is wrong with an account's number; counts help where the length is."""
    if reason == "iban_length" and needs:
        return _("{country} numbers have {needs} characters; this one has {has}.").format(
            country=country, needs=needs, has=has
        )
    return str(IBAN_ERRORS.get(reason, IBAN_ERRORS["iban_invalid"]))


OUTCOMES: dict[str, str | Promise] = {
    "asked": gettext_lazy("a payout was asked for"),
    "below_minimum": gettext_lazy("nothing: less than the minimum was available"),
    "no_method": gettext_lazy("nothing: no bank account was on file"),
    "method_too_recent": gettext_lazy("nothing: the bank account had just been changed"),
    "owing": gettext_lazy("nothing: an amount had to be made up first"),
    "wallet_frozen": gettext_lazy("nothing: payouts were paused"),
}
"""What came of an automatic payout."""


def outcome(code: str) -> str:
    """Say what came of an automatic payout."""
    return str(OUTCOMES.get(code) or _("nothing could be paid"))
