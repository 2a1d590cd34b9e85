"""The formats in which orders are told: one class each, which also says how its files are read.

Another source's format is another class here, added to `TILLS`, `RETURNING_TILLS` or `NETWORKS` under its name. All
formats of a world hold the same, word for word, so any of them leads to the same books.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, TypeVar

import orjson

from cagnotte.domain.money import format_minor
from cagnotte.world.simulation.courses import Answer, NetworkMessage, TillMessage
from cagnotte.world.simulation.plan import TIMEZONE, Plan, Returns

M_contra = TypeVar("M_contra", contravariant=True)

AMOUNTS_REMEMBERED_MAX = 100_000


class Amounts:
    """Amounts as text, such as 12.40; what was written before is remembered, since prices repeat."""

    def __init__(self, currency: str) -> None:
        self._currency = currency
        self._known: dict[int, str] = {}

    def text(self, amount_minor: int) -> str:
        """Return an amount as files have it."""
        found = self._known.get(amount_minor)
        if found is None:
            if len(self._known) >= AMOUNTS_REMEMBERED_MAX:
                self._known = {}
            found = format_minor(amount_minor, self._currency)
            self._known[amount_minor] = found
        return found


class Writer(Protocol[M_contra]):
    """A format of messages of one kind.

    Attributes:
        suffix: of its files. header: their first line with its end, or "".
        source: how the programme file says to read them, without its name and what all sources share.
    """

    suffix: ClassVar[str]
    header: ClassVar[str]
    source: ClassVar[dict[str, Any]]

    def __init__(self, amounts: Amounts) -> None:
        """Take what writes amounts."""

    def text(self, message: M_contra) -> str:
        """Return one message with its line end, or ends."""


# ---- tills ----


def _with_returns(source: dict[str, Any]) -> dict[str, Any]:
    """Return a source that appends its returns."""
    fields = {**source["fields"], "return_id": "return"}
    return {**source, "fields": fields, "returns": "appended"}


class TillCsv:
    """A row for each line of an order; no value needs quotes."""

    suffix: ClassVar[str] = "csv"
    header: ClassVar[str] = (
        "order,told_at,bought_at,card,shop,branch,channel,code,delivery,article,units,price,coupons\n"
    )
    source: ClassVar[dict[str, Any]] = {
        "format": "csv",
        "lines": "rows",
        "fields": {
            "order_ref": "order",
            "updated_at": "told_at",
            "occurred_at": "bought_at",
            "member": "card",
            "merchant": "shop",
            "channel": "channel",
            "coupon_codes": "code",
            "delivery": "delivery",
        },
        "line_fields": {
            "sku": "article",
            "quantity": "units",
            "amount": "price",
            "discount": "coupons",
        },
    }

    def __init__(self, amounts: Amounts) -> None:
        self._text = amounts.text

    def text(self, message: TillMessage) -> str:
        """Return the rows of an order."""
        order, text = message.order, self._text
        shop, delivery = order.shop, order.delivery_minor
        first = (
            f"{order.ref},{message.told_at},{message.bought_at},{order.member.ref},{shop.merchant},{shop.ref},"
            f"{shop.channel},{order.code},{text(delivery) if delivery else ''},"
        )
        return "".join(
            [
                f"{first}{article.sku},{units},{text(price)},{text(coupon) if coupon else ''}\n"
                for article, units, price, coupon in message.items
            ]
        )


class ReturningTillCsv(TillCsv):
    """The same with a column for the name of a return, whose rows have a minus."""

    header: ClassVar[str] = TillCsv.header.replace("order,", "order,return,", 1)
    source: ClassVar[dict[str, Any]] = _with_returns(TillCsv.source)

    def text(self, message: TillMessage) -> str:
        """Return the rows of an order or a return."""
        rows = super().text(message).splitlines(keepends=True)
        ref = message.order.ref
        return "".join([f"{ref},{message.return_id}{row[len(ref) :]}" for row in rows])


class TillJsonLines:
    """A JSON object for each order, its lines in a list."""

    suffix: ClassVar[str] = "jsonl"
    header: ClassVar[str] = ""
    source: ClassVar[dict[str, Any]] = {
        "format": "jsonl",
        "lines": "basket",
        "fields": {
            "order_ref": "order",
            "updated_at": "told_at",
            "occurred_at": "bought_at",
            "member": "customer.card",
            "merchant": "shop.company",
            "channel": "shop.channel",
            "coupon_codes": "code",
            "delivery": "delivery",
        },
        "line_fields": {
            "sku": "article",
            "quantity": "units",
            "amount": "price",
            "discount": "coupons",
        },
    }

    def __init__(self, amounts: Amounts) -> None:
        self._text = amounts.text

    def text(self, message: TillMessage) -> str:
        """Return the object of an order."""
        return _json_line(self.told(message))

    def told(self, message: TillMessage) -> dict[str, Any]:
        """Return what is told, as an object."""
        order, text = message.order, self._text
        told: dict[str, Any] = {
            "order": order.ref,
            "told_at": message.told_at,
            "bought_at": message.bought_at,
            "customer": {"card": order.member.ref},
            "shop": {
                "company": order.shop.merchant,
                "branch": order.shop.ref,
                "channel": order.shop.channel,
            },
            "basket": [
                {
                    "article": article.sku,
                    "units": units,
                    "price": text(price),
                    "coupons": text(coupon),
                }
                if coupon
                else {"article": article.sku, "units": units, "price": text(price)}
                for article, units, price, coupon in message.items
            ],
        }
        if order.code:
            told["code"] = order.code
        if order.delivery_minor:
            told["delivery"] = text(order.delivery_minor)
        return told


class ReturningTillJsonLines(TillJsonLines):
    """The same with the name of a return, whose lines have a minus."""

    source: ClassVar[dict[str, Any]] = _with_returns(TillJsonLines.source)

    def text(self, message: TillMessage) -> str:
        """Return the object of an order or a return."""
        told = self.told(message)
        if message.return_id:
            told["return"] = message.return_id
        return _json_line(told)


# ---- networks ----

_STATUS_WORDS = {"open": "pending", "approved": "confirmed", "rejected": "declined"}
_THEIR_STATUS = {ours: theirs for theirs, ours in _STATUS_WORDS.items()}


class NetworkCsv:
    """A row for each message; no value needs quotes."""

    suffix: ClassVar[str] = "csv"
    header: ClassVar[str] = (
        "transaction,modified,date,click,sub_id,shop,sale,commission,status,reason\n"
    )
    source: ClassVar[dict[str, Any]] = {
        "format": "csv",
        "fields": {
            "order_ref": "transaction",
            "updated_at": "modified",
            "occurred_at": "date",
            "clicked_at": "click",
            "member": "sub_id",
            "merchant": "shop",
            "amount": "sale",
            "commission": "commission",
            "status": "status",
            "status_reason": "reason",
        },
        "values": {"status": _STATUS_WORDS},
    }

    def __init__(self, amounts: Amounts) -> None:
        self._text = amounts.text

    def text(self, message: NetworkMessage) -> str:
        """Return the row of a message."""
        order, text = message.order, self._text
        return (
            f"{order.ref},{message.told_at},{message.bought_at},{message.clicked_at},{order.member.ref},"
            f"{order.shop.merchant},{text(message.amount_minor)},{text(message.commission_minor)},"
            f"{_THEIR_STATUS[message.status]},{message.reason}\n"
        )


class NetworkJsonLines:
    """A JSON object for each message."""

    suffix: ClassVar[str] = "jsonl"
    header: ClassVar[str] = ""
    source: ClassVar[dict[str, Any]] = {
        "format": "jsonl",
        "fields": {
            "order_ref": "transaction",
            "updated_at": "modified",
            "occurred_at": "sale.date",
            "clicked_at": "click.date",
            "member": "click.sub_id",
            "merchant": "shop",
            "amount": "sale.amount",
            "commission": "commission.amount",
            "status": "status.code",
            "status_reason": "status.reason",
        },
        "values": {"status": _STATUS_WORDS},
    }

    def __init__(self, amounts: Amounts) -> None:
        self._text = amounts.text

    def text(self, message: NetworkMessage) -> str:
        """Return the object of a message."""
        order, text = message.order, self._text
        return _json_line(
            {
                "transaction": order.ref,
                "modified": message.told_at,
                "shop": order.shop.merchant,
                "click": {"date": message.clicked_at, "sub_id": order.member.ref},
                "sale": {"date": message.bought_at, "amount": text(message.amount_minor)},
                "commission": {"amount": text(message.commission_minor)},
                "status": {"code": _THEIR_STATUS[message.status], "reason": message.reason},
            }
        )


def _json_line(told: dict[str, Any]) -> str:
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE).decode()


TILLS: dict[str, type[Writer[TillMessage]]] = {"csv": TillCsv, "jsonl": TillJsonLines}
RETURNING_TILLS: dict[str, type[Writer[TillMessage]]] = {
    "csv": ReturningTillCsv,
    "jsonl": ReturningTillJsonLines,
}
NETWORKS: dict[str, type[Writer[NetworkMessage]]] = {"csv": NetworkCsv, "jsonl": NetworkJsonLines}


def formats_of(plan: Plan) -> Mapping[str, type[Writer[Any]]]:
    """Return the formats that a world's orders can be written in."""
    if not plan.tells_lines:
        return NETWORKS
    return RETURNING_TILLS if plan.returns is Returns.APPENDED else TILLS


# ---- answers ----

ANSWER_HEADER = "order,shop,answer,why,line,units,amount\n"
ANSWER_SOURCE: dict[str, Any] = {
    "format": "csv",
    "fields": {
        "order_ref": "order",
        "merchant": "shop",
        "decision": "answer",
        "reason": "why",
        "line": "line",
        "returned_quantity": "units",
        "returned_amount": "amount",
    },
}


def answer_text(answer: Answer, amounts: Amounts) -> str:
    """Return an answer as a row."""
    if not answer.line:
        return f"{answer.order_ref},{answer.merchant},{answer.decision},{answer.reason},,,\n"
    return (
        f"{answer.order_ref},{answer.merchant},{answer.decision},,{answer.line},{answer.units},"
        f"{amounts.text(answer.amount_minor)}\n"
    )


def source(ref: str, kind: str, read: dict[str, Any], currency: str) -> dict[str, Any]:
    """Return a source of the programme file."""
    shared: dict[str, Any] = {"ref": ref, "kind": kind, "timezone": TIMEZONE}
    if kind == "purchases":
        shared["defaults"] = {"currency": currency}
        shared["unknown_products"] = "reject" if "line_fields" in read else "accept"
    return {**shared, **read}
