"""The OpenAPI document of the interface, read into what the pages of the reference show.

The document is what the code itself says (`/v1/openapi.json`); nothing here knows an operation by name.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NamedTuple

Document = Mapping[str, Any]

DEPTH_MAX = 4
"""How deep the fields of fields are shown; deeper ones are named by their shape."""

EXAMPLE_ID_DIGITS = "01j9zk5y7m8q3v2x4c6b8n0d1f"

PREFIXES = {"brand": "bra", "cagnotte": "wal", "hold": "hld"}
"""How ids begin, for examples of fields that give none; what is not here begins with its first three letters."""


class Field(NamedTuple):
    """A field of a body, or a parameter.

    kind: what it holds, in a word or two. limits: what else its value must keep to. place: path, query, header; empty
    in a body. fields: of the object it holds, or of each of the list's.
    """

    name: str
    kind: str
    is_required: bool
    text: str
    limits: str
    place: str
    fields: tuple["Field", ...]


class Answer(NamedTuple):
    """A status that an operation may answer with; is_problem: its body is a problem document."""

    status: int
    phrase: str
    text: str
    is_problem: bool


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as its entry in the reference shows it.

    Attributes:
        name: also its anchor. title: its name as words. text: what it does. scope: what the key needs.
        curl: a command that may be copied. given, answered: examples of bodies, as JSON.
    """

    name: str
    title: str
    method: str
    path: str
    text: str
    resource: str
    scope: str
    is_publishable: bool
    parameters: tuple[Field, ...]
    shared: tuple[str, ...]
    body: tuple[Field, ...]
    answer: tuple[Field, ...]
    answers: tuple[Answer, ...]
    given: str
    answered: str
    curl: str

    @property
    def words(self) -> str:
        """Return all that a search looks through."""
        fields = " ".join(field.name for field in (*self.parameters, *self.body, *self.answer))
        return f"{self.name} {self.title} {self.method} {self.path} {self.text} {fields}".lower()


class Resource(NamedTuple):
    """A page of the reference: operations about one thing. slug: in its address."""

    slug: str
    name: str
    operations: tuple[Operation, ...]


class Reference(NamedTuple):
    """The whole reference, in the order of the document."""

    version: str
    resources: tuple[Resource, ...]

    def resource(self, slug: str) -> Resource | None:
        """Return the resource of that slug, None when there is none."""
        return next((one for one in self.resources if one.slug == slug), None)

    def found(self, text: str) -> list[tuple[Resource, Operation]]:
        """Return the operations in which every word of a text stands, those named so first."""
        words = text.lower().split()
        found = [
            (one, operation)
            for one in self.resources
            for operation in one.operations
            if all(word in operation.words for word in words)
        ]
        return sorted(found, key=lambda pair: not all(w in pair[1].title.lower() for w in words))


def reference(document: Document, base: str) -> Reference:
    """Read a document. base: the address of the server, for the examples."""
    reader = _Reader(document, base)
    groups: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            operation = reader.operation(path, method, told)
            groups.setdefault(operation.resource, []).append(operation)
    return Reference(
        document["info"]["version"],
        tuple(Resource(_slug(name), name, tuple(held)) for name, held in groups.items()),
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


class _Reader:
    """Reads operations of one document."""

    def __init__(self, document: Document, base: str) -> None:
        self._components = document["components"]
        self._base = base

    def operation(self, path: str, method: str, told: Document) -> Operation:
        """Read one operation."""
        parameters = [self._resolved(one) for one in told.get("parameters", ())]
        own = [one for one in parameters if one["in"] != "header" or one.get("required")]
        body = _content(told.get("requestBody", {}))
        answer = self._answer_schema(told)
        given = self._example(body, "") if body else None
        return Operation(
            name=told["operationId"],
            title=told["operationId"].replace("_", " ").capitalize(),
            method=method.upper(),
            path=path,
            text=told.get("description", ""),
            resource=told["tags"][0],
            scope=told["x-scopes"][0],
            is_publishable=bool(told.get("x-publishable")),
            parameters=tuple(self._parameter(one) for one in own),
            shared=tuple(one["name"] for one in parameters if one not in own),
            body=self._fields(body, 0) if body else (),
            answer=self._fields(answer, 0) if answer else (),
            answers=tuple(self._answers(told)),
            given=_json(given),
            answered=_json(self._example(answer, "")) if answer else "",
            curl=self._curl(method.upper(), path, own, given),
        )

    # ---- what it takes ----

    def _parameter(self, told: Document) -> Field:
        schema = self._resolved(told.get("schema", {}))
        return Field(
            told["name"],
            self._kind(schema),
            bool(told.get("required")),
            told.get("description", ""),
            self._limits(schema),
            told["in"],
            (),
        )

    def _fields(self, schema: Document, depth: int) -> tuple[Field, ...]:
        found = self._resolved(schema)
        required = set(found.get("required", ()))
        return tuple(
            self._field(name, told, name in required, depth)
            for name, told in found.get("properties", {}).items()
        )

    def _field(self, name: str, told: Document, is_required: bool, depth: int) -> Field:  # noqa: FBT001
        schema = self._resolved(_not_null(told))
        inner = self._resolved(_not_null(schema.get("items", {}))) if "items" in schema else schema
        fields = self._fields(inner, depth + 1) if depth + 1 < DEPTH_MAX else ()
        text = told.get("description") or (schema.get("description", "") if not fields else "")
        return Field(name, self._kind(told), is_required, text, self._limits(schema), "", fields)

    def _kind(self, told: Document) -> str:
        schema = self._resolved(_not_null(told))
        kind: str = schema.get("type", "object")
        if kind == "array":
            inner = self._kind(schema.get("items", {}))
            word = f"list of {inner}s" if inner != "anything" else "list"
        elif "const" in schema:
            word = f"“{schema['const']}”"
        elif kind == "string":
            word = {"date": "day", "date-time": "moment", "uri": "address"}.get(
                schema.get("format", ""), "text"
            )
        else:
            word = {"integer": "number", "number": "number", "boolean": "true or false"}.get(
                kind, "object"
            )
        return f"{word} or null" if _not_null(told) is not told else word

    def _limits(self, schema: Document) -> str:
        found = []
        if "enum" in schema:
            found.append(", ".join(f"“{value}”" for value in schema["enum"]))
        low, high = schema.get("minimum"), schema.get("maximum")
        if low is not None and high is not None:
            found.append(f"{low} to {high}")
        elif low is not None or high is not None:
            found.append(f"at least {low}" if low is not None else f"at most {high}")
        if schema.get("maxLength"):
            found.append(f"at most {schema['maxLength']} characters")
        if schema.get("maxItems"):
            found.append(f"at most {schema['maxItems']}")
        if schema.get("default") not in (None, [], {}) and "const" not in schema:
            found.append(f"else {json.dumps(schema['default'])}")
        return "; ".join(found)

    # ---- what it answers ----

    def _answer_schema(self, told: Document) -> Document | None:
        for status, answer in sorted(told["responses"].items()):
            if status.startswith("2"):
                return _content(self._resolved(answer))
        return None

    def _answers(self, told: Document) -> Iterator[Answer]:
        for status, answer in sorted(told["responses"].items()):
            found = self._resolved(answer)
            number = int(status)
            yield Answer(
                number,
                HTTPStatus(number).phrase,
                found.get("description", ""),
                is_problem=number >= 400,  # noqa: PLR2004 - as HTTP counts
            )

    # ---- examples ----

    def _curl(self, method: str, path: str, parameters: list[Document], given: object) -> str:
        place = path
        for one in parameters:
            if one["in"] == "path":
                place = place.replace(f"{{{one['name']}}}", _example_id(one["name"]))
        needed = [one for one in parameters if one["in"] == "query" and one.get("required")]
        query = "&".join(f"{one['name']}=…" for one in needed)
        lines = [f"curl {self._base}{place}{'?' + query if query else ''}"]
        if method != "GET" and not (method == "POST" and given is not None):
            lines[0] = lines[0].replace("curl ", f"curl -X {method} ", 1)
        lines.append('-H "Authorization: Bearer $KEY"')
        if given is not None:
            lines.append('-H "Content-Type: application/json"')
        if method != "GET":
            lines.append('-H "Idempotency-Key: $(uuidgen)"')
        if given is not None:
            told = json.dumps(given, ensure_ascii=False, indent=2).replace("'", "'\\''")
            lines.append(f"-d '{told}'")
        return " \\\n  ".join(lines)

    def _example(self, told: Document, name: str, depth: int = 0) -> Any:
        """Return an example of what a schema describes: its own where it has one, else one made of its fields."""
        schema = self._resolved(_not_null(told))
        for source in (told, schema):
            if source.get("examples"):
                return source["examples"][0]
        if "const" in schema or "enum" in schema:
            return schema.get("const") or schema["enum"][0]
        kind = schema.get("type")
        if kind == "array":
            return [self._example(schema.get("items", {}), name, depth + 1)] if depth < 6 else []  # noqa: PLR2004
        if "properties" in schema:
            return {
                field: None
                if _not_null(inner) is not inner and depth
                else self._example(inner, field, depth + 1)
                for field, inner in schema["properties"].items()
            }
        return self._plain_example(schema, name)

    def _plain_example(self, schema: Document, name: str) -> Any:
        kind = schema.get("type")
        if kind == "string":
            by_format = {"date": "2026-03-01", "date-time": "2026-03-01T12:00:00+01:00"}
            if schema.get("format") in by_format:
                return by_format[schema["format"]]
            return (
                _example_id(name) if name == "id" or name.endswith("_id") else _WORDS.get(name, "…")
            )
        if kind == "integer":
            return _NUMBERS.get(name, schema.get("default") or schema.get("minimum") or 1)
        return False if kind == "boolean" else {}

    def _resolved(self, told: Document) -> Document:
        """Follow references; what stands beside one is kept."""
        if "allOf" in told and len(told["allOf"]) == 1:
            told = {**told["allOf"][0], **{k: v for k, v in told.items() if k != "allOf"}}
        place = told.get("$ref")
        if place is None:
            return told
        found: Any = {"components": self._components}
        for part in place.removeprefix("#/").split("/"):
            found = found[part]
        return {**self._resolved(found), **{k: v for k, v in told.items() if k != "$ref"}}


_WORDS = {
    "currency": "EUR", "email": "ana@example.org", "name": "Ana", "ref": "H0906", "merchant": "corner",
    "country": "FR", "locale": "fr", "language": "fr", "timezone": "Europe/Paris", "order_ref": "A-1001",
    "sku": "plum", "category": "jam", "slug": "demo", "next_cursor": "eyJhIjo…",
}  # fmt: skip
"""Values of examples by the names of fields."""

_NUMBERS = {"amount_minor": 1240, "rate_bps": 250, "quantity": 2, "available_minor": 1240}


def _example_id(name: str) -> str:
    word = name.removesuffix("_id")
    return f"{PREFIXES.get(word, word[:3] or 'obj')}_{EXAMPLE_ID_DIGITS}"


def _not_null(told: Document) -> Document:
    """Return what a field holds when it is not null; the same object where it never is."""
    options = told.get("anyOf")
    if not options:
        return told
    kept = [one for one in options if one.get("type") != "null"]
    if len(kept) == len(options) and len(kept) > 1:
        return told
    rest = {name: value for name, value in told.items() if name != "anyOf"}
    return {**kept[0], **rest}


def _content(told: Document) -> Document | None:
    for kind in told.get("content", {}).values():
        schema: Document = kind["schema"]
        return schema
    return None


def _json(example: object) -> str:
    return "" if example is None else json.dumps(example, ensure_ascii=False, indent=2)
