"""A shop as lists show it: everything said and addressed beforehand, since a page may hold dozens of them."""

from collections.abc import Container, Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cagnotte.journeys.find_shops import ShopCard
from cagnotte.portal.visit import Visit

_PLACE = "0"
"""Stands for the reference while an address is asked for once and filled in for each shop."""

_SAFE = "!$&'()*+,;=/~:@"
"""What Django leaves as it is in an address."""


class Tile(NamedTuple):
    """A shop in a list. href: its page. mark: the address of its drawing, "" for none. note: the line below."""

    card: ShopCard
    href: str
    mark: str
    note: str
    is_kept: bool


def tiles(
    visit: Visit,
    cards: Iterable[ShopCard],
    *,
    kept: Container[UUID] = (),
    why: Mapping[UUID, str] = MappingProxyType({}),
) -> list[Tile]:
    """Return the tiles of some shops.

    kept: the member's favourites. why: why a shop is shown, by merchant, in place of its usual note.
    """
    page = visit.address("portal_shop", _PLACE)
    drawing = visit.address("portal_shop_mark", _PLACE)
    made = []
    for card in cards:
        ref = quote(card.ref, safe=_SAFE)
        made.append(
            Tile(
                card,
                _filled(page, ref),
                f"{_filled(drawing, ref)}?v={card.logo}" if card.logo else "",
                why.get(card.merchant_id) or _note(card),
                card.merchant_id in kept,
            )
        )
    return made


def _filled(address: str, ref: str) -> str:
    """Put a reference where its place is: the last one, since a programme may be called so too."""
    start, _place, end = address.rpartition(_PLACE)
    return f"{start}{ref}{end}"


def _note(card: ShopCard) -> str:
    """Say what matters most about a shop in a few words."""
    if card.until:
        return _("Until {day}").format(day=date_format(card.until, "MONTH_DAY_FORMAT"))
    if card.note:
        return card.note
    if card.confirm_days is not None:
        return ngettext(
            "Confirmed after about {days} day",
            "Confirmed after about {days} days",
            card.confirm_days,
        ).format(days=card.confirm_days)
    if card.in_store and not card.online:
        return _("In store")
    return card.categories[0].name if card.categories else ""
