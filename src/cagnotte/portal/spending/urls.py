"""Addresses: spending: money paid out, vouchers, donations, shops of the coalition, the code for a till."""

from django.urls import URLPattern, path

from cagnotte.portal.spending import (
    automatic,
    banking,
    giving,
    history,
    shops,
    till,
    vouchers,
    withdrawing,
)

urlpatterns: list[URLPattern] = [
    path("withdraw/", withdrawing.withdraw, name="portal_withdraw"),
    path("withdraw/review/", withdrawing.review, name="portal_withdraw_review"),
    path("withdraw/automatic/", automatic.automatic, name="portal_auto_payout"),
    path("bank/", banking.bank, name="portal_bank"),
    path("bank/change/", banking.change, name="portal_bank_change"),
    path("bank/check/", banking.check, name="portal_bank_check"),
    path("payouts/", history.payouts, name="portal_payouts"),
    path("payouts/<slug:payout>/", history.payout, name="portal_payout"),
    path("payouts/<slug:payout>/cancel/", history.cancel, name="portal_payout_cancel"),
    path("payouts/<slug:payout>/receipt/", history.receipt, name="portal_payout_receipt"),
    path("payouts/<slug:payout>/receipt.pdf", history.receipt_pdf, name="portal_payout_pdf"),
    path("vouchers/", vouchers.vouchers, name="portal_vouchers"),
    path("vouchers/new/", vouchers.buy, name="portal_voucher_new"),
    path("vouchers/<slug:voucher>/", vouchers.voucher, name="portal_voucher"),
    path("give/", giving.give, name="portal_give"),
    path("give/review/", giving.review, name="portal_give_review"),
    path("give/<slug:donation>/", giving.donation, name="portal_donation"),
    path("spend/", shops.spend, name="portal_spend"),
    path("code/", till.code, name="portal_code"),
    path("code/renew/", till.renew, name="portal_code_renew"),
    path("code/pay/", till.pay, name="portal_pay_code"),
    path("code/pay/state/", till.paid, name="portal_pay_state"),
]
