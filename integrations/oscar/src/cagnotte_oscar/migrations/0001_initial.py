"""The table of what has still to be told."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("order", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="OrderToTell",
            fields=[
                (
                    "order",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="cagnotte",
                        serialize=False,
                        to="order.order",
                    ),
                ),
                ("click", models.CharField(blank=True, default="", max_length=64)),
                ("member", models.CharField(blank=True, default="", max_length=64)),
                ("changes", models.PositiveIntegerField(default=1)),
                ("told", models.PositiveIntegerField(default=0)),
                ("due_at", models.DateTimeField(db_index=True)),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("last_error", models.CharField(blank=True, default="", max_length=300)),
                ("told_at", models.DateTimeField(blank=True, null=True)),
                ("digest", models.CharField(blank=True, default="", max_length=64)),
            ],
            options={
                "verbose_name": "order to tell",
                "verbose_name_plural": "orders to tell",
            },
        ),
    ]
