"""What a notice says, in the reader's language: made of its facts when it is shown, in a page, a mail or a push.

Facts are plain values: `shop` (a name), `amount_minor` and `before_minor` with a `currency`, days as ISO dates, public
ids. A fact that is missing is left out of the sentence, never guessed.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from cagnotte.catalog import rates
from cagnotte.notices import claim_words, security_words
from cagnotte.notices.payout_words import why_returned
from cagnotte.notices.refusal_words import why_declined
from cagnotte.platform.figures import money

Facts = Mapping[str, Any]


class Place(NamedTuple):
    """A page that a notice leads to: its name among the addresses, what stands in it, and what the button says."""

    name: str
    args: tuple[str, ...]
    label: str


class Words(NamedTuple):
    """A notice in words.

    Attributes:
        title: one line. body: a sentence or two, or empty. icon: of the sprite. state: of the components. place: where
            it leads.
    """

    title: str
    body: str
    icon: str
    state: str
    place: Place


def words_of(kind: str, facts: Facts, programme: str) -> Words:
    """Return what a notice says. programme: its name. A kind of a later release says that there is news."""
    if kind in PAYOUTS:
        return _payout(kind, facts)
    return _WRITERS.get(kind, _unknown)(facts, programme)


def amount(facts: Facts, name: str = "amount_minor") -> str:
    """Write an amount of the facts; empty where there is none."""
    minor = facts.get(name)
    return "" if minor is None else money(int(minor), str(facts["currency"]))


def day(text: str) -> str:
    """Write an ISO date as the reader's language does."""
    return date_format(date.fromisoformat(text), "DATE_FORMAT")


def _shop(facts: Facts) -> str:
    return str(facts.get("shop") or _("the shop"))


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def _purchase(facts: Facts) -> Place:
    if facts.get("purchase"):
        return Place("portal_purchase", (str(facts["purchase"]),), _("See the purchase"))
    return _wallet()


def _wallet() -> Place:
    return Place("portal_wallet", (), _("See my cagnotte"))


def _tracked(facts: Facts, _programme: str) -> Words:
    title = _("Purchase at {shop}: {amount} tracked").format(
        shop=_shop(facts), amount=amount(facts)
    )
    if facts.get("state") == "confirmed":
        body = _("It is confirmed already, and becomes available once its waiting time is over.")
    else:
        body = _("It is pending until the shop has confirmed your order. You have nothing to do.")
    return Words(title, body, "eye", "info", _purchase(facts))


def _confirmed(facts: Facts, _programme: str) -> Words:
    title = _("{amount} confirmed at {shop}").format(amount=amount(facts), shop=_shop(facts))
    body = _("The shop has said yes. The money becomes available once its waiting time is over.")
    return Words(title, body, "circle-check", "good", _purchase(facts))


def _available(facts: Facts, _programme: str) -> Words:
    title = _("{amount} available").format(amount=amount(facts))
    body = _sentences(
        _("From your purchase at {shop}: spend it or withdraw it.").format(shop=_shop(facts)),
        _("Of it, {amount} made up for what you owed.").format(amount=amount(facts, "repaid_minor"))
        if facts.get("repaid_minor")
        else "",
        _("You can use it until {day}.").format(day=day(facts["expires_on"]))
        if facts.get("expires_on")
        else "",
    )
    return Words(title, body, "coins", "good", _wallet())


def _adjusted(facts: Facts, _programme: str) -> Words:
    title = _("Cashback at {shop} adjusted").format(shop=_shop(facts))
    if facts.get("before_minor") is None:
        body = _("It is now {amount}.").format(amount=amount(facts))
    elif facts["before_minor"] == facts["amount_minor"]:
        body = _("It stays {amount}; the shop is looking at the order again.").format(
            amount=amount(facts)
        )
    else:
        body = _("It is now {amount} instead of {before}.").format(
            amount=amount(facts), before=amount(facts, "before_minor")
        )
    reason = facts.get("reason")
    body = _sentences(body, why_declined(str(reason)) if reason else "")
    return Words(title, body, "pencil", "wait", _purchase(facts))


def _declined(facts: Facts, _programme: str) -> Words:
    title = _("Cashback at {shop} declined").format(shop=_shop(facts))
    body = _sentences(
        why_declined(str(facts.get("reason", ""))),
        _("The {amount} that were pending are taken off.").format(
            amount=amount(facts, "before_minor")
        )
        if facts.get("before_minor")
        else "",
    )
    return Words(title, body, "circle-x", "bad", _purchase(facts))


def _expiring(facts: Facts, _programme: str) -> Words:
    title = _("{amount} will expire").format(amount=amount(facts))
    body = _("The last day to spend or withdraw it is {day}.").format(day=day(facts["expires_on"]))
    return Words(title, body, "timer", "wait", _wallet())


PAYOUTS = {
    "payout.requested": (
        gettext_lazy("Payout of {amount} requested"),
        gettext_lazy("We are preparing the transfer to your bank."),
        "clock",
        "info",
    ),
    "payout.sent": (
        gettext_lazy("{amount} on the way to your bank"),
        gettext_lazy("The transfer was sent. It usually takes one or two working days."),
        "send",
        "info",
    ),
    "payout.settled": (
        gettext_lazy("{amount} paid"),
        gettext_lazy("The money has left for your account."),
        "circle-check",
        "good",
    ),
    "payout.cancelled": (
        gettext_lazy("Payout of {amount} called off"),
        gettext_lazy(
            "The money is yours as before: in your cagnotte, or kept aside if your account is closed."
        ),
        "undo-2",
        "calm",
    ),
}
"""Title, sentence, icon and state of the steps of a payout that need nothing further."""


def _payout(kind: str, facts: Facts) -> Words:
    title, body, icon, state = PAYOUTS[kind]
    place = Place("portal_payouts", (), _("See my payouts"))
    return Words(str(title).format(amount=amount(facts)), str(body), icon, state, place)


def _returned(facts: Facts, _programme: str) -> Words:
    title = _("Your bank sent {amount} back").format(amount=amount(facts))
    body = _sentences(
        why_returned(str(facts.get("code", ""))),
        _(
            "The money is in your cagnotte again; check your bank details before you withdraw it. "
            "If your account is closed, it is kept aside for you: write to us."
        ),
    )
    return Words(title, body, "undo-2", "bad", Place("portal_bank", (), _("Check my bank details")))


def _spent(facts: Facts, _programme: str) -> Words:
    title = _("{amount} spent at {shop}").format(amount=amount(facts), shop=_shop(facts))
    body = _("Paid from your cagnotte. If it was not you, write to us.")
    return Words(title, body, "shopping-bag", "info", _wallet())


def _refunded(facts: Facts, _programme: str) -> Words:
    title = _("{amount} back from {shop}").format(amount=amount(facts), shop=_shop(facts))
    body = _("Your order was refunded; the money is in your cagnotte again.")
    return Words(title, body, "undo-2", "good", _wallet())


def _voucher(facts: Facts, _programme: str) -> Words:
    title = _("A voucher of {amount} for you").format(amount=amount(facts))
    minimum = facts.get("minimum_minor")
    body = _sentences(
        _("On baskets from {amount}.").format(amount=amount(facts, "minimum_minor"))
        if minimum
        else "",
        _("Valid until {day}.").format(day=day(facts["valid_until"]))
        if facts.get("valid_until")
        else "",
    )
    return Words(title, body, "ticket", "good", Place("portal_vouchers", (), _("See my vouchers")))


def _claim(facts: Facts, _programme: str) -> Words:
    title, body, state = claim_words.words(str(facts.get("step", "")), _shop(facts), facts)
    place = (
        Place("portal_claim", (str(facts["claim"]),), _("See the claim"))
        if facts.get("claim")
        else Place("portal_claims", (), _("See my claims"))
    )
    return Words(title, body, "message-circle", state, place)


def _favourite(facts: Facts, _programme: str) -> Words:
    title = _("{shop} gives more: {rate}").format(shop=_shop(facts), rate=_rate(facts, "given"))
    before = _rate(facts, "before")
    body = _("It was {rate} when you last heard of it.").format(rate=before) if before else ""
    place = (
        Place("portal_shop", (str(facts["shop_ref"]),), _("See the shop"))
        if facts.get("shop_ref")
        else Place("portal_favourites", (), _("See my favourites"))
    )
    return Words(title, body, "trending-up", "accent", place)


def _rate(facts: Facts, name: str) -> str:
    """Write what a shop gives: figures as `catalog.rates.Given` has them; empty where there are none."""
    told = facts.get(name)
    return rates.words(rates.Given(**told), str(facts["currency"])) if told else ""


def _reminder(facts: Facts, _programme: str) -> Words:
    title = _("You have {amount} to spend").format(amount=amount(facts))
    body = _("It has been waiting for a while: spend it in a shop, or have it paid to your bank.")
    return Words(title, body, "piggy-bank", "accent", _wallet())


def _security(facts: Facts, _programme: str) -> Words:
    title, body = security_words.words(str(facts.get("what", "")), str(facts.get("detail", "")))
    if facts.get("what") == "bank_changed":
        place = Place("portal_bank", (), _("Check my bank details"))
    else:
        place = Place("portal_security", (), _("Check my security"))
    return Words(title, body, "shield", "wait", place)


def _welcome(_facts: Facts, programme: str) -> Words:
    title = _("Welcome to {programme}").format(programme=programme)
    body = _("Choose a shop, go there from here, buy as usual: a share comes back to you.")
    return Words(
        title, body, "party-popper", "accent", Place("portal_shops", (), _("Choose a shop"))
    )


def _unknown(_facts: Facts, programme: str) -> Words:
    title = _("News from {programme}").format(programme=programme)
    return Words(title, "", "bell", "info", Place("portal_notices", (), _("See my notices")))


_WRITERS: dict[str, Callable[[Facts, str], Words]] = {
    "tracked": _tracked,
    "confirmed": _confirmed,
    "available": _available,
    "adjusted": _adjusted,
    "declined": _declined,
    "expiring": _expiring,
    "payout.returned": _returned,
    "spent": _spent,
    "refunded": _refunded,
    "voucher": _voucher,
    "claim": _claim,
    "favourite": _favourite,
    "reminder": _reminder,
    "security": _security,
    "welcome": _welcome,
}
