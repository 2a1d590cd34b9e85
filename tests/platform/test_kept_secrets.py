"""Secrets are sealed, replaced with a time of overlap, and never shown."""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from cagnotte.domain.errors import InvalidInput
from cagnotte.platform import kept_secrets
from cagnotte.platform.kept_secrets import KeptSecret, SecretTold

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Row:
    """A row of any table of secrets."""

    def __init__(self) -> None:
        self.name, self.sealed, self.sealed_before = "key", "", ""
        self.before_until: datetime | None = None
        self.replaced_at: datetime | None = None
        self.saved = 0

    def save(self) -> None:
        """Count."""
        self.saved += 1


def row() -> Any:
    return Row()


def filled(kept: Any, value: str, at: datetime = NOW, **options: int) -> bool:
    return kept_secrets.fill(cast("KeptSecret", kept), value, now=at, **options)


def test_a_secret_is_sealed_and_told_by_its_fingerprint_alone() -> None:
    kept = row()
    assert filled(kept, "open sesame")
    assert "sesame" not in kept.sealed
    assert kept_secrets.values(kept, NOW) == ["open sesame"]
    assert kept_secrets.told(kept, now=NOW) == SecretTold("key", NOW, "d4eb", None)


def test_the_one_before_stays_valid_for_a_while() -> None:
    kept = row()
    filled(kept, "first")
    assert filled(kept, "second", NOW + timedelta(hours=1), keep_hours=2)
    until = NOW + timedelta(hours=3)
    assert kept_secrets.values(kept, until - timedelta(seconds=1)) == ["second", "first"]
    assert kept_secrets.values(kept, until) == ["second"]
    assert kept_secrets.told(kept, now=NOW).before_until == until
    assert kept_secrets.told(kept, now=until).before_until is None


def test_one_that_has_leaked_is_replaced_at_once() -> None:
    kept = row()
    filled(kept, "leaked")
    filled(kept, "fresh", keep_hours=0)
    assert kept_secrets.values(kept, NOW) == ["fresh"]


def test_the_same_value_again_changes_nothing() -> None:
    kept = row()
    filled(kept, "same")
    assert not filled(kept, "same", NOW + timedelta(days=1))
    assert (kept.saved, kept.replaced_at, kept.sealed_before) == (1, NOW, "")


@pytest.mark.parametrize("value", ["", "\n", "  ", " \r\n", "a\x00b"])
def test_what_can_be_no_secret_is_refused(value: str) -> None:
    with pytest.raises(InvalidInput):
        kept_secrets.cleaned("key", value)


def test_line_ends_are_not_part_of_a_secret_and_spaces_are() -> None:
    assert kept_secrets.cleaned("key", "\r\n open sesame \n") == " open sesame "


def test_all_that_is_asked_for_is_told_in_its_order_also_what_is_missing() -> None:
    kept = row()
    filled(kept, "open sesame")
    told = kept_secrets.told_of({"token": True, "key": False}, [kept], now=NOW)
    assert told == [
        SecretTold("token", needed=True),
        SecretTold("key", NOW, "d4eb", None, needed=False),
    ]
