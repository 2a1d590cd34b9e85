"""Claims answered on the command line."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner
from PIL import Image

from cagnotte.claims.selectors import ClaimView
from cagnotte.claims.services import Order
from cagnotte.cli.main import cli
from cagnotte.identity import services as identity
from cagnotte.journeys import claim
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.database import connect
from cagnotte.tracking import services as tracking
from cagnotte.tracking.services import NewClick
from tests.journeys.conftest import empty_world
from tests.journeys.world import NOON, World

__all__ = ["empty_world"]

LATER = NOON + timedelta(days=40)

NOW = ("--now", LATER.strftime("%Y-%m-%dT%H:%M:%S"))


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, ["claims", *arguments, *NOW])
    assert done.exit_code == code, done.output
    return done.output


@pytest.fixture
def sent(empty_world: World, settings: Any) -> Iterator[tuple[World, ClaimView]]:
    """A claim of Ana's that is open."""
    settings.DATA_DIR = empty_world.folder
    empty_world.load()
    with connect() as connection:
        connection.autocommit = True
        view = _sent(connection)
    yield empty_world, view
    assert empty_world.faults() == []


def _sent(connection: Any) -> ClaimView:
    programme_id = identity.programme_id_of("corner")
    wallet_id = identity.wallet_id_of(programme_id, "1")
    merchant_id = identity.party_id_of(programme_id, "merchant", "corner")
    told = NewClick(
        programme_id,
        merchant_id,
        uuid4(),
        NOON,
        ("standard", 1),
        promised="5%",
        wallet_id=wallet_id,
    )
    with connection.transaction():
        ref = tracking.record_click(connection, told).ref
    journey = ProgrammeRun.open(connection, "corner", LATER)
    draft = claim.begin_about_visit(connection, journey, wallet_id, ref)
    order = Order("A1", date(2026, 3, 1), 2000, "ana@shop.example", "", "")
    claim.tell(connection, journey, wallet_id, draft, order)
    return claim.submit(connection, journey, wallet_id, draft)


def test_a_claim_is_listed_shown_taken_asked_sent_and_accepted(
    sent: tuple[World, ClaimView], tmp_path: Path
) -> None:
    world, view = sent
    assert f"{view.number}  open: missing at corner, order A1, due 2026-04-17" in run("list")
    assert "There are no such claims." in run("list", "--state", "accepted")
    assert "seen to by staff:zoe" in run("take", view.number, "--by", "zoe")
    assert "is asked_member" in run("ask", view.number, "Which colour?", "--by", "zoe")
    shown = run("show", view.public_id)
    assert "Member 1, shop corner (The corner shop)" in shown
    assert "staff:zoe wrote: Which colour?" in shown
    assert "Check not_too_early: fine" in shown

    with connect() as connection:
        connection.autocommit = True
        journey = ProgrammeRun.open(connection, "corner", datetime(2026, 4, 12, tzinfo=UTC))
        claim.reply(connection, journey, view.wallet_id, view.id, "Blue.")
    file = tmp_path / "inquiry.csv"
    assert "1 claims are with the shop." in run(
        "send", "--merchant", "corner", "--output", str(file)
    )
    assert f"{view.number},corner,A1,2026-03-01,20.00,EUR," in file.read_text(encoding="utf-8")
    assert "is accepted" in run("accept", view.number, "--goodwill", "1.00", "--text", "Sorry.")
    assert world.member("1") == {"available": 100}
    assert "cannot take the step" in run("decline", view.number, "--reason", "other", code=1)
    assert "0 settled by a purchase, 0 went on by time, 0 drafts dropped." in run("tend")


def test_what_cannot_be_is_a_sentence_and_nothing_moves(sent: tuple[World, ClaimView]) -> None:
    world, view = sent
    for arguments, sentence in (
        (("show", "NONE-HERE"), "There is no claim NONE-HERE."),
        (("list", "--merchant", "nobody"), "There is no merchant “nobody”"),
        (("send",), "Name claims, or a shop"),
        (("accept", view.number), "because of a purchase, or by goodwill"),
        (("accept", view.number, "--purchase", "pur_x"), "is no id of the form pur_"),
        (("accept", view.number, "--goodwill", "9999"), "at most 500.00 EUR at once"),
        (("ask", view.number, " "), "The message is empty."),
    ):
        assert sentence in run(*arguments, code=1)
    assert world.member("1") == {}
    assert "declined" in run("decline", view.number, "--reason", "order_not_found")


def test_a_proof_is_opened_into_a_new_file(sent: tuple[World, ClaimView]) -> None:
    world, view = sent
    out = io.BytesIO()
    Image.new("RGB", (30, 20), "navy").save(out, "PNG")
    with connect() as connection:
        connection.autocommit = True
        moment = ProgrammeRun.open(connection, "corner", LATER)
        claim.hand_in(connection, moment, view.wallet_id, view.id, [("bill.png", out.getvalue())])
    place = world.folder / "bill.png"

    assert "File 1: bill.png (png, " in run("show", view.number)
    assert "has 1 files" in run("proof", view.number, "2", "--to", str(place), code=1)
    assert not place.exists()
    assert "bill.png: bill.png" in run("proof", view.number, "1", "--to", str(place))

    assert place.read_bytes().startswith(b"\x89PNG")
    assert place.stat().st_mode & 0o077 == 0
    assert "is there already" in run("proof", view.number, "1", "--to", str(place), code=1)
