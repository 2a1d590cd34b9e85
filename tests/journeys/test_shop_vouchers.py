"""Vouchers that a shop's own software takes: what may be asked for, and whatever goes wrong on the way."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cagnotte.domain.errors import Conflict, InvalidInput, NotFound
from cagnotte.domain.vouchers import AtShop
from cagnotte.hooks.vouchers import Form
from cagnotte.inbox.models import Account
from cagnotte.journeys import expire, shop_uses, shop_vouchers, vouchers
from cagnotte.journeys.expire import Expiry
from cagnotte.platform.database import connect
from cagnotte.wallet import voucher_views
from cagnotte.wallet.voucher_uses import UseAsk
from cagnotte.wallet.voucher_views import VoucherView
from tests.journeys.world import World, corner
from tests.vouchers.cases import CASES, Case
from tests.vouchers.member import LAST_DAY, NOWHERE, Member, member_at


def case(software: str, form: Form) -> Case:
    (found,) = [one for one in CASES if (one.software, one.form) == (software, form)]
    return found


COUPON = case("woocommerce", Form.CODE)
CARD = case("pretix", Form.GIFT_CARD)
BALANCE = case("shopify", Form.GIFT_CARD)
OWN_CODE = case("saleor", Form.GIFT_CARD)
CREDIT = case("stripe", Form.CREDIT)


@pytest.fixture
def coupons(empty_world: World, settings: Any) -> Iterator[Member]:
    with member_at(COUPON, empty_world, settings) as ready:
        yield ready


@pytest.fixture
def cards(empty_world: World, settings: Any) -> Iterator[Member]:
    with member_at(CARD, empty_world, settings) as ready:
        yield ready


def pay(member: Member, voucher: VoucherView, order: str, amount_minor: int) -> None:
    """Pay an order with the voucher over our own interface."""
    ((shop,),) = member.world.rows("SELECT id FROM identity_party WHERE kind = 'merchant'")
    with connect() as connection:
        ask = UseAsk(voucher.id, shop, order, amount_minor)
        vouchers.use(connection, member.counter(), ask)


def night(member: Member, on: date) -> int:
    """Let vouchers expire whose days are over; return how many."""
    with connect() as connection:
        at = datetime(on.year, on.month, on.day, 3, tzinfo=UTC)
        order = Expiry(member.world.programme_id(connection), "EUR", at, on)
        return expire.run(connection, order).vouchers


def until(member: Member, on: date, hour: int = 12) -> None:
    member.clock.wait(
        (datetime(on.year, on.month, on.day, hour, tzinfo=UTC) - member.clock.now).total_seconds()
    )


# ---- asking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"partial_use": True}, "takes a voucher once"),
        ({"signed": True}, "tills without a line"),
        ({"valid_from": date(2026, 3, 2)}, "from the day on which it is told"),
    ],
)
def test_what_the_shop_cannot_keep_is_not_issued(
    coupons: Member, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        coupons.issue(**changes)
    assert coupons.money() == NOWHERE
    assert coupons.world.rows("SELECT count(*) FROM wallet_voucher") == [(0,)]
    assert not coupons.work().did


def test_a_gift_card_is_for_nobody_in_particular_and_asks_for_no_basket(cards: Member) -> None:
    for changes, says in (
        ({"partial_use": False}, "keeps what an order leaves"),
        ({"minimum_basket_minor": 5_000}, "minimum basket"),
        ({"customer": "ana@mail.example"}, "one customer alone"),
    ):
        with pytest.raises(InvalidInput, match=says):
            cards.issue(**changes)
    assert cards.money() == NOWHERE


def test_credit_needs_a_customer(empty_world: World, settings: Any) -> None:
    with member_at(CREDIT, empty_world, settings) as member:
        with pytest.raises(InvalidInput, match="whose the voucher is"):
            member.issue(customer="")
        assert member.money() == NOWHERE


def test_a_connection_that_takes_no_vouchers_is_none(coupons: Member) -> None:
    Account.objects.update(plugin="till")
    with pytest.raises(NotFound, match="takes no vouchers"):
        coupons.issue()
    Account.objects.update(plugin="woocommerce", active=False)
    with pytest.raises(InvalidInput, match="at rest"):
        coupons.issue()
    Account.objects.update(active=True, merchant="")
    with pytest.raises(InvalidInput, match="does not speak for that shop alone"):
        coupons.issue()
    assert coupons.money() == NOWHERE


def test_the_same_reference_is_the_same_voucher_at_the_same_shop(coupons: Member) -> None:
    voucher = coupons.issue()
    assert coupons.issue() == voucher
    with pytest.raises(Conflict):
        coupons.issue(customer="ana@mail.example")
    with pytest.raises(Conflict):
        coupons.issue(amount_minor=400)
    assert coupons.money() == {"available": 100, "vouchers": 500, "shop": 0}
    assert coupons.work().told == 1


def test_the_customer_and_the_shop_s_own_code_are_kept_sealed(
    empty_world: World, settings: Any
) -> None:
    with member_at(OWN_CODE, empty_world, settings) as member:
        voucher = member.issue(customer="ana@mail.example")
        member.work()
        code = member.fake.only().code
        assert member.fake.only().customer == "ana@mail.example"
        ((row,),) = member.world.rows("SELECT s::text FROM wallet_voucher_at_shop AS s")
        assert "ana@mail" not in row
        assert code not in row
        with connect() as connection:
            assert shop_vouchers.code_of(connection, voucher) == code


def test_the_code_is_ours_where_the_shop_takes_it(coupons: Member) -> None:
    voucher, kept = coupons.told()
    with connect() as connection:
        code = shop_vouchers.code_of(connection, voucher)
    assert code.lower() == kept.code, "WooCommerce writes codes in small letters"
    assert len(code) == len("K7P2M-9XQ4T-0ABC")


# ---- what goes wrong ----------------------------------------------------------------------------------------------


def test_a_shop_that_cannot_be_reached_is_told_later_and_the_money_stays_with_the_voucher(
    coupons: Member,
) -> None:
    voucher = coupons.issue()
    for tries in range(1, 4):
        coupons.fake.fail_next(500)
        assert coupons.work().failed == 1
        at_shop = coupons.at_shop(voucher)
        assert (at_shop.state, at_shop.attempts) == (AtShop.TELLING, tries)
        assert at_shop.last_error == "WooCommerce answered with status 500."
        assert not coupons.work().did, "not at once again"
        coupons.clock.wait(3_600)
    assert coupons.money() == {"available": 100, "vouchers": 500, "shop": 0}
    assert coupons.work().told == 1
    assert coupons.at_shop(voucher).last_error == ""


def test_credentials_that_are_wrong_refuse_nothing(coupons: Member) -> None:
    voucher = coupons.issue()
    coupons.fake.deny()
    assert coupons.work().failed == 1
    assert coupons.at_shop(voucher).state is AtShop.TELLING
    assert coupons.money() == {"available": 100, "vouchers": 500, "shop": 0}


def test_a_plugin_that_breaks_keeps_no_other_voucher_from_its_turn(
    coupons: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = coupons.issue(amount_minor=200), coupons.issue(reference="v2", amount_minor=300)
    software = type(COUPON.shop)
    whole = software.issue

    def breaks(self: Any, context: Any, voucher: Any) -> Any:
        if voucher.amount == 2:
            raise ZeroDivisionError("a secret")
        return whole(self, context, voucher)

    monkeypatch.setattr(software, "issue", breaks)
    summary = coupons.work()
    assert (summary.told, summary.failed) == (1, 1)
    assert coupons.at_shop(first).last_error == "The plugin failed with ZeroDivisionError."
    assert coupons.at_shop(second).state is AtShop.TOLD


def test_a_voucher_that_the_database_refuses_to_book_keeps_nothing_else_waiting(
    cards: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    voucher, kept = cards.told()
    cards.fake.use(kept, "N1", "3.00")
    before = cards.money()
    cards.clock.wait(3_600)

    def refused(connection: Any, *_: object) -> str:
        connection.execute("INSERT INTO identity_programme SELECT * FROM identity_programme")
        return ""

    with monkeypatch.context() as patch:
        patch.setattr(shop_uses, "book", refused)
        summary = cards.work()
    assert (summary.read, summary.failed) == (0, 1)
    assert cards.money() == before
    at_shop = cards.at_shop(voucher)
    assert (at_shop.state, at_shop.attempts) == (AtShop.TOLD, 1)
    assert at_shop.last_error == "It could not be booked: UniqueViolation."
    assert not cards.work().did, "not at once again"
    cards.clock.wait(3_600)
    assert cards.work().read == 1
    assert cards.money() == {"available": 100, "vouchers": 200, "shop": 300}


def test_a_shop_that_does_not_answer_is_not_asked_for_each_voucher(coupons: Member) -> None:
    for number in range(3):
        coupons.issue(reference=f"v{number}", amount_minor=100)
    coupons.fake.fail_next(500)
    summary = coupons.work()
    assert (summary.told, summary.failed) == (0, 1)
    assert len(coupons.fake.log) == 1
    assert coupons.work().told == 2, "the others in the next round"


def test_vouchers_of_a_shop_are_read_in_parts_where_each_takes_a_call(
    cards: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(CARD.shop), "read_at_once", 2)
    for number in range(5):
        cards.issue(reference=f"v{number}", amount_minor=100)
    assert cards.work().told == 5
    for kept in cards.fake.kept:
        cards.fake.use(kept, f"N{kept.native_id}", "0.40")
    cards.clock.wait(3_600)
    # The second part fails: the first one is booked, and the third waits.
    cards.fake.fail_next(500, after=5)
    summary = cards.work()
    assert (summary.read, summary.failed) == (2, 1)
    assert cards.money() == {"available": 100, "vouchers": 420, "shop": 80}
    cards.clock.wait(3_600)
    assert cards.work().read == 5
    assert cards.money() == {"available": 100, "vouchers": 300, "shop": 200}


def test_a_voucher_that_could_not_be_told_in_time_goes_back(coupons: Member) -> None:
    voucher = coupons.issue()
    until(coupons, LAST_DAY + timedelta(days=2))
    assert night(coupons, LAST_DAY + timedelta(days=2)) == 0, "the shop is asked first"
    assert coupons.work().ended == 1
    assert coupons.stands(voucher) == ("void", 0, 500, 0)
    assert coupons.at_shop(voucher).last_error.startswith("The shop could not be told")
    assert coupons.money() == NOWHERE


def test_a_voucher_that_is_used_before_the_shop_hears_of_it_is_not_told(cards: Member) -> None:
    voucher = cards.issue()
    pay(cards, voucher, "N1", 200)
    assert cards.work().ended == 1
    assert cards.fake.kept == []
    assert cards.money() == {"available": 400, "vouchers": 0, "shop": 200}


# ---- what orders took ---------------------------------------------------------------------------------------------


def test_what_an_order_took_and_we_were_told_of_already_is_booked_once(cards: Member) -> None:
    voucher, kept = cards.told()
    cards.fake.use(kept, "N1", "3.00")
    pay(cards, voucher, "N1", 300)
    cards.clock.wait(3_600)
    cards.work()
    assert cards.money() == {"available": 100, "vouchers": 200, "shop": 300}
    assert cards.at_shop(voucher).last_error == ""


def test_a_use_that_contradicts_what_we_were_told_is_on_record(cards: Member) -> None:
    voucher, kept = cards.told()
    pay(cards, voucher, "N1", 200)
    cards.fake.use(kept, "N1", "3.00")
    cards.fake.use(kept, "N2", "1.00")
    cards.clock.wait(3_600)
    cards.work()
    assert cards.money() == {"available": 100, "vouchers": 200, "shop": 300}
    assert cards.at_shop(voucher).last_error == (
        "Order N1: it took 2.00 EUR of the voucher, and the shop now says 3.00."
    )


def test_a_sum_that_grows_is_booked_by_what_it_grew(empty_world: World, settings: Any) -> None:
    with member_at(BALANCE, empty_world, settings) as member:
        _, kept = member.told()
        for amount, left in (("3.00", 200), ("1.50", 50)):
            member.fake.use(kept, amount, amount)
            member.clock.wait(3_600)
            member.work()
            assert member.money() == {"available": 100, "vouchers": left, "shop": 500 - left}
        member.fake.cancel(kept, "1.50")
        member.fake.cancel(kept, "3.00")
        member.clock.wait(3_600)
        member.work()
        assert member.money() == {"available": 100, "vouchers": 500, "shop": 0}


def test_what_a_cancelled_order_took_stands_on_the_voucher_again(cards: Member) -> None:
    voucher, kept = cards.told()
    cards.fake.use(kept, "N1", "3.00")
    cards.clock.wait(3_600)
    cards.work()
    cards.fake.cancel(kept, "N1")
    for _ in range(2):
        cards.clock.wait(3_600)
        cards.work()
        assert cards.stands(voucher) == ("issued", 0, 0, 500)
        assert cards.money() == {"available": 100, "vouchers": 500, "shop": 0}


def test_an_order_that_was_cancelled_before_we_heard_of_it_took_nothing(cards: Member) -> None:
    voucher, kept = cards.told()
    cards.fake.use(kept, "N1", "3.00")
    cards.fake.cancel(kept, "N1")
    cards.clock.wait(3_600)
    cards.work()
    assert cards.stands(voucher) == ("issued", 0, 0, 500)
    with connect() as connection:
        assert voucher_views.uses_of_voucher(connection, voucher.id) == []


def test_a_frozen_wallet_does_not_undo_what_the_shop_gave(cards: Member) -> None:
    _, kept = cards.told()
    cards.fake.use(kept, "N1", "3.00")
    cards.world.write("UPDATE identity_wallet SET frozen = true")
    cards.clock.wait(3_600)
    cards.work()
    assert cards.money() == {"available": 100, "vouchers": 200, "shop": 300}


@pytest.mark.parametrize("bears", ["programme", "shop"])
def test_money_that_was_used_twice_is_on_record_and_somebody_bears_it(
    empty_world: World, settings: Any, bears: str
) -> None:
    with member_at(CARD, empty_world, settings) as member:
        if bears == "shop":
            member.world.load(corner("spending: {double_use: shop}"))
            Account.objects.update(active=True)
        voucher, kept = member.told()
        pay(member, voucher, "N1", 400)
        member.fake.use(kept, "N2", "3.00")
        member.clock.wait(3_600)
        member.work()
        shop = 700 if bears == "programme" else 400
        assert member.money() == {"available": 100, "vouchers": 100, "shop": shop}
        with connect() as connection:
            kinds = [one.kind for one in voucher_views.uses_of_voucher(connection, voucher.id)]
        assert kinds == ["used", "double_paid" if bears == "programme" else "double_unpaid"]


def test_a_shop_that_lost_a_voucher_says_so(cards: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    voucher, _ = cards.told()
    monkeypatch.setattr(type(CARD.shop), "read", lambda *_: {})
    cards.clock.wait(3_600)
    assert cards.work().read == 1
    assert cards.at_shop(voucher).last_error == "The shop does not know the voucher any more."
    assert cards.money() == {"available": 100, "vouchers": 500, "shop": 0}


# ---- the end ------------------------------------------------------------------------------------------------------


def test_an_order_on_the_last_day_counts_although_it_is_read_after_it(coupons: Member) -> None:
    voucher, kept = coupons.told()
    until(coupons, LAST_DAY, hour=21)
    coupons.fake.use(kept, "N1", "3.00")
    until(coupons, LAST_DAY + timedelta(days=1))
    assert night(coupons, LAST_DAY + timedelta(days=1)) == 0
    assert coupons.work().read == 1
    assert coupons.stands(voucher) == ("used", 300, 200, 0)
    assert coupons.at_shop(voucher).state is AtShop.ENDED
    assert coupons.money() == {"available": 300, "vouchers": 0, "shop": 300}


def test_what_nobody_used_comes_back_once_the_shop_was_asked_for_the_last_time(
    coupons: Member,
) -> None:
    voucher, _ = coupons.told()
    day = LAST_DAY + timedelta(days=1)
    until(coupons, day)
    assert night(coupons, day) == 0
    coupons.work()
    assert coupons.at_shop(voucher).state is AtShop.ENDED
    assert night(coupons, day) == 1
    assert coupons.money() == NOWHERE


def test_a_shop_that_never_answers_does_not_keep_the_money_for_ever(coupons: Member) -> None:
    voucher, _ = coupons.told()
    coupons.fake.deny()
    for days, closed in ((1, 0), (14, 0), (15, 1)):
        day = LAST_DAY + timedelta(days=days)
        until(coupons, day)
        coupons.work()
        assert night(coupons, day) == closed, days
    assert coupons.stands(voucher) == ("expired", 0, 500, 0)
    assert coupons.money() == NOWHERE


def test_a_voucher_is_called_off_at_the_shop_before_its_money_comes_back(coupons: Member) -> None:
    voucher, kept = coupons.told()
    assert coupons.void(voucher).state.value == "issued"
    assert coupons.at_shop(voucher).state is AtShop.CALLING_OFF
    assert coupons.money() == {"available": 100, "vouchers": 500, "shop": 0}
    coupons.fake.fail_next(503)
    assert coupons.work().failed == 1
    assert coupons.money() == {"available": 100, "vouchers": 500, "shop": 0}
    assert coupons.void(voucher).state.value == "issued", "once more changes nothing"
    coupons.clock.wait(3_600)
    assert coupons.work().ended == 1
    assert not kept.live
    assert coupons.money() == NOWHERE
    assert coupons.void(voucher).state.value == "void"


def test_what_was_used_while_it_was_called_off_counts(coupons: Member) -> None:
    voucher, kept = coupons.told()
    coupons.void(voucher)
    coupons.fake.use(kept, "N1", "3.00")
    coupons.work()
    assert coupons.stands(voucher) == ("used", 300, 200, 0)
    assert coupons.money() == {"available": 300, "vouchers": 0, "shop": 300}


def test_a_voucher_that_was_never_told_is_called_off_without_the_shop_knowing(
    coupons: Member,
) -> None:
    voucher = coupons.issue()
    coupons.void(voucher)
    assert coupons.work().ended == 1
    assert coupons.fake.kept == []
    assert coupons.money() == NOWHERE
