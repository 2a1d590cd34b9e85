"""`cagnotte worker`: sources are asked when they are due, and what came in is read, until it is told to stop."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING

import click

from cagnotte.cli.bootstrap import with_database

if TYPE_CHECKING:
    from cagnotte.journeys.work import Worker


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, then end; for a timer of your own.")
@with_database
def worker(*, once: bool) -> None:
    """Do what is due: ask sources, read what came in, tell members and who listens, and do each programme's night.

    Each night what is due is released, what is over expires, claims take the steps of time, payouts by a rule are
    asked for, members are reminded, and the books are sealed (CAGNOTTE_NIGHT_HOUR says when).

    Several may run. It ends after the page it is at when it is told to (SIGTERM, Ctrl-C), and loses nothing when it
    is killed. With --once it ends with 1 when anything failed. `cagnotte serve` has one of its own.
    """
    from cagnotte.platform.database import connect

    stop = threading.Event()
    work = make_worker(stop)
    with _told_to_stop(stop):
        if not once:
            click.echo("The worker waits for what is due (Ctrl-C stops it).")
            work.run()
            return
        with connect() as connection:
            did = True
            while did and not stop.is_set():
                duties = (
                    work.round,
                    work.night,
                    work.carry,
                    work.carry_to_listeners,
                    work.carry_letters,
                )
                did = sum(duty(connection) for duty in duties) > 0
        if work.is_troubled:
            raise click.ClickException(
                "Some of it failed and waits for the next time; the log says what."
            )


def make_worker(stop: threading.Event) -> "Worker":
    """Make a worker as the settings want it."""
    from django.conf import settings

    from cagnotte.journeys.nightly import Nights
    from cagnotte.journeys.work import Worker
    from cagnotte.portal.helping.contact import forget_old_letters

    hour = settings.CAGNOTTE_NIGHT_HOUR
    return Worker(
        clock=read_machine_clock,
        stop=stop,
        nights=Nights(hour if hour >= 0 else None),
        chores=[lambda now: forget_old_letters(now=now)],
    )


def read_machine_clock() -> datetime:
    """Return the time now; the worker is an edge that lasts, so it reads the clock again for each thing it does."""
    return datetime.now(UTC)


@contextmanager
def _told_to_stop(stop: threading.Event) -> Iterator[None]:
    """Have the worker finish its page at the first signal, and end at once at the second."""

    def told(number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            raise SystemExit(128 + number)
        stop.set()

    before = {number: signal.signal(number, told) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
