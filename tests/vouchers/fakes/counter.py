"""What all fakes of shops that take vouchers share: what they keep, a checkout, and answers that get lost.

with WooCommerceFake(clock) as shop:
    shop.lose_next()                  # the next change is made, and its answer breaks off
    shop.refuse("no more coupons")    # from now on the shop takes no voucher
    shop.use(kept, "A-1002", "3.00")  # an order takes of it at the shop's own checkout
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from tests.sources.fakes.clock import Clock
from tests.sources.fakes.server import Asked, FakeServer, Reply


class NotTaken(Exception):
    """The checkout does not take a voucher."""


@dataclass
class Order:
    """What an order took of a voucher."""

    ref: str
    amount: Decimal
    at: datetime
    changed_at: datetime
    cancelled: bool = False


@dataclass
class Kept:
    """A voucher as the shop keeps it. starts, ends: None where the shop knows none."""

    native_id: str
    remark: str
    code: str
    amount: Decimal
    currency: str
    customer: str = ""
    minimum: Decimal = Decimal(0)
    starts: datetime | None = None
    ends: datetime | None = None
    live: bool = True
    orders: list[Order] = field(default_factory=list)

    @property
    def used(self) -> Decimal:
        """What orders that stand took of it."""
        return sum((one.amount for one in self.orders if not one.cancelled), Decimal(0))


class VoucherFake(FakeServer):
    """The base; see the module. keeps_rest: a voucher can be used until nothing is left of it."""

    keeps_rest = False
    currency = "EUR"

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.kept: list[Kept] = []
        self.refusal = ""
        self._losing = 0

    # ---- what tests may ask of it ----

    def lose_next(self) -> None:
        """Make the next change, and break off its answer."""
        self._losing += 1

    def refuse(self, why: str) -> None:
        """From now on take no new voucher."""
        self.refusal = why

    def only(self) -> Kept:
        """Return the one voucher that the shop knows."""
        (found,) = self.kept
        return found

    def use(self, kept: Kept, ref: str, amount: str) -> Decimal:
        """Pay an order of so much with a voucher, as far as it goes; return what it paid. Raises NotTaken."""
        now = self.clock.now
        inside = (kept.starts is None or kept.starts <= now) and (
            kept.ends is None or now < kept.ends
        )
        left = kept.amount - kept.used
        if not kept.live or not inside or left <= 0 or Decimal(amount) < kept.minimum:
            raise NotTaken(ref)
        if not self.keeps_rest and kept.used:
            raise NotTaken(ref)
        paid = min(left, Decimal(amount))
        kept.orders.append(Order(ref, paid, now, now))
        return paid

    def cancel(self, kept: Kept, ref: str) -> None:
        """Cancel an order; what it took stands on the voucher again."""
        for order in kept.orders:
            if order.ref == ref:
                order.cancelled, order.changed_at = True, self.clock.now

    # ---- what fakes say of themselves ----

    def changes(self, asked: Asked) -> bool:
        """Tell whether a request changes something."""
        return asked.method != "GET"

    def answer(self, asked: Asked) -> Reply:
        """Answer one request, or lose the answer."""
        reply = super().answer(asked)
        if self._losing and reply.status < 300 and not reply.cut and self.changes(asked):
            self._losing -= 1
            return Reply(b'{"', 200, {}, cut=True)
        return reply

    def find(self, **wanted: str) -> Kept | None:
        """Return the voucher with these values."""
        for one in self.kept:
            if all(getattr(one, name) == value for name, value in wanted.items()):
                return one
        return None
