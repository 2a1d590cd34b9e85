"""The page that explains a programme: what it measures, what it says of the contracts, and the banner for e-mails."""

import struct
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from textwrap import dedent
from uuid import UUID, uuid4

import pytest
from django.test import Client
from lxml import html as parser

from cagnotte.journeys.measure_delays import Days, Measured, Measures, measure
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal import banners, explaining
from cagnotte.purchases.models import Purchase, PurchaseVersion
from cagnotte.rewards.models import Lot, Reward
from tests.portal.conftest import NOW, Portal

PAGE = "/p/portal/how-it-works/"
LAST = date(2025, 12, 10)  # ninety days before the tests' day
FIRST = date(2024, 12, 11)

CONTRACTS = """
    programme: {slug: portal, name: A portal, currency: EUR, timezone: Europe/Paris}
    merchants:
      - {ref: verte, name: Maison Verte, site: "https://verte.example/"}
      - {ref: till, name: The till}
    contracts:
      - {ref: verte, merchant: verte, release: {days: 45}, auto_confirm_days: 60, lot_months: 12}
      - {ref: till, merchant: till, release: {days: 1, from: confirmed}, returns: all_or_nothing}
    offers:
      - {ref: low, name: Low, effect: {kind: percent, rate: 2 %}, conditions: {merchants: [till]}}
      - {ref: high, name: High, effect: {kind: percent, rate: 7 %}, conditions: {merchants: [verte]}}
      - {ref: some, name: Some, effect: {kind: percent, rate: 30 %}, conditions: {segments: [staff]},
         funding: programme}
    payouts:
      debtor_name: A portal
      iban: FR7630006000011234567890189
      threshold: "10.00"
      fee: "0.50"
"""


@pytest.fixture(autouse=True)
def nothing_measured() -> Iterator[None]:
    explaining.MEASURES = Measures()
    yield
    explaining.MEASURES = Measures()


def bought(
    programme_id: UUID,
    on: date,
    *,
    known: float = 1,
    confirmed: int | None = None,
    available: int | None = None,
    declined: bool = False,
) -> None:
    """One purchase at noon; known, confirmed, available: after so many days."""
    purchase_id, wallet_id, merchant_id = uuid4(), uuid4(), uuid4()
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    state = "declined" if declined else "pending" if confirmed is None else "confirmed"
    Purchase.objects.create(
        id=purchase_id, programme_id=programme_id, source_id=uuid4(), native_id=purchase_id.hex, wallet_id=wallet_id,
        bucket=1, member_id=uuid4(), merchant_id=merchant_id, order_ref=purchase_id.hex, occurred_at=at, occurred_on=on,
        currency="EUR", amount_minor=1000, validation=state, version=1, content_hash=b"0" * 16,
        confirmed_on=None if confirmed is None else on + timedelta(days=confirmed),
    )  # fmt: skip
    PurchaseVersion.objects.create(
        id=uuid4(), purchase_id=purchase_id, bucket=1, number=1, recorded_at=at + timedelta(days=known),
        event="track", validation="pending",
    )  # fmt: skip
    Reward.objects.create(
        purchase_id=purchase_id, programme_id=programme_id, wallet_id=wallet_id, bucket=1, merchant_id=merchant_id,
        currency="EUR", base_minor=1000, amount_minor=0 if declined else 50, decision_id=uuid4(),
    )  # fmt: skip
    if available is not None:
        Lot.objects.create(
            id=uuid4(), wallet_id=wallet_id, bucket=1, purchase_id=purchase_id, currency="EUR", amount_minor=50,
            remaining_minor=50, available_on=on + timedelta(days=available),
        )  # fmt: skip


def a_year(programme_id: UUID) -> None:
    """Forty purchases: ten declined; of the others one is open for ever, the rest took 1 to 29 days more each time."""
    for number in range(1, 30):
        bought(programme_id, LAST, known=number / 10, confirmed=number, available=number + 30)
    bought(programme_id, LAST, known=3)
    for _ in range(10):
        bought(programme_id, FIRST, known=3, declined=True)


# ---- what is measured -----------------------------------------------------------------------------------------


def test_delays_are_those_of_purchases_that_had_time_to_end(portal: Portal) -> None:
    a_year(portal.id)
    bought(portal.id, LAST + timedelta(days=1), known=80)  # too young
    bought(portal.id, FIRST - timedelta(days=1), known=80)  # too old
    bought(uuid4(), LAST, known=80)  # another programme's

    assert measure(shared_connection(), portal.id, NOW.date()) == Measured(
        first=FIRST,
        last=LAST,
        purchases=40,
        known=Days(2, 3),
        confirmed=Days(15, 27),
        available=Days(45, 57),
        confirmed_bps=7435,
    )


def test_what_is_still_open_counts_as_the_slowest(portal: Portal) -> None:
    for _ in range(16):
        bought(portal.id, LAST, confirmed=20)
    for _ in range(4):
        bought(portal.id, LAST)

    measured = measure(shared_connection(), portal.id, NOW.date())

    assert measured is not None
    assert measured.confirmed == Days(20, None)
    assert measured.available == Days(None, None)
    assert measured.confirmed_bps == 10_000


def test_few_purchases_are_no_measure(portal: Portal) -> None:
    for _ in range(19):
        bought(portal.id, LAST, confirmed=20)

    assert measure(shared_connection(), portal.id, NOW.date()) is None


def test_a_programme_is_measured_once_an_hour(portal: Portal) -> None:
    measures = Measures()

    def asked(at: datetime) -> Measured | None:
        return measures.of(shared_connection(), portal.id, today=NOW.date(), now=at)

    assert asked(NOW) is None
    a_year(portal.id)
    assert asked(NOW + timedelta(minutes=59)) is None
    later = asked(NOW + timedelta(minutes=61))
    assert later is not None
    assert later.purchases == 40


# ---- what the page says ---------------------------------------------------------------------------------------


def words(html: bytes) -> str:
    """The text of the page's content, its spaces made plain."""
    (content,) = parser.fromstring(html.decode()).iterfind(".//main")
    return " ".join(" ".join(map(str, content.itertext())).split())


@pytest.fixture
def read(portal: Portal) -> Callable[..., str]:
    portal.load(dedent(CONTRACTS))

    def page(language: str = "en") -> str:
        response = Client().get(PAGE, {"lang": language})
        assert response.status_code == 200
        assert response["Content-Language"] == language
        assert response["Cache-Control"] == "public, max-age=300"
        return words(response.content)

    return page


def test_the_page_says_how_long_it_took(portal: Portal, read: Callable[..., str]) -> None:
    a_year(portal.id)

    said = read()
    assert "pending 2 days 3 days confirmed 15 days 27 days available 45 days 57 days" in said
    assert "74% of the purchases that shops answered were confirmed." in said
    assert "Measured on 40 purchases made from Dec. 11, 2024 to Dec. 10, 2025." in said


def test_a_young_programme_promises_no_delay(read: Callable[..., str]) -> None:
    assert "The programme is young" in read()


def test_the_page_says_what_each_contract_means(read: Callable[..., str]) -> None:
    said = read()

    assert (
        "Maison Verte After a visit to the shop from here, you have 30 days to buy. "
        "A purchase that the shop has not answered after 60 days counts as confirmed. "
        "Confirmed money is available 45 days after the purchase. "
        "If you send something back, the reward is computed anew on what you keep. "
        "Available money can be used for 12 months."
    ) in said
    assert (
        "The till Money is available 1 day after the shop has confirmed the purchase. "
        "If you send anything back, the whole reward is taken back. Available money never expires."
    ) in said
    assert "You can be paid from €10.00 on, to your bank account. A payout costs €0.50." in said


def test_offers_for_everybody_stand_there_the_highest_first(read: Callable[..., str]) -> None:
    said = read()

    assert "7% back High Maison Verte Go to the shop (High) 2% back Low The till Conditions" in said
    assert "Some" not in said


def test_the_page_speaks_french(portal: Portal, read: Callable[..., str]) -> None:
    a_year(portal.id)

    said = read("fr")
    assert "Comment fonctionne A portal" in said
    assert "en attente 2 jours 3 jours" in said
    assert "Vous pouvez être payé à partir de 10,00 €, sur votre compte bancaire." in said.replace(
        "\u202f", " "
    ).replace("\u00a0", " ")


@pytest.mark.parametrize("path", [PAGE, "/p/portal/banner.svg", "/p/portal/banner.png"])
def test_what_is_no_programme_is_not_there(portal: Portal, path: str) -> None:
    assert Client().get(path).status_code == 200
    assert Client().get(path.replace("portal", "portals")).status_code == 404
    assert Client().post(path).status_code == 405


# ---- banner ---------------------------------------------------------------------------------------------------


def test_the_banner_says_the_best_offer(portal: Portal, read: Callable[..., str]) -> None:
    response = Client().get("/p/portal/banner.svg", {"lang": "fr"})

    assert response["Content-Type"] == "image/svg+xml"
    assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
    said = response.content.decode()
    assert "A portal" in said
    assert "7\u00a0% remboursés" in said
    assert "Comment ça marche ›" in said


def test_the_banner_is_an_image_for_mail(portal: Portal) -> None:
    response = Client().get("/p/portal/banner.png")

    assert response["Content-Type"] == "image/png"
    assert response.content[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", response.content[16:24]) == (1200, 300)
    assert len(response.content) < 30_000


def test_a_long_name_is_made_to_fit_and_a_foreign_one_is_escaped() -> None:
    told = banners.Told(
        "A <portal> & more", "Jusqu’à " + "très " * 40 + "remboursés", "How it works"
    )
    drawn = banners.svg(told).decode()

    assert "A &lt;portal&gt; &amp; more" in drawn
    assert "…</text>" in drawn
    assert banners.png(told)
