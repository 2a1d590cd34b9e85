"""Django's entry for the inbox context."""

from django.apps import AppConfig


class InboxConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.inbox"
    default_auto_field = "django.db.models.BigAutoField"
