"""The books against everything above them: checks that span contexts, and one hash of the whole state."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psycopg

from cagnotte.ledger import checks, seal_checks
from cagnotte.ledger import digest as ledger_digest
from cagnotte.ledger.checks import Check, Finding, sql_check
from cagnotte.platform.sql import load

SQL = load("books")
RETURNS = load("returns")
Connection = psycopg.Connection[Any]


def _find_waiting_returns(connection: Connection) -> Iterator[Finding]:
    """What waits is no fault: its order may come tomorrow, or another source has it."""
    for programme, source, count, since in connection.execute(RETURNS.waiting_by_source):
        facts = {"programme": programme, "source": source, "returns": count, "since": since}
        sentence = (
            f"{count} returns of “{source}” ({programme}) wait for their orders, the oldest since "
            f"{since:%Y-%m-%d}."
        )
        yield Finding("returns", sentence, facts, is_fault=False)


CHECKS: tuple[Check, ...] = (
    sql_check(
        "lots",
        "lots add up to the available money",
        SQL.lots_are_available,
        "Wallet {wallet_id}: its lots hold {lots}, its available balance is {balance}.",
    ),
    sql_check(
        "holds",
        "open holds add up to the held money",
        SQL.allocations_are_held,
        "Wallet {wallet_id}: its open holds reserve {allocated}, its held balance is {balance}.",
    ),
    sql_check(
        "reserved",
        "holds, captures and refunds agree with each other",
        SQL.holds_are_their_allocations,
        "Hold {id} over {amount}, of which {captured} was spent: its lots say {allocated} and {spent}, or what was "
        "refunded does not agree.",
    ),
    sql_check(
        "vouchers",
        "open vouchers add up to what is owed on vouchers",
        SQL.vouchers_are_owed,
        "Vouchers of programme {programme_id} hold {open}, the ledger says {balance}.",
    ),
    sql_check(
        "voucher uses",
        "vouchers, their uses and refunds agree with each other",
        SQL.vouchers_are_their_uses,
        "Voucher {id} over {amount}: it says that {used} of it are used, its uses and refunds say {told}; or its "
        "state does not fit.",
    ),
    sql_check(
        "shares",
        "what a wallet paid of an order is the sum over its lines",
        SQL.captures_are_their_lines,
        "Capture {capture_id} over {amount}: its lines say {shares}, or what was refunded of them does not agree.",
    ),
    sql_check(
        "owing",
        "nobody owes and holds money at once",
        SQL.owing_excludes_available,
        "Wallet {wallet_id} owes {owing} and holds {available}.",
    ),
    sql_check(
        "parts",
        "rewards are the sum of their parts",
        SQL.parts_are_rewards,
        "Purchase {purchase_id}: its reward is {reward}, its parts are {parts}.",
    ),
    sql_check(
        "pending",
        "what is expected is what pending purchases say",
        SQL.pending_is_booked,
        "{kind} of {owner_id}: pending purchases say {expected}, the ledger {booked}.",
    ),
    sql_check(
        "rewards",
        "rewards are what is booked for the member",
        SQL.rewards_are_booked,
        "Wallet {wallet_id}: rewards say {pending} pending and {confirmed} confirmed, the ledger {booked_pending} and "
        "{booked_confirmed}.",
    ),
    sql_check(
        "orphans", "nothing has lost what it belongs to", SQL.orphans, "There is a {what}: {id}."
    ),
    sql_check(
        "messages",
        "every purchase was told of by a message",
        SQL.purchases_are_told,
        "There is {what}: {id}.",
    ),
    sql_check(
        "inbox",
        "what came in was taken, or waits with a reason",
        SQL.inbox_is_settled,
        "In the inbox is {what}: {id}.",
    ),
    Check("returns", "returns that wait for their order are named", _find_waiting_returns),
)
"""What must hold between the ledger and rewards, lots and holds, and between purchases and what was told of them."""


def verify(connection: Connection, *, progress: checks.Progress | None = None) -> list[Finding]:
    """Run every check of the ledger and those above; faults first, then notes. Repairs nothing."""
    return checks.verify(connection, progress=progress, extra=(*seal_checks.CHECKS, *CHECKS))


def digest(connection: Connection, programme_id: UUID) -> str:
    """Return the SHA-256 of a programme's state by natural keys: purchases, decisions, lots, counters and books.

    Ids and recorded times apart: an import in one go, and one interrupted and repeated, give the same digest.
    """
    names: dict[UUID, str] = {programme_id: "programme"}
    names.update(connection.execute(SQL.natural_keys, {"programme_id": programme_id}).fetchall())
    tally = ledger_digest.Tally()
    for name in ("digest_purchases", "digest_lots", "digest_vouchers", "digest_counters"):
        with connection.cursor(name) as cursor:
            for row in cursor.execute(getattr(SQL, name), {"programme_id": programme_id}):
                tally.add(name, *row)
    for row in connection.execute(RETURNS.digest_returns, {"programme_id": programme_id}):
        tally.add("digest_returns", *row)
    return ledger_digest.digest(
        connection, programme_id, key_of=lambda owner: names.get(owner, str(owner)), tally=tally
    )
