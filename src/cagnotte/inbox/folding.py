"""From the pieces of an order to how it stands, by its plugin; whatever the plugin raises is kept with the order."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from cagnotte.hooks.reading import read_json
from cagnotte.hooks.sources import PurchaseReport, SourceContext, SourcePlugin, Waiting
from cagnotte.inbox.models import Account
from cagnotte.inbox.tellings import problem_of
from cagnotte.inbox.texts import sentence


class Failed(NamedTuple):
    """Why how an order stands cannot be said; the order waits until its plugin or its account is mended."""

    reason: str
    sentence: str


def reading_context(account: Account, plugin: SourcePlugin, *, now: datetime) -> SourceContext:
    """Return what a plugin is handed to read: settings and zone. No secrets, for reading is no business of theirs."""
    defaults = {
        setting.name: setting.default
        for setting in plugin.settings
        if not setting.secret and setting.default is not None
    }
    return SourceContext(
        settings={**defaults, **account.settings},
        secrets={},
        zone=ZoneInfo(account.timezone),
        now=now,
    )


def fold(
    plugin: SourcePlugin, object_id: str, pieces: Mapping[str, str], context: SourceContext
) -> PurchaseReport | Waiting | Failed:
    """Return how an order stands, given its pieces as they are kept. Never raises."""
    if not pieces:
        return Waiting("no_pieces", "Nothing is told of this order any more.")
    try:
        found = plugin.fold(
            object_id, {key: read_json(pieces[key].encode()) for key in sorted(pieces)}, context
        )
    except Exception as error:  # noqa: BLE001 - a plugin's mistake must not hold up other orders
        return Failed(*problem_of(error))
    if isinstance(found, Waiting):
        return Waiting(sentence(found.reason, 40), sentence(found.sentence), found.refund)
    return found
