"""Fixtures of the tests of examples."""

from collections.abc import Iterator

import pytest

from tests.clients.serving import Served, served


@pytest.fixture
def sandbox(committed_db: str) -> Iterator[Served]:
    """Cagnotte, served over a database of its own."""
    assert committed_db
    with served() as found:
        yield found
