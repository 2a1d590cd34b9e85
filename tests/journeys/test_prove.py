"""A member asks for a proof, and believes it without asking us."""

from datetime import date

import pytest

from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.identity.selectors import programme
from cagnotte.journeys.prove import What, prove
from cagnotte.ledger import proofs, seals
from cagnotte.platform.database import connect
from tests.contexts.ledger.sealing import seal_all
from tests.journeys.world import World
from verify import cagnotte_verify as verifier


def believed(what: What, name: str, *, all_legs: bool = False) -> list[str]:
    with connect() as connection:
        found = programme("corner")
        head = seals.head(connection, found.id)
        proof = prove(connection, found, what, name, all_legs=all_legs)
        return verifier.check(proofs.render(proof), head.hash)


@pytest.fixture
def shop(world: World) -> World:
    """Order A1 confirmed, released and partly spent; order A2 pending; all sealed."""
    world.buy("A1", "100.00")
    world.answer("A1,confirm,,,,")
    world.mature(date(2026, 4, 30))
    world.spend("till-1", 200)
    world.buy("A2", "40.00", at="2026-02-28T10:00:00")
    with connect() as connection:
        seal_all(connection, now=world.now)
    return world


def test_a_balance_is_what_the_member_sees(shop: World) -> None:
    seen = shop.member("1")
    said = "\n".join(believed("member", "1"))
    for state in ("pending", "confirmed", "available", "held"):
        assert f"{state} {seen.get(state, 0) / 100:.2f} EUR" in said
    assert (seen["pending"], seen["available"]) == (200, 300)


def test_a_purchase_is_all_its_bookings(shop: World) -> None:
    said = believed("purchase", "A1")
    kinds = [line.split("(")[1].split(")")[0] for line in said if line.startswith("Transaction")]
    assert sorted(kinds) == ["confirmed", "released", "tracked"]
    assert not any("funder" in line or "programme." in line for line in said)
    assert any("funder.accrued" in line for line in believed("purchase", "A1", all_legs=True))


def test_an_entry_is_named_by_its_transaction_and_leg(shop: World) -> None:
    [(identity, leg)] = shop.rows(
        "SELECT e.transaction_id, e.leg FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id"
        " WHERE a.kind = 'member.pending' AND e.amount_minor = -200"
    )
    said = believed("entry", f"{identity}/{leg}")
    assert sum(line.startswith("  ") for line in said) == 1
    assert "credit 2.00 EUR: member.pending" in "\n".join(said)
    with pytest.raises(InvalidInput):
        believed("entry", "A1")
    with pytest.raises(NotFound):
        believed("entry", "00000000-0000-7000-8000-00000000000a")


def test_nobody_proves_what_is_not_there(shop: World) -> None:
    with pytest.raises(NotFound):
        believed("member", "99")
    with pytest.raises(NotFound, match="Nothing was owed"):
        believed("member", "2")
    with pytest.raises(NotFound):
        believed("purchase", "nothing")
    with pytest.raises(NotFound):
        believed("seal", "99")


def test_before_the_first_seal_there_is_no_proof(world: World) -> None:
    world.buy("A1")
    with pytest.raises(NotFound, match="cagnotte ledger seal"):
        believed("member", "1")
