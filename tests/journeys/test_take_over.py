"""Balances from another system are booked once, and every cent of them is explained."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cagnotte.domain.chart import Account
from cagnotte.identity import services as identity
from cagnotte.identity.models import Programme
from cagnotte.journeys import enrol, load_programme
from cagnotte.journeys.take_over import Refusal, TakenOver
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger import services as ledger_services
from cagnotte.platform.database import connect
from cagnotte.rewards.models import Lot
from cagnotte.wallet import movements

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = datetime(2026, 4, 2, 9, tzinfo=UTC)

HEAD = """
programme: {slug: corner, name: Corner shop, currency: EUR, timezone: Europe/Paris}
opening_balances:
  on: 2026-01-01
  members:
"""
ROWS = """
    - {member: "1", available: 18.40, expires_on: 2026-06-30}
    - {member: "1", available: 5.00, expires_on: 2026-12-31}
    - {member: "2", pending: 3.10, confirmed: 7.25}
"""


@pytest.fixture
def programme(committed_db: str, tmp_path: Path) -> Programme:
    """The corner shop with its members 1 and 2, and nothing in the books."""
    assert committed_db
    loaded = load(tmp_path, '    - {member: "1", available: 1}\n')
    assert loaded.waiting == ["1"]
    identity_programme = Programme.objects.get()
    with connect() as connection:
        enrol.run(
            connection,
            programme=identity_programme,
            rows=[(2, {"ref": "1"}), (3, {"ref": "2"})],
            now=NOW,
        )
    return identity_programme


def load(folder: Path, rows: str, *, now: datetime = NOW, head: str = HEAD) -> TakenOver:
    path = folder / "programme.yaml"
    path.write_text(head + rows)
    return load_programme.run(path, now=now).opening


def books(programme: Programme) -> dict[str, int]:
    """Every kind of account that is not at zero, in its own side."""
    with connect() as connection:
        rows = ledger.balances_by_kind(connection, programme.id)
    assert sum(row.debit_minor for row in rows) == 0
    return {row.kind: row.own_minor for row in rows if row.own_minor}


def member(programme: Programme, ref: str) -> ledger.MemberBalances:
    wallet_id = identity.wallet_id_of(programme.id, ref)
    with connect() as connection:
        return ledger.member_balances(connection, [wallet_id], programme.id, "EUR")[wallet_id]


def lots(programme: Programme, ref: str) -> list[tuple[str, int, int, date, date | None]]:
    rows = Lot.objects.filter(wallet_id=identity.wallet_id_of(programme.id, ref))
    return list(
        rows.order_by("expires_on").values_list(
            "origin", "amount_minor", "remaining_minor", "available_on", "expires_on"
        )
    )


def test_balances_are_booked_against_opening_equity_with_a_lot_for_each_expiry(
    programme: Programme, tmp_path: Path
) -> None:
    taken = load(tmp_path, ROWS)
    assert (taken.new, taken.pending_minor, taken.confirmed_minor, taken.available_minor) == (
        3,
        310,
        725,
        2340,
    )
    assert books(programme) == {
        "member.pending": 310,
        "member.confirmed": 725,
        "member.available": 2340,
        "opening.equity": 3375,
    }
    assert member(programme, "1").available == 2340
    opened = date(2026, 1, 1)
    assert lots(programme, "1") == [
        ("opening", 1840, 1840, opened, date(2026, 6, 30)),
        ("opening", 500, 500, opened, date(2026, 12, 31)),
    ]


def test_loading_again_books_nothing(programme: Programme, tmp_path: Path) -> None:
    load(tmp_path, ROWS)
    before = books(programme)
    taken = load(tmp_path, ROWS, now=LATER)
    assert (taken.new, taken.restated, taken.unchanged) == (0, 0, 3)
    assert (books(programme), len(lots(programme, "1"))) == (before, 2)


def test_the_rows_may_lie_in_a_file(programme: Programme, tmp_path: Path) -> None:
    (tmp_path / "balances.csv").write_text(
        "member,available,expires_on\n1,18.40,2026-06-30\n1,5.00,\n"
    )
    head = HEAD.replace("members:\n", "members: {file: balances.csv}\n")
    assert load(tmp_path, "", head=head).new == 2
    assert member(programme, "1").available == 2340


def test_members_who_are_not_enrolled_yet_wait(programme: Programme, tmp_path: Path) -> None:
    rows = ROWS + '    - {member: "9", available: 4.00}\n'
    assert load(tmp_path, rows).waiting == ["9"]
    with connect() as connection:
        enrol.run(connection, programme=programme, rows=[(2, {"ref": "9"})], now=LATER)
    taken = load(tmp_path, rows, now=LATER)
    assert (taken.new, taken.unchanged, taken.waiting) == (1, 3, [])
    assert member(programme, "9").available == 400


def test_a_restated_row_books_the_difference(programme: Programme, tmp_path: Path) -> None:
    load(tmp_path, '    - {member: "2", pending: 3.10, confirmed: 7.25}\n')
    taken = load(tmp_path, '    - {member: "2", confirmed: 2.10, available: 7.25}\n', now=LATER)
    assert (taken.restated, taken.pending_minor, taken.confirmed_minor, taken.available_minor) == (
        1,
        -310,
        -515,
        725,
    )
    assert books(programme) == {
        "member.confirmed": 210,
        "member.available": 725,
        "opening.equity": 935,
    }
    assert lots(programme, "2") == [("opening", 725, 725, date(2026, 1, 1), None)]


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("available: 18.39, expires_on: 2026-06-30", "what a member can spend is not taken back"),
        ("available: 18.40, expires_on: 2026-07-31", "its dates can no longer be changed"),
    ],
)
def test_money_that_is_available_already_is_not_touched_by_a_file(
    programme: Programme, tmp_path: Path, row: str, sentence: str
) -> None:
    load(tmp_path, ROWS)
    before = books(programme), lots(programme, "1")
    taken = load(tmp_path, ROWS.replace("available: 18.40, expires_on: 2026-06-30", row), now=LATER)
    [refused] = taken.refused
    assert (refused[:2], taken.unchanged) == (Refusal("1", "1", "")[:2], 2)
    assert sentence in refused.sentence
    assert (books(programme), lots(programme, "1")) == before


def test_what_a_member_owes_is_repaid_first(programme: Programme, tmp_path: Path) -> None:
    with connect() as connection:
        owe(connection, programme, "1", 2000)
    load(tmp_path, ROWS)
    found = member(programme, "1")
    assert (found.available, found.owing) == (340, 0)
    assert [lot[1:3] for lot in lots(programme, "1")] == [(1840, 0), (500, 340)]


def owe(
    connection: movements.Connection, programme: Programme, ref: str, amount_minor: int
) -> None:
    """Let a member owe money, as after a return of an order long spent."""
    wallet_id = identity.wallet_id_of(programme.id, ref)
    occasion = movements.occasion(
        connection, programme_id=programme.id, currency="EUR", now=NOW, on=date(2026, 1, 1)
    )
    losses = Account("programme.losses", programme.id, programme.id, "EUR")
    owing = occasion.purse(wallet_id).member("owing")
    transaction = occasion.transaction(
        [(owing, amount_minor), (losses, -amount_minor)],
        kind="test",
        book_id=wallet_id,
        fact_id=wallet_id,
    )
    assert transaction is not None
    ledger_services.post(connection, [transaction], batch_id=wallet_id)
    connection.commit()


def test_a_day_in_a_closed_period_is_booked_on_the_first_open_one(
    programme: Programme, tmp_path: Path
) -> None:
    with connect() as connection:
        ledger_services.close_period(
            connection,
            programme_id=programme.id,
            ends_on=date(2026, 1, 31),
            now=NOW,
            closed_by="test",
        )
        connection.commit()
    load(tmp_path, ROWS)
    account = Account("opening.equity", programme.id, programme.id, "EUR")
    with connect() as connection:
        assert ledger.balance(connection, account, as_of_effective=date(2026, 1, 31)) == 0
        assert ledger.balance(connection, account, as_of_effective=date(2026, 2, 1)) == 3375
