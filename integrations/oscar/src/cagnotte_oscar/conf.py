"""What a shop says in its setting CAGNOTTE; see the README for each key."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from django.conf import settings

CLICK_PARAMETER = "cagnotte_click"
"""The parameter of an address, and the name of the cookie, that hold the click."""

CLICK = re.compile(r"[0-9A-Za-z_-]{1,64}")
"""What a click may look like; anything else was not made by Cagnotte."""


@dataclass(frozen=True)
class Conf:
    """The setting CAGNOTTE, its names in lower case."""

    url: str = ""
    secret: str = ""
    statuses: Mapping[str, str | Sequence[str]] = field(default_factory=dict)
    refund_events: Sequence[str] = ("Refund",)
    send_at_once: bool = True
    timeout_seconds: float = 3
    click_days: int = 30
    send_email: bool = False
    test: bool = False

    @property
    def connected(self) -> bool:
        """Whether it is known where to tell orders, and how to sign them."""
        return bool(self.url and self.secret)

    def state_of(self, status: str) -> tuple[str, str]:
        """Return what a status of the shop means to Cagnotte and why it declines; ("", "") when it says nothing."""
        meant = self.statuses.get(status, "")
        if isinstance(meant, str):
            return meant, "cancelled" if meant == "declined" else ""
        state, reason = meant
        return state, reason


def told() -> Mapping[str, Any]:
    """Return the setting as the shop wrote it."""
    written: Mapping[str, Any] = getattr(settings, "CAGNOTTE", {})
    return written


def conf() -> Conf:
    """Read the setting. Unknown names are left to `checks`, which tells of them."""
    known = {one.name for one in fields(Conf)}
    return Conf(**{name.lower(): value for name, value in told().items() if name.lower() in known})
