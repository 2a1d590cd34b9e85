"""Programmes are found by name, or alone."""

from datetime import UTC, datetime

import pytest

from cagnotte.domain.errors import InvalidInput, NotFound, UnknownCurrency
from cagnotte.identity import selectors, services

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def create(slug: str, currency: str = "EUR") -> bool:
    return services.create_programme(
        slug=slug, name=slug, currency=currency, timezone="UTC", now=NOW
    )


@pytest.mark.django_db
def test_the_only_programme_needs_no_name() -> None:
    with pytest.raises(NotFound, match="There is no programme yet"):
        selectors.programme(None)
    create("corner")
    assert selectors.programme(None).slug == "corner"


@pytest.mark.django_db
def test_among_several_programmes_one_must_be_named() -> None:
    create("corner")
    create("market")
    with pytest.raises(
        NotFound, match="There are several programmes; name one of them: corner, market"
    ):
        selectors.programme(None)
    with pytest.raises(
        NotFound, match=r"There is no programme “crner”. The programmes are: corner, market\."
    ):
        selectors.programme("crner")
    assert selectors.programme("market").id == services.programme_id_of("market")


@pytest.mark.django_db
def test_creating_a_programme_twice_changes_nothing() -> None:
    assert create("corner")
    assert not create("corner", "USD")
    assert selectors.programme("corner").currency == "EUR"


@pytest.mark.django_db
def test_a_programme_in_no_known_currency_is_refused() -> None:
    with pytest.raises(UnknownCurrency):
        create("corner", "EUX")
    with pytest.raises(NotFound):
        selectors.programme("corner")


@pytest.mark.django_db
def test_an_operator_is_created_once_and_with_a_password_that_holds() -> None:
    with pytest.raises(InvalidInput, match="too short"):
        services.create_operator(email="ops@example.org", password="abc")
    assert not services.has_operator(email="ops@example.org")
    assert services.create_operator(email="ops@example.org", password="long enough to hold")
    assert services.has_operator(email="OPS@example.org")
    assert not services.create_operator(email="ops@example.org", password="another that would hold")
