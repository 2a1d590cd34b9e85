"""Make the ledger: its SQL is in the file of the same name."""

from pathlib import Path

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.RunSQL(
            sql=Path(__file__).with_name("0001_ledger.sql").read_text(encoding="utf-8"),
            state_operations=[
                migrations.CreateModel(
                    name="LedgerAccount",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("programme_id", models.UUIDField()),
                        ("kind", models.TextField()),
                        ("owner_id", models.UUIDField()),
                        ("currency", models.TextField()),
                        ("side", models.TextField()),
                        ("mode", models.TextField()),
                        ("never_negative", models.BooleanField()),
                    ],
                    options={"db_table": "ledger_account", "managed": False},
                ),
                migrations.CreateModel(
                    name="LedgerPeriod",
                    fields=[
                        ("ends_on", models.DateField(primary_key=True, serialize=False)),
                        ("programme_id", models.UUIDField()),
                        ("closed_at", models.DateTimeField()),
                        ("closed_by", models.TextField()),
                    ],
                    options={"db_table": "ledger_period", "managed": False},
                ),
                migrations.CreateModel(
                    name="LedgerTransaction",
                    fields=[
                        ("id", models.UUIDField(primary_key=True, serialize=False)),
                        ("bucket", models.SmallIntegerField()),
                        ("programme_id", models.UUIDField()),
                        ("book_id", models.UUIDField()),
                        ("kind", models.TextField()),
                        ("fact_id", models.UUIDField()),
                        ("step", models.SmallIntegerField()),
                        ("batch_id", models.UUIDField()),
                        ("occurred_on", models.DateField()),
                        ("effective_on", models.DateField()),
                        ("recorded_at", models.DateTimeField()),
                        ("legs", models.SmallIntegerField()),
                        ("payload_hash", models.BinaryField()),
                    ],
                    options={"db_table": "ledger_transaction", "managed": False},
                ),
            ],
        ),
    ]
