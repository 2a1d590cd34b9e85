"""What an operator types and reads when connecting sources, asking them and watching over them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings

from cagnotte.cli.main import cli
from cagnotte.hooks import manager
from cagnotte.hooks.sources import Message
from cagnotte.inbox import accounts, services
from cagnotte.inbox.models import Account, Order, Secret
from cagnotte.inbox.models import Message as Row
from cagnotte.platform.database import connect
from tests.journeys.paged_source import KEY, NOW, PROGRAMME, OrdersServer, Paged, installed
from tests.journeys.world import World

ROOT = Path(__file__).parents[2]
AT = f"--now={NOW:%Y-%m-%dT%H:%M:%S}"


@pytest.fixture
def shop() -> Iterator[OrdersServer]:
    with OrdersServer(orders=3) as server, installed(Paged()):
        yield server


@pytest.fixture
def world(
    shop: OrdersServer, committed_db: str, tmp_path: Path, settings: Settings
) -> Iterator[World]:
    """The corner shop; `shop` may be asked, `hints` has no key yet, `partners` sends."""
    assert committed_db
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    settings.CAGNOTTE_PUBLIC_URL = "https://cashback.example"
    found = World(tmp_path, now=NOW)
    found.load(PROGRAMME.format(url=shop.url))
    accounts.set_secret(Account.objects.get(ref="shop"), "key", KEY, now=NOW)
    yield found
    assert found.faults() == []


def run(*arguments: object, typed: str | None = None) -> Result:
    result = CliRunner().invoke(cli, ["sources", *map(str, arguments)], input=typed)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def words(result: Result) -> str:
    """What was printed, without the lines of tables."""
    return " ".join("".join(c for c in result.output if c not in "│┃━─┏┓┗┛┡┩└┘├┤┳┴┬╇").split())


def data(*arguments: object) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


# ---- list ----


def test_all_plugins_are_listed_with_their_state_of_proof(world: World) -> None:
    told = run("list")
    assert told.exit_code == 0, told.output
    for plugin in manager.source_plugins().values():
        assert f"{plugin.name} {plugin.title}" in words(told).replace("\n", " ") or (
            plugin.name in told.output
        )
    assert "postback Signed postback network official sends, links" in words(told)
    assert "corner shop paged nothing yet – –" in words(told)
    plugins = {one["name"]: one for one in data("list")["plugins"]}
    assert plugins["paged"]["proof"] == "captured"
    assert (plugins["paged"]["polls"], plugins["paged"]["receives"]) == (True, True)
    assert [one["name"] for one in plugins["paged"]["settings"] if one["secret"]] == ["key", "sign"]
    listed = {one["ref"]: one for one in data("list")["accounts"]}
    assert set(listed) == {"shop", "hints", "partners"}
    assert listed["shop"]["merchant"] == "corner"


def test_before_anything_is_connected_the_list_says_where_to_begin(committed_db: str) -> None:
    assert "No source is connected yet; docs/how-to/connect-a-source.md" in words(run("list"))


# ---- secrets ----


def test_a_secret_is_read_from_standard_input_and_never_shown(world: World) -> None:
    told = run("secret", "partners", "secret", AT, typed="correct horse\n")
    assert told.output == "secret: set since 2026-11-20 12:00 UTC, SHA-256 …5631\n"
    listed = run("secret", "partners", AT)
    assert listed.output == told.output
    context = accounts.context_of(Account.objects.get(ref="partners"), now=NOW)
    assert context.secret("secret") == "correct horse"
    shown = "".join(
        run(*command).output
        for command in (("list",), ("list", "--json"), ("health", AT, "--json"))
    )
    assert "correct horse" not in shown


def test_a_replaced_secret_says_how_long_the_other_is_valid(world: World) -> None:
    run("secret", "partners", "secret", AT, typed="one")
    told = run("secret", "partners", "secret", AT, "--keep-hours", 48, typed="two")
    assert "; the one before is valid until 2026-11-22 12:00 UTC" in told.output
    told = run("secret", "partners", "secret", AT, "--keep-hours", 0, typed="three")
    assert "before" not in told.output


def test_a_secret_cannot_be_given_as_an_argument(world: World) -> None:
    told = run("secret", "partners", "secret", "on-the-command-line", AT)
    assert told.exit_code == 2
    assert Secret.objects.filter(account__ref="partners").count() == 0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("secret", "partner", "secret"), "did you mean “partners”?"),
        (("secret", "partners", "secrt"), "asks for no secret “secrt”; did you mean “secret”?\n"),
        (("secret", "partners", "key"), "asks for no secret “key”; there is secret.\n"),
        (("secret", "partners", "secret"), "The secret is empty; the one before stays."),
    ],
)
def test_a_secret_that_cannot_be_set_is_a_sentence(
    world: World, arguments: tuple[str, ...], sentence: str
) -> None:
    told = run(*arguments, AT, typed="\n")
    assert told.exit_code == 1
    assert sentence in told.stderr


# ---- addresses and links ----


def test_the_address_is_printed_again_until_another_is_drawn(world: World) -> None:
    first = run("address", "partners", AT)
    assert first.output.startswith("https://cashback.example/in/corner/partners/")
    assert run("address", "partners", AT).output == first.output
    new = run("address", "partners", AT, "--new")
    assert new.output != first.output
    assert run("address", "partners", AT).output == new.output


def test_without_a_public_address_the_path_is_printed_and_said_so(
    world: World, settings: Settings
) -> None:
    settings.CAGNOTTE_PUBLIC_URL = ""
    told = run("address", "partners", AT)
    assert told.stdout.startswith("/in/corner/partners/")
    assert "CAGNOTTE_PUBLIC_URL is not set" in told.stderr


def test_links_are_tried_out(world: World) -> None:
    told = run("link", "https://shop.example/a", "--source", "shop", AT)
    assert told.output == "shop: https://shop.example/a?click=k7m2p9q4r8\n"
    told = run("link", "https://shop.example/a", "--click", "x" * 40, AT)
    assert f"hints: https://shop.example/a?click={'x' * 20}\n" in told.output
    assert "partners: The setting “link” is missing" in told.output
    told = run("link", "https://shop.example/a", "--source", "partners", AT)
    assert told.exit_code == 1


# ---- asking ----


def test_a_poll_says_what_came_and_what_became_of_it(world: World, shop: OrdersServer) -> None:
    told = run("poll", "shop", AT)
    assert told.exit_code == 0, told.output
    assert told.output.splitlines() == [
        "shop: 3 page(s), 3 new, 0 order(s) fetched.",
        "  messages: 1 ignored, 2 read",
        "  orders: 3 standing",
    ]
    assert world.member("1") == {"pending": 300}


def test_a_poll_of_all_ends_with_1_when_one_could_not_be_asked(world: World) -> None:
    told = run("poll", AT)
    assert told.exit_code == 1
    assert "hints: 0 page(s)" in told.stdout
    assert "The secret “key” is not set" in told.stderr
    assert "shop: 3 page(s), 3 new" in told.stdout, "the others go on"


def test_only_what_is_due_is_asked_when_that_is_wished(world: World) -> None:
    Account.objects.filter(ref="hints").update(active=False)
    assert "shop: 3 page(s)" in run("poll", "--due", AT).output
    told = run("poll", "--due", AT)
    assert (told.exit_code, told.output) == (0, "There is no source to be asked now.\n")
    later = f"--now={NOW + timedelta(hours=2):%Y-%m-%dT%H:%M:%S}"
    assert "shop: 1 page(s)" in run("poll", "--due", later).output


def test_a_source_that_sends_by_itself_is_not_asked(world: World) -> None:
    told = run("poll", "partners", AT)
    assert told.exit_code == 1
    assert "Signed postback is never asked; it sends by itself." in told.stderr


def test_a_busy_source_says_until_when(world: World, shop: OrdersServer) -> None:
    shop.fail_next(429, {"retry-after": "900"})
    told = run("poll", "shop", AT)
    assert told.exit_code == 0
    assert "It asks to be called again after 2026-11-20 12:15:00 UTC." in told.output


# ---- reading again, and what waits ----


def push(ref: str, *bodies: bytes) -> None:
    with connect() as connection:
        services.keep(
            connection, Account.objects.get(ref=ref).id, [Message(body) for body in bodies],
            via="push", signed=True, now=NOW,
        )  # fmt: skip


def test_what_could_not_be_read_is_read_again_after_the_plugin_is_mended(
    world: World, shop: OrdersServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    parse = Paged.parse

    def broken(*_: object) -> Any:
        raise KeyError("orders")

    with monkeypatch.context() as patch:
        patch.setattr(Paged, "parse", broken)
        run("poll", "shop", AT)
    assert set(Row.objects.values_list("state", flat=True)) == {"unreadable"}
    assert world.member("1") == {}
    assert Paged.parse is parse
    told = run("replay", "shop", "--state", "unreadable", AT)
    assert told.exit_code == 0, told.output
    assert "orders: 3 standing" in told.output
    assert world.member("1") == {"pending": 300}
    again = run("replay", "shop", AT)
    assert again.exit_code == 0
    assert world.member("1") == {"pending": 300}
    assert "There was nothing to be read again." in run("replay", "partners", AT).output
    told = run("replay", "shop", "--state", "unread", AT)
    assert told.exit_code == 1
    assert "There is no state “unread”" in told.stderr


def test_what_waits_is_shown_with_its_reason_and_decided_by_a_person(
    world: World, shop: OrdersServer
) -> None:
    shop.sell(member="nobody", amount="60.00")
    run("poll", "shop", AT)
    told = run("queue")
    assert told.exit_code == 0, told.output
    order = Order.objects.get(state="unattributed")
    assert "unattributed: shop A-4, 60.00 EUR, 2026-11-19 10:00" in told.output
    assert str(order.id) in told.output
    assert data("queue", "shop")["orders"][0]["source"] == "shop"
    assert "Nothing waits." in run("queue", "--state", "rejected").output
    assert "Nothing waits." in run("queue", "partners").output
    done = run("attribute", order.id, "2", "--by", "ada", AT)
    assert done.exit_code == 0, done.output
    assert world.member("2") == {"pending": 300}
    assert "Nothing waits." in run("queue").output
    assert "No order is nobody's." in run("attribute", AT).output


def test_messages_and_hints_that_lead_nowhere_wait_too(world: World, shop: OrdersServer) -> None:
    push("shop", b'{"orders": [{"id": "A-1"}]}', b"not json")
    with connect() as connection:
        services.want(connection, Account.objects.get(ref="shop").id, ["B-1"], now=NOW)
    run("poll", "shop", AT)
    told = " ".join(run("queue").output.split())
    first, second = Row.objects.filter(state="unreadable").order_by("id")
    assert (
        f"unreadable: shop message {first.id}, 2026-11-20 12:00, misread “version” is missing."
        in told
    )
    assert (
        f"unreadable: shop message {second.id}, 2026-11-20 12:00, misread The message is not JSON"
        in told
    )
    assert "unfetched: shop B-1, hinted at 2026-11-20 12:00, tried 1 time(s), again after" in told
    assert "Paged shop answered 404." in told
    counted = {kind: len(found) for kind, found in data("queue").items()}
    assert counted == {"orders": 0, "messages": 2, "to_fetch": 1}
    only = data("queue", "--state", "unfetched")
    assert {kind: len(found) for kind, found in only.items()} == {
        "orders": 0,
        "messages": 0,
        "to_fetch": 1,
    }
    assert only["to_fetch"][0]["object_id"] == "B-1"


def test_health_counts_messages_that_could_not_be_read_however_old(
    world: World, shop: OrdersServer
) -> None:
    push("shop", b"not json", b"neither")
    run("poll", "shop", AT)
    (told,) = [one for one in data("health", "--now", "2027-11-20") if one["ref"] == "shop"]
    assert (told["messages"], told["unreadable"]) == (0, 2)
    assert "2 unreadable" in words(run("health", "--now", "2027-11-20"))


def test_a_member_who_came_later_is_found_when_looked_for_again(
    world: World, shop: OrdersServer
) -> None:
    shop.sell(member="9")
    run("poll", "shop", AT)
    assert Order.objects.filter(state="unattributed").count() == 1
    world.send("members", "number,name\n9,Dan\n")
    assert "orders: 1 standing" in run("attribute", AT).output
    assert world.member("9") == {"pending": 100}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("queue", "--state", "odd"), "There is no state “odd”; there is standing, waiting"),
        (("attribute", "A-1", "2"), "“A-1” is no order's id"),
        (("attribute", "0195c1a0-0000-7000-8000-000000000000"), "Say whose it is"),
        (("attribute", "0195c1a0-0000-7000-8000-000000000000", "2"), "There is no order 0195c1a0"),
        (("same", "A-1", "A-2"), "“A-1” is no order's id"),
        (("distinct", "A-1", "A-2"), "“A-1” is no order's id"),
    ],
)
def test_a_decision_that_cannot_be_is_a_sentence(
    world: World, arguments: tuple[str, ...], sentence: str
) -> None:
    told = run(*arguments)
    assert told.exit_code == 1
    assert sentence in told.stderr
    assert "Traceback" not in told.stderr


def test_two_tellings_of_one_order_earn_once_and_a_person_may_say_otherwise(
    world: World, shop: OrdersServer
) -> None:
    accounts.set_secret(Account.objects.get(ref="hints"), "key", KEY, now=NOW)
    del shop.orders[1:]
    run("poll", AT)
    assert world.member("1") == {"pending": 100}
    one, other = Order.objects.order_by("id").values_list("id", flat=True)
    told = run("distinct", one, other, "--by", "ada", AT)
    assert told.exit_code == 0, told.output
    assert world.member("1") == {"pending": 200}
    told = run("same", one, other, "--by", "ada", AT)
    assert told.exit_code == 0, told.output
    assert world.member("1") == {"pending": 100}


# ---- health ----


def test_health_tells_alarms_and_ends_with_1_while_one_stands(
    world: World, shop: OrdersServer
) -> None:
    Account.objects.exclude(ref="shop").update(active=False)
    told = run("health", AT)
    assert told.exit_code == 1
    assert "shop: Nothing has come from it yet." in told.output
    assert "shop: Its secret “sign” is not set" in told.output
    run("secret", "shop", "sign", AT, typed="s")
    run("poll", "shop", AT)
    told = run("health", AT)
    assert told.exit_code == 0, told.output
    assert "shop 2026-11-20 12:00 1 d 0 % 100 % –" in words(told)
    silent = f"--now={NOW + timedelta(hours=6, seconds=1):%Y-%m-%dT%H:%M:%S}"
    told = run("health", silent)
    assert told.exit_code == 1
    assert "shop: It has been silent since 2026-11-20 12:00 UTC, for more than 6 hours." in words(
        told
    )
    (told_shop,) = [one for one in data("health", silent) if one["ref"] == "shop"]
    assert (told_shop["members"], told_shop["attributed_percent"]) == (3, 100)
    assert len(told_shop["alarms"]) == 1


# ---- the worker ----


def test_a_worker_does_all_that_is_due_once(world: World, shop: OrdersServer) -> None:
    hints = Account.objects.get(ref="hints")
    accounts.set_secret(hints, "key", KEY, now=NOW)
    Account.objects.filter(ref="hints").update(next_poll_at=NOW + timedelta(days=3650))
    shop.sell(id="B-7", member="2")
    with connect() as connection:
        services.want(connection, hints.id, ["B-7"], now=NOW)
    push("shop", b"not json")
    told = CliRunner().invoke(cli, ["worker", "--once"])
    assert told.exit_code == 0, told.output
    assert "/orders/B-7" in shop.paths
    assert world.member("1") == {"pending": 300}
    assert world.member("2") == {"pending": 100}
    assert not Row.objects.filter(state="new").exists()


PAGED = "tests.journeys.paged_source"


def test_a_worker_that_is_told_to_stop_ends_soon_and_well(
    world: World, shop: OrdersServer, committed_db: str
) -> None:
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER],
        cwd=ROOT,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}",
            "CAGNOTTE_DATABASE_URL": committed_db,
            "CAGNOTTE_SECRET_KEY": "for tests only",
            "CAGNOTTE_ALLOW_PRIVATE_ADDRESSES": "true",
            "DJANGO_SETTINGS_MODULE": "cagnotte.config.settings",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 60
        while world.member("1") != {"pending": 300} and time.monotonic() < until:
            assert worker.poll() is None, worker.communicate()
            time.sleep(0.1)
        assert world.member("1") == {"pending": 300}
        worker.send_signal(signal.SIGTERM)
        _, errors = worker.communicate(timeout=30)
    finally:
        worker.kill()
    assert worker.returncode == 0, errors
    assert "Traceback" not in errors


WORKER = f"""
from {PAGED} import Paged, installed
from cagnotte.cli.main import cli
with installed(Paged()):
    cli(["worker"])
"""
