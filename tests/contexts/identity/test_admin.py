"""What an operator sees of programmes, members and the catalogue."""

from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from cagnotte.identity import services
from cagnotte.identity.models import Wallet

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TABLES = [
    "identity_programme",
    "identity_party",
    "identity_wallet",
    "identity_member",
    "identity_memberkey",
    "catalog_contract",
    "catalog_offer",
    "catalog_category",
    "catalog_product",
    "catalog_openingbalance",
]


@pytest.fixture
def operator(client: Client) -> Client:
    services.create_operator(email="ops@example.org", password="long enough to hold")
    assert client.login(username="ops@example.org", password="long enough to hold")
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_looked_at_and_searched(operator: Client, table: str) -> None:
    answer = operator.get(reverse(f"admin:{table}_changelist"), {"q": "tea"})
    assert answer.status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_nothing_is_added_beside_the_files(operator: Client, table: str) -> None:
    assert operator.get(reverse(f"admin:{table}_add")).status_code == 403


@pytest.mark.django_db
def test_an_operator_freezes_a_wallet_and_can_change_nothing_else_of_it(operator: Client) -> None:
    services.create_programme(slug="corner", name="Corner", currency="EUR", timezone="UTC", now=NOW)
    programme_id = services.programme_id_of("corner")
    wallet_id = services.wallet_id_of(programme_id, "m1")
    Wallet.objects.create(id=wallet_id, programme_id=programme_id, bucket=7, opened_at=NOW)
    page = reverse("admin:identity_wallet_change", args=[wallet_id])
    operator.post(page, {"frozen": "on", "bucket": "3"})
    wallet = Wallet.objects.get(id=wallet_id)
    assert (wallet.frozen, wallet.bucket) == (True, 7)
