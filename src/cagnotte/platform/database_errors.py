"""What can be wrong with the database, as sentences for the person at the keyboard."""

from cagnotte.domain.errors import CagnotteError


class DatabaseUnavailable(CagnotteError):
    """The database cannot be reached or started."""


class DatabaseFolderUnusable(DatabaseUnavailable):
    """The folder, socket or lock of the embedded database cannot be used."""


class DatabaseVersionUnsupported(DatabaseUnavailable):
    """The server is older than PostgreSQL 15."""


class DatabaseRolesMissing(DatabaseUnavailable):
    """The database user may not take the roles cagnotte_owner and cagnotte_app."""


class DatabaseNotInitialised(DatabaseUnavailable):
    """The database has no tables yet, or older ones; run `cagnotte init`."""


class DatabaseInUse(CagnotteError):
    """Other processes still use the embedded database."""


class DiskFull(DatabaseUnavailable):
    """The disk is full; what was committed is safe, the rest was rolled back. Free some space and run it again."""
