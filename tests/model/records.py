"""What the model remembers: purchases, lots, holds, vouchers, payouts and debts. Amounts are minor units."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from tests.model.programmes import Shop
from tests.model.rating import Line, Parts


@dataclass
class Purchase:
    """An order, its last message, and what stands of its reward: parts, L (released) and K (kept at a loss)."""

    order: str
    member: str
    shop: Shop
    bought_at: datetime
    bought_on: date
    lines: tuple[Line, ...]
    said: tuple[Any, ...]
    validation: str = "unknown"
    parts: Parts = field(default_factory=dict)
    released: int = 0
    kept: int = 0
    vouchered: int = 0
    confirmed_on: date | None = None
    release_on: date | None = None
    blocked: bool = False

    @property
    def reward(self) -> int:
        return sum(part.reward for part in self.parts.values()) + self.kept

    @property
    def standing(self) -> str:
        """What outlives a decline stands as confirmed."""
        outlives = self.kept or any(part.commission for part in self.parts.values())
        return "confirmed" if self.validation == "declined" and outlives else self.validation

    @property
    def answer_by(self) -> date | None:
        days = self.shop.answer_days
        if days is None or self.validation != "pending":
            return None
        return self.bought_on + timedelta(days=days)


@dataclass
class Lot:
    """Money made available at once; `gains` is who has what expires of it. The id is the system's."""

    order: str
    amount: int
    remaining: int
    available_on: date
    expires_on: date | None
    gains: tuple[str, str]
    expired: int = 0
    id: Any = None

    @property
    def turn(self) -> tuple[Any, ...]:
        """What expires first is spent first, then what is there longest."""
        return self.expires_on or date.max, self.available_on, self.id

    def spendable(self, day: date) -> int:
        return self.remaining if self.expires_on is None or self.expires_on >= day else 0


@dataclass
class Take:
    """What a hold has of a lot, what of it was spent, and what of that came back."""

    lot: Lot
    amount: int
    spent: int = 0
    back: int = 0


@dataclass
class Hold:
    """Money set aside for an order at a shop, or for a payout."""

    reference: str
    member: str
    shop: str
    amount: int
    takes: list[Take]
    until: datetime | None = None
    state: str = "open"
    spent: int = 0
    fee: int = 0
    refunded: int = 0
    id: Any = None


@dataclass
class Use:
    """What a voucher paid of an order at a shop, and what of it came back."""

    order: str
    shop: str
    amount: int
    refunded: int = 0


@dataclass
class Voucher:
    """Money on a code: bought with a hold, or given by an order. `gains` is who has what expires; None: the member."""

    name: str
    member: str
    amount: int
    since: date
    until: date
    once: bool
    hold: Hold | None = None
    order: str = ""
    shop: str = ""
    basket: int = 0
    gains: tuple[str, str] | None = None
    used: int = 0
    returned: int = 0
    expired: int = 0
    taken: int = 0
    state: str = "issued"
    uses: list[Use] = field(default_factory=list)
    id: Any = None

    @property
    def open(self) -> int:
        return self.amount - self.used - self.returned - self.expired - self.taken

    @property
    def over(self) -> bool:
        return self.state in ("expired", "void")

    def settle(self) -> None:
        """Say how it stands after something moved."""
        if not self.over:
            state = "part_used" if self.used else "issued"
            self.state = state if self.open else "used"


@dataclass
class Payout:
    """A payout, its state, and the hold behind it."""

    number: int
    member: str
    amount: int
    hold: Hold
    state: str
    reference: str = ""


@dataclass
class Debt:
    """What a clawback left owing, since when, and how long it is waited for."""

    since: date
    left: int
    days: int | None
