"""Why a bank sent money back, said to its member; codes of ISO 20022 (external status reasons)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "AC01": _("Your bank does not know the account number."),
    "AC04": _("The account is closed."),
    "AC06": _("The account is blocked."),
    "AC13": _("The account is not one that can be paid this way."),
    "AG01": _("The account cannot receive transfers."),
    "AM09": _("The bank refused the amount."),
    "BE01": _("The name does not match the account."),
    "BE04": _("The bank asks for an address of the holder."),
    "MD07": _("The bank says that the holder of the account has died."),
    "RC01": _("The bank's own code is wrong."),
    "RR04": _("The bank refused it for a legal reason."),
}
"""By code; others say nothing that would help a member."""


def why_returned(code: str) -> str:
    """Return the sentence for a bank's code, empty where there is none."""
    return str(SENTENCES.get(code, ""))
