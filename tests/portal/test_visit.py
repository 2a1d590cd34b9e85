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


@pytest.mark.parametrize(
    "path", ["", "shops/", "shops/verte/", "how-it-works/", "help/", "terms/", "cagnotte/"]
)
def test_a_page_that_a_member_sees_is_kept_nowhere(portal: Portal, path: str) -> None:
    ana = signed_in("portal", "ana", now=NOW)

    response = ana.get(path)

    assert response.status_code == 200
    assert {"no-store", "private"} <= set(response["Cache-Control"].split(", "))
    # What htmx would keep of a page stays in the tab when its member signs out.
    assert '"historyCacheSize":0' in response.content.decode()


@pytest.mark.parametrize("path", ["", "shops/", "shops/verte/"])
def test_a_page_that_a_visitor_sees_may_be_gone_back_to(portal: Portal, path: str) -> None:
    assert "no-store" not in Client().get(f"/p/portal/{path}").headers.get("Cache-Control", "")


def test_what_is_the_same_for_all_is_kept_for_members_too(portal: Portal) -> None:
    ana = signed_in("portal", "ana", now=NOW)
    for path, kept in (("manifest.webmanifest", 3600), ("icon-any-192.png", 86_400)):
        assert set(ana.get(path)["Cache-Control"].split(", ")) == {"public", f"max-age={kept}"}


def test_the_bare_address_leads_to_the_only_programme(portal: Portal) -> None:
    response = Client().get("/")

    assert (response.status_code, response["Location"]) == (302, "/p/portal/")
