"""What searching by words needs of the server: two of its own extensions, and a function that folds text.

Both extensions come with PostgreSQL and may be created by whoever may create in the database, which `cagnotte init`
sees to for the owner's role. Where a server keeps even that from it, the sentence below says what to run.
"""

from typing import Any

from django.db import migrations
from django.db.utils import NotSupportedError, ProgrammingError

from cagnotte.platform.database_errors import DatabaseRolesMissing

EXTENSIONS = ("pg_trgm", "unaccent")


def create_extensions(_apps: Any, editor: Any) -> None:
    """Make sure both are there.

    Raises DatabaseRolesMissing where they may not be created, are not installed, or are in another schema.
    """
    for name in EXTENSIONS:
        with editor.connection.cursor() as cursor:
            try:
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name} WITH SCHEMA public")
                cursor.execute(
                    "SELECT extnamespace = 'public'::regnamespace FROM pg_extension WHERE extname = %s",
                    [name],
                )
                is_public = cursor.fetchone() == (True,)
            except (NotSupportedError, ProgrammingError) as error:
                raise _missing(name, f"CREATE EXTENSION {name} WITH SCHEMA public") from error
        if not is_public:
            raise _missing(name, f"ALTER EXTENSION {name} SET SCHEMA public")


def _missing(name: str, statement: str) -> DatabaseRolesMissing:
    return DatabaseRolesMissing(
        f"The database needs the extension {name} in its schema public, and the owner's role may not bring it there. "
        f"Let an administrator run in this database, then migrate again:\n    {statement};"
    )


FOLD = """
CREATE FUNCTION public.catalog_folded(text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(public.unaccent('public.unaccent'::regdictionary, $1));
"""


class Migration(migrations.Migration):
    dependencies = [("catalog", "0003_storefronts")]
    operations = [
        # What another program may use as well is not taken away on the way back.
        migrations.RunPython(create_extensions, migrations.RunPython.noop),
        migrations.RunSQL(FOLD, "DROP FUNCTION public.catalog_folded(text)"),
    ]
