"""The steps of `/developers/start/`, as they are shown."""

import json
import re
import shlex
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from cagnotte.desk.start import STEPS
from cagnotte.identity import api_keys
from cagnotte.identity.models import Programme
from cagnotte.journeys import sandbox
from tests.journeys.conftest import empty_world, world
from tests.journeys.world import World

__all__ = ["empty_world", "world"]


def run(command: str, key: str) -> Any:
    """Do what curl would do."""
    words = shlex.split(command.replace("\\\n", " ").replace("$KEY", key))
    assert words[0] == "curl"
    headers = dict(
        words[place + 1].split(": ", 1) for place, word in enumerate(words) if word == "-H"
    )
    body = words[words.index("-d") + 1] if "-d" in words else None
    path = words[1].removeprefix("BASE")
    kind = headers.pop("Content-Type")
    client = Client()
    answer = (
        client.get(path, headers=headers)
        if body is None
        else client.post(path, body, content_type=kind, headers=headers)
    )
    assert answer.status_code in (200, 201), answer.content.decode()
    return json.loads(answer.content)


def test_the_quick_start_ends_with_a_reward(world: World) -> None:
    live = Programme.objects.get(slug="corner")
    now = datetime.now(UTC)
    key = api_keys.make(sandbox.make(live, now=now), name="first steps", now=now).secret
    taking, *doing = STEPS
    assert re.fullmatch(r"export KEY=cag_test_sk_…", taking.command)

    shops, member, purchase, reward = doing
    (shop, *_) = run(shops.command, key)["data"]
    assert run(member.command, key)["object"] == "member"
    bought = run(purchase.command.replace('"corner"', json.dumps(shop["ref"])), key)
    (found,) = run(reward.command, key)["data"]

    assert bought["reward_id"] == found["id"]
    assert found["amount"]["amount_minor"] > 0
