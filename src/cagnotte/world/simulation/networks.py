"""Orders told by affiliate networks: an amount and a commission, pending for months, approved in batches.

A network falls silent for weeks and then sends all at once, sends things twice, takes approvals back for some days,
and lets a later message overtake an earlier one. Its `told_at` says which is newer.
"""

from typing import NamedTuple

from cagnotte.world.simulation.courses import End, NetworkCourse, NetworkMessage, share_minor
from cagnotte.world.simulation.dice import Dice
from cagnotte.world.simulation.plan import Calendar, Plan
from cagnotte.world.simulation.shopping import Order
from cagnotte.world.simulation.shops import Network

AMENDED_BPS = 500
"""Orders whose amount is corrected while they are pending."""

RETURNED_BPS, WHOLE_RETURN_BPS = 1_000, 3_000
UNANSWERED_BPS = 200
REVERSED_BPS, REVERSED_DAYS = 100, (20, 60)
"""Approvals taken back for good, when the reward has been released."""

FLIPPED_DAYS = (1, 6)
REPEATED_DAYS = (1, 20)
OVERTAKEN_DAYS = (1, 3)
CLICKED_SECONDS = (60, 7_200)
CAUGHT_BPS = 6_000
"""Second recordings that a network declines."""

CONFIRMED, DECLINED, PENDING = "confirmed", "declined", "pending"


class Word(NamedTuple):
    """What a network says on a day."""

    day: int
    status: str
    reason: str
    amount_minor: int


class Networks:
    """Tells what becomes of orders; each draws from a stream of its own."""

    def __init__(self, plan: Plan, networks: list[Network]) -> None:
        self._calendar: Calendar = plan.calendar
        self._dice = Dice(plan.seed)
        self._networks = networks

    def course(self, order: Order) -> NetworkCourse:
        """Return all that is told about an order as it arrives, and its end."""
        self._dice.turn_to(f"fate:{order.ref}")
        network = self._networks[order.shop.network]
        words = [
            word
            for place, word in enumerate(self._words(order, network))
            # What was pending when the shop failed stays so: the network hears nothing from it any more.
            if not place or not order.shop.is_silent(word.day)
        ]
        last = words[-1]
        amount = 0 if last.status == DECLINED else last.amount_minor
        commission = share_minor(last.amount_minor, order.shop.commission_bps)
        end = End(last.status, last.reason, amount, amount, commission)
        return NetworkCourse(self._delivered(order, network, words), end)

    # ---- what is said ----

    def _words(self, order: Order, network: Network) -> list[Word]:
        """Draw what the network says, oldest first, a day apart at least."""
        dice, paid = self._dice, order.paid_minor
        words = [Word(order.day, PENDING, "", paid)]
        if dice.chance(AMENDED_BPS):
            paid = paid * dice.between(70, 110) // 100
            words.append(Word(order.day + dice.between(1, 5), PENDING, "", paid))
        if dice.chance(UNANSWERED_BPS):
            return words
        ripe = max(order.day + dice.between(*network.approves_in), words[-1].day + 1)
        day = self._approval_day(network, ripe)
        reason = self._reason(order)
        if reason:
            return [*words, Word(day, DECLINED, reason, paid)]
        if dice.chance(RETURNED_BPS):
            paid = paid * dice.between(10, 90) // 100
        return words + self._approved(order, network, day, paid)

    def _approval_day(self, network: Network, ripe: int) -> int:
        """Return the first day from `ripe` on which the network approves."""
        dates = self._calendar.dates
        while dates[ripe].day not in network.approval_days:
            ripe += 1
        return ripe

    def _reason(self, order: Order) -> str:
        """Draw why an order is declined; "" for one that is approved."""
        dice = self._dice
        if order.cheat == "sends_twice" and dice.chance(CAUGHT_BPS):
            return "duplicate_order"
        if dice.chance(order.shop.decline_bps):
            return dice.pick(order.shop.reasons)
        returned = dice.chance(RETURNED_BPS) and dice.chance(WHOLE_RETURN_BPS)
        return "returned" if returned else ""

    def _approved(self, order: Order, network: Network, day: int, paid: int) -> list[Word]:
        """Approve, and sometimes take it back for days or for good."""
        dice = self._dice
        words = [Word(day, CONFIRMED, "", paid)]
        if dice.chance(network.flipped_bps):
            day += dice.between(*FLIPPED_DAYS)
            words.append(Word(day, PENDING, "", paid))
            day += dice.between(*FLIPPED_DAYS)
            words.append(Word(day, CONFIRMED, "", paid))
        if order.cheat == "returns_late" or dice.chance(REVERSED_BPS):
            day += dice.between(*REVERSED_DAYS)
            words.append(Word(day, DECLINED, "returned", paid))
        return words

    # ---- how it arrives ----

    def _delivered(self, order: Order, network: Network, words: list[Word]) -> list[NetworkMessage]:
        """Deliver what is said: on its day or the next, late after a silence, twice, or overtaken."""
        dice, calendar = self._dice, self._calendar
        clicked = max(order.second - dice.between(*CLICKED_SECONDS), 0)
        bought_at = calendar.moment(order.day, order.second)
        clicked_at = calendar.moment(order.day, clicked)
        found: list[NetworkMessage] = []
        for place, word in enumerate(words):
            message = NetworkMessage(
                _heard(network, word.day + dice.below(2)),
                calendar.moment(word.day, order.second),
                bought_at,
                clicked_at,
                order,
                word.amount_minor,
                share_minor(word.amount_minor, order.shop.commission_bps),
                word.status,
                word.reason,
            )
            if place + 1 < len(words) and dice.chance(network.disorder_bps):
                overtaken = words[place + 1].day + 1 + dice.between(*OVERTAKEN_DAYS)
                message = message._replace(delivered=_heard(network, overtaken))
            found.append(message)
            if dice.chance(network.repeated_bps):
                again = message.delivered + dice.between(*REPEATED_DAYS)
                found.append(message._replace(delivered=_heard(network, again)))
        found.sort(key=lambda message: message.delivered)
        return found


def _heard(network: Network, day: int) -> int:
    """Return the day on which what was said on `day` is heard: a silence holds it back to its end."""
    begins, ends = network.silence
    return ends if begins <= day < ends else day
