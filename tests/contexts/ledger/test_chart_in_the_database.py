"""The database knows the chart of accounts and opens no account that is anything else."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from cagnotte.domain.chart import KINDS, Account
from cagnotte.domain.errors import LedgerError
from cagnotte.ledger import services
from tests.contexts.ledger.books import ANNA, PROGRAMME, Connection, given, member, standing

OPEN = """
    SELECT ledger_open_accounts(
        %(ids)s::uuid[], %(programmes)s::uuid[], %(kinds)s::text[], %(owners)s::uuid[],
        %(currencies)s::text[], %(sides)s::text[], %(modes)s::text[], %(never_negatives)s::boolean[],
        %(buckets)s::smallint[])
"""


def asked(account: Account, **changes: Any) -> dict[str, Any]:
    """What the application sends to open an account, with changes."""
    kind = KINDS[account.kind]
    return {
        "ids": [account.id],
        "programmes": [account.programme_id],
        "kinds": [account.kind],
        "owners": [account.owner_id],
        "currencies": [account.currency],
        "sides": [kind.side.value],
        "modes": [kind.mode.value],
        "never_negatives": [kind.never_negative],
        "buckets": [7],
        **changes,
    }


def test_the_chart_in_the_database_is_the_chart(books: Connection) -> None:
    rows = books.execute("SELECT kind, side, mode, never_negative FROM ledger_chart").fetchall()
    assert sorted(rows) == sorted(
        (kind.name, kind.side.value, kind.mode.value, kind.never_negative)
        for kind in KINDS.values()
    ), "a kind new in chart.py needs a migration that inserts it into ledger_chart"


def test_the_database_derives_the_ids_of_accounts_as_the_core_does(owner: Connection) -> None:
    accounts = [
        Account(kind, uuid4(), programme_id, currency)
        for programme_id in (uuid4(), UUID(int=0), UUID(int=(1 << 128) - 1))
        for kind in KINDS
        for currency in ("EUR", "JPY", "TND")
    ]
    for account in accounts:
        parts = [account.programme_id, account.kind, account.owner_id, account.currency]
        row = owner.execute("SELECT ledger_account_id(%s, %s, %s, %s)", parts).fetchone()
        assert row == (account.id,), account


def test_an_account_asked_for_as_it_is_in_the_chart_is_opened(books: Connection) -> None:
    """So that the refusals below are for their reasons and not for a slip of these tests."""
    books.execute(OPEN, asked(member("available", ANNA)))
    assert books.execute("SELECT kind FROM ledger_account").fetchall() == [("member.available",)]


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"never_negatives": [False]}, id="a member who may go below zero"),
        pytest.param({"sides": ["debit"]}, id="on the other side"),
        pytest.param({"sides": ["either"]}, id="on either side"),
        pytest.param(
            {"modes": ["delta"], "never_negatives": [False]}, id="a member without a balance row"
        ),
        pytest.param({"kinds": ["member.secret"]}, id="of no kind in the chart"),
        pytest.param({"kinds": ["member.held"]}, id="of another kind than its id's"),
        pytest.param({"ids": [uuid4()]}, id="under an id of its own"),
        pytest.param({"ids": [member("held", ANNA).id]}, id="under the id of another account"),
        pytest.param({"owners": [uuid4()]}, id="of another owner than its id's"),
        pytest.param({"programmes": [uuid4()]}, id="of another programme than its id's"),
        pytest.param({"currencies": ["USD"]}, id="in another currency than its id's"),
    ],
)
@pytest.mark.parametrize("who", ["application", "owner"])
def test_an_account_that_is_not_as_the_chart_says_is_opened_for_nobody(
    books: Connection, owner: Connection, who: str, changes: dict[str, Any]
) -> None:
    services.post(books, [given(ANNA, 500)], batch_id=uuid4())
    books.commit()
    before = standing(books)
    connection = books if who == "application" else owner
    ben = asked(Account("member.available", UUID(int=11), PROGRAMME, "EUR"), **changes)

    with (
        pytest.raises(LedgerError, match="is not what the chart says of"),
        services.refusals(connection),
    ):
        connection.execute(OPEN, ben)

    connection.rollback()
    assert standing(books) == before


def test_one_wrong_account_among_many_opens_none(books: Connection) -> None:
    right, wrong = asked(member("available", ANNA)), asked(member("held", ANNA), sides=["debit"])
    both = {name: right[name] + wrong[name] for name in right}
    with pytest.raises(LedgerError), services.refusals(books):
        books.execute(OPEN, both)
    books.rollback()
    assert books.execute("SELECT 1 FROM ledger_account").fetchall() == []


def test_the_balance_row_of_an_account_does_not_take_the_callers_word(books: Connection) -> None:
    """An account that stands keeps its row and its guard, whatever is asked for later."""
    services.post(books, [given(ANNA, 500)], batch_id=uuid4())
    books.commit()
    before = standing(books)
    books.execute(OPEN, asked(member("available", ANNA), never_negatives=[False]))
    books.commit()
    assert standing(books) == before
