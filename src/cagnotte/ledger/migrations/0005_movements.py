"""A member's entries in the order they happened: the index of statements learns the transaction's id."""

from django.db import migrations

# Built beside the writers. It waits for whoever writes already, longer than other migrations may wait for a lock,
# because nobody queues behind it. What an interrupted build left is dropped first.
FORWARD = [
    "SET lock_timeout = 0",
    "DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_movement",
    "CREATE INDEX CONCURRENTLY ledger_entry_movement ON ledger_entry (account_id, transaction_id) WHERE row_mode",
    "DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_statement",
    "RESET lock_timeout",
]
BACK = [
    "SET lock_timeout = 0",
    "DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_statement",
    "CREATE INDEX CONCURRENTLY ledger_entry_statement ON ledger_entry (account_id) WHERE row_mode",
    "DROP INDEX CONCURRENTLY IF EXISTS ledger_entry_movement",
    "RESET lock_timeout",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("ledger", "0004_posting")]
    operations = [
        migrations.RunSQL(forward, back)
        for forward, back in zip(FORWARD, reversed(BACK), strict=True)
    ]
