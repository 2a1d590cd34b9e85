"""Holds, the lots behind them, captures and refunds; vouchers, their uses and refunds; as rows.

Amounts are minor units of the row's currency. As everywhere in a wallet's book, `wallet_id` and `bucket` are
plain columns: no foreign key crosses books.
"""

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from cagnotte.domain.holds import HoldPurpose, HoldState
from cagnotte.domain.vouchers import AtShop, VoucherOrigin, VoucherState


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
            models.Index(fields=["wallet_id", "created_at"], name="hold_of_wallet"),
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


class CaptureLine(models.Model):
    """What a captured amount paid of one line of its order: fixed with the capture, never changed."""

    id = models.BigAutoField(primary_key=True)
    capture_id = models.UUIDField()
    line = models.CharField(max_length=100, help_text="The shop's own name of the line.")
    amount_minor = models.BigIntegerField(help_text="What the line cost.")
    share_minor = models.BigIntegerField(help_text="Of it, paid from the wallet.")

    class Meta:
        db_table = "wallet_capture_line"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["capture_id", "line"], name="capture_line_unique"),
            models.CheckConstraint(
                name="capture_line_within",
                condition=Q(share_minor__gte=0, share_minor__lte=F("amount_minor")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.capture_id}/{self.line}"


class RefundLine(models.Model):
    """What one refund told of one line, and what of it went back to the wallet; zero where it rounds to nothing."""

    id = models.BigAutoField(primary_key=True)
    refund_id = models.UUIDField(
        help_text="The refund's; it has a row of its own unless all is zero."
    )
    capture_id = models.UUIDField()
    line = models.CharField(max_length=100)
    amount_minor = models.BigIntegerField(help_text="What came back of the line's price.")
    share_minor = models.BigIntegerField(help_text="Of it, to the wallet.")

    class Meta:
        db_table = "wallet_refund_line"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["refund_id", "line"], name="refund_line_unique"),
            models.CheckConstraint(
                name="refund_line_within",
                condition=Q(amount_minor__gt=0)
                & Q(share_minor__gte=0, share_minor__lte=F("amount_minor")),
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["capture_id"], name="refund_line_capture")]

    def __str__(self) -> str:
        return f"{self.refund_id}/{self.line}"


class Voucher(models.Model):
    """Money of a member on a code. What it still holds is its amount less all that left it.

    The code itself is nowhere: it is drawn from the id with the key of CAGNOTTE_FIELD_KEY, and found by its hash.
    """

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="Issued.")
    used_minor = models.BigIntegerField(default=0, help_text="Used at shops, less what came back.")
    returned_minor = models.BigIntegerField(default=0, help_text="Given back to the member.")
    expired_minor = models.BigIntegerField(default=0, help_text="Gone to who gains by its expiry.")
    taken_minor = models.BigIntegerField(default=0, help_text="Taken back with its reward.")
    state = models.CharField(
        max_length=10, choices=[(state.value, state.value) for state in VoucherState]
    )
    origin = models.CharField(
        max_length=10, choices=[(origin.value, origin.value) for origin in VoucherOrigin]
    )
    reference = models.CharField(
        max_length=200,
        help_text="The caller's own name for it: the same reference, the same voucher.",
    )
    hold_id = models.UUIDField(null=True, help_text="The hold it was bought with.")
    purchase_id = models.UUIDField(null=True, help_text="The purchase that earned it.")
    code_hash = models.CharField(max_length=64)
    last4 = models.CharField(max_length=4, help_text="The end of its code, which may be shown.")
    minimum_basket_minor = models.BigIntegerField(default=0)
    valid_from = models.DateField()
    valid_until = models.DateField(help_text="Its last day.")
    closes_on = models.DateField(help_text="What is left on this day leaves it.")
    partial_use = models.BooleanField(help_text="What an order does not need stays on it.")
    merchant_id = models.UUIDField(null=True, help_text="The only shop; empty = all.")
    signed = models.BooleanField(default=False, help_text="It can be checked without a line.")
    breakage_account = models.JSONField(
        null=True,
        help_text="Who gains by its expiry: kind and owner. Empty = it goes to the member.",
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme_id", "origin", "reference"], name="voucher_reference_unique"
            ),
            models.UniqueConstraint(
                fields=["programme_id", "code_hash"], name="voucher_code_unique"
            ),
            models.CheckConstraint(
                name="voucher_within",
                condition=Q(amount_minor__gt=0)
                & Q(used_minor__gte=0, returned_minor__gte=0, expired_minor__gte=0)
                & Q(taken_minor__gte=0)
                & Q(
                    amount_minor__gte=F("used_minor")
                    + F("returned_minor")
                    + F("expired_minor")
                    + F("taken_minor")
                ),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["wallet_id", "created_at"], name="voucher_of_wallet"),
            models.Index(
                fields=["purchase_id"],
                name="voucher_of_purchase",
                condition=Q(purchase_id__isnull=False),
            ),
            models.Index(
                fields=["programme_id", "closes_on"],
                name="voucher_due",
                condition=Q(state__in=["issued", "part_used"]),
            ),
        ]

    def __str__(self) -> str:
        return f"…{self.last4}"


class VoucherUse(models.Model):
    """What a voucher paid of one order at a shop."""

    class Kind(models.TextChoices):
        """Whether the shop is paid, and by whom."""

        USED = "used"
        DOUBLE_PAID = "double_paid"
        DOUBLE_UNPAID = "double_unpaid"

    id = models.UUIDField(primary_key=True)
    voucher_id = models.UUIDField()
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    merchant_id = models.UUIDField()
    order_ref = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    refunded_minor = models.BigIntegerField(default=0, help_text="Given back so far.")
    kind = models.CharField(max_length=15, choices=Kind.choices)
    used_on = models.DateField(help_text="As the shop says.")
    recorded_at = models.DateTimeField()

    class Meta:
        db_table = "wallet_voucher_use"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["voucher_id", "merchant_id", "order_ref"], name="voucher_use_unique"
            ),
            models.CheckConstraint(
                name="voucher_use_refunded_within",
                condition=Q(amount_minor__gt=0)
                & Q(refunded_minor__gte=0, refunded_minor__lte=F("amount_minor")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["programme_id", "recorded_at"],
                name="voucher_used_twice",
                condition=Q(kind__in=["double_paid", "double_unpaid"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voucher_id}/{self.order_ref}"


class VoucherRefund(models.Model):
    """What came back of a voucher's use: on the voucher, or to the member when the voucher is over."""

    id = models.UUIDField(primary_key=True)
    use_id = models.UUIDField()
    reference = models.CharField(max_length=200, help_text="The shop's own id of the refund.")
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField()
    to_voucher = models.BooleanField(help_text="It stands on the voucher again.")
    repaid_minor = models.BigIntegerField(help_text="Of it, used for what the member owed.")
    refunded_at = models.DateTimeField()

    class Meta:
        db_table = "wallet_voucher_refund"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["use_id", "reference"], name="voucher_refund_unique"),
            models.CheckConstraint(
                name="voucher_refund_above_zero", condition=Q(amount_minor__gt=0)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.use_id}:{self.reference}"


class VoucherAtShop(models.Model):
    """How a shop's own software knows a voucher. Who tells or reads it holds an advisory lock of the voucher."""

    voucher_id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    account_id = models.UUIDField(help_text="The connection through which the shop is told.")
    form = models.CharField(max_length=20, help_text="As what the shop keeps it.")
    sealed_customer = models.TextField(
        blank=True, default="", help_text="Whose it is at the shop, sealed; empty = anybody's."
    )
    state = models.CharField(max_length=12, choices=[(one.value, one.value) for one in AtShop])
    native_id = models.CharField(
        max_length=200, blank=True, default="", help_text="The shop's own name of it."
    )
    sealed_code = models.TextField(
        blank=True, default="", help_text="What is typed there, sealed; empty = the voucher's code."
    )
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(help_text="The moment after its last one.")
    due_at = models.DateTimeField(help_text="When the shop is asked next.")
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failed in a row.")
    last_error = models.TextField(blank=True, default="")
    told_at = models.DateTimeField(null=True)
    read_at = models.DateTimeField(null=True, help_text="Up to then all uses are booked.")
    created_at = models.DateTimeField()

    class Meta:
        db_table = "wallet_voucher_at_shop"
        indexes: ClassVar = [
            models.Index(
                fields=["due_at"],
                name="voucher_at_shop_due",
                condition=Q(state__in=["telling", "told", "calling_off"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.voucher_id}: {self.state}"


class VoucherKey(models.Model):
    """A key pair that signs vouchers of a programme; a retired one signs none, and its public half stays."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    number = models.PositiveIntegerField(help_text="1 for the first.")
    public_key = models.CharField(max_length=44, help_text="Ed25519, 32 bytes in base64.")
    sealed_key = models.TextField(help_text="The private half, sealed with CAGNOTTE_FIELD_KEY.")
    created_at = models.DateTimeField()
    retired_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "wallet_voucher_key"
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme_id", "number"], name="voucher_key_number_unique"
            ),
            models.UniqueConstraint(
                fields=["programme_id"],
                name="voucher_key_one_in_use",
                condition=Q(retired_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.programme_id}/{self.number}"


class PayCode(models.Model):
    """A code by which a member pays one order at a till. The code itself is nowhere: only its keyed hash."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    code_hash = models.CharField(max_length=64)
    maximum_minor = models.BigIntegerField(
        null=True, help_text="The most it may take; empty = what the shop's contract allows."
    )
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    taken_at = models.DateTimeField(null=True)
    taken_for = models.CharField(
        max_length=200, blank=True, help_text="The reference of the hold it was taken for."
    )

    class Meta:
        db_table = "wallet_pay_code"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme_id", "code_hash"], name="pay_code_unique"),
            models.CheckConstraint(
                name="pay_code_maximum_above_zero",
                condition=Q(maximum_minor__isnull=True) | Q(maximum_minor__gt=0),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["wallet_id", "made_at"], name="pay_code_of_wallet"),
        ]

    def __str__(self) -> str:
        return str(self.id)
