"""`/p/PROGRAMME/claims/`: a member's claims, what is under way first."""

from typing import NamedTuple

from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from cagnotte.claims import selectors, words
from cagnotte.claims.selectors import ClaimView
from cagnotte.claims.words import StateWords
from cagnotte.domain.claims import UNDER_WAY, ClaimState
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit, member_page

SHOWN_MAX = 100
"""Claims that are listed: nobody has had more."""

GROUPS: dict[str, tuple[str | Promise, tuple[ClaimState, ...]]] = {
    "under_way": (pgettext_lazy("claim", "Under way"), (ClaimState.DRAFT, *UNDER_WAY)),
    "answered": (
        pgettext_lazy("claim", "Answered"),
        (ClaimState.ACCEPTED, ClaimState.DECLINED, ClaimState.EXPIRED),
    ),
    "over": (pgettext_lazy("claim", "Closed"), (ClaimState.CLOSED, ClaimState.WITHDRAWN)),
}
"""What the list can be narrowed to: its word, and the states it holds."""


class Pill(NamedTuple):
    """A choice above the list. name: "" for all."""

    name: str
    word: str | Promise
    claims: int


class Row(NamedTuple):
    """A claim of the list. next: who acts, and by when."""

    claim: ClaimView
    state: StateWords
    kind: str | Promise
    next: str


@require_safe
@member_page("wallet")
def claims(visit: Visit) -> HttpResponse:
    """Show the member's claims."""
    chosen = visit.request.GET.get("show", "")
    group = GROUPS.get(chosen)
    connection, programme_id = shared_connection(), visit.programme.id
    found = selectors.of_member(
        connection,
        programme_id,
        visit.wallet_id,
        states=group[1] if group else None,
        count=SHOWN_MAX,
    )
    counts = selectors.counts(connection, programme_id, visit.wallet_id)
    pills = [
        Pill(name, word, sum(counts.get(state, 0) for state in states))
        for name, (word, states) in GROUPS.items()
    ]
    return visit.show(
        "portal/claiming/claims.html",
        rows=[_row(one) for one in found],
        pills=[pill for pill in pills if pill.claims],
        chosen=chosen if group else "",
        total=sum(counts.values()),
    )


def _row(claim: ClaimView) -> Row:
    return Row(
        claim,
        words.STATES[claim.state],
        words.KINDS[claim.kind].title,
        words.next_words(claim),
    )
