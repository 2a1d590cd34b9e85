"""The lane of single purchases: accounts opened and transactions posted without waiting for an answer."""

from uuid import UUID, uuid4

import pytest

from cagnotte.domain.errors import InsufficientFunds
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import selectors, services
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    Connection,
    funder,
    member,
    patient,
    spent,
    standing,
    tracked,
)


def stage(connection: Connection, *transactions: Transaction) -> UUID:
    """Open the accounts and stage the transactions as that lane does; return the id of their batch."""
    batch_id = uuid4()
    services.open_accounts_blindly(
        connection, {entry.account for each in transactions for entry in each.entries}
    )
    text = services.staged_text([services.render(each) for each in transactions], batch_id=batch_id)
    connection.execute(
        "INSERT INTO ledger_stage SELECT * FROM unnest(%s::text::ledger_stage[])", [text]
    )
    return batch_id


def test_what_is_posted_blindly_stands_as_if_it_had_been_posted(books: Connection) -> None:
    first, second = tracked(ANNA, 1240), tracked(BEN, 7)
    services.post_blindly(books, batch_id=stage(books, first, second))
    books.commit()
    assert selectors.balance(books, member("pending", ANNA)) == 1240
    assert selectors.balance(books, member("pending", BEN)) == 7
    assert selectors.balance(books, funder("accrued")) == 1247
    again = services.post(books, [first, second], batch_id=uuid4())
    assert (again.new, again.duplicates, again.conflicts) == (0, 2, [])


def test_nothing_to_post_is_an_array_without_rows() -> None:
    assert services.staged_text([], batch_id=None) == "{}"
    assert services.staged_text([], batch_id=uuid4()) == "{}"


def test_what_the_ledger_refuses_leaves_nothing(books: Connection) -> None:
    before = standing(books)
    batch_id = stage(books, spent(ANNA, 10))
    with pytest.raises(InsufficientFunds), services.refusals(books):
        services.post_blindly(books, batch_id=batch_id)
    books.rollback()
    services.forget_opened(books)
    assert standing(books) == before


def test_accounts_opened_blindly_are_known_once_they_are_committed(books: Connection) -> None:
    accounts = [member("pending", ANNA), funder("accrued")]
    services.open_accounts_blindly(books, accounts)
    assert services._known_accounts[books] == set()
    books.commit()
    services.note_committed(books)
    assert services._known_accounts[books] == {account.id for account in accounts}
    services.note_committed(books)
    assert services._known_accounts[books] == {account.id for account in accounts}


def test_accounts_that_were_rolled_back_are_opened_again(books: Connection) -> None:
    services.open_accounts_blindly(books, [member("pending", ANNA)])
    books.rollback()
    services.forget_opened(books)
    services.note_committed(books)
    assert services._known_accounts[books] == set()
    services.post_blindly(books, batch_id=stage(books, tracked(ANNA, 5)))
    books.commit()
    assert selectors.balance(books, member("pending", ANNA)) == 5


def test_the_memory_of_open_accounts_begins_again_when_it_is_full(
    books: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "KNOWN_ACCOUNTS_MAX", 2)
    one, two, three, four = (UUID(int=number) for number in range(4))
    services.note_open(books, [one, two])
    services.note_open(books, [three])
    assert services._known_accounts[books] == {one, two, three}
    services.note_open(books, [four])
    assert services._known_accounts[books] == {four}


def test_forgetting_what_was_never_opened_does_nothing(books: Connection) -> None:
    services.forget_opened(books)
    services.forget_opened(books)
    assert books not in services._opened_blindly


def test_accounts_that_others_opened_are_remembered_beside_new_ones(books: Connection) -> None:
    services.post(books, [tracked(ANNA, 5)], batch_id=uuid4())
    books.commit()
    with patient() as other:
        services.open_accounts(other, [member("pending", ANNA), member("pending", BEN)])
        assert member("pending", ANNA).id in services._known_accounts[other]
        other.rollback()
