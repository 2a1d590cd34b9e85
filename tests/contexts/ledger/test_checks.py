"""`verify` finds what was tampered with, and says where."""

from pathlib import Path
from uuid import uuid4

import pytest

from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import checks, selectors, services
from tests.contexts.ledger.books import (
    ANNA,
    DAY,
    PROGRAMME,
    Connection,
    booking,
    funder,
    given,
    later,
    member,
    programme,
    spent,
    tracked,
)


@pytest.fixture
def busy(books: Connection) -> Transaction:
    """A ledger with a little of everything; returns its first transaction."""
    first = tracked(ANNA, 1240)
    services.post(books, [first, given(ANNA, 500)], batch_id=uuid4())
    services.post(books, [spent(ANNA, 200), tracked(ANNA, 7)], batch_id=uuid4())
    services.close_period(books, programme_id=PROGRAMME, ends_on=DAY, now=later(9), closed_by="Zoé")
    books.commit()
    return first


def tamper(owner: Connection, *statements: str) -> None:
    """Change rows behind the guards' back, as a superuser could."""
    tables = ("account", "transaction", "entry", "delta", "batch", "period", "balance")
    for table in tables:
        owner.execute(f"ALTER TABLE ledger_{table} DISABLE TRIGGER USER".encode())
    for statement in statements:
        owner.execute(statement.encode())
    owner.commit()


def test_a_ledger_in_order_has_no_finding(books: Connection, busy: Transaction) -> None:
    assert checks.verify(books) == []


def test_progress_names_every_check(books: Connection, busy: Transaction) -> None:
    seen: list[tuple[int, int, str]] = []
    checks.verify(books, progress=lambda done, total, what: seen.append((done, total, what)))
    total = len(checks.CHECKS)
    assert [done for done, _, _ in seen] == list(range(total + 1))
    assert {row[1] for row in seen} == {total}
    assert [what for _, _, what in seen] == [check.promise for check in checks.CHECKS] + ["done"]


CASES: list[tuple[str, set[str]]] = [
    (
        "UPDATE ledger_entry SET amount_minor = amount_minor + 1 WHERE NOT row_mode AND amount_minor = 1240",
        {"sum_of_all", "sum_of_each", "content", "deltas"},
    ),
    (
        "UPDATE ledger_entry SET amount_minor = amount_minor * 2 WHERE abs(amount_minor) = 1240",
        {"content", "row_balances", "deltas"},
    ),
    (
        "DELETE FROM ledger_entry WHERE amount_minor = 1240",
        {"sum_of_all", "sum_of_each", "legs", "content", "deltas"},
    ),
    ("DELETE FROM ledger_transaction WHERE kind = 'held'", {"legs", "batches"}),
    ("UPDATE ledger_transaction SET occurred_on = occurred_on - 1", {"content"}),
    ("UPDATE ledger_transaction SET bucket = 0", {"legs", "buckets"}),
    (
        "UPDATE ledger_entry SET effective_on = effective_on + 1 WHERE amount_minor = 1240",
        {"copies"},
    ),
    (
        "UPDATE ledger_entry SET row_mode = NOT row_mode WHERE amount_minor = 1240",
        {"accounts_of_entries", "deltas"},
    ),
    ("UPDATE ledger_balance SET amount_minor = amount_minor + 1", {"row_balances"}),
    ("UPDATE ledger_balance SET never_negative = false", {"row_balances"}),
    ("DELETE FROM ledger_balance", {"row_balances"}),
    ("UPDATE ledger_delta SET amount_minor = amount_minor + 1", {"deltas"}),
    ("DELETE FROM ledger_delta", {"deltas"}),
    (
        "INSERT INTO ledger_snapshot SELECT account_id, 5, 1, '3', now() FROM ledger_delta LIMIT 1",
        {"snapshots"},
    ),
    ("UPDATE ledger_delta SET x = '18446744073709551000'", {"snapshots"}),
    ("UPDATE ledger_batch SET transactions = 9", {"batches"}),
    ("UPDATE ledger_account SET side = 'either'", {"accounts", "row_balances"}),
    ("UPDATE ledger_account SET kind = 'member.secret' WHERE kind = 'member.held'", {"accounts"}),
    ("UPDATE ledger_period SET closed_at = '2020-01-01'", {"closed_periods"}),
]


@pytest.mark.parametrize(("statement", "expected"), CASES, ids=[case[0][:60] for case in CASES])
def test_what_was_tampered_with_is_found(
    books: Connection, owner: Connection, busy: Transaction, statement: str, expected: set[str]
) -> None:
    tamper(owner, statement)
    findings = checks.verify(books)
    assert {finding.check for finding in findings} == expected
    assert all(finding.is_fault for finding in findings)


def test_a_finding_names_the_transaction_and_the_amount(
    books: Connection, owner: Connection, busy: Transaction
) -> None:
    tamper(owner, "UPDATE ledger_entry SET amount_minor = 1241 WHERE amount_minor = 1240")
    sentences = [finding.sentence for finding in checks.verify(books)]
    assert f"Transaction {busy.id} is off by 0.01 EUR." in sentences


def test_a_finding_carries_what_its_check_found(
    books: Connection, owner: Connection, busy: Transaction
) -> None:
    tamper(owner, "UPDATE ledger_batch SET transactions = 9 WHERE transactions = 2")
    found = checks.verify(books)
    assert {finding.check for finding in found} == {"batches"}
    for finding in found:
        assert finding.sentence == (
            f"Batch {finding.facts['batch_id']} holds 2 transactions, not 9."
        )


def test_accounts_that_are_not_in_the_chart_are_named_each(
    books: Connection, owner: Connection, busy: Transaction
) -> None:
    tamper(owner, "UPDATE ledger_account SET kind = kind || '.secret'")
    found = [finding for finding in checks.verify(books) if finding.check == "accounts"]
    accounts = books.execute("SELECT id, kind FROM ledger_account").fetchall()
    assert len(accounts) > 1
    assert sorted((finding.sentence, finding.facts["id"]) for finding in found) == sorted(
        (f"Account {account_id} is of no kind in the chart: {kind}.", account_id)
        for account_id, kind in accounts
    )


@pytest.mark.parametrize(
    "change", ["side = 'debit'", "never_negative = false", "owner_id = programme_id"]
)
def test_an_account_that_is_not_as_the_chart_says_is_named(
    books: Connection, owner: Connection, busy: Transaction, change: str
) -> None:
    tamper(owner, f"UPDATE ledger_account SET {change} WHERE kind = 'member.held'")
    account_id = member("held", ANNA).id
    [found] = [finding for finding in checks.verify(books) if finding.check == "accounts"]
    assert found.sentence == f"Account {account_id} is not what the chart says of member.held."
    assert (found.facts["id"], found.is_fault) == (account_id, True)


def test_a_book_in_another_bucket_is_named(
    books: Connection, owner: Connection, busy: Transaction
) -> None:
    tamper(owner, "UPDATE ledger_transaction SET bucket = 0")
    [found] = [finding for finding in checks.verify(books) if finding.check == "buckets"]
    assert found.sentence == f"Book {ANNA} lies in bucket 0."
    assert found.facts == {"book_id": ANNA, "bucket": 0}


def test_many_findings_are_counted_not_listed(
    books: Connection, owner: Connection, busy: Transaction
) -> None:
    services.post(
        books, [tracked(ANNA, 1, effective_on=later(3).date()) for _ in range(30)], batch_id=uuid4()
    )
    books.commit()
    tamper(owner, "UPDATE ledger_entry SET amount_minor = 2 WHERE amount_minor = 1")
    found = [finding for finding in checks.verify(books) if finding.check == "sum_of_each"]
    assert len(found) == checks.FINDINGS_MAX + 1
    assert found[-1].sentence == "… 30 in all."
    assert found[-1].facts == {"total": 30}
    assert {finding.facts["total"] for finding in found} == {30}


def test_money_in_transit_is_a_note_with_its_age(books: Connection) -> None:
    def move(amount_minor: int, day: int) -> Transaction:
        legs = {programme("transit"): amount_minor, programme("bank"): -amount_minor}
        return booking(legs, kind="moved", at=later(day), day=later(day).date())

    services.post(books, [move(100, 0), move(-100, 1), move(30, 2), move(12, 3)], batch_id=uuid4())
    found = checks.verify(books)
    assert [(finding.check, finding.is_fault, finding.sentence) for finding in found] == [
        (
            "transit",
            False,
            "programme.transit stands at 0.42 EUR (debit positive) since 2026-03-03, 2 entries.",
        )
    ]


def test_faults_come_before_notes(books: Connection, owner: Connection) -> None:
    legs = {programme("transit"): 5, programme("bank"): -5}
    services.post(books, [booking(legs, kind="moved"), tracked(ANNA, 7)], batch_id=uuid4())
    books.commit()
    tamper(owner, "UPDATE ledger_balance SET amount_minor = amount_minor + 1")
    query = "SELECT 1 AS one"
    extra = checks.sql_check("last", "comes last", query, "{one}")
    found = checks.verify(books, extra=[extra])
    assert [finding.check for finding in found] == ["row_balances", "last", "transit"]
    assert found[-1].facts["debit_minor"] == 5


def test_amounts_without_a_currency_stand_as_they_are(books: Connection) -> None:
    query = """
        SELECT %(amount)s AS gap_minor, NULL AS currency
        UNION ALL SELECT NULL, 'EUR'
        UNION ALL SELECT 1240, 'EUR'
    """
    check = checks.sql_check(
        "gaps", "there are no gaps", query, "{gap_minor}", parameters={"amount": 3}
    )
    assert [finding.sentence for finding in check.find(books)] == ["3", "None", "1240"]


def test_a_check_written_in_sql_names_each_row_it_finds(books: Connection) -> None:
    query = "SELECT 1240 AS gap_minor, 'EUR' AS currency, 2 AS total"
    check = checks.sql_check("gaps", "there are no gaps", query, "{currency}: {gap}, {gap_minor}")
    assert (check.name, check.promise) == ("gaps", "there are no gaps")
    first, rest = check.find(books)
    assert first == checks.Finding(
        "gaps", "EUR: 12.40 EUR, 1240", {"gap_minor": 1240, "currency": "EUR", "total": 2}
    )
    assert rest == checks.Finding("gaps", "… 2 in all.", {"total": 2})


def test_other_contexts_add_their_checks(books: Connection, busy: Transaction) -> None:
    query = "SELECT 'EUR' AS currency, 1240 AS gap_minor, 'a lot' AS what"
    extra = checks.sql_check("lots", "lots are what is available", query, "{what} is off by {gap}.")
    found: list[checks.Finding] = checks.verify(books, extra=[extra])
    assert [finding.sentence for finding in found] == ["a lot is off by 12.40 EUR."]


def test_verifying_changes_nothing_and_needs_no_rights(
    books: Connection, busy: Transaction
) -> None:
    books.execute("SET TRANSACTION READ ONLY")
    assert checks.verify(books) == []


def test_the_remedy_after_restoring_a_dump_works(
    books: Connection, owner: Connection, busy: Transaction
) -> None:
    """In a younger server the transaction numbers of the old one lie in the future."""
    services.fold(books, now=later(1))
    books.commit()
    tamper(owner, "UPDATE ledger_delta SET x = '9000000000000'")
    tamper(owner, "UPDATE ledger_snapshot SET mark = '9000000000001'")
    for table in ("account", "transaction", "entry", "delta", "batch", "period", "balance"):
        owner.execute(f"ALTER TABLE ledger_{table} ENABLE TRIGGER USER".encode())
    owner.commit()
    assert {finding.check for finding in checks.verify(books)} == {"snapshots"}
    books.commit()

    page = Path(__file__).parents[3] / "docs" / "reference" / "ledger.md"
    remedy = page.read_text(encoding="utf-8").split("```sql\n")[1].split("```")[0]
    owner.execute(remedy.encode())
    owner.commit()
    services.post(books, [tracked(ANNA, 5, effective_on=later(3).date())], batch_id=uuid4())
    books.commit()
    assert selectors.balance(books, funder("accrued")) == 1252
    assert checks.verify(books) == []
