"""Vouchers: bought, used, refunded, closed and signed; whatever is refused moves nothing."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from cagnotte.domain.chart import Account
from cagnotte.domain.errors import (
    Conflict,
    IllegalTransition,
    InsufficientFunds,
    InvalidInput,
    NotFound,
    Refused,
    VoucherRefused,
)
from cagnotte.domain.vouchers import Terms, Unusable, VoucherState
from cagnotte.journeys import check_books, expire, vouchers
from cagnotte.journeys.vouchers import Counter
from cagnotte.wallet import voucher_keys, voucher_uses, voucher_views
from cagnotte.wallet import vouchers as wallet
from cagnotte.wallet.voucher_uses import UseAsk
from cagnotte.wallet.voucher_views import UseView, VoucherView
from tests.contexts.wallet.world import BRAND, NOON, PROGRAMME, SHOP, TODAY, World, a_world

OTHER = UUID(int=99)
LAST_DAY = TODAY + timedelta(days=30)
TEN = Terms("EUR", 1_000, TODAY, LAST_DAY)
ONCE = replace(TEN, partial_use=False)
SIGNED = replace(ONCE, signed=True)


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        yield made
        made.assert_sound()
        faults = [one for one in check_books.verify(made.connection) if one.is_fault]
        made.connection.rollback()
        # The small world has no programme file: what it gives as lots rests on no purchase.
        assert [one for one in faults if "voucher" in one.check] == []


def at(days: int = 0, minutes: int = 0) -> Counter:
    now = NOON + timedelta(days=days, minutes=minutes)
    return Counter(PROGRAMME, "EUR", now, now.date())


def issue(world: World, wallet: UUID, terms: Terms = TEN, reference: str = "v1") -> VoucherView:
    return vouchers.issue(
        world.connection, at(), wallet_id=wallet, reference=reference, terms=terms
    )


def use(
    world: World,
    voucher: VoucherView,
    amount: int | None = None,
    *,
    order: str = "17",
    basket: int = 10_000,
    shop: UUID = SHOP,
    when: Counter | None = None,
) -> UseView:
    ask = UseAsk(voucher.id, shop, order, basket, amount)
    return vouchers.use(world.connection, when or at(minutes=1), ask)


def refund(
    world: World, paid: UseView, amount: int, *, name: str = "r1", days: int = 1
) -> voucher_views.VoucherRefundView:
    return vouchers.refund(
        world.connection, at(days), use_id=paid.id, reference=name, amount_minor=amount
    )


def night(world: World, days: int) -> expire.ExpireResult:
    now = NOON + timedelta(days=days)
    return expire.run(world.connection, expire.Expiry(PROGRAMME, "EUR", now, now.date()))


def stands(world: World, voucher: VoucherView) -> tuple[VoucherState, int]:
    """Return a voucher's state and what it holds."""
    found = voucher_views.voucher(world.connection, PROGRAMME, voucher.id)
    world.connection.rollback()
    return found.state, found.open_minor


def everything(world: World) -> list[Any]:
    tables = ("wallet_voucher", "wallet_voucher_use", "wallet_voucher_refund")
    return [*world.standing(), *(world.rows(f"SELECT * FROM {table}") for table in tables)]


# ---- issued ---------------------------------------------------------------------------------------------------


def test_a_voucher_is_bought_with_the_money_that_expires_first(world: World) -> None:
    anna = world.wallet([(700, LAST_DAY), (2_000, None)])
    voucher = issue(world, anna)
    assert world.balances(anna) == (1_700, 0, 0)
    assert world.balance("programme.vouchers") == 1_000
    assert world.lots(anna) == [(700, 0, 0, LAST_DAY), (2_000, 1_700, 0, None)]
    assert stands(world, voucher) == (VoucherState.ISSUED, 1_000)


def test_the_same_reference_is_the_same_voucher(world: World) -> None:
    anna = world.wallet([(2_000, None)])
    first = issue(world, anna)
    before = everything(world)
    assert issue(world, anna) == first
    with pytest.raises(Conflict, match=r"stands for another voucher, over 10\.00 EUR"):
        issue(world, anna, replace(TEN, amount_minor=900))
    assert everything(world) == before


def test_a_voucher_needs_its_money(world: World) -> None:
    anna, frozen = world.wallet([(999, None)]), world.wallet([(2_000, None)], frozen=True)
    before = everything(world)
    with pytest.raises(InsufficientFunds, match=r"0\.01 EUR short"):
        issue(world, anna)
    with pytest.raises(Refused, match="frozen"):
        issue(world, frozen)
    assert everything(world) == before


def test_a_code_is_found_as_it_was_typed_and_stands_nowhere(world: World) -> None:
    voucher = issue(world, world.wallet([(2_000, None)]))
    code = vouchers.code_of(voucher)
    found = vouchers.find(world.connection, PROGRAMME, f" {code[:5].lower()}-{code[5:]} ")
    assert found == voucher
    assert voucher.last4 == code[-4:]
    ((row,),) = world.rows("SELECT v::text FROM wallet_voucher AS v")
    assert code not in row
    with pytest.raises(NotFound, match="No voucher of this programme has that code"):
        vouchers.find(world.connection, OTHER, code)
    with pytest.raises(InvalidInput, match="mistyped"):
        vouchers.find(world.connection, PROGRAMME, code[:-1] + ("0" if code[-1] != "0" else "1"))


def test_codes_depend_on_a_key_that_the_database_does_not_hold(world: World, settings: Any) -> None:
    voucher = issue(world, world.wallet([(2_000, None)]))
    code = vouchers.code_of(voucher)
    settings.CAGNOTTE_FIELD_KEY = "a newer key," + settings.SECRET_KEY
    assert vouchers.code_of(voucher) == code
    settings.CAGNOTTE_FIELD_KEY = "another key"
    assert vouchers.code_of(voucher) != code


# ---- used -----------------------------------------------------------------------------------------------------


def test_a_voucher_pays_orders_until_it_is_used_up(world: World) -> None:
    voucher = issue(world, world.wallet([(2_000, None)]))
    assert use(world, voucher, 300).amount_minor == 300
    assert stands(world, voucher) == (VoucherState.PART_USED, 700)
    assert use(world, voucher, order="18", basket=500).amount_minor == 500
    assert use(world, voucher, order="19").amount_minor == 200
    assert stands(world, voucher) == (VoucherState.USED, 0)
    assert world.balance("merchant.clearing", SHOP) == -1_000
    assert world.balance("programme.vouchers") == 0


def test_what_a_voucher_of_single_use_does_not_give_is_the_members_again(world: World) -> None:
    anna = world.wallet([(2_000, None)])
    voucher = issue(world, anna, ONCE)
    assert use(world, voucher, basket=600).amount_minor == 600
    assert stands(world, voucher) == (VoucherState.USED, 0)
    assert world.balances(anna) == (1_400, 0, 0)
    assert world.balance("programme.vouchers") == 0


def test_the_same_order_is_paid_once(world: World) -> None:
    voucher = issue(world, world.wallet([(2_000, None)]))
    first = use(world, voucher, 300)
    before = everything(world)
    assert use(world, voucher, 300) == use(world, voucher) == first
    with pytest.raises(Conflict, match=r"already paid 3\.00 EUR of order “17”"):
        use(world, voucher, 400)
    assert everything(world) == before
    assert use(world, voucher, 300, shop=OTHER).id != first.id


def test_an_order_it_is_not_for_leaves_all_as_it_was(world: World) -> None:
    terms = replace(
        ONCE, minimum_basket_minor=5_000, merchant_id=SHOP, valid_from=TODAY + timedelta(days=1)
    )
    voucher = issue(world, world.wallet([(2_000, None)]), terms)
    before = everything(world)
    for change, reason in (
        ({"when": at(0, 1)}, Unusable.NOT_YET),
        ({"when": at(31)}, Unusable.EXPIRED),
        ({"when": at(1), "shop": OTHER}, Unusable.OTHER_SHOP),
        ({"when": at(1), "basket": 4_999}, Unusable.BASKET_TOO_SMALL),
    ):
        with pytest.raises(VoucherRefused) as refused:
            use(world, voucher, **change)
        assert refused.value.reason is reason
    for amount, error in ((1_001, InsufficientFunds), (0, Refused), (-5, Refused)):
        with pytest.raises(error):
            use(world, voucher, amount, when=at(1))
    with pytest.raises(Refused, match="no more than the order"):
        use(world, voucher, 5_500, when=at(1), basket=5_400)
    assert everything(world) == before


def test_a_voucher_of_a_frozen_wallet_waits(world: World) -> None:
    anna = world.wallet([(2_000, None)])
    voucher = issue(world, anna)
    with world.connection.transaction():
        world.connection.execute("UPDATE identity_wallet SET frozen = true WHERE id = %s", [anna])
    before = everything(world)
    with pytest.raises(VoucherRefused) as refused:
        use(world, voucher)
    assert refused.value.reason is Unusable.WALLET_FROZEN
    assert everything(world) == before


# ---- refunded -------------------------------------------------------------------------------------------------


def test_a_refund_stands_on_the_voucher_again_and_never_twice(world: World) -> None:
    voucher = issue(world, world.wallet([(2_000, None)]))
    paid = use(world, voucher)
    first = refund(world, paid, 400)
    assert (first.to_voucher, first.repaid_minor) == (True, 0)
    assert stands(world, voucher) == (VoucherState.PART_USED, 400)
    before = everything(world)
    assert refund(world, paid, 400) == first
    with pytest.raises(Conflict, match=r"refund of 4\.00 EUR"):
        refund(world, paid, 300)
    with pytest.raises(Refused, match=r"6\.00 EUR of it is not yet refunded"):
        refund(world, paid, 601, name="r2")
    assert everything(world) == before
    refund(world, paid, 600, name="r2")
    assert stands(world, voucher) == (VoucherState.ISSUED, 1_000)
    assert world.balance("merchant.clearing", SHOP) == 0


def test_a_refund_after_its_last_day_is_the_members_and_repays_first(world: World) -> None:
    anna = world.wallet([(1_000, None)])
    paid = use(world, issue(world, anna))
    world.owe(anna, 250)
    done = refund(world, paid, 400, days=31)
    assert (done.to_voucher, done.repaid_minor) == (False, 250)
    assert world.balances(anna) == (150, 0, 0)
    assert world.balance("programme.vouchers") == 0
    assert world.balance("merchant.clearing", SHOP) == -600


def test_a_refund_to_a_closed_account_is_unclaimed(world: World) -> None:
    anna = world.wallet([(1_000, None)])
    paid = use(world, issue(world, anna))
    world.close(anna)
    refund(world, paid, 1_000, days=31)
    assert world.balances(anna) == (0, 0, 0)
    assert world.balance("programme.unclaimed") == 1_000


# ---- closed ---------------------------------------------------------------------------------------------------


def test_what_is_left_after_the_last_day_goes_back_to_the_lots_it_came_from(world: World) -> None:
    anna = world.wallet([(1_500, LAST_DAY)])
    voucher = issue(world, anna)
    use(world, voucher, 300)
    assert night(world, 30).vouchers == 0
    result = night(world, 31)
    assert (result.vouchers, result.returned_minor) == (1, 700)
    assert stands(world, voucher) == (VoucherState.EXPIRED, 0)
    # The rest of the lot has expired; what comes back lives for the grace of a refund.
    assert (result.lots, result.amount_minor) == (1, 500)
    assert world.balances(anna) == (700, 0, 0)
    assert (700, 700, 0, LAST_DAY + timedelta(days=31)) in world.lots(anna)
    assert night(world, 32).vouchers == 0


def test_who_gains_by_its_expiry_is_fixed_with_the_voucher(world: World) -> None:
    anna = world.wallet([(1_000, None)])
    gains = Account("funder.due", BRAND, PROGRAMME, "EUR")
    due = world.balance("funder.due", BRAND)
    with world.connection.transaction():
        occasion = world.occasion()
        voucher = wallet.issue(
            world.connection, wallet.VoucherAsk(anna, "v", TEN, gains), occasion=occasion
        )
    result = night(world, 31)
    assert result.gained_minor == {"funder.due": 1_000}
    assert stands(world, voucher) == (VoucherState.EXPIRED, 0)
    assert world.balance("funder.due", BRAND) == due - 1_000
    assert world.balances(anna) == (0, 0, 0)


def test_a_voucher_is_called_off_once(world: World) -> None:
    anna = world.wallet([(1_000, None)])
    voucher = issue(world, anna)
    paid = use(world, voucher, 300)
    vouchers.void(world.connection, at(1), voucher_id=voucher.id)
    assert world.balances(anna) == (700, 0, 0)
    before = everything(world)
    again = vouchers.void(world.connection, at(2), voucher_id=voucher.id)
    assert again.state is VoucherState.VOID
    with pytest.raises(VoucherRefused, match="called off"):
        use(world, voucher, order="18")
    assert everything(world) == before
    # What comes back of it later is money.
    assert refund(world, paid, 300).to_voucher is False
    assert world.balances(anna) == (1_000, 0, 0)


def test_what_is_used_up_or_of_another_programme_cannot_be_called_off(world: World) -> None:
    voucher = issue(world, world.wallet([(1_000, None)]))
    use(world, voucher)
    before = everything(world)
    with pytest.raises(IllegalTransition):
        vouchers.void(world.connection, at(1), voucher_id=voucher.id)
    with pytest.raises(NotFound):
        vouchers.void(world.connection, at(1), voucher_id=UUID(int=5))
    assert everything(world) == before


# ---- signed ---------------------------------------------------------------------------------------------------


def told(
    world: World, voucher: VoucherView, order: str, *, days: int = 1, used_on: date = TODAY
) -> UseView:
    ask = UseAsk(voucher.id, SHOP, order, 10_000, used_on=used_on)
    return vouchers.tell_later(world.connection, at(days), ask)


def signed(world: World, voucher: VoucherView) -> str:
    return vouchers.signed(world.connection, at(), voucher)


def test_a_till_without_a_line_checks_a_signed_voucher_by_a_public_key_alone(world: World) -> None:
    voucher = issue(world, world.wallet([(1_000, None)]), SIGNED)
    text = signed(world, voucher)
    (key,) = voucher_keys.public_keys(world.connection, PROGRAMME)
    assert voucher_keys.verify(text, {key.id: key.key}).terms == SIGNED
    assert vouchers.find(world.connection, PROGRAMME, text) == voucher
    forged = text[:40] + ("A" if text[40] != "A" else "B") + text[41:]
    for wrong in (forged, text[:-4] + ("AAAA" if text[-4:] != "AAAA" else "BBBB")):
        with pytest.raises(InvalidInput):
            voucher_keys.verify(wrong, {key.id: key.key})
    with pytest.raises(InvalidInput, match="not known here"):
        voucher_keys.verify(text, {})
    world.connection.rollback()


def test_a_key_that_signs_no_more_still_checks_what_it_signed(world: World) -> None:
    voucher = issue(world, world.wallet([(1_000, None)]), SIGNED)
    old = signed(world, voucher)
    with world.connection.transaction():
        voucher_keys.rotate(world.connection, PROGRAMME, now=NOON + timedelta(days=1))
    new = signed(world, voucher)
    assert new != old
    assert vouchers.find(world.connection, PROGRAMME, old) == voucher
    assert vouchers.find(world.connection, PROGRAMME, new) == voucher
    keys = voucher_keys.public_keys(world.connection, PROGRAMME)
    assert [(key.number, key.retired_at is None) for key in keys] == [(1, False), (2, True)]
    world.connection.rollback()


def test_what_a_till_took_is_booked_when_it_tells(world: World) -> None:
    voucher = issue(world, world.wallet([(1_000, None)]), SIGNED)
    night(world, 35)
    done = told(world, voucher, "T1", days=40, used_on=LAST_DAY)
    assert (done.kind, done.amount_minor) == ("used", 1_000)
    assert told(world, voucher, "T1", days=41, used_on=LAST_DAY) == done
    assert world.balance("merchant.clearing", SHOP) == -1_000
    assert world.balance("programme.vouchers") == 0


def test_a_voucher_taken_twice_is_reported_and_the_second_is_the_programmes_loss(
    world: World,
) -> None:
    voucher = issue(world, world.wallet([(1_000, None)]), SIGNED)
    told(world, voucher, "T1")
    second = told(world, voucher, "T2")
    assert second.kind == "double_paid"
    assert world.balance("programme.losses") == 1_000
    assert world.balance("merchant.clearing", SHOP) == -2_000
    assert voucher_views.double_uses(world.connection, PROGRAMME, at_most=9) == [second]
    world.connection.rollback()
    # Its order comes back: so does the loss, and nothing stands on the voucher for it.
    refund(world, second, 400)
    assert world.balance("programme.losses") == 600
    assert stands(world, voucher) == (VoucherState.USED, 0)


def test_a_shop_that_bears_what_it_took_twice_is_not_paid_for_it(world: World) -> None:
    voucher = issue(world, world.wallet([(1_000, None)]), SIGNED)
    told(world, voucher, "T1")
    with world.connection.transaction():
        second = voucher_uses.told_later(
            world.connection,
            UseAsk(voucher.id, SHOP, "T2", 10_000),
            shop_bears=True,
            occasion=world.occasion(days=1),
        )
    assert second.kind == "double_unpaid"
    assert world.balance("merchant.clearing", SHOP) == -1_000
    before = everything(world)
    with pytest.raises(Refused, match="cannot be refunded"):
        refund(world, second, 1)
    assert everything(world) == before


def test_a_signed_voucher_goes_back_when_no_till_told_of_it_in_time(world: World) -> None:
    anna = world.wallet([(1_000, None)])
    voucher = issue(world, anna, SIGNED)
    assert night(world, 44).vouchers == 0
    assert night(world, 45).vouchers == 1
    assert world.balances(anna) == (1_000, 0, 0)
    # A till that tells still later is paid all the same; the member has the money.
    assert told(world, voucher, "T1", days=46, used_on=LAST_DAY).kind == "double_paid"


def test_what_a_till_could_have_seen_is_refused(world: World) -> None:
    voucher = issue(world, world.wallet([(2_000, None)]), SIGNED)
    plain = issue(world, world.members[0], TEN, "v2")
    before = everything(world)
    with pytest.raises(VoucherRefused, match="until"):
        told(world, voucher, "T1", days=32, used_on=LAST_DAY + timedelta(days=1))
    with pytest.raises(Refused, match="Only a signed voucher"):
        told(world, plain, "T1")
    with pytest.raises(Refused, match="cannot be called off"):
        vouchers.void(world.connection, at(1), voucher_id=voucher.id)
    assert everything(world) == before
