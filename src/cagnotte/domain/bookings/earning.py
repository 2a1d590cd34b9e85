"""Bookings of what purchases earn: tracked, confirmed, restated, clawed back, released.

A reward is always booked as *target − booked*: `position` says what should stand on every account for a reward
in a given state, and `restatement` is the difference of two positions plus what must come back from the member.
Letters: C commission, R reward, S the shop's share, M margin, L released, K kept at the programme's loss.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from cagnotte.domain.chart import Account
from cagnotte.domain.purchases import Validation

Leg = tuple[Account, int]


class PartAmounts(NamedTuple):
    """One funder's part of a reward, as booked: C = R + S + M, all ≥ 0, in minor units."""

    funder_kind: str
    funder_id: UUID
    commission_minor: int
    reward_minor: int
    share_minor: int
    margin_minor: int


@dataclass(frozen=True, slots=True)
class Standing:
    """All that decides what a reward's accounts should read.

    Attributes:
        released_minor: L, made available so far, net of clawbacks.
        kept_minor: K, what the member keeps although no funder pays it: the window to take it back is over, or there
            was nothing to take it from.
        The member's reward is R = Σ parts' R + K.
    """

    validation: Validation
    parts: tuple[PartAmounts, ...]
    released_minor: int = 0
    kept_minor: int = 0

    @property
    def reward_minor(self) -> int:
        """R, all funders together."""
        return sum(part.reward_minor for part in self.parts) + self.kept_minor


NOTHING = Standing(Validation.DECLINED, ())
"""What stands before a purchase is known."""


@dataclass(frozen=True, slots=True)
class Owners:
    """Who owns the accounts of one purchase: its programme, wallet and selling merchant, and its currency."""

    programme_id: UUID
    wallet_id: UUID
    merchant_id: UUID
    currency: str

    def account(self, kind: str, owner_id: UUID | None = None) -> Account:
        """Return the account of `kind`; the owner follows from its kind unless it is a funder's."""
        if owner_id is None:
            owner_id = {
                "member": self.wallet_id,
                "merchant": self.merchant_id,
                "programme": self.programme_id,
            }[kind.partition(".")[0]]
        return Account(kind, owner_id, self.programme_id, self.currency)


class Clawback(NamedTuple):
    """How X = L − R is taken back, in minor units; all of it sums to X.

    own_minor: from what is left in the reward's own lots. other_minor: from the member's other lots.
    expired: ((account that gained by the expiry, amount), …). owing_minor: owed from now on.
    losses_minor: given up. voucher_minor: from what vouchers that the reward gave still hold.
    """

    own_minor: int = 0
    other_minor: int = 0
    expired: tuple[tuple[Account, int], ...] = ()
    owing_minor: int = 0
    losses_minor: int = 0
    voucher_minor: int = 0

    @property
    def total_minor(self) -> int:
        """X."""
        expired = sum(amount for _, amount in self.expired)
        taken = self.own_minor + self.other_minor + self.voucher_minor + expired
        return taken + self.owing_minor + self.losses_minor


NO_CLAWBACK = Clawback()
"""Nothing has to come back."""


def position(standing: Standing, owners: Owners) -> list[Leg]:
    """Return what should stand on every account but the member's available money (rows 1–5).

    The legs sum to L: what was released stands on the available account.
    """
    if standing.validation is Validation.DECLINED:
        return []
    if standing.validation is Validation.CONFIRMED:
        funder, member, share = "funder.due", "member.confirmed", "merchant.clearing"
        margin, promotions = "programme.margin", "programme.promotions"
    else:
        funder, member, share = "funder.accrued", "member.pending", "merchant.share_pending"
        margin, promotions = "programme.margin_pending", "programme.promotions_pending"
    account = owners.account
    legs: list[Leg] = []
    for part in standing.parts:
        if part.funder_kind == "programme":
            legs.append((account(promotions), part.commission_minor))
        else:
            legs.append((account(funder, part.funder_id), part.commission_minor))
        if part.share_minor:
            legs.append((account(share), -part.share_minor))
        if part.margin_minor:
            legs.append((account(margin), -part.margin_minor))
    if standing.kept_minor:
        legs.append((account("programme.losses"), standing.kept_minor))
    legs.append((account(member), standing.released_minor - standing.reward_minor))
    return legs


def restatement(
    before: Standing, after: Standing, owners: Owners, clawback: Clawback = NO_CLAWBACK
) -> list[Leg]:
    """Return the legs that bring the books from one standing to another (rows 1–8).

    `clawback` says where L − L′ comes from; it must be what `after` released less, to the minor unit.
    Raises ValueError when it is not: such a transaction could not balance.
    """
    if before.released_minor - after.released_minor != clawback.total_minor:
        raise ValueError("what is clawed back must be what is no longer released")
    if after.validation is not Validation.DECLINED and after.released_minor > after.reward_minor:
        raise ValueError("more is released than the reward is worth")
    if before is NOTHING and clawback is NO_CLAWBACK:
        return position(after, owners)
    account = owners.account
    legs = position(after, owners)
    legs.extend((leg[0], -leg[1]) for leg in position(before, owners))
    legs.append((account("member.available"), clawback.own_minor + clawback.other_minor))
    legs.extend(clawback.expired)
    legs.append((account("programme.vouchers"), clawback.voucher_minor))
    legs.append((account("member.owing"), clawback.owing_minor))
    legs.append((account("programme.losses"), clawback.losses_minor))
    return legs


def released(amount_minor: int, owing_minor: int, owners: Owners) -> list[Leg]:
    """Return the legs of a release (row 9): confirmed → available, what is owed first repaid.

    `owing_minor` is what the member owes before; the lot made of it keeps amount − repaid.
    """
    repaid = min(amount_minor, owing_minor)
    account = owners.account
    return [
        (account("member.confirmed"), amount_minor),
        (account("member.available"), repaid - amount_minor),
        (account("member.owing"), -repaid),
    ]


def part_sums(parts: Iterable[PartAmounts]) -> tuple[int, int, int, int]:
    """Return (C, R, S, M) summed over parts."""
    commission = reward = share = margin = 0
    for part in parts:
        commission += part.commission_minor
        reward += part.reward_minor
        share += part.share_minor
        margin += part.margin_minor
    return commission, reward, share, margin
