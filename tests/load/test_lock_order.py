"""Every journey locks in the one order of the house, so that no two can wait for each other in a circle."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from cagnotte.domain.vouchers import Terms
from cagnotte.journeys import ask_payout, close_account, expire, pay_out, redeem, vouchers
from cagnotte.journeys.import_status import StatusFile, import_status
from cagnotte.platform.database import connect
from cagnotte.wallet.voucher_uses import UseAsk
from tests.contexts.wallet.world import NOON as JUNE
from tests.contexts.wallet.world import PROGRAMME, SHOP, TODAY, a_world
from tests.journeys.world import NOON, World, corner
from tests.load.lock_recorder import ORDER, recorded_locks

SQL_FILES = sorted((Path(__file__).parents[2] / "src" / "cagnotte" / "sql").glob("*.sql"))
OFFERS = """
    - ref: extra
      name: 10 % more, up to 1.50 a month
      role: boost
      effect: {kind: percent, rate: 10 %}
      limits: {per_member: {window: month, amount: "1.50"}}
    - ref: spring
      name: 1 % more while 3.00 last
      role: boost
      effect: {kind: percent, rate: 1 %}
      limits: {budget: "3.00"}
    - ref: april
      name: 2 % more while 3.00 last
      role: boost
      effect: {kind: percent, rate: 2 %}
      limits: {budget: "3.00"}
    - ref: next-time
      name: 1.00 for the next order
      role: bonus
      effect: {kind: voucher, amount: "1.00", minimum_basket: "10.00", valid_days: 60}
      conditions: {minimum_basket: "20.00"}
"""


def test_purchases_from_import_to_refund_lock_in_order(
    empty_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = empty_world
    world.load(corner(offers=OFFERS))
    line = "plum,1,{},jam,"
    with recorded_locks(monkeypatch) as recorder:
        world.till(
            *(
                f"A{n},{n % 3 + 1},2026-02-0{n % 9 + 1}T10:00:00,EUR,confirmed,plum,2,{n + 1}.50,jam,"
                for n in range(30)
            )
        )
        world.till(
            *(
                f"A{n},{n % 3 + 1},2026-02-01T10:00:00,EUR,confirmed,{line.format('9.00')}"
                for n in (7, 3, 31)
            )
        )
        world.answer(
            *(f"A{n},amend,,1,1,1.00" for n in (9, 2, 5)),
            *(f"A{n},decline,cancelled,,," for n in (11, 4)),
        )
        world.mature(date(2026, 3, 20), now=NOON + timedelta(days=19))
        world.spend("late", 100)
        returned = [f"A{n},decline,returned,,," for n in (25, 12, 6, 0)]
        world.answer(*returned, "A1,amend,,1,1,2.50", now=NOON + timedelta(days=20))
        world.expire(date(2028, 1, 1))
    assert recorder.violations == recorder.unguarded == []
    assert recorder.seen == set(ORDER) - {"payouts_payout"}


def test_paying_out_and_spending_lock_in_order(
    committed_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with a_world() as world, recorded_locks(monkeypatch) as recorder:
        world.rules()
        members = [
            world.wallet([(2500, TODAY + timedelta(days=n)), (1500, None)]) for n in range(5)
        ]
        for member in members:
            world.bank_account(member)
        shop = redeem.Checkout(PROGRAMME, SHOP, "EUR", JUNE, TODAY)
        desk = ask_payout.Desk(PROGRAMME, JUNE, TODAY)
        for number, member in enumerate(members):
            order = str(number)
            redeem.hold(world.connection, shop, wallet_id=member, order=order, amount_minor=700)
            if number % 2:
                redeem.capture(world.connection, shop, order=order, amount_minor=600)
                redeem.refund(world.connection, shop, order=order, refund_id="r", amount_minor=300)
            else:
                redeem.release(world.connection, shop, order=order)
        counter = vouchers.Counter(PROGRAMME, "EUR", JUNE, TODAY)
        for number, member in enumerate(members):
            terms = Terms("EUR", 400, TODAY, TODAY + timedelta(days=number), partial_use=False)
            bought = vouchers.issue(
                world.connection, counter, wallet_id=member, reference=str(number), terms=terms
            )
            if number % 2:
                used = vouchers.use(world.connection, counter, UseAsk(bought.id, SHOP, "1", 300))
                vouchers.refund(
                    world.connection, counter, use_id=used.id, reference="r", amount_minor=100
                )
            elif number:
                vouchers.void(world.connection, counter, voucher_id=bought.id)
        asked = ask_payout.ask(world.connection, desk, wallet_id=members[0], amount_minor=2000)
        ask_payout.cancel(world.connection, desk, [asked.end_to_end_id], by="ada", reason="no")
        later = JUNE + timedelta(hours=20)
        expire.run(world.connection, expire.Expiry(PROGRAMME, "EUR", later, later.date()))
        pay_out.run(world.connection, pay_out.PayRun(PROGRAMME, JUNE, JUNE, TODAY, tmp_path))
        references = [
            row[0]
            for row in world.rows("SELECT end_to_end_id FROM payouts_payout WHERE state = 'sent'")
        ]
        rejected = "".join(
            f"<TxInfAndSts><OrgnlEndToEndId>{one}</OrgnlEndToEndId><TxSts>RJCT</TxSts></TxInfAndSts>"
            for one in references
        )
        report = (
            '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>'
            "<OrgnlGrpInfAndSts><OrgnlMsgId>x</OrgnlMsgId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>"
            f"<OrgnlPmtInfAndSts>{rejected}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"
        )
        import_status(
            world.connection, StatusFile("a.xml", report.encode(), PROGRAMME, JUNE, TODAY)
        )
        closing = close_account.Closing(
            PROGRAMME, members[1], "EUR", JUNE + timedelta(days=1), TODAY
        )
        close_account.run(world.connection, closing)
        world.assert_sound()
    assert recorder.violations == recorder.unguarded == []
    assert recorder.seen >= {
        "identity_wallet",
        "payouts_payout",
        "wallet_hold",
        "wallet_voucher",
        "rewards_lot",
        "ledger_balance",
    }


def test_the_recorder_sees_what_is_locked_out_of_order(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that the silence of the recorder above means something."""
    world.buy("A1", status="confirmed")
    with recorded_locks(monkeypatch) as recorder, connect() as connection:
        wallets = "SELECT id FROM identity_wallet ORDER BY id FOR NO KEY UPDATE"
        connection.execute(wallets)
        connection.execute("SELECT id FROM purchases_purchase ORDER BY id FOR NO KEY UPDATE")
        connection.execute(wallets)
    assert [one.partition(":")[0] for one in recorder.violations] == [
        "purchases_purchase after identity_wallet"
    ]


def test_every_query_that_locks_says_in_which_order() -> None:
    unordered = []
    for file in SQL_FILES:
        parts = re.split(
            r"^-- name: (\w+)\s*$", file.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
        for name, body in zip(parts[1::2], parts[2::2], strict=True):
            statement = re.sub(r"--.*", "", body)
            locks = re.search(r"\bFOR (NO KEY )?UPDATE\b", statement)
            if locks and "ORDER BY" not in statement:
                unordered.append(f"{file.name}: {name}")
    assert unordered == []
