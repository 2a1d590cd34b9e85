"""Deliveries are believed when one of our secrets signed them lately, and never otherwise."""

import json
from base64 import b64encode
from datetime import UTC, datetime
from uuid import UUID

import pytest
from cagnotte_client import SignatureInvalid
from cagnotte_client.webhooks import sign, verify
from standardwebhooks import Webhook

from cagnotte.notices.messages import EventRow, message
from cagnotte.notices.models import WebhookEndpoint

NOW = 1_780_000_000
SECRET = "whsec_" + b64encode(b"a secret of twenty-four bytes").decode()
OTHER = "whsec_" + b64encode(b"the next one, of twenty-four").decode()
BODY = '{"type": "reward.confirmed", "timestamp": "2026-05-28T20:26:40Z", "data": {"id": "rew_1", "é": 1}}'


def headers(secret: str = SECRET, body: str = BODY, *, at: int = NOW) -> dict[str, str]:
    """What the library of the standard signs."""
    moment = datetime.fromtimestamp(at, UTC)
    return {
        "webhook-id": "evt_1",
        "webhook-timestamp": str(at),
        "webhook-signature": Webhook(secret).sign("evt_1", moment, body),
    }


def test_a_delivery_signed_by_the_standards_library_is_believed() -> None:
    found = verify(BODY.encode(), headers(), SECRET, now=NOW)
    assert (found.id, found.type) == ("evt_1", "reward.confirmed")
    assert found.data == {"id": "rew_1", "é": 1}
    assert found.sent_at == datetime.fromtimestamp(NOW, UTC)
    assert found.payload == json.loads(BODY)


@pytest.mark.parametrize("envelope", list(WebhookEndpoint.Envelope))
def test_what_cagnotte_sends_is_believed_in_each_envelope(envelope: str) -> None:
    moment = datetime.fromtimestamp(NOW, UTC)
    event = EventRow(UUID(int=1), "reward.confirmed", "rew_1", moment, {"id": "rew_1"})
    sent = message(event, envelope=envelope, programme="corner", keys=[OTHER, SECRET], now=moment)
    for secret in (SECRET, OTHER):
        found = verify(sent.body, sent.headers, secret, now=NOW)
        assert (found.id, found.type, found.data) == (
            event.public_id,
            "reward.confirmed",
            {"id": "rew_1"},
        )


def test_headers_are_read_in_any_spelling() -> None:
    told = {name.title(): value for name, value in headers().items()}
    assert verify(BODY, told, SECRET, now=NOW).id == "evt_1"


def test_any_of_several_secrets_and_any_of_several_signatures_will_do() -> None:
    assert verify(BODY, headers(OTHER), [SECRET, OTHER], now=NOW).id == "evt_1"
    both = headers()
    both["webhook-signature"] = f"v1a,AAAA {headers(OTHER)['webhook-signature']} v1,zzz v1"
    assert verify(BODY, both, OTHER, now=NOW).id == "evt_1"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"webhook-id": "evt_2"}, "None of the secrets"),
        ({"webhook-timestamp": str(NOW + 1)}, "None of the secrets"),
        ({"webhook-signature": ""}, "webhook-signature is missing"),
        ({"webhook-signature": "v1,"}, "None of the secrets"),
        ({"webhook-signature": "v2,AAAA"}, "None of the secrets"),
        ({"webhook-signature": "v1,é"}, "None of the secrets"),
        ({"webhook-timestamp": "soon"}, "no number"),
        ({"webhook-timestamp": "-5"}, "no number"),
        ({"webhook-timestamp": "9" * 40}, "no number"),
    ],
)
def test_what_was_changed_on_the_way_is_refused(change: dict[str, str], says: str) -> None:
    with pytest.raises(SignatureInvalid, match=says):
        verify(BODY, {**headers(), **change}, SECRET, now=NOW)


def test_another_body_or_another_secret_is_refused() -> None:
    for body, secret in ((BODY.replace("rew_1", "rew_2"), SECRET), (BODY, OTHER)):
        with pytest.raises(SignatureInvalid, match="None of the secrets"):
            verify(body, headers(), secret, now=NOW)


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_was_signed_long_ago_or_ahead_of_time_is_refused(seconds: int) -> None:
    with pytest.raises(SignatureInvalid, match="too long ago"):
        verify(BODY, headers(at=NOW + seconds), SECRET, now=NOW)
    assert verify(BODY, headers(at=NOW + seconds), SECRET, now=NOW, tolerance_seconds=400).id


@pytest.mark.parametrize("secrets", ["", "whsec_", "whsec_no base64", [], [SECRET, ""]])
def test_a_secret_that_is_none_opens_nothing(secrets: str | list[str]) -> None:
    with pytest.raises(ValueError, match="secret"):
        verify(BODY, headers(), secrets, now=NOW)


def test_a_body_that_is_no_object_is_refused_though_it_is_signed() -> None:
    for body in ("[]", "", "no JSON"):
        with pytest.raises(SignatureInvalid, match="no JSON object"):
            verify(body, headers(body=body), SECRET, now=NOW)


def test_what_we_sign_for_tests_the_standards_library_believes() -> None:
    signed = sign(BODY, SECRET, id="evt_1", timestamp=NOW)
    assert signed == headers()
    assert verify(BODY, signed, SECRET, now=NOW).data["id"] == "rew_1"
