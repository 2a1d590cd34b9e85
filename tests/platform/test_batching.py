"""Calls that arrive together are done together; each has its own answer."""

import threading
from collections.abc import Sequence

import pytest

from cagnotte.platform.batching import MicroBatcher


def doubled(items: Sequence[int]) -> list[int]:
    return [2 * item for item in items]


def test_every_call_has_its_own_answer() -> None:
    with MicroBatcher([doubled, doubled], size_max=7) as batcher:
        futures = [batcher.submit(number) for number in range(100)]
    assert [future.result() for future in futures] == [2 * number for number in range(100)]


def test_what_arrives_while_a_batch_is_done_is_the_next_batch() -> None:
    go = threading.Event()
    begun = threading.Event()
    batches: list[list[int]] = []

    def work(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        begun.set()
        go.wait()
        return list(items)

    batcher = MicroBatcher([work], size_max=3)
    batcher.submit(1)
    begun.wait()
    for number in (2, 3, 4, 5):
        batcher.submit(number)
    go.set()
    batcher.close()

    assert batches == [[1], [2, 3, 4], [5]]


def test_one_bad_item_fails_alone() -> None:
    go = threading.Event()

    def work(items: Sequence[int]) -> list[float]:
        go.wait()
        return [1 / item for item in items]

    batcher = MicroBatcher([work], size_max=10)
    futures = [batcher.submit(number) for number in (1, 2, 0, 4)]
    go.set()
    batcher.close()

    assert [future.result() for future in (futures[0], futures[1], futures[3])] == [1, 0.5, 0.25]
    with pytest.raises(ZeroDivisionError):
        futures[2].result()


def test_a_closed_batcher_takes_nothing_more() -> None:
    batcher = MicroBatcher([doubled], size_max=10)
    batcher.close()
    with pytest.raises(RuntimeError, match="closed"):
        batcher.submit(1)
