"""Members go shopping, day by day: when, where, what, and how cheats do it.

Only the visits to come are kept, one per member, so memory does not grow with the days. Each visit draws from a
stream of its own.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cagnotte.world.simulation.dice import Dice
from cagnotte.world.simulation.members import DAY, Member
from cagnotte.world.simulation.plan import Calendar, Plan
from cagnotte.world.simulation.shops import Article, Shop

UNITS = (*[1] * 52, *[2] * 8, 3, 3, 4, 6)
"""Units of a line, equally likely."""

COUPON_BPS, COUPONS_PERCENT = 800, (10, 10, 20, 30)
"""Lines with a coupon, and what it takes off."""

CODE, CODE_BPS = "SPRING", 300
"""A code that some write with their order."""

DELIVERY_MINOR, DELIVERY_FREE_FROM_MINOR = 490, 5_000
"""Sent home below that amount, an order costs so much more, in hundredths."""

BIRTHDAY_PERCENT = 140
"""How much a member buys in the month of their birthday."""

BURST_BPS, BURST_ORDERS = 3_000, (8, 20)
HOUR = 3_600
COPY_SECONDS = (60, 600)
SPLIT_SECONDS = 40
LAST_SECOND = 24 * HOUR - 1
GREEDY_UNITS = 3


class Item(NamedTuple):
    """A line of an order: price_minor of all units, before coupon_minor is taken off."""

    article: Article
    units: int
    price_minor: int
    coupon_minor: int


class Order(NamedTuple):
    """An order as it was made, at a second of a day, where the shop stands.

    paid_minor: what the articles cost, coupons off, delivery apart. cheat: how it cheats, or "". copy_of: the order
    that it is a second recording of, or "".
    """

    ref: str
    member: Member
    shop: Shop
    day: int
    second: int
    items: tuple[Item, ...]
    paid_minor: int
    code: str
    delivery_minor: int
    cheat: str
    copy_of: str = ""


def paid_for(items: Iterable[Item]) -> int:
    """Return what lines cost, coupons off, in minor units."""
    return sum([item.price_minor - item.coupon_minor for item in items])


class Visit(NamedTuple):
    """A visit to come: moment in thousandths of a day; member and shop by their places."""

    member: int
    number: int
    moment: int
    shop: int


class Shopping:
    """All shopping of a world; iterating gives the orders by day and time."""

    def __init__(self, plan: Plan, members: list[Member], shops: list[Shop]) -> None:
        self._plan = plan
        self._calendar: Calendar = plan.calendar
        self._members = members
        self._shops = shops
        self._dice = Dice(plan.seed)
        self._agenda: list[list[Visit]] = [[] for _ in range(plan.days)]
        for place, member in enumerate(members):
            self._dice.turn_to(f"first visit:{member.number}")
            self._plan_visit(place, 1, max(member.joined, 0) * DAY)

    def __iter__(self) -> Iterator[Order]:
        """Give every order, oldest first; at the same second by reference."""
        for day in range(self._plan.days):
            found: list[Order] = []
            # A member may come again on the same day: the list grows while it is walked through.
            for visit in self._agenda[day]:
                found.extend(self._visit(visit, day))
            self._agenda[day] = []
            found.sort(key=lambda order: (order.second, order.ref))
            yield from found

    def _plan_visit(self, place: int, number: int, after: int) -> None:
        """Draw a member's next visit and note it, unless it falls after the last day."""
        dice, member = self._dice, self._members[place]
        calendar = self._calendar
        favourite = dice.chance(member.loyalty_bps)
        chosen = member.favourite if favourite else dice.favour(range(len(self._shops)))
        shop = self._shops[chosen]
        month = calendar.months[min(after // DAY, self._plan.days - 1)]
        percent = shop.months[month - 1]
        if month == member.born[0]:
            percent = percent * BIRTHDAY_PERCENT // 100
        moment = after + max(dice.wait(member.gap) * 100 // percent, 1)
        # On a quiet weekday some wait for the next day; where the shop is closed, all do.
        for _ in range(7):
            day = moment // DAY
            if day >= self._plan.days:
                return
            if dice.below(100) < shop.weekdays[calendar.weekdays[day]]:
                break
            moment = (day + 1) * DAY
        self._agenda[moment // DAY].append(Visit(place, number, moment, chosen))

    def _visit(self, visit: Visit, day: int) -> Iterable[Order]:
        """Let a member buy, and plan the next visit."""
        dice, member, shop = self._dice, self._members[visit.member], self._shops[visit.shop]
        dice.turn_to(f"visit:{member.number}:{visit.number}")
        second = dice.pick(shop.hours) * HOUR + dice.below(HOUR)
        items = self._basket(shop, greedy=member.cheat == "returns_late")
        paid_minor = paid_for(items)
        sent_home = shop.channel == "web" and self._plan.tells_lines
        date = self._calendar.texts[day]
        order = Order(
            f"{shop.number + 1:02}-{date[2:4]}{date[5:7]}{date[8:]}-{member.number:06}-{visit.number}",
            member,
            shop,
            day,
            second,
            items,
            paid_minor,
            CODE if dice.chance(CODE_BPS) else "",
            DELIVERY_MINOR if sent_home and paid_minor < DELIVERY_FREE_FROM_MINOR else 0,
            member.cheat if member.cheat == "returns_late" else "",
        )
        orders = list(self._cheating(order)) if member.cheat else (order,)
        self._plan_visit(visit.member, visit.number + 1, visit.moment)
        return orders

    def _basket(self, shop: Shop, *, greedy: bool) -> tuple[Item, ...]:
        """Draw what is bought, each article once."""
        dice, items = self._dice, dict[str, Item]()
        for _ in range(dice.pick(shop.lines)):
            article = dice.favour(shop.stock)
            units = dice.pick(UNITS) * (GREEDY_UNITS if greedy else 1)
            price, coupon = article.price_minor * units, 0
            if dice.chance(COUPON_BPS) and not article.gift_card:
                coupon = price * dice.pick(COUPONS_PERCENT) // 100
            items[article.sku] = Item(article, units, price, coupon)
        return tuple(items.values())

    # ---- cheats ----

    def _cheating(self, order: Order) -> Iterator[Order]:
        """Give the orders that a cheat makes of one."""
        if order.cheat == "returns_late":
            yield order
        elif order.member.cheat == "sends_twice":
            yield from self._sent_twice(order)
        elif order.member.cheat == "splits":
            yield from self._split(order)
        else:
            yield from self._burst(order)

    def _sent_twice(self, order: Order) -> Iterator[Order]:
        yield order
        yield order._replace(
            ref=f"{order.ref}-2",
            second=min(order.second + self._dice.between(*COPY_SECONDS), LAST_SECOND),
            cheat="sends_twice",
            copy_of=order.ref,
        )

    def _split(self, order: Order) -> Iterator[Order]:
        if len(order.items) == 1:
            yield order
            return
        for place, item in enumerate(order.items):
            yield order._replace(
                ref=f"{order.ref}-{place + 1}",
                second=min(order.second + SPLIT_SECONDS * place, LAST_SECOND),
                items=(item,),
                paid_minor=paid_for((item,)),
                delivery_minor=0,
                cheat="splits",
            )

    def _burst(self, order: Order) -> Iterator[Order]:
        if not self._dice.chance(BURST_BPS):
            yield order
            return
        count = self._dice.between(*BURST_ORDERS)
        for place in range(count):
            items = self._basket(order.shop, greedy=False)[:1]
            yield order._replace(
                ref=f"{order.ref}-{place + 1}",
                second=min(order.second + place * HOUR // count, LAST_SECOND),
                items=items,
                paid_minor=paid_for(items),
                delivery_minor=0,
                cheat="bursts",
            )
