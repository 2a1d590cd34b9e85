"""What is told of the steps of a claim."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from cagnotte.notices.refusal_words import why_declined

STEPS: dict[str, tuple[str | Promise, str | Promise, str]] = {
    "received": (
        gettext_lazy("Your claim about {shop} has arrived"),
        gettext_lazy("We look at it within five working days."),
        "info",
    ),
    "unlocked": (
        gettext_lazy("You can claim for {shop} now"),
        gettext_lazy("The shop's time to report is over. Your claim goes on by itself."),
        "info",
    ),
    "sent_to_shop": (
        gettext_lazy("Your claim was sent to {shop}"),
        gettext_lazy("Shops often take some weeks to answer. We ask again for you."),
        "info",
    ),
    "asked_member": (
        gettext_lazy("A question about your claim for {shop}"),
        gettext_lazy("Please answer, so that we can go on."),
        "wait",
    ),
    "message": (
        gettext_lazy("A message about your claim for {shop}"),
        gettext_lazy("Somebody has written to you."),
        "info",
    ),
    "accepted": (
        gettext_lazy("Your claim for {shop} is accepted"),
        gettext_lazy("The cashback is in your cagnotte."),
        "good",
    ),
    "declined": (
        gettext_lazy("Your claim for {shop} is declined"),
        gettext_lazy("You can object once, on the page of the claim."),
        "bad",
    ),
    "expired": (
        gettext_lazy("Your claim for {shop} has ended"),
        gettext_lazy("We had no answer in time."),
        "calm",
    ),
    "closed": (gettext_lazy("Your claim for {shop} is closed"), "", "calm"),
}
"""Title, sentence and state, by step."""

ANY_STEP: tuple[str | Promise, str | Promise, str] = (
    gettext_lazy("News of your claim for {shop}"),
    "",
    "info",
)


def words(step: str, shop: str, facts: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return title, sentence and state of a step; one that is not known is news of the claim.

    facts: `reason` (a code) of a claim that was declined, `amount` in words of one that was accepted.
    """
    title, body, state = STEPS.get(step, ANY_STEP)
    reason = facts.get("reason")
    before = why_declined(str(reason)) if step == "declined" and reason else ""
    return str(title).format(shop=shop), _joined(before, str(body)), state


def _joined(first: str, second: str) -> str:
    return f"{first} {second}" if first else second
