"""The digest: equal books give equal hashes, whatever the ids, batches and times."""

import hashlib
from uuid import UUID, uuid4

from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import services
from cagnotte.ledger.digest import Tally, digest
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    FUNDER,
    PROGRAMME,
    Connection,
    given,
    later,
    tracked,
)


def digest_of(books: Connection, *batches: list[Transaction], **more: object) -> str:
    """The digest of a ledger that holds these batches, which are undone afterwards."""
    with books.transaction(force_rollback=True):
        for batch in batches:
            services.post(books, batch, batch_id=uuid4())
        return digest(books, PROGRAMME, **more)  # type: ignore[arg-type]


def test_batches_ids_and_times_do_not_count(books: Connection) -> None:
    one = digest_of(books, [tracked(ANNA, 100), tracked(BEN, 20), tracked(ANNA, 3)])
    other = digest_of(books, [tracked(BEN, 20, at=later(1))], [tracked(ANNA, 103)])
    assert one == other


def test_a_cent_counts(books: Connection) -> None:
    assert digest_of(books, [tracked(ANNA, 100)]) != digest_of(books, [tracked(ANNA, 101)])


def test_whose_it_is_counts(books: Connection) -> None:
    assert digest_of(books, [tracked(ANNA, 100)]) != digest_of(books, [tracked(BEN, 100)])


def test_owners_count_by_their_natural_key(books: Connection) -> None:
    stranger = UUID(int=7)
    names = {ANNA: "anna", stranger: "anna"}
    one, other = (
        digest_of(books, [given(wallet, 5)], key_of=lambda owner: names.get(owner, str(owner)))
        for wallet in (ANNA, stranger)
    )
    assert one == other


def test_an_account_at_zero_counts_as_none(books: Connection) -> None:
    assert digest_of(books, [tracked(ANNA, 5), tracked(ANNA, -5)]) == digest_of(books)


def test_a_tally_does_not_depend_on_order_but_on_every_row() -> None:
    first, second, third = Tally(), Tally(), Tally()
    for row in ("a", "b", "b"):
        first.add(row, 1)
    for row in ("b", "a", "b"):
        second.add(row, 1)
    for row in ("a", "b"):
        third.add(row, 1)
    assert first.hexdigest() == second.hexdigest() != third.hexdigest()


def hashed(*rows: str) -> str:
    """The hash of a set of rows, computed the long way; the parts of a row are divided by bars."""
    sums = sum(
        int.from_bytes(hashlib.sha256(row.replace("|", "\x1f").encode()).digest(), "big")
        for row in rows
    )
    return hashlib.sha256((sums % 2**256).to_bytes(32, "big")).hexdigest()


def test_a_tally_is_the_hash_of_a_sum_of_hashes() -> None:
    tally = Tally()
    assert tally.hexdigest() == hashed()
    for number in range(5):
        tally.add("ab", number, "EUR")
    assert tally.hexdigest() == hashed(*(f"ab|{number}|EUR" for number in range(5)))


def test_a_digest_counts_the_sums_of_accounts_and_of_books_under_their_natural_keys(
    books: Connection,
) -> None:
    made = [tracked(ANNA, 100), tracked(BEN, 20), tracked(ANNA, 3)]
    names = {ANNA: "anna", BEN: "ben", FUNDER: "dairy"}
    assert digest_of(books, made, key_of=names.__getitem__) == hashed(
        "account|funder.accrued|dairy|EUR|123",
        "account|member.pending|anna|EUR|-103",
        "account|member.pending|ben|EUR|-20",
        "book|anna|funder.accrued|dairy|EUR|103",
        "book|anna|member.pending|anna|EUR|-103",
        "book|ben|funder.accrued|dairy|EUR|20",
        "book|ben|member.pending|ben|EUR|-20",
    )


def test_owners_and_books_without_a_natural_key_count_by_their_id(books: Connection) -> None:
    assert digest_of(books, [tracked(ANNA, 7)]) == hashed(
        f"account|funder.accrued|{FUNDER}|EUR|7",
        f"account|member.pending|{ANNA}|EUR|-7",
        f"book|{ANNA}|funder.accrued|{FUNDER}|EUR|7",
        f"book|{ANNA}|member.pending|{ANNA}|EUR|-7",
    )


def test_rows_of_other_contexts_are_added_by_the_caller(books: Connection) -> None:
    tally = Tally()
    tally.add("lot", 5)
    told = digest_of(books, tally=tally)
    assert told == hashed("lot|5") == tally.hexdigest()


def test_another_programme_does_not_count(books: Connection) -> None:
    services.post(books, [tracked(ANNA, 100)], batch_id=uuid4())
    assert digest(books, uuid4()) == hashed()
