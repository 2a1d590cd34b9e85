"""A client for the tests of `/v1`: keys of a world, and requests that read like what a developer types."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.test import Client

from cagnotte.identity import api_keys
from cagnotte.identity.models import ApiKey, Programme

MADE = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.content) if self.content else None

    @property
    def code(self) -> str | None:
        """The problem's code."""
        assert self.headers["content-type"] == "application/problem+json"
        found: str = self.json["code"]
        return found


@dataclass
class Interface:
    """Calls `/v1` with a key; `secret` empty = without one."""

    secret: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def call(self, method: str, path: str, body: Any = None, /, **headers: str) -> Answer:
        """Send a request; headers by their names with underscores: `idempotency_key="1"`."""
        sent = {
            **self.headers,
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if self.secret:
            sent.setdefault("authorization", f"Bearer {self.secret}")
        options: dict[str, Any] = {"headers": sent}
        if body is not None:
            content = body if isinstance(body, bytes) else json.dumps(body).encode()
            options |= {
                "data": content,
                "content_type": sent.pop("content-type", "application/json"),
            }
        response = Client(raise_request_exception=False).generic(method, f"/v1{path}", **options)
        return Answer(
            response.status_code,
            {name.lower(): value for name, value in response.items()},
            response.content,
        )

    def get(self, path: str, /, **headers: str) -> Answer:
        """GET."""
        return self.call("GET", path, **headers)

    def post(self, path: str, body: Any = None, /, **headers: str) -> Answer:
        """POST JSON."""
        return self.call("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, /, **headers: str) -> Answer:
        """PATCH JSON."""
        return self.call("PATCH", path, body, **headers)


def key_of(slug: str, **facts: Any) -> str:
    """Make a key of a programme; return its secret."""
    programme = Programme.objects.get(slug=slug)
    return api_keys.make(programme, **{"name": "test", "now": MADE, **facts}).secret


def interface(slug: str = "corner", **facts: Any) -> Interface:
    """Return a client with a new key of a programme: a secret one that may do everything, unless told otherwise."""
    return Interface(key_of(slug, **facts))


PUBLISHABLE: dict[str, Any] = {"kind": ApiKey.Kind.PUBLISHABLE, "origins": ["https://shop.example"]}
