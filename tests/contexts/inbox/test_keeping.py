"""Messages are kept as they arrive: once where their source names them, whole, in order."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from cagnotte.domain.errors import NotFound
from cagnotte.hooks.sources import Message
from cagnotte.identity.models import Programme
from cagnotte.inbox import selectors, services
from cagnotte.inbox.models import Account
from cagnotte.platform.database import connect

Connection = psycopg.Connection[Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACCOUNT = UUID(int=17)


@pytest.fixture
def connection(committed_db: str) -> Iterator[Connection]:
    """A programme with one account."""
    programme = Programme.objects.create(
        id=uuid4(), slug="p", name="P", currency="EUR", created_at=NOW
    )
    Account.objects.create(id=ACCOUNT, programme=programme, ref="net", plugin="postback")
    with connect() as found:
        yield found


def keep(connection: Connection, *messages: Message, now: datetime = NOW) -> tuple[int, int]:
    kept = services.keep(connection, ACCOUNT, messages, via="push", signed=True, now=now)
    return kept.count, kept.repeated


def rows(connection: Connection) -> list[tuple[Any, ...]]:
    return connection.execute(
        "SELECT m.topic, m.event_id, b.content, m.state FROM inbox_message AS m "
        "JOIN inbox_body AS b ON b.sha256 = m.body_sha256 ORDER BY m.id"
    ).fetchall()


def test_a_message_is_kept_as_it_came(connection: Connection) -> None:
    body = bytes(range(256))
    headers = {"x-topic": "é\x00"}
    assert keep(connection, Message(body, "orders/paid", "e1", headers)) == (1, 0)
    assert rows(connection) == [("orders/paid", "e1", body, "new")]
    (arrived,) = selectors.new_messages(connection, ACCOUNT, size=9, size_bytes=9)
    assert arrived.message == Message(body, "orders/paid", "e1", {"x-topic": "é\ufffd"})
    assert arrived.received_at == NOW


def test_a_message_that_its_source_names_is_kept_once(connection: Connection) -> None:
    one = Message(b"1", event_id="e1")
    assert keep(connection, one, Message(b"2", event_id="e2"), one) == (2, 1)
    assert keep(connection, Message(b"other bytes", event_id="e1")) == (0, 1)
    assert [content for _, _, content, _ in rows(connection)] == [b"1", b"2"]


def test_a_message_without_a_name_is_a_repeat_only_of_the_last_one(connection: Connection) -> None:
    pending, paid = Message(b"pending"), Message(b"paid")
    assert keep(connection, pending) == (1, 0)
    assert keep(connection, pending) == (0, 1)
    assert keep(connection, paid, paid) == (1, 1)
    assert keep(connection, pending) == (1, 0)
    assert [bytes(content) for _, _, content, _ in rows(connection)] == [
        b"pending", b"paid", b"pending",
    ]  # fmt: skip
    assert connection.execute("SELECT count(*) FROM inbox_body").fetchone() == (2,)


@pytest.mark.parametrize("name", ["n" * 201, "a\x00b", "\ud800"])
def test_names_that_cannot_be_kept_are_hashed(connection: Connection, name: str) -> None:
    message = Message(b"1", topic="t" * 300 + "\x00", event_id=name)
    assert keep(connection, message) == (1, 0)
    assert keep(connection, Message(b"2"), message) == (1, 1)
    ((topic, event_id, _, _), _) = rows(connection)
    assert topic == "t" * 100
    assert event_id.startswith("sha256:")


def test_nothing_is_kept_for_an_unknown_account(connection: Connection) -> None:
    with pytest.raises(NotFound):
        services.keep(connection, uuid4(), [Message(b"1")], via="push", signed=True, now=NOW)
    assert rows(connection) == []


def test_a_page_and_its_cursor_are_kept_together_or_not_at_all(connection: Connection) -> None:
    with connection.transaction(force_rollback=True):
        keep(connection, Message(b"page 1"))
        services.move_cursor(connection, ACCOUNT, {"since": "2026-03-01"})
    assert rows(connection) == []
    assert Account.objects.get().cursor == {}
    keep(connection, Message(b"page 1"))
    services.move_cursor(connection, ACCOUNT, {"since": "2026-03-01"})
    connection.commit()
    account = Account.objects.get()
    assert (account.cursor, account.last_message_at) == ({"since": "2026-03-01"}, NOW)


def test_many_senders_at_once_lose_nothing_and_double_nothing(connection: Connection) -> None:
    connection.commit()

    def send(worker: int) -> int:
        with connect() as own:
            count = 0
            for number in range(20):
                messages = [Message(b"%d" % n, event_id=f"e{n}") for n in (number, number + 1)]
                count += keep(own, *(messages if worker % 2 else reversed(messages)))[0]
                own.commit()
            return count

    with ThreadPoolExecutor(6) as workers:
        assert sum(workers.map(send, range(6))) == 21
    assert len(rows(connection)) == 21


def test_messages_are_given_in_order_up_to_a_size(connection: Connection) -> None:
    keep(connection, *[Message(bytes([65 + n]) * 10) for n in range(5)])

    def bodies(size: int, size_bytes: int) -> list[bytes]:
        found = selectors.new_messages(connection, ACCOUNT, size=size, size_bytes=size_bytes)
        return [one.message.body[:1] for one in found if one.message]

    assert bodies(3, 1000) == [b"A", b"B", b"C"]
    assert bodies(9, 25) == [b"A", b"B", b"C"]
    assert bodies(9, 1) == [b"A"]


def test_an_order_is_wanted_once_and_until_it_was_fetched(connection: Connection) -> None:
    services.want(connection, ACCOUNT, ["W1", "W2", "W1"], now=NOW)
    later = NOW + timedelta(hours=1)
    services.want(connection, ACCOUNT, ["W1"], now=later)
    found = "SELECT object_id, since FROM inbox_wanted ORDER BY 1"
    assert connection.execute(found).fetchall() == [("W1", later), ("W2", NOW)]
    # What was fetched was asked for before the second hint came.
    services.want_no_more(connection, ACCOUNT, ["W1", "W2"], since=NOW)
    assert connection.execute(found).fetchall() == [("W1", later)]
    with pytest.raises(ValueError, match="cannot be"):
        services.want(connection, ACCOUNT, [""], now=NOW)


def test_bytes_are_forgotten_and_what_they_were_is_not(connection: Connection) -> None:
    keep(connection, Message(b"old", event_id="1"), Message(b"both", event_id="2"))
    keep(connection, Message(b"both", event_id="3"), now=NOW + timedelta(days=2))
    assert services.forget_bodies(connection, before=NOW + timedelta(days=1)) == 1
    assert [content for _, _, content, _ in rows(connection)] == [b"both", b"both"]
    assert connection.execute("SELECT count(*) FROM inbox_message").fetchone() == (3,)
