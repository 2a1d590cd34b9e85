"""What a command needs before it works: the database up, Django set up, the tables current."""

import contextlib
import functools
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn, ParamSpec, TypeVar

from cagnotte.platform import database

P = ParamSpec("P")
R = TypeVar("R")

TERMINATED_EXIT_CODE = 143


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
    signal.signal(signal.SIGTERM, _leave)
    with database.embedded_or_url() as url:
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


def _leave(_number: int, _frame: FrameType | None) -> NoReturn:
    # An exit by exception gives the lease back, so the last one out still stops the server.
    raise SystemExit(TERMINATED_EXIT_CODE)
