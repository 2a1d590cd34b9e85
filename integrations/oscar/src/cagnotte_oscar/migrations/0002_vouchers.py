"""The table of vouchers that were made for Cagnotte."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cagnotte_oscar", "0001_initial"), ("voucher", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="VoucherOfCagnotte",
            fields=[
                (
                    "cagnotte_id",
                    models.CharField(max_length=64, primary_key=True, serialize=False),
                ),
                (
                    "voucher",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="cagnotte",
                        to="voucher.voucher",
                    ),
                ),
            ],
            options={
                "verbose_name": "voucher of Cagnotte",
                "verbose_name_plural": "vouchers of Cagnotte",
            },
        ),
    ]
