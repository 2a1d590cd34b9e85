"""The interface as its own description has it, for tests that go through all of it."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple

from cagnotte.api import schema_file

DOCUMENT: dict[str, Any] = json.loads(schema_file.text())


class Operation(NamedTuple):
    """One operation: its name, method and path below /v1, what is told of it, and the shape of its body."""

    name: str
    method: str
    path: str
    told: dict[str, Any]
    body: str | None

    @property
    def scope(self) -> str:
        """The scope it needs."""
        found: str = self.told["x-scopes"][0]
        return found

    @property
    def publishable(self) -> bool:
        """Whether a publishable key will do."""
        return bool(self.told["x-publishable"])

    @property
    def places(self) -> list[str]:
        """The parameters of its path."""
        return [one["name"] for one in self.told["parameters"] if one.get("in") == "path"]


def operations() -> Iterator[Operation]:
    """Give every operation."""
    for path, methods in DOCUMENT["paths"].items():
        for method, told in methods.items():
            body = told.get("requestBody", {}).get("content", {}).get("application/json")
            shape = body["schema"].get("$ref", "").rpartition("/")[2] or None if body else None
            yield Operation(told["operationId"], method, path.removeprefix("/v1"), told, shape)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a shape with the shapes it names put in their places."""
    return {**_resolved(schema)}


def _resolved(part: Any) -> Any:
    if isinstance(part, dict):
        if "$ref" in part:
            name = part["$ref"].rpartition("/")[2]
            return _resolved(DOCUMENT["components"]["schemas"][name])
        return {key: _resolved(value) for key, value in part.items()}
    return [_resolved(one) for one in part] if isinstance(part, list) else part


def sample(schema: dict[str, Any]) -> Any:
    """Return something that fits a shape: its example, else the least that does."""
    if "$ref" in schema:
        return sample(DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    if schema.get("examples"):
        return schema["examples"][0]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            return sample(schema[several][0])
    return _least(schema)


def _least(schema: dict[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            wanted = schema.get("required", ())
            return {name: sample(schema["properties"][name]) for name in wanted}
        case "array":
            return [sample(schema["items"])] * schema.get("minItems", 0)
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return {"date": "2026-03-01", "date-time": "2026-03-01T12:00:00Z"}.get(
                schema.get("format", ""), "x" * max(1, schema.get("minLength", 1))
            )
