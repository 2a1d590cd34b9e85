"""The portal's own small world."""

from tests.portal.conftest import portal

__all__ = ["portal"]
