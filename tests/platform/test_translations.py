"""The catalogues are complete: every text of the code is there in every language, translated and compiled."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from django.conf import settings
from django.utils.translation.template import templatize

from cagnotte import platform

PACKAGE = Path(platform.__file__).parents[1]
LANGUAGES = [code for code, _ in settings.LANGUAGES if code != "en"]
PLACES = re.compile(r"\{\w*\}")


class Text(NamedTuple):
    """A text to translate: where it counts, its context, its forms in English."""

    context: str | None
    forms: tuple[str, ...]


class Found(NamedTuple):
    """An entry of a catalogue: its forms in the language, and whether somebody still has to look at it."""

    forms: tuple[str, ...]
    fuzzy: bool


ARGUMENTS = {
    "_": (None, 1), "gettext": (None, 1), "gettext_lazy": (None, 1), "gettext_noop": (None, 1),
    "ngettext": (None, 2), "ngettext_lazy": (None, 2),
    "pgettext": (0, 1), "pgettext_lazy": (0, 1), "npgettext": (0, 2), "npgettext_lazy": (0, 2),
}  # fmt: skip
"""For each function: whether a context comes first, and how many forms."""


def texts_of(file: Path) -> Iterator[Text]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name)):
            continue
        if node.func.id in ARGUMENTS and "gettext" in file.read_text(encoding="utf-8"):
            context, count = ARGUMENTS[node.func.id]
            first = 0 if context is None else 1
            values = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
            forms = tuple(str(value) for value in values[first : first + count])
            assert len(forms) == count, f"{file}:{node.lineno}: only plain texts can be translated"
            yield Text(None if context is None else str(values[0]), forms)


def entries_of(po: Path) -> dict[Text, Found]:
    """Read a catalogue as text, because a compiled one leaves out what is fuzzy or empty."""
    found = {}
    for block in re.split(r"\n\s*\n", po.read_text(encoding="utf-8")):
        parts: dict[str, str] = {}
        key = ""
        for row in block.splitlines():
            match = re.fullmatch(r'(?:(\w+(?:\[\d\])?) )?(".*")', row)
            if match:
                key = match[1] or key
                parts[key] = parts.get(key, "") + ast.literal_eval(match[2])
        if parts.get("msgid"):
            forms = tuple(parts[name] for name in ("msgid", "msgid_plural") if name in parts)
            shown = tuple(value for name, value in parts.items() if name.startswith("msgstr"))
            fuzzy = bool(re.search(r"^#,.*fuzzy", block, re.MULTILINE))
            found[Text(parts.get("msgctxt"), forms)] = Found(shown, fuzzy)
    return found


def texts_of_template(file: Path) -> Iterator[Text]:
    """Read a template as Django's own collector does: as the Python that it turns tags into."""
    source = templatize(file.read_text(encoding="utf-8"), origin=str(file))
    for match in CALLS.finditer(source):
        name, written = match[1], match[2]
        found = LITERALS.findall(written)
        values = [ast.literal_eval(one) for one in found]
        context = values.pop(0) if "p" in name.removesuffix("gettext") else None
        yield Text(context, tuple(values[: 2 if "n" in name.removesuffix("gettext") else 1]))


CALLS = re.compile(
    r"\b(_|n?p?gettext)\(((?:u?(?:'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"),? ?)+)", re.DOTALL
)
LITERALS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"", re.DOTALL)

TEXTS = {text for file in sorted(PACKAGE.rglob("*.py")) for text in texts_of(file)} | {
    text
    for folder in sorted(PACKAGE.rglob("templates"))
    for file in sorted(folder.rglob("*.*"))
    if file.suffix in {".html", ".txt"}
    for text in texts_of_template(file)
}


def catalogue(language: str) -> Path:
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"


def test_there_are_texts_to_translate() -> None:
    assert Text(None, ("This purchase earns nothing.",)) in TEXTS
    assert Text("percent", ("{number}%",)) in TEXTS


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_is_translated(language: str) -> None:
    found = entries_of(catalogue(language))

    assert TEXTS - found.keys() == set()
    assert [text for text, entry in found.items() if not all(entry.forms)] == []
    assert [text for text, entry in found.items() if entry.fuzzy] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_translations_name_the_same_facts(language: str) -> None:
    wrong = [
        text
        for text, entry in entries_of(catalogue(language)).items()
        for form in entry.forms
        if set(PLACES.findall(form)) != set(PLACES.findall(text.forms[-1]))
    ]

    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_compiled_catalogue_is_that_of_the_text(language: str) -> None:
    po = catalogue(language)
    with po.with_suffix(".mo").open("rb") as compiled:
        shown = gettext.GNUTranslations(compiled)

    entries = entries_of(po)
    for text, entry in entries.items():
        for times, form in zip((1, 2), entry.forms, strict=False):
            if len(text.forms) > 1:
                assert shown.ngettext(text.forms[0], text.forms[1], times) == form
            elif text.context is None:
                assert shown.gettext(text.forms[0]) == form
            else:
                assert shown.pgettext(text.context, text.forms[0]) == form
