"""Work shared among processes, each of which tells what it does as it goes. This process takes the first share.

Where it can, a process is forked: it has then all its modules loaded, which else costs it more than a second. That
is safe only while this process runs one thread; else it is started afresh, and set up like a command before any
of the work's modules is imported: rows cannot be imported before Django stands.
"""

import importlib
import multiprocessing
import multiprocessing.process
import os
import pickle
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from multiprocessing import connection as pipes
from typing import Any

from django.db import connections

from cagnotte.domain.errors import CagnotteError
from cagnotte.platform import database

_STOPPED = "stopped"

Running = dict["pipes.Connection[Any, Any]", tuple[int, Any]]
"""By the end of its pipe: the position of a plan and the process at work on it."""


class ProcessDied(CagnotteError):
    """A process of this command ended before its work was done; what it had finished is kept. Run it again."""


def shared(work: str, plans: Sequence[tuple[Any, ...]]) -> Iterator[tuple[int, Any]]:
    """Do a work once per plan, each in a process of its own; give (position of the plan, what it told).

    work names a generator function as `module:function`; it is called with the values of its plan. The first plan
    is done in this process, between what is asked of this generator.
    Raises what a process raised, or ProcessDied when one was killed; the others are stopped then.
    """
    running: Running = {}
    try:
        for position, plan in enumerate(plans[1:], start=1):
            running.update([_started(work, position, plan, list(running))])
        for told in _function(work)(*plans[0]):
            yield 0, told
            yield from _told(running, wait=False)
        yield from _told(running, wait=True)
    finally:
        for _, process in running.values():
            process.terminate()
            process.join()


def _started(
    work: str, position: int, plan: tuple[Any, ...], theirs: list["pipes.Connection[Any, Any]"]
) -> tuple["pipes.Connection[Any, Any]", tuple[int, Any]]:
    """Start a process; return the end of its pipe, its plan's position and itself.

    theirs: the ends of the processes started before, of which a forked one must not keep copies.
    """
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process: multiprocessing.process.BaseProcess
    if _can_fork():
        # Each process opens connections of its own: closed here, no child says goodbye in its parent's name.
        connections.close_all()
        process = multiprocessing.get_context("fork").Process(
            target=_work_forked, args=(sender, [receiver, *theirs], work, plan), daemon=True
        )
    else:
        url, packed = database.database_url(), pickle.dumps(plan)
        process = multiprocessing.get_context("spawn").Process(
            target=_work_afresh, args=(sender, url, work, packed), daemon=True
        )
    process.start()
    # Our copy of the sending end would keep the pipe open after the process has died.
    sender.close()
    return receiver, (position, process)


def _can_fork() -> bool:
    return "fork" in multiprocessing.get_all_start_methods() and threading.active_count() == 1


def _function(work: str) -> Callable[..., Iterator[Any]]:
    module, _, name = work.partition(":")
    function: Callable[..., Iterator[Any]] = getattr(importlib.import_module(module), name)
    return function


def _told(running: Running, *, wait: bool) -> Iterator[tuple[int, Any]]:
    """Give what processes have told, or, waiting, all that they tell until they have stopped."""
    while running:
        ready = pipes.wait(list(running), timeout=None if wait else 0)
        if not ready:
            return
        for receiver in ready:
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


def _work_forked(
    sender: "pipes.Connection[Any, Any]",
    others: list["pipes.Connection[Any, Any]"],
    work: str,
    plan: tuple[Any, ...],
) -> None:
    """Be one of the processes, with everything of its parent's at hand."""
    # The parent's own way to leave is an exception; raised here at a bad moment it would be swallowed, and we go on.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for receiver in others:
        # With the reading ends open here too, nobody would notice that the parent has died.
        receiver.close()
    _tell(sender, work, plan)


def _work_afresh(sender: "pipes.Connection[Any, Any]", url: str, work: str, packed: bytes) -> None:
    """Be one of the processes, from nothing."""
    import django  # noqa: PLC0415 - set up here, before anything of the work is imported

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cagnotte.config.settings")
    django.setup()
    database.use_database(url)
    _tell(sender, work, pickle.loads(packed))  # noqa: S301 - from our own parent


def _tell(sender: "pipes.Connection[Any, Any]", work: str, plan: tuple[Any, ...]) -> None:
    try:
        for told in _function(work)(*plan):
            sender.send((told,))
        sender.send(_STOPPED)
    except (KeyboardInterrupt, BrokenPipeError):
        # The parent was interrupted by the same keys and says so, or it has died and nobody listens.
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
