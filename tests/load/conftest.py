"""Fixtures of the loads."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.world import World


@pytest.fixture
def empty_world(committed_db: str, tmp_path: Path) -> Iterator[World]:
    """A database of its own without a programme; whatever the load did, its books must be in order."""
    assert committed_db
    found = World(tmp_path)
    yield found
    assert found.faults() == []


@pytest.fixture
def world(empty_world: World) -> World:
    """The corner shop's programme, loaded."""
    empty_world.load()
    return empty_world
