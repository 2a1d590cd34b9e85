"""Shops that people miss: what they suggest, for the team to look at."""

import unicodedata
from datetime import datetime, timedelta
from uuid import UUID

from cagnotte.catalog.models import ShopSuggestion
from cagnotte.domain import ids, links
from cagnotte.domain.errors import InvalidInput, Refused

TEXT_LENGTH_MAX = 200
SITE_LENGTH_MAX = 300
KNOWN_BY_LENGTH_MAX = 253
"""As long as a host's name can be."""

DAY = timedelta(days=1)

OF_ONE_MEMBER_MAX = 10
"""Suggestions that one member may make within a day."""

OF_VISITORS_MAX = 200
"""Those that all visitors together may: nobody knows how many people they are."""


def suggest_shop(
    *, programme_id: UUID, wallet_id: UUID | None, text: str, now: datetime, site: str = ""
) -> bool:
    """Keep that somebody misses a shop; return False when they, or any visitor, suggested it already.

    text: the shop in their own words; what is a plain address may stand here too. wallet_id: None = a visitor.
    Raises InvalidInput when nothing is named, Refused when so many were made today that no more are taken.
    """
    text, site = _plain(text), _plain(site)
    folded = known_by(site or text) or known_by(text)
    if not folded:
        raise InvalidInput("Name the shop you miss.", field="text")
    if len(text) > TEXT_LENGTH_MAX or len(site) > SITE_LENGTH_MAX:
        raise InvalidInput(f"A name has at most {TEXT_LENGTH_MAX} characters.", field="text")
    theirs = ShopSuggestion.objects.filter(programme_id=programme_id, wallet_id=wallet_id)
    most = OF_VISITORS_MAX if wallet_id is None else OF_ONE_MEMBER_MAX
    if theirs.filter(at__gt=now - DAY).count() >= most:
        raise Refused("Thank you: that is enough for today. Please come back tomorrow.")
    _, made = ShopSuggestion.objects.get_or_create(
        programme_id=programme_id,
        wallet_id=wallet_id,
        folded=folded,
        defaults={
            "bucket": None if wallet_id is None else ids.bucket_of(wallet_id),
            "text": text or folded,
            "site": site,
            "at": now,
        },
    )
    return made


def known_by(text: str) -> str:
    """Return what the same shop is known again by: its host where an address is given, else its letters and digits."""
    for read in (links.host, _host_of_address):
        try:
            return read(text).removeprefix("www.")
        except InvalidInput:
            continue
    apart = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in apart if letter.isalnum())[:KNOWN_BY_LENGTH_MAX]


def _host_of_address(text: str) -> str:
    return links.host_of(links.site(text))


def _plain(text: str) -> str:
    """Return a text without control characters and needless spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())
