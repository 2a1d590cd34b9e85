"""What every shop's software keeps to that takes vouchers: one test for each promise, once for each form of each."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from cagnotte.hooks import manager
from cagnotte.hooks.sources import SourceContext, SourceFailed
from cagnotte.hooks.vouchers import Form, ShopRefused, ShopStanding, ShopVoucher, Whose
from tests.sources.fakes.clock import Clock
from tests.vouchers.cases import CASES, NOW, Case, named
from tests.vouchers.fakes.counter import Kept, NotTaken, VoucherFake

ANY_CURRENCY = ("medusa", "prestashop", "pretix")
"""Software that keeps vouchers in whatever currency they are in."""


class Shop:
    """A fake shop, and the plugin that speaks to it."""

    def __init__(self, case: Case, fake: VoucherFake, clock: Clock) -> None:
        self.case, self.fake, self.clock = case, fake, clock

    @property
    def context(self) -> SourceContext:
        return self.case.context(self.fake, self.clock)

    def issue(self, voucher: ShopVoucher | None = None) -> ShopStanding:
        return self.case.shop.issue(self.context, voucher or self.case.voucher())

    def issued(self) -> ShopVoucher:
        """Issue the voucher, and return it as it is known then."""
        return replace(self.case.voucher(), native_id=self.issue().native_id)

    def read(self, voucher: ShopVoucher) -> ShopStanding:
        found = self.case.shop.read(self.context, [voucher], NOW - timedelta(hours=1))
        assert list(found) == [voucher.id]
        return found[voucher.id]

    def void(self, voucher: ShopVoucher) -> ShopStanding | None:
        return self.case.shop.void(self.context, voucher)


def opened(case: Case) -> Iterator[Shop]:
    clock = Clock(NOW)
    with case.fake(clock) as fake:
        yield Shop(case, fake, clock)


@pytest.fixture(params=CASES, ids=named)
def shop(request: pytest.FixtureRequest) -> Iterator[Shop]:
    yield from opened(request.param)


def some(fixture: str, wanted: Callable[[Case], bool]) -> pytest.MarkDecorator:
    """Try a test with some cases alone."""
    cases = [case for case in CASES if wanted(case)]
    return pytest.mark.parametrize(fixture, cases, ids=named, indirect=True)


@pytest.fixture(params=[one for one in CASES if one.form is not Form.CREDIT], ids=named)
def checkout(request: pytest.FixtureRequest) -> Iterator[Shop]:
    """A shop at whose checkout a voucher is used, and not at once."""
    yield from opened(request.param)


def used(standing: ShopStanding) -> Decimal:
    """Return what stands as used, however the shop tells it."""
    if standing.used is not None:
        return standing.used
    return sum((one.amount - one.given_back for one in standing.uses), Decimal(0))


def facts(kept: Kept) -> tuple[Decimal, str]:
    return kept.amount, kept.currency


def test_every_software_is_tried() -> None:
    tried = {(case.software, case.form) for case in CASES}
    shops = manager.voucher_shops()
    assert tried == {(name, form) for name, shop in shops.items() for form in shop.forms}
    assert set(shops) <= set(manager.source_plugins()), "a shop is told through its source"


def test_a_voucher_is_issued_exactly(shop: Shop) -> None:
    standing = shop.issue()
    kept = shop.fake.only()
    assert facts(kept) == (Decimal("5.00"), "EUR")
    assert standing.native_id == kept.native_id
    assert used(standing) == 0
    if kept.code:
        assert (standing.code or "K7P2M-9XQ4T-0ABC").lower() == kept.code.lower()
    assert kept.ends is not None or shop.case.software == "stripe"


def test_it_ends_with_its_last_day(checkout: Shop) -> None:
    checkout.issue()
    kept, ends = checkout.fake.only(), checkout.case.voucher().ends_at
    checkout.clock.wait((ends - NOW).total_seconds() - 3_660)
    assert checkout.fake.use(kept, "A-1", "1.00") == 1
    if not checkout.fake.keeps_rest:
        kept.orders.clear()
    # A gift card may end with its last day in the shop's own zone.
    checkout.clock.wait(3_660 + 3_600)
    with pytest.raises(NotTaken):
        checkout.fake.use(kept, "A-2", "1.00")


def test_telling_it_twice_issues_it_once(shop: Shop) -> None:
    assert shop.issue().native_id == shop.issue().native_id
    shop.fake.only()


def test_an_answer_that_is_lost_issues_it_once(shop: Shop) -> None:
    shop.fake.lose_next()
    with pytest.raises(SourceFailed):
        shop.issue()
    kept = shop.fake.only()
    assert shop.issue().native_id == kept.native_id
    assert shop.fake.only() is kept


@pytest.mark.parametrize(
    ("amount", "currency"), [("500", "JPY"), ("12.340", "TND"), ("1234567.89", "EUR")]
)
def test_amounts_are_exact_in_every_currency(shop: Shop, amount: str, currency: str) -> None:
    shop.fake.currency = currency
    shop.issue(shop.case.voucher(amount=Decimal(amount), currency=currency))
    assert facts(shop.fake.only()) == (Decimal(amount), currency)


@some("shop", lambda case: case.software not in ANY_CURRENCY and case.form is not Form.CREDIT)
def test_a_voucher_in_another_currency_than_the_shop_s_is_refused(shop: Shop) -> None:
    shop.fake.currency = "JPY"
    with pytest.raises(ShopRefused):
        shop.issue()
    assert shop.fake.kept == []


def test_a_minimum_basket_is_told(checkout: Shop) -> None:
    minimum = Decimal("50.00") if checkout.case.can.minimum_basket else Decimal(0)
    checkout.issue(checkout.case.voucher(minimum_basket=minimum))
    kept = checkout.fake.only()
    assert kept.minimum == minimum
    if minimum:
        with pytest.raises(NotTaken):
            checkout.fake.use(kept, "A-1", "49.99")


@some("shop", lambda case: case.can.whose is not Whose.ANYBODY)
def test_a_voucher_can_be_for_one_customer(shop: Shop) -> None:
    assert shop.case.can.customer_is
    shop.issue(shop.case.voucher(customer=shop.case.customer))
    assert shop.fake.only().customer == shop.case.customer


@some("shop", lambda case: case.software in ("shopify", "stripe"))
def test_a_customer_whom_the_shop_does_not_know_is_refused(shop: Shop) -> None:
    with pytest.raises(ShopRefused):
        shop.issue(shop.case.voucher(customer="nobody"))
    assert shop.fake.kept == []


def test_a_refusal_is_a_sentence_with_the_shop_s_reason(shop: Shop) -> None:
    shop.fake.refuse("No more vouchers this year")
    with pytest.raises(ShopRefused) as refused:
        shop.issue()
    assert refused.value.sentence == (
        f"{shop.case.shop.title} does not take the voucher: {told_reason(shop)}."
    )
    assert shop.fake.kept == []


def told_reason(shop: Shop) -> str:
    field = "value: " if shop.case.software == "pretix" else ""
    return f"{field}No more vouchers this year"


@pytest.mark.parametrize("status", [500, 503, 403])
def test_a_shop_that_cannot_be_reached_refuses_nothing(shop: Shop, status: int) -> None:
    shop.fake.fail_next(status)
    with pytest.raises(SourceFailed):
        shop.issue()
    assert shop.fake.kept == []
    shop.issue()
    shop.fake.only()


def test_wrong_credentials_refuse_nothing(shop: Shop) -> None:
    shop.fake.deny()
    with pytest.raises(SourceFailed) as failed:
        shop.issue()
    assert "credentials" in failed.value.sentence
    secrets = {value for values in shop.case.secrets.values() for value in values}
    assert not any(value in failed.value.sentence for value in secrets if len(value) > 3)


# Saleor draws the codes itself.
@some("checkout", lambda case: case.form is not Form.CREDIT and case.software != "saleor")
def test_a_code_that_is_another_s_is_refused(checkout: Shop) -> None:
    other = checkout.case.voucher(id="vou_06a1b2c3d4e5f6g7h8j9k0m1n3")
    checkout.issue(other)
    with pytest.raises(ShopRefused):
        checkout.issue()
    assert len(checkout.fake.kept) == 1


def test_what_orders_took_is_read_back(checkout: Shop) -> None:
    voucher = checkout.issued()
    assert used(checkout.read(voucher)) == 0
    checkout.fake.use(checkout.fake.only(), "A-1002", "3.00")
    standing = checkout.read(voucher)
    assert used(standing) == 3
    assert [one.order_ref for one in standing.uses] in (["A-1002"], [])
    assert all(one.used_at == NOW for one in standing.uses)
    assert checkout.read(voucher) == standing


def test_what_is_left_can_be_used_where_the_form_says_so(checkout: Shop) -> None:
    voucher = checkout.issued()
    kept = checkout.fake.only()
    checkout.fake.use(kept, "A-1002", "3.00")
    if checkout.case.can.keeps_rest:
        assert checkout.fake.use(kept, "A-1003", "9.00") == 2
        assert used(checkout.read(voucher)) == 5
    else:
        with pytest.raises(NotTaken):
            checkout.fake.use(kept, "A-1003", "9.00")
        assert used(checkout.read(voucher)) == 3


def test_what_a_cancelled_order_took_is_given_back(checkout: Shop) -> None:
    voucher = checkout.issued()
    kept = checkout.fake.only()
    checkout.fake.use(kept, "A-1002", "3.00")
    checkout.clock.wait(60)
    checkout.fake.cancel(kept, "A-1002")
    standing = checkout.read(voucher)
    assert used(standing) == 0
    assert all(one.amount == one.given_back == 3 for one in standing.uses)


def test_a_voucher_that_is_called_off_can_be_used_no_more(checkout: Shop) -> None:
    voucher = checkout.issued()
    kept = checkout.fake.only()
    if checkout.case.can.keeps_rest:
        checkout.fake.use(kept, "A-1002", "3.00")
    standing = checkout.void(voucher)
    assert standing is not None
    assert used(standing) == kept.used
    with pytest.raises(NotTaken):
        checkout.fake.use(kept, "A-1003", "1.00")
    again = checkout.void(voucher)
    assert again is None or used(again) == kept.used


def test_calling_off_finds_what_was_issued_although_the_answer_was_lost(checkout: Shop) -> None:
    checkout.fake.lose_next()
    with pytest.raises(SourceFailed):
        checkout.issue()
    checkout.void(checkout.case.voucher())
    with pytest.raises(NotTaken):
        checkout.fake.use(checkout.fake.only(), "A-1003", "1.00")


def test_what_was_never_told_need_not_be_called_off(shop: Shop) -> None:
    assert shop.void(shop.case.voucher()) is None
    assert shop.fake.kept == []


@some("shop", lambda case: case.form is Form.CREDIT)
def test_credit_stays_with_the_customer(shop: Shop) -> None:
    voucher = shop.issued()
    assert shop.void(voucher) == ShopStanding(voucher.native_id)
    assert shop.fake.only().live
