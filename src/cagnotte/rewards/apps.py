"""Django's entry for the rewards context."""

from django.apps import AppConfig


class RewardsConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.rewards"
    default_auto_field = "django.db.models.BigAutoField"
