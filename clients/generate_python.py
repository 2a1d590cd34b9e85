"""Write the parts of the Python client that follow from `docs/reference/openapi.json`.

    .venv/bin/python clients/generate_python.py

`shapes.py` has a TypedDict for each schema; `resources.py` and `async_resources.py` have a class for each first part of
an address, with a method for each operation. Both are written by the same lines below, one with `await`.
"""

import json
import keyword
import re
import subprocess
import sys
import textwrap
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
DESCRIPTION = ROOT / "docs" / "reference" / "openapi.json"
PACKAGE = ROOT / "clients" / "python" / "src" / "cagnotte_client"

HEAD = '"""{}\n\nWritten by clients/generate_python.py from the description of the interface; do not edit.\n"""\n'
WIDTH = 96
SENTENCE_MAX = 108

IMPORTS = "<imports>"
"""Stands for the names to import until it is known which are needed."""

LITERAL_VALUES_MAX = 8
"""An enumeration of more values has a name of its own."""

LEFT_OUT = {"me"}
"""Resources for browsers, which show themselves by a member's token."""

Document = dict[str, Any]


# ---- shapes ----


class Types:
    """Names in Python what schemas describe. prefix: where the shapes' names are found, such as `shapes.`."""

    def __init__(self, schemas: Document, prefix: str = "") -> None:
        self._schemas = schemas
        self._prefix = prefix
        self._enumerations = {tuple(values): name for name, values in enumerations(schemas)}

    def of(self, schema: Document) -> str:
        """Return the annotation for a schema."""
        if "$ref" in schema:
            return self._prefix + str(schema["$ref"]).rpartition("/")[2]
        if "anyOf" in schema:
            return " | ".join(dict.fromkeys(self.of(one) for one in schema["anyOf"]))
        if "const" in schema:
            return f"Literal[{schema['const']!r}]"
        if "enum" in schema:
            name = self._enumerations.get(tuple(schema["enum"]))
            return self._prefix + name if name else _literal(schema["enum"])
        return self._plain(schema)

    def _plain(self, schema: Document) -> str:
        kind = schema.get("type")
        if kind == "array":
            return f"list[{self.of(schema.get('items', {}))}]"
        if kind == "object":
            return self._object(schema)
        names = {
            "string": "str",
            "integer": "int",
            "number": "float",
            "boolean": "bool",
            "null": "None",
        }
        return names.get(str(kind), "Any")

    def _object(self, schema: Document) -> str:
        for name, known in self._schemas.items():
            if known.get("properties") and known.get("properties") == schema.get("properties"):
                return self._prefix + name
        values = schema.get("additionalProperties")
        return f"dict[str, {self.of(values) if isinstance(values, dict) and values else 'Any'}]"

    def argument(self, schema: Document) -> str:
        """Return the annotation for an argument, which takes any sequence where the body has a list."""
        return self.of(schema).replace("list[", "Sequence[").removesuffix(" | None")


def enumerations(schemas: Document) -> Iterator[tuple[str, list[str]]]:
    """Go through the long enumerations of fields, which get a name: the field's, and its shape's if others want it."""
    found: dict[tuple[str, ...], tuple[str, str]] = {}
    for shape, schema in schemas.items():
        for field, told in schema.get("properties", {}).items():
            name = "".join(word.capitalize() for word in field.split("_"))
            for one in [told, *told.get("anyOf", ())]:
                if len(one.get("enum", ())) > LITERAL_VALUES_MAX:
                    found.setdefault(tuple(one["enum"]), (shape, name))
    wanted = Counter(name for _, name in found.values())
    for values, (shape, name) in found.items():
        free = wanted[name] == 1 and name not in schemas
        yield (name if free else shape + name), list(values)


def _literal(values: list[str]) -> str:
    return f"Literal[{', '.join(map(repr, values))}]"


def shapes(document: Document) -> str:
    """Return the text of `shapes.py`."""
    schemas = document["components"]["schemas"]
    types = Types(schemas)
    parts = [
        HEAD.format("The shapes of bodies and answers."),
        "from __future__ import annotations",
        IMPORTS,
        f'VERSION = "{document["info"]["version"]}"\n"""The version of the interface that these shapes are of."""',
    ]
    parts += [f"{name} = {_literal(values)}" for name, values in enumerations(schemas)]
    # A plain name must be defined before it is used; classes may name each other in any order.
    parts += [
        f"{name} = {types.of(schema)}\n{_doc(schema.get('description', ''))}"
        for name, schema in schemas.items()
        if "properties" not in schema
    ]
    parts += [
        _shape(name, schema, types) for name, schema in schemas.items() if "properties" in schema
    ]
    text = "\n\n".join(parts) + "\n"
    needed = [
        name
        for name in ("Any", "Literal", "NotRequired", "TypedDict")
        if re.search(rf"\b{name}\b", text)
    ]
    return text.replace(IMPORTS, f"from typing import {', '.join(needed)}", 1)


def _shape(name: str, schema: Document, types: Types) -> str:
    needed = set(schema.get("required", ()))
    lines = [f"class {name}(TypedDict):", _doc(schema.get("description", name), "    ")]
    for field, told in schema["properties"].items():
        if keyword.iskeyword(field) or not field.isidentifier():
            raise SystemExit(f"{name}.{field} cannot be a field of a class; teach the generator.")
        kind = types.of(told)
        lines.append(f"    {field}: {kind if field in needed else f'NotRequired[{kind}]'}")
        if told.get("description"):
            lines.append(_doc(told["description"], "    "))
    return "\n".join(lines)


def _doc(text: str, indent: str = "") -> str:
    """Write a docstring, its first line whole."""
    told = " ".join(text.split()).replace("\\", "\\\\").replace('"""', "”””")
    if not told:
        return f'{indent}""""""'
    end = " " if told.endswith('"') else ""
    if len(told) <= SENTENCE_MAX:
        return f'{indent}"""{told}{end}"""'
    first, rest = _opening(told)
    body = textwrap.indent("\n".join(textwrap.wrap(rest, WIDTH)), indent)
    return f'{indent}"""{first}\n\n{body}\n{indent}"""'


def _opening(told: str) -> tuple[str, str]:
    """Return the first sentence and the rest; of a sentence too long for a line, its beginning and the whole."""
    first, dot, rest = told.partition(". ")
    if len(first) < SENTENCE_MAX:
        return first + dot.strip(), rest
    return textwrap.shorten(told, SENTENCE_MAX, placeholder=" …"), told


# ---- resources ----


@dataclass(frozen=True)
class Operation:
    """One operation, as a method: its name, and what it is in the description."""

    resource: str
    name: str
    method: str
    path: str
    told: Document

    def parameters(self, where: str) -> list[Document]:
        """Return its parameters of the path or query, except the cursors of lists."""
        return [one for one in self.told.get("parameters", ()) if one.get("in") == where]

    def takes(self, header: str) -> bool:
        """Tell whether it takes a shared header, named as the description names its parameter."""
        names = [one.get("$ref", "").rpartition("/")[2] for one in self.told.get("parameters", ())]
        return header in names

    @property
    def body(self) -> Document | None:
        """Return the schema of its body."""
        content = self.told.get("requestBody", {}).get("content", {})
        found: Document | None = content.get("application/json", {}).get("schema")
        return found

    @property
    def answers(self) -> list[str]:
        """Return the names of the shapes it answers; none: nothing."""
        contents = [
            told.get("content", {}).get("application/json")
            for status, told in sorted(self.told["responses"].items())
            if status.startswith("2")
        ]
        names = [one["schema"]["$ref"].rpartition("/")[2] for one in contents if one]
        return list(dict.fromkeys(names))


def operations(document: Document) -> Iterator[Operation]:
    """Go through all operations, in the order of the description. Raises SystemExit when two have one name."""
    seen: dict[tuple[str, str], str] = {}
    for path, methods in document["paths"].items():
        for method, told in methods.items():
            resource = path.split("/")[2]
            if resource in LEFT_OUT:
                continue
            name = method_name(told["operationId"], resource)
            other = seen.setdefault((resource, name), told["operationId"])
            if other != told["operationId"]:
                raise SystemExit(
                    f"{other} and {told['operationId']} would both be {resource}.{name}."
                )
            yield Operation(resource, name, method.upper(), path, told)


def method_name(operation: str, resource: str) -> str:
    """Return an operation's name below its resource: `create_member` of members is `create`."""
    verb, _, rest = operation.partition("_")
    rest = rest.removeprefix("my_")
    single = resource.removesuffix("s")
    if rest == resource and rest != single and verb != "list":
        return f"{verb}_many"
    if rest in {single, resource}:
        rest = ""
    rest = rest.removeprefix(f"{single}_")
    name = f"{verb}_{rest}" if rest else verb
    return f"{name}_" if keyword.iskeyword(name) else name


class Methods:
    """Writes resources, for a client that waits or for one that awaits."""

    def __init__(self, document: Document, *, awaits: bool) -> None:
        self._schemas = document["components"]["schemas"]
        self._types = Types(self._schemas, "shapes.")
        self._awaits = awaits
        self._start = "Async" if awaits else ""
        self._operations = list(operations(document))

    def text(self) -> str:
        """Return the text of the module."""
        names = list(dict.fromkeys(one.resource for one in self._operations))
        what = "for asyncio" if self._awaits else "for a client that waits"
        waited = "Awaitable, " if self._awaits else ""
        sends = (
            "Callable[[Call[Any]], Awaitable[Any]]"
            if self._awaits
            else "Callable[[Call[Any]], Any]"
        )
        imports = f"""
from collections.abc import {waited}Callable, Sequence
from typing import Any, Literal, cast

from cagnotte_client import shapes
from cagnotte_client.calls import Call, part, read_call, write_call
from cagnotte_client.pages import {self._start}Pages
"""
        parts = [
            HEAD.format(f"A class for each resource of the interface, {what}."),
            imports.strip(),
            f"Send = {sends}",
            *[self._class(name) for name in names],
            self._all(names),
        ]
        return "\n\n".join(parts) + "\n"

    def _class(self, resource: str) -> str:
        methods = [one for one in self._operations if one.resource == resource]
        return (
            f'class {self._class_name(resource)}:\n    """The operations below `/v1/{resource}`."""\n\n'
            "    def __init__(self, send: Send) -> None:\n        self._send = send\n\n"
            + "\n\n".join(self._method(one) for one in methods)
        )

    def _class_name(self, resource: str) -> str:
        return self._start + "".join(word.capitalize() for word in resource.split("_"))

    def _all(self, names: list[str]) -> str:
        lines = [
            f"class {self._start}Resources:",
            '    """All resources, as a client has them."""\n',
        ]
        sends = "async def" if self._awaits else "def"
        lines.append(
            f'    {sends} send(self, call: Call[Any]) -> Any:\n        """Send a call and return its answer."""'
        )
        lines.append("        raise NotImplementedError\n")
        for name in names:
            kind = self._class_name(name)
            lines.append(
                f'    @property\n    def {name}(self) -> {kind}:\n        """What is below `/v1/{name}`."""\n'
                f"        return {kind}(self.send)\n"
            )
        return "\n".join(lines)

    # ---- one method ----

    def _method(self, one: Operation) -> str:
        named = [f"{p['name']}: str" for p in one.parameters("path")]
        # What is needed comes first, and the order of the description stays otherwise.
        given = sorted(self._arguments(one), key=lambda argument: not argument[2])
        arguments = ["self", *named]
        if given:
            arguments += ["*", *[_argument(name, kind, needed) for name, kind, needed, _ in given]]
        item = self._item(one)
        shapes_ = " | ".join(f"shapes.{name}" for name in one.answers)
        result = f"{self._start}Pages[{item}]" if item else shapes_ or "None"
        keyword_ = "async def" if self._awaits and not item else "def"
        head = f"    {keyword_} {one.name}({', '.join(arguments)}) -> {result}:"
        return "\n".join([head, self._explanation(one, given), *self._lines(one, item, result)])

    def _item(self, one: Operation) -> str | None:
        """Return what a list lists; None for what is no list."""
        properties = self._schemas[one.answers[0]].get("properties", {}) if one.answers else {}
        if properties.get("object", {}).get("const") != "list":
            return None
        return self._types.of(properties["data"]["items"])

    def _arguments(self, one: Operation) -> Iterator[tuple[str, str, bool, str]]:
        """Give name, annotation, whether it is needed, and what it means."""
        for told in one.parameters("query"):
            schema = told["schema"]
            text = told.get("description", "")
            yield told["name"], self._types.argument(schema), told.get("required", False), text
        if one.body:
            body = self._schemas[one.body["$ref"].rpartition("/")[2]]
            needed = set(body.get("required", ()))
            for name, schema in body["properties"].items():
                text = _told(schema)
                yield name, self._types.argument(schema), name in needed, text
        if one.takes("IfMatch"):
            yield (
                "if_match",
                "str",
                False,
                "The ETag of what was read (`meta`): what changed since is left as it is.",
            )
        if one.takes("IdempotencyKey"):
            yield (
                "idempotency_key",
                "str",
                False,
                "Made up for each call; give your own to repeat one of before.",
            )

    def _explanation(self, one: Operation, given: list[tuple[str, str, bool, str]]) -> str:
        told = " ".join(str(one.told.get("description") or one.told["summary"]).split())
        first, rest = _opening(told)
        lines = [first if first.endswith((".", "…")) else f"{first}."]
        if rest:
            lines += ["", *textwrap.wrap(rest, WIDTH)]
        explained = [(name, text) for name, _, _, text in given if text]
        if explained:
            lines += ["", "Args:"]
        for name, text in explained:
            lines += textwrap.wrap(
                f"{name}: {text}", WIDTH, initial_indent="    ", subsequent_indent="        "
            )
        body = textwrap.indent("\n".join(lines), " " * 8).strip()
        end = f"\n{' ' * 8}" if "\n" in body else ""
        return f'        """{body}{end}"""'

    def _lines(self, one: Operation, item: str | None, result: str) -> Iterator[str]:
        path = re.sub(r"\{(\w+)\}", r"{part(\1)}", one.path)
        address = f'f"{path}"' if "{" in path else f'"{path}"'
        yield f"        call: Call[Any] = {self._call(one, address)}"
        if item:
            yield f"        return {result}(self._send, call)"
        elif not one.answers:
            yield f"        {'await ' if self._awaits else ''}self._send(call)"
        elif self._awaits:
            yield f'        return cast("{result}", await self._send(call))'
        else:
            yield f'        return cast("{result}", self._send(call))'

    def _call(self, one: Operation, address: str) -> str:
        query = _dict([told["name"] for told in one.parameters("query")])
        if one.method == "GET":
            return f"read_call({address}, {query})" if query != "{}" else f"read_call({address})"
        fields = []
        if one.body:
            fields = list(self._schemas[one.body["$ref"].rpartition("/")[2]]["properties"])
        body = _dict(fields) if one.body else "None"
        if not one.takes("IdempotencyKey"):
            # What only asks may be asked again; what does something without a key may not.
            asks = all(scope.endswith(":read") for scope in one.told.get("x-scopes", ()))
            return f'Call("{one.method}", {address}, {query}, {body}, repeatable={asks})'
        match = ", if_match=if_match" if one.takes("IfMatch") else ""
        return (
            f'write_call("{one.method}", {address}, {body}, idempotency_key=idempotency_key{match})'
        )


def _told(schema: Document) -> str:
    """Return what a field means, and what it is without being given."""
    text = str(schema.get("description", ""))
    default = schema.get("default")
    if default not in (None, [], "", 0, False) and text:
        text += f" Without it, {json.dumps(default)}."
    return text


def _argument(name: str, kind: str, needed: bool) -> str:  # noqa: FBT001
    return f"{name}: {kind}" if needed else f"{name}: {kind} | None = None"


def _dict(names: list[str]) -> str:
    return "{" + ", ".join(f'"{name}": {name}' for name in names) + "}"


# ---- files ----


def written(document: Document) -> dict[str, str]:
    """Return the files of the client that follow from a description: name and text."""
    return {
        "shapes.py": formatted(shapes(document)),
        "resources.py": formatted(Methods(document, awaits=False).text()),
        "async_resources.py": formatted(Methods(document, awaits=True).text()),
    }


def formatted(text: str) -> str:
    """Return Python as the project formats it."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "format",
        "--stdin-filename",
        str(PACKAGE / "any.py"),
        "-",
    ]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=True, cwd=ROOT)
    return done.stdout


def description() -> Document:
    """Read the description of the interface."""
    found: Document = json.loads(DESCRIPTION.read_text(encoding="utf-8"))
    return found


def main() -> None:
    """Write the files."""
    for name, text in written(description()).items():
        (PACKAGE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
