"""The same job is run twice at the same moment, by two processes: it is done once."""

import os

import pytest

from tests.faults.day import DAY, Job, assert_whole, every_row
from tests.faults.machine import Machine

EVERY_JOB = "CAGNOTTE_FAULTS" in os.environ
ELSEWHERE = ("import", "validate", "mature")
"""Done side by side in tests/journeys/test_interrupted.py already."""

BUSY = "Another payout run of this programme is under way"


@pytest.mark.parametrize(
    "job",
    [job for job in DAY if EVERY_JOB or job.name not in ELSEWHERE],
    ids=lambda job: job.name,
)
def test_a_job_that_two_workers_do_at_the_same_moment_is_done_once(
    machine: Machine, job: Job
) -> None:
    machine.take_up(job.stage)

    results = machine.at_once(job, job)

    done = [code for code, _, _ in results].count(0)
    assert done == 2 or (done == 1 and any(BUSY in err for _, _, err in results)), results
    assert_whole(machine.world)
    machine.assert_ends_clean(job)
    before = every_row(machine.world)
    machine.must_here(job, job.later)
    assert every_row(machine.world) == before
