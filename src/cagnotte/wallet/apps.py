"""Django's entry for the wallet context."""

from django.apps import AppConfig


class WalletConfig(AppConfig):
    """See the package's docstring."""

    name = "cagnotte.wallet"
    default_auto_field = "django.db.models.BigAutoField"
