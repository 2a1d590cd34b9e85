"""The PHP plugins against the running server: a member pays with the cagnotte, earns on the rest, and gets all back."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account
from tests.api.interface import interface
from tests.api.strangers import rich
from tests.journeys.world import PROGRAMME, World
from tests.pages.servers import cagnotte_server

FOLDER = Path(__file__).parents[2] / "integrations"
SECRET = "a-long-random-text-of-two"
SOURCE = "      - {{ref: shop, plugin: {}, merchant: corner, settings: {{api_url: https://shop.example}}}}\n"


class Shop:
    """A shop in a PHP process that stops after each step."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def reached(self, step: str) -> None:
        """Wait until the shop has done a step."""
        assert self._process.stdout
        told = self._process.stdout.readline().strip()
        assert told == step, told + self._process.stdout.read()

    def go_on(self) -> None:
        """Let it do the next."""
        assert self._process.stdin
        self._process.stdin.write("\n")
        self._process.stdin.flush()


@contextmanager
def shop_of(plugin: str, **environment: str) -> Iterator[Shop]:
    program = shutil.which("php")
    assert program, "The plugins in integrations/ need PHP: apt-get install -y php-cli"
    with subprocess.Popen(
        [program, str(FOLDER / plugin / "tests" / "live.php")],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield Shop(process)
            process.communicate(timeout=60)
            assert process.returncode == 0
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("plugin", "reward"),
    [
        # 60.00 of articles, of which the cagnotte pays 12.50: 5 % of 47.50.
        ("prestashop", 238),
        # It pays 11.19 of 53.20 of articles, and 1.31 of the delivery: 5 % of 42.01.
        ("woocommerce", 210),
    ],
)
def test_a_member_pays_with_the_cagnotte_earns_on_the_rest_and_gets_all_back(
    empty_world: World, plugin: str, reward: int
) -> None:
    world = empty_world
    world.load(PROGRAMME + SOURCE.format(plugin))
    server = interface()
    rich(world, server)
    account = Account.objects.select_related("programme").get(ref="shop")
    now = datetime.now(UTC)
    accounts.set_secret(account, "webhook_secret", SECRET, now=now)
    with (
        cagnotte_server() as url,
        shop_of(
            plugin,
            CAGNOTTE_URL=url,
            CAGNOTTE_KEY=server.secret,
            CAGNOTTE_INBOX=url + accounts.address_path(account, now=now),
        ) as shop,
    ):
        shop.reached("held")
        assert world.member("1") == {"available": 3_750, "held": 1_250}
        shop.go_on()
        shop.reached("ordered")
        assert world.member("1") == {"available": 3_750, "pending": reward}
        shop.go_on()
        shop.reached("cancelled")
        assert world.member("1") == {"available": 5_000}
