"""Finding plugins: those that come with Cagnotte, and those installed beside it.

An installed package announces its plugin as an entry point of the group `cagnotte.plugins`.
"""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache

import pluggy

from cagnotte.domain.errors import NotFound
from cagnotte.hooks import specs
from cagnotte.hooks.listeners import Listener
from cagnotte.hooks.sources import SourcePlugin
from cagnotte.hooks.values import PayoutRail
from cagnotte.hooks.vouchers import VoucherShop

ENTRY_POINTS = "cagnotte.plugins"

BUILT_IN = (
    "cagnotte.extras.listeners",
    "cagnotte.extras.rails",
    "cagnotte.extras.sources",
    "cagnotte.extras.vouchers",
)
"""Packages whose modules are the plugins that come with Cagnotte; imported by name, since nothing here may depend on
them."""


@cache
def plugins() -> pluggy.PluginManager:
    """Return the manager with all plugins registered, the built-in ones first."""
    manager = pluggy.PluginManager(specs.PROJECT)
    manager.add_hookspecs(specs)
    for name in sorted(name for package in BUILT_IN for name in _modules(package)):
        manager.register(importlib.import_module(name), name)
    manager.load_setuptools_entrypoints(ENTRY_POINTS)
    manager.check_pending()
    return manager


def _modules(package: str) -> Iterator[str]:
    """Name the modules of a package, at any depth."""
    path = importlib.import_module(package).__path__
    for module in pkgutil.walk_packages(path, f"{package}."):
        if not module.ispkg:
            yield module.name


def source_plugins() -> dict[str, SourcePlugin]:
    """Return all plugins of sources by name; where two share one, the installed plugin replaces the built-in."""
    found: dict[str, SourcePlugin] = {}
    for plugins_of in reversed(plugins().hook.sources()):
        found.update({plugin.name: plugin for plugin in plugins_of})
    return dict(sorted(found.items()))


def source_plugin(name: str) -> SourcePlugin:
    """Return the plugin of that name. Raises NotFound, with the names there are."""
    found = source_plugins()
    if name not in found:
        raise NotFound(f"There is no source “{name}”; there is {', '.join(found)}.", name=name)
    return found[name]


def listeners() -> dict[str, Listener]:
    """Return all listeners to events by name; where two share one, the installed plugin replaces the built-in."""
    found: dict[str, Listener] = {}
    for listeners_of in reversed(plugins().hook.listeners()):
        found.update({listener.name: listener for listener in listeners_of})
    return dict(sorted(found.items()))


def listener(name: str) -> Listener:
    """Return the listener of that name. Raises NotFound, with the names there are."""
    found = listeners()
    if name not in found:
        raise NotFound(f"There is no listener “{name}”; there is {', '.join(found)}.", name=name)
    return found[name]


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


def voucher_shops() -> dict[str, VoucherShop]:
    """Return all shops' software that takes vouchers, by the name of its source plugin."""
    found: dict[str, VoucherShop] = {}
    for shops in reversed(plugins().hook.voucher_shops()):
        found.update({shop.name: shop for shop in shops})
    return dict(sorted(found.items()))


def voucher_shop(name: str) -> VoucherShop:
    """Return the software of that name. Raises NotFound, with the names there are."""
    found = voucher_shops()
    if name not in found:
        raise NotFound(f"“{name}” takes no vouchers of ours; {', '.join(found)} do.", name=name)
    return found[name]
