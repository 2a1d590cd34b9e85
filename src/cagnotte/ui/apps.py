"""Django's entry for the base of all pages."""

from django.apps import AppConfig


class UiConfig(AppConfig):
    """See the package's docstring; it has no tables, but templates and static files."""

    name = "cagnotte.ui"
