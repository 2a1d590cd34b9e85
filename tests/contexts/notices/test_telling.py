"""Members are told once, by the channels they chose, and what comes together is one letter."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.domain.errors import NotFound
from cagnotte.identity import consents
from cagnotte.identity.models import Member
from cagnotte.notices import centre, telling
from cagnotte.notices.models import Letter, Notice
from cagnotte.notices.models import QuietHours as QuietRow
from cagnotte.platform.shared_connection import shared_connection
from tests.portal.conftest import NOW, Portal
from tests.portal.conftest import portal as portal  # noqa: PLC0414 - a fixture
from tests.portal.people import enrol, signed_in

FACTS = {"shop": "Maison Verte", "amount_minor": 345, "currency": "EUR"}


def tell(member: Member, kind: str = "tracked", key: str = "1", at: datetime = NOW) -> bool:
    """Tell a member something at a moment."""
    return telling.tell(
        shared_connection(),
        programme_id=member.programme_id,
        wallet_id=member.wallet_id,
        kind=kind,
        facts=FACTS,
        key=key,
        now=at,
    )


def letters() -> list[tuple[str, str, int]]:
    """What is on its way: channel, kind, how many notices."""
    rows = Letter.objects.order_by("channel", "kind", "number")
    return [(row.channel, row.kind, len(row.notice_ids)) for row in rows]


def test_the_same_key_is_told_once(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    assert tell(ana)
    assert not tell(ana)
    assert (Notice.objects.count(), letters()) == (1, [("email", "tracked", 1)])


def test_several_of_one_kind_become_one_letter(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    for key in "123":
        tell(ana, key=key)
    tell(ana, "available")
    assert letters() == [("email", "available", 1), ("email", "tracked", 3)]


def test_what_a_sender_has_taken_gathers_no_more(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    tell(ana)
    Letter.objects.update(state="sending")
    tell(ana, key="2")
    assert letters() == [("email", "tracked", 1), ("email", "tracked", 1)]


def test_who_signs_in_nowhere_gets_no_letters(portal: Portal) -> None:
    bob = enrol("portal", "bob", now=NOW, email="bob@shop.example")
    assert tell(bob)
    assert (Notice.objects.count(), letters()) == (1, [])


def test_old_news_are_noted_and_not_sent(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    news = telling.News(
        ana.programme_id, ana.wallet_id, "tracked", "1", FACTS, NOW - timedelta(days=8)
    )
    assert telling.tell_all(shared_connection(), [news], now=NOW) == 1
    assert letters() == []


def test_an_unknown_kind_is_refused_and_nothing_is_kept(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    with pytest.raises(NotFound):
        tell(ana, "gossip")
    assert not Notice.objects.exists()


def test_marketing_is_sent_to_who_agreed_alone(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    tell(ana, "reminder")
    assert (Notice.objects.count(), letters()) == (1, [])
    said = Consent(Purpose.MARKETING, granted=True, at=NOW, source="test", text_version="1")
    consents.record(wallet_id=ana.wallet_id, consent=said)
    tell(ana, "reminder", key="2")
    assert letters() == [("email", "reminder", 1)]


def test_letters_wait_for_the_night_to_end_and_warnings_do_not(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    late = datetime(2026, 3, 10, 22, 30, tzinfo=UTC)
    tell(ana, at=late)
    tell(ana, "security", at=late)
    assert dict(Letter.objects.values_list("kind", "next_at")) == {
        "tracked": datetime(2026, 3, 11, 7, tzinfo=UTC),  # eight o'clock in Paris
        "security": late,
    }


def test_quiet_hours_are_the_members_own(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    QuietRow.objects.create(
        wallet_id=ana.wallet_id, programme_id=portal.id, bucket=0, kept=True, begins=12, ends=15
    )
    tell(ana)
    assert Letter.objects.get().next_at == datetime(2026, 3, 10, 14, tzinfo=UTC)


def test_thousands_are_told_in_a_handful_of_queries(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    connection = shared_connection()
    count = 0
    execute = connection.execute

    def counted(*args: Any, **more: Any) -> Any:
        nonlocal count
        count += 1
        return execute(*args, **more)

    connection.execute = counted  # type: ignore[method-assign]
    try:
        news = [
            telling.News(portal.id, ana.wallet_id, "confirmed", str(n), FACTS, NOW)
            for n in range(3_000)
        ]
        assert telling.tell_all(connection, news, now=NOW) == 3_000
    finally:
        connection.execute = execute  # type: ignore[method-assign]
    assert count <= 5
    assert letters() == [("email", "confirmed", 3_000)]


def test_only_the_members_own_notices_are_found(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    bob = signed_in("portal", "bob", now=NOW).member
    tell(ana)
    connection = shared_connection()
    (mine,) = centre.page(connection, ana.wallet_id, count=10)
    assert mine.facts == FACTS
    assert centre.page(connection, bob.wallet_id, count=10) == []
    assert centre.notice(connection, bob.wallet_id, mine.public_id) is None
    assert centre.notice(connection, ana.wallet_id, "not_nonsense") is None
    centre.read_one(connection, bob.wallet_id, mine.id, now=NOW)
    assert centre.unread(connection, ana.wallet_id) == 1
    centre.read_one(connection, ana.wallet_id, mine.id, now=NOW)
    assert centre.unread(connection, ana.wallet_id) == 0


def test_reading_all_leaves_what_came_meanwhile(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW).member
    tell(ana)
    connection = shared_connection()
    seen = Notice.objects.get().number
    tell(ana, key="2")
    assert centre.read_all(connection, ana.wallet_id, up_to=seen, now=NOW) == 1
    assert centre.unread(connection, ana.wallet_id) == 1
