"""A server that collects events as Google Analytics does: it keeps its limits, and is silent about them."""

import json
from datetime import timedelta
from typing import Any

from tests.sources.fakes.clock import Clock
from tests.sources.fakes.server import Asked, FakeServer, Reply, json_reply, route

EVENTS_MAX, PARAMS_MAX, ITEMS_MAX = 25, 25, 200
NAME_LENGTH_MAX, VALUE_LENGTH_MAX, BODY_BYTES_MAX = 40, 100, 130_000
NEEDED = {
    "purchase": {"transaction_id", "currency", "value", "items"},
    "refund": {"transaction_id", "currency", "value"},
    "earn_virtual_currency": {"virtual_currency_name", "value"},
    "spend_virtual_currency": {"virtual_currency_name", "value", "item_name"},
}
AGE_MAX = timedelta(hours=72)


class GoogleFake(FakeServer):
    """What it takes is in `taken`, by client; what it silently leaves out is in `lost`, with why."""

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.taken: list[tuple[str, dict[str, Any]]] = []
        self.lost: list[str] = []

    @route("POST", "/mp/collect")
    def collect(self, asked: Asked) -> Reply:
        """Answer 204 whatever was sent."""
        found = self._faults_of(asked)
        if found:
            self.lost += found
        else:
            told = asked.json()
            known = {
                one["params"].get("transaction_id")
                for _, one in self.taken
                if one["name"] == "purchase"
            }
            for one in told["events"]:
                # A purchase is known by its number, and counted once.
                if one["name"] != "purchase" or one["params"]["transaction_id"] not in known:
                    self.taken.append((told["client_id"], one))
        return Reply(b"", 204)

    @route("POST", "/debug/mp/collect")
    def validate(self, asked: Asked) -> Reply:
        """Say what is wrong, and keep nothing."""
        return json_reply(
            {
                "validationMessages": [
                    {"fieldPath": "events", "description": text, "validationCode": "VALUE_INVALID"}
                    for text in self._faults_of(asked)
                ]
            }
        )

    def _faults_of(self, asked: Asked) -> list[str]:
        if asked.query("measurement_id") != "G-TEST123" or asked.query("api_secret") != "right":
            return ["Unknown measurement_id or api_secret."]
        if len(asked.body) >= BODY_BYTES_MAX:
            return ["The body is too large."]
        told = json.loads(asked.body)
        if not isinstance(told.get("client_id"), str) or not told["client_id"]:
            return ["client_id is missing."]
        if len(told["events"]) > EVENTS_MAX:
            return ["Too many events."]
        return [fault for one in told["events"] for fault in self._faults_of_event(one)]

    def _faults_of_event(self, one: dict[str, Any]) -> list[str]:
        faults = []
        params = one["params"]
        if len(params) > PARAMS_MAX or len(params.get("items", ())) > ITEMS_MAX:
            faults.append("Too many parameters or items.")
        if not NEEDED[one["name"]] <= params.keys():
            faults.append(f"{one['name']} lacks a parameter.")
        texts = [
            *params.values(),
            *(value for item in params.get("items", ()) for value in item.values()),
        ]
        if any(isinstance(text, str) and len(text) > VALUE_LENGTH_MAX for text in texts):
            faults.append("A value is too long.")
        age = self.clock.now.timestamp() - one["timestamp_micros"] / 1_000_000
        if age > AGE_MAX.total_seconds():
            faults.append("The event is too old.")
        return faults
