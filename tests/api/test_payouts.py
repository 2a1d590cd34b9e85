"""Payouts over the interface: an account that is shown nowhere, a request that is held at once, and its end."""

import pytest

from cagnotte.payouts.models import PayoutSettings
from tests.api.interface import Interface, interface
from tests.api.strangers import bank_account, cents, rich
from tests.api.test_holds import statuses, together
from tests.journeys.world import World


@pytest.fixture
def api(world: World) -> Interface:
    """The corner shop, whose member 1 has 50.00 to spend."""
    found = interface()
    rich(world, found)
    return found


def test_an_account_is_kept_and_its_number_shown_nowhere(world: World, api: Interface) -> None:
    wallet = bank_account(world, api)
    path = f"/cagnottes/{wallet}/payout_method"
    answer = api.get(path)
    assert (answer.json["holder"], answer.json["last4"]) == ("Ana", "3000")
    assert b"DE8937040044053201" not in answer.content
    wrong = api.call("PUT", path, {"holder": "Ana", "iban": "DE88 3704 0044 0532 0130 00"})
    assert (wrong.status, wrong.json["errors"][0]["pointer"]) == (422, "#/iban")
    assert wrong.json["errors"][0]["code"] == "iban_checksum"
    assert api.get(path).json == answer.json


def test_nothing_is_paid_without_an_account_or_soon_after_it_changed(
    world: World, api: Interface
) -> None:
    refused = api.post("/payouts", {"member": "1"})
    assert (refused.status, refused.code) == (409, "payout_refused")
    wallet = bank_account(world, api)
    api.call(
        "PUT",
        f"/cagnottes/{wallet}/payout_method",
        {"holder": "Ana", "iban": "FR7630006000011234567890189"},
    )
    assert "changed less than 72 hours ago" in api.post("/payouts", {"member": "1"}).json["detail"]
    assert world.member("1") == {"available": 5_000}


def test_a_payout_is_held_followed_and_called_off_once(world: World, api: Interface) -> None:
    bank_account(world, api)
    asked = api.post("/payouts", {"member": "1", "amount": cents(2_000)}).json
    assert (asked["state"], asked["amount"]) == ("requested", cents(2_000))
    assert world.member("1") == {"available": 3_000, "held": 2_000}
    path = f"/payouts/{asked['id']}/cancel"
    done = api.post(path, {"reason": "changed their mind"}).json
    assert (done["state"], done["steps"][-1]["reason"]) == ("cancelled", "changed their mind")
    assert api.post(path).status == 409
    assert api.get("/payouts").json["data"] == [done]
    assert world.member("1") == {"available": 5_000}


def test_two_cancellations_at_once_give_the_money_back_once(world: World, api: Interface) -> None:
    bank_account(world, api)
    asked = api.post("/payouts", {"member": "1"}).json
    assert world.member("1") == {"held": 5_000}
    answers = together(*[lambda: api.post(f"/payouts/{asked['id']}/cancel")] * 2)
    assert statuses(answers) == [200, 409]
    assert world.member("1") == {"available": 5_000}


def test_a_payout_and_a_checkout_at_once_share_one_balance(world: World, api: Interface) -> None:
    bank_account(world, api)
    order = {"member": "1", "merchant": "corner", "order_ref": "A", "amount": cents(5_000)}
    answers = together(
        lambda: api.post("/payouts", {"member": "1"}), lambda: api.post("/holds", order)
    )
    assert statuses(answers) == [201, 409]
    assert world.member("1") == {"held": 5_000}


def test_more_than_one_payout_pays_is_refused(world: World, api: Interface) -> None:
    bank_account(world, api)
    PayoutSettings.objects.update(maximum_minor=3_000)
    refused = api.post("/payouts", {"member": "1", "amount": cents(4_000)})
    assert (refused.status, refused.code) == (409, "payout_refused")
    assert "30.00 EUR at most" in refused.json["detail"]
    assert world.member("1") == {"available": 5_000}
    asked = api.post("/payouts", {"member": "1"}).json
    assert asked["amount"] == cents(3_000)
    assert world.member("1") == {"available": 2_000, "held": 3_000}
