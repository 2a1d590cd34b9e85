"""Quotes: what a basket would earn and what more would bring; decided by the same rules as the purchase itself."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cagnotte.api.resources.quotes import Quote
from cagnotte.catalog.models import Product
from cagnotte.domain.ids import public_id
from cagnotte.identity.models import Member, Programme
from cagnotte.journeys import sandbox
from cagnotte.journeys.kept_runs import (
    ANSWER_BYTES_MAX,
    ANSWERS_MAX,
    RUNS,
    Answered,
    Remembered,
)
from tests.api.interface import PUBLISHABLE, Answer, Interface, interface, key_of
from tests.journeys.world import World, corner

OFFERS = """
- ref: spring
  name: 5.00 from 50.00
  role: bonus
  effect: {kind: fixed_per_order, amount: "5.00"}
  conditions: {minimum_basket: "50.00"}
- ref: many
  name: 1.00 from 3 pots
  role: bonus
  effect: {kind: fixed_per_order, amount: "1.00"}
  conditions: {minimum_quantity: 3, categories: [jam]}
- ref: tiers
  name: 1 % more, 3 % from 40.00
  role: boost
  effect: {kind: tiered, tiers: [{from: "0", rate: 1 %}, {from: "40", rate: 3 %}]}
- ref: vips
  name: 10 % more for some
  role: boost
  effect: {kind: percent, rate: 10 %}
  conditions: {segments: [vip]}
"""


@pytest.fixture(autouse=True)
def _fresh_process() -> None:
    """Every test has a database of its own, and a process that knows nothing of the last one."""
    RUNS.forget()


@pytest.fixture
def world(empty_world: World) -> World:
    empty_world.load(corner(offers=OFFERS))
    return empty_world


def basket(*amounts: int, **more: Any) -> dict[str, Any]:
    lines = [{"sku": "plum", "amount_minor": amount, "category": "jam"} for amount in amounts]
    return {"merchant": "corner", "currency": "EUR", "lines": lines, **more}


def eur(minor: int) -> dict[str, Any]:
    return {"amount_minor": minor, "currency": "EUR"}


def member_id(ref: str) -> str:
    return public_id("mem", Member.objects.get(ref=ref).id)


def test_a_basket_is_quoted_by_line_and_in_all(world: World) -> None:
    answer = interface().post("/quotes", basket(2000, 1000))

    assert answer.status == 200
    told = answer.json
    assert (told["object"], told["base"], told["reward"]) == ("quote", eur(3000), eur(180))
    assert told["lines"] == [
        {"number": 1, "base": eur(2000), "reward": eur(120)},
        {"number": 2, "base": eur(1000), "reward": eur(60)},
    ]
    assert [(one["ref"], one["reward"], one["rate_bps"]) for one in told["offers"]] == [
        ("standard", eur(150), 500),
        ("tiers", eur(30), 100),
    ]
    assert told["vouchers"] == eur(0)
    assert not told["for_member"]


def test_what_is_short_of_the_next_step_is_told_with_what_it_brings(world: World) -> None:
    steps = interface().post("/quotes", basket(3800)).json["next_steps"]

    assert [
        (one["offer"], one["kind"], one["missing"], one["missing_units"], one["extra_reward"])
        for one in steps
    ] == [
        # 40.00 earns 2.00 and 1.20, where 38.00 earns 1.90 and 0.38.
        ("tiers", "tier", eur(200), 0, eur(92)),
        # 50.00 earns 2.50, 1.50 and 5.00.
        ("spring", "minimum_basket", eur(1200), 0, eur(672)),
        # Two more pots: 114.00 earns 5.70, 3.42, 5.00 and 1.00.
        ("many", "minimum_quantity", eur(7600), 2, eur(1284)),
    ]


def test_a_step_brings_what_the_larger_basket_is_quoted(world: World) -> None:
    now = interface().post("/quotes", basket(3800)).json
    for step in now["next_steps"][:2]:
        more = interface().post("/quotes", basket(3800 + step["missing"]["amount_minor"])).json
        assert (
            more["reward"]["amount_minor"]
            == now["reward"]["amount_minor"] + step["extra_reward"]["amount_minor"]
        )


def test_nothing_is_missing_where_everything_is_reached(world: World) -> None:
    body = basket(9000)
    body["lines"][0]["quantity"] = 3
    assert interface().post("/quotes", body).json["next_steps"] == []


def test_what_is_bought_more_is_taxed_like_the_rest(empty_world: World) -> None:
    empty_world.load(
        corner(offers=OFFERS).replace("base: {excluded", "base: {with_tax: false, excluded", 1)
    )
    body = basket(4800)
    body["lines"][0]["tax_minor"] = 800

    step = next(
        one
        for one in interface().post("/quotes", body).json["next_steps"]
        if one["offer"] == "spring"
    )

    # 10.00 short without tax: 12.00 of price.
    assert step["missing"] == eur(1200)


def test_sentences_are_in_the_language_asked_for(world: World) -> None:
    french = interface().post("/quotes", basket(3800), accept_language="fr")
    assert french.json["language"] == "fr"
    assert french.headers["content-language"] == "fr"
    assert "encore 12,00\xa0€ avant la commande minimale de 50,00\xa0€" in " ".join(
        french.json["sentences"]
    ).replace("\u202f", "\xa0")
    english = interface().post("/quotes", basket(3800), accept_language="en")
    assert "€12.00 short of the minimum order of €50.00" in " ".join(english.json["sentences"])


def test_a_quote_is_what_the_purchase_then_earns(world: World) -> None:
    told = interface().post("/quotes", basket(2000, member_id=member_id("1"))).json
    world.buy("A1", "20.00")
    assert world.member("1") == {"pending": told["reward"]["amount_minor"]}


def test_a_member_is_quoted_by_what_is_known_of_them(world: World) -> None:
    Member.objects.filter(ref="2").update(segments=["vip"])
    ordinary = interface().post("/quotes", basket(1000, member_id=member_id("1"))).json
    vip = interface().post("/quotes", basket(1000, member_id=member_id("2"))).json
    assert (ordinary["reward"], vip["reward"]) == (eur(60), eur(160))
    assert vip["for_member"]


def test_counters_of_a_member_count(empty_world: World) -> None:
    empty_world.load(
        corner(
            offers="""
            - ref: first
              name: 3.00 for a first purchase
              role: bonus
              effect: {kind: fixed_per_order, amount: "3.00"}
              conditions: {first: programme}
            """
        )
    )
    body = basket(2000, member_id=member_id("1"))
    assert interface().post("/quotes", body).json["reward"] == eur(400)
    empty_world.buy("A1", "20.00")
    assert interface().post("/quotes", body).json["reward"] == eur(100)


def test_what_the_catalogue_knows_need_not_be_told(world: World) -> None:
    Product.objects.create(
        programme=Programme.objects.get(),
        sku="unleaded",
        name="Unleaded",
        category_ref="fuel",
    )
    body = {
        "merchant": "corner",
        "currency": "EUR",
        "lines": [{"sku": "unleaded", "amount_minor": 5000}],
    }
    assert interface().post("/quotes", body).json["base"] == eur(0)


def browser(**headers: str) -> Interface:
    return Interface(key_of("corner", **PUBLISHABLE), {"origin": "https://shop.example", **headers})


def test_a_browser_asks_with_a_publishable_key_and_a_members_token(world: World) -> None:
    Member.objects.filter(ref="2").update(segments=["vip"])
    token = interface().post(f"/members/{member_id('2')}/tokens").json["token"]

    assert browser().post("/quotes", basket(1000)).json["reward"] == eur(60)
    mine = browser(cagnotte_member=token).post("/quotes", basket(1000))
    assert (mine.json["reward"], mine.json["for_member"]) == (eur(160), True)


def test_a_browser_may_not_name_a_member(world: World) -> None:
    answer = browser().post("/quotes", basket(1000, member_id=member_id("1")))
    assert (answer.status, answer.code) == (403, "not_permitted")


def test_an_answer_for_anybody_may_be_kept_and_one_for_a_member_not(world: World) -> None:
    anybody = interface().post("/quotes", basket(1000))
    assert anybody.headers["cache-control"] == "private, max-age=60"
    assert {"Authorization", "Accept-Language"} <= set(anybody.headers["vary"].split(", "))
    mine = interface().post("/quotes", basket(1000, member_id=member_id("1")))
    assert mine.headers["cache-control"] == "private, no-cache"


def test_what_did_not_change_is_not_sent_again(world: World) -> None:
    first = interface().post("/quotes", basket(1000))
    again = interface().post("/quotes", basket(1000), if_none_match=first.headers["etag"])
    assert (again.status, again.content) == (304, b"")
    other = interface().post("/quotes", basket(1001), if_none_match=first.headers["etag"])
    assert other.status == 200


# ---- what is remembered ----

prices = st.lists(st.integers(1, 9_000), min_size=1, max_size=4)
changes = st.fixed_dictionaries(
    {},
    optional={
        "channel": st.sampled_from(["web", "store"]),
        "coupon_codes": st.sampled_from([[], ["TEN"]]),
        "delivery_minor": st.sampled_from([0, 490]),
    },
)


def test_what_is_remembered_is_what_would_be_decided(world: World) -> None:
    shop = interface()

    @settings(max_examples=25, deadline=None)
    @given(prices, changes, st.sampled_from(["en", "fr"]))
    def check(amounts: list[int], more: dict[str, Any], language: str) -> None:
        body = basket(*amounts, **more)
        RUNS.forget()
        decided = shop.post("/quotes", body, accept_language=language)
        remembered = shop.post("/quotes", body, accept_language=language)
        RUNS.forget()
        again = shop.post("/quotes", body, accept_language=language)
        assert decided.status == 200
        assert decided.content == remembered.content == again.content
        assert decided.headers["etag"] == remembered.headers["etag"] == again.headers["etag"]
        # Written by hand, it has the shape that is described.
        assert orjson.loads(Quote.model_validate_json(decided.content).model_dump_json()) == (
            decided.json
        )

    check()


def test_an_answer_is_remembered_by_its_language_and_never_for_a_member(world: World) -> None:
    Member.objects.filter(ref="2").update(segments=["vip"])
    english = interface().post("/quotes", basket(1000), accept_language="en").json
    french = interface().post("/quotes", basket(1000), accept_language="fr").json
    vip = interface().post("/quotes", basket(1000, member_id=member_id("2"))).json
    assert (english["reward"], french["reward"], vip["reward"]) == (eur(60), eur(60), eur(160))
    assert (english["language"], french["language"]) == ("en", "fr")
    Member.objects.filter(ref="2").update(segments=[])
    assert interface().post("/quotes", basket(1000, member_id=member_id("2"))).json["reward"] == (
        eur(60)
    )


def test_another_programmes_answers_are_its_own(world: World) -> None:
    made = sandbox.make(Programme.objects.get(), now=world.now)
    live = interface().post("/quotes", basket(1000))
    tried = interface(made.slug).post("/quotes", basket(1000))
    assert live.json == tried.json
    assert live.headers["etag"] != tried.headers["etag"]


def test_an_answer_is_good_for_a_minute_wherever_it_is_kept(world: World) -> None:
    at = datetime(2026, 11, 20, 12, tzinfo=UTC)
    remembered = Remembered()
    remembered.keep(("basket",), Answered(at, b"{}"))
    assert remembered.answer(("basket",), at + timedelta(seconds=59)) == (at, b"{}")
    assert remembered.answer(("basket",), at + timedelta(seconds=60)) is None
    first = interface().post("/quotes", basket(1000))
    assert first.headers["cache-control"] == "private, max-age=60"
    for kept in RUNS._kept.values():
        for key, answered in kept.remembered.answers.items():
            kept.remembered.answers[key] = answered._replace(at=answered.at - timedelta(seconds=20))
    again = interface().post("/quotes", basket(1000))
    left = int(again.headers["cache-control"].removeprefix("private, max-age="))
    assert 30 <= left < 40


def test_not_everything_is_remembered() -> None:
    remembered, at = Remembered(), datetime(2026, 11, 20, 12, tzinfo=UTC)
    remembered.keep(("large",), Answered(at, b"x" * (ANSWER_BYTES_MAX + 1)))
    assert remembered.answers == {}
    for number in range(ANSWERS_MAX + 1):
        remembered.keep((number,), Answered(at, b"{}"))
    assert list(remembered.answers) == [(ANSWERS_MAX,)]


def test_an_answer_is_forgotten_when_other_rules_hold(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert interface().post("/quotes", basket(1000)).json["reward"] == eur(60)
    world.load(corner(offers=OFFERS).replace("rate: 5 %", "rate: 7 %"))
    monkeypatch.setattr("cagnotte.journeys.kept_runs.FRESH", timedelta(0))
    assert interface().post("/quotes", basket(1000)).json["reward"] == eur(80)


def test_what_the_catalogue_learns_counts_in_the_next_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {**basket(5000), "lines": [{"sku": "unleaded", "amount_minor": 5000}]}
    assert interface().post("/quotes", body).json["base"] == eur(5000)
    Product.objects.create(
        programme=Programme.objects.get(), sku="unleaded", name="Unleaded", category_ref="fuel"
    )
    monkeypatch.setattr("cagnotte.journeys.kept_runs.FRESH", timedelta(0))
    monkeypatch.setattr("cagnotte.journeys.kept_runs.GOOD_FOR", timedelta(0))
    assert interface().post("/quotes", body).json["base"] == eur(0)


def refused(answer: Answer) -> tuple[int, str | None, list[str]]:
    return answer.status, answer.code, [one["pointer"] for one in answer.json.get("errors", ())]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"merchant": "elsewhere"}, (404, "not_found", ["#/merchant"])),
        ({"currency": "USD"}, (422, "invalid_input", ["#/currency"])),
        ({"lines": []}, (422, "invalid_request", ["#/lines"])),
        ({"amount": 3}, (422, "invalid_request", ["#/amount"])),
        (
            {"lines": [{"amount_minor": 5, "discount_minor": 6}]},
            (422, "invalid_request", ["#/lines/0/discount_minor"]),
        ),
        (
            {"member_id": "mem_00000000000000000000000000"},
            (404, "not_found", ["#/member_id"]),
        ),
    ],
)
def test_what_cannot_be_quoted_is_refused_with_its_place(
    world: World, change: dict[str, Any], told: tuple[int, str, list[str]]
) -> None:
    assert refused(interface().post("/quotes", basket(1000, **change))) == told


def test_another_programmes_member_is_nobody(world: World) -> None:
    made = sandbox.make(Programme.objects.get(), now=world.now)
    answer = interface(made.slug).post("/quotes", basket(1000, member_id=member_id("1")))
    assert (answer.status, answer.code) == (404, "not_found")


def test_quoting_writes_nothing(world: World) -> None:
    before = world.digest()
    interface().post("/quotes", basket(3800, member_id=member_id("1")))
    assert world.digest() == before
