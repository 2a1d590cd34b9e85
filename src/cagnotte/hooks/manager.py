"""Finding plugins: those that come with Cagnotte, and those installed beside it.

An installed package announces its plugin as an entry point of the group `cagnotte.plugins`.
"""

import importlib
from functools import cache

import pluggy

from cagnotte.domain.errors import NotFound
from cagnotte.hooks import specs
from cagnotte.hooks.values import PayoutRail

ENTRY_POINTS = "cagnotte.plugins"

BUILT_IN = ("cagnotte.extras.rails.sepa",)
"""Plugins that come with Cagnotte; imported by name, for nothing below may depend on them."""


@cache
def plugins() -> pluggy.PluginManager:
    """Return the manager with all plugins registered, the built-in ones first."""
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(specs)
    for name in BUILT_IN:
        manager.register(importlib.import_module(name), name)
    manager.load_setuptools_entrypoints(ENTRY_POINTS)
    manager.check_pending()
    return manager


def payout_rails() -> dict[str, PayoutRail]:
    """Return all payout rails by name; where two share one, the installed plugin replaces the built-in."""
    found: dict[str, PayoutRail] = {}
    # pluggy calls the plugin registered last first.
    for rails in reversed(plugins().hook.payout_rails()):
        found.update({rail.name: rail for rail in rails})
    return found


def payout_rail(name: str) -> PayoutRail:
    """Return the payout rail of that name. Raises NotFound, with the names there are."""
    rails = payout_rails()
    if name not in rails:
        raise NotFound(
            f"There is no payout rail “{name}”; there is {', '.join(sorted(rails))}.", name=name
        )
    return rails[name]
