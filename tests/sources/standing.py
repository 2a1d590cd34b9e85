"""Orders as they stand after messages: what the inbox does with pieces, in a few lines and in memory."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cagnotte.hooks.reading import read_json
from cagnotte.hooks.sources import (
    Ignored,
    Message,
    Piece,
    PurchaseReport,
    SourceContext,
    SourcePlugin,
    Unreadable,
    Waiting,
    Wanted,
)


class Standing:
    """Takes messages one by one; the pieces that count are those of the latest version, then weight, then arrival."""

    def __init__(self, plugin: SourcePlugin, context: SourceContext) -> None:
        self.plugin = plugin
        self.context = context
        self.pieces: dict[str, dict[str, Piece]] = {}
        self.unreadable: list[Unreadable] = []
        self.ignored: list[Ignored] = []
        self.wanted: list[Wanted] = []

    def take(self, *messages: Message) -> "Standing":
        """Read messages in this order."""
        for message in messages:
            for found in self.plugin.parse(message, self.context):
                if isinstance(found, Piece):
                    self._put(found)
                elif isinstance(found, Unreadable):
                    self.unreadable.append(found)
                elif isinstance(found, Ignored):
                    self.ignored.append(found)
                else:
                    self.wanted.append(found)
        return self

    def _put(self, piece: Piece) -> None:
        # Data is kept as JSON: nothing that JSON cannot hold may be in it.
        as_kept = piece._replace(data=_through_json(piece.data))
        of_order = self.pieces.setdefault(piece.object_id, {})
        before = of_order.get(piece.key)
        if before is None or not _older(as_kept, before):
            of_order[piece.key] = as_kept

    def report(self, object_id: str) -> PurchaseReport | Waiting:
        """Return how an order stands."""
        pieces = {key: piece.data for key, piece in sorted(self.pieces[object_id].items())}
        return self.plugin.fold(object_id, pieces, self.context)

    def reports(self) -> Mapping[str, PurchaseReport | Waiting]:
        """Return how all orders stand."""
        return {object_id: self.report(object_id) for object_id in self.pieces}


def _older(new: Piece, old: Piece) -> bool:
    if new.version is None or old.version is None:
        return False
    if type(new.version) is not type(old.version):
        raise TypeError("Versions of one piece are all times or all numbers.")
    return _rank(new) < _rank(old)


def _rank(piece: Piece) -> tuple[Any, ...]:
    version = piece.version.timestamp() if isinstance(piece.version, datetime) else piece.version
    # Equal in both: neither order of arrival may matter, so the content decides.
    return version, piece.weight, _canonical(piece.data)


def _canonical(data: Any) -> str:
    return json.dumps(data, sort_keys=True)


def _through_json(data: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = read_json(json.dumps(data).encode())
    return kept
