"""Posting: what is written, what a replay does, what is refused."""

import time
from collections.abc import Iterable
from uuid import UUID, uuid4

import pytest

from cagnotte.domain.errors import (
    InsufficientFunds,
    LedgerError,
    PeriodClosed,
    UnbalancedTransaction,
)
from cagnotte.domain.ids import bucket_of
from cagnotte.domain.transactions import Entry, Transaction
from cagnotte.ledger import selectors, services
from cagnotte.ledger.services import PostResult
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    DAY,
    PROGRAMME,
    Connection,
    booking,
    funder,
    given,
    later,
    member,
    programme,
    spent,
    standing,
    tracked,
)


def post(books: Connection, *transactions: Transaction) -> PostResult:
    result = services.post(books, transactions, batch_id=uuid4())
    books.commit()
    return result


def close(books: Connection) -> bool:
    return services.close_period(
        books, programme_id=PROGRAMME, ends_on=DAY, now=later(30), closed_by="Zoé"
    )


def test_a_posted_transaction_moves_the_balances_of_its_accounts(books: Connection) -> None:
    assert post(books, tracked(ANNA, 1240)) == PostResult(1, 0, [])
    assert selectors.balance(books, member("pending", ANNA)) == 1240
    assert selectors.balance(books, funder("accrued")) == 1240


def test_an_account_that_was_never_opened_stands_at_zero(books: Connection) -> None:
    assert selectors.balance(books, member("pending", ANNA)) == 0


def test_posting_nothing_does_nothing(books: Connection) -> None:
    assert post(books) == PostResult(0, 0, [])


def test_a_replay_is_a_duplicate_and_moves_nothing(books: Connection) -> None:
    first, second = tracked(ANNA, 1240), tracked(BEN, 100)
    post(books, first, second)
    before = standing(books)
    assert post(books, second, first) == PostResult(0, 2, [])
    assert standing(books) == before


def test_a_replay_among_new_ones_is_left_out(books: Connection) -> None:
    first = tracked(ANNA, 1240)
    post(books, first)
    assert post(books, first, tracked(ANNA, 60)) == PostResult(1, 1, [])
    assert selectors.balance(books, member("pending", ANNA)) == 1300


def test_the_same_fact_with_other_content_is_a_conflict_and_the_rest_is_posted(
    books: Connection,
) -> None:
    fact = uuid4()
    first = tracked(ANNA, 1240, fact=fact)
    post(books, first)
    changed = tracked(ANNA, 9999, fact=fact)
    assert post(books, changed, tracked(BEN, 5)) == PostResult(1, 0, [changed.id])
    assert selectors.balance(books, member("pending", ANNA)) == 1240
    assert selectors.balance(books, member("pending", BEN)) == 5


def test_twice_the_same_in_one_batch_is_posted_once(books: Connection) -> None:
    fact = uuid4()
    first, other = tracked(ANNA, 10, fact=fact), tracked(ANNA, 11, fact=fact)
    assert post(books, first, first, first, other) == PostResult(1, 2, [other.id])
    assert selectors.balance(books, member("pending", ANNA)) == 10


def test_a_kind_with_a_tab_or_a_backslash_survives_the_copy(books: Connection) -> None:
    odd = tracked(ANNA, 10, kind="a\tb\\c\nd")
    post(books, odd)
    assert selectors.entries_of(books, fact_ids=[odd.fact_id])[0].transaction_kind == "a\tb\\c\nd"


def test_a_batch_id_is_used_once(books: Connection) -> None:
    batch_id = uuid4()
    services.post(books, [tracked(ANNA, 10)], batch_id=batch_id)
    books.commit()
    before = standing(books)
    with pytest.raises(LedgerError, match="batch id has been posted already"):
        services.post(books, [tracked(ANNA, 10)], batch_id=batch_id)
    assert standing(books) == before


def test_a_batch_id_may_come_again_with_its_own_content(books: Connection) -> None:
    batch_id, first = uuid4(), tracked(ANNA, 10)
    services.post(books, [first], batch_id=batch_id)
    books.commit()
    assert services.post(books, [first], batch_id=batch_id) == PostResult(0, 1, [])


def test_spending_more_than_is_available_is_refused_with_the_figures(books: Connection) -> None:
    post(books, given(ANNA, 1240))
    before = standing(books)
    with pytest.raises(InsufficientFunds) as refused:
        post(books, spent(ANNA, 1241))
    assert str(refused.value) == "The available balance of 12.40 EUR does not cover 12.41 EUR."
    facts = refused.value.facts
    assert facts["account_id"] == member("available", ANNA).id
    assert (facts["balance_minor"], facts["change_minor"]) == (1240, -1241)
    assert standing(books) == before


def test_one_overdrawn_wallet_stops_its_whole_batch(books: Connection) -> None:
    post(books, given(ANNA, 100), given(BEN, 100))
    before = standing(books)
    with pytest.raises(InsufficientFunds):
        post(books, spent(ANNA, 100), spent(BEN, 101))
    assert standing(books) == before


def test_what_comes_and_goes_in_one_batch_is_netted_before_the_check(books: Connection) -> None:
    assert post(books, spent(ANNA, 100), given(ANNA, 100)).new == 2
    assert selectors.balance(books, member("held", ANNA)) == 100


def test_legs_that_do_not_sum_to_zero_are_refused_by_the_database_too(books: Connection) -> None:
    fair = tracked(ANNA, 1240)
    unfair = fair._replace(entries=(Entry(funder("accrued"), 1241), fair.entries[1]))
    before = standing(books)
    with pytest.raises(UnbalancedTransaction) as refused:
        post(books, unfair)
    assert refused.value.facts["transaction_id"] == fair.id
    assert standing(books) == before


def test_currencies_are_summed_apart(books: Connection) -> None:
    fair = tracked(ANNA, 1240)
    mixed = fair._replace(entries=(Entry(funder("accrued", "USD"), 1240), fair.entries[1]))
    with pytest.raises(UnbalancedTransaction):
        post(books, mixed)


def test_a_transaction_with_one_leg_is_refused(books: Connection) -> None:
    fair = tracked(ANNA, 1240)
    before = standing(books)
    with pytest.raises(LedgerError):
        post(books, fair._replace(entries=fair.entries[:1]))
    assert standing(books) == before


def test_an_account_that_was_not_opened_is_named(books: Connection) -> None:
    lone = tracked(ANNA, 1240)
    with pytest.raises(LedgerError, match=str(member("pending", ANNA).id)):
        services.post_rendered(
            books, [services.render(lone)], [funder("accrued")], batch_id=uuid4()
        )


def test_accounts_opened_in_a_transaction_that_was_undone_are_opened_again(
    books: Connection,
) -> None:
    services.post(books, [tracked(ANNA, 10)], batch_id=uuid4())
    books.rollback()
    assert post(books, tracked(ANNA, 10)).new == 1
    assert selectors.balance(books, member("pending", ANNA)) == 10


def test_accounts_opened_in_a_savepoint_that_was_undone_are_opened_again(books: Connection) -> None:
    with books.transaction(force_rollback=True):
        services.open_accounts(books, [funder("accrued"), member("pending", ANNA)])
        services.open_accounts(books, [funder("accrued"), member("pending", ANNA)])
    assert post(books, tracked(ANNA, 10)).new == 1


def test_amounts_that_no_account_can_hold_are_refused(books: Connection) -> None:
    huge = 2**63 - 1
    post(books, tracked(ANNA, huge))
    before = standing(books)
    with pytest.raises(LedgerError, match="larger than an account can hold"):
        post(books, tracked(ANNA, huge))
    assert standing(books) == before


def test_nothing_is_booked_in_a_closed_period(books: Connection) -> None:
    post(books, tracked(ANNA, 10))
    assert close(books)
    books.commit()
    before = standing(books)
    with pytest.raises(PeriodClosed, match="closed until 2026-03-01"):
        post(books, tracked(ANNA, 10))
    assert standing(books) == before
    first = services.first_open_day(books, PROGRAMME, DAY)
    assert str(first) == "2026-03-02"
    assert post(books, tracked(ANNA, 10, effective_on=first)).new == 1


def test_a_replay_after_the_close_is_still_a_duplicate(books: Connection) -> None:
    first = tracked(ANNA, 10)
    post(books, first)
    assert close(books)
    assert post(books, first) == PostResult(0, 1, [])


def test_closing_what_is_closed_changes_nothing(books: Connection) -> None:
    assert close(books)
    assert not close(books)
    assert services.first_open_day(books, PROGRAMME, later(9).date()) == later(9).date()


def test_a_mistake_of_the_fact_keeps_its_date_and_moves_its_effect(books: Connection) -> None:
    late = tracked(ANNA, 10, effective_on=later(5).date())
    post(books, late)
    assert selectors.balance(books, member("pending", ANNA), as_of_effective=DAY) == 0
    row = selectors.entries_of(books, fact_ids=[late.fact_id])[0]
    assert (row.occurred_on, row.effective_on) == (DAY, later(5).date())


def test_both_modes_and_both_sides_in_one_transaction(books: Connection) -> None:
    post(books, given(ANNA, 50))
    legs = {
        member("available", ANNA): 50,
        member("owing", ANNA): 20,
        programme("losses"): 5,
        funder("due"): -75,
    }
    post(books, booking(legs, kind="clawback"))
    assert [selectors.balance(books, account) for account in legs] == [0, 20, 5, -75]


def test_a_closed_period_says_who_closed_it_and_when(books: Connection) -> None:
    assert close(books)
    query = "SELECT programme_id, ends_on, closed_at, closed_by FROM ledger_period"
    assert books.execute(query).fetchall() == [(PROGRAMME, DAY, later(30), "Zoé")]


def test_periods_are_closed_for_one_programme(books: Connection) -> None:
    assert close(books)
    assert services.first_open_day(books, PROGRAMME, DAY) == later(1).date()
    assert services.first_open_day(books, uuid4(), DAY) == DAY


def test_posting_no_lines_opens_no_account(books: Connection) -> None:
    result = services.post_rendered(books, [], [funder("accrued")], batch_id=uuid4())
    assert result == PostResult(0, 0, [])
    assert books.execute("SELECT count(*) FROM ledger_account").fetchone() == (0,)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many accounts the database is asked for, each time it is asked."""
    counts: list[int] = []
    ask = services._committed

    def counted(connection: Connection, hexes: Iterable[str]) -> list[UUID]:
        wanted = list(hexes)
        counts.append(len(wanted))
        return ask(connection, wanted)

    monkeypatch.setattr(services, "_committed", counted)
    return counts


def test_an_account_that_is_known_to_be_open_is_not_asked_for_again(
    books: Connection, asked: list[int]
) -> None:
    first, second = funder("accrued"), member("pending", ANNA)
    services.open_accounts(books, [first])
    services.open_accounts(books, [first])
    assert asked == [1, 1], "what this transaction opened may still be undone"
    books.commit()
    services.open_accounts(books, [first])
    services.open_accounts(books, [first])
    services.open_accounts(books, [first, second])
    assert asked == [1, 1, 1, 1]
    services.open_accounts(books, [second])
    assert asked == [1, 1, 1, 1, 1]


def test_the_memory_of_open_accounts_has_an_end(
    books: Connection, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "KNOWN_ACCOUNTS_MAX", 2)
    accounts = [member("pending", ANNA), member("pending", BEN), funder("accrued")]
    services.open_accounts(books, accounts)
    books.commit()
    for account in accounts[:2]:
        services.open_accounts(books, [account])
    services.open_accounts(books, accounts[:2])
    assert asked == [3, 1, 1], "two are remembered"
    services.open_accounts(books, accounts)
    services.open_accounts(books, [accounts[2]])
    assert asked == [3, 1, 1, 1], "the third is, in place of both"
    services.open_accounts(books, accounts)
    assert asked == [3, 1, 1, 1, 2]


def test_accounts_are_opened_in_the_bucket_of_their_owner(books: Connection) -> None:
    accounts = [member("pending", ANNA), member("pending", BEN), funder("accrued", "JPY")]
    services.open_accounts(books, accounts)
    query = "SELECT id, programme_id, kind, owner_id, currency FROM ledger_account ORDER BY id"
    assert books.execute(query).fetchall() == sorted(
        (account.id, PROGRAMME, account.kind, account.owner_id, account.currency)
        for account in accounts
    )
    query = "SELECT account_id, bucket FROM ledger_balance ORDER BY account_id"
    assert books.execute(query).fetchall() == sorted(
        (account.id, bucket_of(account.owner_id)) for account in accounts[:2]
    )


def test_a_transaction_is_written_as_it_is(books: Connection) -> None:
    made = tracked(ANNA, 1240, kind="odd", at=later(3), effective_on=later(5).date())
    post(books, made._replace(step=2))
    query = """
        SELECT bucket, id, programme_id, book_id, kind, fact_id, step, occurred_on, effective_on,
               recorded_at, payload_hash, legs
        FROM ledger_transaction
    """
    assert books.execute(query).fetchall() == [
        (
            made.bucket,
            made.id,
            PROGRAMME,
            ANNA,
            "odd",
            made.fact_id,
            2,
            DAY,
            later(5).date(),
            later(3),
            made.payload_hash,
            2,
        )
    ]


def test_folding_says_how_many_accounts_it_moved(books: Connection) -> None:
    post(books, tracked(ANNA, 10), given(ANNA, 5))
    moved = 0
    for _ in range(600):
        moved += services.fold(books, now=later(7))
        books.commit()
        if moved:
            break
        time.sleep(0.05)
    assert moved == 2
    query = "SELECT DISTINCT folded_at FROM ledger_snapshot"
    assert books.execute(query).fetchall() == [(later(7),)]
