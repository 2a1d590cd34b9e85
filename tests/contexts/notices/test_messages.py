"""What is sent: by the catalogue's shapes, signed as the specification says, never too long."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator
from standardwebhooks.webhooks import Webhook

from cagnotte.domain.ids import parse_public_id
from cagnotte.notices import catalogue, messages, schedule
from cagnotte.notices.messages import EventRow, message, new_secret

NOW = datetime(2026, 2, 10, 9, 0, 7, tzinfo=UTC)


def event(**data: Any) -> EventRow:
    return EventRow(UUID(int=5), "reward.confirmed", "rew_1", NOW - timedelta(hours=1), data)


@pytest.mark.parametrize("name", catalogue.TYPES)
def test_every_example_is_of_the_shape_of_its_type(name: str) -> None:
    one = catalogue.TYPES[name]
    schema = one.shape.model_json_schema(mode="serialization")
    Draft202012Validator(schema).validate(one.example.plain())
    assert one.when.endswith(".")


@pytest.mark.parametrize("name", catalogue.TYPES)
def test_the_ids_of_every_example_could_be_real(name: str) -> None:
    data = catalogue.TYPES[name].example.plain()
    ids = {key: value for key, value in data.items() if key == "id" or key.endswith("_id")}
    for value in ids.values():
        if value is not None:
            parse_public_id(value.partition("_")[0], value)


def test_no_shape_holds_what_tells_who_a_member_is() -> None:
    fields = {name for one in catalogue.TYPES.values() for name in one.shape.model_fields}
    assert not fields & {"name", "email", "iban", "holder", "code_of_voucher", "address"}


def test_the_signature_is_what_the_specification_says() -> None:
    # Of the specification's own example: id, time and secret; the body is ours.
    key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    sent = message(event(id="x"), envelope="standard", programme="corner", keys=[key], now=NOW)
    headers = sent.headers
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.{sent.body.decode()}"
    digest = hmac.new(base64.b64decode(key[6:]), signed.encode(), hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"


def test_receivers_check_it_with_the_library_while_it_is_fresh() -> None:
    first, second = new_secret(), new_secret()
    now = datetime.now(UTC)
    sent = message(
        event(id="x"), envelope="standard", programme="corner", keys=[first, second], now=now
    )
    for secret in (first, second):
        assert Webhook(secret).verify(sent.body, sent.headers)["data"] == {"id": "x"}


def test_a_body_that_would_be_too_long_says_what_it_is_about() -> None:
    sent = message(
        event(text="x" * 30_000), envelope="standard", programme="c", keys=[new_secret()], now=NOW
    )
    assert len(sent.body) < messages.BODY_BYTES_MAX
    assert json.loads(sent.body)["data"] == {"object_id": "rew_1", "truncated": True}


def test_the_schedule_ends_after_three_days() -> None:
    now, spent, attempts = NOW, timedelta(), 1
    while (at := schedule.next_attempt(attempts, now=now, dice=lambda: 0)) is not None:
        spent, now, attempts = spent + (at - now), at, attempts + 1
    assert attempts == schedule.ATTEMPTS_MAX == 10
    assert spent == timedelta(hours=75, minutes=35, seconds=5)
