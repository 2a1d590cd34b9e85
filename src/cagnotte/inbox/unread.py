"""What waits beside orders: messages that could not be read, and orders that could not be fetched."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from cagnotte.inbox.models import Message, Problem, Wanted


class UnreadableMessage(NamedTuple):
    """A message that could not be read, or not wholly. problems: (place, reason, sentence) of its parts."""

    id: int
    account_id: UUID
    received_at: datetime
    topic: str
    reason: str
    sentence: str
    problems: list[tuple[str, str, str]]


class UnfetchedOrder(NamedTuple):
    """An order that its source hinted at, and that could not be fetched so often."""

    account_id: UUID
    object_id: str
    since: datetime
    tries: int
    sentence: str
    next_at: datetime | None


def unreadable_messages(account_ids: Iterable[UUID], *, limit: int) -> list[UnreadableMessage]:
    """Return messages of some accounts that could not be read, the latest first."""
    waiting = Message.objects.filter(
        account_id__in=account_ids, state=Message.State.UNREADABLE
    ).order_by("-id")
    return _with_problems(list(waiting[:limit]))


def unreadable_message(account_id: UUID, event_id: str) -> UnreadableMessage | None:
    """Return the message of a name when it could not be read, or not wholly; None otherwise."""
    rows = Message.objects.filter(
        account_id=account_id, event_id=event_id, state=Message.State.UNREADABLE
    )
    return next(iter(_with_problems(list(rows))), None)


def _with_problems(rows: Sequence[Message]) -> list[UnreadableMessage]:
    problems: dict[int, list[tuple[str, str, str]]] = {}
    for problem in Problem.objects.filter(message_id__in=[row.id for row in rows]).order_by("id"):
        told = (problem.place, problem.reason, problem.sentence)
        problems.setdefault(problem.message_id, []).append(told)
    return [
        UnreadableMessage(
            row.id,
            row.account_id,
            row.received_at,
            row.topic,
            row.reason,
            row.sentence,
            problems.get(row.id, []),
        )
        for row in rows
    ]


def unfetched_orders(account_ids: Iterable[UUID], *, limit: int) -> list[UnfetchedOrder]:
    """Return orders of some accounts that could not be fetched yet, those that wait longest first."""
    rows = Wanted.objects.filter(account_id__in=account_ids, tries__gt=0)
    return [
        UnfetchedOrder(
            row.account_id, row.object_id, row.since, row.tries, row.last_error, row.not_before
        )
        for row in rows.order_by("since", "object_id")[:limit]
    ]
