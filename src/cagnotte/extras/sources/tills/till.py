"""Tills: receipts in Cagnotte's own neutral format, sent by signed requests or dropped as files.

A receipt told again with the same `revision` changes nothing; a correction raises it. What came back is told by
negative lines, on the receipt they were sold on where the till knows it. See docs/reference/till-receipt.md.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC
from decimal import Decimal
from typing import Any

from cagnotte.domain.attribution import Trace
from cagnotte.domain.money import decimals_of
from cagnotte.domain.purchases import Channel, Line, Purchase, Returned, with_returns
from cagnotte.extras.sources.tills.receipts import Receipt, SoldLine, receipts_in
from cagnotte.hooks import reading, signing
from cagnotte.hooks.sources import (
    REFUND_KEY,
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
    Unreadable,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

SIGNATURE_HEADER = "x-receipt-signature"
LOOSE = "#return"
"""Ends the name of what came back on a receipt without saying where it was sold."""

Data = Mapping[str, Any]


class Till(SourcePlugin):
    """Receipts of tills; see the module."""

    name = "till"
    title = "Tills"
    kind = SourceKind.TILL
    proof = Proof.OFFICIAL
    settings = (
        Setting(
            "secret", "A long random text that you and the tills' software share.", secret=True
        ),
        Setting("merchant", "The shop, where receipts do not name it.", default=""),
        Setting(
            "currency", "Currency of receipts that name none, as ISO 4217 code.", default="EUR"
        ),
    )
    vocabulary = Vocabulary({})
    receives = True

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check `x-receipt-signature`: the HMAC-SHA256 of the body in hexadecimal."""
        signing.check(
            incoming.headers.get(SIGNATURE_HEADER, "").lower(),
            context.secrets.get("secret", ()),
            incoming.body,
            written=signing.hexadecimal,
        )
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep the receipts; they are known by their own names, so that a request may be repeated."""
        return Reception([Message(incoming.body, "receipts")])

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return what each receipt sold, and for each receipt it names what came back of that."""
        for found in receipts_in(message.body, context):
            if isinstance(found, Receipt):
                yield from _pieces(found)
            else:
                where, error = found
                yield Unreadable(error.code, error.sentence, where)

    def fold(
        self, object_id: str, pieces: Mapping[str, Data], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the receipt with all that came back of it."""
        refunds = [piece for key, piece in sorted(pieces.items()) if key.startswith(REFUND_KEY)]
        told = pieces.get("receipt")
        if told is None:
            return _returned_alone(object_id, refunds)
        currency = reading.text(told, "currency", length_max=3)
        lines = _lines(told, refunds, currency)
        loose = sum(
            (reading.decimal(one, "amount") for one in refunds if "items" not in one), Decimal(0)
        )
        left = sum(
            (line.amount - line.discount - line.returned_amount for line in lines), Decimal(0)
        )
        return PurchaseReport(
            order_ref="/".join(object_id.split("/")[1:]),
            merchant=reading.text(told, "merchant"),
            occurred_at=_moment(told),
            currency=currency,
            lines=lines,
            refunded=max(min(loose, left), Decimal(0)),
            traces=list(_traces(told)),
            channel=Channel.STORE,
            coupon_codes=(told["promo_code"],) if told.get("promo_code") else (),
            card=reading.text(told, "card", default=""),
            test=reading.flag(told, "training", default=False),
        )


# ---- what a receipt says ----


def _pieces(receipt: Receipt) -> Iterator[Piece]:
    name = str(receipt.name)
    sold = [line for line in receipt.lines if line.quantity > 0]
    if sold:
        head = {
            **_head(receipt),
            "training": receipt.training,
            "lines": [_line(line) for line in sold],
        }
        yield Piece(name, "receipt", head, receipt.revision)
    returned: dict[str, list[SoldLine]] = {}
    for line in receipt.lines:
        if line.quantity < 0:
            returned.setdefault(str(line.sold_on or name + LOOSE), []).append(line)
    for sold_on, lines in returned.items():
        data = {
            **_head(receipt),
            "amount": str(-sum((line.paid for line in lines), Decimal(0))),
            "items": [[line.ean, -line.quantity, str(-line.amount)] for line in lines],
        }
        key = sold_on if sold_on.endswith(LOOSE) else name
        yield Piece(sold_on, REFUND_KEY + key, data, receipt.revision)


def _head(receipt: Receipt) -> dict[str, Any]:
    told = {
        "merchant": receipt.name.merchant, "at": receipt.at.text, "currency": receipt.currency,
        "member": receipt.member, "qr": receipt.qr, "promo_code": receipt.promo_code, "card": receipt.card,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value}


def _line(line: SoldLine) -> dict[str, Any]:
    told = {
        "number": line.number, "ean": line.ean, "quantity": line.quantity, "amount": str(line.amount),
        "discount": str(line.discount), "tax": str(line.tax), "category": line.category, "brand": line.brand,
        "gift_card": line.gift_card,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value not in ("", False)}


# ---- how it stands ----


def _lines(told: Data, refunds: Sequence[Data], currency: str) -> list[ReportLine]:
    """Return the lines, with what came back of them; the rules are those of every till (`with_returns`)."""
    sold = [
        _report_line(reading.mapping(line, "A line"))
        for line in reading.sequence(told.get("lines"), "“lines”")
    ]
    returned = [item for one in refunds for item in _items(one, currency)]
    if not returned:
        return sold
    scale = decimals_of(currency)
    purchase = Purchase(
        merchant="",
        order_ref="",
        occurred_at=_moment(told).utc,
        currency=currency,
        lines=tuple(
            Line(line.number, line.sku, line.quantity, int(line.amount.scaleb(scale)))
            for line in sold
        ),
    )
    after, _ = with_returns(purchase, returned)
    return [
        replace(
            line,
            returned_quantity=found.returned_quantity,
            returned_amount=Decimal(found.returned_minor).scaleb(-scale),
        )
        for line, found in zip(sold, after.lines, strict=True)
    ]


def _report_line(told: Data) -> ReportLine:
    return ReportLine(
        number=reading.whole(told, "number"),
        sku=reading.text(told, "ean", default=""),
        quantity=reading.whole(told, "quantity"),
        amount=reading.decimal(told, "amount"),
        discount=reading.decimal(told, "discount", default=Decimal(0)),
        tax=reading.decimal(told, "tax", default=Decimal(0)),
        category=reading.text(told, "category", default=""),
        brand=reading.text(told, "brand", default=""),
        gift_card=reading.flag(told, "gift_card", default=False),
    )


def _items(told: Data, currency: str) -> Iterator[Returned]:
    scale = decimals_of(currency)
    for ean, quantity, amount in told.get("items", ()):
        yield Returned(0, ean, quantity, int(reading.exact(amount, "amount").scaleb(scale)))


def _traces(told: Data) -> Iterator[TraceFound]:
    for field, kind in (
        ("member", Trace.MEMBER_NUMBER),
        ("qr", Trace.QR_CODE),
        ("card", Trace.CARD),
        ("promo_code", Trace.PROMO_CODE),
    ):
        if told.get(field):
            yield TraceFound(kind, reading.text(told, field))


def _moment(told: Data) -> Moment:
    found = reading.moment(told.get("at"), "at", None)
    return found._replace(utc=found.utc.astimezone(UTC))


def _returned_alone(object_id: str, refunds: Sequence[Data]) -> Waiting:
    if not object_id.endswith(LOOSE):
        return Waiting(
            "purchase_not_told",
            f"Something came back of the receipt {object_id}, which was not told yet.",
        )
    own = refunds[0]
    return Waiting(
        "refund_without_purchase",
        "A till took something back without saying on which receipt it was sold.",
        LooseRefund(
            amount=reading.decimal(own, "amount"),
            currency=reading.text(own, "currency", length_max=3),
            refunded_at=_moment(own),
            traces=tuple(_traces(own)),
            merchant=reading.text(own, "merchant"),
            items=tuple(
                (ean, quantity, reading.exact(amount, "amount"))
                for ean, quantity, amount in own.get("items", ())
            ),
        ),
    )


@hookimpl
def sources() -> Sequence[SourcePlugin]:
    """Bring tills."""
    return [Till()]
