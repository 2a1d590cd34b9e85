"""How many baskets `rating.decide` decides per second, and that offers which cannot apply cost nothing.

    PYTHONPATH=src .venv/bin/python -m bench.rating [--quick]

A grocer's programme: a tree of some 200 categories, 400 brands, 9,000 articles, and distinct baskets of ten lines
over 90 days. In every basket a standard rate, an order-level tier and a progressive rate compete or add up; about
half meet a category or brand offer, a boost, a cap, an exclusion or a threshold just missed: three to seven
offers each. All other offers are live too, for other categories, brands, articles and shops.
"""

import random
import time
import uuid
from collections.abc import Callable  # noqa: TC003 - read at run time by the table of benches
from datetime import UTC, date, datetime, timedelta
from typing import Any

from bench import table
from bench.table import Row
from cagnotte.domain.contracts import (
    BasePolicy,
    CommissionRate,
    Contract,
    FunderKind,
    Products,
)  # fmt: skip
from cagnotte.domain.offers import (
    Conditions,
    Effect,
    First,
    FixedPerOrder,
    FixedPerUnit,
    Funding,
    Limits,
    MemberCap,
    Offer,
    Percent,
    Progressive,
    Role,
    Tier,
    Tiered,
)  # fmt: skip
from cagnotte.domain.periods import Window, WindowKind
from cagnotte.domain.purchases import Channel, Line, Purchase
from cagnotte.domain.rating import Decision, MemberFacts, Rulebook, decide, to_data

SEED = 2024
SHOP = "grocer"
START = date(2024, 1, 1)
CHUNK = 250
"""Baskets made, then decided, at a time."""

YEAR = Window(WindowKind.YEAR)
MONTH = Window(WindowKind.MONTH)
EVERYTHING = Products()

Article = tuple[str, str, str]
"""(sku, leaf category, brand)."""

Case = tuple[Purchase, MemberFacts]


def categories() -> dict[str, str | None]:
    """Return eight departments, each with eight aisles of three shelves."""
    tree: dict[str, str | None] = {}
    for department in range(8):
        tree[f"d{department}"] = None
        for aisle in range(8):
            tree[f"d{department}a{aisle}"] = f"d{department}"
            for shelf in range(3):
                tree[f"d{department}a{aisle}s{shelf}"] = f"d{department}a{aisle}"
    return tree


def articles(tree: dict[str, str | None], random_: random.Random) -> list[Article]:
    """Return 9,000 articles."""
    leaves = [name for name in tree if "s" in name]
    return [
        (f"p{i}", random_.choice(leaves), f"b{min(int(random_.expovariate(0.005)), 399)}")
        for i in range(9000)
    ]


def contracts() -> list[Contract]:
    """Return the grocer's own contract and those of ten brands that pay for their products."""
    base = BasePolicy(excluded=Products(categories=frozenset({"d7a7"})))
    own = Contract(
        uuid.uuid4(), "own", 1, FunderKind.MERCHANT, SHOP, uuid.uuid4(), merchant=SHOP, base=base
    )
    brands = [
        Contract(
            uuid.uuid4(), f"brand-{i}", 1, FunderKind.BRAND, f"b{i}", uuid.uuid4(),
            commissions=(CommissionRate(rate_bps=800),), merchant_share_bps=3000,
        )
        for i in range(5, 15)
    ]  # fmt: skip
    return [own, *brands]


def offer(
    ref: str,
    effect: Effect,
    products: Products = EVERYTHING,
    asked: dict[str, Any] | None = None,
    **more: Any,
) -> Offer:
    """Return an offer on some products, with conditions asked besides."""
    conditions = Conditions(products=products, **(asked or {}))
    return Offer(uuid.uuid4(), ref, 1, ref, effect, conditions=conditions, **more)


def applicable() -> list[Offer]:
    """Return the offers that baskets meet."""
    fuel = frozenset({"d6a7"})
    brand = (Funding(FunderKind.BRAND),)
    tiers = (Tier(0, 50), Tier(4000, 100), Tier(8000, 200))
    climb = (Tier(0, 100), Tier(50_000, 200), Tier(150_000, 400))
    ten = Limits(per_member=MemberCap(MONTH, 1000))
    return [
        offer("standard", Percent(100), Products(not_categories=fuel)),
        offer("basket", Tiered(tiers), role=Role.BOOST, limits=Limits(per_purchase_minor=150)),
        offer("fresh", Progressive(climb, YEAR), of("d0"), priority=5),
        offer(
            "weekend",
            Percent(200),
            of("d1a1", "d2a2"),
            {"weekdays": frozenset({5, 6})},
            role=Role.BOOST,
        ),
        offer("welcome", FixedPerOrder(500), asked={"first": First.PROGRAMME}, role=Role.BONUS),
        offer(
            "kids",
            Percent(500),
            of("d4a4", "d4a5"),
            {"segments": frozenset({"family"})},
            priority=4,
        ),
        *(
            offer(
                f"brand-{i}",
                Percent(500),
                Products(brands=frozenset({f"b{i}"})),
                funding=brand,
                limits=ten,
                priority=10,
            )
            for i in range(5, 15)
        ),
        *(
            offer(f"unit-{i}", FixedPerUnit(20), Products(skus=frozenset({f"p{i}"})), priority=20)
            for i in range(0, 9000, 300)
        ),
    ]


def of(*names: str) -> Products:
    """Return a choice of categories."""
    return Products(categories=frozenset(names))


def others(count: int, random_: random.Random) -> list[Offer]:
    """Return offers that are live but match nothing here: other shops, brands, articles, channels."""
    kinds: list[Callable[[int], tuple[Products, dict[str, Any]]]] = [
        lambda i: (EVERYTHING, {"merchants": frozenset({f"shop-{i}"})}),
        lambda i: (Products(skus=frozenset({f"q{i}"})), {}),
        lambda i: (Products(brands=frozenset({f"c{i}"})), {}),
        lambda i: (of("d0"), {"merchants": frozenset({f"shop-{i}"})}),
        lambda i: (of(f"e{i}"), {}),
    ]
    found = []
    for i in range(count):
        products, asked = random_.choice(kinds)(i)
        since = START - timedelta(days=i % 300 + 1)
        found.append(offer(f"other-{i}", Percent(100), products, asked, valid_from=since))
    return found


def baskets(days: range, goods: list[Article], random_: random.Random) -> list[Case]:
    """Return distinct baskets of ten lines, CHUNK of them over some days, each with its member's facts."""
    return [
        basket(START + timedelta(days=random_.choice(days)), goods, random_) for _ in range(CHUNK)
    ]


def basket(day: date, goods: list[Article], random_: random.Random) -> Case:
    """Return one basket of ten lines, and what is known of its member."""
    moment = datetime(day.year, day.month, day.day, random_.randrange(8, 22), tzinfo=UTC)
    lines = tuple(
        Line(
            number,
            sku,
            1 + (random_.random() < 0.2),
            random_.randrange(80, 1200),
            discount_minor=random_.choice((0, 0, 0, 0, 50)),
            category=category,
            brand=brand,
        )
        for number, (sku, category, brand) in enumerate(random_.sample(goods, 10), 1)
    )
    counters = {
        ("spend:fresh:year", date(day.year, 1, 1)): (random_.randrange(200_000), 9),
        ("purchases:programme", date.min): (90_000, random_.randrange(20)),
    }
    segments = frozenset({"family"}) if random_.random() < 0.3 else frozenset()
    order = str(random_.randrange(10**9))
    purchase = Purchase(SHOP, order, moment, "EUR", lines, Channel.STORE, "FR")
    return purchase, MemberFacts(segments, counters)


def speed(offer_count: int, chunks: int) -> tuple[float, list[Decision]]:
    """Return the median rate of three runs, in baskets per second of this process, and some decisions.

    Baskets are made chunk by chunk and decided while they are fresh, as in an import; the making is not timed.
    """
    random_ = random.Random(SEED)
    tree = categories()
    goods = articles(tree, random_)
    live = applicable()
    live += others(offer_count - len(live), random_)
    book = Rulebook(contracts(), live, tree)
    decisions = [
        decide(purchase, book, member) for purchase, member in baskets(range(90), goods, random_)
    ]
    rates = []
    for _ in range(table.ROUNDS):
        spent = 0.0
        for chunk in range(chunks):
            cases = baskets(range(chunk * 90 // chunks, chunk * 90 // chunks + 1), goods, random_)
            start = time.process_time()
            for purchase, member in cases:
                decide(purchase, book, member)
            spent += time.process_time() - start
        rates.append(chunks * CHUNK / spent)
    return table.median(rates), decisions


def told(decisions: list[Decision]) -> str:
    """Say what the decisions are like, so that nobody mistakes easy cases for speed."""
    met = [len({a.offer for a in d.awards} | {m.offer for m in d.misses}) for d in decisions]
    size = sum(len(str(to_data(decision))) for decision in decisions) / len(decisions)
    distinct = len({str(to_data(decision)) for decision in decisions})
    return (
        f"{sum(met) / len(met):.1f} offers met per basket of ten lines, {size:,.0f} characters of "
        f"explanation, {distinct} of {len(decisions)} decisions distinct"
    )


def measure(*, quick: bool = False) -> list[Row]:
    """Decide with 200, 2,000 and 20,000 live offers; the last against the first."""
    baskets_ = 4_000 if quick else 20_000
    rates, rows = {}, []
    for offer_count in (200, 2_000, 20_000):
        table.say(f"{offer_count:,} offers")
        rates[offer_count], decisions = speed(offer_count, baskets_ // CHUNK)
        name = f"decisions of one process, {offer_count:,} live offers"
        rate = rates[offer_count]
        if offer_count == 2_000:
            rows.append(Row.at_least(name, rate, 15_000, unit="/s", detail=told(decisions)))
        else:
            rows.append(Row(name, rate, "/s", detail=f"{1e6 / rate:.1f} µs each"))
    return rows


if __name__ == "__main__":
    table.main(measure)
