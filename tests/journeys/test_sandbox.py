"""The sandbox: the same rules, other books, and nothing that reaches the live programme."""

from datetime import UTC, datetime

import pytest

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.errors import NotFound, Refused
from cagnotte.identity import api_keys
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Member, Programme
from cagnotte.journeys import sandbox
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger import selectors as ledger
from cagnotte.payouts import selectors as payouts
from cagnotte.platform.database import connect
from cagnotte.purchases.models import Source
from tests.journeys.world import World, corner

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def the_shop() -> Programme:
    return Programme.objects.get(slug="corner")


def test_a_sandbox_has_the_rules_and_neither_members_nor_money(world: World) -> None:
    world.buy("A1")
    made = sandbox.make(the_shop(), now=NOW)
    assert (made.slug, made.name, made.currency) == (
        "corner-sandbox", "The corner shop (sandbox)", "EUR",
    )  # fmt: skip
    assert made.sandbox_of == the_shop().id
    assert [offer.ref for offer in catalog.offers(made.id)] == ["acme-tea", "standard"]
    assert [(one.ref, one.funder_id) for one in catalog.contracts(made.id)] == [
        (one.ref, identity.parties(made.id)[one.funder_kind.value, one.funder])
        for one in catalog.contracts(the_shop().id)
    ]
    assert catalog.category_parents(made.id) == catalog.category_parents(the_shop().id)
    assert {row.ref for row in Source.objects.filter(programme=made)} == {
        row.ref for row in Source.objects.filter(programme=the_shop())
    }
    assert not Member.objects.filter(programme=made).exists()
    with connect() as connection:
        assert all(row.own_minor == 0 for row in ledger.balances_by_kind(connection, made.id))
        assert ProgrammeRun.open(connection, "corner-sandbox", NOW).editions == [NOW]
    assert world.member("1") == {"pending": 100}


def test_a_bank_file_of_a_sandbox_would_pay_nobody(world: World) -> None:
    made = sandbox.make(the_shop(), now=NOW)
    with connect() as connection:
        rules = payouts.rules(connection, made.id)
        live = payouts.rules(connection, the_shop().id)
    assert (rules.debtor_iban, rules.debtor_bic) == sandbox.NO_ACCOUNT
    assert (rules.threshold_minor, rules.rail) == (live.threshold_minor, live.rail)


def test_making_it_twice_makes_one(world: World) -> None:
    first, again = (sandbox.make(the_shop(), now=NOW) for _ in range(2))
    assert first.id == again.id
    assert Programme.objects.count() == 2
    assert [offer.version for offer in catalog.offers(first.id)] == [1, 1]


def test_a_load_of_the_programme_brings_its_sandbox_up_to_date(world: World) -> None:
    made = sandbox.make(the_shop(), now=NOW)
    world.now = NOW
    world.load(
        corner(
            offers="- {ref: spring, name: Spring, effect: {kind: percent, rate: 1 %}, role: boost}"
        )
    )
    assert [offer.ref for offer in catalog.offers(made.id)] == ["acme-tea", "spring", "standard"]


def test_a_sandbox_that_starts_anew_is_empty_and_keeps_its_keys(world: World) -> None:
    before = sandbox.make(the_shop(), now=NOW)
    key = api_keys.make(before, name="test", now=NOW).row
    after = sandbox.start_anew(the_shop(), now=NOW)
    key.refresh_from_db()
    assert (after.slug, key.programme_id) == ("corner-sandbox-2", after.id)
    assert sandbox.sandbox_of(the_shop().id) == after
    assert [offer.ref for offer in catalog.offers(after.id)] == ["acme-tea", "standard"]


def test_a_sandbox_has_no_sandbox(world: World) -> None:
    made = sandbox.make(the_shop(), now=NOW)
    with pytest.raises(Refused, match="is a sandbox"):
        sandbox.make(made, now=NOW)
    assert Programme.objects.count() == 2


def test_what_is_not_there_cannot_start_anew(world: World) -> None:
    with pytest.raises(NotFound, match="has no sandbox"):
        sandbox.start_anew(the_shop(), now=NOW)
    assert Programme.objects.count() == 1


def test_commands_mean_the_live_programme_unless_told_otherwise(world: World) -> None:
    sandbox.make(the_shop(), now=NOW)
    assert identity.programme(None).slug == "corner"
    assert identity.programme("corner-sandbox").sandbox_of == the_shop().id
