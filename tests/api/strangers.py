"""What the test of every operation with every kind of key needs: two programmes, and one of each thing in the first.

`THINGS` says, for each parameter of a path (and each field of a body that names such a thing), how to find or make one
in the corner shop. A new resource adds its own; the matrix says which are missing.
"""

from collections.abc import Callable
from textwrap import dedent
from typing import Any

from cagnotte.journeys import load_programme, tell_events
from cagnotte.platform.database import connect
from tests.api.interface import Interface, interface
from tests.journeys.world import World

KIOSK = """
    programme: {slug: kiosk, name: The kiosk, currency: EUR, timezone: Europe/Paris}
    merchants: [{ref: kiosk, name: The kiosk}]
    contracts: [{ref: kiosk, merchant: kiosk, same_entity: true, release: {days: 30}}]
    offers: [{ref: kiosk, name: The kiosk gives 1 %, effect: {kind: percent, rate: 1 %}}]
"""

Find = Callable[[World, Interface], str]


def first(path: str) -> Find:
    """Find the id of the first row of a list."""
    return lambda _world, api: str(api.get(path).json["data"][0]["id"])


THINGS: dict[str, Find] = {
    "merchant_id": first("/merchants"),
    "brand_id": first("/brands"),
    "contract_id": first("/contracts"),
    "offer_id": first("/offers"),
    "member_id": first("/members?ref=1"),
    "purchase_id": first("/purchases"),
    "reward_id": first("/rewards"),
    "cagnotte_id": lambda _world, api: str(
        api.get("/members?ref=1").json["data"][0]["cagnotte_id"]
    ),
}


def rich(world: World, api: Interface) -> None:
    """Let member 1 have 50.00 to spend, once."""
    if world.member("1").get("available", 0) < SPENDABLE_MIN:
        world.buy("rich", "1000.00", at="2026-01-01T10:00:00", status="confirmed")
        world.mature(world.now.date())


def hold(world: World, api: Interface) -> str:
    """Hold something for an order."""
    rich(world, api)
    body = {"member": "1", "merchant": "corner", "order_ref": "H-1", "amount": cents(100)}
    return str(api.post("/holds", body).json["id"])


def voucher(world: World, api: Interface) -> str:
    """Issue a voucher."""
    rich(world, api)
    body = {"member": "1", "reference": "V-1", "amount": cents(300), "valid_until": "2027-12-31"}
    return str(api.post("/vouchers", body).json["id"])


def use(world: World, api: Interface) -> str:
    """Use a part of it."""
    code = api.post(f"/vouchers/{voucher(world, api)}/code").json["code"]
    shop = THINGS["merchant_id"](world, api)
    body = {"code": code, "merchant_id": shop, "basket": cents(100), "order_ref": "U-1"}
    return str(api.post("/vouchers/redeem", body).json["id"])


def bank_account(world: World, api: Interface) -> str:
    """Put a bank account on file, long enough ago; return the cagnotte."""
    wallet = str(api.get("/members?ref=1").json["data"][0]["cagnotte_id"])
    api.call(
        "PUT",
        f"/cagnottes/{wallet}/payout_method",
        {"holder": "Ana", "iban": "DE89370400440532013000"},
    )
    world.write(
        "UPDATE payouts_payoutmethod SET changed_at = '2026-01-01', usable_from = '2026-01-04'"
    )
    return wallet


def payout(world: World, api: Interface) -> str:
    """Ask for a payout."""
    rich(world, api)
    bank_account(world, api)
    return str(api.post("/payouts", {"member": "1", "amount": cents(1500)}).json["id"])


def purchase(_world: World, api: Interface) -> str:
    """Tell of an order, once."""
    lines = [{"sku": "plum", "amount_minor": 2000, "category": "jam"}]
    order = {"merchant": "corner", "order_ref": "P-1", "member_ref": "1", "currency": "EUR"}
    body = {**order, "occurred_at": "2026-02-10T10:00:00+01:00", "lines": lines}
    return str(api.post("/purchases", body).json["id"])


def event(world: World, api: Interface) -> str:
    """Let something happen, and be told."""
    purchase(world, api)
    with connect() as connection:
        tell_events.tell(connection, now=world.now)
    return str(api.get("/events").json["data"][0]["id"])


def webhook_endpoint(_world: World, api: Interface) -> str:
    """Name an address."""
    return str(api.post("/webhook_endpoints", {"url": "https://shop.example/hooks"}).json["id"])


def cents(amount_minor: int) -> dict[str, Any]:
    """An amount, as bodies have it."""
    return {"amount_minor": amount_minor, "currency": "EUR"}


SPENDABLE_MIN = 2_500

THINGS |= {"hold_id": hold, "voucher_id": voucher, "use_id": use, "payout_id": payout}
THINGS |= {
    "purchase_id": purchase,
    "reward_id": lambda world, api: purchase(world, api).replace("pur_", "rew_"),
}

THINGS |= {"event_id": event, "webhook_endpoint_id": webhook_endpoint}


def open_kiosk(world: World) -> Interface:
    """Load a second programme; return a client with a key of it that may do everything there."""
    path = world.folder / "kiosk.yaml"
    path.write_text(dedent(KIOSK), encoding="utf-8")
    load_programme.run(path, now=world.now)
    return interface("kiosk")


def things_of(world: World, api: Interface, names: set[str]) -> dict[str, str]:
    """Return the id of one of each, in the corner shop."""
    return {name: THINGS[name](world, api) for name in sorted(names)}


def with_things(body: Any, things: dict[str, str]) -> Any:
    """Put real ids into a body, wherever a field is named after a thing."""
    if isinstance(body, dict):
        return {
            name: things[name] if name in things else with_things(value, things)
            for name, value in body.items()
        }
    return [with_things(one, things) for one in body] if isinstance(body, list) else body
