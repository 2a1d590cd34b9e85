"""The interface described: an OpenAPI 3.1 document, completed with what every operation shares."""

import re
from collections.abc import Iterator
from typing import Any

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
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete(path, method, operation, views[operation["operationId"]])
    return document


def _operations(api: NinjaAPI) -> Iterator[Any]:
    for bound in api._get_bound_routers():  # noqa: SLF001 - ninja builds its own document by it
        for view in bound.path_operations.values():
            yield from view.operations


def _complete(path: str, method: str, operation: Document, view: Any) -> None:
    statuses = set(ALWAYS)
    parameters = operation.setdefault("parameters", [])
    if "{" in path or method != "get":
        # What a body names may be missing too.
        statuses |= {404}
    if method != "get":
        statuses |= {409, 412, 413, 415}
    if getattr(view.view_func, "takes_token", False):
        parameters.append({"$ref": "#/components/parameters/IdempotencyKey"})
    parameters.append({"$ref": "#/components/parameters/CagnotteVersion"})
    for status in sorted(statuses):
        operation["responses"].setdefault(
            str(status), {"$ref": f"#/components/responses/Problem{status}"}
        )
    operation["responses"] = {
        str(status): told
        for status, told in sorted(operation["responses"].items(), key=lambda item: str(item[0]))
    }
    scopes = sorted({auth.scope for auth in view.auth_callbacks})
    if scopes:
        operation["x-scopes"] = scopes
        operation["x-publishable"] = any(isinstance(auth, AnyKey) for auth in view.auth_callbacks)
    operation["description"] = re.sub(r"\s*\n\s*", " ", operation.get("description", "")).strip()


def _parameters() -> Document:
    return {
        "IdempotencyKey": {
            "name": TOKEN_HEADER,
            "in": "header",
            "required": False,
            "description": "One per request that is new; the same again is answered the same, and done once.",
            "schema": {"type": "string", "pattern": f"^[ -~]{{1,{TOKEN_LENGTH_MAX}}}$"},
        },
        "CagnotteVersion": {
            "name": VERSION_HEADER,
            "in": "header",
            "required": False,
            "description": "A version of the interface; without it the key's.",
            "schema": {"type": "string", "enum": list(VERSIONS)},
        },
    }
