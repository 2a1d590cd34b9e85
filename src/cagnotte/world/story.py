"""The demo's story: a year (or its first months) of a programme, lived month by month.

Each month the same four things happen, on fixed days, so that every run prints the same figures to the cent:
the purchases of the month before arrive, the retailer answers for them, what is due becomes available, and
members are paid. Two more months follow the last purchases, for late answers and the last releases.
"""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cagnotte.domain.errors import Refused
from cagnotte.identity.selectors import programme as find_programme
from cagnotte.journeys import check_books, load_programme, pay_out
from cagnotte.journeys.import_file import ImportSummary, import_file
from cagnotte.journeys.mature import Matured, mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform import database
from cagnotte.purchases.models import ImportedFile
from cagnotte.world.files import WorldFiles, months_after

SLUG = "complete-journey"

OPENED_AT = datetime(2016, 12, 15, 9, tzinfo=UTC)
"""When the programme is loaded and members and products are imported."""

PURCHASES_DAY, ANSWERS_DAY, RELEASE_DAY, PAYOUT_DAY = 5, 10, 15, 20
"""The days of each month on which things happen."""

BUDGET_MONTHS = frozenset({"2017-01"})
"""Months in which an offer's budget runs out. One process takes their purchases: with several, who gets the last
of a budget depends on who is faster, and the demo prints the same figures every time."""

OnProgress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much (0: unknown)."""


@dataclass(slots=True)
class Month:
    """What happened in one month of the programme's life; None: nothing was to be done."""

    name: str
    purchases: ImportSummary | None
    answers: ImportSummary
    matured: Matured
    paid: pay_out.PayOutResult


@dataclass(slots=True)
class Story:
    """What a run of the demo did.

    Attributes:
        import_seconds: time spent on files of purchases alone, of `orders_read` orders.
        changed: False when the books are what they were before.
    """

    programme_id: UUID
    members: ImportSummary
    products: ImportSummary
    months: list[Month] = field(default_factory=list)
    import_seconds: float = 0.0
    digest: str = ""
    changed: bool = True

    @property
    def orders_read(self) -> int:
        """How many orders the files of purchases held."""
        kinds = ("new", "changed", "unchanged", "stale")
        return sum(
            sum(summary.counts.get(kind, 0) for kind in kinds) + sum(summary.rejected.values())
            for summary in self.purchase_files
        )

    @property
    def new_purchases(self) -> int:
        """How many purchases were not known before."""
        return sum(summary.counts.get("new", 0) for summary in self.purchase_files)

    @property
    def purchase_files(self) -> list[ImportSummary]:
        """What became of each file of purchases."""
        return [month.purchases for month in self.months if month.purchases is not None]

    @property
    def answer_files(self) -> list[ImportSummary]:
        """What became of each file of answers."""
        return [month.answers for month in self.months]


def live(files: WorldFiles, *, jobs: int, on_progress: OnProgress) -> Story:
    """Load the programme, import everybody, and live through the months. Again, it changes nothing.

    Raises Refused when the database holds the demo of another seed.
    """
    loaded = load_programme.run(files.programme, now=OPENED_AT)
    _refuse_another_world(loaded.programme.id, files.members)
    before = _digest(loaded.programme.id)
    teller = _Teller(jobs, on_progress)
    story = Story(
        loaded.programme.id,
        members=teller.take(files.members, "members", OPENED_AT),
        products=teller.take(files.products, "products", OPENED_AT),
    )
    for name in files.answers:
        story.months.append(_live_month(name, files, teller, story))
    on_progress("compare the books with before", 0, 0)
    story.digest = _digest(loaded.programme.id)
    story.changed = story.digest != before
    return story


def _refuse_another_world(programme_id: UUID, members: Path) -> None:
    """Members of two seeds would share numbers and mix their purchases, so one database holds one world."""
    known = ImportedFile.objects.filter(
        source__programme_id=programme_id, source__ref="members", finished_at__isnull=False
    )
    hashes = known.values_list("sha256", flat=True)
    if hashes and _sha256(members) not in hashes:
        raise Refused(
            "This database holds the demo drawn from another seed. Run it with that seed, or keep a second world "
            "apart with CAGNOTTE_DATA_DIR=another-folder.",
            programme=SLUG,
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _digest(programme_id: UUID) -> str:
    with database.connect() as connection:
        return check_books.digest(connection, programme_id)


class _Teller:
    """Imports files and tells how far it is."""

    def __init__(self, jobs: int, on_progress: OnProgress) -> None:
        self._jobs = jobs
        self.on_progress = on_progress

    def take(self, path: Path, source: str, now: datetime, *, alone: bool = False) -> ImportSummary:
        """Import one file; `alone`: with one process."""
        label = f"import {path.name}"
        self.on_progress(label, 0, 0)
        return import_file(
            path,
            programme=SLUG,
            source=source,
            now=now,
            jobs=1 if alone else self._jobs,
            on_progress=lambda done, total: self.on_progress(label, done, total),
        )


def _live_month(name: str, files: WorldFiles, teller: _Teller, story: Story) -> Month:
    """Live the month after `name`, whose purchases come in."""
    moments = [_moment(name, day) for day in (PURCHASES_DAY, ANSWERS_DAY, RELEASE_DAY, PAYOUT_DAY)]
    purchases = None
    if name in files.purchases:
        started = time.perf_counter()
        purchases = teller.take(
            files.purchases[name], "tills", moments[0], alone=name in BUDGET_MONTHS
        )
        story.import_seconds += time.perf_counter() - started
    answers = teller.take(files.answers[name], "answers", moments[1])
    return Month(
        name,
        purchases,
        answers,
        _release(moments[2], teller.on_progress),
        _pay(moments[3], files.folder / "payouts", teller.on_progress),
    )


def _moment(month: str, day: int) -> datetime:
    year, number = map(int, months_after(month, 1).split("-"))
    return datetime(year, number, day, 9, tzinfo=UTC)


def _release(now: datetime, on_progress: OnProgress) -> Matured:
    label, done = f"mature --on {now:%Y-%m-%d}", 0
    on_progress(label, 0, 0)

    def count(purchases: int) -> None:
        nonlocal done
        done += purchases
        on_progress(label, done, 0)

    with database.connect() as connection:
        run = ProgrammeRun.open(connection, SLUG, now)
        return mature(connection, run, on=run.today, on_chunk=count)


def _pay(now: datetime, folder: Path, on_progress: OnProgress) -> pay_out.PayOutResult:
    label = f"payouts run, {now:%Y-%m-%d}"
    on_progress(label, 0, 0)

    def count(_phase: str, done: int, total: int) -> None:
        on_progress(label, done, total)

    order = pay_out.PayRun(
        programme_id=find_programme(SLUG).id, now=now, at=now, on=now.date(), folder=folder
    )
    with database.connect() as connection:
        return pay_out.run(connection, order, progress=count)
