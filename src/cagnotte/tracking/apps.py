"""Django's entry for the tracking context."""

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.tracking"
    default_auto_field = "django.db.models.BigAutoField"
