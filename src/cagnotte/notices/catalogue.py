"""The catalogue of events: what there is to hear, when it is told, and what it looks like.

The page docs/reference/events.md is written from here, and so is what endpoints may ask for.
"""

from typing import NamedTuple

from cagnotte.notices import shapes
from cagnotte.notices.shapes import Amount, Told

MEMBER = {
    "cagnotte_id": "wal_6qz1v8m3k9r2t5w7x0y4a8b1c3",
    "member_id": "mem_2c5e8g1j4m7p0r3t6w9y2a5c8e",
    "member_ref": "H0906",
}
MERCHANT_ID = "mer_1a4c7e0g3j6m9p2r5t8w1y4a7c"
SHOP = {"merchant_id": MERCHANT_ID, "merchant": "corner"}
PURCHASE_ID = "pur_01kagz9x7q8b3n5v2m4c6d8f0h"
REWARD = {"id": "rew_01kagz9x7q8b3n5v2m4c6d8f0h", "purchase_id": PURCHASE_ID}
HOLD = {"id": "hld_5d8f1h4k7n0q3s6v9x2z5b8d1f"}
PAYOUT = {
    "id": "pay_01kahb2m4p6r8t0w2y4a6c8e0g",
    "reference": "CGN01KAHB2M4P6R8T0W2Y4A6C8E0G",
    "code": "",
    "reason": "",
}
VOUCHER = {
    "id": "vou_3b6d9f2h5k8n1q4s7v0x3z6b9d",
    "origin": "wallet",
    "reference": "V-17",
    "last4": "0ABC",
}
USE = {"use_id": "use_4c7e0g3j6m9p2r5t8w1y4a7c0e", "order_ref": "A-1002"}
ORDER = {"order_ref": "A-1001"}


def cents(amount_minor: int) -> Amount:
    """Return an amount of the examples."""
    return Amount(amount_minor=amount_minor, currency="EUR")


class EventType(NamedTuple):
    """A type of events.

    Attributes:
        name: what happened, such as "reward.tracked". when: when it is told, a sentence.
        shape: what its data looks like. example: of its data.
    """

    name: str
    when: str
    shape: type[Told]
    example: Told


def _type(name: str, when: str, shape: type[Told], **example: object) -> EventType:
    return EventType(name, when, shape, shape.model_validate(example))


def _reward(name: str, when: str, **example: object) -> EventType:
    facts = {**MEMBER, **SHOP, **REWARD, **ORDER, "purchased_at": "2026-02-10T10:00:00+01:00"}
    return _type(name, when, shapes.RewardData, **{**facts, "reason": "", **example})


def _payout(name: str, when: str, **example: object) -> EventType:
    money = {"amount": cents(1500), "fee": cents(0)}
    return _type(name, when, shapes.PayoutData, **{**MEMBER, **PAYOUT, **money, **example})


def _voucher(name: str, when: str, shape: type[Told], **example: object) -> EventType:
    return _type(name, when, shape, **{**MEMBER, **VOUCHER, "amount": cents(500), **example})


def _hold(name: str, when: str, shape: type[Told], **example: object) -> EventType:
    return _type(name, when, shape, **{**MEMBER, **SHOP, **HOLD, **ORDER, **example})


TYPES: dict[str, EventType] = {
    one.name: one
    for one in (
        _reward(
            "reward.tracked",
            "A purchase earns something. It may be confirmed already; `state` says.",
            version=1,
            state="pending",
            amount=cents(345),
            before=None,
        ),
        _reward(
            "reward.confirmed",
            "The shop or network confirmed the purchase.",
            version=2,
            state="confirmed",
            amount=cents(345),
            before=cents(345),
        ),
        _reward(
            "reward.declined",
            "The purchase does not count: it was sent back, cancelled or refused.",
            version=2,
            state="declined",
            reason="returned",
            amount=cents(0),
            before=cents(345),
        ),
        _reward(
            "reward.amended",
            "The reward is another one: a part was returned, the order was restated or opened again.",
            version=3,
            state="confirmed",
            amount=cents(245),
            before=cents(345),
        ),
        _type(
            "reward.available",
            "The delay of a confirmed reward is over: from now on it can be spent.",
            shapes.AvailableData,
            **MEMBER,
            **SHOP,
            **REWARD,
            **ORDER,
            amount=cents(345),
            repaid=cents(0),
            lot_id="lot_01kd3q5s7v9x1z3b5d7f9h1k3n",
            expires_on="2027-03-31",
        ),
        _type(
            "purchase.unattributed",
            "A connected source told of an order, and nothing says which member's it is.",
            shapes.OrderData,
            id="ord_7g0j3m6p9r2t5w8y1a4c7e0g3j",
            source="awin",
            source_ref="1849120017",
            merchant="corner",
            order_ref="A-1003",
            amount=cents(4990),
            purchased_at="2026-02-11T18:20:00+01:00",
            reason="no_candidate",
            detail="Nothing in the order leads to a member.",
        ),
        _hold(
            "wallet.held",
            "Money of a cagnotte is kept for an order.",
            shapes.HeldData,
            amount=cents(500),
            expires_at="2026-02-12T09:30:00+00:00",
        ),
        _hold(
            "wallet.captured",
            "An order was paid from its hold.",
            shapes.CapturedData,
            amount=cents(500),
            fee=cents(0),
        ),
        _hold(
            "wallet.released",
            "A hold, or what its order did not take, went back: it was released, or expired.",
            shapes.HoldData,
            amount=cents(500),
        ),
        _hold(
            "wallet.refunded",
            "An order that a hold paid was refunded, in whole or in part.",
            shapes.RefundedData,
            amount=cents(200),
            refund_id="rfd_1h1k4n7q0s3v6x9z2b5d8f1h4k",
            refund_ref="R-1",
            repaid=cents(0),
        ),
        _payout("payout.requested", "Money is kept for a payout to the member's bank."),
        _payout("payout.sent", "The bank was asked to pay it."),
        _payout("payout.settled", "The bank has paid it."),
        _payout(
            "payout.returned",
            "The bank refused it, or it came back: the money is in the cagnotte again.",
            code="AC04",
            reason="The account is closed.",
        ),
        _payout("payout.cancelled", "It was called off before it went to the bank."),
        _voucher(
            "voucher.issued",
            "A voucher was bought with money of a cagnotte, or given by an offer.",
            shapes.IssuedData,
            purchase_id=None,
            minimum_basket=cents(5000),
            valid_from="2026-02-11",
            valid_until="2026-12-31",
            merchant_id=None,
        ),
        _voucher(
            "voucher.used",
            "A voucher paid an order, or a part of it.",
            shapes.UsedData,
            **SHOP,
            **USE,
            used_on="2026-03-01",
            used_twice=False,
        ),
        _voucher(
            "voucher.refunded",
            "An order that a voucher paid was refunded, in whole or in part.",
            shapes.VoucherRefundedData,
            **SHOP,
            **USE,
            refund_ref="R-2",
            to_voucher=True,
        ),
        _voucher(
            "voucher.expired",
            "A voucher's days are over, and it still held something.",
            shapes.OverData,
            to_member=False,
        ),
        _voucher("voucher.voided", "A voucher was called off.", shapes.OverData, to_member=True),
        _type(
            "member.joined",
            "A member was enrolled.",
            shapes.MemberData,
            id=MEMBER["member_id"],
            ref=MEMBER["member_ref"],
            cagnotte_id=MEMBER["cagnotte_id"],
            joined_on="2026-01-02",
        ),
        _type(
            "member.closed",
            "A member's account was closed.",
            shapes.MemberData,
            id=MEMBER["member_id"],
            ref=MEMBER["member_ref"],
            cagnotte_id=MEMBER["cagnotte_id"],
            joined_on="2026-01-02",
        ),
        _type(
            "webhook_endpoint.test",
            "Somebody asked for it, to see whether it arrives; only that endpoint is told.",
            shapes.TestData,
            id="whk_2j2m5p8r1t4w7y0a3c6e9g2j5m",
        ),
    )
}
"""Every type, by its name."""

TEST = "webhook_endpoint.test"
"""The type that is sent on demand; nobody has to ask for it."""

SUBSCRIBABLE = tuple(name for name in TYPES if name != TEST)
"""What an endpoint may ask for."""
