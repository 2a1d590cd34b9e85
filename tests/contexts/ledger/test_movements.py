"""A member's movements, page by page."""

from uuid import UUID, uuid4

from cagnotte.ledger import selectors, services
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    PROGRAMME,
    Connection,
    booking,
    funder,
    given,
    later,
    member,
    spent,
    tracked,
)


def pages(books: Connection, wallet: UUID, count: int) -> list[list[selectors.Movement]]:
    found: list[list[selectors.Movement]] = []
    before = None
    while page := selectors.movements(books, wallet, PROGRAMME, "EUR", count=count, before=before):
        found.append(page)
        before = page[-1].transaction_id
    return found


def test_each_transaction_is_one_movement_that_leads_to_its_fact(books: Connection) -> None:
    hold = uuid4()
    earned = given(ANNA, 500, at=later(1), effective_on=later(2).date())
    services.post(books, [earned, spent(ANNA, 200, at=later(2), fact=hold)], batch_id=uuid4())
    services.post(books, [given(BEN, 7)], batch_id=uuid4())

    latest, first = selectors.movements(books, ANNA, PROGRAMME, "EUR")

    assert (latest.kind, latest.fact_id, latest.changes) == (
        "held",
        hold,
        {"available": -200, "held": 200},
    )
    assert first == selectors.Movement(
        transaction_id=earned.id,
        kind="goodwill",
        fact_id=earned.fact_id,
        step=0,
        occurred_on=earned.occurred_on,
        effective_on=earned.effective_on,
        recorded_at=later(1),
        currency="EUR",
        changes={"available": 500},
    )


def test_pages_are_newest_first_and_neither_skip_nor_repeat(books: Connection) -> None:
    days = (5, 1, 4, 2, 3, 3, 3)
    made = [tracked(ANNA, 10 + n, at=later(day)) for n, day in enumerate(days)]
    services.post(books, made, batch_id=uuid4())

    told = pages(books, ANNA, 2)

    assert [len(page) for page in told] == [2, 2, 2, 1]
    ids = [movement.transaction_id for page in told for movement in page]
    assert ids == sorted((transaction.id for transaction in made), reverse=True)
    assert [m.recorded_at for page in told for m in page] == [
        later(day) for day in sorted(days, reverse=True)
    ]


def test_what_arrives_meanwhile_does_not_move_the_next_page(books: Connection) -> None:
    services.post(books, [tracked(ANNA, n, at=later(n)) for n in range(1, 5)], batch_id=uuid4())
    first = selectors.movements(books, ANNA, PROGRAMME, "EUR", count=2)

    services.post(books, [tracked(ANNA, 99, at=later(9))], batch_id=uuid4())
    second = selectors.movements(
        books, ANNA, PROGRAMME, "EUR", count=2, before=first[-1].transaction_id
    )

    assert [movement.changes["pending"] for movement in (*first, *second)] == [4, 3, 2, 1]


def test_another_currency_is_another_list(books: Connection) -> None:
    swiss = {funder("accrued", "CHF"): 5, member("pending", ANNA, "CHF"): -5}
    services.post(books, [tracked(ANNA, 10), booking(swiss)], batch_id=uuid4())

    told = {
        currency: [m.changes for m in selectors.movements(books, ANNA, PROGRAMME, currency)]
        for currency in ("EUR", "CHF", "SEK")
    }

    assert told == {"EUR": [{"pending": 10}], "CHF": [{"pending": 5}], "SEK": []}


def test_a_wallet_without_accounts_has_no_movements(books: Connection) -> None:
    assert selectors.movements(books, ANNA, PROGRAMME, "EUR") == []


def test_a_page_holds_twenty_movements_unless_asked_for_others(books: Connection) -> None:
    services.post(books, [tracked(ANNA, n, at=later(n)) for n in range(1, 22)], batch_id=uuid4())
    told = selectors.movements(books, ANNA, PROGRAMME, "EUR")
    assert [movement.changes["pending"] for movement in told] == list(range(21, 1, -1))


def test_what_a_member_owes_is_told_as_a_debt_and_legs_of_one_account_are_one_change(
    books: Connection,
) -> None:
    legs = {
        member("owing", ANNA): 20,
        member("pending", ANNA): -50,
        funder("accrued"): 30,
    }
    services.post(books, [booking(legs, kind="odd")], batch_id=uuid4())
    [told] = selectors.movements(books, ANNA, PROGRAMME, "EUR")
    assert told.changes == {"owing": 20, "pending": 50}
