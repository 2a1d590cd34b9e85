"""Calls of many threads, done together: whoever comes while a batch is being done is in the next one.

Nobody waits for company: a call that finds the worker idle is done at once, alone. Under load batches grow by
themselves, and many calls share one commit.
"""

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, Self, TypeVar

from django.db import connections

T = TypeVar("T")
R = TypeVar("R")


class MicroBatcher(Generic[T, R]):
    """Does items in batches, with one thread per worker.

    workers: functions from items to as many results, in their order; each is called by one thread, so that it can own
    a connection. A batch that raises is done again item by item, so that one bad item fails alone; the work must
    have undone itself when it raises. As a context manager it closes itself.
    """

    def __init__(
        self, workers: Sequence[Callable[[Sequence[T]], Sequence[R]]], *, size_max: int
    ) -> None:
        self._size_max = size_max
        self._waiting: deque[tuple[T, Future[R]]] = deque()
        self._woken = threading.Condition()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=f"cagnotte-batch-{number}")
            for number, work in enumerate(workers, start=1)
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, item: T) -> "Future[R]":
        """Have an item done; return its result to come. Raises RuntimeError once closed."""
        future: Future[R] = Future()
        with self._woken:
            if self._closed:
                raise RuntimeError("the batcher is closed")
            self._waiting.append((item, future))
            self._woken.notify()
        return future

    def close(self) -> None:
        """Do what still waits, then end the threads."""
        with self._woken:
            self._closed = True
            self._woken.notify_all()
        for thread in self._threads:
            thread.join()

    def _run(self, work: Callable[[Sequence[T]], Sequence[R]]) -> None:
        try:
            self._work_off(work)
        finally:
            # What Django opened for this thread ends with it.
            connections.close_all()

    def _work_off(self, work: Callable[[Sequence[T]], Sequence[R]]) -> None:
        while batch := self._next():
            items = [item for item, _ in batch]
            try:
                results = work(items)
            except Exception as error:  # noqa: BLE001 - told to whoever asked
                if len(batch) == 1:
                    batch[0][1].set_exception(error)
                else:
                    for item, future in batch:
                        _alone(work, item, future)
            else:
                for (_, future), result in zip(batch, results, strict=True):
                    future.set_result(result)

    def _next(self) -> list[tuple[T, "Future[R]"]]:
        """Wait for items; return a batch, empty when closed."""
        with self._woken:
            while not self._waiting:
                if self._closed:
                    return []
                self._woken.wait()
            size = min(len(self._waiting), self._size_max)
            return [self._waiting.popleft() for _ in range(size)]


def _alone(work: Callable[[Sequence[T]], Sequence[R]], item: T, future: "Future[R]") -> None:
    try:
        future.set_result(work([item])[0])
    except Exception as error:  # noqa: BLE001 - told to whoever asked
        future.set_exception(error)
