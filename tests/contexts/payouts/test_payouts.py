"""Payout rules, bank accounts on file, and the steps payouts take."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from psycopg.errors import RaiseException

from cagnotte.domain.errors import InvalidInput, InvalidRow, NotFound
from cagnotte.domain.payouts import MethodFacts, PayoutEvent, PayoutState, PlannedPayout
from cagnotte.payouts import selectors, services
from cagnotte.payouts.bank_accounts import check_account
from cagnotte.payouts.selectors import PayoutView
from cagnotte.payouts.services import MethodRow, SavedMethods
from cagnotte.payouts.steps import Step, take_step
from tests.contexts.wallet.world import IBANS, NOON, PROGRAMME, TODAY, World, a_world


@pytest.fixture
def world(committed_db: str) -> Iterator[World]:
    with a_world() as made:
        yield made


@pytest.fixture
def admin_of_books(world: World) -> Client:
    """A browser in which an operator is signed in."""
    operator = get_user_model().objects.create_superuser("ada", "ada@example.org", "evening")
    client = Client()
    client.force_login(operator)
    return client


# ---- bank accounts --------------------------------------------------------------------------------------------


def test_an_account_number_may_be_typed_with_spaces_and_gets_its_bic() -> None:
    account = check_account("de89 3704 0044 0532 0130 00")
    assert (account.iban, account.bic, account.last4) == (
        "DE89370400440532013000",
        "COBADEFFXXX",
        "3000",
    )


@pytest.mark.parametrize(
    ("iban", "bic", "reason", "sentence"),
    [
        (
            "DE89370400440532013001",
            "",
            "iban_checksum",
            "DE…3001 fails its checksum: a digit is wrong, or two are swapped.",
        ),
        (
            "DE8937040044053201300",
            "",
            "iban_length",
            "DE…1300 is too short or too long for its country.",
        ),
        (
            "XX89370400440532013000",
            "",
            "iban_country",
            "XX…3000 begins with a country code that does not exist.",
        ),
        ("my account", "", "iban_invalid", "my…ount is no IBAN."),
        ("", "", "iban_invalid", "This number is no IBAN."),
        (
            "SA0380000000608010167519",
            "",
            "iban_not_sepa",
            "SA…7519 is in a country outside SEPA (SA).",
        ),
        (
            "DE89370400440532013000",
            "COBA",
            "bic_invalid",
            "“COBA” is no BIC; it has 8 or 11 characters, such as COBADEFFXXX.",
        ),
    ],
)
def test_a_number_that_is_none_is_explained_and_never_shown_whole(
    iban: str, bic: str, reason: str, sentence: str
) -> None:
    with pytest.raises(InvalidRow) as refused:
        check_account(iban, bic)
    assert (refused.value.reason, str(refused.value)) == (reason, sentence)


def save(world: World, *rows: MethodRow, minutes: int = 0) -> SavedMethods:
    with world.connection.transaction():
        return services.save_methods(
            world.connection, rows, programme_id=PROGRAMME, now=NOON + timedelta(minutes=minutes)
        )


def test_accounts_on_file_are_sealed_and_kept_until_they_change(world: World) -> None:
    anna = world.wallet()
    assert save(world, MethodRow(anna, "Anna", IBANS[0])).new == 1
    (first,) = world.rows("SELECT * FROM payouts_payoutmethod")
    assert IBANS[0] not in str(first)
    same = save(world, MethodRow(anna, "Anna", f"{IBANS[0][:4]} {IBANS[0][4:]}"), minutes=5)
    assert (same.new, same.changed, same.unchanged) == (0, 0, 1)
    assert world.rows("SELECT * FROM payouts_payoutmethod") == [first]
    changed = save(world, MethodRow(anna, "Anna", IBANS[1]), minutes=9)
    assert (changed.new, changed.changed, changed.unchanged) == (0, 1, 0)
    facts = selectors.method_of_wallet(world.connection, anna)
    assert isinstance(facts, MethodFacts)
    assert facts.changed_at == NOON + timedelta(minutes=9)
    assert len(world.rows("SELECT 1 FROM payouts_payoutmethod WHERE retired_at IS NOT NULL")) == 1


def test_bad_accounts_are_reported_and_good_ones_saved(world: World) -> None:
    anna, ben, cleo = world.wallet(), world.wallet(), world.wallet()
    saved = save(
        world,
        MethodRow(anna, "Anna", IBANS[0]),
        MethodRow(ben, "Ben", "FR7630006000011234567890188"),
        MethodRow(cleo, "  ", IBANS[1]),
        MethodRow(anna, "Anna", IBANS[2]),
    )
    assert saved.new == 1
    assert [(place, error.reason) for place, error in saved.rejected] == [
        (1, "iban_checksum"),
        (2, "holder_invalid"),
    ]
    assert world.rows("SELECT wallet_id, iban_last4 FROM payouts_payoutmethod") == [(anna, "2606")]
    with pytest.raises(NotFound):
        save(world, MethodRow(uuid4(), "Nobody", IBANS[0]))


# ---- rules ----------------------------------------------------------------------------------------------------


def test_rules_are_saved_over_the_old_ones(world: World) -> None:
    with pytest.raises(NotFound, match="has no payout settings"):
        selectors.rules(world.connection, PROGRAMME)
    world.connection.rollback()
    world.rules()
    saved = world.rules(
        threshold_minor=500, fee_minor=20, debtor_iban="FR76 3000 6000 0112 3456 7890 189"
    )
    assert saved.debtor_iban == IBANS[0]
    assert selectors.rules(world.connection, PROGRAMME) == saved


@pytest.mark.parametrize(
    "wrong",
    [
        {"threshold_minor": -1},
        {"threshold_minor": 10, "fee_minor": 11},
        {"fee_minor": -1},
        {"maximum_minor": 1999},
        {"debtor_name": " "},
        {"debtor_iban": "FR7630006000011234567890188"},
        {"currency": "ECU"},
    ],
)
def test_rules_that_contradict_themselves_are_not_saved(
    world: World, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        world.rules(**wrong)
    assert world.rows("SELECT 1 FROM payouts_payoutsettings") == []


# ---- steps ----------------------------------------------------------------------------------------------------


def a_payout(
    world: World, amount: int = 2500, fee: int = 50, *, state: PayoutState = PayoutState.APPROVED
) -> PayoutView:
    anna = world.wallet([(amount, TODAY + timedelta(days=5))])
    world.bank_account(anna)
    method = selectors.method_of_wallet(world.connection, anna)
    world.connection.rollback()
    assert method
    with world.connection.transaction():
        made = services.create(
            world.connection,
            [PlannedPayout(anna, method.id, amount, fee)],
            occasion=world.occasion(),
            state=state,
        )
    return made.payouts[0]


def step(
    world: World, payout: PayoutView, *events: PayoutEvent, days: int = 0, reason: str = ""
) -> bool:
    """Take steps; whether the last one was taken."""
    stepped = None
    for event in events:
        with world.connection.transaction():
            stepped = take_step(
                world.connection,
                event,
                [Step(payout.id, "AC04" if reason else "", reason)],
                occasion=world.occasion(days=days),
                source="test",
            )
    return bool(stepped and stepped.taken)


def now(world: World, payout: PayoutView) -> PayoutState:
    (view,) = selectors.payouts_by_id(world.connection, [payout.id])
    world.connection.rollback()
    return view.state


def test_a_payout_is_held_sent_and_settled(world: World) -> None:
    payout = a_payout(world)
    assert world.balances(payout.wallet_id) == (0, 2500, 0)
    assert step(world, payout, PayoutEvent.SEND)
    assert world.balances(payout.wallet_id) == (0, 0, 0)
    assert world.balance("programme.payouts") == 2450
    assert world.balance("programme.margin") == 50
    assert step(world, payout, PayoutEvent.SETTLE)
    assert world.balance("programme.payouts") == 0
    assert world.balance("programme.bank") == -2450
    assert now(world, payout) is PayoutState.SETTLED
    steps = selectors.steps_of_payout(world.connection, payout.id)
    assert [(one.n, one.event, one.source) for one in steps] == [
        (1, "send", "test"),
        (2, "settle", "test"),
    ]
    world.connection.rollback()
    world.assert_sound()


def test_a_payout_that_is_cancelled_is_as_if_it_had_never_been(world: World) -> None:
    payout = a_payout(world, state=PayoutState.REQUESTED)
    assert step(world, payout, PayoutEvent.APPROVE, PayoutEvent.CANCEL)
    assert world.balances(payout.wallet_id) == (2500, 0, 0)
    assert world.lots(payout.wallet_id) == [(2500, 2500, 0, TODAY + timedelta(days=5))]
    world.assert_sound()


def test_a_rejected_payout_comes_back_with_its_fee_and_a_grace(world: World) -> None:
    payout = a_payout(world)
    step(world, payout, PayoutEvent.SEND)
    assert step(world, payout, PayoutEvent.REJECT, days=2, reason="the account is closed")
    assert world.balances(payout.wallet_id) == (2500, 0, 0)
    assert world.balance("programme.payouts") == world.balance("programme.margin") == 0
    assert world.lots(payout.wallet_id)[-1] == (2500, 2500, 0, TODAY + timedelta(days=32))
    assert selectors.steps_of_payout(world.connection, payout.id)[-1].code == "AC04"
    world.connection.rollback()
    world.assert_sound()


def test_a_returned_payout_repays_what_is_owing(world: World) -> None:
    payout = a_payout(world)
    step(world, payout, PayoutEvent.SEND, PayoutEvent.SETTLE)
    world.owe(payout.wallet_id, 700)
    assert step(world, payout, PayoutEvent.RETURN, days=3)
    assert world.balances(payout.wallet_id) == (1800, 0, 0)
    assert world.balance("programme.bank") == 0
    world.assert_sound()


def test_money_that_comes_back_to_a_closed_account_is_unclaimed(world: World) -> None:
    payout = a_payout(world)
    step(world, payout, PayoutEvent.SEND, PayoutEvent.SETTLE)
    world.close(payout.wallet_id)
    assert step(world, payout, PayoutEvent.RETURN, days=3)
    assert world.balances(payout.wallet_id) == (0, 0, 0)
    assert world.balance("programme.unclaimed") == 2500
    world.assert_sound()


@pytest.mark.parametrize(
    ("path", "impossible"),
    [
        ([], PayoutEvent.SETTLE),
        ([PayoutEvent.SEND], PayoutEvent.SEND),
        ([PayoutEvent.SEND], PayoutEvent.CANCEL),
        ([PayoutEvent.SEND], PayoutEvent.RETURN),
        ([PayoutEvent.SEND, PayoutEvent.REJECT], PayoutEvent.SETTLE),
        ([PayoutEvent.SEND, PayoutEvent.SETTLE], PayoutEvent.REJECT),
        ([PayoutEvent.SEND, PayoutEvent.SETTLE, PayoutEvent.RETURN], PayoutEvent.RETURN),
        ([PayoutEvent.CANCEL], PayoutEvent.SEND),
    ],
)
def test_a_step_that_is_not_in_the_table_moves_nothing(
    world: World, path: list[PayoutEvent], impossible: PayoutEvent
) -> None:
    payout = a_payout(world)
    step(world, payout, *path)
    before = world.standing()
    assert not step(world, payout, impossible)
    assert world.standing() == before
    world.assert_sound()


def test_a_wallet_that_lost_its_money_meanwhile_is_refused_and_stops_no_other(world: World) -> None:
    anna, ben = world.wallet([(3000, None)]), world.wallet([(1000, None)])
    planned = [PlannedPayout(anna, UUID(int=1), 3000, 0), PlannedPayout(ben, UUID(int=2), 3000, 0)]
    with world.connection.transaction():
        made = services.create(world.connection, planned, occasion=world.occasion())
    assert [payout.wallet_id for payout in made.payouts] == [anna]
    assert [(one.wallet_id, str(error)) for one, error in made.refused] == [
        (ben, "10.00 EUR available, 20.00 EUR short of the 30.00 EUR asked for.")
    ]
    assert world.balances(ben) == (1000, 0, 0)
    world.assert_sound()


@pytest.mark.parametrize(
    "change", ["UPDATE payouts_payoutstep SET n = 9", "DELETE FROM payouts_payoutstep"]
)
def test_what_happened_to_a_payout_stays_written(world: World, change: str) -> None:
    payout = a_payout(world)
    step(world, payout, PayoutEvent.SEND)
    before = world.standing()
    with pytest.raises(RaiseException, match="never changed or deleted"):
        world.rows(change)
    world.connection.rollback()
    assert world.standing() == before


def test_the_admin_never_shows_an_account_number(world: World, admin_of_books: Client) -> None:
    anna = world.wallet()
    world.bank_account(anna, IBANS[2])
    (method,) = world.rows("SELECT id, iban_sealed FROM payouts_payoutmethod")
    page = admin_of_books.get(f"/admin/payouts/payoutmethod/{method[0]}/change/").content.decode()
    assert "2606" in page
    assert IBANS[2] not in page
    assert method[1] not in page


@pytest.mark.parametrize(
    "name",
    [
        "wallet/hold",
        "wallet/capture",
        "wallet/refund",
        "payouts/payoutsettings",
        "payouts/payoutmethod",
        "payouts/payoutbatch",
        "payouts/payout",
        "payouts/payoutstep",
        "payouts/bankfile",
        "payouts/bankline",
    ],
)
def test_the_admin_lists_rows_and_changes_none(
    world: World, admin_of_books: Client, name: str
) -> None:
    world.rules()
    step(world, a_payout(world), PayoutEvent.SEND)
    assert admin_of_books.get(f"/admin/{name}/").status_code == 200
    assert admin_of_books.get(f"/admin/{name}/add/").status_code == 403
