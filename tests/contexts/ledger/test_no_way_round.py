"""As the application's role, with raw SQL: every way round the ledger's guards is tried, and none is one."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import conninfo, errors, sql

from cagnotte.domain.chart import Account
from cagnotte.domain.errors import LedgerError, PeriodClosed, Refused
from cagnotte.domain.ids import bucket_of
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import checks, services
from cagnotte.platform import database
from cagnotte.platform.database_errors import DatabaseRolesMissing
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    DAY,
    PROGRAMME,
    Connection,
    given,
    later,
    member,
    programme,
    spent,
    standing,
)
from tests.databases import Server

DENIED = errors.InsufficientPrivilege.sqlstate


@pytest.fixture
def posted(books: Connection) -> Transaction:
    """Anna has 5.00 available; the books of another programme are closed."""
    transaction = given(ANNA, 500)
    services.post(books, [transaction], batch_id=uuid4())
    services.fold(books, now=later(1))
    services.close_period(books, programme_id=uuid4(), ends_on=DAY, now=later(9), closed_by="Zoé")
    books.commit()
    return transaction


def denied(connection: Connection, statement: str) -> str | None:
    """Run a statement that must fail; return its SQLSTATE."""
    with pytest.raises(psycopg.Error) as failure:
        connection.execute(statement.encode())
    connection.rollback()
    return failure.value.sqlstate


# ---- every table, every verb ----


def tables_of_the_ledger(connection: Connection) -> list[str]:
    rows = connection.execute(
        "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace"
        " AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f') AND relname LIKE 'ledger\\_%' ORDER BY relname"
    ).fetchall()
    connection.rollback()
    return [str(name) for (name,) in rows]


def test_the_application_may_do_with_each_table_what_is_written_here_and_no_more(
    books: Connection,
) -> None:
    """A table that comes later is denied until somebody thinks about it."""
    verbs = ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"]
    for table in tables_of_the_ledger(books):
        allowed = {
            verb
            for verb in verbs
            if books.execute(
                "SELECT has_table_privilege('cagnotte_app', %s, %s)", [table, verb]
            ).fetchone()
            == (True,)
        }
        assert allowed <= ({"INSERT"} if table == "ledger_stage" else {"SELECT"}), table
        anywhere = books.execute(
            "SELECT has_any_column_privilege('cagnotte_app', %s, 'UPDATE')", [table]
        ).fetchone()
        assert anywhere == (False,), table


def test_everything_of_the_ledger_belongs_to_the_owner(books: Connection) -> None:
    query = """
        SELECT relname FROM pg_class
        WHERE relname LIKE 'ledger\\_%' AND relnamespace = 'public'::regnamespace
          AND relowner <> 'cagnotte_owner'::regrole
        UNION ALL
        SELECT proname FROM pg_proc
        WHERE proname LIKE 'ledger\\_%' AND pronamespace = 'public'::regnamespace
          AND proowner <> 'cagnotte_owner'::regrole
    """
    assert books.execute(query.encode()).fetchall() == []


def test_the_application_runs_those_functions_that_check_what_they_do_and_no_other(
    books: Connection,
) -> None:
    query = """
        SELECT proname, prosecdef FROM pg_proc
        WHERE proname LIKE 'ledger\\_%' AND pronamespace = 'public'::regnamespace
          AND has_function_privilege('cagnotte_app', oid, 'EXECUTE') AND prorettype <> 'trigger'::regtype
          AND prosecdef
        ORDER BY proname
    """
    ways_in = {str(name) for name, _ in books.execute(query.encode()).fetchall()}
    assert ways_in >= {
        "ledger_close_period",
        "ledger_fold",
        "ledger_lock_balances",
        "ledger_open_accounts",
        "ledger_post",
    }
    assert ways_in.isdisjoint({"ledger_guard", "ledger_keep", "ledger_refuse_account"})


def test_every_table_that_may_only_grow_refuses_change_from_whoever_asks(
    books: Connection,
) -> None:
    """All but the balances, which move, the snapshots, which are folded, and the stage, which is emptied."""
    query = """
        SELECT c.relname FROM pg_class AS c
        WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace
          AND c.relname LIKE 'ledger\\_%'
          AND NOT EXISTS (
            SELECT FROM pg_trigger AS t
            WHERE t.tgrelid = c.oid AND t.tgfoid = 'ledger_refuse_change'::regproc AND t.tgenabled <> 'D'
              AND t.tgtype & 58 = 58)
        ORDER BY c.relname
    """
    free = {str(name) for (name,) in books.execute(query.encode()).fetchall()}
    assert free <= {"ledger_balance", "ledger_snapshot", "ledger_stage", *NOT_BOOKS}


NOT_BOOKS: set[str] = set()
"""Tables of the ledger that hold no books and may change."""


@pytest.mark.parametrize(
    "table",
    [
        "ledger_account",
        "ledger_transaction",
        "ledger_entry",
        "ledger_balance",
        "ledger_delta",
        "ledger_snapshot",
        "ledger_batch",
        "ledger_period",
        "ledger_chart",
    ],
)
def test_the_application_copies_into_no_table(
    books: Connection, posted: Transaction, table: str
) -> None:
    before = standing(books)
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    with pytest.raises(errors.InsufficientPrivilege), books.cursor().copy(statement) as copy:
        copy.write("x\n")
    books.rollback()
    assert standing(books) == before


# ---- round the guards ----


WAYS_ROUND = [
    "ALTER TABLE ledger_entry DISABLE TRIGGER USER",
    "ALTER TABLE ledger_entry DISABLE TRIGGER ledger_complete",
    "ALTER TABLE ledger_account DISABLE TRIGGER ledger_as_charted",
    "ALTER TABLE ledger_balance DROP CONSTRAINT ledger_balance_not_negative",
    "ALTER TABLE ledger_balance NO INHERIT ledger_account",
    "ALTER TABLE ledger_entry ENABLE ROW LEVEL SECURITY",
    "ALTER TABLE ledger_entry OWNER TO cagnotte_app",
    "ALTER FUNCTION ledger_post(uuid) SECURITY INVOKER",
    "ALTER FUNCTION ledger_post(uuid) SET search_path = pg_temp, public",
    "ALTER FUNCTION ledger_post(uuid) RESET ALL",
    "DROP TRIGGER ledger_append_only ON ledger_entry",
    "DROP FUNCTION ledger_refuse_change() CASCADE",
    "DROP TABLE ledger_period CASCADE",
    "DROP INDEX ledger_transaction_pkey",
    "CREATE TRIGGER mine BEFORE INSERT ON ledger_balance FOR EACH ROW EXECUTE FUNCTION ledger_refuse_change()",
    "CREATE RULE mine AS ON INSERT TO ledger_entry DO INSTEAD NOTHING",
    "CREATE INDEX mine ON ledger_entry (amount_minor)",
    "CREATE TABLE part (LIKE ledger_entry)",
    "CREATE TABLE child () INHERITS (ledger_entry)",
    "CREATE TEMP TABLE child () INHERITS (ledger_entry)",
    "CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE SCHEMA mine",
    "CREATE OR REPLACE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE sql AS 'SELECT'",
    "GRANT cagnotte_owner TO cagnotte_app",
    "ALTER ROLE cagnotte_app SUPERUSER",
    "ALTER DEFAULT PRIVILEGES FOR ROLE cagnotte_owner GRANT ALL ON TABLES TO cagnotte_app",
    "LOCK TABLE ledger_entry IN ACCESS EXCLUSIVE MODE",
    "LOCK TABLE ledger_balance IN SHARE MODE",
    "SELECT 1 FROM ledger_entry FOR UPDATE",
    "SELECT ledger_keep('ledger_entry')",
    "SELECT ledger_refuse_account(gen_random_uuid())",
    "MERGE INTO ledger_balance AS b USING (SELECT 1) AS x ON true WHEN MATCHED THEN DELETE",
    "INSERT INTO ledger_balance SELECT * FROM ledger_balance ON CONFLICT (account_id) DO UPDATE SET amount_minor = 9",
    "WITH t AS (DELETE FROM ledger_entry RETURNING 1) SELECT count(*) FROM t",
    "COPY ledger_entry FROM '/etc/hostname'",
    "COPY ledger_entry FROM PROGRAM 'true'",
    "COPY ledger_entry TO '/tmp/entries'",
    "UPDATE pg_trigger SET tgenabled = 'D'",
    "DELETE FROM pg_depend",
    "SET session_replication_role = replica",
    "SET SESSION AUTHORIZATION cagnotte_owner",
    "ALTER SYSTEM SET fsync = off",
    "DO $$ BEGIN UPDATE ledger_balance SET amount_minor = 1; END $$",
    "DO $$ BEGIN EXECUTE 'ALTER TABLE ledger_entry DISABLE TRIGGER ALL'; END $$",
]


@pytest.mark.parametrize("statement", WAYS_ROUND)
def test_no_statement_leads_round_the_guards(
    books: Connection, posted: Transaction, statement: str
) -> None:
    before = standing(books)
    books.autocommit = statement.startswith("ALTER SYSTEM")
    assert denied(books, statement) == DENIED
    books.autocommit = False
    assert standing(books) == before


def test_what_postgresql_answers_with_a_warning_changes_nothing_either(
    books: Connection, posted: Transaction
) -> None:
    """Who may read a table may try to hand on rights to it, or to clean it: nothing happens."""
    before = standing(books)
    books.autocommit = True
    file = "SELECT pg_relation_filenode('ledger_entry')"
    filed = books.execute(file.encode()).fetchone()
    books.execute("GRANT INSERT ON ledger_entry TO cagnotte_app")
    books.execute("VACUUM FULL ledger_entry")
    assert books.execute(file.encode()).fetchone() == filed
    assert denied(books, "INSERT INTO ledger_entry SELECT * FROM ledger_entry") == DENIED
    books.autocommit = False
    assert standing(books) == before


@pytest.fixture
def clerk(committed_db: str, database_server: Server, run_name: str) -> Iterator[str]:
    """The address of a database user who may take the application's role and not the owner's."""
    name = f"clerk_{run_name}"
    parts = conninfo.conninfo_to_dict(committed_db)
    admin_url = database_server.url(str(parts["dbname"]), admin=True)
    with psycopg.connect(admin_url, autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE ROLE {} LOGIN NOINHERIT PASSWORD 'x'").format(sql.Identifier(name))
        )
        admin.execute(sql.SQL("GRANT cagnotte_app TO {}").format(sql.Identifier(name)))
        yield conninfo.make_conninfo(committed_db, user=name, password="x")
        admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)))


def test_resetting_the_role_leads_back_to_the_application(
    books: Connection, posted: Transaction
) -> None:
    before = standing(books)
    for statement in (
        "RESET ROLE",
        "RESET ALL",
        "DISCARD ALL",
        "SET SESSION AUTHORIZATION DEFAULT",
    ):
        with database.connect(autocommit=True) as connection:
            connection.execute(statement.encode())
            assert connection.execute("SELECT current_user").fetchone() == ("cagnotte_app",)
            assert denied(connection, "UPDATE ledger_balance SET amount_minor = 9") == DENIED
    assert standing(books) == before


def test_a_user_who_may_not_take_the_owners_role_cannot_become_the_owner(
    books: Connection, posted: Transaction, clerk: str
) -> None:
    """What a production's web server and workers should log in as: they work, and can do no more than that."""
    before = standing(books)
    database.use_database(clerk)
    with database.connect(autocommit=True) as connection:
        for statement in (
            "SET ROLE cagnotte_owner",
            "SET SESSION AUTHORIZATION cagnotte_owner",
            "SET LOCAL ROLE cagnotte_owner",
            "SELECT set_config('role', 'cagnotte_owner', false)",
            "REASSIGN OWNED BY cagnotte_owner TO cagnotte_app",
            "GRANT cagnotte_owner TO CURRENT_USER",
        ):
            assert denied(connection, statement) == DENIED, statement
        connection.execute("SET ROLE NONE")
        assert denied(connection, "UPDATE ledger_balance SET amount_minor = 9") == DENIED
        assert denied(connection, "SELECT 1 FROM ledger_balance") == DENIED
    with pytest.raises(DatabaseRolesMissing, match="may not work as cagnotte_owner"):
        database.connect("owner").close()
    assert standing(books) == before
    with database.connect() as connection:
        assert services.post(connection, [spent(ANNA, 200)], batch_id=uuid4()).new == 1


# ---- through the ways in ----

STAGE = """
    INSERT INTO ledger_stage (batch_id, bucket, transaction_id, programme_id, book_id, kind, fact_id, step,
        occurred_on, effective_on, recorded_at, payload_hash, account_ids, amounts_minor)
    VALUES (%(batch)s, %(bucket)s, %(id)s, %(programme)s, %(book)s, 'raw', %(id)s, 0, %(day)s, %(effective)s,
        now(), %(hash)s, %(accounts)s, %(amounts)s)
"""


def staged(**changes: Any) -> dict[str, Any]:
    """A fair row of the stage, with changes."""
    return {
        "batch": uuid4(),
        "bucket": bucket_of(ANNA),
        "id": uuid4(),
        "programme": PROGRAMME,
        "book": ANNA,
        "day": DAY,
        "effective": DAY,
        "hash": b"x",
        "accounts": [programme("promotions").id, member("available", ANNA).id],
        "amounts": [10, -10],
        **changes,
    }


def post_raw(connection: Connection, row: dict[str, Any]) -> None:
    with services.refusals(connection):
        connection.execute(STAGE.encode(), row)
        connection.execute("SELECT ledger_post(%s)", [row["batch"]])


def test_a_fair_row_of_the_stage_would_pass(books: Connection, posted: Transaction) -> None:
    """So that the refusals below are for their reasons. That its content was never hashed, the checks find."""
    post_raw(books, staged())
    assert [found.check for found in checks.verify(books)] == ["content"]
    books.rollback()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"amounts": [10, -9]}, id="off by one"),
        pytest.param({"amounts": [9223372036854775807, -10]}, id="a sum that overflows"),
        pytest.param({"accounts": [programme("promotions").id], "amounts": [10]}, id="one leg"),
        pytest.param({"accounts": [], "amounts": []}, id="no legs"),
        pytest.param({"amounts": [0, 0]}, id="legs of zero"),
        pytest.param({"amounts": [10, None]}, id="a leg of nothing"),
        pytest.param({"amounts": [10]}, id="fewer amounts than accounts"),
        pytest.param({"amounts": [-501, 501]}, id="more than there is"),
        pytest.param(
            {"accounts": [programme("promotions").id, uuid4()]}, id="an account nobody opened"
        ),
        pytest.param({"programme": uuid4()}, id="accounts of another programme"),
        pytest.param({"bucket": 1024}, id="a shard that does not exist"),
        pytest.param({"bucket": -1}, id="a shard below the first"),
        pytest.param({"effective": DAY - timedelta(days=1)}, id="effective before it occurred"),
        pytest.param(
            {"accounts": [programme("promotions").id, programme("promotions", "USD").id]},
            id="one currency against another",
        ),
    ],
)
def test_nothing_unfair_passes_the_way_in(
    books: Connection, posted: Transaction, changes: dict[str, Any]
) -> None:
    services.open_accounts(books, [programme("promotions", "USD")])
    books.commit()
    before = standing(books)
    with pytest.raises((LedgerError, Refused, psycopg.errors.IntegrityConstraintViolation)):
        post_raw(books, staged(**changes))
    assert standing(books) == before
    assert books.execute("SELECT count(*) FROM ledger_transaction").fetchone() == (1,)


def test_a_transaction_that_stands_is_not_written_over_by_the_way_in(
    books: Connection, posted: Transaction
) -> None:
    before = standing(books)
    row = staged(id=posted.id, bucket=posted.bucket, amounts=[499, -499])
    books.execute(STAGE.encode(), row)
    told = books.execute(
        "SELECT posted, duplicates, conflicts FROM ledger_post(%s)", [row["batch"]]
    )
    assert told.fetchone() == (0, 0, [posted.id])
    books.commit()
    assert standing(books) == before


def test_a_closed_period_cannot_be_booked_in_nor_opened_again(
    books: Connection, posted: Transaction
) -> None:
    services.close_period(books, programme_id=PROGRAMME, ends_on=DAY, now=later(1), closed_by="Zoé")
    books.commit()
    before = standing(books)
    with pytest.raises(PeriodClosed):
        post_raw(books, staged())
    assert standing(books) == before
    earlier = DAY - timedelta(days=9)
    assert not services.close_period(
        books, programme_id=PROGRAMME, ends_on=earlier, now=later(2), closed_by="me"
    )
    assert denied(books, "DELETE FROM ledger_period") == DENIED
    assert standing(books) == before


# ---- led astray ----

DECOYS = [
    "CREATE TEMP TABLE ledger_balance (LIKE public.ledger_balance)",
    "CREATE TEMP TABLE ledger_account (LIKE public.ledger_account)",
    "CREATE TEMP TABLE ledger_period (LIKE public.ledger_period)",
    "CREATE TEMP TABLE ledger_chart (LIKE public.ledger_chart)",
    "CREATE TEMP TABLE ledger_stage (batch_id uuid)",
    "CREATE TEMP VIEW ledger_entry AS SELECT 1",
    "CREATE FUNCTION pg_temp.ledger_refuse_account(uuid) RETURNS text LANGUAGE sql AS $$ SELECT 'EUR' $$",
    "CREATE FUNCTION pg_temp.sum(bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT 0::bigint $$",
    "CREATE FUNCTION pg_temp.min(smallint) RETURNS smallint LANGUAGE sql AS $$ SELECT 0::smallint $$",
    "CREATE TYPE pg_temp.uuid AS (a int)",
    "CREATE OPERATOR pg_temp.<> (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = pg_catalog.int8eq)",
    "CREATE OPERATOR pg_temp.+ (LEFTARG = bigint, RIGHTARG = bigint, FUNCTION = pg_catalog.int8mi)",
]


@pytest.mark.parametrize("decoy", DECOYS)
def test_what_a_session_puts_in_its_way_does_not_lead_the_ledger_astray(
    books: Connection, posted: Transaction, decoy: str
) -> None:
    """Functions with the owner's rights see the ledger's tables and PostgreSQL's own functions alone."""
    books.execute(decoy.encode())
    books.execute("SET search_path = pg_temp, public, pg_catalog")
    ben = Account("member.available", BEN, PROGRAMME, "EUR")
    lying = {"ids": [ben.id], "programmes": [PROGRAMME], "kinds": [ben.kind], "owners": [BEN]}
    books.execute("SAVEPOINT here")
    with pytest.raises(psycopg.Error) as refusal:
        books.execute(
            "SELECT public.ledger_open_accounts(%(ids)s, %(programmes)s, %(kinds)s, %(owners)s,"
            " '{EUR}'::text[], '{credit}'::text[], '{row}'::text[], '{false}'::boolean[],"
            " '{7}'::pg_catalog.int2[])",
            lying,
        )
    assert refusal.value.sqlstate == "LG007"
    books.execute("ROLLBACK TO here")
    row = staged(amounts=[10, -10])
    books.execute(STAGE.replace("ledger_stage", "public.ledger_stage").encode(), row)
    books.execute("SELECT public.ledger_post(%s)", [row["batch"]])
    books.execute("SET search_path = pg_catalog, public, pg_temp")
    stands = books.execute("SELECT sum(amount_minor)::int8 FROM public.ledger_balance").fetchone()
    assert stands == (510,)
    entries = books.execute("SELECT count(*) FROM public.ledger_entry").fetchone()
    assert entries == (4,)


def test_the_triggers_of_the_ledger_run_with_the_path_of_the_way_in(books: Connection) -> None:
    """They are not SECURITY DEFINER, so they inherit it: no function of the ledger is left to the session's path."""
    query = """
        SELECT p.proname FROM pg_proc AS p
        WHERE p.proname LIKE 'ledger\\_%' AND p.prosecdef
          AND NOT EXISTS (SELECT FROM unnest(p.proconfig) AS setting WHERE setting LIKE 'search_path=public, pg_temp%')
    """
    assert books.execute(query.encode()).fetchall() == []
