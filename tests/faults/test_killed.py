"""Whatever is killed while a job runs, what was told is there, nothing is there in part, and the job can be run again.

A round starts a job as a person would, kills something of it at a moment drawn from its seed, and looks at what is
left; then it runs the job again, as a person would, and compares with a run that nobody disturbed.

`CAGNOTTE_FAULTS` says how many rounds (`make faults` takes 50). Each prints its seed: `CAGNOTTE_FAULT_SEED=7341
CAGNOTTE_FAULTS=1 pytest tests/faults/test_killed.py` does that round again. The moment of death is the same share of
the job's length, so it falls near the same place, not on the same instruction.
"""

import contextlib
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.faults.day import JOBS, Job, assert_told_is_present, assert_whole, every_row
from tests.faults.machine import Machine
from tests.journeys.interruptions import POINTS, ended

ROUNDS = int(os.environ.get("CAGNOTTE_FAULTS", "5"))
FIRST_SEED = int(os.environ.get("CAGNOTTE_FAULT_SEED") or random.SystemRandom().randrange(10**6))

Process = subprocess.Popen[str]


# ---- who is killed ----------------------------------------------------------------------------------------------


def the_command(_machine: Machine, process: Process, _draw: random.Random) -> None:
    """Kill the process that a person started; those it started itself notice later that it is gone."""
    _kill(process.pid)


def the_postmaster(machine: Machine, _process: Process, _draw: random.Random) -> None:
    """Kill the server's first process; its sessions go on until they notice."""
    _kill(machine.postmaster())


def a_session(machine: Machine, _process: Process, draw: random.Random) -> None:
    """Kill one session of the application; the server then ends all others and recovers by itself."""
    sessions = machine.sessions()
    if sessions:
        _kill(draw.choice(sessions))


def everything(machine: Machine, process: Process, _draw: random.Random) -> None:
    """Kill the command and the whole server at once, as when the power goes."""
    postmaster = machine.postmaster()
    children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text(encoding="ascii")
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    _kill(postmaster, *map(int, children.split()))


def _kill(*processes: int) -> None:
    for number in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(number, signal.SIGKILL)


def itself(_machine: Machine, _process: Process, _draw: random.Random) -> None:
    """Kill nobody: the command was told to kill itself between its booking and the commit, if it came that far."""


Victim = Callable[[Machine, Process, random.Random], None]

VICTIMS: tuple[Victim, ...] = (the_command, the_postmaster, itself, a_session, everything)

BEFORE_COMMIT = [where for where, *_ in POINTS].index("between the ledger and the commit")


# ---- rounds -----------------------------------------------------------------------------------------------------


class Round(NamedTuple):
    """What one seed stands for. Seeds in a row go through all jobs, then through all victims of each."""

    seed: int

    @property
    def job(self) -> Job:
        """The job that is disturbed."""
        return JOBS[self.seed % len(JOBS)]

    @property
    def victim(self) -> Victim:
        """Who is killed."""
        return VICTIMS[(self.seed + self.seed // len(JOBS)) % len(VICTIMS)]


@pytest.mark.parametrize("number", range(ROUNDS))
def test_whatever_is_killed_nothing_told_is_lost_and_running_it_again_ends_as_a_clean_run(
    machine: Machine, number: int
) -> None:
    this = Round(FIRST_SEED + number)
    draw = random.Random(this.seed)
    seconds = draw.random() * machine.length(this.job)
    machine.take_up(this.job.stage)
    point = BEFORE_COMMIT if this.victim is itself else -1
    process = machine.begun(this.job, point=point, number=draw.randrange(1, 5))
    if this.victim is not itself:
        time.sleep(seconds)
    this.victim(machine, process, draw)
    code, _, err = ended(process)
    sys.stdout.write(
        f"CAGNOTTE_FAULT_SEED={this.seed} CAGNOTTE_FAULTS=1: {this.job.name}, {this.victim.__name__} "
        f"killed after {seconds:.3f} s, exit code {code}: {err.strip()}\n"
    )
    _assert_said(code, err)
    machine.start()
    _look_at_what_is_left(machine, this.job, finished=code == 0)
    _run_it_again(machine, this.job)


def _assert_said(code: int, err: str) -> None:
    """Whoever survives says in a sentence what happened, and only then."""
    assert code in {0, 1, -signal.SIGKILL}
    # Of a command that was killed nobody reads what the processes it left behind say.
    if code != -signal.SIGKILL:
        assert "Traceback" not in err
        assert (code == 1) == bool(err.strip())


def _look_at_what_is_left(machine: Machine, job: Job, *, finished: bool) -> None:
    told = machine.told()
    assert_whole(machine.world)
    assert_told_is_present(machine.world, job, told)
    if finished:
        machine.assert_ends_clean(job)


def _run_it_again(machine: Machine, job: Job) -> None:
    """Run the job to its end, some minutes later by the clock, and once more."""
    written = machine.payment_files()
    machine.must(job, job.later)
    machine.assert_ends_clean(job)
    # What may have gone to the bank already is made again byte for byte, and nobody stands in two files.
    assert written.items() <= machine.payment_files().items()
    paid = [name for content in machine.payment_files().values() for name in _paid_in(content)]
    assert len(paid) == len(set(paid))
    before = every_row(machine.world)
    machine.must_here(job, job.later)
    assert every_row(machine.world) == before


def _paid_in(content: bytes) -> list[str]:
    return re.findall(r"<EndToEndId>(.*?)</EndToEndId>", content.decode())
