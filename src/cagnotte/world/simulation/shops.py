"""The sellers of a world: articles and their brands, shops and their habits, networks."""

from dataclasses import dataclass
from typing import NamedTuple

from cagnotte.world.simulation.dice import FULL_BPS, Dice, slots
from cagnotte.world.simulation.plan import Model, Plan

HOUSE = "house"
"""The one merchant of an in-house programme; its shops are branches."""

ARTICLES_PER_CATEGORY = 24
BRANDS = ("terra", "aqua", "boreal", "corail", "délice", "étoile", "falaise", "galet")
OWN_LABEL_BPS = 4_000
"""Articles of no brand."""

NETWORKS_MAX = 3
SHOPS_BY_MODEL = {Model.IN_HOUSE: 4, Model.TWO_STAGE: 4, Model.COALITION: 8, Model.PORTAL: 12}

INSOLVENCY_DAYS_MIN = 30
"""A shorter world sees no shop fail."""


class Category(NamedTuple):
    """What is sold: prices of a unit from `low` to `high`, in hundredths; how much more of it comes back, in bps."""

    ref: str
    parent: str
    low: int
    high: int
    returned_bps: int
    gift_card: bool = False


CATEGORIES = (
    Category("groceries", "food", 80, 1_200, 500),
    Category("tea", "food", 250, 1_800, 500),
    Category("coffee", "food", 350, 2_400, 500),
    Category("garden", "home", 400, 9_000, 8_000),
    Category("kitchen", "home", 700, 15_000, 10_000),
    Category("linen", "home", 1_200, 8_000, 15_000),
    Category("women", "fashion", 1_500, 14_000, 40_000),
    Category("men", "fashion", 1_500, 14_000, 35_000),
    Category("shoes", "fashion", 3_000, 18_000, 45_000),
    Category("phones", "tech", 9_900, 99_900, 12_000),
    Category("accessories", "tech", 900, 9_900, 12_000),
    Category("beauty", "care", 400, 8_000, 6_000),
    Category("books", "leisure", 600, 4_500, 3_000),
    Category("toys", "leisure", 900, 9_000, 9_000),
    Category("fuel", "", 2_000, 9_000, 0),
    Category("gift-cards", "", 1_000, 10_000, 0, gift_card=True),
)
PARENTS = tuple(dict.fromkeys(category.parent for category in CATEGORIES if category.parent))
_BY_REF = {category.ref: category for category in CATEGORIES}


class Article(NamedTuple):
    """An article as all shops know it. price_minor: of a unit, before a shop's own level; brand: "" for none."""

    sku: str
    category: str
    brand: str
    price_minor: int
    returned_bps: int
    gift_card: bool


class Kind(NamedTuple):
    """A kind of shop.

    Attributes:
        categories: what it sells. lines: how many lines an order has, each number as often as its weight, from 1.
        hours, weekdays: how busy each hour and weekday is; 0 is closed. months: percent of the usual, by month.
        returned_bps: of lines, where articles are returned as often as usual.
    """

    name: str
    channel: str
    categories: tuple[str, ...]
    lines: tuple[int, ...]
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    months: tuple[int, ...]
    returned_bps: int


_STREET = (0,) * 9 + (2, 4, 5, 4, 3, 3, 4, 6, 9, 8, 4) + (0,) * 4
_WEB = (2, 1, 1, 0, 0, 1, 1, 2, 3, 4, 4, 4, 5, 4, 4, 4, 4, 5, 6, 7, 9, 9, 7, 4)
_SIX_DAYS = (60, 60, 70, 70, 90, 100, 0)
_SEVEN_DAYS = (80, 70, 70, 70, 75, 90, 100)
_EVEN = (100, 95, 100, 100, 100, 100, 95, 85, 100, 100, 105, 130)
_GIFTS = (80, 75, 80, 85, 90, 90, 80, 75, 95, 100, 150, 220)
_SPRING = (40, 60, 130, 190, 200, 160, 110, 90, 90, 80, 50, 50)
_SALES = (150, 90, 90, 100, 100, 110, 140, 80, 110, 100, 130, 110)

KINDS = (
    Kind(
        "Marché", "store", ("groceries", "tea", "coffee", "kitchen", "fuel", "gift-cards"),
        (2, 3, 4, 4, 3, 3, 2, 2, 1, 1), _STREET, _SIX_DAYS, _EVEN, 60,
    ),
    Kind("Mode", "web", ("women", "men", "shoes"), (5, 4, 2, 1), _WEB, _SEVEN_DAYS, _SALES, 500),
    Kind(
        "Maison", "store", ("garden", "kitchen", "linen", "gift-cards"),
        (5, 4, 3, 1), _STREET, _SIX_DAYS, _SPRING, 300,
    ),
    Kind("Pixel", "web", ("phones", "accessories"), (8, 3, 1), _WEB, _SEVEN_DAYS, _GIFTS, 400),
    Kind("Papier", "web", ("books", "toys"), (4, 4, 2, 1), _WEB, _SEVEN_DAYS, _GIFTS, 250),
    Kind("Soin", "store", ("beauty", "tea"), (4, 4, 2, 1), _STREET, _SIX_DAYS, _EVEN, 200),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop and its habits.

    Attributes:
        ref: of the branch; merchant: of the company, as the programme knows it.
        stock: what it sells, the favourites first, at its own prices. weekdays: as in `Kind`.
        lines, hours: numbers to pick from, each as often as it is likely. months: as in `Kind`.
        decline_bps: of orders. reasons: why, to pick from. answers_in: least and most days until it answers.
        network: place of the network it is reached through, and commission_bps what it pays; of a portal.
        silent_from: the day from which it neither answers nor pays, being insolvent; None: it never fails.
    """

    number: int
    ref: str
    merchant: str
    name: str
    channel: str
    stock: tuple[Article, ...]
    lines: tuple[int, ...]
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    months: tuple[int, ...]
    returned_bps: int
    decline_bps: int
    reasons: tuple[str, ...]
    answers_in: tuple[int, int]
    network: int
    commission_bps: int
    silent_from: int | None

    def is_silent(self, day: int) -> bool:
        """Tell whether nothing is heard of it on a day."""
        return self.silent_from is not None and day >= self.silent_from


@dataclass(frozen=True, slots=True)
class Network:
    """An affiliate network and how late and disorderly it reports.

    Attributes:
        approves_in: least and most days from an order to its approval.
        approval_days: the days of a month on which it approves what is ripe, all at once.
        silence: first day of it and first day after, when everything comes at once.
        repeated_bps, disorder_bps, flipped_bps: of messages sent twice, of messages that a later one overtakes, of
            approvals taken back for some days.
    """

    ref: str
    name: str
    approves_in: tuple[int, int]
    approval_days: tuple[int, ...]
    silence: tuple[int, int]
    repeated_bps: int
    disorder_bps: int
    flipped_bps: int


def articles(plan: Plan) -> list[Article]:
    """Draw all articles, the same for every model of a seed."""
    dice = Dice(plan.seed)
    return [
        _article(dice, category, number)
        for category in CATEGORIES
        for number in range(1, ARTICLES_PER_CATEGORY + 1)
    ]


def _article(dice: Dice, category: Category, number: int) -> Article:
    dice.turn_to(f"article:{category.ref}:{number}")
    price = category.low + dice.favour(range(category.high - category.low))
    no_brand = dice.chance(OWN_LABEL_BPS) or category.gift_card or not category.parent
    return Article(
        f"{category.ref}-{number:03}",
        category.ref,
        "" if no_brand else dice.pick(BRANDS),
        max(price - price % 5, 5),
        category.returned_bps,
        category.gift_card,
    )


def shops(plan: Plan) -> list[Shop]:
    """Draw the shops. One fails in a world that is long enough, unless all are one company."""
    known = articles(plan)
    failing = _failing(plan)
    return [_shop(plan, number, known, failing) for number in range(SHOPS_BY_MODEL[plan.model])]


def _failing(plan: Plan) -> tuple[int, int] | None:
    """Draw (place of the shop, its first silent day)."""
    if plan.model is Model.IN_HOUSE or plan.days < INSOLVENCY_DAYS_MIN:
        return None
    dice = Dice(plan.seed, "insolvency")
    return (
        dice.below(SHOPS_BY_MODEL[plan.model]),
        plan.days * dice.between(50, 80) // 100,
    )


_REASONS = ("cancelled", "returned", "out_of_stock", "invalid_payment", "terms_not_met", "other")


def _shop(plan: Plan, number: int, known: list[Article], failing: tuple[int, int] | None) -> Shop:
    dice = Dice(plan.seed, f"shop:{number}")
    kind = KINDS[number % len(KINDS)]
    ref = f"{kind.name.lower().replace('é', 'e')}-{number + 1:02}"
    quick = dice.between(3, 20)
    return Shop(
        number=number,
        ref=ref,
        merchant=HOUSE if plan.model is Model.IN_HOUSE else ref,
        name=f"{kind.name} {number + 1}",
        channel="web" if plan.model is Model.PORTAL else kind.channel,
        stock=_stock(plan, dice, kind, known),
        lines=tuple(place + 1 for place in slots(kind.lines)),
        hours=slots(kind.hours if plan.tells_lines else _WEB),
        weekdays=kind.weekdays if plan.tells_lines else _SEVEN_DAYS,
        months=kind.months,
        returned_bps=kind.returned_bps * dice.between(60, 150) // 100,
        decline_bps=dice.between(50, 400),
        reasons=tuple(reason for reason in _REASONS for _ in range(dice.between(0, 5)))
        or _REASONS[:1],
        answers_in=(quick, quick + dice.between(5, 30)),
        network=dice.below(min(NETWORKS_MAX, SHOPS_BY_MODEL[plan.model])),
        commission_bps=dice.between(4, 48) * 25,
        silent_from=failing[1] if failing and failing[0] == number else None,
    )


def _stock(plan: Plan, dice: Dice, kind: Kind, known: list[Article]) -> tuple[Article, ...]:
    """Choose what a shop sells, in an order of its own, at its own level of prices."""
    level_bps = dice.between(85, 115) * 100
    wanted = set(kind.categories)
    if not plan.tells_lines:
        wanted = {ref for ref in wanted if _BY_REF[ref].parent}
    own = [(dice.below(1 << 32), article) for article in known if article.category in wanted]
    own.sort()
    return tuple(
        article
        if article.gift_card
        else article._replace(price_minor=max(article.price_minor * level_bps // FULL_BPS, 1))
        for _, article in own
    )


def networks(plan: Plan) -> list[Network]:
    """Draw the networks of a portal; no other model has any."""
    if plan.tells_lines:
        return []
    return [_network(plan, number) for number in range(NETWORKS_MAX)]


def _network(plan: Plan, number: int) -> Network:
    dice = Dice(plan.seed, f"network:{number}")
    soonest = dice.between(30, 45)
    silent_from = plan.days * dice.between(20, 70) // 100
    return Network(
        ref=f"network-{number + 1}",
        name=f"Network {number + 1}",
        approves_in=(soonest, soonest + dice.between(15, 45)),
        approval_days=((5, 15, 25), (1,), (10, 20))[number % 3],
        silence=(silent_from, silent_from + dice.between(10, 35)),
        repeated_bps=dice.between(100, 500),
        disorder_bps=dice.between(100, 500),
        flipped_bps=dice.between(100, 400),
    )
