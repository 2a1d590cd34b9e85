"""What an operator reads when checking and loading a programme."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cagnotte.cli.main import cli

ROOT = Path(__file__).parents[2]

FILE = """
programme: {slug: corner, name: Corner shop, currency: EUR}
merchants: [{ref: corner}]
contracts: [{ref: corner, merchant: corner}]
offers:
  - {ref: standard, effect: {kind: percent, rate: 5 %}}
  - {ref: gone, effect: {kind: percent, rate: 9 %}, valid_until: 2026-02-28}
"""

NOW = "--now=2026-03-02"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "programme.yaml"
    path.write_text(FILE)
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(cli, ["programme", *map(str, arguments)])


def test_a_check_tells_what_is_there_what_to_look_at_and_what_an_order_can_cost(file: Path) -> None:
    told = run("check", file, NOW, "--basket", "80.00")
    assert told.exit_code == 0
    assert "Corner shop (corner), EUR, Europe/Paris" in told.output
    assert (
        "1 merchant, 0 brands, 0 networks, 0 categories, 1 contract, 2 offers, 0 sources"
        in " ".join(told.output.split())
    )
    assert "programme.yaml:7 offers[1]" in told.output
    assert (
        "“gone” ended on 2026-02-28; only purchases made until then still meet it." in told.output
    )
    assert "4.00 standard (base, paid by merchant)" in told.output
    assert "5.00 %" in told.output


def test_a_check_with_errors_lists_them_all_and_ends_with_1(file: Path) -> None:
    file.write_text(
        FILE.replace("rate: 5", "rat: 5").replace("merchant: corner", "merchant: crner")
    )
    told = run("check", file, NOW)
    assert told.exit_code == 1
    assert told.stdout == ""
    assert told.stderr.splitlines() == [
        "The programme file has 3 error(s); nothing was loaded.",
        "programme.yaml:4: contracts[0].merchant: There is no merchant “crner” in merchants; did you mean “corner”?",
        "programme.yaml:6: offers[0].effect.rate: “rate” is missing; it is required here.",
        "programme.yaml:6: offers[0].effect.rat: Unknown key “rat”; did you mean “rate”?",
    ]


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    told = run("check", tmp_path / "none.yaml")
    assert told.exit_code == 1
    assert "none.yaml:1: The file cannot be read: No such file or directory." in told.stderr


def test_a_basket_that_is_no_amount_is_a_sentence(file: Path) -> None:
    told = run("check", file, "--basket", "80,00")
    assert told.exit_code == 1
    assert "“80,00” is not an amount" in told.stderr


@pytest.mark.usefixtures("committed_db")
def test_loading_says_what_is_new_then_that_nothing_changed_then_what_did(file: Path) -> None:
    first = run("load", file, NOW)
    assert first.exit_code == 0, first.output
    assert "corner is loaded." in first.output
    assert "contracts: 1 new" in first.output
    assert "offers: 2 new" in first.output
    again = run("load", file, NOW)
    assert "corner stood like this already; nothing was changed." in again.output
    file.write_text(FILE.replace("rate: 5", "rate: 6").replace("ref: gone", "ref: other"))
    changed = run("load", file, "--now=2026-03-04")
    assert "offers: standard version 2, from 2026-03-04" in changed.output
    assert "offers: gone ends; 2026-03-04 is the first day without it" in changed.output


@pytest.mark.usefixtures("committed_db")
def test_opening_balances_of_members_still_to_come_are_told(file: Path) -> None:
    file.write_text(
        FILE + "opening_balances: {on: 2026-01-01, members: [{member: m1, available: 5.00}]}\n"
    )
    told = run("load", file, NOW)
    assert (
        "opening balances: 1 member not enrolled yet (m1); import the members, then load this file again."
        in told.output
    )


@pytest.mark.usefixtures("committed_db")
def test_the_example_loads() -> None:
    told = run("load", ROOT / "examples" / "programme.yaml", NOW)
    assert told.exit_code == 0, told.output
    assert "maison-verte is loaded." in told.output


def test_the_schema_is_printed_for_editors_and_for_people() -> None:
    printed = json.loads(run("schema").output)
    assert "programme" in printed["required"]
    assert "| `order_ref` |" not in run("schema", "--as", "markdown").output
    assert "### offers: conditions" in run("schema", "--as", "markdown").output
