"""Versions of the interface, by the day they came out; a client names one, else its key does.

A change that could break a client makes a new version; what an older one answers is drawn from the present by steps
that stand here, newest first. There is one version so far.
"""

from cagnotte.api.errors import UnknownVersion
from cagnotte.identity.api_keys import API_VERSION

HEADER = "Cagnotte-Version"
VERSIONS = (API_VERSION,)
"""Every version that is answered, oldest first."""


def chosen(asked: str | None, pinned: str | None) -> str:
    """Return the version a request gets: the one it asks for, else its key's, or the newest. Raises UnknownVersion."""
    if asked is None:
        return pinned if pinned in VERSIONS else VERSIONS[-1]
    if asked not in VERSIONS:
        raise UnknownVersion(
            f"There is no version “{asked[:20]}”; the versions are: {', '.join(VERSIONS)}.",
            errors=[{"header": HEADER, "code": "unknown_version", "detail": "No such version."}],
        )
    return asked
