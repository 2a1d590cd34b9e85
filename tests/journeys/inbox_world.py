"""The corner shop's programme with connected sources: signed postbacks, and small sources made up for a test."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.hooks import manager, reading
from cagnotte.hooks.sources import (
    Ignored,
    Message,
    Piece,
    Proof,
    PurchaseReport,
    Read,
    ReportLine,
    SourceContext,
    SourceKind,
    SourcePlugin,
    TraceFound,
    Vocabulary,
    Waiting,
    Wanted,
)
from cagnotte.inbox import selectors, services
from cagnotte.inbox.models import Account
from cagnotte.journeys import read_inbox
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.read_inbox import ReadSummary
from cagnotte.platform import database
from cagnotte.purchases.models import Source
from cagnotte.purchases.services import source_id_of
from tests.journeys.world import World


class Ledgerly(SourcePlugin):
    """A shop that appends: an order, refunds by their own ids, and corrections, each a JSON message of its own."""

    name = "ledgerly"
    title = "Ledgerly"
    kind = SourceKind.SHOP
    proof = Proof.SECONDARY
    vocabulary = Vocabulary({"open": Validation.PENDING, "paid": Validation.CONFIRMED})
    receives = True

    def parse(self, message: Message, context: SourceContext) -> Iterator[Read]:
        told = reading.read_json(message.body)
        if "crash" in told:
            raise ZeroDivisionError("the plugin divides by nothing")
        if "ping" in told:
            yield Ignored("a ping")
        elif "changed" in told:
            yield Wanted(told["changed"])
        else:
            version = told.get("version")
            yield Piece(told["order"], told["key"], reading.plain(told.get("data", {})), version)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        if "order" not in pieces:
            return Waiting("order_missing", "Only a refund is known.")
        told = pieces["order"]
        if told.get("crash"):
            raise ZeroDivisionError("the plugin divides by nothing")
        refunds = [
            reading.decimal(data, "amount")
            for key, data in pieces.items()
            if key.startswith("refund:")
        ]
        return PurchaseReport(
            order_ref=told.get("number", ""),
            occurred_at=reading.moment(told["at"], "at", None),
            currency=told.get("currency", "EUR"),
            lines=[ReportLine(1, told.get("sku", ""), 1, reading.decimal(told, "amount"))],
            merchant=told.get("shop", ""),
            refunded=sum(refunds, start=reading.exact("0", "refunds")),
            status=self.vocabulary.status(told["status"]) if "status" in told else None,
            traces=[TraceFound(Trace.MEMBER_NUMBER, told["member"])] if "member" in told else [],
            test=bool(told.get("test")),
        )


@pytest.fixture
def ledgerly(monkeypatch: pytest.MonkeyPatch) -> Ledgerly:
    """The made-up shop, installed."""
    plugin = Ledgerly()
    found = {**manager.source_plugins(), plugin.name: plugin}
    monkeypatch.setattr(manager, "source_plugins", lambda: found)
    return plugin


AT = "2026-02-10T10:00:00+01:00"


@dataclass
class Inbox:
    """Accounts at sources, and short ways to send them messages."""

    world: World
    accounts: dict[str, UUID] = field(default_factory=dict)

    def connect(
        self,
        ref: str = "net",
        plugin: str = "postback",
        *,
        rank: int = 100,
        merchant: str = "corner",
        merchants: Mapping[str, str] | None = None,
    ) -> Account:
        """Connect a source."""
        with database.connect() as connection:
            programme_id = self.world.programme_id(connection)
        account_id = source_id_of(programme_id, ref)
        Source.objects.create(
            id=account_id, programme_id=programme_id, ref=ref, kind="connected", mapping={}
        )
        self.accounts[ref] = account_id
        return Account.objects.create(
            id=account_id,
            programme_id=programme_id,
            ref=ref,
            plugin=plugin,
            rank=rank,
            merchant=merchant,
            merchants=dict(merchants or {}),
        )

    def account(self, ref: str = "net") -> Account:
        return Account.objects.get(id=self.accounts[ref])

    def keep(
        self, *messages: Message, ref: str = "net", now: datetime | None = None
    ) -> services.Kept:
        """Keep messages, without reading them."""
        with database.connect() as connection:
            return services.keep(
                connection,
                self.accounts[ref],
                messages,
                via="push",
                signed=True,
                now=now or self.world.now,
            )

    def read(self, ref: str = "net", *, later: int = 0, **options: Any) -> ReadSummary:
        """Read what was kept; so many minutes later."""
        with self.run(later) as (connection, run):
            return read_inbox.read_inbox(connection, run, self.account(ref), **options)

    def replay(self, ref: str = "net", **options: Any) -> ReadSummary:
        with self.run() as (connection, run):
            return read_inbox.replay(connection, run, self.account(ref), **options)

    @contextmanager
    def run(self, later: int = 0) -> Iterator[tuple[Any, ProgrammeRun]]:
        """A connection, and the programme as a journey sees it."""
        with database.connect() as connection:
            now = self.world.now + timedelta(minutes=later)
            yield connection, ProgrammeRun.open(connection, "corner", now)

    def send(self, *messages: Message, ref: str = "net") -> ReadSummary:
        """Keep messages and read them."""
        self.keep(*messages, ref=ref)
        return self.read(ref)

    def order(self, object_id: str = "A-17", ref: str = "net") -> tuple[str, str]:
        """Return (state, reason) of an order."""
        (found,) = self.world.rows(
            "SELECT state, reason FROM inbox_order WHERE account_id = %s AND object_id = %s",
            self.accounts[ref],
            object_id,
        )
        return found[0], found[1]

    def order_id(self, object_id: str = "A-17", ref: str = "net") -> UUID:
        return services.order_id_of(self.accounts[ref], object_id)

    def messages(self, ref: str = "net") -> list[tuple[str, str]]:
        """Return (state, reason) of the messages, in order of arrival."""
        return [
            (state, reason)
            for state, reason in self.world.rows(
                "SELECT state, reason FROM inbox_message WHERE account_id = %s ORDER BY id",
                self.accounts[ref],
            )
        ]

    def queue(self, ref: str = "net") -> list[selectors.Queued]:
        with database.connect() as connection:
            return selectors.queue(connection, [self.accounts[ref]])


def postback(order: str = "A-17", **fields: str) -> Message:
    """A postback about an order of member 1: 49.90, pending. `event` names the message."""
    event = fields.pop("event", "")
    told = {
        "order_id": order, "amount": "49.90", "currency": "EUR", "status": "pending", "member": "1", "at": AT,
        "updated_at": "2026-02-10T10:00:05+01:00",
    }  # fmt: skip
    told.update(fields)
    body = urlencode({name: value for name, value in told.items() if value != ""})
    return Message(body.encode(), "postback", event)


def piece(
    order: str = "W1", key: str = "order", version: int | None = None, **data: Any
) -> Message:
    """A message of Ledgerly with one piece; an order costs 40.00 and is paid by member 1."""
    if key == "order":
        data = {"at": AT, "amount": "40.00", "status": "paid", "member": "1", **data}
        data = {name: value for name, value in data.items() if value is not None}
    return jsonly(order=order, key=key, version=version, data=data)


def jsonly(**told: Any) -> Message:
    """Any message of Ledgerly."""
    return Message(json.dumps(told).encode(), "event")


def sequence(messages: Sequence[Message]) -> list[bytes]:
    """Return the bytes of messages, for a failure to show."""
    return [message.body for message in messages]
