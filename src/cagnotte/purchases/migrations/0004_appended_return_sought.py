"""Returns that look for their order, by the source that told them."""

from django.db import migrations, models

# Built beside the writers. It waits for whoever writes already, longer than other migrations may wait for a lock,
# because nobody queues behind it. What an interrupted build left is dropped first.
BUILD = [
    ("SET lock_timeout = 0", "RESET lock_timeout"),
    (
        "DROP INDEX CONCURRENTLY IF EXISTS appended_return_sought",
        "DROP INDEX CONCURRENTLY IF EXISTS appended_return_sought",
    ),
    (
        (
            "CREATE INDEX CONCURRENTLY appended_return_sought ON purchases_appendedreturn (source_id, return_key) "
            "WHERE sought IS NOT NULL"
        ),
        "SELECT 1",
    ),
    ("RESET lock_timeout", "SET lock_timeout = 0"),
]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("purchases", "0003_returns_that_name_no_order")]
    operations = [
        *[migrations.RunSQL(forward, back) for forward, back in BUILD],
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddIndex(
                    model_name="appendedreturn",
                    index=models.Index(
                        condition=models.Q(("sought__isnull", False)),
                        fields=["source_id", "return_key"],
                        name="appended_return_sought",
                    ),
                ),
            ],
        ),
    ]
