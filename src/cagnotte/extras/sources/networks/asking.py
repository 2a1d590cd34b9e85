"""Asking networks: the settings that are needed for it, and answers that are errors, however they are dressed."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from cagnotte.hooks import reading
from cagnotte.hooks.sources import HttpAnswer, Setting, SourceContext, SourceFailed

HISTORY = Setting(
    "history_days", "How many days of the past the first poll asks for.", default="120"
)
"""Networks approve up to four months late."""

HISTORY_DAYS_MAX = 3_650
REFUSED = (401, 403)


def setting(context: SourceContext, name: str) -> str:
    """Return what a person filled in. Raises SourceFailed when it is missing."""
    value = context.settings.get(name, "")
    if not value:
        raise SourceFailed(f"The setting “{name}” is missing.")
    return value


def api_url(context: SourceContext) -> str:
    """Return the address at which the network is asked, without a slash at its end."""
    return setting(context, "api_url").rstrip("/")


def history_days(context: SourceContext) -> int:
    """Return the setting `HISTORY`. Raises SourceFailed when it is no number of days."""
    value = setting(context, HISTORY.name)
    if not (value.isascii() and value.isdigit() and 0 < int(value) <= HISTORY_DAYS_MAX):
        raise SourceFailed(f"The setting “{HISTORY.name}” is “{value}”, not a number of days.")
    return int(value)


def accepted(answer: HttpAnswer, title: str) -> bytes:
    """Return the body of an answer that is no error. Raises SourceFailed.

    The bodies of errors are not told: some repeat the credentials.
    """
    if answer.status in REFUSED:
        raise SourceFailed(f"{title} does not accept the credentials (status {answer.status}).")
    if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
        raise SourceFailed(f"{title} answered with status {answer.status}.")
    if not answer.body.strip():
        raise SourceFailed(f"{title} answered nothing.")
    return answer.body


def accepted_json(answer: HttpAnswer, title: str) -> Any:
    """Return the JSON of an answer, numbers exact. Raises SourceFailed, also for a page in HTML."""
    body = accepted(answer, title)
    try:
        return reading.read_json(body)
    except reading.Misread as error:
        raise SourceFailed(f"{title} answered something else: {error.sentence}") from None


def listed(value: Any, title: str) -> Sequence[Any]:
    """Return what should be a list of orders. Raises SourceFailed when it is none: it is an error, or a new format."""
    if not isinstance(value, list):
        raise SourceFailed(f"{title} answered something else: no list of orders.")
    return value


def mapped(value: Any, title: str) -> Mapping[str, Any]:
    """Return what should be an object. Raises SourceFailed when it is none."""
    if not isinstance(value, Mapping):
        raise SourceFailed(f"{title} answered something else: no object.")
    return value


def token_of(answer: HttpAnswer, title: str) -> str:
    """Return the token of an OAuth 2 answer. Raises SourceFailed."""
    told = accepted_json(answer, title)
    try:
        return reading.text(told, "access_token", length_max=10_000)
    except reading.Misread:
        raise SourceFailed(f"{title} gave no token for the credentials.") from None
