"""What members can be told, and what they may choose about it.

A *kind* is what happened; its words are in `words`. A *topic* gathers kinds that a member chooses together: a line of
the page of channels.
"""

import enum
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from cagnotte.domain.errors import NotFound


class Mode(enum.StrEnum):
    """When a mail about something is sent."""

    NOW = "now"
    DAILY = "daily"
    WEEKLY = "weekly"
    OFF = "off"


class Choice(NamedTuple):
    """How somebody is told of a topic."""

    email: Mode
    push: bool = True
    in_centre: bool = True


class Topic(NamedTuple):
    """What a member chooses about as one.

    Attributes:
        name: in rows and addresses. label, about: for people. usual: what stands until a member chooses.
        why_always: why it cannot be switched off; empty = it can. marketing: mails and pushes need the member's
            consent to marketing. at_any_hour: it waits for no quiet hours to end.
    """

    name: str
    label: str | Promise
    about: str | Promise
    usual: Choice
    why_always: str | Promise = ""
    marketing: bool = False
    at_any_hour: bool = False

    @property
    def always(self) -> bool:
        """Whether it cannot be switched off."""
        return bool(self.why_always)


_AT_ONCE = Choice(Mode.NOW)

TOPICS: dict[str, Topic] = {
    topic.name: topic
    for topic in (
        Topic(
            "tracked",
            _("A purchase is tracked"),
            _("We have heard of your order; its cashback is pending."),
            _AT_ONCE,
        ),
        Topic(
            "confirmed",
            _("Cashback is confirmed"),
            _("The shop has said yes."),
            _AT_ONCE,
        ),
        Topic(
            "available",
            _("Money is available"),
            _("You can spend it or withdraw it."),
            _AT_ONCE,
        ),
        Topic(
            "adjusted",
            _("Cashback is adjusted"),
            _("A part was sent back, or the order was corrected."),
            _AT_ONCE,
        ),
        Topic(
            "declined",
            _("Cashback is declined"),
            _("With the reason, and what you can do."),
            _AT_ONCE,
            why_always=_("Always sent: you may want to object in time."),
        ),
        Topic(
            "expiring",
            _("Money will expire"),
            _("60, 30 and 7 days before."),
            _AT_ONCE,
        ),
        Topic(
            "payout",
            _("Payouts"),
            _("Asked for, sent, paid or returned by the bank."),
            _AT_ONCE,
            why_always=_("Always sent: it is money that leaves your cagnotte."),
        ),
        Topic(
            "spending",
            _("Spending in shops"),
            _("What you paid from your cagnotte, refunds, and vouchers you are given."),
            Choice(Mode.DAILY),
        ),
        Topic(
            "claim",
            _("Your claims"),
            _("Each step, and every answer."),
            _AT_ONCE,
        ),
        Topic(
            "favourites",
            _("Favourite shops"),
            _("A rate goes up at a shop where you asked to be told."),
            Choice(Mode.DAILY),
        ),
        Topic(
            "reminder",
            _("Money to spend"),
            _("A word every three months when money is waiting for you."),
            _AT_ONCE,
            marketing=True,
        ),
        Topic(
            "security",
            _("Security"),
            _("A new device, an address or bank details that changed."),
            _AT_ONCE,
            why_always=_("Always sent, at any hour: it protects your money."),
            at_any_hour=True,
        ),
    )
}
"""Every topic, in the order of the page of channels."""

WELCOME = "welcome"
"""Told once to each member; nobody has to choose about it."""

KINDS: dict[str, str] = {
    "tracked": "tracked",
    "confirmed": "confirmed",
    "available": "available",
    "adjusted": "adjusted",
    "declined": "declined",
    "expiring": "expiring",
    "payout.requested": "payout",
    "payout.sent": "payout",
    "payout.settled": "payout",
    "payout.returned": "payout",
    "payout.cancelled": "payout",
    "spent": "spending",
    "refunded": "spending",
    "voucher": "spending",
    "claim": "claim",
    "favourite": "favourites",
    "reminder": "reminder",
    "security": "security",
    WELCOME: "",
}
"""The topic of each kind."""

DIGESTS = {Mode.DAILY: "digest.daily", Mode.WEEKLY: "digest.weekly"}
"""The kind of letter that gathers several topics."""

_WELCOMED = Topic(WELCOME, _("Welcome"), "", Choice(Mode.NOW, push=False))


def topic_of(kind: str) -> Topic:
    """Return what a member chooses about for a kind. Raises NotFound for a kind that does not exist."""
    if kind not in KINDS:
        raise NotFound(f"There is no kind of notice “{kind}”.", kind=kind)
    return TOPICS.get(KINDS[kind], _WELCOMED)


def as_chosen(topic: Topic, chosen: Choice | None) -> Choice:
    """Return how a member is told of a topic; what is always sent is sent whatever was chosen, push excepted."""
    found = chosen or topic.usual
    return Choice(topic.usual.email, found.push) if topic.always else found
