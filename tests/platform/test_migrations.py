"""Migrations run as the owner; the application gets what it needs and no more."""

from io import StringIO

import pytest
from django.core.management import call_command
from psycopg import errors

from cagnotte.platform import database, migrations
from cagnotte.platform.database_errors import DatabaseNotInitialised, DatabaseUnavailable


@pytest.fixture
def three_tables(committed_db: str) -> None:
    """An ordinary table, one of the ledger's, and the application's privileges renewed."""
    with database.connect("owner") as connection:
        connection.execute("CREATE TABLE ordinary (id bigint GENERATED ALWAYS AS IDENTITY, n int)")
        connection.execute("CREATE TABLE ledger_reserved (n int)")
        connection.execute("INSERT INTO ledger_reserved VALUES (1)")
        migrations.grant_to_app(connection)
    assert committed_db


def test_a_second_run_applies_nothing(committed_db: str) -> None:
    assert migrations.pending() == []
    assert migrations.migrate() == 0
    assert committed_db


def test_models_and_migrations_agree(committed_db: str) -> None:
    shown = StringIO()
    try:
        call_command("makemigrations", check=True, dry_run=True, stdout=shown)
    except SystemExit:
        pytest.fail(f"migrations to come:\n{shown.getvalue()}")
    assert committed_db


@pytest.mark.usefixtures("three_tables")
def test_the_application_reads_and_writes_ordinary_tables() -> None:
    with database.connect() as connection:
        connection.execute("INSERT INTO ordinary (n) VALUES (1)")
        connection.execute("UPDATE ordinary SET n = 2")
        assert connection.execute("DELETE FROM ordinary RETURNING id, n").fetchall() == [(1, 2)]


@pytest.mark.usefixtures("three_tables")
@pytest.mark.parametrize(
    "statement", ["SELECT n FROM ledger_reserved", "DELETE FROM ledger_reserved"]
)
def test_the_application_touches_the_ledger_only_as_the_ledger_grants(statement: str) -> None:
    with database.connect() as connection, pytest.raises(errors.InsufficientPrivilege):
        connection.execute(statement)
    with database.connect("owner") as connection:
        assert connection.execute("SELECT n FROM ledger_reserved").fetchall() == [(1,)]


@pytest.mark.usefixtures("three_tables")
def test_the_application_can_neither_change_tables_nor_forget_migrations() -> None:
    for statement in (
        "ALTER TABLE ordinary ADD COLUMN more int",
        "TRUNCATE ordinary",
        "CREATE TABLE more (n int)",
        "DELETE FROM django_migrations",
    ):
        with database.connect() as connection, pytest.raises(errors.InsufficientPrivilege):
            connection.execute(statement)


def test_commands_refuse_tables_that_are_behind(committed_db: str) -> None:
    with database.connect("owner") as connection:
        connection.execute("DELETE FROM django_migrations WHERE app = 'sessions'")
    with pytest.raises(DatabaseNotInitialised, match=r"lacks 1 change.*cagnotte db migrate"):
        migrations.require_current()
    assert committed_db


def test_a_migration_that_cannot_have_its_lock_gives_up_and_changes_nothing(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "MIGRATION_LOCK_TIMEOUT_SECONDS", 0.2)
    with database.connect("owner") as connection:
        connection.execute("DELETE FROM django_migrations WHERE name LIKE '0012%' AND app = 'auth'")
    with database.connect("owner") as holder:
        holder.execute("LOCK TABLE auth_user IN ACCESS EXCLUSIVE MODE")
        with pytest.raises(DatabaseUnavailable, match="Another session holds a lock"):
            migrations.migrate()
    assert migrations.pending() == [("auth", "0012_alter_user_first_name_max_length")]
    assert migrations.migrate() == 1
    assert committed_db
