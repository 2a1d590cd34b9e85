"""Who may: what an operation asks of the key that came with the request.

An operation names one scope and whether a publishable key will do: `auth=secret("members:read")`,
`auth=publishable("quotes:read")`. The key was recognised before, by `gate`; here it is only looked at. With a
publishable key, what concerns one member needs a token that a server asked for and handed to that member's browser
(`member_of`).
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any, Literal, cast
from uuid import UUID

from django.core import signing
from django.http import HttpRequest

from cagnotte.api.errors import KeyInvalid, KeyMissing, MemberTokenInvalid, NotPermitted
from cagnotte.identity.api_keys import SCOPES, Caller
from cagnotte.identity.models import Programme

MEMBER_TOKEN_HEADER = "Cagnotte-Member"  # noqa: S105 - the header's name
MEMBER_TOKEN_MINUTES = 60
"""How long a member's browser may use a token; its page asks the shop's server for another."""

_SALT = "cagnotte.member-token"
_PREFIX = "mtk_"


class ApiRequest(HttpRequest):
    """A request as operations see it, after `gate`.

    key: whose request it is; the programme is always `key.programme_id`, never what the client says.
    now: the clock, read once. request_id: req_…, as the answer says.
    """

    key: Caller
    now: datetime
    request_id: str


class _Access:
    """What ninja calls before an operation; the class's name is the scheme's name in the OpenAPI file."""

    openapi_security_schema: dict[str, str]
    publishable = False

    def __init__(self, scope: str) -> None:
        if scope not in SCOPES:
            raise ValueError(f"{scope} is no scope")
        self.scope = scope

    def __call__(self, request: HttpRequest) -> Caller:
        """Return the key. Raises KeyMissing, KeyInvalid, NotPermitted."""
        key = cast("Caller | None", getattr(request, "key", None))
        if key is None:
            raise KeyInvalid if request.headers.get("Authorization") else KeyMissing
        if key.is_publishable and not self.publishable:
            raise NotPermitted(
                "A publishable key cannot do this; use a secret key, from your server."
            )
        if self.scope not in key.scopes:
            raise NotPermitted(f"The key lacks the scope “{self.scope}”.", scope=self.scope)
        return key


class SecretKey(_Access):
    """Secret keys alone."""

    openapi_security_schema = {  # noqa: RUF012 - read by ninja as it stands
        "type": "http",
        "scheme": "bearer",
        "description": "A secret key, cag_live_sk_… or cag_test_sk_…, kept on your server.",
    }


class AnyKey(_Access):
    """Secret keys, and publishable keys from the pages they are made for."""

    publishable = True
    openapi_security_schema = {  # noqa: RUF012 - read by ninja as it stands
        "type": "http",
        "scheme": "bearer",
        "description": "A secret key, or a publishable one, cag_live_pk_… or cag_test_pk_…, from its origins.",
    }


def secret(scope: str) -> Any:
    """Ask for a secret key with this scope."""
    return SecretKey(scope)


def publishable(scope: str) -> Any:
    """Ask for any key with this scope."""
    return AnyKey(scope)


# ---- members' tokens ----


def member_token(programme_id: UUID, member_id: UUID) -> str:
    """Return a token by which a browser may see what concerns this member, for `MEMBER_TOKEN_MINUTES`."""
    facts = {"p": programme_id.hex, "m": member_id.hex}
    return _PREFIX + signing.dumps(facts, salt=_SALT, compress=False)


def member_of(request: HttpRequest) -> UUID | None:
    """Return the member whose token came with the request, None without one. Raises MemberTokenInvalid."""
    token = request.headers.get(MEMBER_TOKEN_HEADER)
    if not token:
        return None
    key = cast("ApiRequest", request).key
    try:
        facts = signing.loads(
            token.removeprefix(_PREFIX), salt=_SALT, max_age=MEMBER_TOKEN_MINUTES * 60
        )
    except signing.BadSignature:
        raise MemberTokenInvalid from None
    if facts.get("p") != key.programme_id.hex:
        raise MemberTokenInvalid
    return UUID(hex=facts["m"])


def programme_of(request: HttpRequest) -> Programme:
    """Return the programme of the request's key."""
    return Programme.objects.get(id=cast("ApiRequest", request).key.programme_id)


Kind = Literal["secret", "publishable"]
Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
