"""When two e-mail addresses are the same one: when they differ in the capitals A to Z alone.

Databases and Python know more capitals than that. To one or the other of them `ı` is an I, `ſ` an S and the sign for
Kelvin a K, while mail to an address written with such a letter goes elsewhere: to whoever owns that other address. So
nothing beyond A to Z is ever folded here, and where an address is typed in to come in by, only ASCII is taken.
"""

from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.functions import Collate, Lower
from django.utils.translation import gettext as _

_SMALL = {ord(letter): letter.lower() for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZ"}


def folded(address: str) -> str:
    """Return the form in which an address is kept and compared: A to Z small, all else as it was."""
    return address.translate(_SMALL)


def is_same(one: str, other: str) -> bool:
    """Tell whether two addresses are one."""
    return folded(one) == folded(other)


def of_address(rows: Any, address: str) -> Any:
    """Keep the rows of a query whose column `email` holds an address."""
    # Under the collation "C" the database knows no capitals but A to Z.
    return rows.alias(_folded=Lower(Collate("email", "C"))).filter(_folded=folded(address))


def check_plain(address: str) -> str:
    """Return an address that was typed in. Raises ValidationError when it has a letter beyond ASCII."""
    if not address.isascii():
        raise ValidationError(
            _(
                "Only plain letters (a to z), please: mail to other addresses cannot be told apart safely."
            ),
            code="not_plain",
        )
    return address
