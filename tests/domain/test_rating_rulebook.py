"""The rulebook: what it files, what it remembers, and that offers that cannot apply cost nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from cagnotte.domain.attribution import USUAL, Policy
from cagnotte.domain.errors import NotFound
from cagnotte.domain.offers import Conditions, First, Limits, MemberCap, Percent, Progressive, Tier
from cagnotte.domain.periods import Window, WindowKind
from cagnotte.domain.rating import Rulebook, decide
from cagnotte.domain.rating import rulebook as rulebook_module
from tests.domain.rating_world import (
    CATEGORIES,
    CONTRACTS,
    STRANGER,
    brand_contract,
    choice,
    given,
    line,
    network_contract,
    offer,
    only,
    order,
    shop_contract,
)  # fmt: skip


def test_offers_that_cannot_apply_are_not_looked_at() -> None:
    food = choice(categories=["food"])
    elsewhere = [frozenset({f"shop-{i}"}) for i in range(500)]
    foreign = [
        *(only(skus=[f"other-{i}"]) for i in range(500)),
        *(Conditions(merchants=shop) for shop in elsewhere),
        *(Conditions(merchants=shop, products=food) for shop in elsewhere),
    ]
    strangers = [offer(f"stranger-{i}", Percent(100), asked) for i, asked in enumerate(foreign)]
    book = Rulebook(CONTRACTS, [*strangers, offer("mine", Percent(100))], CATEGORIES)

    assert [plan.ref for plan in book.plans_for("shop", "sku-1", ("food",), "acme")] == ["mine"]


def test_an_offer_is_filed_under_the_narrowest_list_it_names() -> None:
    offers = [
        offer("article", Percent(100), only(skus=["brie"], brands=["acme"], categories=["food"])),
        offer("brand", Percent(100), only(brands=["acme"], categories=["food"])),
        offer("category", Percent(100), only(categories=["food"])),
    ]
    book = Rulebook(CONTRACTS, offers, CATEGORIES)

    def found(sku: str, brand: str | None) -> list[str]:
        return [
            plan.ref for plan in book.plans_for("shop", sku, ("cheese", "fresh", "food"), brand)
        ]

    assert found("brie", "acme") == ["article", "brand", "category"]
    assert found("gouda", "acme") == ["brand", "category"]
    assert found("gouda", None) == ["category"]


def test_products_that_are_treated_alike_share_a_slot() -> None:
    book = Rulebook(
        CONTRACTS,
        [offer("o", Percent(100)), offer("a", Percent(200), only(skus=["x"]))],
        CATEGORIES,
    )
    decide(
        order(
            line(1, 100, "p", category="cheese"),
            line(2, 100, "q", category="toys"),
            line(3, 1, "x"),
        ),
        book,
        STRANGER,
    )
    context = book.shop("shop", "web", None).on(date(2024, 5, 15))

    assert len(context.slots) == 3
    assert len({id(slot) for slot in context.slots.values()}) == 2


def test_contexts_change_only_on_days_when_rules_change() -> None:
    in_may = offer("o", Percent(100), valid_from=date(2024, 5, 1), valid_until=date(2024, 5, 31))
    shop = Rulebook(CONTRACTS, [in_may], CATEGORIES).shop("shop", "web", None)

    assert shop.on(date(2024, 5, 1)) is shop.on(date(2024, 5, 31))
    assert shop.on(date(2024, 4, 30)) is not shop.on(date(2024, 5, 1))
    assert shop.on(date(2024, 6, 1)) is not shop.on(date(2024, 5, 31))


def test_a_book_may_forget_what_it_remembers_at_any_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulebook_module, "SLOTS_MAX", 1)
    monkeypatch.setattr(rulebook_module, "DAYS_MAX", 1)
    book = Rulebook(
        CONTRACTS,
        [offer("o", Percent(100)), offer("a", Percent(200), only(skus=["x"]))],
        CATEGORIES,
    )

    for day in range(1, 20):
        moment = datetime(2024, 5, day, tzinfo=UTC)
        lines = line(1, 1000, "x"), line(2, 1000, category="food"), line(3, 1000, category="toys")
        assert given(decide(order(*lines, occurred_at=moment), book, STRANGER)) == {
            "a": 20,
            "o": 20,
        }


def test_all_counters_that_may_be_read_are_listed_with_their_windows() -> None:
    month, year = Window(WindowKind.MONTH), Window(WindowKind.YEAR)
    offers = [
        offer("a", Percent(100), limits=Limits(per_member=MemberCap(month, 100))),
        offer("b", Progressive((Tier(0, 100),), year, counter="loyal")),
        offer("c", Percent(100), Conditions(merchants=frozenset({"other"}), first=First.MERCHANT)),
    ]
    lifetime = Window(WindowKind.LIFETIME)

    assert Rulebook(CONTRACTS, offers, CATEGORIES).counter_windows == {
        "purchases:programme": lifetime,
        "purchases:merchant:shop": lifetime,
        "purchases:merchant:other": lifetime,
        "cap:a:month": month,
        "spend:loyal:year": year,
    }


def test_every_purchase_counts_for_the_programme_and_its_merchant() -> None:
    decision = decide(order(1000), Rulebook([], [], {}), STRANGER)

    assert decision.uses == (
        ("purchases:programme", date.min, 1000, 1, "tracked"),
        ("purchases:merchant:shop", date.min, 1000, 1, "tracked"),
    )


def test_a_new_window_counts_afresh() -> None:
    versions = [
        offer(
            "o",
            Percent(100),
            limits=Limits(per_member=MemberCap(Window(kind), 100)),
            version=number,
        )
        for number, kind in enumerate((WindowKind.MONTH, WindowKind.YEAR), 1)
    ]

    names = Rulebook(CONTRACTS, versions, {}).counter_windows
    assert {"cap:o:month", "cap:o:year"} <= names.keys()


def test_budgets_are_announced() -> None:
    assert not Rulebook(CONTRACTS, [offer("o", Percent(100))], {}).has_budgets
    assert Rulebook(
        CONTRACTS, [offer("o", Percent(100), limits=Limits(budget_minor=1))], {}
    ).has_budgets


def test_a_category_tree_that_loops_is_refused() -> None:
    with pytest.raises(NotFound, match="loop"):
        decide(
            order(line(1, 100, category="a")),
            Rulebook(CONTRACTS, [], {"a": "b", "b": "a"}),
            STRANGER,
        )


def test_a_category_nobody_described_is_its_own_root() -> None:
    book = Rulebook(CONTRACTS, [offer("o", Percent(100), only(categories=["new"]))], CATEGORIES)

    assert given(decide(order(line(1, 1000, category="new")), book, STRANGER)) == {"o": 10}


def test_a_shops_own_contract_says_how_its_purchases_find_their_member() -> None:
    week, month = (Policy(click_window=timedelta(days=days)) for days in (7, 31))
    first = date(2024, 6, 1)
    book = Rulebook(
        [
            shop_contract(attribution=week, valid_from=first),
            network_contract(attribution=month),
            brand_contract(),
        ],
        [],
        CATEGORIES,
    )

    assert book.attribution_policy("shop", first) == week
    assert book.attribution_policy("shop", date(2024, 5, 31)) == month
    assert book.attribution_policy("elsewhere", first) == USUAL


def test_versions_are_found_by_name() -> None:
    book = Rulebook(CONTRACTS, [offer("o", Percent(100))], {})

    assert book.plan("o", 1).offer.name == "o"
    assert book.contract("shop-contract", 1).funder == "shop"
    with pytest.raises(NotFound, match="version 2"):
        book.plan("o", 2)
    with pytest.raises(NotFound, match="other"):
        book.contract("other", 1)
