"""`cagnotte simulate`: draw a world and write its files."""

import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

import click

from cagnotte.world.simulation.plan import (
    DAYS_MAX,
    FORMATS,
    MEMBERS_MAX,
    FilesPer,
    Model,
    Plan,
    Returns,
)


@click.command()
@click.option(
    "--seed", type=int, default=1, show_default=True, help="What everything is drawn from."
)
@click.option(
    "--members",
    type=click.IntRange(1, MEMBERS_MAX),
    default=300,
    show_default=True,
    help="Who is a member, or becomes one.",
)
@click.option(
    "--days",
    type=click.IntRange(1, DAYS_MAX),
    default=90,
    show_default=True,
    help="Days of shopping; answers come for some months longer.",
)
@click.option(
    "--model",
    type=click.Choice([model.value for model in Model]),
    default=Model.IN_HOUSE.value,
    show_default=True,
    help="Who pays, and who tells of orders.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="The folder to write to; of an older world it is cleared.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(FORMATS),
    multiple=True,
    default=("csv",),
    show_default=True,
    help="Of the files of orders; may be repeated.",
)
@click.option(
    "--files-per",
    type=click.Choice([span.value for span in FilesPer]),
    default=FilesPer.MONTH.value,
    show_default=True,
    help="How much time a file holds.",
)
@click.option(
    "--returns",
    type=click.Choice([way.value for way in Returns]),
    default=Returns.ANSWERS.value,
    show_default=True,
    help="How shops tell them: in files of answers, or as rows with a minus among the orders.",
)
@click.option(
    "--orders-per-month",
    type=click.IntRange(1, 100),
    default=3,
    show_default=True,
    help="Of a member, on average.",
)
@click.option(
    "--start",
    type=click.DateTime(["%Y-%m-%d"]),
    default="2026-01-01",
    show_default=True,
    help="The first day.",
)
@click.option("--currency", default="EUR", show_default=True, help="The currency of all amounts.")
@click.option(
    "--plain",
    is_flag=True,
    help="One offer alone, so that truth.csv tells the reward of every order.",
)
def simulate(  # noqa: PLR0913 - one argument per option
    *,
    seed: int,
    members: int,
    days: int,
    model: str,
    out: Path,
    formats: tuple[str, ...],
    files_per: str,
    returns: str,
    orders_per_month: int,
    start: datetime,
    currency: str,
    plain: bool,
) -> None:
    """Draw a world of shops, members, returns, cheats and late networks, and write its files.

    The same options write the same bytes on every machine. The folder's README.md has the commands that run the
    world, and truth.csv what really became of every order. No database is needed.
    """
    from cagnotte.world.simulation.making import make

    plan = Plan(
        seed=seed,
        members=members,
        days=days,
        model=Model(model),
        starts_on=start.date(),
        orders_per_month=orders_per_month,
        currency=currency,
        plain=plain,
        formats=tuple(dict.fromkeys(formats)),
        files_per=FilesPer(files_per),
        returns=Returns(returns),
    )
    started = time.perf_counter()
    with _progress() as told:
        world = make(plan, out, on_orders=told)
    seconds = time.perf_counter() - started
    counts = world.counts
    click.echo(
        f"{counts['orders']:,} orders of {members:,} members in {days:,} days, {counts['messages']:,} messages and "
        f"{counts.get('answers', 0):,} answers: {counts['orders'] / seconds:,.0f} orders a second."
    )
    click.echo(f"{out}: {len(list(out.iterdir()))} files. What to do with them:")
    for step in world.steps[:5]:
        click.echo(f"  {step.command()}")
    click.echo(
        f"  … {len(world.steps) - 5} more in {out / 'README.md'}; all of them: {out / 'run.sh'}"
    )


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[int], None]]:
    """Show on a terminal how many orders are written."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} orders"))
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("", total=None)
        yield lambda count: bar.update(task, completed=count)
