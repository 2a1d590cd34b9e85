"""Django's entry for the catalog context."""

from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.catalog"
    default_auto_field = "django.db.models.BigAutoField"
