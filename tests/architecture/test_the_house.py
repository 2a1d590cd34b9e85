"""The rules of the house that a machine can check."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "cagnotte"
DOMAIN = sorted((PACKAGE / "domain").rglob("*.py"))
SQL_FILES = sorted((PACKAGE / "sql").glob("*.sql"))
DRAWERS = {"utils.py", "util.py", "helpers.py", "common.py", "misc.py"}


def names(files: list[Path]) -> list[str]:
    return [str(file.relative_to(PACKAGE)) for file in files]


@pytest.mark.parametrize("file", DOMAIN, ids=names(DOMAIN))
def test_the_domain_holds_no_float(file: Path) -> None:
    found = [
        f"line {node.lineno}"
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if (isinstance(node, ast.Constant) and isinstance(node.value, float))
        or (isinstance(node, ast.Name) and node.id == "float")
    ]
    assert found == []


@pytest.mark.parametrize("file", DOMAIN, ids=names(DOMAIN))
def test_the_domain_imports_the_standard_library_and_itself(file: Path) -> None:
    imported: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    foreign = {
        name
        for name in imported
        if name.split(".")[0] not in sys.stdlib_module_names
        and not name.startswith("cagnotte.domain")
    }
    assert foreign == set()


def test_packages_import_only_what_lies_below_them() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PYTHONPATH": "src", "PATH": ""},
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", SQL_FILES, ids=names(SQL_FILES))
def test_every_query_has_one_name_and_a_header(file: Path) -> None:
    parts = re.split(r"^-- name: (\w+)\s*$", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found = parts[1::2]
    assert found, "a file without a named query"
    assert len(set(found)) == len(found), "a name given twice"
    bare = [
        name
        for name, body in zip(found, parts[2::2], strict=True)
        if not body.strip().startswith("--")
    ]
    assert bare == []


def test_no_file_is_a_drawer() -> None:
    files = [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]
    assert [file.name for file in files if file.name in DRAWERS] == []


def test_every_package_says_what_lives_in_it() -> None:
    silent = [
        str(file.parent.relative_to(PACKAGE))
        for file in PACKAGE.rglob("__init__.py")
        if file.parent.name != "migrations"
        and not ast.get_docstring(ast.parse(file.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_locks_name_no_registry() -> None:
    for lock in (ROOT / "requirements").glob("*.txt"):
        text = lock.read_text(encoding="utf-8")
        assert not re.search(r"https?://|--index-url|--find-links", text), lock.name


def test_every_setting_is_documented() -> None:
    sources = " ".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    page = (ROOT / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
    settings = set(re.findall(r"CAGNOTTE_[A-Z_]+[A-Z]", sources))
    assert sorted(name for name in settings if f"`{name}`" not in page) == []
