"""A small ledger in two seals, and the proofs made from it."""

from datetime import timedelta
from uuid import UUID, uuid5

from cagnotte.domain.ids import derived_id
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import proofs as proving
from cagnotte.ledger import seals, services
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
    programme,
    spent,
    tracked,
)
from tests.contexts.ledger.sealing import seal_all

OTHERS = [uuid5(ANNA, str(number)) for number in range(5)]


def fact(number: int) -> UUID:
    return uuid5(PROGRAMME, str(number))


def purchase() -> Transaction:
    """A purchase with a commission, of which the member gets a part."""
    legs = {
        funder("accrued"): 1700,
        member("pending", ANNA): -1240,
        programme("margin_pending"): -460,
    }
    return booking(legs, fact=fact(0))


def proofs(connection: Connection) -> dict[str, str]:
    """Post, seal twice, and return a proof of every kind, and what is published, by file name."""
    money = booking(
        {programme("bank"): 90_000, programme("funding"): -90_000}, kind="funding", fact=fact(1)
    )
    services.post(
        connection,
        [purchase(), money, given(ANNA, 500, fact=fact(2)), tracked(BEN, 33, fact=fact(3))],
        batch_id=derived_id(NOON, "vectors", 1),
    )
    connection.commit()
    seal_all(connection)
    before = seals.head(connection, PROGRAMME)
    second = [
        given(wallet, 100 * place, fact=fact(10 + place)) for place, wallet in enumerate(OTHERS, 1)
    ]
    services.post(
        connection,
        [*second, spent(ANNA, 200, fact=fact(20))],
        batch_id=derived_id(later(1), "vectors", 2),
    )
    connection.commit()
    seal_all(connection, now=NOON + timedelta(days=1))
    head = seals.head(connection, PROGRAMME)
    place = [(purchase().bucket, purchase().id)]
    whole = proving.prove_transactions(connection, head, place, disclose=proving.all_legs)
    return {
        "head.json": proving.render(proving.published(head)),
        "head-before.json": proving.render(proving.published(before)),
        "balance.json": proving.render(proving.prove_balance(connection, head, ANNA)),
        "entries.json": proving.render(proving.prove_transactions(connection, head, place)),
        "entries-all-legs.json": proving.render(whole),
        "earlier-seal.json": proving.render(proving.prove_seal(connection, head, 1)),
    }
