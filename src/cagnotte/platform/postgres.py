"""The embedded PostgreSQL server: started by whoever needs it first, stopped by whoever leaves last.

Each process that uses the server holds a *lease*: a shared lock (flock) on one file. The kernel drops the lock
when the process ends, however it ends, so a killed process never leaves a lease behind. Starting and stopping
happen under a second, exclusive lock. The server listens on a Unix socket in a private folder and nowhere else.
"""

import contextlib
import fcntl
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg
from psycopg import pq

from cagnotte.platform.database_errors import (
    DatabaseFolderUnusable,
    DatabaseInUse,
    DatabaseUnavailable,
    DatabaseVersionUnsupported,
    DiskFull,
)
from cagnotte.platform.postgres_folders import (
    Folders,
    folders_for,
    make_private,
    prepare,
    sentences_about,
)

SUPERUSER = "postgres"
"""The embedded server's administrator: creates roles and databases, never used by the application."""

LOGIN = "cagnotte"
"""The embedded server's ordinary user: may take the roles of owner and application, nothing more."""

DATABASE = "cagnotte"

TUNING: Mapping[str, str] = {
    "max_connections": "60",
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    # Full-page images compress well; pglz is the only method every build has.
    "wal_compression": "pglz",
    "synchronous_commit": "on",
    "fsync": "on",
    # Solid-state disks: an index page costs hardly more than the next page.
    "random_page_cost": "1.1",
    # Compiling costs more than it saves on statements of some milliseconds.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "lc_messages": "C",
}
"""Settings for a development machine of two cores; a server of your own has its own."""

POLL_SECONDS = 0.02
LOG_BYTES_MAX = 10 * 1024 * 1024
LOG_LINES_SHOWN = 6
NOT_YET = ("FATAL:  the database system is", "DETAIL:  Consistent recovery state has not been")

ORPHANS_MESSAGE = "pre-existing shared memory block"
ORPHANS_SECONDS_MAX = 30
"""How long a new server waits for the sessions of one that was killed."""


class EmbeddedServer:
    """One embedded server, named by its visible folder (usually `.data/postgres`)."""

    def __init__(self, home: Path, *, tuning: Mapping[str, str] = TUNING) -> None:
        """Name the server; nothing is created or started."""
        self.home = home.absolute()
        self._tuning = tuning

    def lease(self) -> "Lease":
        """Start the server if it is down, and keep it up until the returned lease is released.

        Waits as long as crash recovery takes.

        Raises:
            DatabaseUnavailable: it cannot be started; the sentence quotes the server's log.
            DatabaseFolderUnusable: its folder, socket or lock cannot be used.
            DatabaseVersionUnsupported: its data was made by another major version.
            DiskFull: there is no room for its files.
        """
        folders = prepare(self.home)
        with _exclusive(folders.base / "lock"):
            file = _open_lock(folders.base / "leases")
            try:
                fcntl.flock(file, fcntl.LOCK_SH)
                self._ensure_running(folders)
            except BaseException:
                os.close(file)
                self._stop_if_idle(folders)
                raise
        return Lease(server=self, file=file)

    def url(self, database: str = DATABASE, *, user: str = LOGIN) -> str:
        """The address of `database` on this server, as libpq understands it; the server may be down."""
        sockets = quote(str(folders_for(self.home).sockets), safe="")
        return f"postgresql://{user}@/{database}?host={sockets}&port=5432"

    def is_running(self) -> bool:
        """Whether the server accepts connections now."""
        return _ping(folders_for(self.home)) == pq.Ping.OK

    def pin(self) -> None:
        """Keep the server up when the last lease is released (`cagnotte db start`)."""
        with sentences_about(self.home):
            (folders_for(self.home).base / "pinned").touch()

    def stop(self, *, force: bool = False) -> bool:
        """Stop the server for good and forget the pin; say whether it was running.

        Raises:
            DatabaseInUse: other processes hold a lease, and `force` is not given. The server stays up.
        """
        folders = prepare(self.home)
        with _exclusive(folders.base / "lock"):
            if not force and not _nobody_leases(folders):
                raise DatabaseInUse(
                    "Other commands are using the embedded database; it stops when the last of them "
                    "ends. To cut them off now: cagnotte db stop --force"
                )
            (folders.base / "pinned").unlink(missing_ok=True)
            running = _postmaster_pid(folders) is not None
            self._stop(folders)
        return running

    def release(self, file: int) -> None:
        """Give up the lease held by `file`; the last one to leave stops the server."""
        folders = folders_for(self.home)
        with _exclusive(folders.base / "lock"):
            os.close(file)
            self._stop_if_idle(folders)

    # ---- starting ---------------------------------------------------------------------------------------------

    def _ensure_running(self, folders: Folders) -> None:
        if _ping(folders) == pq.Ping.OK:
            return
        left = _postmaster_pid(folders)
        # Left by a process that was killed while it started or stopped the server.
        if left and _wait_until_ready(folders, partial(_is_postmaster, left, folders)):
            return
        with sentences_about(folders.base):
            make_private(folders.sockets, folders.account)
            if not (folders.data / "PG_VERSION").exists():
                _initdb(folders)
            _check_version(folders)
            self._start(folders)
        _check_locale(self.url("postgres", user=SUPERUSER))

    def _start(self, folders: Folders) -> None:
        log = folders.base / "server.log"
        patience_ends = time.monotonic() + ORPHANS_SECONDS_MAX
        while True:
            _keep_short(log)
            begin = log.stat().st_size if log.exists() else 0
            pid = _spawn(folders, self._tuning)
            if _wait_until_ready(folders, partial(_is_postmaster, pid, folders)):
                return
            said = log.read_bytes()[begin:].decode(errors="replace")
            # Sessions of a killed postmaster finish their statement before they notice.
            if ORPHANS_MESSAGE not in said or time.monotonic() > patience_ends:
                raise _failure("The embedded database did not start", said, folders.base)
            time.sleep(10 * POLL_SECONDS)

    # ---- stopping ---------------------------------------------------------------------------------------------

    def _stop_if_idle(self, folders: Folders) -> None:
        if _nobody_leases(folders) and not (folders.base / "pinned").exists():
            self._stop(folders)

    def _stop(self, folders: Folders) -> None:
        pid = _postmaster_pid(folders)
        if pid is None:
            return
        # SIGINT is PostgreSQL's fast shutdown: roll back what is open, write a checkpoint, end.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        while _is_postmaster(pid, folders):
            time.sleep(POLL_SECONDS)


class Lease:
    """The right to find the server running; released by `release()` or by the end of the process."""

    def __init__(self, *, server: EmbeddedServer, file: int) -> None:
        """Hold the locked file; made by `EmbeddedServer.lease`."""
        self.server = server
        self._file: int | None = file
        self._process_id = os.getpid()

    def release(self) -> None:
        """Give the lease up, once; the last lease to go stops the server."""
        # A forked child shares its parent's lease and must not stop the server under it.
        if self._file is not None and self._process_id == os.getpid():
            file, self._file = self._file, None
            self.server.release(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


# ---- locks ----------------------------------------------------------------------------------------------------


def _open_lock(path: Path) -> int:
    with sentences_about(path):
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextlib.contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    file = _open_lock(path)
    try:
        with sentences_about(path):
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        os.close(file)


def _nobody_leases(folders: Folders) -> bool:
    file = _open_lock(folders.base / "leases")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(file)
    return True


# ---- the server's own programs --------------------------------------------------------------------------------


def _keep_short(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES_MAX:
        log.replace(log.with_suffix(".log.1"))


def _spawn(folders: Folders, tuning: Mapping[str, str]) -> int:
    """Start the postmaster and return its process id.

    It gets a session of its own, so that Ctrl-C in our terminal does not reach it, and a shell between us that
    ends at once, so that it is nobody's child: it may well outlive the process that started it.
    """
    settings = {
        **tuning,
        "listen_addresses": "",
        "unix_socket_directories": '"' + str(folders.sockets).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
        "port": "5432",
    }
    command = [str(folders.programs / "postgres"), "-D", str(folders.data)]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    account = folders.account
    with (folders.base / "server.log").open("ab") as out:
        shell = subprocess.run(
            ["/bin/sh", "-c", '"$@" >&2 & echo "$!"', "sh", *command],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=out,
            # The folder tells our postmaster from any other process that has its number after a reboot.
            cwd=folders.data,
            env={**_environment(), "PG_GRANDPARENT_PID": _number_in_lock(folders)},
            start_new_session=True,
            umask=0o077,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    return int(shell.stdout)


def _initdb(folders: Folders) -> None:
    """Create the data folder aside and rename it, so that an interrupted start is simply begun again."""
    account = folders.account
    aside = Path(tempfile.mkdtemp(prefix="initdb-", dir=folders.base))
    if account:
        os.chown(aside, account.uid, account.gid)
    command = [
        str(folders.programs / "initdb"),
        "--encoding=UTF8",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--locale=C",
        "--auth=trust",
        f"--username={SUPERUSER}",
        "--no-instructions",
        "-D",
        str(aside),
    ]
    done = subprocess.run(
        command,
        check=False,
        capture_output=True,
        text=True,
        cwd="/",
        env=_environment(),
        umask=0o077,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
    )
    if done.returncode:
        raise _failure("The embedded database could not be created", done.stderr, folders.base)
    aside.rename(folders.data)


def _environment() -> dict[str, str]:
    # PG* variables of the person's shell would steer initdb and postgres.
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _number_in_lock(folders: Folders) -> str:
    """The process id in the server's lock file, "0" when there is none.

    Handed to PostgreSQL as PG_GRANDPARENT_PID once we know that this process is not its postmaster, it makes
    PostgreSQL look past a number that is taken by another process (or by a zombie) and still check for sessions
    left in shared memory, which removing the file would not.
    """
    try:
        lines = (folders.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "0"
    return lines[0] if lines and lines[0].isdecimal() else "0"


def _postmaster_pid(folders: Folders) -> int | None:
    """The process id of the running postmaster, None when its file is missing or stale."""
    pid = int(_number_in_lock(folders))
    return pid if pid and _is_postmaster(pid, folders) else None


def _is_postmaster(pid: int, folders: Folders) -> bool:
    """Whether `pid` is alive and works in our data folder; after a reboot the number may be anybody's."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/cwd").readlink() == folders.data.resolve()
    except (ProcessLookupError, PermissionError):
        return False
    except FileNotFoundError:
        # No /proc here (macOS), or the process ended just now, or it is a zombie.
        return not Path("/proc/self").exists()


def _ping(folders: Folders) -> pq.Ping:
    target = (
        f"host='{folders.sockets}' port=5432 dbname=postgres user={SUPERUSER} connect_timeout=5"
    )
    return pq.Ping(pq.PGconn.ping(target.encode()))


def _wait_until_ready(folders: Folders, lives: Callable[[], bool]) -> bool:
    """Wait for the server without a time-out, since recovery takes what it takes; False when it died."""
    while _ping(folders) != pq.Ping.OK:
        if not lives():
            return False
        time.sleep(POLL_SECONDS)
    return True


# ---- checks and sentences -------------------------------------------------------------------------------------


def _check_version(folders: Folders) -> None:
    made_by = (folders.data / "PG_VERSION").read_text(encoding="utf-8").strip()
    command = [str(folders.programs / "postgres"), "--version"]
    shown = subprocess.run(command, check=False, capture_output=True, text=True)
    ours = shown.stdout.rsplit(" ", 1)[-1].strip()
    if ours.split(".")[0] != made_by:
        raise DatabaseVersionUnsupported(
            f"The data in {folders.data} was made by PostgreSQL {made_by}, the installed server is {ours}. "
            "Install the version that made it and dump it with pg_dump, or name another folder in "
            "CAGNOTTE_DATA_DIR.",
            made_by=made_by,
            installed=ours,
        )


def _check_locale(url: str) -> None:
    query = "SELECT datlocprovider, datlocale FROM pg_database WHERE datname = 'template1'"
    with psycopg.connect(url) as connection:
        found = connection.execute(query).fetchone()
    if found != ("b", "C.UTF-8"):
        raise DatabaseFolderUnusable(
            "The embedded database was not created by Cagnotte: its locale is not the builtin C.UTF-8. "
            "Name another folder in CAGNOTTE_DATA_DIR."
        )


def _failure(what: str, output: str, base: Path) -> DatabaseUnavailable:
    # Our own questions whether it is ready yet fill the log while it recovers.
    told = [line for line in output.strip().splitlines() if not any(x in line for x in NOT_YET)]
    quoted = "\n".join(f"    {line}" for line in told[-LOG_LINES_SHOWN:])
    if "No space left on device" in output:
        return DiskFull(
            f"{what}: the disk that holds {base} is full. Free some space and try again."
        )
    return DatabaseUnavailable(f"{what}; its log in {base} ends with:\n{quoted}", folder=str(base))
