"""Answers that something is wrong, as RFC 9457 writes them.

`type` leads to the page that explains the code, `code` is stable for machines, `detail` is a sentence for people, and
`errors` points at what is wrong: a JSON pointer into the body, or the name of a parameter or header.
"""

from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from cagnotte.api.errors import RequestRefused
from cagnotte.domain.errors import CagnotteError, InvalidInput, NoSlot, NotFound, Refused
from cagnotte.platform.database_errors import DatabaseUnavailable, DiskFull

CONTENT_TYPE = "application/problem+json"

STATUSES: tuple[tuple[type[CagnotteError], HTTPStatus], ...] = (
    (NoSlot, HTTPStatus.SERVICE_UNAVAILABLE),
    (DatabaseUnavailable, HTTPStatus.SERVICE_UNAVAILABLE),
    (DiskFull, HTTPStatus.SERVICE_UNAVAILABLE),
    (InvalidInput, HTTPStatus.UNPROCESSABLE_ENTITY),
    (NotFound, HTTPStatus.NOT_FOUND),
    (Refused, HTTPStatus.CONFLICT),
)
"""Kinds of error and their status, the first that fits; all others are faults of ours."""

RETRY_AFTER_SECONDS = 2
"""When to come back to a server that cannot work now."""

FAULT = "internal_error"
FAULT_SENTENCE = "Something went wrong on our side; the request's id leads us to it."


def problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    *,
    errors: Sequence[dict[str, str]] = (),
    request: HttpRequest | None = None,
) -> JsonResponse:
    """Answer with a problem document. code: its kind for machines; detail: a sentence, without facts of the inside."""
    document: dict[str, Any] = {
        "type": f"{settings.CAGNOTTE_PUBLIC_URL}/developers/errors/#{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
    }
    request_id = getattr(request, "request_id", None)
    if request_id:
        document["request_id"] = request_id
    if errors:
        document["errors"] = list(errors)
    response = JsonResponse(document, status=status.value, content_type=CONTENT_TYPE)
    # For the log of requests, which keeps no bodies.
    response.problem_code = code  # type: ignore[attr-defined]
    return response


def status_of(error: CagnotteError) -> HTTPStatus:
    """Return the status an error is answered with."""
    return status_of_kind(type(error))


def status_of_kind(kind: type[CagnotteError]) -> HTTPStatus:
    """Return the status that errors of a class are answered with."""
    if issubclass(kind, RequestRefused):
        return kind.status
    for known, status in STATUSES:
        if issubclass(kind, known):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def from_error(error: CagnotteError, request: HttpRequest | None = None) -> HttpResponse:
    """Answer with an error of the tree. Of its facts only where it is (`pointer`, `field`, `errors`) is told."""
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return problem(status, FAULT, FAULT_SENTENCE, request=request)
    if status is HTTPStatus.SERVICE_UNAVAILABLE:
        response = problem(
            status, error.code, "The server cannot work now; try again.", request=request
        )
        response["Retry-After"] = str(RETRY_AFTER_SECONDS)
        return response
    response = problem(
        status, error.code, error.sentence, errors=tuple(places_of(error)), request=request
    )
    for name, value in getattr(error, "headers", {}).items():
        response[name] = value
    return response


def places_of(error: CagnotteError) -> Iterable[dict[str, str]]:
    """Yield where an error is, as `errors` of a problem document has it."""
    given = error.facts.get("errors")
    if isinstance(given, list | tuple):
        yield from given
        return
    pointer, field = error.facts.get("pointer"), error.facts.get("field")
    if pointer is None and isinstance(field, str):
        pointer = f"#/{field}"
    if isinstance(pointer, str):
        code = str(error.facts.get("reason") or error.code)
        yield {"pointer": pointer, "code": code, "detail": error.sentence}


def from_validation(found: Iterable[dict[str, Any]]) -> list[dict[str, str]]:
    """Turn what pydantic found into places and sentences."""
    return [_place(one) for one in found]


def _place(one: dict[str, Any]) -> dict[str, str]:
    source, *way = (str(part) for part in one.get("loc", ("body",)))
    told = {"code": str(one.get("type", "invalid")), "detail": str(one.get("msg", "invalid"))}
    if source == "body":
        # The first part is the name of the view's argument; the body itself is the rest.
        return {"pointer": "#" + "".join(f"/{_escaped(part)}" for part in way[1:]), **told}
    return {"header" if source == "header" else "parameter": ".".join(way), **told}


def _escaped(part: str) -> str:
    """Write a part of a JSON pointer (RFC 6901)."""
    return part.replace("~", "~0").replace("/", "~1")
