"""What members are told, how they want to be told, letters on their way, and how far the events have been read."""

import django.contrib.postgres.fields
from django.db import migrations, models

# What happened before this release is told to nobody: the mark begins at the last event there is.
MARK = """
CREATE TABLE notices_members_mark (the_one boolean PRIMARY KEY DEFAULT true CHECK (the_one), number bigint NOT NULL);
COMMENT ON COLUMN notices_members_mark.number IS 'members are told of all events up to this one';
INSERT INTO notices_members_mark (number) SELECT coalesce(max(number), 0) FROM notices_event;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("notices", "0002_listeners"),
    ]

    operations = [
        migrations.CreateModel(
            name="QuietHours",
            fields=[
                ("wallet_id", models.UUIDField(primary_key=True, serialize=False)),
                ("programme_id", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField()),
                ("kept", models.BooleanField(help_text="Whether there are any.")),
                (
                    "begins",
                    models.PositiveSmallIntegerField(
                        help_text="The hour, in the programme's zone."
                    ),
                ),
                (
                    "ends",
                    models.PositiveSmallIntegerField(help_text="The hour; digests are sent then."),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Choice",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("programme_id", models.UUIDField()),
                ("wallet_id", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField()),
                ("topic", models.CharField(help_text="One of `kinds.TOPICS`.", max_length=20)),
                ("email", models.CharField(help_text="now, daily, weekly or off.", max_length=6)),
                ("push", models.BooleanField()),
                ("in_centre", models.BooleanField()),
                ("changed_at", models.DateTimeField()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("wallet_id", "topic"), name="choice_unique")
                ],
            },
        ),
        migrations.CreateModel(
            name="Letter",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "id",
                    models.UUIDField(
                        help_text="Also in its Message-ID, so that a second copy is known.",
                        unique=True,
                    ),
                ),
                ("programme_id", models.UUIDField()),
                ("wallet_id", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField()),
                (
                    "channel",
                    models.CharField(choices=[("email", "Email"), ("push", "Push")], max_length=5),
                ),
                (
                    "kind",
                    models.CharField(
                        help_text="Of its notices; or digest.daily, …weekly.", max_length=40
                    ),
                ),
                (
                    "notice_ids",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.UUIDField(),
                        help_text="In the order in which they were told.",
                        size=None,
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("gathering", "Gathering"),
                            ("waiting", "Waiting"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("dropped", "Dropped"),
                            ("failed", "Failed"),
                        ],
                        max_length=9,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
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
                        condition=models.Q(("state__in", ["gathering", "waiting", "sending"])),
                        fields=["channel", "next_at"],
                        name="letter_due",
                    ),
                    models.Index(fields=["wallet_id", "number"], name="letter_of_wallet"),
                    models.Index(fields=["finished_at"], name="letter_age"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "gathering")),
                        fields=("wallet_id", "channel", "kind"),
                        name="letter_gathers_alone",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("number", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "id",
                    models.UUIDField(
                        help_text="Drawn from whose it is and its key: never told twice.",
                        unique=True,
                    ),
                ),
                ("programme_id", models.UUIDField()),
                ("wallet_id", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField()),
                ("kind", models.CharField(help_text="One of `kinds.KINDS`.", max_length=40)),
                (
                    "facts",
                    models.JSONField(help_text="What its words are made of, in any language."),
                ),
                ("at", models.DateTimeField(help_text="When it happened.")),
                (
                    "in_centre",
                    models.BooleanField(
                        help_text="Whether the member wanted it among the notices."
                    ),
                ),
                ("read_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["wallet_id", "-number"], name="notice_of_wallet"),
                    models.Index(
                        condition=models.Q(("in_centre", True), ("read_at", None)),
                        fields=["wallet_id"],
                        name="notice_unread",
                    ),
                    models.Index(fields=["at"], name="notice_age"),
                ],
            },
        ),
        migrations.CreateModel(
            name="PushDevice",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("programme_id", models.UUIDField()),
                ("wallet_id", models.UUIDField()),
                ("bucket", models.PositiveSmallIntegerField()),
                (
                    "fingerprint",
                    models.CharField(help_text="Of its address.", max_length=64, unique=True),
                ),
                (
                    "sealed",
                    models.TextField(help_text="Address and keys; see `platform.secrets_box`."),
                ),
                (
                    "name",
                    models.CharField(
                        blank=True, help_text="Browser and system, for people.", max_length=60
                    ),
                ),
                ("since", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["wallet_id"], name="device_of_wallet")],
            },
        ),
        migrations.CreateModel(
            name="ServerKey",
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("name",), name="server_key_unique")
                ],
            },
        ),
        migrations.RunSQL(MARK, "DROP TABLE notices_members_mark"),
    ]
