"""The clock jumps, forwards and backwards, between runs and within one that was begun: the day comes to one end."""

import random
import sys

from tests.faults.day import DAY, assert_whole, every_row, money, state, statement
from tests.faults.machine import Machine, cagnotte
from tests.faults.test_killed import FIRST_SEED


def test_a_day_lived_by_a_clock_that_jumps_about_comes_to_the_same_end(machine: Machine) -> None:
    machine.take_up(len(DAY))
    usual_end = money(machine.world)
    machine.take_up(0)
    draw = random.Random(FIRST_SEED)
    banks_answer = machine.folder / "statement.xml"
    usual = banks_answer.read_text()
    for job in DAY:
        now, again = (job.at(minutes=draw.randrange(-11 * 60, 9 * 60)) for _ in range(2))
        sys.stdout.write(
            f"CAGNOTTE_FAULT_SEED={FIRST_SEED}: {job.name} at {now}, again at {again}\n"
        )
        if job.name == "payouts import-status":
            # Payouts bear the moment they were made in their references.
            banks_answer.write_text(statement(machine.world))
        machine.must_here(job, now)
        assert_whole(machine.world)
        before = every_row(machine.world)
        machine.must_here(job, again)
        assert every_row(machine.world) == before
        _seal(job.at(minutes=draw.randrange(-11 * 60, 9 * 60)))
    banks_answer.write_text(usual)
    assert money(machine.world) == usual_end


def _seal(now: str) -> None:
    assert cagnotte("ledger", "seal", "--now", now).exit_code == 0
    told = cagnotte("ledger", "verify")
    assert told.exit_code == 0, told.output


def test_a_clock_of_before_there_were_rules_is_refused_and_nothing_moves(machine: Machine) -> None:
    machine.take_up(0)
    before = state(machine.world)

    code, said = machine.here(DAY[0], "2001-01-01T00:00:00")

    assert (code, "contracts or offers" in said) == (1, True), said
    assert "as of 2001-01-01 00:00" in said
    assert "set the clock right" in said
    assert machine.world.rows("SELECT 1 FROM purchases_purchase") == []
    assert state(machine.world)[0] == before[0]
    machine.must_here(DAY[0])
    machine.assert_ends_clean(DAY[0])


def test_money_held_by_a_clock_that_is_ahead_goes_back_and_can_be_held_again(
    machine: Machine,
) -> None:
    """The hold was to last half an hour; the clock that ends it had jumped ahead, and is right again afterwards."""
    machine.take_up(3)
    before = machine.world.member("1")
    at = ("--merchant", "corner", "--order", "T1")
    held = cagnotte("redeem", "hold", "1", *at, "--amount", "1.00", "--now", "2026-04-16T12:00:00")
    assert held.exit_code == 0, held.output

    assert cagnotte("expire", "--now", "2026-04-17T12:00:00").exit_code == 0
    assert machine.world.member("1") == before
    spent = cagnotte("redeem", "capture", *at, "--amount", "1.00", "--now", "2026-04-16T12:05:00")

    # The order is paid all the same: a late capture asks for the money anew.
    assert spent.exit_code == 0, spent.output
    assert machine.world.member("1")["available"] == before["available"] - 100
    again = cagnotte("redeem", "capture", *at, "--amount", "1.00", "--now", "2026-04-16T11:00:00")
    assert again.exit_code == 0, again.output
    assert machine.world.member("1")["available"] == before["available"] - 100
    assert machine.world.faults() == []
