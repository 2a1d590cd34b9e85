"""Django's entry for the identity context."""

from django.apps import AppConfig


class IdentityConfig(AppConfig):
    """Programmes, parties, wallets and members."""

    name = "cagnotte.identity"
    default_auto_field = "django.db.models.BigAutoField"
