"""A member says where the money shall go. A new account is paid to only after some days, and its owner is told at once.

The days are the programme's `method_change_hold_hours`; they are fixed with the account (`usable_from`), and every
payout looks at them (`domain.payouts.decide`). Whether a name belongs to an account only the bank could say; it is not
asked.
"""

import unicodedata
from dataclasses import dataclass
from uuid import UUID

from cagnotte.domain.errors import NotFound
from cagnotte.journeys.ask_payout import Desk
from cagnotte.notices import telling
from cagnotte.payouts import selectors, services
from cagnotte.payouts.bank_accounts import Described, describe
from cagnotte.payouts.selectors import Connection, MethodView
from cagnotte.payouts.services import MethodRow

LETTERS_MIN = 2
"""Shorter parts of a name are initials, which prove nothing."""


@dataclass(frozen=True, slots=True)
class Saved:
    """An account on file. changed: False when it was the same as before, and nothing waits anew."""

    account: MethodView
    changed: bool


def look(iban: str) -> Described:
    """Say what a number that is being typed tells of itself. Raises InvalidRow, with the code of what is wrong."""
    return describe(iban)


def same_person(holder: str, name: str) -> bool:
    """Tell whether an account's owner may be the member, by the words of both names; True when one is not known."""
    ours, theirs = _words(name), _words(holder)
    if not ours or not theirs:
        return True
    return ours <= theirs or theirs <= ours or len(ours & theirs) > 1


def _words(name: str) -> set[str]:
    folded = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(one for one in folded if not unicodedata.combining(one))
    words = "".join(one if one.isalnum() else " " for one in plain).split()
    return {word for word in words if len(word) >= LETTERS_MIN}


def change(connection: Connection, desk: Desk, *, wallet_id: UUID, holder: str, iban: str) -> Saved:
    """Put an account on file in place of the one before; commits by itself.

    Raises:
        InvalidRow: the number or the name cannot be, with the code of what is wrong. Nothing was changed.
        NotFound: the wallet is not of this programme.
    """
    with connection.transaction():
        before = selectors.account_of_wallet(connection, wallet_id)
        row = MethodRow(wallet_id, holder, iban)
        saved = services.save_methods(
            connection, [row], programme_id=desk.programme_id, now=desk.now
        )
        for _, reason in saved.rejected:
            raise reason
        account = selectors.account_of_wallet(connection, wallet_id)
        if account is None:
            raise NotFound("The account is gone.", wallet_id=wallet_id)
        changed = before is None or before.id != account.id
        if changed:
            _tell(connection, desk, wallet_id, account)
    return Saved(account, changed)


def _tell(connection: Connection, desk: Desk, wallet_id: UUID, account: MethodView) -> None:
    """Tell the owner of the cagnotte, who may not be the one who did it."""
    telling.tell(
        connection,
        programme_id=desk.programme_id,
        wallet_id=wallet_id,
        kind="security",
        facts={"what": "bank_changed", "detail": f"•••• {account.last4}"},
        key=f"bank/{account.id}",
        now=desk.now,
    )
