"""The chart of accounts: whose side each stands on, and what identifies an account."""

from uuid import UUID

import pytest

from cagnotte.domain.chart import KINDS, TRANSIT_KINDS, Account, Mode, Side, shared_accounts

WALLET, PROGRAMME = UUID(int=1), UUID(int=2)


def test_members_accounts_are_kept_in_rows_and_never_fall_below_zero() -> None:
    members = {name: kind for name, kind in KINDS.items() if name.startswith("member.")}
    assert {name.removeprefix("member."): kind.side for name, kind in members.items()} == {
        "pending": Side.CREDIT,
        "confirmed": Side.CREDIT,
        "available": Side.CREDIT,
        "held": Side.CREDIT,
        "owing": Side.DEBIT,
    }
    assert all(kind.mode is Mode.ROW and kind.never_negative for kind in members.values())


def test_accounts_that_every_purchase_touches_are_never_locked() -> None:
    others = [kind for name, kind in KINDS.items() if not name.startswith("member.")]
    assert {kind.mode for kind in others} == {Mode.DELTA}


def test_every_kind_says_what_it_means() -> None:
    for name, kind in KINDS.items():
        assert kind.name == name
        assert kind.meaning


def test_transit_accounts_are_in_the_chart() -> None:
    assert set(TRANSIT_KINDS) <= KINDS.keys()


def test_an_account_is_known_by_its_four_parts() -> None:
    account = Account("member.pending", WALLET, PROGRAMME, "EUR")
    assert account.id == Account("member.pending", WALLET, PROGRAMME, "EUR").id
    others = [
        Account("member.held", WALLET, PROGRAMME, "EUR"),
        Account("member.pending", PROGRAMME, PROGRAMME, "EUR"),
        Account("member.pending", WALLET, WALLET, "EUR"),
        Account("member.pending", WALLET, PROGRAMME, "USD"),
    ]
    assert len({account.id, *(other.id for other in others)}) == 5


def test_an_account_outside_the_chart_has_no_id() -> None:
    with pytest.raises(KeyError):
        _ = Account("member.gifts", WALLET, PROGRAMME, "EUR").id


def test_every_shared_kind_has_its_account_for_each_owner_it_can_have() -> None:
    shop, brand, programme = UUID(int=7), UUID(int=8), UUID(int=9)
    found = list(shared_accounts(programme, "EUR", [("merchant", shop), ("brand", brand)]))

    of_brand = {account.kind for account in found if account.owner_id == brand}
    of_shop = {account.kind for account in found if account.owner_id == shop}
    assert of_brand == {"funder.accrued", "funder.due", "funder.billed", "funder.deposit"}
    assert of_shop - of_brand == {"merchant.share_pending", "merchant.clearing"}
    assert {account.kind for account in found} == {
        kind.name for kind in KINDS.values() if kind.mode is Mode.DELTA
    }
    assert len(found) == len(set(found))
