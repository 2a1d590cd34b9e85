"""The ledger's tables as read-only rows for the admin; everything else reads them through `selectors`."""

from django.db import models


class LedgerAccount(models.Model):
    """Whose money, in which state, in which currency."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    kind = models.TextField()
    owner_id = models.UUIDField()
    currency = models.TextField()
    side = models.TextField()
    mode = models.TextField()
    never_negative = models.BooleanField()

    class Meta:
        """Made by SQL."""

        managed = False
        db_table = "ledger_account"

    def __str__(self) -> str:
        return f"{self.kind} {self.owner_id} {self.currency}"


class LedgerTransaction(models.Model):
    """A balanced set of legs, written once. Its key is (bucket, id); the id alone is unique in practice."""

    id = models.UUIDField(primary_key=True)
    bucket = models.SmallIntegerField()
    programme_id = models.UUIDField()
    book_id = models.UUIDField()
    kind = models.TextField()
    fact_id = models.UUIDField()
    step = models.SmallIntegerField()
    batch_id = models.UUIDField()
    occurred_on = models.DateField()
    effective_on = models.DateField()
    recorded_at = models.DateTimeField()
    legs = models.SmallIntegerField()
    payload_hash = models.BinaryField()

    class Meta:
        """Made by SQL."""

        managed = False
        db_table = "ledger_transaction"

    def __str__(self) -> str:
        return f"{self.kind} {self.fact_id}"


class LedgerPeriod(models.Model):
    """The books of a programme are closed up to and with this day."""

    ends_on = models.DateField(primary_key=True)
    programme_id = models.UUIDField()
    closed_at = models.DateTimeField()
    closed_by = models.TextField()

    class Meta:
        """Made by SQL."""

        managed = False
        db_table = "ledger_period"

    def __str__(self) -> str:
        return f"closed until {self.ends_on}"
