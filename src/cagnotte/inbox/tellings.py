"""From a message to what it tells: pieces as they are kept, and which of two tellings of one piece counts.

A plugin's code runs here and in `folding`, and nowhere else: whatever it raises is kept with its message.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple

from cagnotte.domain.errors import CagnotteError, InvalidRow
from cagnotte.hooks.sources import (
    Ignored,
    Message,
    Piece,
    Read,
    SourceContext,
    SourcePlugin,
    Unreadable,
    Wanted,
)
from cagnotte.inbox.texts import is_name, is_text, sentence

KEY_LENGTH_MAX = 200
NUMBER_MAX = 2**63 - 1
WEIGHT_MAX = 2**15 - 1

PieceKey = tuple[str, str]
"""(what the source calls the order, key of the piece)."""


class Telling(NamedTuple):
    """One telling of a piece, as it is kept.

    data: JSON, keys sorted. message_id, place: which message told it, and where in it.
    """

    object_id: str
    key: str
    version: datetime | int | None
    weight: int
    data: str
    message_id: int
    place: int = 0


@dataclass(slots=True)
class Understood:
    """What one message came to. problems: parts that cannot be read; one without a place is the whole message."""

    tellings: list[Telling] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    problems: list[Unreadable] = field(default_factory=list)


def understand(
    plugin: SourcePlugin, message_id: int, message: Message, context: SourceContext
) -> Understood:
    """Have a message read by its plugin. Never raises: what goes wrong is a problem of this message alone."""
    found = Understood()
    try:
        for place, part in enumerate(plugin.parse(message, context)):
            _take(found, part, message_id, place)
    except Exception as error:  # noqa: BLE001 - a plugin's mistake must not hold up other messages
        # What was read before the failure is not taken: the plugin may not have been done with it.
        return Understood(problems=[_problem(error)])
    return found


def _take(found: Understood, part: Read, message_id: int, place: int) -> None:
    if isinstance(part, Unreadable):
        found.problems.append(_shown(part))
    elif isinstance(part, Ignored):
        found.ignored.append(sentence(part.reason))
    elif isinstance(part, Wanted):
        if is_name(part.object_id):
            found.wanted.append(part.object_id)
        else:
            found.problems.append(_bad(part.object_id, "The name of the wanted order"))
    elif not is_name(part.object_id):
        found.problems.append(_bad(part.object_id, "The name of the order"))
    else:
        found.tellings.append(_telling(part, message_id, place))


def _telling(piece: Piece, message_id: int, place: int) -> Telling:
    """Return a piece as it is kept. Raises ValueError for one that its plugin must not make."""
    version = piece.version
    if isinstance(version, datetime):
        # A time without a zone raises here: it would mean something else on another machine.
        if version.tzinfo is None:
            raise ValueError("the version of a piece is a time without a zone")
        version = version.astimezone(UTC)
    elif version is not None and abs(version) > NUMBER_MAX:
        raise ValueError("the version of a piece is too large a number")
    if not (0 < len(piece.key) <= KEY_LENGTH_MAX and is_text(piece.key)):
        raise ValueError("the key of a piece is empty, too long or no text")
    if abs(piece.weight) > WEIGHT_MAX:
        raise ValueError("the weight of a piece is too large")
    return Telling(
        piece.object_id, piece.key, version, piece.weight, kept_form(piece.data), message_id, place
    )


def kept_form(data: Mapping[str, Any]) -> str:
    """Return data as JSON, keys sorted, in ASCII. Raises TypeError or ValueError for what JSON cannot hold."""
    return json.dumps(data, sort_keys=True, allow_nan=False, separators=(",", ":"))


def counts_over(new: Telling, old: Telling | None) -> bool:
    """Tell whether a telling takes the place of another of the same piece.

    The source's own version decides, then the weight, then the content, so that the order of arrival does not. Where
    the source tells no versions, or has begun to tell another kind, what came last counts.
    """
    if old is None:
        return True
    if new.version is None or type(new.version) is not type(old.version):
        return (new.message_id, new.place) >= (old.message_id, old.place)
    return _rank(new) >= _rank(old)


def _rank(telling: Telling) -> tuple[Any, int, str]:
    return telling.version, telling.weight, telling.data


def that_count(tellings: Iterable[Telling]) -> dict[PieceKey, Telling]:
    """Return of each piece the telling that counts."""
    found: dict[PieceKey, Telling] = {}
    for telling in tellings:
        key = (telling.object_id, telling.key)
        if counts_over(telling, found.get(key)):
            found[key] = telling
    return found


# ---- problems ----


def problem_of(error: Exception) -> tuple[str, str]:
    """Return (reason, sentence) for what a plugin raised: its own words, or the name of its mistake."""
    if isinstance(error, CagnotteError):
        code = error.reason if isinstance(error, InvalidRow) else error.code
        return sentence(code, 40), sentence(error.sentence)
    return (
        "plugin_failed",
        sentence(
            f"The plugin failed with {type(error).__name__}: {error}. Nothing is lost; read it again once it is mended."
        ),
    )


def _problem(error: Exception) -> Unreadable:
    return Unreadable(*problem_of(error))


def _shown(part: Unreadable) -> Unreadable:
    return Unreadable(sentence(part.reason, 40), sentence(part.sentence), sentence(part.where, 100))


def _bad(name: str, what: str) -> Unreadable:
    return Unreadable("bad_name", sentence(f"{what} is empty, too long or no text: “{name[:40]}”."))
