"""Let the database refuse accounts that are not what the chart says: its SQL is in the file of the same name."""

from pathlib import Path

from django.db import migrations

UNDO = """
DROP TRIGGER ledger_as_charted ON ledger_account;
DROP FUNCTION ledger_guard_accounts();
DROP FUNCTION ledger_account_id(uuid, text, uuid, text);
DROP TABLE ledger_chart;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_ledger")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_name("0002_chart.sql").read_text(encoding="utf-8"), UNDO
        )
    ]
