"""Follow a link to a shop: find the offer and the shop, note the click, and say where to go.

What a programme offers and how its shops are reached changes by whole loads, so it is read once and kept in the process
(`OfferBook`); a click then costs one INSERT. Whether it is still what stands is asked every few seconds.
"""

import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
import structlog
from django.utils.translation import get_language

from cagnotte.catalog import selectors as catalog
from cagnotte.domain import links
from cagnotte.domain.errors import CagnotteError, NotFound
from cagnotte.domain.offers import Offer
from cagnotte.hooks.sources import Link, SourceContext, SourcePlugin
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Programme
from cagnotte.identity.selectors import Shop
from cagnotte.inbox import accounts
from cagnotte.platform.sql import load
from cagnotte.tracking import services as tracking
from cagnotte.tracking.promises import promise, promised
from cagnotte.tracking.services import Clicked, NewClick
from cagnotte.tracking.visitors import Asking, Visitor

Connection = psycopg.Connection[Any]

SQL = load("tracking")

FRESH = timedelta(seconds=5)
"""How long a process goes on without asking whether a programme was loaded anew."""

OTHERS_MAX = 10
"""Offers named on a page that says why a link leads nowhere."""

IN_FORCE_MAX = 20
"""Versions of offers noted with a click."""

log = structlog.get_logger(__name__)


class Route(NamedTuple):
    """A way to a shop through a connected source that gives our reference back."""

    account: str
    plugin: SourcePlugin
    context: SourceContext


@dataclass(frozen=True)
class OfferBook:
    """What a programme offers, and how its shops are reached, as of one moment.

    marker: by which a later state is told from this one. shops, routes: by the merchant's reference; a shop without
    site is not among them. offers: all versions by reference, the latest first.
    """

    programme: Programme
    marker: str
    shops: Mapping[str, Shop]
    routes: Mapping[str, list[Route]]
    offers: Mapping[str, list[Offer]]
    _in_force: dict[date, dict[str, list[tuple[str, int]]]] = field(default_factory=dict)
    _words: dict[tuple[UUID, str | None], str] = field(default_factory=dict)
    _promises: dict[tuple[UUID, str, date], str] = field(default_factory=dict)

    def today(self, now: datetime) -> date:
        """Return the day in the programme's time zone."""
        return now.astimezone(ZoneInfo(self.programme.timezone)).date()

    def current(self, day: date) -> list[Offer]:
        """Return the offers in force on a day, by reference."""
        found = (self.version_on(ref, day) for ref in sorted(self.offers))
        return [offer for offer in found if offer is not None]

    def version_on(self, ref: str, day: date) -> Offer | None:
        """Return the version of an offer in force on a day."""
        for offer in self.offers.get(ref, ()):
            if offer.valid_from <= day <= offer.valid_until:
                return offer
        return None

    def shops_of(self, offer: Offer) -> list[Shop]:
        """Return the shops with a site where an offer holds, by reference."""
        asked = offer.conditions
        refs = sorted(asked.merchants) if asked.merchants else self.shops
        return [
            self.shops[ref] for ref in refs if ref in self.shops and ref not in asked.not_merchants
        ]

    def in_force(self, shop: Shop, day: date) -> list[tuple[str, int]]:
        """Return (reference, version) of what a shop offers on all its products on a day."""
        if day not in self._in_force:
            found: dict[str, list[tuple[str, int]]] = {ref: [] for ref in self.shops}
            for offer in self.current(day):
                if not _names_products(offer):
                    for at in self.shops_of(offer):
                        found[at.ref].append((offer.ref, offer.version))
            self._in_force[day] = found
        return self._in_force[day][shop.ref][:IN_FORCE_MAX]

    def promise(self, offer: Offer, shop: Shop, day: date) -> str:
        """Return what an offer promises at a shop on a day, as JSON."""
        key = (offer.id, shop.ref, day)
        if key not in self._promises:
            self._promises[key] = promise(offer, self.in_force(shop, day))
        return self._promises[key]

    def words(self, offer: Offer) -> str:
        """Say what an offer promises, in the active language."""
        key = (offer.id, get_language())
        if key not in self._words:
            self._words[key] = promised(offer, self.programme.currency)
        return self._words[key]


def _names_products(offer: Offer) -> bool:
    products = offer.conditions.products
    return bool(products.skus or products.brands or products.categories)


class Books:
    """The offer books of a process, one for each programme that somebody asked for."""

    def __init__(self) -> None:
        self._books: dict[str, tuple[datetime, OfferBook]] = {}
        self._lock = threading.Lock()

    def of(self, connection: Connection, slug: str, now: datetime) -> OfferBook:
        """Return what a programme offers now, or a few seconds ago. Raises NotFound."""
        known = self._books.get(slug)
        if known and abs(now - known[0]) < FRESH:
            return known[1]
        # One thread asks; the others need not wait for it when they have something to go on with.
        if known is None:
            self._lock.acquire()
        elif not self._lock.acquire(blocking=False):
            return known[1]
        try:
            known = self._books.get(slug)
            if known is None or abs(now - known[0]) >= FRESH:
                known = now, _read(connection, slug, now, known[1] if known else None)
                self._books[slug] = known
            return known[1]
        finally:
            self._lock.release()


def _read(connection: Connection, slug: str, now: datetime, known: OfferBook | None) -> OfferBook:
    programme = known.programme if known else identity.programme(slug)
    (marker,) = connection.execute(SQL.link_rules, {"programme_id": programme.id}).fetchone() or (
        "",
    )
    if known and known.marker == marker:
        return known
    offers: dict[str, list[Offer]] = {}
    for offer in catalog.offers(programme.id):
        offers.setdefault(offer.ref, []).insert(0, offer)
    shops = {ref: shop for ref, shop in identity.shops(programme.id).items() if shop.site}
    return OfferBook(programme, marker, shops, _routes(programme.id, shops, now), offers)


def _routes(programme_id: UUID, shops: Iterable[str], now: datetime) -> dict[str, list[Route]]:
    """Return, for each shop, the accounts whose links lead there, the one whose word counts most first."""
    found: dict[str, list[Route]] = {ref: [] for ref in shops}
    for account in sorted(accounts.accounts(programme_id), key=lambda one: (one.rank, one.ref)):
        covered = {account.merchant, *account.merchants.values()} & found.keys()
        if not (account.active and covered):
            continue
        try:
            plugin = accounts.plugin_of(account)
            context = accounts.context_of(account, now=now)
        except CagnotteError as error:
            log.warning("link_account_unusable", account=account.ref, reason=error.sentence)
            continue
        if plugin.click_length_max is not None and plugin.click_length_max >= tracking.REF_LENGTH:
            for ref in covered:
                found[ref].append(Route(account.ref, plugin, context))
    return found


# ---- following ------------------------------------------------------------------------------------------------


class Asked(NamedTuple):
    """What a link says, and who follows it.

    to: the page of the shop, "" for its front. shop: the merchant's reference, "" where the offer names one alone.
    origin: where the link stood, by its own words. rival_seconds: how long ago another publisher had brought the
    visitor to the shop, where the link knows. wallet_id: of the member who is signed in.
    """

    offer: str
    visitor: Visitor
    visit_id: UUID
    shop: str = ""
    to: str = ""
    origin: str = ""
    rival_seconds: int | None = None
    wallet_id: UUID | None = None


class Lead(NamedTuple):
    """Where to go. clicked: what was noted; None where nothing was, since no person asked. offer: what it promises."""

    address: str
    clicked: Clicked | None
    shop: Shop
    offer: Offer


class NoOffer(NotFound):
    """A link that leads nowhere: there is no such offer, or not today.

    gone: it was once in force, and is no more. others: offers to name instead.
    """

    def __init__(self, sentence: str, *, gone: bool, others: list[Offer]) -> None:
        """Take the sentence, whether it was there before, and what is there still."""
        super().__init__(sentence)
        self.gone = gone
        self.others = others


class ManyShops(CagnotteError):
    """The offer holds at several shops, and the link names none of them."""

    def __init__(self, shops: list[Shop]) -> None:
        """Take the shops to choose from."""
        super().__init__()
        self.shops = shops


def follow(connection: Connection, book: OfferBook, asked: Asked, *, now: datetime) -> Lead:
    """Note a click and return where it leads; the caller commits.

    The click goes through the source that covers the shop; where there is none, or it has no link to give, the shop's
    own address carries the reference. A page that is not the shop's is not gone to: its front page is.
    Raises NoOffer and ManyShops.
    """
    day = book.today(now)
    offer, shop = meant(book, asked, day)
    landing = links.landing(shop.site, shop.hosts, asked.to) or shop.site
    if asked.visitor.asking is not Asking.PERSON:
        return Lead(landing, None, shop, offer)
    ref = tracking.new_ref()
    address, via = _address(book.routes.get(shop.ref, []), Link(landing, ref), now)
    rival = asked.rival_seconds
    click = NewClick(
        programme_id=book.programme.id,
        merchant_id=shop.id,
        visit_id=asked.visit_id,
        clicked_at=now,
        offer=(offer.ref, offer.version),
        promise=book.promise(offer, shop, day),
        promised=book.words(offer),
        device=asked.visitor.device,
        consent=asked.visitor.consent,
        origin=asked.origin,
        path=links.page_of(landing) if landing != shop.site else "",
        via=via,
        rival_at=None if rival is None else now - timedelta(seconds=rival),
        wallet_id=asked.wallet_id,
    )
    return Lead(address, tracking.record_click(connection, click, ref=ref), shop, offer)


def meant(book: OfferBook, asked: Asked, day: date) -> tuple[Offer, Shop]:
    """Return the offer and the shop that a link means on a day. Raises NoOffer and ManyShops."""
    offer = _offer(book, asked.offer, day)
    return offer, _shop(book, offer, asked.shop, day)


def _offer(book: OfferBook, ref: str, day: date) -> Offer:
    """Return the version in force. Raises NoOffer."""
    offer = book.version_on(ref, day)
    if offer is not None:
        return offer
    known = book.offers.get(ref, [])
    gone = any(one.valid_until < day for one in known)
    others = book.current(day)
    if known:
        theirs = {shop.ref for shop in book.shops_of(known[0])}
        # The same shop's offers first.
        others.sort(key=lambda one: not theirs & {shop.ref for shop in book.shops_of(one)})
    linked = [one for one in others if book.shops_of(one)]
    sentence = f"The offer “{ref}” is not in force on {day}." if known else f"No offer “{ref}”."
    raise NoOffer(sentence, gone=gone, others=linked[:OTHERS_MAX])


def _shop(book: OfferBook, offer: Offer, ref: str, day: date) -> Shop:
    """Return the shop that is meant. Raises NoOffer where there is no site to go to, ManyShops."""
    shops = book.shops_of(offer)
    if ref:
        shops = [shop for shop in shops if shop.ref == ref]
    if not shops:
        others = [one for one in book.current(day) if book.shops_of(one)]
        raise NoOffer(
            f"The offer “{offer.ref}” has no shop with an address; name its `site` in the programme file.",
            gone=False,
            others=others[:OTHERS_MAX],
        )
    if len(shops) > 1:
        raise ManyShops(shops)
    return shops[0]


def _address(routes: list[Route], link: Link, now: datetime) -> tuple[str, str]:
    """Return the address to go to, and the account it leads through ("" for the shop's own address)."""
    for route in routes:
        try:
            address = route.plugin.deep_link(link, replace(route.context, now=now))
        except Exception as error:  # noqa: BLE001 - whatever is wrong with a plugin, the visitor gets to the shop
            log.warning("link_failed", account=route.account, error=repr(error))
            continue
        if links.is_followed(address):
            return address, route.account
        log.warning("link_unusable", account=route.account)
    return links.with_click(link.target, link.click), ""
