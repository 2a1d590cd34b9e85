"""What touched how a person signs in, for that person to look at: when, what, from which kind of device.

Addresses on the network are not kept, and of the browser only its name and its system.
"""

import re
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from cagnotte.identity.models import SecurityEvent

SIGNED_IN = "signed_in"

KEPT_DAYS = 400
"""Events that are older are deleted when a new one is kept."""

_BROWSERS = (
    ("Edge", r"Edg(?:e|A|iOS)?/"),
    ("Opera", r"OPR/|Opera"),
    ("Samsung Internet", r"SamsungBrowser/"),
    ("Firefox", r"Firefox/|FxiOS/"),
    ("Chrome", r"Chrome/|CriOS/|Chromium/"),
    ("Safari", r"Safari/"),
)
_SYSTEMS = (
    ("iPhone", r"iPhone|iPod"),
    ("iPad", r"iPad"),
    ("Android", r"Android"),
    ("Windows", r"Windows"),
    ("macOS", r"Mac OS X|Macintosh"),
    ("ChromeOS", r"CrOS"),
    ("Linux", r"Linux|X11"),
)


class Event(NamedTuple):
    """One of them. device: such as "Firefox, Android", "" where the browser says nothing."""

    at: datetime
    kind: str
    device: str


def device_of(user_agent: str) -> str:
    """Return the browser and the system that a User-Agent names, as far as they are known."""
    found = (_first(_BROWSERS, user_agent), _first(_SYSTEMS, user_agent))
    return ", ".join(name for name in found if name)


def note(*, person: Any, kind: str, user_agent: str, now: datetime) -> bool:
    """Keep an event; return whether it is a sign-in from a device on which the person never signed in before.

    The very first sign-in is from no new device: there is nothing yet to compare it with.
    """
    device = device_of(user_agent)
    earlier = SecurityEvent.objects.filter(person_id=person.pk, kind=SIGNED_IN)
    is_new = kind == SIGNED_IN and earlier.exists() and not earlier.filter(device=device).exists()
    SecurityEvent.objects.filter(
        person_id=person.pk, at__lt=now - timedelta(days=KEPT_DAYS)
    ).delete()
    SecurityEvent.objects.create(person_id=person.pk, at=now, kind=kind, device=device)
    return is_new


def recent(person: Any, *, count: int = 10) -> list[Event]:
    """Return a person's latest events, newest first."""
    rows = SecurityEvent.objects.filter(person_id=person.pk).order_by("-at", "-id")[:count]
    return [Event(row.at, row.kind, row.device) for row in rows]


def _first(names: tuple[tuple[str, str], ...], text: str) -> str:
    return next((name for name, pattern in names if re.search(pattern, text)), "")
