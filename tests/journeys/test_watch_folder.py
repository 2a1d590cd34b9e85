"""A watched folder: whole files are taken once, put away with a report, and never lost."""

import fcntl
import threading
from collections.abc import Callable  # noqa: TC003 - one block of imports
from datetime import datetime
from pathlib import Path

import pytest
from django.db import connections

from cagnotte.domain.errors import CagnotteError, InvalidInput, NotFound
from cagnotte.journeys import watch_folder
from cagnotte.journeys.look_at_file import look_at
from cagnotte.journeys.take_file import safe_name, take_upload
from cagnotte.journeys.watch_folder import Outcome, Watched, Watcher
from tests.journeys.world import World, corner

AT = "2026-02-10T10:00:00"
HEADER = "order,member,at,sku,qty,amount\n"
SOURCES = """
  - ref: tills
    kind: purchases
    timezone: Europe/Paris
    lines: rows
    fields: {order_ref: order, member: member, occurred_at: at}
    line_fields: {sku: sku, quantity: qty, amount: amount}
    defaults: {merchant: corner, currency: EUR}
  - ref: receipts
    plugin: till
    settings: {currency: EUR}
    merchants: {shop-1: corner}
"""
GOOD = f"{HEADER}A1,1,{AT},plum,1,20.00\n"
MIXED = f"{HEADER}A1,1,{AT},plum,1,20.00\nA2,H9,{AT},plum,1,20.00\n"
RECEIPT = (
    '{"merchant": "shop-1", "till": "T1", "number": "7", "at": "2026-02-10T10:00:00+01:00", "member": "1",'
    ' "lines": [{"ean": "plum", "quantity": 1, "amount": "20.00"}]}'
)


class Bench:
    """A watched folder, a clock, and what happens while the watcher sleeps."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.folder = world.folder / "inbox"
        self.folder.mkdir()
        self.meanwhile: list[Callable[[], object]] = []
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if self.meanwhile:
            self.meanwhile.pop(0)()

    def watcher(self, source: str = "tills") -> Watcher:
        return Watcher(
            Watched(self.folder, None, source), clock=lambda: self.world.now, sleep=self.sleep
        )

    def drop(self, text: str, name: str = "day.csv") -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def once(self, source: str = "tills") -> list[Outcome]:
        return list(self.watcher(source).once())

    def tree(self) -> list[str]:
        return sorted(
            str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()
        )


@pytest.fixture
def bench(empty_world: World) -> Bench:
    empty_world.load(corner() + SOURCES)
    return Bench(empty_world)


def test_a_file_is_taken_and_put_away_with_its_report(bench: Bench) -> None:
    bench.drop(GOOD)
    (outcome,) = bench.once()
    assert bench.world.member("1") == {"pending": 100}
    assert bench.tree() == ["done/day.csv", "done/day.csv.report.txt"]
    assert outcome.moved.with_name("day.csv.report.txt").read_text() == (
        "2026-03-01T12:00:00+00:00\nday.csv: 1 new, 1 lines, 0 rejected.\n"
    )
    assert bench.slept == [5]


def test_rejected_rows_are_kept_apart_and_are_no_new_file(bench: Bench) -> None:
    bench.drop(MIXED)
    (outcome,) = bench.once()
    assert outcome.taken is not None
    assert outcome.taken.rejected == {"unknown_member": 1}
    assert bench.tree() == [
        "done/day.csv", "done/day.csv.report.txt", "failed/day.rejects.csv", "failed/day.rejects.reasons.csv",
    ]  # fmt: skip
    assert (
        bench.folder / "failed/day.rejects.csv"
    ).read_text() == f"{HEADER}A2,H9,{AT},plum,1,20.00\n"
    assert bench.once() == []


def test_a_file_that_cannot_be_read_fails_with_the_reason(bench: Bench) -> None:
    before = bench.world.digest()
    bench.drop("order;member\nA1;1\n")
    (outcome,) = bench.once()
    assert outcome.sentence == (
        "day.csv has no column “member”, which the source “tills” reads as member. Its columns are: "
        "order;member. Fields seem to be split by a semicolon; the mapping splits them by a comma."
    )
    assert bench.tree() == ["failed/day.csv", "failed/day.csv.report.txt"]
    assert outcome.sentence in (bench.folder / "failed/day.csv.report.txt").read_text()
    assert bench.world.digest() == before


def test_the_same_file_again_changes_nothing(bench: Bench) -> None:
    bench.drop(GOOD)
    bench.once()
    before = bench.world.digest()
    bench.drop(GOOD)
    (outcome,) = bench.once()
    assert outcome.taken is not None
    assert (outcome.taken.seen_before, outcome.moved.name) == (True, "day.2.csv")
    assert bench.world.digest() == before


def test_a_file_that_grows_waits(bench: Bench) -> None:
    bench.drop(HEADER)
    bench.meanwhile = [lambda: bench.drop(GOOD)]
    assert bench.once() == []
    assert bench.tree() == ["day.csv"]
    assert [outcome.name for outcome in bench.once()] == ["day.csv"]
    assert bench.world.member("1") == {"pending": 100}


def test_what_is_not_whole_or_no_file_is_left_alone(bench: Bench) -> None:
    for name in (".hidden.csv", "day.csv.part", "~$day.xlsx", "day.csv.filepart"):
        bench.drop(GOOD, name)
    bench.drop("", "empty.csv")
    (bench.folder / "link.csv").symlink_to(bench.world.folder / "programme.yaml")
    before = bench.tree()
    assert bench.once() == []
    assert bench.tree() == before


def test_a_watcher_goes_on_until_it_is_told_to_end(bench: Bench) -> None:
    ends: list[bool] = []
    later = GOOD.replace("A1", "A2")
    bench.meanwhile = [
        lambda: bench.drop(GOOD), lambda: None, lambda: bench.drop(later), lambda: None, lambda: ends.append(True),
    ]  # fmt: skip
    outcomes = list(bench.watcher().watch(is_over=lambda: bool(ends)))
    assert [outcome.moved.name for outcome in outcomes] == ["day.csv", "day.2.csv"]
    assert bench.world.member("1") == {"pending": 200}


def test_a_file_that_another_watcher_takes_is_left_to_it(bench: Bench) -> None:
    path = bench.drop(GOOD)
    with path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert bench.once() == []
    assert bench.tree() == ["day.csv"]
    # Whoever held it died: it is taken now.
    assert len(bench.once()) == 1


def test_several_watchers_take_each_file_once(bench: Bench) -> None:
    for number in range(6):
        bench.drop(GOOD.replace("A1", f"A{number}"), f"day-{number}.csv")
    outcomes: list[Outcome] = []
    together = threading.Barrier(3)

    def watch() -> None:
        watcher = bench.watcher()
        watcher._note()
        together.wait()
        try:
            outcomes.extend(watcher.look(is_over=lambda: False))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=watch) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcome.name for outcome in outcomes) == [
        f"day-{number}.csv" for number in range(6)
    ]
    assert bench.world.member("1") == {"pending": 600}


def test_a_watcher_that_dies_between_taking_and_putting_away_takes_nothing_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.drop(GOOD)
    with monkeypatch.context() as patch:

        def die(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(watch_folder, "_put_away", die)
        with pytest.raises(KeyboardInterrupt):
            bench.once()
    before = bench.world.digest()
    assert bench.tree() == ["day.csv"]
    (outcome,) = bench.once()
    assert outcome.taken is not None
    assert outcome.taken.seen_before
    assert bench.world.digest() == before


def test_an_unknown_source_leaves_the_file_where_it_lies(bench: Bench) -> None:
    bench.drop(GOOD)
    with pytest.raises(NotFound, match="has no source “shops”"):
        bench.once("shops")
    assert bench.tree() == ["day.csv"]


def test_an_unknown_source_is_told_before_any_file_comes(bench: Bench) -> None:
    with pytest.raises(NotFound, match="has no source “shops”"):
        bench.once("shops")
    with pytest.raises(NotFound, match="has no source “shops”"):
        list(bench.watcher("shops").watch(is_over=lambda: True))


def test_a_folder_that_is_not_there_is_a_sentence(bench: Bench) -> None:
    gone = Watched(bench.folder / "gone", None, "tills")
    with pytest.raises(CagnotteError, match="cannot be read"):
        list(Watcher(gone, clock=lambda: bench.world.now, sleep=bench.sleep).once())


# ---- connected sources ----


def test_receipts_that_are_dropped_are_kept_and_read(bench: Bench) -> None:
    bench.drop(RECEIPT, "receipt.json")
    (outcome,) = bench.once("receipts")
    assert outcome.taken is not None
    assert (outcome.taken.counts, outcome.taken.rejected) == ({"standing": 1}, {})
    assert bench.world.member("1") == {"pending": 100}
    before = bench.world.digest()
    bench.drop(RECEIPT, "again.json")
    (again,) = bench.once("receipts")
    assert again.taken is not None
    assert again.taken.seen_before
    assert bench.world.digest() == before


def test_a_receipt_that_does_not_add_up_waits_with_its_reason(bench: Bench) -> None:
    bench.drop(RECEIPT.replace('"lines"', '"total": "1.00", "lines"'), "receipt.json")
    (outcome,) = bench.once("receipts")
    assert outcome.taken is not None
    assert outcome.taken.rejected == {"misread": 1}
    assert outcome.moved.with_name("receipt.json.report.txt").read_text().splitlines()[1:] == [
        "receipt.json: nothing new, 1 rejected.",
        "1 × misread",
        "receipt 1: The lines come to 20.00; the receipt says 1.00.",
        "They wait in `cagnotte sources queue receipts`.",
    ]
    assert bench.world.member("1") == {}


def test_a_file_of_which_a_connected_source_can_read_nothing_fails_and_is_kept(
    bench: Bench,
) -> None:
    for again in (1, 2):
        bench.drop("not a receipt", "receipt.json")
        (outcome,) = bench.once("receipts")
        assert outcome.moved.parent.name == "failed", again
        assert outcome.sentence.startswith("receipt.json cannot be read: ")
        assert outcome.sentence.endswith("and waits in `cagnotte sources queue receipts`.")
    assert bench.world.rows("SELECT state FROM inbox_message") == [("unreadable",)]


# ---- uploads ----


def test_an_upload_is_taken_like_a_file(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cagnotte.platform.database.data_folder", lambda: tmp_path / "data")
    taken = take_upload(
        "../../day.csv", MIXED.encode(), programme=None, source="tills", now=bench.world.now
    )
    assert (taken.name, taken.counts["new"], taken.rejected) == (
        "day.csv",
        1,
        {"unknown_member": 1},
    )
    assert taken.rejects is not None
    assert taken.rejects.parent == tmp_path / "data" / "rejects"
    assert taken.rejects.read_text() == f"{HEADER}A2,H9,{AT},plum,1,20.00\n"
    assert bench.world.member("1") == {"pending": 100}
    again = take_upload(
        "other.csv", MIXED.encode(), programme=None, source="tills", now=bench.world.now
    )
    assert again.seen_before


def test_an_upload_that_is_too_large_is_refused(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cagnotte.journeys.take_file.UPLOAD_BYTES_MAX", 10)
    monkeypatch.setattr("cagnotte.journeys.take_file.MESSAGE_BYTES_MAX", 10)
    before = bench.world.digest()
    with pytest.raises(InvalidInput, match="is larger than 10 bytes"):
        take_upload("day.csv", GOOD.encode(), programme=None, source="tills", now=bench.world.now)
    bench.drop(RECEIPT, "receipt.json")
    (outcome,) = bench.once("receipts")
    assert "a message has 10 at most" in outcome.sentence
    assert bench.world.digest() == before


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("day.csv", "day.csv"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\day.csv", "day.csv"),
        ("a b;rm -rf.csv", "a_b_rm_-rf.csv"),
        (".bashrc", "bashrc"),
        ("", "upload"),
        ("..", "upload"),
        ("x" * 300 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_a_name_that_people_choose_is_made_harmless(name: str, safe: str) -> None:
    assert safe_name(name) == safe


# ---- looks ----


def test_a_look_shows_what_the_source_would_understand_and_writes_nothing(bench: Bench) -> None:
    before = bench.world.digest()
    path = bench.drop(MIXED + f"A3,1,{AT},plum,one,2.00\nA4,1,soon,plum,1,2.00\n")
    found = look_at(path, source="tills", now=bench.world.now)
    assert found.differences == []
    assert found.seen[0].facts == {
        "order_ref": "A1",
        "member": "1",
        "merchant": "corner",
        "occurred_at": "2026-02-10T10:00:00+01:00",
        "amount": "20.00 EUR",
        "lines": "1",
        "status": "",
    }
    assert [(seen.row_number, seen.reason) for seen in found.seen] == [
        (2, ""), (3, ""), (4, "bad_quantity"), (5, "bad_date"),
    ]  # fmt: skip
    assert bench.world.digest() == before


def test_a_look_at_a_file_of_another_kind_says_what_does_not_fit(bench: Bench) -> None:
    path = bench.drop("Order;Member\nA1;1\n")
    found = look_at(path, source="tills", now=bench.world.now)
    assert found.seen == []
    assert found.differences[0].startswith("day.csv has no column “member”")
    members = bench.drop("number,name,iban\n7,Zoé,\n", "members.csv")
    seen = look_at(
        members, source="members", now=datetime.fromisoformat("2026-03-01T12:00:00+00:00")
    ).seen
    assert [one.facts for one in seen] == [{"ref": "7", "name": "Zoé", "holder": "Zoé"}]
