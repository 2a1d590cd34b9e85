"""What is wrong with a request itself, whatever it asks for: errors of the REST interface alone.

Each has the HTTP status it is answered with; statuses of all other errors are in `problems`.
"""

from http import HTTPStatus
from typing import ClassVar

from cagnotte.domain.errors import CagnotteError


class RequestRefused(CagnotteError):
    """The request is not taken; nothing was changed."""

    status: ClassVar[HTTPStatus] = HTTPStatus.BAD_REQUEST
    headers: ClassVar[dict[str, str]] = {}


class MalformedRequest(RequestRefused):
    """The request cannot be read: its body is no JSON, or a header is malformed."""


class UnknownVersion(RequestRefused):
    """The interface has no such version; leave the header out or name one that exists."""


class KeyMissing(RequestRefused):
    """Send the key of your programme: `Authorization: Bearer cag_…`."""

    status = HTTPStatus.UNAUTHORIZED
    headers: ClassVar[dict[str, str]] = {"WWW-Authenticate": 'Bearer realm="cagnotte"'}


class KeyInvalid(RequestRefused):
    """This key opens nothing: it is unknown, was revoked, or has expired."""

    status = HTTPStatus.UNAUTHORIZED
    headers: ClassVar[dict[str, str]] = {
        "WWW-Authenticate": 'Bearer realm="cagnotte", error="invalid_token"'
    }


class MemberTokenInvalid(RequestRefused):
    """The member's token was not made here, is another programme's, or has expired; ask for a new one."""

    status = HTTPStatus.UNAUTHORIZED


class NotPermitted(RequestRefused):
    """The key is not allowed to do this."""

    status = HTTPStatus.FORBIDDEN


class OriginNotAllowed(RequestRefused):
    """The key is not for pages of this origin."""

    status = HTTPStatus.FORBIDDEN


class MethodNotAllowed(RequestRefused):
    """There is something here, but not for this method; the header Allow lists those there are."""

    status = HTTPStatus.METHOD_NOT_ALLOWED


class BodyTooLarge(RequestRefused):
    """The body is larger than any request needs."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class UnsupportedMediaType(RequestRefused):
    """Bodies are JSON: send `Content-Type: application/json`."""

    status = HTTPStatus.UNSUPPORTED_MEDIA_TYPE


class InvalidRequest(RequestRefused):
    """Some fields are missing or wrong; `errors` points at each."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class PreconditionFailed(RequestRefused):
    """It has changed since you read it; read it again, and decide again."""

    status = HTTPStatus.PRECONDITION_FAILED


class IdempotencyInFlight(RequestRefused):
    """A request with this Idempotency-Key is being worked on; send it again in a moment."""

    status = HTTPStatus.CONFLICT
    headers: ClassVar[dict[str, str]] = {"Retry-After": "1"}


class IdempotencyMismatch(RequestRefused):
    """This Idempotency-Key was used for another request; every request that is new has a new one."""

    status = HTTPStatus.UNPROCESSABLE_ENTITY


class QuotaExceeded(RequestRefused):
    """Too many requests; Retry-After says when there is room again."""

    code = "quota-exceeded"
    status = HTTPStatus.TOO_MANY_REQUESTS
