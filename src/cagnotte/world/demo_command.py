"""`cagnotte demo`: the main job on real purchases, from files to bank files, with a report."""

import resource
import signal
import sys
import time

import click

from cagnotte.platform import database

DEFAULT_SEED = 2017
DEFAULT_MONTHS = 2
ALL_MONTHS = 12
TERMINATED_EXIT_CODE = 143
BASIS_MIB = 1 << (10 if sys.platform != "darwin" else 20)
"""The kernel counts memory in KiB on Linux and in bytes on macOS."""


@click.command()
@click.option("--all", "whole_year", is_flag=True, help="All twelve months, 155,848 baskets.")
@click.option(
    "--months",
    type=click.IntRange(1, ALL_MONTHS),
    default=DEFAULT_MONTHS,
    show_default=True,
    help="How many months of purchases.",
)
@click.option(
    "--seed",
    type=int,
    default=DEFAULT_SEED,
    show_default=True,
    help="What members' names, bank accounts and the retailer's answers are drawn from.",
)
@click.option("--jobs", type=click.IntRange(1, 16), default=2, show_default=True, help="Processes.")
def demo(*, whole_year: bool, months: int, seed: int, jobs: int) -> None:
    """Run a grocery retailer's cashback programme on real purchases, and print what happened.

    Writes the files a retailer would send to .data/demo/ and takes them in like anybody's: members, products,
    purchases, answers. Running it again changes nothing.
    """
    started = time.perf_counter()
    count = ALL_MONTHS if whole_year else months
    # An exit by exception gives the lease back, so that the last one out still stops the server.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED_EXIT_CODE))
    with database.embedded_or_url():
        _set_up()
        _run(seed=seed, months=count, jobs=jobs, started=started)


def _set_up() -> None:
    import os

    import django

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cagnotte.config.settings")
    django.setup()
    from cagnotte.platform import migrations

    database.ensure_roles_and_database()
    migrations.migrate()


def _run(*, seed: int, months: int, jobs: int, started: float) -> None:
    from rich.console import Console

    from cagnotte.identity.selectors import programme
    from cagnotte.journeys.explain import why
    from cagnotte.world import complete_journey, figures, files, report, story
    from cagnotte.world.progress import Steps

    console = Console(highlight=False)
    console.width = min(console.width, report.WIDTH) if console.is_terminal else report.WIDTH
    chosen = complete_journey.MONTHS[:months]
    folder = database.data_folder() / "demo"
    with Steps(Console(stderr=True, highlight=False)) as steps:
        written = 0

        def on_lines(count: int) -> None:
            nonlocal written
            written += count
            steps.show("write files", written, 0)

        made = files.write(folder, seed=seed, months=chosen, on_lines=on_lines)
        lived = story.live(made, jobs=jobs, on_progress=steps.show)
        steps.show("check the books", 0, 0)
        with database.connect() as connection:
            found = figures.read(connection, lived.programme_id)
            told = (
                why(connection, programme(story.SLUG), found.telling_order)
                if found.telling_order
                else None
            )
    cost = report.Cost(
        seconds=time.perf_counter() - started,
        import_seconds=lived.import_seconds,
        peak_mib=_peak_mib(),
    )
    report.show(console, lived, found, told, cost, seed=seed)
    if any(finding.is_fault for finding in found.findings):
        sys.exit(1)


def _peak_mib() -> int:
    """Return the highest memory of this process or one of those it has started and ended."""
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    return max(resource.getrusage(who).ru_maxrss for who in whose) // BASIS_MIB
