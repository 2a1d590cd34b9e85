"""Vouchers over the interface: from the cagnotte to the till and back."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from cagnotte.domain import voucher_codes
from tests.api.interface import Answer, Interface, interface
from tests.api.strangers import THINGS, cents, rich
from tests.api.test_holds import statuses, together
from tests.journeys.world import World


@pytest.fixture
def api(world: World) -> Interface:
    """The corner shop, whose member 1 has 50.00 to spend."""
    found = interface()
    rich(world, found)
    return found


@pytest.fixture
def shop(world: World, api: Interface) -> str:
    return THINGS["merchant_id"](world, api)


def issue(api: Interface, reference: str = "v1", **more: Any) -> dict[str, Any]:
    body = {
        "member": "1",
        "reference": reference,
        "amount": cents(500),
        "valid_until": "2027-12-31",
    }
    answer = api.post("/vouchers", body | more)
    assert answer.status == 201, answer.content
    found: dict[str, Any] = answer.json
    return found


def code_of(api: Interface, voucher: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = api.post(f"/vouchers/{voucher['id']}/code").json
    return found


def redeem(
    api: Interface, code: str, shop: str, order: str = "A-1", basket: int = 6_000, **more: Any
) -> Answer:
    body = {"code": code, "merchant_id": shop, "basket": cents(basket), "order_ref": order}
    return api.post("/vouchers/redeem", body | more)


def test_five_off_from_fifty_is_bought_typed_used_and_refunded(
    world: World, api: Interface, shop: str
) -> None:
    voucher = issue(api, minimum_basket=cents(5_000), partial_use=False)
    assert world.member("1") == {"available": 4_500}
    code = code_of(api, voucher)
    assert code["code"].endswith(voucher["last4"])
    assert code["qr_svg"].startswith("<svg")
    assert voucher_codes.read(code["code"].lower())

    small = {"code": code["code"], "merchant_id": shop, "basket": cents(3_800)}
    told = api.post("/vouchers/check", small).json
    assert (told["usable"], told["reason"], told["pays"]) == (False, "basket_too_small", cents(0))
    assert "12.00 EUR are missing" in told["detail"]
    assert api.post("/vouchers/check", small | {"basket": cents(5_000)}).json["pays"] == cents(500)

    refused = redeem(api, code["code"], shop, basket=3_800)
    assert (refused.status, refused.code) == (409, "voucher_refused")
    used = redeem(api, code["code"].lower().replace("-", " "), shop)
    assert (used.status, used.json["amount"], used.json["kind"]) == (201, cents(500), "used")
    assert redeem(api, code["code"], shop).json == used.json
    assert redeem(api, code["code"], shop, order="A-2").code == "voucher_refused"
    assert api.get(f"/vouchers/{voucher['id']}/uses").json["data"] == [used.json]

    back = {"refund_ref": "R-1", "amount": cents(500)}
    refunds = f"/voucher_uses/{used.json['id']}/refunds"
    assert api.post(refunds, back).json["to_voucher"] is True
    assert api.post(refunds, back).status == 201
    assert api.post(refunds, {"refund_ref": "R-2", "amount": cents(1)}).status == 409
    assert api.get(f"/vouchers/{voucher['id']}").json["state"] == "issued"
    assert api.post(f"/vouchers/{voucher['id']}/void").json["returned"] == cents(500)
    assert world.member("1") == {"available": 5_000}


def test_two_tills_at_once_use_a_voucher_once(world: World, api: Interface, shop: str) -> None:
    code = code_of(api, issue(api, partial_use=False))["code"]
    answers = together(*[partial(redeem, api, code, shop, f"T-{n}") for n in range(4)])
    assert statuses(answers) == [201, 409, 409, 409]
    assert world.books()["merchant.clearing"] == -500


def test_an_order_sent_several_times_at_once_uses_it_once(
    world: World, api: Interface, shop: str
) -> None:
    code = code_of(api, issue(api))["code"]
    answers = together(*[lambda: redeem(api, code, shop, amount=cents(200))] * 4)
    assert statuses(answers) == [201] * 4
    assert len({answer.json["id"] for answer in answers}) == 1
    assert world.books()["merchant.clearing"] == -200


def test_two_vouchers_at_once_share_one_balance(world: World, api: Interface) -> None:
    def buy(reference: str) -> Answer:
        body = {
            "member": "1",
            "reference": reference,
            "amount": cents(5_000),
            "valid_until": "2027-12-31",
        }
        return api.post("/vouchers", body)

    assert statuses(together(lambda: buy("a"), lambda: buy("b"))) == [201, 409]
    assert world.member("1") == {}
    assert world.books()["programme.vouchers"] == 5_000


def test_a_signed_voucher_is_checked_at_a_till_and_told_later(
    world: World, api: Interface, shop: str
) -> None:
    voucher = issue(api, signed=True)
    text = code_of(api, voucher)["signed_text"]
    (key,) = api.get("/voucher_keys").json["data"]
    assert (key["algorithm"], len(key["public_key"])) == ("Ed25519", 64)
    today = datetime.now(UTC).date().isoformat()

    def taken(order: str, code: str = text) -> dict[str, Any]:
        return {
            "code": code,
            "merchant_id": shop,
            "basket": cents(6_000),
            "order_ref": order,
            "used_on": today,
        }

    uses = [taken("T-1"), taken("T-2"), taken("T-1"), taken("T-3", text[:-8] + "AAAAAAAA")]
    told = api.post("/vouchers/offline", {"uses": uses})
    kinds = [one["use"]["kind"] if one["use"] else one["code"] for one in told.json["data"]]
    assert kinds == ["used", "double_paid", "used", "invalid_input"]
    assert world.books()["programme.losses"] == 500
    assert world.books()["merchant.clearing"] == -1_000
    # Told again, nothing is booked again.
    assert api.post("/vouchers/offline", {"uses": uses[:3]}).json["data"] == told.json["data"][:3]
    assert world.books()["merchant.clearing"] == -1_000
    assert api.post(f"/vouchers/{voucher['id']}/void").code in {"illegal_transition", "refused"}


@pytest.mark.parametrize(
    ("code", "status"), [("K7P2M-9XQ4T-0ABC", 422), ("CV1.e30.AA", 422), ("00000-00000-0000", 404)]
)
def test_a_code_of_no_voucher_is_told_with_its_place(
    api: Interface, shop: str, code: str, status: int
) -> None:
    answer = redeem(api, code, shop)
    assert answer.status == status
    assert answer.json["errors"][0]["pointer"] == "#/code"


def test_terms_that_contradict_themselves_are_refused(world: World, api: Interface) -> None:
    body = {"member": "1", "reference": "x", "amount": cents(500), "valid_until": "2020-01-01"}
    assert api.post("/vouchers", body).status == 422
    assert api.post("/vouchers", body | {"amount": cents(0)}).status == 422
    assert world.member("1") == {"available": 5_000}
