"""Sessions that have ended leave nothing behind: neither themselves nor from where they were."""

from datetime import UTC, datetime, timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session

from cagnotte.identity import sessions
from cagnotte.platform.database import connect

NOW = datetime(2026, 3, 12, 10, tzinfo=UTC)


@pytest.fixture
def people(committed_db: str) -> None:
    """Sessions that end in a minute, now, and a minute ago, and one that was signed out; two of nobody."""
    assert committed_db
    ana = get_user_model().objects.create(username="ana")
    for key, minutes in (("goes on", 1), ("is over", -1), ("nobody on", 1), ("nobody over", -1)):
        Session.objects.create(session_key=key, expire_date=NOW + timedelta(minutes=minutes))
    for key in ("goes on", "is over", "signed out"):
        UserSession.objects.create(user=ana, session_key=key, ip="192.0.2.7", user_agent="Firefox")


def forget() -> int:
    with connect() as connection:
        return sessions.forget_expired(connection, now=NOW)


@pytest.mark.parametrize("at_once", [1, 2, 5_000])
def test_they_are_deleted_with_the_addresses_they_came_from(
    people: None, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(sessions, "DELETED_AT_ONCE", at_once)
    assert forget() == 4
    assert set(Session.objects.values_list("session_key", flat=True)) == {"goes on", "nobody on"}
    assert list(UserSession.objects.values_list("session_key", "ip")) == [("goes on", "192.0.2.7")]
    assert forget() == 0
