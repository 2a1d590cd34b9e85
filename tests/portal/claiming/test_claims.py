"""The pages of claims: from the diagnosis to the case, and what others see of it: nothing."""

import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from cagnotte.claims import documents, selectors, services
from cagnotte.claims.models import Claim, ClaimDocument
from cagnotte.claims.selectors import ClaimView
from cagnotte.domain.claims import ClaimState
from cagnotte.domain.ids import public_id
from cagnotte.identity import services as identity
from cagnotte.journeys import answer_claim, find_shops
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.tracking import services as tracking
from cagnotte.tracking.services import NewClick
from tests.portal.conftest import NOW, PROGRAMME, Portal
from tests.portal.people import Person, signed_in

LATER = NOW + timedelta(days=45)
"""Long enough after the visit: by then nine of ten purchases are known."""

ORDER = {
    "order_ref": "W-1001",
    "ordered_on": "2026-03-10",
    "amount": "49,90",
    "shop_email": "ana@shop.example",
    "coupon": "",
}


class Place:
    """Ana and Bob in front of the portal; Ana has been to Maison Verte."""

    def __init__(self, portal: Portal) -> None:
        self.ana = signed_in("portal", "ana", now=NOW)
        self.bob = signed_in("portal", "bob", now=NOW)
        self.id = portal.id
        self.visit = self.click()

    def click(self, shop: str = "verte") -> str:
        merchant = identity.party_id_of(self.id, "merchant", shop)
        new = NewClick(
            self.id,
            merchant,
            uuid4(),
            NOW - timedelta(hours=1),
            ("verte-5", 1),
            promised="5%",
            wallet_id=self.ana.member.wallet_id,
        )
        return tracking.record_click(shared_connection(), new).ref

    def begin(self) -> str:
        """Begin a claim about the visit; return its address below /claims/."""
        found = self.ana.post("claims/new/", {"visit": self.visit})
        return str(found["Location"]).split("/claims/")[1].split("/")[0]

    def sent(self) -> str:
        claim = self.begin()
        self.ana.post(f"claims/{claim}/order/", ORDER)
        self.ana.post(f"claims/{claim}/review/")
        return claim

    def view(self) -> ClaimView:
        return selectors.claim(shared_connection(), self.id, Claim.objects.get().id)

    def run(self) -> ProgrammeRun:
        return ProgrammeRun.open(shared_connection(), "portal", LATER)


@pytest.fixture
def place(portal: Portal, tmp_path: Path, settings: Any) -> Iterator[Place]:
    settings.DATA_DIR = tmp_path
    with time_machine.travel(LATER, tick=False):
        yield Place(portal)


def text(response: Any) -> str:
    return str(response.content.decode())


def picture(kind: str = "JPEG", height: int = 20, **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, height), "navy").save(out, kind, **more)
    return out.getvalue()


def test_a_purchase_is_claimed_from_a_visit_one_thing_at_a_time(
    place: Place, django_assert_max_num_queries: Any
) -> None:
    ana = place.ana
    assert "Nothing missing?" in text(ana.get("claims/"))
    assert ana.get(f"claims/new/?visit={place.visit}")["Location"].endswith(
        f"claims/why/?visit={place.visit}"
    )
    with django_assert_max_num_queries(30):
        why = text(ana.get(f"claims/why/?visit={place.visit}"))
    assert "By now we should know it" in why
    assert "Your visit to Maison Verte came from us." in why

    claim = place.begin()
    assert place.begin() == claim
    page = text(ana.get(f"claims/{claim}/order/"))
    assert 'value="2026-03-10"' in page
    assert 'value="ana@member.example"' in page
    assert ana.get(f"claims/{claim}/")["Location"].endswith(f"claims/{claim}/order/")

    assert ana.post(f"claims/{claim}/order/", ORDER)["Location"].endswith("/checks/")
    with django_assert_max_num_queries(30):
        assert "Nothing stands against it" in text(ana.get(f"claims/{claim}/checks/"))
    assert "Have you a proof at hand?" in text(ana.get(f"claims/{claim}/proofs/"))
    assert "W-1001" in text(ana.get(f"claims/{claim}/review/"))
    assert ana.post(f"claims/{claim}/review/")["Location"].endswith(f"claims/{claim}/")

    found = place.view()
    assert (found.state, found.amount_minor, found.ordered_on) == (
        ClaimState.OPEN,
        4990,
        date(2026, 3, 10),
    )
    with django_assert_max_num_queries(20):
        case = text(ana.get(f"claims/{claim}/"))
    assert f"Case {found.number}" in case
    assert "Our turn: we answer by May 4, 2026." in case
    with django_assert_max_num_queries(15):
        assert "We are looking at it" in text(ana.get("claims/"))
    # Sent again, or opened again where it was made, it is what it is.
    ana.post(f"claims/{claim}/review/")
    assert ana.get(f"claims/{claim}/order/")["Location"].endswith(f"claims/{claim}/")
    assert place.view().state is ClaimState.OPEN


def test_the_front_page_says_that_a_claim_is_under_way_and_when_it_waits_for_the_member(
    place: Place,
) -> None:
    assert "Something is missing" in text(place.ana.get(""))

    place.sent()
    front = text(place.ana.get(""))
    assert 'My claims <span class="soft">(1)</span>' in front
    assert "for your answer" not in front

    answer_claim.ask(
        shared_connection(), place.run(), place.view().id, "Which size?", by="staff:ops"
    )
    assert "1 claim waits for your answer" in text(place.ana.get(""))
    assert "for your answer" not in text(place.bob.get(""))


def test_a_claim_that_is_early_says_its_day_and_waits(place: Place) -> None:
    with time_machine.travel(NOW + timedelta(days=2), tick=False):
        assert "It can still arrive by itself until March 17, 2026" in text(
            place.ana.get(f"claims/why/?visit={place.visit}")
        )
        claim = place.sent()
        case = text(place.ana.get(f"claims/{claim}/"))
    assert "Waiting for its date" in case
    assert "it goes on by itself on March 17, 2026" in case


def test_what_cannot_be_is_said_beside_its_field_and_the_rest_is_kept(place: Place) -> None:
    claim = place.begin()
    for field, typed, sentence in (
        ("order_ref", "", "Write the order number"),
        ("ordered_on", "2026-03-09", "Your visit was on March 10, 2026; the order cannot be older."),
        ("ordered_on", "2027-01-01", "This day has not come yet."),
        ("ordered_on", "soon", "Write a day such as"),
        ("amount", "a lot", "Write an amount in figures"),
        ("amount", "-5", "The smallest amount is"),
        ("shop_email", "nobody", "Write an address such as"),
    ):  # fmt: skip
        told = {**ORDER, "coupon": "KEPT", field: typed}
        page = text(place.ana.post(f"claims/{claim}/order/", told))
        assert sentence in page
        assert 'value="KEPT"' in page
        assert 'aria-invalid="true"' in page
    assert place.view().order_ref == ""


def test_what_a_shop_asks_for_is_asked_and_one_that_takes_no_claims_says_so_first(
    place: Place, portal: Portal
) -> None:
    verte = '{ref: verte, name: Maison Verte, site: "https://verte.example/fr/", hosts: [outlet.example]'
    assert verte in PROGRAMME
    asks = ", page: {claims: {needs: [order_number, order_date, amount, confirmation]}}"
    bleue = '{ref: bleue, name: Maison Bleue, site: "https://bleue.example"'
    told = PROGRAMME.replace(verte, verte + asks)
    portal.load(told.replace(bleue, bleue + ", page: {claims: {accepted: false}}"))
    find_shops.forget_shops()

    claim = place.begin()
    place.ana.post(f"claims/{claim}/order/", ORDER)
    page = text(place.ana.get(f"claims/{claim}/proofs/"))
    assert "Maison Verte asks for the order confirmation or the invoice." in page
    assert "Go on without" not in page
    assert place.ana.post(f"claims/{claim}/review/")["Location"].endswith("/proofs/")

    place.visit = place.click("bleue")
    page = text(place.ana.get(f"claims/why/?visit={place.visit}"))
    assert "Maison Bleue takes no claims." in page
    assert "Claim this purchase" not in page
    refused = place.ana.post("claims/new/", {"visit": place.visit})
    assert refused["Location"].endswith("/claims/")
    assert Claim.objects.count() == 1


def test_a_second_claim_leads_to_the_first(place: Place) -> None:
    first = place.sent()
    claim = place.begin()
    assert claim != first
    place.ana.post(f"claims/{claim}/order/", ORDER)
    page = text(place.ana.get(f"claims/{claim}/checks/"))
    assert "You have claimed this already" in page
    assert f"/claims/{first}/" in page
    assert place.ana.post(f"claims/{claim}/review/")["Location"].endswith("/checks/")
    assert "You have claimed this already" in text(
        place.ana.get(f"claims/why/?visit={place.visit}")
    )


def test_proofs_are_drawn_anew_and_given_back_to_their_owner_alone(place: Place) -> None:
    claim = place.begin()
    exif = Image.Exif()
    exif[0x010F] = "A camera that says where"
    file = SimpleUploadedFile("../../my receipt.php.jpg", picture(exif=exif), "text/html")
    place.ana.post(f"claims/{claim}/proofs/", {"files": file})

    kept = ClaimDocument.objects.get()
    assert (kept.name, kept.kind) == ("my receipt.php.jpg", "jpeg")
    content = documents.read(kept.id)
    assert b"camera" not in content
    path = documents.folder() / kept.id.hex
    assert path.stat().st_mode & 0o077 == 0
    assert (path.read_bytes()[:5], content[:3]) == (b"gAAAA", b"\xff\xd8\xff")
    address = f"claims/{claim}/files/{kept.id}/"
    given = place.ana.get(address)
    assert given.content == content
    assert given["Content-Type"] == "image/jpeg"
    assert given["Content-Disposition"] == 'attachment; filename="my receipt.php.jpg"'
    assert given["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in given["Content-Security-Policy"]
    assert place.bob.get(address).status_code == 404
    assert place.bob.post(f"{address}drop/").status_code == 404

    place.ana.post(f"{address}drop/")
    assert not ClaimDocument.objects.exists()
    assert list(documents.folder().iterdir()) == []


def test_a_proof_whose_key_is_missing_is_told_in_words(place: Place, settings: Any) -> None:
    claim = place.begin()
    file = SimpleUploadedFile("receipt.jpg", picture(), "image/jpeg")
    place.ana.post(f"claims/{claim}/proofs/", {"files": file})
    settings.CAGNOTTE_FIELD_KEY = "another"

    page = place.ana.get(f"claims/{claim}/files/{ClaimDocument.objects.get().id}/", follow=True)
    assert "This file cannot be opened just now. Write to us." in text(page)


def test_a_file_that_is_no_proof_is_refused_by_its_content(place: Place) -> None:
    claim = place.begin()
    for content, sentence in (
        (b"", "is empty"),
        (b"<?php echo 1;", "is no PDF, JPEG, PNG or WebP"),
        (b"%PDF-1.7 and nothing", "cannot be read"),
        (b"x" * (8 * 1024 * 1024 + 1), "is larger than 8 MB"),
    ):
        files = [
            SimpleUploadedFile("good.png", picture("PNG")),
            SimpleUploadedFile("bad.png", content, "image/png"),
        ]
        page = text(place.ana.post(f"claims/{claim}/proofs/", {"files": files}))
        assert sentence in page
        assert not ClaimDocument.objects.exists()


def test_a_member_hands_in_so_many_files_a_day(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "DOCUMENTS_A_DAY", 2)
    claim = place.begin()

    def send(*sizes: int) -> str:
        files = [SimpleUploadedFile(f"{one}.png", picture("PNG", one)) for one in sizes]
        answer = place.ana.post(f"claims/{claim}/proofs/", {"files": files})
        return text(answer) if answer.status_code == 200 else ""

    assert "That is many files in one day" in send(1, 2, 3)
    assert not ClaimDocument.objects.exists()
    assert send(1, 2) == ""
    assert "That is many files in one day" in send(4)
    assert ClaimDocument.objects.count() == 2
    ClaimDocument.objects.update(at=NOW - timedelta(days=1))
    assert send(4) == ""
    assert ClaimDocument.objects.count() == 3


def test_a_question_is_answered_on_the_case_page_and_a_decline_objected_to_once(
    place: Place,
) -> None:
    claim = place.sent()
    view, connection = place.view(), shared_connection()
    answer_claim.ask(connection, place.run(), view.id, "Which colour <b>?", by="staff:ops")
    page = text(place.ana.get(f"claims/{claim}/"))
    assert "We need an answer from you" in page
    assert "Which colour &lt;b&gt;?" in page
    assert "staff" not in page
    assert "Write a few words." in text(place.ana.post(f"claims/{claim}/say/", {"text": " "}))

    file = SimpleUploadedFile("proof.png", picture("PNG"))
    place.ana.post(f"claims/{claim}/say/", {"text": "Blue.", "files": file})
    assert place.view().state is ClaimState.OPEN
    assert ClaimDocument.objects.count() == 1

    answer_claim.decline(connection, place.run(), view.id, "order_not_found", by="staff:ops")
    page = text(place.ana.get(f"claims/{claim}/"))
    assert "The shop finds no order with this number." in page
    assert "You can object once" in page
    place.ana.post(f"claims/{claim}/appeal/", {"text": "It is W-1001."})
    assert place.view().state is ClaimState.APPEALED
    answer_claim.accept(connection, place.run(), view.id, by="staff:ops", goodwill_minor=250)
    page = text(place.ana.get(f"claims/{claim}/"))
    assert "€2.50 was added to your cagnotte." in page
    assert 'name="text"' not in page


def test_a_claim_is_withdrawn_and_a_draft_dropped(place: Place) -> None:
    claim = place.sent()
    assert "Nobody looks at it any more" in text(place.ana.get(f"claims/{claim}/withdraw/"))
    place.ana.post(f"claims/{claim}/withdraw/")
    assert place.view().state is ClaimState.WITHDRAWN
    assert place.ana.post(f"claims/{claim}/say/", {"text": "Oh."}).status_code == 302
    assert selectors.messages(shared_connection(), place.view().id) == []
    assert "Withdrawn" in text(place.ana.get("claims/?show=over"))

    draft = place.begin()
    place.ana.post(f"claims/{draft}/withdraw/")
    assert Claim.objects.count() == 1


def test_nothing_of_a_claim_is_anothers(place: Place) -> None:
    claim = place.sent()
    pages = [
        f"claims/{claim}/{part}"
        for part in ("", "order/", "checks/", "proofs/", "review/", "withdraw/")
    ]
    pages += [f"claims/why/?visit={place.visit}", f"claims/new/?purchase={claim}"]
    for page in pages:
        assert place.bob.get(page).status_code == 404, page
        assert Client().get(f"/p/portal/{page}").status_code == 302, page
    for part in ("say/", "appeal/", "withdraw/", "review/", "order/", "proofs/"):
        sent = place.bob.post(f"claims/{claim}/{part}", {"text": "Mine!", **ORDER})
        assert sent.status_code == 404, part
    assert place.bob.post("claims/new/", {"visit": place.visit}).status_code == 404
    assert place.ana.get(f"claims/{public_id('clm', uuid4())}/").status_code == 404
    assert place.ana.get("claims/nothing/").status_code == 404
    assert "Nothing missing?" in text(place.bob.get("claims/"))
    assert place.view().state is ClaimState.OPEN


def test_whoever_names_nothing_is_asked_what_then_which(place: Place) -> None:
    ana: Person = place.ana
    assert "It was declined, but I kept the order" in text(ana.get("claims/new/"))
    assert f"claims/why/?visit={place.visit}" in text(ana.get("claims/new/?kind=missing"))
    assert "None of your purchases is declined." in text(ana.get("claims/new/?kind=refused"))
    assert "What is wrong?" in text(ana.get("claims/new/?kind=nonsense"))
    assert ana.get("claims/why/")["Location"].endswith("claims/new/?kind=missing")
    assert "No visit in the last year" in text(place.bob.get("claims/new/?kind=missing"))
    assert place.ana.post("claims/new/", {}).status_code in (200, 404)


def test_the_pages_speak_french_and_have_the_programmes_day(place: Place) -> None:
    with time_machine.travel(datetime(2026, 4, 24, 22, 30, tzinfo=UTC), tick=False):
        claim = place.begin()
        place.ana.post(f"claims/{claim}/order/", {**ORDER, "ordered_on": "2026-04-25"})
        assert place.view().ordered_on == date(2026, 4, 25)
        place.ana.post(f"claims/{claim}/order/", ORDER)
        place.ana.post(f"claims/{claim}/review/")
    page = text(place.ana.get(f"claims/{claim}/", headers={"Accept-Language": "fr"}))

    assert "Nous l’examinons" in page
    assert "À nous de jouer" in page
