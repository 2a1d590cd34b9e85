"""`cagnotte showcase`: a portal to look at, with shops, members and their year."""

from datetime import UTC, datetime

import click

from cagnotte.platform import database


@click.command()
@click.option(
    "--if-empty", is_flag=True, help="Do nothing where there are programmes other than examples."
)
def showcase(*, if_empty: bool) -> None:
    """Make Colibri, an example of a portal: invented shops and members, and the year they had.

    Takes less than a minute. Prints how to sign in as one of two members. Made once, it stays as it is.
    """
    with database.embedded_or_url():
        _set_up()
        make(if_empty=if_empty)


def _set_up() -> None:
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cagnotte.config.settings")
    django.setup()
    from cagnotte.platform import migrations

    database.ensure_roles_and_database()
    migrations.migrate()


def make(*, if_empty: bool) -> None:
    """Make it, or tell that it is there; if_empty: not beside programmes of one's own."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    from cagnotte.identity.models import Membership, Programme
    from cagnotte.world import story as demo
    from cagnotte.world.showcase import rules, story

    if if_empty and Programme.objects.exclude(slug__in=(rules.SLUG, demo.SLUG)).exists():
        return
    if Membership.objects.filter(programme__slug=rules.SLUG).exists():
        _tell()
        return
    columns = (
        TextColumn("Colibri lives its year"),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("")
        story.live(
            database.data_folder() / "showcase",
            now=datetime.now(UTC),
            on_progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _tell()


def _tell() -> None:
    from cagnotte.world.showcase import people

    click.echo(
        "Colibri, an example of a portal, is at http://localhost:8000/p/colibri/ once `cagnotte serve` runs.\n"
        f"Sign in as camille@colibri.example or sam@colibri.example, with the password {people.PASSWORD}"
    )
