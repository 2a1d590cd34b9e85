"""Database work done behind the caller's back: one thread sends what is ready while the caller computes the next."""

import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

WAITING_MAX = 2
"""Pieces of work that may wait; beyond, the caller waits, so that memory stays flat."""

SWITCH_SECONDS = 0.0005
"""How long the caller may compute before the thread gets its turn: it needs it often, and only for a moment."""


class Behind:
    """Pieces of work, done one after the other in the order they were given.

    A connection used here may be used by the caller again only after `settle`. After a piece has failed the
    pieces that follow are not begun.
    """

    def __init__(self, executor: ThreadPoolExecutor | None) -> None:
        """executor: with one thread; None does each piece at once, in the caller's."""
        self._executor = executor
        self._waiting: deque[Future[None]] = deque()
        self._failed = False

    def do(self, work: Callable[[], None]) -> None:
        """Have a piece of work done. Waits while too many wait already, and raises what an earlier one raised."""
        if self._executor is None:
            work()
            return
        while len(self._waiting) >= WAITING_MAX:
            self._waiting.popleft().result()
        self._waiting.append(self._executor.submit(self._unless_failed, work))

    def settle(self) -> None:
        """Wait until everything is done. Raises what the first failed piece raised."""
        while self._waiting:
            self._waiting.popleft().result()

    def abandon(self) -> None:
        """Wait for the piece under way and drop the others, after a failure of the caller or of a piece."""
        self._failed = True
        for future in self._waiting:
            if not future.cancel():
                # Its error is told already, or comes second to the caller's own.
                future.exception()
        self._waiting.clear()
        self._failed = False

    def _unless_failed(self, work: Callable[[], None]) -> None:
        if self._failed:
            return
        try:
            work()
        except BaseException:
            self._failed = True
            raise


class _QuickTurns:
    """Lets threads take quick turns as long as anybody wants it; the last to leave puts things back."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wanted = 0
        self._usual = 0.0

    def __enter__(self) -> None:
        with self._lock:
            if not self._wanted:
                self._usual = sys.getswitchinterval()
                sys.setswitchinterval(SWITCH_SECONDS)
            self._wanted += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._wanted -= 1
            if not self._wanted:
                sys.setswitchinterval(self._usual)


_quick_turns = _QuickTurns()


@contextmanager
def working_behind() -> Iterator[Behind]:
    """Give a `Behind` with a thread of its own, which ends with the block."""
    with (
        _quick_turns,
        ThreadPoolExecutor(max_workers=1, thread_name_prefix="cagnotte-behind") as executor,
    ):
        yield Behind(executor)
