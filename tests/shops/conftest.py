"""Which real shops are opened: pretix takes minutes to install and to migrate, so only `make nightly` asks for it."""

import os

from tests.journeys.conftest import empty_world

__all__ = ["empty_world"]

collect_ignore = [] if os.environ.get("CAGNOTTE_PRETIX") else ["test_pretix.py"]
