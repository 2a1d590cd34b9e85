"""Awin, by its publisher API: transactions as JSON, restated in place.

Format: help.awin.com, “Get List of Transactions”, “Get List of Transactions by id's”, “Transaction Notifications”.
One call spans at most 31 days, and a user may make 20 calls a minute. There are no pages. Amounts are numbers in
major units, without tax and delivery. Times have no offset; they are in the time zone that was asked for, which is
always UTC here. A transaction that is paid stays approved, and `paidToPublisher` says so.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, windows
from cagnotte.extras.sources.networks.links import number_of, quoted, shops_setting
from cagnotte.extras.sources.networks.rows import click_trace, each, whole_order
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Ignored,
    Incoming,
    Link,
    Message,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Reception,
    ReportLine,
    Setting,
    SourceContext,
    SourceKind,
    SourcePlugin,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

UTC = ZoneInfo("UTC")
TIME = "%Y-%m-%dT%H:%M:%S"

SWEEPS = (
    windows.Sweep("transaction again", 31, 120, every_hours=24, history=False),
    windows.Sweep("validation again", 31, 120, every_hours=24, history=False),
    windows.Sweep("transaction", 31, 1),
    windows.Sweep("validation", 31, 1),
    windows.Sweep("amendment", 31, 1),
)
"""By the first word, which is what Awin calls the date. Payments have no date of their own: they are seen by looking
again at what was validated.
"""

FIELDS = (
    "advertiserId", "commissionStatus", "commissionAmount", "saleAmount", "customerCountry", "clickRefs", "clickDate",
    "transactionDate", "validationDate", "declineReason", "voucherCode", "transactionDevice", "orderRef",
    "basketProducts", "paidToPublisher",
)  # fmt: skip
"""What is kept of a transaction; hashes of addresses and the like are not."""

REASONS = {
    "order returned": "returned",
    "returned": "returned",
    "order cancelled": "cancelled",
    "cancelled": "cancelled",
    "duplicate": "duplicate_order",
    "duplicate order": "duplicate_order",
    "duplicate sale": "duplicate_order",
    "out of stock": "out_of_stock",
    "breach of terms": "terms_not_met",
    "fraud": "fraud",
}
"""Advertisers write reasons freely; these are common, in lower case."""


class Awin(SourcePlugin):
    """Orders told by Awin; see the module."""

    name = "awin"
    title = "Awin"
    kind = SourceKind.NETWORK
    proof = Proof.OFFICIAL
    settings = (
        Setting("publisher_id", "Your number as a publisher, at the top right of Awin's pages."),
        Setting(
            "token", "The token of the API, from “API credentials” of your account.", secret=True
        ),
        shops_setting("Awin's number of the advertiser"),
        asking.HISTORY,
        Setting("api_url", "The address of the API.", default="https://api.awin.com"),
    )
    vocabulary = Vocabulary(
        {
            "pending": Validation.PENDING,
            "approved": Validation.CONFIRMED,
            "declined": Validation.DECLINED,
            "deleted": Validation.DECLINED,
        },
        REASONS,
    )
    pace = Pace(20, 60)
    polls = True
    receives = True
    click_length_max = 50

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask by each of the three dates, in windows."""
        history = asking.history_days(context)
        for window in windows.walk(SWEEPS, context.now, cursor, history_days=history):
            asked = [
                ("startDate", window.start.astimezone(UTC).strftime(TIME)),
                ("endDate", window.end.astimezone(UTC).strftime(TIME)),
                ("dateType", window.sweep.name.split()[0]),
            ]
            topic = "{2[1]} {0[1]}/{1[1]}".format(*asked)
            yield Polled(self._ask(context, asked, topic), window.cursor(None))

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Ask for one transaction."""
        return self._ask(context, [("ids", object_id)], f"ids {object_id}")

    def _ask(
        self, context: SourceContext, asked: list[tuple[str, str]], topic: str
    ) -> list[Message]:
        answer = context.calls().request(
            "GET",
            f"{asking.api_url(context)}/publishers/{asking.setting(context, 'publisher_id')}/transactions/",
            params=[*asked, ("timezone", "UTC"), ("showBasketProducts", "true")],
            headers={"Authorization": f"Bearer {context.secret('token')}"},
        )
        told = asking.listed(asking.accepted_json(answer, self.title), self.title)
        return [Message(answer.body, topic)] if told else []

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Take the number of the transaction as a hint: notifications are unsigned, and told once only."""
        form = parse_qs((incoming.body if incoming.method == "POST" else b"").decode("latin-1"))
        if "AwinTransactionPush" in form:
            told = reading.read_json(form["AwinTransactionPush"][0].encode())
        else:
            told = {name: values[0] for name, values in parse_qs(incoming.query).items()}
        number = reading.whole(told, "transactionId")
        return Reception(wanted=[str(number)], answer="OK")

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return how each transaction stands."""
        return each(reading.sequence(reading.read_json(message.body), "The answer"), self._piece)

    def _piece(self, row: Any) -> Read:
        if reading.text(row, "type", default="").lower() == "bonus":
            return Ignored("A bonus for the publisher, not a purchase.")
        kept = {field: row.get(field) for field in FIELDS if row.get(field) is not None}
        return Piece(str(reading.whole(row, "id")), "transaction", reading.plain(kept))

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order as the transaction was told last."""
        told = pieces["transaction"]
        native = reading.text(told, "commissionStatus")
        status = self.vocabulary.status(native)
        clicked = reading.text(told, "clickDate", default="")
        clicked_at = reading.moment(clicked, "clickDate", UTC) if clicked else None
        voucher = reading.text(told, "voucherCode", default="")
        return PurchaseReport(
            order_ref=reading.text(told, "orderRef", default="", length_max=100),
            occurred_at=reading.moment(told.get("transactionDate"), "transactionDate", UTC),
            currency=reading.text(told, "saleAmount.currency", length_max=3),
            lines=_lines(told),
            merchant=reading.text(told, "advertiserId"),
            commission=reading.decimal(told, "commissionAmount.amount"),
            commission_currency=reading.text(told, "commissionAmount.currency", length_max=3),
            status=status,
            native_status=native,
            reason=self._reason(told) if status is Validation.DECLINED else "",
            paid=reading.flag(told, "paidToPublisher", default=False),
            traces=click_trace(reading.text(told, "clickRefs.clickRef", default="")),
            clicked_at=clicked_at,
            country=reading.text(told, "customerCountry", default="", length_max=2),
            coupon_codes=(voucher,) if voucher else (),
        )

    def _reason(self, told: Mapping[str, Any]) -> str:
        word = reading.text(told, "declineReason", default="").strip().lower()
        return self.vocabulary.reason(word) if word else ""

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead through awin1.com with the click as `clickref`."""
        return (
            f"https://www.awin1.com/cread.php?awinmid={quoted(number_of(link, context))}"
            f"&awinaffid={quoted(asking.setting(context, 'publisher_id'))}"
            f"&clickref={quoted(link.click)}&ued={quoted(link.target)}"
        )


def _lines(told: Mapping[str, Any]) -> list[ReportLine]:
    """Return the articles, where they are told and make up the amount; else one line of the whole."""
    amount = reading.decimal(told, "saleAmount.amount")
    lines = []
    for number, product in enumerate(
        reading.sequence(told.get("basketProducts"), "basketProducts"), 1
    ):
        quantity = reading.whole(product, "quantity", default=1)
        price = reading.decimal(product, "unitPrice", default=Decimal(0)) * quantity
        sku = reading.text(product, "skuCode", default="") or reading.text(
            product, "productId", default=""
        )
        category = reading.text(product, "category", default="")
        lines.append(ReportLine(number, sku, quantity, price, category=category))
    fits = all(line.quantity > 0 and line.amount >= 0 for line in lines)
    if lines and fits and sum(line.amount for line in lines) == amount:
        return lines
    return whole_order(amount)


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Awin."""
    return [Awin()]
