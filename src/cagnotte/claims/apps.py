"""Django's entry for the claims context."""

from django.apps import AppConfig


class ClaimsConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.claims"
    default_auto_field = "django.db.models.BigAutoField"
