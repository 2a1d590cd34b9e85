"""The tutorial's own programme: its files and commands are taken from the page and run in order."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cagnotte.cli.main import cli

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-programme.md"
_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def part_two() -> Iterator[tuple[str, str]]:
    """Give each block of the second part: its language and text."""
    text = PAGE.read_text(encoding="utf-8").partition("## Part two")[2]
    for block in _BLOCK.finditer(text):
        yield block[1], block[2]


def run(command: str) -> str:
    words = shlex.split(command)
    assert words[0] == "cagnotte"
    answer = CliRunner().invoke(cli, words[1:], env={"COLUMNS": "120"}, catch_exceptions=False)
    assert answer.exit_code == 0, f"{command}\n{answer.output}"
    return answer.output


@pytest.fixture
def told(committed_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Write the page's files and run its commands; return what each printed."""
    assert committed_db
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my-shop").mkdir()
    printed = {}
    for language, text in part_two():
        if language == "console":
            printed.update({line: run(line) for line in text.splitlines()})
        else:
            name, _, content = text.partition("\n")
            Path(name.removeprefix("# ")).write_text(content, encoding="utf-8")
    return printed


def test_the_tutorials_programme_goes_from_file_to_bank_file(told: dict[str, str]) -> None:
    def of(start: str) -> str:
        return next(text for line, text in told.items() if line.startswith(start))

    assert "No errors" in of("cagnotte programme check")
    assert "2 new" in of("cagnotte import my-shop/members.csv")
    purchases = of("cagnotte import my-shop/purchases.csv")
    assert "2 new" in purchases
    assert "1 rejected" in purchases
    assert "unknown_member" in purchases
    why = of("cagnotte why 1001")
    assert "“5 % on tea”: 5% of €24.00 on line 1 = €1.20" in why
    assert "“2 % on everything”: 2% of €15.00 on line 2 = €0.30" in why
    assert "1 confirm, 1 decline" in of("cagnotte validate")
    assert "0.00 EUR of 0 purchases" in of("cagnotte mature --on 2026-03-31")
    assert "1.50 EUR of 1 purchases" in of("cagnotte mature --on 2026-04-01")
    assert re.search(r"available +1\.50 EUR", of("cagnotte balance"))
    assert "1.50" in of("cagnotte payouts plan")
    assert [path.name for path in Path("my-shop").glob("*.xml")] != []
    assert "The books are in order" in of("cagnotte ledger verify")
