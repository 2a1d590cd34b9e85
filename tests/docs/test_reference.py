"""The reference says what the code says: tables, functions, settings, reasons, words."""

import ast
import enum
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import cagnotte.domain
from cagnotte.cli.main import COMMANDS
from cagnotte.domain.bookings import companies, earning, spending
from cagnotte.domain.errors import CagnotteError
from cagnotte.domain.lifecycle import REASON_CODES, Settlement
from cagnotte.domain.payouts import RefusalCode
from docs import tables

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
SOURCES = sorted((ROOT / "src" / "cagnotte").rglob("*.py"))


def page(name: str) -> str:
    return (DOCS / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """Return what stands under a heading of the second level."""
    return text.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def codes_in_first_column(text: str) -> set[str]:
    cells = re.findall(r"^\| (`[^|]*) \|", text, re.MULTILINE)
    return {code for cell in cells for code in re.findall(r"`(\w+)`", cell)}


@pytest.mark.parametrize("path", tables.pages(), ids=lambda path: path.name)
def test_tables_are_as_the_code_writes_them_run_python_m_docs_tables(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert tables.filled(text) == text, "old; run: PYTHONPATH=src python -m docs.tables"


def test_every_command_has_its_help() -> None:
    headings = set(
        re.findall(r"^## `cagnotte (\S+)`$", page("reference/commands.md"), re.MULTILINE)
    )
    assert headings == set(COMMANDS)


def test_every_error_stands_where_the_reference_looks() -> None:
    named = {"cagnotte.domain.errors", *tables.ERROR_MODULES}
    found = {
        kind.__module__ for kind in _subclasses(CagnotteError) if not kind.__name__.startswith("_")
    }
    assert {module for module in found if module.startswith("cagnotte.")} <= named


def _subclasses(kind: type[CagnotteError]) -> Iterator[type[CagnotteError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _subclasses(below)


def test_every_booking_is_in_the_table_and_every_function_of_the_table_exists() -> None:
    text = page("reference/bookings.md")
    rows = [line.split("|") for line in text.splitlines() if re.match(r"\| [\d, ]+ \|", line)]
    told = {name for row in rows for cell in row[4:5] for name in re.findall(r"`(\w+)`", cell)} - {
        "Clawback"
    }
    written = {
        name
        for module in (earning, spending, companies)
        for name, function in inspect.getmembers(module, inspect.isfunction)
        if function.__module__ == module.__name__ and not name.startswith("_")
    }
    # The credit side that several rows share, and a sum that books nothing.
    assert told == written - {"credit_member", "part_sums"}


def test_every_setting_is_documented() -> None:
    text = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    read = set(re.findall(r"\bCAGNOTTE_[A-Z_]+\b", text))
    told = set(re.findall(r"`(CAGNOTTE_[A-Z_]+)`", page("reference/settings.md")))
    assert told - {"CAGNOTTE_TEST_DATABASE_URL"} == read


def test_every_reason_to_reject_a_row_is_documented() -> None:
    raised = {reason for path in SOURCES for reason in _reasons(path)}
    told = codes_in_first_column(
        section(page("reference/reasons.md"), "Why a row of a file is rejected")
    )
    assert told == raised


def _reasons(path: Path) -> Iterator[str]:
    """The reasons of `InvalidRow(reason, …)`, given there or put into a variable `reason` before."""
    text = path.read_text(encoding="utf-8")
    if "InvalidRow" not in text:
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "InvalidRow" and node.args:
            yield from _texts(node.args[0])
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                target, value = target.elts[0], value.elts[0]
            if isinstance(target, ast.Name) and target.id == "reason":
                yield from _texts(value)


def _texts(node: ast.expr) -> Iterator[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
        yield node.value
    if isinstance(node, ast.IfExp):
        yield from _texts(node.body)
        yield from _texts(node.orelse)


def test_every_reason_to_decline_is_documented() -> None:
    text = section(page("reference/reasons.md"), "Why a purchase is declined")
    assert codes_in_first_column(text) == REASON_CODES


def test_every_reason_against_a_payout_is_documented() -> None:
    text = section(page("reference/reasons.md"), "Why a member is not paid")
    assert codes_in_first_column(text) == {code.value for code in RefusalCode}


def test_every_settlement_is_documented() -> None:
    text = section(page("reference/lifecycle.md"), "A purchase: two axes that are never mixed")
    told = set(re.findall(r"^\| `(\w+)` \| [^`|]+ \|$", text, re.MULTILINE))
    assert told == {settlement.value for settlement in Settlement}


def test_every_code_name_of_the_glossary_exists_in_the_source() -> None:
    words: set[str] = set()
    for path in SOURCES:
        words.update(re.findall(r"\w+", path.read_text(encoding="utf-8")))
    named, _, _ = page("glossary.md").partition("## Words of files and screens")
    assert codes_in_first_column(named) - words == set()


def test_every_word_of_the_domain_is_in_the_glossary() -> None:
    told = set(re.findall(r"`(\w+)`", page("glossary.md")))
    assert {value for kind in _enumerations() for value in kind} - told == set()


def _enumerations() -> Iterator[list[str]]:
    for found in pkgutil.walk_packages(cagnotte.domain.__path__, "cagnotte.domain."):
        module = importlib.import_module(found.name)
        for _, kind in inspect.getmembers(module, inspect.isclass):
            if issubclass(kind, enum.Enum) and kind.__module__ == module.__name__:
                yield [str(member.value) for member in kind]
