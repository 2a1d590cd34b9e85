"""Which addresses are one: capitals A to Z alone make no difference, whatever a database or Python takes for more."""

from datetime import UTC, datetime

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import connection

from cagnotte.domain.errors import InvalidInput
from cagnotte.identity import memberships, people, selectors, services, staff
from cagnotte.identity.addresses import check_plain, folded, is_same, of_address
from cagnotte.identity.models import Member, Membership, Programme
from cagnotte.journeys.join import Told, join
from tests.portal.people import enrol

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

VICTIM = "kiss@gmail.example"
LOOK_ALIKES = [
    "kiss@gma\u0131l.example",
    "k\u0131ss@gmail.example",
    "ki\u017fs@gmail.example",
    "\u212aiss@gmail.example",
]
"""Without a dot on the i, with the long s, with the sign for Kelvin: other mailboxes, or other hosts."""


@pytest.fixture
def shop(db: None) -> Programme:
    services.create_programme(
        slug="corner", name="Corner", currency="EUR", timezone="Europe/Paris", now=NOW
    )
    return Programme.objects.get(slug="corner")


@pytest.mark.parametrize("other", LOOK_ALIKES)
def test_a_look_alike_is_another_address(other: str) -> None:
    assert folded("KISS@Gmail.example") == VICTIM
    assert is_same("Kiss@GMAIL.example", VICTIM)
    assert not is_same(other, VICTIM)
    assert folded(other) == other
    assert check_plain("Kiss@GMAIL.example") == "Kiss@GMAIL.example"
    with pytest.raises(ValidationError, match="plain letters"):
        check_plain(other)


@pytest.mark.django_db
@pytest.mark.parametrize("other", LOOK_ALIKES)
def test_a_look_alike_finds_nobody_and_makes_another(other: str) -> None:
    victim, _ = people.found_or_made(VICTIM)
    assert people.person_of("KISS@gmail.example") == victim
    assert people.person_of(other) is None
    made, is_new = people.found_or_made(other)
    assert is_new
    assert (made.pk != victim.pk, made.email, made.username) == (True, other, other)


@pytest.mark.parametrize("other", LOOK_ALIKES)
def test_who_proved_a_look_alike_takes_no_member_over(shop: Programme, other: str) -> None:
    known = enrol("corner", "H1", now=NOW, name="Kiss", email=VICTIM)
    thief = get_user_model().objects.create(username=other, email=other)
    joined = join(thief, shop, Told(other, is_proven=True, terms="1", locale="en"), now=NOW)
    assert not joined.was_known
    assert joined.member.id != known.id
    assert not Membership.objects.filter(member=known).exists()

    owner, _ = people.found_or_made(VICTIM)
    theirs = Told("KISS@gmail.example", is_proven=True, terms="1", locale="en")
    assert join(owner, shop, theirs, now=NOW).member.id == known.id


@pytest.mark.parametrize("other", LOOK_ALIKES)
def test_members_are_looked_up_by_their_own_address(shop: Programme, other: str) -> None:
    known = enrol("corner", "H1", now=NOW, email=VICTIM)
    assert [one.id for one in selectors.member_page(shop.id, email="KISS@Gmail.example")] == [
        known.id
    ]
    assert selectors.member_page(shop.id, email=other) == []


@pytest.mark.parametrize("other", LOOK_ALIKES)
def test_a_change_of_address_leaves_look_alikes_alone(shop: Programme, other: str) -> None:
    person, _ = people.found_or_made(VICTIM)
    member = enrol("corner", "H1", now=NOW, email=other)
    memberships.join(person, member, now=NOW)
    people.change_address(person, "new@member.example", now=NOW)
    assert person.email == "new@member.example"
    assert Member.objects.get(id=member.id).email == other


@pytest.mark.parametrize("other", LOOK_ALIKES)
def test_a_look_alike_is_not_invited(shop: Programme, other: str) -> None:
    with pytest.raises(InvalidInput, match="beyond a to z"):
        staff.invite(email=other, programme=shop, role="owner", now=NOW)
    assert staff.staff_of(shop.id) == []
    assert not get_user_model().objects.exists()
    assert not EmailAddress.objects.exists()


def test_people_and_members_are_found_by_an_index(shop: Programme) -> None:
    users = of_address(get_user_model().objects.all(), VICTIM)
    members = of_address(Member.objects.filter(programme=shop), VICTIM)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")

    assert "person_by_address" in users.explain()
    assert "member_by_address" in members.explain()
