"""`/v1`: the REST interface, put together from its resources.

A resource is a module of `resources` with a `router`; adding its name to `RESOURCES` mounts it. Everything that goes
wrong in an operation becomes a problem document here.
"""

import importlib
from http import HTTPStatus
from typing import Any

import orjson
import structlog
from django.http import Http404, HttpRequest, HttpResponse
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from cagnotte.api import openapi
from cagnotte.api.errors import InvalidRequest, MalformedRequest
from cagnotte.api.problems import FAULT, FAULT_SENTENCE, from_error, from_validation, problem
from cagnotte.domain.errors import CagnotteError
from cagnotte.identity.api_keys import API_VERSION

RESOURCES = (
    "programme",
    "parties",
    "contracts",
    "offers",
    "members",
    "consents",
    "cagnottes",
    "holds",
    "vouchers",
    "payouts",
    "quotes",
    "purchases",
    "purchase_answers",
    "rewards",
    "events",
    "webhook_endpoints",
)
"""Modules of `cagnotte.api.resources`, in the order in which the reference shows them."""

log = structlog.get_logger(__name__)


class _Json(BaseRenderer):
    """Answers as JSON."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:  # noqa: ARG002
        """Write an answer."""
        return orjson.dumps(data)


class _Bodies(Parser):
    """Bodies as JSON alone: no NaN, no lone surrogates, no NUL (which no text of the database can hold)."""

    def parse_body(self, request: HttpRequest) -> Any:
        """Read a body. Raises MalformedRequest."""
        body = request.body
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise MalformedRequest(f"The body is no JSON: {error}.") from None
        if b"\\u0000" in body and _holds_nul(data):
            raise MalformedRequest("No text here may hold the character NUL.")
        return data


def _holds_nul(data: Any) -> bool:
    if isinstance(data, str):
        return "\x00" in data
    if isinstance(data, dict):
        return any(_holds_nul(part) for pair in data.items() for part in pair)
    return isinstance(data, list) and any(_holds_nul(part) for part in data)


class _Interface(NinjaAPI):
    """Ninja, with our OpenAPI file and with operations named as their functions."""

    def get_openapi_schema(self, **_: Any) -> OpenAPISchema:
        """Describe the interface."""
        return openapi.completed(self, super().get_openapi_schema(path_prefix="v1/"))

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Name an operation, for clients that are generated."""
        return operation.view_func.__name__


api = _Interface(
    title="Cagnotte",
    version=API_VERSION,
    description=openapi.DESCRIPTION,
    urls_namespace="v1",
    openapi_url="/openapi.json",
    docs_url=None,
    renderer=_Json(),
    parser=_Bodies(),
    servers=[],
)


@api.exception_handler(CagnotteError)
def _refused(request: HttpRequest, error: CagnotteError) -> HttpResponse:
    response = from_error(error, request)
    if response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("a request failed", error=str(error), request_id=_id(request))
    return response


@api.exception_handler(ValidationError)
def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    places = from_validation(error.errors)
    return from_error(InvalidRequest(InvalidRequest.__doc__, errors=places), request)


@api.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:
    # Ninja's parser wraps what ours raises.
    cause = error.__cause__ or error.__context__
    known = cause if isinstance(cause, CagnotteError) else MalformedRequest(str(error))
    return from_error(known, request)


@api.exception_handler(Http404)
def _not_there(request: HttpRequest, _error: Http404) -> HttpResponse:
    return problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.", request=request)


@api.exception_handler(Exception)
def _fault(request: HttpRequest, error: Exception) -> HttpResponse:
    log.error("a request failed", exc_info=error, request_id=_id(request))
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, FAULT, FAULT_SENTENCE, request=request)


def _id(request: HttpRequest) -> str:
    return str(getattr(request, "request_id", ""))


for _name in RESOURCES:
    api.add_router("", importlib.import_module(f"cagnotte.api.resources.{_name}").router)
