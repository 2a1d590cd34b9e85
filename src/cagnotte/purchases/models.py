"""Sources, observations, purchases and their versions, as rows.

Rows of the hot path carry plain id columns: no foreign key crosses books, and none is paid for per row.
"""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

from cagnotte.identity.models import Programme


class Source(models.Model):
    """Where messages come from, and how its files are read."""

    id = models.UUIDField(primary_key=True)
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT)
    ref = models.CharField(max_length=100)
    kind = models.CharField(max_length=20, help_text="purchases, products, members or decisions.")
    mapping = models.JSONField(help_text="Format, encoding, and which of its fields means what.")

    class Meta:
        """A source has one name in its programme."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme", "ref"], name="source_ref_unique"),
        ]

    def __str__(self) -> str:
        return self.ref


class ImportedFile(models.Model):
    """One file, known by its content: the same bytes under another name are the same file."""

    id = models.UUIDField(primary_key=True)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    sha256 = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    first_seen_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        """A file enters a source once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "sha256"], name="imported_file_unique"),
        ]

    def __str__(self) -> str:
        return self.name


class Observation(models.Model):
    """One message about a purchase, as received. The key is unique per source, so a replay writes nothing."""

    id = models.UUIDField(primary_key=True)
    source_id = models.UUIDField()
    delivery_key = models.BinaryField(max_length=16)
    content_hash = models.BinaryField(max_length=16)
    purchase_id = models.UUIDField(null=True)
    row_number = models.BigIntegerField(help_text="Its place in the file, from 1.")
    outcome = models.CharField(
        max_length=12, help_text="new, changed, unchanged, stale, returned or rejected."
    )
    received_at = models.DateTimeField()

    class Meta:
        """The delivery key is the idempotency key."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source_id", "delivery_key"], name="observation_delivery_unique"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ObservationBody(models.Model):
    """The bytes of a message, apart from its key: deleted at retention or erasure."""

    observation_id = models.UUIDField(primary_key=True)
    body = models.BinaryField()

    def __str__(self) -> str:
        return str(self.observation_id)


class Rejection(models.Model):
    """A message or row that could not be taken, with its reason; it can be sent again."""

    id = models.BigAutoField(primary_key=True)
    file_id = models.UUIDField()
    row_number = models.BigIntegerField()
    reason = models.CharField(max_length=40)
    sentence = models.TextField()
    raw = models.BinaryField()
    rejected_at = models.DateTimeField()

    class Meta:
        """A row is rejected once per file and reason."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["file_id", "row_number", "reason"], name="rejection_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.row_number}: {self.reason}"


class Purchase(models.Model):
    """One order as it stands. Its unique key is what the source calls it."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    source_id = models.UUIDField()
    native_id = models.CharField(
        max_length=120, help_text="merchant/order reference, or the source's own id."
    )
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    member_id = models.UUIDField()
    merchant_id = models.UUIDField()
    order_ref = models.CharField(max_length=100)
    occurred_at = models.DateTimeField()
    occurred_on = models.DateField(help_text="Its date where the shopper was.")
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(help_text="What the order cost.")
    validation = models.CharField(max_length=10)
    reason = models.CharField(max_length=30, blank=True, default="")
    version = models.PositiveIntegerField()
    content_hash = models.BinaryField(max_length=16, help_text="Of the latest applied message.")
    reported_at = models.DateTimeField(
        null=True, help_text="The source's own time of its latest message."
    )
    file_id = models.UUIDField(null=True, help_text="File of its latest applied message.")
    confirmed_on = models.DateField(null=True)
    release_on = models.DateField(
        null=True, help_text="From this day the delay of its contract is over."
    )
    answer_by = models.DateField(
        null=True, help_text="Unanswered until here, it is confirmed; empty = waits."
    )
    event_on = models.DateField(
        null=True, help_text="When the event its release waits for happened."
    )
    blocks = ArrayField(models.CharField(max_length=20), default=list)
    attributed_by = models.CharField(max_length=20, default="member_number")

    class Meta:
        """Found by its key, by its member, and by the day it becomes available."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["programme_id", "source_id", "native_id"], name="purchase_key"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["wallet_id", "occurred_on"], name="purchase_of_wallet"),
            models.Index(fields=["order_ref"], name="purchase_of_order"),
            models.Index(
                fields=["programme_id", "release_on"],
                name="purchase_to_release",
                condition=models.Q(release_on__isnull=False),
            ),
            models.Index(
                fields=["programme_id", "answer_by"],
                name="purchase_to_answer",
                condition=models.Q(answer_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.native_id


class PurchaseVersion(models.Model):
    """What was said about a purchase at one time: facts and validation. Versions are never changed."""

    id = models.UUIDField(primary_key=True)
    purchase_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    recorded_at = models.DateTimeField()
    event = models.CharField(max_length=12, help_text="track, confirm, decline, reopen or amend.")
    validation = models.CharField(max_length=10)
    reason = models.CharField(max_length=30, blank=True, default="")
    facts = models.JSONField(
        help_text="The purchase as reported: its lines and amounts.", null=True
    )

    class Meta:
        """Versions of a purchase are numbered from 1."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["purchase_id", "number"], name="purchase_version_unique"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.purchase_id}/{self.number}"


class AppendedReturn(models.Model):
    """What one row or message said came back of an order. An order's returns are a set: each counts once.

    It may be here before its order is; then it waits.
    """

    id = models.UUIDField(primary_key=True, help_text="Of its observation.")
    source_id = models.UUIDField()
    native_id = models.CharField(
        max_length=120,
        help_text="What the source calls the order; empty = it names none, and waits.",
    )
    return_key = models.CharField(
        max_length=120, help_text="The source's own name of the return, else where it stood."
    )
    items = models.JSONField(help_text="[line number, article, units, minor units] of each.")
    content_hash = models.BinaryField(max_length=16)
    received_at = models.DateTimeField()
    purchase_id = models.UUIDField(null=True, help_text="Once it counts; empty = it waits.")
    sought = models.JSONField(
        null=True, help_text="Of one that named no order: member, merchant, and when it came back."
    )
    found = models.JSONField(
        null=True, help_text="How its order was found: fit, version of the rules."
    )

    class Meta:
        """A return is in the set of its order once, and those that wait are found by their order."""

        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["source_id", "native_id", "return_key"], name="appended_return_unique"
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["source_id", "native_id"],
                name="appended_return_waiting",
                condition=models.Q(purchase_id__isnull=True),
            ),
            models.Index(
                fields=["source_id", "return_key"],
                name="appended_return_sought",
                condition=models.Q(sought__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.native_id}: {self.return_key}"
