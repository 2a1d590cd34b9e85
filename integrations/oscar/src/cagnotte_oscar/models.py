"""What has still to be told of each order, and which vouchers were made for Cagnotte."""

from django.db import models


class OrderToTell(models.Model):
    """One order, how often it changed, and how much of that Cagnotte knows.

    The row is written in the transaction that changes the order, so that what is committed will be told, and what is
    rolled back will not. `changes` counts changes and is the version of what is told; the order has to be told while
    it is above `told`.

    Attributes:
        click: the click that brought the customer, "" without one. member: a member number given at checkout.
        due_at: when it is tried next. attempts: how often it failed since it last changed.
        digest: of what was told last, so that a save that changed nothing is not told.
    """

    order = models.OneToOneField(
        "order.Order", on_delete=models.CASCADE, primary_key=True, related_name="cagnotte"
    )
    click = models.CharField(max_length=64, blank=True, default="")
    member = models.CharField(max_length=64, blank=True, default="")
    changes = models.PositiveIntegerField(default=1)
    told = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(db_index=True)
    attempts = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=300, blank=True, default="")
    told_at = models.DateTimeField(null=True, blank=True)
    digest = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        verbose_name = "order to tell"
        verbose_name_plural = "orders to tell"

    def __str__(self) -> str:
        return f"{self.order_id}: {self.told} of {self.changes} told"


class VoucherOfCagnotte(models.Model):
    """One of Oscar's vouchers that stands for one of Cagnotte's, by its id there (`vou_…`)."""

    cagnotte_id = models.CharField(max_length=64, primary_key=True)
    voucher = models.OneToOneField(
        "voucher.Voucher", on_delete=models.CASCADE, related_name="cagnotte"
    )

    class Meta:
        verbose_name = "voucher of Cagnotte"
        verbose_name_plural = "vouchers of Cagnotte"

    def __str__(self) -> str:
        return self.cagnotte_id
