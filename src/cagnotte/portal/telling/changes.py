"""A member is told of what they, or somebody in their name, did on a page of theirs."""

from django.db import transaction

from cagnotte.notices import telling
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.portal.visit import Visit


def tell_of_change(visit: Visit, *, what: str, detail: str) -> None:
    """Tell whoever is here of a change that matters for security; it may have been somebody else. Commits by itself.

    what: one of `security_words.CHANGES`. detail: in what, or from where.
    """
    with transaction.atomic():
        telling.tell_of_change(
            shared_connection(),
            programme_id=visit.programme.id,
            wallet_id=visit.wallet_id,
            what=what,
            detail=detail,
            now=visit.now,
        )
