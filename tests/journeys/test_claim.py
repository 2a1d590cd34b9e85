"""Claims from the first look to the last answer, and what becomes of them by themselves."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from PIL import Image

from cagnotte.claims import documents, selectors
from cagnotte.claims.selectors import ClaimView
from cagnotte.claims.services import Order
from cagnotte.domain.claims import CheckName, ClaimKind, ClaimState, Result
from cagnotte.domain.errors import Conflict, IllegalTransition, InvalidInput, NotFound, Refused
from cagnotte.identity import services as identity
from cagnotte.journeys import answer_claim, claim, load_programme, tend_claims
from cagnotte.journeys.claim import Looked
from cagnotte.journeys.grant_goodwill import Goodwill, grant
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.database import connect
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.rewards.models import Lot
from cagnotte.tracking import services as tracking
from cagnotte.tracking.services import NewClick
from tests.journeys.world import World, corner
from tests.portal.people import enrol

CLICKED = datetime(2026, 2, 10, 8, tzinfo=UTC)
"""An hour before the purchases that `World.buy` sends."""

LATER = CLICKED + timedelta(days=40)

DAY = timedelta(days=1)

ORDER = Order("A1", date(2026, 2, 10), 2000, "ana@shop.example", "", "Please look.")

STAFF = "staff:ops"


class Desk:
    """The corner shop, where Ana clicked, and short ways to claim."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self.connection = connection
        self.id = identity.programme_id_of("corner")
        self.wallet = identity.wallet_id_of(self.id, "1")
        self.other = identity.wallet_id_of(self.id, "2")
        self.visit = self.click(CLICKED)

    def click(self, at: datetime, **more: Any) -> str:
        merchant = identity.party_id_of(self.id, "merchant", "corner")
        new = NewClick(
            self.id,
            merchant,
            uuid4(),
            at,
            ("standard", 1),
            promised="5%",
            wallet_id=self.wallet,
            **more,
        )
        with self.connection.transaction():
            return tracking.record_click(self.connection, new).ref

    def run(self, now: datetime = LATER) -> ProgrammeRun:
        return ProgrammeRun.open(self.connection, "corner", now)

    def begin(self, order: Order = ORDER, now: datetime = LATER) -> UUID:
        run = self.run(now)
        found = claim.begin_about_visit(self.connection, run, self.wallet, self.visit)
        claim.tell(self.connection, run, self.wallet, found, order)
        return found

    def send(self, order: Order = ORDER, now: datetime = LATER) -> ClaimView:
        found = self.begin(order, now)
        return claim.submit(self.connection, self.run(now), self.wallet, found)

    def look(self, order: Order = ORDER, now: datetime = LATER) -> Looked:
        return claim.look(self.connection, self.run(now), self.view(self.begin(order, now)))

    def view(self, claim_id: UUID) -> ClaimView:
        return selectors.claim(self.connection, self.id, claim_id)

    def tend(self, now: datetime) -> tend_claims.Tended:
        return tend_claims.tend(self.connection, self.run(now))

    def steps(self, claim_id: UUID) -> list[tuple[str, str]]:
        return [(one.event, one.by) for one in selectors.steps(self.connection, claim_id)]


class Shop(Desk):
    """The same with files, each of which is a database transaction of its own."""

    def __init__(self, connection: psycopg.Connection[Any], world: World) -> None:
        self.world = world
        super().__init__(connection)


@pytest.fixture
def desk(db: None, tmp_path: Path, settings: Any) -> Desk:
    """In the test's own transaction."""
    settings.DATA_DIR = tmp_path
    load(tmp_path, "attribution: {stand_down_minutes: 60}")
    return Desk(shared_connection())


def load(folder: Path, *contract: str) -> None:
    path = folder / "programme.yaml"
    path.write_text(dedent(corner(*contract)), encoding="utf-8")
    load_programme.run(path, now=CLICKED)
    for ref in ("1", "2"):
        enrol("corner", ref, now=CLICKED)


@pytest.fixture
def shop(committed_db: str, tmp_path: Path, settings: Any) -> Iterator[Shop]:
    """Where commits are real."""
    settings.DATA_DIR = tmp_path
    world = World(tmp_path, now=CLICKED)
    world.load()
    world.now = LATER
    with connect() as connection:
        connection.autocommit = True
        yield Shop(connection, world)
    assert world.faults() == []


def results(looked: Looked) -> dict[CheckName, Result]:
    return {check.name: check.result for check in looked.checks}


def test_a_claim_that_is_due_is_open_at_once_and_settled_by_the_shops_purchase(shop: Shop) -> None:
    desk = shop
    sent = desk.send()
    assert (sent.state, sent.due_on) == (ClaimState.OPEN, date(2026, 3, 30))
    assert claim.submit(desk.connection, desk.run(), desk.wallet, sent.id) == sent

    answer_claim.send(desk.connection, desk.run(), [sent.id], by=STAFF)
    shop.world.buy("A1")
    assert desk.tend(LATER + DAY).settled == 1
    assert desk.tend(LATER + DAY).settled == 0

    done = desk.view(sent.id)
    assert done.state is ClaimState.ACCEPTED
    assert done.purchase_id is not None
    assert done.goodwill_minor is None
    assert desk.steps(sent.id) == [
        ("submit", "member"), ("pass", "programme"), ("send", STAFF), ("accept", "programme"),
    ]  # fmt: skip
    assert [one.text for one in selectors.messages(desk.connection, sent.id)] == ["Please look."]


def test_a_claim_that_is_too_early_goes_on_by_itself_on_its_day(desk: Desk) -> None:
    early = CLICKED + 3 * DAY
    looked = desk.look(now=early)
    assert (looked.verdict, looked.unlocks_on) == (Result.WAIT, date(2026, 2, 17))

    sent = desk.send(now=early)
    assert (sent.state, sent.due_on) == (ClaimState.WAITING, date(2026, 2, 17))
    assert desk.tend(datetime(2026, 2, 16, 12, tzinfo=UTC)).stepped == 0
    assert desk.tend(datetime(2026, 2, 17, 12, tzinfo=UTC)).stepped == 1
    assert desk.view(sent.id).state is ClaimState.OPEN


def test_an_order_that_is_there_is_shown_and_anothers_is_told_to_the_staff_alone(
    shop: Shop,
) -> None:
    shop.world.buy("A1")
    shop.world.buy("A2", member="2")
    looked = shop.look(ORDER._replace(order_ref="a1"))

    assert results(looked)[CheckName.NOT_KNOWN] is Result.STOP
    assert looked.purchase is not None
    with pytest.raises(Refused):
        shop.send()

    sent = shop.send(ORDER._replace(order_ref="A2"))
    assert sent.state is ClaimState.OPEN
    (kept,) = [check for check in sent.checks if check["name"] == "not_anothers"]
    assert not kept["for_member"]
    # It is not the member's purchase, so it settles nothing.
    assert shop.tend(LATER).settled == 0


def test_a_second_claim_about_the_same_order_is_stopped(desk: Desk) -> None:
    first = desk.send()
    looked = desk.look()

    assert results(looked)[CheckName.NOT_CLAIMED] is Result.STOP
    assert looked.other is not None
    assert looked.other.id == first.id
    # Another order of the same visit is another claim.
    assert results(desk.look(ORDER._replace(order_ref="A2")))[CheckName.NOT_CLAIMED] is Result.FINE


def test_a_draft_is_found_again_and_dropped_after_a_while(desk: Desk) -> None:
    draft = desk.begin()
    claim.hand_in(desk.connection, desk.run(), desk.wallet, draft, [("r.png", picture())])
    assert desk.begin() == draft
    assert len(list(documents.folder().iterdir())) == 1

    assert desk.tend(LATER + 31 * DAY).dropped == 1
    assert list(documents.folder().iterdir()) == []
    with pytest.raises(NotFound):
        desk.view(draft)


def test_a_draft_whose_file_cannot_be_deleted_stays_and_keeps_no_other_from_being_dropped(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.begin()
    claim.hand_in(desk.connection, desk.run(), desk.wallet, first, [("r.png", picture())])
    [stuck] = documents.folder().iterdir()
    desk.visit = desk.click(CLICKED + timedelta(hours=2))
    second = desk.begin(ORDER._replace(order_ref="A2"))
    assert second != first
    unlink = Path.unlink

    def refuses(path: Path, *, missing_ok: bool = False) -> None:
        if path == stuck:
            raise PermissionError(str(path))
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuses)
        assert desk.tend(LATER + 31 * DAY).dropped == 1
        assert desk.view(first).is_draft
        assert [one.id.hex for one in selectors.documents(desk.connection, first)] == [stuck.name]
        with pytest.raises(NotFound):
            desk.view(second)
    assert desk.tend(LATER + 31 * DAY).dropped == 1
    assert list(documents.folder().iterdir()) == []


def test_a_member_can_withdraw_a_draft_whose_file_cannot_be_deleted(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    draft = desk.begin()
    claim.hand_in(desk.connection, desk.run(), desk.wallet, draft, [("r.png", picture())])
    [stuck] = documents.folder().iterdir()

    def refuses(path: Path, *, missing_ok: bool = False) -> None:
        raise PermissionError(str(path))

    monkeypatch.setattr(Path, "unlink", refuses)
    claim.withdraw(desk.connection, desk.run(), desk.wallet, draft)
    with pytest.raises(NotFound):
        desk.view(draft)
    told: Any
    [told] = [row.msg for row in caplog.records if row.name == "cagnotte.claims.documents"]
    assert (told["error"], UUID(told["document"]).hex) == ("PermissionError", stuck.name)


def test_nothing_of_another_member_can_be_claimed_or_seen(desk: Desk) -> None:
    draft = desk.begin()
    run = desk.run()

    for attempt in (
        lambda: claim.begin_about_visit(desk.connection, run, desk.other, desk.visit),
        lambda: claim.submit(desk.connection, run, desk.other, draft),
        lambda: claim.reply(desk.connection, run, desk.other, draft, "Hello"),
        lambda: claim.withdraw(desk.connection, run, desk.other, draft),
        lambda: claim.hand_in(desk.connection, run, desk.other, draft, [("a.png", picture())]),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_a_question_is_answered_or_the_claim_ends_and_can_be_objected_to_once(desk: Desk) -> None:
    sent = desk.send()
    run = desk.run()
    answer_claim.ask(desk.connection, run, sent.id, "Which colour?", by=STAFF)
    answered = claim.reply(desk.connection, run, desk.wallet, sent.id, "Blue.")
    assert answered.state is ClaimState.OPEN

    answer_claim.ask(desk.connection, run, sent.id, "And the size?", by=STAFF)
    assert desk.tend(LATER + 14 * DAY).stepped == 0
    assert desk.tend(LATER + 15 * DAY).stepped == 1
    assert desk.view(sent.id).state is ClaimState.EXPIRED

    again = claim.appeal(desk.connection, run, desk.wallet, sent.id, "I was away.")
    assert again.state is ClaimState.APPEALED
    closed = answer_claim.decline(desk.connection, run, sent.id, "proof_missing", by=STAFF)
    assert (closed.state, closed.reason) == (ClaimState.CLOSED, "proof_missing")
    with pytest.raises(Refused):
        claim.appeal(desk.connection, run, desk.wallet, sent.id, "Once more.")


def test_a_shop_that_does_not_answer_leaves_the_programme_to_decide(desk: Desk) -> None:
    sent = desk.send()
    answer_claim.send(desk.connection, desk.run(), [sent.id], by=STAFF)
    desk.tend(LATER + 46 * DAY)

    assert desk.view(sent.id).state is ClaimState.OPEN
    assert desk.steps(sent.id)[-1] == ("lapse", "programme")


def test_goodwill_is_granted_once_and_repays_a_debt_first(shop: Shop) -> None:
    sent = shop.send()
    shop.world.buy("B1", status="confirmed")
    shop.world.mature(date(2026, 3, 22))
    shop.world.spend("S1", 100)
    shop.world.answer("B1,decline,returned,,,")
    assert shop.world.member("1") == {"owing": 100}

    done = answer_claim.accept(
        shop.connection, shop.run(), sent.id, by=STAFF, goodwill_minor=150, text="Sorry."
    )
    assert (done.state, done.goodwill_minor) == (ClaimState.ACCEPTED, 150)
    assert shop.world.member("1") == {"available": 50}
    with pytest.raises(IllegalTransition):
        answer_claim.accept(shop.connection, shop.run(), sent.id, by=STAFF, goodwill_minor=150)
    order = Goodwill(shop.wallet, 150, done.public_id, done.merchant_id)
    with shop.connection.transaction():
        grant(shop.connection, shop.run(), order)
    assert shop.world.member("1") == {"available": 50}


def test_goodwill_of_nothing_or_too_much_or_to_another_moves_nothing(desk: Desk) -> None:
    with desk.connection.transaction():
        grant(desk.connection, desk.run(), Goodwill(desk.wallet, 300, "first"))
    for wallet, amount_minor, reference, error in (
        (desk.wallet, 0, "x", InvalidInput),
        (desk.wallet, -5, "x", InvalidInput),
        (desk.wallet, 50_001, "x", InvalidInput),
        (desk.other, 300, "first", Conflict),
    ):
        with pytest.raises(error), desk.connection.transaction():
            grant(desk.connection, desk.run(), Goodwill(wallet, amount_minor, reference))
    assert [lot.amount_minor for lot in Lot.objects.all()] == [300]


def test_a_refusal_that_is_taken_back_settles_its_claim(shop: Shop) -> None:
    desk = shop
    shop.world.buy("A1")
    shop.world.answer("A1,decline,returned,,,")
    run = desk.run()
    (bought,) = (row[0] for row in desk.connection.execute("SELECT id FROM purchases_purchase"))
    with pytest.raises(InvalidInput):
        claim.begin_about_purchase(
            desk.connection, run, desk.wallet, bought, ClaimKind.WRONG_AMOUNT
        )
    with pytest.raises(NotFound):
        claim.begin_about_purchase(desk.connection, run, desk.other, bought, ClaimKind.REFUSED)

    draft = claim.begin_about_purchase(desk.connection, run, desk.wallet, bought, ClaimKind.REFUSED)
    assert claim.what_is_missing(desk.connection, run, desk.view(draft)) == "words"
    claim.tell(desk.connection, run, desk.wallet, draft, Order(note="I kept it."))
    sent = claim.submit(desk.connection, run, desk.wallet, draft)
    assert (sent.state, sent.order_ref, sent.amount_minor) == (ClaimState.OPEN, "A1", 2000)
    assert desk.tend(LATER).settled == 0

    shop.world.answer("A1,confirm,,,,")
    assert desk.tend(LATER).settled == 1
    assert desk.view(sent.id).state is ClaimState.ACCEPTED


def test_another_sites_visit_shortly_before_is_a_note(desk: Desk) -> None:
    desk.visit = desk.click(CLICKED + DAY, rival_at=CLICKED + DAY - timedelta(minutes=5))
    looked = desk.look(ORDER._replace(ordered_on=date(2026, 2, 11)))

    assert results(looked)[CheckName.OUR_VISIT] is Result.NOTE
    assert looked.verdict is Result.FINE


def test_what_cannot_be_is_refused_and_nothing_is_kept(desk: Desk) -> None:
    run = desk.run()
    draft = claim.begin_about_visit(desk.connection, run, desk.wallet, desk.visit)
    for order in (
        Order(),
        ORDER._replace(amount_minor=0),
        ORDER._replace(ordered_on=date(2026, 2, 9)),
        ORDER._replace(ordered_on=date(2027, 2, 9)),
    ):
        with pytest.raises(InvalidInput):
            claim.tell(desk.connection, run, desk.wallet, draft, order)
    with pytest.raises(Refused):
        claim.submit(desk.connection, run, desk.wallet, draft)
    assert desk.view(draft).order_ref == ""
    assert desk.steps(draft) == []


def test_the_file_for_a_shop_holds_no_formula(desk: Desk) -> None:
    sent = desk.send(ORDER._replace(order_ref="=1+1"))
    out = io.StringIO()
    answer_claim.write_inquiry(out, [sent])

    header, row = out.getvalue().splitlines()
    assert header.startswith("case,shop,order,")
    assert row.startswith(f"{sent.number},corner,'=1+1,2026-02-10,20.00,EUR,{desk.visit},")


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (4, 4), "white").save(out, "PNG")
    return out.getvalue()
