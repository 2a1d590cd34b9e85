"""Simulated worlds: the same seed writes the same bytes, and what is asked for is in them."""

import csv
import dataclasses
import hashlib
import json
import os
import re
import shlex
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from cagnotte.catalog.programme_file import parse
from cagnotte.cli.main import cli
from cagnotte.domain.errors import CagnotteError, InvalidInput, Refused
from cagnotte.payouts.bank_accounts import check_account
from cagnotte.world.simulation import making
from cagnotte.world.simulation.dice import Dice
from cagnotte.world.simulation.making import make, read
from cagnotte.world.simulation.members import CHEATS
from cagnotte.world.simulation.plan import FilesPer, Model, Plan

SMALL = Plan(seed=7, members=120, days=70)


def plan(**changes: Any) -> Plan:
    return dataclasses.replace(SMALL, **changes)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def orders(folder: Path) -> list[dict[str, str]]:
    """All messages about orders, file by file."""
    return [row for path in sorted(folder.glob("orders-*.csv")) for row in table(path)]


# ---- chance ----

GOLDEN = [
    345,
    979,
    12,
    567,
    58,
    81,
    834,
    765,
    523,
    621,
    137,
    514,
    162,
    993,
    763,
    509,
    363,
    623,
    44,
    161,
]


def test_a_stream_draws_the_same_numbers_on_every_machine() -> None:
    dice = Dice(1, "member:1")
    assert [dice.below(1000) for _ in range(20)] == GOLDEN
    dice.turn_to("member:2")
    assert dice.below(1000) != GOLDEN[0]
    dice.turn_to("member:1")
    assert dice.below(1000) == GOLDEN[0]


def test_a_fifth_of_the_members_do_two_thirds_of_the_shopping() -> None:
    dice = Dice(1, "crowd")
    drawn = sorted((dice.heavy() for _ in range(20_000)), reverse=True)
    assert 950 < sum(drawn) / len(drawn) < 1050
    assert 0.60 < sum(drawn[:4_000]) / sum(drawn) < 0.72


# ---- the same again ----


@pytest.mark.parametrize("model", Model)
def test_the_same_plan_writes_the_same_bytes_in_another_process(
    tmp_path: Path, model: Model
) -> None:
    make(plan(model=model), tmp_path / "here")
    arguments = ["--seed=7", "--members=120", "--days=70", f"--model={model.value}"]
    code = (
        "import sys; from cagnotte.world.simulation.command import simulate; simulate(sys.argv[1:])"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "PYTHONHASHSEED": "42"}
    subprocess.run(
        [sys.executable, "-c", code, *arguments, f"--out={tmp_path / 'there'}"],
        check=True,
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    assert hashes(tmp_path / "there") == hashes(tmp_path / "here")


def test_another_seed_is_another_world(tmp_path: Path) -> None:
    make(plan(), tmp_path / "seven")
    make(plan(seed=8), tmp_path / "eight")
    seven, eight = hashes(tmp_path / "seven"), hashes(tmp_path / "eight")
    assert seven["truth.csv"] != eight["truth.csv"]
    assert seven["products.csv"] != eight["products.csv"]


@pytest.mark.parametrize("model", [Model.COALITION, Model.PORTAL])
def test_more_members_leave_the_others_as_they_were(tmp_path: Path, model: Model) -> None:
    few = make(plan(model=model), tmp_path / "few").folder
    many = make(plan(model=model, members=200), tmp_path / "many").folder
    before = table(few / "truth.csv")
    among_more = [row for row in table(many / "truth.csv") if row["member"] <= "M000120"]
    assert among_more == before
    known = {row["order" if "order" in row else "transaction"] for row in orders(few)}
    kept = [
        row for row in orders(many) if row["order" if "order" in row else "transaction"] in known
    ]
    assert kept == orders(few)


def test_every_format_holds_the_same_orders(tmp_path: Path) -> None:
    folder = make(plan(formats=("csv", "jsonl")), tmp_path).folder
    for path in folder.glob("orders-*.csv"):
        rows = Counter(row["order"] for row in table(path))
        lines = path.with_suffix(".jsonl").read_text(encoding="utf-8").splitlines()
        told = [json.loads(line) for line in lines]
        assert Counter({one["order"]: len(one["basket"]) for one in told}) == rows


def test_memory_does_not_grow_with_the_days(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(making, "BUFFERED_TEXTS", 200)
    peaks = []
    for days in (60, 360):
        tracemalloc.start()
        make(plan(days=days, orders_per_month=30), tmp_path / str(days))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    # Five times the orders; the days themselves are kept.
    assert peaks[1] < peaks[0] + 300_000


# ---- what is in it ----


@pytest.mark.parametrize("plain", [False, True], ids=["rich", "plain"])
@pytest.mark.parametrize("model", Model)
def test_the_programme_is_valid_and_surprises_nobody(
    tmp_path: Path, model: Model, plain: bool
) -> None:
    path = make(plan(model=model, plain=plain, members=5), tmp_path).folder / "programme.yaml"
    told = CliRunner().invoke(cli, ["programme", "check", str(path), "--now=2026-01-01"])
    assert told.exit_code == 0, told.output
    assert "No errors, and nothing that deserves a look." in told.output
    assert parse(path).file.programme.currency == "EUR"


@pytest.mark.parametrize(("currency", "price"), [("JPY", r"\d+"), ("TND", r"\d+\.\d{3}")])
def test_a_world_speaks_the_currency_it_is_asked_for(
    tmp_path: Path, currency: str, price: str
) -> None:
    folder = make(plan(currency=currency), tmp_path).folder
    assert parse(folder / "programme.yaml").file.programme.currency == currency
    assert all(re.fullmatch(price, row["price"]) for row in orders(folder))
    assert "payouts" not in {step.verb for step in read(folder).steps}


def test_bank_accounts_pass_every_check(tmp_path: Path) -> None:
    people = table(make(plan(), tmp_path).folder / "members.csv")
    accounts = [row["iban"] for row in people if row["iban"]]
    assert len(people) - 30 < len(accounts) < len(people)
    for iban in accounts:
        check_account(iban)


def test_an_order_stands_once_in_a_file_of_lines_and_its_rows_together(tmp_path: Path) -> None:
    folder = make(plan(files_per=FilesPer.DAY, orders_per_month=10), tmp_path).folder
    for path in folder.glob("orders-*.csv"):
        names = [row["order"] for row in table(path)]
        runs = [name for place, name in enumerate(names) if place == 0 or names[place - 1] != name]
        assert len(runs) == len(set(runs))


def test_all_kinds_of_cheats_are_about_and_leave_their_traces(tmp_path: Path) -> None:
    folder = make(plan(members=800), tmp_path).folder
    told = table(folder / "truth.csv")
    by_kind = {kind: [row for row in told if row["cheat"] == kind] for kind in CHEATS}
    assert all(by_kind.values())

    returned = by_kind["returns_late"]
    assert {row["kept_minor"] for row in returned if row["state"] == "confirmed"} == {"0"}
    assert {
        row["copy_of"] in {other["order"] for other in told} for row in by_kind["sends_twice"]
    } == {True}
    reasons = {kind: {row["reason"] for row in rows} for kind, rows in by_kind.items()}
    assert "fraud" in reasons["bursts"]
    assert "duplicate_order" in reasons["sends_twice"]
    per_day = Counter((row["member"], row["bought_on"]) for row in by_kind["bursts"])
    assert max(per_day.values()) >= 8


def test_orders_come_late_changed_again_and_out_of_date(tmp_path: Path) -> None:
    folder = make(plan(members=800), tmp_path).folder
    heard: dict[str, list[tuple[str, tuple[str, ...]]]] = defaultdict(list)
    for path in sorted(folder.glob("orders-*.csv")):
        said: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for row in table(path):
            said[row["order"]].append((row["told_at"], row["article"], row["units"]))
        for order, lines in said.items():
            heard[order].append((lines[0][0], tuple(line[1] for line in lines)))
    several = [messages for messages in heard.values() if len(messages) > 1]
    assert any(one == two for one, two, *_ in several), "word for word the same"
    assert any(two[0] > one[0] and one[1] != two[1] for one, two, *_ in several), "changed"
    assert any(messages[-1][0] < messages[-2][0] for messages in several), "out of date"


def test_networks_fall_silent_and_then_say_all_at_once(tmp_path: Path) -> None:
    folder = make(plan(model=Model.PORTAL, members=600, files_per=FilesPer.DAY), tmp_path).folder
    network_of = {
        contract["merchant"]: contract["network"]
        for contract in _contracts(folder / "programme.yaml")
    }
    silences = json.loads((folder / "truth.json").read_bytes())["silent_networks"]
    said: dict[str, Counter[str]] = defaultdict(Counter)
    for path in folder.glob("orders-*.csv"):
        for row in table(path):
            said[network_of[row["shop"]]][path.stem.removeprefix("orders-")] += 1
    for network, (begins, ends) in silences.items():
        days = said[network]
        silent = [day for day in days if begins <= day < ends]
        assert silent == []
        assert days[ends] > 5 * sum(days.values()) / len(days)


def _contracts(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["contracts"]
    return found


def test_networks_take_approvals_back_and_let_messages_overtake_each_other(tmp_path: Path) -> None:
    folder = make(plan(model=Model.PORTAL, members=600), tmp_path).folder
    heard: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in orders(folder):
        heard[row["transaction"]].append(row)
    statuses = {
        tuple(row["status"] for row in sorted(rows, key=lambda row: row["modified"]))
        for rows in heard.values()
    }
    assert ("open", "approved", "open", "approved") in statuses
    assert ("open", "approved", "rejected") in statuses
    assert any(
        rows[place]["modified"] < rows[place - 1]["modified"]
        for rows in heard.values()
        for place in range(1, len(rows))
    )


@pytest.mark.parametrize("model", [Model.COALITION, Model.TWO_STAGE, Model.PORTAL])
def test_a_shop_that_fails_is_not_heard_of_again(tmp_path: Path, model: Model) -> None:
    folder = make(plan(model=model, members=600, files_per=FilesPer.DAY), tmp_path).folder
    ((shop, day),) = json.loads((folder / "truth.json").read_bytes())["insolvent"].items()
    late = [
        row
        for row in table(folder / "truth.csv")
        if row["shop"] == shop and row["bought_on"] >= day
    ]
    assert late
    assert {row["state"] for row in late} == {"pending"}
    if model is not Model.PORTAL:
        # What it decided before may stand in the file of a later day, that of a late order.
        last = (date.fromisoformat(day) + timedelta(days=45)).isoformat()
        answered = [
            path.stem
            for path in folder.glob("answers-*.csv")
            for row in table(path)
            if row["shop"] == shop and path.stem.removeprefix("answers-") > last
        ]
        assert answered == []


def test_shops_are_closed_on_sundays_and_at_night(tmp_path: Path) -> None:
    rows = orders(make(plan(members=400), tmp_path).folder)
    stores = {row["bought_at"] for row in rows if row["channel"] == "store"}
    assert stores
    assert {date.fromisoformat(at[:10]).weekday() for at in stores} == {0, 1, 2, 3, 4, 5}
    # Someone who orders again and again until after closing time is a cheat.
    assert {int(at[11:13]) for at in stores} <= set(range(9, 21))


# ---- the folder ----


def test_a_smaller_world_leaves_nothing_of_a_larger_one(tmp_path: Path) -> None:
    make(plan(days=100), tmp_path / "world")
    make(plan(days=10), tmp_path / "world")
    make(plan(days=10), tmp_path / "fresh")
    assert hashes(tmp_path / "world") == hashes(tmp_path / "fresh")


def test_a_folder_of_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "members.csv").write_text("mine")
    with pytest.raises(Refused, match="is not empty and holds no simulated world"):
        make(plan(), tmp_path)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


def test_a_world_is_read_back_as_it_was_made(tmp_path: Path) -> None:
    made = make(plan(model=Model.PORTAL, formats=("jsonl",)), tmp_path)
    assert read(tmp_path) == made


def test_an_unfinished_world_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="holds no finished world"):
        read(tmp_path)


@pytest.mark.parametrize(
    "changes",
    [{"members": 0}, {"days": 0}, {"formats": ("xml",)}, {"currency": "ABC"}, {"formats": ()}],
)
def test_a_world_that_cannot_be_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(CagnotteError):
        plan(**changes)


# ---- the command ----


def test_the_command_says_what_it_made_and_what_to_do_with_it(tmp_path: Path) -> None:
    told = CliRunner().invoke(
        cli, ["simulate", "--members=20", "--days=20", "--out", str(tmp_path / "world")]
    )
    assert told.exit_code == 0, told.output
    assert "orders of 20 members in 20 days" in told.output
    assert "cagnotte programme load programme.yaml --now 2025-12-31T06:00:00" in told.output
    page = (tmp_path / "world" / "README.md").read_text(encoding="utf-8")
    assert "--members 20 --days 20" in page


@pytest.mark.parametrize("model", [Model.IN_HOUSE, Model.PORTAL])
def test_every_command_of_the_script_exists(tmp_path: Path, model: Model) -> None:
    make(plan(model=model), tmp_path)
    script = (tmp_path / "run.sh").read_text(encoding="utf-8")
    commands = [
        shlex.split(line)[1:] for line in script.splitlines() if line.startswith("cagnotte ")
    ]
    assert len(commands) > 10
    for words in commands:
        command: click.Command = cli
        # With the settings of the whole: a command remembers the names of its help option from its first context.
        context = click.Context(cli, info_name="cagnotte", **cli.context_settings)
        arguments = words
        while isinstance(command, click.Group):
            found = command.get_command(context, arguments[0])
            assert found is not None, words
            command, arguments = found, arguments[1:]
        command.make_context("cagnotte", arguments, parent=context)


def test_the_page_names_a_command_that_makes_the_same_world(tmp_path: Path) -> None:
    made = make(
        plan(model=Model.COALITION, plain=True, formats=("jsonl", "csv"), files_per=FilesPer.DAY),
        tmp_path / "here",
    )
    page = (made.folder / "README.md").read_text(encoding="utf-8")
    (line,) = [line for line in page.splitlines() if line.startswith("Made by")]
    words = shlex.split(line.partition("`")[2].partition("`")[0])
    there = tmp_path / "there"
    told = CliRunner().invoke(cli, [*words[1:-1], str(there)])
    assert told.exit_code == 0, told.output
    assert hashes(there) == hashes(made.folder)
