"""Clicks are written once, and are forgotten when their time or their member's patience is over."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.identity import keys
from cagnotte.identity import services as identity
from cagnotte.identity.models import MemberKey
from cagnotte.identity.services import MemberFacts
from cagnotte.tracking import selectors, services
from cagnotte.tracking.models import Click, VisitClaim
from tests.contexts.tracking.world import BOUGHT, DAY, NOW, World, a_world


@pytest.fixture
def world(db: None) -> World:
    return a_world()


def refs_of(world: World, member: str, *, since_days: int = 30, count: int = 50) -> list[str]:
    clicks = selectors.clicks_of(
        world.connection,
        world.id,
        world.wallet(member),
        since=BOUGHT - since_days * DAY,
        count=count,
    )
    return [click.ref for click in clicks]


def test_references_are_short_plain_and_drawn() -> None:
    drawn = {services.new_ref() for _ in range(2_000)}

    assert len(drawn) == 2_000
    assert all(re.fullmatch(r"[0-9a-hjkmnp-tv-z]{16}", ref) for ref in drawn)
    assert {ref[0] for ref in drawn} == {ref[-1] for ref in drawn} == set(services.ALPHABET)


def test_a_member_sees_their_clicks_newest_first_from_before_the_sign_in_too(world: World) -> None:
    visit = uuid4()
    first = world.click(9, visit=visit)
    services.claim_visit(
        world.connection,
        programme_id=world.id,
        visit_id=visit,
        wallet_id=world.wallet("A"),
        now=NOW,
    )
    second = world.click(3, visit=visit)
    world.click(2, visit=world.signed_in("B"))
    world.click(1)

    assert refs_of(world, "A") == [second, first]
    assert refs_of(world, "A", count=1) == [second]
    assert refs_of(world, "A", since_days=5) == [second]


def test_forgetting_a_member_leaves_nothing_that_leads_to_them(world: World) -> None:
    visit = uuid4()
    before = world.click(9, visit=visit)
    services.claim_visit(
        world.connection,
        programme_id=world.id,
        visit_id=visit,
        wallet_id=world.wallet("A"),
        now=NOW,
    )
    world.click(3, visit=visit)
    keys.give_promo_code(programme_id=world.id, wallet_id=world.wallet("A"), now=NOW)
    kept = world.click(2, visit=world.signed_in("B"))

    gone = services.forget_member(world.connection, world.id, world.wallet("A"))

    assert gone == services.Forgotten(clicks=2, visits=1, keys=2)
    assert [click.ref for click in Click.objects.all()] == [kept]
    assert {claim.wallet_id for claim in VisitClaim.objects.all()} == {world.wallet("B")}
    assert not MemberKey.objects.filter(wallet_id=world.wallet("A")).exists()
    assert [one.wallet_id for one in world.found((Trace.CLICK, before))] == [None]
    assert services.forget_member(world.connection, world.id, world.wallet("A")) == (0, 0, 0)


def test_old_clicks_are_deleted_in_portions(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "DELETED_AT_ONCE", 2)
    old = [world.click(days) for days in (400, 401, 402, 403, 404)]
    young = world.click(399)

    deleted = services.forget_clicks(
        world.connection, world.id, before=BOUGHT - 399 * DAY - timedelta(seconds=1)
    )

    assert deleted == len(old)
    assert [click.ref for click in Click.objects.all()] == [young]


# ---- addresses, as members are enrolled -----------------------------------------------------------------------


def enrol(world: World, email: str | None) -> None:
    identity.save_members(
        world.connection,
        world.id,
        [MemberFacts(1, "B", "Bob", email)],
        now=NOW,
        today=NOW.date(),
    )


def leads_to(world: World, address: str) -> list[object]:
    return [one.wallet_id for one in world.found((Trace.EMAIL, address))]


def test_an_address_that_changed_leads_to_its_member_no_longer(world: World) -> None:
    enrol(world, "new@mail.example")

    assert leads_to(world, "bob@mail.example") == [None]
    assert leads_to(world, "new@mail.example") == [world.wallet("B")]
    assert MemberKey.objects.filter(wallet_id=world.wallet("B")).count() == 1


def test_a_file_that_says_nothing_of_an_address_leaves_it(world: World) -> None:
    enrol(world, None)
    assert leads_to(world, "bob@mail.example") == [world.wallet("B")]

    enrol(world, "")
    assert leads_to(world, "bob@mail.example") == [None]


def test_of_two_rows_about_one_member_the_later_says_the_address(world: World) -> None:
    identity.save_members(
        world.connection,
        world.id,
        [
            MemberFacts(1, "B", None, "one@mail.example"),
            MemberFacts(2, "B", None, "two@mail.example"),
        ],
        now=NOW,
        today=NOW.date(),
    )

    assert leads_to(world, "one@mail.example") == [None]
    assert leads_to(world, "two@mail.example") == [world.wallet("B")]
