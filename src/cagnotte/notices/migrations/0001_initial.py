"""Events, endpoints, deliveries; the outbox; and how far the ledger has been told of."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

# What was booked before this release is not told: the mark begins where the ledger stands.
MARK = """
CREATE TABLE notices_mark (the_one boolean PRIMARY KEY DEFAULT true CHECK (the_one), mark xid8 NOT NULL);
COMMENT ON COLUMN notices_mark.mark IS 'all batches of the ledger whose x is below are told';
INSERT INTO notices_mark (mark) VALUES (pg_snapshot_xmin(pg_current_snapshot()));
CREATE TABLE notices_told_batch (batch_id uuid PRIMARY KEY, x xid8 NOT NULL);
COMMENT ON TABLE notices_told_batch IS 'batches that are told although one that began before them is not finished';
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("identity", "0005_staff"),
        ("ledger", "0006_batches_in_time"),
    ]

    operations = [
        migrations.CreateModel(
            name="OutboxRow",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("topic", models.CharField(max_length=60)),
                ("programme_id", models.UUIDField()),
                (
                    "keys",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        help_text="What it happened to, all of one set.",
                        size=None,
                    ),
                ),
                ("at", models.DateTimeField(help_text="The recording time of the facts.")),
            ],
            options={
                "db_table": "platform_outbox",
            },
        ),
        migrations.CreateModel(
            name="Attempt",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("delivery_number", models.BigIntegerField()),
                ("at", models.DateTimeField()),
                ("duration_ms", models.PositiveIntegerField()),
                (
                    "status",
                    models.PositiveIntegerField(help_text="Empty: there was no answer.", null=True),
                ),
                (
                    "sentence",
                    models.CharField(blank=True, help_text="What went wrong.", max_length=500),
                ),
                (
                    "answer",
                    models.CharField(
                        blank=True, help_text="The answer's beginning.", max_length=1000
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["delivery_number", "id"], name="attempt_of_delivery"),
                    models.Index(fields=["at"], name="attempt_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Delivery",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                ("programme_id", models.UUIDField()),
                ("recipient_id", models.UUIDField(help_text="A webhook endpoint, or a listener.")),
                ("event_number", models.BigIntegerField()),
                ("object_id", models.CharField(help_text="Of its event.", max_length=40)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("delivered", "Delivered"),
                            ("skipped", "Skipped"),
                            ("failed", "Failed"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(
                        default=0,
                        help_text="Since it was last asked for: of a replay they begin anew.",
                    ),
                ),
                ("next_at", models.DateTimeField(help_text="Not before.")),
                (
                    "leased_until",
                    models.DateTimeField(
                        help_text="A worker is at it; past that, another one may.", null=True
                    ),
                ),
                ("created_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                (
                    "sentence",
                    models.CharField(blank=True, help_text="Why it is not there.", max_length=500),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["recipient_id", "next_at"],
                        name="delivery_due",
                    ),
                    models.Index(
                        condition=models.Q(("state", "pending")),
                        fields=["recipient_id", "object_id", "event_number"],
                        name="delivery_order",
                    ),
                    models.Index(fields=["event_number"], name="delivery_of_event"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("recipient_id", "event_number"), name="delivery_unique"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Event",
            fields=[
                (
                    "number",
                    models.BigAutoField(
                        help_text="Its place: events are numbered as they become visible.",
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        help_text="Drawn from the fact: the same for ever.", unique=True
                    ),
                ),
                ("programme_id", models.UUIDField()),
                ("type", models.CharField(help_text="One of the catalogue.", max_length=60)),
                (
                    "object_id",
                    models.CharField(
                        help_text="The public id of what it is about; it is told in order.",
                        max_length=40,
                    ),
                ),
                (
                    "wallet_id",
                    models.UUIDField(help_text="Whose it is; empty = nobody's.", null=True),
                ),
                (
                    "fact_id",
                    models.UUIDField(
                        help_text="The row that caused it: a version, a hold, a step."
                    ),
                ),
                ("created_at", models.DateTimeField(help_text="The recording time of the fact.")),
                ("made_at", models.DateTimeField(help_text="When it was written here.")),
                ("data", models.JSONField()),
            ],
            options={
                "indexes": [
                    models.Index(fields=["programme_id", "number"], name="event_of_programme"),
                    models.Index(
                        fields=["programme_id", "object_id", "number"], name="event_of_object"
                    ),
                    models.Index(fields=["made_at"], name="event_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookEndpoint",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("url", models.CharField(max_length=500)),
                ("description", models.CharField(blank=True, max_length=200)),
                (
                    "event_types",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60),
                        help_text="Empty = all of them.",
                        size=None,
                    ),
                ),
                (
                    "envelope",
                    models.CharField(
                        choices=[("standard", "Standard"), ("cloudevents", "Cloudevents")],
                        max_length=11,
                    ),
                ),
                (
                    "sealed_secret",
                    models.TextField(help_text="Signs what is sent; see `platform.secrets_box`."),
                ),
                (
                    "sealed_before",
                    models.TextField(blank=True, help_text="The one before, while it signs too."),
                ),
                ("before_until", models.DateTimeField(blank=True, null=True)),
                ("created_at", models.DateTimeField()),
                ("disabled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "disabled_because",
                    models.CharField(
                        blank=True,
                        choices=[("by_hand", "By Hand"), ("gone", "Gone"), ("failing", "Failing")],
                        max_length=10,
                    ),
                ),
                (
                    "failing_since",
                    models.DateTimeField(
                        blank=True,
                        help_text="Of the first failure after the last success.",
                        null=True,
                    ),
                ),
                (
                    "programme",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, to="identity.programme"
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(
                        fields=["programme", "created_at"], name="webhook_endpoint_of_programme"
                    )
                ],
            },
        ),
        migrations.RunSQL(MARK, "DROP TABLE notices_told_batch; DROP TABLE notices_mark"),
    ]
