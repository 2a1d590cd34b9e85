"""The queries of the inbox read what they need by index, in tables that are large."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from cagnotte.platform import database
from tests.databases import Server
from tests.journeys.inbox_world import Inbox, postback
from tests.journeys.world import World
from tests.platform.test_plans import Case, copies, keys, reads

ROWS = 10_000
ORDER, ACCOUNTS = "md5('o' || n)::uuid", "md5('a' || mod(n, 5))::uuid"
COPIES = {
    "inbox_message": {"id": "n + 1000", "account_id": ACCOUNTS, "event_id": "'e' || n", "state": "'read'"},
    "inbox_order": {
        "id": ORDER, "account_id": ACCOUNTS, "object_id": "'o' || n", "order_key": "'k' || n", "due": "false",
        "wallet_id": "md5('w' || mod(n, 2000))::uuid", "purchase_id": "md5('p' || n)::uuid",
    },
    "inbox_piece": {"id": "n + 1000", "order_id": ORDER, "message_id": "n + 1000"},
    "inbox_link": {"id": "n + 1000", "order_id": ORDER, "other_id": "md5('x' || n)::uuid"},
}  # fmt: skip

AT = datetime(2026, 2, 10, 9, tzinfo=UTC)
ACCOUNT = keys("a", 1)[0]
HUNDRED = [f"k{n}" for n in range(100)]

CASES = [
    Case(
        "inbox.new_messages",
        {"account_id": ACCOUNT, "size": 100, "bytes": 1000},
        {"inbox_message_waiting", "inbox_body_pkey"},
        in_a_chunk=True,
    ),
    Case("inbox.latest_body", {"account_id": ACCOUNT}, {"inbox_message_order"}),
    Case(
        "inbox.pieces_of", {"order_ids": keys("o", 100)}, {"inbox_piece_unique"}, in_a_chunk=True
    ),
    Case(
        "inbox.pieces_told_by",
        {"message_ids": list(range(1000, 1100))},
        {"inbox_piece_of_message", "inbox_order_pkey"},
        in_a_chunk=True,
    ),
    Case(
        "inbox.next_due", {"account_ids": keys("a", 5), "skip": []}, {"inbox_order_due"},
        in_a_chunk=True,
    ),
    Case(
        "inbox.lock_due",
        {"account_id": ACCOUNT, "skip": [], "size": 100},
        {"inbox_order_due"},
        in_a_chunk=True,
    ),
    Case(
        "inbox.orders_alike",
        {
            "programme_id": None, "account_id": ACCOUNT, "numbers": list(range(100)),
            "merchants": ["corner"] * 100, "keys": HUNDRED, "wallets": keys("w", 100),
            "moments": [AT] * 100, "apart": timedelta(hours=48),
        },
        {"inbox_order_of_shop", "inbox_order_of_wallet", "inbox_order_unnumbered"},
        in_a_chunk=True,
    ),
    Case(
        "inbox.links_of",
        {"ids": keys("o", 100)},
        {"inbox_link_unique", "inbox_link_of_other", "inbox_order_pkey"},
        in_a_chunk=True,
    ),
    Case(
        "inbox.queue",
        {"account_ids": [ACCOUNT], "states": ["doubtful"], "limit": 20},
        {"inbox_order_queue", "inbox_link_unique", "inbox_link_of_other"},
    ),
]  # fmt: skip


@pytest.fixture
def large(
    committed_db: str, database_server: Server, tmp_path: Path
) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the application, to the inbox of a programme with many orders."""
    world = World(tmp_path)
    world.load()
    inbox = Inbox(world)
    inbox.connect()
    inbox.send(postback())
    world.write(
        "INSERT INTO inbox_link (order_id, other_id, verdict, reason, sentence, decided_by, decided_at)"
        " VALUES (%s, %s, 'same', '', '', '', now())",
        UUID(int=1),
        UUID(int=2),
    )
    name = psycopg.conninfo.conninfo_to_dict(committed_db)["dbname"]
    with psycopg.connect(database_server.url(str(name), admin=True), autocommit=True) as admin:
        admin.execute("ALTER TABLE inbox_link DROP CONSTRAINT inbox_link_ordered")
        for table, changes in COPIES.items():
            admin.execute(copies(table, changes), [ROWS])
        admin.execute("VACUUM ANALYZE")
    with database.connect() as connection:
        yield connection


def indexes(connection: psycopg.Connection[Any], case: Case) -> set[str]:
    """What a query reads; the two indexes of hashes, of which chance takes one, under one name."""
    return {
        "inbox_body_pkey" if name.startswith("inbox_body_") else name
        for name in reads(connection, case)
    }


def test_the_queries_of_the_inbox_read_by_index(large: psycopg.Connection[Any]) -> None:
    assert {case.query: indexes(large, case) for case in CASES} == {
        case.query: case.indexes for case in CASES
    }
