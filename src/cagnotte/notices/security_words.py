"""What is told when something changes that protects a member's money.

How somebody signs in (a new device, passwords, passkeys, codes from an app) is told by allauth's mails at once, see
`desk.signing_in`, and an erasure by its own last mail.
"""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

CHANGES: dict[str, str | Promise] = {
    "bank_changed": gettext_lazy("Your bank details were changed"),
    "sessions_ended": gettext_lazy("You were signed out elsewhere"),
    "data_exported": gettext_lazy("A copy of your data was made"),
    "account_closed": gettext_lazy("Your account was closed"),
}
"""Titles, by what changed."""


def words(what: str, detail: str) -> tuple[str, str]:
    """Return title and sentences. detail: a device, or the end of a number; empty where there is none."""
    title = str(CHANGES.get(what) or _("Something changed in your account"))
    ask = _("If it was not you, sign in, change your password and write to us at once.")
    return title, f"{detail}{'' if detail.endswith('.') else '.'} {ask}" if detail else ask
