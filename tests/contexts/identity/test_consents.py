"""What members agree to is appended, and ends when they say so."""

import threading
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.db import DatabaseError, connection, connections, transaction

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.identity import consents, services
from cagnotte.identity.models import Consent as Row
from cagnotte.identity.models import Wallet
from cagnotte.platform.shared_connection import shared_connection

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def granted(
    at: datetime = NOW, version: str = "v1", purpose: Purpose = Purpose.ANALYTICS
) -> Consent:
    return Consent(purpose, granted=True, at=at, source="checkout", text_version=version)


def ended(at: datetime = LATER, purpose: Purpose = Purpose.ANALYTICS) -> Consent:
    return Consent(purpose, granted=False, at=at, source="account page")


def programme() -> UUID:
    services.create_programme(slug="corner", name="Corner", currency="EUR", timezone="UTC", now=NOW)
    return services.programme_id_of("corner")


@transaction.atomic
def member(ref: str) -> UUID:
    """A member of the programme "corner", by the id of the wallet."""
    services.save_members(
        shared_connection(),
        programme(),
        [services.MemberFacts(1, ref)],
        now=NOW,
        today=date(2026, 3, 2),
    )
    return services.wallet_id_of(programme(), ref)


def agreed(*wallet_ids: UUID, purpose: Purpose = Purpose.ANALYTICS) -> dict[UUID, datetime]:
    return consents.agreed(shared_connection(), programme(), purpose, wallet_ids)


@pytest.mark.django_db
def test_nobody_has_agreed_who_was_not_asked() -> None:
    ana = member("ana")
    assert agreed(ana) == {}
    assert consents.standing(ana) == {}


@pytest.mark.django_db
def test_each_purpose_is_agreed_to_by_itself() -> None:
    ana, ben = member("ana"), member("ben")
    assert consents.record(wallet_id=ana, consent=granted())
    assert consents.record(wallet_id=ben, consent=granted(purpose=Purpose.MARKETING))
    assert agreed(ana, ben) == {ana: NOW}
    assert agreed(ana, ben, purpose=Purpose.MARKETING) == {ben: NOW}
    assert consents.standing(ana) == {Purpose.ANALYTICS: granted()}


@pytest.mark.django_db
def test_the_same_again_writes_nothing() -> None:
    ana = member("ana")
    assert not consents.record(wallet_id=ana, consent=ended())
    assert consents.record(wallet_id=ana, consent=granted())
    assert not consents.record(wallet_id=ana, consent=granted(LATER))
    assert consents.history(ana) == [granted()]


@pytest.mark.django_db
def test_another_wording_is_agreed_to_anew_and_does_not_break_the_agreement() -> None:
    ana = member("ana")
    consents.record(wallet_id=ana, consent=granted())
    assert consents.record(wallet_id=ana, consent=granted(LATER, "v2"))
    assert consents.standing(ana) == {Purpose.ANALYTICS: granted(LATER, "v2")}
    assert agreed(ana) == {ana: NOW}


@pytest.mark.django_db
def test_what_is_taken_back_counts_from_then_on_and_stays_readable() -> None:
    ana = member("ana")
    consents.record(wallet_id=ana, consent=granted())
    consents.record(wallet_id=ana, consent=ended())
    assert agreed(ana) == {}
    assert consents.history(ana) == [granted(), ended()]
    again = granted(LATER + timedelta(days=1))
    consents.record(wallet_id=ana, consent=again)
    assert agreed(ana) == {ana: again.at}


@pytest.mark.django_db
def test_whoever_is_forgotten_agrees_to_nothing() -> None:
    ana = member("ana")
    consents.record(wallet_id=ana, consent=granted())
    consents.record(wallet_id=ana, consent=granted(purpose=Purpose.MARKETING))
    assert consents.withdraw_all(wallet_id=ana, now=LATER, source="erasure") == 2
    assert consents.withdraw_all(wallet_id=ana, now=LATER, source="erasure") == 0
    assert {one.source for one in consents.standing(ana).values()} == {"erasure"}
    assert agreed(ana) == agreed(ana, purpose=Purpose.MARKETING) == {}


@pytest.mark.django_db
def test_whoever_closes_the_account_agrees_to_nothing() -> None:
    ana = member("ana")
    consents.record(wallet_id=ana, consent=granted())
    Wallet.objects.filter(id=ana).update(closed_at=LATER)
    assert agreed(ana) == {}


@pytest.mark.django_db
def test_members_of_another_programme_are_not_answered_for() -> None:
    ana = member("ana")
    consents.record(wallet_id=ana, consent=granted())
    other = services.programme_id_of("market")
    assert consents.agreed(shared_connection(), other, Purpose.ANALYTICS, [ana]) == {}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("consent", "sentence"),
    [
        (granted()._replace(text_version=" "), "Name the version of the wording"),
        (granted()._replace(source=""), "Say where the member said so"),
        (ended()._replace(source=" "), "Say where the member said so"),
        (granted()._replace(source="x" * 51), "The source has at most 50 characters"),
        (granted()._replace(text_version="x" * 51), "The version has at most 50 characters"),
        (granted()._replace(source="a\x00b"), "The source has at most 50 characters"),
    ],
)
def test_an_act_that_proves_nothing_is_refused(consent: Consent, sentence: str) -> None:
    ana = member("ana")
    with pytest.raises(InvalidInput, match=sentence):
        consents.record(wallet_id=ana, consent=consent)
    assert consents.history(ana) == []


@pytest.mark.django_db
def test_a_cagnotte_that_is_not_there_agrees_to_nothing() -> None:
    with pytest.raises(NotFound):
        consents.record(wallet_id=UUID(int=7), consent=granted())
    assert not Row.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM identity_consent",
        "UPDATE identity_consent SET granted = false",
        "TRUNCATE identity_consent",
    ],
)
def test_the_database_refuses_to_change_what_was_agreed(change: str) -> None:
    ana = member("ana")
    consents.record(wallet_id=ana, consent=granted())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)
    assert consents.history(ana) == [granted()]


def test_two_who_say_the_same_at_once_leave_one_act(committed_db: str) -> None:
    ana = member("ana")
    written: list[bool] = []

    def say() -> None:
        try:
            written.append(consents.record(wallet_id=ana, consent=granted()))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=say) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(written) == [False, False, False, True]
    assert consents.history(ana) == [granted()]
