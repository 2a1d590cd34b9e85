"""Batches found by the database transaction that wrote them: whoever tells of what is new asks for these alone."""

from django.db import migrations

# Built beside the writers, as in 0005.
FORWARD = [
    "SET lock_timeout = 0",
    "DROP INDEX CONCURRENTLY IF EXISTS ledger_batch_x",
    "CREATE INDEX CONCURRENTLY ledger_batch_x ON ledger_batch (x)",
    "RESET lock_timeout",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ledger", "0005_movements")]
    operations = [
        migrations.RunSQL(FORWARD[0], migrations.RunSQL.noop),
        migrations.RunSQL(FORWARD[1], migrations.RunSQL.noop),
        migrations.RunSQL(FORWARD[2], "DROP INDEX CONCURRENTLY IF EXISTS ledger_batch_x"),
        migrations.RunSQL(FORWARD[3], migrations.RunSQL.noop),
    ]
