"""Returns that a till appends as rows with a minus: each counts once, early or late, however they are spread."""

from datetime import timedelta
from typing import Any

import pytest

from cagnotte.journeys import check_books
from cagnotte.journeys.import_file import ImportSummary
from cagnotte.platform.database import connect
from tests.journeys.world import World, corner

HOUR = timedelta(hours=1)
SOURCE = """
  - ref: tills
    kind: purchases
    format: csv
    timezone: Europe/Paris
    lines: rows
    returns: appended
    fields: {order_ref: order, member: member, occurred_at: at, return_id: slip}
    line_fields: {sku: sku, quantity: qty, amount: amount}
    defaults: {merchant: corner, currency: EUR}
"""
HEADER = "order,member,at,slip,sku,qty,amount\n"
AT = "2026-02-10T10:00:00"
SALE = (f"A1,1,{AT},,plum,2,20.00", f"A1,1,{AT},,fig,1,10.00")
PLUM_BACK = "A1,,2026-02-12T09:00:00,R1,plum,-1,-10.00"
FIG_BACK = "A1,,2026-02-13T09:00:00,R2,fig,-1,-10.00"


@pytest.fixture
def till(empty_world: World) -> Any:
    """Send rows of a till that appends its returns."""
    empty_world.load(corner() + SOURCE)

    def send(*rows: str, **options: Any) -> ImportSummary:
        text = HEADER + "".join(row + "\n" for row in rows)
        return empty_world.send("tills", text, **options)

    return send


def returned(world: World, order: str = "A1") -> list[tuple[Any, ...]]:
    """Return (line, article, units back, cents back) as the latest facts of an order say."""
    ((facts,),) = world.rows(
        "SELECT v.facts FROM purchases_purchaseversion AS v "
        "JOIN purchases_purchase AS p ON p.id = v.purchase_id "
        "WHERE p.order_ref = %s AND v.facts IS NOT NULL ORDER BY v.number DESC LIMIT 1",
        order,
    )
    return [(line[0], line[1], line[10], line[11]) for line in facts["lines"]]


def test_a_row_with_a_minus_is_a_return_of_its_order(empty_world: World, till: Any) -> None:
    till(*SALE)
    summary = till(PLUM_BACK)
    assert (summary.counts["returned"], summary.rejected) == (1, {})
    assert returned(empty_world) == [(1, "plum", 1, 1000), (2, "fig", 0, 0)]
    assert empty_world.member("1") == {"pending": 100}
    assert empty_world.purchase("A1")[2] == 2


def test_a_return_in_the_same_file_counts_too(empty_world: World, till: Any) -> None:
    summary = till(SALE[0], PLUM_BACK, SALE[1], FIG_BACK, f"A2,1,{AT},,plum,1,10.00")
    assert (summary.counts["new"], summary.counts["returned"]) == (2, 2)
    assert returned(empty_world) == [(1, "plum", 1, 1000), (2, "fig", 1, 1000)]
    assert empty_world.member("1") == {"pending": 100}


def test_a_return_before_its_order_waits_for_it(empty_world: World, till: Any) -> None:
    assert till(PLUM_BACK).counts["returned"] == 1
    assert empty_world.member("1") == {}
    assert till(*SALE).counts["new"] == 1
    assert empty_world.member("1") == {"pending": 100}
    assert empty_world.purchase("A1")[2] == 1
    assert empty_world.rows("SELECT purchase_id IS NULL FROM purchases_appendedreturn") == [
        (False,)
    ]


def test_a_return_that_is_told_again_counts_once(empty_world: World, till: Any) -> None:
    till(*SALE)
    file = till(PLUM_BACK).file
    before = empty_world.digest()
    assert empty_world.send_file(file, "tills").counts["unchanged"] == 1
    # In another file, on another row.
    assert till(SALE[0], SALE[1], PLUM_BACK).counts["unchanged"] == 2
    assert empty_world.digest() == before


def test_a_return_that_is_told_differently_is_rejected(empty_world: World, till: Any) -> None:
    till(*SALE)
    till(PLUM_BACK)
    before = empty_world.digest()
    till(PLUM_BACK.replace("-10.00", "-9.00"))
    assert empty_world.reasons() == [
        (
            "2",
            "return_differs",
            (
                "The return R1 of order A1 was told before, with other articles or amounts; what was told first "
                "counts."
            ),
        )
    ]
    assert empty_world.digest() == before


def test_an_order_that_is_told_again_keeps_what_came_back(empty_world: World, till: Any) -> None:
    till(*SALE)
    till(PLUM_BACK)
    assert till(*SALE).counts["unchanged"] == 1
    assert empty_world.member("1") == {"pending": 100}
    empty_world.now += HOUR
    # Another price and another place: the return finds its article.
    summary = till(SALE[1], SALE[0].replace("20.00", "24.00"))
    assert summary.counts["changed"] == 1
    assert returned(empty_world) == [(1, "fig", 0, 0), (2, "plum", 1, 1000)]
    assert empty_world.member("1") == {"pending": 120}


def test_no_more_comes_back_than_was_bought(empty_world: World, till: Any) -> None:
    till(*SALE)
    till(PLUM_BACK.replace("-1,-10.00", "-3,-30.00"))
    assert returned(empty_world) == [(1, "plum", 2, 2000), (2, "fig", 0, 0)]
    assert empty_world.member("1") == {"pending": 50}
    # The order turns out to have been larger: what was told before counts by now.
    empty_world.now += HOUR
    till(SALE[0].replace("2,20.00", "4,40.00"), SALE[1])
    assert returned(empty_world) == [(1, "plum", 3, 3000), (2, "fig", 0, 0)]
    assert empty_world.member("1") == {"pending": 100}


def test_a_return_that_names_its_line_or_nothing_finds_its_place(
    empty_world: World, till: Any
) -> None:
    till(f"A1,1,{AT},,plum,1,20.00", f"A1,1,{AT},,fig,1,10.00", f"A1,1,{AT},,plum,1,15.00")
    # The plum that cost 15.00, and then 4.50 for no article: two thirds of it for the dearer line.
    till("A1,,,R1,plum,-1,-15.00", "A1,,,R2,,,-4.50")
    assert returned(empty_world) == [
        (1, "plum", 0, 300),
        (2, "fig", 0, 150),
        (3, "plum", 1, 1500),
    ]


def test_answers_do_not_amend_what_the_source_itself_takes_back(
    empty_world: World, till: Any
) -> None:
    till(*SALE)
    before = empty_world.digest()
    empty_world.answer("A1,amend,,1,1,10.00")
    assert empty_world.reasons() == [
        (
            "2",
            "returns_appended",
            "The returns of order A1 are told by its own source, “tills”.",
        )
    ]
    assert empty_world.digest() == before
    empty_world.answer("A1,confirm,,,,")
    till(PLUM_BACK)
    assert empty_world.member("1") == {"confirmed": 100}


def test_returns_that_wait_are_named_by_the_check_of_the_books(
    empty_world: World, till: Any
) -> None:
    till(PLUM_BACK, FIG_BACK)
    with connect() as connection:
        notes = [finding for finding in check_books.verify(connection) if not finding.is_fault]
    assert [note.sentence for note in notes if note.check == "returns"] == [
        "2 returns of “tills” (corner) wait for their orders, the oldest since 2026-03-01."
    ]


def test_a_bad_return_is_rejected_and_can_be_sent_again(empty_world: World, till: Any) -> None:
    till(*SALE)
    before = empty_world.digest()
    till(PLUM_BACK.replace("-10.00", "-10.001"), FIG_BACK.replace("-1,", "-one,"))
    assert [(row, reason) for row, reason, _ in empty_world.reasons()] == [
        ("2", "bad_amount"),
        ("3", "bad_quantity"),
    ]
    assert empty_world.digest() == before
    till(PLUM_BACK, FIG_BACK)
    assert empty_world.member("1") == {"pending": 50}


def test_without_a_name_each_row_is_a_return(empty_world: World) -> None:
    empty_world.load(corner() + SOURCE.replace(", return_id: slip", ""))
    header = "order,member,at,sku,qty,amount\n"
    plum = "A1,1,2026-02-12T09:00:00,plum,-1,-10.00\n"
    empty_world.send("tills", header + f"A1,1,{AT},plum,3,30.00\n")
    file = empty_world.send("tills", header + plum).file
    assert empty_world.send_file(file, "tills").counts["unchanged"] == 1
    assert returned(empty_world) == [(1, "plum", 1, 1000)]
    # The next day's file holds the same words: another plum.
    empty_world.send("tills", header + plum + f"A2,1,{AT},plum,1,10.00\n")
    assert returned(empty_world) == [(1, "plum", 2, 2000)]


def test_several_processes_share_sales_and_returns(empty_world: World, till: Any) -> None:
    sales = [f"S{n},{n % 3 + 1},{AT},,plum,2,20.00" for n in range(30)]
    backs = [f"S{n},{n % 2 or ''},,R{n},plum,-1,-10.00" for n in range(0, 30, 2)]
    summary = till(*backs[:5], *sales, *backs[5:], jobs=2)
    assert (summary.counts["new"], summary.counts["returned"], summary.rejected) == (30, 15, {})
    assert [returned(empty_world, f"S{n}")[0][2] for n in range(30)] == [1, 0] * 15
    assert empty_world.books()["member.pending"] == 15 * 100 + 15 * 50


def test_an_order_and_its_return_that_arrive_at_the_same_moment_find_each_other(
    empty_world: World, till: Any
) -> None:
    # Two writers that do not see each other leave a return that does not know its order stands.
    till(PLUM_BACK)
    till(*SALE)
    empty_world.write("UPDATE purchases_appendedreturn SET purchase_id = NULL")
    summary = till(f"A2,1,{AT},,fig,1,10.00")
    assert summary.counts["new"] == 1
    assert empty_world.rows(
        "SELECT count(*) FROM purchases_appendedreturn WHERE purchase_id IS NULL"
    ) == [(0,)]
    assert empty_world.member("1") == {"pending": 150}
    assert empty_world.purchase("A1")[2] == 1


def test_a_file_interrupted_between_sales_and_returns_ends_the_same(
    empty_world: World, till: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as patch:
        patch.setattr("cagnotte.purchases.services.keep_returns", lost)
        with pytest.raises(ConnectionError):
            till(*SALE, PLUM_BACK)
    assert empty_world.member("1") == {"pending": 150}
    path = next(empty_world.folder.glob("tills-*.csv"))
    summary = empty_world.send_file(path, "tills")
    assert (summary.counts["unchanged"], summary.counts["returned"]) == (1, 1)
    assert empty_world.member("1") == {"pending": 100}


# ---- returns that name no order ----


def found(world: World) -> list[tuple[Any, ...]]:
    """Return (order or "", how it was found) of the returns that named none, by their keys."""
    return world.rows(
        "SELECT native_id, found ->> 'fit' FROM purchases_appendedreturn WHERE sought IS NOT NULL ORDER BY return_key"
    )


UNNAMED = ",1,2026-02-20T09:00:00,R1,plum,-1,-10.00"


def test_what_names_no_order_is_of_the_latest_purchase_at_its_price(
    empty_world: World, till: Any
) -> None:
    till(
        "B1,1,2026-02-10T10:00:00,,plum,1,10.00",
        "B2,1,2026-02-12T10:00:00,,plum,2,20.00",
        "B3,1,2026-02-14T10:00:00,,plum,1,12.00",
    )
    summary = till(UNNAMED)
    assert (summary.counts["returned"], summary.rejected) == (1, {})
    assert returned(empty_world, "B2") == [(1, "plum", 1, 1000)]
    assert empty_world.member("1") == {"pending": 160}
    assert found(empty_world) == [("corner/B2", "same_price")]


def test_what_names_no_order_and_comes_before_it_waits(empty_world: World, till: Any) -> None:
    till(UNNAMED)
    assert (empty_world.member("1"), found(empty_world)) == ({}, [("", None)])
    till("B1,1,2026-02-10T10:00:00,,plum,1,10.00")
    assert (empty_world.member("1"), found(empty_world)) == ({}, [("corner/B1", "same_price")])
    assert returned(empty_world, "B1") == [(1, "plum", 1, 1000)]


def test_what_names_no_order_counts_once_in_whichever_file_it_comes(
    empty_world: World, till: Any
) -> None:
    till(*SALE)
    file = till(UNNAMED).file
    before = empty_world.digest()
    assert empty_world.send_file(file, "tills").counts["unchanged"] == 1
    assert till(UNNAMED, SALE[0], SALE[1]).counts["unchanged"] == 2
    assert empty_world.digest() == before
    assert empty_world.member("1") == {"pending": 100}
    till(UNNAMED.replace("-10.00", "-9.00"))
    assert [reason for _, reason, _ in empty_world.reasons()] == ["return_differs"]
    assert empty_world.digest() == before


def test_each_article_finds_an_order_of_its_own(empty_world: World, till: Any) -> None:
    till("B1,1,2026-02-10T10:00:00,,plum,1,10.00", "B2,1,2026-02-12T10:00:00,,fig,1,5.00")
    till(UNNAMED, UNNAMED.replace("plum,-1,-10.00", "fig,-1,-5.00"))
    assert found(empty_world) == [("corner/B1", "same_price"), ("corner/B2", "same_price")]
    assert empty_world.member("1") == {}


def test_two_returns_alike_are_of_two_purchases_and_a_third_waits(
    empty_world: World, till: Any
) -> None:
    till("B1,1,2026-02-10T10:00:00,,plum,1,10.00", "B2,1,2026-02-12T10:00:00,,plum,1,10.00")
    till(UNNAMED, UNNAMED.replace("R1", "R2"), UNNAMED.replace("R1", "R3"))
    assert sorted(native_id for native_id, _ in found(empty_world)) == [
        "",
        "corner/B1",
        "corner/B2",
    ]
    assert empty_world.member("1") == {}
    with connect() as connection:
        notes = [
            note.sentence for note in check_books.verify(connection) if note.check == "returns"
        ]
    assert notes == [
        "1 returns of “tills” (corner) wait for their orders, the oldest since 2026-03-01."
    ]


@pytest.mark.parametrize(
    "row",
    [
        UNNAMED.replace("plum", "pear"),
        UNNAMED.replace("-10.00", "-20.01"),
        UNNAMED.replace(",1,2026", ",2,2026"),
        UNNAMED.replace("2026-02-20", "2026-02-09"),
        UNNAMED.replace("2026-02-20", "2027-02-11"),
    ],
    ids=[
        "another article",
        "more than was paid",
        "another member",
        "before it",
        "after the window",
    ],
)
def test_what_fits_no_purchase_waits_and_nothing_moves(
    empty_world: World, till: Any, row: str
) -> None:
    till(*SALE)
    before = (empty_world.books(), returned(empty_world))
    assert till(row).counts["returned"] == 1
    assert (empty_world.books(), returned(empty_world)) == before
    assert found(empty_world) == [("", None)]


@pytest.mark.parametrize(
    ("row", "reason", "sentence"),
    [
        (
            UNNAMED.replace(",1,2026", ",,2026"),
            "missing_field",
            "A return that names no order needs its member, by which the order can be found.",
        ),
        (
            UNNAMED.replace("plum", ""),
            "missing_field",
            "A return that names no order needs the article and its price, by which the order can be found.",
        ),
        (
            UNNAMED.replace("2026-02-20T09:00:00", "soon"),
            "bad_date",
            "occurred_at is “soon”; write a date such as 2026-03-29T14:05:00.",
        ),
    ],
)
def test_what_says_too_little_to_be_found_is_rejected(
    empty_world: World, till: Any, row: str, reason: str, sentence: str
) -> None:
    till(*SALE)
    before = empty_world.digest()
    till(row)
    assert empty_world.reasons() == [("2", reason, sentence)]
    assert empty_world.digest() == before


def test_a_later_purchase_does_not_draw_a_return_away(empty_world: World, till: Any) -> None:
    till("B1,1,2026-02-10T10:00:00,,plum,1,12.00", UNNAMED)
    assert found(empty_world) == [("corner/B1", "within")]
    till("B2,1,2026-02-12T10:00:00,,plum,1,10.00")
    assert found(empty_world) == [("corner/B1", "within")]
    assert returned(empty_world, "B2") == [(1, "plum", 0, 0)]


def test_several_processes_find_the_orders_of_returns(empty_world: World, till: Any) -> None:
    sales = [f"S{n},{n % 3 + 1},2026-02-{n % 20 + 1:02}T10:00:00,,plum,1,10.00" for n in range(30)]
    backs = [f",{n % 3 + 1},2026-02-25T10:00:00,R{n},plum,-1,-10.00" for n in range(12)]
    summary = till(*backs[:4], *sales, *backs[4:], jobs=2)
    assert (summary.counts["new"], summary.counts["returned"], summary.rejected) == (30, 12, {})
    assert {native_id for native_id, _ in found(empty_world)} >= {"corner/S19", "corner/S18"}
    assert empty_world.books()["member.pending"] == 18 * 50
