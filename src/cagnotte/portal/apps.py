"""Django's entry for the portal."""

from django.apps import AppConfig


class PortalConfig(AppConfig):
    """See the package's docstring; it has no tables, but templates and static files."""

    name = "cagnotte.portal"
