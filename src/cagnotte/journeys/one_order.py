"""One order told by several sources earns once: found by rules, or decided by a person where these leave a doubt.

What is known of two orders is a link: the same, in doubt, or distinct. What the rules found the same stays the same
when amounts change later; a doubt is looked at again each time; what a person decided only a person changes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.domain.purchases import Validation
from cagnotte.domain.sightings import (
    Likeness,
    Place,
    Seen,
    Sighting,
    Verdict,
    compare,
    nearest,
    place,
)
from cagnotte.inbox import selectors as inbox
from cagnotte.inbox.models import Account, Order
from cagnotte.inbox.selectors import LinkRow, OrderRow
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.sql import load

Connection = psycopg.Connection[Any]
SQL = load("inbox")

IN_PLAY = (Order.State.STANDING, Order.State.UNATTRIBUTED, Order.State.DUPLICATE)
"""States of orders that can be the same as another."""

DOUBTS: Mapping[str, str] = {
    "amount_differs": "{source} tells of an order of this number, {order}, but of another amount.",
    "time_differs": "{source} tells of an order of this number, {order}, but at another time.",
    "other_member": "{source} tells of an order of this number, {order}, of another member.",
    "declined_elsewhere": "{source} tells of the same order, {order}; one says it is declined, the other confirmed.",
}
"""Why a person must decide, by reason."""

DUPLICATE = "{source} tells of the same order, {order}, and its word counts."


class Sought(NamedTuple):
    """An order of the account that is being settled, as it is compared, and its shop by our reference."""

    row: OrderRow
    sighting: Sighting
    merchant: str


@dataclass(slots=True)
class Matched:
    """What becomes of orders, by their ids.

    inherited: by orders whose own traces lead to nobody, another source's order that knows the member. step_down:
    orders that count and must make way, before anything else is done. newly_linked: orders about which something was
    found.
    """

    places: dict[UUID, Place] = field(default_factory=dict)
    sentences: dict[UUID, str] = field(default_factory=dict)
    inherited: dict[UUID, OrderRow] = field(default_factory=dict)
    step_down: list[OrderRow] = field(default_factory=list)
    newly_linked: set[UUID] = field(default_factory=set)
    found: dict[tuple[UUID, UUID], Likeness] = field(default_factory=dict)
    gone: list[tuple[UUID, UUID]] = field(default_factory=list)

    def write(self, connection: Connection, now: datetime) -> None:
        """Write what was found out about pairs of orders."""
        if self.found:
            write_links(connection, self.found, by="", now=now)
        if self.gone:
            order_ids, other_ids = map(list, zip(*self.gone, strict=True))
            connection.execute(SQL.drop_links, {"order_ids": order_ids, "other_ids": other_ids})


class Matching:
    """Compares orders of one source with those of a programme's others."""

    def __init__(
        self, connection: Connection, run: ProgrammeRun, accounts: Mapping[UUID, Account]
    ) -> None:
        self._connection = connection
        self._run = run
        self._accounts = accounts
        self._tolerance = inbox.tolerance_of(run.id)

    def match(self, account: Account, orders: Sequence[Sought]) -> Matched:
        """Say what becomes of orders of an account, given what the other accounts tell; nothing is written."""
        matched = Matched()
        if not orders or len(self._accounts) < 2:  # noqa: PLR2004 - one alone has nobody to be compared with
            matched.places = {order.row.id: Place() for order in orders}
            return matched
        sky = self._sky(account, orders)
        for order in sorted(orders, key=lambda one: (one.sighting.occurred_at, one.row.id)):
            self._compare(order, sky, matched)
            self._put_in_place(order, sky, matched)
        return matched

    def _sky(self, account: Account, orders: Sequence[Sought]) -> "_Sky":
        """Read all that may matter: links, orders that may be the same, and what those are linked with."""
        wishes = [
            inbox.Wish(
                order.merchant,
                order.sighting.order_key,
                order.sighting.wallet_id,
                order.sighting.occurred_at,
            )
            for order in orders
        ]
        alike: dict[UUID, list[UUID]] = {order.row.id: [] for order in orders}
        for number, other_id in inbox.orders_alike(
            self._connection, account, wishes, self._tolerance.time
        ):
            alike[orders[number].row.id].append(other_id)
        links: dict[UUID, dict[UUID, LinkRow]] = {order.row.id: {} for order in orders}
        for link in inbox.links_of(self._connection, links):
            links[link.order_id][link.other_id] = link
        wanted = {other for others in (*alike.values(), *links.values()) for other in others}
        others = inbox.orders_by_id(self._connection, wanted)
        taken = {
            link.order_id
            for link in inbox.links_of(self._connection, others)
            if link.other_account_id == account.id and link.verdict == Verdict.SAME
        }
        sightings = {
            row.id: seen for row in others.values() if (seen := self._sighting(row)) is not None
        }
        return _Sky(alike, links, others, sightings, taken)

    def _sighting(self, row: OrderRow) -> Sighting | None:
        """Return another source's order as it is compared; None while it is out of play."""
        in_play = row.counts or row.state in (*IN_PLAY, Order.State.DOUBTFUL)
        if row.occurred_at is None or not in_play:
            return None
        return Sighting(
            id=row.id,
            rank=self._accounts[row.account_id].rank,
            first_at=row.first_message_at,
            order_key=row.order_key,
            occurred_at=row.occurred_at,
            amounts=row.amounts,
            wallet_id=row.wallet_id,
            validation=Validation(row.validation) if row.validation else None,
            counts=row.counts,
        )

    # ---- what is found out about pairs ----

    def _compare(self, order: Sought, sky: "_Sky", matched: Matched) -> None:
        """Compare an order with all it may be the same as, and note what is news."""
        own, links = order.sighting, sky.links[order.row.id]
        linked_accounts = {
            link.other_account_id for link in links.values() if link.verdict == Verdict.SAME
        }
        by_amount: dict[UUID, list[Sighting]] = {}
        for other_id in sorted({*sky.alike[order.row.id], *links}):
            other, link = sky.sightings.get(other_id), links.get(other_id)
            if other is None or (link and (link.decided_by or link.verdict == Verdict.SAME)):
                continue
            likeness = compare(own, other, self._tolerance)
            account_id = sky.rows[other_id].account_id
            if likeness.reason != "same_amount":
                _note(matched, sky, order.row.id, other_id, likeness)
            elif account_id not in linked_accounts and other_id not in sky.taken:
                by_amount.setdefault(account_id, []).append(other)
        for others in by_amount.values():
            # A card's two payments of one amount are not both the one receipt of the till: each has one other.
            found = nearest(own, others)
            if found is not None:
                sky.taken.add(found.id)
                likeness = Likeness(Verdict.SAME, "same_amount")
                _note(matched, sky, order.row.id, found.id, likeness)

    # ---- what becomes of each ----

    def _put_in_place(self, order: Sought, sky: "_Sky", matched: Matched) -> None:
        links = sky.links[order.row.id].values()
        same = [
            (sky.sightings[link.other_id], link)
            for link in links
            if link.verdict == Verdict.SAME and sky.may_stand_for(link.other_id)
        ]
        doubts = [
            (sky.sightings[link.other_id], link.reason)
            for link in links
            if link.verdict == Verdict.DOUBTFUL and link.other_id in sky.sightings
        ]
        own = order.sighting
        found = place(own, [Seen(other, bool(link.decided_by)) for other, link in same], doubts)
        matched.places[order.row.id] = found
        matched.step_down.extend(sky.rows[other_id] for other_id in found.steps_down)
        if found.of is not None:
            if own.counts and not found.doubt:
                matched.step_down.append(order.row)
            matched.sentences[order.row.id] = self._sentence(found, sky)
        elif own.wallet_id is None:
            self._inherit(order, [other for other, _ in same], sky, matched)

    def _inherit(
        self, order: Sought, same: Iterable[Sighting], sky: "_Sky", matched: Matched
    ) -> None:
        known = [other for other in same if other.wallet_id is not None]
        if known:
            best = min(known, key=lambda other: (other.rank, other.first_at, other.id))
            matched.inherited[order.row.id] = sky.rows[best.id]

    def _sentence(self, found: Place, sky: "_Sky") -> str:
        if found.of is None:
            raise AssertionError("only what is told of another order has a sentence")
        other = sky.rows[found.of]
        text = DOUBTS[found.doubt] if found.doubt else DUPLICATE
        return text.format(source=self._accounts[other.account_id].ref, order=other.object_id)


@dataclass(slots=True)
class _Sky:
    """What is known around the orders of a chunk.

    alike: by order, others that may be the same. links: by order, by other. rows, sightings: of the others; only
    those in play have a sighting. taken: others that are the same as an order of the account already.
    """

    alike: dict[UUID, list[UUID]]
    links: dict[UUID, dict[UUID, LinkRow]]
    rows: dict[UUID, OrderRow]
    sightings: dict[UUID, Sighting]
    taken: set[UUID]

    def may_stand_for(self, other_id: UUID) -> bool:
        """Whether an order can be told in place of another: in play, and not in doubt itself."""
        row = self.rows.get(other_id)
        return (
            row is not None and other_id in self.sightings and (row.counts or row.state in IN_PLAY)
        )


def _note(matched: Matched, sky: _Sky, order_id: UUID, other_id: UUID, likeness: Likeness) -> None:
    """Note what two orders are to each other, where that is news."""
    known = sky.links[order_id].get(other_id)
    if likeness.verdict is Verdict.DISTINCT:
        if known is not None:
            del sky.links[order_id][other_id]
            matched.gone.append(_pair(order_id, other_id))
            matched.newly_linked.add(other_id)
        return
    if known is not None and (known.verdict, known.reason) == likeness:
        return
    account_id = sky.rows[other_id].account_id
    sky.links[order_id][other_id] = LinkRow(
        order_id, other_id, account_id, likeness.verdict, likeness.reason, ""
    )
    matched.found[_pair(order_id, other_id)] = likeness
    matched.newly_linked.add(other_id)


def _pair(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    return (one, other) if one < other else (other, one)


def write_links(
    connection: Connection,
    found: Mapping[tuple[UUID, UUID], Likeness],
    *,
    by: str,
    now: datetime,
    sentence: str = "",
) -> None:
    """Write what pairs of orders are to each other; by: who decided, "" = the rules, which change no person's word."""
    pairs = list(found)
    connection.execute(
        SQL.put_links,
        {
            "now": now,
            "decided_by": by,
            "order_ids": [one for one, _ in pairs],
            "other_ids": [other for _, other in pairs],
            "verdicts": [found[pair].verdict.value for pair in pairs],
            "reasons": [found[pair].reason for pair in pairs],
            "sentences": [sentence] * len(pairs),
        },
    )


def decide(
    connection: Connection,
    run: ProgrammeRun,
    order_ids: tuple[UUID, UUID],
    verdict: Verdict,
    *,
    by: str,
    sentence: str = "",
) -> None:
    """Note a person's word on whether two orders are one. Both are due then; settle them next.

    Raises NotFound for orders the programme does not have, Refused for two of one source, InvalidInput for a doubt.
    """
    if verdict is Verdict.DOUBTFUL or not by:
        raise InvalidInput("Say who decides, and whether the two are the same order or distinct.")
    rows = inbox.orders_by_id(connection, order_ids)
    accounts = inbox.accounts_of(run.id)
    for order_id in order_ids:
        if order_id not in rows or rows[order_id].account_id not in accounts:
            raise NotFound(f"There is no order {order_id} in the inbox.", order=str(order_id))
    one, other = rows[order_ids[0]], rows[order_ids[1]]
    if one.account_id == other.account_id:
        raise Refused(
            "Both orders come from one source, which tells them apart itself.",
            account=accounts[one.account_id].ref,
        )
    likeness = Likeness(verdict, "by_person")
    write_links(
        connection, {_pair(one.id, other.id): likeness}, by=by, now=run.now, sentence=sentence
    )
    connection.execute(SQL.mark_due, {"ids": [one.id, other.id]})
