"""Bad input: the sentence the user reads, the good rows taken, nothing lost, nothing counted twice."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import conninfo, errors, sql

from cagnotte.domain.errors import InvalidInput, InvalidRow, NotFound
from cagnotte.journeys import ingest
from cagnotte.journeys.arrivals import Rejected
from cagnotte.platform import database
from cagnotte.platform.database_errors import DiskFull
from tests.databases import Server
from tests.journeys.world import World

HOUR = timedelta(hours=1)
GOOD = "G1,2,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam,"
MENDED = "A1,1,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam,"

# (what is wrong, the row, its reason, the sentence)
BAD_ROWS = [
    (
        "bad date",
        "A1,1,10/02/2026,EUR,,plum,1,20.00,jam,",
        "bad_date",
        "occurred_at is “10/02/2026”; write a date such as 2026-03-29T14:05:00.",
    ),
    (
        "missing currency",
        "A1,1,2026-02-10T10:00:00,,,plum,1,20.00,jam,",
        "missing_currency",
        "The order names no currency, and its source has no default one.",
    ),
    (
        "negative amount",
        "A1,1,2026-02-10T10:00:00,EUR,,plum,1,-20.00,jam,",
        "negative_amount",
        (
            "Line 1: amount is -20.00. Amounts are not negative; report a return as "
            "returned_quantity and returned_amount of its line, or say “returns: appended” in the source."
        ),
    ),
    (
        "huge amount",
        "A1,1,2026-02-10T10:00:00,EUR,,plum,1,99999999999999999.00,jam,",
        "amount_too_large",
        ("Line 1: amount: “99999999999999999.00” EUR is larger than any amount Cagnotte takes."),
    ),
    (
        "unknown member",
        "A1,99,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam,",
        "unknown_member",
        "No member has the number “99”; enrol them, then send it again.",
    ),
    (
        "one field too many",
        "A1,1,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam,,",
        "bad_row",
        (
            "This row has 11 fields where the header names 10; the file may be cut off here, or a "
            "field may contain the delimiter without quotes."
        ),
    ),
    (
        "NUL character",
        "A1,1,2026-02-10T10:00:00,EUR,,pl\0um,1,20.00,jam,",
        "bad_row",
        "This row holds a NUL character; the file may be damaged here.",
    ),
]


@pytest.mark.parametrize(
    ("row", "reason", "sentence"),
    [case[1:] for case in BAD_ROWS],
    ids=[case[0] for case in BAD_ROWS],
)
def test_a_bad_row_is_kept_apart_and_can_be_sent_again_once_mended(
    world: World, row: str, reason: str, sentence: str
) -> None:
    summary = world.till(row, GOOD)

    assert summary.rejected == {reason: 1}
    assert world.reasons() == [("2", reason, sentence)]
    assert world.member("2") == {"pending": 100}
    assert world.books() == {"funder.accrued": 100, "member.pending": 100}
    assert world.rows("SELECT row_number, reason, sentence FROM purchases_rejection") == [
        (2, reason, sentence)
    ]

    assert summary.rejects is not None
    mended = summary.rejects.read_text().replace(row, MENDED)
    again = world.send("till", mended)

    assert (again.counts["new"], again.rejected) == (1, {})
    assert world.books() == {"funder.accrued": 200, "member.pending": 200}
    # The first file once more: its bad row is still bad, and nothing counts twice.
    third = world.send_file(summary.file, "till")
    assert (third.counts["unchanged"], third.rejected) == (1, {reason: 1})
    assert world.books() == {"funder.accrued": 200, "member.pending": 200}


def test_an_unknown_merchant_is_rejected_and_the_others_are_taken(world: World) -> None:
    header = "order,shop,member,at,currency,amount\n"
    bad = "P1,moon,1,2026-02-10T10:00:00,EUR,20.00\n"
    good = "P1,corner,1,2026-02-10T10:00:00,EUR,20.00\n"
    world.send("partners", header + bad + good)
    assert world.reasons() == [
        (
            "2",
            "unknown_merchant",
            "The programme has no merchant “moon”; name it in the programme file.",
        )
    ]
    assert world.books() == {"funder.accrued": 100, "member.pending": 100}


def test_a_mis_encoded_row_is_kept_as_it_came(world: World) -> None:
    header = b"order,member,at,currency,status,sku,qty,amount,category,brand\n"
    bad = b"A1,1,2026-02-10T10:00:00,EUR,,caf\xe9,1,20.00,jam,\n"
    summary = world.send("till", header + bad + GOOD.encode() + b"\n")
    assert world.reasons() == [
        (
            "2",
            "bad_encoding",
            "This row is not utf-8; say which encoding the file has in the mapping of its source.",
        )
    ]
    assert summary.rejects is not None
    assert summary.rejects.read_bytes() == header + bad
    assert world.rows("SELECT raw FROM purchases_rejection") == [(bad,)]
    mended = summary.rejects.read_bytes().decode("latin-1")
    assert world.send("till", mended).counts["new"] == 1
    assert world.books() == {"funder.accrued": 200, "member.pending": 200}


def test_a_truncated_file_gives_its_whole_orders_and_says_where_it_ends(world: World) -> None:
    header = "order,member,at,currency,status,sku,qty,amount,category,brand\n"
    whole = header + GOOD + "\n" + MENDED + "\n"
    cut = world.send("till", whole[: -len(MENDED) // 2])
    assert not cut.ended
    assert (cut.counts["new"], cut.rejected) == (1, {"bad_row": 1})
    assert "the file may be cut off here" in world.reasons()[0][2]

    rest = world.send("till", whole)

    assert rest.ended
    assert (rest.counts["new"], rest.counts["unchanged"]) == (1, 1)
    assert world.books() == {"funder.accrued": 200, "member.pending": 200}


def test_columns_that_nobody_mapped_are_named_and_the_rows_taken(world: World) -> None:
    summary = world.send(
        "till",
        "order,member,at,currency,status,sku,qty,amount,category,brand,colour\n" + GOOD + ",red\n",
    )
    assert summary.unread == ["colour"]
    assert summary.counts["new"] == 1


def nothing_is_written(world: World) -> bool:
    return world.books() == {} and world.rows("SELECT 1 FROM purchases_observation") == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            b"order,member,at,status,sku,qty,amount,category,brand\n",
            (
                "till-2.csv has no column “currency”, which the source “till” reads as currency. Its "
                "columns are: order, member, at, status, sku, qty, amount, category, brand."
            ),
        ),
        (b"", "till-2.csv is empty; its first row must name the columns."),
        (
            bytes(range(256)) * 40,
            "till-2.csv has no column “",
        ),
    ],
    ids=["a mapped column is missing", "empty", "binary garbage"],
)
def test_a_file_that_is_no_such_file_is_refused_whole(
    world: World, content: bytes, sentence: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        world.send("till", content)
    assert caught.value.sentence.startswith(sentence)
    assert caught.value.sentence.isprintable()
    assert nothing_is_written(world)


def test_garbage_instead_of_messages_is_rejected_line_by_line(world: World) -> None:
    summary = world.send("web", bytes(range(256)) * 2 + b"\n{}\n[]\n")
    assert sum(summary.rejected.values()) == len(world.reasons()) >= 3
    assert nothing_is_written(world)


def test_a_file_that_is_not_there_or_cannot_be_read_is_a_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = world.folder / "nothing.csv"
    with pytest.raises(InvalidInput, match=f"There is no file {missing}"):
        world.send_file(missing, "till")
    with pytest.raises(InvalidInput, match="There is no file"):
        world.send_file(world.folder, "till")
    locked = world.folder / "locked.csv"
    locked.write_text("order\n")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", refuse)
        with pytest.raises(InvalidInput, match=r"locked\.csv cannot be read: Permission denied\."):
            world.send_file(locked, "till")
    assert nothing_is_written(world)


def test_an_unknown_source_or_programme_names_those_there_are(world: World) -> None:
    with pytest.raises(NotFound) as caught:
        world.send("tills", "order\n")
    assert caught.value.sentence == (
        "“corner” has no source “tills”. Its sources are: answers, members, partners, till, web. "
        "Sources are part of the programme file."
    )


def test_rejected_rows_are_never_written_over_the_file_they_come_from(world: World) -> None:
    path = world.folder / "till.csv"
    path.write_text("order,member,at,currency,status,sku,qty,amount,category,brand\nbad\n")
    with pytest.raises(InvalidInput, match="cannot be written over it; name another file"):
        world.send_file(path, "till", rejects=path)
    assert "bad" in path.read_text()


# ---- orders that come twice ----


def test_an_order_that_comes_again_in_another_file_counts_once(world: World) -> None:
    world.till(MENDED)
    before = world.digest()
    summary = world.till(GOOD, MENDED)
    assert (summary.counts["new"], summary.counts["unchanged"]) == (1, 1)
    assert world.member("1") == {"pending": 100}
    assert world.purchase("A1")[2] == 1
    assert world.digest() != before


def test_an_order_that_comes_again_with_other_content_is_restated(world: World) -> None:
    world.till(MENDED)
    summary = world.till(MENDED.replace("20.00", "30.00"))
    assert summary.counts["changed"] == 1
    assert world.books() == {"funder.accrued": 150, "member.pending": 150}
    assert world.purchase("A1")[2] == 2


def test_an_order_whose_rows_lie_apart_is_not_taken_in_part(world: World) -> None:
    summary = world.till(MENDED, GOOD, MENDED.replace("plum", "fig"))
    sentence = (
        "The rows of order A1 lie apart in this file, with other orders between, so none of them is taken; sort the "
        "file by order and import it again."
    )
    assert world.reasons() == [("2", "split_order", sentence), ("4", "split_order", sentence)]
    assert summary.counts["new"] == 1
    assert world.rows("SELECT order_ref FROM purchases_purchase WHERE order_ref = 'A1'") == []

    world.now += HOUR
    sorted_file = world.till(MENDED, MENDED.replace("plum", "fig"), GOOD)

    assert (sorted_file.counts["new"], sorted_file.counts["unchanged"]) == (1, 1)
    before = world.digest()
    # The unsorted file again does not bring a half order back.
    world.send_file(summary.file, "till")
    assert world.digest() == before


def test_an_order_of_another_member_stays_theirs(world: World) -> None:
    world.till(MENDED)
    world.till(MENDED.replace("A1,1", "A1,2"))
    assert world.reasons() == [
        ("2", "other_member", "The order A1 belongs to another member already.")
    ]
    assert (world.member("1"), world.member("2")) == ({"pending": 100}, {})


def web(**line: Any) -> dict[str, Any]:
    return {
        "id": "W1",
        "customer": {"number": "1"},
        "at": "2026-02-10T10:00:00",
        "currency": "EUR",
        "lines": [{"sku": "plum", "qty": 2, "price": "20.00", "category": "jam", **line}],
    }


def test_a_return_of_more_than_was_bought_changes_nothing(world: World) -> None:
    world.web(web())
    summary = world.web(web(returned={"qty": 3, "price": "30.00"}))
    assert summary.rejected == {"returned_too_much": 1}
    assert world.reasons()[0][2] == (
        "Line 1: more is returned (3 units, 3000 minor units) than was bought (2 units, 2000)."
    )
    assert world.books() == {"funder.accrued": 100, "member.pending": 100}


def test_a_member_enrolled_later_gets_what_was_rejected_from_the_same_file(world: World) -> None:
    first = world.till(MENDED.replace("A1,1", "A1,9"), GOOD)
    world.send("members", "number,name,iban\n9,Zoé,\n")
    again = world.send_file(first.file, "till")
    assert (again.counts["new"], again.counts["unchanged"], again.rejected) == (1, 1, {})
    assert world.member("9") == {"pending": 100}


def test_a_row_that_was_too_early_does_not_undo_what_later_files_said(world: World) -> None:
    early = world.till(MENDED.replace("A1,1", "A1,9"))
    world.send("members", "number,name,iban\n9,Zoé,\n")
    world.now += HOUR
    world.till(MENDED.replace("A1,1", "A1,9").replace("EUR,,", "EUR,confirmed,"))
    again = world.send_file(early.file, "till")
    assert again.counts["stale"] == 1
    assert world.member("9") == {"confirmed": 100}


# ---- the database ----


@pytest.fixture
def small_disk(database_server: Server, run_name: str) -> Iterator[str]:
    """The name of a tablespace on a disk of half a megabyte, beside the server's own."""
    admin = database_server.url("postgres", admin=True)
    with psycopg.connect(admin, autocommit=True) as connection:
        row = connection.execute("SHOW data_directory").fetchone()
    data = Path(str(row[0])) if row else Path()
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None or not data.is_dir():
        pytest.skip("only root can make a small disk for the server")
    # Not in pytest's own folder: another run takes the server's way into it away.
    place, owner = Path(tempfile.mkdtemp(prefix="cagnotte-small-")), data.stat()
    options = f"size=500k,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    done = subprocess.run([mount, "-t", "tmpfs", "-o", options, "none", str(place)], check=False)
    if done.returncode:
        place.rmdir()
        pytest.skip("this machine does not let us mount")
    name = f"small_{run_name}"
    quoted = sql.Identifier(name)
    try:
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(
                sql.SQL("CREATE TABLESPACE {} LOCATION {}").format(quoted, sql.Literal(str(place)))
            )
        yield name
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP TABLESPACE {}").format(quoted))
    finally:
        subprocess.run([umount, str(place)], check=False)
        place.rmdir()


def test_a_disk_that_fills_up_while_importing_loses_nothing_of_what_was_committed(
    small_disk: str, world: World, database_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        ingest.import_orders, "__kwdefaults__", {"mine": None, "chunk_orders": 3_000}
    )
    name = str(conninfo.conninfo_to_dict(database.database_url())["dbname"])
    admin = database_server.url(name, admin=True)
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(
            sql.SQL("ALTER TABLE purchases_observationbody SET TABLESPACE {}").format(
                sql.Identifier(small_disk)
            )
        )
    rows = [f"A{n},1,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam," for n in range(6_500)]

    with pytest.raises(errors.DiskFull) as caught:
        world.till(*rows)

    told = database.explain(caught.value)
    assert isinstance(told, DiskFull)
    assert (
        told.sentence
        == "The disk is full; what was committed is safe, the rest was rolled back. Free some space and run it again."
    )
    ((committed,),) = world.rows("SELECT count(*) FROM purchases_purchase")
    assert committed == 3_000
    assert world.member("1") == {"pending": 300_000}
    assert world.faults() == []

    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute("ALTER TABLE purchases_observationbody SET TABLESPACE pg_default")
    summary = world.send_file(world.folder / f"till-{world.files}.csv", "till")

    assert (summary.counts["new"], summary.counts["unchanged"]) == (3_500, 3_000)
    assert world.member("1") == {"pending": 650_000}


def test_what_a_rejection_keeps_of_its_error_is_what_it_says() -> None:
    """A traceback would keep the whole chunk in memory until somebody looks for garbage."""

    def fail() -> None:
        try:
            int("x")
        except ValueError as error:
            raise InvalidRow("amount_invalid", "The amount “x” is no number.") from error

    with pytest.raises(InvalidRow) as raised:
        fail()
    rejected = Rejected.of(7, "A1;x", raised.value)
    assert (rejected.row_number, rejected.raw, rejected.reason) == (7, "A1;x", "amount_invalid")
    assert rejected.error.sentence == "The amount “x” is no number."
    error = rejected.error
    assert (error.__traceback__, error.__cause__, error.__context__) == (None, None, None)
