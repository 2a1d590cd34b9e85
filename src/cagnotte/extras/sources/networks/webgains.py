"""Webgains, as its publishers see it: transactions, asked for by the day they were made.

Times are seconds since 1970, amounts are ten-thousandths of the currency, and states are numbers. A transaction is
restated in place; `status_changed_date` says when. There is no asking by that day, so four months are asked for again
once a day. Webgains' own page on states is not public; of those between confirmed (20) and cancelled (70) clients in
use disagree, and they count as pending here, so that nothing is released too early.

Source: the platform API's "transaction report", as three clients in use ask it.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, links, pages, rows, windows
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Link,
    Message,
    Moment,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Setting,
    SourceContext,
    SourceFailed,
    SourceKind,
    SourcePlugin,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

PAGE_SIZE = 250
TEN_THOUSANDTHS = -4
PAID = "10"

SWEEPS = (
    windows.Sweep("date", days=31, again_days=3),
    windows.Sweep("date again", days=31, again_days=120, every_hours=24, history=False),
)

FIELDS = ("date", "status", "status_changed_date", "click_reference", "order_reference")


class Webgains(SourcePlugin):
    """Transactions of Webgains; see the module."""

    name = "webgains"
    title = "Webgains"
    kind = SourceKind.NETWORK
    proof = Proof.SECONDARY
    settings = (
        Setting("publisher_id", "Your publisher number (not that of a website)."),
        Setting("campaign_id", "For links, the number of your website.", default=""),
        Setting("token", "A personal access token of the platform API.", secret=True),
        links.shops_setting("the programme number"),
        asking.HISTORY,
        Setting("api_url", "Where Webgains is asked.", default="https://platform-api.webgains.com"),
    )
    vocabulary = Vocabulary(
        {
            PAID: Validation.CONFIRMED,
            "20": Validation.CONFIRMED,
            "30": Validation.PENDING,
            "40": Validation.PENDING,
            "50": Validation.PENDING,
            "60": Validation.PENDING,
            "70": Validation.DECLINED,
        }
    )
    pace = Pace(calls=30, seconds=60)
    polls = True
    click_length_max = 50

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for new transactions, and once a day for four months again."""
        return pages.asked(SWEEPS, context, cursor, partial(self._page, context))

    def _page(
        self, context: SourceContext, window: windows.Window, page: int | None
    ) -> tuple[list[Message], int | None]:
        """Return a page as a message, if it tells anything, and the number of the next one."""
        publisher = links.quoted(asking.setting(context, "publisher_id"))
        number = page or 1
        answer = context.calls().request(
            "GET",
            f"{asking.api_url(context)}/publishers/{publisher}/reports/transactions",
            params=(
                ("filters[start_date]", str(int(window.start.timestamp()))),
                ("filters[end_date]", str(int(window.end.timestamp()))),
                ("sort", "date"),
                ("sort_order", "ASC"),
                ("size", str(PAGE_SIZE)),
                ("page", str(number)),
            ),
            headers={"authorization": f"Bearer {context.secret('token')}"},
        )
        told = asking.accepted_json(answer, self.title)
        found = pages.listed(told, "data", self.title)
        try:
            last = reading.whole(told, "pagination.last_page")
        except reading.Misread as error:
            raise SourceFailed(f"Webgains answered something else: {error.sentence}") from None
        messages = [Message(answer.body, "transactions")] if found else []
        return messages, number + 1 if number < last else None

    # ---- reading ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each transaction."""
        told = reading.mapping(reading.read_json(message.body), "The answer")
        return rows.each(reading.sequence(told.get("data"), "“data”"), self._piece)

    def _piece(self, row: Mapping[str, Any]) -> Piece:
        changed = "status_changed_date" if row.get("status_changed_date") else "date"
        status = reading.text(row, "status")
        return Piece(
            reading.text(row, "id", length_max=100),
            "transaction",
            {
                **pages.picked(row, FIELDS),
                "program": reading.text(row, "program.id"),
                "value": reading.whole(row, "value.amount", default=0),
                "commission": reading.whole(row, "commission.amount", default=0),
                "currency": reading.text(row, "value.currency_code", default="", length_max=3),
                "commission_currency": reading.text(row, "commission.currency_code", length_max=3),
            },
            reading.unix_moment(row.get(changed), changed).utc,
            # Of two tellings of one second the one that goes further counts: cancelled, paid, confirmed, others.
            ("20", PAID, "70").index(status) + 1 if status in {"20", PAID, "70"} else 0,
        )

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return how the transaction stands."""
        told = pieces["transaction"]
        word = reading.text(told, "status")
        theirs = reading.text(told, "commission_currency")
        currency = reading.text(told, "currency", default=theirs)
        return PurchaseReport(
            order_ref=reading.text(told, "order_reference", default="", length_max=100),
            merchant=reading.text(told, "program"),
            occurred_at=_moment(told, "date"),
            currency=currency,
            lines=rows.whole_order(_amount(told, "value")),
            commission=_amount(told, "commission"),
            commission_currency="" if theirs == currency else theirs,
            status=self.vocabulary.status(word),
            native_status=word,
            paid=word == PAID,
            traces=rows.click_trace(reading.text(told, "click_reference", default="")),
            updated_at=_moment(told, "status_changed_date").utc
            if "status_changed_date" in told
            else None,
        )

    # ---- links ----

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead to the target through the programme of its shop, with the click as clickref."""
        campaign = links.quoted(asking.setting(context, "campaign_id"))
        programme = links.quoted(links.number_of(link, context))
        return (
            f"https://track.webgains.com/click.html?wgcampaignid={campaign}&wgprogramid={programme}"
            f"&clickref={links.quoted(link.click)}&wgtarget={links.quoted(link.target)}"
        )


def _amount(told: Mapping[str, Any], name: str) -> Decimal:
    """Return an amount in major units; what is exact in the currency has no zeros beyond its cents."""
    amount = Decimal(reading.whole(told, name)).scaleb(TEN_THOUSANDTHS)
    cents = amount.quantize(Decimal("0.01"))
    return cents if cents == amount else amount


def _moment(told: Mapping[str, Any], name: str) -> Moment:
    return reading.unix_moment(told.get(name), name)


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Webgains."""
    return [Webgains()]
