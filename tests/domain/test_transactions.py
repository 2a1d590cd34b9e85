"""Transactions: balanced per currency, or they do not exist."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.chart import Account
from cagnotte.domain.errors import UnbalancedTransaction
from cagnotte.domain.ids import bucket_of
from cagnotte.domain.transactions import Entry, Transaction

PROGRAMME, WALLET, FACT = UUID(int=1), UUID(int=2), UUID(int=3)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
FACTS: dict[str, Any] = {
    "programme_id": PROGRAMME,
    "book_id": WALLET,
    "kind": "tracked",
    "fact_id": FACT,
    "occurred_on": date(2026, 2, 28),
    "recorded_at": NOON,
}


def account(kind: str, currency: str = "EUR") -> Account:
    owner = WALLET if kind.startswith("member") else PROGRAMME
    return Account(kind, owner, PROGRAMME, currency)


DUE, PENDING = account("programme.promotions"), account("member.pending")


def test_legs_are_netted_per_account_and_zeros_left_out() -> None:
    held = account("member.held")
    legs = [(DUE, 100), (PENDING, -70), (PENDING, -30), (held, 5), (held, -5)]
    made = Transaction.of(legs, **FACTS)
    assert made is not None
    assert made.entries == (Entry(DUE, 100), Entry(PENDING, -100))
    assert made.effective_on == date(2026, 2, 28)
    assert made.bucket == bucket_of(WALLET)


def test_where_nothing_moves_there_is_no_transaction() -> None:
    assert Transaction.of([(DUE, 5), (DUE, -5), (PENDING, 0)], **FACTS) is None
    assert Transaction.of([], **FACTS) is None


def test_legs_that_do_not_sum_to_zero_are_refused() -> None:
    with pytest.raises(UnbalancedTransaction) as caught:
        Transaction.of([(DUE, 100), (PENDING, -99)], **FACTS)
    assert caught.value.sentence == "The legs of “tracked” do not sum to zero: {'EUR': 1}."
    assert caught.value.facts == {"kind": "tracked", "off": {"EUR": 1}}


def test_one_currency_does_not_make_up_for_another() -> None:
    with pytest.raises(UnbalancedTransaction):
        Transaction.of([(DUE, 100), (account("member.pending", "USD"), -100)], **FACTS)


def test_each_currency_may_balance_on_its_own() -> None:
    fx = [(account("programme.fx", "USD"), 110), (account("programme.bank", "USD"), -110)]
    assert Transaction.of([(DUE, 100), (PENDING, -100), *fx], **FACTS) is not None


def test_the_same_fact_gives_the_same_id_and_another_step_another() -> None:
    legs = [(DUE, 100), (PENDING, -100)]
    one, again = Transaction.of(legs, **FACTS), Transaction.of(legs, **FACTS)
    other = Transaction.of(legs, **FACTS, step=1)
    assert one
    assert again
    assert other
    assert one.id == again.id != other.id
    assert one.payload_hash == again.payload_hash


def test_the_hash_tells_other_content_apart_and_not_another_order_of_legs() -> None:
    made = Transaction.of([(DUE, 100), (PENDING, -100)], **FACTS)
    turned = Transaction.of([(PENDING, -100), (DUE, 100)], **FACTS)
    other = Transaction.of([(DUE, 101), (PENDING, -101)], **FACTS)
    assert made
    assert turned
    assert other
    assert made.payload_hash == turned.payload_hash != other.payload_hash


KINDS = ["member.pending", "member.confirmed", "programme.margin", "programme.losses"]


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.integers(-1000, 1000)), max_size=8))
def test_a_transaction_exists_exactly_when_its_legs_balance(legs: list[tuple[str, int]]) -> None:
    pairs = [(account(kind), amount) for kind, amount in legs]
    if sum(amount for _, amount in legs):
        with pytest.raises(UnbalancedTransaction):
            Transaction.of(pairs, **FACTS)
        return
    made = Transaction.of(pairs, **FACTS)
    if made is not None:
        assert sum(entry.amount_minor for entry in made.entries) == 0
        assert all(entry.amount_minor for entry in made.entries)
        assert len({entry.account for entry in made.entries}) == len(made.entries)
