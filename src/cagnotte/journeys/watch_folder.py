"""A folder into which others drop files: each is taken in once it has stopped growing, then put away with a report.

Files go to `done`, or to `failed` when as a whole they could not be read; beside each lies `NAME.report.txt`, and the
rows that were rejected lie in `failed`. Several watchers of one folder may run: a file is locked while it is taken, and
a watcher that dies lets go of it. A file that is put in again changes nothing.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import structlog

from cagnotte.domain.errors import CagnotteError, InvalidInput
from cagnotte.journeys.take_file import FileTaken, check_source, take_file

DONE, FAILED = "done", "failed"
SETTLE_SECONDS = 5
"""A file whose size and time have not changed for so long is whole."""
UNFINISHED = (".part", ".partial", ".tmp", ".crdownload", ".filepart", ".swp")
"""How programs that copy files name them before they are whole."""
REPORT = ".report.txt"

log = structlog.get_logger(__name__)

Clock = Callable[[], datetime]
Sleep = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Watched:
    """A folder, and the source its files are of. settle_seconds: see `SETTLE_SECONDS`."""

    folder: Path
    programme: str | None
    source: str
    settle_seconds: float = SETTLE_SECONDS


@dataclass(slots=True)
class Outcome:
    """What became of one file. moved: where it lies now. sentence: why it failed, "" when it did not."""

    name: str
    moved: Path
    taken: FileTaken | None = None
    sentence: str = ""


class _State(NamedTuple):
    """What tells whether a file still grows."""

    size: int
    changed_ns: int


@dataclass(slots=True)
class Watcher:
    """Looks again and again. clock, sleep: the machine's, or a test's."""

    watched: Watched
    clock: Clock
    sleep: Sleep
    _seen: dict[str, _State] = field(default_factory=dict)

    def watch(self, *, is_over: Callable[[], bool]) -> Iterator[Outcome]:
        """Take files as they come, until told to end between two files. Raises NotFound for an unknown source."""
        self._check()
        while not is_over():
            yield from self.look(is_over=is_over)
            if not is_over():
                self.sleep(self.watched.settle_seconds)

    def once(self) -> Iterator[Outcome]:
        """Take the files that are there now and do not grow. Raises NotFound for an unknown source."""
        self._check()
        self._note()
        self.sleep(self.watched.settle_seconds)
        yield from self.look(is_over=lambda: False)

    def look(self, *, is_over: Callable[[], bool]) -> Iterator[Outcome]:
        """Take the files that are as they were at the last look."""
        before = self._seen
        self._note()
        for name, state in sorted(self._seen.items()):
            if is_over():
                return
            if before.get(name) == state:
                outcome = self._take(self.watched.folder / name, state)
                if outcome is not None:
                    yield outcome

    def _check(self) -> None:
        """See that the source is there now: a slip of the pen would else be told with the first file, days later."""
        check_source(self.watched.programme, self.watched.source, now=self.clock())

    def _note(self) -> None:
        self._seen = {path.name: state for path, state in _files(self.watched.folder)}

    def _take(self, path: Path, state: _State) -> Outcome | None:
        """Take one file; nothing when another watcher has it, or it has changed or gone meanwhile."""
        with _locked(path) as is_mine:
            if not is_mine or _state(path) != state:
                return None
            now = self.clock()
            failed = _folder(self.watched.folder, FAILED)
            rejects = _free(failed, f"{path.stem}.rejects{path.suffix}")
            try:
                taken = take_file(
                    path,
                    programme=self.watched.programme,
                    source=self.watched.source,
                    now=now,
                    rejects=rejects,
                )
            except InvalidInput as error:
                # The file itself is at fault. All else (no database, no such source) leaves it where it lies.
                moved = _put_away(path, failed, [error.sentence], now)
                return Outcome(path.name, moved, sentence=error.sentence)
            moved = _put_away(path, _folder(self.watched.folder, DONE), taken.lines, now)
            return Outcome(path.name, moved, taken)


def _files(folder: Path) -> Iterator[tuple[Path, _State]]:
    try:
        entries = sorted(folder.iterdir())
    except OSError as error:
        raise CagnotteError(f"The folder {folder} cannot be read: {error.strerror}.") from error
    for path in entries:
        name = path.name
        if name.startswith((".", "~")) or name.endswith((*UNFINISHED, REPORT)) or path.is_symlink():
            continue
        state = _state(path)
        # An empty file has not begun to be written.
        if state is not None and state.size and path.is_file():
            yield path, state


def _state(path: Path) -> _State | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return _State(told.st_size, told.st_mtime_ns)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """Lock a file; tell whether that succeeded and the file is still the one of that name."""
    try:
        stream = path.open("rb")
    except OSError:
        yield False
        return
    with stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            yield False
            return
        # Another watcher may have put it away, and a new one may stand under its name, before the lock was ours.
        there = _inode(path)
        mine = os.fstat(stream.fileno())
        yield there == (mine.st_dev, mine.st_ino)


def _inode(path: Path) -> tuple[int, int] | None:
    try:
        told = path.stat()
    except OSError:
        return None
    return told.st_dev, told.st_ino


def _folder(folder: Path, name: str) -> Path:
    inner = folder / name
    try:
        inner.mkdir(exist_ok=True)
    except OSError as error:
        raise CagnotteError(f"The folder {inner} cannot be made: {error.strerror}.") from error
    return inner


def _put_away(path: Path, folder: Path, lines: list[str], now: datetime) -> Path:
    """Move a file and write its report beside it; the report first, so that no file lies there without one."""
    target = _free(folder, path.name)
    report = target.with_name(f"{target.name}{REPORT}")
    report.write_text("".join(f"{line}\n" for line in [now.isoformat(), *lines]), encoding="utf-8")
    try:
        path.rename(target)
    except OSError as error:
        raise CagnotteError(f"{path} cannot be moved to {folder}: {error.strerror}.") from error
    log.info("file put away", file=path.name, folder=folder.name)
    return target


def _free(folder: Path, name: str) -> Path:
    """Return a path in a folder that no file has: under the name itself, else with a number before its ending."""
    path = folder / name
    number = 1
    while path.exists() or path.with_name(f"{path.name}{REPORT}").exists():
        number += 1
        path = folder / f"{Path(name).stem}.{number}{Path(name).suffix}"
    return path
