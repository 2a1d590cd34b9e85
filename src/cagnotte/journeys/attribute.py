"""Whose an order is: its traces lead to candidates, the contract of its shop says how they are weighed."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from cagnotte.domain import attribution as rules
from cagnotte.domain.attribution import Attribution, Candidate, Trace, Unattributed
from cagnotte.domain.errors import NotFound
from cagnotte.hooks.sources import TraceFound
from cagnotte.journeys.new_purchases import MemberRow
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.sql import load
from cagnotte.tracking import selectors as tracking

Connection = psycopg.Connection[Any]
SQL = load("inbox")

Data = dict[str, Any]
"""An attribution as JSON: wallet, kind, ref, clicked_at; or reason; with what was passed over, and at what time."""


class Seeker(NamedTuple):
    """An order whose member is sought: its traces, when it was, and our reference of the shop."""

    traces: Sequence[TraceFound]
    occurred_at: datetime
    merchant: str


def attribute(
    connection: Connection, run: ProgrammeRun, seekers: Sequence[Seeker]
) -> list[Attribution | Unattributed]:
    """Say of each order whose it is, or why it is nobody's, by its shop's contract on its day. One query for all.

    Nothing is written. A trace that contradicts itself, such as a click without its moment, leads to nobody.
    """
    if not seekers:
        return []
    book = run.rules_at()
    found = tracking.candidates(
        connection,
        run.id,
        [
            tracking.Sought(
                number, seeker.traces, seeker.occurred_at, run.parties["merchant", seeker.merchant]
            )
            for number, seeker in enumerate(seekers)
        ],
    )
    return [
        rules.choose(
            _complete(found.get(number, ())),
            seeker.occurred_at,
            book.attribution_policy(
                seeker.merchant, seeker.occurred_at.astimezone(run.zone).date()
            ),
        )
        for number, seeker in enumerate(seekers)
    ]


def _complete(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Leave out clicks and receipts that lead to a member, but of which nobody knows when they were."""
    timed = (Trace.CLICK, Trace.RECEIPT)
    return [
        one
        for one in candidates
        if one.at is not None or one.wallet_id is None or one.kind not in timed
    ]


def data_of(found: Attribution | Unattributed, *, now: datetime) -> Data:
    """Return an attribution as it is kept with its order."""
    passed_over = [[ref, reason.value] for ref, reason in found.passed_over]
    if isinstance(found, Unattributed):
        return {
            "reason": found.reason.value,
            "passed_over": passed_over,
            "at": now.isoformat(),
        }
    return {
        "wallet": str(found.wallet_id),
        "kind": found.kind.value,
        "ref": found.ref,
        "clicked_at": found.clicked_at.isoformat() if found.clicked_at else None,
        "passed_over": passed_over,
        "at": now.isoformat(),
    }


SENTENCES: Mapping[str, str] = {
    "ambiguous": "What the order tells of its buyer leads to different members.",
    "member_closed": "The account of the member it leads to is closed.",
    "member_blocked": "The member it leads to is blocked.",
    "stood_down": "Another publisher had brought the visitor to the shop shortly before the click.",
    "outside_window": "The click was too long before the order, or the receipt came too long after it.",
    "after_purchase": "The click came after the order.",
    "unknown_member": "The number, card, code or address it tells is nobody's here.",
    "kind_not_accepted": "The contract of the shop does not accept what the order tells of its buyer.",
    "earlier_click": "A later click decided.",
    "lower_kind": "Something else that the order tells decided.",
    "no_candidate": "The order tells nothing of its buyer that could lead to a member.",
}
"""Why an order is nobody's, by the reason nearest to success."""


def members_of(
    connection: Connection, wanted: Mapping[UUID, str]
) -> dict[UUID, tuple[str, MemberRow]]:
    """Return the member of each wallet (wallet → the number of the one to be preferred, "" for any), with their number.

    Where a wallet has several members, the one named is meant, else the one who joined first.
    """
    if not wanted:
        return {}
    found: dict[UUID, tuple[str, MemberRow]] = {}
    rows = connection.execute(SQL.members_of, {"wallet_ids": list(wanted)})
    for wallet, ref, member, bucket, segments in rows:
        if wallet not in found or ref == wanted[wallet]:
            found[wallet] = (ref, MemberRow(wallet, member, bucket, frozenset(segments)))
    return found


def wallet_of(connection: Connection, programme_id: UUID, member: str) -> UUID:
    """Return the wallet of a member by their number. Raises NotFound."""
    values = {"programme_id": programme_id, "refs": [member]}
    row = connection.execute(load("ingest").members, values).fetchone()
    if row is None:
        raise NotFound(f"No member has the number “{member}”.", member=member)
    wallet_id: UUID = row[1]
    return wallet_id


class Said(NamedTuple):
    """A person's word on whose an order is. member: their number."""

    wallet_id: UUID
    member: str
    by: str
    at: datetime


def assign(connection: Connection, order_id: UUID, said: Said) -> None:
    """Note a person's word on whose an order is, which is locked; it is due then."""
    data: Data = {
        "wallet": str(said.wallet_id),
        "kind": "person",
        "ref": said.member,
        "member": said.member,
        "clicked_at": None,
        "passed_over": [],
        "by": said.by,
        "at": said.at.isoformat(),
    }
    values = {"id": order_id, "wallet_id": said.wallet_id, "attribution": Jsonb(data)}
    connection.execute(SQL.assign, values)
