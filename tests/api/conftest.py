"""Fixtures of the tests of addresses for machines."""

from tests.journeys.conftest import empty_world, world

__all__ = ["empty_world", "world"]
