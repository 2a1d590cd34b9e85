"""Several sessions at once: no deadlock, no double spend, no fact booked twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID, uuid4

from cagnotte.domain.errors import InsufficientFunds, PeriodClosed
from cagnotte.ledger import checks, selectors, services
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    DAY,
    NOON,
    PROGRAMME,
    Connection,
    given,
    member,
    patient,
    spent,
    tracked,
)
from tests.databases import wait_until_locked

SECONDS = 60


def together(*works: Callable[[Connection], int]) -> list[int]:
    """Run each in a thread with a connection of its own, started at the same moment."""
    start = Barrier(len(works))

    def run(work: Callable[[Connection], int]) -> int:
        with patient() as connection:
            start.wait(SECONDS)
            return work(connection)

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works, timeout=SECONDS))


def test_batches_that_touch_the_same_members_in_opposite_orders_do_not_deadlock(
    books: Connection,
) -> None:
    wallets = [UUID(int=number) for number in range(1, 200)]

    def poster(order: list[UUID]) -> Callable[[Connection], int]:
        def work(connection: Connection) -> int:
            for _ in range(10):
                batch = [tracked(wallet, 1) for wallet in order]
                services.post(connection, batch, batch_id=uuid4())
                connection.commit()
            return 10

        return work

    assert together(poster(wallets), poster(wallets[::-1])) == [10, 10]
    for wallet in (wallets[0], wallets[-1]):
        assert selectors.balance(books, member("pending", wallet)) == 20
    assert checks.verify(books) == []


def test_a_balance_is_spent_once_however_many_try(books: Connection) -> None:
    services.post(books, [given(ANNA, 100)], batch_id=uuid4())
    books.commit()

    def spend(connection: Connection) -> int:
        successes = 0
        for _ in range(5):
            try:
                services.post(connection, [spent(ANNA, 10)], batch_id=uuid4())
                connection.commit()
                successes += 1
            except InsufficientFunds:
                connection.rollback()
        return successes

    assert sum(together(*[spend] * 8)) == 10
    assert selectors.balance(books, member("available", ANNA)) == 0
    assert selectors.balance(books, member("held", ANNA)) == 100
    assert checks.verify(books) == []


def test_a_fact_that_two_sessions_book_is_booked_once(books: Connection) -> None:
    facts = [tracked(ANNA, 10) for _ in range(300)]

    def book(connection: Connection) -> int:
        new = 0
        for first in range(0, len(facts), 50):
            batch = facts[first : first + 50]
            new += services.post(connection, batch, batch_id=uuid4()).new
            connection.commit()
        return new

    assert sum(together(book, book, book)) == 300
    assert selectors.balance(books, member("pending", ANNA)) == 3000


def test_the_first_spends_of_a_wallet_wait_for_one_another(books: Connection) -> None:
    """Also when the wallet's accounts are not open yet."""

    def lock(connection: Connection) -> int:
        held = selectors.lock_member_balances(connection, [BEN], PROGRAMME, "EUR")[BEN]
        if held.available == 0:
            services.post(connection, [given(BEN, 10)], batch_id=uuid4())
        connection.commit()
        return held.available

    assert sorted(together(lock, lock, lock)) == [0, 10, 10]


def test_a_period_closes_between_posts_never_under_one(books: Connection) -> None:
    def post(connection: Connection) -> int:
        posted = 0
        for _ in range(40):
            try:
                services.post(connection, [tracked(ANNA, 1)], batch_id=uuid4())
                connection.commit()
                posted += 1
            except PeriodClosed:
                connection.rollback()
        return posted

    def close(connection: Connection) -> int:
        services.close_period(
            connection,
            programme_id=PROGRAMME,
            ends_on=DAY,
            now=NOON + timedelta(days=1),
            closed_by="Zoé",
        )
        row = connection.execute("SELECT count(*) FROM ledger_transaction").fetchone()
        connection.commit()
        assert row is not None
        return int(row[0])

    first, second, at_close = together(post, post, close)
    assert first + second == at_close
    assert selectors.balance(books, member("pending", ANNA)) == at_close


def test_a_writer_that_waited_for_a_balance_adds_to_what_it_waited_for(books: Connection) -> None:
    services.post(books, [given(ANNA, 100), given(BEN, 1)], batch_id=uuid4())
    books.commit()
    services.post(books, [given(ANNA, 20), given(BEN, 2)], batch_id=uuid4())

    with ThreadPoolExecutor(1) as threads, patient() as other:

        def add() -> None:
            services.post(other, [given(BEN, 4), given(ANNA, 3)], batch_id=uuid4())
            other.commit()

        waiting = threads.submit(add)
        wait_until_locked(books, other.info.backend_pid)
        books.commit()
        waiting.result(SECONDS)

    assert selectors.balance(books, member("available", ANNA)) == 123
    assert selectors.balance(books, member("available", BEN)) == 7
    assert checks.verify(books) == []
