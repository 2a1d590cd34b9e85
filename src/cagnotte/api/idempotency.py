"""A request that is sent twice has one effect: the `Idempotency-Key`.

`@idempotent` runs an operation in one database transaction of Django's connection and keeps its answer in the same
one, so that effect and answer are there together or not at all. Work on `shared_connection()` takes part; work on
other connections must be idempotent by itself, by ids drawn from `token_of(request)`.

- The same request again is answered the same, with `Idempotent-Replayed: true`, for `KEPT_HOURS`.
- While the first is being worked on, the second is refused (409); an advisory lock knows, and dies with its session.
- The same token with another request is refused (422).
- A refusal is not kept: it changed nothing, and the same request may fare better later.
"""

import hashlib
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from functools import wraps
from http import HTTPStatus
from typing import Any, TypeVar, cast
from uuid import UUID

import orjson
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from ninja.decorators import decorate_view

from cagnotte.api.access import ApiRequest
from cagnotte.api.errors import IdempotencyInFlight, IdempotencyMismatch, MalformedRequest
from cagnotte.api.problems import from_error
from cagnotte.domain.errors import CagnotteError
from cagnotte.platform import sql
from cagnotte.platform.secrets_box import seal, unseal
from cagnotte.platform.shared_connection import shared_connection

SQL = sql.load("api")

HEADER = "Idempotency-Key"
KEPT_HOURS = 48
TOKEN_LENGTH_MAX = 255
KEPT_HEADERS = ("Location", "ETag")

View = TypeVar("View", bound=Callable[..., Any])
Run = Callable[..., HttpResponse]


def idempotent(view: View) -> View:
    """Let an operation take an Idempotency-Key; stands below `@router.post(…)`."""
    view.takes_token = True  # type: ignore[attr-defined]  # the OpenAPI file lists the header
    return decorate_view(_answered_once)(view)


def token_of(request: HttpRequest) -> str | None:
    """Return the request's Idempotency-Key. Raises MalformedRequest for one that is no printable ASCII, or too long."""
    token = request.headers.get(HEADER)
    if token is None:
        return None
    if not 0 < len(token) <= TOKEN_LENGTH_MAX or not token.isascii() or not token.isprintable():
        raise MalformedRequest(
            f"An {HEADER} has 1 to {TOKEN_LENGTH_MAX} printable ASCII characters, such as a UUID."
        )
    return token


def _answered_once(run: Run) -> Run:
    # Ninja's operation, whose checks come before anything is looked up: a stored answer is for who may ask.
    operation = cast("Any", run).__self__

    @wraps(run)
    def answered(request: HttpRequest, **path: Any) -> HttpResponse:
        refused = operation._run_checks(request)  # noqa: SLF001 - ninja has no other name for it
        if refused:
            return cast("HttpResponse", refused)
        try:
            token = token_of(request)
            with transaction.atomic():
                kept = _stored(cast("ApiRequest", request), token) if token else None
                response = kept or run(request, **path)
                if response.status_code >= HTTPStatus.BAD_REQUEST:
                    transaction.set_rollback(True)
                elif token and not kept:
                    _keep(cast("ApiRequest", request), token, response)
        except CagnotteError as error:
            return from_error(error, request)
        return response

    return answered


def _stored(request: ApiRequest, token: str) -> HttpResponse | None:
    """Return what the token was answered before. Raises IdempotencyInFlight, IdempotencyMismatch."""
    facts = {"programme_id": request.key.programme_id, "token": token}
    connection = shared_connection()
    free = connection.execute(
        SQL.try_token, {"lock": lock_of(request.key.programme_id, token)}
    ).fetchone()
    if free != (True,):
        raise IdempotencyInFlight
    row = connection.execute(SQL.answer_of_token, {**facts, "now": request.now}).fetchone()
    if row is None:
        return None
    fingerprint, status, headers, sealed = row
    if bytes(fingerprint) != _fingerprint(request):
        raise IdempotencyMismatch
    response = HttpResponse(unseal(sealed), status=status, content_type="application/json")
    for name, value in orjson.loads(headers).items():
        response[name] = value
    response["Idempotent-Replayed"] = "true"
    return response


def _keep(request: ApiRequest, token: str, response: HttpResponse) -> None:
    headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    shared_connection().execute(
        SQL.keep_answer,
        {
            "programme_id": request.key.programme_id,
            "token": token,
            "fingerprint": _fingerprint(request),
            "status": response.status_code,
            "headers": orjson.dumps(headers).decode(),
            # Answers hold names, addresses and secrets that are shown once.
            "sealed_body": seal(response.content.decode()),
            "now": request.now,
            "expires_at": request.now + timedelta(hours=KEPT_HOURS),
        },
    )


def lock_of(programme_id: UUID, token: str) -> int:
    """Return the number of the advisory lock of a programme's token."""
    digest = hashlib.sha256(b"token\x1f" + programme_id.bytes + token.encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


def _fingerprint(request: HttpRequest) -> bytes:
    """Hash method, path, query and body; of JSON the meaning, so that order and spaces do not matter."""
    body: bytes = request.body
    with suppress(orjson.JSONDecodeError):
        body = orjson.dumps(orjson.loads(body), option=orjson.OPT_SORT_KEYS)
    head = f"{request.method}\x1f{request.path}\x1f{request.META.get('QUERY_STRING', '')}\x1f"
    return hashlib.sha256(head.encode() + body).digest()
