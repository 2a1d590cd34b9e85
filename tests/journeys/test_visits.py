"""What became of a member's visits to shops."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.attribution import Policy
from cagnotte.domain.offers import Offer, Percent
from cagnotte.identity import services as identity
from cagnotte.journeys import visits
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.journeys.visits import Outcome, reaches
from cagnotte.platform.database import connect
from cagnotte.tracking import selectors as tracking
from cagnotte.tracking import services
from cagnotte.tracking.promises import promise
from cagnotte.tracking.selectors import ClickTold
from cagnotte.tracking.services import NewClick
from tests.journeys.world import PROGRAMME, World, corner

AT = datetime(2026, 2, 10, 9, tzinfo=UTC)
"""An hour before the purchases that `World.buy` sends, which are at ten in Paris."""

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BUYING = AT - HOUR


class Shop:
    """The corner shop, whose members click."""

    def __init__(self, folder: Path, text: str = PROGRAMME) -> None:
        self.world = World(folder)
        self.world.load(text)
        self.id = identity.programme_id_of("corner")
        self.wallet = identity.wallet_id_of(self.id, "1")
        self.visit = uuid4()
        with connect() as connection:
            services.claim_visit(
                connection,
                programme_id=self.id,
                visit_id=self.visit,
                wallet_id=self.wallet,
                now=AT,
            )

    def click(self, at: datetime, *, kept: str = "{}", promised: str = "5%") -> str:
        click = NewClick(
            self.id,
            identity.party_id_of(self.id, "merchant", "corner"),
            self.visit,
            at,
            ("standard", 1),
            promise=kept,
            promised=promised,
        )
        with connect() as connection:
            return services.record_click(connection, click).ref

    def ask(self, now: datetime, connection: psycopg.Connection[Any]) -> ProgrammeRun:
        return ProgrammeRun.open(connection, "corner", now)

    def outcomes(self, now: datetime) -> list[tuple[str, str, list[str]]]:
        with connect() as connection:
            found = visits.visits(connection, self.ask(now, connection), self.wallet)
        return [
            (one.click.ref, one.outcome, [bought.order_ref for bought in one.purchases])
            for one in found
        ]


@pytest.fixture
def shop(committed_db: str, tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_a_purchase_stands_under_the_last_click_before_it(shop: Shop) -> None:
    first, last = shop.click(BUYING - 2 * HOUR), shop.click(BUYING - HOUR)
    after = shop.click(BUYING + 2 * HOUR)
    shop.world.buy("A1")
    shop.world.buy("A2", member="2")

    assert shop.outcomes(shop.world.now) == [
        (after, "waiting", []),
        (last, "found", ["A1"]),
        (first, "waiting", []),
    ]


def test_without_a_measure_the_contract_says_how_long_to_wait(
    committed_db: str, tmp_path: Path
) -> None:
    shop = Shop(tmp_path, corner("attribution: {click_days: 20}"))
    ref = shop.click(BUYING)

    assert shop.outcomes(BUYING + 20 * DAY) == [(ref, "waiting", [])]
    assert shop.outcomes(BUYING + 21 * DAY) == [(ref, "nothing", [])]


def test_a_purchase_outside_the_window_is_not_the_clicks(committed_db: str, tmp_path: Path) -> None:
    shop = Shop(tmp_path, corner("attribution: {click_days: 5}"))
    ref = shop.click(BUYING - 6 * DAY)
    shop.world.buy("A1")

    assert shop.outcomes(shop.world.now) == [(ref, "nothing", [])]


def test_a_shop_is_measured_by_nine_of_ten_of_its_purchases(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "MEASURED_LEAST", 10)
    noon = shop.world.now
    ref = shop.click(noon)
    # Nine are told within two days and a half, one after nineteen.
    rows = [f"O{n},2,2026-02-27T00:00:00,EUR,,plum,1,10.00,jam," for n in range(9)]
    shop.world.till(*rows, "L,2,2026-02-10T12:00:00,EUR,,plum,1,10.00,jam,")

    with connect() as connection:
        (measured,) = visits.measure_reporting(connection, shop.ask(noon, connection))

    assert (measured.days, measured.purchases) == (3, 10)
    assert shop.outcomes(noon + 3 * DAY) == [(ref, "waiting", [])]
    assert shop.outcomes(noon + 4 * DAY) == [(ref, "nothing", [])]


def test_few_purchases_are_no_measure(shop: Shop) -> None:
    shop.world.buy("A1")

    with connect() as connection:
        assert visits.measure_reporting(connection, shop.ask(shop.world.now, connection)) == []


def test_a_visit_that_nothing_came_of_is_a_claim_filled_in(shop: Shop) -> None:
    shop.click(BUYING - 3 * DAY - HOUR)
    ref = shop.click(BUYING - 3 * DAY)
    shop.click(BUYING - HOUR)
    shop.world.buy("A1")

    with connect() as connection:
        late = visits.clicks_without_sale(
            connection, shop.ask(BUYING + 60 * DAY, connection), shop.wallet
        )
        early = visits.clicks_without_sale(
            connection, shop.ask(shop.world.now, connection), shop.wallet
        )

    assert early == []
    assert late == [
        visits.ClaimDraft("corner", (BUYING - 3 * DAY).date(), ref, "standard", "5%", visits.BRING)
    ]


def test_a_member_who_never_clicked_has_no_visits(shop: Shop) -> None:
    shop.world.buy("A1")

    assert shop.outcomes(shop.world.now) == []


MERCHANTS = [uuid4(), uuid4()]
moments = st.integers(0, 60 * 24).map(lambda hours: AT + hours * HOUR)
clicks_drawn = st.lists(
    st.builds(
        ClickTold,
        ref=st.uuids().map(str),
        merchant_id=st.sampled_from(MERCHANTS),
        clicked_at=moments,
        offer_ref=st.just("o"),
        offer_version=st.just(1),
        promised=st.just(""),
        device=st.just("web"),
        origin=st.just(""),
    ),
    max_size=6,
    unique_by=lambda click: click.ref,
)


@given(clicks_drawn, st.sampled_from(MERCHANTS), moments, st.integers(0, 40))
def test_a_purchase_is_the_last_clicks_before_it_within_its_window(
    clicks: list[ClickTold], merchant: UUID, bought_at: datetime, window_days: int
) -> None:
    # A second after the hour: no two moments are the same, and no clock is doubted.
    bought_at += timedelta(seconds=1)
    policy = Policy(click_window=window_days * DAY, clock_tolerance=timedelta(0))

    found = reaches(clicks, dict.fromkeys([one.ref for one in clicks], policy))

    at = [
        one.name
        for one in found
        if one.merchant_id == merchant and one.begins <= bought_at <= one.ends
    ]
    before = [c for c in clicks if c.merchant_id == merchant and c.clicked_at <= bought_at]
    last = max(before, key=lambda click: (click.clicked_at, click.ref), default=None)
    fits = last is not None and bought_at - last.clicked_at <= window_days * DAY
    assert at == ([last.ref] if last and fits else [])


def test_a_click_a_little_after_the_purchase_may_be_its(shop: Shop) -> None:
    first = shop.click(BUYING - HOUR)
    last = shop.click(BUYING + timedelta(minutes=4))
    shop.world.buy("A1")

    assert shop.outcomes(shop.world.now) == [(last, "found", ["A1"]), (first, "waiting", [])]


def test_of_many_purchases_under_a_visit_the_first_are_shown(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "BOUGHT_MAX", 2)
    ref = shop.click(BUYING - HOUR)
    for order in ("A1", "A2", "A3"):
        shop.world.buy(order)

    ((seen, _, bought),) = shop.outcomes(shop.world.now)
    assert (seen, len(bought)) == (ref, 2)


def test_what_was_promised_is_told_in_the_language_it_is_read_in(shop: Shop) -> None:
    offer = Offer(uuid4(), "half", 1, "Half", Percent(250))
    shop.click(BUYING, kept=promise(offer, []), promised="2.5%")
    with connect() as connection, translation.override("fr"):
        (told,) = visits.visits(connection, shop.ask(shop.world.now, connection), shop.wallet)

    assert told.promised == "2,5\u202f%"
    assert told.click.promised == "2.5%"


def test_what_is_told_is_what_was_noted(shop: Shop) -> None:
    ref = shop.click(BUYING)

    with connect() as connection:
        (told,) = tracking.clicks_of(connection, shop.id, shop.wallet, since=BUYING, count=5)

    assert told == ClickTold(
        ref,
        identity.party_id_of(shop.id, "merchant", "corner"),
        BUYING,
        "standard",
        1,
        "5%",
        "web",
        "",
    )
    assert Outcome("found") is Outcome.FOUND
