"""What the database refuses, in words: each of its refusals, and nothing that is not one of them."""

import json
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import psycopg
import pytest

from cagnotte.domain.errors import (
    CagnotteError,
    InsufficientFunds,
    LedgerCorrupt,
    LedgerError,
    PeriodClosed,
    UnbalancedTransaction,
)
from cagnotte.ledger.refusals import refusal_of

ID = UUID(int=5)


class Failure(psycopg.Error):
    """An error as the driver would hand it over."""

    def __init__(self, state: str | None, **diagnosis: str | None) -> None:
        super().__init__()
        self.sqlstate = state
        fields = dict.fromkeys(
            ("message_primary", "message_detail", "constraint_name", "table_name")
        )
        self._told = SimpleNamespace(**(fields | {"message_primary": "no"} | diagnosis))

    @property
    def diag(self) -> Any:
        return self._told


def told(refusal: CagnotteError | None) -> tuple[type[CagnotteError], str, dict[str, object]]:
    assert refusal is not None
    return type(refusal), refusal.sentence, refusal.facts


def refused(state: str, **facts: object) -> tuple[type[CagnotteError], str, dict[str, object]]:
    detail = json.dumps(facts) if facts else None
    return told(refusal_of(Failure(state, message_detail=detail)))


def test_legs_that_do_not_sum_to_zero() -> None:
    assert refused("LG001", transaction_id=str(ID), off=3) == (
        UnbalancedTransaction,
        "The ledger refused: no.",
        {"transaction_id": ID, "off": 3},
    )


def test_a_closed_period_names_the_day_and_what_to_do() -> None:
    assert refused("LG003", closed_until="2026-03-31", day="2026-03-01") == (
        PeriodClosed,
        (
            "The books are closed until 2026-03-31; a fact of 2026-03-01 "
            "must be booked on the first open day."
        ),
        {"closed_until": "2026-03-31", "day": "2026-03-01"},
    )


def test_money_that_is_not_there_names_the_balance_and_what_was_asked() -> None:
    facts = {"kind": "member.held", "currency": "EUR", "balance_minor": 150, "change_minor": -151}
    assert refused("LG004", **facts) == (
        InsufficientFunds,
        "The held balance of 1.50 EUR does not cover 1.51 EUR.",
        facts,
    )


def test_an_account_without_its_balance_row_is_corrupt() -> None:
    assert refused("LG008", account_id=str(ID)) == (
        LedgerCorrupt,
        "An account has no balance row; run cagnotte ledger verify.",
        {"account_id": ID},
    )


def test_any_other_refusal_of_the_ledger_says_what_the_database_said() -> None:
    assert refused("LG099") == (LedgerError, "The ledger refused: no.", {})
    assert refused("LG005", account_id=str(ID), note="x") == (
        LedgerError,
        "The ledger refused: no.",
        {"account_id": ID, "note": "x"},
    )


def test_an_amount_that_no_account_can_hold() -> None:
    assert told(refusal_of(Failure("22003"))) == (
        LedgerError,
        "An amount is larger than an account can hold.",
        {},
    )


@pytest.mark.parametrize(
    ("constraint", "sentence"),
    [
        (
            "ledger_batch_pkey",
            "This batch id has been posted already; every batch takes a new one.",
        ),
        (
            "ledger_delta_pkey",
            "This batch id has been posted already; every batch takes a new one.",
        ),
        ("ledger_entry_pkey", "A transaction comes twice in one batch."),
    ],
)
def test_what_comes_twice(constraint: str, sentence: str) -> None:
    failure = Failure("23505", constraint_name=constraint, table_name="ledger_x")
    assert told(refusal_of(failure)) == (LedgerError, sentence, {})


@pytest.mark.parametrize("state", ["23514", "23502"])
def test_a_guard_of_a_table_of_the_ledger(state: str) -> None:
    failure = Failure(state, constraint_name="amount_check", table_name="ledger_balance")
    assert told(refusal_of(failure)) == (
        LedgerError,
        "The ledger refused: no.",
        {"constraint": "amount_check"},
    )


@pytest.mark.parametrize(
    "failure",
    [
        Failure(None),
        Failure("40P01"),
        Failure("23505", constraint_name="wallet_pkey", table_name="ledger_entry"),
        Failure("23505", constraint_name=None),
        Failure("40001", constraint_name="ledger_batch_pkey", table_name="ledger_batch"),
        Failure("23514", constraint_name="amount_check", table_name="wallet_hold"),
        Failure("23502"),
    ],
    ids=lambda failure: f"{failure.sqlstate}-{failure.diag.table_name}",
)
def test_what_the_ledger_did_not_refuse_is_no_refusal(failure: psycopg.Error) -> None:
    assert refusal_of(failure) is None
