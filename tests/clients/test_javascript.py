"""The JavaScript client: its own tests, its tests against the running server, and its list of operations."""

import base64
import json
import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pytest_django import Settings
from standardwebhooks import Webhook

from cagnotte.journeys import deliver_events, tell_events
from cagnotte.platform.database import connect
from tests.api.interface import interface
from tests.api.strangers import rich
from tests.journeys.webhook_receiver import Receiver
from tests.journeys.world import World
from tests.pages.servers import cagnotte_server

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "javascript"
PAGES = [CLIENT / "README.md", ROOT / "docs" / "reference" / "javascript-client.md"]


def node(*arguments: str | Path, **environment: str) -> str:
    """Run Node in the client's folder; return what it wrote. Fails when it fails."""
    program = shutil.which("node")
    assert program, "The JavaScript client needs Node 18: apt-get install -y nodejs"
    done = subprocess.run(
        [program, *map(str, arguments)],
        cwd=CLIENT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def count_of(output: str) -> tuple[int, int]:
    """Return how many tests ran, and how many of them passed."""
    ran, passed = (
        re.search(rf"^# {word} (\d+)$", output, re.MULTILINE) for word in ("tests", "pass")
    )
    assert ran
    assert passed
    return int(ran[1]), int(passed[1])


def test_the_clients_own_tests_pass() -> None:
    files = sorted((CLIENT / "test").glob("*.test.js"))
    ran, passed = count_of(node("--test", "--test-reporter=tap", *files))
    assert ran == passed >= 20


def test_the_client_earns_spends_and_pages_against_the_running_server(world: World) -> None:
    server = interface()
    rich(world, server)
    live = CLIENT / "test" / "live" / "server.test.js"
    with cagnotte_server() as address:
        output = node(
            "--test", "--test-reporter=tap", live, CAGNOTTE_URL=address, CAGNOTTE_KEY=server.secret
        )
    ran, passed = count_of(output)
    assert ran == passed >= 9
    assert world.member("1") == {"available": 4_100}
    # Of an order of 40.00 at 5 %, half came back.
    assert world.member("js-1") == {"confirmed": 100}


def test_the_clients_methods_are_those_of_the_interface() -> None:
    node("generate.mjs", "--check")


VERIFY = """
import { verifyWebhook } from './src/index.js';
const { body, headers, secrets } = JSON.parse(process.env.MESSAGE);
console.log(JSON.stringify((await verifyWebhook(body, headers, secrets)).data));
"""


def test_the_client_takes_what_the_reference_library_of_standard_webhooks_signs() -> None:
    now = datetime.now(UTC)
    before, secret = (
        "whsec_" + base64.b64encode(key).decode()
        for key in (b"the key before", b"the key of today")
    )
    body = '{"type":"reward.confirmed","timestamp":"2026-11-22T05:00:00Z","data":{"name":"Zoé"}}'
    headers = {
        "Webhook-Id": "evt_1",
        "Webhook-Timestamp": str(int(now.timestamp())),
        "Webhook-Signature": Webhook(secret).sign("evt_1", now, body),
    }
    message = {"body": body, "headers": headers, "secrets": [before, secret]}
    told = node("--input-type=module", "-e", VERIFY, MESSAGE=json.dumps(message))
    assert json.loads(told) == {"name": "Zoé"}


def test_the_client_takes_what_cagnotte_sends(world: World, settings: Settings) -> None:
    settings.CAGNOTTE_ALLOW_PRIVATE_ADDRESSES = True
    api = interface()
    with Receiver() as shop, connect() as connection:
        tell_events.tell(connection, now=world.now)
        made = api.post("/webhook_endpoints", {"url": shop.url}).json
        world.buy("A1")
        tell_events.tell(connection, now=world.now)
        assert deliver_events.deliver(connection, clock=lambda: datetime.now(UTC)) == 1
        [call] = shop.log
    message = {"body": call.body.decode(), "headers": call.headers, "secrets": made["secret"]}
    told = json.loads(node("--input-type=module", "-e", VERIFY, MESSAGE=json.dumps(message)))
    assert told == call.json["data"]
    assert told["amount"] == {"amount_minor": 100, "currency": "EUR"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_the_pages_show_can_be_run(page: Path, tmp_path: Path) -> None:
    blocks = re.findall(
        r"^```js\n(.+?)^```", page.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE
    )
    assert len(blocks) >= 3
    for number, block in enumerate(blocks):
        file = tmp_path / f"{number}.mjs"
        file.write_text(block, encoding="utf-8")
        node("--check", file)
