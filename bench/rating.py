"""How many baskets `rating.decide` decides per second, and that offers which cannot apply cost nothing.

    .venv/bin/python bench/rating.py [baskets]

A grocer's programme: a tree of some 200 categories, 400 brands, 9,000 articles, and distinct baskets of ten lines
over 90 days. In every basket a standard rate, an order-level tier and a progressive rate compete or add up; about
half meet a category or brand offer, a boost, a cap, an exclusion or a threshold just missed: three to eight
offers each. All other offers are live too, for other categories, brands, articles and shops.
"""

import random
import sys
import time
import uuid
from collections import Counter
from datetime import UTC, date, datetime, timedelta

from cagnotte.domain.contracts import (
    BasePolicy, CommissionRate, Contract, FunderKind, Products,
)  # fmt: skip
from cagnotte.domain.offers import (
    Conditions, First, FixedPerOrder, FixedPerUnit, Funding, Limits, MemberCap, Offer, Percent, Progressive, Role,
    Tier, Tiered,
)  # fmt: skip
from cagnotte.domain.periods import Window, WindowKind
from cagnotte.domain.purchases import Channel, Line, Purchase
from cagnotte.domain.rating import Decision, MemberFacts, Rulebook, decide, to_data

SEED = 2024
SHOP = "grocer"
START = date(2024, 1, 1)
YEAR = Window(WindowKind.YEAR)
MONTH = Window(WindowKind.MONTH)


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


def articles(tree: dict[str, str | None], random_: random.Random) -> list[tuple[str, str, str]]:
    """Return 9,000 articles as (sku, leaf category, brand)."""
    leaves = [name for name in tree if "s" in name]
    return [
        (f"p{i}", random_.choice(leaves), f"b{min(int(random_.expovariate(0.005)), 399)}")
        for i in range(9000)
    ]


def contracts() -> list[Contract]:
    """Return the grocer's own contract and those of twenty brands that pay for their products."""
    base = BasePolicy(excluded=Products(categories=frozenset({"d7a7"})))
    own = Contract(
        uuid.uuid4(), "own", 1, FunderKind.MERCHANT, SHOP, uuid.uuid4(), merchant=SHOP, base=base
    )
    brands = [
        Contract(
            uuid.uuid4(), f"brand-{i}", 1, FunderKind.BRAND, f"b{i}", uuid.uuid4(),
            commissions=(CommissionRate(rate_bps=800),), merchant_share_bps=3000,
        )
        for i in range(5, 25)
    ]  # fmt: skip
    return [own, *brands]


def offer(ref: str, effect: object, **more: object) -> Offer:
    """Return an offer with a name and a version of its own."""
    return Offer(uuid.uuid4(), ref, 1, ref, effect, **more)  # type: ignore[arg-type]


def applicable() -> list[Offer]:
    """Return the offers that baskets meet."""
    fuel = frozenset({"d6a7"})
    brand = (Funding(FunderKind.BRAND),)
    tiers = (Tier(0, 50), Tier(4000, 100), Tier(8000, 200))
    climb = (Tier(0, 100), Tier(50_000, 200), Tier(150_000, 400))
    found = [
        offer("standard", Percent(100), conditions=Conditions(products=Products(not_categories=fuel))),
        offer("basket", Tiered(tiers), role=Role.BOOST, limits=Limits(per_purchase_minor=150)),
        offer("fresh", Progressive(climb, YEAR), priority=5, conditions=Conditions(products=Products(categories=frozenset({"d0"})))),
        offer("weekend", Percent(200), role=Role.BOOST, conditions=Conditions(
            weekdays=frozenset({5, 6}), products=Products(categories=frozenset({"d1a1", "d2a2"})))),
        offer("welcome", FixedPerOrder(500), role=Role.BONUS, conditions=Conditions(first=First.PROGRAMME)),
        offer("kids", Percent(500), priority=4, conditions=Conditions(
            segments=frozenset({"family"}), products=Products(categories=frozenset({"d4a4", "d4a5"})))),
    ]  # fmt: skip
    for i in range(5, 25):
        found.append(offer(
            f"brand-{i}", Percent(500), priority=10, funding=brand,
            conditions=Conditions(products=Products(brands=frozenset({f"b{i}"}))),
            limits=Limits(per_member=MemberCap(MONTH, 1000)),
        ))  # fmt: skip
    for i in range(0, 9000, 300):
        found.append(offer(f"unit-{i}", FixedPerUnit(20), priority=20, conditions=Conditions(products=Products(skus=frozenset({f"p{i}"})))))  # fmt: skip
    return found


def others(count: int, random_: random.Random) -> list[Offer]:
    """Return offers that are live but match nothing here: other shops, brands, articles, channels."""
    kinds = [
        lambda i: Conditions(merchants=frozenset({f"shop-{i}"})),
        lambda i: Conditions(products=Products(skus=frozenset({f"q{i}"}))),
        lambda i: Conditions(products=Products(brands=frozenset({f"c{i}"}))),
        lambda i: Conditions(
            merchants=frozenset({f"shop-{i}"}), products=Products(categories=frozenset({"d0"}))
        ),
        lambda i: Conditions(products=Products(categories=frozenset({f"e{i}"}))),
    ]
    return [
        offer(f"other-{i}", Percent(100), conditions=random_.choice(kinds)(i), valid_from=START - timedelta(days=i % 300 + 1))
        for i in range(count)
    ]  # fmt: skip


def baskets(
    count: int, goods: list[tuple[str, str, str]], random_: random.Random
) -> list[tuple[Purchase, MemberFacts]]:
    """Return distinct baskets of ten lines, each with its member's facts."""
    found = []
    for n in range(count):
        day = START + timedelta(days=n * 90 // count)
        moment = datetime(day.year, day.month, day.day, random_.randrange(8, 22), tzinfo=UTC)
        lines = tuple(
            Line(number, sku, 1 + (random_.random() < 0.2), random_.randrange(80, 1200), discount_minor=random_.choice((0, 0, 0, 0, 50)), category=category, brand=brand)
            for number, (sku, category, brand) in enumerate(random_.sample(goods, 10), 1)
        )  # fmt: skip
        counters = {
            ("spend:fresh:year", date(day.year, 1, 1)): (random_.randrange(200_000), 9),
            ("purchases:programme", date.min): (90_000, random_.randrange(20)),
        }
        segments = frozenset({"family"}) if random_.random() < 0.3 else frozenset()
        purchase = Purchase(SHOP, str(n), moment, "EUR", lines, Channel.STORE, "FR")
        found.append((purchase, MemberFacts(segments, counters)))
    return found


def measure(offer_count: int, basket_count: int) -> tuple[float, list[Decision]]:
    """Return the best rate over five runs, in baskets per second of this process, and the decisions."""
    random_ = random.Random(SEED)
    tree = categories()
    goods = articles(tree, random_)
    live = applicable()
    live += others(offer_count - len(live), random_)
    book = Rulebook(contracts(), live, tree)
    cases = baskets(basket_count, goods, random_)
    decisions = [decide(purchase, book, member) for purchase, member in cases]
    best = 0.0
    for _ in range(5):
        start = time.process_time()
        for purchase, member in cases:
            decide(purchase, book, member)
        best = max(best, basket_count / (time.process_time() - start))
    return best, decisions


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for offer_count in (200, 2_000, 20_000):
        rate, decisions = measure(offer_count, count)
        print(f"{offer_count:>6} live offers: {rate:>8,.0f} baskets/s, {1e6 / rate:5.1f} µs each")
    awards = Counter(len(decision.awards) for decision in decisions)
    misses = sum(len(decision.misses) for decision in decisions) / count
    met = Counter(len({a.offer for a in d.awards} | {m.offer for m in d.misses}) for d in decisions)
    print("offers met per basket:", dict(sorted(met.items())))
    print("awards per basket:", dict(sorted(awards.items())), f"misses per basket: {misses:.1f}")
    print("distinct decisions:", len({str(to_data(decision)) for decision in decisions}))
    size = sum(len(str(to_data(decision))) for decision in decisions) / count
    print(f"explanation: {size:,.0f} characters per basket")


if __name__ == "__main__":
    main()
