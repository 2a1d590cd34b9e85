"""Bookings of what purchases earn: target − booked, whatever came before."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.bookings.earning import (
    NOTHING,
    Clawback,
    Leg,
    Owners,
    PartAmounts,
    Standing,
    part_sums,
    position,
    released,
    restatement,
)
from cagnotte.domain.chart import Account
from cagnotte.domain.purchases import Validation
from cagnotte.domain.transactions import Transaction

PENDING, CONFIRMED, DECLINED = Validation.PENDING, Validation.CONFIRMED, Validation.DECLINED
PROGRAMME, WALLET, SHOP, BRAND = (UUID(int=number) for number in range(1, 5))
OWNERS = Owners(PROGRAMME, WALLET, SHOP, "EUR")

SHOP_PAYS = PartAmounts("merchant", SHOP, 100, 100, 0, 0)
BRAND_PAYS = PartAmounts("brand", BRAND, 1000, 600, 300, 100)
OURS = PartAmounts("programme", PROGRAMME, 50, 50, 0, 0)


def said(legs: list[Leg]) -> dict[str, int]:
    """Sum the legs per kind of account, debit positive, zeros left out; they must balance."""
    made = Transaction.of(
        legs,
        programme_id=PROGRAMME,
        book_id=WALLET,
        kind="test",
        fact_id=WALLET,
        occurred_on=date(2026, 3, 1),
        recorded_at=datetime(2026, 3, 1, tzinfo=UTC),
    )
    sums: dict[str, int] = {}
    for entry in made.entries if made else ():
        sums[entry.account.kind] = sums.get(entry.account.kind, 0) + entry.amount_minor
    return sums


def test_each_account_has_the_owner_its_kind_says() -> None:
    def account(kind: str, owner_id: UUID) -> Account:
        return Account(kind, owner_id, PROGRAMME, "EUR")

    assert OWNERS.account("member.pending") is account("member.pending", WALLET)
    assert OWNERS.account("merchant.clearing") is account("merchant.clearing", SHOP)
    assert OWNERS.account("programme.margin") is account("programme.margin", PROGRAMME)
    assert OWNERS.account("funder.due", BRAND) is account("funder.due", BRAND)


def test_row_1_tracked_by_a_portal_keeps_its_margin_aside() -> None:
    portal = PartAmounts("network", BRAND, 100, 70, 0, 30)
    assert said(restatement(NOTHING, Standing(PENDING, (portal,)), OWNERS)) == {
        "funder.accrued": 100,
        "member.pending": -70,
        "programme.margin_pending": -30,
    }


def test_row_2_tracked_in_house_the_shop_owes_exactly_the_reward() -> None:
    assert said(restatement(NOTHING, Standing(PENDING, (SHOP_PAYS,)), OWNERS)) == {
        "funder.accrued": 100,
        "member.pending": -100,
    }


def test_row_3_tracked_two_stage_the_shop_keeps_its_share_of_the_brands_money() -> None:
    assert said(restatement(NOTHING, Standing(PENDING, (BRAND_PAYS,)), OWNERS)) == {
        "funder.accrued": 1000,
        "member.pending": -600,
        "merchant.share_pending": -300,
        "programme.margin_pending": -100,
    }


def test_row_4_a_bonus_of_the_programme_is_its_promotion() -> None:
    assert said(restatement(NOTHING, Standing(PENDING, (OURS,)), OWNERS)) == {
        "programme.promotions_pending": 50,
        "member.pending": -50,
    }


def test_a_first_observation_books_no_empty_legs() -> None:
    tracked = Standing(PENDING, (SHOP_PAYS,))

    assert restatement(NOTHING, tracked, OWNERS) == position(tracked, OWNERS)
    assert all(amount for _, amount in restatement(NOTHING, tracked, OWNERS))


def test_row_5_confirmed_moves_everything_from_expected_to_due() -> None:
    parts = (SHOP_PAYS, BRAND_PAYS, OURS)
    assert said(restatement(Standing(PENDING, parts), Standing(CONFIRMED, parts), OWNERS)) == {
        "funder.accrued": -1100,
        "funder.due": 1100,
        "member.pending": 750,
        "member.confirmed": -750,
        "merchant.share_pending": 300,
        "merchant.clearing": -300,
        "programme.margin_pending": 100,
        "programme.margin": -100,
        "programme.promotions_pending": -50,
        "programme.promotions": 50,
    }


def test_row_6_declined_before_release_leaves_nothing() -> None:
    tracked = Standing(PENDING, (BRAND_PAYS,))
    there = restatement(NOTHING, tracked, OWNERS)
    back = restatement(tracked, Standing(DECLINED, ()), OWNERS)
    assert said(there + back) == {}


def test_row_7_restated_down_after_release_is_taken_from_where_the_clawback_says() -> None:
    before = Standing(CONFIRMED, (BRAND_PAYS,), released_minor=600)
    half = PartAmounts("brand", BRAND, 500, 300, 150, 50)
    breakage = Account("programme.breakage", PROGRAMME, PROGRAMME, "EUR")
    clawback = Clawback(
        own_minor=100, other_minor=50, expired=((breakage, 30),), owing_minor=110, losses_minor=10
    )
    after = Standing(CONFIRMED, (half,), released_minor=300)
    assert said(restatement(before, after, OWNERS, clawback)) == {
        "funder.due": -500,
        "member.available": 150,
        "programme.breakage": 30,
        "member.owing": 110,
        "programme.losses": 10,
        "merchant.clearing": 150,
        "programme.margin": 50,
    }


def test_row_8_restated_up_after_release_the_rest_waits_confirmed() -> None:
    before = Standing(CONFIRMED, (SHOP_PAYS,), released_minor=100)
    after = Standing(CONFIRMED, (SHOP_PAYS._replace(commission_minor=150, reward_minor=150),), 100)
    assert said(restatement(before, after, OWNERS)) == {
        "funder.due": 50,
        "member.confirmed": -50,
    }


@pytest.mark.parametrize(
    ("owing", "expected"),
    [
        (0, {"member.confirmed": 100, "member.available": -100}),
        (30, {"member.confirmed": 100, "member.available": -70, "member.owing": -30}),
        (100, {"member.confirmed": 100, "member.owing": -100}),
        (250, {"member.confirmed": 100, "member.owing": -100}),
    ],
)
def test_row_9_a_release_repays_what_is_owed_first(owing: int, expected: dict[str, int]) -> None:
    assert said(released(100, owing, OWNERS)) == expected


def test_what_the_member_keeps_and_nobody_funds_is_the_programmes_loss() -> None:
    before = Standing(CONFIRMED, (SHOP_PAYS,), released_minor=100)
    after = Standing(CONFIRMED, (), released_minor=100, kept_minor=100)
    assert said(restatement(before, after, OWNERS)) == {
        "funder.due": -100,
        "programme.losses": 100,
    }


def test_a_clawback_that_does_not_come_to_what_is_no_longer_released_is_refused() -> None:
    before = Standing(CONFIRMED, (SHOP_PAYS,), released_minor=100)
    with pytest.raises(
        ValueError, match=r"^what is clawed back must be what is no longer released$"
    ):
        restatement(before, Standing(DECLINED, ()), OWNERS, Clawback(own_minor=99))


def test_nothing_is_released_beyond_the_reward() -> None:
    before = Standing(CONFIRMED, (SHOP_PAYS,), released_minor=100)
    with pytest.raises(ValueError, match=r"^more is released than the reward is worth$"):
        restatement(before, Standing(CONFIRMED, (), released_minor=100), OWNERS)


def test_sums_of_parts_are_commission_reward_share_and_margin() -> None:
    assert part_sums([SHOP_PAYS, BRAND_PAYS]) == (1100, 700, 300, 100)
    assert part_sums([BRAND_PAYS, BRAND_PAYS, SHOP_PAYS]) == (2100, 1300, 600, 200)
    assert part_sums([]) == (0, 0, 0, 0)
    assert part_sums([]) == (0, 0, 0, 0)


amounts = st.integers(0, 10**6)


@st.composite
def parts(draw: st.DrawFn) -> tuple[PartAmounts, ...]:
    """Parts of a shop, a brand and the programme, each C = R + S + M."""
    made = []
    for kind, owner in (("merchant", SHOP), ("brand", BRAND)):
        reward, share, margin = draw(amounts), draw(amounts), draw(amounts)
        made.append(PartAmounts(kind, owner, reward + share + margin, reward, share, margin))
    reward = draw(amounts)
    made.append(PartAmounts("programme", PROGRAMME, reward, reward, 0, 0))
    return tuple(draw(st.lists(st.sampled_from(made), unique=True, max_size=3)))


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    state = draw(st.sampled_from(Validation))
    if state is DECLINED:
        return Standing(DECLINED, ())
    held = Standing(state, draw(parts()), kept_minor=draw(st.sampled_from([0, 7])))
    return Standing(state, held.parts, draw(st.integers(0, held.reward_minor)), held.kept_minor)


def _net(legs: list[Leg]) -> dict[Account, int]:
    net: dict[Account, int] = {}
    for account, amount in legs:
        net[account] = net.get(account, 0) + amount
    return {account: amount for account, amount in net.items() if amount}


@given(standings())
def test_a_position_sums_to_what_was_released(standing: Standing) -> None:
    legs = position(standing, OWNERS)
    assert sum(amount for _, amount in legs) == standing.released_minor


@given(standings(), standings(), st.sampled_from(["own", "other", "owing", "losses", "expired"]))
def test_every_restatement_balances_and_ends_at_its_target(
    before: Standing, after: Standing, source: str
) -> None:
    # What is released rises only by a release, never by a restatement.
    level = min(before.released_minor, after.reward_minor)
    after = Standing(after.validation, after.parts, level, after.kept_minor)
    back = before.released_minor - level
    breakage = Account("programme.breakage", PROGRAMME, PROGRAMME, "EUR")
    clawback = {
        "own": Clawback(own_minor=back),
        "other": Clawback(other_minor=back),
        "owing": Clawback(owing_minor=back),
        "losses": Clawback(losses_minor=back),
        "expired": Clawback(expired=((breakage, back),)),
    }[source]
    legs = restatement(before, after, OWNERS, clawback)
    said(legs)
    taken_back = [
        (OWNERS.account("member.available"), clawback.own_minor + clawback.other_minor),
        *clawback.expired,
        (OWNERS.account("member.owing"), clawback.owing_minor),
        (OWNERS.account("programme.losses"), clawback.losses_minor),
    ]
    assert _net(position(before, OWNERS) + legs) == _net(position(after, OWNERS) + taken_back)


@given(st.lists(standings(), max_size=6), standings())
def test_any_sequence_of_restatements_ends_where_its_last_target_says(
    way: list[Standing], target: Standing
) -> None:
    # Nothing is released on the way, so that only the target decides.
    unreleased = [Standing(each.validation, each.parts, 0, each.kept_minor) for each in way]
    goal = Standing(target.validation, target.parts, 0, target.kept_minor)
    legs: list[Leg] = []
    standing = NOTHING
    for each in (*unreleased, goal):
        legs += restatement(standing, each, OWNERS)
        standing = each
    assert _net(legs) == _net(position(goal, OWNERS))
