"""Proofs made from the books are believed by the verifier, and disclose what they must and nothing else."""

import json
import random
from uuid import UUID, uuid4, uuid5

import pytest

from cagnotte.domain.chart import Account
from cagnotte.domain.errors import LedgerCorrupt, NotFound
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import proofs, seals, services
from cagnotte.ledger.seals import Seal
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    FUNDER,
    PROGRAMME,
    Connection,
    booking,
    funder,
    given,
    member,
    programme,
    spent,
    tracked,
)
from tests.contexts.ledger.sealing import everything, seal_all
from verify import cagnotte_verify as verifier


def post(connection: Connection, *transactions: Transaction) -> None:
    services.post(connection, transactions, batch_id=uuid4())
    connection.commit()


def sealed(connection: Connection) -> Seal:
    seal_all(connection)
    return seals.head(connection, PROGRAMME)


def believed(proof: proofs.Document, head: Seal) -> list[str]:
    """What the verifier says of a proof, given what was published."""
    published = verifier.published_hash(proofs.render(proofs.published(head)))
    return verifier.check(proofs.render(proof), published)


def place(transaction: Transaction) -> tuple[int, UUID]:
    return transaction.bucket, transaction.id


@pytest.mark.parametrize("wallets", [1, 2, 3, 5, 8, 13])
def test_every_member_finds_the_balance_in_the_published_sum(
    books: Connection, wallets: int
) -> None:
    everybody = [uuid5(ANNA, str(number)) for number in range(wallets)]
    post(books, *[given(wallet, 100 + number) for number, wallet in enumerate(everybody)])
    post(books, spent(everybody[0], 30))
    head = sealed(books)
    owed = head.facts["owed"]["EUR"]
    total = sum(range(100, 100 + wallets))
    assert (owed["wallets"], owed["available"], owed["held"]) == (wallets, total - 30, 30)
    for number, wallet in enumerate(everybody):
        said = believed(proofs.prove_balance(books, head, wallet), head)
        held = 30 if number == 0 else 0
        amount = verifier.money(100 + number - held, "EUR", head.facts)
        assert f"Wallet {wallet} is counted with: pending 0.00 EUR" in said[1]
        assert f"available {amount}, held 0.{held:02} EUR" in said[1]


def test_a_balance_is_of_the_seal_whatever_was_booked_since(books: Connection) -> None:
    post(books, given(ANNA, 500), given(BEN, 60))
    first = sealed(books)
    post(books, spent(ANNA, 200))
    then = believed(proofs.prove_balance(books, first, ANNA), first)
    assert "available 5.00 EUR, held 0.00 EUR" in then[1]
    second = sealed(books)
    now = believed(proofs.prove_balance(books, second, ANNA), second)
    assert "available 3.00 EUR, held 2.00 EUR" in now[1]
    again = believed(
        proofs.prove_balance(books, seals.head(books, PROGRAMME, first.number), ANNA), first
    )
    assert again == then


def test_a_member_who_is_owed_nothing_has_no_proof(books: Connection) -> None:
    post(books, given(ANNA, 500))
    head = sealed(books)
    with pytest.raises(NotFound) as refused:
        proofs.prove_balance(books, head, BEN)
    assert refused.value.sentence == (
        f"Nothing was owed to this member when seal {head.number} was made."
    )
    assert refused.value.facts == {"wallet_id": BEN}


def test_what_a_member_owes_lowers_nothing(books: Connection) -> None:
    owing = booking({member("owing", BEN): 70, funder("due"): -70})
    post(books, given(ANNA, 500), owing)
    owed = sealed(books).facts["owed"]["EUR"]
    assert (owed["wallets"], owed["available"]) == (1, 500)


def test_one_proof_holds_all_currencies_of_a_member(books: Connection) -> None:
    for currency, amount in (("EUR", 100), ("JPY", 7)):
        legs = {
            programme("promotions", currency): amount,
            member("available", ANNA, currency): -amount,
        }
        post(books, booking(legs))
    head = sealed(books)
    said = "\n".join(believed(proofs.prove_balance(books, head, ANNA), head))
    assert "available 1.00 EUR" in said
    assert "available 7 JPY" in said


def test_the_order_of_leaves_changes_with_each_seal_and_tells_nothing(books: Connection) -> None:
    everybody = [uuid5(ANNA, str(number)) for number in range(40)]
    post(books, *[given(wallet, 100 + number) for number, wallet in enumerate(everybody)])
    places = []
    for _ in range(2):
        head = sealed(books)
        made = [proofs.prove_balance(books, head, wallet) for wallet in everybody]
        places.append([proof["balances"][0]["place"] for proof in made])
        post(books, given(ANNA, 1))
    first, second = places
    assert sorted(first) == list(range(40))
    assert first != sorted(first), "neither by amount nor by when they came"
    assert first != second


def test_neighbours_are_salted_hashes_with_a_salt_of_their_own(books: Connection) -> None:
    post(books, given(ANNA, 500), given(BEN, 60))
    head = sealed(books)
    annas, bens = (proofs.prove_balance(books, head, wallet) for wallet in (ANNA, BEN))
    [beside] = annas["balances"][0]["path"]
    text = bens["balances"][0]["text"].encode()
    salts = [proof["balances"][0]["salt"] for proof in (annas, bens)]
    assert beside["sums"] == [0, 0, 60, 0], "one sum beside it is there, and nobody's name"
    assert str(BEN) not in proofs.render(annas)
    assert verifier.leaf_hash(bytes.fromhex(salts[1]) + text).hex() == beside["hash"]
    assert verifier.leaf_hash(bytes.fromhex(salts[0]) + text).hex() != beside["hash"]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 21])
def test_any_transaction_of_any_batch_is_proved(books: Connection, count: int) -> None:
    made = [tracked(ANNA, 1 + number) for number in range(count)]
    cut = random.Random(count).randrange(count)
    post(books, *made[: cut + 1])
    first = sealed(books)
    if made[cut + 1 :]:
        post(books, *made[cut + 1 :])
    head = sealed(books)
    assert head.number >= first.number
    for transaction in made:
        proof = proofs.prove_transactions(books, head, [place(transaction)])
        said = believed(proof, head)
        assert f"Transaction {transaction.id} (tracked) of 2026-03-01" in said[1]
        assert said[2].startswith(f"  credit 0.{transaction.entries[0].amount_minor:02} EUR")


def test_transactions_of_several_seals_are_one_proof(books: Connection) -> None:
    made = []
    for amount in (1, 2, 3, 4):
        made.append(tracked(ANNA, amount))
        post(books, made[-1])
        sealed(books)
    head = seals.head(books, PROGRAMME)
    proof = proofs.prove_transactions(books, head, map(place, made))
    said = believed(proof, head)
    assert [line for line in said if line.startswith("Transaction")] == sorted(
        (line for line in said if line.startswith("Transaction")), key=lambda line: line.split()[1]
    )
    assert len(proof["seals"]) >= 3
    assert sum("is in seal" in line for line in said) == 4


def test_a_member_is_not_shown_what_others_earn(books: Connection) -> None:
    legs = {
        funder("accrued"): 1717,
        member("pending", ANNA): -1240,
        programme("margin_pending"): -477,
    }
    post(books, booking(legs))
    head = sealed(books)
    transaction = booking(legs)
    row = books.execute("SELECT bucket, id FROM ledger_transaction").fetchone()
    assert row is not None
    assert transaction.bucket == row[0]
    mine = proofs.prove_transactions(books, head, [row])
    assert [json.loads(leg["text"])[4] for leg in mine["transactions"][0]["legs"]] == [-1240]
    assert [account["kind"] for account in mine["accounts"]] == ["member.pending"]
    whole = proofs.prove_transactions(books, head, [row], disclose=proofs.all_legs)
    amounts = [json.loads(leg["text"])[4] for leg in whole["transactions"][0]["legs"]]
    assert sorted(amounts) == [-1240, -477, 1717]
    assert believed(whole, head)[1] == believed(mine, head)[1]


def test_what_is_not_sealed_yet_is_not_proved(books: Connection) -> None:
    first, second = tracked(ANNA, 1), tracked(ANNA, 2)
    post(books, first)
    head = sealed(books)
    post(books, second)
    with pytest.raises(NotFound) as refused:
        proofs.prove_transactions(books, head, [place(second)])
    assert refused.value.sentence == (
        f"Transaction {second.id} is in no seal up to {head.number}; "
        "run `cagnotte ledger seal` first."
    )
    assert refused.value.facts == {"transaction_id": second.id}
    sealed(books)
    with pytest.raises(NotFound, match="is in no seal up to"):
        proofs.prove_transactions(books, head, [place(second)])
    assert believed(
        proofs.prove_transactions(books, seals.head(books, PROGRAMME), [place(second)]),
        seals.head(books, PROGRAMME),
    )


def test_a_head_continues_every_earlier_seal(books: Connection) -> None:
    for amount in (1, 2, 3, 4, 5):
        post(books, tracked(ANNA, amount))
        sealed(books)
    head = seals.head(books, PROGRAMME)
    for one in everything(books)[:-1]:
        said = believed(proofs.prove_seal(books, head, one.number), head)
        assert f"Seal {one.number} is continued by seal {head.number}." in said
    for number in (0, head.number, head.number + 1):
        with pytest.raises(NotFound) as refused:
            proofs.prove_seal(books, head, number)
        assert refused.value.sentence == (f"There is no seal {number} before seal {head.number}.")
        assert refused.value.facts == {"number": number}


@pytest.mark.parametrize(
    ("statement", "table"),
    [
        ("UPDATE ledger_entry SET amount_minor = amount_minor * 2", "entry"),
        ("UPDATE ledger_transaction SET kind = 'other'", "transaction"),
        ("UPDATE ledger_sealed_batch SET root = sha256(root)", "sealed_batch"),
        ("UPDATE ledger_seal SET hash = sha256(hash) WHERE number = 1", "seal"),
        (
            "UPDATE ledger_balance SET amount_minor = amount_minor + 1 WHERE amount_minor > 0",
            "balance",
        ),
    ],
)
def test_books_that_no_longer_show_what_was_sealed_prove_nothing(
    books: Connection, owner: Connection, statement: str, table: str
) -> None:
    first = tracked(ANNA, 1)
    post(books, first, tracked(BEN, 2))
    sealed(books)
    post(books, tracked(BEN, 3))
    head = sealed(books)
    owner.execute(f"ALTER TABLE ledger_{table} DISABLE TRIGGER USER".encode())
    owner.execute(statement.encode())
    owner.commit()
    with pytest.raises(LedgerCorrupt) as refused:  # noqa: PT012 - one of two
        if table == "balance":
            proofs.prove_balance(books, head, ANNA)
        else:
            proofs.prove_transactions(books, head, [place(first)])
    number = refused.value.facts["number"]
    assert number == (head.number if table in {"balance", "seal"} else 1)
    assert refused.value.sentence == (
        f"The books no longer show what seal {number} sealed; run `cagnotte ledger verify`."
    )


def test_a_file_is_written_in_one_way(books: Connection) -> None:
    post(books, tracked(ANNA, 1))
    head = sealed(books)
    text = proofs.render(proofs.prove_balance(books, head, ANNA))
    assert text == verifier.spacious(json.loads(text))
    assert text.endswith("}\n")


def test_a_proof_says_all_the_format_asks_for_and_nothing_else(books: Connection) -> None:
    first, second = tracked(ANNA, 1240), tracked(BEN, 7)
    post(books, first)
    early = sealed(books)
    post(books, second)
    head = sealed(books)
    proof = proofs.prove_transactions(
        books, head, [place(second), place(first)], disclose=proofs.all_legs
    )
    assert proof.keys() == {
        "format", "head", "accounts", "balances", "seals", "transactions",
    }  # fmt: skip
    assert (proof["format"], proof["balances"]) == ("cagnotte-proof-1", [])
    assert proof["head"] == {"hash": head.hash.hex(), "text": head.body}
    assert [seal["text"] for seal in proof["seals"]] == [early.body]
    assert [one["seal"] for one in sorted(proof["transactions"], key=lambda one: one["seal"])] == [
        early.number,
        head.number,
    ]
    accounts = [
        (funder("accrued"), FUNDER),
        (member("pending", ANNA), ANNA),
        (member("pending", BEN), BEN),
    ]
    assert proof["accounts"] == sorted(
        (
            {
                "id": str(account.id),
                "kind": account.kind,
                "owner": str(owner),
                "currency": "EUR",
            }
            for account, owner in accounts
        ),
        key=lambda account: account["id"],
    )
    assert proofs.published(head) == {
        "format": "cagnotte-head-1",
        "seal": {"hash": head.hash.hex(), "text": head.body},
    }


def test_what_is_not_booked_is_not_proved(books: Connection) -> None:
    post(books, tracked(ANNA, 1))
    head = sealed(books)
    with pytest.raises(NotFound) as refused:
        proofs.prove_transactions(books, head, [place(tracked(ANNA, 2))])
    assert refused.value.sentence == "There is nothing to prove: no such transaction is booked."


def test_transactions_are_found_by_their_facts_and_by_their_ids(books: Connection) -> None:
    first, second, third = tracked(ANNA, 1), tracked(BEN, 2), tracked(ANNA, 3)
    post(books, first, second, third)
    by_fact = proofs.places_of_facts(books, PROGRAMME, [first.fact_id, third.fact_id])
    assert sorted(by_fact) == sorted(map(place, (first, third)))
    assert proofs.places_of_facts(books, uuid4(), [first.fact_id]) == []
    by_id = proofs.places(books, [second.id, uuid4(), first.id])
    assert sorted(by_id) == sorted(map(place, (first, second)))


def test_a_proof_in_other_letters_than_ours_keeps_them(books: Connection) -> None:
    assert proofs.render({"b": 1, "a": "Zoé"}) == '{\n "a": "Zoé",\n "b": 1\n}\n'


def test_accounts_stand_in_the_order_of_their_ids(books: Connection) -> None:
    currencies = ["EUR", "USD", "JPY", "CHF", "SEK", "TND"]
    made = [
        booking({funder("accrued", each): 5, member("pending", ANNA, each): -5})
        for each in currencies
    ]
    post(books, *made)
    proof = proofs.prove_transactions(books, sealed(books), map(place, made))
    ids = [account["id"] for account in proof["accounts"]]
    assert ids == sorted(str(member("pending", ANNA, each).id) for each in currencies)


def test_whoever_discloses_is_told_kind_transaction_and_number_of_each_leg(
    books: Connection,
) -> None:
    made = tracked(ANNA, 5)
    post(books, made)
    asked: list[tuple[str, UUID, int]] = []

    def second_legs(kind: str, transaction_id: UUID, leg: int) -> bool:
        asked.append((kind, transaction_id, leg))
        return leg == 2

    proof = proofs.prove_transactions(books, sealed(books), [place(made)], disclose=second_legs)
    assert asked == [("funder.accrued", made.id, 1), ("member.pending", made.id, 2)]
    assert [account["kind"] for account in proof["accounts"]] == ["member.pending"]


def test_batches_that_share_a_seal_are_each_proved(books: Connection) -> None:
    made = [tracked(ANNA, amount) for amount in range(1, 6)]
    for one in made:
        post(books, one)
    head = sealed(books)
    for one in made:
        said = believed(proofs.prove_transactions(books, head, [place(one)]), head)
        assert f"Transaction {one.id} (tracked) of 2026-03-01" in said[1]


def test_a_batch_of_two_programmes_is_proved_in_each_alone(books: Connection) -> None:
    other = UUID("00000000-0000-7000-8000-0000000000ff")
    legs = {
        Account("programme.promotions", other, other, "EUR"): 9,
        Account("member.available", BEN, other, "EUR"): -9,
    }
    theirs = booking(legs)._replace(programme_id=other)
    mine = [tracked(ANNA, 1), tracked(ANNA, 2)]
    post(books, *mine, theirs)
    head = sealed(books)
    assert believed(proofs.prove_transactions(books, head, map(place, mine)), head)
    with pytest.raises(NotFound):
        proofs.prove_transactions(books, head, [place(theirs)])
    head = seals.head(books, other)
    assert believed(proofs.prove_transactions(books, head, [place(theirs)]), head)
