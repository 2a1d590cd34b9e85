"""Fixtures of the tests of vouchers at shops."""

from tests.journeys.conftest import empty_world

__all__ = ["empty_world"]
