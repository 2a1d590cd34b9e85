"""Leaving with money: what the pages say is what happens, and nobody gives up more than they were shown."""

from datetime import timedelta
from typing import Any

import pytest

from cagnotte.domain.bookings.spending import Purse
from cagnotte.domain.ids import named_id
from cagnotte.domain.transactions import Transaction
from cagnotte.identity.models import Member, Wallet
from cagnotte.ledger import services as ledger
from cagnotte.payouts import services as payouts
from cagnotte.payouts.models import Payout, PayoutSettings
from cagnotte.payouts.services import MethodRow
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.rights import leaving
from cagnotte.wallet import voucher_views
from tests.portal.people import Person
from tests.portal.spending.conftest import NOW, OTHER_IBAN, TODAY, Market
from tests.portal.spending.test_vouchers_and_gifts import buy, owed
from tests.portal.spending.test_withdrawing import text_of


@pytest.fixture(autouse=True)
def proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is here has just proved who they are."""
    monkeypatch.setattr(leaving, "needs_step_up", lambda _visit: None)


def wait_for(market: Market, person: Person, cents: int, name: str = "first") -> None:
    """Let a purchase be pending."""
    purse = Purse(market.id, person.member.wallet_id, "EUR")
    made = Transaction.of(
        [(purse.programme("promotions_pending"), cents), (purse.member("pending"), -cents)],
        programme_id=market.id,
        book_id=purse.wallet_id,
        kind="given",
        fact_id=named_id("pending", name),
        occurred_on=TODAY,
        recorded_at=NOW,
    )
    assert made is not None
    with shared_connection().transaction():
        ledger.post(shared_connection(), [made], batch_id=named_id("pending batch", name))


def close(person: Person) -> str:
    return text_of(person.post("rights/close/", {"sure": "yes"}))


# ---- closing --------------------------------------------------------------------------------------------------


def test_the_last_payout_is_told_with_its_account_and_its_fee(market: Market) -> None:
    ana = market.member(cents=400, bank=True)
    page = text_of(ana.get("rights/close/"))
    assert (
        "€3.50 is paid to your account ending in 2606 with the next transfer, after its fee of €0.50."
        in page
    )
    assert "€4.00 will be paid with the next transfer." in close(ana)
    (payout,) = Payout.objects.all()
    assert (payout.amount_minor, payout.fee_minor) == (400, 50)


def _unsaid(_market: Market, _person: Person) -> None:
    PayoutSettings.objects.all().delete()


def _frozen(_market: Market, person: Person) -> None:
    Wallet.objects.filter(id=person.member.wallet_id).update(frozen=True)


def _other_kinds(_market: Market, _person: Person) -> None:
    PayoutSettings.objects.update(method_kinds=["card"])


def _new_account(market: Market, person: Person) -> None:
    connection = shared_connection()
    row = MethodRow(person.member.wallet_id, "Ana Müller", OTHER_IBAN)
    with connection.transaction():
        payouts.save_methods(
            connection, [row], programme_id=market.id, now=NOW - timedelta(hours=1)
        )


@pytest.mark.parametrize(
    ("cents", "bank", "change", "sentence"),
    [
        (400, False, None, "we have no bank account to pay it to"),
        (50, True, None, "€0.50 is available, which is no more than a transfer costs"),
        (400, True, _unsaid, "€4.00 is available. It cannot be paid to a bank account"),
        (400, True, _other_kinds, "€4.00 is available. It cannot be paid to a bank account"),
        (400, True, _frozen, "Payouts are paused for your cagnotte"),
        (400, True, _new_account, "nothing is paid to them before June 13, 2026"),
    ],
)
def test_what_cannot_be_paid_is_told_as_kept_aside_and_is(
    market: Market, cents: int, bank: bool, change: Any, sentence: str
) -> None:
    ana = market.member(cents=cents, bank=bank)
    if change is not None:
        change(market, ana)
    page = text_of(ana.get("rights/close/"))
    assert sentence in page
    assert "kept aside for you" in page
    assert "with the next transfer" not in page
    assert "is kept aside for you" in close(ana)
    assert (market.holds(ana), owed(market, "unclaimed"), Payout.objects.count()) == (
        (0, 0),
        cents,
        0,
    )


def test_vouchers_that_are_still_open_are_named_before_closing(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    buy(ana, "40")
    (voucher,) = voucher_views.open_vouchers(shared_connection(), market.id, ana.member.wallet_id)
    page = text_of(ana.get("rights/close/"))
    assert f"€40.00 is on your voucher ending in {voucher.last4}, which stays valid until" in page
    assert "Note its code before you close the account." in page
    assert "/p/market/vouchers/" in ana.get("rights/close/").content.decode()


# ---- being forgotten ------------------------------------------------------------------------------------------


def erase(person: Person, **told: Any) -> Any:
    return person.post("rights/erase/", {"word": "erase", **told})


def is_erased(person: Person) -> bool:
    return Member.objects.get(id=person.member.id).name == ""


def test_nobody_gives_up_more_than_they_were_shown(market: Market) -> None:
    ana = market.member()
    wait_for(market, ana, 500)
    page = ana.get("rights/erase/").content.decode()
    assert 'name="gives_up" value="500"' in page
    wait_for(market, ana, 30_000, "later")

    for told in ("500", "yes", "", "-1", "9" * 30):
        again = erase(ana, gives_up=told)
        assert "More would be lost now than you were shown" in text_of(again), told
        assert "€305.00 is not available yet" in text_of(again)
        assert 'name="gives_up" value="30500"' in again.content.decode()
        assert " checked" not in again.content.decode()
    assert not is_erased(ana)
    assert Wallet.objects.get(id=ana.member.wallet_id).closed_at is None

    assert erase(ana, gives_up="30500")["Location"] == "/p/market/rights/erased/"
    assert is_erased(ana)


def test_more_that_comes_while_the_form_is_read_is_refused_too(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = market.member()
    wait_for(market, ana, 500)
    missing = leaving._missing

    def later(*told: Any) -> Any:
        found = missing(*told)
        wait_for(market, ana, 30_000, "later")
        return found

    monkeypatch.setattr(leaving, "_missing", later)
    led = erase(ana, gives_up="500")
    assert led["Location"] == "/p/market/rights/erase/"
    assert not is_erased(ana)
    assert "€305.00 would be lost now, which is more than you were shown" in text_of(
        ana.get("rights/erase/")
    )


def test_open_vouchers_stand_against_erasure_until_they_are_given_up(market: Market) -> None:
    ana = market.member(cents=4000)
    buy(ana, "40")
    page = ana.get("rights/erase/")
    assert "€40.00 is on vouchers: note their codes first" in text_of(page)
    assert 'name="gives_up" value="4000"' in page.content.decode()
    assert "Say that you give this money up" in text_of(erase(ana))
    assert not is_erased(ana)
    assert erase(ana, gives_up="4000")["Location"] == "/p/market/rights/erased/"
    # Whoever noted the code can still use it.
    assert owed(market, "vouchers") == 4000
