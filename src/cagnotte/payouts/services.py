"""Writing payouts: rules, methods, payouts, batches, and every step a payout takes.

Each function runs in the caller's database transaction, locks before it reads, and books what it changes.
One payout and ten thousand take the same road.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.errors import CagnotteError, InvalidInput, InvalidRow
from cagnotte.domain.holds import HoldPurpose
from cagnotte.domain.ids import bucket_of, derived_id, named_id, public_id
from cagnotte.domain.money import decimals_of
from cagnotte.domain.payouts import PayoutState, PlannedPayout
from cagnotte.payouts.bank_accounts import CheckedAccount, check_account
from cagnotte.payouts.selectors import SQL, BatchView, Connection, PayoutRules, PayoutView
from cagnotte.platform import secrets_box
from cagnotte.wallet import services as wallet
from cagnotte.wallet.movements import lock_wallets
from cagnotte.wallet.services import HoldAsk

HOLDER_LENGTH_MAX = 140


# ---- rules ----------------------------------------------------------------------------------------------------


def save_settings(connection: Connection, rules: PayoutRules) -> PayoutRules:
    """Save how a programme pays, over what was saved before; return it with its account number normalised.

    Raises:
        InvalidInput: an amount below zero, a fee that eats the minimum, no name, a bank account that is none.
        UnknownCurrency: the currency does not exist.
    """
    decimals_of(rules.currency)
    if not rules.debtor_name.strip():
        raise InvalidInput("Payouts need the name of the programme's own bank account.")
    if rules.threshold_minor < 0 or not 0 <= rules.fee_minor <= rules.threshold_minor:
        raise InvalidInput(
            "The payout minimum must cover the fee, and neither can be below zero.",
            threshold_minor=rules.threshold_minor,
            fee_minor=rules.fee_minor,
        )
    if rules.maximum_minor is not None and rules.maximum_minor < max(rules.threshold_minor, 1):
        raise InvalidInput(
            "The largest payout cannot be smaller than the minimum.",
            maximum_minor=rules.maximum_minor,
        )
    account = check_account(rules.debtor_iban, rules.debtor_bic)
    values = {**asdict(rules), "debtor_iban": account.iban, "debtor_bic": account.bic}
    connection.execute(SQL.save_settings, {**values, "method_kinds": list(rules.method_kinds)})
    return PayoutRules(**values)


# ---- methods --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MethodRow:
    """A member's bank account as it comes in. `changed_at`: when the member gave it; None = now."""

    wallet_id: UUID
    holder: str
    iban: str
    bic: str = ""
    kind: str = "sepa"
    changed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SavedMethods:
    """What became of the rows; `rejected` is (position from 0, reason with its sentence)."""

    new: int
    changed: int
    unchanged: int
    rejected: list[tuple[int, InvalidRow]]


def save_methods(
    connection: Connection, rows: Sequence[MethodRow], *, programme_id: UUID, now: datetime
) -> SavedMethods:
    """Save where members want their money, thousands at once; of two rows for one wallet the later counts.

    An account that is already on file stays as it is, with the moment it was first given.
    Raises NotFound when a wallet is not of this programme; bad accounts are in the result.
    """
    checked: dict[UUID, tuple[MethodRow, CheckedAccount]] = {}
    rejected: list[tuple[int, InvalidRow]] = []
    for position, row in enumerate(rows):
        try:
            checked[row.wallet_id] = row, _check_method(row)
        except InvalidRow as reason:
            rejected.append((position, reason))
    lock_wallets(connection, checked, programme_id=programme_id)
    in_use = {
        wallet_id: (method_id, (kind, holder, mark, bic))
        for method_id, wallet_id, kind, holder, mark, _, bic in connection.execute(
            SQL.methods_in_use, {"wallet_ids": list(checked)}
        )
    }
    fresh: list[tuple[MethodRow, CheckedAccount, str]] = []
    retired: list[UUID] = []
    for wallet_id, (row, account) in checked.items():
        mark = secrets_box.fingerprint(account.iban)
        known = in_use.get(wallet_id)
        if known and known[1] == (row.kind, row.holder.strip(), mark, account.bic):
            continue
        if known:
            retired.append(known[0])
        fresh.append((row, account, mark))
    if retired:
        connection.execute(SQL.retire_methods, {"ids": retired, "now": now})
    _insert_methods(connection, fresh, programme_id=programme_id, now=now)
    return SavedMethods(
        new=len(fresh) - len(retired),
        changed=len(retired),
        unchanged=len(checked) - len(fresh),
        rejected=rejected,
    )


def _check_method(row: MethodRow) -> CheckedAccount:
    if not row.holder.strip() or len(row.holder) > HOLDER_LENGTH_MAX:
        raise InvalidRow(
            "holder_invalid",
            f"The name of the account's owner is missing or longer than {HOLDER_LENGTH_MAX} letters.",
        )
    return check_account(row.iban, row.bic)


def _insert_methods(
    connection: Connection,
    fresh: Sequence[tuple[MethodRow, CheckedAccount, str]],
    *,
    programme_id: UUID,
    now: datetime,
) -> None:
    if not fresh:
        return
    changed_ats = [row.changed_at or now for row, _, _ in fresh]
    connection.execute(
        SQL.insert_methods,
        {
            "programme_id": programme_id,
            "ids": [
                derived_id(now, "payout-method", row.wallet_id, mark) for row, _, mark in fresh
            ],
            "wallet_ids": [row.wallet_id for row, _, _ in fresh],
            "buckets": [bucket_of(row.wallet_id) for row, _, _ in fresh],
            "kinds": [row.kind for row, _, _ in fresh],
            "holders": [row.holder.strip() for row, _, _ in fresh],
            "sealed": [secrets_box.seal(account.iban) for _, account, _ in fresh],
            "last4s": [account.last4 for _, account, _ in fresh],
            "fingerprints": [mark for _, _, mark in fresh],
            "bics": [account.bic for _, account, _ in fresh],
            "changed_ats": changed_ats,
        },
    )


# ---- payouts --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Created:
    """Payouts made, and the wallets whose money had moved meanwhile, with the reason."""

    payouts: list[PayoutView]
    refused: list[tuple[PlannedPayout, CagnotteError]]


def create(
    connection: Connection,
    planned: Sequence[PlannedPayout],
    *,
    occasion: Occasion,
    state: PayoutState = PayoutState.APPROVED,
    token: str | None = None,
    of_closed: bool = False,
) -> Created:
    """Hold the money of planned payouts and write them; one per wallet and moment, or per wallet and `token`.

    of_closed: closed accounts are paid too; for what is left as they are closed.
    A wallet that no longer has the money is refused and stops no other.
    """
    ids = [_payout_id(occasion, one.wallet_id, token) for one in planned]
    asks = [
        HoldAsk(one.wallet_id, one.amount_minor, HoldPurpose.PAYOUT, str(payout_id))
        for one, payout_id in zip(planned, ids, strict=True)
    ]
    placed = wallet.place_holds(connection, asks, occasion=occasion, of_closed=of_closed)
    made: list[PayoutView] = []
    refused: list[tuple[PlannedPayout, CagnotteError]] = []
    for one, payout_id in zip(planned, ids, strict=True):
        reference = str(payout_id)
        if reference in placed.refused:
            refused.append((one, placed.refused[reference]))
            continue
        made.append(_new_payout(one, payout_id, placed.holds[reference].id, occasion, state))
    insert_payouts(connection, made, occasion, state)
    return Created(made, refused)


def asked_id(programme_id: UUID, wallet_id: UUID, token: str) -> UUID:
    """Return the id of the payout that a wallet's owner asked for under a token: asked twice, it is the same."""
    return named_id("payout-asked", programme_id, wallet_id, token)


def _payout_id(occasion: Occasion, wallet_id: UUID, token: str | None) -> UUID:
    if token is not None:
        return asked_id(occasion.programme_id, wallet_id, token)
    return derived_id(occasion.recorded_at, occasion.programme_id, "payout", wallet_id)


def _new_payout(
    planned: PlannedPayout, payout_id: UUID, hold_id: UUID, occasion: Occasion, state: PayoutState
) -> PayoutView:
    return PayoutView(
        id=payout_id,
        wallet_id=planned.wallet_id,
        hold_id=hold_id,
        method_id=planned.method_id,
        batch_id=None,
        end_to_end_id=bank_reference("po", payout_id),
        currency=occasion.currency,
        amount_minor=planned.amount_minor,
        fee_minor=planned.fee_minor,
        state=state,
        events=0,
        requested_at=occasion.recorded_at,
    )


def bank_reference(prefix: str, identity: UUID) -> str:
    """Write an id in the letters that banks carry (no underscore), 29 characters of the 35 they allow."""
    return public_id(prefix, identity).replace("_", "-")


def insert_payouts(
    connection: Connection, made: Sequence[PayoutView], occasion: Occasion, state: PayoutState
) -> None:
    """Write payouts; one whose id stands already is left as it is."""
    if not made:
        return
    connection.execute(
        SQL.insert_payouts,
        {
            "programme_id": occasion.programme_id,
            "currency": occasion.currency,
            "state": state.value,
            "now": occasion.recorded_at,
            "ids": [one.id for one in made],
            "wallet_ids": [one.wallet_id for one in made],
            "buckets": [bucket_of(one.wallet_id) for one in made],
            "hold_ids": [one.hold_id for one in made],
            "method_ids": [one.method_id for one in made],
            "end_to_end_ids": [one.end_to_end_id for one in made],
            "amounts_minor": [one.amount_minor for one in made],
            "fees_minor": [one.fee_minor for one in made],
        },
    )


# ---- batches --------------------------------------------------------------------------------------------------


def make_batch(
    connection: Connection,
    rules: PayoutRules,
    *,
    now: datetime,
    execution_on: date,
    at_most: int,
) -> BatchView | None:
    """Put approved payouts that are in no batch yet into one, `at_most` of them; None when there is none.

    Its reference is drawn from the payouts in it, so that the same batch never goes out under two references.
    """
    rows = connection.execute(
        SQL.payouts_to_batch,
        {"programme_id": rules.programme_id, "currency": rules.currency, "at_most": at_most},
    ).fetchall()
    if not rows:
        return None
    payout_ids = [payout_id for payout_id, _ in rows]
    batch_id = named_id("payout-batch", *payout_ids)
    batch = BatchView(
        id=batch_id,
        rail=rules.rail,
        message_id=bank_reference("pb", batch_id),
        currency=rules.currency,
        count=len(rows),
        total_minor=sum(amount_minor for _, amount_minor in rows),
        execution_on=execution_on,
        debtor_name=rules.debtor_name,
        debtor_iban=rules.debtor_iban,
        debtor_bic=rules.debtor_bic,
        transfer_text=rules.transfer_text,
        created_at=now,
    )
    values = {**asdict(batch), "programme_id": rules.programme_id, "now": now}
    connection.execute(SQL.insert_batch, values)
    connection.execute(SQL.put_in_batch, {"ids": payout_ids, "batch_id": batch.id})
    return batch


def mark_batch_sent(
    connection: Connection, batch: BatchView, *, now: datetime, file_path: str, file_sha256: str
) -> None:
    """Note where the file of a batch is; its payouts take their step in the same database transaction."""
    connection.execute(
        SQL.mark_batch_sent,
        {"id": batch.id, "now": now, "file_path": file_path, "file_sha256": file_sha256},
    )


# ---- what banks answer ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A line of a bank's answer that a person must look at: the code of its problem and the sentence."""

    number: int
    kind: str
    end_to_end_id: str
    message_id: str
    amount_minor: int | None
    currency: str
    problem: str
    sentence: str


@dataclass(frozen=True, slots=True)
class ReadFile:
    """A bank's answer, by the hash of its bytes."""

    sha256: str
    name: str
    lines: int


def claim_bank_file(
    connection: Connection, file: ReadFile, *, programme_id: UUID, now: datetime
) -> bool:
    """Note that a file is being read; False when it was read before, and nothing must be done again."""
    cursor = connection.execute(
        SQL.claim_bank_file,
        {
            "sha256": file.sha256,
            "programme_id": programme_id,
            "name": file.name,
            "lines": file.lines,
            "now": now,
        },
    )
    return cursor.rowcount == 1


def finish_bank_file(
    connection: Connection,
    file: ReadFile,
    lines: Iterable[OpenLine],
    *,
    programme_id: UUID,
    booked: int,
) -> None:
    """Keep the lines of a file that somebody must look at, and how many steps it booked."""
    kept = list(lines)
    connection.execute(SQL.count_booked, {"sha256": file.sha256, "booked": booked})
    connection.execute(
        SQL.insert_bank_lines,
        {
            "sha256": file.sha256,
            "programme_id": programme_id,
            "numbers": [line.number for line in kept],
            "kinds": [line.kind for line in kept],
            "end_to_end_ids": [line.end_to_end_id for line in kept],
            "message_ids": [line.message_id for line in kept],
            "amounts_minor": [line.amount_minor for line in kept],
            "currencies": [line.currency for line in kept],
            "problems": [line.problem for line in kept],
            "sentences": [line.sentence for line in kept],
        },
    )
