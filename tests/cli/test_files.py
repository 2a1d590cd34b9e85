"""What a person sees of files: what they seem to be, and what became of those that were dropped."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cagnotte.cli.main import cli
from tests.journeys.world import World

FRENCH = "Ticket;Date;Montant\nA1;20/11/2026;12,40\n"
HEADER = "order,member,at,currency,status,sku,qty,amount,category,brand\n"
ROW = "A1,1,2026-02-10T10:00:00,EUR,,plum,1,20.00,,\n"


@pytest.fixture
def world(committed_db: str, tmp_path: Path) -> World:
    assert committed_db
    found = World(tmp_path)
    found.load()
    return found


def run(*args: object) -> tuple[int, str]:
    result = CliRunner().invoke(cli, [str(arg) for arg in args])
    return result.exit_code, result.output


def test_a_look_needs_neither_database_nor_programme(tmp_path: Path) -> None:
    path = tmp_path / "day.csv"
    path.write_text(FRENCH)
    code, told = run("files", "look", path)
    assert code == 0
    for line in (
        "format:      csv",
        "delimiter:   semicolon",
        "dates:       DD/MM/YYYY",
        '  decimal: ","',
    ):
        assert line in told
    code, told = run("files", "look", path, "--json")
    assert json.loads(told)["look"]["header"] == ["Ticket", "Date", "Montant"]


def test_a_look_with_a_source_shows_orders_and_what_does_not_fit(world: World) -> None:
    path = world.folder / "day.csv"
    path.write_text(HEADER + ROW + ROW.replace("20.00", "20,00").replace("A1", "A2"))
    code, told = run("files", "look", path, "--source", "till")
    assert code == 0
    assert "row 2: order_ref A1, member 1, merchant corner" in told
    assert "row 3: rejected (bad_row)" in told


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    code, told = run("files", "look", tmp_path / "gone.csv")
    assert code == 1
    assert "gone.csv cannot be read: No such file or directory." in told


def test_a_folder_is_emptied_once_and_failures_are_told(world: World) -> None:
    folder = world.folder / "inbox"
    folder.mkdir()
    (folder / "good.csv").write_text(HEADER + ROW)
    assert run("files", "watch", folder, "--source", "till", "--once", "--settle", 0) == (
        0,
        "good.csv: 1 new, 1 lines, 0 rejected.\n",
    )
    assert world.member("1") == {"pending": 100}
    (folder / "bad.csv").write_text("order\n")
    code, told = run("files", "watch", folder, "--source", "till", "--once", "--settle", 0)
    assert (code, told.split(":")[0]) == (1, "bad.csv")
    assert (folder / "failed" / "bad.csv").is_file()
