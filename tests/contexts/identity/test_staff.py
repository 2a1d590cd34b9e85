"""Who works for a programme, and what each role may do."""

from datetime import UTC, datetime

import pytest

from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.identity import people, services, staff
from cagnotte.identity.models import Programme, Staff
from cagnotte.identity.staff import ABILITIES, Ability, Role
from cagnotte.journeys import sandbox

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def corner() -> Programme:
    for slug in ("corner", "other"):
        services.create_programme(slug=slug, name=slug, currency="EUR", timezone="UTC", now=NOW)
    return Programme.objects.get(slug="corner")


def test_a_person_is_invited_without_a_password(corner: Programme) -> None:
    made = staff.invite(email=" Ada@Example.org ", programme=corner, role="owner", now=NOW, by="x")

    assert made.is_new
    assert made.staff.person.email == "ada@example.org"
    assert not made.staff.person.has_usable_password()
    assert not made.staff.person.is_staff
    assert (made.staff.role, made.staff.added_by) == ("owner", "x")


def test_inviting_again_changes_the_role_and_makes_nobody(corner: Programme) -> None:
    first = staff.invite(email="ada@example.org", programme=corner, role="support", now=NOW)
    again = staff.invite(email="ADA@example.org", programme=corner, role="developer", now=NOW)

    assert not again.is_new
    assert again.staff.pk == first.staff.pk
    assert Staff.objects.get().role == "developer"


def test_an_operator_who_is_invited_stays_the_same_person(corner: Programme) -> None:
    services.create_operator(email="ops@example.org", password="long enough to hold")
    made = staff.invite(email="ops@example.org", programme=corner, role="support", now=NOW)

    assert not made.is_new
    assert made.staff.person.is_superuser


@pytest.mark.parametrize(
    "email",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "a b@example.org",
        "a@b",
        "a@b.c,d@e.f",
        "a" * 150 + "@x.org",
    ],
)
def test_what_is_no_address_is_refused(corner: Programme, email: str) -> None:
    with pytest.raises(InvalidInput):
        staff.invite(email=email, programme=corner, role="owner", now=NOW)
    assert not Staff.objects.exists()


def test_a_role_that_does_not_exist_is_refused(corner: Programme) -> None:
    with pytest.raises(InvalidInput, match="“king” is no role"):
        staff.invite(email="ada@example.org", programme=corner, role="king", now=NOW)
    assert not Staff.objects.exists()


def test_a_sandbox_has_no_staff_of_its_own(corner: Programme) -> None:
    made = sandbox.make(corner, now=NOW)
    with pytest.raises(Refused):
        staff.invite(email="ada@example.org", programme=made, role="owner", now=NOW)


def test_programmes_of_a_person_are_those_with_a_role_and_no_sandboxes(corner: Programme) -> None:
    sandbox.make(corner, now=NOW)
    ada = staff.invite(email="ada@example.org", programme=corner, role="support", now=NOW).staff
    found = staff.programmes_of(ada.person)

    assert [(post.programme.slug, post.role) for post in found] == [("corner", "support")]
    assert staff.post_at(ada.person, "corner").may(Ability.LOOK)
    assert not staff.post_at(ada.person, "corner").may(Ability.MAKE_KEYS)
    for slug in ("other", "corner-sandbox", "nowhere"):
        with pytest.raises(NotFound):
            staff.post_at(ada.person, slug)


def test_whoever_runs_the_house_is_owner_everywhere_unless_switched_off(corner: Programme) -> None:
    services.create_operator(email="ops@example.org", password="long enough to hold")
    person, _ = people.found_or_made("ops@example.org")
    assert [(post.programme.slug, post.role) for post in staff.programmes_of(person)] == [
        ("corner", "owner"), ("other", "owner"),
    ]  # fmt: skip
    person.is_active = False
    assert staff.programmes_of(person) == []


def test_the_last_owner_is_neither_dismissed_nor_made_less(corner: Programme) -> None:
    ada = staff.invite(email="ada@example.org", programme=corner, role="owner", now=NOW).staff
    with pytest.raises(Refused):
        staff.dismiss(programme_id=corner.id, staff_id=ada.pk)
    with pytest.raises(Refused):
        staff.invite(email="ada@example.org", programme=corner, role="support", now=NOW)
    assert Staff.objects.get().role == "owner"

    staff.invite(email="bob@example.org", programme=corner, role="owner", now=NOW)
    staff.dismiss(programme_id=corner.id, staff_id=ada.pk)
    assert [row.person.email for row in staff.staff_of(corner.id)] == ["bob@example.org"]


def test_staff_are_listed_owners_first(corner: Programme) -> None:
    for email, role in (("c@x.org", "support"), ("b@x.org", "developer"), ("z@x.org", "owner")):
        staff.invite(email=email, programme=corner, role=role, now=NOW)

    assert [row.role for row in staff.staff_of(corner.id)] == ["owner", "developer", "support"]


def test_every_role_is_told_what_it_may() -> None:
    assert set(ABILITIES) == set(Role)
    assert ABILITIES[Role.SUPPORT] < ABILITIES[Role.DEVELOPER] < ABILITIES[Role.OWNER]
