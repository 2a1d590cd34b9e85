"""Returns that a file appends without naming their order: the order is found by member, shop, article and price.

Each article of such a return is looked for by itself, since what comes back at once may have been bought on several
days. Once found it is in the set of its order like any other return (`appended_returns`), with the rule that found it;
before, it waits.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.contracts import FunderKind
from cagnotte.domain.errors import InvalidRow
from cagnotte.domain.ids import named_id
from cagnotte.domain.purchases import Line, Purchase, Returned
from cagnotte.domain.refunds import CLOCK_TOLERANCE, RULE_VERSION, Bought, CameBack, Fit
from cagnotte.domain.refunds import find as find_purchase
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.sql import load
from cagnotte.purchases import selectors
from cagnotte.purchases.return_reports import ReturnReport, Sought
from cagnotte.purchases.services import KeptReturn

Connection = psycopg.Connection[Any]
RETURNS = load("returns")

WINDOW_DAYS = 365
"""How long something may come back where no contract of the shop says so."""
WINDOW_DAYS_MAX = 730
RETURNS_AT_ONCE = 500

Place = tuple[str, int]
"""An order, as its source calls it, and the number of one of its lines."""


# ---- kept ----


def check(run: ProgrammeRun, report: ReturnReport) -> None:
    """Refuse a return that names neither order nor a shop or article of ours. Raises InvalidRow."""
    if report.sought is None:
        return
    if ("merchant", report.sought.merchant) not in run.parties:
        raise InvalidRow(
            "unknown_merchant", f"The programme has no merchant “{report.sought.merchant}”."
        )
    if not all(item.sku and item.amount_minor for item in report.items):
        raise InvalidRow(
            "missing_field",
            "A return that names no order needs the article and its price, by which the order can be found.",
            field="sku",
        )


def kept(
    run: ProgrammeRun, row_id: UUID, key: str, report: ReturnReport, sought: Sought
) -> list[KeptReturn]:
    """Return a return's articles as returns of their own, each with what leads to its order."""
    told = orjson.dumps(
        {
            "member": sought.member,
            "merchant": sought.merchant,
            "merchant_id": str(run.parties["merchant", sought.merchant]),
            "at": sought.at.isoformat(),
        }
    ).decode()
    return [
        KeptReturn(
            row_id if number == 1 else named_id("part of a return", row_id, number),
            part_key(key, number),
            orjson.dumps([tuple(item)]).decode(),
            told,
        )
        for number, item in enumerate(report.items, 1)
    ]


def part_key(key: str, number: int) -> str:
    """Return what one article of a return is known by, whichever order it is found to be of."""
    return f"{key}/{number}"


# ---- found ----


def find_orders(connection: Connection, run: ProgrammeRun, source_id: UUID) -> list[str]:
    """Look for the orders of a source's returns that named none; return those found, which are to be looked at anew.

    Inside the caller's transaction, which keeps others from looking until it ends. What finds none goes on waiting.
    """
    connection.execute(RETURNS.lock_unnamed, {"source_id": source_id})
    looking = _Looking(connection, run)
    after = datetime.min.replace(tzinfo=UTC), UUID(int=0)
    found: set[str] = set()
    while rows := _candidates(connection, run, source_id, after):
        after = rows[-1][6], rows[-1][0]
        matches = looking.matches(rows)
        _write(connection, matches)
        found |= {match.place[0] for match in matches}
    return sorted(found)


def _candidates(
    connection: Connection, run: ProgrammeRun, source_id: UUID, after: tuple[datetime, UUID]
) -> list[tuple[Any, ...]]:
    return connection.execute(
        RETURNS.unnamed_candidates,
        {
            "programme_id": run.id,
            "source_id": source_id,
            "longest": timedelta(days=WINDOW_DAYS_MAX),
            "tolerance": CLOCK_TOLERANCE,
            "after": after[0],
            "after_id": after[1],
            "size": RETURNS_AT_ONCE,
        },
    ).fetchall()


class _Match(NamedTuple):
    id: UUID
    place: Place
    fit: Fit
    item: Returned


class _Looking:
    """Looks for orders one return after the other, and remembers what each took."""

    def __init__(self, connection: Connection, run: ProgrammeRun) -> None:
        self._connection = connection
        self._run = run
        self._known: dict[UUID, Purchase] = {}
        self._taken: dict[Place, tuple[int, int]] = {}

    def matches(self, rows: Sequence[tuple[Any, ...]]) -> list[_Match]:
        """Return the orders of those returns that have one."""
        self._known = selectors.latest_purchases(
            self._connection, sorted({row[3] for row in rows}), self._run.zone
        )
        found = [self.match(list(group)) for _, group in groupby(rows, key=itemgetter(0))]
        return [match for match in found if match is not None]

    def match(self, rows: Sequence[tuple[Any, ...]]) -> _Match | None:
        """Return the order of one return. rows: it, with each order it may be of."""
        return_id, items, sought = rows[0][:3]
        item = Returned(*items[0])
        at = datetime.fromisoformat(sought["at"])
        bought = [
            self._bought(native_id, line, bought_at)
            for _, _, _, purchase_id, native_id, bought_at, _ in rows
            for line in self._known[purchase_id].lines
            if line.sku == item.sku
        ]
        window = timedelta(days=_window_days(self._run, sought["merchant"], at))
        back = CameBack(at, item.amount_minor, item.quantity)
        found = find_purchase(back, bought, window=window)
        if found is None:
            return None
        minor, units = self._taken.get(found.key, (0, 0))
        self._taken[found.key] = minor + item.amount_minor, units + item.quantity
        return _Match(return_id, found.key, found.fit, item)

    def _bought(self, native_id: str, line: Line, at: datetime) -> Bought[Place]:
        place = (native_id, line.number)
        minor, units = self._taken.get(place, (0, 0))
        return Bought(
            place,
            at,
            line.amount_minor,
            line.amount_minor - line.returned_minor - minor,
            line.quantity,
            line.quantity - line.returned_quantity - units,
        )


def _window_days(run: ProgrammeRun, merchant: str, at: datetime) -> int:
    """Return how long after a purchase something may come back: as long as funder or member are followed."""
    rules, day = run.rules_at(), at.astimezone(run.zone).date()
    for kind in (FunderKind.MERCHANT, FunderKind.NETWORK):
        contract = rules.contract_of(kind, None, merchant, day)
        if contract is not None:
            return min(
                max(contract.funder_refund_days, contract.member_clawback_days), WINDOW_DAYS_MAX
            )
    return WINDOW_DAYS


def _write(connection: Connection, matches: Sequence[_Match]) -> None:
    if not matches:
        return
    connection.execute(
        RETURNS.name_returns,
        {
            "ids": [match.id for match in matches],
            "native_ids": [match.place[0] for match in matches],
            # The line is named from now on, so that the article goes where it was found.
            "items": [
                orjson.dumps([tuple(match.item._replace(number=match.place[1]))]).decode()
                for match in matches
            ],
            "found": [
                orjson.dumps({"fit": match.fit.value, "rules": RULE_VERSION}).decode()
                for match in matches
            ],
        },
    )
