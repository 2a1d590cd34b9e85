"""Work shared among processes, each of which tells what it does as it goes.

A process is started afresh and set up like a command before any of the work's modules is imported: rows cannot
be imported before Django stands.
"""

import importlib
import multiprocessing
import os
import pickle
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection as pipes
from typing import Any

from cagnotte.domain.errors import CagnotteError
from cagnotte.platform import database

_STOPPED = "stopped"

Running = dict["pipes.Connection[Any, Any]", tuple[int, Any]]
"""By the end of its pipe: the position of a plan and the process at work on it."""


class ProcessDied(CagnotteError):
    """A process of this command ended before its work was done; what it had finished is kept. Run it again."""


def shared(work: str, plans: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
    """Do a work once per plan, each in a process of its own; give (position of the plan, what it told).

    work names a generator function as `module:function`; it is called with the values of its plan.
    Raises what a process raised, or ProcessDied when one was killed; the others are stopped then.
    """
    context = multiprocessing.get_context("spawn")
    running: Running = {}
    try:
        for position, plan in enumerate(plans):
            receiver, sender = context.Pipe(duplex=False)
            packed = pickle.dumps(plan)
            process = context.Process(
                target=_work, args=(sender, database.database_url(), work, packed), daemon=True
            )
            process.start()
            # Our copy of the sending end would keep the pipe open after the process has died.
            sender.close()
            running[receiver] = (position, process)
        yield from _told(running)
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def _told(running: Running) -> Iterator[tuple[int, Any]]:
    """Give what processes tell, as it comes, until all have stopped."""
    while running:
        for receiver in pipes.wait(list(running)):
            if not isinstance(receiver, pipes.Connection):
                continue
            position, process = running[receiver]
            try:
                told = receiver.recv()
            except EOFError:
                process.join()
                raise ProcessDied(exit_code=process.exitcode) from None
            if isinstance(told, BaseException):
                raise told
            if told == _STOPPED:
                process.join()
                del running[receiver]
            else:
                yield position, told[0]


def _work(sender: "pipes.Connection[Any, Any]", url: str, work: str, packed: bytes) -> None:
    """Be one of the processes."""
    import django  # noqa: PLC0415 - set up here, before anything of the work is imported

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cagnotte.config.settings")
    django.setup()
    database.use_database(url)
    module, _, name = work.partition(":")
    function: Callable[..., Iterator[Any]] = getattr(importlib.import_module(module), name)
    try:
        for told in function(*pickle.loads(packed)):  # noqa: S301 - from our own parent
            sender.send((told,))
        sender.send(_STOPPED)
    except KeyboardInterrupt:
        # The parent was interrupted by the same keys and says so.
        return
    except Exception as error:  # noqa: BLE001 - raised again by the parent
        sender.send(_sendable(error))


def _sendable(error: Exception) -> Exception:
    """The error itself when it survives the way, else its words."""
    try:
        pickle.loads(pickle.dumps(error))  # noqa: S301 - just made
    except Exception:  # noqa: BLE001 - whatever stands in its way
        return RuntimeError(repr(error))
    return error
