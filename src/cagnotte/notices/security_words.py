"""What is told when something changes that protects a member's money."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

CHANGES: dict[str, str | Promise] = {
    "new_device": gettext_lazy("Somebody signed in on a new device"),
    "email_changed": gettext_lazy("Your e-mail address was changed"),
    "bank_changed": gettext_lazy("Your bank details were changed"),
    "password_changed": gettext_lazy("Your password was changed"),
    "passkey_added": gettext_lazy("A passkey was added to your account"),
    "passkey_removed": gettext_lazy("A passkey was removed from your account"),
    "second_factor_on": gettext_lazy("Codes from an app were switched on"),
    "second_factor_off": gettext_lazy("Codes from an app were switched off"),
    "recovery_codes": gettext_lazy("New recovery codes were made"),
    "sessions_ended": gettext_lazy("You were signed out elsewhere"),
    "data_exported": gettext_lazy("A copy of your data was made"),
    "erasure_asked": gettext_lazy("Your account is going to be erased"),
    "account_closed": gettext_lazy("Your account was closed"),
}
"""Titles, by what changed."""


def words(what: str, detail: str) -> tuple[str, str]:
    """Return title and sentences. detail: a device, or the end of a number; empty where there is none."""
    title = str(CHANGES.get(what) or _("Something changed in your account"))
    ask = _("If it was not you, sign in, change your password and write to us at once.")
    return title, f"{detail}{'' if detail.endswith('.') else '.'} {ask}" if detail else ask
