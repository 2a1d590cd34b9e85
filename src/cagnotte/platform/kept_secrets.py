"""Secrets that people fill in: sealed in a row each, replaced with a time of overlap, never shown again.

A context gives them a table by inheriting from `KeptSecret`, and says in it whose they are. While a secret is being
replaced the one before stays valid for some hours, so that the other side can change over.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models

from cagnotte.domain.errors import InvalidInput
from cagnotte.platform.secrets_box import seal, unseal

KEEP_HOURS = 24
"""How long a replaced secret stays valid."""


class KeptSecret(models.Model):
    """One secret, sealed, and the one before it while the other side changes over."""

    name = models.CharField(max_length=50)
    sealed = models.TextField(help_text="See `platform.secrets_box`.")
    sealed_before = models.TextField(blank=True, default="")
    before_until = models.DateTimeField(
        null=True, help_text="Until when the one before is valid too."
    )
    replaced_at = models.DateTimeField(help_text="Since when the present one stands.")

    class Meta:
        """Only what inherits from it is a table."""

        abstract = True

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class SecretTold:
    """A secret as people may see it: never its value.

    since: None while it is missing. fingerprint: last four digits of its SHA-256. before_until: how long the one
    before is valid too, None when there is none. needed: its plugin cannot do without.
    """

    name: str
    since: datetime | None = None
    fingerprint: str = ""
    before_until: datetime | None = None
    needed: bool = True


def cleaned(name: str, value: str) -> str:
    """Return a secret as it is kept: line ends around it are not part of it.

    Raises InvalidInput for one that is empty or holds what no secret can.
    """
    value = value.strip("\r\n")
    if not value.strip():
        raise InvalidInput("The secret is empty; the one before stays.", name=name)
    if "\x00" in value:
        raise InvalidInput("The secret holds a character that no secret can.", name=name)
    return value


def fill(row: KeptSecret, value: str, *, now: datetime, keep_hours: int = KEEP_HOURS) -> bool:
    """Write a value into a row, new or known, and save it; False when it holds that value already.

    The caller has locked whatever stands for the row, so that two people who replace a secret do so in turn.
    """
    if row.sealed:
        if unseal(row.sealed) == value:
            return False
        row.sealed_before, row.before_until = row.sealed, now + timedelta(hours=keep_hours)
    row.sealed, row.replaced_at = seal(value), now
    row.save()
    return True


def has_before(row: KeptSecret, now: datetime) -> bool:
    """Tell whether the value before is still valid."""
    return bool(row.sealed_before) and row.before_until is not None and row.before_until > now


def values(row: KeptSecret, now: datetime) -> list[str]:
    """Return the present value, then the one before while it is valid. Raises SecretUnreadable."""
    before = [unseal(row.sealed_before)] if has_before(row, now) else []
    return [unseal(row.sealed), *before]


def told(row: KeptSecret, *, now: datetime, needed: bool = True) -> SecretTold:
    """Return what may be shown of a secret. Raises SecretUnreadable."""
    digest = hashlib.sha256(unseal(row.sealed).encode()).hexdigest()
    before_until = row.before_until if has_before(row, now) else None
    return SecretTold(row.name, row.replaced_at, digest[-4:], before_until, needed)


def told_of(
    asked: Mapping[str, bool], rows: Iterable[KeptSecret], *, now: datetime
) -> list[SecretTold]:
    """Return what may be shown of the secrets that are asked for: by name, whether each is needed."""
    kept = {row.name: row for row in rows}
    return [
        told(kept[name], now=now, needed=needed)
        if name in kept
        else SecretTold(name, needed=needed)
        for name, needed in asked.items()
    ]
