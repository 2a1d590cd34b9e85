"""Pages lead where they say, their examples run, their commands exist."""

import doctest
import re
import shlex
from pathlib import Path

import click
import pytest

from cagnotte.cli.main import cli

ROOT = Path(__file__).parents[2]
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if "_build" not in path.parts),
]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("0*.md"))
PARTS = ["Context", "Decision", "Consequences", "Alternatives", "Files"]

_LINK = re.compile(r"(?<!`)\[(?P<text>[^\]\n]+)\]\((?P<target>[^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
_CONSOLE = re.compile(r"^```(?:console|sh)\n(.*?)^```", re.DOTALL | re.MULTILINE)


def names(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


def prose(path: Path) -> str:
    return _FENCE.sub("", path.read_text(encoding="utf-8"))


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MyST make them."""
    headings = re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


@pytest.mark.parametrize("path", PAGES, ids=names(PAGES))
def test_links_lead_to_files_and_headings_that_exist(path: Path) -> None:
    broken = []
    for link in _LINK.finditer(prose(path)):
        target = link["target"]
        if re.match(r"\w+:", target):
            continue
        file, _, anchor = target.partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (
            anchor and there.suffix == ".md" and anchor not in anchors(there)
        ):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize(
    "page", [ROOT / "ARCHITECTURE.md", ROOT / "README.md"], ids=lambda page: page.name
)
def test_what_a_link_names_is_defined_in_the_file_it_leads_to(page: Path) -> None:
    missing = []
    for link in _LINK.finditer(prose(page)):
        named = re.fullmatch(r"`(?:\w+\.)?(\w+)`", link["text"])
        file = page.parent / link["target"]
        if named is None or file.suffix not in {".py", ".sql"}:
            continue
        text = file.read_text(encoding="utf-8")
        if not re.search(rf"(def|class|FUNCTION) {named[1]}\b|^{named[1]}\b", text, re.MULTILINE):
            missing.append(link[0])
    assert missing == []


@pytest.mark.parametrize("path", PAGES, ids=names(PAGES))
def test_python_examples_print_what_the_page_shows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    example = doctest.DocTestParser().get_doctest(text, {}, path.name, str(path), 0)
    result = doctest.DocTestRunner(verbose=False).run(example)
    assert result.failed == 0


@pytest.mark.parametrize("path", PAGES, ids=names(PAGES))
def test_commands_and_options_of_examples_exist(path: Path) -> None:
    wrong = []
    for block in _CONSOLE.findall(path.read_text(encoding="utf-8")):
        for line in re.findall(
            r"^\$ (?:\w+=\S+ )*(?:\.venv/bin/)?cagnotte (.+)$", block, re.MULTILINE
        ):
            wrong += [f"{line}: {problem}" for problem in problems_of(line)]
    assert wrong == []


def problems_of(line: str) -> list[str]:
    """What of a command line does not exist, read up to a pipe, a redirection or a comment."""
    words = shlex.split(re.split(r"\s[|>#&]", line)[0])
    command: click.Command = cli
    context = click.Context(cli, info_name="cagnotte")
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        below = command.get_command(context, words[0])
        if below is None:
            return [f"no command {words[0]}"]
        command, words = below, words[1:]
    known = {
        name
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    asked = {word.partition("=")[0] for word in words if word.startswith("--")}
    return sorted(asked - known - {"--help", "--version"})


@pytest.mark.parametrize("path", DECISIONS, ids=names(DECISIONS))
def test_a_decision_is_short_and_has_its_five_parts(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == PARTS
    number = int(path.name[:4])
    assert text.startswith(f"# {number}. ")
    assert len(text.splitlines()) <= 60


def test_decisions_are_numbered_without_gaps() -> None:
    assert [int(path.name[:4]) for path in DECISIONS] == list(range(1, len(DECISIONS) + 1))


def test_the_targets_that_pages_name_are_in_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    told = {
        target
        for path in PAGES
        for target in re.findall(
            r"(?:^\$ |`)make ([a-z-]+)", path.read_text(encoding="utf-8"), re.MULTILINE
        )
    }
    assert told - targets == set()
