"""Stripe: payments of a shop that has no plugin of its own, by webhook.

Events come unordered and repeated, each with one object as it stood at that second: a checkout session, a payment
intent, a charge, a refund, a dispute. What belongs to one payment intent is one purchase. A charge tells all that was
given back so far; each refund tells how it fares, and one that fails after it had succeeded counts no more. Stripe
knows no articles: a purchase is one line, with the delivery apart where the checkout told it.

Amounts are whole numbers of the currency's smallest unit, with exceptions. Events of the API since version 2019-10-16;
https://docs.stripe.com/api/events and https://docs.stripe.com/webhooks#verify-manually.
"""

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

from cagnotte.domain.money import decimals_of
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops import standing, traces
from cagnotte.extras.sources.shops.amounts import NOTHING, GivenBack, Kept
from cagnotte.hooks import reading, signing
from cagnotte.hooks.reading import text, whole
from cagnotte.hooks.sources import (
    BadSignature,
    Ignored,
    Incoming,
    Message,
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
    UnknownWord,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

DECIMALS = {"MGA": 0, "ISK": 2, "UGX": 2}
"""Currencies that Stripe writes with other decimals than ISO 4217 gives them; the others follow it."""

BACK_AGAIN = frozenset({"failed", "canceled"})
"""A refund in one of these leaves the money with the shop."""
REFUND_STATES = BACK_AGAIN | {"pending", "requires_action", "succeeded"}
OPEN_DISPUTES = frozenset({"needs_response", "under_review"})
NO_DISPUTE = frozenset(
    {"won", "prevented", "warning_needs_response", "warning_under_review", "warning_closed"}
)
"""A dispute in one of these has taken no money: it was won, or was a mere question."""
TOGETHER = {
    "disputed": Validation.PENDING,
    "lost": Validation.DECLINED,
    "failed": Validation.DECLINED,
}
"""What several objects say together, beside the words of a charge."""
BEGUN = "begun"
"""The key of the piece that remembers that a payment was under way or done, though it may have failed since."""
FACTS = (
    "amount", "amount_captured", "amount_refunded", "amount_total", "captured", "refunded", "status", "currency",
    "created", "payment_status", "client_reference_id", "reason",
)  # fmt: skip


class Stripe(SourcePlugin):
    """Payments through Stripe; see the module."""

    name = "stripe"
    title = "Stripe"
    kind = SourceKind.SHOP
    proof = Proof.OFFICIAL
    settings = (
        Setting("webhook_secret", "The endpoint's signing secret, whsec_….", secret=True),
        Setting(
            "reference_is",
            "What the shop writes into client_reference_id: click, member or order.",
            default="click",
        ),
        Setting(
            "order_field", "The metadata in which the shop writes its number.", default="order_id"
        ),
        Setting("api_key", "For vouchers: a key that may write balances.", secret=True, default=""),
        Setting("api_url", "For vouchers: where Stripe is.", default="https://api.stripe.com"),
        standing.confirm_on(""),
        *traces.SETTINGS,
    )
    vocabulary = Vocabulary(
        {
            "pending": Validation.PENDING,
            "uncaptured": Validation.PENDING,
            "canceled": Validation.DECLINED,
            "refunded": Validation.DECLINED,
        },
        {
            "canceled": "cancelled",
            "refunded": "returned",
            "failed": "invalid_payment",
            "fraudulent": "fraud",
            "duplicate": "duplicate_order",
            "product_not_received": "cancelled",
            "product_unacceptable": "returned",
            "credit_not_processed": "returned",
            "subscription_canceled": "booking_cancelled",
            "insufficient_funds": "bad_debt",
            "incorrect_account_details": "invalid_payment",
        },
    )
    receives = True

    # ---- webhooks ----

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check the time and one of the signatures of the header, over time and raw body."""
        parts = [
            one.partition("=") for one in incoming.headers.get("stripe-signature", "").split(",")
        ]
        told = {name.strip(): value.strip() for name, _, value in parts}
        given = [value.strip() for name, _, value in parts if name.strip() == "v1"]
        try:
            signed_at = reading.unix_moment(told.get("t", ""), "t").utc
        except reading.Misread:
            raise BadSignature("The signature is missing.") from None
        signing.check(
            given,
            context.secrets.get("webhook_secret", ()),
            told["t"].encode() + b"." + incoming.body,
            written=signing.hexadecimal,
        )
        signing.check_time(signed_at, context.now)
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep the event under its own id."""
        event = reading.mapping(reading.read_json(incoming.body), "The event")
        return Reception(
            [Message(incoming.body, text(event, "type"), text(event, "id", length_max=100))]
        )

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the piece of an event: its object, as it stood then."""
        event = reading.mapping(reading.read_json(message.body), "The event")
        told = reading.mapping(reading.dig(event, "data.object"), "data.object")
        kind = text(told, "object", default="")
        if kind not in PIECES:
            yield Ignored(f"an event about a {kind or 'thing without a name'}")
            return
        object_id, key = PIECES[kind](told)
        if not object_id:
            yield Ignored("a checkout without a payment")
            return
        data = {
            **{name: told[name] for name in FACTS if told.get(name) is not None},
            **_paths(told),
            "metadata": self._metadata(told, context),
            "live": reading.flag(event, "livemode"),
            "account": text(event, "account", default=""),
        }
        yield Piece(object_id, key, reading.plain(data), whole(event, "created"), _weight(told))
        if kind == "charge" and _state(data) != "failed":
            yield Piece(object_id, BEGUN, {})

    def _metadata(self, told: Mapping[str, Any], context: SourceContext) -> dict[str, str]:
        names = [context.settings[name] for name in ("click_field", "member_field", "order_field")]
        found = reading.mapping(told.get("metadata") or {}, "metadata")
        return {name: str(found[name]) for name in names if isinstance(found.get(name), str | int)}

    # ---- how a payment stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the payment as all its objects together tell it."""
        tried = _of(pieces, "charge:")
        charges = [one for one in tried if _state(one) != "failed"] or tried
        if not charges or BEGUN not in pieces:
            return Waiting("unpaid", "No payment has gone through yet.")
        first = min(charges, key=lambda one: (whole(one, "created"), text(one, "amount")))
        code = text(first, "currency", length_max=3)
        currency = code.upper()
        session = pieces.get("session", {})
        kept, all_back = _kept(pieces, charges, session, currency)
        word, why = _word(pieces, charges, all_back=all_back)
        status = self._standing(word, pieces, context)
        told = [one for one in (session, pieces.get("intent", {}), *charges) if one]
        metadata = {
            name: value for one in reversed(told) for name, value in one["metadata"].items()
        }
        reference = text(session, "client_reference_id", default="")
        return PurchaseReport(
            order_ref=self._order_ref(object_id, metadata, reference, context),
            merchant=first["account"],
            occurred_at=reading.unix_moment(first["created"], "created"),
            currency=currency,
            lines=kept.lines,
            delivery=kept.delivery,
            delivery_tax=kept.delivery_tax,
            refunded=kept.refunded,
            status=status,
            native_status=word,
            reason=self.vocabulary.reason(why) if status is Validation.DECLINED else "",
            traces=traces.traces_of(
                context,
                _with_reference(metadata, reference, context),
                email=next((one["email"] for one in told if one["email"]), ""),
            ),
            country=next((one["country"] for one in told if one["country"]), ""),
            test=not all(one["live"] for one in told),
        )

    def _standing(
        self, word: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> Validation | None:
        if word != "succeeded":
            return TOGETHER.get(word) or self.vocabulary.status(word)
        if word in [told.strip() for told in context.settings["confirm_on"].split(",")]:
            return Validation.CONFIRMED
        # A refund of everything, or a charge, that failed later had declined the purchase: it is open again.
        failed = [*_of(pieces, "refund:"), *_of(pieces, "charge:")]
        return Validation.PENDING if any(_state(one) in BACK_AGAIN for one in failed) else None

    def _order_ref(
        self, object_id: str, metadata: Mapping[str, str], reference: str, context: SourceContext
    ) -> str:
        if metadata.get(context.settings["order_field"]):
            return metadata[context.settings["order_field"]]
        return reference if reference and context.settings["reference_is"] == "order" else object_id


# ---- pieces ----


def _payment_of(told: Mapping[str, Any], own: str) -> str:
    """Return the payment intent an object belongs to; older charges have none and stand for themselves."""
    intent = told.get("payment_intent")
    if isinstance(intent, Mapping):
        intent = intent.get("id")
    return text({"id": intent}, "id", default="") or own


PIECES: Mapping[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "checkout.session": lambda told: (_payment_of(told, ""), "session"),
    "payment_intent": lambda told: (text(told, "id"), "intent"),
    "charge": lambda told: (_payment_of(told, text(told, "id")), f"charge:{text(told, 'id')}"),
    "refund": lambda told: (_payment_of(told, text(told, "charge")), f"refund:{text(told, 'id')}"),
    "dispute": lambda told: (
        _payment_of(told, text(told, "charge")),
        f"dispute:{text(told, 'id')}",
    ),
}
"""By the kind of an object: the payment it belongs to ("" = none), and the key of its piece."""


def _paths(told: Mapping[str, Any]) -> dict[str, Any]:
    """Return what stands deeper inside an object."""
    found = {
        name: text(told, f"customer_details.{path}", default="")
        or text(told, f"billing_details.{path}", default="")
        for name, path in (("email", "email"), ("country", "address.country"))
    }
    return {
        "email": found["email"] or text(told, "receipt_email", default=""),
        "country": found["country"],
        "discount": reading.dig(told, "total_details.amount_discount"),
        "tax": reading.dig(told, "total_details.amount_tax"),
        "shipping": reading.dig(told, "shipping_cost.amount_total"),
        "shipping_tax": reading.dig(told, "shipping_cost.amount_tax"),
    }


def _weight(told: Mapping[str, Any]) -> int:
    """Return what decides between two events of one second: more money given back, or a state that comes later."""
    state = str(told.get("status"))
    later = 2 if state in BACK_AGAIN | {"lost", "won"} else int(state == "succeeded")
    return 4 * whole(told, "amount_refunded", default=0) + later + (told.get("captured") is True)


def _of(pieces: Mapping[str, Mapping[str, Any]], kind: str) -> list[Mapping[str, Any]]:
    return [piece for key, piece in pieces.items() if key.startswith(kind)]


def _state(told: Mapping[str, Any]) -> str:
    return text(told, "status")


# ---- amounts ----


def _kept(
    pieces: Mapping[str, Mapping[str, Any]],
    charges: list[Mapping[str, Any]],
    session: Mapping[str, Any],
    currency: str,
) -> tuple[Kept, bool]:
    """Return what is left of the one line and the delivery, and whether all of it was given back."""

    def money(told: Mapping[str, Any], name: str) -> Decimal:
        decimals = DECIMALS.get(currency, decimals_of(currency))
        return Decimal(whole(told, name, default=0)).scaleb(-decimals)

    paid = sum((_charged(one, money) for one in charges), NOTHING)
    delivery, delivery_tax = money(session, "shipping"), money(session, "shipping_tax")
    discount = money(session, "discount")
    tax = max(money(session, "tax") - delivery_tax, NOTHING)
    line = ReportLine(1, "", 1, paid - delivery + discount, discount, tax)
    back = GivenBack(rest=_given_back(pieces, charges, money))
    kept = back.taken_off([line], delivery, delivery_tax, currency)
    return kept, 0 < paid <= back.rest


def _charged(
    charge: Mapping[str, Any], money: Callable[[Mapping[str, Any], str], Decimal]
) -> Decimal:
    """Return what a charge takes: what was captured, or what was set aside while nothing is."""
    return money(charge, "amount_captured") or money(charge, "amount")


def _given_back(
    pieces: Mapping[str, Mapping[str, Any]],
    charges: list[Mapping[str, Any]],
    money: Callable[[Mapping[str, Any], str], Decimal],
) -> Decimal:
    """Return what was refunded or lost in disputes.

    A charge counts all its refunds; those whose own objects are known count by them, since one of them may have failed.
    What was set aside and never captured is among a charge's refunds, and was never paid.
    """
    refunds = _of(pieces, "refund:")
    unknown = {_state(one) for one in refunds} - REFUND_STATES
    if unknown:
        word = min(unknown)
        raise UnknownWord(f"“{word}” is no state of a refund that is known.", word=word)
    told = sum((money(one, "amount") for one in refunds), NOTHING)
    good = sum((money(one, "amount") for one in refunds if _state(one) not in BACK_AGAIN), NOTHING)
    counted = sum(
        (
            max(
                money(one, "amount_refunded") - (money(one, "amount") - _charged(one, money)),
                NOTHING,
            )
            for one in charges
        ),
        NOTHING,
    )
    lost = [one for one in _of(pieces, "dispute:") if _state(one) == "lost"]
    return (
        good + max(counted - told, NOTHING) + sum((money(one, "amount") for one in lost), NOTHING)
    )


def _word(
    pieces: Mapping[str, Mapping[str, Any]], charges: list[Mapping[str, Any]], *, all_back: bool
) -> tuple[str, str]:
    """Return the word for a payment, and the word for why it is declined, if it is."""
    disputes = {_state(one): one for one in _of(pieces, "dispute:")}
    unknown = set(disputes) - OPEN_DISPUTES - NO_DISPUTE - {"lost"}
    if unknown:
        word = min(unknown)
        raise UnknownWord(f"“{word}” is no state of a dispute that is known.", word=word)
    states = {_state(one) for one in charges}
    captured = all(reading.flag(one, "captured", default=True) for one in charges)
    if _state(pieces.get("intent", {"status": "-"})) == "canceled" or (all_back and not captured):
        return "canceled", "canceled"
    if all_back:
        lost = disputes.get("lost")
        return ("lost", text(lost, "reason", default="general")) if lost else ("refunded",) * 2
    if not OPEN_DISPUTES.isdisjoint(disputes):
        return "disputed", ""
    if states == {"succeeded"}:
        return ("succeeded" if captured else "uncaptured"), ""
    word = min(states - {"succeeded"})
    return word, word


def _with_reference(
    metadata: Mapping[str, str], reference: str, context: SourceContext
) -> dict[str, str]:
    """Return the metadata, with the checkout's reference in the place that the shop uses it for."""
    place = f"{context.settings['reference_is']}_field"
    if not reference or place not in ("click_field", "member_field"):
        return dict(metadata)
    return {context.settings[place]: reference, **metadata}


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Stripe."""
    return [Stripe()]
