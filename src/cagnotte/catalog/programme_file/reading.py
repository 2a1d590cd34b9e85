"""YAML as text with places: every scalar stays the text that was written, and every value knows its line.

Reading scalars as text keeps 5.10 from becoming a binary fraction, 00123 from losing its zeros and NO from
becoming false; what a text means is decided by the field it stands in.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from cagnotte.catalog.programme_file.problems import Loc, Problem, path_text

NODES_MAX = 1_000_000
"""Most values a file may hold, aliases counted each time: a small file cannot unfold into a huge one."""

DEPTH_MAX = 60
"""Deepest nesting; far beyond any programme, and below what Python's own stack takes."""

LISTED_SECTIONS: tuple[Loc, ...] = (
    ("merchants",),
    ("brands",),
    ("networks",),
    ("categories",),
    ("opening_balances", "members"),
)
"""Lists that may be written `{file: NAME.csv}`, the file lying beside the programme file."""


class Place(NamedTuple):
    """Where a value is written: file name and line, from 1."""

    file: str
    line: int


@dataclass
class Source:
    """What was read: plain data of mappings, lists, texts and None, the place of each value, and what went wrong.

    unread: the lists whose file could not be read to its end.
    """

    data: Any
    places: dict[Loc, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    unread: set[Loc] = field(default_factory=set)

    def place_of(self, loc: Loc) -> Place:
        """Return the place of a value, or of the nearest thing around it that was written."""
        while loc and loc not in self.places:
            loc = loc[:-1]
        return self.places.get(loc, Place("", 1))

    def problem(self, loc: Loc, sentence: str, code: str = "invalid") -> Problem:
        """Make the problem of one value."""
        place = self.place_of(loc)
        return Problem(
            file=place.file, line=place.line, path=path_text(loc), sentence=sentence, code=code
        )


def read(path: Path) -> Source:
    """Read a programme file and the lists it names.

    A file that is no YAML gives a source whose data is None and one problem that says where and why.
    """
    source = Source(None)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        line = path.read_bytes()[: error.start].count(b"\n") + 1
        return _unreadable(path, line, "is not UTF-8 from here on; save the file as UTF-8")
    except OSError as error:
        return _unreadable(path, 1, f"cannot be read: {error.strerror}")
    try:
        node = _compose(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = ", ".join(part for part in (error.context, error.problem) if part)
        return _unreadable(path, mark.line + 1 if mark else 1, f"is not YAML here: {what}")
    except yaml.YAMLError as error:
        return _unreadable(path, 1, f"is not YAML: {error}")
    source.places[()] = Place(path.name, 1)
    source.data = _Unfolding(source, path.name).value(node, ()) if node is not None else None
    _read_lists(source, path.parent)
    return source


def _compose(text: str) -> yaml.Node | None:
    """Parse YAML: with libyaml where PyYAML has it, ten times as fast; faults are told by Python's own parser."""
    try:
        return yaml.compose(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.SafeLoader)


def _unreadable(path: Path, line: int, what: str) -> Source:
    problem = Problem(
        file=path.name, line=line, path="", sentence=f"The file {what}.", code="unreadable"
    )
    return Source(None, {(): Place(path.name, 1)}, [problem])


class _Unfolding:
    """Turns YAML nodes into plain data, noting places as it goes."""

    def __init__(self, source: Source, file: str) -> None:
        self._source = source
        self._file = file
        self._count = 0

    def value(self, node: yaml.Node, loc: Loc) -> Any:
        """Return the data of a node."""
        self._count += 1
        if self._count > NODES_MAX or len(loc) > DEPTH_MAX:
            self._refuse(
                loc, "holds more values than a programme can; is an alias (*) repeated too often?"
            )
            return None
        self._source.places.setdefault(loc, Place(self._file, node.start_mark.line + 1))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, loc)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*loc, index)) for index, item in enumerate(node.value)]
        return None if node.tag == "tag:yaml.org,2002:null" else node.value

    def _mapping(self, node: yaml.MappingNode, loc: Loc) -> dict[str, Any]:
        result: dict[str, Any] = {}
        inherited: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if key_node.tag == "tag:yaml.org,2002:merge":
                inherited |= self._merged(value_node, loc)
                continue
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in result:
                first = self._source.places[(*loc, key)].line
                self._refuse((*loc, key), f"is given twice, on lines {first} and {line}")
                continue
            self._source.places[(*loc, key)] = Place(self._file, line)
            result[key] = self.value(value_node, (*loc, key))
        return {**inherited, **result}

    def _merged(self, node: yaml.Node, loc: Loc) -> dict[str, Any]:
        """The keys of `<<: *anchor`, or of a list of anchors, the first of which wins."""
        parts = node.value if isinstance(node, yaml.SequenceNode) else [node]
        result: dict[str, Any] = {}
        for part in reversed(parts):
            if isinstance(part, yaml.MappingNode):
                result |= self._mapping(part, loc)
        return result

    def _refuse(self, loc: Loc, what: str) -> None:
        name = loc[-1] if loc else "The file"
        self._source.problems.append(
            self._source.problem(loc, f"“{name}” {what}.", "duplicate_key")
        )


def _read_lists(source: Source, folder: Path) -> None:
    """Replace each `{file: NAME}` by the rows of that file."""
    for loc in LISTED_SECTIONS:
        holder = source.data
        for key in loc[:-1]:
            holder = holder.get(key) if isinstance(holder, dict) else None
        named = holder.get(loc[-1]) if isinstance(holder, dict) else None
        if isinstance(named, dict) and set(named) == {"file"}:
            holder[loc[-1]] = list(_rows(source, loc, folder, str(named["file"])))


def _rows(source: Source, loc: Loc, folder: Path, name: str) -> Iterator[dict[str, str]]:
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, strict=True, restkey="")
            for index, row in enumerate(reader):
                place = Place(name, reader.line_num)
                given = {key: value for key, value in row.items() if value not in ("", None)}
                source.places[(*loc, index)] = place
                source.places.update({(*loc, index, key): place for key in given})
                yield given
    except OSError as error:
        source.unread.add(loc)
        source.problems.append(
            source.problem(
                (*loc, "file"), f"“{name}” cannot be read: {error.strerror}.", "unreadable"
            )
        )
    except (UnicodeDecodeError, csv.Error) as error:
        source.unread.add(loc)
        source.problems.append(
            source.problem((*loc, "file"), f"“{name}” is not CSV in UTF-8: {error}.", "unreadable")
        )
