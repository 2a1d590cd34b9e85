"""A file of JSON Lines as orders, one in each line."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cagnotte.domain.errors import InvalidRow
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.refusals import nul_character, too_many_lines, wrong_encoding
from cagnotte.purchases.reading.texts import LINES_MAX, Broken, OrderText, misencoded, open_text


class JsonLines:
    """A file of messages under a mapping, whose fields and lines lie at dotted paths."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        self.path = path
        self.mapping = mapping

    def orders(self) -> Iterator[OrderText | Broken]:
        """Take each line as one order."""
        with open_text(self.path, self.mapping.encoding) as stream:
            for number, raw in enumerate(stream, 1):
                if not raw.strip():
                    continue
                try:
                    if not raw.isascii() and misencoded(raw):
                        raise wrong_encoding(self.mapping.encoding)
                    yield self._order(number, raw)
                except InvalidRow as error:
                    yield Broken(number, raw, error)

    def _order(self, number: int, raw: str) -> OrderText:
        try:
            # Numbers stay texts: an amount must never pass through binary fractions.
            message = json.loads(raw, parse_float=str, parse_int=str)
        except (ValueError, RecursionError) as error:
            raise InvalidRow(
                "bad_row", f"This line is no JSON: {error}. The file may be cut off here."
            ) from error
        if not isinstance(message, dict):
            raise InvalidRow("bad_row", "This line is no JSON object.")
        if "\\u" in raw:
            _check_escapes(raw, message)
        fields = {ours: _text_at(message, path) for ours, path in self.mapping.fields.items()}
        lines: list[tuple[str, ...]] = []
        if self.mapping.lines:
            nested = _at(message, self.mapping.lines)
            if not isinstance(nested, list):
                raise InvalidRow("no_lines", f"“{self.mapping.lines}” holds no list of lines.")
            paths = tuple(self.mapping.line_fields.values())
            if len(nested) > LINES_MAX:
                raise too_many_lines(self.mapping.ref)
            if not all(isinstance(line, dict) for line in nested):
                raise InvalidRow("bad_row", f"“{self.mapping.lines}” holds what is no line.")
            lines = [tuple(_text_at(line, path) for path in paths) for line in nested]
        return OrderText(number, raw, fields, lines)


def _check_escapes(raw: str, message: dict[str, Any]) -> None:
    """Refuse escapes that name no character a database can hold."""
    if "\\u0000" in raw:
        raise nul_character()
    try:
        json.dumps(message, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise InvalidRow(
            "bad_encoding",
            "This line holds half of a pair of escapes (\\ud800 to \\udfff) without the other.",
        ) from error


def _at(message: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(message, dict):
            return None
        message = message.get(step)
    return message


def _text_at(message: Any, path: str) -> str:
    """Return the text at a dotted path: "" for absent and null; a list of texts joined by commas."""
    value = _at(message, path)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(str(item) for item in value)
    raise InvalidRow("bad_row", f"“{path}” is neither a text nor a number.", path=path)
