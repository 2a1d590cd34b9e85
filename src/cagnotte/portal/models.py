"""What members and visitors write to a programme, as rows. Everything else that the portal shows is kept elsewhere."""

from typing import ClassVar

from django.db import models


class Letter(models.Model):
    """One message of the contact page: sent on by mail, and kept in case that the mail is lost."""

    programme_id = models.UUIDField()
    wallet_id = models.UUIDField(null=True, help_text="Of a member who was signed in.")
    bucket = models.PositiveSmallIntegerField(null=True, help_text="Shard, from the wallet.")
    about = models.CharField(max_length=20, help_text="What it is about; see `helping.contact`.")
    name = models.CharField(max_length=200, blank=True)
    reply_to = models.EmailField()
    text = models.TextField()
    sender_hash = models.CharField(
        max_length=64, help_text="Keyed hash of where it came from, to stop who writes too often."
    )
    written_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text="Empty = the mail did not go out.")
    problem = models.CharField(max_length=300, blank=True, help_text="Why it did not.")

    class Meta:
        """Counted by where they come from; found by their member, and by their programme in order of time."""

        indexes: ClassVar = [
            models.Index(fields=["sender_hash", "written_at"], name="portal_letter_of_sender"),
            models.Index(fields=["programme_id", "written_at"], name="portal_letter_of_programme"),
            models.Index(
                fields=["wallet_id"],
                name="portal_letter_of_wallet",
                condition=models.Q(wallet_id__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.about}, {self.written_at:%Y-%m-%d}"
