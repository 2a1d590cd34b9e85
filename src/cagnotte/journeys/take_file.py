"""A file is dropped or uploaded: it goes to its source, whether that reads files by a mapping or is connected."""

import hashlib
import re
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg

from cagnotte.domain.errors import InvalidInput
from cagnotte.hooks.sources import Message
from cagnotte.inbox import services as inbox
from cagnotte.inbox.accounts import account as account_named
from cagnotte.inbox.unread import unreadable_message
from cagnotte.journeys.import_file import import_file, source_of
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.read_inbox import read_inbox
from cagnotte.platform import database
from cagnotte.purchases.models import Source

Connection = psycopg.Connection[Any]

MESSAGE_BYTES_MAX = 32 << 20
"""A file for a connected source is one message, which is read whole."""
UPLOAD_BYTES_MAX = 256 << 20
NAME_LENGTH_MAX = 120

CONNECTED = "connected"

_UNSAFE = re.compile(r"[^\w.-]+", re.ASCII)


@dataclass(slots=True)
class FileTaken:
    """What became of a file.

    counts: new, changed, unchanged … or, of a connected source, the states its orders were left in. rejected: reason →
    rows. rejects: the file of rejected rows. seen_before: the same bytes came before. problems: of a connected source,
    a sentence for each part that could not be read.
    """

    name: str
    source: str
    counts: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    rejects: Path | None = None
    seen_before: bool = False
    problems: list[str] = field(default_factory=list)

    @property
    def lines(self) -> list[str]:
        """What became of it, in sentences."""
        again = " It came before." if self.seen_before else ""
        told = ", ".join(f"{count:,} {name}" for name, count in self.counts.items() if count)
        lines = [
            f"{self.name}: {told or 'nothing new'}, {sum(self.rejected.values()):,} rejected.{again}"
        ]
        lines += [f"{count:,} × {reason}" for reason, count in sorted(self.rejected.items())]
        if self.rejects is not None:
            lines.append(f"Rejected rows: {self.rejects}")
        if self.problems:
            lines += [*self.problems, f"They wait in `cagnotte sources queue {self.source}`."]
        return lines


def take_file(
    path: Path,
    *,
    programme: str | None,
    source: str,
    now: datetime,
    rejects: Path | None = None,
    name: str = "",
) -> FileTaken:
    """Take a file in for a source. The same file again changes nothing.

    name: what people call it; default: its path's. Raises InvalidInput when the file as a whole cannot be read,
    NotFound for an unknown programme or source.
    """
    taken = FileTaken(name or path.name, source)
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, programme, now)
        if _is_connected(run, source):
            return _to_inbox(connection, run, path, taken)
    done = import_file(path, programme=programme, source=source, now=now, rejects=rejects)
    taken.counts = {key: count for key, count in done.counts.items() if not key.endswith("_minor")}
    taken.rejected, taken.rejects, taken.seen_before = done.rejected, done.rejects, done.seen_before
    return taken


def _is_connected(run: ProgrammeRun, source: str) -> bool:
    return Source.objects.filter(programme_id=run.id, ref=source, kind=CONNECTED).exists()


def _to_inbox(connection: Connection, run: ProgrammeRun, path: Path, taken: FileTaken) -> FileTaken:
    """Keep a file as a message of a connected source, and read it.

    Raises InvalidInput when nothing of it can be read; it is kept then too.
    """
    size = path.stat().st_size
    if size > MESSAGE_BYTES_MAX:
        raise InvalidInput(
            f"{taken.name} has {size:,} bytes; a message has {MESSAGE_BYTES_MAX:,} at most. Split it.",
            path=str(path),
        )
    account = account_named(run.id, taken.source)
    body = path.read_bytes()
    # From here on each step commits by itself: the message is kept also where nothing of it can be read.
    connection.commit()
    # Files are named by what they hold, so that the same one again is known.
    name = f"file:{hashlib.sha256(body).hexdigest()}"
    message = Message(body, "file", name)
    with connection.transaction():
        kept = inbox.keep(connection, account.id, [message], via="file", signed=False, now=run.now)
    taken.seen_before = not kept.count
    summary = read_inbox(connection, run, account)
    taken.counts = dict(Counter(summary.states))
    waiting = unreadable_message(account.id, name)
    if waiting is None:
        return taken
    if not waiting.problems:
        raise InvalidInput(
            f"{taken.name} cannot be read: {waiting.sentence} It is kept as message {waiting.id} and waits in "
            f"`cagnotte sources queue {account.ref}`.",
            path=str(path),
        )
    taken.rejected = dict(Counter(reason for _, reason, _ in waiting.problems))
    taken.problems = [f"{place}: {told}".removeprefix(": ") for place, _, told in waiting.problems]
    return taken


def check_source(programme: str | None, source: str, *, now: datetime) -> None:
    """Raise NotFound for an unknown programme or source, whether a file is there or not."""
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, programme, now)
        if not _is_connected(run, source):
            source_of(run, source)


def take_upload(
    name: str, content: bytes, *, programme: str | None, source: str, now: datetime
) -> FileTaken:
    """Take in what a person uploaded under some name. Raises as `take_file`, and InvalidInput when it is too large.

    Rejected rows are kept in the data folder, under a name that nobody can choose.
    """
    if len(content) > UPLOAD_BYTES_MAX:
        raise InvalidInput(f"“{name}” is larger than {UPLOAD_BYTES_MAX:,} bytes; split it.")
    shown = safe_name(name)
    rejects = database.data_folder() / "rejects"
    rejects.mkdir(parents=True, exist_ok=True)
    named = (
        f"{hashlib.sha256(content).hexdigest()[:16]}-{Path(shown).stem}.rejects{Path(shown).suffix}"
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / shown
        path.write_bytes(content)
        return take_file(
            path, programme=programme, source=source, now=now, rejects=rejects / named, name=shown
        )


def safe_name(name: str) -> str:
    """Return a file's name without folders and without characters that shells or file systems take for more."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    plain = _UNSAFE.sub("_", last).lstrip(".")[-NAME_LENGTH_MAX:]
    return plain or "upload"
