"""Fixtures of the journeys' tests."""

from pathlib import Path

import pytest

from tests.journeys.world import World


@pytest.fixture
def world(committed_db: str, tmp_path: Path) -> World:
    """The corner shop's programme, loaded, in a database of its own."""
    assert committed_db
    found = World(tmp_path)
    found.load()
    return found
