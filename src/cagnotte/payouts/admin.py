"""Payouts in the admin: to look at; what changes them are the journeys. Account numbers are never shown whole."""

from django.contrib import admin

from cagnotte.payouts.models import (
    BankFile,
    BankLine,
    Payout,
    PayoutBatch,
    PayoutMethod,
    PayoutSettings,
    PayoutStep,
)
from cagnotte.platform.admin import ReadOnlyAdmin


@admin.register(PayoutSettings)
class PayoutSettingsAdmin(ReadOnlyAdmin):
    """How programmes pay; changed in the programme file, where it is reviewed."""

    list_display = ("programme_id", "currency", "threshold_minor", "fee_minor", "debtor_name")


@admin.register(PayoutMethod)
class PayoutMethodAdmin(ReadOnlyAdmin):
    """Where members want their money, by the last letters of the account."""

    list_display = ("wallet_id", "kind", "holder", "iban_last4", "changed_at", "retired_at")
    search_fields = ("wallet_id", "iban_last4")
    exclude = ("iban_sealed", "iban_fingerprint")


@admin.register(PayoutBatch)
class PayoutBatchAdmin(ReadOnlyAdmin):
    """Files for banks."""

    list_display = ("message_id", "count", "total_minor", "currency", "execution_on", "sent_at")
    search_fields = ("message_id",)


@admin.register(Payout)
class PayoutAdmin(ReadOnlyAdmin):
    """Payouts with where they stand."""

    list_display = ("end_to_end_id", "state", "amount_minor", "fee_minor", "currency", "state_at")
    list_filter = ("state",)
    search_fields = ("end_to_end_id", "wallet_id")


@admin.register(PayoutStep)
class PayoutStepAdmin(ReadOnlyAdmin):
    """Everything that happened to payouts."""

    list_display = ("payout_id", "n", "event", "occurred_on", "code", "reason", "source")
    search_fields = ("payout_id",)


@admin.register(BankFile)
class BankFileAdmin(ReadOnlyAdmin):
    """Banks' answers that were read."""

    list_display = ("name", "lines", "booked", "imported_at")


@admin.register(BankLine)
class BankLineAdmin(ReadOnlyAdmin):
    """Lines of banks' answers that somebody must look at."""

    list_display = ("sentence", "problem", "end_to_end_id", "amount_minor", "currency")
    list_filter = ("problem",)
