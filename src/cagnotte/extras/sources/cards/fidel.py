"""Fidel: purchases with linked cards, told by signed webhooks.

One object for each transaction: first authorised, two or three days later cleared under the same id, perhaps with
another amount (tips, partial shipment). A refund is a transaction of its own with a negative amount; it is told
twice, as a clearing and as a refund, and names its purchase only where Fidel found it.

The body is the bare transaction; which event it is shows in the amount's sign and in `cleared`. Formats: Fidel's
published documentation of webhooks for Select and for Transaction Stream.
"""

import hmac
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Channel, Validation
from cagnotte.hooks import reading, signing
from cagnotte.hooks.sources import (
    REFUND_KEY,
    BadSignature,
    Descriptor,
    Ignored,
    Incoming,
    LooseRefund,
    Message,
    Moment,
    Piece,
    Proof,
    PurchaseReport,
    Read,
    Reception,
    ReportLine,
    Setting,
    SourceContext,
    SourceKind,
    SourcePlugin,
    TraceFound,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

SECRETS = ("clearing_secret", "auth_secret", "refund_secret")
"""Each webhook has a key of its own."""

COUNTRIES = {
    "GBR": "GB", "IRL": "IE", "USA": "US", "CAN": "CA", "SWE": "SE", "ARE": "AE", "JPN": "JP", "FRA": "FR",
}  # fmt: skip
"""Where Fidel works, as it writes it, in two letters."""

TEST_MID = "TEST_MID"
"""How the numbers of shops begin in Fidel's test mode."""

KEPT = (
    "amount", "currency", "datetime", "created", "updated", "cardPresent", "authCode", "merchantDescriptor",
    "merchantCategoryCode",
)  # fmt: skip
"""What is kept of a transaction beside card, shop and number with the acquirer."""


class Fidel(SourcePlugin):
    """Purchases with linked cards; see the module."""

    name = "fidel"
    title = "Fidel API"
    kind = SourceKind.CARD
    proof = Proof.OFFICIAL
    settings = (
        Setting(
            "merchant_is",
            "Which of Fidel's ids your `merchants` name: location, or brand.",
            default="location",
        ),
        Setting(
            "authorisations",
            "What an authorisation counts for before it clears: pending, or wait.",
            default="pending",
        ),
        Setting("clearing_secret", "Key of the webhook transaction.clearing.", secret=True),
        Setting("auth_secret", "Key of the webhook transaction.auth.", secret=True, default=""),
        Setting("refund_secret", "Key of the webhook transaction.refund.", secret=True, default=""),
    )
    vocabulary = Vocabulary({})
    receives = True

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check `x-fidel-signature`: HMAC twice, each in base64, over body, registered address and timestamp."""
        timestamp = incoming.headers.get("x-fidel-timestamp", "")
        if not (timestamp.isascii() and timestamp.isdigit()):
            raise BadSignature("The signature has no timestamp.")
        asked = incoming.url + (f"?{incoming.query}" if incoming.query else "")
        content = incoming.body + asked.encode() + timestamp.encode()
        given = incoming.headers.get("x-fidel-signature", "").encode(errors="replace")
        right = False
        for secret in (value for name in SECRETS for value in context.secrets.get(name, ())):
            right |= bool(secret) and hmac.compare_digest(given, signature(secret, content))
        if not right:
            raise BadSignature(
                "The signature does not fit the message." if given else "The signature is missing."
            )
        signing.check_time(
            reading.unix_moment(timestamp, "x-fidel-timestamp", milliseconds=True).utc, context.now
        )
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep the event under the name that all attempts at telling it share."""
        event = incoming.headers.get("fidel-message-id", "")
        return Reception([Message(incoming.body, "webhook", event[:200])])

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the transaction: an authorisation, a clearing, or a refund under its purchase when that is named."""
        told = reading.mapping(reading.read_json(message.body), "The event")
        if not isinstance(told.get("card"), Mapping) or "amount" not in told:
            yield Ignored("not a transaction")
            return
        name = reading.text(told, "id", length_max=60)
        updated = reading.moment(reading.text(told, "updated"), "updated", UTC_ZONE).utc
        amount = reading.decimal(told, "amount")
        if amount < 0:
            purchase = reading.text(told, "originalTransactionId", default=name, length_max=60)
            yield Piece(purchase, REFUND_KEY + name, _kept(told), updated)
        else:
            is_cleared = reading.flag(told, "cleared", default=False)
            yield Piece(name, "clearing" if is_cleared else "auth", _kept(told), updated)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the purchase as cleared, else as authorised, less its refunds."""
        refunds = {key: piece for key, piece in pieces.items() if key.startswith(REFUND_KEY)}
        told = pieces.get("clearing") or pieces.get("auth")
        if told is None:
            return self._refund_alone(object_id, refunds, context)
        is_cleared = "clearing" in pieces
        if not is_cleared and context.settings.get("authorisations") == "wait":
            return Waiting("not_cleared", "The card was authorised; nothing has cleared yet.")
        amount = reading.decimal(told, "amount")
        given_back = sum(
            (abs(reading.decimal(one, "amount")) for one in refunds.values()), Decimal(0)
        )
        card = reading.text(told, "card")
        merchant = self._merchant(told, context)
        return PurchaseReport(
            order_ref="",
            merchant=merchant,
            occurred_at=_moment(told),
            currency=reading.text(told, "currency", length_max=3),
            lines=[ReportLine(1, "", 1, amount)],
            refunded=min(given_back, amount),
            status=Validation.CONFIRMED if is_cleared else Validation.PENDING,
            native_status="cleared" if is_cleared else "authorised",
            traces=[TraceFound(Trace.CARD, card)],
            channel=_channel(told.get("cardPresent")),
            country=COUNTRIES.get(reading.text(told, "country", default=""), ""),
            card=card,
            test=reading.text(told, "mid", default="").startswith(TEST_MID),
            updated_at=reading.moment(told.get("updated"), "updated", UTC_ZONE).utc,
            descriptor=None if merchant else _descriptor(told),
        )

    def _merchant(self, told: Mapping[str, Any], context: SourceContext) -> str:
        which = "brand" if context.settings.get("merchant_is") == "brand" else "location"
        return reading.text(told, which, default="")

    def _refund_alone(
        self, object_id: str, refunds: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> Waiting:
        own = refunds.get(REFUND_KEY + object_id)
        if own is None:
            return Waiting(
                "purchase_not_told",
                f"A refund names the transaction {object_id}, which was not told yet.",
            )
        merchant = self._merchant(own, context)
        return Waiting(
            "refund_without_purchase",
            "Fidel did not find the purchase of this refund.",
            LooseRefund(
                amount=abs(reading.decimal(own, "amount")),
                currency=reading.text(own, "currency", length_max=3),
                refunded_at=_moment(own),
                traces=(TraceFound(Trace.CARD, reading.text(own, "card")),),
                merchant=merchant,
                descriptor=None if merchant else _descriptor(own),
            ),
        )


UTC_ZONE = ZoneInfo("UTC")


def signature(secret: str, content: bytes) -> bytes:
    """Return the signature of a webhook: the HMAC in base64 of the HMAC in base64."""
    once = signing.base64_text(signing.hmac_sha256(secret, content))
    return signing.base64_text(signing.hmac_sha256(secret, once.encode())).encode()


def _kept(told: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: told[name] for name in KEPT if told.get(name) is not None}
    for name, path in (
        ("card", "card.id"),
        ("location", "location.id"),
        ("brand", "brand.id"),
        ("country", "location.countryCode"),
        ("timezone", "location.timezone"),
        ("mid", "identifiers.MID"),
    ):
        value = reading.text(told, path, default="", length_max=100)
        if value:
            kept[name] = value
    data: dict[str, Any] = reading.plain(kept)
    return data


def _moment(told: Mapping[str, Any]) -> Moment:
    """Return when the card was used: local to the shop where its zone is told, else in UTC."""
    name = reading.text(told, "timezone", default="UTC", length_max=60)
    try:
        zone = ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise reading.Misread(f"“timezone” is “{name}”, which is no time zone.") from None
    return reading.moment(reading.text(told, "datetime"), "datetime", zone)


def _channel(card_present: object) -> Channel:
    """Return where the card was used; where nobody says, that it was a card."""
    if card_present is None:
        return Channel.CARD
    return Channel.STORE if card_present is True else Channel.WEB


def _descriptor(told: Mapping[str, Any]) -> Descriptor:
    return Descriptor(
        text=reading.text(told, "merchantDescriptor", default=""),
        mid=reading.text(told, "mid", default=""),
        mcc=reading.text(told, "merchantCategoryCode", default="", length_max=4),
        country=COUNTRIES.get(reading.text(told, "country", default=""), ""),
    )


@hookimpl
def sources() -> Sequence[SourcePlugin]:
    """Bring Fidel."""
    return [Fidel()]
