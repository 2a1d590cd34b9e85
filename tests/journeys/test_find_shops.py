"""A shop is found by whatever people type, and told of as it stands today."""

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import translation

from cagnotte.domain.errors import NotFound
from cagnotte.identity.models import Party, Programme
from cagnotte.journeys import find_shops, load_programme
from cagnotte.journeys.find_shops import Asked, ClaimPolicy, Found, Rate
from cagnotte.platform.database import connect
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.purchases.models import Purchase, PurchaseVersion

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

PROGRAMME = """
    programme: {slug: finder, name: Finder, currency: EUR}
    shop_categories:
      - {ref: fashion, name: {en: Fashion, fr: Mode}, icon: shopping-bag}
      - {ref: travel, name: {en: Travel, fr: Voyage}}
      - {ref: empty, name: Nothing here}
    categories: [{ref: shoes, name: Shoes}, {ref: cards, name: Gift vouchers}]
    merchants:
      - ref: lumiere
        name: Lumière & Cie
        site: https://www.lumiere.example/fr/
        hosts: [lumiere-outlet.example]
        page:
          description: {en: Clothes, fr: Vêtements}
          categories: [fashion]
          aliases: [L&C, Lumina]
          featured: 2
          gives: [{en: Clothes, fr: Vêtements}]
          gives_not: [{en: Alterations, fr: Retouches}]
          you_must: [{en: Take off your hat, fr: Ôter votre chapeau}]
          coupons: listed
          claims: {accepted: true, after_days: 3, within_days: 60, needs: [order_number, confirmation]}
      - ref: oeuvre
        name: Œuvre d'Été
        site: https://oeuvre.example/
        page: {categories: [fashion], featured: 1, in_store: true}
      - ref: air-nord
        name: Air Nord
        site: https://airnord.example/
        page: {categories: [travel, fashion], claims: {accepted: false}}
      - {ref: ferry, name: Nordic Ferry, site: "https://ferry.example/", page: {categories: [travel]}}
      - {ref: till, name: The Till, page: {categories: [fashion]}}
      - {ref: asleep, name: Asleep, site: "https://asleep.example/"}
      - {ref: newcomers, name: Newcomers, site: "https://newcomers.example/"}
    contracts:
      - ref: lumiere
        merchant: lumiere
        base: {with_tax: false, excluded: {categories: [cards]}}
        attribution: {click_days: 7}
      - {ref: oeuvre, merchant: oeuvre}
      - {ref: air-nord, merchant: air-nord, commissions: [{rate: 4 %}]}
      - {ref: ferry, merchant: ferry, coupons: none}
      - {ref: till, merchant: till}
      - {ref: newcomers, merchant: newcomers}
    offers:
      - {ref: lumiere-3, name: Everything, effect: {kind: percent, rate: 3 %}, conditions: {merchants: [lumiere]}}
      - ref: lumiere-8
        name: Spring
        role: boost
        mode: replace
        valid_from: 2026-03-01
        valid_until: 2026-03-15
        effect: {kind: percent, rate: 8 %}
        conditions: {merchants: [lumiere], categories: [shoes]}
      - ref: lumiere-first
        effect: {kind: percent, rate: 12 %}
        conditions: {merchants: [lumiere], first: merchant}
      - {ref: oeuvre-2, effect: {kind: percent, rate: 2 %}, conditions: {merchants: [oeuvre]}}
      - {ref: air, effect: {kind: commission_share, share: 50 %}, conditions: {merchants: [air-nord]}}
      - {ref: ferry-5, effect: {kind: fixed_per_order, amount: "5.00"}, conditions: {merchants: [ferry]}}
      - {ref: till-1, effect: {kind: percent, rate: 1 %}, conditions: {merchants: [till], channels: [store]}}
      - ref: newcomers-first
        effect: {kind: percent, rate: 10 %}
        conditions: {merchants: [newcomers], first: programme}
"""


class Finder:
    """The programme, and short ways to ask it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "programme.yaml"
        self.now = NOW
        self.load(PROGRAMME, now=NOW - timedelta(days=400))

    def load(self, text: str, *, now: datetime) -> None:
        self._path.write_text(dedent(text), encoding="utf-8")
        load_programme.run(self._path, now=now)
        self.programme = Programme.objects.get(slug="finder")
        find_shops.forget_shops()

    def find(self, text: str = "", *, features: tuple[str, ...] = (), **asked: Any) -> Found:
        wanted = Asked(text, features=frozenset(features), **asked)
        return find_shops.find(shared_connection(), self.programme, wanted, now=self.now)

    def refs(self, text: str = "", **asked: Any) -> list[str]:
        return [card.ref for card in self.find(text, **asked).cards]

    def ask(self, question: Callable[..., Any], *more: Any) -> Any:
        return question(shared_connection(), self.programme, *more, now=self.now)

    def id_of(self, ref: str) -> UUID:
        return Party.objects.get(programme=self.programme, kind="merchant", ref=ref).id


@pytest.fixture
def finder(db: None, tmp_path: Path) -> Iterator[Finder]:
    with translation.override("en"):
        yield Finder(tmp_path)
    find_shops.forget_shops()


# ---- by words ---------------------------------------------------------------------------------------------------


TYPED = [
    ("lumiere", "lumiere"),  # without its accent
    ("LUMIÈRE", "lumiere"),
    ("  lumi ", "lumiere"),
    ("œuvre", "oeuvre"),
    ("oeuvre", "oeuvre"),
    ("ete", "oeuvre"),
    ("Lumina", "lumiere"),  # another name
    ("l&c", "lumiere"),
    ("lumiere-outlet", "lumiere"),  # a host
    ("www.lumiere.example", "lumiere"),
    ("https://shop.lumiere-outlet.example/sale?page=2", "lumiere"),  # a page of it
    ("ferry nordic", "ferry"),  # words in any order
]


def test_a_shop_is_found_by_what_people_type(finder: Finder) -> None:
    for text, expected in TYPED:
        found = finder.find(text)
        assert ([card.ref for card in found.cards], found.closest) == ([expected], False), text


def test_names_that_begin_so_come_before_those_that_hold_it(finder: Finder) -> None:
    assert finder.refs("nord") == ["ferry", "air-nord"]
    assert finder.refs("air") == ["air-nord"]


def test_a_kind_of_shop_is_a_word_too_in_both_languages(finder: Finder) -> None:
    assert set(finder.refs("travel")) == {"air-nord", "ferry"}
    assert set(finder.refs("voyage")) == {"air-nord", "ferry"}


def test_what_is_mistyped_finds_the_closest_and_says_so(finder: Finder) -> None:
    for text, expected in (
        *((text, "lumiere") for text in ("lumeire", "lumire", "lummiere", "Lumierre")),
        ("tile thill", "till"),
        ("aslepe", "asleep"),
    ):
        found = finder.find(text)
        assert (found.cards[0].ref, found.closest) == (expected, True), text


def test_what_nothing_is_like_finds_nothing(finder: Finder) -> None:
    for text in ("zzzzzz", "%", "_", "\\", "'; --", "\N{PILE OF POO}"):
        found = finder.find(text)
        assert (found.total, found.pages, found.cards) == (0, 1, []), text
    assert finder.find("\x00").total == finder.find().total  # nothing was typed at all


def test_a_sleeping_shop_is_found_by_name_and_not_listed(finder: Finder) -> None:
    assert finder.refs("asleep") == ["asleep"]
    assert "asleep" not in finder.refs()
    [card] = finder.find("asleep").cards
    assert (card.best, card.offer_ref) == (None, "")


def test_suggestions_come_while_typing(finder: Finder) -> None:
    assert finder.ask(find_shops.suggest, "l")[0].ref == "lumiere"
    assert finder.ask(find_shops.suggest, "  ") == []


ADDRESSES = [
    ("https://www.lumiere.example/fr/veste-12?utm=x", "lumiere"),
    ("https://m.lumiere.example/", "lumiere"),
    ("https://evil-lumiere.example/", None),
    ("https://lumiere.example.evil.example/", None),
    ("https://user@lumiere.example/", None),
    ("javascript:alert(1)", None),
    ("nothing", None),
]


def test_an_address_finds_its_shop(finder: Finder) -> None:
    for address, expected in ADDRESSES:
        card = finder.ask(find_shops.shop_of_address, address)
        assert (card.ref if card else None) == expected, address


# ---- lists ------------------------------------------------------------------------------------------------------


def test_a_card_tells_how_a_shop_stands(finder: Finder) -> None:
    [card] = finder.find("lumiere").cards
    assert card.best == Rate("up to 8%", 800, None, up_to=True)
    assert card.usual == Rate("3%", 300, None, up_to=False)
    assert card.until == date(2026, 3, 15)
    assert card.note == "12% on your first order"
    assert [(kind.ref, kind.name, kind.icon) for kind in card.categories] == [
        ("fashion", "Fashion", "shopping-bag")
    ]
    assert (card.online, card.in_store, card.claims) == (True, False, True)
    assert card.offer_ref == "lumiere-8"
    with translation.override("fr"):
        [card] = finder.find("lumiere").cards
        assert card.categories[0].name == "Mode"
        assert card.best is not None
        assert card.best.words == "jusqu’à 8\N{NARROW NO-BREAK SPACE}%"


def test_a_shop_without_a_site_is_one_to_go_to(finder: Finder) -> None:
    [card] = finder.find("till").cards
    assert (card.online, card.in_store, card.offer_ref) == (False, True, "")


def test_the_programme_names_the_first_then_they_go_by_what_they_give(finder: Finder) -> None:
    expected = ["oeuvre", "lumiere", "ferry", "air-nord", "till", "newcomers"]
    assert finder.refs() == expected
    cards = finder.ask(find_shops.featured)
    assert [card.ref for card in cards] == expected[:-1]  # the last gives nothing to most


SORTED = {
    "rate": ["lumiere", "ferry", "air-nord", "oeuvre", "till", "newcomers"],
    "name": ["air-nord", "lumiere", "newcomers", "ferry", "oeuvre", "till"],
    "nonsense": ["oeuvre", "lumiere", "ferry", "air-nord", "till", "newcomers"],
}

NARROWED = {
    "online": {"oeuvre", "lumiere", "ferry", "air-nord", "newcomers"},
    "in_store": {"oeuvre", "till"},
    "claims": {"oeuvre", "lumiere", "ferry", "till", "newcomers"},
    "boosted": {"lumiere"},
    "fast": set[str](),
    "new_customers": {"lumiere", "newcomers"},
    "nonsense": {"oeuvre", "lumiere", "ferry", "air-nord", "till", "newcomers"},
}


def test_lists_are_sorted_and_narrowed_as_asked(finder: Finder) -> None:
    assert {sort: finder.refs(sort=sort) for sort in SORTED} == SORTED
    assert {name: set(finder.refs(features=(name,))) for name in NARROWED} == NARROWED


def test_counts_say_what_more_asking_would_leave(finder: Finder) -> None:
    found = finder.find(category="fashion", features=("online",))
    assert {card.ref for card in found.cards} == {"oeuvre", "lumiere", "air-nord"}
    assert list(found.facets) == list(find_shops.FEATURES)
    assert list(found.facets.values()) == [3, 1, 2, 1, 0, 1]
    assert [(kind.ref, kind.shops) for kind in found.categories] == [
        ("fashion", 3),
        ("travel", 2),
        ("empty", 0),
    ]


def test_kinds_are_told_in_the_files_order(finder: Finder) -> None:
    kinds = finder.ask(find_shops.categories)
    assert [(kind.name, kind.shops) for kind in kinds] == [
        ("Fashion", 4),
        ("Travel", 2),
        ("Nothing here", 0),
    ]


def test_pages_beyond_the_last_are_the_last(finder: Finder) -> None:
    assert finder.refs(page=99) == finder.refs()
    assert finder.refs(page=-1) == finder.refs()


def test_cards_of_named_shops_keep_their_order(finder: Finder) -> None:
    ids = [finder.id_of("ferry"), uuid4(), finder.id_of("oeuvre")]
    assert [card.ref for card in finder.ask(find_shops.cards_of, ids)] == ["ferry", "oeuvre"]


def test_another_load_is_seen_within_seconds(finder: Finder, tmp_path: Path) -> None:
    assert finder.find("lumiere").cards[0].name == "Lumière & Cie"
    path = tmp_path / "other.yaml"
    path.write_text(dedent(PROGRAMME).replace("Lumière & Cie", "Lumière"), encoding="utf-8")
    load_programme.run(path, now=NOW)
    finder.now = NOW + timedelta(seconds=6)
    assert finder.find("lumiere").cards[0].name == "Lumière"


# ---- a shop's page ----------------------------------------------------------------------------------------------


def test_a_page_tells_what_the_file_and_the_contract_say(finder: Finder) -> None:
    told = finder.ask(find_shops.shop, "lumiere")
    assert told.description == "Clothes"
    assert told.gives == ["Clothes"]
    assert told.gives_not == ["Alterations", "Gift vouchers"]
    assert told.must == [
        "Go to the shop from here, and buy within 7 days.",
        "Take off your hat",
    ]
    assert told.coupons == "Use only coupon codes that you find here: others cost you the cashback."
    assert told.base == [
        "Counted without tax.",
        "Delivery does not count.",
        "Counted on what is left after discounts.",
        "What you pay from your cagnotte does not count.",
    ]
    assert told.claim == ClaimPolicy(
        accepted=True, after_days=3, within_days=60, needs=("order_number", "confirmation")
    )
    assert told.measured is None
    assert [card.ref for card in told.related] == ["air-nord", "oeuvre", "till"]


def test_a_page_that_says_little_still_says_what_most_shops_ask(finder: Finder) -> None:
    told = finder.ask(find_shops.shop, "oeuvre")
    assert told.gives_not == ["Gift cards"]
    assert told.must == [
        "Go to the shop from here, and buy within 30 days.",
        "Accept the shop's cookies, and start with an empty basket.",
        "In the shop, show your member code at the till.",
    ]
    assert (told.gives, told.description) == ([], "")


def test_every_offer_has_its_row_with_what_it_asks(finder: Finder) -> None:
    rows = finder.ask(find_shops.shop, "lumiere").rates
    assert [(row.words, row.name, row.conditions, row.for_whom) for row in rows] == [
        ("up to 8%", "Spring", ["Only on Shoes"], ""),
        ("3%", "Everything", [], ""),
        ("12%", "", [], "Your first purchase at this shop"),
    ]
    assert [row.until for row in rows] == [date(2026, 3, 15), None, None]


def test_the_history_tells_each_change_of_twelve_months(finder: Finder) -> None:
    history = finder.ask(find_shops.shop, "lumiere").history
    assert [(point.day, point.words) for point in history] == [
        (date(2025, 3, 10), "3%"),
        (date(2026, 3, 1), "up to 8%"),
    ]


def test_the_history_begins_no_sooner_than_the_programme(tmp_path: Path, finder: Finder) -> None:
    Programme.objects.filter(slug="finder").update(created_at=NOW - timedelta(days=2))
    finder.programme.refresh_from_db()
    find_shops.forget_shops()
    history = finder.ask(find_shops.shop, "oeuvre").history
    assert [(point.day, point.rate_bps) for point in history] == [(date(2026, 3, 8), 200)]


def test_a_contract_says_whether_coupons_may_be_used(finder: Finder) -> None:
    told = finder.ask(find_shops.shop, "ferry").coupons
    assert told == "Use no coupon code: an order with one earns nothing."
    assert finder.ask(find_shops.shop, "oeuvre").coupons == "You may use any coupon code."


def test_what_is_not_there_is_not_found(finder: Finder) -> None:
    with pytest.raises(NotFound):
        finder.ask(find_shops.shop, "nobody")
    with pytest.raises(NotFound, match="has no logo"):
        find_shops.logo(shared_connection(), finder.programme, "lumiere")


def test_claims_are_told_without_a_page_being_read(finder: Finder) -> None:
    def policy(merchant_id: UUID) -> ClaimPolicy:
        return find_shops.claim_policy(shared_connection(), finder.programme, merchant_id)

    assert not policy(finder.id_of("air-nord")).accepted
    assert policy(finder.id_of("oeuvre")) == ClaimPolicy(
        accepted=True, after_days=7, within_days=90, needs=("order_number", "order_date", "amount")
    )
    with pytest.raises(NotFound):
        policy(uuid4())


# ---- what was measured --------------------------------------------------------------------------------------------


BOUGHT = date(2025, 8, 1)


def bought(finder: Finder, ref: str, *, confirmed: int, count: int = 20) -> None:
    """Purchases of last year at a shop that were known after two days and confirmed after so many."""
    told_at = datetime(2025, 8, 3, 12, tzinfo=UTC)
    purchases = [
        Purchase(
            id=uuid4(), programme_id=finder.programme.id, source_id=uuid4(), native_id=f"{ref}{number}",
            wallet_id=uuid4(), bucket=1, member_id=uuid4(), merchant_id=finder.id_of(ref), order_ref=str(number),
            occurred_at=told_at - timedelta(days=2), occurred_on=BOUGHT, currency="EUR", amount_minor=1000,
            validation="confirmed", version=1, content_hash=b"0" * 16,
            confirmed_on=BOUGHT + timedelta(days=confirmed),
        )
        for number in range(count)
    ]  # fmt: skip
    Purchase.objects.bulk_create(purchases)
    PurchaseVersion.objects.bulk_create(
        PurchaseVersion(
            id=uuid4(), purchase_id=one.id, bucket=1, number=1, recorded_at=told_at, event="track", validation="pending"
        )
        for one in purchases
    )  # fmt: skip


def test_shops_tell_what_their_purchases_took(finder: Finder) -> None:
    bought(finder, "ferry", confirmed=30)
    bought(finder, "oeuvre", confirmed=60)
    bought(finder, "till", confirmed=10, count=19)
    measured = finder.ask(find_shops.shop, "ferry").measured
    assert (measured.track_days, measured.confirm_days, measured.confirm_days_p90) == (2, 30, 30)
    assert (measured.confirmed_bps, measured.purchases) == (10_000, 20)
    assert finder.refs(features=("fast",)) == ["ferry"]
    assert finder.refs(sort="speed")[:3] == ["ferry", "oeuvre", "lumiere"]
    assert finder.refs(sort="reliability")[:2] == ["ferry", "oeuvre"]
    assert finder.ask(find_shops.shop, "till").measured is None


# ---- how much work it is ------------------------------------------------------------------------------------------


MANY = """
    WITH parties AS (
        INSERT INTO identity_party (id, programme_id, kind, ref, name, country, site, hosts)
        SELECT gen_random_uuid(), %(programme_id)s, 'merchant', 'm' || n, 'Boutique ' || to_char(n, 'FM00000'), '',
            'https://m' || n || '.example/', '{}'
        FROM generate_series(0, %(count)s - 1) AS n
        RETURNING id, programme_id, ref, name
    )
    INSERT INTO catalog_shoppage (merchant_id, programme_id, name, told, logo, words, changed_at)
    SELECT id, programme_id, name, '{}', '', name || E'\\n' || ref || '.example', %(now)s FROM parties
"""


def many(finder: Finder, count: int) -> None:
    """So many more shops, each with a name of its own."""
    with connect() as connection:
        asked = {"programme_id": finder.programme.id, "count": count, "now": NOW}
        connection.execute(MANY, asked)
    find_shops.forget_shops()


def test_thousands_of_shops_cost_a_few_queries_that_read_an_index(
    committed_db: str, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    finder = Finder(tmp_path)
    many(finder, 2_000)
    with django_assert_max_num_queries(12):
        assert finder.find().total == 6
    with django_assert_max_num_queries(0):
        finder.find(sort="name", category="fashion")
        finder.ask(find_shops.featured)
        finder.ask(find_shops.categories)
    found = finder.find("boutique 0017")
    assert (found.cards[0].name, found.total) == (
        "Boutique 00170",
        11,
    )  # and Boutique 01700 by its host
    assert finder.find("boutique", page=3).pages == -(-find_shops.FOUND_MAX // 24)
    assert finder.find("boutqiue 00017").closest
    with connect("owner") as owner:
        owner.execute("ANALYZE catalog_shoppage, identity_party")
    asked = {"programme_id": finder.programme.id, "text": "lumiere", "count": 10}
    words = {"part": "%lumiere%", "words": "%lumiere%"}
    with connect() as connection:
        connection.execute(find_shops.SQL.closer_than, {"likeness": find_shops.LIKENESS})
        for query in (find_shops.SQL.shops_with_words, find_shops.SQL.shops_like):
            rows = connection.execute("EXPLAIN " + query, {**asked, **words}).fetchall()
            assert "shop_page_words" in str(rows)
