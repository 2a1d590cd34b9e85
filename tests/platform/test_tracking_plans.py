"""The queries of clicks and traces read what they need by index, in tables that are large."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.identity import keys as member_keys
from cagnotte.identity.services import party_id_of, wallet_id_of
from cagnotte.platform import database
from cagnotte.tracking.services import NewClick, claim_visit, record_click
from tests.databases import Server
from tests.journeys.world import World
from tests.platform.test_plans import Case, copies, keys, reads

ROWS = 10_000
W, V = "md5('w' || mod(n, 2000))::uuid", "md5('v' || n)::uuid"
COPIES: dict[str, dict[str, str]] = {
    "identity_wallet": {"id": W},
    "identity_member": {"id": W, "ref": "'m' || n", "wallet_id": W},
    "identity_memberkey": {"id": "n + 1000", "value": "'k' || n", "wallet_id": W},
    "tracking_click": {
        "id": "md5('c' || n)::uuid", "ref": "'r' || n", "visit_id": V, "merchant_id": "md5('s' || mod(n, 50))::uuid",
        # Every second one is nobody's yet.
        "wallet_id": f"CASE WHEN mod(n, 2) = 0 THEN {W} END",
        "clicked_at": "timestamptz '2026-01-01' + make_interval(mins => n)",
    },
    "tracking_visitclaim": {"id": "n + 1000", "visit_id": V, "wallet_id": W},
}  # fmt: skip

AT = datetime(2026, 2, 10, 9, tzinfo=UTC)
KINDS = ("click", "member_number", "card", "email")
HUNDRED = range(100)

CASES = [
    Case(
        "tracking.candidates",
        {
            "programme_id": None,
            "numbers": list(HUNDRED),
            "kinds": [KINDS[n % 4] for n in HUNDRED],
            "told": [f"r{n}" for n in HUNDRED],
            "keys": [f"{'rmkk'[n % 4]}{n}" for n in HUNDRED],
            "merchants": keys("s", 50) * 2,
            "bought": [AT] * 100,
            "days": 400,
        },
        {
            "tracking_click_ref",
            "visit_claim_unique",
            "member_ref_unique",
            "member_key_of_wallet",
            "click_of_wallet",
            "visit_claim_of_wallet",
            "click_of_visit",
            "identity_wallet_pkey",
        },
        in_a_chunk=True,
    ),
    Case(
        "tracking.clicks_of",
        {
            "programme_id": None,
            "wallet_id": keys("w", 1)[0],
            "since": AT - timedelta(days=365),
            "count": 50,
        },
        {"click_of_wallet", "visit_claim_of_wallet", "click_of_visit"},
    ),
    Case(
        "tracking.delete_clicks_of",
        {"programme_id": None, "wallet_id": keys("w", 1)[0]},
        {"click_of_wallet", "visit_claim_of_wallet", "click_of_visit", "tracking_click_pkey"},
    ),
    Case(
        "tracking.delete_clicks",
        {"programme_id": None, "before": datetime(2026, 1, 1, 3, tzinfo=UTC), "count": 100},
        {"click_by_age", "tracking_click_pkey"},
    ),
]


@pytest.fixture
def large(
    committed_db: str, database_server: Server, tmp_path: Path
) -> Iterator[psycopg.Connection[Any]]:
    """A connection as the application, to a programme of many members and clicks."""
    world = World(tmp_path)
    world.load()
    with database.connect() as connection:
        programme_id = world.programme_id(connection)
        click_once(connection, programme_id)
    name = psycopg.conninfo.conninfo_to_dict(committed_db)["dbname"]
    with psycopg.connect(database_server.url(str(name), admin=True), autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        for table, changes in COPIES.items():
            admin.execute(copies(table, changes), [ROWS])
        admin.execute("VACUUM ANALYZE")
    with database.connect() as connection:
        yield connection


def click_once(connection: psycopg.Connection[Any], programme_id: UUID) -> None:
    """Make one row of each kind, of which the others are copies."""
    wallet, visit = wallet_id_of(programme_id, "1"), uuid4()
    claim_visit(connection, programme_id=programme_id, visit_id=visit, wallet_id=wallet, now=AT)
    shop = party_id_of(programme_id, "merchant", "corner")
    record_click(connection, NewClick(programme_id, shop, visit, AT, ("standard", 1)))
    member_keys.link(
        programme_id=programme_id, wallet_id=wallet, kind=Trace.CARD, value="t", now=AT
    )


def indexes(connection: psycopg.Connection[Any], case: Case) -> set[str]:
    """What a query reads; the index of references under one name, whichever of its two is taken."""
    return {
        "tracking_click_ref" if name.startswith("tracking_click_ref") else name
        for name in reads(connection, case)
    }


def test_the_queries_of_tracking_read_by_index(large: psycopg.Connection[Any]) -> None:
    assert {case.query: indexes(large, case) for case in CASES} == {
        case.query: case.indexes for case in CASES
    }
