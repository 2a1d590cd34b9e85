"""Django's entry for the growth context."""

from django.apps import AppConfig


class GrowthConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.growth"
    default_auto_field = "django.db.models.BigAutoField"
