"""What the commands of sources share: finding accounts, opening their programme, telling what reading came to."""

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import click

if TYPE_CHECKING:
    import psycopg

    from cagnotte.inbox.models import Account
    from cagnotte.journeys.programme_run import ProgrammeRun
    from cagnotte.journeys.read_inbox import ReadSummary

json_option = click.option("--json", "as_json", is_flag=True, help="For programs.")


def open_run(
    connection: "psycopg.Connection[Any]", slug: str | None, now: datetime
) -> "ProgrammeRun":
    """Open a programme; what is done with it commits by itself. Raises NotFound."""
    from cagnotte.journeys.programme_run import ProgrammeRun

    run = ProgrammeRun.open(connection, slug, now)
    connection.commit()
    return run


def find_account(slug: str | None, ref: str) -> "Account":
    """Find an account, also one at rest. Raises NotFound, with the names there are."""
    from cagnotte.identity.selectors import programme
    from cagnotte.inbox import accounts

    return accounts.account(programme(slug).id, ref)


def find_accounts(slug: str | None) -> "list[Account]":
    """Find all accounts, or those of one programme."""
    from cagnotte.identity.selectors import programme
    from cagnotte.inbox import accounts

    return accounts.accounts(programme(slug).id if slug else None)


def print_read(read: "ReadSummary") -> None:
    """Print how many messages and orders were left in which state."""
    for name, counted in (("messages", read.messages), ("orders", read.states)):
        told = ", ".join(f"{number:,} {state}" for state, number in sorted(counted.items()))
        if told:
            click.echo(f"  {name}: {told}")
    if read.gone:
        click.echo(f"  {read.gone:,} message(s) cannot be read again: their bytes were deleted.")


def print_json(data: Any) -> None:
    """Print data as JSON; times in UTC."""
    click.echo(json.dumps(data, indent=2, ensure_ascii=False, default=_as_text))


def _as_text(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not written as JSON")
