# ruff: noqa: T201 - a script that talks to whoever started it
"""Change the money code in thousands of ways, one at a time, and see that a test notices each.

    python tests/mutants/run.py [--part NAME] [--only PATH] [--again] [--explained] [--jobs N]

Copies the project to `.data/mutants`, changes it there, and runs the tests of the domain against changes of the
domain, those of the ledger against changes of the ledger. Prints what no test noticed, and a table. Ends with 1 when
less than nine of ten changes were noticed, or when one that was not is not explained in `survivors.toml`.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.mutants import reporting  # noqa: E402 - found by the line before
from tests.mutants.generating import write_mutants  # noqa: E402
from tests.mutants.reporting import Result  # noqa: E402

WORKSHOP = ROOT / ".data" / "mutants"
COPIED = ("src", "tests", "docs", "verify", "pyproject.toml")
NO_TESTS_RUN = 5
"""How pytest ends when our plugin has run the tests in processes of their own."""


@dataclass(frozen=True, slots=True)
class Part:
    """Files that are changed, and the tests that must notice."""

    name: str
    files: tuple[str, ...]
    tests: str
    database: bool


PARTS = (
    Part(
        "domain",
        (
            "src/cagnotte/domain/money.py",
            "src/cagnotte/domain/lifecycle.py",
            "src/cagnotte/domain/bookings/*.py",
        ),
        "tests/domain",
        database=False,
    ),
    Part("ledger", ("src/cagnotte/ledger/*.py",), "tests/contexts/ledger", database=True),
)
SPARED = {
    "src/cagnotte/ledger/admin.py": "pages that show and change nothing",
    "src/cagnotte/ledger/apps.py": "the name of a Django application",
    "src/cagnotte/ledger/models.py": "tables are made in SQL; these only show them",
}
"""Files whose changes are not tried, and why."""


def main() -> int:
    """Do what the command line asks for; return the exit code."""
    asked = _arguments()
    begin = time.monotonic()
    results: list[Result] = []
    for part in PARTS:
        files = _files(part, asked)
        if files:
            results += _results_of(part, files, asked)
    minutes = (time.monotonic() - begin) / 60
    return reporting.report(results, minutes, whole=not (asked.only or asked.part))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="See that tests notice changes of the money code.")
    parser.add_argument("--part", choices=[part.name for part in PARTS], help="only this part")
    parser.add_argument("--only", action="append", metavar="PATH", help="only changes of this file")
    parser.add_argument(
        "--again", action="store_true", help="only changes that were not noticed the last time"
    )
    parser.add_argument(
        "--explained",
        action="store_true",
        help="try those too that are explained, and say which of them are noticed after all",
    )
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes at once")
    parser.add_argument(
        "--patience",
        type=int,
        default=20,
        metavar="SECONDS",
        help="beside five times what the tests take, until a change counts as never ending",
    )
    return parser.parse_args()


def _files(part: Part, asked: argparse.Namespace) -> list[str]:
    if asked.part not in {None, part.name}:
        return []
    found = (file for pattern in part.files for file in sorted(ROOT.glob(pattern)))
    names = [str(file.relative_to(ROOT)) for file in found]
    return [name for name in names if name not in SPARED and (not asked.only or name in asked.only)]


def _results_of(part: Part, files: list[str], asked: argparse.Namespace) -> list[Result]:
    folder = WORKSHOP / part.name
    kept = folder.with_suffix(".jsonl")
    before = reporting.read(kept) if asked.again else {}
    _copy_to(folder)
    mutants = [mutant for file in files for mutant in write_mutants(folder / file, folder / "src")]
    known = {
        mutant.change: before[mutant.change]
        for mutant in mutants
        if mutant.change in before and before[mutant.change].is_noticed
    }
    if not asked.explained:
        # They pass all tests that reach them, which is what takes longest.
        explained = reporting.explained()
        known |= {
            mutant.change: Result(**asdict(mutant), verdict="explained")
            for mutant in mutants
            if mutant.change in explained
        }
    todo = [mutant for mutant in mutants if mutant.change not in known]
    reporting.write(kept, known.values())
    print(f"{part.name}: {len(mutants)} changes, {len(todo)} to try", flush=True)
    work = {
        "mutants": [asdict(mutant) for mutant in todo],
        "jobs": asked.jobs,
        "patience_seconds": asked.patience,
        "database": part.database,
        "folder": str(folder),
        "results": str(kept),
    }
    _run_tests(part, folder, work)
    found = reporting.read(kept)
    return [found[mutant.change] for mutant in mutants]


def _run_tests(part: Part, folder: Path, work: dict[str, object]) -> None:
    """Run pytest with `forking`, which writes what becomes of each mutant."""
    file = folder / "work.json"
    file.write_text(json.dumps(work), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", part.tests, "-q", "-s", "-n", "0"]
    command += ["-p", "tests.mutants.forking", "-p", "no:randomly", "-p", "no:cacheprovider"]
    # What never ends is told by the limits of each change; a test's own would end it like a crash.
    command += ["-o", "faulthandler_timeout=0"]
    environment = {
        **os.environ,
        "PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder}",
        "CAGNOTTE_MUTANTS": str(file),
    }
    done = subprocess.run(command, cwd=folder, env=environment, check=False)
    if done.returncode not in {0, NO_TESTS_RUN}:
        raise SystemExit(f"The tests of {part.name} fail without any change; mend them first.")


def _copy_to(folder: Path) -> None:
    for name in COPIED:
        shutil.rmtree(folder / name, ignore_errors=True)
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__", "_build")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy2(ROOT / name, folder / name)


if __name__ == "__main__":
    sys.exit(main())
