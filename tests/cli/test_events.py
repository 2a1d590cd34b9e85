"""Commands about events and webhooks."""

import pytest
from click.testing import CliRunner, Result

from cagnotte.cli.main import cli
from cagnotte.domain.ids import public_id
from cagnotte.journeys import tell_events
from cagnotte.notices import endpoints
from cagnotte.notices.endpoints import EndpointFacts
from cagnotte.notices.models import Delivery, WebhookEndpoint
from cagnotte.platform.database import connect
from tests.journeys.conftest import empty_world, world
from tests.journeys.world import World

__all__ = ["empty_world", "world"]


@pytest.fixture
def endpoint(world: World) -> str:
    """An endpoint of the corner shop that was told of one purchase."""
    tell(world)
    with connect() as connection:
        programme_id = world.programme_id(connection)
    made = endpoints.make(programme_id, EndpointFacts("https://shop.example/"), now=world.now)
    world.buy("A1")
    tell(world)
    return public_id("whk", made.row.id)


def tell(world: World) -> None:
    with connect() as connection:
        tell_events.tell(connection, now=world.now)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, arguments)


def test_events_are_listed_with_their_ids(endpoint: str) -> None:
    assert endpoint
    done = run("events", "list")
    assert done.exit_code == 0
    assert "2026-03-01 12:00:00  reward.tracked            rew_" in done.output
    assert run("events", "list", "--type", "wallet.held").output == "No events.\n"


def test_endpoints_are_listed_with_how_they_do(endpoint: str, world: World) -> None:
    assert run("webhooks", "list").output == f"{endpoint}  well  https://shop.example/\n"
    WebhookEndpoint.objects.update(failing_since=world.now)
    assert "fails since 2026-03-01 12:00" in run("webhooks", "list").output
    WebhookEndpoint.objects.update(disabled_at=world.now, disabled_because="gone")
    assert "off since 2026-03-01 (gone)" in run("webhooks", "list").output


def test_a_test_event_and_what_was_lost_are_put_on_their_way(endpoint: str) -> None:
    assert run("webhooks", "test", endpoint).output == "On its way.\n"
    Delivery.objects.update(state="failed")
    done = run("webhooks", "replay", endpoint, "--since", "2026-02-01")
    assert done.output == "Events on their way: 1.\n"
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["failed", "pending"]


def test_an_endpoint_that_does_not_exist_is_told(endpoint: str) -> None:
    assert endpoint
    done = run("webhooks", "test", "whk_x")
    assert done.exit_code == 1
    assert "There is no webhook endpoint “whk_x”" in done.output
