"""Reading payout rules, candidates, payouts, batches, as values."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.bookings.spending import Purse
from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import bucket_of
from cagnotte.domain.payouts import (
    UNDER_WAY,
    Candidate,
    MethodFacts,
    PayoutPolicy,
    PayoutState,
)
from cagnotte.hooks.values import BankAccount, Transfer, TransferBatch
from cagnotte.platform import secrets_box
from cagnotte.platform.sql import load

SQL = load("payouts")

Connection = psycopg.Connection[Any]


@dataclass(frozen=True, slots=True)
class PayoutRules:
    """How a programme pays: its account, its policy, its habits. Amounts in minor units of `currency`."""

    programme_id: UUID
    currency: str
    rail: str
    debtor_name: str
    debtor_iban: str
    debtor_bic: str
    threshold_minor: int
    fee_minor: int = 0
    maximum_minor: int | None = None
    method_kinds: tuple[str, ...] = ("sepa",)
    method_change_hold_hours: int = 72
    execution_days: int = 1
    transfer_text: str = "Cashback"
    settles_on_report: bool = False

    @property
    def policy(self) -> PayoutPolicy:
        """What decides about each payout."""
        return PayoutPolicy(
            currency=self.currency,
            threshold_minor=self.threshold_minor,
            fee_minor=self.fee_minor,
            maximum_minor=self.maximum_minor,
            method_kinds=frozenset(self.method_kinds),
            method_change_hold_hours=self.method_change_hold_hours,
        )


@dataclass(frozen=True, slots=True)
class PayoutView:
    """A payout; amounts in minor units of its currency. hold_id None: of what is kept aside for a closed account."""

    id: UUID
    wallet_id: UUID
    hold_id: UUID | None
    method_id: UUID
    batch_id: UUID | None
    end_to_end_id: str
    currency: str
    amount_minor: int
    fee_minor: int
    state: PayoutState
    events: int
    requested_at: datetime

    @property
    def transfer_minor(self) -> int:
        """What arrives at the member's bank."""
        return self.amount_minor - self.fee_minor


@dataclass(frozen=True, slots=True)
class StepView:
    """Something that happened to a payout."""

    n: int
    event: str
    occurred_on: date
    at: datetime
    code: str
    reason: str
    source: str


@dataclass(frozen=True, slots=True)
class BatchView:
    """Payouts that go to the bank in one file; the total is what the bank is asked to pay.

    What the file says besides its transfers is fixed with the batch, so that it can be made again unchanged.
    """

    id: UUID
    rail: str
    message_id: str
    currency: str
    count: int
    total_minor: int
    execution_on: date
    debtor_name: str
    debtor_iban: str
    debtor_bic: str
    transfer_text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class MethodView:
    """Where a member wants the money, as it may be shown: of the number, its end alone."""

    id: UUID
    kind: str
    holder: str
    last4: str
    bic: str
    changed_at: datetime
    usable_from: datetime | None = None


@dataclass(frozen=True, slots=True)
class WayView:
    """Where a payout goes. execution_on: when the bank is asked to execute it, None while it is in no file."""

    holder: str
    last4: str
    execution_on: date | None


def rules(connection: Connection, programme_id: UUID) -> PayoutRules:
    """Return how a programme pays. Raises NotFound when nobody has said so."""
    row = connection.execute(SQL.settings, {"programme_id": programme_id}).fetchone()
    if row is None:
        raise NotFound(
            "This programme has no payout settings: its bank account, and the minimum that is paid out. "
            "Add them to the programme file under “payouts” and load it.",
            programme_id=programme_id,
        )
    found = PayoutRules(*row)
    return replace(found, method_kinds=tuple(found.method_kinds))


def candidates(
    connection: Connection, *, programme_id: UUID, currency: str, on: date
) -> list[Candidate]:
    """Return everybody who holds or owes something, in the order of wallet ids; lots expired by `on` left out."""
    rows = connection.execute(
        SQL.candidates, {"programme_id": programme_id, "currency": currency, "day": on}
    )
    return [_candidate(row) for row in rows]


def candidate(
    connection: Connection, *, wallet_id: UUID, rules: PayoutRules, on: date
) -> Candidate:
    """Return what decides about one wallet, whatever it holds. Raises NotFound."""
    purse = Purse(rules.programme_id, wallet_id, rules.currency)
    row = connection.execute(
        SQL.candidate,
        {
            "wallet_id": wallet_id,
            "programme_id": rules.programme_id,
            "owing_id": purse.member("owing").id,
            "currency": rules.currency,
            "day": on,
        },
    ).fetchone()
    if row is None:
        raise NotFound(f"There is no wallet {wallet_id} in this programme.", wallet_id=wallet_id)
    return _candidate(row)


def _candidate(row: Sequence[Any]) -> Candidate:
    wallet_id, available_minor, owing_minor, *method, frozen, closed = row
    return Candidate(
        wallet_id=wallet_id,
        available_minor=available_minor,
        owing_minor=owing_minor,
        method=MethodFacts(*method) if method[0] else None,
        frozen=frozen,
        closed=closed,
    )


def payouts_in_states(
    connection: Connection, programme_id: UUID, states: Iterable[PayoutState], *, at_most: int
) -> list[PayoutView]:
    """Return payouts in some states, the latest first."""
    rows = connection.execute(
        SQL.payouts_in_states,
        {
            "programme_id": programme_id,
            "states": [state.value for state in states],
            "at_most": at_most,
        },
    )
    return [_payout(row) for row in rows]


def method_of_wallet(connection: Connection, wallet_id: UUID) -> MethodFacts | None:
    """Return where the owner of a wallet wants the money, if anywhere."""
    row = connection.execute(SQL.method_of_wallet, {"wallet_id": wallet_id}).fetchone()
    return MethodFacts(*row) if row else None


def account_of_wallet(connection: Connection, wallet_id: UUID) -> MethodView | None:
    """Return where the owner of a wallet wants the money, as it may be shown; None when nowhere."""
    row = connection.execute(SQL.account_of_wallet, {"wallet_id": wallet_id}).fetchone()
    return MethodView(*row) if row else None


def payout_of_programme(
    connection: Connection, programme_id: UUID, payout_id: UUID
) -> PayoutView | None:
    """Return a payout of a programme, None when it has none of this id."""
    values = {"programme_id": programme_id, "id": payout_id}
    row = connection.execute(SQL.payout_of_programme, values).fetchone()
    return _payout(row) if row else None


def payouts_page(
    connection: Connection,
    programme_id: UUID,
    *,
    wallet_id: UUID | None = None,
    before: UUID | None = None,
    at_most: int,
) -> list[PayoutView]:
    """Return payouts, newest first: of one wallet or of all, those after `before`, the last one seen."""
    values = {
        "programme_id": programme_id,
        "wallet_id": wallet_id,
        "before": before,
        "at_most": at_most,
    }
    return [_payout(row) for row in connection.execute(SQL.payouts_page, values)]


def payouts_by_id(connection: Connection, payout_ids: Iterable[UUID]) -> list[PayoutView]:
    """Return payouts in the order of their ids."""
    rows = connection.execute(SQL.payouts_by_id, {"ids": list(payout_ids)})
    return [_payout(row) for row in rows]


def lock_payouts(connection: Connection, payout_ids: Iterable[UUID]) -> list[PayoutView]:
    """Lock payouts in the order of their ids and return them; their wallets are locked before."""
    rows = connection.execute(SQL.lock_payouts, {"ids": list(payout_ids)})
    return [_payout(row) for row in rows]


def payouts_by_reference(
    connection: Connection, programme_id: UUID, end_to_end_ids: Iterable[str]
) -> dict[str, PayoutView]:
    """Return payouts by the reference that the bank hands back."""
    rows = connection.execute(
        SQL.payouts_by_reference,
        {"programme_id": programme_id, "end_to_end_ids": list(end_to_end_ids)},
    )
    return {payout.end_to_end_id: payout for payout in map(_payout, rows)}


def payouts_by_message(
    connection: Connection, programme_id: UUID, message_ids: Iterable[str]
) -> dict[str, list[PayoutView]]:
    """Return the payouts of batches, by the reference of the batch."""
    rows = connection.execute(
        SQL.payouts_by_message, {"programme_id": programme_id, "message_ids": list(message_ids)}
    )
    found: dict[str, list[PayoutView]] = {}
    for *row, message_id in rows:
        found.setdefault(message_id, []).append(_payout(row))
    return found


def payouts_of_wallet(connection: Connection, wallet_id: UUID) -> list[PayoutView]:
    """Return all payouts of a wallet, oldest first."""
    rows = connection.execute(SQL.payouts_of_wallet, {"wallet_id": wallet_id})
    return [_payout(row) for row in rows]


def ways_of(connection: Connection, payout_ids: Iterable[UUID]) -> dict[UUID, WayView]:
    """Return where payouts go, by payout."""
    rows = connection.execute(SQL.ways_of_payouts, {"ids": list(payout_ids)})
    return {row[0]: WayView(*row[1:]) for row in rows}


def payouts_under_way(connection: Connection, wallet_id: UUID) -> list[PayoutView]:
    """Return payouts of a wallet from which something is still expected, oldest first."""
    values = {"wallet_id": wallet_id, "states": [state.value for state in UNDER_WAY]}
    return [_payout(row) for row in connection.execute(SQL.payouts_under_way, values)]


def kept_aside(connection: Connection, wallet_id: UUID) -> int:
    """Return what is kept aside for the owner of a closed account, in minor units, payouts not yet sent included."""
    values = {"wallet_id": wallet_id, "bucket": bucket_of(wallet_id)}
    row = connection.execute(SQL.kept_aside, values).fetchone()
    return int(row[0]) if row else 0


def steps_of_payout(connection: Connection, payout_id: UUID) -> list[StepView]:
    """Return what happened to a payout, first to last."""
    rows = connection.execute(SQL.steps_of_payout, {"payout_id": payout_id})
    return [StepView(*row) for row in rows]


def unsent_batches(connection: Connection, programme_id: UUID) -> list[BatchView]:
    """Return batches whose file may not have been made, oldest first."""
    rows = connection.execute(SQL.unsent_batches, {"programme_id": programme_id})
    return [BatchView(*row) for row in rows]


def transfers(connection: Connection, batch: BatchView) -> TransferBatch:
    """Return what the rail needs to write the file of a batch, the same for the same batch for ever.

    Raises SecretUnreadable when bank details cannot be decrypted.
    """
    rows = connection.execute(SQL.transfers_of_batch, {"batch_id": batch.id}).fetchall()
    return TransferBatch(
        message_id=batch.message_id,
        debtor=BankAccount(batch.debtor_name, batch.debtor_iban, batch.debtor_bic),
        currency=batch.currency,
        execution_on=batch.execution_on,
        created_at=batch.created_at,
        transfers=[
            Transfer(
                end_to_end_id=end_to_end_id,
                to=BankAccount(holder, secrets_box.unseal(sealed), bic),
                amount_minor=amount_minor,
                text=batch.transfer_text,
            )
            for _, end_to_end_id, amount_minor, holder, sealed, bic in rows
        ],
    )


def payouts_of_batch(connection: Connection, batch_id: UUID) -> list[UUID]:
    """Return the ids of the payouts in a batch."""
    rows = connection.execute(SQL.transfers_of_batch, {"batch_id": batch_id})
    return [row[0] for row in rows]


def _payout(row: Sequence[Any]) -> PayoutView:
    view = PayoutView(*row)
    return replace(view, state=PayoutState(view.state))
