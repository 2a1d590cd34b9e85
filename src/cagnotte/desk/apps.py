"""Django's entry for the desk."""

from django.apps import AppConfig


class DeskConfig(AppConfig):
    """See the package's docstring; it has no tables, but templates and static files."""

    name = "cagnotte.desk"
