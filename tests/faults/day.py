"""A programme's long day as a chain of jobs, the files it reads, and what stands after each."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from schwifty import IBAN

from cagnotte.journeys import check_books
from cagnotte.ledger import digest as ledger_digest
from cagnotte.platform.database import connect
from tests.journeys.interruptions import CHUNK
from tests.journeys.world import World, corner

MEMBERS = 59
ORDERS = 400
HEADER = "order,member,at,currency,status,sku,qty,amount,category,brand\n"

# A cap that members meet, and a budget that nobody does: who gets its last cent depends on who is faster.
PROGRAMME = corner(
    offers="""
    - ref: extra
      name: 10 % more, up to 1.50 a month
      role: boost
      effect: {kind: percent, rate: 10 %}
      limits: {per_member: {window: month, amount: "1.50"}}
    - ref: spring
      name: 1 % more while 5,000.00 last
      role: boost
      effect: {kind: percent, rate: 1 %}
      limits: {budget: "5000.00"}
    """
)


class Job(NamedTuple):
    """One job of the day.

    Attributes:
        name: what a person would call it.
        stage: which database it starts from; it leads to the next one.
        command: the words after `cagnotte`; {folder} and {now} are filled in.
        now: when it is first run.
        present: a query of (name, count) for what a command is told to be done.
        untold_max: how much may be done without having been told yet: one database transaction.
    """

    name: str
    stage: int
    command: tuple[str, ...]
    now: str
    present: str
    untold_max: int = CHUNK

    def at(self, **after: int) -> str:
        """Return the moment so long after it is first run, of the same day in the programme's time zone."""
        return (datetime.fromisoformat(self.now) + timedelta(**after)).isoformat()

    @property
    def later(self) -> str:
        """Return when it is run again by a clock that is right."""
        return self.at(minutes=7)

    @property
    def earlier(self) -> str:
        """Return when it is run again by a clock that was set back meanwhile."""
        return self.at(hours=-5)

    def words(self, folder: Path, now: str | None = None) -> list[str]:
        """Return the command's words; all it reads and writes is in `folder`."""
        values = {"folder": str(folder), "now": now or self.now}
        return [word.format(**values) for word in self.command]


NOT_COUNTED = ("lines", "unchanged", "reward_minor", "reward_change_minor", "owing_minor")
"""What commands are told that `Job.present` does not look for."""

ORDERS_TAKEN = "SELECT 'new', count(*) FROM purchases_purchase"
ANSWERS_TAKEN = """
    SELECT event, count(*) FROM purchases_purchaseversion WHERE number > 1 GROUP BY event
"""
RELEASED = "SELECT 'due', count(*) FROM rewards_lot"
CUSTOMERS_SERVED = """
    WITH at_till AS (
        SELECT id, split_part(reference, '/', 2) AS order_ref, state FROM wallet_hold
        WHERE purpose = 'redeem'
    )
    SELECT 'hold ' || order_ref, 1 FROM at_till
    UNION ALL
    SELECT 'release ' || order_ref, 1 FROM at_till WHERE state = 'released'
    UNION ALL
    SELECT 'capture ' || order_ref, 1 FROM wallet_capture AS c JOIN at_till ON at_till.id = c.hold_id
    UNION ALL
    SELECT 'refund ' || replace(reference, 'R', 'T'), 1 FROM wallet_refund
"""
HELD = "SELECT 'held', count(*) FROM payouts_payout"
NOTHING = "SELECT 'nothing', 0"
EXPIRED = "SELECT 'expired', count(*) FROM rewards_lot WHERE expired_minor > 0"

IMPORT = ("import", "{folder}/till.csv", "--source", "till", "--now", "{now}")

DAY = (
    Job("import", 0, IMPORT, "2026-03-01T12:00:00", ORDERS_TAKEN),
    Job(
        "validate",
        1,
        ("validate", "{folder}/answers.csv", "--now", "{now}"),
        "2026-03-02T12:00:00",
        ANSWERS_TAKEN,
    ),
    Job(
        "mature",
        2,
        ("mature", "--on", "2026-04-15", "--now", "{now}"),
        "2026-04-15T12:00:00",
        RELEASED,
    ),
    Job(
        "redeem",
        3,
        ("till", "{now}"),
        "2026-04-16T12:00:00",
        CUSTOMERS_SERVED,
        untold_max=1,
    ),
    Job(
        "payouts run",
        4,
        ("payouts", "run", "--output", "{folder}/payouts", "--now", "{now}"),
        "2026-04-20T12:00:00",
        HELD,
    ),
    Job(
        "payouts import-status",
        5,
        ("payouts", "import-status", "{folder}/statement.xml", "--now", "{now}"),
        "2026-04-22T12:00:00",
        # All of the file or nothing, told by the command's end.
        NOTHING,
    ),
    Job(
        "expire",
        6,
        ("expire", "--on", "2027-05-01", "--now", "{now}"),
        "2027-05-01T12:00:00",
        EXPIRED,
        # As many wallets at once, each with a few lots.
        untold_max=20 * CHUNK,
    ),
)

BY_TWO = DAY[0]._replace(
    name="import by two processes",
    command=(*IMPORT, "--jobs", "2"),
    # What another process has committed is heard of when the first one has finished a chunk of its own.
    untold_max=ORDERS,
)
JOBS = (*DAY, BY_TWO)


# ---- files ----------------------------------------------------------------------------------------------------


def write_files(folder: Path) -> None:
    """Write the day's orders and answers."""
    (folder / "till.csv").write_text(HEADER + "".join(map(_order, range(ORDERS))))
    words = ("confirm,,,,", "confirm,,,,", "decline,cancelled,,,", "amend,,1,0,1.00")
    rows = [f"A{number},{words[number % 4]}\n" for number in range(0, ORDERS, 3)]
    (folder / "answers.csv").write_text("order,answer,why,line,units,amount\n" + "".join(rows))


def _order(number: int) -> str:
    """Write an order of two lines; a few are of nobody."""
    member = 999 if number % 41 == 7 else number % MEMBERS + 1
    status = "" if number % 3 == 0 else "confirmed"
    start = f"A{number},{member},2026-02-{number % 27 + 1:02}T10:00:00,EUR,{status},"
    return (
        f"{start}plum,1,{number % 70 + 10}.50,jam,\n{start}earl,2,{number % 20 + 3}.00,tea,acme\n"
    )


def members() -> str:
    """Return the file of members, each with a bank account."""
    rows = [
        f"{number},Member {number},"
        f"{IBAN.generate('DE', bank_code='37040044', account_code=str(number))}\n"
        for number in range(1, MEMBERS + 1)
    ]
    return "number,name,iban\n" + "".join(rows)


def statement(world: World) -> str:
    """Return a statement of the bank that debits most payouts, and returns some of them later."""
    rows = world.rows(
        "SELECT p.end_to_end_id, p.amount_minor - p.fee_minor FROM payouts_payout AS p "
        "JOIN identity_member AS m ON m.wallet_id = p.wallet_id ORDER BY m.ref"
    )
    entries = []
    for number, (reference, minor) in enumerate(rows):
        amount = f"{minor // 100}.{minor % 100:02}"
        if number % 7:
            entries.append(_entry("DBIT", reference, amount))
        if number % 7 == 3:
            entries.append(_entry("CRDT", reference, amount))
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        + "".join(entries)
        + "</Stmt></BkToCstmrStmt></Document>"
    )


def _entry(direction: str, reference: str, amount: str) -> str:
    reason = "<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf>" if direction == "CRDT" else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        "<BookgDt><Dt>2026-04-21</Dt></BookgDt><NtryDtls><TxDtls>"
        f"<Refs><EndToEndId>{reference}</EndToEndId></Refs>{reason}</TxDtls></NtryDtls></Ntry>"
    )


# ---- what stands ----------------------------------------------------------------------------------------------

BESIDE_THE_DIGEST = (
    """
    SELECT m.ref, h.purpose, h.state, h.amount_minor, h.captured_minor, count(*)
    FROM wallet_hold AS h JOIN identity_member AS m ON m.wallet_id = h.wallet_id
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    """,
    "SELECT amount_minor, refunded_minor, count(*) FROM wallet_capture GROUP BY 1, 2 ORDER BY 1, 2",
    """
    SELECT m.ref, p.state, p.amount_minor, p.fee_minor, p.events
    FROM payouts_payout AS p JOIN identity_member AS m ON m.wallet_id = p.wallet_id ORDER BY 1, 2, 3
    """,
    "SELECT name, finished_at IS NULL FROM purchases_importedfile ORDER BY 1",
    "SELECT offer, sum(used_minor) FROM rewards_budgetslice GROUP BY offer ORDER BY offer",
    "SELECT outcome, count(*) FROM purchases_observation GROUP BY 1 ORDER BY 1",
)
"""What matters and is not in the digest of the books: holds, payouts, files, budgets, messages."""

IN_PART = {
    "purchases whose versions are not 1, 2 … up to theirs": """
        SELECT p.id FROM purchases_purchase AS p
        LEFT JOIN purchases_purchaseversion AS v ON v.purchase_id = p.id
        GROUP BY p.id HAVING count(v.id) <> p.version OR max(v.number) <> p.version
    """,
    "purchases without their reward, decision or message": """
        SELECT p.id FROM purchases_purchase AS p
        LEFT JOIN rewards_reward AS r ON r.purchase_id = p.id
        LEFT JOIN rewards_decision AS d ON d.id = r.decision_id
        WHERE d.id IS NULL
        OR NOT EXISTS (SELECT 1 FROM purchases_observation AS o WHERE o.purchase_id = p.id)
    """,
    "payouts whose steps are not 1, 2 … up to theirs": """
        SELECT p.id FROM payouts_payout AS p LEFT JOIN payouts_payoutstep AS s ON s.payout_id = p.id
        GROUP BY p.id HAVING count(s.id) <> p.events OR coalesce(max(s.n), 0) <> p.events
    """,
    "batches of another count than their payouts": """
        SELECT b.id FROM payouts_payoutbatch AS b
        LEFT JOIN payouts_payout AS p ON p.batch_id = b.id
        GROUP BY b.id HAVING count(p.id) <> b.count
    """,
}
"""What one database transaction writes together; each query must find nothing."""

TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace
      AND has_table_privilege(oid, 'SELECT') ORDER BY relname
"""


def state(world: World) -> tuple[Any, ...]:
    """Return all that matters, by natural keys: the same for a clean run and for one that was ended and repeated."""
    return (world.digest(), *(world.rows(query) for query in BESIDE_THE_DIGEST))


def money(world: World) -> tuple[Any, ...]:
    """Return what every account holds, by natural keys, and what `state` has beside the digest.

    Lots are left out: of two that expire on the same day the one with the lower id is spent first, and ids depend
    on the clock.
    """
    with connect() as connection:
        programme_id = world.programme_id(connection)
        names = dict(
            connection.execute(check_books.SQL.natural_keys, {"programme_id": programme_id})
        )
        accounts = ledger_digest.digest(
            connection, programme_id, key_of=lambda owner: str(names.get(owner, "programme"))
        )
    return (accounts, *(world.rows(query) for query in BESIDE_THE_DIGEST))


def every_row(world: World) -> dict[str, tuple[Any, ...]]:
    """Return the number of rows of every table and a hash of all they hold."""
    hashed = "SELECT count(*), sum(hashtextextended(t::text, 0)) FROM "
    return {table: world.rows(f'{hashed} "{table}" AS t')[0] for (table,) in world.rows(TABLES)}


def assert_whole(world: World) -> None:
    """Assert that the books are in order, and that nothing stands in part."""
    assert world.faults() == []
    for what, query in IN_PART.items():
        assert world.rows(query) == [], what


def assert_told_is_present(world: World, job: Job, told: dict[str, int]) -> None:
    """Assert that what a command was told stands, and hardly more than that."""
    counted = {name: count for name, count in told.items() if name not in NOT_COUNTED}
    present = {name: int(count) for name, count in world.rows(job.present)}
    assert {
        name: present.get(name, 0) for name in counted if present.get(name, 0) < counted[name]
    } == {}
    assert sum(present.values()) - sum(counted.values()) <= job.untold_max
