"""Jobs on a disk that runs full; a script of its own, for it mounts small disks where only it can see them.

small_disk.py FOLDER SEED: ends with 0 and a line per round, or with the assertion that failed.
"""

import contextlib
import importlib
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from tests.faults.day import Job
    from tests.faults.machine import Machine

DISK_MEGABYTES = 300
LOG_DISK_MEGABYTES = 50

TUNING = {
    "shared_buffers": "16MB",
    "max_wal_size": "32MB",
    "min_wal_size": "32MB",
    # Segments are made when they are needed, not kept ready from before.
    "wal_recycle": "off",
}

SEGMENT_BYTES = 16 << 20
FULL = ("disk is full", "disk that holds")
LOST = ("was lost", "cannot be used")


def mount(folder: Path, megabytes: int) -> None:
    """Mount a small disk in memory."""
    folder.mkdir(exist_ok=True)
    options = f"size={megabytes}m,mode=711"
    program = shutil.which("mount") or "mount"
    subprocess.run([program, "-t", "tmpfs", "-o", options, "none", str(folder)], check=True)


def fill(folder: Path, left: int) -> Path:
    """Leave so many bytes free on the disk of a folder."""
    filler = folder / "filler"
    block = bytes(64 << 10)
    with filler.open("wb", buffering=0) as file:
        with contextlib.suppress(OSError):
            while file.write(block) == len(block):
                pass
        file.truncate(max(file.tell() - left, 0))
    return filler


def main(folder: Path, seed: int) -> None:
    """Fill the disk of the data, then the disk of the log of changes, while jobs run."""
    mount(folder, DISK_MEGABYTES)
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    importlib.import_module("django").setup()
    day: Any = importlib.import_module("tests.faults.day")
    machine = _machine(folder)
    draw = random.Random(seed)
    try:
        for stage in (0, 2, 4):
            _data_disk_runs_full(machine, day.DAY[stage], folder, draw.randrange(300_000))
        _disk_of_the_rejected_rows_is_full(machine, day.DAY[0], folder / "rejects")
        log_disk = folder / "log"
        _put_the_log_on_a_disk_of_its_own(machine, log_disk)
        for stage in (0, 2):
            _log_disk_runs_full(machine, day.DAY[stage], log_disk, draw.randrange(200_000))
    finally:
        machine.stop()


def _machine(folder: Path) -> "Machine":
    postgres: Any = importlib.import_module("cagnotte.platform.postgres")
    machines: Any = importlib.import_module("tests.faults.machine")
    database: Any = importlib.import_module("cagnotte.platform.database")
    server = postgres.EmbeddedServer(folder / "postgres", tuning={**postgres.TUNING, **TUNING})
    machine: Machine = machines.Machine(folder, server)
    machine.start()
    database.use_database(server.url())
    machine.found()
    return machine


def _data_disk_runs_full(machine: "Machine", job: "Job", disk: Path, left: int) -> None:
    """Pages of tables and indexes find no room: the statement fails, and the server stays up."""
    machine.clean_end(job)
    machine.take_up(job.stage)
    filler = fill(disk, left)
    code, said = machine.here(job)
    _say(f"{job.name} with {left:,} bytes left: {said}")
    assert (code, any(words in said for words in FULL)) == (1, True), said
    filler.unlink()
    _goes_on(machine, job)


def _disk_of_the_rejected_rows_is_full(machine: "Machine", job: "Job", disk: Path) -> None:
    """What is taken stays taken; the rejected rows are written by the next run."""
    mount(disk, 1)
    filler = fill(disk, 0)
    machine.take_up(job.stage)
    rejects = disk / "rejects.csv"
    telling = job._replace(command=(*job.command, "--rejects", str(rejects)))
    code, said = machine.here(telling)
    _say(f"{job.name} without room for rejected rows: {said}")
    assert (code, any(words in said for words in FULL)) == (1, True), said
    filler.unlink()
    _goes_on(machine, telling)
    rows = len(rejects.read_text().splitlines())
    assert rows > 1, rows


def _log_disk_runs_full(machine: "Machine", job: "Job", disk: Path, left: int) -> None:
    """The log of changes finds no room: the server ends all sessions, and cannot start before there is some."""
    machine.take_up(job.stage)
    with psycopg.connect(machine.server.url()) as connection:
        ((current, used),) = connection.execute(
            "SELECT file_name, file_offset FROM pg_walfile_name_offset(pg_current_wal_insert_lsn())"
        ).fetchall()
        rest = max(SEGMENT_BYTES - used - left, 0)
        connection.execute("SELECT pg_logical_emit_message(false, '', repeat('x', %s))", [rest])
    filler = fill(disk, 0)
    # A checkpoint may have made the next segment already; without it, it is made when it is needed.
    while ready := [one for one in (disk / "pg_wal").glob("0*") if one.name > current]:
        for one in ready:
            one.unlink()
        filler = fill(disk, 0)
    code, said = machine.here(job)
    _say(f"{job.name} with {left:,} bytes of log left: {said}")
    assert (code, any(words in said for words in (*FULL, *LOST))) == (1, True), said
    _starts_or_says_why_not(machine)
    filler.unlink()
    _goes_on(machine, job)


def _starts_or_says_why_not(machine: "Machine") -> None:
    """Recovery needs a little room itself: where there is none, the next command says so."""
    errors: Any = importlib.import_module("cagnotte.platform.database_errors")
    try:
        machine.start()
    except errors.DiskFull as error:
        _say(f"starting: {error}")


def _goes_on(machine: "Machine", job: "Job") -> None:
    """There is room again: nothing stands in part, and the job comes to its clean end."""
    day: Any = importlib.import_module("tests.faults.day")
    machine.start()
    day.assert_whole(machine.world)
    machine.must_here(job, job.later)
    machine.assert_ends_clean(job)


def _put_the_log_on_a_disk_of_its_own(machine: "Machine", disk: Path) -> None:
    folders: Any = importlib.import_module("cagnotte.platform.postgres_folders")
    machine.stop()
    mount(disk, LOG_DISK_MEGABYTES)
    log = folders.folders_for(machine.server.home).data / "pg_wal"
    owner = log.stat()
    shutil.move(log, disk / "pg_wal")
    for path in (disk / "pg_wal", *(disk / "pg_wal").rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    (disk / "pg_wal").chmod(0o700)
    log.symlink_to(disk / "pg_wal")
    machine.start()


def _say(line: str) -> None:
    sys.stdout.write(line.strip() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
