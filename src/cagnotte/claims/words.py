"""What claims, their checks and their steps are called, in the reader's language."""

from collections.abc import Mapping
from datetime import date
from typing import Any, NamedTuple

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from cagnotte.claims.selectors import ClaimView
from cagnotte.domain.claims import (
    Actor,
    Check,
    CheckName,
    ClaimEvent,
    ClaimKind,
    ClaimState,
    Result,
)


class StateWords(NamedTuple):
    """A state as people see it: a word, the colour of its chip, an icon."""

    word: str | Promise
    chip: str
    icon: str


class KindWords(NamedTuple):
    """What is wrong, as people say it; and what that means."""

    title: str | Promise
    note: str | Promise
    icon: str


STATES: dict[ClaimState, StateWords] = {
    ClaimState.DRAFT: StateWords(gettext_lazy("Not sent yet"), "calm", "pencil"),
    ClaimState.CHECKING: StateWords(gettext_lazy("Being checked"), "info", "search"),
    ClaimState.WAITING: StateWords(gettext_lazy("Waiting for its date"), "wait", "calendar-clock"),
    ClaimState.OPEN: StateWords(gettext_lazy("We are looking at it"), "info", "search"),
    ClaimState.ASKED_MEMBER: StateWords(
        gettext_lazy("Your answer is needed"), "accent", "message-circle"
    ),
    ClaimState.SENT_TO_SHOP: StateWords(gettext_lazy("The shop is looking at it"), "info", "store"),
    ClaimState.ACCEPTED: StateWords(pgettext_lazy("claim", "Accepted"), "good", "circle-check"),
    ClaimState.DECLINED: StateWords(pgettext_lazy("claim", "Declined"), "bad", "circle-x"),
    ClaimState.EXPIRED: StateWords(gettext_lazy("Ended without an answer"), "calm", "clock"),
    ClaimState.APPEALED: StateWords(gettext_lazy("Looked at again"), "info", "rotate-ccw"),
    ClaimState.WITHDRAWN: StateWords(pgettext_lazy("claim", "Withdrawn"), "calm", "undo-2"),
    ClaimState.CLOSED: StateWords(pgettext_lazy("claim", "Closed"), "calm", "check"),
}

KINDS: dict[ClaimKind, KindWords] = {
    ClaimKind.MISSING: KindWords(
        gettext_lazy("A purchase is missing"),
        gettext_lazy("I bought something, and it does not show."),
        "search",
    ),
    ClaimKind.WRONG_AMOUNT: KindWords(
        gettext_lazy("The amount is wrong"),
        gettext_lazy("The purchase is there, with less cashback than I expected."),
        "coins",
    ),
    ClaimKind.REFUSED: KindWords(
        gettext_lazy("It was declined, but I kept the order"),
        gettext_lazy("The shop says no, and nothing was cancelled or sent back."),
        "circle-x",
    ),
    ClaimKind.WRONG_FACTS: KindWords(
        gettext_lazy("Wrong shop or date"),
        gettext_lazy("The purchase stands under another shop, or another day."),
        "calendar",
    ),
}

REASONS: dict[str, str | Promise] = {
    "order_not_found": gettext_lazy("The shop finds no order with this number."),
    "other_site": gettext_lazy("The shop gave the order to another site that you came from last."),
    "coupon_not_allowed": gettext_lazy(
        "The order used a coupon code that does not go with cashback."
    ),
    "excluded_product": gettext_lazy("The products of this order earn no cashback at this shop."),
    "order_returned": gettext_lazy("The order was cancelled or sent back."),
    "not_paid_in_full": gettext_lazy(
        "The order was not paid, or was paid by gift card or in instalments."
    ),
    "terms_not_met": gettext_lazy("The conditions of the offer were not met."),
    "too_late": gettext_lazy("The shop no longer looks into orders of that day."),
    "proof_missing": gettext_lazy("A proof of the order is missing."),
    "amount_is_right": gettext_lazy("The amount is right; the page of the purchase explains it."),
    "shop_refused": gettext_lazy("The shop refuses, and gives no reason."),
    "other": gettext_lazy("For another reason, which we wrote to you."),
}

FILE_REFUSALS: dict[str, str | Promise] = {
    "empty": gettext_lazy("“{name}” is empty."),
    "too_big": gettext_lazy("“{name}” is larger than 8 MB."),
    "wrong_kind": gettext_lazy("“{name}” is no PDF, JPEG, PNG or WebP."),
    "not_readable": gettext_lazy("“{name}” cannot be read; it may be damaged."),
    "too_many_pixels": gettext_lazy(
        "“{name}” has more than 25 million pixels. Take a smaller picture, or a screenshot of it."
    ),
    "protected": gettext_lazy("“{name}” is protected by a password; save it without one."),
    "active": gettext_lazy(
        "“{name}” holds a program or other files. Print it to a new PDF, or take a picture of it."
    ),
}
"""Why a file is not taken, by `documents.REFUSALS`."""

RESULT_ICONS = {
    Result.FINE: ("good", "circle-check"),
    Result.NOTE: ("info", "info"),
    Result.WAIT: ("wait", "calendar-clock"),
    Result.STOP: ("bad", "circle-x"),
}


class CheckTold(NamedTuple):
    """A check as people see it. state, icon: of its mark; word: what the mark says."""

    name: str
    result: str
    title: str
    state: str
    icon: str
    word: str


def told(check: Check, shop: str) -> CheckTold:
    """Say what a check found, at a shop."""
    state, icon = RESULT_ICONS[check.result]
    day = _day(check.day)
    title = _SENTENCES[check.name][check.result is Result.FINE]
    words = {
        Result.FINE: _("In order"),
        Result.NOTE: _("Good to know"),
        Result.WAIT: _("Too early"),
        Result.STOP: _("In the way"),
    }
    sentence = str(title).format(shop=shop, day=day)
    return CheckTold(
        check.name.value, check.result.value, sentence, state, icon, words[check.result]
    )


_SENTENCES: dict[CheckName, tuple[str | Promise, str | Promise]] = {
    CheckName.SHOP_ACCEPTS: (
        gettext_lazy(
            "{shop} takes no claims. We know this is hard, and say so before you activate."
        ),
        gettext_lazy("{shop} takes claims."),
    ),
    CheckName.NOT_CLAIMED: (
        gettext_lazy("You have already sent a claim about this."),
        gettext_lazy("There is no other claim about this."),
    ),
    CheckName.NOT_KNOWN: (
        gettext_lazy("This order is already in your cagnotte."),
        gettext_lazy("The order is not in your cagnotte yet."),
    ),
    CheckName.IS_DECLINED: (
        gettext_lazy("The purchase is not declined."),
        gettext_lazy("The purchase stands as declined."),
    ),
    CheckName.IN_WINDOW: (
        gettext_lazy(
            "Your order is not within the time that counts for this visit, which ended on {day}."
        ),
        gettext_lazy("Your order falls within the time that counts for your visit."),
    ),
    CheckName.NOT_TOO_LATE: (
        gettext_lazy("{shop} looked into orders of that day until {day}."),
        gettext_lazy("There is time: {shop} looks into it until {day}."),
    ),
    CheckName.NOT_TOO_EARLY: (
        gettext_lazy("It can still arrive by itself. You can claim from {day}."),
        gettext_lazy("Enough time has passed: it should have arrived by itself."),
    ),
    CheckName.OUR_VISIT: (
        gettext_lazy(
            "Another site had brought you to {shop} shortly before; the order may be counted there."
        ),
        gettext_lazy("Your visit to {shop} came from us."),
    ),
    CheckName.COUPON: (
        gettext_lazy("This coupon code does not go with cashback at {shop}."),
        gettext_lazy("Your coupon code goes with cashback at {shop}."),
    ),
    CheckName.DEVICE: (
        gettext_lazy("You went from a phone. Orders in the shop’s own app often do not count."),
        "",
    ),
    CheckName.NOT_ANOTHERS: (
        gettext_lazy("The order stands in another member’s cagnotte."),
        "",
    ),
}
"""By check: what is said where it is in the way, and where it is in order."""


class StepWords(NamedTuple):
    """A step on a timeline. state: done or bad."""

    title: str
    icon: str
    state: str
    more: str = ""


_STEPS: dict[str, tuple[str | Promise, str]] = {
    ClaimEvent.SUBMIT: (gettext_lazy("You sent the claim"), "send"),
    ClaimEvent.PASS: (gettext_lazy("The automatic checks are passed"), "circle-check"),
    ClaimEvent.WAIT: (gettext_lazy("It waits for its date"), "calendar-clock"),
    ClaimEvent.UNLOCK: (gettext_lazy("Its date has come: we look at it"), "search"),
    ClaimEvent.ASK: (gettext_lazy("We asked you something"), "message-circle"),
    ClaimEvent.REPLY: (gettext_lazy("You answered"), "message-circle"),
    ClaimEvent.SEND: (gettext_lazy("The shop was asked"), "store"),
    ClaimEvent.LAPSE: (gettext_lazy("The shop did not answer in time: we decide"), "clock"),
    ClaimEvent.ACCEPT: (pgettext_lazy("claim", "Accepted"), "party-popper"),
    ClaimEvent.DECLINE: (pgettext_lazy("claim", "Declined"), "circle-x"),
    ClaimEvent.EXPIRE: (gettext_lazy("Ended: our question was not answered"), "clock"),
    ClaimEvent.APPEAL: (gettext_lazy("You objected: somebody looks again"), "rotate-ccw"),
    ClaimEvent.WITHDRAW: (gettext_lazy("You withdrew the claim"), "undo-2"),
    ClaimEvent.CLOSE: (pgettext_lazy("claim", "Closed"), "check"),
}

_BAD = (ClaimEvent.DECLINE, ClaimEvent.EXPIRE)


def step_words(event: str, facts: Mapping[str, Any], amount: str = "") -> StepWords:
    """Say what a step was. amount: of goodwill that was granted, written out."""
    title, icon = _STEPS[event]
    more = ""
    if event == ClaimEvent.DECLINE:
        more = reason_words(str(facts.get("reason", "")))
    elif event == ClaimEvent.ACCEPT:
        more = (
            _("As goodwill, {amount} was added to your cagnotte.").format(amount=amount)
            if amount
            else _("The purchase is in your cagnotte.")
        )
    return StepWords(str(title), icon, "bad" if event in _BAD else "done", more)


def reason_words(reason: str) -> str:
    """Say why a claim was declined."""
    return str(REASONS.get(reason, REASONS["other"]))


def next_words(claim: ClaimView) -> str:
    """Say who acts next, and by when."""
    day = _day(claim.due_on)
    if claim.actor is Actor.PROGRAMME:
        return _("Our turn: we answer by {day}.").format(day=day)
    if claim.actor is Actor.SHOP:
        return _("{shop} has until {day}. After that we decide without it.").format(
            shop=claim.merchant_name, day=day
        )
    if claim.actor is Actor.TIME:
        return _("Nothing to do: it goes on by itself on {day}.").format(day=day)
    if claim.state is ClaimState.ASKED_MEMBER:
        return _("Your turn: please answer by {day}.").format(day=day)
    if claim.is_draft:
        return _("Your turn: send it before {day}.").format(day=day)
    return ""


def _day(day: date | None) -> str:
    return date_format(day, "DATE_FORMAT") if day else ""
