"""Members' codes, and the friends who joined with them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from cagnotte.domain.ids import bucket_of
from cagnotte.growth import referrals
from cagnotte.growth.models import Referral
from cagnotte.growth.referrals import FriendState, Noted
from cagnotte.identity.models import Wallet
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.purchases.models import Purchase
from tests.portal.conftest import NOW, Portal
from tests.portal.people import enrol


@pytest.fixture
def ana(portal: Portal) -> Wallet:
    return enrol("portal", "ana", now=NOW - timedelta(days=30)).wallet


@pytest.fixture
def bob(portal: Portal) -> Wallet:
    return enrol("portal", "bob", now=NOW).wallet


def note(code: str, friend: Wallet) -> Noted:
    return referrals.note_friend(
        shared_connection(),
        programme_id=friend.programme_id,
        code=code,
        friend_wallet_id=friend.id,
        now=NOW,
    )


def friends(wallet: Wallet) -> list[tuple[int, FriendState]]:
    found = referrals.friends_of(shared_connection(), wallet.id)
    return [(friend.number, friend.state) for friend in found]


def bought(wallet: Wallet, validation: str) -> None:
    Purchase.objects.create(
        id=uuid4(),
        programme_id=wallet.programme_id,
        source_id=uuid4(),
        native_id="A1",
        wallet_id=wallet.id,
        bucket=wallet.bucket,
        member_id=uuid4(),
        merchant_id=uuid4(),
        order_ref="A1",
        occurred_at=NOW,
        occurred_on=NOW.date(),
        currency="EUR",
        amount_minor=2000,
        validation=validation,
        version=1,
        content_hash=b"1",
    )


def test_a_code_is_drawn_once_and_stays(ana: Wallet, bob: Wallet) -> None:
    code = referrals.code_of(ana, now=NOW)

    assert referrals.code_of(ana, now=NOW + timedelta(days=400)) == code
    assert referrals.code_of(bob, now=NOW) != code
    assert len(code) == 8


def test_a_code_is_found_however_it_is_typed(ana: Wallet) -> None:
    shown = referrals.shown(referrals.code_of(ana, now=NOW))

    for typed in (shown, shown.lower(), shown.replace("-", " "), f"  {shown}\n"):
        assert referrals.sponsor_of(typed, ana.programme_id) == ana.id
    for wrong in ("", "ABCD", shown + "X", "0000-0000", "'; --", "é" * 8):
        assert referrals.sponsor_of(wrong, ana.programme_id) is None


def test_a_code_is_nobodys_in_another_programme(ana: Wallet) -> None:
    assert referrals.sponsor_of(referrals.code_of(ana, now=NOW), UUID(int=1)) is None


def test_a_code_of_a_member_who_left_brings_nobody(ana: Wallet, bob: Wallet) -> None:
    code = referrals.code_of(ana, now=NOW)
    Wallet.objects.filter(id=ana.id).update(closed_at=NOW)

    assert note(code, bob) is Noted.UNKNOWN
    assert friends(ana) == []


def test_a_friend_is_noted_once_and_the_first_code_stands(ana: Wallet, bob: Wallet) -> None:
    cleo = enrol("portal", "cleo", now=NOW).wallet
    assert note(referrals.code_of(ana, now=NOW), cleo) is Noted.NOTED

    assert note(referrals.code_of(ana, now=NOW), cleo) is Noted.ALREADY
    assert note(referrals.code_of(bob, now=NOW), cleo) is Noted.ALREADY
    assert friends(ana) == [(1, FriendState.JOINED)]
    assert friends(bob) == []
    row = Referral.objects.get()
    assert (row.friend_wallet_id, row.bucket) == (cleo.id, bucket_of(ana.id))


def test_nobody_brings_themselves(ana: Wallet) -> None:
    Wallet.objects.filter(id=ana.id).update(opened_at=NOW)

    assert note(referrals.code_of(ana, now=NOW), ana) is Noted.OWN
    assert not Referral.objects.exists()


def test_a_member_of_long_standing_is_no_new_friend(ana: Wallet, bob: Wallet) -> None:
    assert note(referrals.code_of(bob, now=NOW), ana) is Noted.NOT_NEW
    assert not Referral.objects.exists()


def test_a_code_that_is_nobodys_lets_joining_go_on(bob: Wallet) -> None:
    assert note("ABCD-EFGH", bob) is Noted.UNKNOWN


def test_a_friend_is_as_far_as_the_best_purchase(ana: Wallet, bob: Wallet) -> None:
    cleo, dan = (enrol("portal", ref, now=NOW).wallet for ref in ("cleo", "dan"))
    code = referrals.code_of(ana, now=NOW)
    for friend in (bob, cleo, dan):
        note(code, friend)
    bought(bob, "pending")
    bought(cleo, "confirmed")
    bought(dan, "declined")

    assert sorted(state for _, state in friends(ana)) == [
        FriendState.CONFIRMED,
        FriendState.JOINED,
        FriendState.PENDING,
    ]
    assert [number for number, _ in friends(ana)] == [3, 2, 1]


def test_a_forgotten_code_leads_nowhere(ana: Wallet) -> None:
    code = referrals.code_of(ana, now=NOW)

    assert referrals.forget(ana.id) == 1
    assert referrals.sponsor_of(code, ana.programme_id) is None
