"""Ana's life at the corner shop, in front of its portal: a purchase in every state, and one of Bob's."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import pytest
import time_machine
from django.db import transaction
from django.utils import translation
from pytest_django import DjangoDbBlocker

from cagnotte.domain.ids import public_id
from cagnotte.platform.database import connect
from tests.contexts.ledger.sealing import seal_all
from tests.databases import Server
from tests.journeys.lived import own_database
from tests.journeys.world import World
from tests.portal.people import Person, signed_in

NOW = datetime(2026, 3, 1, 15, tzinfo=UTC)


@dataclass
class Life:
    """The world, and its members in front of their browsers."""

    world: World
    ana: Person
    bob: Person

    def purchase(self, order: str) -> str:
        """The public id of an order's purchase."""
        ((found,),) = self.world.rows(
            "SELECT id FROM purchases_purchase WHERE order_ref = %s", order
        )
        return public_id("pur", found)


@pytest.fixture(scope="module")
def shared_life(
    database_server: Server,
    database_template: str,
    run_name: str,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Life]:
    """Ana's purchases: old is available and partly spent, sure is confirmed, wait pending, back refused."""
    with own_database(database_server, database_template, run_name, django_db_blocker):
        with time_machine.travel(NOW, tick=False):
            found = lived(World(tmp_path_factory.mktemp("watching")))
        yield found
        assert found.world.faults() == []


@pytest.fixture
def life(shared_life: Life) -> Iterator[Life]:
    """The same, in the afternoon of its last day, in English."""
    with time_machine.travel(NOW, tick=False), translation.override("en"):
        yield shared_life


def lived(world: World) -> Life:
    """Let the corner shop's members live through January and February, and seal the books."""
    world.load()
    world.till(
        "old,1,2026-01-05T10:00:00,EUR,,leaf,1,100.00,tea,acme",
        "wait,1,2026-02-20T10:00:00,EUR,,plum,1,40.00,jam,",
        "sure,1,2026-02-15T10:00:00,EUR,,plum,2,60.00,jam,",
        "sure,1,2026-02-15T10:00:00,EUR,,diesel,1,50.00,fuel,",
        "back,1,2026-02-16T10:00:00,EUR,,plum,1,80.00,jam,",
        "=cmd()|x,1,2026-02-17T10:00:00,EUR,,plum,1,10.00,jam,",
        "bobs,2,2026-02-18T10:00:00,EUR,,plum,1,10.00,jam,",
    )
    world.now = datetime(2026, 3, 1, 13, tzinfo=UTC)
    world.answer("old,confirm,,,,", "sure,confirm,,,,", "back,decline,unauthorised_coupon,,,")
    world.answer("sure,amend,,1,1,30.00")
    world.now = datetime(2026, 3, 1, 14, tzinfo=UTC)
    world.mature(date(2026, 3, 1))
    world.spend("bread", 250)
    world.now = NOW
    with connect(autocommit=True) as connection:
        seal_all(connection, now=NOW)
    with transaction.atomic():
        return Life(world, signed_in("corner", "1", now=NOW), signed_in("corner", "2", now=NOW))
