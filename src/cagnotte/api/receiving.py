"""The address where connected sources send to: `/in/PROGRAMME/SOURCE/TOKEN`.

Whoever does not know the token learns nothing: a wrong token, an unknown source, one at rest and one that sends nothing
are all answered alike.
"""

from datetime import UTC, datetime
from http import HTTPStatus

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.request import RawPostDataException, UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from cagnotte.api.problems import problem
from cagnotte.domain.errors import InvalidInput
from cagnotte.hooks.sources import BadSignature, Incoming
from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account
from cagnotte.journeys import receive_messages
from cagnotte.platform import database

BODY_BYTES_MAX = 5 * 1024 * 1024
"""Largest message that is taken; those of real sources are far smaller."""

log = structlog.get_logger(__name__)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def receive(request: HttpRequest, programme: str, source: str, token: str) -> HttpResponse:
    """Take what a source sends, and answer as its plugin says."""
    now = datetime.now(UTC)  # noqa: TID251 - the edge: the clock is read once here and passed on
    try:
        account = accounts.addressed(programme, source, token, now=now)
        if account is None:
            return problem(HTTPStatus.NOT_FOUND, "not_found", "There is nothing here.")
        return _answered(request, account, now)
    except Exception:  # the sender sends again, and is told nothing of the inside
        log.exception("receiving failed", programme=programme, source=source)
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, "failed", "Nothing was taken; send it again."
        )


def _answered(request: HttpRequest, account: Account, now: datetime) -> HttpResponse:
    if request.method == "HEAD":
        return HttpResponse()
    body = _body(request)
    if body is None:
        return problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too_large",
            f"A message has {BODY_BYTES_MAX // 1024:,} KiB at most.",
        )
    with database.connect() as connection:
        try:
            taken = receive_messages.receive(connection, account, _incoming(request, body), now=now)
        except BadSignature:
            return problem(
                HTTPStatus.UNAUTHORIZED, "bad_signature", "The signature is missing or wrong."
            )
        except InvalidInput:
            return problem(HTTPStatus.BAD_REQUEST, "not_understood", "This is no message.")
        if taken.kept and settings.CAGNOTTE_READ_AT_ONCE:
            receive_messages.read_now(connection, account, now=now)
    return HttpResponse(taken.answer, status=taken.status, content_type=_content_type(taken.answer))


def _body(request: HttpRequest) -> bytes | None:
    """Return the body as it came, None when it is too large; read here, for signatures are over bytes."""
    if _declared_too_large(request):
        return None
    try:
        body: bytes = request.read(BODY_BYTES_MAX + 1)
    except (UnreadablePostError, RawPostDataException):
        return b""
    return body if len(body) <= BODY_BYTES_MAX else None


def _declared_too_large(request: HttpRequest) -> bool:
    declared = str(request.META.get("CONTENT_LENGTH") or 0)
    return declared.isdecimal() and int(declared) > BODY_BYTES_MAX


def _incoming(request: HttpRequest, body: bytes) -> Incoming:
    base = settings.CAGNOTTE_PUBLIC_URL
    return Incoming(
        method=str(request.method),
        url=base + request.path_info if base else request.build_absolute_uri(request.path),
        query=str(request.META.get("QUERY_STRING", "")),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
    )


def _content_type(answer: str) -> str:
    """JSON where it looks like it, else plain text: what a sender wrote and we repeat is never a page."""
    kind = "application/json" if answer.lstrip()[:1] in {"{", "["} else "text/plain"
    return f"{kind}; charset=utf-8"
