"""Members who were erased: their row stays, under a pseudonym in place of the number.

Ids of members and cagnottes are derived from the number, so that a shop which goes on sending an erased member's rows
would bring the name back to the old cagnotte. Rows for erased members are therefore left out when members are enrolled
(`drop_erased` in sql/enrol.sql).
"""

from collections.abc import Iterable
from uuid import UUID

from cagnotte.identity.models import Member

PSEUDONYM = "erased-"
"""How the number of an erased member begins."""


def erased_among(wallet_ids: Iterable[UUID]) -> set[UUID]:
    """Return the cagnottes whose member was erased; one query."""
    found = Member.objects.filter(wallet_id__in=list(wallet_ids), ref__startswith=PSEUDONYM)
    return set(found.values_list("wallet_id", flat=True))
