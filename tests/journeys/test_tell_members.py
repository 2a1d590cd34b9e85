"""What happens to a member's money reaches the member: as notices, mails and pushes, once each."""

import email
import email.policy
import json
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.message import EmailMessage  # noqa: TC003 - beside what it is made with
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.contrib.auth import get_user_model
from py_vapid import Vapid02

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.identity import consents, memberships
from cagnotte.identity.models import Member
from cagnotte.journeys import (
    ask_payout,
    remind,
    send_mails,
    send_pushes,
    tell_events,
    tell_members,
)
from cagnotte.journeys.ask_payout import Desk
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.notices import devices, letters
from cagnotte.notices.devices import Subscription, decoded, encoded
from cagnotte.notices.models import Letter, Notice, PushDevice
from cagnotte.platform.database import connect
from tests.journeys.world import World

SOON = timedelta(minutes=2)


@pytest.fixture
def member(world: World) -> Member:
    """Ana, who signs in as member 1; all that happened before is told."""
    found = Member.objects.select_related("programme", "wallet").get(ref="1")
    user = get_user_model().objects.create(
        username="ana@member.example", email="ana@member.example"
    )
    memberships.join(user, found, now=world.now)
    tell(world)
    Notice.objects.all().delete()
    Letter.objects.all().delete()
    return found


def tell(world: World) -> int:
    with connect() as connection:
        tell_events.tell(connection, now=world.now)
        return tell_members.tell(connection, now=world.now)


def told() -> list[tuple[str, int | None]]:
    """Kinds and amounts of what was told, in order."""
    rows = Notice.objects.order_by("number")
    return [(row.kind, row.facts.get("amount_minor")) for row in rows]


def test_a_purchase_is_told_until_its_money_is_available_or_refused(
    world: World, member: Member
) -> None:
    world.buy("A1", "20.00")
    world.answer("A1,confirm,,,,")
    world.mature(date(2026, 4, 15))
    assert tell(world) == 3
    assert told() == [("tracked", 100), ("confirmed", 100), ("available", 100)]
    facts = Notice.objects.latest("number").facts
    assert (facts["shop"], facts["expires_on"]) == ("The corner shop", "2027-04-15")
    assert tell(world) == 0
    world.buy("A2", "20.00")
    world.answer("A2,decline,excluded_product,,,")
    tell(world)
    facts = Notice.objects.get(kind="declined").facts
    assert (facts["reason"], facts["before_minor"]) == ("excluded_product", 100)


def test_a_file_of_many_answers_is_one_mail(world: World, member: Member) -> None:
    rows = [f"B{n},1,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam," for n in range(60)]
    world.till(*rows)
    world.buy("C1", member="2")  # who never signs in is told nothing
    world.answer(*(f"B{n},confirm,,,," for n in range(60)))
    assert tell(world) == 120
    assert [(row.kind, len(row.notice_ids)) for row in Letter.objects.order_by("kind")] == [
        ("confirmed", 60),
        ("tracked", 60),
    ]


def test_a_payout_that_is_asked_for_and_called_off_is_told(world: World, member: Member) -> None:
    world.send("members", "number,name,iban\n1,Ana,DE89370400440532013000\n")
    world.buy("A1", "400.00", at="2026-01-01T10:00:00", status="confirmed")
    world.mature(world.now.date())
    with connect() as connection:
        later = world.now + timedelta(days=4)
        desk = Desk(member.programme_id, later, later.date())
        asked = ask_payout.ask(connection, desk, wallet_id=member.wallet_id, amount_minor=1500)
        ask_payout.cancel(connection, desk, [asked.end_to_end_id], by="ana", reason="")
    tell(world)
    assert told()[-2:] == [("payout.requested", 1500), ("payout.cancelled", 1500)]


def test_expiring_money_is_told_60_30_and_7_days_before(world: World, member: Member) -> None:
    world.buy("A1", "20.00", status="confirmed")
    world.mature(date(2026, 4, 15))
    Notice.objects.all().delete()
    last = date(2027, 4, 15)
    told_on = {
        left: remind_on(world, last - timedelta(days=left)) for left in (61, 60, 59, 30, 7, 0)
    }
    assert told_on == {61: 0, 60: 1, 59: 0, 30: 1, 7: 1, 0: 0}
    assert [row.facts["days"] for row in Notice.objects.order_by("number")] == [60, 30, 7]
    assert {row.facts["amount_minor"] for row in Notice.objects.all()} == {100}


def remind_on(world: World, day: date) -> int:
    now = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    with connect() as connection:
        run = ProgrammeRun.open(connection, "corner", now)
        connection.commit()
        return remind.run(connection, run)


def test_money_that_lies_idle_is_told_once_a_quarter(world: World, member: Member) -> None:
    world.buy("A1", "120.00", status="confirmed")
    world.mature(date(2026, 4, 15))
    assert remind_on(world, date(2026, 4, 20)) == 0
    assert remind_on(world, date(2026, 6, 1)) == 1
    assert remind_on(world, date(2026, 6, 2)) == 0
    assert remind_on(world, date(2026, 7, 1)) == 1
    assert {row.facts["amount_minor"] for row in Notice.objects.filter(kind="reminder")} == {600}
    assert not Letter.objects.filter(kind="reminder").exists()
    agreed = Consent(Purpose.MARKETING, granted=True, at=world.now, source="test", text_version="1")
    consents.record(wallet_id=member.wallet_id, consent=agreed)
    assert remind_on(world, date(2026, 10, 1)) == 1
    assert Letter.objects.filter(kind="reminder").count() == 1


def test_nobody_is_reminded_of_what_is_past_its_day_and_has_not_expired_yet(
    world: World, member: Member
) -> None:
    world.buy("A1", "120.00", status="confirmed")
    world.mature(date(2026, 4, 15))
    last = date(2027, 4, 15)
    assert remind_on(world, last + timedelta(days=1)) == 0
    assert not Notice.objects.filter(kind="reminder").exists()
    # On its last day it is both about to expire and idle.
    assert remind_on(world, last) == 2


# ---- mails ------------------------------------------------------------------------------------------------------


class MailServer:
    """A mail server on this machine. answers: what it says to the next mails instead of taking them."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.answers: list[str] = []
        self.refused: set[str] = set()

    async def handle_RCPT(  # noqa: N802 - as the library calls it
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 nobody here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - as the library calls it
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        if self.answers:
            return self.answers.pop(0)
        content = envelope.content
        assert isinstance(content, bytes)
        self.taken.append(email.message_from_bytes(content, policy=email.policy.default))
        return "250 OK"


@pytest.fixture
def mail_server(settings: Any) -> Iterator[MailServer]:
    handler = MailServer()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    settings.CAGNOTTE_PUBLIC_URL = "https://cashback.example"
    yield handler
    controller.stop()


def send(at: datetime) -> int:
    with connect() as connection:
        return send_mails.send(connection, clock=lambda: at)


def states() -> list[tuple[str, int, str]]:
    return [(row.state, row.attempts, row.sentence) for row in Letter.objects.order_by("number")]


def test_a_mail_arrives_in_the_members_language_with_its_way_out(
    world: World, member: Member, mail_server: MailServer
) -> None:
    world.buy("A1")
    tell(world)
    assert send(world.now) == 0
    assert send(world.now + SOON) == 1
    assert send(world.now + SOON) == 0
    (found,) = mail_server.taken
    letter = Letter.objects.get()
    assert found["Message-ID"] == f"<{letter.id}@localhost>"
    assert found["To"] == "ana@member.example"
    assert found["Subject"].strip().startswith("Achat chez The corner shop")
    assert found["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert (
        found["List-Unsubscribe"]
        .strip()
        .startswith("<https://cashback.example/p/corner/notices/stop/")
    )
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
    assert states() == [("sent", 1, "")]


def test_a_worker_that_dies_after_sending_sends_the_same_mail_again(
    world: World, member: Member, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.buy("A1")
    tell(world)

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(letters, "note", die)
        with pytest.raises(KeyboardInterrupt):
            send(world.now + SOON)
    assert send(world.now + SOON) == 0, "its claim still holds"
    assert send(world.now + SOON + letters.LEASE) == 1
    first, second = mail_server.taken
    assert first["Message-ID"] == second["Message-ID"]
    assert [state for state, *_ in states()] == ["sent"]


def test_what_fails_for_a_while_is_tried_again_and_what_fails_for_good_is_not(
    world: World, member: Member, mail_server: MailServer
) -> None:
    world.buy("A1")
    tell(world)
    mail_server.answers = ["451 4.3.0 come back later", "554 5.7.1 no"]
    at = world.now + SOON
    send(at)
    assert states() == [("waiting", 1, "The mail server answered 451 4.3.0 come back later")]
    assert send(at) == 0
    send(at + SOON)
    assert states() == [("failed", 2, "The mail server answered 554 5.7.1 no")]
    assert send(at + timedelta(days=9)) == 0
    world.buy("A2")
    tell(world)
    mail_server.refused = {"ana@member.example"}
    send(at)
    state, _, sentence = states()[-1]
    assert (state, "ana" in sentence, "nobody here" in sentence) == ("failed", False, True)


def test_a_mail_that_cannot_be_made_holds_up_no_other(
    world: World, member: Member, mail_server: MailServer
) -> None:
    world.buy("A1")
    world.buy("A2", status="confirmed")
    world.mature(date(2026, 4, 15))
    tell(world)
    Notice.objects.filter(kind="tracked").update(facts={"amount_minor": 1})
    send(world.now + SOON)
    assert len(mail_server.taken) == 1
    assert sorted(states()) == [
        ("sent", 1, ""),
        ("waiting", 1, "The mail could not be made or handed over: KeyError."),
    ]


def test_no_mail_server_loses_no_mail(world: World, member: Member, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    world.buy("A1")
    tell(world)
    at = world.now + SOON
    while Letter.objects.get().state != "failed":
        assert send(at) == 1
        at = Letter.objects.get().next_at
    assert states()[0][1] == 8
    assert at > world.now + timedelta(days=1)


def test_who_left_is_written_to_no_more(
    world: World, member: Member, mail_server: MailServer
) -> None:
    world.buy("A1")
    tell(world)
    get_user_model().objects.all().delete()
    send(world.now + SOON)
    assert states()[0][0] == "dropped"
    assert mail_server.taken == []


# ---- pushes -----------------------------------------------------------------------------------------------------


class PushService:
    """A push service on this machine, and one browser that it pushes to."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.secret = b"0123456789abcdef"
        self.answer = 201
        self.calls: list[tuple[dict[str, str], bytes]] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(service.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"

    @property
    def subscription(self) -> Subscription:
        """What the browser hands to the page."""
        point = self.key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return Subscription(f"{self.address}/send/1", encoded(point), encoded(self.secret))

    def keep_for(self, member: Member, world: World) -> None:
        """Let a member be told in this browser."""
        devices.add(
            programme_id=member.programme_id,
            wallet_id=member.wallet_id,
            subscription=self.subscription,
            name="Chrome",
            now=world.now,
        )

    def read(self, number: int = -1) -> dict[str, str]:
        """Decrypt a message as the browser does."""
        _, body = self.calls[number]
        text = http_ece.decrypt(
            body, private_key=self.key, auth_secret=self.secret, version="aes128gcm"
        )
        found: dict[str, str] = json.loads(text)
        return found


@pytest.fixture
def service(world: World, member: Member, settings: Any) -> Iterator[PushService]:
    """A push service, with Ana's browser."""
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    made = PushService()
    thread = threading.Thread(target=made.server.serve_forever, daemon=True)
    thread.start()
    made.keep_for(member, world)
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def push(at: datetime) -> int:
    with connect() as connection:
        return send_pushes.send(connection, clock=lambda: at)


def test_a_browser_is_pushed_what_it_alone_can_read(world: World, service: PushService) -> None:
    world.buy("A1")
    tell(world)
    assert push(world.now + SOON) == 1
    told = service.read()
    assert told["title"].startswith("Achat chez The corner shop")
    assert told["url"].startswith("/p/corner/")
    headers, body = service.calls[0]
    assert b"corner" not in body
    assert headers["authorization"].startswith("vapid t=")
    assert Vapid02.verify(headers["authorization"])
    assert headers["authorization"].endswith(f"k={devices.public_key(now=world.now)}")
    assert Letter.objects.get(channel="push").state == "sent"


def test_a_browser_that_is_gone_is_forgotten(
    world: World, member: Member, service: PushService
) -> None:
    for number, (answer, state, kept) in enumerate(
        [(503, "waiting", 1), (400, "failed", 1), (410, "failed", 0)]
    ):
        service.keep_for(member, world)
        service.answer = answer
        world.buy(f"A{number}")
        tell(world)
        push(world.now + SOON)
        assert Letter.objects.filter(channel="push").latest("number").state == state
        assert PushDevice.objects.count() == kept


def test_addresses_inside_our_network_are_never_pushed_to(
    world: World, service: PushService, settings: Any
) -> None:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = False
    world.buy("A1")
    tell(world)
    push(world.now + SOON)
    assert service.calls == []
    assert Letter.objects.get(channel="push").state == "failed"
    assert not PushDevice.objects.exists()
    assert decoded(encoded(b"\xff\x00")) == b"\xff\x00"
