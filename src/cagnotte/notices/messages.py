"""An event as it is sent: its body in the envelope that an endpoint asked for, signed by Standard Webhooks.

Formats: Standard Webhooks 1.0 (headers webhook-id, webhook-timestamp, webhook-signature; a body with type, timestamp
and data) and CloudEvents 1.0 in structured mode, signed the same way.
"""

import base64
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from standardwebhooks.webhooks import Webhook

from cagnotte.domain.ids import public_id
from cagnotte.notices.models import WebhookEndpoint

BODY_BYTES_MAX = 20_000
"""What the specification recommends; a larger body says only what the event is about."""

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with
SECRET_BYTES = 32

CONTENT_TYPES = {
    WebhookEndpoint.Envelope.STANDARD: "application/json",
    WebhookEndpoint.Envelope.CLOUDEVENTS: "application/cloudevents+json",
}


class EventRow(NamedTuple):
    """An event as it is kept."""

    id: UUID
    type: str
    object_id: str
    created_at: datetime
    data: dict[str, Any]

    @property
    def public_id(self) -> str:
        """Its id as others know it."""
        return public_id("evt", self.id)


class Message(NamedTuple):
    """What is sent."""

    headers: dict[str, str]
    body: bytes


def new_secret() -> str:
    """Return a secret of an endpoint."""
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def message(
    event: EventRow, *, envelope: str, programme: str, keys: Sequence[str], now: datetime
) -> Message:
    """Write an event, signed with each of the secrets, the present one first."""
    body = _body(event, envelope, programme)
    if len(body) > BODY_BYTES_MAX:
        short = event._replace(data={"object_id": event.object_id, "truncated": True})
        body = _body(short, envelope, programme)
    text, moment = body.decode(), now.astimezone(UTC)
    signatures = [Webhook(key).sign(event.public_id, moment, text) for key in keys]
    headers = {
        "content-type": CONTENT_TYPES[WebhookEndpoint.Envelope(envelope)],
        "webhook-id": event.public_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": " ".join(signatures),
    }
    return Message(headers, body)


def _body(event: EventRow, envelope: str, programme: str) -> bytes:
    moment = event.created_at.astimezone(UTC).isoformat()
    if envelope == WebhookEndpoint.Envelope.CLOUDEVENTS:
        return orjson.dumps(
            {
                "specversion": "1.0",
                "id": event.public_id,
                "source": f"/programmes/{programme}",
                "type": f"cagnotte.{event.type}",
                "subject": event.object_id,
                "time": moment,
                "datacontenttype": "application/json",
                "data": event.data,
            }
        )
    return orjson.dumps(
        {"id": event.public_id, "type": event.type, "timestamp": moment, "data": event.data}
    )
