"""How fast confirmed rewards become available, against one bare UPDATE of as many purchases.

    .venv/bin/python -m bench.mature [--quick]

One night releases 200,000 rewards of 20,000 wallets: blocks and settlement looked at, debts repaid, lots with their
last day, rewards and purchases updated, ledger posted, balances kept up. The limit is `UPDATE purchases_purchase SET
release_on = NULL` of the same rows, in one statement, by one client, with the same indexes. Both run in fresh copies of
one database. Its rewards are copies of really imported and decided ones, whose decisions they share; one in fifty is
blocked, one in fifty waits for a brand's money, and one wallet in fifty owes something.
"""

import time
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import psycopg

from bench import scene as scenes
from bench.table import Row, alternate, main
from cagnotte.domain.bookings.earning import Owners
from cagnotte.domain.ids import bucket_of, derived_id, named_id
from cagnotte.domain.transactions import Transaction
from cagnotte.journeys.mature import Matured, mature
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.ledger import services as ledger
from cagnotte.platform import database

REWARDS, REWARDS_QUICK = 200_000, 20_000
BASKETS = 8_000
"""Baskets really imported; the rewards of the night are copies of theirs."""

WALLET_COPIES = 11
OWING_MINOR = 700
RATIO_MIN = 0.2
NIGHT = date(2018, 3, 5)
NOW = scenes.NOW + timedelta(days=59)

PAID_FIRST = """
    UPDATE catalog_contract SET definition = jsonb_set(definition, '{release,settlement}', '"paid"')
    WHERE ref = 'maker-764'
"""

SOURCES = """
    CREATE TABLE bench_source AS
    SELECT r.purchase_id AS id, r.wallet_id, row_number() OVER (ORDER BY r.purchase_id) AS number
    FROM rewards_reward AS r WHERE r.amount_minor > 0 AND r.voucher_minor = 0
"""

COPIES = """
    CREATE TABLE bench_copy AS
    SELECT md5(s.id::text || g.k)::uuid AS id, s.id AS source, g.k, w.id AS wallet_id, w.bucket,
           row_number() OVER (ORDER BY g.k, s.number) AS number
    FROM generate_series(1, %(copies)s) AS g (k) CROSS JOIN bench_source AS s
    JOIN bench_wallet AS w ON w.source = s.wallet_id AND w.k = g.k %% %(wallet_copies)s
    ORDER BY g.k, s.number LIMIT %(rewards)s
"""

WALLETS = """
    INSERT INTO identity_wallet (id, programme_id, bucket, opened_at, frozen)
    SELECT b.id, w.programme_id, b.bucket, w.opened_at, false
    FROM bench_wallet AS b JOIN identity_wallet AS w ON w.id = b.source
"""

PURCHASES = """
    INSERT INTO purchases_purchase (
        id, programme_id, source_id, native_id, wallet_id, bucket, member_id, merchant_id, order_ref, occurred_at,
        occurred_on, currency, amount_minor, validation, reason, version, content_hash, reported_at, file_id,
        confirmed_on, release_on, blocks, attributed_by)
    SELECT c.id, p.programme_id, p.source_id, p.native_id || '-' || c.k, c.wallet_id, c.bucket, p.member_id,
           p.merchant_id, p.order_ref || '-' || c.k, p.occurred_at, p.occurred_on, p.currency, p.amount_minor,
           'confirmed', p.reason, 2, p.content_hash, p.reported_at, p.file_id, p.occurred_on + 20,
           %(night)s::date - (c.number %% 3)::integer,
           CASE WHEN c.number %% 50 = 7 THEN ARRAY['fraud'] ELSE '{}' END, p.attributed_by
    FROM bench_copy AS c JOIN purchases_purchase AS p ON p.id = c.source ORDER BY c.number
"""

REWARD_ROWS = """
    INSERT INTO rewards_reward (
        purchase_id, programme_id, wallet_id, bucket, merchant_id, currency, base_minor, amount_minor, released_minor,
        voucher_minor, kept_minor, decision_id)
    SELECT c.id, r.programme_id, c.wallet_id, c.bucket, r.merchant_id, r.currency, r.base_minor, r.amount_minor,
           0, 0, 0, r.decision_id
    FROM bench_copy AS c JOIN rewards_reward AS r ON r.purchase_id = c.source ORDER BY c.number
"""

PARTS = """
    INSERT INTO rewards_rewardpart (
        purchase_id, bucket, position, funder_kind, funder_id, contract_id, commission_minor, reward_minor, share_minor,
        margin_minor, billed_minor, paid_minor, written_off_minor)
    SELECT c.id, c.bucket, t.position, t.funder_kind, t.funder_id, t.contract_id, t.commission_minor, t.reward_minor,
           t.share_minor, t.margin_minor, t.commission_minor,
           CASE WHEN c.number %% 4 <> 1 THEN t.commission_minor ELSE 0 END, 0
    FROM bench_copy AS c JOIN rewards_rewardpart AS t ON t.purchase_id = c.source ORDER BY c.number, t.position
"""

CONFIRMED = """
    INSERT INTO ledger_stage (
        batch_id, bucket, transaction_id, programme_id, book_id, kind, fact_id, step, occurred_on, effective_on,
        recorded_at, payload_hash, account_ids, amounts_minor)
    SELECT %(batch_id)s, c.bucket, md5('t' || c.id)::uuid, r.programme_id, c.wallet_id, 'confirmed', c.id, 0,
           %(day)s, %(day)s, %(now)s, sha256(c.id::text::bytea), ARRAY[%(funder)s::uuid, a.id],
           ARRAY[r.amount_minor, -r.amount_minor]
    FROM bench_copy AS c JOIN rewards_reward AS r ON r.purchase_id = c.id
    JOIN ledger_account AS a ON a.owner_id = c.wallet_id AND a.kind = 'member.confirmed'
    WHERE c.number > %(after)s AND c.number <= %(until)s
"""

BARE = """
    UPDATE purchases_purchase SET release_on = NULL
    WHERE programme_id = %(programme_id)s AND release_on <= %(night)s AND validation = 'confirmed'
"""


def fill(rewards: int) -> None:
    """Put a programme into the template, whose members have so many confirmed rewards due tonight."""
    scenes.open_programme()
    scenes.ingest_seconds(scenes.purchases(BASKETS), jobs=1)
    with database.connect("owner") as connection:
        run = ProgrammeRun.open(connection, None, scenes.NOW)
        for statement in (PAID_FIRST, SOURCES):
            connection.execute(statement)
        wallets = _copy_wallets(connection)
        (usable,) = connection.execute("SELECT count(*) FROM bench_source").fetchone() or (0,)
        numbers = {
            "rewards": rewards,
            "copies": -(-rewards // usable),
            "wallet_copies": WALLET_COPIES,
            "night": NIGHT,
        }
        connection.execute("ANALYZE bench_source, bench_wallet")
        connection.execute(COPIES, numbers)
        connection.execute("ANALYZE bench_copy")
        for statement in (WALLETS, PURCHASES, REWARD_ROWS, PARTS):
            connection.execute(statement, numbers)
        _book(connection, run, rewards, wallets)


def _copy_wallets(connection: psycopg.Connection[Any]) -> list[UUID]:
    connection.execute(
        "CREATE TABLE bench_wallet (source uuid, k integer, id uuid, bucket smallint)"
    )
    sources = connection.execute("SELECT DISTINCT wallet_id FROM bench_source").fetchall()
    wallets = []
    with connection.cursor().copy("COPY bench_wallet FROM STDIN") as copy:
        for (source,) in sources:
            for number in range(WALLET_COPIES):
                wallet = named_id("wallet", source, number)
                wallets.append(wallet)
                copy.write_row((source, number, wallet, bucket_of(wallet)))
    return wallets


def _book(
    connection: psycopg.Connection[Any], run: ProgrammeRun, rewards: int, wallets: list[UUID]
) -> None:
    """Post every copied reward as confirmed, through the door; and let some wallets owe."""
    currency, programme_id = run.programme.currency, run.id
    funder = run.parties["merchant", "grocer"]
    owners = [Owners(programme_id, wallet, funder, currency) for wallet in wallets]
    due = owners[0].account("funder.due", funder)
    ledger.open_accounts(connection, [due, *(one.account("member.confirmed") for one in owners)])
    connection.commit()
    connection.execute("SELECT set_config('enable_mergejoin', 'off', false)")
    for after in range(0, rewards, 10_000):
        batch_id = derived_id(scenes.NOW, "bench", after)
        values = {
            "batch_id": batch_id,
            "day": scenes.NOW.date(),
            "now": scenes.NOW,
            "funder": due.id,
            "after": after,
            "until": after + 10_000,
        }
        connection.execute(CONFIRMED, values)
        connection.execute(ledger.SQL.post_batch, {"batch_id": batch_id})
        connection.commit()
    owed = [_owes(one) for one in owners[::50]]
    ledger.post(connection, owed, batch_id=derived_id(scenes.NOW, "bench", "owing"))


def _owes(owners: Owners) -> Transaction:
    legs = [
        (owners.account("member.owing"), OWING_MINOR),
        (owners.account("programme.losses"), -OWING_MINOR),
    ]
    owed = Transaction.of(
        legs,
        programme_id=owners.programme_id,
        book_id=owners.wallet_id,
        kind="declined",
        fact_id=owners.wallet_id,
        occurred_on=scenes.NOW.date(),
        recorded_at=scenes.NOW,
    )
    assert owed is not None
    return owed


def bare_seconds(made: scenes.Scene) -> float:
    """Run the bare UPDATE in a fresh copy; return the seconds a row."""
    with made.fresh(), database.connect() as connection:
        programme_id = ProgrammeRun.open(connection, None, NOW).id
        connection.commit()
        started = time.perf_counter()
        done = connection.execute(BARE, {"programme_id": programme_id, "night": NIGHT}).rowcount
        connection.commit()
        return (time.perf_counter() - started) / done


def mature_seconds(made: scenes.Scene, outcomes: list[Matured]) -> float:
    """Run the night in a fresh copy; return the seconds a released reward."""
    with made.fresh(), database.connect() as connection:
        run = ProgrammeRun.open(connection, None, NOW)
        connection.commit()
        started = time.perf_counter()
        outcome = mature(connection, run, on=NIGHT)
        seconds = time.perf_counter() - started
        outcomes.append(outcome)
        return seconds / outcome.purchases


def measure(*, quick: bool = False) -> list[Row]:
    """Compare the night with the bare UPDATE."""
    rewards = REWARDS_QUICK if quick else REWARDS
    outcomes: list[Matured] = []
    # What is blocked or waits for money comes on top of what is released.
    with scenes.scene(lambda: fill(rewards + rewards // 25)) as made:
        seconds = alternate(
            {
                "bare UPDATE": lambda: bare_seconds(made),
                "the night": lambda: mature_seconds(made, outcomes),
            },
            **({"rounds": 1} if quick else {}),
        )
    outcome = outcomes[-1]
    waiting = ", ".join(f"{count:,} {what}" for what, count in sorted(outcome.waiting.items()))
    return [
        Row.at_least(
            f"mature {outcome.purchases:,} rewards against a bare UPDATE",
            seconds["bare UPDATE"] / seconds["the night"],
            RATIO_MIN,
            detail=(
                f"{1e6 * seconds['bare UPDATE']:.1f} µs and {1e6 * seconds['the night']:.1f} µs each; "
                f"{outcome.wallets:,} wallets, waiting: {waiting}"
            ),
        )
    ]


if __name__ == "__main__":
    main(measure)
