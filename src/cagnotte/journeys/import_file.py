"""A file comes in: members, products, purchases or answers, by the mapping of its source.

One journey for all of them, so that every file gets the same treatment: known by its bytes, read with flat
memory, good rows taken, bad ones kept with their reason and written to a file that can be sent again.
"""

import csv
import hashlib
import importlib
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self, TextIO, cast

import psycopg

from cagnotte.domain.errors import CagnotteError, InvalidInput, InvalidRow, NotFound
from cagnotte.journeys import enrol, import_purchases, records, stock_catalogue, validate
from cagnotte.journeys.arrivals import ArrivedFile, Rejected
from cagnotte.journeys.orders import COUNTED, Tally
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform import database, processes
from cagnotte.purchases import services
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.models import Source
from cagnotte.purchases.reading.order_file import OrderFile
from cagnotte.purchases.reading.rejected_rows import RejectedRows, rejected_rows
from cagnotte.purchases.reading.tables import read_table

Connection = psycopg.Connection[Any]
OnProgress = Callable[[int, int], None]
"""Told (bytes read, bytes in all)."""

HASH_BLOCK_BYTES = 1 << 20
ENDED_BY_LINES = ("csv", "jsonl")
"""Formats that end with a line end when they are whole; the others know their end themselves."""


@dataclass(slots=True)
class ImportSummary:
    """What became of a file.

    counts: new, changed, unchanged, stale … as they apply to its kind. rejected: reason → rows.
    unread: columns the mapping does not name. rejects: the file of rejected rows, None when there are none.
    seen_before: the same bytes were read to their end before. ended: the last row has its line end, so that the
    file is not known to be cut off.
    """

    file: Path
    kind: str
    counts: dict[str, int] = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    rejects: Path | None = None
    seen_before: bool = False
    ended: bool = True

    def add(self, counts: dict[str, int], rejected: dict[str, int]) -> None:
        """Add what a chunk came to."""
        for totals, more in ((self.counts, counts), (self.rejected, rejected)):
            for key, count in more.items():
                totals[key] = totals.get(key, 0) + count


def import_file(  # noqa: PLR0913 - what a person can say of an import
    path: Path,
    *,
    programme: str | None,
    source: str,
    now: datetime,
    jobs: int = 1,
    on_progress: OnProgress = lambda _done, _total: None,
    rejects: Path | None = None,
) -> ImportSummary:
    """Import one file through the mapping of its source, with `jobs` processes where the kind allows.

    Raises InvalidInput when the file as a whole cannot be read, NotFound for an unknown programme or source.
    Interrupted anywhere, the same call ends in the same state as one clean run.
    """
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.", path=str(path))
    with database.connect() as connection:
        run = ProgrammeRun.open(connection, programme, now)
        row = source_of(run, source)
        mapping = Mapping.from_data({"ref": row.ref, "kind": row.kind, **row.mapping})
        rejects = rejects or _rejects_path(path)
        _check_apart(path, rejects)
        sha256, size, ended = _fingerprint(path)
        file_id, seen = services.open_file(
            connection, source_id=row.id, sha256=sha256, name=path.name, size=size, now=now
        )
        summary = ImportSummary(
            path, row.kind, seen_before=seen, ended=ended or mapping.format not in ENDED_BY_LINES
        )
        arrived = ArrivedFile(row.id, file_id, sha256, mapping.encoding)
        job = _Job(path, mapping, run, arrived, size, rejects)
        with _Rejects(job.rejects_path, path, mapping) as kept, _saying_what_it_seems(job):
            _TAKERS[row.kind](connection, job, jobs, summary, kept, on_progress)
        summary.rejects = job.rejects_path if kept.count else None
        services.finish_file(connection, file_id, now)
    return summary


@dataclass(frozen=True, slots=True)
class _Job:
    path: Path
    mapping: Mapping
    run: ProgrammeRun
    arrived: ArrivedFile
    size: int
    rejects_path: Path


@contextmanager
def _saying_what_it_seems(job: _Job) -> Iterator[None]:
    """Add to the refusal of a whole file where file and mapping seem to differ."""
    try:
        yield
    except InvalidInput as error:
        looking = importlib.import_module("cagnotte.purchases.reading.looking")
        try:
            told = looking.differences(looking.look(job.path), job.mapping)
        except InvalidInput:
            told = []
        if not told:
            raise
        raise InvalidInput(" ".join([error.sentence, *told]), **error.facts) from error


def source_of(run: ProgrammeRun, ref: str) -> Source:
    """Return a source of files. Raises NotFound, with the names there are, and InvalidInput for a connected one."""
    found = Source.objects.filter(programme_id=run.id, ref=ref).first()
    if found is None:
        known = ", ".join(
            Source.objects.filter(programme_id=run.id).order_by("ref").values_list("ref", flat=True)
        )
        raise NotFound(
            f"“{run.programme.slug}” has no source “{ref}”. Its sources are: {known or 'none yet'}. "
            "Sources are part of the programme file.",
            source=ref,
        )
    if found.kind not in _TAKERS:
        raise InvalidInput(
            f"“{ref}” is a connected source, which is asked or sends by itself; files need a source of their own.",
            source=ref,
        )
    return found


def _check_apart(path: Path, rejects: Path) -> None:
    if rejects.resolve() == path.resolve():
        raise InvalidInput(
            f"The rejected rows of {path.name} cannot be written over it; name another file.",
            path=str(path),
        )


def _fingerprint(path: Path) -> tuple[str, int, bool]:
    """Return a file's SHA-256, its size in bytes, and whether it ends with the end of a line, as whole files do."""
    digest, size, last = hashlib.sha256(), 0, b"\n"
    try:
        with path.open("rb") as stream:
            while block := stream.read(HASH_BLOCK_BYTES):
                digest.update(block)
                size, last = size + len(block), block[-2:]
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.", path=str(path)) from error
    return digest.hexdigest(), size, b"\n" in last or b"\r" in last


def _rejects_path(path: Path) -> Path:
    """Return where rejected rows go: beside the file, or in the data folder when that cannot be written."""
    folder = path.parent if os.access(path.parent, os.W_OK) else database.data_folder() / "rejects"
    return folder / f"{path.stem}.rejects{path.suffix}"


class _Rejects(AbstractContextManager["_Rejects"]):
    """Two files made when the first row is rejected: the rows as they were, and why (…reasons.csv)."""

    def __init__(self, path: Path, original: Path, mapping: Mapping) -> None:
        self._path = path
        self._original = original
        self._mapping = mapping
        self._rows: RejectedRows | None = None
        self._reasons: TextIO | None = None
        self.count = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for stream in (self._rows, self._reasons):
            if stream:
                stream.close()

    def add(self, row_number: int, raw: str, error: CagnotteError) -> None:
        """Keep a row with its reason."""
        if self._rows is None or self._reasons is None:
            self._rows, self._reasons = self._open()
        self._rows.write(raw if raw.endswith("\n") else raw + "\n")
        reason = error.reason if isinstance(error, InvalidRow) else error.code
        csv.writer(self._reasons).writerow([row_number, reason, error.sentence])
        self.count += 1

    def _open(self) -> tuple[RejectedRows, TextIO]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        rows = rejected_rows(self._path, self._original, self._mapping)
        reasons = self._path.with_suffix(".reasons.csv").open("w", encoding="utf-8", newline="")
        csv.writer(reasons).writerow(["row", "reason", "sentence"])
        return rows, reasons


# ---- purchases ----


def _take_purchases(
    connection: Connection,
    job: _Job,
    jobs: int,
    summary: ImportSummary,
    kept: _Rejects,
    on_progress: OnProgress,
) -> None:
    orders = OrderFile(job.path, job.mapping)
    summary.unread = orders.unread
    if jobs > 1:
        _with_processes(job, jobs, summary, kept, on_progress)
        return
    for tally, rejected, done in import_purchases.take(
        connection, job.run, orders, job.arrived, 1, 1
    ):
        _count(summary, kept, tally, rejected)
        on_progress(done, job.size)


def _count(
    summary: ImportSummary, kept: _Rejects, tally: Tally, rejected: Iterable[Rejected]
) -> None:
    summary.add(
        {name: getattr(tally, name) for name in COUNTED},
        tally.rejected,
    )
    for row in rejected:
        kept.add(row.row_number, row.raw, row.error)


def _with_processes(
    job: _Job, jobs: int, summary: ImportSummary, kept: _Rejects, on_progress: OnProgress
) -> None:
    """Share a file among processes. Each reads it whole and takes its members' orders."""
    run = job.run
    plans = [
        (job.path, job.mapping, run.programme.slug, run.now, job.arrived, writer, jobs)
        for writer in range(1, jobs + 1)
    ]
    done: dict[int, int] = {}
    for position, (tally, rejected, characters) in processes.shared(
        "cagnotte.journeys.import_purchases:write_share", plans
    ):
        _count(summary, kept, tally, rejected)
        done[position] = characters
        on_progress(sum(done.values()) // jobs, job.size)


# ---- answers ----


def _take_answers(
    connection: Connection,
    job: _Job,
    _jobs: int,
    summary: ImportSummary,
    kept: _Rejects,
    on_progress: OnProgress,
) -> None:
    read = 0

    def on_chunk(tally: validate.AnswerTally, rejected: list[Rejected]) -> None:
        counts = {**tally.applied, "unchanged": tally.unchanged}
        for name in ("reward_change_minor", "owing_minor", "losses_minor"):
            counts[name] = getattr(tally, name)
        summary.add(counts, tally.rejected)
        for row in rejected:
            kept.add(row.row_number, row.raw, row.error)
        on_progress(read, job.size)

    def rows() -> Iterator[validate.Row]:
        nonlocal read
        for row in read_table(job.path, job.mapping):
            read += len(row[1])
            yield row

    validate.validate(
        connection,
        job.run,
        validate.read_answers(rows(), job.run.programme.currency),
        file=job.arrived,
        on_chunk=on_chunk,
    )


# ---- members and products ----


def _take_records(
    connection: Connection,
    job: _Job,
    _jobs: int,
    summary: ImportSummary,
    kept: _Rejects,
    on_progress: OnProgress,
) -> None:
    read = 0

    def rows() -> Iterator[records.Row]:
        nonlocal read
        for number, raw, fields in read_table(job.path, job.mapping):
            read += len(raw)
            if isinstance(fields, InvalidRow):
                kept.add(number, raw, fields)
                summary.add({}, {fields.reason: 1})
            else:
                yield number, fields

    def on_rows(_count: int) -> None:
        on_progress(read, job.size)

    journey = enrol.run if job.mapping.kind == "members" else stock_catalogue.run
    result = journey(
        connection, programme=job.run.programme, rows=rows(), now=job.run.now, progress=on_rows
    )
    summary.add({"new": result.new, "changed": result.changed, "unchanged": result.unchanged}, {})
    # The rows that were rejected are read a second time, so that the file is never held in memory.
    errors = {bad.line: InvalidRow(bad.reason, bad.sentence) for bad in result.rejected}
    for number, raw, _ in read_table(job.path, job.mapping) if errors else ():
        if number in errors:
            kept.add(number, raw, errors[number])
            summary.add({}, {errors[number].reason: 1})


_TAKERS = cast(
    "dict[str, Callable[[Connection, _Job, int, ImportSummary, _Rejects, OnProgress], None]]",
    {
        "purchases": _take_purchases,
        "decisions": _take_answers,
        "members": _take_records,
        "products": _take_records,
    },
)
"""How each kind of source is taken."""
