"""What people see of the command line, above all when something goes wrong."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import click
import pytest
from click.testing import CliRunner

from cagnotte.cli import main
from cagnotte.domain.errors import Refused

ROOT = Path(__file__).parents[2]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, in an empty data folder unless told otherwise."""
    kept = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    return subprocess.run(
        [sys.executable, "-m", "cagnotte", *arguments],
        check=False,
        capture_output=True,
        text=True,
        env={**kept, "PYTHONPATH": str(ROOT / "src"), **environment},
    )


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> dict[str, BaseException]:
    """A command `fail` that raises what the test puts under "error"."""
    box: dict[str, BaseException] = {}

    @click.command()
    def fail() -> NoReturn:
        raise box["error"]

    monkeypatch.setattr(main.CommandList, "get_command", lambda *_: fail)
    return box


@pytest.mark.parametrize("name", main.COMMANDS)
def test_every_listed_command_exists_and_explains_itself(name: str) -> None:
    answer = CliRunner().invoke(main.cli, [name, "--help"])
    assert answer.exit_code == 0, answer.output
    assert answer.output.startswith("Usage: ")


def test_help_lists_every_command_without_importing_any() -> None:
    script = (
        "import sys; from cagnotte.cli.main import cli\n"
        "try: cli(['--help'])\n"
        "except SystemExit: pass\n"
        "assert 'django' not in sys.modules and 'psycopg' not in sys.modules\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(ROOT / "src")},
    )
    for name, entry in main.COMMANDS.items():
        assert f"  {name} " in done.stdout
        assert entry.summary.split()[0] in done.stdout


def test_an_error_is_a_sentence_on_stderr_and_exit_code_1(
    failing: dict[str, BaseException],
) -> None:
    failing["error"] = Refused("The offer ended yesterday.")
    answer = CliRunner().invoke(main.cli, ["fail"])
    assert (answer.exit_code, answer.stdout, answer.stderr) == (
        1,
        "",
        "The offer ended yesterday.\n",
    )


def test_a_fault_of_the_program_keeps_its_traceback(failing: dict[str, BaseException]) -> None:
    failing["error"] = ZeroDivisionError("a fault")
    answer = CliRunner().invoke(main.cli, ["fail"])
    assert isinstance(answer.exception, ZeroDivisionError)


def test_debug_shows_where_a_sentence_came_from(
    failing: dict[str, BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAGNOTTE_DEBUG", "1")
    failing["error"] = Refused("The offer ended yesterday.")
    assert isinstance(CliRunner().invoke(main.cli, ["fail"]).exception, Refused)


def test_ctrl_c_is_one_sentence_and_exit_code_130(failing: dict[str, BaseException]) -> None:
    failing["error"] = KeyboardInterrupt()
    answer = CliRunner().invoke(main.cli, ["fail"])
    assert answer.exit_code == 130
    assert answer.stderr == (
        "Interrupted: what was finished is kept, the rest is as if it had never begun.\n"
    )


def test_an_unknown_command_is_no_traceback() -> None:
    answer = CliRunner().invoke(main.cli, ["fly"])
    assert answer.exit_code == 2
    assert "No such command 'fly'" in answer.stderr


def test_an_unreachable_server_is_a_sentence() -> None:
    done = run("db", "status", CAGNOTTE_DATABASE_URL="postgresql://me:secret@127.0.0.1:1/shop")
    assert done.returncode == 1
    assert done.stderr.startswith("The database at 127.0.0.1:1/shop cannot be used: Connection")
    assert "secret" not in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_of_your_own_is_neither_started_nor_stopped() -> None:
    done = run("db", "stop", CAGNOTTE_DATABASE_URL="postgresql://me@127.0.0.1:1/shop")
    assert done.returncode == 1
    assert "which Cagnotte neither starts nor stops" in done.stderr


def test_the_database_is_stopped_when_the_command_is_terminated(tmp_path: Path) -> None:
    script = (
        "import time; from cagnotte.cli.bootstrap import running_database\n"
        "with running_database(check_tables=False):\n"
        "    print('up', flush=True); time.sleep(60)\n"
    )
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT / "src"),
        "CAGNOTTE_DATA_DIR": os.environ["CAGNOTTE_DATA_DIR"] + "/terminated",
        "DJANGO_SETTINGS_MODULE": "cagnotte.config.settings",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n"
    process.send_signal(signal.SIGTERM)
    process.communicate()
    assert process.returncode == 143
    status = run("db", "status", CAGNOTTE_DATA_DIR=environment["CAGNOTTE_DATA_DIR"])
    assert "stopped" in status.stdout
