"""Clicks and claimed visits, as rows.

A click holds neither an IP address nor a browser's full name: what is kept of the visitor is a random number of our
own and the class of the device. Clicks are written one by one, as fast as links are followed, so they carry plain id
columns and no foreign key.
"""

from typing import ClassVar

from django.db import models


class Click(models.Model):
    """Somebody followed a link of ours to a shop. Never changed, but for being deleted."""

    class Device(models.TextChoices):
        """What was used, as far as it matters for rewards and for telling people from machines."""

        WEB = "web"
        PHONE = "phone"
        TABLET = "tablet"

    class Consent(models.TextChoices):
        """What the visitor has said about measuring beyond what the link needs."""

        UNASKED = "unasked"
        GIVEN = "given"
        REFUSED = "refused"

    id = models.UUIDField(primary_key=True)
    ref = models.CharField(
        max_length=20, unique=True, help_text="What travels with the visitor; cannot be guessed."
    )
    programme_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField(help_text="Shard: of the wallet, else of the visit.")
    merchant_id = models.UUIDField()
    wallet_id = models.UUIDField(null=True, help_text="Who was signed in; empty = nobody.")
    visit_id = models.UUIDField(help_text="The visitor's, from the cookie.")
    clicked_at = models.DateTimeField()
    offer_ref = models.CharField(max_length=100, help_text="The offer whose link was followed.")
    offer_version = models.PositiveIntegerField()
    promise = models.JSONField(
        help_text="What was promised: the offer's effect, and the versions in force at the shop."
    )
    promised = models.CharField(
        max_length=200, help_text="The same in words, in the visitor's language."
    )
    device = models.CharField(max_length=6, choices=Device.choices)
    consent = models.CharField(max_length=7, choices=Consent.choices)
    origin = models.CharField(
        max_length=40, blank=True, help_text="Where the link stood, as the link itself says."
    )
    path = models.CharField(
        max_length=1000, blank=True, help_text="Which page of the shop; empty = its front page."
    )
    via = models.CharField(
        max_length=100, blank=True, help_text="The account whose link was taken; empty = our own."
    )
    rival_at = models.DateTimeField(
        null=True, help_text="When another publisher had brought the visitor to the shop, if told."
    )

    class Meta:
        """Found by its reference (above), by its member, by its visit, and by its age."""

        indexes: ClassVar = [
            models.Index(
                fields=["wallet_id", "merchant_id", "clicked_at"],
                name="click_of_wallet",
                condition=models.Q(wallet_id__isnull=False),
            ),
            models.Index(fields=["visit_id"], name="click_of_visit"),
            models.Index(fields=["programme_id", "clicked_at"], name="click_by_age"),
        ]

    def __str__(self) -> str:
        return self.ref


class VisitClaim(models.Model):
    """Whose a visit is: the member who first signed in during it. A visit has one member for good."""

    visit_id = models.UUIDField()
    programme_id = models.UUIDField()
    wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")
    claimed_at = models.DateTimeField()

    class Meta:
        """A visit belongs to one member of a programme at most."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["visit_id", "programme_id"], name="visit_claim_unique"),
        ]
        indexes: ClassVar = [models.Index(fields=["wallet_id"], name="visit_claim_of_wallet")]

    def __str__(self) -> str:
        return str(self.visit_id)


class Reporting(models.Model):
    """Within how many days a merchant's purchases come to be known, as last measured."""

    merchant_id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    days = models.PositiveIntegerField(help_text="Nine of ten purchases were known by then.")
    purchases = models.PositiveIntegerField(help_text="So many were looked at.")
    measured_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.days} days"
