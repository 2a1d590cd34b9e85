"""The connection is lost at a commit: whether the server did it or not, the caller's second try comes to the same end.

Every job of the day is run through a link that is cut at a commit: before the server hears of it, or before its answer
comes back. By the second try the clock was set back, by the third it is right again. `make faults` does both at every
commit of every job (of those with many, at some twenty), the tests lose one answer of some.
"""

import os
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from django.db import connections

from cagnotte.platform import database
from cagnotte.platform.postgres_folders import folders_for
from tests.faults.day import DAY, Job, assert_whole, every_row
from tests.faults.lost_link import Cut, LostLink
from tests.faults.machine import Machine
from tests.faults.test_killed import FIRST_SEED

LOST = "was lost: server closed the connection unexpectedly. What was finished is kept"

IN_SHORT = ("import", "redeem", "payouts run", "payouts import-status")
COMMITS_MAX = 20
EVERYWHERE = "CAGNOTTE_FAULTS" in os.environ


@contextmanager
def linked(machine: Machine, folder: Path, cut: Cut, number: int) -> Iterator[LostLink]:
    """Let this process reach the database through a link that is cut."""
    direct = machine.server.url()
    sockets = folders_for(machine.server.home).sockets
    connections.close_all()
    with LostLink(folder, sockets, cut, number) as link:
        database.use_database(
            direct.replace(quote(str(sockets), safe=""), quote(str(folder), safe=""))
        )
        try:
            yield link
        finally:
            connections.close_all()
            database.use_database(direct)


@pytest.mark.parametrize(
    "job",
    [job for job in DAY if EVERYWHERE or job.name in IN_SHORT],
    ids=lambda job: job.name,
)
def test_a_job_whose_connection_is_lost_at_a_commit_comes_to_its_clean_end_when_run_again(
    machine: Machine, tmp_path: Path, small_chunks: None, job: Job
) -> None:
    commits = _commits_of(machine, tmp_path, job)
    draw = random.Random(FIRST_SEED)
    count = min(commits, COMMITS_MAX) if EVERYWHERE else 1
    numbers = sorted(draw.sample(range(1, commits + 1), count))
    for number in numbers:
        for cut in (Cut.BEFORE, Cut.AFTER) if EVERYWHERE else (Cut.AFTER,):
            sys.stdout.write(f"{job.name}: commit {number} of {commits}, cut {cut.value}\n")
            machine.take_up(job.stage)
            with linked(machine, tmp_path, cut, number) as link:
                code, said = machine.here(job)
            assert link.was_cut
            assert (code, LOST in said) == (1, True), said
            assert_whole(machine.world)
            machine.must_here(job, job.earlier)
            machine.assert_ends_clean(job)
            before = every_row(machine.world)
            machine.must_here(job, job.later)
            assert every_row(machine.world) == before


def _commits_of(machine: Machine, folder: Path, job: Job) -> int:
    machine.take_up(job.stage)
    with linked(machine, folder, Cut.NOWHERE, 0) as link:
        machine.must_here(job)
    machine.assert_ends_clean(job)
    return link.commits
