"""Claims in Chromium: made on a phone in French and in the dark, read on a desktop in English."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import uuid4

import pytest
from django.db import transaction
from PIL import Image
from playwright.sync_api import FilePayload, Page, expect

from cagnotte.claims.models import Claim
from cagnotte.domain.claims import ClaimState
from cagnotte.identity import services as identity
from cagnotte.journeys import answer_claim, load_programme
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.database import connect
from cagnotte.portal.look import forget_looks
from cagnotte.tracking import services as tracking
from cagnotte.tracking.services import NewClick
from tests.pages.conftest import DESKTOP, PHONE, Window
from tests.portal.conftest import PROGRAMME
from tests.portal.people import Person, signed_in

STAFF = "staff:ops"


@dataclass
class House:
    """The portal, and Ana, who went to Maison Verte forty days ago: visit."""

    address: str
    ana: Person
    visit: str

    def sign_in(self, window: Window) -> Page:
        cookie = self.ana.client.cookies["sessionid"].value
        window.page.context.add_cookies(
            [{"name": "sessionid", "value": cookie, "url": self.address}]
        )
        return window.page


@pytest.fixture
def house(committed_db: str, cagnotte: str, tmp_path: Path, settings: Any) -> Iterator[House]:
    settings.DATA_DIR = tmp_path
    now = datetime.now(UTC)
    file = tmp_path / "programme.yaml"
    file.write_text(dedent(PROGRAMME), encoding="utf-8")
    load_programme.run(file, now=now - timedelta(days=90))
    forget_looks()
    with transaction.atomic():
        ana = signed_in("portal", "ana", now=now - timedelta(days=80))
    yield House(f"{cagnotte}/p/portal/", ana, click(ana, now - timedelta(days=40)))
    forget_looks()


def click(person: Person, at: datetime) -> str:
    programme_id, wallet_id = person.member.programme_id, person.member.wallet_id
    merchant = identity.party_id_of(programme_id, "merchant", "verte")
    new = NewClick(
        programme_id, merchant, uuid4(), at, ("verte-5", 1), promised="5 %", wallet_id=wallet_id
    )
    with connect() as connection:
        return tracking.record_click(connection, new).ref


def fine(window: Window) -> None:
    """Everybody can use the page, and it fits."""
    assert (window.accessibility(), window.too_wide()) == ([], False), window.page.url


def receipt() -> FilePayload:
    out = io.BytesIO()
    Image.new("RGB", (60, 90), "white").save(out, "JPEG")
    return {"name": "facture.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def test_on_a_phone_a_purchase_is_claimed_with_its_proof(house: House, windows: Any) -> None:
    window = windows(PHONE, "dark", "fr-FR")
    page = house.sign_in(window)
    window.open(f"{house.address}claims/new/?visit={house.visit}")
    fine(window)
    page.get_by_role("button", name="Réclamer cet achat").click()
    page.get_by_label("Numéro de commande").fill("W-1001")
    page.get_by_label("Ce que vous avez payé").fill("un peu")
    page.get_by_role("button", name="Vérifier").click()
    expect(page.get_by_label("Ce que vous avez payé")).to_have_attribute("aria-invalid", "true")
    fine(window)
    page.get_by_label("Ce que vous avez payé").fill("49,90")
    page.get_by_role("button", name="Vérifier").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Rien ne s’y oppose")
    assert not window.too_wide()
    page.get_by_role("link", name="Continuer").click()
    page.get_by_label("Choisir des fichiers").set_input_files(receipt())
    page.get_by_role("button", name="Téléverser").click()
    expect(page.get_by_role("link", name="facture.jpg")).to_be_visible()
    fine(window)
    page.get_by_role("link", name="Continuer").click()
    page.get_by_role("button", name="Envoyer ma réclamation").click()
    expect(page.get_by_text("Nous l’examinons")).to_be_visible()
    fine(window)
    assert Claim.objects.get().state == ClaimState.OPEN


def test_by_keyboard_a_question_is_answered_on_the_case_page(house: House, windows: Any) -> None:
    window = windows(DESKTOP, "light", "en-GB")
    page = house.sign_in(window)
    window.open(f"{house.address}claims/why/?visit={house.visit}")
    page.get_by_role("button", name="Claim this purchase").focus()
    page.keyboard.press("Enter")
    page.get_by_label("Order number").focus()
    page.keyboard.type("W-1002")
    page.get_by_label("What you paid").focus()
    page.keyboard.type("20.00")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Nothing stands against it")).to_be_visible()
    window.open(page.url.replace("/checks/", "/review/"))
    page.get_by_role("button", name="Send my claim").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Add something")).to_be_visible()
    with connect() as connection:
        run = ProgrammeRun.open(connection, "portal", datetime.now(UTC))
        answer_claim.ask(connection, run, Claim.objects.get().id, "Which colour?", by=STAFF)
    page.reload()
    fine(window)
    page.get_by_label("Your answer").focus()
    page.keyboard.type("Blue.")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Sent. You find it below.")).to_be_visible()
    window.open(f"{house.address}claims/")
    fine(window)
    assert Claim.objects.get().state == ClaimState.OPEN
