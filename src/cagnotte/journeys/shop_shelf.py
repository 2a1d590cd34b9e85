"""What a process keeps of a programme's shops: facts that hold for everybody, in no language yet.

Shops and what they give change by whole loads, so they are read once; every few seconds it is asked whether they are
still what stands. What depends on the day is found out once a day.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
import psycopg
from django.utils.translation import get_language
from psycopg.rows import tuple_row

from cagnotte.catalog import selectors as catalog
from cagnotte.catalog.models import ShopCategory
from cagnotte.catalog.programme_file.storefront import PageSection, Texts
from cagnotte.catalog.rates import Best, Given, RateBook
from cagnotte.domain.offers import Offer
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Programme
from cagnotte.platform.sql import load

Connection = psycopg.Connection[Any]

SQL = load("finding")

FRESH = timedelta(seconds=5)
"""How long a process goes on without asking whether a programme was loaded anew."""

DAYS_KEPT = 3


class Shop(NamedTuple):
    """A merchant and its page. logo: names the version of its drawing; "" without one."""

    merchant_id: UUID
    ref: str
    name: str
    site: str
    hosts: tuple[str, ...]
    page: PageSection
    logo: str
    sort_key: str

    @property
    def online(self) -> bool:
        """Whether one can buy on its site."""
        told = self.page.online
        return bool(self.site) if told is None else told

    @property
    def in_store(self) -> bool:
        """Whether one can buy in its shops."""
        told = self.page.in_store
        return not self.site if told is None else told


class Kind(NamedTuple):
    """A kind of shop."""

    ref: str
    name: Texts
    icon: str


@dataclass(frozen=True)
class Shown:
    """A shop as it stands on a day. first: what a first purchase gets, where that is an offer of its own."""

    shop: Shop
    best: Best | None
    usual: Given | None
    first: Given | None
    until: date | None

    @property
    def worth(self) -> int:
        """What shops are sorted by that are sorted by what they give; −1 for nothing."""
        return self.best.given.worth if self.best else -1

    @property
    def is_boosted(self) -> bool:
        """Whether it gives more than it usually does."""
        return self.usual is not None or (self.best is not None and self.best.is_boosted)

    @cached_property
    def follow(self) -> str:
        """The offer whose link leads there; "" where none does."""
        if not self.shop.site or self.best is None:
            return ""
        return self.best.offers[0].ref


@dataclass
class Shelf:
    """The shops of a programme as of one moment. state: by which a later one is told from this one."""

    programme: Programme
    state: str
    shops: Sequence[Shop]
    kinds: Sequence[Kind]
    rates: RateBook
    product_names: Mapping[str, str]
    brand_names: Mapping[str, str]
    _days: dict[date, dict[UUID, Shown]] = field(default_factory=dict)

    def today(self, now: datetime) -> date:
        """Return the day in the programme's time zone."""
        return now.astimezone(ZoneInfo(self.programme.timezone)).date()

    @cached_property
    def by_ref(self) -> Mapping[str, Shop]:
        """The shops by reference."""
        return {shop.ref: shop for shop in self.shops}

    @cached_property
    def kinds_by_ref(self) -> Mapping[str, Kind]:
        """The kinds of shops by reference."""
        return {kind.ref: kind for kind in self.kinds}

    def on(self, day: date) -> Mapping[UUID, Shown]:
        """Return the shops as they stand on a day, in the order of their names."""
        found = self._days.get(day)
        if found is None:
            found = {shop.merchant_id: self._shown(shop, day) for shop in self.shops}
            while len(self._days) >= DAYS_KEPT:
                self._days.pop(next(iter(self._days)), None)
            self._days[day] = found
        return found

    def offers_at(self, shop: Shop, day: date) -> list[Offer]:
        """Return the offers that hold at a shop on a day, whoever they are for."""
        return self.rates.holding(shop.ref, day)

    def _shown(self, shop: Shop, day: date) -> Shown:
        rates = self.rates
        return Shown(
            shop,
            rates.best(shop.ref, day),
            rates.usual(shop.ref, day),
            rates.first(shop.ref, day),
            rates.until(shop.ref, day),
        )


def text_of(texts: Texts | None) -> str:
    """Return a text in the active language, else in any that it has, else nothing."""
    if not texts:
        return ""
    language = (get_language() or "en")[:2]
    return texts.get(language) or next(iter(texts.values()))


class Shelves:
    """The shelves of a process, one for each programme that somebody asked for."""

    def __init__(self) -> None:
        self._shelves: dict[UUID, tuple[datetime, Shelf]] = {}
        self._lock = threading.Lock()

    def of(self, connection: Connection, programme: Programme, now: datetime) -> Shelf:
        """Return the shops of a programme as they stand now, or stood a few seconds ago."""
        known = self._shelves.get(programme.id)
        if known and abs(now - known[0]) < FRESH:
            return known[1]
        # One thread asks; the others need not wait for it when they have something to go on with.
        if known is None:
            self._lock.acquire()
        elif not self._lock.acquire(blocking=False):
            return known[1]
        try:
            known = self._shelves.get(programme.id)
            if known is None or abs(now - known[0]) >= FRESH:
                known = now, _read(connection, programme, known[1] if known else None)
                self._shelves[programme.id] = known
            return known[1]
        finally:
            self._lock.release()


def _read(connection: Connection, programme: Programme, known: Shelf | None) -> Shelf:
    asked = {"programme_id": programme.id}
    with connection.cursor(row_factory=tuple_row) as cursor:
        (state,) = cursor.execute(SQL.state_of_shops, asked).fetchone() or ("",)
        if known and known.state == state:
            return known
        shops = [
            Shop(
                merchant_id,
                ref,
                name,
                site,
                tuple(hosts),
                PageSection(**orjson.loads(told)),
                logo,
                sort_key,
            )
            for merchant_id, ref, name, site, hosts, told, logo, sort_key in cursor.execute(
                SQL.shops_of_programme, asked
            )
        ]
    kinds = ShopCategory.objects.filter(programme=programme).order_by("position", "ref")
    return Shelf(
        programme,
        state,
        shops,
        [Kind(kind.ref, kind.name, kind.icon) for kind in kinds],
        RateBook(catalog.contracts(programme.id), catalog.offers(programme.id)),
        catalog.category_names(programme.id),
        {
            ref: name
            for (kind, ref), name in identity.party_names(programme.id).items()
            if kind == "brand"
        },
    )
