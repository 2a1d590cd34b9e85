"""The base: which part of each line counts, by the contract's policy.

An `Order` is the purchase laid out for decision: one row per line, delivery last, rows that count grouped by
slot. See docs/explanation/rating.md#the-base.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

from cagnotte.domain.contracts import BasePolicy
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.money import Rounding, divide
from cagnotte.domain.periods import Window
from cagnotte.domain.purchases import Line, Purchase
from cagnotte.domain.rating.decision import Facts, LineBase, MemberFacts, Miss, new_line, new_miss

if TYPE_CHECKING:
    from cagnotte.domain.rating.commissions import Commission
    from cagnotte.domain.rating.plans import Plan
    from cagnotte.domain.rating.shops import Context, Slot

Deductions = tuple[tuple[str, int], ...]


class Order:
    """A purchase laid out for decision.

    Attributes:
        day: the date of the purchase, by which the member's counters are read. member, budgets: as given.
        lines: how each base came about. Rows are counted from 0; row i is the line lines[i].
        bases, numbers: by row; the latter are line numbers. rows: those with a base. base_minor: sum of the bases.
        groups: the rows of each slot, in order, rows without base left out.
        keys: where the member's counters are found. commissions: by (funder kind, funder), for contracts that have any.
        misses: what did not apply, as it is found. losses: (loser, winner) → rows, of the choice line by line.
        climbed: by progressive counter, the offers that read it.
        used, capped: by counter of a member's cap, what was drawn from it before, and by this purchase so far.
        budget_uses: (offer, amount_minor) drawn from budgets.
    """

    __slots__ = (
        "base_minor", "bases", "budget_uses", "budgets", "capped", "climbed", "commissions", "context", "day",
        "groups", "keys", "lines", "losses", "member", "misses", "numbers", "purchase", "rows", "used",
    )  # fmt: skip

    def __init__(
        self,
        purchase: Purchase,
        context: "Context",
        member: MemberFacts,
        budgets: Mapping[str, int] | None,
        day: date,
    ) -> None:
        self.purchase, self.context, self.day = purchase, context, day
        self.member, self.budgets = member, budgets
        self.lines: list[LineBase] = []
        self.bases: list[int] = []
        self.numbers: list[int] = []
        self.rows: list[int] = []
        self.keys = context.book.keys_on(day)
        self.base_minor = 0
        self.groups: dict[Slot, list[int]] = {}
        self.commissions: dict[tuple[str, str], Commission] = {}
        self.misses: list[Miss] = []
        self.losses: dict[tuple[Plan, Plan], list[int]] = {}
        self.climbed: dict[str, list[Plan]] = {}
        self.used: dict[str, int] = {}
        self.capped: dict[str, int] = {}
        self.budget_uses: list[tuple[str, int]] = []

    def counted(self, name: str, window: Window) -> tuple[int, int]:
        """Return what the member has in a counter over a window that ends with the purchase: (minor units, count)."""
        counters = self.member.counters
        if not window.days:
            return counters.get(self.keys[name], (0, 0))
        first, amount, count = window.first_counted(self.day), 0, 0
        for (counter, period), (amount_minor, times) in counters.items():
            if counter == name and first <= period <= self.day:
                amount += amount_minor
                count += times
        return amount, count

    def rows_of(self, *plans: "Plan") -> list[int]:
        """Return the rows that any of some offers matches, in order."""
        found = [rows for slot, rows in self.groups.items() if not slot.matching.isdisjoint(plans)]
        if len(found) == len(self.groups):
            return self.rows
        return found[0] if len(found) == 1 else sorted(chain.from_iterable(found))

    def units_of(self, row: int) -> int:
        """Return the units that remain of a row; delivery has none."""
        lines = self.purchase.lines
        return lines[row].quantity - lines[row].returned_quantity if row < len(lines) else 0

    def covered_by(self, plan: "Plan") -> bool:
        """Tell whether an offer matches every row."""
        for slot in self.groups:  # noqa: SIM110  # a generator would cost more than the whole loop
            if plan not in slot.matching:
                return False
        return True

    def base_of(self, plan: "Plan") -> int:
        """Return the base of the rows that an offer matches."""
        if self.covered_by(plan):
            return self.base_minor
        bases = self.bases
        return sum([bases[row] for row in self.rows_of(plan)])

    def draw(self, plan: "Plan", amount_minor: int) -> None:
        """Note what an award takes from its member's cap and its budget."""
        if plan.cap_name is not None:
            self.capped[plan.cap_name] = self.capped.get(plan.cap_name, 0) + amount_minor
        if plan.budget_minor is not None:
            self.budget_uses.append((plan.ref, amount_minor))

    def refuse(self, plan: "Plan", reason: str, facts: Facts) -> None:
        """Note that an offer does not apply at all; no lines are named where it is the whole order's."""
        if self.covered_by(plan):
            self.misses.append(new_miss((plan.ref, reason, facts, ())))
        else:
            self.miss(plan, reason, facts, self.rows_of(plan))

    def miss(self, plan: "Plan", reason: str, facts: Facts, rows: Iterable[int]) -> None:
        """Note that an offer did not apply to some rows."""
        numbers = self.numbers
        self.misses.append(
            new_miss((plan.ref, reason, facts, tuple([numbers[row] for row in rows])))
        )


def lay_out(order: Order) -> None:
    """Fill in the bases of an order's lines and group its rows by slot. Raises InvalidInput as `deduct`."""
    context = order.context
    slots, skus, brands = context.slots, context.book.skus, context.book.brands
    policy, groups = context.policy, order.groups
    less_discount, less_wallet = policy.discounts_deducted, policy.wallet_deducted
    less_tax = not policy.with_tax
    lines, bases, numbers, rows = order.lines, order.bases, order.numbers, order.rows
    for row, line in enumerate(_rows(order.purchase, policy)):
        number, sku, _, amount, discount, tax, wallet, category, brand, gift, gone, back = line
        key = (sku if sku in skus else None, category, brand if brand in brands else None)
        slot = slots.get(key) or context.new_slot(key)
        if (
            gift
            or gone
            or back
            or slot.excluded
            or amount < discount
            or (wallet and less_wallet)
            or (tax and less_tax)
        ):
            base, deductions = deduct(line, policy, excluded=slot.excluded)
        elif discount and less_discount:
            base, deductions = amount - discount, (("discount", discount),)
        else:
            base, deductions = amount, ()
        lines.append(new_line((number, amount, deductions, base)))
        bases.append(base)
        numbers.append(number)
        if base:
            rows.append(row)
            if slot in groups:
                groups[slot].append(row)
            else:
                groups[slot] = [row]
    order.base_minor = sum(bases)


def _rows(purchase: Purchase, policy: BasePolicy) -> tuple[Line, ...]:
    """The purchase's lines, and its delivery as line 0 where that counts and something of the order remains."""
    if not (policy.with_delivery and purchase.delivery_minor):
        return purchase.lines
    charged = purchase.delivery_minor
    back = 0 if any(not fully_returned(line) for line in purchase.lines) else charged
    delivery = Line(0, "", 1, charged, tax_minor=purchase.delivery_tax_minor, returned_minor=back)
    return (*purchase.lines, delivery)


def fully_returned(line: Line) -> bool:
    """Tell whether nothing of a line remains, by its units or by its amount."""
    return (
        0 < line.quantity <= line.returned_quantity or 0 < line.amount_minor <= line.returned_minor
    )


def deduct(line: Line, policy: BasePolicy, *, excluded: bool) -> tuple[int, Deductions]:
    """Return the base of a line and what was deducted on the way; amount − Σ deductions = base ≥ 0.

    A negative deduction "below_zero" says by how much the others went beyond the amount. Returns come off what
    is left after all else, in proportion to the cumulative return, rounded half up once.
    Raises InvalidInput when more is returned than was bought.
    """
    _check_returns(line)
    amount = line.amount_minor
    if excluded or (line.gift_card and not policy.gift_cards):
        return 0, (("excluded" if excluded else "gift_card", amount),)
    found = []
    if policy.discounts_deducted and line.discount_minor:
        found.append(("discount", line.discount_minor))
    if not policy.with_tax and line.tax_minor:
        found.append(("tax", line.tax_minor))
    if policy.wallet_deducted and line.wallet_minor:
        found.append(("wallet", line.wallet_minor))
    base = amount - sum([minor for _, minor in found])
    if base < 0:
        found.append(("below_zero", base))
        base = 0
    gone = _returned(line, base)
    if gone:
        found.append(("returned", gone))
    return base - gone, tuple(found)


def _check_returns(line: Line) -> None:
    if not 0 <= line.returned_quantity <= max(
        line.quantity, 0
    ) or not 0 <= line.returned_minor <= max(line.amount_minor, 0):
        raise InvalidInput(
            f"Line {line.number} returns {line.returned_quantity} units for {line.returned_minor}, but "
            f"{line.quantity} units were bought for {line.amount_minor} (amounts in minor units).",
            line=line.number,
        )


def _returned(line: Line, base: int) -> int:
    """The part of a base that returns have taken: by amount where the source tells it, else by units."""
    if fully_returned(line):
        return base
    if line.returned_minor:
        return divide(base * line.returned_minor, line.amount_minor, Rounding.HALF_UP)
    if line.returned_quantity:
        return divide(base * line.returned_quantity, line.quantity, Rounding.HALF_UP)
    return 0
