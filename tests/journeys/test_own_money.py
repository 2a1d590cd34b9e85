"""The operator's own money: in, out, once, and never two things under one reference."""

from datetime import timedelta

import pytest

from cagnotte.domain.errors import Conflict, InvalidInput
from cagnotte.journeys.own_money import OwnMoney, put_in
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.database import connect
from tests.journeys.world import World


def transfer(world: World, amount_minor: int, reference: str = "CAPITAL 1") -> bool:
    with connect() as connection:
        run = ProgrammeRun.open(connection, "corner", world.now)
        connection.commit()
        return put_in(connection, run, OwnMoney(amount_minor, reference))


def test_it_comes_in_and_leaves(world: World) -> None:
    assert transfer(world, 50_000)
    assert world.books() == {"programme.bank": 50_000, "programme.funding": 50_000}

    assert transfer(world, -20_000, "BACK 1")
    assert world.books() == {"programme.bank": 30_000, "programme.funding": 30_000}
    assert world.faults() == []


def test_a_reference_is_booked_once_also_on_another_day(world: World) -> None:
    assert transfer(world, 50_000)
    world.now += timedelta(days=1)
    assert not transfer(world, 50_000, " CAPITAL 1 ")
    assert world.books() == {"programme.bank": 50_000, "programme.funding": 50_000}


def test_a_reference_stands_for_one_amount(world: World) -> None:
    transfer(world, 50_000)

    with pytest.raises(Conflict):
        transfer(world, 60_000)
    assert world.books() == {"programme.bank": 50_000, "programme.funding": 50_000}


@pytest.mark.parametrize(("amount_minor", "reference"), [(0, "CAPITAL 1"), (100, " ")])
def test_nothing_is_no_transfer(world: World, amount_minor: int, reference: str) -> None:
    with pytest.raises(InvalidInput):
        transfer(world, amount_minor, reference)
    assert world.books() == {}
