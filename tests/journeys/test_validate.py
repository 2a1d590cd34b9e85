"""Merchants answer: purchases are confirmed, declined, opened again and amended by a file."""

import pytest

from tests.journeys.world import World, corner

PENDING = {"funder.accrued": 100, "member.pending": 100}
CONFIRMED = {"funder.due": 100, "member.confirmed": 100}


def test_a_confirmed_purchase_is_due_from_its_funder_and_waits_for_its_release(
    world: World,
) -> None:
    world.buy("A1")
    assert world.books() == PENDING

    summary = world.answer("A1,confirm,,,,")

    assert (summary.counts["confirm"], summary.counts["reward_change_minor"]) == (1, 0)
    assert world.books() == CONFIRMED
    assert world.purchase("A1") == ("confirmed", "", 2, 100, 0, 0)
    assert world.rows("SELECT confirmed_on::text, release_on::text FROM purchases_purchase") == [
        ("2026-03-01", "2026-03-12")
    ]


def test_a_confirmed_two_stage_purchase_earns_the_shop_its_share(world: World) -> None:
    world.till("A1,1,2026-02-10T10:00:00,EUR,,earl,1,10.00,tea,acme")
    world.answer("A1,confirm,,,,")
    # 5 % of 10.00 from the shop; acme gives 1.00: 0.20 to the member, 0.30 to the shop, the rest is
    # margin. What is owed to the shop is a credit, and this account reads debit positive.
    assert world.books() == {
        "funder.due": 150,
        "member.confirmed": 70,
        "merchant.clearing": -30,
        "programme.margin": 50,
    }


def test_a_declined_purchase_leaves_nothing_and_says_why(world: World) -> None:
    world.buy("A1")
    summary = world.answer("A1,decline,cancelled,,,")
    assert (summary.counts["decline"], summary.counts["reward_change_minor"]) == (1, -100)
    assert world.books() == {}
    assert world.purchase("A1") == ("declined", "cancelled", 2, 0, 0, 0)


@pytest.mark.parametrize("first", ["confirm,", "decline,cancelled"])
def test_a_purchase_that_is_opened_again_is_pending_as_before(world: World, first: str) -> None:
    world.buy("A1")
    world.answer(f"A1,{first},,,")
    world.answer("A1,reopen,,,,")
    assert world.books() == PENDING
    assert world.purchase("A1") == ("pending", "", 3, 100, 0, 0)
    assert world.rows("SELECT confirmed_on, release_on FROM purchases_purchase") == [(None, None)]


def test_a_declined_purchase_can_be_confirmed_when_the_merchant_was_wrong(world: World) -> None:
    world.buy("A1")
    world.answer("A1,decline,fraud,,,", "A1,confirm,,,,")
    assert world.books() == CONFIRMED
    assert world.purchase("A1") == ("confirmed", "", 3, 100, 0, 0)


def test_a_partial_return_takes_its_part_of_the_reward(world: World) -> None:
    world.buy("A1")
    summary = world.answer("A1,amend,,1,0,5.00")
    assert (summary.counts["amend"], summary.counts["reward_change_minor"]) == (1, -25)
    assert world.books() == {"funder.accrued": 75, "member.pending": 75}


def test_returns_are_cumulative_and_the_last_word_counts(world: World) -> None:
    world.buy("A1")
    world.answer("A1,amend,,1,0,5.00")
    world.answer("A1,amend,,1,0,12.00")
    assert world.books() == {"funder.accrued": 40, "member.pending": 40}
    world.answer("A1,amend,,1,1,20.00")
    assert world.books() == {}
    world.answer("A1,amend,,1,0,0.00")
    assert world.books() == PENDING


def test_returned_lines_of_one_order_that_stand_together_are_one_amendment(world: World) -> None:
    at = "A1,1,2026-02-10T10:00:00,EUR,"
    world.till(f"{at},plum,1,10.00,jam,", f"{at},fig,2,10.00,jam,")
    summary = world.answer("A1,amend,,1,1,10.00", "A1,amend,,2,1,5.00")
    assert summary.counts["amend"] == 1
    assert world.purchase("A1") == ("pending", "", 2, 25, 0, 0)


def test_a_return_after_the_decline_is_kept_for_the_day_it_is_confirmed(world: World) -> None:
    world.buy("A1")
    world.answer("A1,decline,other,,,", "A1,amend,,1,0,10.00")
    assert world.books() == {}
    world.answer("A1,confirm,,,,")
    assert world.books() == {"funder.due": 50, "member.confirmed": 50}


def test_an_answer_said_twice_changes_nothing(world: World) -> None:
    world.buy("A1")
    world.answer("A1,amend,,1,0,5.00", "A1,confirm,,,,")
    before = (world.books(), world.purchase("A1"))
    summary = world.answer("A1,confirm,,,,", "A1,amend,,1,0,5.00")
    assert {name: count for name, count in summary.counts.items() if count} == {"unchanged": 2}
    assert (world.books(), world.purchase("A1")) == before


def test_a_file_of_answers_that_comes_again_does_not_undo_later_ones(world: World) -> None:
    world.buy("A1", status="confirmed")
    first = world.answer("A1,confirm,,,,")
    assert first.counts["unchanged"] == 1
    world.answer("A1,decline,returned,,,")

    again = world.send_file(first.file, "answers")

    assert again.seen_before
    assert again.counts["unchanged"] == 1
    assert world.purchase("A1") == ("declined", "returned", 2, 0, 0, 0)


BAD_ANSWERS = [
    (
        "A9,confirm,,,,",
        "unknown_purchase",
        (
            "No purchase of order A9 at corner is known yet; send this row again once the purchase "
            "has arrived."
        ),
    ),
    (
        "A1,maybe,,,,",
        "bad_field",
        "“maybe” is no answer; write confirm, decline, reopen, amend, event.",
    ),
    (",confirm,,,,", "missing_field", "An answer names its merchant and its order_ref."),
    (
        "A1,amend,,2,1,1.00",
        "unknown_line",
        "Order A1 has no line 2.",
    ),
    (
        "A1,amend,,1,1,20.01",
        "returned_too_much",
        "Line 1: more is returned (1 units, 2001 minor units) than was bought (1 units, 2000).",
    ),
    (
        "A1,amend,,1,2,20.00",
        "returned_too_much",
        "Line 1: more is returned (2 units, 2000 minor units) than was bought (1 units, 2000).",
    ),
    (
        "A1,amend,,1,1,-1.00",
        "bad_return",
        "Lines count from 1; returned units and amounts are not negative.",
    ),
    (
        "A1,amend,,one,1,1.00",
        "bad_return",
        (
            "An amendment names a line, and the units and amount returned of it so far, such as 3, "
            "1 and 4.20."
        ),
    ),
]


@pytest.mark.parametrize(("row", "reason", "sentence"), BAD_ANSWERS)
def test_a_bad_answer_moves_nothing_and_is_kept_with_its_sentence(
    world: World, row: str, reason: str, sentence: str
) -> None:
    world.buy("A1")
    world.buy("A2")

    summary = world.answer(row, "A2,confirm,,,,")

    assert summary.rejected == {reason: 1}
    assert world.reasons() == [("2", reason, sentence)]
    assert summary.counts["confirm"] == 1
    assert world.purchase("A1") == ("pending", "", 1, 100, 0, 0)
    assert world.purchase("A2") == ("confirmed", "", 2, 100, 0, 0)


def test_a_decline_gives_one_of_the_known_reasons(world: World) -> None:
    world.buy("A1")
    world.answer("A1,decline,moon,,,")
    ((_, reason, sentence),) = world.reasons()
    assert reason == "bad_reason"
    assert sentence.startswith("“moon” is no reason to decline; one of: bad_debt, booking_")
    assert world.books() == PENDING


def test_a_return_that_comes_before_its_purchase_is_taken_when_it_is_sent_again(
    world: World,
) -> None:
    early = world.answer("A1,amend,,1,0,5.00")
    assert early.rejects is not None
    assert world.books() == {}
    world.buy("A1")

    world.send_file(early.rejects, "answers")

    assert world.books() == {"funder.accrued": 75, "member.pending": 75}


def test_the_same_file_also_takes_what_was_too_early(world: World) -> None:
    early = world.answer("A1,confirm,,,,")
    world.buy("A1")
    world.send_file(early.file, "answers")
    assert world.books() == CONFIRMED


RETURNS = [
    # 20.00 bought in two lines of 10.00; one is returned. 3 % from 0, 10 % from 15.00 on, the whole amount.
    ("redecide", 30),
    ("by_line", 100),
    ("by_order", 100),
    ("all_or_nothing", 0),
]
TIERED = """
    - ref: tiers
      name: 3 %, or 10 % from 15.00
      priority: 1
      effect: {kind: tiered, tiers: [{from: "0", rate: 3 %}, {from: "15", rate: 10 %}]}
"""


@pytest.mark.parametrize(("policy", "reward"), RETURNS)
def test_a_return_follows_the_policy_of_its_contract(
    empty_world: World, policy: str, reward: int
) -> None:
    world = empty_world
    world.load(corner(f"returns: {policy}", offers=TIERED))
    at = "A1,1,2026-02-10T10:00:00,EUR,"
    world.till(f"{at},plum,1,10.00,jam,", f"{at},fig,1,10.00,jam,")
    assert world.purchase("A1")[3] == 200
    world.answer("A1,amend,,2,1,10.00")
    assert world.purchase("A1")[3] == reward
