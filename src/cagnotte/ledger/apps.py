"""The ledger as a Django application."""

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """Tables are made by SQL in the first migration; the models only show them in the admin."""

    name = "cagnotte.ledger"
    label = "ledger"
    verbose_name = "Ledger"
