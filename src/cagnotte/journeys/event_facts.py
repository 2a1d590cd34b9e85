"""What there is to tell of a fact: transactions of the ledger, and what the outbox holds, become events.

One reader for each kind of thing. It gets facts of its kinds, asks for all of their rows at once, and says what is told
of each. An event's id is drawn from its fact, so that the same fact told twice is the same event.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.domain.ids import derived_id, public_id
from cagnotte.journeys.redeem import Checkout
from cagnotte.notices import shapes
from cagnotte.notices.shapes import Amount, Told
from cagnotte.platform.sql import load

SQL = load("events")

Connection = psycopg.Connection[Any]


class Fact(NamedTuple):
    """A transaction of the ledger, or one thing of a row of the outbox.

    Attributes:
        id: the transaction's, or the thing's. kind: the transaction's, or the row's topic.
        book_id: the wallet it concerns. fact_id: what caused it, or the thing.
        moved: by kind of account (the member's, and that of vouchers), what was moved there, debit positive, in minor
            units.
        x: the number of the database transaction that wrote it; 0 = not known.
    """

    id: UUID
    programme_id: UUID
    book_id: UUID | None
    kind: str
    fact_id: UUID
    occurred_on: date
    recorded_at: datetime
    moved: Mapping[str, int]
    x: int = 0


class NewEvent(NamedTuple):
    """What is told of a fact.

    turn: its place among the events of its object, where that is known better than by the clock.
    """

    fact: Fact
    type: str
    object_id: str
    data: Told
    wallet_id: UUID | None
    turn: int | None = None

    @property
    def id(self) -> UUID:
        """The event's identity."""
        return derived_id(self.fact.recorded_at, "event", self.type, self.fact.id)


def events_of(connection: Connection, facts: Sequence[Fact]) -> list[NewEvent]:
    """Return what is told of some facts, those of one object in the order in which they happened.

    All facts of an object that are new must be among them.
    """
    by_reader: dict[Reader, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_reader[READERS[fact.kind]].append(fact)
    found = [one for reader, group in by_reader.items() for one in reader(connection, group)]
    found.sort(key=lambda one: (one.fact.x, STAGES[one.fact.kind], one.fact.id))
    return _in_turn(found)


def _in_turn(events: Sequence[NewEvent]) -> list[NewEvent]:
    """Put events of one object that know their turn in its order, each into a place that one of them had.

    Database transactions are numbered as they begin to write; one that began earlier may have come later to an object.
    """
    turned: dict[str, list[NewEvent]] = defaultdict(list)
    for one in events:
        if one.turn is not None:
            turned[one.object_id].append(one)
    following = {
        key: iter(sorted(group, key=lambda one: one.turn or 0)) for key, group in turned.items()
    }
    return [one if one.turn is None else next(following[one.object_id]) for one in events]


# ---- rewards ---------------------------------------------------------------------------------------------------


class PurchaseOf(NamedTuple):
    """The purchase that an event is about."""

    id: UUID
    wallet_id: UUID
    member_id: UUID
    member_ref: str
    merchant_id: UUID
    merchant: str
    order_ref: str
    currency: str
    occurred_at: datetime

    @property
    def reward_id(self) -> str:
        """The public id of its reward."""
        return public_id("rew", self.id)

    def told(self) -> dict[str, Any]:
        """Return what every event about a reward says."""
        return {
            "id": self.reward_id,
            "purchase_id": public_id("pur", self.id),
            "cagnotte_id": public_id("wal", self.wallet_id),
            "member_id": public_id("mem", self.member_id),
            "member_ref": self.member_ref,
            "merchant_id": public_id("mer", self.merchant_id),
            "merchant": self.merchant,
            "order_ref": self.order_ref,
        }


REWARD_TYPES = {
    "tracked": "reward.tracked",
    "confirmed": "reward.confirmed",
    "declined": "reward.declined",
    "restated": "reward.amended",
    "reopened": "reward.amended",
}


def _rewards(connection: Connection, facts: Sequence[Fact]) -> Iterator[NewEvent]:
    """Rewards; one that was and is nothing, such as of a mere commission, is not told."""
    rows = _by_id(connection.execute(SQL.versions, {"ids": _causes(facts)}))
    for fact, row in _joined(facts, rows):
        number, state, reason, amount_minor, before_minor, *columns = row
        purchase = PurchaseOf(*columns)
        if not amount_minor and not before_minor:
            continue
        data = shapes.RewardData(
            **purchase.told(),
            purchased_at=purchase.occurred_at,
            version=number,
            state=state,
            reason=reason,
            amount=_amount(amount_minor, purchase.currency),
            before=None if before_minor is None else _amount(before_minor, purchase.currency),
        )
        yield NewEvent(
            fact, REWARD_TYPES[fact.kind], purchase.reward_id, data, purchase.wallet_id, number
        )


def _available(connection: Connection, facts: Sequence[Fact]) -> Iterator[NewEvent]:
    """Rewards whose money can be spent now."""
    rows = _by_id(connection.execute(SQL.lots, {"ids": _causes(facts)}))
    for fact, (amount_minor, expires_on, *columns) in _joined(facts, rows):
        purchase = PurchaseOf(*columns)
        data = shapes.AvailableData(
            **purchase.told(),
            amount=_amount(amount_minor, purchase.currency),
            repaid=_amount(-fact.moved.get("member.owing", 0), purchase.currency),
            lot_id=public_id("lot", fact.fact_id),
            expires_on=expires_on,
        )
        yield NewEvent(fact, "reward.available", purchase.reward_id, data, purchase.wallet_id)


# ---- holds -----------------------------------------------------------------------------------------------------


class HoldOf(NamedTuple):
    """The hold that an event is about, with its capture and its payout, if any."""

    id: UUID
    wallet_id: UUID
    purpose: str
    reference: str
    currency: str
    amount_minor: int
    merchant_id: UUID | None
    merchant: str | None
    expires_at: datetime | None
    state: str
    capture_id: UUID | None
    captured_minor: int | None
    fee_minor: int | None
    payout_id: UUID | None


def _holds(connection: Connection, facts: Sequence[Fact]) -> Iterator[NewEvent]:
    """Holds for orders; those for payouts and vouchers are told as such, those for gifts not at all."""
    of_refund = {
        row[0]: row[1:] for row in connection.execute(SQL.refunds, {"ids": _causes(facts)})
    }
    hold_ids = [of_refund.get(fact.fact_id, (fact.fact_id,))[0] for fact in facts]
    holds = {row[0]: HoldOf(*row) for row in connection.execute(SQL.holds, {"ids": hold_ids})}
    owners = _owners(connection, (hold.wallet_id for hold in holds.values()))
    for_payouts: list[Fact] = []
    for fact, hold_id in zip(facts, hold_ids, strict=True):
        hold = holds.get(hold_id)
        if hold is None or hold.purpose in ("voucher", "donation"):
            continue
        if hold.purpose == "payout":
            for_payouts.append(fact._replace(fact_id=hold.payout_id or hold.id))
            continue
        yield _hold(fact, hold, owners[hold.wallet_id], of_refund.get(fact.fact_id))
    yield from _payouts(connection, for_payouts)


def _hold(fact: Fact, hold: HoldOf, owner: dict[str, Any], refund: Any) -> NewEvent:
    told = {
        **owner,
        "id": public_id("hld", hold.id),
        "merchant_id": public_id("mer", hold.merchant_id) if hold.merchant_id else None,
        "merchant": hold.merchant,
        "order_ref": Checkout.order(hold.reference),
        "amount": _amount(abs(fact.moved.get("member.held", 0)), hold.currency),
    }
    data: Told
    if fact.kind == "held":
        kind, turn, data = "wallet.held", 0, shapes.HeldData(**told, expires_at=hold.expires_at)
    elif fact.kind == "captured":
        fee = _amount(hold.fee_minor or 0, hold.currency)
        kind, turn, data = "wallet.captured", 1, shapes.CapturedData(**told, fee=fee)
    elif fact.kind == "hold_released":
        kind, turn, data = "wallet.released", 2, shapes.HoldData(**told)
    else:
        _, reference, amount_minor, repaid_minor = refund
        told["amount"] = _amount(amount_minor, hold.currency)
        kind, turn = "wallet.refunded", 3
        data = shapes.RefundedData(
            **told,
            refund_id=public_id("rfd", fact.fact_id),
            refund_ref=reference,
            repaid=_amount(repaid_minor, hold.currency),
        )
    return NewEvent(fact, kind, told["id"], data, hold.wallet_id, turn)


# ---- payouts ---------------------------------------------------------------------------------------------------


class PayoutOf(NamedTuple):
    """The payout that an event is about."""

    id: UUID
    wallet_id: UUID
    reference: str
    currency: str
    amount_minor: int
    fee_minor: int


PAYOUT_TYPES = {
    "held": "payout.requested",
    "hold_released": "payout.cancelled",
    "payout_sent": "payout.sent",
    "unclaimed_paid": "payout.sent",
    "payout_settled": "payout.settled",
    "payout_rejected": "payout.returned",
    "payout_returned": "payout.returned",
}

LAST_TURN = 1_000
"""Of a payout that was called off: after all of its steps."""


def _payouts(connection: Connection, facts: Sequence[Fact]) -> Iterator[NewEvent]:
    """Payouts, from being asked for to what the bank says."""
    if not facts:
        return
    rows = _by_id(connection.execute(SQL.payouts, {"ids": _causes(facts)}))
    owners = _owners(connection, (row[4] for row in rows.values()))
    for fact, (number, code, reason, *columns) in _joined(facts, rows):
        payout = PayoutOf(*columns)
        data = shapes.PayoutData(
            **owners[payout.wallet_id],
            id=public_id("pay", payout.id),
            reference=payout.reference,
            amount=_amount(payout.amount_minor, payout.currency),
            fee=_amount(payout.fee_minor, payout.currency),
            code=code,
            reason=reason,
        )
        turn = LAST_TURN if fact.kind == "hold_released" else number
        yield NewEvent(fact, PAYOUT_TYPES[fact.kind], data.id, data, payout.wallet_id, turn)


# ---- vouchers --------------------------------------------------------------------------------------------------


class VoucherOf(NamedTuple):
    """The voucher that an event is about."""

    id: UUID
    wallet_id: UUID
    origin: str
    reference: str
    last4: str
    currency: str
    amount_minor: int
    minimum_basket_minor: int
    valid_from: date
    valid_until: date
    merchant_id: UUID | None
    merchant: str | None
    purchase_id: UUID | None

    def told(self, owner: Mapping[str, Any], amount_minor: int) -> dict[str, Any]:
        """Return what every event about it says."""
        return {
            **owner,
            "id": public_id("vou", self.id),
            "origin": self.origin,
            "reference": self.reference if self.origin == "wallet" else None,
            "last4": self.last4,
            "amount": _amount(amount_minor, self.currency),
        }


class UseOf(NamedTuple):
    """A use of a voucher, or what came back of one (then with a reference)."""

    voucher_id: UUID
    use_id: UUID
    merchant_id: UUID
    merchant: str
    order_ref: str
    kind: str
    amount_minor: int
    used_on: date
    refund_ref: str | None
    to_voucher: bool | None

    def told(self) -> dict[str, Any]:
        """Return what every event about it says."""
        return {
            "use_id": public_id("use", self.use_id),
            "merchant_id": public_id("mer", self.merchant_id),
            "merchant": self.merchant,
            "order_ref": self.order_ref,
        }


def _vouchers(connection: Connection, facts: Sequence[Fact]) -> Iterator[NewEvent]:
    """Vouchers: issued, used, and what became of the rest."""
    ids = _causes(facts)
    uses = {row[0]: UseOf(*row[1:]) for row in connection.execute(SQL.uses, {"ids": ids})}
    ids += [use.voucher_id for use in uses.values()]
    vouchers = {row[0]: VoucherOf(*row) for row in connection.execute(SQL.vouchers, {"ids": ids})}
    owners = _owners(connection, (voucher.wallet_id for voucher in vouchers.values()))
    for fact in facts:
        use = uses.get(fact.fact_id)
        voucher = vouchers[use.voucher_id if use else fact.fact_id]
        owner = owners[voucher.wallet_id]
        kind, turn, data = _use(fact, voucher, use, owner) if use else _own(fact, voucher, owner)
        yield NewEvent(fact, kind, public_id("vou", voucher.id), data, voucher.wallet_id, turn)


def _use(
    fact: Fact, voucher: VoucherOf, use: UseOf, owner: dict[str, Any]
) -> tuple[str, int | None, Told]:
    told = {**voucher.told(owner, use.amount_minor), **use.told()}
    if use.refund_ref is None:
        twice = fact.kind == "voucher_used_twice"
        return "voucher.used", None, shapes.UsedData(**told, used_on=use.used_on, used_twice=twice)
    data = shapes.VoucherRefundedData(
        **told, refund_ref=use.refund_ref, to_voucher=bool(use.to_voucher)
    )
    return "voucher.refunded", None, data


def _own(fact: Fact, voucher: VoucherOf, owner: dict[str, Any]) -> tuple[str, int | None, Told]:
    if fact.kind == "voucher_issued":
        bought = voucher.purchase_id is None
        data = shapes.IssuedData(
            **voucher.told(owner, voucher.amount_minor),
            purchase_id=None if bought else public_id("pur", voucher.purchase_id),  # type: ignore[arg-type]
            minimum_basket=_amount(voucher.minimum_basket_minor, voucher.currency),
            valid_from=voucher.valid_from,
            valid_until=voucher.valid_until,
            merchant_id=public_id("mer", voucher.merchant_id) if voucher.merchant_id else None,
        )
        return "voucher.issued", 0, data
    over = shapes.OverData(
        **voucher.told(owner, fact.moved["programme.vouchers"]),
        to_member=any(kind.startswith("member.") for kind in fact.moved),
    )
    return ("voucher.voided" if fact.kind == "voucher_void" else "voucher.expired"), 3, over


# ---- members, and orders of nobody --------------------------------------------------------------------------------


def _members(connection: Connection, facts: Sequence[Fact]) -> Iterator[NewEvent]:
    """Members who came or left."""
    rows = _by_id(connection.execute(SQL.members, {"ids": _causes(facts)}))
    for fact, (member_id, ref, wallet_id, joined_on) in _joined(facts, rows):
        data = shapes.MemberData(
            id=public_id("mem", member_id),
            ref=ref,
            cagnotte_id=public_id("wal", wallet_id),
            joined_on=joined_on,
        )
        turn = 0 if fact.kind == "member.joined" else 1
        yield NewEvent(fact, fact.kind, data.id, data, wallet_id, turn)


def _orders(connection: Connection, facts: Sequence[Fact]) -> Iterator[NewEvent]:
    """Orders that connected sources told of, and that belong to nobody."""
    rows = _by_id(connection.execute(SQL.orders, {"ids": _causes(facts)}))
    for fact, row in _joined(facts, rows):
        source, source_ref, merchant, order_ref, amount, currency, at, reason, sentence = row
        data = shapes.OrderData(
            id=public_id("ord", fact.fact_id),
            source=source,
            source_ref=source_ref,
            merchant=merchant,
            order_ref=order_ref,
            amount=None if amount is None or not currency else _amount(amount, currency),
            purchased_at=at,
            reason=reason,
            detail=sentence,
        )
        yield NewEvent(fact, fact.kind, data.id, data, None)


# ---- what they share ---------------------------------------------------------------------------------------------


def _causes(facts: Iterable[Fact]) -> list[UUID]:
    return [fact.fact_id for fact in facts]


def _by_id(rows: Iterable[Sequence[Any]]) -> dict[UUID, Sequence[Any]]:
    return {row[0]: row[1:] for row in rows}


def _joined(
    facts: Iterable[Fact], rows: Mapping[UUID, Sequence[Any]]
) -> Iterator[tuple[Fact, Sequence[Any]]]:
    """Return facts with the rows of what caused them; what has been deleted since is told no more."""
    return ((fact, rows[fact.fact_id]) for fact in facts if fact.fact_id in rows)


def _amount(amount_minor: int, currency: str) -> Amount:
    return Amount(amount_minor=amount_minor, currency=currency)


def _owners(connection: Connection, wallet_ids: Iterable[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return what is told of the owner of each wallet."""
    wanted = sorted(set(wallet_ids))
    found = {row[0]: row for row in connection.execute(SQL.owners, {"wallet_ids": wanted})}
    told = {}
    for wallet_id in wanted:
        _, member_id, ref = found.get(wallet_id, (wallet_id, None, None))
        told[wallet_id] = {
            "cagnotte_id": public_id("wal", wallet_id),
            "member_id": public_id("mem", member_id) if member_id else None,
            "member_ref": ref,
        }
    return told


Reader = Callable[[Connection, Sequence[Fact]], Iterator[NewEvent]]

LEDGER_READERS: dict[str, Reader] = {
    **dict.fromkeys(REWARD_TYPES, _rewards),
    "released": _available,
    **dict.fromkeys(("held", "captured", "hold_released", "refunded"), _holds),
    **dict.fromkeys(
        ("payout_sent", "unclaimed_paid", "payout_settled", "payout_rejected", "payout_returned"),
        _payouts,
    ),
    **dict.fromkeys(
        (
            "voucher_issued",
            "voucher_used",
            "voucher_used_twice",
            "voucher_refunded",
            "voucher_expired",
            "voucher_void",
        ),
        _vouchers,
    ),
}
"""Who reads which kind of transaction; of all other kinds nothing is told."""

OUTBOX_READERS: dict[str, Reader] = {
    "member.joined": _members,
    "member.closed": _members,
    "purchase.unattributed": _orders,
}
"""Who reads which topic of the outbox."""

READERS = LEDGER_READERS | OUTBOX_READERS

STAGES = {kind: stage for stage, kind in enumerate(READERS)}
"""In which order things happen to an object where one database transaction did several."""
