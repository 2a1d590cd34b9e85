"""Services that are told of events by plugins, and their secrets."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0006_consents"),
        ("notices", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConnectedListener",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                (
                    "ref",
                    models.CharField(
                        help_text="The name that commands use for it.", max_length=100
                    ),
                ),
                ("plugin", models.CharField(max_length=50)),
                (
                    "settings",
                    models.JSONField(
                        default=dict,
                        help_text="What was filled in, by name; secrets stand apart.",
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="identity.programme"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("programme", "ref"), name="listener_ref_unique")
                ],
            },
        ),
        migrations.CreateModel(
            name="ListenerSecret",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=50)),
                ("sealed", models.TextField(help_text="See `platform.secrets_box`.")),
                ("sealed_before", models.TextField(blank=True, default="")),
                (
                    "before_until",
                    models.DateTimeField(
                        help_text="Until when the one before is valid too.", null=True
                    ),
                ),
                (
                    "replaced_at",
                    models.DateTimeField(help_text="Since when the present one stands."),
                ),
                (
                    "listener",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        to="notices.connectedlistener",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("listener", "name"), name="listener_secret_unique"
                    )
                ],
            },
        ),
    ]
