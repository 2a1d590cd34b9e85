"""django-oscar: orders told by `cagnotte-oscar`, the app in `integrations/oscar` that runs inside the shop.

Each message is one order as it stands: its articles, its refunds, its state in our words. It is signed after Standard
Webhooks and has the number of the order's changes so far as its version. The format is Cagnotte's own; its writer is
`cagnotte_oscar.content`. Oscar has no returns: a refund is a payment event, of articles or of money alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.shops import refunds
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

TYPE = "order.changed"
TRACES = {"click": Trace.CLICK, "member": Trace.MEMBER_NUMBER, "email": Trace.EMAIL}
"""Fields of an order that may lead to a member."""


class Oscar(SourcePlugin):
    """Orders of a django-oscar shop; see the module."""

    name = "oscar"
    title = "django-oscar"
    kind = SourceKind.SHOP
    proof = Proof.CAPTURED
    settings = (
        Setting("secret", "The same as SECRET in the shop's setting CAGNOTTE.", secret=True),
        Setting(
            "vouchers_url",
            "For vouchers: the address of cagnotte_oscar in the shop, such as https://shop.example/cagnotte/.",
            default="",
        ),
    )
    vocabulary = Vocabulary(
        {word: Validation(word) for word in ("pending", "confirmed", "declined")},
        {"cancelled": "cancelled", "returned": "returned"},
    )
    receives = True

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check the three headers of Standard Webhooks over the raw body."""
        secrets = context.secrets.get("secret", ())
        signing.check_standard(incoming.headers, incoming.body, secrets, context.now)
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep the message; a repeat has the same id."""
        event = incoming.headers.get("webhook-id", "")
        return Reception([Message(incoming.body, TYPE, event)])

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the one piece of a message: how its order stands."""
        told = reading.mapping(reading.read_json(message.body), "The message")
        kind = reading.text(told, "type")
        if kind != TYPE:
            yield Ignored(f"a message of the type “{kind}”")
            return
        order = reading.mapping(told.get("data"), "data")
        yield Piece(
            reading.text(order, "number", length_max=100),
            "order",
            reading.plain(order),
            reading.whole(order, "version"),
        )

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order as its latest message told it."""
        order = pieces["order"]
        currency = reading.text(order, "currency", length_max=3)
        word = reading.text(order, "state", default="")
        bought = [_line(line) for line in reading.sequence(order.get("lines"), "lines")]
        reason = self.vocabulary.reason(reading.text(order, "reason", default="other"))
        return PurchaseReport(
            order_ref=object_id,
            occurred_at=reading.moment(order.get("placed_at"), "placed_at", None),
            currency=currency,
            lines=refunds.taken_off(bought, _refunds(order), currency),
            delivery=reading.decimal(order, "delivery"),
            delivery_tax=reading.decimal(order, "delivery_tax"),
            status=self.vocabulary.status(word) if word else None,
            native_status=reading.text(order, "status", default=""),
            reason=reason if word == "declined" else "",
            traces=_traces(order),
            country=reading.text(order, "country", default=""),
            coupon_codes=_codes(order),
            test=reading.flag(order, "test"),
            updated_at=reading.moment(order.get("changed_at"), "changed_at", None).utc,
        )


def _line(line: Any) -> ReportLine:
    return ReportLine(
        number=reading.whole(line, "number"),
        sku=reading.text(line, "sku", default=""),
        quantity=reading.whole(line, "quantity"),
        amount=reading.decimal(line, "amount"),
        discount=reading.decimal(line, "discount"),
        tax=reading.decimal(line, "tax"),
        category=reading.text(line, "category", default=""),
    )


def _refunds(order: Mapping[str, Any]) -> Sequence[refunds.Refund]:
    return [
        refunds.Refund(
            reading.text(refund, "id"),
            reading.decimal(refund, "amount"),
            {
                reading.whole(line, "number"): reading.whole(line, "quantity")
                for line in reading.sequence(reading.dig(refund, "lines"), "lines")
            },
        )
        for refund in reading.sequence(order.get("refunds"), "refunds")
    ]


def _traces(order: Mapping[str, Any]) -> list[TraceFound]:
    told = {field: reading.text(order, field, default="") for field in TRACES}
    named = [TraceFound(kind, told[field]) for field, kind in TRACES.items() if told[field]]
    return named + [TraceFound(Trace.PROMO_CODE, code) for code in _codes(order)]


def _codes(order: Mapping[str, Any]) -> tuple[str, ...]:
    codes = reading.sequence(order.get("vouchers"), "vouchers")
    return tuple(reading.text({"voucher": code}, "voucher") for code in codes)


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring django-oscar."""
    return [Oscar()]
