"""Members' codes for their friends, and who joined with one, as rows. Wallets are known by plain ids."""

from typing import ClassVar

from django.db import models


class SponsorCode(models.Model):
    """A member's own code, drawn once and kept for good; it leads to no name."""

    wallet_id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField(help_text="Shard, from the wallet.")
    code = models.CharField(max_length=12, help_text="In small letters, without the dash.")
    drawn_at = models.DateTimeField()

    class Meta:
        """A code is one member's in its programme."""

        constraints: ClassVar = [
            models.UniqueConstraint(fields=["programme_id", "code"], name="sponsor_code_unique"),
        ]

    def __str__(self) -> str:
        return self.code


class Referral(models.Model):
    """A member who joined with another's code. Never changed."""

    friend_wallet_id = models.UUIDField(primary_key=True)
    programme_id = models.UUIDField()
    sponsor_wallet_id = models.UUIDField()
    bucket = models.PositiveSmallIntegerField(help_text="Shard, from the sponsor's wallet.")
    code = models.CharField(max_length=12, help_text="The one that was used.")
    joined_at = models.DateTimeField()

    class Meta:
        """Nobody sponsors themselves; friends are found by their sponsor, in the order they joined."""

        constraints: ClassVar = [
            models.CheckConstraint(
                name="referral_of_another",
                condition=~models.Q(friend_wallet_id=models.F("sponsor_wallet_id")),
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["sponsor_wallet_id", "joined_at"], name="referral_of_sponsor"),
        ]

    def __str__(self) -> str:
        return f"{self.friend_wallet_id} by {self.code}"
