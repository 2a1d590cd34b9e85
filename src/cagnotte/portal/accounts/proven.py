"""An address that was proven by a code and is nobody's yet: the session remembers it until somebody joins with it."""

from cagnotte.portal.visit import Visit

SESSION_PROVEN = "portal_proven"

PROVEN_SECONDS = 1_800
"""So long one may take for the rest of joining."""


def remember_proven(visit: Visit, email: str) -> None:
    """Remember it for this programme."""
    visit.request.session[SESSION_PROVEN] = {
        "email": email,
        "programme": visit.programme.slug,
        "at": visit.now.timestamp(),
    }


def proven(visit: Visit) -> str:
    """Return the address that was proven lately, "" for none."""
    kept = visit.request.session.get(SESSION_PROVEN)
    if not kept or kept["programme"] != visit.programme.slug:
        return ""
    return str(kept["email"]) if visit.now.timestamp() - kept["at"] <= PROVEN_SECONDS else ""


def forget_proven(visit: Visit) -> None:
    """Remember it no longer."""
    visit.request.session.pop(SESSION_PROVEN, None)
