"""An address, a card or a receipt may be several members'; a code of one member's own stays theirs alone."""

from django.db import migrations, models

# Built beside whoever writes; what an interrupted build left is dropped first.
INDEXES = {
    "member_key_of_wallet": (
        "CREATE UNIQUE INDEX CONCURRENTLY member_key_of_wallet"
        " ON identity_memberkey (programme_id, kind, value, wallet_id)"
    ),
    "member_key_sole": (
        "CREATE UNIQUE INDEX CONCURRENTLY member_key_sole ON identity_memberkey (programme_id, kind, value)"
        " WHERE kind IN ('promo_code', 'qr_code')"
    ),
}

# No release before this one writes a key, so none rests on the guarantee that goes.
DROP = "-- squawk-ignore ban-drop-constraint\nALTER TABLE identity_memberkey DROP CONSTRAINT IF EXISTS member_key_unique"
PUT_BACK = "ALTER TABLE identity_memberkey ADD CONSTRAINT member_key_unique UNIQUE (programme_id, kind, value)"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("identity", "0002_sites_and_ages_of_keys")]
    operations = [
        migrations.RunSQL("SET lock_timeout = 0", "RESET lock_timeout"),
        *(
            migrations.RunSQL(statement, reverse)
            for name, build in INDEXES.items()
            for statement, reverse in (
                (f"DROP INDEX CONCURRENTLY IF EXISTS {name}", migrations.RunSQL.noop),
                (build, f"DROP INDEX CONCURRENTLY IF EXISTS {name}"),
            )
        ),
        migrations.RunSQL("RESET lock_timeout", "SET lock_timeout = 0"),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL([DROP], [PUT_BACK])],
            state_operations=[
                migrations.RemoveConstraint(model_name="memberkey", name="member_key_unique"),
                migrations.AddConstraint(
                    model_name="memberkey",
                    constraint=models.UniqueConstraint(
                        "programme", "kind", "value", "wallet", name="member_key_of_wallet"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="memberkey",
                    constraint=models.UniqueConstraint(
                        fields=["programme", "kind", "value"],
                        condition=models.Q(kind__in=["promo_code", "qr_code"]),
                        name="member_key_sole",
                    ),
                ),
            ],
        ),
    ]
