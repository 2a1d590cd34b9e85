"""What members and visitors write to a programme."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Letter",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("programme_id", models.UUIDField()),
                (
                    "wallet_id",
                    models.UUIDField(help_text="Of a member who was signed in.", null=True),
                ),
                (
                    "bucket",
                    models.PositiveSmallIntegerField(
                        help_text="Shard, from the wallet.", null=True
                    ),
                ),
                (
                    "about",
                    models.CharField(
                        help_text="What it is about; see `helping.contact`.", max_length=20
                    ),
                ),
                ("name", models.CharField(blank=True, max_length=200)),
                ("reply_to", models.EmailField(max_length=254)),
                ("text", models.TextField()),
                (
                    "sender_hash",
                    models.CharField(
                        help_text="Keyed hash of where it came from, to stop who writes too often.",
                        max_length=64,
                    ),
                ),
                ("written_at", models.DateTimeField()),
                (
                    "sent_at",
                    models.DateTimeField(help_text="Empty = the mail did not go out.", null=True),
                ),
                (
                    "problem",
                    models.CharField(blank=True, help_text="Why it did not.", max_length=300),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["sender_hash", "written_at"], name="portal_letter_of_sender"
                    ),
                    models.Index(
                        fields=["programme_id", "written_at"], name="portal_letter_of_programme"
                    ),
                    models.Index(
                        condition=models.Q(("wallet_id__isnull", False)),
                        fields=["wallet_id"],
                        name="portal_letter_of_wallet",
                    ),
                ],
            },
        ),
    ]
