"""Commissions: what each contract owes for a purchase, and how it splits into reward, share and margin.

The source's figure counts where it reports one, else the contract's rates on the bases, rounded half up once
per contract. See docs/explanation/rating.md#who-pays.
"""

from typing import NamedTuple

from cagnotte.domain.contracts import Contract
from cagnotte.domain.money import allocate
from cagnotte.domain.rating.amounts import BPS, round_half_up
from cagnotte.domain.rating.bases import Order
from cagnotte.domain.rating.decision import Award, Part, new_part

KINDS = {"merchant": 0, "network": 1, "brand": 2, "programme": 3}
"""The order in which funders are listed."""


Stretch = tuple[list[int], int, int]
"""Rows to which one rate applies: (rows, rate in bps, fixed part in minor units)."""


class Commission(NamedTuple):
    """What one contract owes for a purchase: in all, and which rates its rows carry."""

    contract: Contract
    total_minor: int
    stretches: list[Stretch]

    def weights(self, bases: list[int]) -> dict[int, int]:
        """Return the part of each row, in ten-thousandths of a minor unit at the contract's own rates.

        By base alone where the contract has no rates and the source's figure is all there is.
        """
        weights: dict[int, int] = {}
        for rows, rate_bps, fixed_minor in self.stretches:
            own = [bases[row] for row in rows]
            fixed = allocate(fixed_minor * BPS, own) if fixed_minor else [0] * len(rows)
            for row, base, part in zip(rows, own, fixed, strict=True):
                weights[row] = base * rate_bps + part
        return weights if any(weights.values()) else dict(enumerate(bases))


def reckon(order: Order) -> None:
    """Fill in `Order.commissions`."""
    found: dict[tuple[str, str], tuple[Contract, dict[int, Stretch]]] = {}
    for slot, rows in order.groups.items():
        for key, contract, rate in slot.rates:
            stretches = found.setdefault(key, (contract, {}))[1]
            known = stretches.get(id(rate))
            stretches[id(rate)] = (
                known[0] + rows if known else rows,
                rate.rate_bps,
                rate.fixed_minor,
            )
    bases = order.bases
    for key, (contract, stretches) in found.items():
        exact = 0
        for rows, rate_bps, fixed_minor in stretches.values():
            exact += sum([bases[row] for row in rows]) * rate_bps + fixed_minor * BPS
        order.commissions[key] = Commission(
            contract, round_half_up(exact, BPS), list(stretches.values())
        )
    _take_reported(order)


def _take_reported(order: Order) -> None:
    """Let the source's figure stand in place of ours."""
    reported, contract = order.purchase.commission_minor, order.context.source_contract
    if reported is None or contract is None:
        return
    key = (str(contract.funder_kind), contract.funder)
    ours = order.commissions.get(key)
    order.commissions[key] = Commission(contract, max(reported, 0), ours.stretches if ours else [])


def parts_of(order: Order, awards: list[Award]) -> tuple[Part, ...]:
    """Return each funder's part of the reward, merchant first, the programme last.

    What a funder's commission does not cover becomes a part of the programme, never a negative margin. A contract with
    rates of which none applies owes nothing; one without any rates owes exactly the reward.
    """
    rewards = _asked_of_funders(awards)
    excess = rewards.pop(("programme", ""), 0)
    commissions, context = order.commissions, order.context
    for key in context.with_rates - commissions.keys():
        excess += rewards.pop(key, 0)
    parts = []
    for key, reward in rewards.items():
        if key not in commissions:
            parts.append(new_part((*key, context.contract_names[key], reward, reward, 0, 0)))
    for key, owed in commissions.items():
        reward = rewards.get(key, 0)
        excess += max(reward - owed.total_minor, 0)
        if owed.total_minor:
            parts.append(_part(key, owed, reward))
    parts.sort(key=_place)
    if excess:
        parts.append(Part("programme", "", None, excess, excess, 0, 0))
    return tuple(parts)


def _asked_of_funders(awards: list[Award]) -> dict[tuple[str, str], int]:
    rewards: dict[tuple[str, str], int] = {}
    for award in awards:
        for kind, ref, amount in award.funders:
            rewards[kind, ref] = rewards.get((kind, ref), 0) + amount
    return rewards


def _part(key: tuple[str, str], owed: Commission, reward: int) -> Part:
    """Split a commission C: the reward R as far as it goes, the shop's share S of the rest at most, the margin M."""
    contract, commission = owed.contract, owed.total_minor
    paid = min(reward, commission)
    share = min(contract.merchant_share_bps * commission // BPS, commission - paid)
    name = (contract.ref, contract.version)
    return new_part((*key, name, commission, paid, share, commission - paid - share))


def _place(part: Part) -> tuple[int, str]:
    return KINDS[part.funder_kind], part.funder
