"""The gate of `/v1`: what happens to every request before and after its operation.

Before: an id, the clock, the size and type of the body, the key and its quota (one statement), the version. After: the
headers that every answer carries, a problem document for whatever went wrong outside of an operation, and a line in
the log of requests. Requests to other addresses pass untouched.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from http import HTTPStatus
from math import ceil
from time import perf_counter
from typing import cast
from uuid import uuid4

import structlog
from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from cagnotte.api import versions
from cagnotte.api.access import MEMBER_TOKEN_HEADER, ApiRequest
from cagnotte.api.errors import (
    BodyTooLarge,
    KeyInvalid,
    MalformedRequest,
    OriginNotAllowed,
    QuotaExceeded,
    UnsupportedMediaType,
)
from cagnotte.api.idempotency import HEADER as TOKEN_HEADER
from cagnotte.api.problems import CONTENT_TYPE, FAULT, FAULT_SENTENCE, from_error, problem
from cagnotte.domain import ids
from cagnotte.domain.errors import CagnotteError
from cagnotte.identity import api_calls, api_keys
from cagnotte.identity.api_keys import Caller, Quota
from cagnotte.platform.database import explain
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.platform.visitors import address_of

PREFIX = "/v1/"
BODY_BYTES_MAX = 2 * 1024 * 1024
"""Largest body that is taken: five hundred purchases with all their lines."""

PREFLIGHT_SECONDS = 3600
"""How long a browser remembers what it may send."""

PATH_LENGTH_KEPT = 500

Handler = Callable[[HttpRequest], HttpResponse]

log = structlog.get_logger(__name__)

_BEARER = re.compile(r"Bearer +(cag_[a-z0-9_]{10,90})", re.IGNORECASE)
_NAMED = re.compile(r"\b[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}\b")
_ID_FIRST = re.compile(
    rb'^\s*\{\s*"(?:object"\s*:\s*"\w+"\s*,\s*")?id"\s*:\s*"([a-z]{3}_[0-9a-z]{26})"'
)


class Gate:
    """The middleware; stands first, so that nothing happens to a request of `/v1` outside of it."""

    def __init__(self, get_response: Handler) -> None:
        self._next = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let a request pass."""
        if not request.path_info.startswith(PREFIX):
            return self._next(request)
        call = _Call(cast("ApiRequest", request))
        response = call.answered(self._next)
        call.note(response)
        return response


class _Call:
    """One request of `/v1` on its way."""

    def __init__(self, request: ApiRequest) -> None:
        self.request = request
        self.began = perf_counter()
        request.now = datetime.now(UTC)  # noqa: TID251 - the edge: the clock is read once here and passed on
        self.id = ids.derived_id(request.now, uuid4())
        request.request_id = ids.public_id("req", self.id)
        self.key: Caller | None = None
        self.origin = request.headers.get("Origin", "").lower()

    def answered(self, following: Handler) -> HttpResponse:
        """Return the answer, whatever happens."""
        request = self.request
        version = None
        try:
            if request.method == "OPTIONS":
                return self._preflight()
            _check_form(request)
            self._admit()
            pinned = self.key.api_version if self.key else None
            version = versions.chosen(request.headers.get(versions.HEADER), pinned)
            response = following(request)
        except CagnotteError as error:
            response = from_error(error, request)
        except DatabaseError as error:
            response = self._without_database(error)
        except Exception:
            log.exception("a request failed", request_id=request.request_id)
            response = self._fault()
        response = self._as_problem(response)
        self._complete(response, version)
        return response

    def _admit(self) -> None:
        """Recognise the key, if one came; whether one is needed is the operation's business."""
        header = self.request.headers.get("Authorization")
        if header is None:
            return
        found = _BEARER.fullmatch(header.strip())
        if found is None:
            raise KeyInvalid
        secret = found[1]
        is_browser = secret.split("_")[2] == "pk"
        key = api_keys.admit(
            shared_connection(),
            secret,
            quota=quota_of(is_browser=is_browser),
            address=_address(self.request) if is_browser else "",
            now=self.request.now,
        )
        if key is None or not key.is_valid(self.request.now):
            raise KeyInvalid
        self.key = self.request.key = key
        if key.left < 0:
            raise QuotaExceeded
        self._check_origin(key)

    def _check_origin(self, key: Caller) -> None:
        if key.is_publishable and not self._is_welcome(key):
            raise OriginNotAllowed(
                f"This key is not for pages of {self.origin or 'an unnamed origin'}; name it among the key's origins."
            )

    def _is_welcome(self, key: Caller) -> bool:
        """Tell whether a page may use a publishable key; our own pages always may."""
        if not self.origin:
            return "*" in key.origins or self.request.headers.get("Sec-Fetch-Site") == "same-origin"
        own = settings.CAGNOTTE_PUBLIC_URL or f"{self.request.scheme}://{self.request.get_host()}"
        return self.origin in key.origins or "*" in key.origins or self.origin == own.lower()

    def _preflight(self) -> HttpResponse:
        """Answer a browser's question before the request; what the key may do is seen when it comes."""
        response = HttpResponse(status=HTTPStatus.NO_CONTENT)
        if self.origin:
            response["Access-Control-Allow-Origin"] = self.origin
            response["Access-Control-Allow-Methods"] = "GET, POST"
            response["Access-Control-Allow-Headers"] = (
                f"Authorization, Content-Type, Accept-Language, If-None-Match, {MEMBER_TOKEN_HEADER}, "
                f"{TOKEN_HEADER}, {versions.HEADER}"
            )
            response["Access-Control-Max-Age"] = str(PREFLIGHT_SECONDS)
        patch_vary_headers(response, ["Origin"])
        return response

    def _without_database(self, error: Exception) -> HttpResponse:
        explained = explain(error.__cause__ or error)
        if explained is None:
            log.error("a request failed", exc_info=error, request_id=self.request.request_id)
            return self._fault()
        return from_error(explained, self.request)

    def _fault(self) -> HttpResponse:
        return problem(
            HTTPStatus.INTERNAL_SERVER_ERROR, FAULT, FAULT_SENTENCE, request=self.request
        )

    def _as_problem(self, response: HttpResponse) -> HttpResponse:
        """Turn what Django itself answered (no such address, no such method …) into a problem document."""
        status = response.status_code
        if status < HTTPStatus.BAD_REQUEST or response.get("Content-Type") == CONTENT_TYPE:
            return response
        code, sentence = _OF_DJANGO.get(status, (FAULT, FAULT_SENTENCE))
        told = problem(HTTPStatus(status), code, sentence, request=self.request)
        for name in ("Allow", "Retry-After"):
            if response.has_header(name):
                told[name] = response[name]
        return told

    def _complete(self, response: HttpResponse, version: str | None) -> None:
        response["Request-Id"] = self.request.request_id
        if version:
            response[versions.HEADER] = version
        if not response.has_header("Cache-Control"):
            response["Cache-Control"] = "no-store"
        if self.key is None:
            return
        _tell_quota(response, self.key)
        if self.key.is_publishable and self.origin and self._is_welcome(self.key):
            response["Access-Control-Allow-Origin"] = self.origin
            response["Access-Control-Expose-Headers"] = "ETag, Request-Id, RateLimit, Retry-After"
            patch_vary_headers(response, ["Origin"])

    def note(self, response: HttpResponse) -> None:
        """Write a line of the log; a request without a valid key leaves none."""
        if self.key is None:
            return
        request = self.request
        try:
            api_calls.note(
                shared_connection(),
                id=self.id,
                at=request.now,
                programme_id=self.key.programme_id,
                key_id=self.key.id,
                method=str(request.method)[:7],
                path=request.path_info[:PATH_LENGTH_KEPT],
                status=response.status_code,
                duration_ms=round((perf_counter() - self.began) * 1000),
                code=getattr(response, "problem_code", ""),
                objects_named=_named(request.path_info, response),
            )
        except Exception:  # the answer stands, whether it could be noted or not
            log.exception("a request could not be noted", request_id=request.request_id)


_OF_DJANGO: dict[int, tuple[str, str]] = {
    400: ("malformed_request", "The request cannot be read."),
    403: ("not_permitted", "This is not permitted."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "There is something here, but not for this method."),
    413: ("body_too_large", "The body is too large."),
}
"""What is told for the statuses that Django answers before an operation is found: code and sentence."""


def quota_of(*, is_browser: bool) -> Quota:
    """Return the quota of secret keys, or of one browser with a publishable key."""
    name = "CAGNOTTE_API_BROWSER_QUOTA" if is_browser else "CAGNOTTE_API_QUOTA"
    return Quota(getattr(settings, name), 60)


def _tell_quota(response: HttpResponse, key: Caller) -> None:
    """Write the fields of draft-ietf-httpapi-ratelimit-headers: the policy, and what is left of it."""
    quota = quota_of(is_browser=key.is_publishable)
    left = max(key.left, 0)
    refill = quota.seconds / quota.requests
    wait = ceil(refill) if key.left < 0 else ceil((quota.requests - left) * refill)
    response["RateLimit-Policy"] = f'"default";q={quota.requests};w={quota.seconds}'
    response["RateLimit"] = f'"default";r={left};t={wait}'
    if key.left < 0:
        response["Retry-After"] = str(wait)


def _check_form(request: HttpRequest) -> None:
    """Refuse what no operation could read. Raises MalformedRequest, BodyTooLarge, UnsupportedMediaType."""
    if "\x00" in request.path_info or "%00" in request.META.get("QUERY_STRING", ""):
        raise MalformedRequest("No text here may hold the character NUL.")
    length = str(request.META.get("CONTENT_LENGTH") or 0)
    if not length.isdecimal():
        raise MalformedRequest("Content-Length is no number.")
    if int(length) > BODY_BYTES_MAX:
        raise BodyTooLarge(f"A body has {BODY_BYTES_MAX // 1024:,} KiB at most.")
    if int(length) and request.content_type != "application/json":
        raise UnsupportedMediaType


def _address(request: HttpRequest) -> str:
    """Tell browsers apart without keeping where they are."""
    return hashlib.sha256(address_of(request).encode()).hexdigest()[:16]


def _named(path: str, response: HttpResponse) -> list[str]:
    """Return the public ids a request was about: those in its address, and the one its answer begins with."""
    named = _NAMED.findall(path)
    found = None if response.streaming else _ID_FIRST.match(response.content[:120])
    if found:
        named.append(found[1].decode())
    return list(dict.fromkeys(named))
