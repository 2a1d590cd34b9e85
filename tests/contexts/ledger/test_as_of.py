"""What the books said once they say for ever: as recorded at a moment, and as effective on a day that is closed.

And nobody can hide a batch: one that was written slowly is seen by every reader, once, from its commit on.
"""

import io
import random
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from cagnotte.domain.chart import Account
from cagnotte.domain.periods import effective_on
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import checks, digest, export, selectors, services
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    NOON,
    PROGRAMME,
    Connection,
    funder,
    given,
    later,
    member,
    patient,
    tracked,
)

ACCOUNTS = [
    funder("accrued"),
    member("pending", ANNA),
    member("available", ANNA),
    member("pending", BEN),
]
LEAP_DAY = date(2028, 2, 29)
Answers = dict[tuple[UUID, datetime | None, date | None], int]


class Weeks:
    """Some weeks of bookings in which facts come late, come early, and periods close behind them."""

    def __init__(self, books: Connection, seed: int) -> None:
        self.books = books
        self.dice = random.Random(seed)
        self.now = NOON
        self.closed_until: date | None = None
        self.final: Answers = {}

    def step(self) -> None:
        """Let some time pass; book facts of about today, of long ago, or of tomorrow; now and then close a month."""
        self.now += timedelta(hours=self.dice.randint(0, 60))
        services.post(
            self.books, [self._fact() for _ in range(self.dice.randint(1, 4))], batch_id=uuid4()
        )
        if self.dice.random() < 0.2:
            self._close(self.now.date() - timedelta(days=self.dice.randint(1, 40)))
        if self.dice.random() < 0.3:
            services.fold(self.books, now=self.now)
        self.books.commit()

    def _fact(self) -> Transaction:
        day = self.now.date() + timedelta(days=self.dice.choice([0, 0, 0, 1, -1, -30, -400]))
        book = self.dice.choice([tracked, given])
        return book(
            self.dice.choice([ANNA, BEN]),
            self.dice.randint(1, 999),
            day=day,
            at=self.now,
            effective_on=effective_on(day, self.closed_until),
        )

    def _close(self, day: date) -> None:
        if services.close_period(
            self.books, programme_id=PROGRAMME, ends_on=day, now=self.now, closed_by="Zoé"
        ):
            self.closed_until = day

    def answers(self) -> Answers:
        """Ask for what can no longer change: this moment, a closed day, and both at once."""
        asked: list[tuple[datetime | None, date | None]] = [(self.now, None)]
        if self.closed_until is not None:
            earlier = self.closed_until - timedelta(days=self.dice.randint(0, 50))
            asked += [(None, earlier), (self.now, earlier), (self.now, self.now.date())]
        return {
            (account.id, moment, day): self.ask(account, moment, day)
            for account in ACCOUNTS
            for moment, day in asked
        }

    def ask(self, account: Account, moment: datetime | None, day: date | None) -> int:
        """Return a balance as of a moment, a day, or both."""
        found = selectors.balance(self.books, account, as_of_recorded=moment, as_of_effective=day)
        self.books.commit()
        return found


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_what_was_recorded_or_closed_reads_the_same_for_ever(books: Connection, seed: int) -> None:
    weeks = Weeks(books, seed)
    said: Answers = {}
    for _ in range(40):
        weeks.step()
        said.update(weeks.answers())
    accounts = {account.id: account for account in ACCOUNTS}
    again = {key: weeks.ask(accounts[key[0]], key[1], key[2]) for key in said}
    assert weeks.closed_until is not None
    assert again == said
    assert checks.verify(books) == []


def test_a_fact_of_the_future_counts_now_and_is_effective_on_its_day(books: Connection) -> None:
    services.post(books, [tracked(ANNA, 500, day=later(3).date())], batch_id=uuid4())
    account = member("pending", ANNA)
    effective = [
        selectors.balance(books, account, as_of_effective=later(days).date()) for days in (0, 2, 3)
    ]
    assert effective == [0, 0, 500]
    assert selectors.balance(books, account) == 500
    assert selectors.balance(books, account, as_of_recorded=NOON) == 500


def test_the_leap_day_is_a_day_like_any_other(books: Connection) -> None:
    services.post(books, [tracked(ANNA, 100, day=LEAP_DAY)], batch_id=uuid4())
    services.close_period(
        books, programme_id=PROGRAMME, ends_on=date(2028, 2, 28), now=NOON, closed_by="Zoé"
    )
    assert services.first_open_day(books, PROGRAMME, date(2028, 2, 1)) == LEAP_DAY
    days = [date(2028, 2, 28), LEAP_DAY, date(2028, 3, 1)]
    account = funder("accrued")
    assert [selectors.balance(books, account, as_of_effective=day) for day in days] == [0, 100, 100]


def readings(books: Connection) -> dict[str, object]:
    """Read the books in every way there is, none of which writes."""
    out = io.StringIO()
    account, wallet = funder("accrued"), member("pending", ANNA)
    found = {
        "now": selectors.balance(books, account),
        "recorded": selectors.balance(books, account, as_of_recorded=later(9)),
        "effective": selectors.balance(books, account, as_of_effective=later(9).date()),
        "member": selectors.balance(books, wallet),
        "member recorded": selectors.balance(books, wallet, as_of_recorded=later(9)),
        "trial": sum(row.debit_minor for row in selectors.balances_by_kind(books, PROGRAMME)),
        "entries": len(selectors.entries_of(books, account=account)),
        "digest": digest.digest(books, PROGRAMME),
        "exported": export.export(books, programme_id=PROGRAMME, format="csv", out=out),
    }
    books.commit()
    return {**found, "lines": sorted(out.getvalue().splitlines())}


def test_a_batch_written_slowly_is_seen_once_and_whole_by_every_reader(books: Connection) -> None:
    early, slow_one = tracked(BEN, 1), tracked(ANNA, 1000, at=later(1))
    overtaking = tracked(BEN, 20, at=later(2))
    services.post(books, [early], batch_id=uuid4())
    books.commit()
    with patient() as slow:
        # It began first and was recorded first; others come and go, fold and read while it takes its time.
        services.post(slow, [slow_one], batch_id=uuid4())
        services.post(books, [overtaking], batch_id=uuid4())
        services.fold(books, now=later(3))
        books.commit()
        during = readings(books)
        assert (during["now"], during["recorded"], during["member"]) == (21, 21, 0)
        assert (during["entries"], during["exported"]) == (2, 2)
        services.fold(books, now=later(4))
        books.commit()
        slow.commit()
    after = readings(books)
    assert (after["now"], after["recorded"], after["effective"], after["member"]) == (
        1021, 1021, 1021, 1000,
    )  # fmt: skip
    assert (after["member recorded"], after["trial"]) == (1000, 0)
    assert (after["entries"], after["exported"]) == (3, 3)
    services.fold(books, now=later(5))
    books.commit()
    assert readings(books) == after
    assert selectors.balance(books, funder("accrued"), as_of_recorded=NOON) == 1


def test_a_reader_at_one_moment_sees_none_of_a_batch_that_comes_meanwhile(
    books: Connection,
) -> None:
    services.post(books, [tracked(BEN, 1)], batch_id=uuid4())
    books.commit()
    before = readings(books)
    with patient() as reader:
        reader.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        first = selectors.balance(reader, funder("accrued"))
        services.post(books, [tracked(ANNA, 1000)], batch_id=uuid4())
        services.fold(books, now=NOON)
        books.commit()
        assert first == selectors.balance(reader, funder("accrued")) == before["now"]
        assert digest.digest(reader, PROGRAMME) == before["digest"]
        out = io.StringIO()
        assert export.export(reader, programme_id=PROGRAMME, format="csv", out=out) == 1
    assert readings(books)["now"] == 1001
