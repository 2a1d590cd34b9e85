"""Vouchers for a next order: decided, booked, explained, and issued when money would be released."""

from datetime import date

from tests.journeys.world import PROGRAMME, World

WITH_VOUCHER = PROGRAMME.replace(
    "    payouts: {",
    """      - ref: next-time
        name: 5.00 for your next order
        role: bonus
        effect: {kind: voucher, amount: "5.00", minimum_basket: "50.00", valid_days: 60}
        conditions: {minimum_basket: "100.00"}
    payouts: {""",
    1,
)


def test_a_voucher_is_issued_when_the_rest_is_released(empty_world: World) -> None:
    world = empty_world
    world.load(WITH_VOUCHER)
    world.till("A1,1,2026-01-10T10:00:00,EUR,confirmed,plum,1,120.00,jam,")
    assert world.member("1") == {"confirmed": 600 + 500}

    released = world.mature(date(2026, 3, 1))

    assert (released.released_minor, released.voucher_minor, released.waiting) == (600, 500, {})
    assert world.member("1") == {"available": 600}
    assert world.books() == {"funder.due": 1100, "member.available": 600, "programme.vouchers": 500}
    again = world.mature(date(2026, 3, 2))
    assert (again.released_minor, again.vouchers) == (0, 0)
