"""`cagnotte api`: the description of the REST interface, and what it keeps."""

from datetime import datetime
from pathlib import Path

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.purchase_commands import now_option, read_clock


@click.group()
def api() -> None:
    """The REST interface: its description, and what it keeps of requests."""


@api.command()
@click.option(
    "--to",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    default=None,
    help="The file to write; without it, it is printed.",
)
def schema(file: Path | None) -> None:
    """Write the OpenAPI document that describes the interface."""
    from cagnotte.cli.bootstrap import set_up_django

    set_up_django()
    from cagnotte.api import schema_file

    text = schema_file.text()
    if file is None:
        click.echo(text, nl=False)
        return
    file.write_text(text, encoding="utf-8")
    click.echo(f"Written: {file}")


@api.command()
@now_option
@with_database
def tidy(now: datetime | None) -> None:
    """Delete what is kept no longer: answers to repeated requests, and the log of requests past its days."""
    from cagnotte.identity import api_calls
    from cagnotte.platform.database import connect

    with connect() as connection:
        count = api_calls.tidy(connection, now=read_clock(now))
    click.echo(f"{count:,} rows deleted.")
