"""Django's entry for the purchases context."""

from django.apps import AppConfig


class PurchasesConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.purchases"
    default_auto_field = "django.db.models.BigAutoField"
