"""What really happened, so that the books can be compared with it.

`truth.csv` has a row per order with its end; `truth.json` says who cheated, who failed, and what it adds up to.
"""

from collections import Counter
from pathlib import Path
from typing import Any, TextIO

import orjson

from cagnotte.world.simulation.courses import End
from cagnotte.world.simulation.plan import Plan
from cagnotte.world.simulation.programmes import PLAIN_RATE_BPS, PLAIN_SHARE_BPS
from cagnotte.world.simulation.shopping import Order
from cagnotte.world.simulation.shops import Network, Shop

COLUMNS = (
    "order", "shop", "branch", "member", "enrolled", "bought_on", "state", "reason", "paid_minor", "kept_minor",
    "counted_minor", "commission_minor", "cheat", "copy_of",
)  # fmt: skip
"""As in `End`. enrolled: yes or no; orders of others are rejected, whatever their end. paid_minor: at the till,
coupons off, delivery apart. All amounts in minor units."""


class Truth:
    """Collects what happened while a world is made; rows go straight to `truth.csv`."""

    def __init__(self, plan: Plan, rows: TextIO) -> None:
        self._plan = plan
        self._rows = rows
        self._states: Counter[str] = Counter()
        self._totals: Counter[str] = Counter()
        self._cheats: dict[str, set[str]] = {}
        self.counts: Counter[str] = Counter()
        rows.write(",".join(COLUMNS) + "\n")

    def add(self, order: Order, end: End) -> None:
        """Note an order and its end."""
        member, paid_minor = order.member, order.paid_minor
        self.counts["orders"] += 1
        if member.enrolled:
            self._states[end.state] += 1
            self._totals["paid_minor"] += paid_minor
            self._totals["kept_minor"] += end.kept_minor
            self._totals["counted_minor"] += end.counted_minor
        else:
            self.counts["orders_of_strangers"] += 1
        if order.cheat:
            self._cheats.setdefault(order.cheat, set()).add(member.ref)
        commission = "" if end.commission_minor is None else end.commission_minor
        self._rows.write(
            f"{order.ref},{order.shop.merchant},{order.shop.ref},{member.ref},"
            f"{'yes' if member.enrolled else 'no'},{self._plan.calendar.texts[order.day]},{end.state},{end.reason},"
            f"{paid_minor},{end.kept_minor},{end.counted_minor},{commission},{order.cheat},{order.copy_of}\n"
        )

    def told(self, kind: str, enrolled: bool, count: int) -> None:  # noqa: FBT001 - a row of figures
        """Count messages, returns or answers; those about strangers apart, since they lead to nothing."""
        self.counts[kind] += count
        if count and not enrolled:
            self.counts[f"{kind}_of_strangers"] += count

    def write(self, path: Path, shops: list[Shop], networks: list[Network]) -> None:
        """Write `truth.json`. Amounts, by state too, are those of enrolled members' orders."""
        texts = self._plan.calendar.texts
        told: dict[str, Any] = {
            "counts": dict(sorted(self.counts.items())),
            "states": dict(sorted(self._states.items())),
            "totals": dict(sorted(self._totals.items())),
            "plain_reward": self._plain_reward(),
            "cheats": {kind: sorted(refs) for kind, refs in sorted(self._cheats.items())},
            "insolvent": {
                shop.ref: texts[shop.silent_from] for shop in shops if shop.silent_from is not None
            },
            "silent_networks": {
                network.ref: [texts[day] for day in network.silence] for network in networks
            },
        }
        path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))

    def _plain_reward(self) -> dict[str, Any] | None:
        """Say how the reward of an order follows from its row; None where the offers are not that plain."""
        if not self._plan.plain:
            return None
        if self._plan.tells_lines:
            return {"of": "counted_minor", "rate_bps": PLAIN_RATE_BPS, "rounding": "half_up"}
        return {"of": "commission_minor", "rate_bps": PLAIN_SHARE_BPS, "rounding": "down"}
