"""Telling members: the one way in which a member is told something, from whichever journey.

A notice is written once for its key, whoever asks how often. Which letters go out is decided in the same database
transaction, by what the member chose; several of one kind that come together are one letter. Each function works in
the caller's transaction.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import orjson
import psycopg

from cagnotte.domain.consents import Purpose
from cagnotte.domain.ids import bucket_of, derived_id, named_id
from cagnotte.identity import consents
from cagnotte.notices import timing
from cagnotte.notices.kinds import DIGESTS, Choice, Mode, as_chosen, topic_of
from cagnotte.notices.models import Letter
from cagnotte.notices.timing import USUAL_QUIET, Quiet
from cagnotte.platform.sql import load

SQL = load("notices")

Connection = psycopg.Connection[Any]

STALE = timedelta(days=7)
"""What happened longer ago stands among the notices, and nobody is written to about it."""

KEPT_DAYS = 400
"""How long notices can be looked up: more than a year."""

TIDIED_AT_ONCE = 1_000


class News(NamedTuple):
    """Something to tell a member.

    Attributes:
        wallet_id: whose it is. kind: one of `kinds.KINDS`. key: what it is told once for, such as an event's id.
        facts: what its words are made of, see `words`: plain values, amounts as `…_minor` with a currency.
        at: when it happened.
    """

    programme_id: UUID
    wallet_id: UUID
    kind: str
    key: str
    facts: Mapping[str, Any]
    at: datetime

    @property
    def id(self) -> UUID:
        """The identity of the notice."""
        return named_id("notice", self.programme_id, self.wallet_id, self.kind, self.key)


class Recipient(NamedTuple):
    """How a member can be reached. signs_in: somebody does as this member; has_device: to push to."""

    zone: str
    quiet: Quiet
    signs_in: bool
    has_device: bool


class _Envelope(NamedTuple):
    """A letter that notices are put into."""

    wallet_id: UUID
    channel: str
    kind: str


def tell(  # noqa: PLR0913 - what it is, of whom, and the clock
    connection: Connection,
    *,
    programme_id: UUID,
    wallet_id: UUID,
    kind: str,
    facts: Mapping[str, Any],
    key: str,
    now: datetime,
) -> bool:
    """Tell a member something; False when it was told before under this key.

    kind, facts: see `kinds` and `words`. Raises NotFound for a kind that does not exist.
    """
    return tell_all(connection, [News(programme_id, wallet_id, kind, key, facts, now)], now=now) > 0


def tell_of_change(
    connection: Connection,
    *,
    programme_id: UUID,
    wallet_id: UUID,
    what: str,
    now: datetime,
    detail: str = "",
) -> bool:
    """Tell the owner of a cagnotte of a change that they may not have made; what: one of `security_words.CHANGES`."""
    return tell(
        connection,
        programme_id=programme_id,
        wallet_id=wallet_id,
        kind="security",
        facts={"what": what, "detail": detail},
        key=f"{what}/{now.isoformat()}",
        now=now,
    )


def tell_all(connection: Connection, news: Sequence[News], *, now: datetime) -> int:
    """Tell many members many things, in a handful of queries; return how many were new. Raises as `tell`."""
    if not news:
        return 0
    wallet_ids = sorted({one.wallet_id for one in news})
    chosen = _choices(connection, wallet_ids)
    choices = {one.id: _choice(one, chosen) for one in news}
    new_ids = _write(connection, news, choices)
    fresh = {one.id: one for one in news if one.id in new_ids and now - one.at < STALE}
    if fresh:
        recipients = recipients_of(connection, wallet_ids)
        allowed = _allowed(connection, fresh.values())
        letters: dict[_Envelope, list[UUID]] = defaultdict(list)
        times: dict[_Envelope, datetime] = {}
        for one in fresh.values():
            if one.wallet_id not in recipients or one.id not in allowed:
                continue
            for envelope, at in _letters(one, choices[one.id], recipients[one.wallet_id], now):
                letters[envelope].append(one.id)
                times[envelope] = min(at, times.get(envelope, at))
        _post(connection, letters, times, {one.wallet_id: one for one in news}, now)
    return len(new_ids)


def recipients_of(connection: Connection, wallet_ids: Sequence[UUID]) -> dict[UUID, Recipient]:
    """Return how members can be reached."""
    rows = connection.execute(SQL.recipients, {"wallet_ids": list(wallet_ids)})
    return {
        wallet_id: Recipient(
            zone, USUAL_QUIET if kept is None else Quiet(kept, begins, ends), signs_in, has_device
        )
        for wallet_id, zone, kept, begins, ends, signs_in, has_device in rows
    }


def tidy(connection: Connection, *, now: datetime) -> None:
    """Forget what was told long ago. Commits as it goes."""
    before = now - timedelta(days=KEPT_DAYS)
    while True:
        with connection.transaction():
            values = {"before": before, "at_most": TIDIED_AT_ONCE}
            if connection.execute(SQL.drop_notices, values).rowcount < TIDIED_AT_ONCE:
                return


def _choices(connection: Connection, wallet_ids: list[UUID]) -> dict[tuple[UUID, str], Choice]:
    rows = connection.execute(SQL.choices, {"wallet_ids": wallet_ids})
    return {
        (wallet_id, topic): Choice(Mode(email), push, in_centre)
        for wallet_id, topic, email, push, in_centre in rows
    }


def _choice(news: News, chosen: Mapping[tuple[UUID, str], Choice]) -> Choice:
    topic = topic_of(news.kind)
    return as_chosen(topic, chosen.get((news.wallet_id, topic.name)))


def _write(
    connection: Connection, news: Sequence[News], choices: Mapping[UUID, Choice]
) -> set[UUID]:
    rows = connection.execute(
        SQL.write_notices,
        {
            "ids": [one.id for one in news],
            "programme_ids": [one.programme_id for one in news],
            "wallet_ids": [one.wallet_id for one in news],
            "buckets": [bucket_of(one.wallet_id) for one in news],
            "kinds": [one.kind for one in news],
            "facts": [orjson.dumps(dict(one.facts)).decode() for one in news],
            "at": [one.at for one in news],
            "in_centre": [choices[one.id].in_centre for one in news],
        },
    )
    return {row[0] for row in rows}


def _allowed(connection: Connection, news: Iterable[News]) -> set[UUID]:
    """Return what may be written about: marketing alone to who agreed to it."""
    found, marketing = set(), defaultdict(list)
    for one in news:
        if topic_of(one.kind).marketing:
            marketing[one.programme_id].append(one)
        else:
            found.add(one.id)
    for programme_id, group in marketing.items():
        wallet_ids = sorted({one.wallet_id for one in group})
        agreed = consents.agreed(connection, programme_id, Purpose.MARKETING, wallet_ids)
        found |= {one.id for one in group if one.wallet_id in agreed}
    return found


def _letters(
    news: News, choice: Choice, recipient: Recipient, now: datetime
) -> list[tuple[_Envelope, datetime]]:
    """Return the letters that a notice goes into, and when each may leave."""
    if not recipient.signs_in:
        return []
    topic, found = topic_of(news.kind), []
    for channel, mode, wanted in (
        (Letter.Channel.EMAIL, choice.email, choice.email is not Mode.OFF),
        (Letter.Channel.PUSH, Mode.NOW, choice.push and recipient.has_device),
    ):
        if wanted:
            envelope = _Envelope(news.wallet_id, channel.value, DIGESTS.get(mode, news.kind))
            at = timing.send_at(topic, mode, recipient.quiet, zone=recipient.zone, now=now)
            found.append((envelope, at))
    return found


def _post(
    connection: Connection,
    letters: Mapping[_Envelope, Sequence[UUID]],
    times: Mapping[_Envelope, datetime],
    owners: Mapping[UUID, News],
    now: datetime,
) -> None:
    envelopes = sorted(letters)
    if envelopes:
        connection.execute(
            SQL.write_letters,
            {
                "ids": [derived_id(now, "letter", *one, letters[one][0]) for one in envelopes],
                "programme_ids": [owners[one.wallet_id].programme_id for one in envelopes],
                "wallet_ids": [one.wallet_id for one in envelopes],
                "buckets": [bucket_of(one.wallet_id) for one in envelopes],
                "channels": [one.channel for one in envelopes],
                "kinds": [one.kind for one in envelopes],
                "notice_ids": [",".join(map(str, letters[one])) for one in envelopes],
                "next_at": [times[one] for one in envelopes],
                "now": now,
            },
        )
