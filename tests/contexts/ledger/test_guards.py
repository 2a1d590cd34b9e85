"""Raw SQL against the ledger: the application may not, and the guards refuse even the owner."""

from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import errors

from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import services
from tests.contexts.ledger.books import (
    ANNA,
    DAY,
    PROGRAMME,
    Connection,
    funder,
    given,
    later,
    member,
    standing,
    tracked,
)

TABLES = (
    "ledger_account",
    "ledger_transaction",
    "ledger_entry",
    "ledger_balance",
    "ledger_delta",
    "ledger_batch",
    "ledger_period",
    "ledger_chart",
)
UNBALANCED, INCOMPLETE, CLOSED, NO_ACCOUNT, APPEND_ONLY = (
    "LG001",
    "LG002",
    "LG003",
    "LG005",
    "LG006",
)

INSERT_TRANSACTION = """
    INSERT INTO ledger_transaction (bucket, id, programme_id, book_id, kind, fact_id, step, batch_id,
        occurred_on, effective_on, recorded_at, legs, payload_hash)
    VALUES (%(bucket)s, %(id)s, %(programme_id)s, %(book_id)s, 'raw', %(id)s, 0, %(batch_id)s,
        %(day)s, %(day)s, now(), %(legs)s, ''::bytea)
"""
INSERT_ENTRY = """
    INSERT INTO ledger_entry (bucket, transaction_id, leg, book_id, account_id, currency,
        amount_minor, effective_on, batch_id, row_mode)
    SELECT %(bucket)s, %(id)s, unnest(%(numbers)s::smallint[]), %(book_id)s,
        unnest(%(accounts)s::uuid[]), %(currency)s, unnest(%(amounts)s::bigint[]), %(day)s,
        %(batch_id)s, false
"""
BOTH = f"WITH t AS ({INSERT_TRANSACTION}) {INSERT_ENTRY}"


@pytest.fixture
def posted(books: Connection) -> Transaction:
    """A transaction of two legs that stands in the ledger."""
    transaction = tracked(ANNA, 1240)
    services.post(books, [transaction, given(ANNA, 500)], batch_id=uuid4())
    services.close_period(
        books, programme_id=uuid4(), ends_on=DAY, now=later(9), closed_by="somebody"
    )
    books.commit()
    return transaction


def raw(posted: Transaction, **changes: object) -> dict[str, object]:
    """The columns of a fair raw transaction, with changes."""
    return {
        "bucket": posted.bucket,
        "id": uuid4(),
        "programme_id": PROGRAMME,
        "book_id": posted.book_id,
        "batch_id": uuid4(),
        "day": DAY,
        "legs": 2,
        "numbers": [1, 2],
        "accounts": [funder("accrued").id, member("pending", ANNA).id],
        "amounts": [10, -10],
        "currency": "EUR",
        **changes,
    }


def refused(
    connection: Connection, query: str, parameters: dict[str, object] | None = None
) -> str | None:
    """Run a statement that must fail; return its SQLSTATE."""
    with pytest.raises(psycopg.Error) as failure:
        connection.execute(query.encode(), parameters)
    connection.rollback()
    return failure.value.sqlstate


REWRITES = [
    *(f"DELETE FROM {table}" for table in TABLES),
    *(f"TRUNCATE {table} CASCADE" for table in TABLES),
    "UPDATE ledger_account SET currency = 'USD'",
    "UPDATE ledger_transaction SET legs = 3",
    "UPDATE ledger_entry SET amount_minor = 1",
    "UPDATE ledger_entry SET currency = 'USD'",
    "UPDATE ledger_delta SET amount_minor = 1",
    "UPDATE ledger_batch SET transactions = 1",
    "UPDATE ledger_period SET ends_on = ends_on - 1",
    "UPDATE ledger_chart SET never_negative = false",
]


@pytest.mark.parametrize("statement", REWRITES)
def test_nobody_rewrites_what_stands(
    books: Connection, owner: Connection, posted: Transaction, statement: str
) -> None:
    before = standing(books)
    assert refused(books, statement) == errors.InsufficientPrivilege.sqlstate
    assert refused(owner, statement) == APPEND_ONLY
    assert standing(books) == before


@pytest.mark.parametrize("table", [*TABLES, "ledger_snapshot"])
def test_the_application_inserts_into_no_table_of_the_ledger(
    books: Connection, posted: Transaction, table: str
) -> None:
    before = standing(books)
    statement = f"INSERT INTO {table} SELECT * FROM {table}"
    assert refused(books, statement) == errors.InsufficientPrivilege.sqlstate
    assert standing(books) == before


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE ledger_balance SET amount_minor = amount_minor + 1",
        "UPDATE ledger_snapshot SET amount_minor = amount_minor + 1",
        "SELECT * FROM ledger_stage",
        "DELETE FROM ledger_stage",
        "SELECT * FROM ledger_balance FOR UPDATE",
        "SELECT ledger_guard('ledger_entry', 'entries')",
        "DROP TABLE ledger_entry",
        "ALTER TABLE ledger_entry DISABLE TRIGGER ALL",
        "CREATE TABLE ledger_account (id uuid)",
        "SET session_replication_role = replica",
    ],
)
def test_the_application_has_no_other_way(
    books: Connection, posted: Transaction, statement: str
) -> None:
    before = standing(books)
    assert refused(books, statement) == errors.InsufficientPrivilege.sqlstate
    assert standing(books) == before


def test_a_fair_raw_transaction_by_the_owner_would_pass(
    owner: Connection, posted: Transaction
) -> None:
    """So that the refusals below are for their reasons and not for a slip of these tests."""
    fair = raw(posted)
    owner.execute(BOTH.encode(), fair)
    legs = owner.execute(
        "SELECT count(*), sum(amount_minor) FROM ledger_entry WHERE transaction_id = %s",
        [fair["id"]],
    ).fetchone()
    assert legs == (2, 0)


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        pytest.param({"amounts": [10, -11]}, UNBALANCED, id="off by one"),
        pytest.param({"legs": 3}, INCOMPLETE, id="a leg missing at the end"),
        pytest.param({"numbers": [1, 3], "legs": 3}, INCOMPLETE, id="a leg missing inside"),
        pytest.param({"numbers": [2, 3], "legs": 2}, INCOMPLETE, id="the first leg missing"),
        pytest.param({"numbers": [1, 1]}, "23505", id="a leg twice"),
        pytest.param({"amounts": [0, 0]}, "23514", id="legs of zero"),
        pytest.param({"currency": "USD"}, NO_ACCOUNT, id="another currency than the account's"),
        pytest.param({"accounts": [uuid4(), uuid4()]}, NO_ACCOUNT, id="accounts of nobody"),
    ],
)
def test_the_guards_refuse_the_owner(
    books: Connection,
    owner: Connection,
    posted: Transaction,
    changes: dict[str, object],
    state: str,
) -> None:
    before = standing(books)
    assert refused(owner, BOTH, raw(posted, **changes)) == state
    assert standing(books) == before


def test_a_balanced_pair_cannot_be_appended_later(
    books: Connection, owner: Connection, posted: Transaction
) -> None:
    before = standing(books)
    batch_id = batch_of(books, posted.id)
    late = raw(posted, id=posted.id, numbers=[3, 4], batch_id=batch_id)
    assert refused(owner, INSERT_ENTRY, late) == INCOMPLETE
    assert standing(books) == before


def test_a_whole_set_of_legs_cannot_come_again(owner: Connection, posted: Transaction) -> None:
    again = raw(posted, id=posted.id, batch_id=batch_of(owner, posted.id))
    assert refused(owner, INSERT_ENTRY, again) == "23505"


def test_legs_without_a_transaction_are_refused(
    books: Connection, owner: Connection, posted: Transaction
) -> None:
    before = standing(books)
    assert refused(owner, INSERT_ENTRY, raw(posted)) == INCOMPLETE
    assert standing(books) == before


def test_a_transaction_without_legs_is_refused(
    books: Connection, owner: Connection, posted: Transaction
) -> None:
    before = standing(books)
    assert refused(owner, INSERT_TRANSACTION, raw(posted)) == INCOMPLETE
    assert standing(books) == before


def test_legs_of_another_batch_are_refused(owner: Connection, posted: Transaction) -> None:
    query = INSERT_ENTRY.replace("%(batch_id)s", "%(other_id)s")
    parameters = raw(posted, other_id=uuid4())
    assert refused(owner, f"WITH t AS ({INSERT_TRANSACTION}) {query}", parameters) == INCOMPLETE


def test_a_closed_period_is_closed_to_the_owner_too(
    books: Connection, owner: Connection, posted: Transaction
) -> None:
    services.close_period(
        books, programme_id=PROGRAMME, ends_on=DAY, now=later(9), closed_by="somebody"
    )
    books.commit()
    before = standing(books)
    assert refused(owner, BOTH, raw(posted)) == CLOSED
    assert standing(books) == before


def test_no_balance_row_goes_below_zero_whoever_writes(
    books: Connection, owner: Connection, posted: Transaction
) -> None:
    before = standing(books)
    statement = "UPDATE ledger_balance SET amount_minor = -1"
    assert refused(owner, statement) == errors.CheckViolation.sqlstate
    assert standing(books) == before


def test_a_partition_gets_every_guard(owner: Connection) -> None:
    """Statements aimed at a partition bypass its parent's triggers, so each carries its own."""
    owner.execute("CREATE TABLE part (LIKE ledger_entry)")
    owner.execute("SELECT ledger_guard('part', 'entries')")
    query = "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass ORDER BY tgname"
    assert (
        owner.execute(query, ["part"]).fetchall()
        == owner.execute(query, ["ledger_entry"]).fetchall()
    )


def test_every_function_with_the_owners_rights_fixes_its_search_path(books: Connection) -> None:
    query = """
        SELECT proname FROM pg_proc
        WHERE prosecdef AND proname LIKE 'ledger%%' AND NOT 'search_path=public, pg_temp' = ANY (proconfig)
    """
    assert books.execute(query, {}).fetchall() == []


def test_a_temporary_table_does_not_stand_in_for_a_real_one(books: Connection) -> None:
    books.execute("CREATE TEMP TABLE ledger_balance (LIKE ledger_balance)")
    services.post(books, [given(ANNA, 500)], batch_id=uuid4())
    row = books.execute("SELECT sum(amount_minor) FROM public.ledger_balance").fetchone()
    assert row == (500,)


def batch_of(connection: Connection, transaction_id: UUID) -> UUID:
    query = "SELECT batch_id FROM ledger_transaction WHERE id = %s"
    row = connection.execute(query, [transaction_id]).fetchone()
    assert row is not None
    found: UUID = row[0]
    return found
