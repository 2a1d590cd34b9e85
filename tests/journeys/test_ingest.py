"""Purchases arrive: what is booked, what is refused, and what happens when a file comes again."""

from tests.journeys.world import World


def test_an_order_earns_by_its_offers_and_each_funder_owes_its_part(world: World) -> None:
    summary = world.till(
        "A1,1,2026-02-10T10:00:00,EUR,,earl,2,8.00,tea,acme",
        "A1,1,2026-02-10T10:00:00,EUR,,plum,1,12.00,jam,",
    )

    assert (summary.counts["new"], summary.rejected) == (1, {})
    assert summary.counts["lines"] == 2
    # 5 % of 20.00 from the shop; of acme's 10 % of 8.00 the member gets 0.16, the shop keeps 30 %, the rest is margin.
    assert world.member("1") == {"pending": 116}
    assert world.books() == {
        "funder.accrued": 180,
        "member.pending": 116,
        "merchant.share_pending": 24,
        "programme.margin_pending": 40,
    }


def test_an_offer_on_a_brands_tea_gives_nothing_more_on_its_jam_nor_on_other_tea(
    world: World,
) -> None:
    world.till(
        "A1,1,2026-02-10T10:00:00,EUR,,quince,2,8.00,jam,acme",
        "A1,1,2026-02-10T10:00:00,EUR,,sencha,1,12.00,tea,",
    )

    # 5 % of 20.00 and no more. Acme owes its 10 % of 8.00 all the same: 30 % to the shop, the rest is margin.
    assert world.member("1") == {"pending": 100}
    assert world.books() == {
        "funder.accrued": 180,
        "member.pending": 100,
        "merchant.share_pending": 24,
        "programme.margin_pending": 56,
    }


def test_the_same_file_again_changes_nothing(world: World) -> None:
    rows = (
        "A1,1,2026-02-10T10:00:00,EUR,,earl,1,8.00,tea,",
        "A2,2,2026-02-10T11:00:00,EUR,,plum,1,4.00,jam,",
    )
    world.till(*rows)
    before = world.books()

    summary = world.till(*rows)

    assert summary.seen_before
    assert (summary.counts["new"], summary.counts["unchanged"]) == (0, 2)
    assert world.books() == before
    assert world.rows("SELECT count(*) FROM purchases_observation") == [(2,)]
