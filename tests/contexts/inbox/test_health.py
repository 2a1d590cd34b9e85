"""Health of sources: what is counted, and what deserves an alarm."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.db import transaction

from cagnotte.hooks.sources import Message
from cagnotte.identity import services as identity
from cagnotte.inbox import accounts, services
from cagnotte.inbox.accounts import AccountFacts
from cagnotte.inbox.health import Health, health, to_read
from cagnotte.inbox.models import Account, Order
from cagnotte.inbox.models import Message as Row
from cagnotte.platform.database import connect
from cagnotte.purchases import services as purchases

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
Connection = psycopg.Connection[Any]


@pytest.fixture
def account(committed_db: str) -> Account:
    assert committed_db
    with transaction.atomic():
        programme = identity.save_programme(
            slug="corner", name="Corner", currency="EUR", timezone="Europe/Paris", now=NOW
        )
        facts = AccountFacts("partners", "postback", {}, {}, "", "Europe/Paris", 100, 60, 48)
        accounts.connect(programme.id, purchases.source_id_of(programme.id, "partners"), facts)
    found = accounts.account(programme.id, "partners")
    accounts.set_secret(found, "secret", "s", now=NOW)
    return found


@pytest.fixture
def connection(committed_db: str) -> Iterator[Connection]:
    assert committed_db
    with connect() as opened:
        yield opened


def hear(connection: Connection, account: Account, *bodies: bytes, at: datetime = NOW) -> None:
    with connection.transaction():
        services.keep(
            connection,
            account.id,
            [Message(one) for one in bodies],
            via="push",
            signed=True,
            now=at,
        )


def order(account: Account, state: str, **facts: Any) -> None:
    Order.objects.create(
        **{
            "id": uuid4(),
            "account_id": account.id,
            "programme_id": account.programme_id,
            "object_id": str(uuid4()),
            "state": state,
            "due": False,
            "first_message_at": NOW,
            "last_message_at": NOW,
            **facts,
        }
    )


def looked_at(connection: Connection, at: datetime = NOW) -> Health:
    (found,) = health(connection, accounts.accounts(), now=at)
    return found


def test_a_source_that_does_well_has_no_alarm(connection: Connection, account: Account) -> None:
    hear(connection, account, b"1", b"2")
    Row.objects.update(state="read")
    order(account, "standing", wallet_id=uuid4(), occurred_at=NOW - 3 * HOUR)
    found = looked_at(connection)
    assert found.alarms == []
    assert (found.messages, found.error_percent, found.unread) == (2, 0, 0)
    assert (found.members, found.attributed_percent, found.delay_seconds) == (1, 100, 3 * 3_600)
    assert found.waiting == {}


def test_a_silent_source_raises_an_alarm_exactly_when_its_time_is_over(
    connection: Connection, account: Account
) -> None:
    assert looked_at(connection).alarms == ["Nothing has come from it yet."]
    hear(connection, account, b"1")
    Row.objects.update(state="read")
    assert looked_at(connection, NOW + 48 * HOUR).alarms == []
    (alarm,) = looked_at(connection, NOW + 48 * HOUR + timedelta(seconds=1)).alarms
    assert alarm == "It has been silent since 2026-11-20 12:00 UTC, for more than 48 hours."
    Account.objects.update(silent_after_hours=None)
    assert looked_at(connection, NOW + 4_800 * HOUR).alarms == []


def test_a_source_at_rest_has_no_alarm(connection: Connection, account: Account) -> None:
    assert looked_at(connection).alarms
    Account.objects.update(active=False)
    assert looked_at(connection).alarms == []


def test_failures_in_a_row_raise_an_alarm_from_the_third_on(
    connection: Connection, account: Account
) -> None:
    hear(connection, account, b"1")
    Row.objects.update(state="read")
    for failures, alarms in ((2, 0), (3, 1), (0, 0)):
        Account.objects.update(errors_in_a_row=failures, last_error="It answered 403.")
        found = looked_at(connection).alarms
        assert len(found) == alarms
    Account.objects.update(errors_in_a_row=7)
    assert looked_at(connection).alarms == [
        "It could not be asked 7 times in a row: It answered 403."
    ]


def test_messages_that_nobody_reads_raise_an_alarm(
    connection: Connection, account: Account
) -> None:
    hear(connection, account, b"1", b"2")
    found = looked_at(connection, NOW + HOUR)
    assert (found.unread, found.unread_since, found.alarms) == (2, NOW, [])
    (alarm,) = looked_at(connection, NOW + HOUR + timedelta(seconds=1)).alarms
    assert "wait to be read since 2026-11-20 12:00 UTC; does `cagnotte worker` run?" in alarm


def test_wrong_signatures_raise_an_alarm_until_a_right_one_comes(
    connection: Connection, account: Account
) -> None:
    hear(connection, account, b"1")
    Row.objects.update(state="read")
    accounts.note_refusal(account, now=NOW + HOUR)
    assert "Requests with a wrong signature came" in looked_at(connection, NOW + HOUR).alarms[0]
    hear(connection, account, b"2", at=NOW + 2 * HOUR)
    Row.objects.update(state="read")
    assert looked_at(connection, NOW + 2 * HOUR).alarms == []


def test_what_is_missing_raises_an_alarm(connection: Connection, account: Account) -> None:
    hear(connection, account, b"1")
    Row.objects.update(state="read")
    account.secret_set.all().delete()
    assert looked_at(connection).alarms == [
        "Its secret “secret” is not set; set it with `cagnotte sources secret partners secret`."
    ]
    Account.objects.update(plugin="gone")
    assert looked_at(connection).alarms == ["The plugin “gone” is not installed any more."]


def test_shares_are_those_of_recent_days_and_never_flatter(
    connection: Connection, account: Account
) -> None:
    for number in range(200):
        hear(connection, account, b"%d" % number)
    hear(connection, account, b"old", at=NOW - timedelta(days=31))
    Row.objects.update(state="read")
    Row.objects.filter(received_at__lt=NOW).update(state="unreadable")
    Row.objects.filter(id__in=[Row.objects.order_by("id")[0].id]).update(state="unreadable")
    for state, count in (("standing", 2), ("doubtful", 0), ("unattributed", 1), ("test", 5)):
        for _ in range(count):
            order(account, state, wallet_id=uuid4() if state == "standing" else None)
    order(account, "unattributed", first_message_at=NOW - timedelta(days=31))
    found = looked_at(connection)
    assert (found.messages, found.misread, found.error_percent) == (200, 1, 1)
    assert (found.members, found.nobodys, found.attributed_percent) == (2, 1, 66)
    assert found.unreadable == 2
    assert found.waiting == {"unattributed": 2}


def test_without_messages_and_orders_there_are_no_shares(
    connection: Connection, account: Account
) -> None:
    found = looked_at(connection)
    assert (found.error_percent, found.attributed_percent, found.delay_seconds) == (None,) * 3


def test_what_is_to_be_fetched_is_counted(connection: Connection, account: Account) -> None:
    with connection.transaction():
        services.want(connection, account.id, ["A-1", "A-2"], now=NOW)
    connection.execute("UPDATE inbox_wanted SET tries = 1 WHERE object_id = 'A-1'")
    found = looked_at(connection)
    assert (found.wanted, found.unfetched) == (2, 1)


def test_accounts_with_new_messages_are_to_be_read(
    connection: Connection, account: Account
) -> None:
    assert to_read(connection) == []
    hear(connection, account, b"1")
    assert to_read(connection) == [account]
    Row.objects.update(state="unreadable")
    assert to_read(connection) == []
    order(account, "standing", due=True)
    assert to_read(connection) == [account]
