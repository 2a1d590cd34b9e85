"""Admitad, as its publishers see it: actions, asked for by the day they were made and the day their status changed.

Days and times are Moscow's and have no offset. An action is restated in place; `status_updated` says when. One that is
"approved but stalled" was approved by a shop that cannot pay for it: it stays pending. An action may be approved with a
payment of 0, and its `cart` may be null: Admitad pays nothing for it, and where no position tells an amount it counts
for nothing.

Source: the publishers' API, "Statistics by actions", as several clients in use ask it.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from functools import partial
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from cagnotte.domain.attribution import Trace
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

ZONE = ZoneInfo("Europe/Moscow")
DAY = "%d.%m.%Y"
PAGE_SIZE = 500

SWEEPS = (
    windows.Sweep("date", days=30, again_days=3),
    windows.Sweep("status_updated", days=30, again_days=3, history=False),
    # An amount may be corrected without a new status.
    windows.Sweep("date again", days=30, again_days=120, every_hours=24, history=False),
)

FIELDS = (
    "status", "status_updated", "order_id", "advcampaign_id", "cart", "payment", "currency", "action_date",
    "click_date", "subid", "paid", "promocode",
)  # fmt: skip
POSITION_FIELDS = ("product_id", "product_category_name", "amount")


class Admitad(SourcePlugin):
    """Actions of Admitad; see the module."""

    name = "admitad"
    title = "Admitad"
    kind = SourceKind.NETWORK
    proof = Proof.SECONDARY
    settings = (
        Setting("client_id", "The client id of your application."),
        Setting("client_secret", "The client secret of your application.", secret=True),
        links.shops_setting("the tracking link (without https://), or the code in it,"),
        asking.HISTORY,
        Setting("api_url", "Where Admitad is asked.", default="https://api.admitad.com"),
    )
    vocabulary = Vocabulary(
        {
            "pending": Validation.PENDING,
            "approved": Validation.CONFIRMED,
            "approved_but_stalled": Validation.PENDING,
            "declined": Validation.DECLINED,
        }
    )
    pace = Pace(calls=60, seconds=60)
    polls = True
    click_length_max = 50

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for new actions, for those with a new status, and once a day for four months again."""
        token = self._token(context)
        yield from pages.asked(
            SWEEPS, context, cursor, partial(self._page, context, token), zone=ZONE
        )

    def _token(self, context: SourceContext) -> str:
        client_id = asking.setting(context, "client_id")
        form = {"grant_type": "client_credentials", "client_id": client_id, "scope": "statistics"}
        answer = context.calls().request(
            "POST",
            f"{asking.api_url(context)}/token/",
            headers={"content-type": "application/x-www-form-urlencoded"},
            body=urlencode(form).encode(),
            basic=(client_id, context.secret("client_secret")),
        )
        try:
            told = asking.accepted_json(answer, self.title)
            return reading.text(told, "access_token", length_max=4_000)
        except reading.Misread:
            raise SourceFailed("Admitad gave no token.") from None

    def _page(
        self, context: SourceContext, token: str, window: windows.Window, page: int | None
    ) -> tuple[list[Message], int | None]:
        """Return a page as a message, if it tells anything, and where the next one begins."""
        date = window.sweep.name.split()[0]
        offset = page or 0
        answer = context.calls().request(
            "GET",
            f"{asking.api_url(context)}/statistics/actions/",
            params=(
                (f"{date}_start", window.start.astimezone(ZONE).strftime(DAY)),
                (f"{date}_end", window.last.astimezone(ZONE).strftime(DAY)),
                ("order_by", "datetime"),
                ("limit", str(PAGE_SIZE)),
                ("offset", str(offset)),
            ),
            headers={"authorization": f"Bearer {token}"},
        )
        told = asking.accepted_json(answer, self.title)
        found = pages.listed(told, "results", self.title)
        try:
            count = reading.whole(told, "_meta.count")
        except reading.Misread as error:
            raise SourceFailed(f"Admitad answered something else: {error.sentence}") from None
        following = offset + len(found)
        messages = [Message(answer.body, "actions")] if found else []
        return messages, following if found and following < count else None

    # ---- reading ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each action."""
        told = reading.mapping(reading.read_json(message.body), "The answer")
        return rows.each(reading.sequence(told.get("results"), "“results”"), self._piece)

    def _piece(self, row: Mapping[str, Any]) -> Piece:
        positions = [
            pages.picked(reading.mapping(position, "A position"), POSITION_FIELDS)
            for position in reading.sequence(row.get("positions"), "“positions”")
        ]
        changed = "status_updated" if row.get("status_updated") else "action_date"
        status = self.vocabulary.statuses.get(str(row.get("status")))
        decided = 2 * (status is not Validation.PENDING) + 2 * (status is Validation.DECLINED)
        return Piece(
            reading.text(row, "action_id" if row.get("action_id") else "id", length_max=100),
            "action",
            {**pages.picked(row, FIELDS), "positions": positions},
            reading.moment(row.get(changed), changed, ZONE).utc,
            decided + int(reading.whole(row, "paid", default=0) == 1),
        )

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return how the action stands."""
        told = pieces["action"]
        word = reading.text(told, "status")
        code = reading.text(told, "promocode", default="")
        clicked_at = told.get("click_date")
        return PurchaseReport(
            order_ref=reading.text(told, "order_id", default="", length_max=100),
            merchant=reading.text(told, "advcampaign_id"),
            occurred_at=reading.moment(told.get("action_date"), "action_date", ZONE),
            currency=reading.text(told, "currency", length_max=3),
            lines=_lines(told),
            commission=reading.decimal(told, "payment", default=Decimal(0)),
            status=self.vocabulary.status(word),
            native_status=word,
            paid=reading.whole(told, "paid", default=0) == 1,
            traces=[
                *rows.click_trace(reading.text(told, "subid", default="")),
                *([TraceFound(Trace.PROMO_CODE, code)] if code else []),
            ],
            clicked_at=reading.moment(clicked_at, "click_date", ZONE) if clicked_at else None,
            coupon_codes=[code] if code else [],
            updated_at=reading.moment(told["status_updated"], "status_updated", ZONE).utc
            if "status_updated" in told
            else None,
        )

    # ---- links ----

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead to the target by the tracking link of its shop, with the click as subid."""
        base = links.number_of(link, context).removeprefix("https://").rstrip("/?")
        if "/" not in base:
            base = f"ad.admitad.com/g/{base}"
        return f"https://{base}/?subid={links.quoted(link.click)}&ulp={links.quoted(link.target)}"


def _lines(told: Mapping[str, Any]) -> list[ReportLine]:
    """Return the positions where they make up the cart, or where no cart is told; else one line of all of it."""
    positions = reading.sequence(told.get("positions"), "“positions”")
    lines = [
        ReportLine(
            number,
            reading.text(position, "product_id", default=""),
            1,
            reading.decimal(position, "amount", default=Decimal(0)),
            category=reading.text(position, "product_category_name", default=""),
        )
        for number, position in enumerate(positions, 1)
    ]
    total = sum((line.amount for line in lines), Decimal(0))
    cart = reading.decimal(told, "cart", default=total)
    if lines and total == cart and all(line.amount >= 0 for line in lines):
        return lines
    return rows.whole_order(cart)


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Admitad."""
    return [Admitad()]
