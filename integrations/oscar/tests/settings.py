"""The small shop, with tables made from models, which is faster than all of Oscar's migrations."""

from sandbox.settings import *  # noqa: F403
from sandbox.settings import CAGNOTTE as CAGNOTTE_OF_THE_SHOP


class NoMigrations:
    """Every app, and none has migrations."""

    def __contains__(self, app: str) -> bool:
        return True

    def __getitem__(self, app: str) -> None:
        return None


MIGRATION_MODULES = NoMigrations()
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
CAGNOTTE = {
    **CAGNOTTE_OF_THE_SHOP,
    "URL": "http://127.0.0.1:9/in",
    "SECRET": "whsec_c2VjcmV0IG9mIHRoZSBzaG9w",
    "SEND_AT_ONCE": False,
}
