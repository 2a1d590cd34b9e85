"""The Python client against the running server: what a shop does in a day, for threads and for asyncio."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from cagnotte_client import (
    AsyncCagnotte,
    Cagnotte,
    InvalidRequest,
    NotAllowedNow,
    NotAuthenticated,
    NotFound,
    PreconditionFailed,
    Problem,
    UnreadableAnswer,
    meta,
)
from cagnotte_client.shapes import AmountBody, LineBody

from tests.clients.serving import Served, awaited, served

MOMENT = "2026-02-10T10:00:00+01:00"


@pytest.fixture
def server(committed_db: str) -> Iterator[Served]:
    assert committed_db
    with served() as found:
        yield found


@pytest.fixture
def cagnotte(server: Served) -> Iterator[Cagnotte]:
    with Cagnotte(server.key, server.url) as client:
        yield client


def tea(minor: int = 2_400) -> list[LineBody]:
    return [{"sku": "sencha", "quantity": 2, "amount_minor": minor, "category": "tea"}]


def eur(minor: int) -> AmountBody:
    return {"amount_minor": minor, "currency": "EUR"}


def rich(server: Served, cagnotte: Cagnotte, ref: str = "ana") -> str:
    """Enrol a member with 2.40 to spend; return the id."""
    member = cagnotte.members.create(ref=ref, name="Ana")
    purchase = cagnotte.purchases.create(
        merchant="corner", currency="EUR", order_ref=f"first-{ref}", member_id=member["id"],
        occurred_at=MOMENT, lines=tea(), status="confirmed",
    )  # fmt: skip
    assert purchase["object"] == "purchase"
    assert purchase["reward"] == eur(240)
    server.mature()
    return member["id"]


def test_a_shop_earns_spends_and_refunds(server: Served, cagnotte: Cagnotte) -> None:
    member_id = rich(server, cagnotte)
    assert server.member("ana") == {"available": 240}
    hold = cagnotte.holds.create(
        member_id=member_id, merchant="corner", order_ref="A-1", amount=eur(200)
    )
    assert (hold["state"], server.member("ana")) == ("open", {"available": 40, "held": 200})
    hold = cagnotte.holds.capture(hold["id"], lines=[{"line": "cup", "amount_minor": 2_400}])
    assert hold["capture"] is not None
    assert [one["share_minor"] for one in hold["capture"]["lines"]] == [200]
    back = cagnotte.holds.refund(
        hold["id"], refund_ref="R-1", lines=[{"line": "cup", "amount_minor": 1_200}]
    )
    assert back["amount"] == eur(100)
    assert [one["refund_ref"] for one in cagnotte.holds.list_refunds(hold["id"])] == ["R-1"]
    assert server.member("ana") == {"available": 140}

    why = cagnotte.rewards.list(member_id=member_id).first()
    assert why is not None
    reward = cagnotte.with_options(language="fr").rewards.get(why["id"])
    assert (reward["language"], reward["amount"]) == ("fr", eur(240))
    assert cagnotte.rewards.get(why["id"])["language"] == "en"


def test_lists_go_on_over_their_pages(cagnotte: Cagnotte) -> None:
    refs = [f"m{number:02d}" for number in range(7)]
    for ref in refs:
        cagnotte.members.create(ref=ref)
    members = cagnotte.members.list(limit=3)
    assert [one["ref"] for one in members] == refs
    assert [len(page.data) for page in members.pages()] == [3, 3, 1]
    page = members.page()
    assert page.has_more
    rest = cagnotte.members.list(limit=3, cursor=page.next_cursor)
    assert [one["ref"] for one in rest] == refs[3:]
    assert cagnotte.members.list(ref="m03").first() is not None
    assert cagnotte.members.list(ref="nobody").first() is None


def test_problems_say_what_is_wrong_and_where(server: Served, cagnotte: Cagnotte) -> None:
    member_id = rich(server, cagnotte)
    with pytest.raises(NotAllowedNow) as caught:
        cagnotte.holds.create(
            member_id=member_id, merchant="corner", order_ref="A-1", amount=eur(241)
        )
    assert (caught.value.status, caught.value.code) == (409, "insufficient_funds")
    assert caught.value.request_id is not None
    assert str(caught.value.request_id) in str(caught.value)
    assert server.member("ana") == {"available": 240}

    wrong: Any = [{"sku": "x", "quantity": 0, "amount_minor": 100}]
    with pytest.raises(InvalidRequest) as invalid:
        cagnotte.quotes.create(merchant="corner", currency="EUR", lines=wrong)
    assert invalid.value.pointer == "#/lines/0/quantity"
    assert "#/lines/0/quantity" in str(invalid.value)

    with pytest.raises(NotFound):
        cagnotte.members.get("mem_../../programme")
    with pytest.raises(ValueError, match="An id is empty"):
        cagnotte.members.get("")
    with (
        Cagnotte("cag_test_sk_" + "0" * 40, server.url) as stranger,
        pytest.raises(NotAuthenticated),
    ):
        stranger.programme.get()


def test_what_somebody_else_changed_is_not_overwritten(cagnotte: Cagnotte) -> None:
    created = cagnotte.members.create(ref="ana", name="Ana")
    read = cagnotte.members.get(created["id"], expand=["cagnotte"])
    assert read["cagnotte"] is not None
    etag = meta(cagnotte.members.get(created["id"])).etag
    assert etag is not None
    cagnotte.members.update(created["id"], name="Anaïs", if_match=etag)
    with pytest.raises(PreconditionFailed):
        cagnotte.members.update(created["id"], name="Anna", if_match=etag)
    assert cagnotte.members.get(created["id"])["name"] == "Anaïs"


def test_a_request_of_before_is_repeated_under_its_own_key(
    server: Served, cagnotte: Cagnotte
) -> None:
    first = cagnotte.members.create(ref="ana", idempotency_key="order 17")
    again = cagnotte.members.create(ref="ana", idempotency_key="order 17")
    assert again["id"] == first["id"]
    assert [meta(one).replayed for one in (first, again)] == [False, True]
    assert meta(again).idempotency_key == "order 17"
    with pytest.raises(Problem) as other:
        cagnotte.members.create(ref="bob", idempotency_key="order 17")
    assert other.value.code == "idempotency_mismatch"
    with pytest.raises(NotAllowedNow):
        cagnotte.members.create(ref="ana")


def test_what_came_along_is_told_of_answers_alone(cagnotte: Cagnotte) -> None:
    answer = cagnotte.programme.get()
    told = meta(answer)
    assert (told.status, told.replayed, told.idempotency_key) == (200, False, None)
    assert told.request_id is not None
    assert told.request_id.startswith("req_")
    assert told.quota_left is not None
    with pytest.raises(TypeError):
        meta(dict(answer))


def test_asyncio_does_the_same(server: Served) -> None:
    async def day() -> tuple[list[str], list[int], str, str | None]:
        async with AsyncCagnotte(server.key, server.url) as cagnotte:
            await asyncio.gather(*[cagnotte.members.create(ref=f"m{n}") for n in range(5)])
            members = cagnotte.members.list(limit=2)
            refs = [one["ref"] async for one in members]
            sizes = [len(page.data) async for page in members.pages()]
            quick = cagnotte.with_options(language="fr", timeout=20)
            quote = await quick.quotes.create(merchant="corner", currency="EUR", lines=tea())
            with pytest.raises(NotFound):
                await cagnotte.members.get("mem_0")
            first = await cagnotte.members.list(ref="m4").first()
            return refs, sizes, quote["language"], first["ref"] if first else None

    assert awaited(day()) == (["m0", "m1", "m2", "m3", "m4"], [2, 2, 1], "fr", "m4")


def test_threads_share_a_client(cagnotte: Cagnotte) -> None:
    with ThreadPoolExecutor(4) as threads:
        made = list(threads.map(lambda n: cagnotte.members.create(ref=f"m{n}"), range(12)))
    assert {one["ref"] for one in made} == {f"m{n}" for n in range(12)}
    assert len({meta(one).request_id for one in made}) == 12


@pytest.mark.parametrize(
    ("key", "address", "says"),
    [
        ("sk_live_123", "https://cashback.example", "no key of Cagnotte"),
        ("cag_live_pk_123", "https://cashback.example", "for browsers"),
        ("cag_live_sk_123", "cashback.example", "https://cashback.example"),
    ],
)
def test_a_client_that_cannot_work_is_not_made(key: str, address: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        Cagnotte(key, address)
    assert "123" not in str(caught.value)


def test_the_key_is_shown_nowhere(server: Served) -> None:
    with Cagnotte(server.key, server.url + "/v1/") as cagnotte:
        assert cagnotte.programme.get()["mode"] == "test"
        assert repr(cagnotte) == f"<Cagnotte {server.url} (test)>"
        for shown in (repr(cagnotte), repr(cagnotte._settings), str(vars(cagnotte))):
            assert server.key not in shown


def test_an_address_where_cagnotte_is_not_says_so(server: Served) -> None:
    with Cagnotte(server.key, server.url + "/shop", retries=0) as cagnotte:
        with pytest.raises(UnreadableAnswer, match="not by Cagnotte") as caught:
            cagnotte.programme.get()
        assert caught.value.status == 404
    moved = httpx.MockTransport(
        lambda _: httpx.Response(301, headers={"Location": "https://www.shop.example/v1/programme"})
    )
    with httpx.Client(transport=moved) as http:
        client = Cagnotte(server.key, "https://shop.example", http_client=http)
        with pytest.raises(UnreadableAnswer, match=r"leads to https://www\.shop\.example"):
            client.programme.get()
        client.close()
        assert not http.is_closed
