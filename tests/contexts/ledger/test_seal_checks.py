"""Checks of the seals: what they find is told in words and facts, and in portions that memory can hold."""

from uuid import UUID, uuid4

import pytest

from cagnotte.domain.ids import derived_id
from cagnotte.ledger import seal_checks, seals
from cagnotte.ledger.checks import Finding
from cagnotte.ledger.seal_checks import SealedParts
from cagnotte.ledger.seals import SealedBatch
from tests.contexts.ledger.books import ANNA, BEN, PROGRAMME, Connection, given, later, tracked
from tests.contexts.ledger.sealing import everything, seal_all
from tests.contexts.ledger.test_seals import (
    cut_off_after,
    elsewhere,
    post,
    wait_until_all_is_finished,
)

BATCH = UUID(int=77)


@pytest.fixture
def sealed(books: Connection) -> list[UUID]:
    """Five sealed batches of 1, 2, 1, 5 and 1 transactions, in the order of their ids."""
    ids = []
    for day, count in enumerate((1, 2, 1, 5, 1)):
        ids.append(derived_id(later(day), "batch"))
        made = [tracked(ANNA, 1 + number) for number in range(count)]
        post(books, *made, batch_id=ids[-1])
        seal_all(books)
    return ids


def tamper(owner: Connection, statement: str) -> None:
    """Change rows behind the guards' back, as a superuser could."""
    for table in ("transaction", "entry", "balance", "seal", "sealed_batch"):
        owner.execute(f"ALTER TABLE ledger_{table} DISABLE TRIGGER USER".encode())
    assert owner.execute(statement.encode()).rowcount > 0
    owner.commit()


def found_by(name: str, connection: Connection) -> list[Finding]:
    [check] = [check for check in seal_checks.CHECKS if check.name == name]
    found = list(check.find(connection))
    connection.rollback()
    return found


def number_of(connection: Connection, batch_id: UUID) -> int:
    query = "SELECT number FROM ledger_sealed_batch WHERE batch_id = %s"
    row = connection.execute(query, [batch_id]).fetchone()
    connection.rollback()
    assert row is not None
    return int(row[0])


def test_a_batch_that_changed_is_told_with_what_was_sealed() -> None:
    facts = {"batch_id": BATCH, "programme_id": PROGRAMME, "number": 4}
    sealed = SealedBatch(BATCH, 2, b"one")
    assert [
        seal_checks._changed(PROGRAMME, None, None, SealedBatch(BATCH, 3, b"one")),
        seal_checks._changed(PROGRAMME, 4, sealed, SealedBatch(BATCH, 3, b"one")),
        seal_checks._changed(PROGRAMME, 4, sealed, SealedBatch(BATCH, 2, b"other")),
    ] == [
        Finding(
            "sealed_batches",
            f"Batch {BATCH} holds 3 transaction(s) of programme {PROGRAMME} "
            "that were not there when it was sealed.",
            {**facts, "number": None},
        ),
        Finding(
            "sealed_batches",
            f"Batch {BATCH} of seal 4 holds 3 transaction(s), and 2 were sealed.",
            facts,
        ),
        Finding(
            "sealed_batches", f"Batch {BATCH} of seal 4 no longer holds what was sealed.", facts
        ),
    ]


def test_each_changed_batch_is_named_with_its_programme_and_seal(
    books: Connection, owner: Connection, sealed: list[UUID]
) -> None:
    first, second, *_ = sealed
    tamper(owner, f"UPDATE ledger_transaction SET step = 9 WHERE batch_id = '{first}'")
    tamper(owner, f"DELETE FROM ledger_transaction WHERE batch_id = '{second}'")
    one, two = number_of(books, first), number_of(books, second)
    assert found_by("sealed_batches", books) == [
        Finding(
            "sealed_batches",
            f"Batch {first} of seal {one} no longer holds what was sealed.",
            {"batch_id": first, "programme_id": PROGRAMME, "number": one},
        ),
        Finding(
            "sealed_batches",
            f"Batch {second} of seal {two} holds 0 transaction(s), and 2 were sealed.",
            {"batch_id": second, "programme_id": PROGRAMME, "number": two},
        ),
    ]


def test_transactions_of_a_programme_that_had_none_in_a_sealed_batch_are_named(
    books: Connection, owner: Connection, sealed: list[UUID]
) -> None:
    stranger = uuid4()
    four = sealed[3]
    tamper(
        owner,
        f"UPDATE ledger_transaction SET programme_id = '{stranger}' WHERE batch_id = '{four}' "
        f"AND id = (SELECT min(id::text)::uuid FROM ledger_transaction WHERE batch_id = '{four}')",
    )
    assert {
        (finding.facts["programme_id"], finding.facts["number"])
        for finding in found_by("sealed_batches", books)
    } == {(stranger, None), (PROGRAMME, number_of(books, four))}


def test_batches_are_hashed_anew_in_portions_so_that_memory_stays_flat(
    books: Connection, owner: Connection, sealed: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = seal_checks._compare
    portions: list[list[UUID]] = []

    def noted(connection: Connection, parts: SealedParts) -> object:
        portions.append([batch_id for batch_id, _ in parts])
        return compare(connection, parts)

    tamper(owner, "UPDATE ledger_transaction SET step = 9")
    monkeypatch.setattr(seal_checks, "_compare", noted)
    monkeypatch.setattr(seals, "TRANSACTIONS_AT_ONCE", 3)
    one, two, three, four, five = sealed
    found = found_by("sealed_batches", books)
    assert portions == [[one, two], [three], [four], [five]]
    assert [finding.facts["batch_id"] for finding in found] == sealed


def test_what_is_found_beyond_the_most_that_is_named_is_counted(
    books: Connection, owner: Connection, sealed: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    tamper(owner, "UPDATE ledger_transaction SET step = 9")
    tamper(owner, "UPDATE ledger_seal SET body = 'no', hash = sha256('no')")
    monkeypatch.setattr(seal_checks, "FINDINGS_MAX", 1)
    for name, total in (("sealed_batches", 5), ("seals", len(everything(books)))):
        first, rest = found_by(name, books)
        assert first.check == name
        assert rest == Finding(name, f"… {total} in all.", {"total": total})


def test_a_broken_seal_is_named_with_its_programme_and_number(
    books: Connection, owner: Connection, sealed: list[UUID]
) -> None:
    tamper(owner, "UPDATE ledger_seal SET hash = sha256(hash) WHERE number = 2")
    first, *_ = found_by("seals", books)
    assert first == Finding(
        "seals",
        f"Seal 2 of programme {PROGRAMME} does not have the hash of its text.",
        {"programme_id": PROGRAMME, "number": 2},
    )


def test_a_debt_that_changed_is_named_with_the_seal_that_tells_it(
    books: Connection, owner: Connection
) -> None:
    post(books, given(ANNA, 500), given(BEN, 7))
    seal_all(books)
    tamper(owner, "UPDATE ledger_balance SET amount_minor = 8 WHERE amount_minor = 7")
    number = seals.head(books, PROGRAMME).number
    assert found_by("sealed_debts", books) == [
        Finding(
            "sealed_debts",
            f"What seal {number} of programme {PROGRAMME} says is owed, or stands at the bank, "
            "is no longer what the balances say.",
            {"programme_id": PROGRAMME, "number": number},
        )
    ]


def test_a_seal_that_is_gone_is_named_by_those_that_follow(
    books: Connection, owner: Connection, sealed: list[UUID]
) -> None:
    last = len(everything(books))
    tamper(owner, "DELETE FROM ledger_seal WHERE number = 2")
    assert [finding.sentence for finding in found_by("seals", books)] == [
        f"Seal 3 of programme {PROGRAMME} follows 1: a seal is missing.",
        *[
            f"Seal {number} of programme {PROGRAMME} does not continue the seals before it."
            for number in range(3, last + 1)
        ],
    ]


def test_a_seal_that_lost_a_batch_is_named(
    books: Connection, owner: Connection, sealed: list[UUID]
) -> None:
    number = number_of(books, sealed[2])
    tamper(owner, f"DELETE FROM ledger_sealed_batch WHERE batch_id = '{sealed[2]}'")
    assert [finding.sentence for finding in found_by("seals", books)] == [
        f"Seal {number} of programme {PROGRAMME} does not hold the batches that were sealed."
    ]


def test_a_debt_that_changed_is_named_though_an_earlier_programmes_seals_tell_none_yet(
    books: Connection, owner: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(books, given(ANNA, 500), given(BEN, 7))
    seal_all(books)
    for amount in (9, 10):
        post(books, elsewhere(amount, number=0))
    wait_until_all_is_finished(books)
    with cut_off_after(1, monkeypatch), pytest.raises(ConnectionError):
        seals.seal(books, now=later(1), batches_max=1)
    assert [one.is_complete for one in seals.heads(books)] == [False, True]
    assert found_by("sealed_debts", books) == []
    tamper(owner, "UPDATE ledger_balance SET amount_minor = 8 WHERE amount_minor = 7")
    assert [finding.facts["programme_id"] for finding in found_by("sealed_debts", books)] == [
        PROGRAMME
    ]
