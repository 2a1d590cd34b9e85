"""People and members are found by their address: by what `identity.addresses` compares (A to Z small, all else as is)."""

from django.conf import settings
from django.db import migrations

# Built beside the writers. It waits for whoever writes already, longer than other migrations may wait for a lock,
# because nobody queues behind it. What an interrupted build left is dropped first.
INDEXES = {
    "person_by_address": 'auth_user (lower(email COLLATE "C"))',
    "member_by_address": 'identity_member (programme_id, lower(email COLLATE "C"))',
}
DROP = "DROP INDEX CONCURRENTLY IF EXISTS"


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("identity", "0009_shared_cache"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("SET lock_timeout = 0", "RESET lock_timeout"),
        *[
            migrations.RunSQL(*statements)
            for name, on in INDEXES.items()
            for statements in (
                (f"{DROP} {name}", migrations.RunSQL.noop),
                (f"CREATE INDEX CONCURRENTLY {name} ON {on}", f"{DROP} {name}"),
            )
        ],
        migrations.RunSQL("RESET lock_timeout", "SET lock_timeout = 0"),
    ]
