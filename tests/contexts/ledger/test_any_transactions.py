"""Whatever is posted, in whatever batches and however often: balances are the sums of entries."""

from collections import defaultdict
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cagnotte.domain.chart import KINDS, Account, Side
from cagnotte.domain.errors import InsufficientFunds
from cagnotte.domain.ids import named_id
from cagnotte.domain.transactions import Transaction
from cagnotte.ledger import checks, selectors, services
from tests.contexts.ledger.books import DAY, FUNDER, NOON, Connection

WALLETS = st.sampled_from(["anna", "ben"])
CURRENCIES = st.sampled_from(["EUR", "JPY", "TND"])
AMOUNTS = st.integers(-(10**12), 10**12)
LEGS = st.lists(st.tuples(st.sampled_from(sorted(KINDS)), AMOUNTS), min_size=1, max_size=5)


@st.composite
def batches(draw: st.DrawFn) -> list[list[tuple[str, str, list[tuple[str, int]]]]]:
    """Batches of (wallet, currency, legs); the last leg that makes them balance is added by `made`."""
    transaction = st.tuples(WALLETS, CURRENCIES, LEGS)
    return draw(st.lists(st.lists(transaction, max_size=4), max_size=4))


def own(kind: str, debit_minor: int) -> int:
    return -debit_minor if KINDS[kind].side is Side.CREDIT else debit_minor


@pytest.mark.usefixtures("committed_db")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(world=batches(), folds=st.booleans())
def test_balances_are_the_sums_of_what_was_posted(
    books: Connection,
    world: list[list[tuple[str, str, list[tuple[str, int]]]]],
    folds: bool,
) -> None:
    programme_id = uuid4()
    expected: dict[Account, int] = defaultdict(int)
    for batch in world:
        made = [_made(programme_id, *parts) for parts in batch]
        transactions = [transaction for transaction in made if transaction is not None]
        after = dict(expected)
        for transaction in transactions:
            for entry in transaction.entries:
                after[entry.account] = after.get(entry.account, 0) + entry.amount_minor
        try:
            services.post(books, transactions, batch_id=uuid4())
            books.commit()
        except InsufficientFunds:
            books.rollback()
            short = [
                a for a, s in after.items() if KINDS[a.kind].never_negative and own(a.kind, s) < 0
            ]
            assert short, "refused although nobody goes below zero"
            continue
        expected.update(after)
        if folds:
            services.fold(books, now=NOON)
            books.commit()
        again = services.post(books, transactions, batch_id=uuid4())
        assert (again.new, again.conflicts) == (0, [])
    for account, debit_minor in expected.items():
        shown = own(account.kind, debit_minor)
        assert selectors.balance(books, account) == shown
        assert selectors.balance(books, account, as_of_recorded=NOON) == shown
        assert selectors.balance(books, account, as_of_effective=DAY) == shown
    assert [finding for finding in checks.verify(books) if finding.is_fault] == []
    books.commit()


def _made(
    programme_id: UUID, wallet: str, currency: str, legs: list[tuple[str, int]]
) -> Transaction | None:
    wallet_id = named_id(programme_id, wallet)

    def account(kind: str) -> Account:
        owner_id = wallet_id if kind.startswith("member.") else FUNDER
        return Account(kind, owner_id, programme_id, currency)

    rest = -sum(amount_minor for _, amount_minor in legs)
    return Transaction.of(
        [
            *((account(kind), amount_minor) for kind, amount_minor in legs),
            (account("programme.fx"), rest),
        ],
        programme_id=programme_id,
        book_id=wallet_id,
        kind="any",
        fact_id=uuid4(),
        occurred_on=DAY,
        recorded_at=NOON,
    )
