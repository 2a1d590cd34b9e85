"""The interface described: an OpenAPI 3.1 document, completed with what every operation shares."""

import re
from collections.abc import Iterator
from typing import Any, cast

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from cagnotte.api.access import AnyKey
from cagnotte.api.idempotency import HEADER as TOKEN_HEADER
from cagnotte.api.idempotency import TOKEN_LENGTH_MAX
from cagnotte.api.problems import CONTENT_TYPE
from cagnotte.api.shapes import Problem
from cagnotte.api.versions import HEADER as VERSION_HEADER
from cagnotte.api.versions import VERSIONS

DESCRIPTION = (
    "The REST interface of Cagnotte: members, purchases, rewards and what they can spend. Amounts are whole minor "
    "units with a currency. What goes wrong is a problem document (RFC 9457) whose `code` is stable."
)

SHARED: dict[int, str] = {
    400: "The request cannot be read, or names a version that does not exist.",
    401: "No key, or one that opens nothing.",
    403: "The key is not allowed to do this.",
    404: "There is no such thing, or it is another programme's.",
    409: "Not now: what stands does not allow it, or the same request is being worked on.",
    412: "It has changed since it was read.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    422: "Some fields are missing or wrong, or the Idempotency-Key was used for another request.",
    429: "Too many requests.",
    500: "A fault on our side.",
    503: "The server cannot work now.",
}
"""Problems by status; which of them an operation can have follows from its method and parameters."""

ALWAYS = (400, 401, 403, 422, 429, 500, 503)

Document = dict[str, Any]


def completed(api: NinjaAPI, document: OpenAPISchema) -> OpenAPISchema:
    """Return ninja's document with problems, shared headers, keys and scopes."""
    views = {operation.view_func.__name__: operation for operation in _operations(api)}
    document["components"]["schemas"]["Problem"] = Problem.model_json_schema(
        ref_template="#/components/schemas/{model}"
    )
    places = document["components"]["schemas"]["Problem"].pop("$defs")
    document["components"]["schemas"].update(places)
    document["components"]["responses"] = {
        f"Problem{status}": {
            "description": text,
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, text in SHARED.items()
    }
    document["components"]["parameters"] = _parameters()
    document["components"]["securitySchemes"] = dict(
        sorted(document["components"].get("securitySchemes", {}).items())
    )
    document["components"]["schemas"] = dict(sorted(document["components"]["schemas"].items()))
    for methods in document["paths"].values():
        for method, operation in methods.items():
            _complete(method, operation, views[operation["operationId"]])
    for schema in document["components"]["schemas"].values():
        _tell_constants(schema)
    return cast("OpenAPISchema", _without_titles(document))


def _tell_constants(schema: Document) -> None:
    """Say that what every answer of a shape holds (`object`) is always there."""
    constants = [name for name, told in schema.get("properties", {}).items() if "const" in told]
    if constants:
        schema["required"] = sorted({*schema.get("required", ()), *constants})


def _without_titles(part: Any) -> Any:
    """Leave out what pydantic makes of the names of fields: it says the same twice.

    `{"x-shape": NAME}` becomes a reference: what an operation reads one by one is of that shape all the same.
    """
    if isinstance(part, dict):
        if "x-shape" in part:
            return {"$ref": f"#/components/schemas/{part['x-shape']}"}
        named = isinstance(part.get("title"), str) and (
            "type" in part or "anyOf" in part or "$ref" in part
        )
        return {
            key: _without_titles(value)
            for key, value in part.items()
            if not (key == "title" and named)
        }
    return [_without_titles(one) for one in part] if isinstance(part, list) else part


def _operations(api: NinjaAPI) -> Iterator[Any]:
    for bound in api._get_bound_routers():  # noqa: SLF001 - ninja builds its own document by it
        for view in bound.path_operations.values():
            yield from view.operations


def _complete(method: str, operation: Document, view: Any) -> None:
    parameters = operation.setdefault("parameters", [])
    for parameter in parameters:
        if parameter["in"] == "path" and parameter["name"].endswith("_id"):
            parameter["description"] = (
                "The public id: three letters, an underscore and 26 characters."
            )
    shared = _shared_headers(method, operation, view)
    parameters += [{"$ref": f"#/components/parameters/{name}"} for name in shared]
    told = {str(status): answer for status, answer in operation["responses"].items()}
    for status in _problems_of(method, [one["name"] for one in parameters if "name" in one]):
        told.setdefault(str(status), {"$ref": f"#/components/responses/Problem{status}"})
    operation["responses"] = dict(sorted(told.items()))
    operation["x-scopes"] = sorted({auth.scope for auth in view.auth_callbacks})
    operation["x-publishable"] = any(isinstance(auth, AnyKey) for auth in view.auth_callbacks)
    operation["description"] = re.sub(r"\s*\n\s*", " ", operation.get("description", "")).strip()


def _shared_headers(method: str, operation: Document, view: Any) -> list[str]:
    shared = ["CagnotteVersion"]
    if getattr(view.view_func, "takes_token", False):
        shared.append("IdempotencyKey")
    if method == "patch":
        shared.append("IfMatch")
    if "304" in {str(status) for status in operation["responses"]}:
        shared.append("IfNoneMatch")
    return shared


def _problems_of(method: str, parameters: list[str]) -> set[int]:
    """Return the statuses of the problems an operation can have. What a body or a filter names may be missing too."""
    found = set(ALWAYS)
    if method != "get" or not {"limit", "cursor"}.issuperset(parameters):
        found.add(404)
    if method != "get":
        found |= {409, 412, 413, 415}
    return found


def _header(name: str, description: str, **schema: Any) -> Document:
    return {
        "name": name,
        "in": "header",
        "required": False,
        "description": description,
        "schema": {"type": "string", **schema},
    }


def _parameters() -> Document:
    return {
        "CagnotteVersion": _header(
            VERSION_HEADER,
            "A version of the interface; without it the key's.",
            enum=list(VERSIONS),
        ),
        "IdempotencyKey": _header(
            TOKEN_HEADER,
            "One per request that is new; the same again is answered the same, and done once.",
            pattern=f"^[!-~][ -~]{{0,{TOKEN_LENGTH_MAX - 1}}}$",
        ),
        "IfMatch": _header(
            "If-Match", "The ETag of what was read; what changed since is left as it is (412)."
        ),
        "IfNoneMatch": _header(
            "If-None-Match", "The ETag of what is held; the same is not sent again (304)."
        ),
    }
