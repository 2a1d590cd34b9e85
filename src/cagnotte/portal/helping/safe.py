"""`/p/PROGRAMME/safe/`: what members are owed against the money that is held, from the books, and how to check it."""

import time
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from uuid import UUID

from django.http import HttpResponse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_safe

from cagnotte.domain.errors import NotFound
from cagnotte.ledger import seals
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger.owed import BANK
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit, portal_page

KEPT_SECONDS = 60.0
"""The sums are over every cagnotte, so that they are not made anew for every reader."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Sums of a programme at one moment, in minor units of its currency.

    Attributes:
        available_minor: members may spend it or be paid now. promised_minor: other money that is owed now: reserved,
            in payouts at the bank, vouchers, donations, kept aside for closed accounts.
        bank_minor: at the bank. seal_number, sealed_at, seal_hash: of the latest seal; None before the first.
    """

    at: datetime
    pending_minor: int
    confirmed_minor: int
    available_minor: int
    promised_minor: int
    bank_minor: int
    seal_number: int | None = None
    sealed_at: datetime | None = None
    seal_hash: str = ""

    @property
    def due_minor(self) -> int:
        """What could be asked for today."""
        return self.available_minor + self.promised_minor

    @property
    def is_covered(self) -> bool:
        """Whether the money at the bank covers it."""
        return self.bank_minor >= self.due_minor

    @property
    def share_percent(self) -> int:
        """How much of what is due the bank covers, at most 100."""
        if not self.due_minor:
            return 100
        return min(100, max(0, self.bank_minor * 100 // self.due_minor))


_kept: dict[UUID, tuple[float, Standing]] = {}
_lock = Lock()


@require_safe
@portal_page("help")
def safe(visit: Visit) -> HttpResponse:
    """Show the sums, the latest seal and how to check one's own proof."""
    return visit.show("portal/helping/safe.html", standing=_standing(visit))


def forget_standings() -> None:
    """Compute the sums anew at the next look; for tests."""
    with _lock:
        _kept.clear()


def _standing(visit: Visit) -> Standing:
    programme = visit.programme
    at = time.monotonic()
    kept = _kept.get(programme.id)
    if kept and at - kept[0] < KEPT_SECONDS:
        return kept[1]
    found = _computed(programme.id, programme.currency, visit.now)
    with _lock:
        _kept[programme.id] = (at, found)
    return found


PROMISED = (
    "member.held",
    "programme.vouchers",
    "programme.unclaimed",
    "programme.payouts",
    "programme.donations",
)
"""Accounts of what is promised to members in another form than an available balance."""


def _computed(programme_id: UUID, currency: str, now: datetime) -> Standing:
    connection = shared_connection()
    rows = ledger.balances_by_kind(connection, programme_id)
    own = {row.kind: row.own_minor for row in rows if row.currency == currency}
    sums = Standing(
        at=now,
        pending_minor=own.get("member.pending", 0),
        confirmed_minor=own.get("member.confirmed", 0),
        available_minor=own.get("member.available", 0),
        promised_minor=sum(own.get(kind, 0) for kind in PROMISED),
        bank_minor=own.get(BANK, 0),
    )
    return _with_seal(sums, programme_id)


def _with_seal(sums: Standing, programme_id: UUID) -> Standing:
    try:
        head = seals.head(shared_connection(), programme_id)
    except NotFound:
        return sums
    return replace(
        sums,
        seal_number=head.number,
        sealed_at=parse_datetime(head.facts["sealed_at"]),
        seal_hash=head.hash.hex(),
    )
