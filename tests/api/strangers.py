"""What the test of every operation with every kind of key needs: two programmes, and one of each thing in the first.

`THINGS` says, for each parameter of a path (and each field of a body that names such a thing), how to find or make one
in the corner shop. A new resource adds its own; the matrix says which are missing.
"""

from collections.abc import Callable
from textwrap import dedent
from typing import Any

from cagnotte.journeys import load_programme
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
    "cagnotte_id": lambda _world, api: str(
        api.get("/members?ref=1").json["data"][0]["cagnotte_id"]
    ),
}


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
