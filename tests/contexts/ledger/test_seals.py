"""Seals: every finished batch once, off the hot path; whatever is changed afterwards is named."""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from cagnotte.domain.chart import Account
from cagnotte.domain.errors import LedgerError, NotFound
from cagnotte.domain.ids import derived_id
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import seal_checks, seals, services
from cagnotte.ledger.checks import Finding
from cagnotte.ledger.seals import Sealed
from cagnotte.ledger.trees import leaf_hash, root_of
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
    programme,
    spent,
    tracked,
)
from tests.contexts.ledger.sealing import everything, seal_all


def post(connection: Connection, *transactions: Transaction, batch_id: UUID | None = None) -> UUID:
    batch_id = batch_id or uuid4()
    services.post(connection, transactions, batch_id=batch_id)
    connection.commit()
    return batch_id


def faults(connection: Connection) -> set[str]:
    """Every finding of the checks of seals, as its check and sentence."""
    found = {
        f"{finding.check}: {finding.sentence}"
        for check in seal_checks.CHECKS
        for finding in check.find(connection)
    }
    connection.rollback()
    return found


def sealed_batches(connection: Connection) -> list[tuple[int, UUID]]:
    query = "SELECT number, batch_id FROM ledger_sealed_batch ORDER BY number, batch_id"
    rows = connection.execute(query).fetchall()
    connection.rollback()
    return rows


# ---- Sealing ------------------------------------------------------------------------------------------------------


def test_a_seal_says_what_it_covers_and_what_is_owed(books: Connection) -> None:
    first = post(books, tracked(ANNA, 1240), given(ANNA, 500), at_ms(1))
    second = post(books, spent(ANNA, 200), tracked(BEN, 7))
    total = seal_all(books)
    assert (total.batches, total.transactions, total.waiting) == (2, 5, 0)
    found = seals.head(books, PROGRAMME)
    assert sum(each.facts["batches"] for each in everything(books)) == 2
    assert sum(each.facts["transactions"] for each in everything(books)) == 5
    assert found.facts["owed"] == {
        "EUR": {
            "root": found.facts["owed"]["EUR"]["root"],
            "wallets": 2,
            "pending": 1248,
            "confirmed": 0,
            "available": 300,
            "held": 200,
            "vouchers": 0,
            "unclaimed": 0,
            "payouts": 0,
            "donations": 0,
            "deposits": 0,
            "bank": 0,
        }
    }
    assert {batch for _, batch in sealed_batches(books)} == {first, second}
    assert faults(books) == set()


def at_ms(amount_minor: int) -> Transaction:
    return tracked(ANNA, amount_minor, at=NOON + timedelta(milliseconds=amount_minor))


def test_sealing_again_seals_nothing(books: Connection) -> None:
    post(books, tracked(ANNA, 1240))
    seal_all(books)
    before = everything(books)
    assert seals.seal(books, now=later(1)) == Sealed()
    assert everything(books) == before


def test_an_empty_ledger_has_no_seal(books: Connection) -> None:
    assert seals.seal(books, now=NOON) == Sealed()
    with pytest.raises(NotFound, match="cagnotte ledger seal"):
        seals.head(books, PROGRAMME)


def test_each_seal_names_the_one_before_and_all_before_it(books: Connection) -> None:
    for amount in (1, 2, 3):
        post(books, tracked(ANNA, amount))
        seal_all(books)
    chain = everything(books)
    assert [one.number for one in chain] == list(range(1, len(chain) + 1))
    assert [one.facts["previous"] for one in chain] == ["", *(one.hash.hex() for one in chain[:-1])]
    assert faults(books) == set()


def test_the_text_of_a_seal_says_all_that_is_in_it(books: Connection) -> None:
    batch_id = post(books, tracked(ANNA, 1240), given(ANNA, 500))
    seal_all(books, now=NOON + timedelta(microseconds=7))
    [first, *_] = everything(books)
    [batch] = seals.batches_of(books, PROGRAMME, 1)
    assert (batch.batch_id, batch.transactions) == (batch_id, 2)
    text = f'["cagnotte-batch-1","{batch_id}",2,"{batch.root.hex()}"]'
    assert (batch.text, batch.leaf) == (text, leaf_hash(text.encode()))
    told = dict(first.facts)
    assert first.body == json.dumps(told, separators=(",", ":"))
    if first.is_complete:
        assert (told.pop("decimals"), told.pop("owed").keys()) == ({"EUR": 2}, {"EUR"})
    else:
        assert (told.pop("decimals"), told.pop("owed")) == ({}, None)
    assert int(told.pop("mark")) > 0
    assert told == {
        "format": "cagnotte-seal-1",
        "programme": str(PROGRAMME),
        "number": 1,
        "previous": "",
        "history": root_of([]).hex(),
        "sealed_at": "2026-03-01T12:00:00+00:00",
        "batches": 1,
        "transactions": 2,
        "root": root_of([batch.leaf]).hex(),
    }
    assert first.hash == seals.body_hash(first.body) == hashlib.sha256(first.body.encode()).digest()


def test_texts_that_are_hashed_keep_their_letters() -> None:
    assert seals.canonical({"b": ["Zoé", 1], "a": None}) == '{"b":["Zoé",1],"a":null}'


def elsewhere(amount_minor: int, *, number: int = 255) -> Transaction:
    """Money given by another programme, whose id ends in a number."""
    other = UUID(f"00000000-0000-7000-8000-0000000000{number:02x}")
    legs = {
        Account("programme.promotions", other, other, "EUR"): amount_minor,
        Account("member.available", BEN, other, "EUR"): -amount_minor,
    }
    return booking(legs)._replace(programme_id=other)


def test_a_run_says_what_it_sealed(books: Connection) -> None:
    post(books, tracked(ANNA, 1), tracked(ANNA, 2), elsewhere(9))
    post(books, tracked(ANNA, 3))
    wait_until_all_is_finished(books)
    assert seals.seal(books, now=NOON) == Sealed(seals=2, batches=2, transactions=4, waiting=0)


def test_a_run_of_several_steps_says_what_it_sealed_in_all(books: Connection) -> None:
    for count in (1, 2, 3):
        post(books, *(tracked(ANNA, number) for number in range(1, count + 1)))
    wait_until_all_is_finished(books)
    told = seals.seal(books, now=NOON, batches_max=1)
    assert (told.batches, told.transactions, told.waiting) == (3, 6, 0)


def test_a_batch_without_transactions_is_in_no_seal_and_keeps_nobody_busy(
    books: Connection, owner: Connection
) -> None:
    first, empty = post(books, tracked(ANNA, 1)), uuid4()
    columns = [name for (name,) in owner.execute(COLUMNS_OF_BATCHES)]
    values = ["%s" if name == "batch_id" else name for name in columns]
    owner.execute("ALTER TABLE ledger_batch DISABLE TRIGGER USER")
    for batch_id in (empty, uuid4()):
        owner.execute(
            f"INSERT INTO ledger_batch ({', '.join(columns)})"
            f" SELECT {', '.join(values)} FROM ledger_batch WHERE batch_id = '{first}'".encode(),
            [batch_id],
        )
    owner.execute(
        "UPDATE ledger_batch SET x = '2' WHERE batch_id <> %s",
        [first],
    )
    owner.commit()
    wait_until_all_is_finished(books)
    assert seals.seal(books, now=NOON, batches_max=1).waiting == 3
    told = seals.seal(books, now=NOON)
    assert (told.batches, told.waiting) == (1, 2)
    assert [batch for _, batch in sealed_batches(books)] == [first]


COLUMNS_OF_BATCHES = (
    "SELECT attname FROM pg_attribute WHERE attrelid = 'ledger_batch'::regclass AND attnum > 0"
    " AND NOT attisdropped ORDER BY attnum"
)


def test_batches_are_hashed_in_portions_so_that_memory_stays_flat(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seals, "TRANSACTIONS_AT_ONCE", 3)
    ids = [UUID(int=number) for number in range(5)]
    one, two, three, four, five = ids
    assert list(seals._portions(ids, [1, 2, 1, 5, 1])) == [[one, two], [three], [four], [five]]
    assert list(seals._portions(ids, [0, 0, 3, 0, 1])) == [[one, two, three, four], [five]]
    assert list(seals._portions(ids, [3, 1, 2, 3, 0])) == [[one], [two, three], [four, five]]
    assert list(seals._portions([], [])) == []
    with pytest.raises(ValueError, match="zip"):
        list(seals._portions(ids, [1]))


def test_portions_change_nothing_of_what_is_sealed(
    books: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch_ids = sorted(post(books, tracked(ANNA, 2 * n), tracked(BEN, 1 + n)) for n in range(1, 6))
    counts = [2] * 5
    whole = list(seals.hashed_batches(books, batch_ids, counts))
    monkeypatch.setattr(seals, "TRANSACTIONS_AT_ONCE", 4)
    assert list(seals.hashed_batches(books, batch_ids, counts)) == whole
    assert [(programme, batch.batch_id) for programme, batch in whole] == [
        (PROGRAMME, batch_id) for batch_id in batch_ids
    ]
    assert {batch.transactions for _, batch in whole} == {2}


def test_a_seal_is_found_by_its_number_and_one_that_is_not_there_is_named(
    books: Connection,
) -> None:
    for amount in (1, 2, 3):
        post(books, tracked(ANNA, amount))
        seal_all(books)
    chain = everything(books)
    for one in chain:
        assert seals.seal_numbered(books, PROGRAMME, one.number) == one
        if one.is_complete:
            assert seals.head(books, PROGRAMME, one.number) == one
    assert seals.head(books, PROGRAMME) == chain[-1]
    beyond = chain[-1].number + 1
    with pytest.raises(NotFound) as refused:
        seals.seal_numbered(books, PROGRAMME, beyond)
    assert (refused.value.sentence, refused.value.facts) == (
        f"There is no seal {beyond}.",
        {"number": beyond},
    )
    with pytest.raises(NotFound) as refused:
        seals.seal_numbered(books, PROGRAMME, 0)
    with pytest.raises(NotFound) as refused:
        seals.head(books, PROGRAMME, beyond)
    assert (refused.value.sentence, refused.value.facts) == (
        f"There is no seal {beyond} that says what is owed.",
        {"number": beyond},
    )
    with pytest.raises(NotFound) as refused:
        seals.head(books, uuid4())
    assert (refused.value.sentence, refused.value.facts) == (
        "There is no seal yet; make one with `cagnotte ledger seal`.",
        {"number": None},
    )


def test_a_seal_of_a_backlog_that_does_not_say_what_is_owed_is_no_head(books: Connection) -> None:
    for amount in range(1, 5):
        post(books, tracked(ANNA, amount))
    wait_until_all_is_finished(books)
    seals.seal(books, now=NOON, batches_max=2)
    first, last = everything(books)[:2]
    assert (first.is_complete, last.is_complete) == (False, True)
    with pytest.raises(NotFound, match="no seal 1 that says"):
        seals.head(books, PROGRAMME, 1)
    assert seals.head(books, PROGRAMME) == last


def test_a_backlog_becomes_several_seals_and_the_last_says_what_is_owed(books: Connection) -> None:
    for amount in range(1, 8):
        post(books, tracked(ANNA, amount))
    seal_all(books, batches_max=2)
    chain = everything(books)
    assert len(chain) >= 4
    assert all(one.facts["batches"] <= 2 for one in chain)
    assert chain[-1].facts["owed"]["EUR"]["pending"] == 28
    assert seals.head(books, PROGRAMME) == chain[-1]
    assert faults(books) == set()


def test_a_programme_is_sealed_alone(books: Connection) -> None:
    other = UUID("00000000-0000-7000-8000-0000000000ff")
    there = Transaction.of(
        [
            (Account("programme.promotions", other, other, "EUR"), 9),
            (Account("member.available", BEN, other, "EUR"), -9),
        ],
        programme_id=other,
        book_id=BEN,
        kind="goodwill",
        fact_id=uuid4(),
        occurred_on=NOON.date(),
        recorded_at=NOON,
    )
    assert there is not None
    post(books, tracked(ANNA, 1), there)
    seal_all(books)
    mine, theirs = seals.head(books, PROGRAMME), seals.head(books, other)
    assert (mine.facts["transactions"], theirs.facts["transactions"]) == (1, 1)
    assert mine.facts["owed"]["EUR"]["pending"] == 1
    assert theirs.facts["owed"]["EUR"]["available"] == 9
    assert faults(books) == set()


def test_three_currencies_are_three_trees(books: Connection) -> None:
    for currency, amount in (("EUR", 100), ("JPY", 7), ("KWD", 12345)):
        legs = {
            programme("promotions", currency): amount,
            member("available", ANNA, currency): -amount,
        }
        post(books, booking(legs))
    seal_all(books)
    facts = seals.head(books, PROGRAMME).facts
    assert {currency: owed["available"] for currency, owed in facts["owed"].items()} == {
        "EUR": 100,
        "JPY": 7,
        "KWD": 12345,
    }
    assert facts["decimals"] == {"EUR": 2, "JPY": 0, "KWD": 3}


def test_sealing_reads_nothing_of_the_sessions_settings(books: Connection) -> None:
    post(books, tracked(ANNA, 1240))
    seal_all(books)
    books.execute("SET TimeZone = 'Asia/Kathmandu'")
    books.execute("SET DateStyle = 'German'")
    assert faults(books) == set()


def test_money_held_is_published_beside_what_is_owed(books: Connection) -> None:
    post(books, booking({programme("bank"): 5000, programme("funding"): -5000}))
    post(books, given(ANNA, 300))
    post(books, booking({programme("promotions"): 40, programme("vouchers"): -40}))
    services.fold(books, now=NOON)
    books.commit()
    seal_all(books)
    owed = seals.head(books, PROGRAMME).facts["owed"]["EUR"]
    assert (owed["available"], owed["vouchers"], owed["bank"]) == (300, 40, 5000)
    post(books, booking({programme("bank"): 1, programme("funding"): -1}))
    services.fold(books, now=NOON)
    books.commit()
    assert faults(books) == set(), (
        "what was booked and folded since does not change what was sealed"
    )


def open_accounts(connection: Connection) -> None:
    """Two sessions that open an account at once wait for one another; these tests are not about that."""
    accounts = [funder("accrued"), member("pending", ANNA), member("pending", BEN)]
    services.open_accounts(connection, accounts)
    connection.commit()


# ---- Slow writers, several sealers ---------------------------------------------------------------------------------


def test_a_slow_batch_is_sealed_once_when_it_is_there_whatever_its_number(
    books: Connection,
) -> None:
    low = derived_id(NOON - timedelta(days=1), "low")
    high = derived_id(NOON + timedelta(days=1), "high")
    open_accounts(books)
    with patient() as slow:
        services.post(slow, [tracked(ANNA, 1000)], batch_id=low)
        post(books, tracked(BEN, 20), batch_id=high)
        for _ in range(3):
            assert seals.seal(books, now=NOON).waiting == 1
        assert sealed_batches(books) == [], "nothing passes a transaction that began before it"
        slow.commit()
    seal_all(books)
    assert sorted(batch for _, batch in sealed_batches(books)) == [low, high]
    seal_all(books)
    assert len(sealed_batches(books)) == 2
    assert faults(books) == set()


def test_a_batch_that_begins_after_the_mark_comes_later_even_with_a_lower_number(
    books: Connection,
) -> None:
    post(books, tracked(BEN, 20), batch_id=derived_id(NOON, "first"))
    seal_all(books)
    low = derived_id(NOON - timedelta(days=1), "low")
    post(books, tracked(ANNA, 1000), batch_id=low)
    seal_all(books)
    assert sealed_batches(books)[-1][1] == low
    assert faults(books) == set()


def test_a_batch_that_was_undone_is_in_no_seal(books: Connection) -> None:
    open_accounts(books)
    with patient() as slow:
        services.post(slow, [tracked(ANNA, 1000)], batch_id=uuid4())
        kept = post(books, tracked(BEN, 20))
        slow.rollback()
    seal_all(books)
    assert [batch for _, batch in sealed_batches(books)] == [kept]


@pytest.fixture
def forty(books: Connection) -> set[UUID]:
    return {post(books, tracked(ANNA, amount)) for amount in range(1, 41)}


def test_four_sealers_and_a_writer_at_once_seal_each_batch_once(
    books: Connection, forty: set[UUID]
) -> None:
    failures: list[BaseException] = []

    def run() -> None:
        try:
            with patient() as connection:
                for _ in range(5):
                    seals.seal(connection, now=NOON, batches_max=3)
        except BaseException as error:
            failures.append(error)
            raise

    sealers = [threading.Thread(target=run) for _ in range(4)]
    for sealer in sealers:
        sealer.start()
    for amount in range(100, 120):
        forty.add(post(books, tracked(BEN, amount)))
    for sealer in sealers:
        sealer.join()
    assert failures == []
    seal_all(books)
    batches = [batch for _, batch in sealed_batches(books)]
    assert (len(batches), set(batches)) == (60, forty)
    assert faults(books) == set()


def test_a_sealer_that_is_cut_off_between_two_steps_leaves_a_chain_that_goes_on(
    books: Connection, forty: set[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_until_all_is_finished(books)
    with cut_off_after(2, monkeypatch), pytest.raises(ConnectionError):
        seals.seal(books, now=NOON, batches_max=10)
    assert len(sealed_batches(books)) == 20
    halves = everything(books)
    assert [one.is_complete for one in halves] == [False, False]
    assert [one.facts["decimals"] for one in halves] == [{}, {}]
    with pytest.raises(NotFound):
        seals.head(books, PROGRAMME)
    seal_all(books)
    assert len(sealed_batches(books)) == 40
    assert seals.head(books, PROGRAMME).number == len(everything(books))
    assert faults(books) == set()


@contextmanager
def cut_off_after(count: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Lose the connection when a run has made `count` seals."""
    append, steps = seals._append, iter(range(100))

    def failing(*arguments: Any) -> None:
        if next(steps) == count:
            raise ConnectionError
        append(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(seals, "_append", failing)
        yield


def wait_until_all_is_finished(connection: Connection) -> None:
    """Other tests' sessions on this server may hold the mark back for a moment."""
    query = "SELECT bool_and(x < pg_snapshot_xmin(pg_current_snapshot())) FROM ledger_batch"
    for _ in range(600):
        row = connection.execute(query).fetchone()
        connection.rollback()
        if row == (True,):
            return
        time.sleep(0.05)
    pytest.fail("the batches are never finished")


# ---- Tampering ------------------------------------------------------------------------------------------------------


@pytest.fixture
def sealed(books: Connection) -> dict[str, UUID]:
    """Three batches in at least two seals; some are posted afterwards."""
    ids = {
        "first": derived_id(NOON, "1"),
        "second": derived_id(later(1), "2"),
        "third": derived_id(later(2), "3"),
    }
    post(books, tracked(ANNA, 1240), given(ANNA, 500), batch_id=ids["first"])
    post(books, spent(ANNA, 200), tracked(BEN, 7), batch_id=ids["second"])
    seal_all(books)
    post(books, tracked(BEN, 33, at=later(2)), batch_id=ids["third"])
    seal_all(books)
    post(books, tracked(BEN, 1))
    assert faults(books) == set()
    return ids


def tampered(owner: Connection, statement: str) -> set[str]:
    """Return what the checks find after a change behind the guards' back, as of a superuser; the change is undone."""
    for table in ("transaction", "entry", "batch", "balance", "seal", "sealed_batch", "seal_key"):
        owner.execute(f"ALTER TABLE ledger_{table} DISABLE TRIGGER USER".encode())
    assert owner.execute(statement.encode()).rowcount > 0, statement
    return faults(owner)


TRANSACTION_CHANGES = [
    "kind = 'trackee'",
    "programme_id = programme_id_plus",
    "book_id = book_id_plus",
    "fact_id = fact_id_plus",
    "step = step + 1",
    "occurred_on = occurred_on - 1",
    "effective_on = effective_on + 1",
    "recorded_at = recorded_at + interval '1 microsecond'",
    "legs = legs + 1",
    "payload_hash = set_byte(payload_hash, 31, get_byte(payload_hash, 31) # 1)",
    "id = id_plus",
    "bucket = (bucket + 1) % 1024",
    "batch_id = batch_id_plus",
]
ENTRY_CHANGES = [
    "amount_minor = amount_minor + 1",
    "account_id = account_id_plus",
    "currency = 'EUS'",
    "leg = leg + 5",
    "book_id = book_id_plus",
    "effective_on = effective_on + 1",
    "row_mode = NOT row_mode",
    "batch_id = batch_id_plus",
    "transaction_id = transaction_id_plus",
    "bucket = (bucket + 1) % 1024",
]


def flipped(change: str) -> str:
    """Write an id with its last bit flipped where a change says so."""
    column, _, value = change.partition(" = ")
    if value != f"{column}_plus":
        return change
    digits = f"right({column}::text, 1)"
    other = f"CASE {digits} WHEN 'f' THEN 'e' ELSE 'f' END"
    return f"{column} = (left({column}::text, 35) || {other})::uuid"


def test_any_changed_column_of_any_sealed_row_names_its_batch(
    owner: Connection, sealed: dict[str, UUID]
) -> None:
    cases = [
        *(("ledger_transaction", "id", "", change) for change in TRANSACTION_CHANGES),
        *(("ledger_entry", "transaction_id", " AND leg = 1", change) for change in ENTRY_CHANGES),
    ]
    for table, key, leg, change in cases:
        one = f"(SELECT {key} FROM {table} WHERE batch_id = '{sealed['second']}' LIMIT 1)"
        found = tampered(owner, f"UPDATE {table} SET {flipped(change)} WHERE {key} = {one}{leg}")
        named = {fault for fault in found if fault.startswith("sealed_batches: Batch ")}
        batches = {UUID(fault.split()[2]) for fault in named}
        # A transaction moved to another programme was never sealed there: named by the same batch.
        assert batches == {sealed["second"]}, (table, change, found)


REMOVALS = [
    (
        "DELETE FROM ledger_entry WHERE batch_id = '{second}' AND leg = 1",
        {"Batch {second} of seal N no longer holds what was sealed."},
    ),
    (
        "DELETE FROM ledger_transaction WHERE batch_id = '{second}' AND kind = 'held'",
        {"Batch {second} of seal N holds 1 transaction(s), and 2 were sealed."},
    ),
    (
        "DELETE FROM ledger_transaction WHERE batch_id = '{second}'",
        {"Batch {second} of seal N holds 0 transaction(s), and 2 were sealed."},
    ),
    (
        "DELETE FROM ledger_batch WHERE batch_id = '{second}'",
        {"Batch {second} is in seal N, and gone from the ledger."},
    ),
    (
        "DELETE FROM ledger_sealed_batch WHERE batch_id = '{second}'",
        {
            "Batch {second} is in no seal, though later ones are.",
            "does not hold the batches that were sealed",
        },
    ),
    (
        "UPDATE ledger_sealed_batch SET number = 9 WHERE batch_id = '{second}'",
        {
            "Batch {second} is in seal 9, which is not the one of its time.",
            "does not hold the batches that were sealed",
        },
    ),
    (
        # Two batches change places.
        (
            "UPDATE ledger_transaction SET batch_id = CASE batch_id WHEN '{first}' THEN '{second}'::uuid"
            " ELSE '{first}' END WHERE batch_id IN ('{first}', '{second}')"
        ),
        {
            "Batch {first} of seal N no longer holds what was sealed.",
            "Batch {second} of seal N no longer holds what was sealed.",
        },
    ),
    (
        "UPDATE ledger_sealed_batch SET root = sha256(root) WHERE batch_id = '{second}'",
        {
            "Batch {second} of seal N no longer holds what was sealed.",
            "does not hold the batches that were sealed",
        },
    ),
    (
        (
            "UPDATE ledger_batch SET last_recorded_at = last_recorded_at + interval '1 s'"
            " WHERE batch_id = '{second}'"
        ),
        {"Batch {second} says another bucket or other times of recording than its transactions."},
    ),
    (
        "UPDATE ledger_seal_key SET key = sha256(key)",
        {"Batch {first} of seal N no longer holds what was sealed."},
    ),
    (
        "DELETE FROM ledger_seal WHERE number = 1",
        {"follows none: a seal is missing", "does not continue the seals before it"},
    ),
    (
        "UPDATE ledger_seal SET body = replace(body, 'sealed_at', 'sealed_as') WHERE number = 1",
        {"Seal 1 of programme {programme} does not have the hash of its text."},
    ),
    (
        (
            "UPDATE ledger_seal SET body = replace(body, '\"wallets\":2', '\"wallets\":1'),"
            " hash = sha256(convert_to(replace(body, '\"wallets\":2', '\"wallets\":1'), 'UTF8'))"
            " WHERE number = (SELECT max(number) FROM ledger_seal) - 1"
        ),
        {"does not continue the seals before it"},
    ),
    (
        "UPDATE ledger_seal SET body = 'no', hash = sha256('no') WHERE number = 1",
        {"Seal 1 of programme {programme} cannot be read."},
    ),
    (
        "UPDATE ledger_seal SET mark = '1' WHERE number = 1",
        {"Seal 1 of programme {programme} stands in a row that is not its own."},
    ),
    (
        "UPDATE ledger_balance SET amount_minor = amount_minor + 1 WHERE amount_minor = 1240",
        {"is no longer what the balances say"},
    ),
]


def test_a_batch_or_seal_removed_moved_or_rewritten_is_named(
    books: Connection, owner: Connection, sealed: dict[str, UUID]
) -> None:
    numbers = {str(batch): number for number, batch in sealed_batches(books)}
    for statement, expected in REMOVALS:
        found = "\n".join(sorted(tampered(owner, statement.format(**sealed))))
        for sentence in expected:
            told = sentence.format(**sealed, programme=PROGRAMME)
            number = numbers.get(told.split()[1] if told.startswith("Batch ") else "", 0)
            assert told.replace("seal N", f"seal {number}") in found, (statement, found)


def test_a_batch_slipped_in_behind_the_mark_is_named(
    books: Connection, owner: Connection, sealed: dict[str, UUID]
) -> None:
    late = post(books, tracked(ANNA, 99))
    found = tampered(owner, f"UPDATE ledger_batch SET x = '1' WHERE batch_id = '{late}'")
    assert f"misplaced_batches: Batch {late} is in no seal, though later ones are." in found


def test_a_transaction_slipped_into_a_sealed_batch_is_named(
    books: Connection, owner: Connection, sealed: dict[str, UUID]
) -> None:
    late, first = post(books, tracked(ANNA, 99)), sealed["first"]
    found = tampered(
        owner,
        f"WITH e AS (UPDATE ledger_entry SET batch_id = '{first}' WHERE batch_id = '{late}')"
        f" UPDATE ledger_transaction SET batch_id = '{first}' WHERE batch_id = '{late}'",
    )
    said = f"Batch {first} of seal 1 holds 3 transaction(s), and 2 were sealed."
    assert any(said.replace("seal 1", f"seal {number}") in "".join(found) for number in (1, 2, 3))


def test_many_faults_are_counted(books: Connection, owner: Connection) -> None:
    for amount in range(1, 31):
        post(books, tracked(ANNA, amount))
    seal_all(books)
    owner.execute("ALTER TABLE ledger_entry DISABLE TRIGGER USER")
    owner.execute("UPDATE ledger_entry SET amount_minor = amount_minor * 2")
    found = list(seal_checks.CHECKS[0].find(owner))
    assert len(found) == 21
    assert found[-1].sentence == "… 30 in all."


@pytest.mark.parametrize(("count", "told"), [(0, []), (20, []), (21, [21]), (50, [50])])
def test_twenty_findings_are_named_and_more_are_counted(count: int, told: list[int]) -> None:
    all_of_them = [Finding("seals", f"fault {number}", {}) for number in range(count)]
    assert list(seal_checks._at_most(iter(all_of_them), "seals")) == [
        *all_of_them[:20],
        *(Finding("seals", f"… {total} in all.", {"total": total}) for total in told),
    ]


# ---- Who may ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["ledger_seal", "ledger_sealed_batch", "ledger_seal_key"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "TRUNCATE {}", "UPDATE {} SET {column}"])
def test_nobody_changes_seals(
    books: Connection, owner: Connection, sealed: dict[str, UUID], table: str, change: str
) -> None:
    column = {"ledger_seal": "body = ''", "ledger_sealed_batch": "number = 1"}
    statement = change.format(table, column=column.get(table, "the_one = true"))
    before = sealed_batches(books)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        books.execute(statement.encode())
    books.rollback()
    with pytest.raises(psycopg.Error, match="append-only"):
        owner.execute(statement.encode())
    owner.rollback()
    assert sealed_batches(books) == before


def test_the_application_appends_seals_by_the_function_alone(books: Connection) -> None:
    for statement in (
        "INSERT INTO ledger_seal VALUES (gen_random_uuid(), 1, sha256(''), '', '1')",
        "INSERT INTO ledger_sealed_batch VALUES (gen_random_uuid(), gen_random_uuid(), 1, 1, sha256(''))",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            books.execute(statement.encode())
        books.rollback()


def test_a_seal_that_is_not_the_next_or_holds_an_unfinished_batch_is_refused(
    books: Connection, sealed: dict[str, UUID]
) -> None:
    head = everything(books)[-1]
    before = sealed_batches(books)

    def append(number: int, previous: str, mark: str, batches: list[UUID]) -> None:
        body = json.dumps(
            {"number": number, "programme": str(PROGRAMME), "previous": previous, "mark": mark}
        )
        with services.refusals(books):
            books.execute(
                seals.SQL.append_seal,
                {
                    "programme_id": PROGRAMME,
                    "number": number,
                    "body": body,
                    "mark": mark,
                    "batch_ids": batches,
                    "counts": [1] * len(batches),
                    "roots": [bytes(32)] * len(batches),
                },
            )

    good = (head.number + 1, head.hash.hex(), head.mark)
    for wrong in (
        (head.number, *good[1:]),
        (head.number + 2, *good[1:]),
        (good[0], "", good[2]),
        (good[0], good[1], "9000000000000"),
    ):
        with pytest.raises(LedgerError, match="is not the next one"):
            append(*wrong, [])
        books.rollback()
    unfinished = uuid4()
    with patient() as slow:
        services.post(slow, [tracked(ANNA, 1)], batch_id=unfinished)
        with pytest.raises(LedgerError, match="is not finished"):
            append(*good, [unfinished])
        books.rollback()
        slow.rollback()
    with pytest.raises(psycopg.errors.UniqueViolation):
        append(*good, [sealed["first"]])
    books.rollback()
    assert sealed_batches(books) == before


def test_seals_made_after_a_dump_was_restored_go_on(
    books: Connection, owner: Connection, sealed: dict[str, UUID]
) -> None:
    """docs/reference/ledger.md says how numbers of database transactions are renewed."""
    for table in ("delta", "batch", "seal"):
        owner.execute(f"ALTER TABLE ledger_{table} DISABLE TRIGGER ledger_append_only".encode())
    owner.execute("UPDATE ledger_delta SET x = '0'")
    owner.execute("UPDATE ledger_batch SET x = '0'")
    owner.execute("UPDATE ledger_seal SET mark = '0'")
    for table in ("delta", "batch", "seal"):
        owner.execute(f"ALTER TABLE ledger_{table} ENABLE TRIGGER ledger_append_only".encode())
    owner.commit()
    assert faults(books) == set()
    with pytest.raises(NotFound):
        seals.head(books, PROGRAMME)
    seal_all(books)
    assert len(sealed_batches(books)) == 4
    assert seals.head(books, PROGRAMME).facts["owed"]["EUR"]["pending"] == 1240 + 7 + 33 + 1
    post(books, tracked(ANNA, 2))
    seal_all(books)
    assert faults(books) == set()


@pytest.fixture
def in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine whose own clock is nine hours ahead."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("in_tokyo")
def test_the_moment_is_written_in_universal_time(books: Connection) -> None:
    post(books, tracked(ANNA, 1))
    seal_all(books)
    assert seals.head(books, PROGRAMME).facts["sealed_at"] == "2026-03-01T12:00:00+00:00"
    assert NOON.tzinfo is UTC


def test_the_last_complete_seal_is_the_head_while_a_backlog_is_sealed(
    books: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    post(books, tracked(ANNA, 1))
    seal_all(books)
    complete = seals.head(books, PROGRAMME)
    for amount in (2, 3, 4):
        post(books, tracked(ANNA, amount))
    wait_until_all_is_finished(books)
    with cut_off_after(1, monkeypatch), pytest.raises(ConnectionError):
        seals.seal(books, now=NOON, batches_max=1)
    assert everything(books)[-1].is_complete is False
    assert seals.head(books, PROGRAMME) == complete


def test_a_programme_whose_last_seal_is_incomplete_gets_one_that_tells_what_is_owed(
    books: Connection,
) -> None:
    """Its own batches end before the run does: the last seal then holds none."""
    post(books, tracked(ANNA, 1))
    post(books, elsewhere(9))
    wait_until_all_is_finished(books)
    assert seals.seal(books, now=NOON, batches_max=1).seals == 3
    mine = [one for one in everything(books) if one.programme_id == PROGRAMME]
    assert [(one.is_complete, one.facts["batches"]) for one in mine] == [(False, 1), (True, 0)]
    assert seals.head(books, PROGRAMME).facts["owed"]["EUR"]["pending"] == 1
    assert faults(books) == set()
