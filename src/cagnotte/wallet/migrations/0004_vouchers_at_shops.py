"""Vouchers as shops' own software knows them."""

from django.db import migrations, models

STATES = ("telling", "told", "refused", "calling_off", "ended")


class Migration(migrations.Migration):
    dependencies = [("wallet", "0003_holds_by_wallet")]
    operations = [
        migrations.CreateModel(
            name="VoucherAtShop",
            fields=[
                ("voucher_id", models.UUIDField(primary_key=True, serialize=False)),
                ("programme_id", models.UUIDField()),
                (
                    "account_id",
                    models.UUIDField(help_text="The connection through which the shop is told."),
                ),
                (
                    "form",
                    models.CharField(help_text="As what the shop keeps it.", max_length=20),
                ),
                (
                    "sealed_customer",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="Whose it is at the shop, sealed; empty = anybody's.",
                    ),
                ),
                (
                    "state",
                    models.CharField(choices=[(state, state) for state in STATES], max_length=12),
                ),
                (
                    "native_id",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="The shop's own name of it.",
                        max_length=200,
                    ),
                ),
                (
                    "sealed_code",
                    models.TextField(
                        blank=True,
                        default="",
                        help_text="What is typed there, sealed; empty = the voucher's code.",
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(help_text="The moment after its last one.")),
                ("due_at", models.DateTimeField(help_text="When the shop is asked next.")),
                (
                    "attempts",
                    models.PositiveSmallIntegerField(default=0, help_text="Failed in a row."),
                ),
                ("last_error", models.TextField(blank=True, default="")),
                ("told_at", models.DateTimeField(null=True)),
                (
                    "read_at",
                    models.DateTimeField(help_text="Up to then all uses are booked.", null=True),
                ),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "wallet_voucher_at_shop",
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["telling", "told", "calling_off"])),
                        fields=["due_at"],
                        name="voucher_at_shop_due",
                    )
                ],
            },
        ),
    ]
