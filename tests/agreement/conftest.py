"""SQL against plain Python: what a set-based query does must be what the functions of the domain say."""

from tests.journeys import conftest

empty_world = conftest.empty_world
