"""The generic signed postback: for shops and networks that have no plugin of their own.

One request for each thing that happens to an order, GET or POST with form fields:
`click_id`, `order_id`, `shop`, `amount` (what the order costs now, less returns), `currency`, `status` (pending,
confirmed or declined), `commission`, `reason`, `event_id`, `at` (ISO 8601 with offset) and `sig`, the hexadecimal
HMAC-SHA256 under the shared secret of all other fields, sorted by name, written as a query string. The format is
Cagnotte's own.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from cagnotte.domain.attribution import Trace
from cagnotte.domain.lifecycle import REASON_CODES
from cagnotte.domain.purchases import Validation
from cagnotte.hooks import reading, signing
from cagnotte.hooks.sources import (
    Incoming,
    Link,
    Message,
    Piece,
    Proof,
    PurchaseReport,
    Read,
    Reception,
    ReportLine,
    Setting,
    SourceContext,
    SourceFailed,
    SourceKind,
    SourcePlugin,
    TraceFound,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

FIELDS = (
    "click_id", "member", "order_id", "shop", "amount", "currency", "status", "commission", "reason", "at",
    "updated_at",
)  # fmt: skip
"""What a postback may say. All else in it is signed too, and not read."""

WEIGHTS = {"pending": 0, "confirmed": 1, "declined": 2}
"""Which of two postbacks of the same moment counts."""


class Postback(SourcePlugin):
    """Orders told by signed requests; see the module."""

    name = "postback"
    title = "Signed postback"
    kind = SourceKind.NETWORK
    proof = Proof.OFFICIAL
    settings = (
        Setting("secret", "A long random text that you and the sender share.", secret=True),
        Setting("link", "Where links lead, with {target} and {click}.", default=""),
    )
    vocabulary = Vocabulary(
        {word: Validation(word) for word in ("pending", "confirmed", "declined")},
        {reason: reason for reason in REASON_CODES},
    )
    receives = True
    click_length_max = 200

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check `sig` over all other fields, sorted."""
        fields = dict(_fields(incoming))
        given = fields.pop("sig", "")
        signing.check(
            given.lower(),
            context.secrets.get("secret", ()),
            urlencode(sorted(fields.items())).encode(),
            written=signing.hexadecimal,
        )
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep the fields; answer OK, which some senders wait for."""
        fields = _fields(incoming)
        told = dict(fields)
        event = told.get("event_id", "")
        return Reception([Message(urlencode(fields).encode(), "postback", event)], answer="OK")

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the one piece of a postback: how the order stands."""
        told = dict(_pairs(message.body))
        updated = told.get("updated_at", "")
        yield Piece(
            _object_id(told),
            "order",
            {name: told[name] for name in FIELDS if told.get(name)},
            reading.moment(updated, "updated_at", None).utc if updated else None,
            WEIGHTS.get(told.get("status", ""), 0),
        )

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order as the latest postback told it."""
        told = pieces["order"]
        status = reading.text(told, "status", default="pending")
        commission = reading.decimal(told, "commission") if "commission" in told else None
        traces = [
            TraceFound(kind, reading.text(told, field))
            for field, kind in (("click_id", Trace.CLICK), ("member", Trace.MEMBER_NUMBER))
            if field in told
        ]
        return PurchaseReport(
            order_ref=reading.text(told, "order_id", default=object_id),
            merchant=reading.text(told, "shop", default=""),
            occurred_at=reading.moment(told.get("at"), "at", None),
            currency=reading.text(told, "currency", length_max=3),
            lines=[ReportLine(1, "", 1, reading.decimal(told, "amount"))],
            commission=commission,
            status=self.vocabulary.status(status),
            native_status=status,
            reason=self.vocabulary.reason(told["reason"]) if "reason" in told else "",
            traces=traces,
        )

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Put target and click where the setting `link` has their names."""
        template = context.settings.get("link", "")
        if "{click}" not in template:
            raise SourceFailed("The setting “link” is missing, or has no {click} in it.")
        quoted = urlencode({"t": link.target})[2:]
        return template.replace("{target}", quoted).replace("{click}", link.click)


def _object_id(told: Mapping[str, str]) -> str:
    """Return what tells an order from all others: its number, and the shop where one is named. Raises Misread."""
    order = reading.text(told, "order_id", length_max=100)
    shop = reading.text(told, "shop", default="", length_max=40)
    if "/" in shop:
        raise reading.Misread(f"“shop” is “{shop}”; it has no “/”.")
    return f"{shop}/{order}" if shop else order


def _fields(incoming: Incoming) -> list[tuple[str, str]]:
    """Return the fields of the query, then of the form. Raises Misread."""
    return _pairs(incoming.query.encode()) + _pairs(incoming.body)


def _pairs(form: bytes) -> list[tuple[str, str]]:
    try:
        return parse_qsl(form.decode("utf-8"), keep_blank_values=True, errors="strict")
    except ValueError:
        raise reading.Misread("The postback is no form in UTF-8.") from None


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring the signed postback."""
    return [Postback()]
