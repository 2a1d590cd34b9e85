"""Ended at any point and run again, an import comes to the same state as one clean run."""

import os
import signal
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import conninfo

from tests.databases import Server
from tests.journeys.interruptions import POINTS, ended, started
from tests.journeys.world import World, corner

NOW = "2026-03-01T12:00:00"
OFFERS = """
    - ref: extra
      name: 10 % more, up to 1.50 a month
      role: boost
      effect: {kind: percent, rate: 10 %}
      limits: {per_member: {window: month, amount: "1.50"}}
    - ref: spring
      name: 1 % more while 3.00 last
      role: boost
      effect: {kind: percent, rate: 1 %}
      limits: {budget: "3.00"}
"""
HEADER = "order,member,at,currency,status,sku,qty,amount,category,brand\n"


@pytest.fixture
def world(empty_world: World) -> World:
    """A programme with caps and a budget that does not last, so that the order of decisions matters."""
    empty_world.load(corner(offers=OFFERS))
    return empty_world


@pytest.fixture
def again(empty_world: World, committed_db: str, database_server: Server) -> Callable[[], None]:
    """Forget all purchases and all that followed from them."""
    name = str(conninfo.conninfo_to_dict(committed_db)["dbname"])
    tables = """
        SELECT string_agg(format('%I', relname), ', ') FROM pg_class
        WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
          AND relname ~ '^(purchases|rewards|ledger)_' AND relname NOT IN ('purchases_source', 'ledger_chart')
    """

    def forget() -> None:
        with psycopg.connect(database_server.url(name, admin=True), autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            row = connection.execute(tables).fetchone()
            assert row is not None
            connection.execute(f"TRUNCATE {row[0]} CASCADE")

    return forget


def write_file(world: World, orders: int) -> Path:
    """Write a file of orders of two lines for three members, a few of them bad."""
    rows = []
    for number in range(orders):
        member = 9 if number % 17 == 5 else number % 3 + 1
        start = f"A{number},{member},2026-02-10T10:00:00,EUR,"
        status = "confirmed" if number % 2 else ""
        rows.append(f"{start}{status},plum,1,{number % 7 + 1}.50,jam,\n")
        rows.append(f"{start}{status},earl,2,3.00,tea,acme\n")
    path = world.folder / "till.csv"
    path.write_text(HEADER + "".join(rows))
    return path


def write_answers(world: World, orders: int) -> Path:
    words = ("confirm,,,,", "decline,cancelled,,,", "amend,,1,0,1.00")
    rows = [f"A{number},{words[number % 3]}\n" for number in range(orders)]
    path = world.folder / "answers.csv"
    path.write_text("order,answer,why,line,units,amount\n" + "".join(rows))
    return path


def state(world: World) -> tuple[Any, ...]:
    """Return the digest, and the ids of all that has some."""
    return (
        world.digest(),
        world.rows("SELECT id FROM purchases_purchase ORDER BY id"),
        world.rows("SELECT id FROM purchases_purchaseversion ORDER BY id"),
        world.rows("SELECT id FROM ledger_transaction ORDER BY id"),
        world.rows("SELECT id FROM rewards_lot ORDER BY id"),
        world.rows("SELECT offer, sum(used_minor) FROM rewards_budgetslice GROUP BY offer"),
    )


def test_an_import_that_is_killed_anywhere_ends_as_one_clean_run(
    world: World, committed_db: str, again: Callable[[], None]
) -> None:
    path = write_file(world, 70)
    world.send_file(path, "till")
    clean = state(world)
    rejects = path.with_name("till.rejects.csv").read_text()

    for point, (where, *_) in enumerate(POINTS):
        again()
        number = 1 if "file" in where else 3
        killed = started(committed_db, *command(path), point=point, number=number)
        assert ended(killed)[0] == -signal.SIGKILL, where
        assert world.faults() == [], where
        taken = len(world.rows("SELECT 1 FROM purchases_purchase"))
        assert 0 < taken < 66 or "file" in where
        summary = world.send_file(path, "till")
        assert (summary.counts["new"], summary.counts["unchanged"]) == (66 - taken, taken), where
        assert state(world) == clean, where
        assert path.with_name("till.rejects.csv").read_text() == rejects


def command(path: Path, *more: str) -> tuple[str, ...]:
    return ("import", str(path), "--source", "till", "--now", NOW, *more)


def test_ctrl_c_is_a_sentence_and_what_was_finished_is_kept(
    world: World, committed_db: str, again: Callable[[], None]
) -> None:
    path = write_file(world, 70)
    world.send_file(path, "till")
    clean = state(world)
    again()

    stopped = started(
        committed_db, *command(path), point=2, number=3, number_of_signal=signal.SIGINT
    )
    code, _, err = ended(stopped)

    assert code == 130
    assert "Interrupted: what was finished is kept, the rest is as if it had never begun." in err
    assert "Traceback" not in err
    assert world.rows("SELECT finished_at FROM purchases_importedfile WHERE name = 'till.csv'") == [
        (None,)
    ]
    world.send_file(path, "till")
    assert state(world) == clean


def test_answers_and_a_release_that_are_killed_end_as_one_clean_run(
    world: World, committed_db: str, again: Callable[[], None]
) -> None:
    path, answers = write_file(world, 140), write_answers(world, 140)
    due = date(2026, 3, 12)
    world.send_file(path, "till")
    world.send_file(answers, "answers")
    world.mature(due)
    clean = state(world)
    assert clean[4], "some money must have become available"
    again()

    world.send_file(path, "till")
    validate_it = ("validate", str(answers), "--now", NOW)
    killed = started(committed_db, *validate_it, point=2, number=2)
    assert ended(killed)[0] == -signal.SIGKILL
    assert world.faults() == []
    world.send_file(answers, "answers")
    mature_it = ("mature", "--on", str(due), "--now", NOW)
    killed = started(committed_db, *mature_it, point=2, number=2)
    assert ended(killed)[0] == -signal.SIGKILL
    assert world.faults() == []
    world.mature(due)

    assert state(world) == clean


def wait_for_purchases(world: World, at_least: int) -> None:
    for _ in range(6_000):
        if len(world.rows("SELECT 1 FROM purchases_purchase")) >= at_least:
            return
        time.sleep(0.02)
    raise AssertionError("no purchase was taken within two minutes")


@pytest.fixture
def plain(empty_world: World) -> World:
    """A programme without a budget: who takes the last of one depends on who is faster."""
    empty_world.load(corner(offers=OFFERS.partition("- ref: spring")[0]))
    return empty_world


def test_processes_that_share_a_file_come_to_what_one_does_also_when_killed(
    plain: World, committed_db: str, again: Callable[[], None]
) -> None:
    path = write_file(plain, 1_200)
    process = started(committed_db, *command(path, "--jobs", "2"))
    wait_for_purchases(plain, 1)
    os.killpg(process.pid, signal.SIGKILL)
    ended(process)
    assert plain.faults() == []

    code, out, err = ended(started(committed_db, *command(path, "--jobs", "2")))

    assert code == 0, err
    assert "71 × unknown_member" in out
    shared = plain.digest(), plain.rows("SELECT id FROM purchases_purchase ORDER BY id")
    again()
    plain.send_file(path, "till")
    assert plain.digest() == shared[0]
    assert plain.rows("SELECT id FROM purchases_purchase ORDER BY id") == shared[1]


def test_two_processes_that_import_the_same_file_at_once_take_it_once(
    world: World, committed_db: str, again: Callable[[], None]
) -> None:
    path = write_file(world, 70)
    world.send_file(path, "till")
    clean = state(world)
    again()

    both = [
        started(committed_db, *command(path, "--rejects", str(world.folder / f"{number}.csv")))
        for number in (1, 2)
    ]
    results = [ended(process) for process in both]

    assert [code for code, _, _ in results] == [0, 0], results
    assert state(world) == clean


def helper_of(process_id: int) -> int:
    """Return the process that shares the work of a command, once it has been forked."""
    mine = Path(f"/proc/{process_id}/cmdline")
    children = Path(f"/proc/{process_id}/task/{process_id}/children")
    for _ in range(6_000):
        for child in children.read_text().split():
            if Path(f"/proc/{child}/cmdline").read_bytes() == mine.read_bytes():
                return int(child)
        time.sleep(0.02)
    raise AssertionError("no process was started within two minutes")


def test_a_process_of_several_that_is_killed_is_told_and_the_rest_is_taken_next_time(
    plain: World, committed_db: str
) -> None:
    path = write_file(plain, 70)
    process = started(committed_db, *command(path, "--jobs", "2"))
    os.kill(helper_of(process.pid), signal.SIGKILL)

    code, _, err = ended(process)

    assert code == 1
    assert "A process of this command ended before its work was done" in err
    assert "Traceback" not in err
    assert plain.faults() == []
    plain.send_file(path, "till")
    assert len(plain.rows("SELECT 1 FROM purchases_purchase")) == 66


def test_imports_answers_and_releases_at_the_same_time_do_not_get_in_each_others_way(
    world: World, committed_db: str
) -> None:
    """They lock the same members in chunks of their own; whatever the order, every cent has its place."""
    first = write_file(world, 140)
    world.send_file(first, "till")
    second = world.folder / "second.csv"
    second.write_text(first.read_text().replace("A", "B"))
    again = world.folder / "again.csv"
    again.write_text(first.read_text().replace(".50,jam", ".75,jam"))
    answers = write_answers(world, 140)
    at_once = [
        started(committed_db, *command(second)),
        started(committed_db, *command(again)),
        started(committed_db, "validate", str(answers), "--now", NOW),
        started(committed_db, "mature", "--on", "2026-03-12", "--now", NOW),
        started(committed_db, "mature", "--on", "2026-03-12", "--now", NOW),
    ]

    results = [ended(process) for process in at_once]

    assert [code for code, _, _ in results] == [0] * 5, [err for _, _, err in results]
    assert len(world.rows("SELECT 1 FROM purchases_purchase")) == 2 * (140 - 8)
    # What they left for each other is taken up by the next run, and then nothing is left to do.
    world.mature(date(2026, 3, 12))
    assert world.mature(date(2026, 3, 12)).purchases == 0
    ((used,),) = world.rows(
        "SELECT sum(used_minor)::bigint FROM rewards_budgetslice WHERE offer = 'spring'"
    )
    ((given,),) = world.rows(
        "SELECT sum((budget->>1)::int)::bigint FROM rewards_reward AS r "
        "JOIN purchases_purchase AS p ON p.id = r.purchase_id "
        "JOIN rewards_decision AS d ON d.id = r.decision_id, "
        "jsonb_array_elements(d.decision->'budgets') AS budget WHERE p.validation <> 'declined'"
    )
    assert given == used <= 300
