"""`cagnotte db`: the database behind the other commands."""

import os
import subprocess
import sys

import click

from cagnotte.cli.bootstrap import running_database
from cagnotte.domain.errors import Refused
from cagnotte.platform import database
from cagnotte.platform.postgres_folders import folders_for


@click.group()
def db() -> None:
    """Start, stop, migrate and inspect the database."""


@db.command()
def start() -> None:
    """Start the embedded server and keep it running after this command.

    Other commands start it when they need it; this only saves them the time, and lets other programs connect.
    """
    _require_embedded()
    server = database.embedded_server()
    with server.lease():
        server.pin()
    click.echo(f"The embedded database runs. Connect to {server.url()}")


@db.command()
@click.option("--force", is_flag=True, help="Cut off the commands that still use it.")
def stop(*, force: bool) -> None:
    """Stop the embedded server."""
    _require_embedded()
    was_running = database.embedded_server().stop(force=force)
    click.echo(
        "The embedded database is stopped."
        if was_running
        else "The embedded database was not running."
    )


@db.command()
def status() -> None:
    """Say which database is used, whether it runs, and whether its tables are current."""
    if not database.is_external():
        server = database.embedded_server()
        folders = folders_for(server.home)
        click.echo(f"Embedded PostgreSQL in {folders.base}")
        click.echo(f"  programs  {folders.programs}")
        click.echo(f"  runs as   {folders.account.name if folders.account else 'you'}")
        click.echo(f"  state     {'running' if server.is_running() else 'stopped'}")
        if not server.is_running():
            return
    with running_database(check_tables=False):
        from cagnotte.platform.migrations import pending

        with database.connect() as connection:
            version = connection.info.server_version
        click.echo(f"PostgreSQL {version // 10_000}.{version % 10_000}")
        behind = pending()
        click.echo(f"Tables: {f'{len(behind)} change(s) to come' if behind else 'current'}")


@db.command()
def migrate() -> None:
    """Bring the roles, the database and its tables up to date. A second run changes nothing."""
    with running_database(check_tables=False):
        from cagnotte.platform import migrations

        database.ensure_roles_and_database()
        applied = migrations.migrate()
    click.echo(
        f"Applied {applied} change(s) of the tables." if applied else "The tables are current."
    )


@db.command(context_settings={"ignore_unknown_options": True})
@click.option(
    "--owner", is_flag=True, help="Work as the owner of the tables instead of the application."
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def psql(*, owner: bool, arguments: tuple[str, ...]) -> None:
    """Open psql on the database; ARGUMENTS are psql's own, for instance: -c 'SELECT 1'."""
    role = database.OWNER_ROLE if owner else database.APP_ROLE
    with running_database(check_tables=False) as url:
        bundled = folders_for(database.embedded_server().home).programs / "psql"
        program = str(bundled) if bundled.exists() else "psql"
        environment = {**os.environ, "PGOPTIONS": f"-c role={role}"}
        done = subprocess.run([program, url, *arguments], check=False, env=environment)
    sys.exit(done.returncode)


def _require_embedded() -> None:
    if database.is_external():
        raise Refused(
            f"{database.URL_VARIABLE} names a server of your own, which Cagnotte neither starts nor stops."
        )
