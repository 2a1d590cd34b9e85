"""Holds of a wallet, newest first, whatever became of them: for limits of spending and for lists."""

from django.db import migrations, models

# Built beside the writers. It waits for whoever writes already, longer than other migrations may wait for a lock,
# because nobody queues behind it. What an interrupted build left is dropped first.
FORWARD = [
    "SET lock_timeout = 0",
    "DROP INDEX CONCURRENTLY IF EXISTS hold_of_wallet",
    "CREATE INDEX CONCURRENTLY hold_of_wallet ON wallet_hold (wallet_id, created_at)",
    "RESET lock_timeout",
]
BACK = [
    "SET lock_timeout = 0",
    "DROP INDEX CONCURRENTLY IF EXISTS hold_of_wallet",
    "SELECT 1",
    "RESET lock_timeout",
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("wallet", "0002_vouchers")]
    operations = [
        *[
            migrations.RunSQL(forward, back)
            for forward, back in zip(FORWARD, reversed(BACK), strict=True)
        ],
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddIndex(
                    model_name="hold",
                    index=models.Index(fields=["wallet_id", "created_at"], name="hold_of_wallet"),
                )
            ]
        ),
    ]
