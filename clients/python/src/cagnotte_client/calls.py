"""One call: what is asked, how often it is tried, how its answer is read. Nothing here sends or waits.

`exchange` is a generator that says how long to wait before each attempt and is told what the attempt came to. A
client that waits for the network and one that does not drive the same generator, so that there is one set of rules.
"""

import json
import random
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Generic, TypeVar, cast
from urllib.parse import quote
from uuid import uuid4

import httpx

from cagnotte_client.errors import NotReached, UnreadableAnswer, problem_of

T = TypeVar("T")

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 8.0
"""Pauses double from the first to the longest; each is drawn between its half and its whole."""

LONGEST_ASKED_SECONDS = 60.0
"""A server that asks for a longer pause is not waited for: whoever called decides."""

SHOWN_CHARACTERS = 200
"""How much of an answer that cannot be read an error shows."""

IN_FLIGHT = "idempotency_in_flight"

Outcome = httpx.Response | httpx.TransportError
Exchange = Generator[float, Outcome, Any]


@dataclass(frozen=True, slots=True)
class Call(Generic[T]):
    """Something to ask of the server; T is the shape of its answer.

    path: from `/v1`, its parts quoted. body: None for none. headers: of this call alone.
    repeatable: whether it may be sent again when no answer came: it changes nothing, or carries an Idempotency-Key.
    """

    method: str
    path: str
    query: Mapping[str, Any] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True

    def at(self, cursor: str) -> "Call[T]":
        """Return the call for another page of the same list."""
        return replace(self, query={**self.query, "cursor": cursor})

    def arguments(self) -> dict[str, Any]:
        """Return what httpx needs to send it."""
        content = None if self.body is None else json.dumps(given(self.body)).encode()
        kind = {} if content is None else {"Content-Type": "application/json"}
        return {
            "method": self.method,
            "url": self.path,
            "params": given(self.query),
            "content": content,
            "headers": {**self.headers, **kind},
        }


def read_call(path: str, query: Mapping[str, Any] | None = None) -> Call[Any]:
    """Return a call that reads."""
    return Call("GET", path, query or {})


def write_call(
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    idempotency_key: str | None = None,
    if_match: str | None = None,
) -> Call[Any]:
    """Return a call that changes something, under a new Idempotency-Key unless one is given."""
    headers = {"Idempotency-Key": idempotency_key or str(uuid4())}
    if if_match is not None:
        headers["If-Match"] = if_match
    return Call(method, path, {}, body, headers)


def part(value: str) -> str:
    """Return an id as a part of a path. Raises ValueError for an empty one, which would be another address."""
    if not value:
        raise ValueError("An id is empty.")
    return quote(value, safe="")


def given(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what was not given: None."""
    return {name: value for name, value in values.items() if value is not None}


# ---- answers ----


@dataclass(frozen=True, slots=True)
class Meta:
    """What came along with an answer.

    request_id: `req_…`, for the log of requests. etag: send it as `if_match` with a change. replayed: whether the
    server had done it before, under the same Idempotency-Key. idempotency_key: the one it was sent under.
    quota_left: how many requests are left now.
    """

    status: int
    request_id: str | None
    etag: str | None
    replayed: bool
    idempotency_key: str | None
    quota_left: int | None


class _Answer(dict[str, Any]):
    """A JSON object with what came along with it; to everybody else, a plain dict."""

    meta: Meta


def meta(answer: Mapping[str, Any]) -> Meta:
    """Return what came along with an answer of this client. Raises TypeError for anything else, such as a copy."""
    if not isinstance(answer, _Answer):
        raise TypeError("Only answers as they come have it, not copies or parts of them.")
    return answer.meta


# ---- attempts ----


@dataclass(frozen=True, slots=True)
class Policy:
    """How often a call is tried again. retries: after the first attempt; 0 = never."""

    retries: int = 3

    def pause(self, call: Call[Any], outcome: Outcome, *, tried: int) -> float | None:
        """Return the seconds to wait before trying again; None: what came stands. tried: attempts so far."""
        if tried > self.retries or not _may_fare_better(call, outcome):
            return None
        asked = retry_after(outcome) if isinstance(outcome, httpx.Response) else None
        if asked is not None and asked > LONGEST_ASKED_SECONDS:
            return None
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (tried - 1))
        # Clients that failed together do not come back together.
        return max(asked or 0.0, random.uniform(longest / 2, longest))  # noqa: S311


def exchange(call: Call[Any], policy: Policy) -> Exchange:
    """Yield the seconds to wait before each attempt; take what each came to; return the answer.

    Raises NotReached, UnreadableAnswer and the kinds of Problem.
    """
    pause: float | None = 0.0
    tried = 0
    while pause is not None:
        outcome = yield pause
        tried += 1
        pause = policy.pause(call, outcome, tried=tried)
    if isinstance(outcome, httpx.TransportError):
        raise _not_reached(call, outcome, tried) from outcome
    return _read(call, outcome)


def _may_fare_better(call: Call[Any], outcome: Outcome) -> bool:
    """Tell whether the same request may be answered otherwise, and does no harm."""
    if isinstance(outcome, httpx.LocalProtocolError | httpx.UnsupportedProtocol):
        return False
    if isinstance(outcome, httpx.TransportError):
        # Without a connection nothing was sent, so nothing was done.
        return call.repeatable or isinstance(outcome, httpx.ConnectError | httpx.ConnectTimeout)
    status = outcome.status_code
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return True
    if status == HTTPStatus.CONFLICT:
        return _document(outcome).get("code") == IN_FLIGHT
    return call.repeatable and status >= HTTPStatus.INTERNAL_SERVER_ERROR


def retry_after(response: httpx.Response) -> float | None:
    """Return for how many seconds the server wants to be left alone, by Retry-After or, on 429, by RateLimit."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text)
    if text:
        return _until(text)
    if response.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return _quota(response, "t")
    return None


def _until(text: str) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())  # noqa: TID251 - the edge: a date to wait for


def _quota(response: httpx.Response, name: str) -> float | None:
    """Return a parameter of `RateLimit: "default";r=59;t=1`."""
    for one in response.headers.get("RateLimit", "").split(";"):
        key, _, value = one.strip().partition("=")
        if key == name and value.isascii() and value.isdecimal():
            return float(value)
    return None


def _not_reached(call: Call[Any], outcome: httpx.TransportError, tried: int) -> NotReached:
    times = "once" if tried == 1 else f"{tried} times"
    return NotReached(
        f"{call.method} {call.path} was tried {times}, and no answer came: {str(outcome) or type(outcome).__name__}",
        idempotency_key=call.headers.get("Idempotency-Key"),
    )


def _read(call: Call[Any], response: httpx.Response) -> Any:
    if response.is_success:
        return _answer(call, response)
    document = _document(response)
    if not document.get("code"):
        raise _unreadable(call, response)
    raise problem_of(
        document,
        status=response.status_code,
        request_id=response.headers.get("Request-Id"),
        retry_after=retry_after(response),
    )


def _answer(call: Call[Any], response: httpx.Response) -> _Answer:
    if response.status_code == HTTPStatus.NO_CONTENT:
        found: Any = {}
    else:
        try:
            found = response.json()
        except ValueError:
            found = None
    if not isinstance(found, dict):
        raise _unreadable(call, response)
    answer = _Answer(found)
    left = _quota(response, "r")
    answer.meta = Meta(
        response.status_code,
        response.headers.get("Request-Id"),
        response.headers.get("ETag"),
        response.headers.get("Idempotent-Replayed") == "true",
        call.headers.get("Idempotency-Key"),
        None if left is None else int(left),
    )
    return answer


def _document(response: httpx.Response) -> dict[str, Any]:
    try:
        found = response.json()
    except ValueError:
        return {}
    return cast("dict[str, Any]", found) if isinstance(found, dict) else {}


def _unreadable(call: Call[Any], response: httpx.Response) -> UnreadableAnswer:
    sentence = (
        f"{call.method} {call.path} was answered {response.status_code}, but not by Cagnotte."
    )
    if response.is_redirect:
        sentence += f" It leads to {response.headers.get('Location')}: name the right address when making the client."
    return UnreadableAnswer(
        sentence, status=response.status_code, body=response.text[:SHOWN_CHARACTERS]
    )
