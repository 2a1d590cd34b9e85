"""Work behind the caller's back: in order, told when it fails, dropped when the caller fails."""

import sys
import threading
from functools import partial

import pytest

from cagnotte.platform.behind import SWITCH_SECONDS, WAITING_MAX, working_behind


def test_pieces_are_done_in_the_order_they_were_given_by_one_other_thread() -> None:
    done: list[int] = []
    threads: set[int] = set()

    def piece(number: int) -> None:
        threads.add(threading.get_ident())
        done.append(number)

    with working_behind() as behind:
        for number in range(20):
            behind.do(partial(piece, number))
        behind.settle()
        assert done == list(range(20))

    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_a_failure_is_raised_when_the_caller_settles_and_what_follows_it_is_not_begun() -> None:
    done: list[str] = []
    go = threading.Event()

    def fail() -> None:
        go.wait()
        raise ValueError("no space left")

    with working_behind() as behind:
        behind.do(fail)
        behind.do(partial(done.append, "after"))
        go.set()
        with pytest.raises(ValueError, match="no space left"):
            behind.settle()
        behind.abandon()
        assert done == []

        behind.do(partial(done.append, "a new beginning"))
        behind.settle()
        assert done == ["a new beginning"]


def test_a_caller_that_fails_waits_for_the_piece_under_way_and_drops_the_others() -> None:
    done: list[str] = []
    begun, go = threading.Event(), threading.Event()

    def slow() -> None:
        begun.set()
        go.wait()
        done.append("under way")

    with working_behind() as behind:
        behind.do(slow)
        behind.do(partial(done.append, "waiting"))
        begun.wait()
        threading.Timer(0.05, go.set).start()
        behind.abandon()
        assert done == ["under way"]


def test_whoever_gives_too_much_waits() -> None:
    go = threading.Event()
    given: list[int] = []

    def wait() -> None:
        go.wait()

    def give_all() -> None:
        for number in range(WAITING_MAX + 1):
            behind.do(wait)
            given.append(number)

    with working_behind() as behind:
        giver = threading.Thread(target=give_all)
        giver.start()
        giver.join(0.2)
        assert given == list(range(WAITING_MAX))
        go.set()
        giver.join()
        behind.settle()


def test_threads_take_quick_turns_until_the_last_has_left() -> None:
    before = sys.getswitchinterval()
    first, second = working_behind(), working_behind()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
    second.__exit__(None, None, None)
    assert sys.getswitchinterval() == before
