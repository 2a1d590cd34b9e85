"""A file of XML as orders, or as rows of orders, read element by element with flat memory.

`record` says which elements are orders (or, with `lines: rows`, lines of orders): the path of their names from the
root, or a name alone for wherever it stands. Paths of fields begin at the record: `customer/number`, `@id`,
`total/@currency`. Names are compared without their namespaces. Document types are refused, and with them all entities
that a file could define.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from cagnotte.catalog.source_fields import ROWS
from cagnotte.domain.errors import InvalidInput, InvalidRow
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.refusals import too_many_lines
from cagnotte.purchases.reading.table_file import Row, TableFile
from cagnotte.purchases.reading.texts import LINES_MAX, Broken, OrderText

Element = Any
"""An element of lxml."""


class XmlFile(TableFile):
    """A file of records under a mapping. Its columns are the mapping's own paths.

    Raises InvalidInput when the file cannot be opened or holds no record.
    """

    def __init__(self, path: Path, mapping: Mapping) -> None:
        super().__init__(path, mapping)
        paths = [*mapping.fields.values()]
        if mapping.lines == ROWS:
            paths += mapping.line_fields.values()
        self.header = list(dict.fromkeys(paths))
        first = next(self._records(), None)
        if first is None:
            raise InvalidInput(
                f"{path.name} holds no “{mapping.record}”, which the source “{mapping.ref}” reads as its records.",
                path=str(path),
            )

    def rows(self) -> Iterator[Row]:
        """Give (number of the record, its XML, the texts at the mapped paths, what is wrong with it or None)."""
        for number, raw, record in self._records():
            if isinstance(record, InvalidRow):
                yield number, raw, [], record
            else:
                yield number, raw, [text_at(record, path) for path in self.header], None

    def orders(self) -> Iterator[OrderText | Broken]:
        """Take each record as one order, its lines nested in it."""
        fields, paths = self.mapping.fields, tuple(self.mapping.line_fields.values())
        for number, raw, record in self._records():
            if isinstance(record, InvalidRow):
                yield Broken(number, raw, record)
                continue
            nested = _at(record, self.mapping.lines) if self.mapping.lines else []
            if len(nested) > LINES_MAX:
                yield Broken(number, raw, too_many_lines(self.mapping.ref))
                continue
            if self.mapping.lines and not nested:
                error = InvalidRow("no_lines", f"“{self.mapping.lines}” holds no lines.")
                yield Broken(number, raw, error)
                continue
            told = {ours: text_at(record, theirs) for ours, theirs in fields.items()}
            lines = [tuple([text_at(line, path) for path in paths]) for line in nested]
            yield OrderText(number, raw, told, lines)

    def _records(self) -> Iterator[tuple[int, str, Element | InvalidRow]]:
        """Give the records, numbered from 1; what breaks the file comes last, as what is wrong with it."""
        number = 0
        walk = _Walk(self.path, self.mapping.record)
        try:
            with self.path.open("rb") as stream:
                for record in walk.records(stream):
                    number += 1
                    yield number, _raw(record), record
                    _forget(record)
        except etree.XMLSyntaxError as error:
            if not walk.began:
                raise InvalidInput(
                    f"{self.path.name} is no XML: {error.msg}.", path=str(self.path)
                ) from error
            told = f"The file is no XML from here on: {error.msg}. It may be cut off."
            yield number + 1, "", InvalidRow("bad_row", told)
        except OSError as error:
            raise InvalidInput(
                f"{self.path} cannot be read: {error.strerror}.", path=str(self.path)
            ) from error


class _Walk:
    """A way through a file: gives its records whole, and forgets what lies around them. began: it holds an element."""

    def __init__(self, path: Path, record: str) -> None:
        self._path = path
        self._wanted = record.strip("/").split("/")
        self._names: list[str] = []
        self._depth = 0
        self.began = False

    def records(self, stream: Any) -> Iterator[Element]:
        """Give each record at its end. Raises InvalidInput for a document type, XMLSyntaxError where it breaks."""
        for event, element in _events(stream):
            if event == "start":
                self._enter(element)
            elif self._leaves():
                yield element
            elif not self._depth:
                _forget(element)

    def _enter(self, element: Element) -> None:
        if not self.began:
            _refuse_document_type(element, self._path)
            self.began = True
        self._names.append(local_name(element.tag))
        # A record within a record is a part of it.
        if self._depth or self._is_record():
            self._depth += 1

    def _is_record(self) -> bool:
        """Tell whether this is where records stand: by the whole path from the root, or by the name alone."""
        if len(self._wanted) > 1:
            return self._names == self._wanted
        return self._names[-1:] == self._wanted

    def _leaves(self) -> bool:
        """Go out of an element; tell whether a record ends with it."""
        self._names.pop()
        ends = self._depth == 1
        self._depth -= self._depth > 0
        return ends


def _events(stream: Any) -> Any:
    """Read without fetching, defining or expanding anything."""
    return etree.iterparse(
        stream,
        events=("start", "end"),
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def _refuse_document_type(root: Element, path: Path) -> None:
    if root.getroottree().docinfo.internalDTD is not None:
        raise InvalidInput(
            f"{path.name} declares a document type (DOCTYPE); such files are not read, for what they can define "
            "harms whoever reads it. Take the declaration out.",
            path=str(path),
        )


def local_name(name: object) -> str:
    """Return the name of an element or attribute without its namespace; "" for what is neither."""
    return name.rpartition("}")[2] if isinstance(name, str) else ""


def _forget(element: Element) -> None:
    """Free what was read: the element's content, and the elements before it, which hold nothing any more."""
    element.clear(keep_tail=False)
    while element.getprevious() is not None:
        del element.getparent()[0]


def _raw(element: Element) -> str:
    text: str = etree.tostring(element, encoding="unicode", with_tail=False)
    return text + "\n"


def _at(element: Element, path: str) -> list[Element]:
    """Return the elements at a path; none for a path that ends in an attribute."""
    found = [element]
    for step in path.strip("/").split("/"):
        found = [child for one in found for child in one if _is_named(child, step)]
    return found


def _is_named(child: Element, name: str) -> bool:
    return local_name(child.tag) == name


def text_at(element: Element, path: str) -> str:
    """Return the text at a path below an element, "" where there is none; several joined by commas."""
    way, _, last = path.strip("/").rpartition("/")
    holders = _at(element, way) if way else [element]
    if last.startswith("@"):
        texts = [_attribute(one, last[1:]) for one in holders]
    elif last == ".":
        texts = [one.text or "" for one in holders]
    else:
        texts = [child.text or "" for one in holders for child in one if _is_named(child, last)]
    return ",".join([text.strip() for text in texts if text.strip()])


def _attribute(element: Element, name: str) -> str:
    for key, value in element.attrib.items():
        if local_name(key) == name:
            return str(value)
    return ""


class XmlRejects:
    """A file of rejected records, within elements named as those around them were."""

    def __init__(self, path: Path, mapping: Mapping) -> None:
        around = mapping.record.strip("/").split("/")[:-1] or ["rejected"]
        self._stream = path.open("w", encoding="utf-8", newline="")
        self._around = around
        self._stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
        self._stream.write("".join(f"<{name}>" for name in around) + "\n")

    def write(self, raw: str) -> None:
        """Add records."""
        self._stream.write(raw)

    def close(self) -> None:
        """Close the elements around them."""
        self._stream.write("".join(f"</{name}>" for name in reversed(self._around)) + "\n")
        self._stream.close()
