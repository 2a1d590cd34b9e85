"""Commissions: what each contract owes for a purchase, and how it splits into reward, share and margin.

The source's figure counts where it reports one, else the contract's rates on the bases, rounded half up once
per contract. See docs/explanation/rating.md#who-pays.
"""

from typing import NamedTuple

from cagnotte.domain.contracts import CommissionRate, Contract
from cagnotte.domain.money import allocate
from cagnotte.domain.rating.amounts import BPS, round_half_up
from cagnotte.domain.rating.bases import Order
from cagnotte.domain.rating.decision import Award, Part

KINDS = ("merchant", "network", "brand", "programme")
"""The order in which funders are listed."""


class Commission(NamedTuple):
    """What one contract owes: in all, and by row as weights that sum to `weight_sum` (> 0)."""

    contract: Contract
    total_minor: int
    weights: dict[int, int]
    weight_sum: int


def reckon(order: Order) -> None:
    """Fill in `Order.commissions`."""
    found: dict[tuple[str, str], tuple[Contract, dict[int, int]]] = {}
    fixed: dict[int, tuple[CommissionRate, dict[int, int], list[int]]] = {}
    bases = order.bases
    for slot, rows in order.groups.items():
        for contract, rate in slot.rates:
            weights = found.setdefault((contract.funder_kind, contract.funder), (contract, {}))[1]
            for row in rows:
                weights[row] = bases[row] * rate.rate_bps
            if rate.fixed_minor:
                fixed.setdefault(id(rate), (rate, weights, []))[2].extend(rows)
    for rate, weights, rows in fixed.values():
        for row, minor in zip(
            rows, allocate(rate.fixed_minor * BPS, [bases[row] for row in rows]), strict=True
        ):
            weights[row] += minor
    for key, (contract, weights) in found.items():
        total = sum(weights.values())
        order.commissions[key] = Commission(contract, round_half_up(total, BPS), weights, total)
    _take_reported(order)


def _take_reported(order: Order) -> None:
    """Let the source's figure stand in place of ours."""
    reported, contract = order.purchase.commission_minor, order.context.source_contract
    if reported is None or contract is None:
        return
    key = (str(contract.funder_kind), contract.funder)
    ours = order.commissions.get(key)
    weights = ours.weights if ours is not None and ours.weight_sum else dict(enumerate(order.bases))
    weight_sum = sum(weights.values())
    order.commissions[key] = Commission(contract, max(reported, 0), weights, max(weight_sum, 1))


def parts_of(order: Order, awards: list[Award]) -> tuple[Part, ...]:
    """Return each funder's part of the reward, merchant first, the programme last.

    What a funder's commission does not cover becomes a part of the programme, never a negative margin.
    """
    rewards: dict[tuple[str, str], int] = {}
    for award in awards:
        for kind, ref, amount in award.funders:
            rewards[kind, ref] = rewards.get((kind, ref), 0) + amount
    excess = rewards.pop(("programme", ""), 0)
    commissions = order.commissions
    parts = []
    for key in rewards.keys() | commissions.keys() if commissions else rewards:
        reward = rewards.get(key, 0)
        if key in commissions:
            part = _part(*key, commissions[key], reward)
            excess += reward - part.reward_minor
        else:
            contract = order.context.funders[key]
            part = Part(*key, (contract.ref, contract.version), reward, reward, 0, 0)
        if part.commission_minor:
            parts.append(part)
    if len(parts) > 1:
        parts.sort(key=_place)
    if excess:
        parts.append(Part("programme", "", None, excess, excess, 0, 0))
    return tuple(parts)


def _part(kind: str, funder: str, owed: Commission, reward: int) -> Part:
    """Split a commission C: the reward R as far as it goes, the shop's share S of the rest at most, the margin M."""
    contract, commission = owed.contract, owed.total_minor
    paid = min(reward, commission)
    share = min(contract.merchant_share_bps * commission // BPS, commission - paid)
    name = (contract.ref, contract.version)
    return Part(kind, funder, name, commission, paid, share, commission - paid - share)


def _place(part: Part) -> tuple[int, str]:
    return KINDS.index(part.funder_kind), part.funder
