"""The one address of the database, the two roles behind it, and connections that take them.

`CAGNOTTE_DATABASE_URL` names a PostgreSQL server of version 15 or later; without it the embedded server in
`.data/postgres` is used. Whoever logs in, work is done as one of two roles: `cagnotte_owner` owns the tables and
migrates, `cagnotte_app` does everything else. Neither is a superuser, so that triggers and privileges bind.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import conninfo, errors, sql

from cagnotte.domain.errors import CagnotteError
from cagnotte.platform.database_errors import (
    DatabaseNotInitialised,
    DatabaseRolesMissing,
    DatabaseUnavailable,
    DatabaseVersionUnsupported,
    DiskFull,
)
from cagnotte.platform.postgres import LOGIN, SUPERUSER, EmbeddedServer

URL_VARIABLE = "CAGNOTTE_DATABASE_URL"
DATA_VARIABLE = "CAGNOTTE_DATA_DIR"

OWNER_ROLE = "cagnotte_owner"
APP_ROLE = "cagnotte_app"

Role = Literal["app", "owner"]
ROLE_NAMES: dict[Role, str] = {"app": APP_ROLE, "owner": OWNER_ROLE}

SERVER_VERSION_MIN = 150_000
"""As libpq counts versions: 15.0. Older servers lack `MERGE` and security-invoker views."""

MIGRATION_LOCK_TIMEOUT_SECONDS = 4
"""A migration that cannot get its lock gives up, rather than queue every other query behind it."""

CONNECT_TIMEOUT_SECONDS = 10

ROLES_BY_SET_FROM = 160_000
"""From 16 on, the maker of a role is its member but may not take it until granted so."""

BUILTIN_LOCALE_FROM = 170_000
"""From 17 on, C.UTF-8 comes with the server instead of with the operating system."""

UNREACHABLE_STATES = ("08", "57P", "28", "3D", "53")
"""Classes of SQLSTATE that mean: no session, or no longer."""

_chosen_url: str | None = None


# ---- addresses ------------------------------------------------------------------------------------------------


def data_folder() -> Path:
    """The folder of everything Cagnotte keeps on this machine: `CAGNOTTE_DATA_DIR`, else the project's `.data`."""
    named = os.environ.get(DATA_VARIABLE)
    if named:
        return Path(named).expanduser().absolute()
    here = Path.cwd()
    for folder in (here, *here.parents):
        if (folder / ".data").is_dir() or (folder / "pyproject.toml").is_file():
            return folder / ".data"
    return here / ".data"


def embedded_server() -> EmbeddedServer:
    """The embedded server of this project; nothing is started."""
    return EmbeddedServer(data_folder() / "postgres")


def is_external() -> bool:
    """Whether `CAGNOTTE_DATABASE_URL` names a server, so that none is started here."""
    return bool(os.environ.get(URL_VARIABLE))


def database_url() -> str:
    """The address every connection of this process uses; the embedded server's may be down."""
    return _chosen_url or os.environ.get(URL_VARIABLE) or embedded_server().url()


def chosen_url() -> str | None:
    """The address given to `use_database`, if any."""
    return _chosen_url


def use_database(url: str | None) -> None:
    """Send every later connection of this process to `url`; None returns to the configured address.

    Django's connections are moved too when Django is set up. Meant for tests and for the demo's own database.
    """
    global _chosen_url  # noqa: PLW0603 - one process has one database, like one working folder
    _chosen_url = url
    from django.conf import settings
    from django.db import connections

    if not settings.configured:
        return
    default = connections["default"]
    default.close()
    default.settings_dict.update(django_settings(database_url()))


@contextlib.contextmanager
def embedded_or_url() -> Iterator[str]:
    """Give the database's address with the server up: leases the embedded one, or checks the named one.

    Raises:
        DatabaseUnavailable: or one of its kinds, with a sentence that says what to do.
    """
    if _chosen_url:
        yield _chosen_url
        return
    if is_external():
        check_server(os.environ[URL_VARIABLE])
        yield os.environ[URL_VARIABLE]
        return
    server = embedded_server()
    with server.lease():
        yield server.url()


# ---- connections ----------------------------------------------------------------------------------------------


def connect(role: Role = "app", *, autocommit: bool = False) -> psycopg.Connection[tuple[Any, ...]]:
    """Open a connection that works as `role`; the caller commits and closes it.

    Raises:
        DatabaseUnavailable: unreachable, or it refuses the user.
        DatabaseRolesMissing: the user may not take the role.
    """
    return _open(database_url(), role_name=ROLE_NAMES[role], autocommit=autocommit)


def django_settings(url: str, role: Role = "app") -> dict[str, Any]:
    """Django's `DATABASES` entry for `url`, its sessions working as `role`."""
    parts = _parse(url)
    options = {
        key: value
        for key, value in parts.items()
        if key not in {"dbname", "user", "password", "host", "port", "options"}
    }
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.get("dbname", ""),
        "USER": parts.get("user", ""),
        "PASSWORD": parts.get("password", ""),
        "HOST": parts.get("host", ""),
        "PORT": parts.get("port", ""),
        "OPTIONS": {**options, "options": _session_options(parts, ROLE_NAMES[role])},
    }


def _open(
    url: str, *, role_name: str | None = None, autocommit: bool = False, **changes: Any
) -> psycopg.Connection[tuple[Any, ...]]:
    parts = _parse(url)
    parts.setdefault("connect_timeout", CONNECT_TIMEOUT_SECONDS)
    parts.setdefault("application_name", "cagnotte")
    if role_name:
        parts["options"] = _session_options(parts, role_name)
    try:
        return psycopg.connect(**{**parts, **changes}, autocommit=autocommit)
    except psycopg.OperationalError as error:
        raise explain(error, url=url) or error from error


def _session_options(parts: dict[str, Any], role_name: str) -> str:
    # The role is set as the session starts, so that RESET ROLE cannot lead back to the user who logged in.
    return f"{parts.get('options') or ''} -c role={role_name}".strip()


def _parse(url: str) -> dict[str, Any]:
    try:
        return conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        raise DatabaseUnavailable(
            f"{URL_VARIABLE} is not an address of PostgreSQL. "
            "Write it as postgresql://user:password@host:5432/database"
        ) from error


def _shown(url: str) -> str:
    """The address without its password, for sentences."""
    parts = _parse(url)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"


# ---- sentences ------------------------------------------------------------------------------------------------


def explain(error: BaseException, *, url: str | None = None) -> CagnotteError | None:
    """The sentence for a refusal of the server that a person can act on; None for all others.

    url: the address that could not be reached at all; None when a session was lost in the middle of its work.
    """
    if isinstance(error, errors.DiskFull):
        return DiskFull()
    if isinstance(error, errors.LockNotAvailable):
        return DatabaseUnavailable(
            "Another session holds a lock that this change of the tables needs; nothing was changed. "
            "Try again."
        )
    if not isinstance(error, psycopg.OperationalError):
        return None
    if error.sqlstate is None or error.sqlstate.startswith(UNREACHABLE_STATES):
        return _unreachable(error, url)
    return None


def is_away(error: BaseException) -> bool:
    """Whether an error means that there is no session with the server, or none any more: nothing else can go on then.

    Django's errors are known by the driver's, which are their cause. What the server refuses in a session that goes
    on, such as a lock that is not had in time, is none.
    """
    if isinstance(error, DatabaseUnavailable):
        return True
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if not isinstance(cause, psycopg.OperationalError):
        return False
    return cause.sqlstate is None or cause.sqlstate.startswith(UNREACHABLE_STATES)


def _unreachable(error: psycopg.OperationalError, address: str | None) -> CagnotteError:
    """Sort the refusals of a connection: libpq hands on their text, not their code."""
    url = address or database_url()
    where = _shown(url)
    said = _essence(str(error))
    if "No space left on device" in said:
        return DiskFull()
    if "set role" in said or 'parameter "role"' in said:
        return DatabaseRolesMissing(
            f"The database user may not work as {OWNER_ROLE} or {APP_ROLE} at {where}. "
            f"Run `cagnotte init`, or let an administrator run:\n{_role_statements(url)}"
        )
    if "does not exist" in said:
        return DatabaseNotInitialised(
            f"There is no Cagnotte database at {where} yet ({said}). Run `cagnotte init`."
        )
    what = f"The database at {where} cannot be used: {said}."
    if address is None:
        what = (
            f"The connection to the database at {where} was lost: {said}. "
            "What was finished is kept, the rest is as if it had never begun; run the command again."
        )
    return DatabaseUnavailable(f"{what} {_advice(url)}", where=where)


def _advice(url: str) -> str:
    """What to do about a server that does not answer."""
    if is_external() or url != embedded_server().url():
        return (
            f"Check that the server runs and that {URL_VARIABLE} is right, "
            "or unset it to use the embedded database."
        )
    return "It is the embedded database, which the next command starts again; `cagnotte db status` shows how it is."


def _essence(message: str) -> str:
    """The telling part of libpq's message, which may list several attempts and a hint."""
    for mark in ("FATAL:", "failed: "):
        for line in message.splitlines():
            if mark in line:
                return line.rpartition(mark)[2].strip()
    return message.strip() or "no answer"


def _role_statements(url: str) -> str:
    who = _parse(url).get("user") or "the_user"
    return (
        f"    CREATE ROLE {OWNER_ROLE} NOLOGIN; CREATE ROLE {APP_ROLE} NOLOGIN;\n"
        f'    GRANT {OWNER_ROLE}, {APP_ROLE} TO "{who}";'
    )


# ---- setting up -----------------------------------------------------------------------------------------------


def check_server(url: str) -> None:
    """Check that the server at `url` answers and is recent enough.

    A database that does not exist yet is no fault here: `cagnotte init` creates it.

    Raises:
        DatabaseUnavailable, DatabaseVersionUnsupported.
    """
    with _open_any(url) as connection:
        version = connection.info.server_version
    if version < SERVER_VERSION_MIN:
        raise DatabaseVersionUnsupported(
            f"The server at {_shown(url)} is PostgreSQL {version // 10_000}; Cagnotte needs 15 or later.",
            version=version,
        )


def ensure_roles_and_database() -> None:
    """Create the two roles and the database where they are missing; a second run changes nothing.

    Raises:
        DatabaseRolesMissing: the user may neither create nor take the roles; the sentence holds the statements
            an administrator can run.
        DatabaseUnavailable: the database is missing and may not be created, or is not UTF-8.
    """
    if is_external():
        ensure_roles(database_url())
        ensure_database(database_url())
        return
    server = embedded_server()
    ensure_roles(server.url("postgres", user=SUPERUSER), login=LOGIN)
    ensure_database(server.url(user=SUPERUSER))


def _open_any(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """Connect to the named database or, where it does not exist yet, to the one every server has."""
    try:
        return _open(url, autocommit=True)
    except DatabaseUnavailable as error:
        if "does not exist" not in str(error.__cause__):
            raise
        return _open(url, autocommit=True, dbname="postgres")


def ensure_roles(url: str, *, login: str | None = None) -> None:
    """Create the two roles and let `login` take them: the user of `url`, or another one, made here.

    Raises:
        DatabaseRolesMissing: the user of `url` may not.
    """
    roles = (OWNER_ROLE, APP_ROLE)
    with _open_any(url) as connection:
        try:
            for role in roles:
                _create_role(connection, role, login=False)
            if login:
                _create_role(connection, login, login=True)
            for role in roles:
                _grant_role(connection, role, login)
        except errors.InsufficientPrivilege as error:
            raise DatabaseRolesMissing(
                f"The database user at {_shown(url)} may not create or take the roles Cagnotte works as. "
                f"Let an administrator run:\n{_role_statements(url)}"
            ) from error


def _create_role(connection: psycopg.Connection[Any], role: str, *, login: bool) -> None:
    known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
    if known:
        return
    kind = sql.SQL("LOGIN" if login else "NOLOGIN")
    # Two processes may arrive here together; the second one finds the role made.
    with contextlib.suppress(errors.DuplicateObject, errors.UniqueViolation):
        connection.execute(
            sql.SQL("CREATE ROLE {} {} NOSUPERUSER NOCREATEDB NOCREATEROLE").format(
                sql.Identifier(role), kind
            )
        )


def _grant_role(connection: psycopg.Connection[Any], role: str, login: str | None) -> None:
    """Let the login (None: the user of this session) take the role, unless it may already."""
    how = "SET" if connection.info.server_version >= ROLES_BY_SET_FROM else "MEMBER"
    found = connection.execute(
        "SELECT pg_has_role(coalesce(%s, session_user::text)::name, %s, %s)", [login, role, how]
    ).fetchone()
    # A superuser may take every role without being asked about any.
    if found == (True,):
        return
    user = sql.Identifier(login) if login else sql.SQL("SESSION_USER")
    connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(role), user))


def ensure_database(url: str) -> None:
    """Create the database that `url` names, if missing, and open it to the two roles.

    Raises:
        DatabaseUnavailable: it may not be created, or is not UTF-8.
        DatabaseRolesMissing: it belongs to somebody who has not opened it to the owner.
    """
    name = str(_parse(url).get("dbname") or "")
    with _open_any(url) as connection:
        if connection.info.dbname != name:
            _create_database(connection, name, url)
    with _open(url, autocommit=True) as connection:
        _check_encoding(connection, url)
        _open_to_roles(connection, name, url)


def create_database(connection: psycopg.Connection[Any], name: str) -> None:
    """Create an empty database whose text is UTF-8 and sorted by code point, on any server from 15 on."""
    if connection.info.server_version >= BUILTIN_LOCALE_FROM:
        locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'"
    else:
        locale = "LC_COLLATE 'C' LC_CTYPE 'C.UTF-8'"
    connection.execute(
        sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8' {}").format(
            sql.Identifier(name), sql.SQL(locale)
        )
    )


def _create_database(connection: psycopg.Connection[Any], name: str, url: str) -> None:
    try:
        create_database(connection, name)
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        return  # Another process was faster.
    except errors.InsufficientPrivilege as error:
        raise DatabaseUnavailable(
            f"There is no database at {_shown(url)}, and the user may not create it. "
            f"Let an administrator run: CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0;"
        ) from error


def _check_encoding(connection: psycopg.Connection[Any], url: str) -> None:
    found = connection.execute("SHOW server_encoding").fetchone()
    if found != ("UTF8",):
        raise DatabaseUnavailable(
            f"The database at {_shown(url)} does not store UTF-8. Create it with ENCODING 'UTF8'."
        )


def _open_to_roles(connection: psycopg.Connection[Any], name: str, url: str) -> None:
    """Let the owner create in the database, and the application enter it."""
    owner = connection.execute(
        "SELECT has_database_privilege(%(role)s, current_database(), 'CREATE')"
        " AND has_schema_privilege(%(role)s, 'public', 'CREATE')",
        {"role": OWNER_ROLE},
    ).fetchone()
    if owner == (True,):
        return
    try:
        connection.execute(
            sql.SQL("GRANT CREATE, CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                sql.Identifier(name), sql.Identifier(OWNER_ROLE)
            )
        )
        connection.execute(
            sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO {}").format(
                sql.Identifier(name), sql.Identifier(APP_ROLE)
            )
        )
        connection.execute(
            sql.SQL("GRANT CREATE, USAGE ON SCHEMA public TO {}").format(sql.Identifier(OWNER_ROLE))
        )
        connection.execute(
            sql.SQL("GRANT USAGE ON SCHEMA public TO {}").format(sql.Identifier(APP_ROLE))
        )
    except errors.InsufficientPrivilege as error:
        raise DatabaseRolesMissing(
            f"The user may not open the database at {_shown(url)} to {OWNER_ROLE}. Let its owner run:\n"
            f"    GRANT CREATE ON DATABASE {name} TO {OWNER_ROLE}; GRANT CREATE ON SCHEMA public TO {OWNER_ROLE};"
        ) from error
