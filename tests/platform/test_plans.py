"""The hottest queries read what they need by index, in tables that are large.

Expected are the indexes that each plan reads, whether straight or through a bitmap, as versions of PostgreSQL differ
in that; a table that is read from end to end would stand there as a Seq Scan. Neither costs nor the order of joins
are looked at. Who changes a query or an index, and fails here, is asked whether the new plan was meant.
"""

from collections.abc import Iterator
from datetime import date
from hashlib import md5
from pathlib import Path
from typing import Any, LiteralString, NamedTuple
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from cagnotte.platform import database
from cagnotte.platform.sql import load
from tests.databases import Server
from tests.journeys.world import World

WALLETS = 2_000
PURCHASES = 10_000

OWN_IDS: dict[str, LiteralString] = {
    "programme_id": "SELECT id FROM identity_programme",
    "source_id": "SELECT source_id FROM purchases_purchase LIMIT 1",
}

W, A = "md5('w' || mod(n, 2000))::uuid", "md5('a' || mod(n, 2000))::uuid"
P, D, T = "md5('p' || n)::uuid", "md5('d' || n)::uuid", "md5('t' || n)::uuid"

TWINS = {"ledger_account_id_currency_key": "ledger_account_pkey"}
"""Two indexes that find an account by its id equally well; which one is taken is chance."""

COPIES: dict[str, tuple[int, dict[str, str]]] = {
    "identity_wallet": (WALLETS, {"id": W}),
    "identity_member": (WALLETS, {"id": W, "ref": "'m' || n", "wallet_id": W}),
    "purchases_purchase": (
        PURCHASES,
        {"id": P, "native_id": "'o' || n", "order_ref": "'o' || n", "wallet_id": W},
    ),
    "purchases_observation": (
        PURCHASES,
        {"id": D, "delivery_key": "'\\x' || md5(n::text)", "purchase_id": P},
    ),
    "rewards_counter": (PURCHASES, {"id": "n + 1000", "wallet_id": W, "name": "'c' || n / 2000"}),
    "rewards_decision": (PURCHASES, {"id": D, "purchase_id": P}),
    "rewards_reward": (PURCHASES, {"purchase_id": P, "decision_id": D, "wallet_id": W}),
    "rewards_lot": (PURCHASES, {"id": P, "wallet_id": W, "purchase_id": P}),
    "ledger_account": (WALLETS, {"id": A, "owner_id": W}),
    "ledger_balance": (WALLETS, {"account_id": A}),
    "ledger_transaction": (PURCHASES, {"id": T, "fact_id": P}),
    "ledger_delta": (PURCHASES, {"account_id": A, "batch_id": T}),
    "ledger_entry": (PURCHASES, {"transaction_id": T, "account_id": A}),
}
"""By table: how many rows are made of one that is there, and what differs in each."""


class Case(NamedTuple):
    """A query, what it asks for, and the indexes it should read; `in_a_chunk`: planned as within an import."""

    query: str
    asked: dict[str, Any]
    indexes: set[str]
    in_a_chunk: bool = False


def keys(letter: str, count: int) -> list[UUID]:
    """The first ids of the rows made above."""
    return [UUID(md5(f"{letter}{n}".encode()).hexdigest()) for n in range(1, count + 1)]  # noqa: S324 - as in COPIES


ORDERS = [f"o{n}" for n in range(1, 1001)]

CASES = [
    Case(
        "ingest.known_deliveries",
        {"source_id": None, "keys": [order.encode() for order in ORDERS]},
        {"observation_delivery_unique"},
        in_a_chunk=True,
    ),
    Case(
        "ingest.lock_purchases",
        {"programme_id": None, "source_id": None, "native_ids": ORDERS},
        {"purchase_key"},
        in_a_chunk=True,
    ),
    Case(
        "ingest.members",
        {"programme_id": None, "refs": [f"m{n}" for n in range(500)]},
        {"member_ref_unique", "identity_wallet_pkey"},
        in_a_chunk=True,
    ),
    Case(
        "ingest.lock_wallets",
        {"wallet_ids": keys("w", 500)},
        {"identity_wallet_pkey"},
        in_a_chunk=True,
    ),
    Case(
        "ingest.counters",
        {"wallet_ids": keys("w", 500), "names": ["c1", "c2"], "since": ["2026-01-01"] * 2},
        {"counter_unique"},
        in_a_chunk=True,
    ),
    Case(
        "restate.rewards",
        {"ids": keys("p", 200), "whole": keys("p", 10)},
        {"rewards_reward_pkey", "rewards_decision_pkey"},
        in_a_chunk=True,
    ),
    Case(
        "wallet.lock_spendable_lots",
        {"wallet_ids": keys("w", 1), "currency": "EUR", "day": "2026-06-01"},
        {"lot_open"},
    ),
    Case(
        "ledger.committed_accounts",
        {"ids": f"{{{','.join(map(str, keys('a', 500)))}}}"},
        {"ledger_account_pkey"},
    ),
    Case("ledger.row_balances", {"account_ids": keys("a", 5)}, {"ledger_balance_pkey"}),
    Case(
        "ledger.balance_now",
        {"account_id": keys("a", 1)[0]},
        {"ledger_balance_pkey", "ledger_snapshot_pkey", "ledger_delta_account_x"},
    ),
    Case(
        "ledger.movements",
        {"account_ids": keys("a", 5), "before": None, "count": 20},
        {"ledger_entry_movement", "ledger_transaction_pkey", "ledger_account_pkey"},
    ),
    Case(
        "ledger.entries_of_facts",
        {"fact_ids": keys("p", 3)},
        {"ledger_transaction_fact", "ledger_entry_pkey", "ledger_account_pkey"},
    ),
]


@pytest.fixture
def large(
    committed_db: str, database_server: Server, tmp_path: Path
) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the application, to a programme of many members and purchases."""
    world = World(tmp_path)
    world.load()
    world.buy("1")
    world.answer("1,confirm,,,,")
    world.mature(date(2026, 6, 1))
    name = psycopg.conninfo.conninfo_to_dict(committed_db)["dbname"]
    with psycopg.connect(database_server.url(str(name), admin=True), autocommit=True) as admin:
        # Copies of rows that were right; their guards would ask what they belong to.
        admin.execute("SET session_replication_role = replica")
        admin.execute(
            "INSERT INTO rewards_counter (wallet_id, bucket, name, period, amount_minor, count)"
            " SELECT id, bucket, 'spend', '2026-01-01', 1, 1 FROM identity_wallet LIMIT 1"
        )
        for table, (count, changes) in COPIES.items():
            admin.execute(copies(table, changes), [count])
        admin.execute(
            "INSERT INTO ledger_snapshot SELECT id, 0, 0, pg_current_xact_id(), now() FROM ledger_account"
            " ON CONFLICT DO NOTHING"
        )
        admin.execute("VACUUM ANALYZE")
    with database.connect() as connection:
        yield connection


def copies(table: str, changes: dict[str, str]) -> sql.Composed:
    """A statement that makes rows of one that is there, all alike but for `changes` (column → expression of n)."""
    pairs = [
        sql.SQL("{}, {}").format(sql.Literal(column), sql.SQL(expression))
        for column, expression in changes.items()
    ]
    which = "row_mode" if table == "ledger_entry" else "true"
    return sql.SQL(
        "INSERT INTO {0} OVERRIDING SYSTEM VALUE"
        " SELECT (jsonb_populate_record(NULL::{0}, to_jsonb(r) || jsonb_build_object({1}))).*"
        " FROM (SELECT * FROM {0} WHERE {2} LIMIT 1) AS r, generate_series(1, %s) AS n"
        " ON CONFLICT DO NOTHING"
    ).format(sql.Identifier(table), sql.SQL(", ").join(pairs), sql.SQL(which))


def reads(connection: psycopg.Connection[Any], case: Case) -> set[str]:
    """The indexes of a query's plan, and what it reads without one, as the application's session makes it."""
    stage, _, name = case.query.partition(".")
    asked = dict(case.asked)
    for column, query in OWN_IDS.items():
        if column in asked:
            (asked[column],) = connection.execute(query).fetchone() or (None,)
    if case.in_a_chunk:
        connection.execute(load("ingest").plan_for_chunks)
    query = getattr(load(stage), name).rstrip().rstrip(";")
    row = connection.execute("EXPLAIN (FORMAT JSON, COSTS OFF) " + query, asked).fetchone()
    assert row is not None
    connection.rollback()
    return set(_reads(row[0][0]["Plan"]))


def _reads(node: dict[str, Any]) -> Iterator[str]:
    if "Index Name" in node:
        yield TWINS.get(node["Index Name"], node["Index Name"])
    elif node["Node Type"] not in {"Bitmap Heap Scan", "ModifyTable"} and "Relation Name" in node:
        yield f"{node['Node Type']} of {node['Relation Name']}"
    for below in node.get("Plans", []):
        yield from _reads(below)


def test_the_hottest_queries_read_by_index(large: psycopg.Connection[Any]) -> None:
    assert {case.query: reads(large, case) for case in CASES} == {
        case.query: case.indexes for case in CASES
    }
