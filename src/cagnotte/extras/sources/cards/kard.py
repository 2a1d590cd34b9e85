"""Kard: transactions of a card issuer, and what Kard says of them.

Two kinds of messages, both signed with `notify-signature`:

- transactions as issuers send them: `{"data": [{"type": "transaction", "id": …, "attributes": {…}}]}`, amounts in the
  smallest unit, one event for each step: APPROVED, SETTLED, REVERSED, DECLINED, RETURNED. An issuer sends them here as
  it sends them to Kard.
- notifications of Kard: `{"data": {"type": "earnedRewardSettled", …}}`: a purchase was rewarded, with which
  commission, or was not, or the commission was taken back. They name neither currency nor shop's number.

Formats: Kard's published OpenAPI description.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from cagnotte.domain.attribution import Trace
from cagnotte.domain.money import decimals_of
from cagnotte.domain.purchases import Channel, Validation
from cagnotte.hooks import reading, signing
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    REFUND_KEY,
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
    UnknownWord,
    Unreadable,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

TRANSACTIONS = ("transaction", "matchedTransaction", "coreTransaction")
REWARDED = ("earnedRewardApproved", "earnedRewardSettled", "validTransaction")
TAKEN_BACK = ("earnedRewardRejected", "failedTransaction", "clawback")
RETURNED = "RETURNED"
DATES = {"APPROVED": "authorizationDate", "SETTLED": "settledDate"}
"""Which time an event must have; `transactionDate` for all others."""

KEPT = (
    "amount",
    "currency",
    "description",
    "mcc",
    "userId",
    "cardBIN",
    "cardLastFour",
    "cardPresence",
    "direction",
)

Pieces = Mapping[str, Mapping[str, Any]]


class Kard(SourcePlugin):
    """Transactions of a card issuer; see the module."""

    name = "kard"
    title = "Kard"
    kind = SourceKind.CARD
    proof = Proof.OFFICIAL
    settings = (
        Setting("webhook_key", "Key by which messages are signed.", secret=True),
        Setting(
            "currency",
            "Currency of notifications, which name none, as ISO 4217 code.",
            default="USD",
        ),
    )
    vocabulary = Vocabulary(
        {
            "APPROVED": Validation.PENDING,
            "SETTLED": Validation.CONFIRMED,
            "REVERSED": Validation.DECLINED,
            "DECLINED": Validation.DECLINED,
        }
    )
    receives = True

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check `notify-signature`: the HMAC of the body, in hexadecimal or base64."""
        given = incoming.headers.get("notify-signature", "")
        is_hexadecimal = len(given) == HEXADECIMAL_LENGTH
        signing.check(
            given.lower() if is_hexadecimal else given,
            context.secrets.get("webhook_key", ()),
            incoming.body,
            written=signing.hexadecimal if is_hexadecimal else signing.base64_text,
        )
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep the message; a notification under its own id."""
        data = reading.mapping(reading.read_json(incoming.body), "The message").get("data")
        event = (
            reading.text(data, "id", default="", length_max=200)
            if isinstance(data, Mapping)
            else ""
        )
        return Reception([Message(incoming.body, "kard", event)])

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the events of the message, one piece each."""
        data = reading.mapping(reading.read_json(message.body), "The message").get("data")
        for number, event in enumerate(
            [data] if isinstance(data, Mapping) else reading.sequence(data, "“data”"), 1
        ):
            try:
                yield self._piece(reading.mapping(event, "An event"))
            except (Misread, UnknownWord) as error:
                yield Unreadable(error.code, error.sentence, f"event {number}")

    def _piece(self, event: Mapping[str, Any]) -> Read:
        kind, told = (
            reading.text(event, "type"),
            reading.mapping(event.get("attributes"), "“attributes”"),
        )
        if kind in REWARDED or kind in TAKEN_BACK:
            return self._notification(kind, event, told)
        if kind not in TRANSACTIONS:
            return Ignored(f"not about a transaction: {kind[:60]}")
        name = reading.text(told, "transactionId", length_max=110)
        status = reading.text(told, "status")
        if status != RETURNED:
            self.vocabulary.status(status)
        kept = {key: told[key] for key in KEPT if told.get(key) is not None}
        kept["at"] = reading.text(told, DATES.get(status, "transactionDate"))
        kept["authorised_at"] = reading.text(told, "authorizationDate", default="")
        kept["mid"] = reading.text(told, "merchant.id", default="")
        kept["merchant"] = reading.text(told, "merchant.name", default="")
        kept["country"] = reading.text(told, "merchant.addrCountry", default="")
        key = status
        if status == RETURNED or told.get("direction") == "CREDIT":
            key = REFUND_KEY + reading.text(event, "id", length_max=150)
        moment = reading.moment(kept["at"], "date", None)
        data: dict[str, Any] = reading.plain(kept)
        return Piece(name, key, data, moment.utc)

    def _notification(self, kind: str, event: Mapping[str, Any], told: Mapping[str, Any]) -> Read:
        name = reading.text(told, "transactionId", default="") or reading.text(
            event, "relationships.transaction.data.id", length_max=110
        )
        kept = {
            "kind": kind,
            "amount": told.get("transactionAmountInCents"),
            "at": told.get("transactionTimestamp"),
            "commission": _commission(told.get("commissionEarned")),
            "merchant": told.get("name"),
            "userId": reading.text(event, "relationships.user.data.id", default=""),
        }
        data: dict[str, Any] = reading.plain(
            {key: value for key, value in kept.items() if value not in (None, "")}
        )
        key = kind if kind in REWARDED else "taken_back"
        return Piece(name, f"kard:{key}", data)

    def fold(
        self, object_id: str, pieces: Pieces, context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the transaction as its latest step left it, with the commission that Kard told."""
        refunds = [piece for key, piece in pieces.items() if key.startswith(REFUND_KEY)]
        step = _step(pieces)
        if step is None:
            return _alone(object_id, refunds)
        word, told = step
        rewards = [pieces[f"kard:{kind}"] for kind in REWARDED if f"kard:{kind}" in pieces]
        currency = reading.text(
            told, "currency", default=context.settings.get("currency", ""), length_max=3
        )
        amount = _major(told, "amount", currency)
        status = self.vocabulary.status(word)
        given_back = sum((_refunded(one, currency) for one in refunds), Decimal(0))
        before = _partly_reversed(pieces) if word == "REVERSED" else None
        if before is not None:
            given_back += amount
            status, amount = before[0], _major(before[1], "amount", currency)
        if "kard:taken_back" in pieces:
            status = Validation.DECLINED
        return PurchaseReport(
            order_ref="",
            occurred_at=_moment(told, *rewards, *pieces.values()),
            currency=currency,
            lines=[ReportLine(1, "", 1, amount)],
            refunded=min(given_back, amount),
            commission=_told_commission(rewards, currency),
            status=status,
            native_status=word,
            reason="other" if status is Validation.DECLINED else "",
            traces=_traces(told, *rewards),
            channel=_channel(reading.text(told, "cardPresence", default="")),
            card=_card(told),
            descriptor=_descriptor(told, *rewards),
        )


HEXADECIMAL_LENGTH = 64
ONLINE = frozenset(
    {"0", "FALSE", "NO", "ECOMMERCE", "ONLINE", "CARD_NOT_PRESENT", "NOT_PRESENT", "CNP"}
)
"""Words by which issuers say that the card was not there; compared in capitals."""


def _step(pieces: Pieces) -> tuple[str, Mapping[str, Any]] | None:
    """Return the step that a transaction stands at, and what it says.

    What settled is final, so a reversal before it is contained in its amount; a reversal after it undoes it.
    """
    settled, reversal = pieces.get("SETTLED"), pieces.get("REVERSED")
    if settled is not None and (reversal is None or _at(reversal) <= _at(settled)):
        return "SETTLED", settled
    for word in ("REVERSED", "DECLINED", "APPROVED"):
        if word in pieces:
            return word, pieces[word]
    for kind, word in (
        ("earnedRewardSettled", "SETTLED"),
        ("validTransaction", "SETTLED"),
        ("earnedRewardApproved", "APPROVED"),
    ):
        if f"kard:{kind}" in pieces:
            return word, pieces[f"kard:{kind}"]
    return None


def _at(told: Mapping[str, Any]) -> Any:
    return reading.moment(told.get("at"), "date", None).utc


def _partly_reversed(pieces: Pieces) -> tuple[Validation, Mapping[str, Any]] | None:
    """Return how a purchase stands of which less was reversed than was bought; None when all of it was."""
    for word in ("SETTLED", "APPROVED"):
        if word in pieces:
            before = pieces[word]
            is_whole = reading.whole(pieces["REVERSED"], "amount") >= reading.whole(
                before, "amount"
            )
            return None if is_whole else (Kard.vocabulary.status(word), before)
    return None


def _alone(object_id: str, refunds: Sequence[Mapping[str, Any]]) -> Waiting:
    own = next((one for one in refunds if "currency" in one), None)
    if own is None:
        return Waiting(
            "purchase_not_told",
            f"Kard spoke of the transaction {object_id}, which was not told yet.",
        )
    currency = reading.text(own, "currency", length_max=3)
    return Waiting(
        "refund_without_purchase",
        "A return came under a transaction of its own.",
        LooseRefund(
            amount=_major(own, "amount", currency),
            currency=currency,
            refunded_at=reading.moment(own.get("at"), "date", None),
            traces=_traces(own),
            descriptor=_descriptor(own),
        ),
    )


def _major(told: Mapping[str, Any], path: str, currency: str) -> Decimal:
    """Return an amount told in the smallest unit; returns are told with and without a minus."""
    return abs(Decimal(reading.whole(told, path))).scaleb(-decimals_of(currency))


def _refunded(told: Mapping[str, Any], currency: str) -> Decimal:
    """Return what came back: of a return the source told, or of one that was found to be of this purchase."""
    if "at" in told:
        return _major(told, "amount", currency)
    return reading.decimal(told, "amount")


def _commission(told: Any) -> int | None:
    """Return the commission of a notification in cents, of issuer and member together; None where none is told."""
    if not isinstance(told, Mapping):
        return None
    if "value" in told:
        return reading.whole(told, "value")
    return reading.whole(told, "issuer.value") + reading.whole(told, "user.value")


def _told_commission(rewards: Sequence[Mapping[str, Any]], currency: str) -> Decimal | None:
    for told in reversed(rewards):
        if "commission" in told:
            return _major(told, "commission", currency)
    return None


def _first(*told: Mapping[str, Any], name: str) -> str:
    """Return the first that is told of one fact."""
    return next((found for one in told if (found := reading.text(one, name, default=""))), "")


def _moment(*told: Mapping[str, Any]) -> Moment:
    """Return when the card was used: when it was authorised, else the earliest that is told."""
    authorised = _first(*told, name="authorised_at")
    if authorised:
        return reading.moment(authorised, "authorizationDate", None)
    times = [reading.moment(one["at"], "date", None) for one in told if one.get("at")]
    if not times:
        raise Misread("Nothing says when the card was used.")
    return min(times, key=lambda moment: (moment.utc, moment.text))


def _channel(presence: str) -> Channel:
    if not presence:
        return Channel.CARD
    return Channel.WEB if presence.upper() in ONLINE else Channel.STORE


def _traces(*told: Mapping[str, Any]) -> Sequence[TraceFound]:
    user = _first(*told, name="userId")
    return (TraceFound(Trace.MEMBER_NUMBER, user),) if user else ()


def _card(told: Mapping[str, Any]) -> str:
    """Return a token of the card: its holder at the issuer and its last digits; "" where either is missing."""
    user, digits = _first(told, name="userId"), _first(told, name="cardLastFour")
    return f"{user}:{digits}" if user and digits else ""


def _descriptor(*told: Mapping[str, Any]) -> Descriptor:
    return Descriptor(
        text=_first(*told, name="merchant") or _first(*told, name="description"),
        mid=_first(*told, name="mid"),
        mcc=_first(*told, name="mcc")[:4],
        country=_first(*told, name="country")[:2],
    )


@hookimpl
def sources() -> Sequence[SourcePlugin]:
    """Bring Kard."""
    return [Kard()]
