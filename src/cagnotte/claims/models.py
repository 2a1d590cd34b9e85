"""Claims, the steps they took, what was written and what was handed in, as rows.

All of them are a member's: they carry the programme, the wallet and its shard. Steps and messages are only ever added
to: the database refuses to change them.
"""

from typing import ClassVar

from django.db import models


class Claim(models.Model):
    """One claim as it stands. A draft is changed by its member; what was sent, by steps alone."""

    id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")
    number = models.CharField(max_length=12, help_text="What people call the case.")
    kind = models.CharField(max_length=12, help_text="See `domain.claims.ClaimKind`.")
    state = models.CharField(max_length=12, help_text="See `domain.claims.ClaimState`.")
    merchant_id = models.UUIDField()
    visit_ref = models.CharField(
        max_length=20, blank=True, help_text="The click; empty = of a purchase that is known."
    )
    visited_at = models.DateTimeField(null=True)
    device = models.CharField(max_length=6, blank=True)
    promised = models.CharField(
        max_length=200, blank=True, help_text="What the visit promised, in words."
    )
    purchase_id = models.UUIDField(
        null=True, help_text="The purchase that is wrong, or the one that settled the claim."
    )
    stood_minor = models.BigIntegerField(
        null=True, help_text="Its reward when the claim was sent, in minor units."
    )
    order_ref = models.CharField(max_length=100, blank=True)
    ordered_on = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    amount_minor = models.BigIntegerField(null=True, help_text="What the order cost.")
    shop_email = models.CharField(
        max_length=254, blank=True, help_text="The address used at the shop."
    )
    coupon = models.CharField(max_length=60, blank=True)
    note = models.TextField(blank=True, help_text="The member's own words, until it is sent.")
    checks = models.JSONField(
        default=list, help_text="What our own facts said when it was sent: name, result, day."
    )
    begun_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    changed_at = models.DateTimeField()
    due_on = models.DateField(null=True, help_text="By when the next step is due.")
    appealed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=30, blank=True, help_text="Why it was declined.")
    goodwill_minor = models.BigIntegerField(null=True, help_text="What was granted instead.")
    taken_by = models.CharField(max_length=254, blank=True, help_text="Who sees to it.")

    class Meta:
        """Found by its member, its number, by what is under way, and by what falls due."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme_id", "number"], name="claim_number_unique"),
            models.CheckConstraint(
                name="claim_amounts",
                condition=(models.Q(amount_minor__isnull=True) | models.Q(amount_minor__gt=0))
                & (models.Q(goodwill_minor__isnull=True) | models.Q(goodwill_minor__gt=0)),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["wallet_id", "-begun_at"], name="claim_of_wallet"),
            models.Index(
                fields=["programme_id", "due_on"],
                name="claim_due",
                condition=models.Q(due_on__isnull=False),
            ),
            models.Index(
                fields=["programme_id", "order_ref"],
                name="claim_of_order",
                condition=~models.Q(order_ref=""),
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ClaimRow(models.Model):
    """What every row of a claim carries."""

    claim_id = models.UUIDField()
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")
    at = models.DateTimeField()
    by = models.CharField(
        max_length=260, help_text="member, programme, or staff: and who it is of the staff."
    )

    class Meta:
        """Only what inherits from it is a table."""

        abstract = True


class ClaimStep(ClaimRow):
    """One step of a claim. Never changed."""

    n = models.PositiveIntegerField(help_text="From 1.")
    event = models.CharField(max_length=10, help_text="See `domain.claims.ClaimEvent`.")
    state = models.CharField(max_length=12, help_text="The one it led to.")
    due_on = models.DateField(null=True)
    facts = models.JSONField(default=dict, help_text="Reason, purchase, amount: what it says.")

    class Meta:
        """Steps of a claim are numbered."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["claim_id", "n"], name="claim_step_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.claim_id}/{self.n}"


class ClaimMessage(ClaimRow):
    """What member and staff wrote to each other. Never changed."""

    text = models.TextField()

    class Meta:
        """Read in their order."""

        indexes: ClassVar = [models.Index(fields=["claim_id", "at"], name="claim_message_of")]

    def __str__(self) -> str:
        return str(self.claim_id)


class ClaimDocument(ClaimRow):
    """A proof that was handed in; its content is a file, see `documents`."""

    id = models.UUIDField(primary_key=True, help_text="Random; the name of the file.")
    name = models.CharField(max_length=120, help_text="As its owner called it.")
    kind = models.CharField(max_length=4, help_text="pdf, jpeg, png or webp.")
    size_bytes = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)

    class Meta:
        """A claim has the same file once."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["claim_id", "sha256"], name="claim_document_unique"),
        ]

    def __str__(self) -> str:
        return self.name
