"""What a voucher may be, where it can be used, and what it says where there is no line."""

import itertools
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from cagnotte.domain import signed_vouchers
from cagnotte.domain.errors import IllegalTransition, InvalidInput
from cagnotte.domain.signed_vouchers import SignedVoucher
from cagnotte.domain.vouchers import (
    TRANSITIONS,
    Basket,
    Terms,
    Unusable,
    VoucherEvent,
    VoucherState,
    next_state,
    refund_event,
    use_event,
    why_not,
)

SHOP, OTHER = UUID(int=4), UUID(int=5)
JUNE_1, JUNE_30 = date(2026, 6, 1), date(2026, 6, 30)
FIVE_OFF = Terms("EUR", 500, JUNE_1, JUNE_30, minimum_basket_minor=5_000, merchant_id=SHOP)
BASKET = Basket(SHOP, "EUR", 5_000, JUNE_30)


@pytest.mark.parametrize(
    ("state", "event"), list(itertools.product(VoucherState, VoucherEvent)), ids=str
)
def test_a_voucher_takes_the_steps_of_the_table_and_no_other(
    state: VoucherState, event: VoucherEvent
) -> None:
    if (state, event) in TRANSITIONS:
        assert next_state(state, event) is TRANSITIONS[state, event]
    else:
        with pytest.raises(IllegalTransition, match=f"that is {state} cannot take the step"):
            next_state(state, event)


def test_a_step_says_whether_something_is_left() -> None:
    assert (use_event(1), use_event(0)) == (VoucherEvent.USE_PART, VoucherEvent.USE_WHOLE)
    assert (refund_event(1), refund_event(0)) == (
        VoucherEvent.REFUND_PART,
        VoucherEvent.REFUND_WHOLE,
    )


def test_five_off_from_fifty_is_for_fifty_on_its_last_day_at_its_shop() -> None:
    assert why_not(FIVE_OFF, VoucherState.ISSUED, 500, BASKET) is None


@pytest.mark.parametrize(
    ("basket", "code", "sentence"),
    [
        (replace(BASKET, total_minor=3_800), Unusable.BASKET_TOO_SMALL, "12.00 EUR are missing"),
        (replace(BASKET, on=JUNE_30 + timedelta(days=1)), Unusable.EXPIRED, "until 2026-06-30"),
        (replace(BASKET, on=JUNE_1 - timedelta(days=1)), Unusable.NOT_YET, "from 2026-06-01"),
        (replace(BASKET, merchant_id=OTHER), Unusable.OTHER_SHOP, "another shop"),
        (replace(BASKET, currency="CHF"), Unusable.OTHER_CURRENCY, "in EUR"),
    ],
)
def test_an_order_it_is_not_for_is_told_why(basket: Basket, code: Unusable, sentence: str) -> None:
    reason = why_not(FIVE_OFF, VoucherState.ISSUED, 500, basket)
    assert reason is not None
    assert reason[0] is code
    assert sentence in reason[1]


@pytest.mark.parametrize(
    ("state", "open_minor", "code"),
    [
        (VoucherState.VOID, 0, Unusable.VOID),
        (VoucherState.EXPIRED, 0, Unusable.EXPIRED),
        (VoucherState.USED, 0, Unusable.USED),
    ],
)
def test_a_voucher_that_is_over_is_told_why(
    state: VoucherState, open_minor: int, code: Unusable
) -> None:
    reason = why_not(FIVE_OFF, state, open_minor, BASKET)
    assert reason is not None
    assert reason[0] is code


@pytest.mark.parametrize(
    "change",
    [
        {"amount_minor": 0},
        {"amount_minor": -1},
        {"minimum_basket_minor": -1},
        {"valid_until": JUNE_1 - timedelta(days=1)},
        {"valid_until": JUNE_1 + timedelta(days=3_651)},
        {"signed": True},
    ],
)
def test_terms_that_contradict_themselves_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        replace(FIVE_OFF, **change)  # type: ignore[arg-type]  # any field


def test_a_signed_voucher_waits_fourteen_days_for_tills_without_a_line() -> None:
    assert FIVE_OFF.closes_on == date(2026, 7, 1)
    assert replace(FIVE_OFF, signed=True, partial_use=False).closes_on == date(2026, 7, 15)


# ---- signed ---------------------------------------------------------------------------------------------------

SAYS = SignedVoucher(
    UUID(int=1 << 90), UUID(int=7), UUID(int=8), replace(FIVE_OFF, signed=True, partial_use=False)
)


@pytest.mark.parametrize("shop", [SHOP, None])
def test_a_signed_voucher_says_all_its_terms(shop: UUID | None) -> None:
    says = replace(SAYS, terms=replace(SAYS.terms, merchant_id=shop))
    text = signed_vouchers.to_sign(says)
    sealed = signed_vouchers.take_apart(signed_vouchers.with_signature(text, b"\x00" * 64))
    assert sealed == signed_vouchers.Sealed(says, text.encode(), b"\x00" * 64)


def test_a_signed_voucher_fits_into_a_qr_code() -> None:
    text = signed_vouchers.with_signature(signed_vouchers.to_sign(SAYS), b"\xff" * 64)
    assert len(text) < 400


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CV2.e30.AA",
        "CV1",
        "CV1.e30.AA",
        "CV1.W10.AA",
        "CV1.ZZ*.AA",
        "CV1." + "A" * 2_000,
        signed_vouchers.to_sign(SAYS) + ".*",
    ],
)
def test_what_is_no_signed_voucher_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="no signed voucher"):
        signed_vouchers.take_apart(text)
