"""The app, for INSTALLED_APPS."""

from django.apps import AppConfig


class CagnotteOscarConfig(AppConfig):
    """Connects to what Oscar says about orders."""

    name = "cagnotte_oscar"
    verbose_name = "Cagnotte"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Begin to listen."""
        # Models are there only now.
        from cagnotte_oscar import checks, listening  # noqa: PLC0415

        checks.register()
        listening.connect()
