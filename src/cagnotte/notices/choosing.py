"""How members want to be told: their choices by topic, their quiet hours, and the links that switch a topic off.

A link in a mail needs no signing in: it is signed, says whose choice it is about, and can do nothing else.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.core import signing
from django.db import transaction

from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.domain.ids import bucket_of
from cagnotte.notices import letters
from cagnotte.notices.kinds import DIGESTS, KINDS, TOPICS, Choice, Mode, as_chosen
from cagnotte.notices.models import Choice as ChoiceRow
from cagnotte.notices.models import Letter, QuietHours
from cagnotte.notices.timing import USUAL_QUIET, Quiet
from cagnotte.platform.shared_connection import shared_connection

SALT = "cagnotte.notices.unsubscribe"

SALT_BEFORE = "cagnotte.notices.before"

TAKEN_BACK_SECONDS = 86_400
"""So long what a link switched off can be switched on again by the page that said so; later by signing in."""

DIGEST = "digest"
"""In a link: all topics that are gathered into a digest."""

HOURS = range(24)


class Unsubscription(NamedTuple):
    """What a signed link says. topic: one of `TOPICS`, or `DIGEST`."""

    wallet_id: UUID
    topic: str


def choices_of(wallet_id: UUID) -> dict[str, Choice]:
    """Return how a member is told of each topic."""
    rows = {row.topic: row for row in ChoiceRow.objects.filter(wallet_id=wallet_id)}
    return {
        topic.name: as_chosen(topic, _choice(rows[topic.name]) if topic.name in rows else None)
        for topic in TOPICS.values()
    }


@transaction.atomic
def choose(
    *, programme_id: UUID, wallet_id: UUID, chosen: Mapping[str, Choice], now: datetime
) -> None:
    """Keep how a member wants to be told of some topics; letters that are unwanted now are given up.

    Raises NotFound for a topic that does not exist. What is always sent stays as it is, push excepted.
    """
    for name in chosen:
        if name not in TOPICS:
            raise NotFound(f"There is no topic “{name}”.", topic=name)
    before = choices_of(wallet_id)
    for name, wanted in chosen.items():
        kept = as_chosen(TOPICS[name], wanted)
        if kept == before[name]:
            continue
        ChoiceRow.objects.update_or_create(
            wallet_id=wallet_id,
            topic=name,
            defaults={
                "programme_id": programme_id,
                "bucket": bucket_of(wallet_id),
                "email": kept.email.value,
                "push": kept.push,
                "in_centre": kept.in_centre,
                "changed_at": now,
            },
        )
        _give_up(wallet_id, name, kept, now)


def quiet_hours_of(wallet_id: UUID) -> Quiet:
    """Return when nothing is sent to a member."""
    row = QuietHours.objects.filter(wallet_id=wallet_id).first()
    return Quiet(row.kept, row.begins, row.ends) if row else USUAL_QUIET


def keep_quiet_hours(*, programme_id: UUID, wallet_id: UUID, quiet: Quiet) -> None:
    """Keep when nothing is sent to a member; letters under way go as planned. Raises InvalidInput for no hour."""
    if quiet.begins not in HOURS or quiet.ends not in HOURS:
        raise InvalidInput("Hours go from 0 to 23.")
    QuietHours.objects.update_or_create(
        wallet_id=wallet_id,
        defaults={
            "programme_id": programme_id,
            "bucket": bucket_of(wallet_id),
            **quiet._asdict(),
        },
    )


def token_for(wallet_id: UUID, topic: str) -> str:
    """Return what stands in a link that switches mails about a topic off."""
    return signing.dumps([wallet_id.hex, topic], salt=SALT)


def read_token(text: str) -> Unsubscription:
    """Read a link back. Raises NotFound for one that we did not write."""
    try:
        wallet, topic = signing.loads(text, salt=SALT)
        return Unsubscription(UUID(hex=wallet), str(topic))
    except (signing.BadSignature, ValueError, TypeError):
        raise NotFound("This link does not hold.") from None


def write_before(asked: Unsubscription, before: Mapping[str, Mode]) -> str:
    """Return what stood before a link was used, signed, for the form that undoes it."""
    modes = {name: mode.value for name, mode in before.items()}
    return signing.dumps([asked.wallet_id.hex, asked.topic, modes], salt=SALT_BEFORE)


def read_before(text: str, asked: Unsubscription) -> dict[str, Mode]:
    """Read `write_before` back. Raises Refused for what we did not write for this link, or more than a day ago."""
    try:
        wallet, topic, modes = signing.loads(text, salt=SALT_BEFORE, max_age=TAKEN_BACK_SECONDS)
    except signing.BadSignature:
        raise Refused("What stood before is not known any more.") from None
    if [wallet, topic] != [asked.wallet_id.hex, asked.topic]:
        raise Refused("What stood before is not known any more.")
    return {name: Mode(mode) for name, mode in modes.items()}


def unsubscribe(*, programme_id: UUID, asked: Unsubscription, now: datetime) -> dict[str, Mode]:
    """Send no more mails about a topic; return what stood before, none of what was off already.

    Raises NotFound for a topic that does not exist, Refused for one that is always sent.
    """
    standing = choices_of(asked.wallet_id)
    names = [asked.topic] if asked.topic != DIGEST else _digested(standing)
    for name in names:
        if name not in TOPICS:
            raise NotFound(f"There is no topic “{name}”.", topic=name)
        if TOPICS[name].always:
            raise Refused(f"Mails about “{name}” are always sent.", topic=name)
    chosen = {
        name: standing[name]._replace(email=Mode.OFF)
        for name in names
        if standing[name].email is not Mode.OFF
    }
    choose(programme_id=programme_id, wallet_id=asked.wallet_id, chosen=chosen, now=now)
    return {name: standing[name].email for name in chosen}


def subscribe(
    *, programme_id: UUID, asked: Unsubscription, before: Mapping[str, Mode], now: datetime
) -> None:
    """Send mails about some topics again, as `unsubscribe` said it was; what the link is not about stays.

    Nothing is switched off by it.
    """
    standing = choices_of(asked.wallet_id)
    chosen = {
        name: standing[name]._replace(email=mode)
        for name, mode in before.items()
        if name in TOPICS and asked.topic in {name, DIGEST} and mode is not Mode.OFF
    }
    choose(programme_id=programme_id, wallet_id=asked.wallet_id, chosen=chosen, now=now)


def _choice(row: ChoiceRow) -> Choice:
    return Choice(Mode(row.email), row.push, row.in_centre)


def _digested(standing: Mapping[str, Choice]) -> list[str]:
    return [name for name, choice in standing.items() if choice.email in DIGESTS]


def _give_up(wallet_id: UUID, topic: str, kept: Choice, now: datetime) -> None:
    kinds = [kind for kind, name in KINDS.items() if name == topic]
    connection = shared_connection()
    if kept.email is Mode.OFF:
        letters.drop_waiting(connection, wallet_id, Letter.Channel.EMAIL, kinds, now=now)
    if not kept.push:
        letters.drop_waiting(connection, wallet_id, Letter.Channel.PUSH, kinds, now=now)
