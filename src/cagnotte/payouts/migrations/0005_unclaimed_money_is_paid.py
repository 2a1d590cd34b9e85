"""A payout of what is kept aside for a closed account has no hold."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("payouts", "0004_members_choose")]

    operations = [
        migrations.AlterField(
            model_name="payout",
            name="hold_id",
            field=models.UUIDField(
                help_text="Empty = out of what is kept aside for a closed account.",
                null=True,
                unique=True,
            ),
        ),
    ]
