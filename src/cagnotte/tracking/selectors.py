"""Questions to tracking: which members the traces of orders may lead to, and what was clicked."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row

from cagnotte.domain.attribution import Candidate, Standing, Trace
from cagnotte.domain.errors import InvalidInput
from cagnotte.hooks.sources import TraceFound
from cagnotte.identity import keys
from cagnotte.platform import sql
from cagnotte.tracking.models import Reporting
from cagnotte.tracking.promises import effect_told

Connection = psycopg.Connection[Any]

SQL = sql.load("tracking")

CLICK_DAYS_MAX = 400
"""How old a click may be that no source told of: longer than any window that a contract may have."""

HASH_SHOWN = 12
"""Letters of an address's hash that name it in an explanation; the address itself never does."""


class Sought(NamedTuple):
    """An order whose member is looked for.

    number: by which the caller knows it, its own among those asked together. occurred_at: when it was, aware.
    merchant_id: at which of our merchants.
    """

    number: int
    traces: Sequence[TraceFound]
    occurred_at: datetime
    merchant_id: UUID


def candidates(
    connection: Connection, programme_id: UUID, sought: Sequence[Sought]
) -> dict[int, list[Candidate]]:
    """Return what the traces of each order lead to, by the order's number, for `domain.attribution.choose`.

    A trace that leads to nobody is a candidate without a wallet; one that leads to several members is as many. A
    click counts at the merchant it went to alone; one that nobody had signed in for is the member's who claimed
    its visit. Where a source names the member, their last click at the merchant before the order is a candidate
    too. An order without traces has an empty list. One query, whatever the number of orders; nothing is locked.
    """
    found: dict[int, list[Candidate]] = {order.number: [] for order in sought}
    asked = [trace for order in sought for trace in _asked(order, found[order.number])]
    if not asked:
        return found
    numbers, kinds, told, kept, merchants, bought = map(list, zip(*asked, strict=True))
    facts = {
        "programme_id": programme_id,
        "numbers": numbers,
        "kinds": kinds,
        "told": told,
        "keys": kept,
        "merchants": merchants,
        "bought": bought,
        "days": CLICK_DAYS_MAX,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(SQL.candidates, facts)
        for number, kind, ref, wallet_id, at, closed, rival_at in cursor:
            standing = Standing.CLOSED if closed else Standing.OPEN
            found[number].append(Candidate(Trace(kind), ref, wallet_id, at, standing, rival_at))
    return found


_Asked = tuple[int, str, str, str, UUID, datetime]


def _asked(order: Sought, found: list[Candidate]) -> Iterator[_Asked]:
    """Give each trace of an order in the form it is looked for; one that can be nobody's is found at once."""
    for kind, value, _ in order.traces:
        try:
            kept, shown = _kept(kind, value, order.merchant_id)
        except InvalidInput:
            found.append(Candidate(kind, value[: keys.VALUE_LENGTH_MAX], None))
            continue
        yield order.number, kind.value, shown, kept, order.merchant_id, order.occurred_at


def _kept(kind: Trace, value: str, merchant_id: UUID) -> tuple[str, str]:
    """Return a trace as it is kept here, and as explanations show it. Raises InvalidInput."""
    match kind:
        case Trace.CLICK:
            return value.strip().lower(), value.strip()
        case Trace.MEMBER_NUMBER:
            return value.strip(), value.strip()
        case Trace.EMAIL:
            kept = keys.stored(kind, value)
            return kept, kept[:HASH_SHOWN]
    return keys.stored(kind, value, merchant_id), value.strip()


class ClickTold(NamedTuple):
    """A click as its member may see it.

    promised: in the words that the visitor read. effect: what was promised, as JSON; None where it was not kept.
    """

    ref: str
    merchant_id: UUID
    clicked_at: datetime
    offer_ref: str
    offer_version: int
    promised: str
    device: str
    origin: str
    effect: str | None = None

    def promised_in(self, currency: str) -> str:
        """Say in the active language what was promised, where it is known as more than words."""
        return effect_told(self.effect, currency) if self.effect else self.promised


def clicks_of(
    connection: Connection, programme_id: UUID, wallet_id: UUID, *, since: datetime, count: int
) -> list[ClickTold]:
    """Return a member's last clicks since a moment, newest first; so many at most."""
    facts = {
        "programme_id": programme_id,
        "wallet_id": wallet_id,
        "since": since,
        "count": count,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        return [ClickTold(*row) for row in cursor.execute(SQL.clicks_of, facts)]


def was_measured(programme_id: UUID, *, since: datetime) -> bool:
    """Tell whether it was measured later than that how long any of a programme's merchants takes to report."""
    return Reporting.objects.filter(programme_id=programme_id, measured_at__gt=since).exists()


def reporting_days(connection: Connection, merchant_ids: Iterable[UUID]) -> dict[UUID, int]:
    """Return within how many days merchants' purchases come to be known; those never measured are absent."""
    with connection.cursor(row_factory=tuple_row) as cursor:
        return dict(cursor.execute(SQL.reporting_days, {"merchant_ids": list(merchant_ids)}))
