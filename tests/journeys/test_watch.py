"""What a member is shown of their money, on a small world of purchases."""

from collections.abc import Iterator
from datetime import date
from uuid import UUID

import pytest
from pytest_django import DjangoDbBlocker

from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import public_id
from cagnotte.identity.models import Member, Programme
from cagnotte.journeys import watch
from cagnotte.journeys.watch import Asked, Due, Next
from cagnotte.platform.database import connect
from tests.databases import Server
from tests.journeys.lived import own_database
from tests.journeys.world import World

TODAY = date(2026, 3, 1)


def programme() -> Programme:
    return Programme.objects.get(slug="corner")


def wallet(member: str = "1") -> UUID:
    return Member.objects.get(ref=member).wallet_id


def listed(asked: Asked | None = None, member: str = "1") -> list[tuple[str, str, int]]:
    """(order, state, reward) of a page."""
    with connect() as connection:
        page = watch.purchases(connection, programme(), wallet(member), asked or Asked())
    return [(row.order_ref, row.state, row.reward_minor) for row in page.rows]


@pytest.fixture(scope="module")
def world(
    database_server: Server,
    database_template: str,
    run_name: str,
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """Ana has purchases in every state, and spent and reserved something; Bob has one. Nobody changes it."""
    with own_database(database_server, database_template, run_name, django_db_blocker):
        found = World(tmp_path_factory.mktemp("watch"))
        found.load()
        found.buy("old", "200.00", at="2026-01-05T10:00:00")
        found.buy("wait", "40.00", at="2026-02-20T10:00:00")
        found.buy("sure", "60.00", at="2026-02-15T10:00:00")
        found.buy("back", "80.00", at="2026-02-16T10:00:00")
        found.buy("bobs", "10.00", member="2")
        found.answer("old,confirm,,,,", "sure,confirm,,,,", "back,decline,returned,,,")
        found.mature(TODAY)
        found.spend("bread", 250)
        found.spend("butter", 150, capture=False)
        yield found
        assert found.faults() == []


@pytest.mark.usefixtures("world")
def test_balances_say_what_is_there_and_when_more_comes() -> None:
    with connect() as connection:
        found = watch.balances(connection, programme(), wallet(), today=TODAY)

    assert (found.pending_minor, found.confirmed_minor, found.available_minor) == (200, 300, 600)
    assert (found.reserved_minor, found.owing_minor, found.paid_minor) == (150, 0, 0)
    # Bought on the 15th of February, available after 30 days.
    assert found.next_money == Due(date(2026, 3, 17), 300)
    assert found.expiring == []
    assert not found.is_new


@pytest.mark.usefixtures("world")
def test_money_that_expires_soon_is_told() -> None:
    with connect() as connection:
        found = watch.balances(connection, programme(), wallet(), today=date(2027, 1, 20))

    assert found.expiring == [Due(date(2027, 3, 1), 600)]


@pytest.mark.usefixtures("world")
def test_a_list_has_every_purchase_with_its_state() -> None:
    assert listed() == [
        ("wait", "pending", 200),
        ("back", "declined", 0),
        ("sure", "confirmed", 300),
        ("old", "available", 1000),
    ]
    assert listed(Asked(state="released")) == [("old", "available", 1000)]
    assert listed(Asked(year=2025)) == []
    assert listed(Asked(shop="corner", state="declined")) == [("back", "declined", 0)]
    assert listed(Asked(shop="nobody")) == []
    assert listed(member="2") == [("bobs", "pending", 50)]


@pytest.mark.usefixtures("world")
def test_a_list_is_turned_page_by_page_in_both_directions() -> None:
    with connect() as connection:
        first = watch.purchases(connection, programme(), wallet(), Asked(size=2))
        last = first.rows[-1].public_id
        second = watch.purchases(connection, programme(), wallet(), Asked(size=2, before=last))
        top = second.rows[0].public_id
        again = watch.purchases(connection, programme(), wallet(), Asked(size=2, after=top))

    assert [row.order_ref for row in second.rows] == ["sure", "old"]
    assert again.rows == first.rows
    assert (first.newer, first.older) == (False, True)
    assert (second.newer, second.older) == (True, False)
    assert (again.newer, again.older) == (False, True)


@pytest.mark.usefixtures("world")
def test_totals_add_up_to_the_balances() -> None:
    with connect() as connection:
        found = watch.overview(connection, programme(), wallet(), Asked())

    assert found.totals["pending"].open_minor == 200
    assert found.totals["confirmed"].open_minor == 300
    assert found.totals["released"].reward_minor == 1000
    assert found.total == (4, 1500, 500)
    assert [(one.key, one.purchases) for one in found.shops] == [("corner", 4)]
    assert [(one.key, one.purchases) for one in found.years] == [("2026", 4)]


@pytest.mark.usefixtures("world")
def test_each_purchase_says_what_comes_next() -> None:
    with connect() as connection:
        rows = {
            row.order_ref: row
            for row in watch.purchases(connection, programme(), wallet(), Asked()).rows
        }
    steps = {ref: watch.next_step(row, today=TODAY) for ref, row in rows.items()}

    assert steps == {
        "wait": Next("confirmed", None, is_estimate=True),
        "sure": Next("available", date(2026, 3, 17)),
        "old": Next("expires", date(2027, 3, 1)),
        "back": None,
    }
    assert rows["back"].shown_minor == 400
    assert (rows["old"].rate_bps, rows["old"].effective_bps) == (500, 500)


@pytest.mark.usefixtures("world")
def test_what_is_available_is_made_of_lots_and_what_is_reserved_of_holds() -> None:
    with connect() as connection:
        found = watch.made_of(connection, programme(), wallet())
        held = watch.balances(connection, programme(), wallet(), today=TODAY)

    assert [(lot.shop, lot.remaining_minor) for lot in found.lots] == [("The corner shop", 600)]
    assert [(hold.purpose, hold.amount_minor) for hold in found.holds] == [("redeem", 150)]
    assert (found.rest_minor, held.available_minor, held.reserved_minor) == (0, 600, 150)


@pytest.mark.usefixtures("world")
def test_what_moved_last_is_told_in_words() -> None:
    with connect() as connection:
        moved = watch.activity(connection, programme(), wallet(), limit=20)

    words = {(one.words, one.total_minor) for one in moved}
    assert ("Spent at The corner shop", -250) in words
    assert ("Purchase at The corner shop declined", -400) in words
    assert ("Cashback from The corner shop available", 0) in words
    assert sum(one.total_minor for one in moved) == 200 + 300 + 600 + 150


def test_another_members_purchase_is_not_found(world: World) -> None:
    ((bobs,),) = world.rows("SELECT id FROM purchases_purchase WHERE order_ref = 'bobs'")

    with connect() as connection:
        with pytest.raises(NotFound):
            watch.purchase_row(connection, programme(), wallet(), public_id("pur", bobs))
        with pytest.raises(NotFound):
            watch.purchase_row(connection, programme(), wallet(), "pur_nonsense")
        theirs = watch.purchases(
            connection, programme(), wallet(), Asked(before=public_id("pur", bobs))
        )
    assert len(theirs.rows) == 4


@pytest.mark.usefixtures("world")
def test_months_show_what_is_sure_and_what_is_not() -> None:
    with connect() as connection:
        months = watch.by_month(connection, programme(), wallet(), today=TODAY)

    assert len(months) == 12
    assert months[0].first == date(2025, 4, 1)
    assert [tuple(one) for one in months[-3:]] == [
        (date(2026, 1, 1), 1000, 0),
        (date(2026, 2, 1), 300, 200),
        (date(2026, 3, 1), 0, 0),
    ]
