"""Holds of a wallet, newest first, whatever became of them: for limits of spending and for lists."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("wallet", "0002_vouchers")]
    operations = [
        AddIndexConcurrently(
            model_name="hold",
            index=models.Index(fields=["wallet_id", "created_at"], name="hold_of_wallet"),
        ),
    ]
