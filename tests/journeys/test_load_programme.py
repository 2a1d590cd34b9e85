"""A programme file becomes parties, categories, contracts and offers, and changes become versions."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection

from cagnotte.catalog import models, selectors
from cagnotte.catalog.programme_file import ProgrammeFileInvalid
from cagnotte.domain.chart import KINDS, shared_accounts
from cagnotte.domain.errors import Conflict
from cagnotte.domain.offers import Percent
from cagnotte.domain.sightings import Tolerance
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Party, Programme
from cagnotte.inbox import selectors as inbox
from cagnotte.inbox.models import Account
from cagnotte.journeys import load_programme
from cagnotte.ledger.models import LedgerAccount
from cagnotte.purchases.models import Source

pytestmark = pytest.mark.django_db

FILE = """
programme: {slug: corner, name: Corner shop, currency: EUR, timezone: Europe/Paris}
merchants: [{ref: corner, name: Corner SA, country: FR}]
brands: [{ref: acme}]
categories: [{ref: food, children: [{ref: tea}]}]
contracts:
  - {ref: corner, merchant: corner}
offers:
  - ref: standard
    effect: {kind: percent, rate: 5 %}
  - ref: tea
    effect: {kind: percent, rate: 8 %}
    conditions: {categories: [tea]}
sources:
  - {ref: members, kind: members, fields: {ref: number}}
payouts: {debtor_name: Corner, iban: FR7630006000011234567890189, threshold: 10.00}
"""

FUNDER_KINDS = [name for name in KINDS if name.startswith("funder.")]

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 3, 9, tzinfo=UTC)
WEDNESDAY = datetime(2026, 3, 4, 9, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "programme.yaml"
    path.write_text(FILE)
    return path


def in_force(known_at: datetime | None = None) -> list[tuple[str, int, int, date, date]]:
    """Reference, version, rate and days of every offer."""
    return [
        (o.ref, o.version, o.effect.rate_bps, o.valid_from, o.valid_until)
        for o in selectors.offers(identity.programme("corner").id, known_at=known_at)
        if isinstance(o.effect, Percent)
    ]


def test_everything_in_the_file_stands_after_the_load(file: Path) -> None:
    loaded = load_programme.run(file, now=MONDAY)
    programme = identity.programme(None)
    assert (programme.slug, programme.currency, programme.created_at) == ("corner", "EUR", MONDAY)
    assert set(identity.parties(programme.id)) == {("merchant", "corner"), ("brand", "acme")}
    assert selectors.category_parents(programme.id) == {"food": None, "tea": "food"}
    [contract] = selectors.contracts(programme.id)
    assert contract.funder_id == identity.parties(programme.id)["merchant", "corner"]
    assert [(c.kind, c.ref, c.version) for c in loaded.offers] == [
        ("new", "standard", 1),
        ("new", "tea", 1),
    ]
    assert Source.objects.get(programme=programme).mapping["fields"] == {"ref": "number"}
    assert (loaded.sources, loaded.payouts) == (1, True)


def test_the_accounts_that_imports_share_are_open_before_the_first_import(file: Path) -> None:
    programme = load_programme.run(file, now=MONDAY).programme
    parties = [(kind, party_id) for (kind, _), party_id in identity.parties(programme.id).items()]
    expected = {account.id for account in shared_accounts(programme.id, "EUR", parties)}

    def opened() -> set[UUID]:
        return {account.id for account in LedgerAccount.objects.filter(programme_id=programme.id)}

    assert opened() == expected
    load_programme.run(file, now=TUESDAY)
    assert opened() == expected


def test_a_party_that_is_added_later_has_its_accounts(file: Path) -> None:
    load_programme.run(file, now=MONDAY)
    file.write_text(FILE.replace("[{ref: acme}]", "[{ref: acme}, {ref: bold}]"))
    programme = load_programme.run(file, now=TUESDAY).programme
    bold = identity.parties(programme.id)["brand", "bold"]
    assert LedgerAccount.objects.filter(owner_id=bold).count() == len(FUNDER_KINDS)


def test_loading_the_same_file_again_changes_nothing(file: Path) -> None:
    load_programme.run(file, now=MONDAY)
    before = list(models.Offer.objects.values()) + list(models.Contract.objects.values())
    assert load_programme.run(file, now=TUESDAY).changed_nothing
    assert list(models.Offer.objects.values()) + list(models.Contract.objects.values()) == before


def test_a_changed_rate_holds_from_the_day_it_is_loaded(file: Path) -> None:
    load_programme.run(file, now=MONDAY)
    file.write_text(FILE.replace("rate: 5 %", "rate: 6 %"))
    loaded = load_programme.run(file, now=WEDNESDAY)
    assert [(c.kind, c.ref, c.version, c.from_day) for c in loaded.offers] == [
        ("changed", "standard", 2, date(2026, 3, 4))
    ]
    assert in_force() == [
        ("standard", 1, 500, date.min, date(2026, 3, 3)),
        ("standard", 2, 600, date(2026, 3, 4), date.max),
        ("tea", 1, 800, date.min, date.max),
    ]


def test_the_day_of_a_load_is_told_in_the_programmes_time_zone(file: Path) -> None:
    load_programme.run(file, now=MONDAY)
    file.write_text(FILE.replace("rate: 5 %", "rate: 6 %"))
    loaded = load_programme.run(file, now=datetime(2026, 3, 3, 23, 30, tzinfo=UTC))
    assert [change.from_day for change in loaded.offers] == [date(2026, 3, 4)]


def test_an_offer_that_is_left_out_ends_and_comes_back_as_a_new_version(file: Path) -> None:
    load_programme.run(file, now=MONDAY)
    file.write_text(FILE.replace("- ref: tea\n", "- ref: herbal\n"))
    load_programme.run(file, now=TUESDAY)
    file.write_text(FILE)
    loaded = load_programme.run(file, now=WEDNESDAY)
    assert [(c.kind, c.ref, c.version) for c in loaded.offers] == [
        ("restored", "tea", 2),
        ("removed", "herbal", 1),
    ]
    assert [row for row in in_force() if row[0] != "standard"] == [
        ("herbal", 1, 800, date.min, date(2026, 3, 3)),
        ("tea", 1, 800, date.min, date(2026, 3, 2)),
        ("tea", 2, 800, date(2026, 3, 4), date.max),
    ]


def test_decisions_find_the_versions_and_the_rules_they_were_made_by(file: Path) -> None:
    load_programme.run(file, now=MONDAY)
    file.write_text(FILE.replace("rate: 5 %", "rate: 6 %"))
    load_programme.run(file, now=WEDNESDAY)
    programme_id = identity.programme("corner").id
    assert selectors.editions(programme_id) == [MONDAY, WEDNESDAY]
    assert in_force(MONDAY)[0] == ("standard", 1, 500, date.min, date.max)
    named = selectors.offers_by_version(programme_id, [("standard", 1), ("standard", 2)])
    assert [offer.effect for offer in named.values()] == [Percent(500), Percent(600)]


def test_a_load_with_an_error_changes_nothing(file: Path) -> None:
    file.write_text(FILE.replace("rate: 8 %", "rat: 8 %"))
    with pytest.raises(ProgrammeFileInvalid, match="did you mean “rate”"):
        load_programme.run(file, now=MONDAY)
    assert not Programme.objects.exists()


@pytest.mark.parametrize(
    ("written", "changed", "sentence"),
    [
        (
            "currency: EUR",
            "currency: USD",
            "“corner” keeps its books in EUR; its currency cannot become USD",
        ),
        ("Europe/Paris", "Europe/Rome", "“corner” counts its days in Europe/Paris"),
    ],
)
def test_what_the_books_rest_on_cannot_change(
    file: Path, written: str, changed: str, sentence: str
) -> None:
    load_programme.run(file, now=MONDAY)
    file.write_text(FILE.replace(written, changed).replace("5 %", "9 %"))
    with pytest.raises(Conflict, match=sentence):
        load_programme.run(file, now=TUESDAY)
    assert in_force()[0] == ("standard", 1, 500, date.min, date.max)


def test_names_and_the_tree_are_brought_up_to_date(file: Path) -> None:
    load_programme.run(file, now=MONDAY)
    file.write_text(
        FILE.replace("Corner SA", "Corner & Sons").replace(
            "[{ref: food, children: [{ref: tea}]}]", "[{ref: tea}]"
        )
    )
    loaded = load_programme.run(file, now=TUESDAY)
    assert (loaded.parties, loaded.categories) == ((0, 1), (0, 2))
    assert Party.objects.get(ref="corner").name == "Corner & Sons"
    assert selectors.category_parents(loaded.programme.id) == {"tea": None}
    assert (loaded.offers, loaded.contracts) == ([], [])


@pytest.mark.usefixtures("file")
def test_products_of_a_programme_come_in_one_query(file: Path) -> None:
    programme = load_programme.run(file, now=MONDAY).programme
    models.Product.objects.create(programme=programme, sku="00123", category_ref="tea")
    models.Product.objects.create(programme=programme, sku="gift", brand_ref="acme", gift_card=True)
    connection.ensure_connection()
    found = selectors.products(connection.connection, programme.id)
    assert found == {"00123": ("tea", None, False), "gift": (None, "acme", True)}


CONNECTED = """
programme: {slug: corner, name: Corner shop, currency: EUR, timezone: Europe/Paris}
merchants: [{ref: corner}]
contracts: [{ref: corner, merchant: corner}]
offers: [{ref: standard, effect: {kind: percent, rate: 5 %}}]
sources:
  - {ref: members, kind: members, fields: {ref: number}}
  - {ref: partners, plugin: postback, merchant: corner, silent_after: 2 days}
"""


def test_a_connected_source_is_an_account_with_the_id_of_its_source(file: Path) -> None:
    file.write_text(CONNECTED)
    assert load_programme.run(file, now=MONDAY).sources == 2
    source = Source.objects.get(ref="partners")
    assert (source.kind, source.mapping) == (
        "connected",
        {"plugin": "postback", "timezone": "Europe/Paris"},
    )
    account = Account.objects.get()
    assert (account.id, account.ref, account.plugin) == (source.id, "partners", "postback")
    assert (account.merchant, account.silent_after_hours) == ("corner", 48)
    assert load_programme.run(file, now=TUESDAY).changed_nothing


def test_a_connected_source_that_is_left_out_rests_and_comes_back(file: Path) -> None:
    file.write_text(CONNECTED)
    load_programme.run(file, now=MONDAY)
    file.write_text(CONNECTED.replace("  - {ref: partners", "  # - {ref: partners"))
    assert load_programme.run(file, now=TUESDAY).sources == 1
    assert not Account.objects.get().active
    assert Source.objects.filter(ref="partners").exists()
    file.write_text(CONNECTED)
    assert load_programme.run(file, now=WEDNESDAY).sources == 1
    assert Account.objects.get().active


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("{ref: members, kind: members, fields: {ref: number}}", "{ref: members, plugin: postback}", "reads files"),
        ("{ref: partners, plugin: postback", "{ref: partners, kind: members, fields: {ref: n}} #", "is connected"),
    ],
)  # fmt: skip
def test_a_source_never_changes_between_files_and_a_connection(
    file: Path, before: str, after: str, sentence: str
) -> None:
    file.write_text(CONNECTED)
    load_programme.run(file, now=MONDAY)
    kinds = list(Source.objects.order_by("ref").values_list("ref", "kind"))
    file.write_text(CONNECTED.replace(before, after))
    with pytest.raises(Conflict, match=sentence):
        load_programme.run(file, now=TUESDAY)
    assert list(Source.objects.order_by("ref").values_list("ref", "kind")) == kinds
    assert Account.objects.get().active


def test_how_far_two_sources_may_differ_is_what_the_file_says(file: Path) -> None:
    loaded = load_programme.run(file, now=MONDAY)
    assert not loaded.duplicates
    assert inbox.tolerance_of(loaded.programme.id) == Tolerance()

    told = "duplicates: {share: 0.5 %, amount: 0.20, hours: 6}\n"
    file.write_text(FILE + told)
    assert load_programme.run(file, now=TUESDAY).duplicates
    assert inbox.tolerance_of(loaded.programme.id) == Tolerance(50, 20, timedelta(hours=6))
    assert load_programme.run(file, now=TUESDAY).changed_nothing

    file.write_text(FILE)
    assert load_programme.run(file, now=WEDNESDAY).duplicates
    assert inbox.tolerance_of(loaded.programme.id) == Tolerance()


def test_nothing_may_differ_where_the_file_says_so(file: Path) -> None:
    file.write_text(FILE + "duplicates: {share: 0 %, amount: 0, hours: 0}\n")
    programme = load_programme.run(file, now=MONDAY).programme
    assert inbox.tolerance_of(programme.id) == Tolerance(0, 0, timedelta(0))
