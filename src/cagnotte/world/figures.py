"""The figures of the report, read from the database as it stands after the story."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.journeys import check_books
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger.checks import Finding
from cagnotte.ledger.selectors import KindBalance
from cagnotte.platform.sql import load

SQL = load("world")


class MonthFigures(NamedTuple):
    """A month's purchases as they stand now; amounts in minor units."""

    month: str
    purchases: int
    confirmed: int
    declined: int
    pending: int
    sales_minor: int
    reward_minor: int
    released_minor: int


class FunderFigures(NamedTuple):
    """What a funder owes (C), and how it is shared: members (R), shop (S), programme (M); minor units."""

    kind: str
    name: str
    purchases: int
    commission_minor: int
    reward_minor: int
    share_minor: int
    margin_minor: int


class OfferFigures(NamedTuple):
    """What an offer gave; in minor units."""

    ref: str
    name: str
    purchases: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class PayoutFile:
    """A bank file that was made."""

    path: Path
    count: int
    total_minor: int
    execution_on: date


@dataclass(frozen=True, slots=True)
class Figures:
    """All the figures of the report."""

    months: list[MonthFigures]
    lines: int
    funders: list[FunderFigures]
    offers: list[OfferFigures]
    balances: list[KindBalance]
    payout_files: list[PayoutFile]
    telling_order: str | None
    findings: list[Finding]


def read(connection: psycopg.Connection[Any], programme_id: UUID) -> Figures:
    """Read everything, the checks of the books included; changes nothing."""
    key = {"programme_id": programme_id}

    def rows(query: Any) -> list[tuple[Any, ...]]:
        return connection.execute(query, key).fetchall()

    telling = rows(SQL.telling_purchase)
    return Figures(
        months=[MonthFigures(*row) for row in rows(SQL.months)],
        lines=rows(SQL.lines)[0][0],
        funders=[FunderFigures(*row) for row in rows(SQL.funders)],
        offers=[OfferFigures(*row) for row in rows(SQL.offers)],
        balances=ledger.balances_by_kind(connection, programme_id),
        payout_files=[PayoutFile(Path(path), *rest) for path, *rest in rows(SQL.payout_files)],
        telling_order=telling[0][0] if telling else None,
        findings=check_books.verify(connection),
    )
