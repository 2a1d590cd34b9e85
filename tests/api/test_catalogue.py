"""The programme, its merchants, brands, contracts and offers, as a client reads them."""

from datetime import UTC, datetime

from tests.api.interface import interface
from tests.journeys.world import World, corner


def test_merchants_and_brands_by_reference(world: World) -> None:
    api = interface()
    (shop,) = api.get("/merchants").json["data"]
    assert (shop["ref"], shop["name"], shop["site"]) == ("corner", "The corner shop", None)
    assert api.get(f"/merchants/{shop['id']}").json == shop
    (brand,) = api.get("/brands").json["data"]
    assert api.get(f"/brands/{brand['id']}").json == brand
    crossed = shop["id"].replace("mer_", "bra_")
    assert api.get(f"/brands/{crossed}").status == 404


def test_contracts_with_their_terms(world: World) -> None:
    api = interface()
    acme, shop = api.get("/contracts").json["data"]
    assert acme["commissions"] == [{"rate_bps": 1000, "fixed_minor": 0, "for_some_products": False}]
    assert (shop["release_days"], shop["release_from"], shop["expires_after_months"]) == (
        30, "purchased", 12,
    )  # fmt: skip
    assert api.get(f"/contracts/{acme['id']}").json == acme


def test_offers_in_force_today_with_what_they_give(world: World) -> None:
    api = interface()
    tea, standard = api.get("/offers").json["data"]
    assert (tea["headline"], standard["headline"]) == ("2% more back", "5% back")
    assert (tea["categories"], tea["brands"], tea["role"]) == (["tea"], ["acme"], "boost")
    assert standard["rate_bps"] == 500
    assert "funding" not in tea
    assert api.get(f"/offers/{tea['id']}").json == tea


def test_offers_in_french(world: World) -> None:
    answer = interface().get("/offers", accept_language="fr")
    assert answer.headers["content-language"] == "fr"
    assert [one["headline"] for one in answer.json["data"]] == [
        "2\u202f% remboursés en plus", "5\u202f% remboursés",
    ]  # fmt: skip


def test_offers_of_another_day_and_of_one_shop(world: World) -> None:
    world.now = datetime(2026, 3, 2, 9, tzinfo=UTC)
    world.load(
        corner(
            offers="- {ref: spring, name: Spring, valid_from: 2026-04-01, valid_until: 2026-04-30, "
            "effect: {kind: percent, rate: 8 %}, role: boost}"
        )
    )
    api = interface()
    refs = [one["ref"] for one in api.get("/offers?on=2026-04-30").json["data"]]
    assert refs == ["acme-tea", "spring", "standard"]
    assert "spring" not in str(api.get("/offers?on=2026-05-01").json)
    assert len(api.get("/offers?on=2026-04-01&merchant=corner").json["data"]) == 3


def test_a_changed_offer_is_a_new_version_on_its_first_day(world: World) -> None:
    api = interface()
    before = api.get("/offers?on=2026-03-05").json["data"][1]
    world.now = datetime(2026, 3, 3, 9, tzinfo=UTC)
    world.load(corner().replace("rate: 5 %", "rate: 6 %"))
    after = api.get("/offers?on=2026-03-05").json["data"][1]
    assert (before["rate_bps"], after["rate_bps"], after["version"]) == (500, 600, 2)
    assert api.get(f"/offers/{before['id']}").json["valid_until"] == "2026-03-02"
