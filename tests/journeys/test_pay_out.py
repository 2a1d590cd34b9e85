"""Paying members: the plan, the file, what happens when a run is interrupted, and what the bank answers."""

import hashlib
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connections
from lxml import etree

from cagnotte.domain.errors import CagnotteError, InvalidInput, NotFound, PayoutRefused, Refused
from cagnotte.domain.payouts import PayoutEvent, PayoutState, RefusalCode
from cagnotte.extras.rails.sepa import SepaRail
from cagnotte.journeys import pay_out, redeem
from cagnotte.journeys.import_status import StatusFile, StatusResult, import_status
from cagnotte.journeys.pay_out import PayOutResult, PayRun
from cagnotte.journeys.redeem import Checkout
from cagnotte.payouts import selectors, services
from cagnotte.platform import database
from tests.contexts.wallet.world import IBANS, NOON, PROGRAMME, SHOP, TODAY, World, a_world


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        made.rules(fee_minor=50)
        yield made


def an_order(folder: Path, *, days: int = 0, minutes: int = 0) -> PayRun:
    moment = NOON + timedelta(days=days, minutes=minutes)
    return PayRun(PROGRAMME, moment, moment, moment.date(), folder)


def run(world: World, folder: Path, *, days: int = 0, minutes: int = 0) -> PayOutResult:
    return pay_out.run(world.connection, an_order(folder, days=days, minutes=minutes))


def two_members(world: World) -> tuple[UUID, UUID]:
    """Two members who can be paid, 25.00 and 30.00."""
    anna = world.wallet([(1500, TODAY + timedelta(days=3)), (1000, None)])
    ben = world.wallet([(3000, None)])
    world.bank_account(anna, IBANS[1])
    world.bank_account(ben, IBANS[2], holder="Ben")
    return anna, ben


def in_file(path: Path) -> dict[str, str]:
    """Amounts in a payment file, by account number."""
    found = {}
    root = etree.fromstring(path.read_bytes())
    name = "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}"
    for transfer in root.iter(f"{name}CdtTrfTxInf"):
        (amount,) = transfer.iter(f"{name}InstdAmt")
        (iban,) = transfer.iter(f"{name}IBAN")
        found[iban.text or ""] = amount.text or ""
    return found


def references(world: World) -> dict[UUID, str]:
    return dict(world.rows("SELECT wallet_id, end_to_end_id FROM payouts_payout"))


# ---- plan and run -----------------------------------------------------------------------------------------------


def test_the_plan_says_who_is_paid_and_who_not_and_changes_nothing(world: World) -> None:
    anna, ben = two_members(world)
    poor, nowhere = world.wallet([(840, None)]), world.wallet([(5000, None)])
    expired = world.wallet([(5000, TODAY - timedelta(days=1))])
    owing = world.wallet()
    world.owe(owing, 320)
    before = world.standing()
    plan = pay_out.plan(world.connection, programme_id=PROGRAMME, at=NOON, on=TODAY)
    assert {one.wallet_id: one.amount_minor for one in plan.payouts} == {anna: 2500, ben: 3000}
    assert {one.wallet_id: one.code for one in plan.refusals} == {
        poor: RefusalCode.BELOW_MINIMUM,
        nowhere: RefusalCode.NO_METHOD,
        owing: RefusalCode.OWING,
    }
    assert expired not in {one.wallet_id for one in plan.refusals}
    assert world.standing() == before


def test_a_run_writes_one_file_and_books_it_as_sent(world: World, tmp_path: Path) -> None:
    anna, ben = two_members(world)
    result = run(world, tmp_path / "out")
    (batch,) = result.batches
    assert (batch.count, batch.total_minor, batch.repaired) == (2, 5400, False)
    assert batch.path == tmp_path / "out" / f"{batch.message_id}.xml"
    assert in_file(batch.path) == {IBANS[1]: "24.50", IBANS[2]: "29.50"}
    assert batch.sha256 == hashlib.sha256(batch.path.read_bytes()).hexdigest()
    assert batch.path.stat().st_mode & 0o077 == 0
    assert batch.execution_on == TODAY + timedelta(days=1)
    assert world.balances(anna) == world.balances(ben) == (0, 0, 0)
    assert world.balance("programme.payouts") == 5400
    assert world.balance("programme.margin") == 100
    world.assert_sound()


def test_a_run_for_a_day_to_come_pays_no_account_that_rests_today(
    world: World, tmp_path: Path
) -> None:
    anna, ben = world.wallet([(2500, None)]), world.wallet([(3000, None)])
    world.bank_account(anna, IBANS[1], days_ago=0)
    world.bank_account(ben, IBANS[2])
    ahead = NOON + timedelta(days=4)
    plan = pay_out.plan(world.connection, programme_id=PROGRAMME, at=ahead, on=ahead.date())
    assert {one.wallet_id for one in plan.payouts} == {anna, ben}
    result = pay_out.run(
        world.connection, PayRun(PROGRAMME, NOON, ahead, ahead.date(), tmp_path / "out")
    )
    assert [one.code for one in result.plan.refusals] == [RefusalCode.METHOD_TOO_RECENT]
    assert in_file(result.batches[0].path) == {IBANS[2]: "29.50"}
    assert (world.balances(anna), world.balances(ben)) == ((2500, 0, 0), (0, 0, 0))
    world.assert_sound()


def test_a_second_run_finds_nobody_left_to_pay(world: World, tmp_path: Path) -> None:
    two_members(world)
    run(world, tmp_path)
    before = world.standing()
    again = run(world, tmp_path, minutes=1)
    assert (again.batches, again.plan.payouts, again.plan.refusals) == ([], (), ())
    assert world.standing() == before


def test_a_run_without_settings_or_inside_a_transaction_is_refused(
    committed_db: str, tmp_path: Path
) -> None:
    with a_world() as world:
        with pytest.raises(NotFound, match="no payout settings"):
            run(world, tmp_path)
        world.connection.execute("SELECT 1")
        with pytest.raises(ValueError, match="without a transaction"):
            run(world, tmp_path)


def test_two_runs_never_work_side_by_side(world: World, tmp_path: Path) -> None:
    two_members(world)
    with database.connect() as other, pay_out._only_run(other, PROGRAMME):
        before = world.standing()
        with pytest.raises(Refused, match="Another payout run"):
            run(world, tmp_path)
        assert world.standing() == before
    assert run(world, tmp_path).count == 2


def test_large_payouts_are_cut_and_large_batches_split(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SepaRail, "transfers_max", 2)
    world.rules(maximum_minor=2000)
    for number in range(5):
        world.bank_account(world.wallet([(4500, None)]), IBANS[number])
    result = run(world, tmp_path)
    assert [batch.count for batch in result.batches] == [2, 2, 1]
    assert result.total_minor == 10_000
    assert run(world, tmp_path, minutes=1).count == 5
    assert run(world, tmp_path, minutes=2).count == 0
    world.assert_sound()


# ---- interrupted runs -------------------------------------------------------------------------------------------


class Crash(Exception):
    """The process dies here."""


PHASES: list[tuple[str, Any]] = [
    ("before anything is held", (pay_out, "_hold")),
    ("before the batch is made", (services, "make_batch")),
    ("before the file is written", (pay_out, "write_whole")),
    ("after the file is written", (pay_out, "take_step")),
    ("while it is booked as sent", (services, "mark_batch_sent")),
]


@pytest.mark.parametrize("place", [place for _, place in PHASES], ids=[name for name, _ in PHASES])
def test_a_run_that_died_is_finished_by_the_next_and_nobody_is_paid_twice(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: tuple[Any, str]
) -> None:
    two_members(world)

    def die(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patch:
        patch.setattr(*place, die)
        with pytest.raises(Crash):
            run(world, tmp_path)
    world.assert_sound()
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    held = references(world)
    result = run(world, tmp_path, days=1)
    assert result.count == 2
    assert result.total_minor == 5400
    assert references(world).items() >= held.items()
    (batch,) = result.batches
    (only,) = tmp_path.iterdir()
    assert only == batch.path
    assert in_file(only) == {IBANS[1]: "24.50", IBANS[2]: "29.50"}
    # A file that may have gone to the bank already is made again byte for byte.
    assert written.items() <= {only.name: only.read_bytes()}.items()
    assert run(world, tmp_path, days=2).count == 0
    assert world.balance("programme.payouts") == 5400
    world.assert_sound()


def test_what_a_killed_run_had_written_of_a_file_is_removed_with_the_next_try(
    tmp_path: Path,
) -> None:
    (tmp_path / ".CAG1.xml.k3x").write_text("<half a file")
    (tmp_path / ".CAG2.xml.k3x").write_text("of another batch")

    pay_out.write_whole(tmp_path / "CAG1.xml", b"<whole/>")

    assert {path.name for path in tmp_path.iterdir()} == {"CAG1.xml", ".CAG2.xml.k3x"}
    assert (tmp_path / "CAG1.xml").read_bytes() == b"<whole/>"


def test_a_folder_that_cannot_be_written_leaves_the_payouts_held(
    world: World, tmp_path: Path
) -> None:
    anna, _ = two_members(world)
    in_the_way = tmp_path / "file"
    in_the_way.write_text("no folder")
    with pytest.raises(Refused, match="cannot be written to"):
        run(world, in_the_way / "out")
    assert world.balances(anna) == (0, 2500, 0)
    assert world.balance("programme.payouts") == 0
    assert run(world, tmp_path / "out", minutes=5).count == 2
    world.assert_sound()


def test_a_batch_the_rail_cannot_carry_stays_approved(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, _ = two_members(world)

    def refuse(_self: SepaRail, _batch: object) -> bytes:
        raise PayoutRefused("The file would be wrong.")

    with monkeypatch.context() as patch:
        patch.setattr(SepaRail, "make_file", refuse)
        with pytest.raises(PayoutRefused):
            run(world, tmp_path)
    assert world.balances(anna) == (0, 2500, 0)
    assert list(tmp_path.iterdir()) == []
    (result,) = run(world, tmp_path, minutes=5).batches
    assert result.repaired


def test_spending_at_a_till_while_payouts_are_made_never_goes_below_zero(
    world: World, tmp_path: Path
) -> None:
    members = [world.wallet([(2500, None)]) for _ in range(8)]
    for number, member in enumerate(members):
        world.bank_account(member, IBANS[number % len(IBANS)])
    checkout = Checkout(PROGRAMME, SHOP, "EUR", NOON, TODAY)

    def shop(member: UUID) -> None:
        try:
            with database.connect() as connection, suppress(CagnotteError):
                redeem.hold(
                    connection, checkout, wallet_id=member, order=str(member), amount_minor=1000
                )
        finally:
            connections.close_all()

    tills = [threading.Thread(target=shop, args=[member]) for member in members]
    for till in tills:
        till.start()
    result = run(world, tmp_path)
    for till in tills:
        till.join()
    for member in members:
        available, held, _ = world.balances(member)
        assert (available, held) in {(0, 0), (1500, 1000)}
    assert result.count + len(result.refused) + len(result.plan.refusals) == 8
    world.assert_sound()


# ---- what the bank answers --------------------------------------------------------------------------------------


def a_report(*statuses: tuple[str, str, str], message_id: str = "", group: str = "PART") -> bytes:
    transactions = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{reference}</OrgnlEndToEndId><TxSts>{status}</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for reference, status, code in statuses
    )
    return f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
      <OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><GrpSts>{group}</GrpSts></OrgnlGrpInfAndSts>
      <OrgnlPmtInfAndSts>{transactions}</OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>""".encode()


def a_statement(*entries: str) -> bytes:
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        + "".join(entries)
        + "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def an_entry(
    direction: str, reference: str, amount: str, *, code: str = "", day: str = "2026-06-11"
) -> str:
    reason = f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>" if code else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
        f"<BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls><Refs><EndToEndId>{reference}</EndToEndId>"
        f"</Refs>{reason}</TxDtls></NtryDtls></Ntry>"
    )


def read(world: World, content: bytes, *, name: str = "answer.xml", days: int = 2) -> StatusResult:
    moment = NOON + timedelta(days=days)
    return import_status(
        world.connection, StatusFile(name, content, PROGRAMME, moment, moment.date())
    )


def state(world: World, wallet_id: UUID) -> PayoutState:
    (payout,) = selectors.payouts_of_wallet(world.connection, wallet_id)
    world.connection.rollback()
    return payout.state


def sent(world: World, folder: Path) -> tuple[UUID, UUID, str, str, str]:
    """Two payouts that were sent: the wallets, their references, and the batch's."""
    anna, ben = two_members(world)
    (batch,) = run(world, folder).batches
    by_wallet = references(world)
    return anna, ben, by_wallet[anna], by_wallet[ben], batch.message_id


def test_a_statement_settles_what_it_debits(world: World, tmp_path: Path) -> None:
    anna, ben, to_anna, to_ben, _ = sent(world, tmp_path)
    result = read(
        world, a_statement(an_entry("DBIT", to_anna, "24.50"), an_entry("DBIT", to_ben, "29.50"))
    )
    assert dict(result.booked) == {PayoutEvent.SETTLE: 2}
    assert dict(result.amounts_minor) == {PayoutEvent.SETTLE: 5400}
    assert result.open_lines == []
    assert state(world, anna) is state(world, ben) is PayoutState.SETTLED
    assert world.balance("programme.payouts") == 0
    assert world.balance("programme.bank") == -5400
    days = world.rows(
        "SELECT DISTINCT occurred_on FROM ledger_transaction WHERE kind = 'payout_settled'"
    )
    assert days == [(TODAY + timedelta(days=1),)]
    world.assert_sound()


def test_the_same_file_read_twice_changes_nothing(world: World, tmp_path: Path) -> None:
    _, _, to_anna, _, _ = sent(world, tmp_path)
    content = a_statement(an_entry("DBIT", to_anna, "24.50"))
    read(world, content)
    before = world.standing()
    again = read(world, content, name="copy.xml", days=3)
    assert again.known
    assert not again.booked
    assert world.standing() == before


def test_another_file_about_the_same_transfer_changes_nothing(world: World, tmp_path: Path) -> None:
    _, _, to_anna, _, _ = sent(world, tmp_path)
    read(world, a_statement(an_entry("DBIT", to_anna, "24.50")))
    before = world.standing()
    again = read(world, a_statement(an_entry("DBIT", to_anna, "24.5")), days=3)
    assert (again.known, again.unchanged, dict(again.booked)) == (False, 1, {})
    assert world.standing() == before


def test_a_batch_debited_as_one_entry_settles_what_was_not_rejected(
    world: World, tmp_path: Path
) -> None:
    anna, ben, to_anna, _, message_id = sent(world, tmp_path)
    read(world, a_report((to_anna, "RJCT", "AC04")))
    entry = (
        '<Ntry><Amt Ccy="EUR">29.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls><Btch>'
        f"<MsgId>{message_id}</MsgId><NbOfTxs>1</NbOfTxs></Btch></NtryDtls></Ntry>"
    )
    result = read(world, a_statement(entry), days=3)
    assert dict(result.booked) == {PayoutEvent.SETTLE: 1}
    assert (state(world, anna), state(world, ben)) == (PayoutState.REJECTED, PayoutState.SETTLED)
    assert world.balances(anna) == (2500, 0, 0)
    assert world.balance("programme.payouts") == 0
    world.assert_sound()


def test_a_rejected_transfer_is_the_members_again(world: World, tmp_path: Path) -> None:
    anna, ben, to_anna, to_ben, _ = sent(world, tmp_path)
    result = read(world, a_report((to_anna, "RJCT", "AC04"), (to_ben, "ACSC", "")))
    assert dict(result.booked) == {PayoutEvent.REJECT: 1}
    # What the bank reports as done is settled by the statement that debits it.
    assert result.accepted == 1
    assert (state(world, anna), state(world, ben)) == (PayoutState.REJECTED, PayoutState.SENT)
    assert world.balances(anna) == (2500, 0, 0)
    world.assert_sound()


def test_a_programme_may_take_the_banks_report_for_settlement(world: World, tmp_path: Path) -> None:
    anna, _, to_anna, _, _ = sent(world, tmp_path)
    world.rules(settles_on_report=True)
    assert dict(read(world, a_report((to_anna, "ACSC", ""))).booked) == {PayoutEvent.SETTLE: 1}
    before = world.standing()
    later = read(world, a_statement(an_entry("DBIT", to_anna, "24.50")), days=3)
    assert later.unchanged == 1
    assert state(world, anna) is PayoutState.SETTLED
    assert world.standing() == before


def test_a_report_about_a_whole_batch_speaks_of_all_its_transfers(
    world: World, tmp_path: Path
) -> None:
    anna, ben, _, _, message_id = sent(world, tmp_path)
    accepted = read(world, a_report(message_id=message_id, group="ACCP"))
    assert (accepted.accepted, dict(accepted.booked)) == (2, {})
    rejected = read(world, a_report(message_id=message_id, group="RJCT"), days=3)
    assert dict(rejected.booked) == {PayoutEvent.REJECT: 2}
    assert world.balances(anna) == (2500, 0, 0)
    assert world.balances(ben) == (3000, 0, 0)
    assert world.balance("programme.payouts") == world.balance("programme.margin") == 0
    world.assert_sound()


def test_a_return_after_settlement_gives_the_money_back(world: World, tmp_path: Path) -> None:
    anna, _, to_anna, _, _ = sent(world, tmp_path)
    read(world, a_statement(an_entry("DBIT", to_anna, "24.50")))
    back = an_entry("CRDT", to_anna, "24.50", code="AC04", day="2026-06-15")
    result = read(world, a_statement(back), days=6)
    assert dict(result.booked) == {PayoutEvent.RETURN: 1}
    assert state(world, anna) is PayoutState.RETURNED
    assert world.balances(anna) == (2500, 0, 0)
    assert world.balance("programme.bank") == 0
    # The lot that would have expired meanwhile lives on for the grace of a refund.
    assert world.lots(anna)[1:] == [
        (1500, 1500, 0, TODAY + timedelta(days=35)),
        (1000, 1000, 0, None),
    ]
    world.assert_sound()


@pytest.mark.parametrize("together", [True, False], ids=["in one file", "before its debit"])
def test_a_return_whose_debit_was_not_seen_yet_settles_first(
    world: World, tmp_path: Path, together: bool
) -> None:
    anna, _, to_anna, _, _ = sent(world, tmp_path)
    debit, back = (
        an_entry("DBIT", to_anna, "24.50"),
        an_entry("CRDT", to_anna, "24.50", code="MS03", day="2026-06-12"),
    )
    files = [a_statement(back, debit)] if together else [a_statement(back), a_statement(debit)]
    for number, content in enumerate(files):
        read(world, content, days=3 + number)
    assert state(world, anna) is PayoutState.RETURNED
    assert world.balances(anna) == (2500, 0, 0)
    assert world.balance("programme.bank") == 0
    assert world.balance("programme.payouts") == 2950
    world.assert_sound()


def test_a_return_to_a_closed_account_waits_among_the_unclaimed(
    world: World, tmp_path: Path
) -> None:
    anna, _, to_anna, _, _ = sent(world, tmp_path)
    read(world, a_statement(an_entry("DBIT", to_anna, "24.50")))
    world.close(anna)
    read(world, a_statement(an_entry("CRDT", to_anna, "24.50", code="AC04")), days=5)
    assert world.balances(anna) == (0, 0, 0)
    assert world.balance("programme.unclaimed") == 2500
    world.assert_sound()


def test_what_does_not_agree_is_kept_for_a_person_and_never_booked(
    world: World, tmp_path: Path
) -> None:
    _, _, to_anna, to_ben, message_id = sent(world, tmp_path)
    batch = (
        '<Ntry><Amt Ccy="EUR">54.01</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls><Btch>'
        f"<MsgId>{message_id}</MsgId></Btch></NtryDtls></Ntry>"
    )
    before = world.standing()
    result = read(
        world,
        a_statement(
            an_entry("DBIT", "po-nobody", "24.50"),
            an_entry("DBIT", to_anna, "24.51"),
            an_entry("DBIT", to_ben, "29.50").replace('"EUR"', '"CHF"'),
            batch,
            an_entry("CRDT", "NOTPROVIDED", "900.00"),
        ),
    )
    assert [(line.number, line.problem, line.sentence) for line in result.open_lines] == [
        (1, "unknown", "No payout bears the reference “po-nobody”."),
        (2, "amount", "1 transfer(s) of 24.50 EUR went out; the bank speaks of 24.51 EUR."),
        (3, "currency", "1 transfer(s) of 29.50 EUR went out; the bank speaks of CHF."),
        (4, "amount", "2 transfer(s) of 54.00 EUR went out; the bank speaks of 54.01 EUR."),
    ]
    assert (result.lines, result.other, dict(result.booked)) == (5, 1, {})
    assert world.standing() == before
    kept = world.rows("SELECT number, problem FROM payouts_bankline ORDER BY number")
    assert kept == [(1, "unknown"), (2, "amount"), (3, "currency"), (4, "amount")]


def test_an_answer_that_cannot_be_true_is_kept_for_a_person(world: World, tmp_path: Path) -> None:
    _, _, to_anna, _, _ = sent(world, tmp_path)
    read(world, a_statement(an_entry("DBIT", to_anna, "24.50")))
    before = world.standing()
    result = read(world, a_report((to_anna, "RJCT", "AC04")), days=3)
    (line,) = result.open_lines
    assert line.problem == "impossible"
    assert line.sentence == f"The bank says “rejected” of {to_anna}, which is settled here."
    assert world.standing() == before


def test_what_names_no_transfer_or_no_outcome_is_kept_for_a_person(
    world: World, tmp_path: Path
) -> None:
    _, _, to_anna, _, _ = sent(world, tmp_path)
    before = world.standing()
    report = read(world, a_report(("", "RJCT", "AC04")))
    assert [line.sentence for line in report.open_lines] == [
        "“rejected” is said of a transfer without naming it."
    ]
    statement = read(world, a_statement(an_entry("CRDT", to_anna, "24.50")), days=3)
    assert [line.sentence for line in statement.open_lines] == [
        f"The bank speaks of {to_anna} without saying what became of it."
    ]
    strange = read(
        world,
        a_report(message_id="pb-nobody", group="RJCT").replace(
            b"<OrgnlPmtInfAndSts></OrgnlPmtInfAndSts>", b""
        ),
    )
    assert [line.sentence for line in strange.open_lines] == [
        "No batch bears the reference “pb-nobody”."
    ]
    assert world.standing() == before


def test_a_damaged_file_changes_nothing_and_can_be_read_once_it_is_whole(
    world: World, tmp_path: Path
) -> None:
    _, _, to_anna, _, _ = sent(world, tmp_path)
    content = a_statement(an_entry("DBIT", to_anna, "24.50"))
    before = world.standing()
    with pytest.raises(InvalidInput, match="cut short"):
        read(world, content[:-30])
    assert world.standing() == before
    assert dict(read(world, content).booked) == {PayoutEvent.SETTLE: 1}
