"""Who may look at a page of a programme."""

import pytest
from django.test import Client

from cagnotte.domain.errors import Conflict
from cagnotte.identity.memberships import join, member_at, memberships_of
from tests.portal.conftest import NOW, Portal
from tests.portal.people import enrol, signed_in


def test_a_person_is_one_member_of_a_programme(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    other = enrol("portal", "other", now=NOW)

    with pytest.raises(Conflict):
        join(ana.user, other, now=NOW)
    assert member_at(ana.user, portal.id) == ana.member
    assert [one.member for one in memberships_of(ana.user)] == [ana.member]


def test_nobody_signs_in_as_a_member_that_is_somebody_else(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    bob = signed_in("portal", "bob", now=NOW)

    with pytest.raises(Conflict):
        join(bob.user, ana.member, now=NOW)
    assert member_at(bob.user, portal.id) == bob.member


def test_the_bare_address_leads_to_the_only_programme(portal: Portal) -> None:
    response = Client().get("/")

    assert (response.status_code, response["Location"]) == (302, "/p/portal/")
