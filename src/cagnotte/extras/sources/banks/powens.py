"""Powens: rows of members' bank accounts in France, brought by signed webhooks.

`CONNECTION_SYNCED` tells a connection with its accounts, `ACCOUNT_SYNCED` one account, each with the rows that are new
or changed. A row keeps its number; one that is to come (`coming`) is left aside until it is booked, and one that the
bank took back carries the time it was `deleted`. Amounts are signed, in major units.

Formats: as clients in use read them; the signature is that of three of them.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from cagnotte.domain.errors import InvalidInput
from cagnotte.extras.sources.banks import statements
from cagnotte.hooks import reading, signing
from cagnotte.hooks.sources import (
    Ignored,
    Incoming,
    Message,
    Piece,
    Proof,
    PurchaseReport,
    Read,
    Reception,
    Setting,
    SourceContext,
    SourceKind,
    SourcePlugin,
    Unreadable,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

BY_CARD = frozenset(("card", "deferred_card", "payback", "unknown", ""))
"""Types of rows that may be purchases or refunds; `summary_card` repeats a month of deferred ones in one sum."""


class Powens(SourcePlugin):
    """Rows of members' bank accounts; see the module."""

    name = "powens"
    title = "Powens"
    kind = SourceKind.BANK
    proof = Proof.SECONDARY
    settings = (
        Setting("secret", "Key of the webhooks' HMAC signature, from the console.", secret=True),
        Setting("currency", "Of accounts that name none, as ISO 4217 code.", default="EUR"),
    )
    vocabulary = Vocabulary({})
    receives = True

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check `BI-Signature`: the HMAC in base64 of method, path, date and body, joined by full stops."""
        head = f"{incoming.method}.{urlsplit(incoming.url).path}.{incoming.headers.get('bi-signature-date', '')}."
        signing.check(
            incoming.headers.get("bi-signature", ""),
            context.secrets.get("secret", ()),
            head.encode() + incoming.body,
        )
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep the webhook; its rows are known by their own numbers."""
        return Reception([Message(incoming.body, "webhook")])

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the rows of all accounts of the webhook."""
        told = reading.mapping(reading.read_json(message.body), "The webhook")
        count = 0
        for account in _accounts(told):
            for one in reading.sequence(account.get("transactions"), "“transactions”"):
                count += 1
                try:
                    yield _read(reading.mapping(one, "A row"), account, context)
                except InvalidInput as error:
                    yield Unreadable(error.code, error.sentence, f"row {count}")
        if not count:
            yield Ignored("no rows")

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return what a row stands for."""
        return statements.fold(pieces, context)


def _accounts(told: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give the accounts of a webhook: one, or those of a connection."""
    connection = told.get("connection")
    if isinstance(connection, Mapping):
        yield from reading.objects(connection.get("accounts"), "“accounts”")
    elif "transactions" in told:
        yield told


def _read(told: Mapping[str, Any], account: Mapping[str, Any], context: SourceContext) -> Read:
    kind = reading.text(told, "type", default="")
    if kind not in BY_CARD:
        return Ignored(f"not a card payment: {kind[:40]}")
    if told.get("coming") is True:
        return Ignored("not booked yet")
    amount = reading.decimal(told, "value")
    if not amount:
        return Ignored("no money moved")
    currency = account.get("currency")
    code = reading.text(currency, "id", default="") if isinstance(currency, Mapping) else currency
    day = told.get("rdate") or told.get("date")
    text = statements.wording(told.get("original_wording")) or statements.wording(
        told.get("wording")
    )
    booked_on = reading.calendar_day(day[:10] if isinstance(day, str) else day, "date")
    kept = statements.row(
        account=f"powens:{reading.text(account, 'id', length_max=60)}",
        amount=amount,
        currency=str(code or context.settings.get("currency", ""))[:3],
        on=statements.bought_on(text, booked_on),
        text=text,
    )
    updated = told.get("last_update")
    version = reading.moment(updated, "last_update", context.zone).utc if updated else None
    if told.get("deleted") not in (None, False, ""):
        kept["deleted"] = True
    return Piece(
        reading.text(told, "id", length_max=60),
        statements.BOOKED,
        kept,
        version,
        int("deleted" in kept),
    )


@hookimpl
def sources() -> Sequence[SourcePlugin]:
    """Bring Powens."""
    return [Powens()]
