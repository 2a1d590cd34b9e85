"""Purchases that stand already change: up, down, before and after their money was released."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from tests.journeys.world import World, corner

DUE = date(2026, 3, 12)
AFTER_RELEASE = datetime(2026, 3, 20, 12, tzinfo=UTC)
YEARS_LATER = datetime(2028, 3, 1, 12, tzinfo=UTC)


def released(world: World, order: str = "A1", amount: str = "20.00", **options: Any) -> None:
    """Let an order's reward of 5 % become available on 12 March."""
    world.buy(order, amount, status="confirmed", **options)
    world.mature(DUE)
    world.now = AFTER_RELEASE


def order(amount: str, status: str, at: str, **more: Any) -> dict[str, Any]:
    """A message of the web shop about its order W1 of one pot of jam."""
    return {
        "id": "W1",
        "customer": {"number": "1"},
        "at": "2026-02-10T10:00:00",
        "currency": "EUR",
        "status": status,
        "updated_at": at,
        "lines": [{"sku": "plum", "qty": 1, "price": amount, "category": "jam", **more}],
    }


# ---- before release ----


def test_an_amended_order_earns_what_it_would_have_earned_at_once(world: World) -> None:
    world.web(order("20.00", "pending", "2026-02-10T10:00:00Z"))
    summary = world.web(order("30.00", "pending", "2026-02-11T10:00:00Z"))
    assert summary.counts["changed"] == 1
    assert world.books() == {"funder.accrued": 150, "member.pending": 150}
    assert world.rows("SELECT amount_minor FROM purchases_purchase") == [(3000,)]


def test_a_message_may_confirm_and_amend_at_once(world: World) -> None:
    world.web(order("20.00", "pending", "2026-02-10T10:00:00Z"))
    world.web(order("10.00", "confirmed", "2026-02-11T10:00:00Z"))
    assert world.books() == {"funder.due": 50, "member.confirmed": 50}
    assert world.purchase("W1")[:3] == ("confirmed", "", 2)


def test_an_older_message_is_kept_and_changes_nothing(world: World) -> None:
    world.web(order("20.00", "confirmed", "2026-02-12T10:00:00Z"))
    before = world.books()
    summary = world.web(order("10.00", "pending", "2026-02-11T10:00:00Z"))
    assert summary.counts["stale"] == 1
    assert world.books() == before
    assert world.rows("SELECT outcome FROM purchases_observation ORDER BY outcome") == [
        ("new",),
        ("stale",),
    ]


def test_what_an_amendment_leaves_waits_for_its_release_as_before(world: World) -> None:
    world.web(order("20.00", "confirmed", "2026-02-10T10:00:00Z"))
    world.web(order("30.00", "confirmed", "2026-02-11T10:00:00Z"))
    assert world.mature(DUE).released_minor == 150


# ---- after release, up ----


def test_a_reward_that_grows_after_its_release_makes_a_second_lot(world: World) -> None:
    world.web(order("20.00", "confirmed", "2026-02-10T10:00:00Z"))
    world.mature(DUE)
    world.now = AFTER_RELEASE

    world.web(order("30.00", "confirmed", "2026-02-11T10:00:00Z"))

    assert world.member("1") == {"available": 100, "confirmed": 50}
    assert world.mature(date(2026, 3, 20)).released_minor == 50
    assert [lot[1:4] for lot in world.lots()] == [
        (100, 100, DUE),
        (50, 50, date(2026, 3, 20)),
    ]
    assert world.books() == {"funder.due": 150, "member.available": 150}


# ---- after release, down: X1 own lots, X2 expired, X3 other lots, X4 by policy ----


def test_a_return_after_release_is_taken_from_the_rewards_own_lot(world: World) -> None:
    released(world)
    world.answer("A1,amend,,1,0,8.00")
    assert world.books() == {"funder.due": 60, "member.available": 60}
    assert [lot[:3] for lot in world.lots()] == [("A1", 100, 60)]
    assert world.purchase("A1") == ("confirmed", "", 2, 60, 60, 0)


def test_a_decline_after_release_takes_all_of_it_back(world: World) -> None:
    released(world)
    world.answer("A1,decline,returned,,,")
    assert world.books() == {}
    assert [lot[:3] for lot in world.lots()] == [("A1", 100, 0)]


def test_money_of_another_purchase_is_not_touched_while_its_own_is_there(world: World) -> None:
    released(world, "A1")
    world.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    released(world, "A2", "60.00")
    world.answer("A1,decline,returned,,,")
    assert [lot[:3] for lot in world.lots()] == [("A1", 100, 0), ("A2", 300, 300)]


SPENT = {"merchant.clearing": -100}
"""What the shop was given for the member's order, a credit."""


@pytest.mark.parametrize(
    ("policy", "books"),
    [
        ("go_negative", {"member.owing": 100, **SPENT}),
        ("take_available", {"programme.losses": 100, **SPENT}),
        ("skip", {"programme.losses": 100, **SPENT}),
    ],
)
def test_what_was_spent_already_is_owed_or_lost_by_the_contracts_policy(
    empty_world: World, policy: str, books: dict[str, int]
) -> None:
    world = empty_world
    world.load(corner(f"clawback: {policy}"))
    released(world)
    world.spend("S1", 100)

    summary = world.answer("A1,decline,returned,,,")

    assert world.books() == books
    owed_or_lost = summary.counts["owing_minor"], summary.counts["losses_minor"]
    assert owed_or_lost == ((100, 0) if policy == "go_negative" else (0, 100))


@pytest.mark.parametrize(
    ("policy", "books", "left"),
    [
        ("go_negative", {"funder.due": 50, "member.owing": 50, **SPENT}, 0),
        ("take_available", {"funder.due": 50, "programme.losses": 50, **SPENT}, 0),
        (
            "skip",
            {"funder.due": 50, "member.available": 50, "programme.losses": 100, **SPENT},
            50,
        ),
    ],
)
def test_other_lots_give_before_anything_is_owed_or_lost(
    empty_world: World, policy: str, books: dict[str, int], left: int
) -> None:
    world = empty_world
    world.load(corner(f"clawback: {policy}"))
    released(world)
    world.spend("S1", 100)
    world.now = datetime(2026, 3, 1, 12, tzinfo=UTC)
    released(world, "A2", "10.00")

    world.answer("A1,decline,returned,,,")

    assert world.books() == books
    assert world.lots()[1][:3] == ("A2", 50, left)


@pytest.mark.parametrize("policy", ["take_available", "skip"])
def test_what_was_given_up_is_not_given_again_when_the_purchase_is_confirmed_after_all(
    empty_world: World, policy: str
) -> None:
    world = empty_world
    world.load(corner(f"clawback: {policy}"))
    released(world)
    world.spend("S1", 100)
    world.answer("A1,decline,returned,,,")
    assert world.purchase("A1") == ("declined", "returned", 2, 100, 100, 100)
    world.buy("A2", "10.00", status="confirmed")
    world.mature(date(2026, 3, 20))

    # More is said of the declined purchase: what was given up stays so, also when there is money now.
    world.answer("A1,amend,,1,0,4.00")
    assert world.books() == {
        "funder.due": 50,
        "member.available": 50,
        "programme.losses": 100,
        **SPENT,
    }
    world.answer("A1,confirm,,,,")
    assert world.mature(date(2026, 4, 1)).purchases == 0
    assert world.books() == {
        "funder.due": 130,
        "member.available": 50,
        "programme.losses": 20,
        **SPENT,
    }


def test_held_money_is_never_touched(world: World) -> None:
    released(world)
    world.spend("S1", 100, capture=False)
    world.answer("A1,decline,returned,,,")
    assert world.member("1") == {"held": 100, "owing": 100}


def test_expired_money_comes_back_from_breakage_within_the_window(empty_world: World) -> None:
    world = empty_world
    world.load(
        corner("breakage_to: programme", "member_clawback_days: 700", "funder_refund_days: 700")
    )
    released(world)
    world.expire(date(2027, 3, 13))
    assert world.books() == {"funder.due": 100, "programme.breakage": 100}

    world.now = datetime(2027, 3, 14, 12, tzinfo=UTC)
    world.answer("A1,amend,,1,0,8.00")
    assert world.books() == {"funder.due": 60, "programme.breakage": 60}
    world.answer("A1,decline,returned,,,")

    assert world.books() == {}
    assert world.rows("SELECT remaining_minor, expired_minor FROM rewards_lot") == [(0, 0)]


def test_what_is_owed_is_repaid_by_the_next_release(world: World) -> None:
    released(world)
    world.spend("S1", 100)
    world.answer("A1,decline,returned,,,")
    world.now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    released(world, "A2", "60.00")

    assert world.member("1") == {"available": 200}
    assert world.lots()[1][:3] == ("A2", 300, 200)


def test_a_purchase_confirmed_after_all_gives_back_what_was_owed(world: World) -> None:
    released(world)
    world.spend("S1", 100)
    world.answer("A1,decline,returned,,,", "A1,confirm,,,,")
    assert world.member("1") == {"confirmed": 100, "owing": 100}
    world.mature(date(2026, 3, 20))
    assert world.member("1") == {}
    assert world.books() == {"funder.due": 100, **SPENT}


def test_opened_again_after_release_the_member_keeps_the_money_for_now(world: World) -> None:
    released(world)
    world.answer("A1,reopen,,,,")
    assert world.books() == {"funder.accrued": 100, "member.available": 100}
    world.answer("A1,confirm,,,,")
    assert world.books() == {"funder.due": 100, "member.available": 100}
    assert world.mature(date(2026, 4, 1)).purchases == 0


# ---- windows ----


def test_a_funder_whose_window_is_over_keeps_owing_and_the_programme_gains(
    empty_world: World,
) -> None:
    world = empty_world
    world.load(corner("funder_refund_days: 10"))
    world.buy("A1", status="confirmed")
    world.answer("A1,decline,returned,,,")
    assert world.books() == {"funder.due": 100, "programme.margin": 100}
    assert world.purchase("A1") == ("declined", "returned", 2, 0, 0, 0)


def test_a_member_whose_window_is_over_keeps_the_reward_at_the_programmes_loss(
    empty_world: World,
) -> None:
    world = empty_world
    world.load(corner("member_clawback_days: 10"))
    released(world)
    world.answer("A1,decline,returned,,,")
    assert world.books() == {"member.available": 100, "programme.losses": 100}
    assert world.purchase("A1") == ("declined", "returned", 2, 100, 100, 100)


def test_kept_money_that_was_not_released_yet_still_becomes_available(
    empty_world: World,
) -> None:
    world = empty_world
    world.load(corner("member_clawback_days: 10"))
    world.buy("A1", status="confirmed")
    world.answer("A1,decline,returned,,,")
    assert world.books() == {"member.confirmed": 100, "programme.losses": 100}

    assert world.mature(DUE).released_minor == 100
    assert world.books() == {"member.available": 100, "programme.losses": 100}


def test_windows_protect_what_was_validated_and_nothing_else(empty_world: World) -> None:
    world = empty_world
    world.load(corner("member_clawback_days: 10", "funder_refund_days: 10"))
    world.buy("A1")
    world.answer("A1,decline,cancelled,,,")
    assert world.books() == {}


def test_when_both_windows_are_over_nothing_moves(world: World) -> None:
    released(world)
    before = world.books()
    world.now = YEARS_LATER
    world.answer("A1,decline,returned,,,")
    assert world.books() == before
    assert world.purchase("A1") == ("declined", "returned", 2, 100, 100, 0)


def test_a_kept_reward_is_funded_again_when_the_purchase_is_confirmed_after_all(
    empty_world: World,
) -> None:
    world = empty_world
    world.load(corner("member_clawback_days: 10"))
    released(world)
    world.answer("A1,decline,returned,,,", "A1,confirm,,,,")
    assert world.books() == {"funder.due": 100, "member.available": 100}


# ---- frozen facts ----


def test_a_restatement_reads_the_rules_of_its_own_time(world: World) -> None:
    world.buy("A1", at="2026-03-01T11:00:00")
    world.now = datetime(2026, 3, 1, 18, tzinfo=UTC)
    world.load(corner().replace("rate: 5 %", "rate: 9 %", 1))
    world.answer("A1,amend,,1,0,10.00")
    assert world.member("1") == {"pending": 50}
    world.buy("A2", "10.00", at="2026-03-01T17:00:00")
    assert world.member("1") == {"pending": 50 + 90}


CAPPED = """
    - ref: extra
      name: 10 % more, up to 1.00 a month
      role: boost
      effect: {kind: percent, rate: 10 %}
      limits: {per_member: {window: month, amount: "1.00"}}
"""


def test_a_cap_that_was_used_up_stays_used_up_when_an_order_is_amended(
    empty_world: World,
) -> None:
    world = empty_world
    world.load(corner(offers=CAPPED))
    world.buy("A1", "10.00")
    world.buy("A2", "10.00")
    assert world.member("1") == {"pending": 50 + 100 + 50}
    # The cap left nothing for A2; a return of it must not bring the boost back.
    world.answer("A2,amend,,1,0,4.00")
    assert world.member("1") == {"pending": 150 + 30}


def test_room_that_a_return_frees_serves_purchases_decided_later(empty_world: World) -> None:
    world = empty_world
    world.load(corner(offers=CAPPED))
    world.buy("A1", "10.00")
    world.buy("A2", "10.00")
    world.answer("A1,decline,returned,,,")
    assert world.member("1") == {"pending": 50}
    world.buy("A3", "10.00")
    assert world.member("1") == {"pending": 50 + 50 + 100}


# ---- returns that another source told ----


def test_a_till_that_never_tells_returns_does_not_undo_those_of_the_merchants_answers(
    world: World,
) -> None:
    world.buy("A1", "20.00")
    world.answer("A1,amend,,1,0,8.00")
    world.buy("A1", "20.00", status="confirmed")
    assert world.books() == {"funder.due": 60, "member.confirmed": 60}
    # The line shrinks to less than was returned of it: nothing is left.
    world.buy("A1", "5.00", status="confirmed")
    assert world.books() == {}


def test_a_source_that_tells_returns_has_the_last_word_on_them(world: World) -> None:
    world.web(order("20.00", "pending", "2026-02-10T10:00:00Z", returned={"price": "8.00"}))
    assert world.member("1") == {"pending": 60}
    world.web(order("20.00", "pending", "2026-02-11T10:00:00Z"))
    assert world.member("1") == {"pending": 100}
