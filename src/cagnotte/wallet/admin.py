"""Holds, captures and refunds in the admin: to look at; what changes them are the journeys."""

from django.contrib import admin

from cagnotte.platform.admin import ReadOnlyAdmin
from cagnotte.wallet.models import Capture, Hold, Refund


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
