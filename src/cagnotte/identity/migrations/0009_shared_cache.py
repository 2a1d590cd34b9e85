"""The limits on attempts to sign in, counted by all processes together (`cagnotte.platform.shared_cache`)."""

from django.db import migrations

# The columns are those that Django's cache in the database expects. Nothing in it is worth a write-ahead log.
MAKE = """
CREATE UNLOGGED TABLE identity_sharedcache (
    cache_key varchar(255) NOT NULL PRIMARY KEY,
    value text NOT NULL,
    expires timestamp with time zone NOT NULL
);
CREATE INDEX identity_sharedcache_expires ON identity_sharedcache (expires);
"""
UNMAKE = "DROP TABLE identity_sharedcache;"


class Migration(migrations.Migration):
    dependencies = [("identity", "0008_accounts_of_members")]

    operations = [migrations.RunSQL(MAKE, UNMAKE)]
