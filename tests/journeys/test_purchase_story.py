"""A purchase as its member reads it: its way, its reasons, and what became of its money."""

from datetime import UTC, date, datetime

import pytest

from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import public_id
from cagnotte.identity.models import Member, Programme
from cagnotte.journeys.purchase_story import Story, story
from cagnotte.platform.database import connect
from tests.journeys.world import World, corner

TODAY = date(2026, 3, 1)


def told(world: World, order: str, member: str = "1") -> Story:
    ((found,),) = world.rows("SELECT id FROM purchases_purchase WHERE order_ref = %s", order)
    with connect() as connection:
        return story(
            connection,
            Programme.objects.get(slug="corner"),
            Member.objects.get(ref=member).wallet_id,
            public_id("pur", found),
            today=TODAY,
        )


def way(found: Story) -> list[tuple[str, str]]:
    return [(step.kind, step.state) for step in found.steps]


def test_the_way_of_a_purchase_is_told_from_the_till_to_the_bank(world: World) -> None:
    world.buy("old", "200.00", at="2026-01-05T10:00:00")
    assert way(told(world, "old")) == [
        ("bought", "done"),
        ("tracked", "done"),
        ("pending", "now"),
        ("confirmed", "next"),
        ("available", "next"),
        ("paid", "next"),
    ]

    world.now = datetime(2026, 3, 1, 13, tzinfo=UTC)
    world.answer("old,confirm,,,,")
    assert way(told(world, "old"))[2:] == [
        ("confirmed", "now"),
        ("available", "next"),
        ("paid", "next"),
    ]

    world.now = datetime(2026, 3, 1, 14, tzinfo=UTC)
    world.mature(TODAY)
    world.spend("bread", 250)
    found = told(world, "old")
    assert way(found)[2:] == [
        ("confirmed", "done"),
        ("available", "now"),
        ("spent", "done"),
        ("paid", "next"),
    ]
    assert [step.who for step in found.steps[:4]] == [
        "",
        "said by the till's file of The corner shop",
        "said by the file of The corner shop",
        "",
    ]
    [lot] = found.lots
    assert (lot.amount_minor, lot.remaining_minor) == (1000, 750)
    assert [(use.purpose, use.amount_minor, use.shop) for use in lot.uses] == [
        ("redeem", 250, "The corner shop")
    ]

    # Nobody else has it.
    with pytest.raises(NotFound):
        told(world, "old", member="2")


def test_a_return_is_an_adjustment_and_a_refusal_says_what_to_do(world: World) -> None:
    world.till(
        "mix,1,2026-02-10T10:00:00,EUR,,plum,2,20.00,jam,",
        "mix,1,2026-02-10T10:00:00,EUR,,diesel,1,50.00,fuel,",
    )
    found = told(world, "mix")
    assert [
        (line.sku, line.base_minor, line.rates_bps, line.reward_minor) for line in found.lines
    ] == [
        ("plum", 2000, [500], 100),
        ("diesel", 0, [], 0),
    ]
    assert "Excluded products do not count: €50.00 on line 2." in found.why
    assert found.order_minor == 7000

    world.now = datetime(2026, 3, 2, 12, tzinfo=UTC)
    world.answer("mix,amend,,1,1,10.00")
    found = told(world, "mix")
    [adjusted] = found.adjustments
    assert (adjusted.kind, adjusted.before_minor, adjusted.after_minor) == ("amended", 100, 50)
    assert found.row.was_adjusted

    world.now = datetime(2026, 3, 3, 12, tzinfo=UTC)
    world.answer("mix,decline,unauthorised_coupon,,,")
    found = told(world, "mix")
    assert found.row.state == "declined"
    assert found.refusal is not None
    assert found.refusal.worth_claiming
    assert way(found)[-1] == ("declined", "bad")


def test_a_purchase_that_a_network_reports_goes_back_to_its_click(empty_world: World) -> None:
    world = empty_world
    text = corner()
    text = text.replace(
        "brands: [{ref: acme", "networks: [{ref: net, name: Big Net}]\nbrands: [{ref: acme"
    )
    text = text.replace(
        "contracts:\n",
        "contracts:\n  - {ref: net, merchant: verte, network: net, commissions: [{rate: 8 %}]}\n",
    )
    text = text.replace(
        "The corner shop}]", "The corner shop}, {ref: verte, name: Maison Verte}]", 1
    )
    text = text.replace(
        "merchant: shop, member: member,", "merchant: shop, member: member, clicked_at: clicked,"
    )
    world.load(text)
    world.send(
        "partners",
        "order,shop,member,clicked,at,currency,amount\n"
        "n1,verte,1,2026-02-10T09:55:00+01:00,2026-02-10T10:00:00+01:00,EUR,50.00\n",
    )
    clicked_at = datetime(2026, 2, 10, 8, 55, tzinfo=UTC)
    world.write(
        "INSERT INTO tracking_click (id, ref, programme_id, bucket, merchant_id, wallet_id, visit_id, clicked_at, "
        "offer_ref, offer_version, promise, promised, device, consent, origin, path, via) "
        "SELECT gen_random_uuid(), 'k1', m.programme_id, 0, p.id, m.wallet_id, gen_random_uuid(), %s, 'standard', 1, "
        "'{}', '5 %% on everything', 'web', 'unasked', '', '', '' FROM identity_member AS m, identity_party AS p "
        "WHERE m.ref = '1' AND p.ref = 'verte'",
        clicked_at,
    )

    found = told(world, "n1")
    assert [step.kind for step in found.steps[:3]] == ["clicked", "bought", "tracked"]
    assert (found.steps[0].at, found.steps[0].more) == (clicked_at, "5 % on everything")
    assert found.steps[2].who == "said by the network Big Net"
