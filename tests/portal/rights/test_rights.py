"""A member's data, closing the account, erasure: the pages."""

import io
import json
import zipfile
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.identity import consents
from cagnotte.identity.models import Member, Wallet
from cagnotte.notices.models import Letter, Notice
from cagnotte.portal.rights import hub, leaving
from tests.portal.conftest import NOW, Portal
from tests.portal.people import Person, signed_in


@pytest.fixture(autouse=True)
def proved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is here has just proved who they are."""
    for module in (hub, leaving):
        monkeypatch.setattr(module, "needs_step_up", lambda _visit: None)


@pytest.fixture
def ana(portal: Portal) -> Person:
    return signed_in("portal", "ana", now=NOW, name="Ana Lima")


def test_rights_stand_on_one_page(ana: Person, django_assert_max_num_queries: Any) -> None:
    consents.record(
        wallet_id=ana.member.wallet_id,
        consent=Consent(
            Purpose.MARKETING, granted=True, at=NOW, source="join", text_version="2026-1"
        ),
    )
    with django_assert_max_num_queries(14):
        page = ana.get("rights/").content.decode()
    assert "Offers by e-mail" in page
    assert "2026-1" in page


def test_data_comes_as_a_file(ana: Person) -> None:
    bob = signed_in("portal", "bob", now=NOW, name="Bob Martin")

    response = ana.post("rights/export/")

    told = json.loads(zipfile.ZipFile(io.BytesIO(response.content)).read("data.json"))
    assert response["Content-Disposition"] == 'attachment; filename="portal-2026-03-10.zip"'
    assert told["data"]["identity_member"][0]["name"] == "Ana Lima"
    assert "Bob" not in json.dumps(told)
    assert ana.get("rights/export/").status_code == 405
    assert bob.member.name == "Bob Martin"


def test_an_account_is_closed_once_the_box_is_ticked(ana: Person) -> None:
    assert "Nothing is available" in ana.get("rights/close/").content.decode()
    assert "Tick the box" in ana.post("rights/close/").content.decode()
    assert Wallet.objects.get(id=ana.member.wallet_id).closed_at is None

    assert told(ana) == []
    page = ana.post("rights/close/", {"sure": "yes"}).content.decode()

    assert "There was no money left to move" in page
    assert Wallet.objects.get(id=ana.member.wallet_id).closed_at == NOW
    ana.post("rights/close/", {"sure": "yes"})
    assert told(ana) == ["account_closed"]


def told(person: Person) -> list[str]:
    """What a member was told of their security, each with a mail to come."""
    rows = Notice.objects.filter(wallet_id=person.member.wallet_id, kind="security")
    assert Letter.objects.filter(wallet_id=person.member.wallet_id).exists() == rows.exists()
    return [row.facts["what"] for row in rows.order_by("number")]


def test_a_copy_of_the_data_is_told_to_its_owner(ana: Person) -> None:
    bob = signed_in("portal", "bob", now=NOW)
    assert ana.post("rights/export/").status_code == 200
    assert (told(ana), told(bob)) == (["data_exported"], [])
    assert "A copy of your data was made" in ana.get("notices/").content.decode()


def test_no_copy_is_told_where_none_was_made(ana: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "needs_step_up", lambda visit: visit.redirect("portal_confirm"))
    assert ana.post("rights/export/").status_code == 302
    assert told(ana) == []


def test_nothing_is_erased_by_a_slip(ana: Person) -> None:
    page = ana.post("rights/erase/", {"word": "yes"}).content.decode()

    assert "Type erase" in page
    assert 'value="yes"' in page
    assert Member.objects.get(id=ana.member.id).name == "Ana Lima"


def test_an_erased_member_is_signed_out_and_told_by_mail(ana: Person) -> None:
    response = ana.post("rights/erase/", {"word": " Erase "})

    assert response["Location"] == "/p/portal/rights/erased/"
    assert Member.objects.get(id=ana.member.id).name == ""
    assert "Your data is erased" in ana.get("rights/erased/").content.decode()
    assert ana.get("rights/").status_code == 302
    (sent,) = mail.outbox
    assert sent.to == ["ana@member.example"]


@pytest.mark.parametrize("path", ["rights/", "rights/close/", "rights/erase/"])
def test_who_is_signed_out_is_led_to_sign_in(portal: Portal, path: str) -> None:
    response = Client().get(f"/p/portal/{path}")

    assert response.status_code == 302
    assert "/sign-in/" in response["Location"]


def test_who_has_not_proved_lately_is_asked_to(
    ana: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    for path in ("rights/close/", "rights/erase/"):
        response = ana.post(path, {"sure": "yes", "word": "erase"})
        assert response.status_code == 302
        assert "/account/confirm/" in response["Location"]
    assert "/account/confirm/" in ana.post("rights/export/")["Location"]
    assert Member.objects.get(id=ana.member.id).name == "Ana Lima"
