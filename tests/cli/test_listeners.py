"""What an operator types and reads when connecting services that hear of events."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings

from cagnotte.cli.main import cli
from cagnotte.journeys import deliver_events, tell_events
from cagnotte.notices import listeners
from cagnotte.notices.models import ConnectedListener, ListenerSecret
from cagnotte.platform.database import connect
from tests.journeys.world import World
from tests.listeners.fakes.hubspot import HubSpotFake
from tests.sources.fakes.clock import Clock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def hubspot() -> Iterator[HubSpotFake]:
    with HubSpotFake(Clock(NOW)) as server:
        yield server


@pytest.fixture
def world(committed_db: str, tmp_path: Path, settings: Settings) -> World:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    made = World(tmp_path)
    made.load()
    return made


def run(*arguments: str, typed: str | None = None) -> Result:
    result = CliRunner().invoke(
        cli, ["listeners", *arguments, "--now", f"{NOW:%Y-%m-%dT%H:%M:%S}"], input=typed
    )
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def said(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["listeners", *arguments])


def test_a_listener_is_connected_filled_in_checked_and_removed(
    world: World, hubspot: HubSpotFake
) -> None:
    added = run("add", "hubspot", "--set", f"api_url={hubspot.url}")
    assert added.stdout.splitlines() == [
        "hubspot hears of events through HubSpot.",
        "Fill in its secret: cagnotte listeners secret hubspot token",
    ]
    assert run("secret", "hubspot").stdout == "token: not set\n"
    unchecked = run("check", "hubspot")
    assert unchecked.exit_code == 1
    assert "The secret “token” is not set" in unchecked.stderr
    assert run("secret", "hubspot", "token", typed="right\n").stdout.startswith(
        "token: set since 2026-03-01 12:00 UTC, SHA-256 …"
    )
    assert run("check", "hubspot").stdout == "hubspot: all is as it should be.\n"
    assert "corner: hubspot (hubspot)\n" in said("list").stdout
    assert run("remove", "hubspot").stdout == "hubspot hears no more.\n"
    assert run("remove", "hubspot").stdout == "hubspot was at rest already.\n"
    assert listeners.enabled() == []
    assert "corner: hubspot (hubspot), at rest since 2026-03-01\n" in said("list").stdout


def test_a_removed_listener_is_woken_with_its_secrets(world: World) -> None:
    run("add", "crm", "--plugin", "brevo", "--set", "list_id=3")
    run("secret", "crm", "api_key", typed="right")
    run("remove", "crm")
    assert "Fill in" not in run("add", "crm", "--plugin", "brevo", "--set", "list_id=4").stdout
    (row,) = listeners.enabled()
    assert (row.ref, row.settings) == ("crm", {"list_id": "4"})
    assert ListenerSecret.objects.get().sealed != "right"


def test_what_is_wrong_with_the_properties_is_said(world: World, hubspot: HubSpotFake) -> None:
    run("add", "hubspot", "--set", f"api_url={hubspot.url}")
    run("secret", "hubspot", "token", typed="right")
    hubspot.missing = {"cashback_pending"}
    checked = run("check", "hubspot")
    assert checked.exit_code == 1
    assert checked.stderr == "HubSpot has no contact property “cashback_pending”; make it first.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["add", "ga"], "There is no listener “ga”; there is brevo, ga4, hubspot, matomo."),
        (["add", "ga4"], "Google Analytics 4 cannot do without “measurement_id”."),
        (["add", "ga4", "--set", "measurement"], "“measurement” is no setting; write NAME=VALUE."),
        (
            ["add", "ga4", "--set", "mesurement_id=G-1"],
            "Google Analytics 4 has no setting “mesurement_id”; did you mean “measurement_id”?",
        ),
        (
            ["add", "brevo", "--set", "api_key=1"],
            "“api_key” is a secret; it is filled in with `cagnotte listeners secret`.",
        ),
        (
            ["add", "brevo", "--set", "list_id=" + "3" * 501],
            "“list_id” has at most 500 characters.",
        ),
        (
            ["add", "x" * 101, "--plugin", "hubspot"],
            "The name of a listener has 1 to 100 characters.",
        ),
        (["remove", "brevo"], "There is no listener “brevo”; there is none."),
        (["check", "brevo"], "There is no listener “brevo”; there is none."),
        (["secret", "brevo", "api_key"], "There is no listener “brevo”; there is none."),
    ],
)
def test_what_cannot_be_meant_is_refused_and_nothing_is_kept(
    world: World, arguments: list[str], sentence: str
) -> None:
    result = said(*arguments)
    assert result.exit_code == 1
    assert sentence in result.stderr
    assert not ConnectedListener.objects.exists()


def test_a_name_keeps_its_service(world: World) -> None:
    run("add", "crm", "--plugin", "brevo", "--set", "list_id=3")
    result = said("add", "crm", "--plugin", "hubspot")
    assert "“crm” has been connected through brevo" in result.stderr
    assert ConnectedListener.objects.get().plugin == "brevo"
    assert "there is crm." in said("remove", "matomo").stderr


def test_an_unknown_or_empty_secret_is_refused_and_the_one_before_stays(world: World) -> None:
    run("add", "hubspot")
    run("secret", "hubspot", "token", typed="right")
    before = ListenerSecret.objects.get().sealed
    for arguments, typed, sentence in (
        (["tokn"], "x", "HubSpot asks for no secret “tokn”; did you mean “token”?"),
        (["token"], "\n", "The secret is empty; the one before stays."),
        (["token"], "a\x00b", "The secret holds a character that no secret can."),
    ):
        result = CliRunner().invoke(
            cli, ["listeners", "secret", "hubspot", *arguments], input=typed
        )
        assert sentence in result.stderr
    assert ListenerSecret.objects.get().sealed == before


def test_a_replaced_secret_stays_valid_for_a_while(world: World) -> None:
    run("add", "hubspot")
    run("secret", "hubspot", "token", typed="first")
    run("secret", "hubspot", "token", typed="second")
    row = ListenerSecret.objects.get()
    assert row.sealed_before
    assert row.before_until == datetime(2026, 3, 2, 12, tzinfo=UTC)
    run("secret", "hubspot", "token", typed="second")
    assert ListenerSecret.objects.get().sealed == row.sealed


def test_what_became_of_events_is_told_with_its_reason(world: World, hubspot: HubSpotFake) -> None:
    run("add", "hubspot", "--set", f"api_url={hubspot.url}")
    assert said("log", "hubspot").stdout == "hubspot has heard of nothing.\n"
    world.buy("A1")
    with connect() as connection:
        tell_events.tell(connection, now=NOW)
        deliver_events.deliver_to_listeners(connection, clock=lambda: NOW)
    latest = said("log", "hubspot", "--count", "1").stdout
    assert re.fullmatch(
        r"evt_\w{26} reward\.tracked rew_\w{26} skipped: "
        r"The member has not agreed to marketing, or no longer does\.\n",
        latest,
    )
    assert said("log", "hubspot", "--state", "failed").stdout == (
        "hubspot has heard of nothing that stands so.\n"
    )


def test_programs_read_the_list_too(world: World) -> None:
    run("add", "brevo", "--set", "list_id=3")
    told = json.loads(said("list", "--json").stdout)
    assert [one["name"] for one in told["plugins"]] == ["brevo", "ga4", "hubspot", "matomo"]
    assert {one["purpose"] for one in told["plugins"]} == {"analytics", "marketing"}
    assert [(one["ref"], one["settings"]) for one in told["listeners"]] == [
        ("brevo", {"list_id": "3"})
    ]


def test_without_listeners_the_list_says_what_there_is(world: World) -> None:
    assert said("list").stdout.splitlines() == [
        "brevo: Brevo, for members who agree to marketing",
        "ga4: Google Analytics 4, for members who agree to analytics",
        "hubspot: HubSpot, for members who agree to marketing",
        "matomo: Matomo, for members who agree to analytics",
        "No listener is connected.",
    ]
