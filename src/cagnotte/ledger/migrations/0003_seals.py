"""Seal closed batches: its SQL is in the file of the same name."""

from pathlib import Path

from django.db import migrations

UNDO = """
DROP FUNCTION ledger_append_seal(uuid, integer, text, xid8, uuid[], integer[], bytea[]);
DROP FUNCTION ledger_owed_text(uuid, integer, text, uuid, bigint, bigint, bigint, bigint);
DROP FUNCTION ledger_transaction_text(ledger_transaction, bytea, text);
DROP FUNCTION ledger_leg_text(ledger_entry, ledger_transaction);
DROP FUNCTION ledger_leg_salt(bytea, uuid, smallint);
DROP TABLE ledger_sealed_batch;
DROP TABLE ledger_seal;
DROP TABLE ledger_seal_key;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_chart")]
    operations = [
        migrations.RunSQL(
            Path(__file__).with_name("0003_seals.sql").read_text(encoding="utf-8"), UNDO
        )
    ]
