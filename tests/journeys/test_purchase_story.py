"""A purchase as its member reads it: its way, its reasons, and what became of its money."""

from datetime import UTC, date, datetime

import pytest

from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import public_id
from cagnotte.identity.models import Member, Programme
from cagnotte.journeys.purchase_story import Story, story
from cagnotte.platform.database import connect
from tests.journeys.world import World

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
    assert (found.row.state, found.next) == ("declined", None)
    assert found.refusal is not None
    assert found.refusal.worth_claiming
    assert way(found)[-1] == ("declined", "bad")
