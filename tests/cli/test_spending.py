"""What people read when they pay members, spend, expire and close accounts from the command line."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner, Result

from cagnotte.cli import main
from cagnotte.domain.errors import CagnotteError
from cagnotte.journeys import auto_payout, give
from cagnotte.journeys.ask_payout import Desk
from cagnotte.journeys.vouchers import Counter
from cagnotte.payouts.auto_rules import When
from tests.contexts.wallet.world import IBANS, NOON, PROGRAMME, SHOP, TODAY, World, a_world

Run = Callable[..., Result]


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        made.rules(fee_minor=50)
        with made.connection.transaction():
            made.connection.execute(
                "INSERT INTO identity_party (id, programme_id, kind, ref, name, country)"
                " VALUES (%s, %s, 'merchant', 'market', 'Market', '')",
                [SHOP, PROGRAMME],
            )
        yield made


def cagnotte(*arguments: str, at: str = "2026-06-10T12:00:00") -> str:
    """Run a command that succeeds; return what it printed."""
    answer = CliRunner().invoke(main.cli, [*arguments, "--now", at], env={"COLUMNS": "120"})
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def refused(*arguments: str) -> str:
    """Run a command that is refused; return the sentence."""
    answer = CliRunner().invoke(
        main.cli, [*arguments, "--now", "2026-06-10T12:00:00"], env={"CAGNOTTE_DEBUG": "1"}
    )
    assert isinstance(answer.exception, CagnotteError), answer.output
    return answer.exception.sentence


def two_members(world: World) -> tuple[UUID, UUID]:
    """M1 with 25.00 and a bank account, M2 with 8.40."""
    rich, poor = world.wallet([(2500, None)]), world.wallet([(840, None)])
    world.bank_account(rich, IBANS[1])
    return rich, poor


def test_the_plan_is_a_table_with_reasons(world: World) -> None:
    two_members(world)
    told = cagnotte("payouts", "plan")
    assert "M1" in told
    assert "24.50" in told
    assert "8.40 EUR available, 11.60 EUR short of the 20.00 EUR minimum." in told
    assert "1 × below minimum" in told
    assert "2026-06-10: 1 payouts of 24.50 EUR, 1 members are not paid." in told


def test_payouts_run_once_and_are_settled_by_a_statement(world: World, tmp_path: Path) -> None:
    rich, _ = two_members(world)
    told = cagnotte("payouts", "run", "--output", str(tmp_path))
    (file,) = tmp_path.iterdir()
    assert f"{file}: 1 transfers, 24.50 EUR, to be executed on 2026-06-11." in told.replace(
        "\n", ""
    )
    assert "Not paid: 1 below minimum." in told
    again = cagnotte("payouts", "run", "--output", str(tmp_path), at="2026-06-10T12:05:00")
    assert "2026-06-10: nobody is to be paid." in again
    ((reference,),) = world.rows("SELECT end_to_end_id FROM payouts_payout")
    statement = tmp_path / "statement.xml"
    entry = (
        "<Ntry><Amt Ccy='EUR'>{1}</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts><NtryDtls><TxDtls>"
        "<Refs><EndToEndId>{0}</EndToEndId></Refs></TxDtls></NtryDtls></Ntry>"
    )
    statement.write_text(
        "<Document><BkToCstmrStmt><Stmt>"
        + entry.format(reference, "24.50")
        + entry.format("po-nobody", "1.00")
        + "</Stmt></BkToCstmrStmt></Document>",
        encoding="utf-8",
    )
    told = cagnotte("payouts", "import-status", str(statement))
    assert told == (
        "statement.xml: 1 settled (24.50 EUR), 1 to look at.\n"
        "  No payout bears the reference “po-nobody”.\n"
    )
    assert cagnotte("payouts", "import-status", str(statement)) == (
        "statement.xml: read before; nothing was changed.\n"
    )
    assert world.balance("programme.bank") == -2450
    assert world.balances(rich) == (0, 0, 0)
    world.assert_sound()


def test_an_order_is_paid_and_refunded(world: World) -> None:
    rich, _ = two_members(world)
    shop = ("--merchant", "market", "--order", "17")
    assert (
        cagnotte("redeem", "hold", "M1", *shop, "--amount", "20")
        == "20.00 EUR is held for order 17 until 2026-06-10 12:30 UTC (open).\n"
    )
    assert (
        cagnotte("redeem", "capture", *shop, "--amount", "15.00", "--fee", "0.30")
        == "15.00 EUR paid order 17; 14.70 EUR is owed to market.\n"
    )
    assert (
        cagnotte("redeem", "refund", *shop, "--amount", "5.00", "--refund", "r1")
        == "5.00 EUR of order 17 was refunded.\n"
    )
    assert world.balances(rich) == (1500, 0, 0)
    other = ("--merchant", "market", "--order", "18")
    cagnotte("redeem", "hold", "M1", *other, "--amount", "1")
    assert (
        cagnotte("redeem", "release", *other)
        == "1.00 EUR of order 18 went back to the member (released).\n"
    )
    world.assert_sound()


def test_what_is_refused_is_a_sentence(world: World) -> None:
    two_members(world)
    shop = ("--merchant", "market", "--order", "17")
    assert refused("redeem", "hold", "M2", *shop, "--amount", "20") == (
        "8.40 EUR available, 11.60 EUR short of the 20.00 EUR asked for."
    )
    assert refused("redeem", "hold", "M9", *shop, "--amount", "1") == (
        "There is no member “M9” in this programme."
    )
    assert refused("redeem", "hold", "M1", *shop, "--amount", "1,50") == (
        "“1,50” is not an amount; write digits with a point for decimals, such as 12.40."
    )
    assert refused("redeem", "release", "--merchant", "nowhere", "--order", "1") == (
        "There is no merchant “nowhere” in this programme."
    )


def test_money_expires_and_accounts_are_closed(world: World) -> None:
    world.wallet([(500, TODAY - timedelta(days=1)), (300, None)])
    told = cagnotte("expire", at=f"{NOON:%Y-%m-%dT%H:%M:%S}")
    assert told == (
        "2026-06-10: 5.00 EUR of 1 lots in 1 wallets expired; 0 holds went back.\n"
        "  5.00 EUR to programme.breakage\n"
    )
    assert cagnotte("close-account", "M1") == (
        "Member M1: closed.\n  3.00 EUR is kept as unclaimed.\n"
    )
    assert cagnotte("close-account", "M1") == "Member M1: closed before.\n"
    world.assert_sound()


def test_what_is_kept_as_unclaimed_is_paid_to_the_account_its_owner_names(world: World) -> None:
    world.wallet([(300, None)])
    cagnotte("close-account", "M1")
    order = ("payouts", "unclaimed", "M1", "--holder", "Ana Müller", "--iban", IBANS[1])
    told = cagnotte(*order, "--amount", "2.00", "--reference", "letter 7")
    reference = told.split(":")[0]
    assert told == f"{reference}: 2.00 EUR to member M1 (approved).\n"
    assert cagnotte(*order, "--amount", "2.00", "--reference", "letter 7") == told
    assert refused(*order, "--amount", "1.01", "--reference", "letter 8") == (
        "1.00 EUR is kept aside for this member."
    )
    assert world.balance("programme.unclaimed") == 300
    world.assert_sound()


def test_releasing_pays_or_keeps_what_closed_accounts_hold(world: World) -> None:
    with_account, without = world.wallet(), world.wallet()
    world.bank_account(with_account, IBANS[1])
    for wallet_id, amount_minor in ((with_account, 400), (without, 300)):
        world.close(wallet_id)
        world.give(wallet_id, amount_minor)
    assert cagnotte("mature") == (
        "2026-06-10: 0.00 EUR of 0 purchases became available to 0 members.\n"
        "  4.00 EUR of closed accounts goes out with the next payouts.\n"
        "  3.00 EUR of closed accounts is kept as unclaimed.\n"
    )
    world.assert_sound()


def test_a_payout_is_asked_for_listed_approved_and_called_off(world: World) -> None:
    two_members(world)
    told = cagnotte("payouts", "request", "M1", "--amount", "22.00")
    reference = told.split(":")[0]
    assert told == f"{reference}: 21.50 EUR to member M1, to be approved.\n"
    listed = CliRunner().invoke(main.cli, ["payouts", "list"], env={"COLUMNS": "120"})
    assert reference in listed.stdout
    assert "requested" in listed.stdout
    assert cagnotte("payouts", "approve", reference) == f"{reference}: 21.50 EUR approved.\n"
    again = cagnotte("payouts", "approve", reference)
    assert again == (f"{reference}: A payout that is approved cannot take the step “approve”.\n")
    assert cagnotte("payouts", "cancel", reference, "--reason", "asked twice") == (
        f"{reference}: 21.50 EUR cancelled.\n"
    )
    listed = CliRunner().invoke(main.cli, ["payouts", "list"])
    assert listed.stdout == "There are no such payouts.\n"
    assert refused("payouts", "request", "M2") == (
        "8.40 EUR available, 11.60 EUR short of the 20.00 EUR minimum."
    )
    world.assert_sound()


def test_charities_are_named_given_to_and_paid(world: World, tmp_path: Path) -> None:
    world.wallet([(2500, None)])
    path = tmp_path / "charities.yaml"
    path.write_text("charities: [{ref: sea, name: Clean Seas, cause: Less plastic.}]\n", "utf-8")
    runner = CliRunner()
    loaded = runner.invoke(main.cli, ["charities", "load", str(path)])
    assert loaded.output == "1 charities take gifts; 0 no longer do.\n"
    assert cagnotte("charities", "paid", "sea") == "Nothing is owed to sea.\n"
    anna = world.members[0]
    counter = Counter(PROGRAMME, "EUR", NOON, TODAY)
    give.give(world.connection, counter, wallet_id=anna, charity="sea", amount_minor=321, token="t")
    listed = runner.invoke(main.cli, ["charities", "list"], env={"COLUMNS": "120"}).output
    assert "3.21 EUR" in listed
    assert cagnotte("charities", "paid", "sea") == "sea: 1 gifts, 3.21 EUR, passed on.\n"


def test_a_day_to_come_is_planned_for_and_lets_no_account_rest_less(
    world: World, tmp_path: Path
) -> None:
    rich, _ = two_members(world)
    world.bank_account(rich, IBANS[2], days_ago=0)
    desk = Desk(PROGRAMME, NOON, TODAY)
    auto_payout.choose(world.connection, desk, wallet_id=rich, when=When(above_minor=2000))
    before, ahead = world.standing(), ("--on", "2026-06-20")
    assert "1 payouts of 24.50 EUR" in cagnotte("payouts", "plan", *ahead)
    told = cagnotte("payouts", "run", *ahead, "--output", str(tmp_path))
    assert "2026-06-20: nobody is to be paid." in told
    assert "1 method too recent" in told
    told = cagnotte("payouts", "auto", *ahead)
    assert "0 payouts" in told
    assert "1 × method too recent" in told
    assert world.standing() == before
    assert list(tmp_path.iterdir()) == []
    told = cagnotte("payouts", "run", "--output", str(tmp_path), at="2026-06-20T12:00:00")
    assert "1 transfers, 24.50 EUR" in told


def test_automatic_payouts_are_asked_for_and_a_run_can_leave_out_who_did_not(
    world: World, tmp_path: Path
) -> None:
    rich, _ = two_members(world)
    desk = Desk(PROGRAMME, NOON, TODAY)
    auto_payout.choose(world.connection, desk, wallet_id=rich, when=When(above_minor=2000))
    folder = ["--output", str(tmp_path)]
    assert "nobody is to be paid" in cagnotte("payouts", "run", "--asked", *folder)
    told = cagnotte("payouts", "auto")
    assert told == "2026-06-10: 1 payouts of 25.00 EUR asked for, to be approved.\n"
    assert "0 payouts" in cagnotte("payouts", "auto")
