"""Whether somebody has just proven who they are, as the session remembers it.

Signing in is a proof, too. Who has an authenticator app must have used it, a passkey or a recovery code: whoever reads
their mail alone, or knows their password alone, does not get further.
"""

from datetime import datetime
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.http import HttpRequest

PROOF_SECONDS = 300
"""So long a proof holds."""

STRONG = "mfa"
"""The method by which proofs of a passkey, an app or a recovery code are kept."""


def proved_lately(request: HttpRequest, *, now: datetime) -> bool:
    """Tell whether whoever is here proved within five minutes who they are, as strongly as they can."""
    person: Any = request.user
    if not person.is_authenticated:
        return False
    needs_more = has_app(person)
    since = now.timestamp() - PROOF_SECONDS
    records: list[dict[str, Any]] = get_authentication_records(request, person)
    return any(
        record.get("at", 0) >= since and (not needs_more or record.get("method") == STRONG)
        for record in records
    )


def has_app(person: Any) -> bool:
    """Tell whether a person has an authenticator app, which makes a code by e-mail too little."""
    return bool(
        Authenticator.objects.filter(user_id=person.pk, type=Authenticator.Type.TOTP).exists()
    )
