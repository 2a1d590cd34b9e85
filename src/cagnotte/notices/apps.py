"""Django's entry for the notices context."""

from django.apps import AppConfig


class NoticesConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.notices"
    default_auto_field = "django.db.models.BigAutoField"
