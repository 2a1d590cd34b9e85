"""Django's entry for the payouts context."""

from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.payouts"
    default_auto_field = "django.db.models.BigAutoField"
