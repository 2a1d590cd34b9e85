"""The exact legs of every booking of spending and between companies."""

from collections import Counter
from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.bookings import companies, spending
from cagnotte.domain.bookings.companies import Till
from cagnotte.domain.bookings.spending import Leg, Occasion, Purse
from cagnotte.domain.chart import Account
from cagnotte.domain.errors import UnbalancedTransaction

PROGRAMME, WALLET, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
SHOP, BRAND, BANK = UUID(int=4), UUID(int=5), UUID(int=6)
PURSE = Purse(PROGRAMME, WALLET, "EUR")
TILL = Till(PROGRAMME, "EUR")
OWNERS = {
    PROGRAMME: "",
    WALLET: "wallet",
    OTHER: "other",
    SHOP: "shop",
    BRAND: "brand",
    BANK: "bank",
}


def read(legs: list[Leg]) -> dict[str, int]:
    """Legs as {"kind owner": amount}, zeros left out, the currency named when it is not EUR."""
    result: dict[str, int] = {}
    for account, amount in legs:
        assert account.programme_id == PROGRAMME
        currency = "" if account.currency == "EUR" else account.currency
        name = " ".join(filter(None, [account.kind, OWNERS[account.owner_id], currency]))
        result[name] = result.get(name, 0) + amount
    assert sum(result.values()) == 0 or any("USD" in name for name in result)
    return {name: amount for name, amount in result.items() if amount}


def test_row_10_owing_given_up() -> None:
    assert read(spending.give_up_owing(PURSE, 320)) == {
        "programme.losses": 320,
        "member.owing wallet": -320,
    }


def test_rows_4_5_and_9_goodwill_is_the_programmes_and_repays_what_is_owed_first() -> None:
    assert read(spending.goodwill(PURSE, 450, 120)) == {
        "programme.promotions": 450,
        "member.owing wallet": -120,
        "member.available wallet": -330,
    }
    assert read(spending.goodwill(PURSE, 450, 0)) == {
        "programme.promotions": 450,
        "member.available wallet": -450,
    }


def test_a_gift_leaves_what_is_held_and_is_passed_on_by_a_payout() -> None:
    assert read(spending.donated(PURSE, 250)) == {
        "member.held wallet": 250,
        "programme.donations": -250,
    }
    assert read(spending.donations_passed_on(PURSE, 250)) == {
        "programme.donations": 250,
        "programme.payouts": -250,
    }


@pytest.mark.parametrize(
    ("gains", "name"),
    [
        (PURSE.programme("breakage"), "programme.breakage"),
        (TILL.funder("due", BRAND), "funder.due brand"),
        (PURSE.programme("promotions"), "programme.promotions"),
    ],
)
def test_row_11_expired_money_goes_where_its_lot_says(gains: Account, name: str) -> None:
    assert read(spending.expire(PURSE, 500, gains)) == {"member.available wallet": 500, name: -500}


def test_row_12_hold_and_release() -> None:
    assert read(spending.hold(PURSE, 700)) == {
        "member.available wallet": 700,
        "member.held wallet": -700,
    }
    assert read(spending.release_hold(PURSE, 700, 0)) == {
        "member.held wallet": 700,
        "member.available wallet": -700,
    }
    assert read(spending.release_hold(PURSE, 700, 200)) == {
        "member.held wallet": 700,
        "member.owing wallet": -200,
        "member.available wallet": -500,
    }
    assert read(spending.release_hold(PURSE, 700, 900)) == {
        "member.held wallet": 700,
        "member.owing wallet": -700,
    }


def test_row_13_capture_with_a_fee() -> None:
    assert read(spending.capture(PURSE, 1000, 20, SHOP)) == {
        "member.held wallet": 1000,
        "merchant.clearing shop": -980,
        "programme.margin": -20,
    }


def test_row_14_a_voucher_is_bought_or_given() -> None:
    assert read(spending.voucher_bought(PURSE, 500)) == {
        "member.held wallet": 500,
        "programme.vouchers": -500,
    }
    assert read(spending.voucher_given(PURSE, 500)) == {
        "member.confirmed wallet": 500,
        "programme.vouchers": -500,
    }


def test_row_15_a_voucher_is_used_and_its_order_refunded() -> None:
    assert read(spending.voucher_used(PURSE, 500, SHOP)) == {
        "programme.vouchers": 500,
        "merchant.clearing shop": -500,
    }
    assert read(spending.voucher_order_refunded(PURSE, 500, SHOP)) == {
        "merchant.clearing shop": 500,
        "programme.vouchers": -500,
    }
    assert read(spending.voucher_order_refunded_to_member(PURSE, 500, 120, SHOP)) == {
        "merchant.clearing shop": 500,
        "member.owing wallet": -120,
        "member.available wallet": -380,
    }
    assert read(spending.voucher_order_refunded_to_member(PURSE, 500, None, SHOP)) == {
        "merchant.clearing shop": 500,
        "programme.unclaimed": -500,
    }


def test_row_15_a_signed_voucher_that_was_used_twice_is_the_programmes_loss() -> None:
    assert read(spending.voucher_used_twice(PURSE, 500, SHOP)) == {
        "programme.losses": 500,
        "merchant.clearing shop": -500,
    }
    assert read(spending.voucher_used_twice(PURSE, -500, SHOP)) == {
        "programme.losses": -500,
        "merchant.clearing shop": 500,
    }


def test_row_16_what_a_voucher_still_holds_goes_where_its_terms_say() -> None:
    assert read(spending.voucher_rest_to_member(PURSE, 500, 120)) == {
        "programme.vouchers": 500,
        "member.owing wallet": -120,
        "member.available wallet": -380,
    }
    assert read(spending.voucher_rest_to_member(PURSE, 500, None)) == {
        "programme.vouchers": 500,
        "programme.unclaimed": -500,
    }
    assert read(spending.voucher_rest_expired(PURSE, 500, TILL.funder("due", BRAND))) == {
        "programme.vouchers": 500,
        "funder.due brand": -500,
    }


def test_row_17_refund_of_an_order_paid_from_the_wallet() -> None:
    assert read(spending.refund_of_cagnotte_paid_order(PURSE, 500, 10, SHOP, 100)) == {
        "merchant.clearing shop": 490,
        "programme.margin": 10,
        "member.owing wallet": -100,
        "member.available wallet": -400,
    }
    assert read(spending.refund_to_nobody(PURSE, 500, 10, SHOP)) == {
        "merchant.clearing shop": 490,
        "programme.margin": 10,
        "programme.unclaimed": -500,
    }


def test_row_19_payout_sent_and_settled() -> None:
    assert read(spending.payout_sent(PURSE, 2500, 50)) == {
        "member.held wallet": 2500,
        "programme.payouts": -2450,
        "programme.margin": -50,
    }
    assert read(spending.payout_settled(PURSE, 2450)) == {
        "programme.payouts": 2450,
        "programme.bank": -2450,
    }
    assert read(spending.payout_settled(PURSE, 2450, BANK)) == {
        "programme.payouts": 2450,
        "programme.bank bank": -2450,
    }


def test_row_20_payout_rejected_or_returned() -> None:
    assert read(spending.payout_rejected(PURSE, 2500, 50, 0)) == {
        "programme.payouts": 2450,
        "programme.margin": 50,
        "member.available wallet": -2500,
    }
    assert read(spending.payout_returned(PURSE, 2500, 50, 300)) == {
        "programme.bank": 2450,
        "programme.margin": 50,
        "member.owing wallet": -300,
        "member.available wallet": -2200,
    }


def test_row_20_nobody_there_any_more() -> None:
    assert read(spending.payout_returned(PURSE, 2500, 50, None)) == {
        "programme.bank": 2450,
        "programme.margin": 50,
        "programme.unclaimed": -2500,
    }
    assert read(spending.payout_rejected(PURSE, 2500, 0, None)) == {
        "programme.payouts": 2500,
        "programme.unclaimed": -2500,
    }


def test_row_21_charges_of_the_bank() -> None:
    assert read(spending.charges(PURSE, 100, 20)) == {
        "programme.fees": 100,
        "programme.vat": 20,
        "programme.bank": -120,
    }


def test_row_21_charges_without_vat_of_one_bank_of_several() -> None:
    assert read(spending.charges(PURSE, 100, bank_id=BANK)) == {
        "programme.fees": 100,
        "programme.bank bank": -100,
    }


def test_row_22_unclaimed_money() -> None:
    assert read(spending.to_unclaimed(PURSE, 70)) == {
        "member.available wallet": 70,
        "programme.unclaimed": -70,
    }
    assert read(spending.held_to_unclaimed(PURSE, 80)) == {
        "member.held wallet": 80,
        "programme.unclaimed": -80,
    }
    assert read(spending.unclaimed_given_up(PURSE, 80)) == {
        "programme.unclaimed": 80,
        "programme.breakage": -80,
    }
    assert read(spending.unclaimed_paid(PURSE, 80)) == {
        "programme.unclaimed": 80,
        "programme.payouts": -80,
    }


def test_row_35_wallet_to_wallet_is_zero_in_transit_once_both_stand() -> None:
    out, into = spending.wallet_to_wallet(PURSE, Purse(PROGRAMME, OTHER, "EUR"), 600, 100)
    assert read(out) == {"member.available wallet": 600, "programme.transit": -600}
    assert read(into) == {
        "programme.transit": 600,
        "member.owing other": -100,
        "member.available other": -500,
    }
    assert read([*out, *into]) == {
        "member.available wallet": 600,
        "member.owing other": -100,
        "member.available other": -500,
    }


def test_row_35_wallet_to_wallet_when_the_taker_owes_nothing() -> None:
    _, into = spending.wallet_to_wallet(PURSE, Purse(PROGRAMME, OTHER, "EUR"), 600)
    assert read(into) == {"programme.transit": 600, "member.available other": -600}


def test_row_23_statement_without_vat() -> None:
    assert read(companies.statement(TILL, BRAND, 1000)) == {
        "funder.billed brand": 1000,
        "funder.due brand": -1000,
    }


def test_row_23_statement_and_credit_note() -> None:
    assert read(companies.statement(TILL, BRAND, 1000, 200)) == {
        "funder.billed brand": 1200,
        "funder.due brand": -1000,
        "programme.vat": -200,
    }
    assert read(companies.statement(TILL, BRAND, -1000, -200)) == {
        "funder.billed brand": -1200,
        "funder.due brand": 1000,
        "programme.vat": 200,
    }


def test_money_comes_to_one_bank_of_several() -> None:
    assert read(companies.receipt(TILL, 1300, BANK)) == {
        "programme.bank bank": 1300,
        "programme.suspense": -1300,
    }
    assert read(companies.operator_puts_in(TILL, 5000, BANK)) == {
        "programme.bank bank": 5000,
        "programme.funding": -5000,
    }
    assert read(spending.payout_returned(PURSE, 2500, 50, 0, BANK)) == {
        "programme.bank bank": 2450,
        "programme.margin": 50,
        "member.available wallet": -2500,
    }


def test_row_24_receipt_matched_and_too_much() -> None:
    assert read(companies.receipt(TILL, 1300)) == {
        "programme.bank": 1300,
        "programme.suspense": -1300,
    }
    assert read(companies.receipt_matched(TILL, BRAND, 1200)) == {
        "programme.suspense": 1200,
        "funder.billed brand": -1200,
    }
    assert read(companies.receipt_too_much(TILL, BRAND, 100)) == {
        "programme.suspense": 100,
        "funder.deposit brand": -100,
    }


def test_row_25_deposit_drawn_and_given_back() -> None:
    assert read(companies.deposit_drawn(TILL, BRAND, 700)) == {
        "funder.deposit brand": 700,
        "funder.billed brand": -700,
    }
    assert read(companies.deposit_given_back(TILL, BRAND, 300)) == {
        "funder.deposit brand": 300,
        "programme.payouts": -300,
    }


def test_row_33_cents_accepted_both_ways() -> None:
    billed = TILL.funder("billed", BRAND)
    assert read(companies.cents_accepted(TILL, billed, 2)) == {
        "programme.rounding": 2,
        "funder.billed brand": -2,
    }
    assert read(companies.cents_accepted(TILL, billed, -2)) == {
        "programme.rounding": -2,
        "funder.billed brand": 2,
    }


def test_row_34_a_commission_in_dollars_for_a_wallet_in_euros() -> None:
    dollars = Till(PROGRAMME, "USD")
    legs = companies.tracked_in_foreign(
        dollars.funder("accrued", BRAND),
        PURSE.member("pending"),
        foreign_minor=1000,
        home_minor=920,
        reward_minor=600,
    )
    assert read(legs) == {
        "funder.accrued brand USD": 1000,
        "programme.fx USD": -1000,
        "programme.fx": 920,
        "member.pending wallet": -600,
        "programme.margin_pending": -320,
    }
    assert read(companies.bank_converts(dollars, TILL, foreign_minor=1000, got_minor=910)) == {
        "programme.bank": 910,
        "programme.fx": -910,
        "programme.fx USD": 1000,
        "programme.bank USD": -1000,
    }
    assert read(companies.exchange_result(TILL, 10)) == {
        "programme.fx_result": 10,
        "programme.fx": -10,
    }


def test_row_35_between_two_own_banks() -> None:
    out, into = companies.between_banks(TILL, BANK, OTHER, 900)
    assert read(out) == {"programme.transit": 900, "programme.bank bank": -900}
    assert read(into) == {"programme.bank other": 900, "programme.transit": -900}


def test_row_36_the_operators_own_money() -> None:
    assert read(companies.operator_puts_in(TILL, 5000)) == {
        "programme.bank": 5000,
        "programme.funding": -5000,
    }
    assert read(companies.operator_puts_in(TILL, -5000)) == {
        "programme.bank": -5000,
        "programme.funding": 5000,
    }


OCCASION = Occasion(
    PROGRAMME, "EUR", date(2026, 6, 1), date(2026, 6, 2), datetime(2026, 6, 1, 9, tzinfo=UTC)
)
AMOUNT = st.integers(-(10**12), 10**12)
DEBT = st.integers(0, 10**12)


@given(AMOUNT, AMOUNT, DEBT)
def test_every_booking_balances(amount: int, fee: int, owing: int) -> None:
    other = Purse(PROGRAMME, OTHER, "EUR")
    dollars = Till(PROGRAMME, "USD")
    everything = [
        spending.give_up_owing(PURSE, amount),
        spending.expire(PURSE, amount, PURSE.programme("breakage")),
        spending.hold(PURSE, amount),
        spending.release_hold(PURSE, amount, owing),
        spending.capture(PURSE, amount, fee, SHOP),
        spending.refund_of_cagnotte_paid_order(PURSE, amount, fee, SHOP, owing),
        spending.refund_to_nobody(PURSE, amount, fee, SHOP),
        spending.payout_sent(PURSE, amount, fee),
        spending.payout_settled(PURSE, amount),
        spending.payout_rejected(PURSE, amount, fee, owing),
        spending.payout_returned(PURSE, amount, fee, None),
        spending.charges(PURSE, amount, fee),
        spending.held_to_unclaimed(PURSE, amount),
        spending.to_unclaimed(PURSE, amount),
        spending.unclaimed_paid(PURSE, amount),
        spending.unclaimed_given_up(PURSE, amount),
        *spending.wallet_to_wallet(PURSE, other, amount, owing),
        companies.statement(TILL, BRAND, amount, fee),
        companies.receipt(TILL, amount),
        companies.tracked_in_foreign(
            dollars.funder("accrued", BRAND),
            PURSE.member("pending"),
            foreign_minor=amount,
            home_minor=fee,
            reward_minor=owing,
        ),
        companies.bank_converts(dollars, TILL, foreign_minor=amount, got_minor=fee),
        companies.exchange_result(TILL, amount),
        *companies.between_banks(TILL, BANK, OTHER, amount),
        companies.operator_puts_in(TILL, amount),
    ]
    for legs in everything:
        sums: Counter[str] = Counter()
        for account, amount_minor in legs:
            sums[account.currency] += amount_minor
        assert not any(sums.values())


def test_an_occasion_gives_its_transactions_dates_and_time() -> None:
    made = OCCASION.transaction(
        spending.hold(PURSE, 700), kind="hold", book_id=WALLET, fact_id=OTHER, step=2
    )
    assert made is not None
    assert made.programme_id == PROGRAMME
    assert (made.kind, made.book_id, made.fact_id, made.step) == ("hold", WALLET, OTHER, 2)
    assert (made.occurred_on, made.effective_on) == (date(2026, 6, 1), date(2026, 6, 2))
    assert made.recorded_at == datetime(2026, 6, 1, 9, tzinfo=UTC)
    assert len(made.entries) == 2


def test_a_fact_that_causes_one_transaction_numbers_it_zero() -> None:
    made = OCCASION.transaction(
        spending.hold(PURSE, 700), kind="hold", book_id=WALLET, fact_id=OTHER
    )
    assert made is not None
    assert made.step == 0


def test_an_occasion_leads_to_the_purse_of_a_wallet() -> None:
    assert OCCASION.purse(WALLET) == PURSE


def test_nothing_moved_is_no_transaction_and_half_of_one_is_refused() -> None:
    nothing = spending.hold(PURSE, 0)
    assert OCCASION.transaction(nothing, kind="hold", book_id=WALLET, fact_id=OTHER) is None
    half = [(PURSE.member("held"), 1)]
    with pytest.raises(UnbalancedTransaction):
        OCCASION.transaction(half, kind="hold", book_id=WALLET, fact_id=OTHER)
