"""Holds, the lots behind them, captures and refunds, as rows.

Amounts are minor units of the row's currency. As everywhere in a wallet's book, `wallet_id` and `bucket` are
plain columns: no foreign key crosses books.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cagnotte.domain.holds import HoldPurpose, HoldState


class Hold(models.Model):
    """Money of one wallet, reserved for one purpose."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="Reserved when the hold was placed.")
    captured_minor = models.BigIntegerField(default=0, help_text="Spent of it; the rest went back.")
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in HoldState]
    )
    purpose = models.CharField(
        max_length=10, choices=[(purpose.value, purpose.value) for purpose in HoldPurpose]
    )
    reference = models.CharField(
        max_length=200,
        help_text="The caller's own name for it: the same reference is the same hold.",
    )
    merchant_id = models.UUIDField(null=True)
    expires_at = models.DateTimeField(null=True, help_text="Goes back then; empty = stays.")
    created_at = models.DateTimeField()
    resolved_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme_id", "purpose", "reference"], name="hold_reference_unique"
            ),
            models.CheckConstraint(
                name="hold_captured_within",
                condition=Q(amount_minor__gt=0)
                & Q(captured_minor__gte=0)
                & Q(captured_minor__lte=F("amount_minor")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["wallet_id"], name="hold_open", condition=Q(state="open")),
            models.Index(fields=["expires_at"], name="hold_due", condition=Q(state="open")),
        ]

    def __str__(self) -> str:
        return f"{self.purpose}:{self.reference}"


class HoldAllocation(models.Model):
    """What a hold reserves of one lot. While the hold is open the amounts add up to the held balance."""

    id = models.BigAutoField(primary_key=True)
    hold_id = models.UUIDField()
    lot_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    amount_minor = models.BigIntegerField(help_text="Reserved of the lot.")
    captured_minor = models.BigIntegerField(default=0, help_text="Spent of it.")
    returned_minor = models.BigIntegerField(default=0, help_text="Of what was spent, given back.")

    class Meta:
        db_table = "wallet_hold_allocation"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["hold_id", "lot_id"], name="hold_allocation_unique"),
            models.CheckConstraint(
                name="hold_allocation_within",
                condition=Q(amount_minor__gt=0)
                & Q(captured_minor__gte=0, captured_minor__lte=F("amount_minor"))
                & Q(returned_minor__gte=0, returned_minor__lte=F("captured_minor")),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["lot_id"], name="hold_allocation_lot")]

    def __str__(self) -> str:
        return f"{self.hold_id}/{self.lot_id}"


class Capture(models.Model):
    """What a hold paid at a shop. A hold is captured once."""

    id = models.UUIDField(primary_key=True)
    hold_id = models.UUIDField(unique=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    merchant_id = models.UUIDField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="Out of the wallet.")
    fee_minor = models.BigIntegerField(default=0, help_text="Of it, kept by the programme.")
    refunded_minor = models.BigIntegerField(default=0, help_text="Given back so far.")
    captured_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                name="capture_refunded_within",
                condition=Q(refunded_minor__gte=0, refunded_minor__lte=F("amount_minor"))
                & Q(fee_minor__gte=0, fee_minor__lte=F("amount_minor")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Refund(models.Model):
    """A captured amount, or a part of it, given back when the order is returned."""

    id = models.UUIDField(primary_key=True)
    capture_id = models.UUIDField()
    reference = models.CharField(max_length=200, help_text="The shop's own id of the refund.")
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="Back to the member.")
    fee_minor = models.BigIntegerField(help_text="Of it, carried by the programme.")
    repaid_minor = models.BigIntegerField(help_text="Of it, used for what the member owed.")
    refunded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["capture_id", "reference"], name="refund_unique"),
            models.CheckConstraint(name="refund_above_zero", condition=Q(amount_minor__gt=0)),
        ]

    def __str__(self) -> str:
        return f"{self.capture_id}:{self.reference}"
