"""What the ledger's database functions and guards refuse, as errors with sentences.

SQLSTATE class LG is ours (see `migrations/0001_ledger.sql`); its DETAIL is JSON with the facts.
"""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.domain.errors import (
    CagnotteError,
    InsufficientFunds,
    LedgerCorrupt,
    LedgerError,
    PeriodClosed,
    UnbalancedTransaction,
)
from cagnotte.domain.money import format_minor

UNKNOWN_ACCOUNT = "LG005"
_UNIQUE, _CHECK, _NOT_NULL, _OUT_OF_RANGE = "23505", "23514", "23502", "22003"

Facts = dict[str, Any]


def refusal_of(error: psycopg.Error) -> CagnotteError | None:
    """Return the refusal behind a database error, or None when the ledger did not refuse anything."""
    state = error.sqlstate or ""
    sentence = f"The ledger refused: {error.diag.message_primary}."
    if state.startswith("LG"):
        facts = _facts_of(error)
        make = _REFUSALS.get(state)
        return make(sentence, facts) if make else LedgerError(sentence, **facts)
    if state == _OUT_OF_RANGE:
        return LedgerError("An amount is larger than an account can hold.")
    constraint = error.diag.constraint_name
    if state == _UNIQUE and constraint in _TWICE:
        return LedgerError(_TWICE[constraint])
    table = error.diag.table_name or ""
    if state in {_CHECK, _NOT_NULL} and table.startswith("ledger_"):
        return LedgerError(sentence, constraint=constraint)
    return None


def _facts_of(error: psycopg.Error) -> Facts:
    facts: Facts = json.loads(error.diag.message_detail or "{}")
    return {name: UUID(value) if name.endswith("_id") else value for name, value in facts.items()}


def _closed(_sentence: str, facts: Facts) -> CagnotteError:
    return PeriodClosed(
        f"The books are closed until {facts['closed_until']}; a fact of {facts['day']} "
        "must be booked on the first open day.",
        **facts,
    )


def _insufficient(_sentence: str, facts: Facts) -> CagnotteError:
    currency = facts["currency"]
    stands = format_minor(facts["balance_minor"], currency)
    taken = format_minor(-facts["change_minor"], currency)
    name = facts["kind"].removeprefix("member.")
    return InsufficientFunds(
        f"The {name} balance of {stands} {currency} does not cover {taken} {currency}.", **facts
    )


def _corrupt(_sentence: str, facts: Facts) -> CagnotteError:
    return LedgerCorrupt("An account has no balance row; run cagnotte ledger verify.", **facts)


_REFUSALS: dict[str, Callable[[str, Facts], CagnotteError]] = {
    "LG001": lambda sentence, facts: UnbalancedTransaction(sentence, **facts),
    "LG003": _closed,
    "LG004": _insufficient,
    "LG008": _corrupt,
}

_BATCH_TWICE = "This batch id has been posted already; every batch takes a new one."
_TWICE = {
    "ledger_batch_pkey": _BATCH_TWICE,
    "ledger_delta_pkey": _BATCH_TWICE,
    "ledger_entry_pkey": "A transaction comes twice in one batch.",
}
