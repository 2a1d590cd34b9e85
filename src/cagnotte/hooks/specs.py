"""Every extension point, as a pluggy hook. A new one comes together with a plugin that needs it.

from cagnotte.hooks.specs import hookimpl

@hookimpl
def payout_rails():
    return [MyRail()]
"""

from collections.abc import Sequence

import pluggy

from cagnotte.hooks.listeners import Listener
from cagnotte.hooks.sources import SourcePlugin
from cagnotte.hooks.values import PayoutRail
from cagnotte.hooks.vouchers import VoucherShop

PROJECT = "cagnotte"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


@hookspec
def payout_rails() -> Sequence[PayoutRail]:  # type: ignore[empty-body]  # a specification has no body
    """Return the payout rails that this plugin brings."""


@hookspec
def sources() -> Sequence[SourcePlugin]:  # type: ignore[empty-body]
    """Return the sources of purchases that this plugin can read."""


@hookspec
def listeners() -> Sequence[Listener]:  # type: ignore[empty-body]
    """Return the services that this plugin tells of events."""


@hookspec
def voucher_shops() -> Sequence[VoucherShop]:  # type: ignore[empty-body]
    """Return the shops' software that this plugin can have take vouchers."""
