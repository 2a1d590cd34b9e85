"""Post with fewer look-ups: the SQL is in the file of the same name."""

from pathlib import Path

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_seals")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_name("0004_posting.sql").read_text(encoding="utf-8"),
            # The function before and this one write the same rows; going back needs nothing undone.
            migrations.RunSQL.noop,
        )
    ]
