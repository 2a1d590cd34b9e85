"""A file is noted once, however many begin to read it at the same moment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from cagnotte.domain.ids import derived_id
from cagnotte.identity.services import create_programme, programme_id_of
from cagnotte.platform.database import connect
from cagnotte.purchases import services
from cagnotte.purchases.models import ImportedFile, Source
from tests.databases import wait_until_locked

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
FILE: dict[str, Any] = {"sha256": "ab" * 32, "name": "till.csv", "size": 780, "now": NOW}


@pytest.fixture
def source_id(committed_db: str) -> UUID:
    create_programme(slug="shop", name="A shop", currency="EUR", timezone="UTC", now=NOW)
    source = Source(id=UUID(int=1), programme_id=programme_id_of("shop"), ref="till", mapping={})
    source.save()
    return source.id


def test_two_that_begin_a_file_at_the_same_moment_get_the_same_row(source_id: UUID) -> None:
    with connect() as first, connect() as second, ThreadPoolExecutor(1) as aside:
        # Exactly what `open_file` writes, held back before its commit.
        written = {**FILE, "id": derived_id(NOW, source_id, FILE["sha256"])}
        first.execute(services.SQL.open_file, {**written, "source_id": source_id})
        asked = aside.submit(services.open_file, second, source_id=source_id, **FILE)
        wait_until_locked(first, second.info.backend_pid)
        first.commit()

        assert asked.result(timeout=10) == (written["id"], False)

    assert ImportedFile.objects.count() == 1


def test_a_file_that_comes_again_later_keeps_its_row(source_id: UUID) -> None:
    with connect() as connection:
        file_id, _ = services.open_file(connection, source_id=source_id, **FILE)
        services.finish_file(connection, file_id, NOW)
        later = {**FILE, "name": "again.csv", "now": NOW.replace(day=2)}

        assert services.open_file(connection, source_id=source_id, **later) == (file_id, True)

    assert [row.name for row in ImportedFile.objects.all()] == ["till.csv"]
