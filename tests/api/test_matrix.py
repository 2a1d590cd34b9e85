"""Every operation with every kind of key: what is another's stays unseen and untouched."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cagnotte.identity import api_keys
from cagnotte.identity.api_keys import SCOPES
from cagnotte.identity.models import ApiKey, Programme
from cagnotte.journeys import sandbox
from cagnotte.platform.database import connect
from tests.api.description import Operation, operations, sample
from tests.api.interface import PUBLISHABLE, Answer, Interface, interface, key_of
from tests.api.strangers import THINGS, open_kiosk, things_of, with_things
from tests.journeys.world import World

OPERATIONS = list(operations())
NAMES = {name for one in OPERATIONS for name in one.places}

QUIET_TABLES = ("identity_api", "django_", "ledger_balance", "auth_")
"""What a refused request may touch: its key's own rows."""


@pytest.fixture
def things(world: World) -> dict[str, str]:
    """One of each thing in the corner shop, with some money in it."""
    world.buy("A1")
    return things_of(world, interface(), NAMES)


def sent(api: Interface, one: Operation, things: dict[str, str], **headers: str) -> Answer:
    """Send a request that would be right."""
    body = with_things(sample({"$ref": f"#/{one.body}"}), things) if one.body else None
    if one.method in {"post", "put", "patch"} and body is None:
        body = {}
    return api.call(one.method.upper(), one.path.format(**things), body, **headers)


def rows() -> dict[str, Any]:
    """Return how many rows each table has, and what the members hold."""
    with connect() as connection:
        names = [
            name
            for (name,) in connection.execute(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
                " AND has_table_privilege(oid, 'SELECT')"
            )
            if not name.startswith(QUIET_TABLES)
        ]
        counts = {
            name: connection.execute(f'SELECT count(*) FROM "{name}"').fetchone()
            for name in sorted(names)
        }
        counts["members"] = connection.execute(
            "SELECT array_agg(m ORDER BY id) FROM identity_member AS m"
        ).fetchone()
    return counts


@pytest.fixture
def nothing_moves(things: dict[str, str]) -> Iterator[None]:
    """Whatever the test sent has changed nothing."""
    before = rows()
    yield
    assert rows() == before


def refused(api: Interface, things: dict[str, str], **headers: str) -> set[tuple[int, str | None]]:
    """Send every operation; return how they were refused."""
    found = set()
    for one in OPERATIONS:
        answer = sent(api, one, things, **headers)
        found.add((answer.status, answer.code if answer.status >= 400 else one.name))
        assert not any(thing.encode() in answer.content for thing in things.values()) or (
            answer.status in {404, 422}
        ), one.name
    return found


def test_every_thing_that_a_path_names_is_known_here() -> None:
    assert NAMES - set(THINGS) == set()


@pytest.mark.usefixtures("nothing_moves")
def test_without_a_key(things: dict[str, str]) -> None:
    assert refused(Interface(), things) == {(401, "key_missing")}


@pytest.mark.usefixtures("nothing_moves")
def test_with_a_key_of_nobody(things: dict[str, str]) -> None:
    assert refused(Interface("cag_live_sk_" + "0" * 50), things) == {(401, "key_invalid")}


@pytest.mark.usefixtures("nothing_moves")
def test_with_a_revoked_key(things: dict[str, str]) -> None:
    made = api_keys.make(Programme.objects.get(slug="corner"), name="x", now=datetime.now(UTC))
    api_keys.revoke(made.row.id, now=datetime.now(UTC))
    assert refused(Interface(made.secret), things) == {(401, "key_invalid")}


@pytest.mark.usefixtures("nothing_moves")
def test_with_an_expired_key(things: dict[str, str]) -> None:
    api = interface(expires_at=datetime.now(UTC) - timedelta(days=1))
    assert refused(api, things) == {(401, "key_invalid")}


@pytest.mark.usefixtures("nothing_moves")
def test_with_a_secret_key_that_may_do_everything_else(things: dict[str, str]) -> None:
    clients = {
        scope: interface(scopes=[one for one in SCOPES if one != scope])
        for scope in {one.scope for one in OPERATIONS}
    }
    for one in OPERATIONS:
        answer = sent(clients[one.scope], one, things)
        assert (answer.status, answer.code) == (403, "not_permitted"), one.name


@pytest.mark.usefixtures("nothing_moves")
def test_with_a_publishable_key_from_its_page(things: dict[str, str]) -> None:
    page = interface(**PUBLISHABLE)
    for one in OPERATIONS:
        answer = sent(page, one, things, origin="https://shop.example")
        if one.publishable:
            assert answer.status in {200, 401}, one.name
        else:
            assert (answer.status, answer.code) == (403, "not_permitted"), one.name


@pytest.mark.usefixtures("nothing_moves")
def test_with_a_publishable_key_from_another_page(things: dict[str, str]) -> None:
    page = interface(**PUBLISHABLE)
    found = refused(page, things, origin="https://other.example")
    assert found == {(403, "origin_not_allowed")}


def reads_its_own(api: Interface, things: dict[str, str]) -> None:
    """Ask as another programme: its own lists, and nothing of the corner shop."""
    for one in OPERATIONS:
        answer = sent(api, one, things)
        if one.path.startswith("/me/"):
            assert (answer.status, answer.code) == (401, "member_token_invalid"), one.name
        elif one.places:
            assert (answer.status, answer.code) == (404, "not_found"), one.name
        else:
            assert answer.status < 500, one.name
        told = answer.content.decode()
        for name, thing in things.items():
            assert thing not in told or answer.status >= 400, (one.name, name)


def of_the_corner() -> Any:
    """Return what belongs to the corner shop's members and books."""
    with connect() as connection:
        return connection.execute(
            "SELECT (SELECT array_agg(m ORDER BY id) FROM identity_member m WHERE programme_id = p.id),"
            " (SELECT array_agg(w ORDER BY id) FROM identity_wallet w WHERE programme_id = p.id),"
            " (SELECT array_agg(b ORDER BY account_id) FROM ledger_balance b JOIN ledger_account a"
            "  ON a.id = b.account_id WHERE a.programme_id = p.id),"
            " (SELECT count(*) FROM ledger_transaction t JOIN identity_wallet w ON w.id = t.book_id"
            "  WHERE w.programme_id = p.id)"
            " FROM identity_programme p WHERE slug = 'corner'"
        ).fetchone()


def test_with_the_key_of_another_programme(world: World, things: dict[str, str]) -> None:
    kiosk = open_kiosk(world)
    before = of_the_corner()
    reads_its_own(kiosk, things)
    assert of_the_corner() == before


def test_with_a_test_key_of_the_same_programme(world: World, things: dict[str, str]) -> None:
    made = sandbox.make(Programme.objects.get(slug="corner"), now=world.now)
    before = of_the_corner()
    reads_its_own(interface(made.slug), things)
    assert of_the_corner() == before


def test_with_a_live_key_on_what_is_in_the_sandbox(world: World) -> None:
    made = sandbox.make(Programme.objects.get(slug="corner"), now=world.now)
    trial = interface(made.slug)
    member = trial.post("/members", {"ref": "S-1"}).json
    live = Interface(key_of("corner"))
    for path in (f"/members/{member['id']}", f"/cagnottes/{member['cagnotte_id']}"):
        assert (live.get(path).status, trial.get(path).status) == (404, 200)
    assert ApiKey.objects.get(secret_hash=api_keys.hash_of(live.secret)).mode == "live"
