"""A server that keeps contacts as HubSpot does, with its batches, its answers by contact, and its limits."""

from typing import Any

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.server import (
    Asked,
    FakeServer,
    Refusal,
    Reply,
    json_bytes,
    json_reply,
    route,
)

CONTACTS_MAX = 100
PROPERTIES: dict[str, dict[str, Any]] = {
    "cashback_available": {"type": "number", "hasUniqueValue": False},
    "cashback_pending": {"type": "number", "hasUniqueValue": False},
    "member_number": {"type": "string", "hasUniqueValue": True},
}


class HubSpotFake(FakeServer):
    """Contacts by what they are known by, in `contacts`. `missing`: properties that it does not have."""

    bearer = "right"
    limit = Pace(100, 10)

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.contacts: dict[str, dict[str, str]] = {}
        self.written: list[str] = []
        self.missing: set[str] = set()
        self.policy = "TEN_SECONDLY_ROLLING"

    def busy(self, wait_seconds: int) -> Reply:
        """Name the policy, as HubSpot does, and no time."""
        return Reply(
            json_bytes(
                {
                    "status": "error",
                    "errorType": "RATE_LIMIT",
                    "message": f"You have reached your {self.policy.lower()} limit.",
                    "policyName": self.policy,
                }
            ),
            429,
            {"content-type": "application/json"},
        )

    @route("GET", "/crm/v3/properties/contacts/{name}")
    def property(self, asked: Asked, name: str) -> Reply:
        """Return a property."""
        if name in self.missing or name not in PROPERTIES:
            raise Refusal(404, json_bytes({"status": "error", "category": "OBJECT_NOT_FOUND"}))
        return json_reply({"name": name, **PROPERTIES[name]})

    @route("POST", "/crm/v3/objects/contacts/batch/upsert")
    def upsert(self, asked: Asked) -> Reply:
        """Take a batch. By address it is whole or not at all; by another property each contact stands for itself."""
        inputs = asked.json()["inputs"]
        if not 1 <= len(inputs) <= CONTACTS_MAX:
            raise _refused("VALIDATION_ERROR", "The number of inputs is not allowed.")
        if len({one["id"].lower() for one in inputs}) < len(inputs):
            raise _refused("VALIDATION_ERROR", "Duplicate IDs found in batch input.")
        for one in inputs:
            unknown = set(one["properties"]) - (PROPERTIES.keys() - self.missing) - {"email"}
            if unknown:
                raise _refused(
                    "VALIDATION_ERROR",
                    f'Property values were not valid: [{{"error":"PROPERTY_DOESNT_EXIST","name":"{unknown.pop()}"}}]',
                )
            assert all(isinstance(value, str) for value in one["properties"].values())
        bad = [one for one in inputs if "@" not in one["properties"]["email"]]
        if bad and inputs[0]["idProperty"] == "email":
            raise _refused("VALIDATION_ERROR", f"Email address {bad[0]['id']} is invalid")
        good = [one for one in inputs if one not in bad]
        for one in good:
            self.contacts.setdefault(one["id"], {}).update(one["properties"])
            self.written.append(one["id"])
        results = [
            {"id": one["id"], "objectWriteTraceId": one["objectWriteTraceId"]} for one in good
        ]
        if not bad:
            return json_reply({"status": "COMPLETE", "results": results})
        errors = [
            {
                "status": "error",
                "category": "VALIDATION_ERROR",
                "message": "The address is invalid.",
                "context": {"objectWriteTraceId": [one["objectWriteTraceId"]]},
            }
            for one in bad
        ]
        return json_reply({"status": "COMPLETE", "results": results, "errors": errors}, 207)


def _refused(category: str, message: str) -> Refusal:
    return Refusal(400, json_bytes({"status": "error", "category": category, "message": message}))
