"""What a command needs before it works: the database up, Django set up, the tables current."""

import contextlib
import functools
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn, ParamSpec, TypeVar

from cagnotte.platform import database

P = ParamSpec("P")
R = TypeVar("R")

SIGNALLED_EXIT_CODE = 128
"""Plus the signal's number, as shells count."""


def set_up_django() -> None:
    """Set Django up in this process; workers started by a command call it too. The database must be running."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cagnotte.config.settings")
    import django

    django.setup()


@contextlib.contextmanager
def running_database(*, check_tables: bool = True) -> Iterator[str]:
    """Give the database's address, with the server up, Django set up and (unless told not to) current tables.

    Raises:
        DatabaseUnavailable: or one of its kinds, with a sentence that says what to do.
        DatabaseNotInitialised: the tables are missing or old.
    """
    with _leaving_by_exception(), database.embedded_or_url() as url:
        set_up_django()
        if check_tables:
            from cagnotte.platform import migrations

            migrations.require_current()
        yield url


def with_database(command: Callable[P, R]) -> Callable[P, R]:
    """Run a command's function inside `running_database()`."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with running_database():
            return command(*args, **kwargs)

    return run


@contextlib.contextmanager
def _leaving_by_exception() -> Iterator[None]:
    """Turn a request to end into an exception, so that the lease is given back on the way out."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> NoReturn:
    raise SystemExit(SIGNALLED_EXIT_CODE + number)
