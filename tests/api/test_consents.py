"""What members agree to, over the interface."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cagnotte.domain.consents import Consent, Purpose
from cagnotte.identity import consents
from cagnotte.identity.models import Member
from tests.api.interface import Interface, interface
from tests.journeys.world import World

AGREES = {
    "purpose": "marketing",
    "granted": True,
    "source": "checkout",
    "text_version": "2026-01",
}


def path(api: Interface) -> str:
    return f"/members/{api.get('/members?ref=1').json['data'][0]['id']}/consents"


def kept() -> list[Consent]:
    return consents.history(Member.objects.get(ref="1").wallet_id)


def test_a_member_agrees_and_takes_it_back(world: World) -> None:
    api = interface()
    assert api.get(path(api)).json == {
        "object": "list",
        "data": [],
        "has_more": False,
        "next_cursor": None,
    }
    answer = api.post(path(api), AGREES)
    assert answer.status == 200
    (act,) = answer.json["data"]
    assert act == {**AGREES, "object": "consent", "at": act["at"]}
    answer = api.post(path(api), {**AGREES, "granted": False, "source": "account page"})
    assert [(one["granted"], one["text_version"]) for one in answer.json["data"]] == [
        (True, "2026-01"),
        (False, ""),
    ]
    assert api.get(path(api)).json == answer.json
    assert abs((kept()[0].at - datetime.now(UTC)).total_seconds()) < 60


def test_what_stands_already_changes_nothing(world: World) -> None:
    api = interface()
    api.post(path(api), AGREES)
    assert len(api.post(path(api), AGREES).json["data"]) == 1
    assert [one.purpose for one in kept()] == [Purpose.MARKETING]


@pytest.mark.parametrize(
    "change",
    [
        {"purpose": "spying"},
        {"granted": "maybe"},
        {"source": ""},
        {"source": "x" * 51},
        {"text_version": ""},
        {"text_version": "x" * 51},
        {"member": "1"},
    ],
)
def test_an_act_that_proves_nothing_is_refused(world: World, change: dict[str, Any]) -> None:
    api = interface()
    answer = api.post(path(api), {**AGREES, **change})
    assert answer.status == 422
    assert kept() == []
