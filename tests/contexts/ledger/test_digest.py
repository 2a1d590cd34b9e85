"""The digest: equal books give equal hashes, whatever the ids, batches and times."""

from uuid import UUID, uuid4

from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import services
from cagnotte.ledger.digest import Tally, digest
from tests.contexts.ledger.books import ANNA, BEN, PROGRAMME, Connection, given, later, tracked


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
