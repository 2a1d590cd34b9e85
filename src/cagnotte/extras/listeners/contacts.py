"""What listeners that keep contacts share: the members of a batch of events, each once.

A CRM is told how a member stands, not what happened; so all events of one member come to one contact, and telling it
twice changes nothing.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cagnotte.hooks.listeners import Became, Event, Outcome, Person, Personal

NEEDS = frozenset({Personal.EMAIL, Personal.BALANCES})

EVENT_TYPES = frozenset(
    {
        "member.joined",
        "reward.tracked",
        "reward.confirmed",
        "reward.declined",
        "reward.amended",
        "reward.available",
        "wallet.held",
        "wallet.captured",
        "wallet.released",
        "wallet.refunded",
        "payout.requested",
        "payout.returned",
        "payout.cancelled",
        "voucher.issued",
        "voucher.refunded",
        "voucher.expired",
        "voucher.voided",
    }
)
"""Whatever may change what a cagnotte holds."""


class Contact(NamedTuple):
    """A member, and the events that are told by telling how the member stands."""

    person: Person
    events: tuple[Event, ...]


def contacts_of(events: Sequence[Event]) -> list[Contact]:
    """Return the members of these events, in the order in which they first appear."""
    found: dict[str, list[Event]] = {}
    for event in events:
        found.setdefault(event.person.key, []).append(event)
    return [Contact(told[-1].person, tuple(told)) for told in found.values()]


def without_address(contacts: Iterable[Contact]) -> Iterator[Outcome]:
    """Leave out members who have no e-mail address."""
    for contact in contacts:
        for event in contact.events:
            yield Outcome(event.id, Became.SKIPPED, "The member has no e-mail address.")


def in_batches(contacts: Iterable[Contact], size: int) -> list[list[Contact]]:
    """Split into batches in which no address stands twice: members of one household may share it."""
    batches: list[list[Contact]] = []
    taken: list[set[str]] = []
    for contact in contacts:
        address = contact.person.email.lower()
        for batch, addresses in zip(batches, taken, strict=True):
            if len(batch) < size and address not in addresses:
                batch.append(contact)
                addresses.add(address)
                break
        else:
            batches.append([contact])
            taken.append({address})
    return batches


def events_of(contacts: Iterable[Contact]) -> list[Event]:
    """Return all events of some contacts."""
    return [event for contact in contacts for event in contact.events]
