"""The log of requests: what was asked, found by id, narrowed, page by page."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client

from cagnotte.desk import requests
from cagnotte.domain import ids
from cagnotte.identity import api_keys
from cagnotte.identity.models import ApiCall
from cagnotte.journeys import sandbox
from tests.desk.conftest import NOW, Desk

MEMBER = "mem_01j9zk5y7m8q3v2x4c6b8n0d1f"


def called(
    owner: UUID, seconds: int = 0, *, status: int = 200, method: str = "GET", path: str = "/v1/members",
    code: str = "", key: UUID | None = None, names: tuple[str, ...] = (),
) -> str:  # fmt: skip
    at = NOW + timedelta(seconds=seconds)
    row = ApiCall.objects.create(
        id=ids.derived_id(at, uuid4()), at=at, programme_id=owner, key_id=key or uuid4(),
        method=method, path=path, status=status, duration_ms=12, code=code,
        objects_named=list(names),
    )  # fmt: skip
    return ids.public_id("req", row.id)


def test_a_request_is_found_by_the_id_that_its_answer_carried(desk: Desk) -> None:
    made = api_keys.make(desk.corner, name="shop", now=NOW)
    answer = Client().get(
        f"/v1/members/{MEMBER}", headers={"Authorization": f"Bearer {made.secret}"}
    )
    request_id = answer["Request-Id"]

    led = desk.people["support"].get("/developers/p/corner/requests/", {"about": request_id})
    assert led["Location"] == f"/developers/p/corner/requests/{request_id}/"
    page = desk.read("support", f"requests/{request_id}/")
    assert "/developers/errors/#not_found" in page
    assert MEMBER in page
    assert made.row.shown in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"ok", "refused", "fault", "post"}),
        ({"failed": "1"}, {"refused", "fault"}),
        ({"method": "POST"}, {"post"}),
        ({"method": "drop table"}, {"ok", "refused", "fault", "post"}),
        ({"about": "/v1/quotes"}, {"post"}),
        ({"about": "invalid_request"}, {"refused"}),
        ({"about": MEMBER}, {"ok"}),
        ({"about": "nothing like it"}, set()),
        ({"mode": "test"}, {"trial"}),
        ({"mode": "test", "failed": "1"}, set()),
    ],
)
def test_the_list_is_narrowed(desk: Desk, query: dict[str, Any], found: set[str]) -> None:
    made = sandbox.make(desk.corner, now=NOW)
    made_by = {
        "ok": called(desk.corner.id, 1, path=f"/v1/members/{MEMBER}", names=(MEMBER,)),
        "refused": called(desk.corner.id, 2, status=422, code="invalid_request"),
        "fault": called(desk.corner.id, 3, status=500, code="internal_error"),
        "post": called(desk.corner.id, 4, method="POST", path="/v1/quotes"),
        "trial": called(made.id, 5),
        "neighbour": called(desk.other.id, 6),
    }

    page = desk.read("support", "requests/", **query)
    assert {name for name, request_id in made_by.items() if f"/{request_id}/" in page} == found


def test_the_list_goes_on_where_it_ended_also_within_one_moment(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requests, "PAGE", 2)
    made = [called(desk.corner.id, second) for second in (0, 1, 1, 1, 2)]
    seen: list[str] = []
    query: dict[str, Any] = {}
    for _ in range(3):
        page = desk.read("support", "requests/", **query)
        shown = sorted({one for one in made if f"/{one}/" in page})
        seen += shown
        if "before=req_" not in page:
            break
        query = {"before": page.partition("before=")[2][:30]}

    assert sorted(seen) == sorted(made)


@pytest.mark.parametrize("name", ["req_01m80kshtvhxwa2zk1yf24ct41", "req_x", "nothing"])
def test_what_is_no_request_is_not_there(desk: Desk, name: str) -> None:
    desk.read("support", f"requests/{name}/", status=404)


def test_requests_of_others_are_not_there(desk: Desk) -> None:
    theirs = called(desk.other.id)

    desk.read("owner", f"requests/{theirs}/", status=404)


def test_an_empty_log_says_what_to_do(desk: Desk) -> None:
    assert "No requests yet" in desk.read("support", "requests/")
    assert "No sandbox yet" in desk.read("support", "requests/", mode="test")
