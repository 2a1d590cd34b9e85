"""Brevo, told of contacts: what each member's cagnotte holds, in attributes of the contact.

A few contacts are created or updated one by one, which says of each what became of it; many go as one import, which
Brevo takes in later and by itself. A contact is known by its address, and carries the member's number as `ext_id`
where that is wanted. Nothing is ever said of blocklists: whoever unsubscribed there stays unsubscribed.

Brevo leaves out attributes that the account does not have, without a word, so `check` looks for them. Beyond its
limits (for contacts ten calls a second) it answers 429, with the seconds to wait in `x-sib-ratelimit-reset`.

Sources: Brevo's own reference (create a contact, import contacts, attributes, lists) and its pages on limits.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from cagnotte.domain.consents import Purpose
from cagnotte.extras.listeners import contacts
from cagnotte.extras.listeners.answers import in_turn, verdict
from cagnotte.extras.listeners.contacts import Contact
from cagnotte.hooks import reading
from cagnotte.hooks.listeners import Became, Event, Listener, ListenerContext, Outcome, Personal
from cagnotte.hooks.sources import HttpAnswer, Proof, Setting
from cagnotte.hooks.specs import hookimpl

ONE_BY_ONE_MAX = 10
"""So many contacts are told one by one: within one second of Brevo's limit."""
IMPORT_MAX = 1000
"""Contacts in one import: far below the 8 MB that Brevo calls safe."""

MEMBER_IDS = ("no", "yes")


class Brevo(Listener):
    """Brevo; see the module."""

    name = "brevo"
    title = "Brevo"
    proof = Proof.OFFICIAL
    purpose = Purpose.MARKETING
    settings = (
        Setting("api_key", "An API key of your account (v3).", secret=True),
        Setting("list_id", "The number of the list that members are put in."),
        Setting(
            "available_attribute",
            "The number attribute that says what a member can spend.",
            default="CASHBACK_AVAILABLE",
        ),
        Setting(
            "pending_attribute",
            "The number attribute that says what is still to come.",
            default="CASHBACK_PENDING",
        ),
        Setting("ext_id", "yes: contacts carry the member's number as ext_id.", default="no"),
        Setting("api_url", "Where Brevo is asked.", default="https://api.brevo.com"),
    )
    event_types = contacts.EVENT_TYPES
    batch_max = IMPORT_MAX
    since_consent = False

    def needs(self, settings: Mapping[str, str]) -> frozenset[Personal]:
        """Ask for address and balances; for the number only where contacts carry it."""
        if settings.get("ext_id") == "yes":
            return contacts.NEEDS | {Personal.REF}
        return contacts.NEEDS

    def send(self, context: ListenerContext, events: Sequence[Event]) -> Iterator[Outcome]:
        """Create or update the contacts of these events."""
        found = contacts.contacts_of(events)
        yield from contacts.without_address(one for one in found if not one.person.email)
        known = [one for one in found if one.person.email]
        if len(known) > ONE_BY_ONE_MAX:
            batches: list[list[Contact]] = contacts.in_batches(known, IMPORT_MAX)
            tell = partial(self._import, context)
        else:
            batches = [[one] for one in known]
            tell = partial(self._create_or_update, context)
        yield from in_turn(batches, tell, contacts.events_of)

    def check(self, context: ListenerContext) -> Sequence[str]:
        """Look whether the attributes and the list exist."""
        problems: list[str] = []
        if context.settings["ext_id"] not in MEMBER_IDS:
            problems.append("ext_id is yes or no.")
        if not context.settings["list_id"].isdecimal():
            return [*problems, "The list_id is a number."]
        answer = self._ask(context, "GET", "/v3/contacts/attributes")
        judged = verdict(self.title, answer)
        if judged.became is not Became.SENT:
            return [*problems, judged.sentence]
        rows = reading.objects(
            reading.dig(reading.read_json(answer.body), "attributes"), "attributes"
        )
        names = {reading.text(row, "name", default="") for row in rows}
        problems += [
            f"Brevo has no contact attribute “{name}”; make it first."
            for name in _attribute_names(context)
            if name not in names
        ]
        list_id = context.settings["list_id"]
        answer = self._ask(context, "GET", f"/v3/contacts/lists/{list_id}")
        if answer.status != HTTPStatus.OK:
            problems.append(f"Brevo does not show the list {list_id}.")
        return problems

    def _create_or_update(
        self, context: ListenerContext, batch: Sequence[Contact]
    ) -> Iterator[Outcome]:
        (contact,) = batch
        body = {
            **_written(contact, context),
            "listIds": [int(context.settings["list_id"])],
            "updateEnabled": True,
        }
        answer = self._ask(context, "POST", "/v3/contacts", body)
        yield from self._judged(answer, contact.events)

    def _import(self, context: ListenerContext, batch: Sequence[Contact]) -> Iterator[Outcome]:
        body = {
            "listIds": [int(context.settings["list_id"])],
            "updateExistingContacts": True,
            "emptyContactsAttributes": False,
            "disableNotification": True,
            "jsonBody": [_written(contact, context) for contact in batch],
        }
        answer = self._ask(context, "POST", "/v3/contacts/import", body)
        yield from self._judged(answer, contacts.events_of(batch))

    def _judged(self, answer: HttpAnswer, events: Sequence[Event]) -> Iterator[Outcome]:
        wait = answer.headers.get("x-sib-ratelimit-reset", "").strip()
        seconds = int(wait) if wait.isascii() and wait.isdecimal() else None
        limited = answer.status == HTTPStatus.TOO_MANY_REQUESTS
        return verdict(self.title, answer, retry_after_seconds=seconds if limited else None).of(
            events
        )

    def _ask(
        self,
        context: ListenerContext,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
    ) -> HttpAnswer:
        return context.http.request(
            method,
            context.settings["api_url"] + path,
            headers={"api-key": context.secret("api_key"), "content-type": "application/json"},
            body=None if body is None else json.dumps(body).encode(),
        )


def _attribute_names(context: ListenerContext) -> tuple[str, str]:
    return context.settings["available_attribute"], context.settings["pending_attribute"]


def _written(contact: Contact, context: ListenerContext) -> dict[str, Any]:
    person = contact.person
    written: dict[str, Any] = {"email": person.email}
    if person.balances is not None:
        available, pending = _attribute_names(context)
        written["attributes"] = {
            available: float(person.balances.available),
            pending: float(person.balances.pending),
        }
    if person.ref:
        written["ext_id"] = person.ref
    return written


@hookimpl
def listeners() -> Sequence[Listener]:
    """Bring Brevo."""
    return [Brevo()]
