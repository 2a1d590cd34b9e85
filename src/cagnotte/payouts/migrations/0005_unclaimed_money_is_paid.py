"""A payout of what is kept aside for a closed account has no hold."""

from django.db import migrations, models

# Nobody makes such a payout before the release that knows them runs everywhere: it takes a command of that release.
FORWARD = """
-- squawk-ignore ban-drop-not-null
ALTER TABLE payouts_payout ALTER COLUMN hold_id DROP NOT NULL;
"""
BACK = "ALTER TABLE payouts_payout ALTER COLUMN hold_id SET NOT NULL"


class Migration(migrations.Migration):
    dependencies = [("payouts", "0004_members_choose")]

    operations = [
        migrations.RunSQL(
            FORWARD,
            BACK,
            state_operations=[
                migrations.AlterField(
                    model_name="payout",
                    name="hold_id",
                    field=models.UUIDField(
                        help_text="Empty = out of what is kept aside for a closed account.",
                        null=True,
                        unique=True,
                    ),
                ),
            ],
        ),
    ]
