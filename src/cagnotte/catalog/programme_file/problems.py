"""What is wrong with a programme file, in words that say where, what, and what was probably meant."""

import difflib
import enum
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic_core import ErrorDetails

Loc = tuple[str | int, ...]
"""The way to a value: keys of mappings and positions in lists, from 0."""


class Level(enum.StrEnum):
    """How serious a problem is."""

    ERROR = "error"
    """The file cannot be loaded."""
    WARNING = "warning"
    """It can; look at it first."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to look at: file and line (from 1), path such as offers[3].effect.rate, and a sentence.

    The sentence begins with a capital and ends with a full stop; `code` names the kind of problem for programs.
    """

    file: str
    line: int
    path: str
    sentence: str
    code: str = "invalid"
    level: Level = Level.ERROR

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}"
        return (
            f"{where}: {self.path}: {self.sentence}" if self.path else f"{where}: {self.sentence}"
        )


def path_text(loc: Loc) -> str:
    """Write a way as people read it: ("offers", 3, "effect") is offers[3].effect."""
    text = ""
    for step in loc:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text


def meant(word: str, known: Iterable[str]) -> str:
    """Return “; did you mean “…”?”, or nothing when no known word is close."""
    close = difflib.get_close_matches(word.lower(), sorted(known), n=1, cutoff=0.6)
    return f"; did you mean “{close[0]}”?" if close else ""


def choices(words: Iterable[str]) -> str:
    """Write a choice: “a, b or c”."""
    *most, last = words
    return f"{', '.join(most)} or {last}" if most else last


def sentence_for(error: ErrorDetails, known_keys: Iterable[str]) -> str:
    """Word one finding of the schema. `known_keys` are the keys allowed where an unknown one stands."""
    kind, given, facts = error["type"], error["input"], error.get("ctx", {})
    name = error["loc"][-1] if error["loc"] else "the file"
    if kind == "missing":
        return f"“{name}” is missing; it is required here."
    if kind == "extra_forbidden":
        return _unknown_key(str(name), list(known_keys))
    if kind in ("enum", "literal_error", "union_tag_invalid"):
        return _unknown_word(str(given), facts)
    if kind == "union_tag_not_found":
        return f"“kind” is missing; it is required here, and is {choices(_words(facts))}."
    if kind in ("value_error", "assertion_error"):
        return str(facts.get("error", error["msg"]))
    return _EXPECTED.get(kind, "{msg}.").format(
        given=_shown(given), msg=error["msg"].removesuffix("."), **facts
    )


_EXPECTED = {
    "int_parsing": "{given} is not a whole number.",
    "int_type": "{given} is not a whole number.",
    "int_from_float": "{given} is not a whole number.",
    "bool_parsing": "{given} is neither true nor false.",
    "bool_type": "{given} is neither true nor false.",
    "string_type": "{given} is not a text.",
    "string_too_short": "The text is too short; it needs {min_length} letter(s).",
    "string_too_long": "{given} is too long; at most {max_length} letters fit.",
    "string_pattern_mismatch": "{given} holds letters that are not allowed here.",
    "list_type": "{given} is not a list; begin each entry with “- ”, or write [a, b].",
    "dict_type": "{given} is not a mapping of keys and values.",
    "model_type": "{given} is not a mapping of keys and values.",
    "model_attributes_type": "{given} is not a mapping of keys and values.",
    "too_short": "The list needs at least {min_length} entry.",
    "greater_than": "{given} is too small; it must be more than {gt}.",
    "greater_than_equal": "{given} is too small; it must be at least {ge}.",
    "less_than_equal": "{given} is too large; it must be at most {le}.",
    "date_type": "{given} is not a date; write it as 2026-01-31.",
    "date_parsing": "{given} is not a date; write it as 2026-01-31.",
    "date_from_datetime_parsing": "{given} is not a date; write it as 2026-01-31.",
    "date_from_datetime_inexact": "{given} is not a date; write it as 2026-01-31, without a time.",
}


def _unknown_key(name: str, known: list[str]) -> str:
    close = meant(name, known)
    if close:
        return f"Unknown key “{name}”{close}"
    allowed = f" The keys here are {', '.join(sorted(known))}." if known else ""
    return f"Unknown key “{name}”.{allowed}"


def _unknown_word(given: str, facts: dict[str, Any]) -> str:
    words = _words(facts)
    given = str(facts.get("tag", given))
    return f"“{given}” is not known here{meant(given, words) or '.'} Write {choices(words)}."


def _words(facts: dict[str, Any]) -> list[str]:
    """The allowed words out of pydantic's "'a', 'b' or 'c'"."""
    text = str(
        facts.get("expected") or facts.get("expected_tags") or facts.get("discriminator", "")
    )
    return [
        word.strip().strip("'") for word in text.replace(" or ", ", ").split(",") if word.strip()
    ]


def _shown(value: object) -> str:
    if value is None:
        return "Nothing"
    if isinstance(value, dict):
        return "A mapping"
    return "A list" if isinstance(value, list) else f"“{value}”"
