"""Orders of `POST /v1/purchases` that are nobody's yet: the body of the call, kept until their member is known.

The last telling of an order counts. Amounts are whole minor units, as everywhere in the interface; see
docs/reference/api.md.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC
from decimal import Decimal
from typing import Any

from cagnotte.domain.attribution import Trace
from cagnotte.domain.money import decimals_of
from cagnotte.domain.purchases import Channel, Validation
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Message,
    Moment,
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
)
from cagnotte.hooks.specs import hookimpl

Data = Mapping[str, Any]


class Rest(SourcePlugin):
    """Orders told over the interface; see the module. It is connected by Cagnotte itself, never by a file."""

    name = "rest"
    title = "REST interface"
    kind = SourceKind.SHOP
    proof = Proof.OFFICIAL
    vocabulary = Vocabulary({state.value: state for state in Validation})

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the order of a call."""
        told = reading.mapping(reading.read_json(message.body), "The order")
        name = f"{reading.text(told, 'merchant')}/{reading.text(told, 'order_ref')}"
        yield Piece(name, "order", reading.plain(told))

    def fold(
        self, object_id: str, pieces: Mapping[str, Data], context: SourceContext
    ) -> PurchaseReport:
        """Return the order as it was told last."""
        told = pieces["order"]
        currency = reading.text(told, "currency", length_max=3)
        amounts = _Amounts(currency)
        word = reading.text(told, "status", default="")
        status = self.vocabulary.status(word) if word else None
        reason = reading.text(told, "reason", default="other")
        return PurchaseReport(
            order_ref=reading.text(told, "order_ref"),
            merchant=reading.text(told, "merchant"),
            occurred_at=_moment(told, "occurred_at"),
            currency=currency,
            lines=list(_lines(told, amounts)),
            delivery=amounts.of(told, "delivery_minor"),
            delivery_tax=amounts.of(told, "delivery_tax_minor"),
            commission=amounts.of_any(told, "commission_minor"),
            status=status,
            native_status=word,
            reason=reason if status is Validation.DECLINED else "",
            traces=list(_traces(told)),
            channel=Channel(reading.text(told, "channel", default=Channel.WEB.value)),
            country=reading.text(told, "country", default=""),
            coupon_codes=[
                str(code) for code in reading.sequence(told.get("coupon_codes"), "codes")
            ],
            card=reading.text(told, "card", default=""),
        )


class _Amounts:
    """Reads whole minor units of a currency as amounts in major units. Raises Misread for others."""

    def __init__(self, currency: str) -> None:
        self._scale = -decimals_of(currency)

    def of(self, told: Data, field: str) -> Decimal:
        """Return an amount, 0 where it is not told."""
        return Decimal(reading.whole(told, field, default=0)).scaleb(self._scale)

    def of_any(self, told: Data, field: str) -> Decimal | None:
        """Return an amount, None where it is not told."""
        return None if told.get(field) is None else self.of(told, field)


def _lines(told: Data, amounts: _Amounts) -> Iterator[ReportLine]:
    lines = reading.objects(told.get("lines"), "“lines”")
    for number, line in enumerate(lines, start=1):
        yield ReportLine(
            number=number,
            sku=reading.text(line, "sku", default=""),
            quantity=reading.whole(line, "quantity", default=1),
            amount=amounts.of(line, "amount_minor"),
            discount=amounts.of(line, "discount_minor"),
            tax=amounts.of(line, "tax_minor"),
            wallet=amounts.of(line, "wallet_minor"),
            category=reading.text(line, "category", default=""),
            brand=reading.text(line, "brand", default=""),
            gift_card=reading.flag(line, "gift_card", default=False),
        )


def _traces(told: Data) -> Iterator[TraceFound]:
    if told.get("member_ref"):
        yield TraceFound(Trace.MEMBER_NUMBER, reading.text(told, "member_ref"))
    for one in reading.objects(told.get("traces"), "“traces”"):
        kind = reading.text(one, "kind")
        if kind not in set(Trace):
            raise reading.Misread(f"“{kind}” is no kind of trace.")
        at = _moment(one, "at").utc if one.get("at") else None
        yield TraceFound(Trace(kind), reading.text(one, "value"), at)


def _moment(told: Data, field: str) -> Moment:
    found = reading.moment(told.get(field), field, None)
    return found._replace(utc=found.utc.astimezone(UTC))


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring the orders of the interface."""
    return [Rest()]
