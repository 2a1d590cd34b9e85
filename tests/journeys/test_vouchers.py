"""Vouchers for a next order: decided, booked, explained, issued when money would be released, and taken back."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from cagnotte.identity.selectors import programme
from cagnotte.journeys import explain, issue_vouchers, vouchers
from cagnotte.journeys.vouchers import Counter
from cagnotte.platform.database import connect
from cagnotte.wallet import voucher_views
from cagnotte.wallet.voucher_uses import UseAsk
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
MARCH_1 = date(2026, 3, 1)
LAST_DAY = MARCH_1 + timedelta(days=60)


def with_voucher(world: World, text: str = WITH_VOUCHER) -> World:
    """120.00 are bought and confirmed: 6.00 of money, and a voucher of 5.00 for the next 50.00."""
    world.load(text)
    world.till("A1,1,2026-01-10T10:00:00,EUR,confirmed,plum,12,120.00,jam,")
    return world


def issued(world: World, text: str = WITH_VOUCHER) -> World:
    with_voucher(world, text).mature(MARCH_1)
    return world


def rows(world: World) -> list[tuple[Any, ...]]:
    """Return (state, amount, used, returned, expired, taken) of every voucher."""
    return world.rows(
        "SELECT state, amount_minor, used_minor, returned_minor, expired_minor, taken_minor "
        "FROM wallet_voucher ORDER BY created_at, amount_minor"
    )


def use(world: World, order: str = "N1", on: date = MARCH_1) -> UUID:
    """Use the voucher for an order of 50.00."""
    with connect() as connection:
        programme_id = world.programme_id(connection)
        ((voucher_id,),) = world.rows("SELECT id FROM wallet_voucher")
        ((shop,),) = world.rows("SELECT id FROM identity_party WHERE kind = 'merchant'")
        at = datetime(on.year, on.month, on.day, 13, tzinfo=UTC)
        done = vouchers.use(
            connection,
            Counter(programme_id, "EUR", at, on),
            UseAsk(voucher_id, shop, order, 5_000),
        )
        return done.id


def refund(world: World, use_id: UUID, on: date, amount: int = 500) -> None:
    with connect() as connection:
        at = datetime(on.year, on.month, on.day, 14, tzinfo=UTC)
        counter = Counter(world.programme_id(connection), "EUR", at, on)
        vouchers.refund(connection, counter, use_id=use_id, reference="r", amount_minor=amount)


def test_a_voucher_is_issued_when_the_rest_is_released(empty_world: World) -> None:
    world = with_voucher(empty_world)
    assert world.member("1") == {"confirmed": 600 + 500}

    released = world.mature(MARCH_1)

    assert (released.released_minor, released.vouchers, released.voucher_minor) == (600, 1, 500)
    assert released.waiting == {}
    assert world.member("1") == {"available": 600}
    assert world.books() == {"funder.due": 1100, "member.available": 600, "programme.vouchers": 500}
    again = world.mature(date(2026, 3, 2))
    assert (again.released_minor, again.vouchers, again.purchases) == (0, 0, 0)
    with connect() as connection:
        (voucher,) = voucher_views.vouchers_page(
            connection, world.programme_id(connection), at_most=9
        )
    terms = voucher.terms
    assert (terms.amount_minor, terms.minimum_basket_minor) == (500, 5_000)
    assert (terms.valid_from, terms.valid_until, terms.partial_use) == (MARCH_1, LAST_DAY, False)


def test_a_voucher_alone_is_issued_without_any_money(empty_world: World) -> None:
    text = WITH_VOUCHER.replace(
        "effect: {kind: percent, rate: 5 %}",
        "effect: {kind: percent, rate: 5 %}\n        conditions: {skus: [other]}",
    )
    world = issued(empty_world, text)
    assert world.member("1") == {}
    assert world.books() == {"funder.due": 500, "programme.vouchers": 500}


def test_a_blocked_reward_issues_no_voucher_until_it_is_free(empty_world: World) -> None:
    world = with_voucher(empty_world)
    world.write("UPDATE purchases_purchase SET blocks = '{fraud}'")
    assert world.mature(MARCH_1).waiting == {"fraud": 1}
    assert rows(world) == []
    world.write("UPDATE purchases_purchase SET blocks = '{}'")
    assert world.mature(MARCH_1).vouchers == 1


def test_a_voucher_that_was_not_used_is_taken_back_with_its_order(empty_world: World) -> None:
    world = issued(empty_world)
    world.answer("A1,decline,returned,,,")
    assert rows(world) == [("void", 500, 0, 0, 0, 500)]
    assert world.member("1") == {}
    assert world.books() == {}


def test_an_order_that_falls_below_its_threshold_loses_the_voucher_and_its_share(
    empty_world: World,
) -> None:
    world = issued(empty_world)
    world.answer("A1,amend,,1,6,60.00")
    assert rows(world) == [("void", 500, 0, 0, 0, 500)]
    assert world.member("1") == {"available": 300}
    assert world.books() == {"funder.due": 300, "member.available": 300}


def test_an_order_that_still_earns_its_voucher_keeps_it_when_the_money_was_spent(
    empty_world: World,
) -> None:
    world = issued(empty_world)
    world.spend("S1", 600)
    world.answer("A1,amend,,1,1,10.00")
    assert rows(world) == [("issued", 500, 0, 0, 0, 0)]
    assert world.member("1") == {"owing": 50}


def test_a_used_voucher_whose_order_is_declined_is_owed(empty_world: World) -> None:
    world = issued(empty_world)
    use(world)
    world.answer("A1,decline,returned,,,")
    assert rows(world) == [("used", 500, 500, 0, 0, 0)]
    assert world.member("1") == {"owing": 500}
    assert world.books() == {"merchant.clearing": -500, "member.owing": 500}


def test_what_a_used_voucher_left_owing_is_repaid_when_its_order_comes_back_late(
    empty_world: World,
) -> None:
    world = issued(empty_world)
    used = use(world)
    world.answer("A1,decline,returned,,,")
    refund(world, used, LAST_DAY + timedelta(days=1))
    assert world.member("1") == {}
    assert world.books() == {}


def test_an_expired_voucher_is_taken_back_from_who_gained_by_it(empty_world: World) -> None:
    text = WITH_VOUCHER.replace("lot_months: 12", "lot_months: 12\n        breakage_to: programme")
    world = issued(empty_world, text)
    world.expire(LAST_DAY)
    assert rows(world) == [("issued", 500, 0, 0, 0, 0)]
    world.expire(LAST_DAY + timedelta(days=1))
    assert rows(world) == [("expired", 500, 0, 0, 500, 0)]
    assert world.books()["programme.breakage"] == 500
    world.answer("A1,decline,returned,,,")
    assert rows(world) == [("expired", 500, 0, 0, 0, 500)]
    assert world.books() == {}


def test_a_contract_can_give_what_expired_to_the_member(empty_world: World) -> None:
    text = WITH_VOUCHER.replace(
        "lot_months: 12", "lot_months: 12\n        spending: {expired_vouchers: member}"
    )
    world = issued(empty_world, text)
    after = LAST_DAY + timedelta(days=1)
    world.expire(after)
    assert rows(world) == [("expired", 500, 0, 500, 0, 0)]
    assert world.member("1") == {"available": 1_100}
    assert world.lots()[-1] == ("A1", 500, 500, after, after + timedelta(days=30))
    # It is a lot of its order, and is taken back with it.
    world.answer("A1,decline,returned,,,")
    assert world.member("1") == {}
    assert world.books() == {}


def test_what_comes_back_of_an_order_after_the_last_day_is_money_of_the_first_order(
    empty_world: World,
) -> None:
    world = issued(empty_world)
    used = use(world)
    refund(world, used, LAST_DAY + timedelta(days=1), 200)
    assert world.member("1") == {"available": 800}
    world.answer("A1,decline,returned,,,")
    assert world.member("1") == {"owing": 300}


def test_a_declined_order_that_is_confirmed_after_all_issues_its_voucher_again(
    empty_world: World,
) -> None:
    world = issued(empty_world)
    world.answer("A1,decline,returned,,,")
    world.answer("A1,confirm,,,,")
    assert world.member("1") == {"confirmed": 1_100}
    world.now += timedelta(days=1)
    released = world.mature(MARCH_1 + timedelta(days=1))
    assert (released.released_minor, released.voucher_minor) == (600, 500)
    assert rows(world) == [("void", 500, 0, 0, 0, 500), ("issued", 500, 0, 0, 0, 0)]
    assert world.member("1") == {"available": 600}


def test_a_voucher_of_a_closed_account_that_nobody_uses_is_its_funders(empty_world: World) -> None:
    world = issued(empty_world)
    world.write("UPDATE identity_wallet SET closed_at = now()")
    world.expire(LAST_DAY + timedelta(days=1))
    assert world.books()["funder.due"] == 600


def test_a_voucher_is_part_of_the_explanation(empty_world: World) -> None:
    world = issued(empty_world)
    used = use(world)
    refund(world, used, MARCH_1, 100)
    with connect() as connection:
        told = explain.why(connection, programme("corner"), "A1")
    assert (told.reward_minor, told.released_minor) == (1_100, 1_100)
    assert any("voucher of €5.00" in sentence for sentence in told.sentences)
    kinds = {entry.transaction for entry in told.entries}
    assert {"voucher_issued", "voucher_used", "voucher_refunded"} <= kinds


def test_the_same_night_interrupted_and_run_again_issues_once(
    empty_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = with_voucher(empty_world)

    def torn(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(issue_vouchers, "book", torn)
        with pytest.raises(KeyboardInterrupt):
            world.mature(MARCH_1)
    assert rows(world) == []
    assert world.member("1") == {"confirmed": 1_100}
    world.mature(MARCH_1)
    assert world.member("1") == {"available": 600}
    assert len(rows(world)) == 1
