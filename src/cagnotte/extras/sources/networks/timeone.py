"""TimeOne (Publicidées), by its SubID API: actions as attributes in XML.

`GET http://api.publicidees.com/subid.php5`, by whole days of the action (`td=a`) or of its validation (`td=v`), three
calls in fifteen minutes. Errors are sentences with status 200. Times have no offset; commissions have three decimals;
sub-ids come encoded as in an address. `s=3` tells the actions for which TimeOne has called for an invoice. Format:
“API SubID GuideLines” of TimeOne; the sentences of errors from public clients.
"""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import unquote_plus

from lxml import etree

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, windows
from cagnotte.extras.sources.networks.links import number_of, quoted, shops_setting
from cagnotte.extras.sources.networks.rows import click_trace, each, whole_order
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
    SourceBusy,
    SourceContext,
    SourceFailed,
    SourceKind,
    SourcePlugin,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

LIMIT_SECONDS = 900

BILLED = windows.Sweep("billed", 90, 90, every_hours=24)
SWEEPS = (
    windows.Sweep("action again", 90, 120, every_hours=24, history=False),
    windows.Sweep("action", 90, 1),
    windows.Sweep("validation", 90, 1),
)

ASKED = {
    "action": (("td", "a"),),
    "validation": (("td", "v"),),
    "billed": (("td", "v"), ("s", "3")),
}
"""By the first word of a sweep, what is asked for beside the days."""

FIELDS = (
    "SubID", "ActionDate", "ActionStatus", "ActionType", "ActionCommission", "CartAmount", "ProgramCurrency",
)  # fmt: skip


class TimeOne(SourcePlugin):
    """Orders told by TimeOne; see the module."""

    name = "timeone"
    title = "TimeOne"
    kind = SourceKind.NETWORK
    proof = Proof.OFFICIAL
    settings = (
        Setting("partner_id", "The number of your site (PARTID)."),
        shops_setting("TimeOne's number of the programme (PROGID)"),
        Setting("key", "The secure key of your site.", secret=True),
        Setting(
            "billed_is_paid",
            "Whether a sale for which TimeOne calls for an invoice counts as paid: yes or no.",
            default="yes",
        ),
        asking.HISTORY,
        Setting(
            "api_url",
            "The address of the API, which has no TLS.",
            default="http://api.publicidees.com",
        ),
    )
    vocabulary = Vocabulary(
        {"0": Validation.DECLINED, "1": Validation.PENDING, "2": Validation.CONFIRMED}
    )
    pace = Pace(3, LIMIT_SECONDS)
    polls = True
    click_length_max = 255

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask by the day of the action and of its validation, and once a day for what is billed."""
        history = asking.history_days(context)
        sweeps = (*SWEEPS, BILLED) if context.settings.get("billed_is_paid") == "yes" else SWEEPS
        for window in windows.walk(
            sweeps, context.now, cursor, history_days=history, zone=context.zone
        ):
            first, last = window.start.date().isoformat(), window.last.date().isoformat()
            kind = window.sweep.name.split()[0]
            answer = context.calls().request(
                "GET",
                f"{asking.api_url(context)}/subid.php5",
                params=[
                    ("p", asking.setting(context, "partner_id")),
                    ("k", context.secret("key")),
                    ("dd", first),
                    ("df", last),
                    *ASKED[kind],
                ],
            )
            body = asking.accepted(answer, self.title)
            found = [Message(body, f"{kind} {first}/{last}")] if self._told(body) else []
            yield Polled(found, window.cursor(None))

    def _told(self, body: bytes) -> list[dict[str, str]]:
        """Return the actions of an answer. Raises SourceBusy and SourceFailed for its sentences."""
        if b"reached the limit" in body:
            raise SourceBusy(
                f"{self.title} was asked three times in a quarter of an hour.",
                retry_after_seconds=LIMIT_SECONDS,
            )
        if body.lstrip().startswith(b"Wrong information"):
            raise SourceFailed(f"{self.title} does not accept the number of the site or the key.")
        try:
            return _actions(body)
        except reading.Misread as error:
            raise SourceFailed(f"{self.title} answered something else: {error.sentence}") from None

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return how each action stands; of those that are billed, that they are."""
        billed = message.topic.startswith("billed")
        return each(_actions(message.body), _billed if billed else _piece)

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the order as its action was told last, and whether it is billed."""
        told = pieces.get("action")
        if told is None:
            return Waiting("no_action", "The action that is billed has not been told yet.")
        native = reading.text(told, "ActionStatus")
        settled = context.settings.get("billed_is_paid") == "yes"
        return PurchaseReport(
            order_ref=reading.text(told, "id", length_max=100),
            occurred_at=reading.moment(told.get("ActionDate"), "ActionDate", context.zone),
            currency=reading.text(told, "ProgramCurrency", length_max=3),
            lines=whole_order(reading.decimal(told, "CartAmount", default=Decimal(0))),
            merchant=reading.text(told, "program"),
            commission=reading.decimal(told, "ActionCommission"),
            status=self.vocabulary.status(native),
            native_status=native,
            paid="billed" in pieces if settled else None,
            traces=click_trace(unquote_plus(reading.text(told, "SubID", default=""))),
        )

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead through tracking.publicidees.com with the click as `cb`."""
        return (
            f"https://tracking.publicidees.com/clic.php?progid={quoted(number_of(link, context))}"
            f"&partid={quoted(asking.setting(context, 'partner_id'))}"
            f"&cb={quoted(link.click)}&dpl={quoted(link.target)}"
        )


def _actions(body: bytes) -> list[dict[str, str]]:
    """Return the attributes of all actions, each with the number of its programme. Raises Misread."""
    root = None if b"<!DOCTYPE" in body else _parsed(body)
    if root is None or root.tag != "partner":
        raise reading.Misread("The message is not the XML of a partner.")
    return [
        {**{str(name): str(value) for name, value in action.attrib.items()}, "program": number}
        for program in root.iterfind("program")
        for number in [str(program.get("id", ""))]
        for action in program.iterfind("action")
    ]


def _parsed(body: bytes) -> Any:
    """Return the root, None for what is no XML. Without a declaration, names of programmes may be in Latin-1."""
    for encoding in (None, "iso-8859-1"):
        parser = etree.XMLParser(
            encoding=encoding, resolve_entities=False, no_network=True, load_dtd=False
        )
        try:
            return etree.fromstring(body.strip(), parser)
        except (etree.XMLSyntaxError, ValueError):
            continue
    return None


def _object_id(row: Mapping[str, Any]) -> str:
    return f"{reading.text(row, 'program')}:{reading.text(row, 'id', length_max=100)}"


def _piece(row: Mapping[str, Any]) -> Read:
    kept = {name: row[name] for name in ("id", "program", *FIELDS) if row.get(name)}
    return Piece(_object_id(row), "action", kept)


def _billed(row: Mapping[str, Any]) -> Read:
    return Piece(_object_id(row), "billed", {"billed": True})


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring TimeOne."""
    return [TimeOne()]
