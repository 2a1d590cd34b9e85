"""Refunds that name no order find it: one of the same member at the same shop, by the rules of `domain.refunds`.

Cards, banks and tills tell of money that came back without saying of which purchase. Such a refund waits with what may
lead to its order. When it is found, the order gets the refund as one more piece and is settled again; the refund keeps
which order that was, by which rule, and is not looked for again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

import orjson
import psycopg

from cagnotte.catalog.descriptors import DescriptorBook
from cagnotte.domain.attribution import Unattributed
from cagnotte.domain.contracts import FunderKind
from cagnotte.domain.errors import InvalidRow
from cagnotte.domain.money import decimals_of
from cagnotte.domain.purchases import Purchase
from cagnotte.domain.refunds import CLOCK_TOLERANCE, RULE_VERSION, Bought, CameBack, Found, find
from cagnotte.hooks.sources import REFUND_KEY, LooseRefund
from cagnotte.inbox.models import Account, Order
from cagnotte.journeys import attribute
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.told_orders import ToldOrder
from cagnotte.journeys.which_shop import which_shop
from cagnotte.platform.sql import load
from cagnotte.purchases import selectors as purchases

Connection = psycopg.Connection[Any]
SQL = load("loose_refunds")

WINDOW_DAYS = 365
"""How long a refund may come after its purchase where no contract of the shop says so."""
WINDOW_DAYS_MAX = 730
REFUNDS_AT_ONCE = 500

Known = dict[str, Any]
"""What is known of a refund, as JSON: wallet_id, merchant, at, amount_minor, currency, amount, items."""


# ---- whose it is, and at which shop ----


def place(
    connection: Connection, run: ProgrammeRun, account: Account, orders: Sequence[ToldOrder]
) -> None:
    """Say of refunds among orders at which shop and whose they are; those found before stay where they are.

    A refund at no shop of ours is refused, one of nobody we know waits until somebody is found.
    """
    refunds = [(order, order.refund) for order in orders if order.refund is not None]
    if not refunds:
        return
    book = DescriptorBook.open(run.id)
    seekers: list[tuple[ToldOrder, Known, attribute.Seeker]] = []
    for order, refund in refunds:
        try:
            known = _known(refund, which_shop(refund, account, run, book).merchant, run)
        except InvalidRow as error:
            order.stop(Order.State.REJECTED, error.reason, error.sentence)
            continue
        at = refund.refunded_at.utc
        seekers.append((order, known, attribute.Seeker(refund.traces, at, known["merchant"])))
    found = attribute.attribute(connection, run, [seeker for _, _, seeker in seekers])
    for (order, known, _), whose in zip(seekers, found, strict=True):
        if isinstance(whose, Unattributed):
            order.stop(
                Order.State.UNATTRIBUTED, str(whose.reason), attribute.SENTENCES[whose.reason]
            )
        else:
            known["wallet_id"] = str(whose.wallet_id)
    connection.execute(
        SQL.know_refunds,
        {
            "ids": [order.row.id for order, _, _ in seekers],
            "known": [orjson.dumps({"refund": known}).decode() for _, known, _ in seekers],
        },
    )
    _give_again(connection, run, [(order, known) for order, known, _ in seekers])


def _known(refund: LooseRefund, merchant: str, run: ProgrammeRun) -> Known:
    currency = run.programme.currency
    if refund.currency != currency:
        raise InvalidRow(
            "foreign_currency",
            f"The refund is in {refund.currency}; the wallets are in {currency}.",
        )
    return {
        "merchant": merchant,
        "at": refund.refunded_at.utc.isoformat(),
        "amount": format(refund.amount, "f"),
        "amount_minor": int(refund.amount.scaleb(decimals_of(currency)).to_integral_value()),
        "items": [[sku, units, format(amount, "f")] for sku, units, amount in refund.items],
    }


def _give_again(
    connection: Connection, run: ProgrammeRun, refunds: Iterable[tuple[ToldOrder, Known]]
) -> None:
    """Tell the order that was found before what the refund says now."""
    given = []
    for order, known in refunds:
        before = order.row.attribution or {}
        if "refund_of" in before:
            matched = _Match(
                order.row.id,
                order.row.object_id,
                UUID(before["refund_of"]),
                before["refund_fit"],
                known,
                "",
            )
            order.stop(
                Order.State.STANDING, "refund_found", f"It is a refund of {before['refund_of']}."
            )
            given.append(matched)
    _give(connection, run, given)


# ---- of which order ----


@dataclass(frozen=True, slots=True)
class _Match:
    """A refund, and the order it is of."""

    refund_id: UUID
    name: str
    order_id: UUID
    fit: str
    known: Known
    sentence: str


@dataclass(slots=True)
class _Left:
    """What is left of purchases, with what this round gave back of them already."""

    connection: Connection
    run: ProgrammeRun
    purchases: dict[UUID, Purchase] = field(default_factory=dict)
    taken: dict[tuple[UUID, str], tuple[int, int]] = field(default_factory=dict)

    def know(self, ids: Iterable[UUID]) -> None:
        """Read how these purchases stand, and forget the others."""
        self.purchases = purchases.latest_purchases(self.connection, sorted(ids), self.run.zone)

    def of(self, purchase_id: UUID, sku: str) -> tuple[int, int, int, int] | None:
        """Return (amount, left of it, units, left of them) of an article, or of the whole purchase for ""."""
        lines = [line for line in self.purchases[purchase_id].lines if not sku or line.sku == sku]
        if not lines:
            return None
        amount = sum(line.amount_minor - (0 if sku else line.discount_minor) for line in lines)
        minor, units = self.taken.get((purchase_id, sku), (0, 0))
        left = amount - sum(line.returned_minor for line in lines) - minor
        quantity = sum(line.quantity for line in lines)
        left_units = quantity - sum(line.returned_quantity for line in lines) - units
        return amount, left, quantity, left_units

    def take(self, purchase_id: UUID, sku: str, back: CameBack) -> None:
        """Note that something came back."""
        minor, units = self.taken.get((purchase_id, sku), (0, 0))
        self.taken[purchase_id, sku] = minor + back.amount_minor, units + back.quantity


def find_orders(connection: Connection, run: ProgrammeRun, account_ids: Sequence[UUID]) -> int:
    """Look for the orders of refunds that wait, under the programme's lock; return how many were found.

    The orders are due then. What finds none goes on waiting.
    """
    left = _Left(connection, run)
    after = datetime.min.replace(tzinfo=UTC), UUID(int=0)
    count = 0
    while rows := _candidates(connection, account_ids, after):
        after = rows[-1][7], rows[-1][0]
        left.know({row[5] for row in rows})
        matches = [
            match
            for _, candidates in groupby(rows, key=itemgetter(0))
            for match in _matched(list(candidates), left, run)
        ]
        _give(connection, run, matches)
        count += len(matches)
    return count


def _candidates(
    connection: Connection, account_ids: Sequence[UUID], after: tuple[datetime, UUID]
) -> list[tuple[Any, ...]]:
    return connection.execute(
        SQL.candidates,
        {
            "account_ids": list(account_ids),
            "longest": timedelta(days=WINDOW_DAYS_MAX),
            "tolerance": CLOCK_TOLERANCE,
            "after": after[0],
            "after_id": after[1],
            "size": REFUNDS_AT_ONCE,
        },
    ).fetchall()


def _matched(rows: Sequence[tuple[Any, ...]], left: _Left, run: ProgrammeRun) -> Iterator[_Match]:
    """Give the match of one refund, if there is one. rows: it, with each order it may be of."""
    refund_id, name, known = rows[0][:3]
    items = known["items"]
    sku, units = (items[0][0], items[0][1]) if len(items) == 1 else ("", 0)
    back = CameBack(datetime.fromisoformat(known["at"]), known["amount_minor"], units)
    orders = {
        order_id: (order_name, purchase_id)
        for _, _, _, order_id, order_name, purchase_id, _, _ in rows
    }
    bought = [
        Bought(order_id, at, *told)
        for _, _, _, order_id, _, purchase_id, at, _ in rows
        if (told := left.of(purchase_id, sku)) is not None
    ]
    window = timedelta(days=_window_days(run, known["merchant"], back.at))
    found: Found[UUID] | None = find(back, bought, window=window)
    if found is not None:
        order_name, purchase_id = orders[found.key]
        left.take(purchase_id, sku, back)
        yield _Match(
            refund_id,
            name,
            found.key,
            found.fit.value,
            known,
            f"It is a refund of {order_name} ({found.fit.value}).",
        )


def _window_days(run: ProgrammeRun, merchant: str, at: datetime) -> int:
    """Return how long after a purchase a refund is followed: by whoever follows longest of funder and member."""
    rules, day = run.rules_at(), at.astimezone(run.zone).date()
    for kind in (FunderKind.MERCHANT, FunderKind.NETWORK):
        contract = rules.contract_of(kind, None, merchant, day)
        if contract is not None:
            return min(
                max(contract.funder_refund_days, contract.member_clawback_days), WINDOW_DAYS_MAX
            )
    return WINDOW_DAYS


def _give(connection: Connection, run: ProgrammeRun, matches: Sequence[_Match]) -> None:
    """Give refunds to their orders, and note of each what was found."""
    if not matches:
        return
    connection.execute(
        SQL.give_refunds,
        {
            "now": run.now,
            "ids": [match.refund_id for match in matches],
            "order_ids": [match.order_id for match in matches],
            "keys": [f"{REFUND_KEY}{match.name}" for match in matches],
            "data": [_piece(match.known) for match in matches],
            "known": [
                orjson.dumps(
                    {
                        "refund_of": str(match.order_id),
                        "refund_fit": match.fit,
                        "refund_rules": RULE_VERSION,
                    }
                ).decode()
                for match in matches
            ],
            "sentences": [match.sentence for match in matches],
        },
    )


def _piece(known: Known) -> str:
    """Return the piece that an order gets: how much came back, and of which articles where that is known."""
    told = {"amount": known["amount"], **({"items": known["items"]} if known["items"] else {})}
    return orjson.dumps(told, option=orjson.OPT_SORT_KEYS).decode()
