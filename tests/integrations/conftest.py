"""Fixtures of the tests of plugins for shops."""

from tests.journeys.conftest import empty_world

__all__ = ["empty_world"]
