"""`cagnotte init` and `cagnotte db`, from an empty folder, as a newcomer runs them."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PASSWORD = "a long and quiet evening"  # of nobody

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def cagnotte() -> Iterator[Run]:
    """Run the command in a data folder of its own, that lasts as long as the test."""
    folder = Path(tempfile.mkdtemp(prefix="cagnotte-init-"))
    folder.chmod(0o711)
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    environment = {**kept, "PYTHONPATH": str(ROOT / "src"), "CAGNOTTE_DATA_DIR": str(folder)}

    def run(*arguments: str, typed: str | None = None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "cagnotte", *arguments],
            check=False,
            capture_output=True,
            text=True,
            input=typed,
            env=environment,
        )

    yield run
    run("db", "stop", "--force")
    shutil.rmtree(folder)


def count(cagnotte: Run, table: str) -> str:
    return cagnotte("db", "psql", "-Atc", f"SELECT count(*) FROM {table}").stdout.strip()


INIT = ("init", "--slug", "corner", "--name", "Corner shops", "--operator", "ada@example.org")


def test_init_makes_everything_once_and_a_second_run_says_so(cagnotte: Run) -> None:
    first = cagnotte(*INIT, "--password", PASSWORD)
    assert first.returncode == 0, first.stderr
    assert "The programme corner is created." in first.stdout
    assert "The operator ada@example.org is created." in first.stdout
    second = cagnotte(*INIT)
    assert second.returncode == 0, second.stderr
    assert second.stdout.splitlines()[:3] == [
        "The database was set up already.",
        "The programme corner was there already.",
        "The operator ada@example.org was there already.",
    ]
    assert count(cagnotte, "identity_programme") == "1"
    assert count(cagnotte, "auth_user WHERE is_staff AND is_superuser") == "1"


def test_init_asks_for_what_it_was_not_told(cagnotte: Run) -> None:
    typed = f"corner\nCorner shops\nada@example.org\n{PASSWORD}\n{PASSWORD}\n"
    done = cagnotte("init", typed=typed)
    assert done.returncode == 0, done.stderr
    assert PASSWORD not in done.stdout
    assert count(cagnotte, "identity_programme WHERE slug = 'corner' AND currency = 'EUR'") == "1"


REFUSED = {
    "This password is too short.": ("--password", "1234"),
    "EURO": ("--password", PASSWORD, "--currency", "EURO"),
    "Europe/Pari": ("--password", PASSWORD, "--timezone", "Europe/Pari"),
}


def test_what_init_refuses_is_a_sentence(cagnotte: Run) -> None:
    for sentence, options in REFUSED.items():
        done = cagnotte(*INIT, *options)
        assert done.returncode == 1
        assert sentence in done.stderr
        assert "Traceback" not in done.stderr
        assert count(cagnotte, "auth_user") in {"0", ""}  # "": not even a table


def test_a_command_before_init_says_what_to_do(cagnotte: Run) -> None:
    done = cagnotte("ledger", "verify")
    assert done.returncode == 1
    assert "Run `cagnotte init`" in done.stderr


def test_a_started_server_stays_until_it_is_stopped(cagnotte: Run) -> None:
    assert cagnotte("db", "migrate").returncode == 0
    assert "state     stopped" in cagnotte("db", "status").stdout
    assert "Connect to postgresql://" in cagnotte("db", "start").stdout
    shown = cagnotte("db", "status").stdout
    assert "state     running" in shown
    assert "Tables: current" in shown
    asked = cagnotte("db", "psql", "-Atc", "SELECT current_user")
    assert asked.stdout == "cagnotte_app\n"
    asked = cagnotte("db", "psql", "--owner", "-Atc", "SELECT current_user")
    assert asked.stdout == "cagnotte_owner\n"
    assert cagnotte("db", "stop").stdout == "The embedded database is stopped.\n"
    assert cagnotte("db", "stop").stdout == "The embedded database was not running.\n"
