"""Purchases arrive: what is booked, what is refused, and what happens when a file comes again."""

from datetime import date

from tests.journeys.world import World, corner


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


def test_an_order_may_arrive_validated_already(world: World) -> None:
    at = "2026-02-10T10:00:00,EUR"
    world.till(f"A1,1,{at},confirmed,plum,1,20.00,jam,", f"A2,2,{at},declined,plum,1,20.00,jam,")
    assert world.books() == {"funder.due": 100, "member.confirmed": 100}
    assert world.purchase("A1") == ("confirmed", "", 1, 100, 0, 0)
    assert world.purchase("A2") == ("declined", "other", 1, 0, 0, 0)


def test_an_order_that_arrived_declined_can_be_opened_and_confirmed(world: World) -> None:
    world.buy("A1", status="declined")
    world.answer("A1,reopen,,,,")
    assert world.books() == {"funder.accrued": 100, "member.pending": 100}
    world.answer("A1,confirm,,,,")
    assert world.books() == {"funder.due": 100, "member.confirmed": 100}


def test_an_order_may_arrive_with_its_returns(world: World) -> None:
    line = {"sku": "plum", "qty": 1, "price": "20.00", "category": "jam"}
    world.web(
        {
            "id": "W1",
            "customer": {"number": "1"},
            "at": "2026-02-10T10:00:00",
            "currency": "EUR",
            "lines": [{**line, "returned": {"qty": 0, "price": "5.00"}}],
        }
    )
    assert world.member("1") == {"pending": 75}


CLIMBING = """
    - ref: club
      name: 1 % more after 30.00 in a month, 5 % more after 60.00
      role: boost
      effect:
        kind: progressive
        window: month
        tiers: [{from: "0", rate: 0 %}, {from: "30", rate: 1 %}, {from: "60", rate: 5 %}]
"""


def test_orders_of_one_member_climb_in_the_order_of_the_file(empty_world: World) -> None:
    world = empty_world
    world.load(corner(offers=CLIMBING))
    at = "2026-02-10T10:00:00,EUR,,plum,1"
    orders = [f"A{n},1,{at},20.00,jam," for n in range(1, 6)]
    world.till(*orders, f"B1,2,{at},20.00,jam,")
    rewards = [world.purchase(f"A{number}")[3] for number in range(1, 6)]
    # Bought before: 0, 20, 40, 60 and 80; a tier is for the purchase that finds it reached.
    assert rewards == [100, 100, 120, 200, 200]
    assert world.purchase("B1")[3] == 100
    world.buy("C1", at="2026-03-01T10:00:00")
    assert world.purchase("C1")[3] == 100


def test_a_purchase_of_a_closed_period_is_booked_in_the_first_open_one(world: World) -> None:
    world.close_period(date(2026, 2, 28))
    world.buy("A1")
    assert world.rows("SELECT occurred_on, effective_on FROM ledger_transaction") == [
        (date(2026, 2, 10), date(2026, 3, 1))
    ]


def test_messages_are_kept_as_they_came(world: World) -> None:
    summary = world.till("A1,1,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam,")
    ((body, row, outcome),) = world.rows(
        "SELECT b.body, o.row_number, o.outcome FROM purchases_observation AS o "
        "JOIN purchases_observationbody AS b ON b.observation_id = o.id"
    )
    assert (body, row, outcome) == (
        b"A1,1,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam,\n",
        2,
        "new",
    )
    assert summary.file.read_bytes().endswith(body)


def test_several_processes_take_a_file_as_one_does(world: World) -> None:
    at = "2026-02-10T10:00:00,EUR,,plum,1,20.00,jam,"
    summary = world.till(*[f"A{n},{n % 4},{at}" for n in range(40)], jobs=2)
    assert (summary.counts["new"], summary.rejected) == (30, {"unknown_member": 10})
    assert len(world.reasons()) == 10
    assert world.books() == {"funder.accrued": 3000, "member.pending": 3000}


def test_a_closed_account_begins_nothing_new_and_what_was_begun_follows_its_course(
    world: World,
) -> None:
    world.buy("A1")
    world.write("UPDATE identity_wallet SET closed_at = now()")
    summary = world.till(
        "A1,1,2026-02-10T10:00:00,EUR,confirmed,plum,1,20.00,jam,",
        "A2,1,2026-02-10T10:00:00,EUR,,plum,1,20.00,jam,",
    )
    assert (summary.counts["changed"], summary.counts["new"]) == (1, 0)
    assert world.reasons() == [("3", "member_closed", "The account of member “1” is closed.")]
    assert world.books() == {"funder.due": 100, "member.confirmed": 100}
