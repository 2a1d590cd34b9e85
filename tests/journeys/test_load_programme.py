"""A programme file becomes parties, categories, contracts and offers, and changes become versions."""

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from cagnotte.catalog import selectors
from cagnotte.domain.offers import Percent
from cagnotte.identity import selectors as identity
from cagnotte.journeys import load_programme

FILE = """
programme: {slug: corner, name: Corner shop, currency: EUR, timezone: Europe/Paris}
merchants: [{ref: corner, name: Corner SA, country: FR}]
brands: [{ref: acme}]
categories: [{ref: food, children: [{ref: tea}]}]
contracts:
  - {ref: corner, merchant: corner}
offers:
  - ref: standard
    effect: {kind: percent, rate: 5 %}
  - ref: tea
    effect: {kind: percent, rate: 8 %}
    conditions: {categories: [tea]}
"""

MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)
TUESDAY = datetime(2026, 3, 3, 9, tzinfo=UTC)
WEDNESDAY = datetime(2026, 3, 4, 9, tzinfo=UTC)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "programme.yaml"
    path.write_text(FILE)
    return path


def offers_in_force() -> list[tuple[str, int, int, date, date]]:
    """Reference, version, rate and days of every offer."""
    return [
        (o.ref, o.version, o.effect.rate_bps, o.valid_from, o.valid_until)
        for o in selectors.offers(identity.programme("corner").id)
        if isinstance(o.effect, Percent)
    ]


@pytest.mark.django_db
def test_loading_the_same_file_again_changes_nothing(file: Path) -> None:
    first = load_programme.run(file, now=MONDAY)
    assert [(c.kind, c.ref) for c in first.offers] == [("new", "standard"), ("new", "tea")]
    assert load_programme.run(file, now=TUESDAY).changed_nothing


@pytest.mark.django_db
def test_a_changed_rate_holds_from_the_day_it_is_loaded(file: Path) -> None:
    load_programme.run(file, now=MONDAY)
    file.write_text(FILE.replace("rate: 5 %", "rate: 6 %"))
    load_programme.run(file, now=WEDNESDAY)
    assert offers_in_force() == [
        ("standard", 1, 500, date.min, date(2026, 3, 3)),
        ("standard", 2, 600, date(2026, 3, 4), date.max),
        ("tea", 1, 800, date.min, date.max),
    ]
