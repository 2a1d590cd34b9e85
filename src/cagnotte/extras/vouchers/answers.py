"""What shops answer when they are told of a voucher, and which errors are a refusal."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from cagnotte.extras.sources.networks import asking
from cagnotte.hooks import reading
from cagnotte.hooks.sources import HttpAnswer
from cagnotte.hooks.vouchers import ShopRefused

REFUSALS = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY})
"""Statuses by which shops say that it is the voucher they do not take; anything else may be otherwise tomorrow."""

MESSAGE_LENGTH_MAX = 200
JSON_TYPE = {"content-type": "application/json"}


def taken(answer: HttpAnswer, title: str) -> Mapping[str, Any]:
    """Return the object of an answer to a voucher that was told. Raises ShopRefused, SourceFailed."""
    if answer.status in REFUSALS:
        raise refused(title, message_of(answer))
    return asking.mapped(asking.accepted_json(answer, title), title)


def refused(title: str, why: str) -> ShopRefused:
    """Return the error of a shop that does not take a voucher; `why` in its own words."""
    said = why[:MESSAGE_LENGTH_MAX].rstrip(" .")
    return ShopRefused(f"{title} does not take the voucher: {said}." if said else None)


def message_of(answer: HttpAnswer) -> str:
    """Return what a refusal says for people, "" when it says nothing that can be read."""
    try:
        told = reading.read_json(answer.body)
    except reading.Misread:
        return ""
    return _message(told)


def _message(told: Any) -> str:
    if isinstance(told, str):
        return told
    if isinstance(told, Mapping):
        for name in ("message", "detail", "error", "errors"):
            if told.get(name):
                return _message(told[name])
        return "; ".join(f"{name}: {_message(value)}" for name, value in told.items())
    if isinstance(told, Sequence):
        return "; ".join(filter(None, map(_message, told)))
    return ""


def user_errors(told: Mapping[str, Any], path: str, title: str) -> None:
    """Raise ShopRefused for errors that a GraphQL mutation lists at a dotted path, each with its message."""
    errors = reading.objects(reading.dig(told, path), path)
    if errors:
        raise refused(title, "; ".join(reading.text(one, "message", default="") for one in errors))
