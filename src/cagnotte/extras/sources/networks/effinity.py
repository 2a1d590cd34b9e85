"""Effinity (Effiliation), by its web service: a CSV of transactions with the names of its columns.

`GET https://apiv2.effiliation.com/apiv2/transaction.csv`, by whole days of the transaction (`type=datetran`), fields
between vertical bars, in Latin-1. A wrong key is answered with status 200 and “bad credentials !”. Amounts are in major
units, of a currency that is not told; times have no offset. There is no date of the last change. Columns are found by
their names, for older accounts get fewer. Format: from public clients; the JSON and XML of the service are not read.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, windows
from cagnotte.extras.sources.networks.links import number_of, quoted, shops_setting
from cagnotte.extras.sources.networks.rows import click_trace, each, whole_order
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

DAY = "%d/%m/%Y"

SWEEPS = (
    windows.Sweep("datetran again", 30, 120, every_hours=24, history=False),
    windows.Sweep("datetran", 30, 2),
)

NEEDED = ("id_transaction", "id_programme", "montant", "commission", "statut", "date")
OPTIONAL = ("datetran", "dateclic", "effi_id", "ref", "payed")

PAID = {"1": True, "oui": True, "0": False, "non": False}
FORMS = ("%d/%m/%Y %H:%M:%S", "%d/%m/%Y")
BAD_CREDENTIALS = b"bad credentials"


class Effinity(SourcePlugin):
    """Orders told by Effinity; see the module."""

    name = "effinity"
    title = "Effinity"
    kind = SourceKind.NETWORK
    proof = Proof.SECONDARY
    settings = (
        shops_setting("the `id_compteur` of your link"),
        Setting("currency", "The currency of all amounts.", default="EUR"),
        Setting("key", "Of the web services, from your account.", secret=True),
        asking.HISTORY,
        Setting("api_url", "The address of the service.", default="https://apiv2.effiliation.com"),
    )
    vocabulary = Vocabulary(
        {
            "Attente": Validation.PENDING,
            "Valide": Validation.CONFIRMED,
            "Validé": Validation.CONFIRMED,
            "Refusé": Validation.DECLINED,
            "Refuse": Validation.DECLINED,
        }
    )
    pace = Pace(10, 60)
    polls = True
    click_length_max = 50

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask by the day of the transaction, again and again for four months."""
        history = asking.history_days(context)
        for window in windows.walk(
            SWEEPS, context.now, cursor, history_days=history, zone=context.zone
        ):
            days = window.start.strftime(DAY), window.last.strftime(DAY)
            answer = context.calls().request(
                "GET",
                f"{asking.api_url(context)}/apiv2/transaction.csv",
                params=[
                    ("key", context.secret("key")),
                    ("start", days[0]),
                    ("end", days[1]),
                    ("type", "datetran"),
                    ("all", "yes"),
                ],
            )
            messages = self._messages(asking.accepted(answer, self.title), days)
            yield Polled(messages, window.cursor(None))

    def _messages(self, body: bytes, days: tuple[str, str]) -> list[Message]:
        if body.strip().lower().startswith(BAD_CREDENTIALS):
            raise SourceFailed(f"{self.title} does not accept the key.")
        try:
            rows = list(_rows(body))
        except reading.Misread as error:
            raise SourceFailed(f"{self.title} answered something else: {error.sentence}") from None
        return [Message(body, "datetran {}-{}".format(*days))] if rows else []

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return how each transaction stands."""
        return each(_rows(message.body), _piece)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order as its transaction was told last."""
        told = pieces["transaction"]
        native = reading.text(told, "statut")
        date = "datetran" if told.get("datetran") else "date"
        clicked = told.get("dateclic")
        return PurchaseReport(
            order_ref=reading.text(told, "ref", default="", length_max=100),
            occurred_at=_moment(told.get(date), date, context),
            currency=asking.setting(context, "currency"),
            lines=whole_order(_amount(told, "montant")),
            merchant=reading.text(told, "id_programme"),
            commission=_amount(told, "commission"),
            status=self.vocabulary.status(native),
            native_status=native,
            paid=_paid(reading.text(told, "payed", default="")),
            traces=click_trace(reading.text(told, "effi_id", default="")),
            clicked_at=_moment(clicked, "dateclic", context) if clicked else None,
        )

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead through track.effiliation.com with the click as `effi_id`."""
        return (
            "https://track.effiliation.com/servlet/effi.redir"
            f"?id_compteur={quoted(number_of(link, context))}"
            f"&effi_id={quoted(link.click)}&url={quoted(link.target)}"
        )


def _rows(body: bytes) -> Iterator[dict[str, str]]:
    """Yield the rows by the names of their columns. Raises Misread when a needed column is missing."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = body.decode("latin-1")
    lines = csv.reader(io.StringIO(text, newline=""), delimiter="|")
    try:
        header = [name.strip().lower() for name in next(lines, [])]
        missing = [name for name in NEEDED if name not in header]
        if missing:
            raise reading.Misread(f"There is no column “{missing[0]}”.")
        for fields in lines:
            if fields:
                yield dict(zip(header, fields, strict=False))
    except csv.Error as error:
        raise reading.Misread(f"The CSV cannot be read: {error}.") from None


def _piece(row: Mapping[str, Any]) -> Read:
    kept = {name: row[name].strip() for name in (*NEEDED, *OPTIONAL) if row.get(name)}
    return Piece(reading.text(kept, "id_transaction", length_max=100), "transaction", kept)


def _amount(told: Mapping[str, Any], field: str) -> Decimal:
    """Return an amount, also with a comma."""
    return reading.exact(reading.text(told, field).replace(",", "."), field)


def _moment(value: Any, what: str, context: SourceContext) -> Moment:
    """Return a time, day first or year first; a day alone begins at midnight."""
    written = reading.text({what: value}, what)
    if "/" not in written:
        return reading.moment(written, what, context.zone)
    form = FORMS[":" not in written]
    return reading.moment(written, what, context.zone, form=form)


def _paid(word: str) -> bool | None:
    """Return whether the network has paid; None where it does not say so in a word that is known."""
    return PAID.get(word.lower())


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring Effinity."""
    return [Effinity()]
