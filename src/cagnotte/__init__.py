"""Cagnotte: the open-source cashback platform. ARCHITECTURE.md follows one purchase through these packages."""

__version__ = "0.1.0"
