"""What `manage.py check` says about the setting CAGNOTTE."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from django.conf import settings
from django.core import checks

from cagnotte_oscar.conf import Conf, conf, told

STATES = ("pending", "confirmed", "declined")
REASONS = ("cancelled", "returned")


def register() -> None:
    """Have the checks run with the others."""
    checks.register(check)


def check(**_: Any) -> Sequence[checks.CheckMessage]:
    """Return what is wrong with the setting."""
    known = conf()
    names = {one.name.upper() for one in fields(Conf)}
    found: list[checks.CheckMessage] = [
        checks.Error(
            f"CAGNOTTE has no key “{name}”; it has {', '.join(sorted(names))}.", id="cagnotte.E001"
        )
        for name in told()
        if name not in names
    ]
    if not known.connected:
        found.append(
            checks.Warning(
                "CAGNOTTE has no URL or no SECRET; orders are noted, and told once it has both.",
                id="cagnotte.W001",
            )
        )
    elif not known.url.startswith("https://") and not settings.DEBUG:
        found.append(checks.Warning("CAGNOTTE's URL is not https://.", id="cagnotte.W002"))
    return found + _statuses(known)


def _statuses(known: Conf) -> list[checks.CheckMessage]:
    """What is wrong with the meanings of the shop's statuses."""
    found: list[checks.CheckMessage] = []
    pipeline = getattr(settings, "OSCAR_ORDER_STATUS_PIPELINE", {})
    for status in known.statuses:
        state, reason = known.state_of(status)
        if state not in STATES or (state == "declined") != (reason in REASONS):
            found.append(
                checks.Error(
                    f"CAGNOTTE says that “{status}” means “{state}”; it may mean pending, confirmed, declined, "
                    f"or declined with a reason, such as ('declined', 'returned').",
                    id="cagnotte.E002",
                )
            )
        if pipeline and status not in pipeline:
            found.append(
                checks.Warning(
                    f"CAGNOTTE names the status “{status}”, which OSCAR_ORDER_STATUS_PIPELINE does not have.",
                    id="cagnotte.W003",
                )
            )
    return found
