"""`cagnotte init`: from nothing to a database with a first programme and its operator."""

import zoneinfo
from datetime import UTC, datetime

import click

from cagnotte.cli.bootstrap import running_database
from cagnotte.domain.errors import InvalidInput


@click.command()
@click.option("--slug", default=None, help="The programme's short name, in addresses and files.")
@click.option("--name", default=None, help="The programme's name, as members read it.")
@click.option("--currency", default="EUR", show_default=True, help="The currency of its money.")
@click.option(
    "--timezone", default="Europe/Paris", show_default=True, help="Where its days begin and end."
)
@click.option("--operator", default=None, help="The e-mail address of the person who runs it.")
@click.option(
    "--password",
    default=None,
    envvar="CAGNOTTE_OPERATOR_PASSWORD",
    help="Asked when not given; better given in CAGNOTTE_OPERATOR_PASSWORD than here.",
)
def init(
    *,
    slug: str | None,
    name: str | None,
    currency: str,
    timezone: str,
    operator: str | None,
    password: str | None,
) -> None:
    """Set up the database, a first programme and its operator.

    Asks for what the options do not say. Running it again changes nothing that is there.
    """
    _check_timezone(timezone)
    with running_database(check_tables=False):
        _set_up_tables()
        slug = slug or click.prompt("Short name of the programme", default="demo")
        name = name or click.prompt("Name of the programme", default=str(slug).capitalize())
        now = datetime.now(UTC)
        _set_up_programme(str(slug), str(name), currency, timezone, now)
        email = str(operator or click.prompt("E-mail address of the operator"))
        _set_up_operator(email, password)
    click.echo("Next: `cagnotte serve`, then open http://localhost:8000/admin/")


def _check_timezone(timezone: str) -> None:
    try:
        zoneinfo.ZoneInfo(timezone)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidInput(
            f"“{timezone}” is no time zone. They are named like Europe/Paris or America/Montreal.",
            timezone=timezone,
        ) from error


def _set_up_tables() -> None:
    from cagnotte.platform import database, migrations

    database.ensure_roles_and_database()
    applied = migrations.migrate()
    if applied:
        click.echo(f"The database is set up ({applied} changes of its tables).")
    else:
        click.echo("The database was set up already.")


def _set_up_programme(slug: str, name: str, currency: str, timezone: str, now: datetime) -> None:
    from cagnotte.identity import services

    created = services.create_programme(
        slug=slug, name=name, currency=currency, timezone=timezone, now=now
    )
    click.echo(
        f"The programme {slug} is created."
        if created
        else f"The programme {slug} was there already."
    )


def _set_up_operator(email: str, password: str | None) -> None:
    from cagnotte.identity import services

    if services.has_operator(email=email):
        click.echo(f"The operator {email} was there already.")
        return
    secret = password or click.prompt("Password", hide_input=True, confirmation_prompt=True)
    services.create_operator(email=email, password=str(secret))
    click.echo(f"The operator {email} is created.")
