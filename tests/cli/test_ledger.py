"""What people read when they check, export and close the books from the command line."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from cagnotte.cli import main
from cagnotte.ledger import services
from cagnotte.platform import database
from tests.contexts.ledger.books import ANNA, NOON, PROGRAMME, Connection, tracked
from tests.journeys.world import World

ORDER = "The books are in order: every check passed.\n"


@pytest.fixture
def books(committed_db: str) -> Iterator[Connection]:
    """A programme with one tracked purchase in its books."""
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO identity_programme (id, slug, name, currency, timezone, created_at)"
            " VALUES (%s, 'market', 'Market', 'EUR', 'Europe/Paris', now())",
            [PROGRAMME],
        )
        services.post(connection, [tracked(ANNA, 1240)], batch_id=uuid4())
        connection.commit()
        yield connection
        connection.rollback()


def cagnotte(*arguments: str) -> Result:
    return CliRunner().invoke(main.cli, ["ledger", *arguments])


def test_books_in_order_say_so(committed_db: str) -> None:
    answer = cagnotte("verify")
    assert (answer.exit_code, answer.stdout) == (0, ORDER)


def test_books_out_of_order_are_a_failure_that_names_the_fault(books: Connection) -> None:
    with database.connect("owner") as owner:
        owner.execute("UPDATE ledger_balance SET amount_minor = 1241")
    answer = cagnotte("verify")
    assert answer.exit_code == 1
    assert "shows 1241, its entries 1240 (minor units)" in answer.stdout
    assert "the books are not in order. Nothing was repaired." in answer.stderr


def test_the_export_is_a_whole_file(books: Connection, tmp_path: Path) -> None:
    file = tmp_path / "books.journal"
    answer = cagnotte("export", "--format", "hledger", "--output", str(file))
    assert (answer.exit_code, answer.stderr) == (0, "1 transaction(s) written.\n")
    assert "Assets:Funder:" in file.read_text(encoding="utf-8")
    assert list(tmp_path.iterdir()) == [file]


def test_the_export_goes_to_the_terminal_by_default(books: Connection) -> None:
    answer = cagnotte("export", "--programme", "market")
    assert answer.exit_code == 0
    assert answer.stdout.startswith('option "title" "Cagnotte"\n')


def test_an_export_that_fails_leaves_the_old_file(books: Connection, tmp_path: Path) -> None:
    file = tmp_path / "books.csv"
    file.write_text("last month's", encoding="utf-8")
    answer = cagnotte("export", "--format", "csv", "--output", str(file), "--programme", "other")
    assert answer.exit_code == 1
    assert "market" in answer.stderr
    assert file.read_text(encoding="utf-8") == "last month's"


def test_the_digest_is_one_line_and_stays(books: Connection) -> None:
    first, second = cagnotte("digest"), cagnotte("digest")
    assert first.exit_code == 0, first.output
    assert len(first.stdout.strip()) == 64
    assert first.stdout == second.stdout


def test_folding_says_how_much(books: Connection) -> None:
    answer = cagnotte("fold")
    assert answer.exit_code == 0
    assert answer.stdout.endswith("account(s) folded.\n")


def test_a_period_is_closed_once(books: Connection) -> None:
    arguments = ("close-period", "--ends-on", "2026-03-31", "--by", "Zoé", "--now", "2026-04-02")
    assert cagnotte(*arguments).stdout == "The books of Market are closed until 2026-03-31.\n"
    assert "already" in cagnotte(*arguments).stdout
    assert services.first_open_day(books, PROGRAMME, NOON.date()).isoformat() == "2026-04-01"


def test_a_period_that_runs_cannot_be_closed(books: Connection) -> None:
    answer = cagnotte("close-period", "--ends-on", "2026-03-31", "--now", "2026-03-31")
    assert answer.exit_code == 1
    assert answer.stderr == "2026-03-31 is not over yet; a period is closed after its last day.\n"
    assert services.first_open_day(books, PROGRAMME, NOON.date()) == NOON.date()


def test_own_money_is_put_in_once(committed_db: str, tmp_path: Path) -> None:
    world = World(tmp_path)
    world.load()
    asked = ("put-in", "500.00", "--reference", "CAPITAL", "--programme", "corner")

    assert cagnotte(*asked).stdout == "500.00 EUR: booked.\n"
    assert cagnotte(*asked).stdout == "500.00 EUR: was booked before.\n"
    answer = cagnotte("put-in", "200.00", "--out", "--reference", "BACK", "--programme", "corner")
    assert answer.stdout == "200.00 EUR: booked.\n"
    assert world.books() == {"programme.bank": 30_000, "programme.funding": 30_000}
