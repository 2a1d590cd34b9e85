"""A server that keeps contacts as Brevo does: one by one, or many in an import that it takes in later."""

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

IMPORT_BYTES_MAX = 10 * 1024 * 1024


class BrevoFake(FakeServer):
    """Contacts by address, in `contacts`; `unsubscribed` ones stay so."""

    limit = Pace(10, 1)

    def __init__(self, clock: Clock) -> None:
        super().__init__(clock)
        self.contacts: dict[str, dict[str, Any]] = {}
        self.written: list[str] = []
        self.imports = 0
        self.attributes = {"CASHBACK_AVAILABLE", "CASHBACK_PENDING", "FIRSTNAME"}

    def may(self, asked: Asked) -> bool:
        """Look at the key."""
        return asked.headers.get("api-key") == "right"

    def busy(self, wait_seconds: int) -> Reply:
        """Say when the limit is over in Brevo's own header."""
        return Reply(
            json_bytes({"code": "too_many_requests", "message": "Rate limit exceeded"}),
            429,
            {"x-sib-ratelimit-reset": str(wait_seconds), "content-type": "application/json"},
        )

    @route("GET", "/v3/contacts/attributes")
    def all_attributes(self, asked: Asked) -> Reply:
        """List them."""
        return json_reply(
            {
                "attributes": [
                    {"name": name, "category": "normal"} for name in sorted(self.attributes)
                ]
            }
        )

    @route("GET", "/v3/contacts/lists/{number}")
    def list_of(self, asked: Asked, number: str) -> Reply:
        """Return a list."""
        if number != "3":
            raise Refusal(404, json_bytes({"code": "document_not_found"}))
        return json_reply({"id": 3, "name": "Members"})

    @route("POST", "/v3/contacts")
    def create(self, asked: Asked) -> Reply:
        """Create a contact, or update the one of that address."""
        told = asked.json()
        assert told["updateEnabled"] is True
        if "@" not in told["email"]:
            raise Refusal(
                400, json_bytes({"code": "invalid_parameter", "message": "email is not valid"})
            )
        known = told["email"] in self.contacts
        self._keep(told, told["listIds"])
        return Reply(b"", 204) if known else json_reply({"id": len(self.contacts)}, 201)

    @route("POST", "/v3/contacts/import")
    def take_in(self, asked: Asked) -> Reply:
        """Import contacts; the answer names a process and says nothing of any of them."""
        told = asked.json()
        if len(asked.body) > IMPORT_BYTES_MAX or not told.get("listIds"):
            raise Refusal(
                400, json_bytes({"code": "missing_parameter", "message": "listIds is missing"})
            )
        assert told["updateExistingContacts"] is True
        assert told["emptyContactsAttributes"] is False
        for one in told["jsonBody"]:
            self._keep(one, told["listIds"])
        self.imports += 1
        return json_reply({"processId": 70 + self.imports}, 202)

    def _keep(self, told: dict[str, Any], lists: list[int]) -> None:
        assert "emailBlacklisted" not in told
        known = self.contacts.setdefault(told["email"], {"lists": set()})
        # An attribute that the account does not have is left out without a word.
        known.update(
            {name: value for name, value in told["attributes"].items() if name in self.attributes}
        )
        known["lists"] |= set(lists)
        if "ext_id" in told:
            known["ext_id"] = told["ext_id"]
        self.written.append(told["email"])
