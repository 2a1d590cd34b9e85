"""From a path to a programme that can be loaded, or to all that stands in the way."""

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from cagnotte.catalog.programme_file import building, references, schema, showing
from cagnotte.catalog.programme_file.problems import Level, Loc, Problem, sentence_for
from cagnotte.catalog.programme_file.reading import Source, read
from cagnotte.domain.errors import InvalidProgramme
from cagnotte.domain.money import DECIMALS

SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema"


class ProgrammeFileInvalid(InvalidProgramme):
    """The programme file has errors; nothing was loaded. `problems` lists them all."""

    def __init__(self, problems: list[Problem]) -> None:
        """Take every problem of the file; the sentence lists them, one a line."""
        lines = "\n".join(str(problem) for problem in problems)
        super().__init__(
            f"The programme file has {len(problems)} error(s); nothing was loaded.\n{lines}",
            problems=problems,
        )
        self.problems = problems


@dataclass(frozen=True)
class ParsedProgramme:
    """A programme file without errors: as written, as the domain's values, and with the place of every value.

    shown: what members see of it.
    """

    path: Path
    file: schema.ProgrammeFile
    definitions: building.Definitions
    source: Source
    shown: showing.Shown

    def problem(
        self, loc: Loc, sentence: str, code: str, *, level: Level = Level.WARNING
    ) -> Problem:
        """Make a problem of one value of this file."""
        found = self.source.problem(loc, sentence, code)
        return Problem(found.file, found.line, found.path, found.sentence, found.code, level)


def parse(path: Path) -> ParsedProgramme:
    """Read and check a programme file whole.

    Raises:
        ProgrammeFileInvalid: with every error: YAML, schema, contradictions, names defined twice, references that
            lead nowhere.
    """
    source = read(path)
    if source.data is None or not isinstance(source.data, dict):
        if not source.problems:
            source.problems.append(
                source.problem((), "The file holds no programme; see the example.", "empty")
            )
        raise ProgrammeFileInvalid(source.problems)
    problems = _Findings(source)
    file = _validate(source, problems)
    definitions = shown = None
    if file is not None:
        definitions = building.build(file, problems.report)
        shown = showing.show(file, path.parent, problems.report)
        references.check_unique(file, definitions.categories, problems.report)
        references.check_references(
            file, definitions.categories, references.declared(source), problems.report
        )
    if problems.found or file is None or definitions is None or shown is None:
        raise ProgrammeFileInvalid(
            sorted(problems.found, key=lambda found: (found.file, found.line))
        )
    return ParsedProgramme(path, file, definitions, source, shown)


class _Findings:
    """Collects problems; knows which entries of which lists the checked model still holds."""

    def __init__(self, source: Source) -> None:
        self.found = list(source.problems)
        self.kept: dict[str, list[int]] = {}
        self._source = source

    def report(self, loc: Loc, sentence: str, code: str = "contradiction") -> None:
        """Note a problem of the checked model, whose lists may lack the file's faulty entries."""
        self.add(self._original(loc), sentence, code)

    def add(self, loc: Loc, sentence: str, code: str) -> None:
        """Note a problem by its way in the file."""
        self.found.append(self._source.problem(loc, sentence, code))

    def _original(self, loc: Loc) -> Loc:
        if len(loc) > 1 and isinstance(loc[1], int) and loc[0] in self.kept:
            return (loc[0], self.kept[str(loc[0])][loc[1]], *loc[2:])
        return loc


def _validate(source: Source, problems: _Findings) -> schema.ProgrammeFile | None:
    """Check against the schema. With errors, check again without the faulty entries: the others may have theirs."""
    context = {"currency": _currency_of(source.data)}
    try:
        return schema.ProgrammeFile.model_validate(source.data, context=context)
    except ValidationError as error:
        details = error.errors(include_url=False)
    schema_data = schema.ProgrammeFile.model_json_schema()
    for detail in details:
        loc = _written(detail["loc"], source.data, missing=detail["type"] == "missing")
        problems.add(
            loc,
            sentence_for(detail, known_keys(schema_data, loc[:-1], source.data)),
            detail["type"],
        )
    remaining, problems.kept = _without(source.data, details)
    try:
        return schema.ProgrammeFile.model_validate(remaining, context=context)
    except ValidationError:
        return None


def _currency_of(data: dict[str, Any]) -> str:
    """The currency amounts are read in, before it is checked itself."""
    programme = data.get("programme")
    currency = programme.get("currency") if isinstance(programme, dict) else None
    return str(currency) if currency in DECIMALS else "EUR"


def _written(loc: Loc, data: Any, *, missing: bool) -> Loc:
    """The way as the file writes it: without the names that the schema gives to variants.

    missing: the last step names what should be there.
    """
    way: list[str | int] = []
    for position, step in enumerate(loc):
        is_absent = missing and position == len(loc) - 1
        if isinstance(data, dict) and step not in data and not is_absent:
            continue
        way.append(step)
        data = _inside(data, step)
    return tuple(way)


def _without(
    data: dict[str, Any], details: Iterable[ErrorDetails]
) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """The file without its faulty entries, and for each list the positions that are left."""
    bad: set[Loc] = {tuple(detail["loc"][:2]) for detail in details}
    rest = copy.copy(data)
    kept: dict[str, list[int]] = {}
    for name, value in data.items():
        if (name,) in bad or name not in schema.ProgrammeFile.model_fields:
            del rest[name]
        elif isinstance(value, list):
            kept[name] = [index for index in range(len(value)) if (name, index) not in bad]
            rest[name] = [value[index] for index in kept[name]]
        elif any(loc[0] == name for loc in bad):
            del rest[name]
    rest.setdefault("programme", {"slug": "x", "name": "x", "currency": _currency_of(data)})
    return rest, kept


# ---- the published schema ---------------------------------------------------------------------------------------


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of the programme file, as published in docs/reference/programme.schema.json."""
    body = schema.ProgrammeFile.model_json_schema()
    for name in ("merchants", "brands", "networks", "categories"):
        body["properties"][name] = _or_file(body["properties"][name])
    opening = body["$defs"]["OpeningSection"]["properties"]
    opening["members"] = _or_file(opening["members"])
    return {"$schema": SCHEMA_ID, **body}


def _or_file(listing: dict[str, Any]) -> dict[str, Any]:
    """A list that may also be `{file: NAME.csv}`."""
    named = {
        "type": "object",
        "properties": {"file": {"type": "string", "description": "A CSV file beside this one."}},
        "required": ["file"],
        "additionalProperties": False,
    }
    about: dict[str, Any] = {
        key: listing.pop(key) for key in ("title", "description", "default") if key in listing
    }
    return {"anyOf": [listing, named], **about}


def known_keys(schema_data: dict[str, Any], loc: Loc, data: Any) -> list[str]:
    """Return the keys that the schema allows at `loc`, for “did you mean”."""
    here = [schema_data]
    for step in loc:
        here = [inner for outer in here for inner in _step(schema_data, outer, step)]
        data = _inside(data, step)
    variants = [variant for outer in here for variant in _variants(schema_data, outer)]
    kind = data.get("kind") if isinstance(data, dict) else None
    fitting = [
        v for v in variants if kind in (None, v.get("properties", {}).get("kind", {}).get("const"))
    ]
    likest = _likest(fitting or variants, data)
    return sorted({key for variant in likest for key in variant.get("properties", {})})


def _likest(variants: list[dict[str, Any]], data: Any) -> list[dict[str, Any]]:
    """The variants that what is written is most like: nothing needed is missing, and most keys are shared."""
    given = set(data) if isinstance(data, dict) else set()
    likeness = [
        (
            given.issuperset(variant.get("required", ())),
            len(given & set(variant.get("properties", {}))),
        )
        for variant in variants
    ]
    best = max(likeness, default=None)
    return [one for one, how in zip(variants, likeness, strict=True) if how == best]


def _inside(data: Any, step: str | int) -> Any:
    """The value at a step, None where there is none."""
    try:
        return data[step]
    except (KeyError, IndexError, TypeError):
        return None


def _step(
    whole: dict[str, Any], outer: dict[str, Any], step: str | int
) -> Iterator[dict[str, Any]]:
    for variant in _variants(whole, outer):
        if isinstance(step, int) and "items" in variant:
            yield variant["items"]
        elif step in variant.get("properties", {}):
            yield variant["properties"][step]


def _variants(whole: dict[str, Any], outer: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema itself, or what its reference or its alternatives lead to."""
    if "$ref" in outer:
        yield from _variants(whole, whole["$defs"][outer["$ref"].rsplit("/", 1)[-1]])
    alternatives = outer.get("anyOf", []) + outer.get("oneOf", [])
    for inner in alternatives:
        yield from _variants(whole, inner)
    if "$ref" not in outer and not alternatives:
        yield outer
