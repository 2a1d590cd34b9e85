"""Reading balances: now, as of a moment or a day, folded or not, while others write."""

import time
from uuid import uuid4

import pytest
from psycopg import errors

from cagnotte.domain.chart import Account
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import checks, selectors, services
from cagnotte.ledger.selectors import KindBalance, MemberBalances
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    NOON,
    PROGRAMME,
    Connection,
    booking,
    funder,
    given,
    later,
    member,
    patient,
    spent,
    tracked,
)


def post(books: Connection, *transactions: Transaction) -> None:
    services.post(books, transactions, batch_id=uuid4())
    books.commit()


@pytest.mark.parametrize(
    "account", [funder("accrued"), member("pending", ANNA)], ids=["delta", "row"]
)
def test_as_of_a_moment_and_as_of_a_day(books: Connection, account: Account) -> None:
    # Two of the three share a batch that the moments asked for cut in two.
    post(books, tracked(ANNA, 100, at=NOON), tracked(ANNA, 20, at=later(10)))
    post(books, tracked(ANNA, 3, at=later(20), day=later(2).date()))

    def stands(recorded: int | None = None, effective: int | None = None) -> int:
        return selectors.balance(
            books,
            account,
            as_of_recorded=None if recorded is None else later(recorded),
            as_of_effective=None if effective is None else later(effective).date(),
        )

    assert stands() == 123
    assert [stands(recorded=day) for day in (-1, 0, 9, 10, 19, 20, 99)] == [
        0, 100, 100, 120, 120, 123, 123,
    ]  # fmt: skip
    assert [stands(effective=day) for day in (-1, 0, 1, 2, 99)] == [0, 120, 120, 123, 123]
    assert [stands(recorded=15, effective=day) for day in (0, 2)] == [120, 120]
    assert [stands(recorded=20, effective=day) for day in (0, 2)] == [120, 123]


def test_a_back_dated_entry_changes_the_day_not_what_was_known(books: Connection) -> None:
    post(books, tracked(ANNA, 100))
    post(books, tracked(ANNA, 7, at=later(30)))
    account = funder("accrued")
    assert selectors.balance(books, account, as_of_recorded=later(29)) == 100
    assert selectors.balance(books, account, as_of_effective=NOON.date()) == 107


def test_members_balances_are_read_and_locked_by_wallet(books: Connection) -> None:
    post(books, given(ANNA, 500), tracked(ANNA, 30))
    post(books, spent(ANNA, 120))
    expected = {
        ANNA: MemberBalances(pending=30, available=380, held=120),
        BEN: MemberBalances(),
    }
    assert selectors.member_balances(books, [ANNA, BEN], PROGRAMME, "EUR") == expected
    assert selectors.lock_member_balances(books, [BEN, ANNA], PROGRAMME, "EUR") == expected


def test_what_a_member_sees_is_available_less_owing() -> None:
    assert MemberBalances(available=0, owing=250).shown == -250


def test_the_trial_balance_sums_to_zero_in_each_currency(books: Connection) -> None:
    euros = tracked(ANNA, 1240)
    dinars = booking({funder("accrued", "TND"): 5000, member("pending", BEN, "TND"): -5000})
    post(books, euros, dinars, given(ANNA, 60))
    rows = selectors.balances_by_kind(books, PROGRAMME)
    assert [(row.kind, row.currency, row.own_minor, row.debit_minor) for row in rows] == [
        ("member.pending", "EUR", 1240, -1240),
        ("member.available", "EUR", 60, -60),
        ("funder.accrued", "EUR", 1240, 1240),
        ("programme.promotions", "EUR", 60, 60),
        ("member.pending", "TND", 5000, -5000),
        ("funder.accrued", "TND", 5000, 5000),
    ]


def test_the_trial_balance_counts_the_accounts_of_each_kind(books: Connection) -> None:
    post(books, tracked(ANNA, 10), tracked(BEN, 5))
    assert selectors.balances_by_kind(books, PROGRAMME) == [
        KindBalance("member.pending", "EUR", 2, 15, -15),
        KindBalance("funder.accrued", "EUR", 1, 15, 15),
    ]
    assert selectors.balances_by_kind(books, uuid4()) == []
    assert selectors.entries_of(books) == []


@pytest.mark.parametrize(
    "account", [funder("accrued"), member("pending", ANNA)], ids=["delta", "row"]
)
def test_a_balance_by_id_is_in_the_accounts_own_side(books: Connection, account: Account) -> None:
    assert selectors.balance_of_id(books, account.id) == 0
    post(books, tracked(ANNA, 1240))
    assert selectors.balance_of_id(books, account.id) == 1240


def test_balances_are_locked_until_the_transaction_ends(books: Connection) -> None:
    post(books, given(ANNA, 500))
    selectors.lock_member_balances(books, [ANNA], PROGRAMME, "EUR")
    with patient() as other:
        other.execute("SET lock_timeout = '50ms'")
        with pytest.raises(errors.LockNotAvailable):
            selectors.lock_member_balances(other, [ANNA], PROGRAMME, "EUR")
        other.rollback()
        assert selectors.member_balances(other, [ANNA], PROGRAMME, "EUR") == {
            ANNA: MemberBalances(available=500)
        }


def test_a_first_spend_opens_the_accounts_it_locks(books: Connection) -> None:
    locked = selectors.lock_member_balances(books, [BEN], PROGRAMME, "EUR")
    assert locked == {BEN: MemberBalances()}
    query = "SELECT kind FROM ledger_account WHERE owner_id = %s ORDER BY kind"
    opened = [kind for (kind,) in books.execute(query, [BEN])]
    assert opened == [
        "member.available",
        "member.confirmed",
        "member.held",
        "member.owing",
        "member.pending",
    ]


def test_the_last_day_of_closed_books_is_the_programmes_own(books: Connection) -> None:
    assert selectors.closed_until(books, PROGRAMME) is None
    for days in (9, 3):
        services.close_period(
            books,
            programme_id=PROGRAMME,
            ends_on=later(days).date(),
            now=later(10),
            closed_by="Zoé",
        )
    assert selectors.closed_until(books, PROGRAMME) == later(9).date()
    assert selectors.closed_until(books, uuid4()) is None


def test_the_entries_of_an_account_are_those_of_its_facts(books: Connection) -> None:
    first, second = tracked(ANNA, 100), tracked(ANNA, 20, at=later(1))
    post(books, second, first, tracked(BEN, 1))
    mine = selectors.entries_of(books, account=member("pending", ANNA))
    assert [(row.fact_id, row.amount_minor) for row in mine] == [
        (first.fact_id, -100),
        (second.fact_id, -20),
    ]
    both = selectors.entries_of(books, fact_ids=[first.fact_id, second.fact_id])
    assert [(row.kind, row.amount_minor) for row in both] == [
        ("funder.accrued", 100),
        ("member.pending", -100),
        ("funder.accrued", 20),
        ("member.pending", -20),
    ]
    assert len(selectors.entries_of(books, account=funder("accrued"))) == 3
    one = selectors.entries_of(
        books, fact_ids=[first.fact_id, second.fact_id], account=member("pending", ANNA)
    )
    assert one == mine


def fold(connection: Connection) -> None:
    """Fold once. How far it gets depends on all sessions of the server, other tests' among them."""
    services.fold(connection, now=NOON)
    connection.commit()


def fold_all(connection: Connection) -> None:
    """Fold until nothing is left to fold."""
    left = """
        SELECT count(*) FROM ledger_delta
        WHERE x >= coalesce((SELECT mark FROM ledger_snapshot ORDER BY mark DESC LIMIT 1), '0')
    """
    for _ in range(600):
        fold(connection)
        row = connection.execute(left).fetchone()
        connection.rollback()
        if row == (0,):
            return
        time.sleep(0.05)
    pytest.fail("the deltas were never folded")


def stands(connection: Connection) -> int:
    amount_minor = selectors.balance(connection, funder("accrued"))
    connection.rollback()
    return amount_minor


def test_folding_changes_no_balance(books: Connection) -> None:
    for amount in (100, 20, 3):
        post(books, tracked(ANNA, amount))
    fold_all(books)
    assert stands(books) == 123
    assert services.fold(books, now=NOON) == 0
    post(books, tracked(ANNA, 4000))
    assert stands(books) == 4123
    fold_all(books)
    assert stands(books) == 4123
    assert selectors.balance(books, funder("accrued"), as_of_recorded=NOON) == 4123
    assert checks.verify(books) == []


def test_folding_waits_for_a_slower_transaction_that_began_earlier(books: Connection) -> None:
    post(books, tracked(BEN, 1), tracked(ANNA, 1))
    with patient() as slow:
        services.post(slow, [tracked(ANNA, 1000)], batch_id=uuid4())
        post(books, tracked(BEN, 20))
        fold(books)
        assert stands(books) == 22
        query = "SELECT bool_and(mark <= pg_current_xact_id()) FROM ledger_snapshot"
        assert slow.execute(query).fetchone() in {(True,), (None,)}
        slow.commit()
        assert stands(books) == 1022
    fold_all(books)
    assert stands(books) == 1022
    assert checks.verify(books) == []


def test_a_transaction_that_was_undone_leaves_no_trace_in_a_snapshot(books: Connection) -> None:
    post(books, tracked(BEN, 1), tracked(ANNA, 1))
    with patient() as slow:
        services.post(slow, [tracked(ANNA, 1000)], batch_id=uuid4())
        post(books, tracked(BEN, 20))
        fold(books)
        slow.rollback()
    fold_all(books)
    assert stands(books) == 22
    assert checks.verify(books) == []
