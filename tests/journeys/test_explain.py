"""Every amount is explained: a purchase from its message to its lots, and a balance on any day."""

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from cagnotte.cli.main import cli
from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import public_id
from cagnotte.identity.selectors import programme
from cagnotte.identity.services import party_id_of, wallet_id_of
from cagnotte.journeys import explain
from cagnotte.journeys.explain import BalanceTold, Why
from cagnotte.platform import database
from cagnotte.platform.database import connect
from cagnotte.tracking.services import NewClick, claim_visit, record_click
from tests.journeys.inbox_world import Inbox, postback
from tests.journeys.world import World, corner

DUE = date(2026, 3, 12)
TEA = "T1,1,2026-02-10T10:00:00,EUR,confirmed,earl,1,10.00,tea,acme"


def why(key: str) -> Why:
    with connect() as connection:
        return explain.why(connection, programme("corner"), key)


def balance(member: str, day: date | None = None) -> BalanceTold:
    with connect() as connection:
        return explain.balance(connection, programme("corner"), member, day)


def test_a_purchase_is_told_from_its_message_to_its_lots(world: World) -> None:
    world.till(TEA.replace("confirmed", ""))
    world.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    world.answer("T1,confirm,,,,")
    world.now = datetime(2026, 3, 12, 12, tzinfo=UTC)
    world.mature(DUE)

    told = why("T1")

    assert (told.validation, told.reward_minor, told.released_minor) == ("confirmed", 70, 70)
    assert [(version.number, version.event, version.source) for version in told.versions] == [
        (1, "track", "till"),
        (2, "confirm", "answers"),
    ]
    assert [(lot.amount_minor, lot.remaining_minor) for lot in told.lots] == [(70, 70)]
    kinds = [entry.transaction for entry in told.entries]
    assert list(dict.fromkeys(kinds)) == ["tracked", "confirmed", "released"]
    # Summed up, the entries are what stands on the accounts.
    sums: dict[str, int] = {}
    for entry in told.entries:
        sums[entry.account] = sums.get(entry.account, 0) + entry.amount_minor
    assert {account: minor for account, minor in sums.items() if minor} == {
        "funder.due": 150,
        "member.available": -70,
        "merchant.clearing": -30,
        "programme.margin": -50,
    }
    assert told.sentences


def test_a_purchase_is_found_by_any_of_its_names(world: World) -> None:
    world.buy("2026/001")
    ((identity,),) = world.rows("SELECT id FROM purchases_purchase")
    for key in ("2026/001", "corner/2026/001", public_id("pur", identity)):
        assert why(key).purchase_id == identity


@pytest.mark.parametrize("key", ["A9", "corner/A9", "other/A1", "pur_x", "pur_" + "0" * 26])
def test_a_purchase_that_is_not_there_is_a_sentence(world: World, key: str) -> None:
    world.buy("A1")
    with pytest.raises(NotFound):
        why(key)


def test_two_orders_of_the_same_name_are_told_apart(world: World) -> None:
    world.buy("A1")
    world.web(
        {
            "id": "A1",
            "customer": {"number": "2"},
            "at": "2026-02-10T10:00:00",
            "currency": "EUR",
            "lines": [{"sku": "plum", "qty": 1, "price": "20.00", "category": "jam"}],
        }
    )
    with pytest.raises(NotFound, match=r"Several purchases are called A1: corner/A1 \(pur_"):
        why("A1")


def test_a_purchase_of_another_programme_is_not_told(world: World) -> None:
    world.buy("A1")
    ((identity,),) = world.rows("SELECT id FROM purchases_purchase")
    other = programme("corner")
    other.id = identity
    with connect() as connection, pytest.raises(NotFound):
        explain.why(connection, other, public_id("pur", identity))


def test_a_balance_is_told_as_of_any_day(world: World) -> None:
    world.buy("A1", status="confirmed")
    world.mature(DUE)
    told = balance("1")
    assert {state: minor for state, minor in told.states.items() if minor} == {"available": 100}
    assert [lot.remaining_minor for lot in told.lots] == [100]
    for day, expected in (
        (date(2026, 2, 9), {}),
        (date(2026, 2, 10), {"confirmed": 100}),
        (date(2026, 3, 11), {"confirmed": 100}),
        (date(2026, 3, 12), {"available": 100}),
    ):
        then = balance("1", day).states
        assert {state: minor for state, minor in then.items() if minor} == expected


def test_a_member_who_is_not_there_is_a_sentence(world: World) -> None:
    with pytest.raises(NotFound, match="“corner” has no member “99”"):
        balance("99")


# ---- what people read at the keyboard ----


@pytest.fixture
def cagnotte(
    world: World, committed_db: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """Run a command of Cagnotte on the test's database."""
    monkeypatch.setenv("CAGNOTTE_DATABASE_URL", committed_db)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: str) -> Result:
        return CliRunner().invoke(cli, arguments)

    return run


def write(world: World, name: str, text: str) -> str:
    path = world.folder / name
    path.write_text(text)
    return str(path)


TILL = "order,member,at,currency,status,sku,qty,amount,category,brand\n"


def test_the_way_of_a_purchase_at_the_keyboard(
    world: World, cagnotte: Callable[..., Result]
) -> None:
    till = write(world, "till.csv", f"{TILL}{TEA.replace('confirmed', '')}\nX1,99{TEA[4:]}\n")
    answers = write(world, "answers.csv", "order,answer,why,line,units,amount\nT1,confirm,,,,\n")

    imported = cagnotte("import", till, "--source", "till", "--now", "2026-03-01T12:00:00")
    assert imported.output == (
        "till.csv: 1 new, 1 lines, 1 rejected.\n"
        "        1 × unknown_member\n"
        f"  Rejected rows: {world.folder}/till.rejects.csv, with their reasons in "
        "till.rejects.reasons.csv.\n"
    )
    again = cagnotte("import", till, "--source", "till", "--now", "2026-03-01T12:00:00")
    assert again.output.startswith("till.csv (imported before): 1 unchanged, 1 rejected.\n")
    confirmed = cagnotte("validate", answers, "--now", "2026-03-02")
    assert confirmed.output == "answers.csv: 1 confirm, 0 rejected.\n"
    matured = cagnotte("mature", "--on", "2026-03-12", "--now", "2026-03-12")
    assert matured.output == (
        "2026-03-12: 0.70 EUR of 1 purchases became available to 1 members.\n"
    )
    told = cagnotte("balance", "1")
    assert told.output.splitlines() == [
        "Member 1:",
        "  pending              0.00 EUR",
        "  confirmed            0.00 EUR",
        "  available            0.70 EUR",
        "  held                 0.00 EUR",
        "  owing                0.00 EUR",
        "    lot of 2026-03-12: 0.70 left, until 2027-03-12",
    ]
    before = cagnotte("balance", "1", "--as-of", "2026-03-01")
    assert before.output.startswith(
        "Member 1 at the end of 2026-03-01:\n  pending              0.70"
    )
    reasons = cagnotte("why", "corner/T1")
    assert reasons.exit_code == 0
    assert "corner/T1 of 2026-02-10 10:00, 10.00 EUR, member 1: confirmed, reward 0.70 EUR" in (
        reasons.output
    )
    assert "lot of 0.70, available from 2026-03-12, expires 2027-03-12: 0.70 left" in reasons.output
    in_french = cagnotte("why", "corner/T1", "--language", "fr")
    assert in_french.exit_code == 0
    assert in_french.output != reasons.output


def test_names_that_look_like_markup_are_shown_as_they_are(
    world: World, cagnotte: Callable[..., Result]
) -> None:
    world.buy("A[/bold]1")
    told = cagnotte("why", "A[/bold]1")
    assert told.exit_code == 0, told.output
    assert "corner/A[/bold]1 of" in told.output


def test_what_was_left_unread_and_a_missing_line_end_are_told(
    world: World, cagnotte: Callable[..., Result]
) -> None:
    till = write(world, "till.csv", TILL.replace("\n", ",colour\n") + TEA + ",red")
    told = cagnotte("import", till, "--source", "till", "--now", "2026-03-01T12:00:00")
    assert told.output == (
        "till.csv: 1 new, 1 lines, 0 rejected.\n"
        "  Columns the mapping does not name were not read: colour.\n"
        "  The last row has no line end. If the file was cut off there, the row may lack its last "
        "figures.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("import", "none.csv", "--source", "till"), "There is no file none.csv.\n"),
        (("why", "A9"), "“corner” knows no purchase A9.\n"),
        (("balance", "99"), "“corner” has no member “99”.\n"),
        (("mature", "--programme", "moon"), "There is no programme “moon”."),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    cagnotte: Callable[..., Result], arguments: tuple[str, ...], sentence: str
) -> None:
    told = cagnotte(*arguments)
    assert told.exit_code == 1
    assert told.stderr.startswith(sentence)
    assert told.stdout == ""


@pytest.fixture
def old_server() -> Iterator[str]:
    """The address of a server that says it is PostgreSQL 14."""
    listener = socket.create_server(("127.0.0.1", 0))

    def packet(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!I", len(body) + 4) + body

    def said(name: str, value: str) -> bytes:
        return packet(b"S", f"{name}\0{value}\0".encode())

    greeting = (
        packet(b"R", struct.pack("!I", 0))
        + said("server_version", "14.9")
        + said("client_encoding", "UTF8")
        + said("standard_conforming_strings", "on")
        + packet(b"K", struct.pack("!II", 1, 1))
        + packet(b"Z", b"I")
    )

    def answer() -> None:
        client, _ = listener.accept()
        with client:
            (size,) = struct.unpack("!I", client.recv(4))
            if client.recv(size - 4)[:4] == struct.pack("!I", 80877103):
                client.sendall(b"N")  # no TLS here; the client starts again without
                (size,) = struct.unpack("!I", client.recv(4))
                client.recv(size - 4)
            client.sendall(greeting)
            client.recv(1024)

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    yield f"postgresql://me@127.0.0.1:{listener.getsockname()[1]}/shop?gssencmode=disable"
    listener.close()
    thread.join(timeout=5)


def test_a_server_that_is_too_old_is_told_before_anything_is_read(
    old_server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_chosen_url", None)
    monkeypatch.setenv("CAGNOTTE_DATABASE_URL", old_server)
    told = CliRunner().invoke(cli, ["import", str(tmp_path / "x.csv"), "--source", "till"])
    assert told.exit_code == 1
    assert "is PostgreSQL 14; Cagnotte needs 15 or later." in told.stderr


def test_a_server_that_does_not_answer_is_told_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_chosen_url", None)
    monkeypatch.setenv("CAGNOTTE_DATABASE_URL", "postgresql://me:secret@127.0.0.1:1/shop")
    told = CliRunner().invoke(cli, ["import", str(tmp_path / "x.csv"), "--source", "till"])
    assert told.exit_code == 1
    assert told.stderr.startswith("The database at 127.0.0.1:1/shop cannot be used: ")
    assert "secret" not in told.stderr


def test_the_last_movements_of_a_member_are_told_newest_first(world: World) -> None:
    world.till(TEA)
    world.now = datetime(2026, 3, 12, 12, tzinfo=UTC)
    world.mature(DUE)

    with connect() as connection:
        told = explain.last_movements(connection, programme("corner"), "1", count=2)
        latest = explain.last_movements(connection, programme("corner"), "1", count=1)

    assert [(movement.kind, movement.changes) for movement in told] == [
        ("released", {"confirmed": -70, "available": 70}),
        ("tracked", {"confirmed": 70}),
    ]
    assert latest == told[:1]


def test_the_command_prints_balance_and_movements(world: World) -> None:
    world.till(TEA)

    said = CliRunner().invoke(cli, ["balance", "1", "--movements", "5"]).output

    assert "  confirmed            0.70 EUR\n" in said
    assert said.endswith("  2026-02-10 tracked: confirmed +0.70 EUR\n")


# ---- whose it is, and which day counts ----


def clicked_on(world: World, at: datetime, **more: Any) -> str:
    """Let member 2 click on a link of the corner shop; return the reference."""
    programme_id = programme("corner").id
    new = NewClick(
        programme_id,
        party_id_of(programme_id, "merchant", "corner"),
        uuid4(),
        at,
        ("standard", 1),
        **more,
    )
    with connect() as connection:
        claim_visit(
            connection,
            programme_id=programme_id,
            visit_id=new.visit_id,
            wallet_id=wallet_id_of(programme_id, "2"),
            now=at,
        )
        return record_click(connection, new).ref


BY_CLICK = corner(
    "binding: click",
    "attribution: {accept: [click, member_number], stand_down_minutes: 30}",
    offers="""
    - ref: until-yesterday
      name: 10 % until the ninth
      effect: {kind: percent, rate: 10 %}
      priority: 5
      valid_until: 2026-02-09
    """,
)


def test_the_offers_of_the_day_of_the_click_hold_and_are_told(
    committed_db: str, tmp_path: Path
) -> None:
    world = World(tmp_path)
    world.load(BY_CLICK)
    inbox = Inbox(world)
    inbox.connect()
    ref = clicked_on(world, datetime(2026, 2, 9, 19, tzinfo=UTC))
    inbox.send(postback(member="", click_id=ref))

    told = why("A-17")

    assert told.reward_minor == 499
    assert "What was offered on Feb. 9, 2026 holds, the day of the click." in told.sentences
    assert told.sentences[-1] == "The click of Feb. 9, 2026, 8 p.m. says whose it is."


def test_a_click_that_stood_down_is_told_and_another_trace_decides(
    committed_db: str, tmp_path: Path
) -> None:
    world = World(tmp_path)
    world.load(BY_CLICK)
    inbox = Inbox(world)
    inbox.connect()
    at = datetime(2026, 2, 9, 19, tzinfo=UTC)
    ref = clicked_on(world, at, rival_at=at - timedelta(minutes=10))
    inbox.send(postback(member="1", click_id=ref))

    told = why("A-17")

    assert (told.member_ref, told.reward_minor) == ("1", 250)
    assert told.sentences[-2:] == [
        "The member number given with the order says whose it is.",
        f"Passed over: “{ref}” came while another publisher's visit was fresh.",
    ]


def test_a_purchase_of_a_file_says_nothing_of_whose_it_is(world: World) -> None:
    world.till(TEA)

    assert not [sentence for sentence in why("T1").sentences if "whose" in sentence]
