"""Payouts of what is kept aside for the owners of closed accounts, to a bank account that the operator was told.

Such a payout has no hold: the money is in no lot. It goes to the bank with the others, and what comes back is kept
aside again.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import Conflict, InsufficientFunds, InvalidInput
from cagnotte.domain.ids import bucket_of, named_id
from cagnotte.domain.money import Money
from cagnotte.domain.payouts import PayoutState
from cagnotte.payouts import selectors
from cagnotte.payouts.bank_accounts import CheckedAccount, check_account
from cagnotte.payouts.selectors import SQL, Connection, PayoutView
from cagnotte.payouts.services import HOLDER_LENGTH_MAX, bank_reference, insert_payouts
from cagnotte.platform import secrets_box
from cagnotte.wallet.movements import lock_wallets


@dataclass(frozen=True, slots=True)
class UnclaimedAsk:
    """What is to be paid to whom. amount_minor None: all of it. reference: the operator's own; the same is the same."""

    wallet_id: UUID
    reference: str
    holder: str
    iban: str
    bic: str = ""
    amount_minor: int | None = None


def pay(connection: Connection, ask: UnclaimedAsk, *, occasion: Occasion) -> PayoutView:
    """Make a payout of what is kept aside for a wallet, approved, or return the one that its reference stands for.

    Runs in the caller's database transaction. In each case of refusal nothing was changed.

    Raises:
        InsufficientFunds: less is kept aside, payouts that are not sent yet left out.
        Conflict: the reference stands for another wallet, amount or account.
        InvalidInput: no reference, or no name of the account's owner. InvalidRow: an account that is none.
        NotFound: the wallet is not of this programme.
    """
    # A blank more or less, as pasted, is the same letter.
    ask = replace(ask, reference=ask.reference.strip(), holder=ask.holder.strip())
    holder = ask.holder
    if not ask.reference or not 0 < len(holder) <= HOLDER_LENGTH_MAX:
        raise InvalidInput("A payout needs a reference, and the name of the account's owner.")
    account = check_account(ask.iban, ask.bic)
    lock_wallets(connection, [ask.wallet_id], programme_id=occasion.programme_id)
    payout_id = named_id("unclaimed-payout", occasion.programme_id, ask.reference)
    first = selectors.payout_of_programme(connection, occasion.programme_id, payout_id)
    if first is not None:
        return _same(connection, first, ask, account)
    made = PayoutView(
        id=payout_id,
        wallet_id=ask.wallet_id,
        hold_id=None,
        method_id=named_id("unclaimed-method", payout_id),
        batch_id=None,
        end_to_end_id=bank_reference("po", payout_id),
        currency=occasion.currency,
        amount_minor=_amount(connection, ask, occasion.currency),
        fee_minor=0,
        state=PayoutState.APPROVED,
        events=0,
        requested_at=occasion.recorded_at,
    )
    _insert_method(connection, made, account, holder, occasion)
    insert_payouts(connection, [made], occasion, PayoutState.APPROVED)
    return made


def _same(
    connection: Connection, first: PayoutView, ask: UnclaimedAsk, account: CheckedAccount
) -> PayoutView:
    told = connection.execute(SQL.method_told, {"id": first.method_id}).fetchone()
    if (first.wallet_id, told, ask.amount_minor or first.amount_minor) != (
        ask.wallet_id,
        (ask.holder, secrets_box.fingerprint(account.iban)),
        first.amount_minor,
    ):
        raise Conflict(
            f"“{ask.reference}” already stands for a payout of {Money(first.amount_minor, first.currency)} "
            f"({first.end_to_end_id}), to another member or account or of another amount.",
            reference=ask.reference,
            payout_id=first.id,
        )
    return first


def _amount(connection: Connection, ask: UnclaimedAsk, currency: str) -> int:
    """Return how much is to be paid. Raises InsufficientFunds when less is kept aside, or nothing."""
    values = {"wallet_id": ask.wallet_id, "currency": currency}
    row = connection.execute(SQL.unclaimed_to_send, values).fetchone()
    left_minor = selectors.kept_aside(connection, ask.wallet_id) - int(row[0] if row else 0)
    amount_minor = left_minor if ask.amount_minor is None else ask.amount_minor
    if not 0 < amount_minor <= left_minor:
        left = Money(left_minor, currency)
        raise InsufficientFunds(
            f"{left} is kept aside for this member.", available_minor=left_minor
        )
    return amount_minor


def _insert_method(
    connection: Connection,
    made: PayoutView,
    account: CheckedAccount,
    holder: str,
    occasion: Occasion,
) -> None:
    connection.execute(
        SQL.insert_method_for_one,
        {
            "id": made.method_id,
            "programme_id": occasion.programme_id,
            "wallet_id": made.wallet_id,
            "bucket": bucket_of(made.wallet_id),
            "kind": "sepa",
            "holder": holder,
            "sealed": secrets_box.seal(account.iban),
            "last4": account.last4,
            "fingerprint": secrets_box.fingerprint(account.iban),
            "bic": account.bic,
            "now": occasion.recorded_at,
        },
    )
