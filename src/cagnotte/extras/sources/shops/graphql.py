"""Asking by GraphQL: errors come with status 200, beside the data or instead of it."""

from collections.abc import Mapping
from typing import Any

from cagnotte.extras.sources.networks import asking
from cagnotte.hooks import reading, writing
from cagnotte.hooks.sources import HttpAnswer, SourceContext, SourceFailed

DENIED = frozenset({"FORBIDDEN", "UNAUTHORIZED", "UNAUTHENTICATED", "PermissionDenied"})
"""Codes by which servers say that the credentials do not suffice."""

MESSAGE_LENGTH_MAX = 200


def ask(
    context: SourceContext,
    title: str,
    url: str,
    query: str,
    variables: Mapping[str, Any],
    *,
    headers: Mapping[str, str] | None = None,
) -> HttpAnswer:
    """Ask one question and return the answer, which holds data and no errors. Raises SourceBusy and SourceFailed."""
    answer = context.calls().request(
        "POST",
        url,
        headers={"content-type": "application/json", **(headers or {})},
        body=writing.json_of({"query": query, "variables": variables}),
    )
    data(answer, title)
    return answer


def data(answer: HttpAnswer, title: str) -> Mapping[str, Any]:
    """Return the data of an answer. Raises SourceFailed when there is none, or when there is an error beside it."""
    told = asking.mapped(asking.accepted_json(answer, title), title)
    for error in told.get("errors") or []:
        code = reading.dig(error, "extensions.code") or reading.dig(
            error, "extensions.exception.code"
        )
        if code in DENIED:
            raise SourceFailed(f"{title} does not accept the credentials, or not for this.")
        message = str(reading.dig(error, "message"))[:MESSAGE_LENGTH_MAX]
        raise SourceFailed(f"{title} answered with an error: {message}")
    return asking.mapped(told.get("data"), title)
