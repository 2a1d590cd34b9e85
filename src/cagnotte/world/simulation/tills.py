"""Orders told by tills and web shops, line by line, and answered by the shop in files of answers.

Tills that were cut off send late; some orders are restated or sent again, some messages are out of date when they
come. A file is what a shop exports at its end, so it holds an order once: what is said again stands in a later one.
"""

from cagnotte.world.simulation.courses import (
    Answer,
    End,
    TillCourse,
    TillMessage,
    kept,
    returned_minor,
)
from cagnotte.world.simulation.dice import Dice
from cagnotte.world.simulation.plan import Calendar, Model, Plan, Returns
from cagnotte.world.simulation.shopping import Item, Order

LATE_BPS, LATE_DAYS = 200, (1, 10)
EDITED_BPS, EDITED_DAYS = 150, (1, 3)
"""Orders restated without an article that was not there, or with fewer units of it."""

STALE_BPS = 2_000
"""Restated orders whose first message comes again after."""

REPEATED_BPS, REPEATED_DAYS = 100, (1, 20)
"""Messages and answers that come twice, word for word."""

REPEATED_RETURNS_BPS = 1_000
UNANSWERED_BPS = 50
AFTER_RELEASE_BPS = 2_500
"""Returns, and other declines, that come when the reward has been released."""

RELEASED_AFTER_DAYS = 35
"""After the first answer (or, where silence confirms, the purchase) money is surely released."""

LONG_AFTER_DAYS = (5, 50)
BURST_CAUGHT_BPS, COPY_CAUGHT_BPS = 3_000, 6_000
"""Orders of bursts that shops decline as fraud, copies that they decline as duplicates."""

Step = tuple[int, str, str, dict[int, int]]
"""(day, decision, reason, units returned so far by line)."""


class Tills:
    """Tells what becomes of orders; each draws from a stream of its own."""

    def __init__(self, plan: Plan) -> None:
        self._calendar: Calendar = plan.calendar
        self._dice = Dice(plan.seed)
        self._silence_confirms = plan.model is Model.IN_HOUSE
        self._appends = plan.returns is Returns.APPENDED

    def course(self, order: Order) -> TillCourse:
        """Return all that is told about an order, and its end."""
        self._dice.turn_to(f"fate:{order.ref}")
        messages, items, first_answer_period = self._messages(order)
        steps = self._steps(order, items)
        shop = order.shop
        if shop.silent_from is not None:
            steps = [step for step in steps if not shop.is_silent(step[0])]
        answers = self._answers(order, items, steps, first_answer_period)
        if self._appends:
            messages += self._returns(order, items, steps, first_answer_period)
        return TillCourse(messages, answers, self._end(items, steps))

    # ---- what the till says ----

    def _messages(self, order: Order) -> tuple[list[TillMessage], tuple[Item, ...], int]:
        """Return the messages, the lines as they stand after them, and the first period of answers."""
        dice, calendar = self._dice, self._calendar
        late = dice.between(*LATE_DAYS) if dice.chance(LATE_BPS) else 0
        arrives = order.day + late
        period = calendar.period_of[arrives]
        bought_at = calendar.moment(order.day, order.second)
        first = TillMessage(period, bought_at, bought_at, order, order.items)
        messages, items = [first], order.items
        edited = self._edited(items) if dice.chance(EDITED_BPS) else None
        if edited:
            items = edited
            told_on = arrives + dice.between(*EDITED_DAYS)
            period = max(calendar.period_of[told_on], period + 1)
            told_at = calendar.moment(told_on, order.second)
            messages.append(TillMessage(period, told_at, bought_at, order, items))
        if dice.chance(STALE_BPS if edited else REPEATED_BPS):
            again_on = arrives + dice.between(*REPEATED_DAYS)
            again = max(calendar.period_of[again_on], period + 1)
            messages.append(first._replace(period=again))
        return messages, items, period

    def _edited(self, items: tuple[Item, ...]) -> tuple[Item, ...] | None:
        """Return lines without one of them, or with a unit less; None when the order is too small for that."""
        place = self._dice.below(len(items))
        if len(items) > 1:
            return items[:place] + items[place + 1 :]
        (item,) = items
        if item.units == 1:
            return None
        fewer = item.units - 1
        return (
            item._replace(
                units=fewer,
                price_minor=item.price_minor * fewer // item.units,
                coupon_minor=item.coupon_minor * fewer // item.units,
            ),
        )

    # ---- what the shop decides ----

    def _steps(self, order: Order, items: tuple[Item, ...]) -> list[Step]:
        """Draw what the shop decides, oldest first."""
        dice, shop = self._dice, order.shop
        first = order.day + dice.between(*shop.answers_in)
        after = (order.day if self._silence_confirms else first) + RELEASED_AFTER_DAYS
        after = max(after, first) + dice.between(*LONG_AFTER_DAYS)
        confirmed: Step = (first, "confirm", "", {})
        if order.cheat == "returns_late":
            everything = {line: item.units for line, item in enumerate(items, 1)}
            return [confirmed, (after, "amend", "", everything)]
        reason = self._reason(order)
        if reason is not None:
            return self._declined(confirmed, after, reason) if reason else []
        returned = self._returned(order, items)
        if not returned:
            return [confirmed]
        if dice.chance(AFTER_RELEASE_BPS):
            return [confirmed, (after, "amend", "", returned)]
        return [(first, "amend", "", returned), confirmed]

    def _reason(self, order: Order) -> str | None:
        """Draw why an order is declined; "" when nobody answers for it at all, None when neither."""
        dice = self._dice
        if order.cheat == "bursts" and dice.chance(BURST_CAUGHT_BPS):
            return "fraud"
        if order.cheat == "sends_twice" and dice.chance(COPY_CAUGHT_BPS):
            return "duplicate_order"
        if dice.chance(UNANSWERED_BPS):
            return ""
        return dice.pick(order.shop.reasons) if dice.chance(order.shop.decline_bps) else None

    def _declined(self, confirmed: Step, after: int, reason: str) -> list[Step]:
        if self._dice.chance(AFTER_RELEASE_BPS):
            return [confirmed, (after, "decline", reason, {})]
        return [(confirmed[0], "decline", reason, {})]

    def _returned(self, order: Order, items: tuple[Item, ...]) -> dict[int, int]:
        """Draw the units that come back, by line."""
        dice, found = self._dice, {}
        for line, item in enumerate(items, 1):
            bps = order.shop.returned_bps * item.article.returned_bps // 10_000
            if bps and dice.chance(bps):
                found[line] = dice.between(1, item.units)
        return found

    # ---- how it is told ----

    def _answers(
        self, order: Order, items: tuple[Item, ...], steps: list[Step], earliest: int
    ) -> list[Answer]:
        """Turn decisions into rows. Where silence confirms, no row does; returns may be told elsewhere."""
        found: list[Answer] = []
        period = earliest
        last: list[Answer] = []
        for day, decision, reason, returned in steps:
            if (decision == "confirm" and self._silence_confirms) or (
                decision == "amend" and self._appends
            ):
                continue
            period = max(period, self._calendar.period_of[day])
            last = list(_rows(period, order, items, decision, reason, returned))
            found += last
        if last and self._dice.chance(REPEATED_BPS):
            found += [answer._replace(period=period + 1) for answer in last]
        return found

    def _returns(
        self, order: Order, items: tuple[Item, ...], steps: list[Step], earliest: int
    ) -> list[TillMessage]:
        """Turn what came back into messages of their own, some of which come twice."""
        calendar, found = self._calendar, []
        for day, decision, _, returned in steps:
            if decision != "amend":
                continue
            back = tuple(
                Item(items[line - 1].article, -units, -returned_minor(items[line - 1], units), 0)
                for line, units in returned.items()
            )
            message = TillMessage(
                period=max(calendar.period_of[day], earliest),
                told_at=calendar.moment(day, order.second),
                bought_at=calendar.moment(order.day, order.second),
                order=order,
                items=back,
                return_id=f"R{order.ref}",
            )
            found.append(message)
            if self._dice.chance(REPEATED_RETURNS_BPS):
                found.append(message._replace(period=message.period + 1))
        return found

    def _end(self, items: tuple[Item, ...], steps: list[Step]) -> End:
        state, reason = "confirmed" if self._silence_confirms else "pending", ""
        returned: dict[int, int] = {}
        for _, decision, why, back in steps:
            if decision == "amend":
                returned = back
            else:
                state, reason = _STATES[decision], why
        if state == "declined":
            return End(state, reason, 0, 0)
        return End(state, reason, *kept(items, returned))


_STATES = {"confirm": "confirmed", "decline": "declined"}


def _rows(
    period: int,
    order: Order,
    items: tuple[Item, ...],
    decision: str,
    reason: str,
    returned: dict[int, int],
) -> list[Answer]:
    """Return the rows of one decision: of an amendment, one a line."""
    merchant = order.shop.merchant
    if decision != "amend":
        return [Answer(period, order.ref, merchant, decision, reason)]
    return [
        Answer(
            period, order.ref, merchant, decision, "", line, units,
            returned_minor(items[line - 1], units),
        )
        for line, units in returned.items()
    ]  # fmt: skip
