"""Holds, captures, refunds and vouchers in the admin: to look at; what changes them are the journeys."""

from django.contrib import admin

from cagnotte.platform.admin import ReadOnlyAdmin
from cagnotte.wallet.models import Capture, Hold, Refund, Voucher, VoucherRefund, VoucherUse


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    """Holds, open ones first by the filter."""

    list_display = ("reference", "purpose", "state", "amount_minor", "captured_minor", "currency")
    list_filter = ("state", "purpose")
    search_fields = ("reference", "wallet_id")


@admin.register(Capture)
class CaptureAdmin(ReadOnlyAdmin):
    """What holds paid at shops."""

    list_display = (
        "id",
        "merchant_id",
        "amount_minor",
        "refunded_minor",
        "currency",
        "captured_at",
    )
    search_fields = ("wallet_id", "hold_id")


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    """What came back of captures."""

    list_display = ("reference", "capture_id", "amount_minor", "currency", "refunded_at")
    search_fields = ("reference", "capture_id", "wallet_id")


@admin.register(Voucher)
class VoucherAdmin(ReadOnlyAdmin):
    """Vouchers; of their codes the end alone."""

    list_display = (
        "last4",
        "origin",
        "state",
        "amount_minor",
        "used_minor",
        "currency",
        "valid_until",
    )
    list_filter = ("state", "origin", "signed")
    search_fields = ("reference", "wallet_id", "last4")


@admin.register(VoucherUse)
class VoucherUseAdmin(ReadOnlyAdmin):
    """What vouchers paid; those taken twice by the filter."""

    list_display = (
        "order_ref",
        "merchant_id",
        "kind",
        "amount_minor",
        "refunded_minor",
        "currency",
    )
    list_filter = ("kind",)
    search_fields = ("order_ref", "voucher_id", "wallet_id")


@admin.register(VoucherRefund)
class VoucherRefundAdmin(ReadOnlyAdmin):
    """What came back of what vouchers paid."""

    list_display = ("reference", "use_id", "amount_minor", "to_voucher", "currency", "refunded_at")
    search_fields = ("reference", "use_id", "wallet_id")
