"""Addresses, roles and connections, and the sentence for each way they fail."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import conninfo, errors

from cagnotte.domain.errors import CagnotteError
from cagnotte.platform import database
from cagnotte.platform.database_errors import (
    DatabaseNotInitialised,
    DatabaseRolesMissing,
    DatabaseUnavailable,
    DatabaseVersionUnsupported,
    DiskFull,
)
from tests.databases import Server

NOBODY_LISTENS = "postgresql://someone:secret@127.0.0.1:1/shop"


@pytest.fixture
def powerless(database_server: Server, committed_db: str) -> Iterator[str]:
    """The address of a database for a user who may only log in."""
    name = str(conninfo.conninfo_to_dict(committed_db)["dbname"])
    admin = database_server.url(name, admin=True)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("CREATE ROLE cagnotte_test_powerless LOGIN PASSWORD 'none'")
    yield conninfo.make_conninfo(admin, user="cagnotte_test_powerless", password="none")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("DROP ROLE cagnotte_test_powerless")


def test_a_session_works_as_the_role_it_asked_for(committed_db: str) -> None:
    with database.connect("app") as app, database.connect("owner") as owner:
        assert app.execute("SELECT current_user").fetchone() == (database.APP_ROLE,)
        assert owner.execute("SELECT current_user").fetchone() == (database.OWNER_ROLE,)
        assert committed_db == database.database_url()


def test_neither_role_is_a_superuser_or_may_log_in(committed_db: str) -> None:
    query = "SELECT rolsuper, rolcanlogin, rolcreaterole FROM pg_roles WHERE rolname = ANY(%s)"
    with database.connect() as connection:
        rows = connection.execute(query, [[database.APP_ROLE, database.OWNER_ROLE]]).fetchall()
    assert rows == [(False, False, False)] * 2, committed_db


def test_options_of_the_address_are_kept_beside_the_role(committed_db: str) -> None:
    database.use_database(conninfo.make_conninfo(committed_db, options="-c work_mem=7MB"))
    with database.connect() as connection:
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
        assert connection.execute("SELECT current_user").fetchone() == (database.APP_ROLE,)


def test_setting_up_roles_and_database_twice_changes_nothing(
    database_server: Server, committed_db: str
) -> None:
    name = str(conninfo.conninfo_to_dict(committed_db)["dbname"])
    for _ in range(2):
        database.ensure_roles(database_server.url(name, admin=True))
        database.ensure_database(database_server.url(name, admin=True))
    with database.connect("owner") as connection:
        assert connection.execute(
            "SELECT has_database_privilege(current_database(), 'CREATE')"
        ).fetchone() == (True,)


def test_a_user_who_may_not_take_the_roles_is_told_the_statements(powerless: str) -> None:
    database.use_database(powerless)
    with pytest.raises(DatabaseRolesMissing, match="CREATE ROLE cagnotte_owner NOLOGIN") as caught:
        database.connect()
    assert 'GRANT cagnotte_owner, cagnotte_app TO "cagnotte_test_powerless"' in str(caught.value)
    with pytest.raises(DatabaseRolesMissing, match="administrator"):
        database.ensure_roles(powerless)


def test_a_user_who_may_not_create_the_database_is_told_the_statement(powerless: str) -> None:
    missing = conninfo.make_conninfo(powerless, dbname="cagnotte_test_missing")
    with pytest.raises(DatabaseUnavailable, match="CREATE DATABASE cagnotte_test_missing"):
        database.ensure_database(missing)


def test_a_database_that_is_not_there_yet_says_how_to_make_it(committed_db: str) -> None:
    database.use_database(conninfo.make_conninfo(committed_db, dbname="cagnotte_test_missing"))
    with pytest.raises(DatabaseNotInitialised, match="cagnotte init"):
        database.connect()


def test_a_server_that_does_not_answer_is_a_sentence_without_the_password() -> None:
    with pytest.raises(DatabaseUnavailable) as caught:
        database.check_server(NOBODY_LISTENS)
    assert str(caught.value) == (
        "The database at 127.0.0.1:1/shop cannot be used: Connection refused. Check that the server "
        "runs and that CAGNOTTE_DATABASE_URL is right, or unset it to use the embedded database."
    )


def test_a_session_that_is_lost_in_the_middle_of_its_work_says_what_stands_and_what_to_do(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = errors.AdminShutdown("FATAL:  terminating connection")
    told = str(database.explain(lost))
    assert "was lost: terminating connection. What was finished is kept, the rest is as if" in told
    assert told.endswith("or unset it to use the embedded database.")
    monkeypatch.setattr(database, "_chosen_url", None)
    told = str(database.explain(lost))
    assert "run the command again. It is the embedded database, which the next command" in told


def test_a_server_that_is_too_old_is_refused(
    committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "SERVER_VERSION_MIN", 990_000)
    with pytest.raises(DatabaseVersionUnsupported, match="Cagnotte needs 15 or later"):
        database.check_server(committed_db)


def test_an_address_that_is_none_is_a_sentence() -> None:
    with pytest.raises(DatabaseUnavailable, match=re.escape("postgresql://user:password@host")):
        database.check_server("mysql://localhost/shop")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.DiskFull("could not extend file"), DiskFull),
        (errors.LockNotAvailable("canceling statement"), DatabaseUnavailable),
        (errors.AdminShutdown("terminating connection"), DatabaseUnavailable),
        (errors.UniqueViolation("duplicate key"), type(None)),
        (errors.DeadlockDetected("deadlock detected"), type(None)),
        (ValueError("a fault of ours"), type(None)),
    ],
)
def test_only_what_a_person_can_act_on_becomes_a_sentence(
    error: Exception, expected: type[CagnotteError] | type[None]
) -> None:
    assert type(database.explain(error, url=NOBODY_LISTENS)) is expected


def test_data_is_kept_in_the_nearest_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAGNOTTE_DATA_DIR")
    inside = tmp_path / "shop" / "files"
    inside.mkdir(parents=True)
    monkeypatch.chdir(inside)
    assert database.data_folder() == inside / ".data"
    (tmp_path / "shop" / ".data").mkdir()
    assert database.data_folder() == tmp_path / "shop" / ".data"
    monkeypatch.setenv("CAGNOTTE_DATA_DIR", str(tmp_path / "named"))
    assert database.data_folder() == tmp_path / "named"
