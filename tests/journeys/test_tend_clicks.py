"""What is done every day about clicks: old ones are forgotten, and shops are measured."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cagnotte.journeys import tend_clicks, visits
from cagnotte.journeys.work import Worker
from cagnotte.platform.database import connect
from cagnotte.tracking import services
from tests.journeys.test_nightly import make_programme_without_rules
from tests.journeys.test_visits import DAY, Shop


def kept(shop: Shop) -> list[str]:
    return [ref for (ref,) in shop.world.rows("SELECT ref FROM tracking_click ORDER BY clicked_at")]


def tend(shop: Shop) -> int:
    with connect() as connection:
        return tend_clicks.tend(connection, now=shop.world.now)


@pytest.fixture
def shop(committed_db: str, tmp_path: Path) -> Shop:
    return Shop(tmp_path)


def test_clicks_that_no_contract_looks_back_to_are_forgotten(shop: Shop) -> None:
    now = shop.world.now
    old, young = shop.click(now - 401 * DAY), shop.click(now - 399 * DAY)
    assert kept(shop) == [old, young]
    assert tend(shop) == 1
    assert kept(shop) == [young]


def test_shops_are_measured(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(visits, "MEASURED_LEAST", 10)
    for number in range(10):
        shop.world.buy(f"A{number}")
    assert tend(shop) == 0
    measured = "SELECT purchases FROM tracking_reporting"
    assert shop.world.rows(measured) == [(10,)]
    shop.world.buy("B1")
    tend(shop)
    assert shop.world.rows(measured) == [(10,)]
    shop.world.now += DAY
    tend(shop)
    assert shop.world.rows(measured) == [(11,)]


def test_the_worker_does_it_once_a_day(shop: Shop) -> None:
    now = [shop.world.now]
    worker = Worker(clock=lambda: now[0], stop=threading.Event())
    with connect() as connection:
        worker.round(connection)
        shop.click(now[0] - 401 * DAY)
        now[0] += timedelta(hours=23)
        worker.round(connection)
        assert len(kept(shop)) == 1
        now[0] += timedelta(hours=1)
        worker.round(connection)
    assert kept(shop) == []


def test_a_programme_that_cannot_be_measured_keeps_no_other_waiting(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect() as connection:
        make_programme_without_rules(connection)
    measured, forgotten = [], []

    def measure(connection: psycopg.Connection[Any], run: Any) -> None:
        measured.append(run.programme.slug)
        if run.programme.slug == "aa":
            connection.execute("INSERT INTO identity_programme SELECT * FROM identity_programme")

    forget = services.forget_clicks

    def note(connection: Any, programme_id: Any, **more: Any) -> int:
        forgotten.append(programme_id)
        return forget(connection, programme_id, **more)

    monkeypatch.setattr(tend_clicks, "measure_reporting", measure)
    monkeypatch.setattr(tend_clicks, "forget_clicks", note)
    shop.click(shop.world.now - 401 * DAY)
    assert tend(shop) == 1
    assert kept(shop) == []
    assert measured == ["aa", "corner"]
    assert len(forgotten) == 2
