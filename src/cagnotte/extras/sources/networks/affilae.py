"""Affilae, as its publishers see it: conversions of one affiliate profile, asked for by the day they were made.

Amounts are whole numbers of the currency's smallest unit. A conversion is restated in place and nothing says when, so
what was told last counts, and four months are asked for again once a day. Whether the network has paid is not told.

Sources: of links and SubIDs, Affilae's own page "Understanding and implementing SubIDs"; of conversions, the fields
that clients in use read, one of them on the shops' side.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from decimal import Decimal
from functools import partial
from typing import Any

from cagnotte.domain.money import decimals_of
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, links, pages, rows, windows
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Link,
    Message,
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

PAGE_SIZE = 100
TIME = "%Y-%m-%dT%H:%M:%S.000Z"

SWEEPS = (
    windows.Sweep("date", days=31, again_days=3),
    windows.Sweep("date again", days=31, again_days=120, every_hours=24, history=False),
)

FIELDS = (
    "status", "externalId", "amount", "commissionsTotal", "currency", "createdAt", "subId", "subId0", "refuseReason",
)  # fmt: skip


class Affilae(SourcePlugin):
    """Conversions of Affilae; see the module."""

    name = "affilae"
    title = "Affilae"
    kind = SourceKind.NETWORK
    proof = Proof.SECONDARY
    settings = (
        Setting("profile_id", "The id of your affiliate profile."),
        Setting("token", "An API token of your account.", secret=True),
        links.shops_setting("programme id and affiliate number (PID/AFID)"),
        asking.HISTORY,
        Setting("api_url", "Where Affilae is asked.", default="https://rest.affilae.com"),
    )
    vocabulary = Vocabulary(
        {
            "pending": Validation.PENDING,
            "accepted": Validation.CONFIRMED,
            "refused": Validation.DECLINED,
        },
        {
            "returned": "returned",
            "cancelled": "cancelled",
            "duplicate": "duplicate_order",
            "fraud": "fraud",
        },
    )
    pace = Pace(calls=60, seconds=60)
    polls = True
    click_length_max = 255

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for new conversions, and once a day for four months again."""
        return pages.asked(SWEEPS, context, cursor, partial(self._page, context))

    def _page(
        self, context: SourceContext, window: windows.Window, page: Sequence[Any] | None
    ) -> tuple[list[Message], Sequence[Any] | None]:
        """Return a page as a message, if it tells anything, and the next one: (number, what this one began with).

        No count is sure to be told, and a page may hold less than asked for: pages follow until one is empty.
        """
        number, before = page or (1, None)
        answer = context.calls().request(
            "GET",
            f"{asking.api_url(context)}/publisher/conversions.list",
            params=(
                ("affiliateProfile", asking.setting(context, "profile_id")),
                ("from", window.start.astimezone(UTC).strftime(TIME)),
                ("to", window.last.astimezone(UTC).strftime(TIME)),
                ("orderBy", "date"),
                ("sort", "asc"),
                ("limit", str(PAGE_SIZE)),
                ("page", str(number)),
            ),
            headers={
                "accept": "application/json",
                "authorization": f"Bearer {context.secret('token')}",
            },
        )
        told = asking.accepted_json(answer, self.title)
        found = pages.listed(told, "conversions.data", self.title)
        if not found:
            return [], None
        first = _id(found[0])
        if first == before:
            raise SourceFailed(
                "Affilae answered the same page again, so others cannot be asked for."
            )
        return [Message(answer.body, "conversions")], (number + 1, first)

    # ---- reading ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each conversion."""
        told = reading.read_json(message.body)
        found = reading.sequence(reading.dig(told, "conversions.data"), "“conversions.data”")
        return rows.each(found, _piece)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return how the conversion stands."""
        told = pieces["conversion"]
        word = reading.text(told, "status")
        status = self.vocabulary.status(word)
        why = reading.text(told, "refuseReason", default="").lower()
        currency = reading.text(told, "currency", length_max=3)
        click = reading.text(told, "subId0", default=reading.text(told, "subId", default=""))
        return PurchaseReport(
            order_ref=reading.text(told, "externalId", default="", length_max=100),
            merchant=reading.text(told, "program"),
            occurred_at=reading.moment(told.get("createdAt"), "createdAt", None),
            currency=currency,
            lines=rows.whole_order(_amount(told, "amount", currency)),
            commission=_amount(told, "commissionsTotal", currency),
            status=status,
            native_status=word,
            reason=self.vocabulary.reason(why) if why and status is Validation.DECLINED else "",
            traces=rows.click_trace(click),
        )

    # ---- links ----

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead to the target through the programme of its shop, with the click as the first SubID."""
        programme, _, affiliate = links.number_of(link, context).partition("/")
        if not affiliate:
            raise SourceFailed(
                "The setting “shops” needs programme id and affiliate number, as PID/AFID."
            )
        return (
            f"https://lb.affilae.com/r/?p={links.quoted(programme)}&af={links.quoted(affiliate)}"
            f"&aesubid0={links.quoted(link.click)}&lp={links.quoted(link.target)}"
        )


def _id(row: Any) -> str:
    """Return the id of a conversion; "" when it has none."""
    return str(row.get("id") or "") if isinstance(row, Mapping) else ""


def _piece(row: Mapping[str, Any]) -> Piece:
    programme = row.get("program")
    data = pages.picked(row, FIELDS)
    data["program"] = (
        reading.text(row, "program.id")
        if isinstance(programme, Mapping)
        else reading.text(row, "program")
    )
    return Piece(reading.text(row, "id", length_max=100), "conversion", data)


def _amount(told: Mapping[str, Any], name: str, currency: str) -> Decimal:
    """Return an amount of smallest units in major ones. Raises UnknownCurrency."""
    return Decimal(reading.whole(told, name, default=0)).scaleb(-decimals_of(currency))


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Affilae."""
    return [Affilae()]
