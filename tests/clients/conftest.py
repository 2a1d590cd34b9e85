"""Fixtures of the tests of clients."""

from tests.journeys.conftest import empty_world, world

__all__ = ["empty_world", "world"]
