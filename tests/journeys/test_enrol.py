"""A file of members becomes members with wallets."""

from datetime import UTC, date, datetime

import pytest

from cagnotte.identity import selectors, services
from cagnotte.identity.models import Member, Programme, Wallet
from cagnotte.journeys import enrol
from cagnotte.platform import database

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def programme(committed_db: str) -> Programme:
    assert committed_db
    services.create_programme(
        slug="corner", name="Corner", currency="EUR", timezone="Europe/Paris", now=NOW
    )
    return selectors.programme("corner")


def test_new_members_get_a_wallet_and_the_same_file_again_changes_nothing(
    programme: Programme,
) -> None:
    rows = [(2, {"ref": "m1", "name": "Ana"}), (3, {"ref": "m2", "name": "Bob"})]
    with database.connect() as connection:
        first = enrol.run(connection, programme=programme, rows=rows, now=NOW)
        second = enrol.run(connection, programme=programme, rows=rows, now=NOW)
        index = selectors.member_index(connection, programme.id)
    assert (first.new, first.changed, first.unchanged, first.rejected) == (2, 0, 0, [])
    assert (second.new, second.changed, second.unchanged, second.rejected) == (0, 0, 2, [])
    assert set(index) == {"m1", "m2"}
    assert index["m1"][0] == services.wallet_id_of(programme.id, "m1")
    assert Wallet.objects.count() == 2
    assert Member.objects.get(ref="m1").joined_on == date(2026, 3, 2)
