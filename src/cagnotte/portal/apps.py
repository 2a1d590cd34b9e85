"""Django's entry for the portal."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.portal"
    default_auto_field = "django.db.models.BigAutoField"
