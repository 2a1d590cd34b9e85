"""What should stand of a reward after a change: each side follows inside its own window of the contract."""

from datetime import timedelta
from uuid import UUID

import pytest

from cagnotte.domain.bookings.earning import PartAmounts, Standing
from cagnotte.domain.bookings.targets import merge_parts, standing_of, target
from cagnotte.domain.contracts import Contract, FunderKind
from cagnotte.domain.purchases import Validation

PENDING, CONFIRMED, DECLINED = Validation.PENDING, Validation.CONFIRMED, Validation.DECLINED
PROGRAMME, BRAND, NETWORK = UUID(int=1), UUID(int=4), UUID(int=5)

PAYS = PartAmounts("brand", BRAND, 1000, 600, 300, 100)
PAYS_HALF = PartAmounts("brand", BRAND, 500, 300, 150, 50)
PAYS_NOTHING = PartAmounts("brand", BRAND, 0, 0, 0, 0)
JOINS = PartAmounts("network", NETWORK, 90, 70, 0, 20)
OURS = PartAmounts("programme", PROGRAMME, 50, 50, 0, 0)


def windows(*, funder: int, member: int) -> Contract:
    return Contract(
        id=UUID(int=9),
        ref="acme",
        version=1,
        funder_kind=FunderKind.BRAND,
        funder="acme",
        funder_id=BRAND,
        funder_refund_days=funder,
        member_clawback_days=member,
    )


FUNDER_FIRST = windows(funder=30, member=60)
MEMBER_FIRST = windows(funder=60, member=30)
STANDS = Standing(CONFIRMED, (PAYS,))


def restated(
    *parts: PartAmounts,
    before: Standing = STANDS,
    to: Validation = CONFIRMED,
    policy: Contract | None = FUNDER_FIRST,
    days: int,
) -> Standing:
    return target(before, to, parts, policy, timedelta(days=days))


@pytest.mark.parametrize("policy", [FUNDER_FIRST, MEMBER_FIRST])
def test_up_to_the_last_day_of_the_windows_both_sides_follow(policy: Contract) -> None:
    assert restated(PAYS_HALF, policy=policy, days=30) == Standing(CONFIRMED, (PAYS_HALF,))


def test_without_a_contract_everything_follows_for_ever() -> None:
    assert restated(PAYS_HALF, policy=None, days=9999) == Standing(CONFIRMED, (PAYS_HALF,))


def test_what_is_declined_leaves_nothing_whatever_was_told_of_it() -> None:
    assert restated(PAYS, to=DECLINED, days=30) == Standing(DECLINED, (PAYS_NOTHING,))


def test_a_funder_whose_window_is_over_keeps_its_commission_and_the_rest_is_margin() -> None:
    left = PartAmounts("brand", BRAND, 1000, 300, 150, 550)
    assert restated(PAYS_HALF, days=31) == Standing(CONFIRMED, (left,))


def test_a_funder_whose_window_is_over_never_gives_more_than_its_commission() -> None:
    more = PartAmounts("brand", BRAND, 2000, 1200, 500, 300)
    assert restated(more, days=31) == Standing(
        CONFIRMED, (PartAmounts("brand", BRAND, 1000, 1000, 0, 0),)
    )


def test_the_shops_share_takes_what_a_grown_reward_leaves_of_the_commission() -> None:
    more = PartAmounts("brand", BRAND, 1500, 800, 450, 250)
    assert restated(more, days=31) == Standing(
        CONFIRMED, (PartAmounts("brand", BRAND, 1000, 800, 200, 0),)
    )


def test_a_funder_that_joins_after_the_window_gives_nothing() -> None:
    nothing = PartAmounts("network", NETWORK, 0, 0, 0, 0)
    assert restated(PAYS, JOINS, days=31) == Standing(CONFIRMED, (PAYS, nothing))


def test_a_funder_that_joins_after_both_windows_and_gives_the_member_nothing_gives_nobody() -> None:
    joins = PartAmounts("network", NETWORK, 20, 0, 15, 5)
    nothing = PartAmounts("network", NETWORK, 0, 0, 0, 0)
    assert restated(PAYS, joins, days=61) == Standing(CONFIRMED, (PAYS, nothing))


def test_the_programmes_own_part_has_no_window() -> None:
    before = Standing(CONFIRMED, (OURS, PAYS))
    less = PartAmounts("programme", PROGRAMME, 20, 20, 0, 0)
    assert restated(less, PAYS, before=before, days=31) == Standing(CONFIRMED, (less, PAYS))


def test_a_member_whose_window_is_over_keeps_the_reward_and_nobody_pays_it() -> None:
    kept = Standing(CONFIRMED, (PAYS_HALF,), kept_minor=300)
    assert restated(PAYS_HALF, policy=MEMBER_FIRST, days=31) == kept


def test_when_both_windows_are_over_a_reward_never_shrinks() -> None:
    assert restated(PAYS_HALF, days=61) == STANDS
    assert restated(to=DECLINED, days=61) == Standing(DECLINED, (PAYS,))


def test_when_both_windows_are_over_and_the_reward_is_the_same_all_stays() -> None:
    shared_otherwise = PartAmounts("brand", BRAND, 1100, 600, 400, 100)
    assert restated(shared_otherwise, days=61) == STANDS


def test_when_both_windows_are_over_a_reward_may_grow_within_the_commission() -> None:
    more = PartAmounts("brand", BRAND, 1500, 800, 100, 600)
    grown = PartAmounts("brand", BRAND, 1000, 800, 100, 100)
    assert restated(more, days=61) == Standing(CONFIRMED, (grown,))


def test_windows_do_not_protect_what_was_never_validated() -> None:
    before = Standing(PENDING, (PAYS,))
    assert restated(PAYS_HALF, before=before, days=61) == Standing(CONFIRMED, (PAYS_HALF,))


def test_a_member_keeps_what_was_released_though_it_was_opened_again_since() -> None:
    before = Standing(PENDING, (PAYS,), released_minor=400)
    kept = Standing(DECLINED, (PAYS_NOTHING,), kept_minor=400)
    assert restated(to=DECLINED, before=before, days=61) == kept
    part_kept = Standing(CONFIRMED, (PAYS_HALF,), kept_minor=100)
    assert restated(PAYS_HALF, before=before, days=61) == part_kept


@pytest.mark.parametrize(
    ("reward", "kept"), [(600, 7), (603, 4), (606, 1), (607, 0), (608, 0), (300, 7)]
)
def test_what_was_given_up_stays_given_up_until_a_funder_pays_for_it(
    reward: int, kept: int
) -> None:
    before = Standing(CONFIRMED, (PAYS,), kept_minor=7)
    part = PartAmounts("brand", BRAND, 1000, reward, 300, 700 - reward)
    assert restated(part, before=before, days=1) == Standing(CONFIRMED, (part,), kept_minor=kept)


@pytest.mark.parametrize(
    ("parts", "kept", "stands"),
    [
        ((), 0, DECLINED),
        ((PAYS_NOTHING,), 0, DECLINED),
        ((PAYS_NOTHING,), 1, CONFIRMED),
        ((PAYS,), 0, CONFIRMED),
    ],
)
def test_what_outlives_a_decline_stands_as_confirmed(
    parts: tuple[PartAmounts, ...], kept: int, stands: Validation
) -> None:
    assert standing_of(DECLINED, parts, 5, kept) == Standing(stands, parts, 5, kept)


def test_what_is_pending_stands_as_pending_whatever_is_kept() -> None:
    assert standing_of(PENDING, (PAYS,), 5, 6) == Standing(PENDING, (PAYS,), 5, 6)


def test_a_funder_keeps_its_place_and_one_that_left_stands_at_zero() -> None:
    namesake = PartAmounts("merchant", BRAND, 9, 9, 0, 0)
    assert merge_parts((OURS, PAYS), (JOINS, namesake, PAYS_HALF)) == (
        PartAmounts("programme", PROGRAMME, 0, 0, 0, 0),
        PAYS_HALF,
        JOINS,
        namesake,
    )
