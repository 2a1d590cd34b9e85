"""Kwanko, by its API, and by the web service of NetAffiliation that it had before (`netaffiliation`).

The API: `GET https://api.kwanko.com/publishers/conversions`, JSON, asked for by the time of conversion (ISO 8601 with
offset); times are seconds since 1970, amounts numbers in major units. A conversion is known by its campaign and its own
number. Neither pages nor the shop's order number are known of. Format: from public clients of the API.

The sub-id `argsite`, and the Conversion Track that calls an address of ours, are described by the help desk for
publishers, helpdesk-publisher.kwanko.com.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, netaffiliation, windows
from cagnotte.extras.sources.networks.links import number_of, quoted, shops_setting
from cagnotte.extras.sources.networks.rows import click_trace, each, whole_order
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Incoming,
    Link,
    Message,
    Moment,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Reception,
    Setting,
    SourceContext,
    SourceKind,
    SourcePlugin,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

SWEEPS = (
    windows.Sweep("completed again", 31, 120, every_hours=24, history=False),
    windows.Sweep("completed", 31, 2),
)
"""There is no date of the last change: approvals are seen by asking again."""

LEGACY_FIELDS = (
    "idcampagne",
    "id",
    "gains",
    "montant",
    "monnaie",
    "etat",
    "date",
    "argsite",
    "argann",
)
LETTERS = ("a", "v", "r")
FETCHED_DAYS = 3


class Kwanko(SourcePlugin):
    """Orders told by Kwanko; see the module."""

    name = "kwanko"
    title = "Kwanko"
    kind = SourceKind.NETWORK
    proof = Proof.SECONDARY
    settings = (
        shops_setting("the `mclic` of your tracking link"),
        Setting("token", "Of the API; not needed with a login.", secret=True, default=""),
        Setting("login", "Of the older web services; empty = the API.", default=""),
        Setting(
            "password", "Of the older web services, not of the platform.", secret=True, default=""
        ),
        asking.HISTORY,
        Setting("api_url", "The address of the API.", default="https://api.kwanko.com"),
        Setting(
            "legacy_url",
            "The address of the older web service.",
            default="https://stat.netaffiliation.com/requete.php",
        ),
    )
    vocabulary = Vocabulary(
        {
            "pending_approval": Validation.PENDING,
            "approved": Validation.CONFIRMED,
            "rejected": Validation.DECLINED,
            "a": Validation.PENDING,
            "v": Validation.CONFIRMED,
            "r": Validation.DECLINED,
        }
    )
    pace = Pace(30, 60)
    polls = True
    receives = True
    click_length_max = 255

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask by the time of conversion, again and again for four months."""
        history = asking.history_days(context)
        for window in windows.walk(
            SWEEPS, context.now, cursor, history_days=history, zone=context.zone
        ):
            messages = self._ask(context, window.start, window.last)
            yield Polled(messages, window.cursor(None))

    def fetch(self, context: SourceContext, object_id: str) -> Sequence[Message]:
        """Ask for the conversions of the last days: none can be asked for alone."""
        now = context.now.astimezone(context.zone)
        return self._ask(context, now - timedelta(days=FETCHED_DAYS), now)

    def _ask(self, context: SourceContext, start: datetime, last: datetime) -> list[Message]:
        """Ask for the conversions of a span, both ends counted in."""
        if context.settings.get("login"):
            return self._ask_legacy(context, start, last)
        span = start.isoformat(timespec="seconds"), last.isoformat(timespec="seconds")
        answer = context.calls().request(
            "GET",
            f"{asking.api_url(context)}/publishers/conversions",
            params=[
                ("columns", "ALL"),
                ("completion_date_from", span[0]),
                ("completion_date_to", span[1]),
            ],
            headers={
                "Authorization": f"Bearer {context.secret('token')}",
                "Accept": "application/json",
            },
        )
        told = asking.accepted_json(answer, self.title)
        rows = told.get("conversions") if isinstance(told, Mapping) else None
        found = asking.listed(rows, self.title)
        return [Message(answer.body, "conversions {}/{}".format(*span))] if found else []

    def _ask_legacy(self, context: SourceContext, start: datetime, last: datetime) -> list[Message]:
        days = start.date().isoformat(), last.date().isoformat()
        answer = context.calls().request(
            "GET",
            asking.setting(context, "legacy_url"),
            params=[
                ("authl", context.settings["login"]),
                ("authv", context.secret("password")),
                ("champs", ",".join(netaffiliation.FIELDS)),
                ("etat", "var"),
                ("debut", days[0]),
                ("fin", days[1]),
            ],
        )
        body = asking.accepted(answer, self.title)
        netaffiliation.check(body)
        return [Message(body, "requete {}/{}".format(*days))] if b";" in body else []

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Take the numbers of the conversion as a hint: calls are unsigned, and come once."""
        told = {name: values[0] for name, values in parse_qs(incoming.query).items()}
        campaign, number = reading.text(told, "campaign"), reading.text(told, "id")
        return Reception(wanted=[_object_id(campaign, number)], answer="OK")

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return how each conversion stands, whichever way it was asked for."""
        if netaffiliation.speaks(message.body):
            return each(netaffiliation.rows(message.body), _legacy_piece)
        told = reading.dig(reading.read_json(message.body), "conversions")
        return each(reading.sequence(told, "“conversions”"), _piece)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order as its conversion was told last."""
        told = pieces["conversion"]
        native = reading.text(told, "state")
        return PurchaseReport(
            order_ref=reading.text(told, "order_ref", default="", length_max=100),
            occurred_at=_occurred_at(told, context),
            currency=reading.text(told, "currency", length_max=3),
            lines=whole_order(reading.decimal(told, "amount")),
            merchant=reading.text(told, "campaign"),
            commission=reading.decimal(told, "commission"),
            commission_currency=reading.text(told, "commission_currency", default="", length_max=3),
            status=self.vocabulary.status(native),
            native_status=native,
            traces=click_trace(reading.text(told, "click", default="")),
        )

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead through action.metaffiliation.com with the click as `argsite`."""
        return (
            f"https://action.metaffiliation.com/trk.php?mclic={quoted(number_of(link, context))}"
            f"&argsite={quoted(link.click)}&redir={quoted(link.target)}"
        )


def _object_id(campaign: str, number: str) -> str:
    return f"{campaign}-{number}"


def _legacy_piece(row: Mapping[str, Any]) -> Read:
    data = netaffiliation.conversion(row)
    return Piece(_object_id(data["campaign"], data["id"]), "conversion", data)


def _piece(row: Any) -> Read:
    campaign = reading.text(row, "campaign.id")
    websites = reading.sequence(row.get("websites_per_language"), "websites_per_language")
    earnings = [reading.decimal(website, "earnings.value") for website in websites]
    currencies = {reading.text(website, "earnings.currency", length_max=3) for website in websites}
    if len(currencies) != 1:
        raise reading.Misread("The earnings are in no currency, or in several.")
    # Without sub-ids PHP writes an empty list where an object stands otherwise.
    clicks = [
        reading.text(website, "argsites.argsite", default="")
        for website in websites
        if website.get("argsites")
    ]
    data = {
        "campaign": campaign,
        "state": reading.text(row, "state"),
        "completed_at": reading.whole(row, "completed_at_timestamp"),
        "amount": reading.decimal(row, "turnover.value", default=Decimal(0)),
        "currency": reading.text(row, "turnover.currency", length_max=3),
        "commission": sum(earnings, Decimal(0)),
        "commission_currency": currencies.pop(),
        "click": next((click for click in clicks if click), ""),
    }
    number = reading.text(row, "kwanko_id")
    return Piece(_object_id(campaign, number), "conversion", reading.plain(data))


def _occurred_at(told: Mapping[str, Any], context: SourceContext) -> Moment:
    if "completed_at" in told:
        return reading.unix_moment(told["completed_at"], "completed_at_timestamp")
    return netaffiliation.moment(reading.text(told, "date"), context.zone)


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Kwanko."""
    return [Kwanko()]
