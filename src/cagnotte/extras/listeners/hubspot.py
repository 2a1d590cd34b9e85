"""HubSpot, told of contacts: what each member's cagnotte holds, in properties of the contact.

Contacts are created or updated a hundred at a time. They are known by their e-mail address, or by a property of your
own with unique values that holds the member's number; then a member who takes another address stays one contact.
Nothing is ever said of subscriptions: whoever unsubscribed there stays unsubscribed.

By a property of your own HubSpot answers 207 and names the contacts that it did not take; by address it refuses a
batch whole for one bad contact, and the batch is halved until that one stands alone. 429 names the limit that was
reached: a second, ten seconds, or the day's, which an hour later may have been renewed.

Sources: HubSpot's reference of the CRM API v3 (contacts, properties), its pages on error handling and usage limits.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Any

from cagnotte.domain.consents import Purpose
from cagnotte.extras.listeners import contacts
from cagnotte.extras.listeners.answers import Verdict, in_turn, message, verdict
from cagnotte.extras.listeners.contacts import Contact
from cagnotte.hooks import reading
from cagnotte.hooks.listeners import Became, Event, Listener, ListenerContext, Outcome, Personal
from cagnotte.hooks.sources import HttpAnswer, Proof, Setting
from cagnotte.hooks.specs import hookimpl

CONTACTS_MAX = 100
UPSERT = "/crm/v3/objects/contacts/batch/upsert"
PROPERTIES = "/crm/v3/properties/contacts/"

WAITS = {"SECONDLY": 1, "TEN_SECONDLY_ROLLING": 10, "DAILY": 3600}
"""Seconds to wait, by the policy that was reached."""
LOCKED_SECONDS = 2

BY_CONTACT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT})
"""Statuses that one contact can cause for its whole batch."""
NO_SUCH_PROPERTY = "PROPERTY_DOESNT_EXIST"


class HubSpot(Listener):
    """HubSpot; see the module."""

    name = "hubspot"
    title = "HubSpot"
    proof = Proof.OFFICIAL
    purpose = Purpose.MARKETING
    settings = (
        Setting(
            "token",
            "The access token of a private app with crm.objects.contacts.write and crm.schemas.contacts.read.",
            secret=True,
        ),
        Setting(
            "member_property",
            "A contact property with unique values for the member's number; without it, contacts are known by e-mail.",
            default="",
        ),
        Setting(
            "available_property",
            "The number property that says what a member can spend.",
            default="cashback_available",
        ),
        Setting(
            "pending_property",
            "The number property that says what is still to come.",
            default="cashback_pending",
        ),
        Setting("api_url", "Where HubSpot is asked.", default="https://api.hubapi.com"),
    )
    event_types = contacts.EVENT_TYPES
    batch_max = 1000
    since_consent = False

    def needs(self, settings: Mapping[str, str]) -> frozenset[Personal]:
        """Ask for address and balances; for the number only where contacts are known by it."""
        if settings.get("member_property"):
            return contacts.NEEDS | {Personal.REF}
        return contacts.NEEDS

    def send(self, context: ListenerContext, events: Sequence[Event]) -> Iterator[Outcome]:
        """Create or update the contacts of these events."""
        found = contacts.contacts_of(events)
        yield from contacts.without_address(one for one in found if not one.person.email)
        yield from self._in_turn(
            context, contacts.in_batches((one for one in found if one.person.email), CONTACTS_MAX)
        )

    def check(self, context: ListenerContext) -> Sequence[str]:
        """Look whether the properties exist."""
        problems: list[str] = []
        member = context.settings["member_property"]
        for name in filter(None, dict.fromkeys((*_balance_properties(context), member))):
            answer = self._ask(context, "GET", PROPERTIES + name)
            if answer.status == HTTPStatus.NOT_FOUND:
                problems.append(f"HubSpot has no contact property “{name}”; make it first.")
                continue
            judged = verdict(self.title, answer)
            if judged.became is not Became.SENT:
                return [*problems, judged.sentence]
            if name == member and not reading.dig(reading.read_json(answer.body), "hasUniqueValue"):
                problems.append(
                    f"The values of “{name}” are not unique; members cannot be known by it."
                )
        return problems

    def _in_turn(
        self, context: ListenerContext, batches: Sequence[Sequence[Contact]]
    ) -> Iterator[Outcome]:
        return in_turn(batches, partial(self._upsert, context), contacts.events_of)

    def _upsert(self, context: ListenerContext, batch: Sequence[Contact]) -> Iterator[Outcome]:
        body = {"inputs": [_input(contact, context) for contact in batch]}
        answer = self._ask(context, "POST", UPSERT, json.dumps(body).encode())
        if answer.status == HTTPStatus.MULTI_STATUS:
            yield from _sorted_out(batch, answer)
        elif answer.status in BY_CONTACT and NO_SUCH_PROPERTY in answer.body.decode(
            errors="replace"
        ):
            sentence = f"HubSpot lacks a property: {message(answer)}"
            yield from Verdict(Became.LATER, sentence).of(contacts.events_of(batch))
        elif answer.status in BY_CONTACT and len(batch) > 1:
            half = len(batch) // 2
            yield from self._in_turn(context, [batch[:half], batch[half:]])
        else:
            judged = verdict(self.title, answer, retry_after_seconds=_wait(answer))
            yield from judged.of(contacts.events_of(batch))

    def _ask(
        self, context: ListenerContext, method: str, path: str, body: bytes | None = None
    ) -> HttpAnswer:
        return context.http.request(
            method,
            context.settings["api_url"] + path,
            headers={
                "authorization": f"Bearer {context.secret('token')}",
                "content-type": "application/json",
            },
            body=body,
        )


def _balance_properties(context: ListenerContext) -> tuple[str, str]:
    return context.settings["available_property"], context.settings["pending_property"]


def _input(contact: Contact, context: ListenerContext) -> dict[str, Any]:
    person, member = contact.person, context.settings["member_property"]
    properties = {"email": person.email}
    if person.balances is not None:
        available, pending = _balance_properties(context)
        properties[available] = str(person.balances.available)
        properties[pending] = str(person.balances.pending)
    if member:
        properties[member] = person.ref
    return {
        "idProperty": member or "email",
        "id": person.ref if member else person.email,
        "objectWriteTraceId": person.key,
        "properties": properties,
    }


def _sorted_out(batch: Sequence[Contact], answer: HttpAnswer) -> Iterator[Outcome]:
    """Say which contacts were taken; those that were not are named by the trace that was sent with them."""
    refused: dict[str, str] = {}
    for error in reading.objects(reading.dig(reading.read_json(answer.body), "errors"), "errors"):
        said = reading.text(error, "message", default="It gives no reason.", length_max=5000)
        for trace in reading.sequence(reading.dig(error, "context.objectWriteTraceId"), "traces"):
            refused[str(trace)] = said
    for contact in batch:
        said = refused.get(contact.person.key, "")
        taken = Verdict(Became.REFUSED, f"HubSpot: {said}") if said else Verdict(Became.SENT)
        yield from taken.of(contact.events)


def _wait(answer: HttpAnswer) -> int | None:
    """Seconds that HubSpot's words mean, where it says any."""
    if answer.status == HTTPStatus.LOCKED:
        return LOCKED_SECONDS
    if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
        return None
    try:
        policy = reading.text(reading.read_json(answer.body), "policyName", default="")
    except reading.Misread:
        policy = ""
    return WAITS.get(policy, WAITS["TEN_SECONDLY_ROLLING"])


@hookimpl
def listeners() -> Sequence[Listener]:
    """Bring HubSpot."""
    return [HubSpot()]
