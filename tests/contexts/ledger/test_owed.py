"""What a programme owes as of a seal: every wallet's leaf, the sums above them, and what else the bank must cover."""

from collections.abc import Iterator
from typing import Any

import pytest

from cagnotte.domain.errors import LedgerError
from cagnotte.ledger import owed, seals, services
from cagnotte.ledger.owed import AMOUNT_BOUND, Leaf, Owed
from cagnotte.ledger.trees import Sum, leaf_hash, node_sum, root_of
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    NOON,
    PROGRAMME,
    Connection,
    booking,
    funder,
    given,
    programme,
    spent,
    tracked,
)
from tests.contexts.ledger.sealing import seal_all
from tests.contexts.ledger.test_seals import post

ONE, OTHER, THIRD = (leaf_hash(text) for text in (b"1", b"2", b"3"))


def rows(*amounts: tuple[int, ...], followed: int | None = None) -> Iterator[tuple[Any, ...]]:
    """Rows as the query gives them: currency, leaf, amounts, whether it is the wallet asked for, salt and text."""
    for place, one in enumerate(amounts):
        leaf = (ONE, OTHER, THIRD)[place]
        yield "EUR", leaf, *one, place == followed, b"salt", f"text {place}"


def test_leaves_are_summed_by_state_and_the_one_followed_is_told() -> None:
    grown = owed._grown(rows((1, 2, 3, 4), (10, 20, 30, 40), (5, 0, 0, 0), followed=1))
    left = node_sum(Sum(ONE, (1, 2, 3, 4)), Sum(OTHER, (10, 20, 30, 40)))
    root = node_sum(left, Sum(THIRD, (5, 0, 0, 0)))
    assert (grown.root, grown.members) == (root.hash, (16, 22, 33, 44))
    assert (grown.wallets, grown.others) == (3, {})
    path = [Sum(ONE, (1, 2, 3, 4)), Sum(THIRD, (5, 0, 0, 0))]
    assert grown.leaf == Leaf("text 1", b"salt", 1, path)


def test_no_leaf_is_told_when_none_is_asked_for() -> None:
    assert owed._grown(rows((1, 0, 0, 0))).leaf is None


@pytest.mark.parametrize("state", range(4))
def test_a_balance_below_zero_is_in_no_tree(state: int) -> None:
    amounts = tuple(-1 if each == state else 5 for each in range(4))
    with pytest.raises(LedgerError) as refused:
        owed._grown(rows((1, 1, 1, 1), amounts))
    assert refused.value.sentence == (
        "A member's balance is below zero; run cagnotte ledger verify."
    )


def test_a_sum_that_the_ledger_could_not_hold_is_in_no_tree() -> None:
    most = AMOUNT_BOUND - 1
    assert most == 2**63 - 1
    assert owed._grown(rows((0, 0, most, 0))).members == (0, 0, most, 0)
    for amounts in ([(0, 0, most, 0), (0, 0, 1, 0)], []):
        with pytest.raises(LedgerError) as refused:
            owed._grown(rows(*amounts))
        assert refused.value.sentence == "What members are owed is more than can be written."


def test_nothing_owed_is_an_empty_tree() -> None:
    assert Owed().facts == {
        "root": root_of([]).hex(),
        "wallets": 0,
        "pending": 0,
        "confirmed": 0,
        "available": 0,
        "held": 0,
        "vouchers": 0,
        "unclaimed": 0,
        "payouts": 0,
        "donations": 0,
        "deposits": 0,
        "bank": 0,
    }


def test_facts_name_each_sum_and_each_further_debt() -> None:
    others = {
        "vouchers": 5,
        "unclaimed": 6,
        "payouts": 7,
        "donations": 8,
        "deposits": 9,
        "bank": 10,
    }
    facts = Owed(b"\x0f", 2, (1, 2, 3, 4), others).facts
    assert list(facts.values()) == ["0f", 2, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]


def test_all_debts_and_the_bank_are_told_per_currency(books: Connection) -> None:
    legs = {
        programme("bank"): 1000,
        programme("vouchers"): -1,
        programme("unclaimed"): -2,
        programme("payouts"): -3,
        programme("donations"): -4,
        funder("deposit"): -5,
        programme("funding"): -985,
    }
    yen = {programme("bank", "JPY"): 50, programme("funding", "JPY"): -50}
    swiss = {programme("bank", "CHF"): 50, programme("funding", "CHF"): -50}
    undone = {account: -amount for account, amount in swiss.items()}
    post(books, booking(legs), booking(yen), booking(swiss), given(BEN, 60), tracked(ANNA, 7))
    post(books, spent(BEN, 10), booking(undone))
    seal_all(books)
    head = seals.head(books, PROGRAMME)
    found = owed.owed(books, PROGRAMME, number=head.number, mark=head.mark, wallet_id=BEN)
    assert list(found) == ["EUR", "JPY"], "nothing stands in francs"
    euros, yens = found["EUR"], found["JPY"]
    assert (euros.wallets, euros.members) == (2, (7, 0, 50, 10))
    assert euros.others == {
        "vouchers": 1,
        "unclaimed": 2,
        "payouts": 3,
        "donations": 4,
        "deposits": 5,
        "bank": 1000,
    }
    assert euros.leaf is not None
    assert str(BEN) in euros.leaf.text
    assert (yens.wallets, yens.members, yens.others, yens.leaf) == (
        0,
        (0, 0, 0, 0),
        {"bank": 50},
        None,
    )
    assert owed.told(found) == {"EUR": euros.facts, "JPY": yens.facts} == head.facts["owed"]


def test_a_debt_of_zero_is_told_in_a_currency_that_members_hold(books: Connection) -> None:
    there = {programme("vouchers"): -5, programme("promotions"): 5}
    back = {programme("vouchers"): 5, programme("promotions"): -5}
    post(books, booking(there), booking(back), given(ANNA, 60))
    services.fold(books, now=NOON)
    books.commit()
    seal_all(books)
    head = seals.head(books, PROGRAMME)
    found = owed.owed(books, PROGRAMME, number=head.number, mark=head.mark)
    assert found["EUR"].others["vouchers"] == 0
