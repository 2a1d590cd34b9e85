"""Find a shop: by its name, its kind, what it gives, or an address of one of its pages.

Names are found whatever their accents, by other names and by their hosts; what is mistyped finds what is closest. All
else is looked up in what the process keeps of the shops (`shop_shelf`), so that a list costs one query, and none
without words. How lists are sorted is told in docs/explanation/finding.md.
"""

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from django.utils.translation import gettext as _
from psycopg.rows import tuple_row

from cagnotte.catalog import rates
from cagnotte.catalog.models import ShopPage
from cagnotte.catalog.programme_file.storefront import ClaimsSection
from cagnotte.catalog.rates import Given
from cagnotte.domain import links
from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.domain.offers import Offer
from cagnotte.identity.models import Programme
from cagnotte.journeys import shop_sentences
from cagnotte.journeys.measure_delays import Measured, Measures
from cagnotte.journeys.shop_sentences import Names
from cagnotte.journeys.shop_shelf import Shelf, Shelves, Shop, Shown, text_of
from cagnotte.journeys.shops_told import (
    Asked,
    CategoryCount,
    CategoryName,
    ClaimPolicy,
    Found,
    Point,
    Rate,
    RateRow,
    ShopCard,
    ShopFull,
    ShopMeasured,
)
from cagnotte.platform.sql import load
from cagnotte.tracking import selectors as tracking

__all__ = [
    "FEATURES",
    "PAGE_SIZE",
    "SORTS",
    "Asked",
    "CategoryCount",
    "CategoryName",
    "ClaimPolicy",
    "Found",
    "Point",
    "Rate",
    "RateRow",
    "ShopCard",
    "ShopFull",
    "ShopMeasured",
    "best_of",
    "cards_of",
    "categories",
    "claim_policy",
    "featured",
    "find",
    "forget_shops",
    "logo",
    "shop",
    "shop_of_address",
    "suggest",
]

Connection = psycopg.Connection[Any]

SQL = load("finding")

FEATURES = ("online", "in_store", "claims", "boosted", "fast", "new_customers")
"""What lists can be narrowed by, each shop having all that are asked. fast: see `FAST_DAYS`."""

SORTS = ("relevance", "rate", "speed", "reliability", "name")

PAGE_SIZE = 24

FAST_DAYS = 45
"""A shop is fast when half of its purchases are confirmed within so many days."""

TEXT_LENGTH_MAX = 80

FOUND_MAX = 500
"""Shops looked at of those that hold the words."""

CLOSEST_MAX = 12

SPELLED_ALIKE = 0.7
"""From which likeness on, letter by letter, a mistyped name is taken for a whole one."""

SHORT_WORD = 5
LIKENESS, LIKENESS_OF_SHORT = "0.35", "0.55"
"""The same by trigrams, for any piece of a name; a short word has so few that two of them mean nothing."""

RELATED_MAX = 4

HISTORY_DAYS = 365

CLAIM_AFTER_DAYS = 7
CLAIM_AFTER_DAYS_MAX = 30
"""However long a shop takes to tell of purchases, claims are not put off beyond this."""

SHELVES = Shelves()
"""The shops of this process."""

MEASURES = Measures()
"""What purchases took, as this process last measured it."""


class Mark(NamedTuple):
    """A shop's drawing. ref: the shop's; version: changes with the drawing."""

    ref: str
    version: str


@dataclass(frozen=True)
class _Sight:
    """The shops of a programme on a day, and what their purchases took."""

    shelf: Shelf
    day: date
    shown: Mapping[UUID, Shown]
    measured: Mapping[UUID, Measured]

    @classmethod
    def of(cls, connection: Connection, programme: Programme, now: datetime) -> "_Sight":
        shelf = SHELVES.of(connection, programme, now)
        day = shelf.today(now)
        measured = MEASURES.everywhere(connection, programme.id, today=day, now=now)
        return cls(shelf, day, shelf.on(day), measured.shops)

    def confirm_days(self, one: Shown) -> int | None:
        """Return after how many days half of a shop's purchases are confirmed."""
        found = self.measured.get(one.shop.merchant_id)
        return found.confirmed.half if found else None

    def confirmed_bps(self, one: Shown) -> int | None:
        """Return how many of those answered were confirmed."""
        found = self.measured.get(one.shop.merchant_id)
        return found.confirmed_bps if found else None

    def has(self, one: Shown, feature: str) -> bool:
        """Tell whether a shop has a feature."""
        match feature:
            case "online":
                return one.shop.online
            case "in_store":
                return one.shop.in_store
            case "claims":
                return one.shop.page.claims.accepted
            case "boosted":
                return one.is_boosted
            case "fast":
                days = self.confirm_days(one)
                return days is not None and days <= FAST_DAYS
        return one.first is not None

    def rate(self, given: Given) -> Rate:
        """Say what is given."""
        told = rates.words(given, self.shelf.programme.currency)
        return Rate(told, given.rate_bps, given.amount_minor, given.up_to)

    def card(self, one: Shown) -> ShopCard:
        """Tell of a shop in a list."""
        shop = one.shop
        kinds = (self.shelf.kinds_by_ref.get(ref) for ref in shop.page.categories)
        return ShopCard(
            ref=shop.ref,
            merchant_id=shop.merchant_id,
            name=shop.name,
            logo=shop.logo,
            note=self._note(one),
            categories=tuple(
                CategoryName(kind.ref, text_of(kind.name), kind.icon) for kind in kinds if kind
            ),
            best=self.rate(one.best.given) if one.best else None,
            usual=self.rate(one.usual) if one.usual else None,
            until=one.until,
            online=shop.online,
            in_store=shop.in_store,
            claims=shop.page.claims.accepted,
            confirm_days=self.confirm_days(one),
            confirmed_bps=self.confirmed_bps(one),
            offer_ref=one.follow,
        )

    def cards(self, some: Iterable[Shown]) -> list[ShopCard]:
        """Tell of several."""
        return [self.card(one) for one in some]

    def _note(self, one: Shown) -> str:
        if one.first is not None and one.first.worth > one.worth:
            told = rates.words(one.first, self.shelf.programme.currency)
            return _("{rate} on your first order").format(rate=told)
        return ""


def find(connection: Connection, programme: Programme, asked: Asked, *, now: datetime) -> Found:
    """Return a page of the shops that fit; where nothing is called so, the closest names."""
    sight = _Sight.of(connection, programme, now)
    fits, closest = _with_words(connection, sight, asked.text)
    features = [feature for feature in asked.features if feature in FEATURES]
    chosen = [one for one in fits if all(sight.has(one, feature) for feature in features)]
    kinds = _counted(sight, chosen)
    if asked.category:
        chosen = [one for one in chosen if asked.category in one.shop.page.categories]
    facets = {feature: sum(sight.has(one, feature) for one in chosen) for feature in FEATURES}
    is_ranked = bool(_plain(asked.text)) and asked.sort not in _ORDERS
    if not is_ranked:
        chosen.sort(key=_ORDERS.get(asked.sort, _by_relevance)(sight))
    pages = max(1, -(-len(chosen) // PAGE_SIZE))
    start = (min(max(asked.page, 1), pages) - 1) * PAGE_SIZE
    return Found(
        sight.cards(chosen[start : start + PAGE_SIZE]), len(chosen), pages, facets, kinds, closest
    )


def suggest(
    connection: Connection, programme: Programme, text: str, *, now: datetime, limit: int = 8
) -> list[ShopCard]:
    """Return the shops that what was typed so far may mean, the likeliest first; nothing for no text."""
    if not _plain(text):
        return []
    sight = _Sight.of(connection, programme, now)
    fits, _closest = _with_words(connection, sight, text)
    return sight.cards(fits[:limit])


def featured(
    connection: Connection, programme: Programme, *, now: datetime, limit: int = 12
) -> list[ShopCard]:
    """Return the shops of the front page: those the programme names, in its order, then those that give most."""
    sight = _Sight.of(connection, programme, now)
    giving = [one for one in sight.shown.values() if one.best]
    return sight.cards(sorted(giving, key=_by_relevance(sight))[:limit])


def cards_of(
    connection: Connection, programme: Programme, merchant_ids: Iterable[UUID], *, now: datetime
) -> list[ShopCard]:
    """Return the cards of some shops, in that order; those the programme does not have are absent."""
    sight = _Sight.of(connection, programme, now)
    return sight.cards(
        sight.shown[merchant_id] for merchant_id in merchant_ids if merchant_id in sight.shown
    )


def best_of(connection: Connection, programme: Programme, *, now: datetime) -> dict[UUID, Given]:
    """Return what each shop gives at best now, those that give nothing being absent; see `catalog.favourites`."""
    sight = _Sight.of(connection, programme, now)
    return {merchant_id: one.best.given for merchant_id, one in sight.shown.items() if one.best}


def categories(
    connection: Connection, programme: Programme, *, now: datetime
) -> list[CategoryCount]:
    """Return the kinds of shops with how many shops each has, in the programme file's order."""
    sight = _Sight.of(connection, programme, now)
    return _counted(sight, [one for one in sight.shown.values() if _is_listed(one)])


def shop_of_address(
    connection: Connection, programme: Programme, address: str, *, now: datetime
) -> ShopCard | None:
    """Return the shop whose page an address is; None where no shop has such pages, or it is no address."""
    sight = _Sight.of(connection, programme, now)
    found = _at_address(sight, address)
    return sight.card(found) if found else None


def shop(connection: Connection, programme: Programme, ref: str, *, now: datetime) -> ShopFull:
    """Return all that is told of one shop. Raises NotFound."""
    sight = _Sight.of(connection, programme, now)
    shelf, day = sight.shelf, sight.day
    found = shelf.by_ref.get(ref)
    if found is None:
        raise NotFound(f"There is no shop “{ref}”.", ref=ref)
    one, page = sight.shown[found.merchant_id], found.page
    contract = shelf.rates.contract(ref, day)
    names = Names(shelf.product_names, shelf.brand_names, programme.currency)
    gives_not = [text_of(text) for text in page.gives_not]
    out = shop_sentences.left_out(contract, names, told=bool(gives_not))
    must = shop_sentences.to_do(contract, page, online=found.online, in_store=found.in_store)
    return ShopFull(
        card=sight.card(one),
        description=text_of(page.description),
        rates=_rate_rows(sight, found, names),
        base=[text_of(text) for text in page.base] or shop_sentences.base_told(contract),
        gives=[text_of(text) for text in page.gives],
        gives_not=[*gives_not, *(text for text in out if text not in gives_not)],
        must=[*must, *(text_of(text) for text in page.you_must)],
        coupons=shop_sentences.coupons_told(page, contract),
        measured=_measured(sight.measured.get(found.merchant_id)),
        history=_history(sight, found),
        claim=_policy(connection, found.merchant_id, page.claims),
        related=sight.cards(_related(sight, one)),
        site=found.site,
        first_days=page.first_days_to_track,
    )


def logo(connection: Connection, programme: Programme, ref: str) -> str:  # noqa: ARG001 - read by Django's own
    """Return a shop's drawing as SVG. Raises NotFound where it has none."""
    rows = ShopPage.objects.filter(programme=programme, merchant__ref=ref).exclude(logo="")
    drawn = rows.values_list("logo", flat=True).first()
    if drawn is None:
        raise NotFound(f"The shop “{ref}” has no logo.", ref=ref)
    return str(drawn)


def marks(connection: Connection, programme: Programme, *, now: datetime) -> dict[str, Mark]:
    """Return what the drawing of each shop that has one is found by, by the shop's name; no query once known."""
    shops = SHELVES.of(connection, programme, now).shops
    return {shop.name: Mark(shop.ref, shop.logo) for shop in shops if shop.logo}


def claim_policy(connection: Connection, programme: Programme, merchant_id: UUID) -> ClaimPolicy:
    """Return when cashback that is missing at a shop may be claimed, and with what. Raises NotFound."""
    row = ShopPage.objects.filter(programme=programme, merchant_id=merchant_id).first()
    if row is None:
        raise NotFound("There is no such shop.", merchant_id=merchant_id)
    return _policy(connection, merchant_id, ClaimsSection(**row.told.get("claims", {})))


def forget_shops() -> None:
    """Read and measure everything anew at the next question; for tests, and for whoever has just loaded a programme."""
    global SHELVES, MEASURES
    SHELVES, MEASURES = Shelves(), Measures()


# ---- by words ---------------------------------------------------------------------------------------------------


def _with_words(connection: Connection, sight: _Sight, text: str) -> tuple[list[Shown], bool]:
    """Return the shops that words mean, the best first, and whether they are only close; without words all listed."""
    plain = _plain(text)
    if not plain:
        return [one for one in sight.shown.values() if _is_listed(one)], False
    at_address = _at_address(sight, text)
    if at_address is not None:
        return [at_address], False
    words = sorted(plain.split(), key=len)
    asked = {
        "programme_id": sight.shelf.programme.id,
        "text": plain,
        "part": _pattern(words[-1]),
        "words": "\n".join(_pattern(word) for word in words),
        "count": FOUND_MAX,
    }
    with connection.cursor(row_factory=tuple_row) as cursor:
        rows = cursor.execute(SQL.shops_with_words, asked).fetchall()
    if rows:
        return _in_sight(sight, (row[0] for row in rows)), False
    likeness = LIKENESS_OF_SHORT if len(plain) <= SHORT_WORD else LIKENESS
    with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(SQL.closer_than, {"likeness": likeness})
        rows = cursor.execute(SQL.shops_like, {**asked, "count": CLOSEST_MAX}).fetchall()
    alike = [*_spelled_alike(sight, plain), *_in_sight(sight, (row[0] for row in rows))]
    return list({one.shop.ref: one for one in alike}.values())[:CLOSEST_MAX], True


def _spelled_alike(sight: _Sight, plain: str) -> list[Shown]:
    names = dict.fromkeys(shop.sort_key for shop in sight.shelf.shops)
    close = difflib.get_close_matches(plain, names, n=CLOSEST_MAX, cutoff=SPELLED_ALIKE)
    order = {name: place for place, name in enumerate(close)}
    found = [one for one in sight.shown.values() if one.shop.sort_key in order]
    return sorted(found, key=lambda one: order[one.shop.sort_key])


def _in_sight(sight: _Sight, merchant_ids: Iterable[UUID]) -> list[Shown]:
    return [sight.shown[found] for found in merchant_ids if found in sight.shown]


def _plain(text: str) -> str:
    """Return what is looked for, without what nobody means: spaces around, control characters, the www of a host."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text[:TEXT_LENGTH_MAX])
    return re.sub(r"^(https?://)?(www\.)?", "", " ".join(kept.split()).casefold())


def _pattern(word: str) -> str:
    return "%" + re.sub(r"([\\%_])", r"\\\1", word) + "%"


def _at_address(sight: _Sight, text: str) -> Shown | None:
    """Return the shop one of whose pages an address is; the longest host wins where shops share one's end."""
    try:
        host = links.host_of(links.site(text.strip()))
    except InvalidInput:
        return None
    found = [
        (len(own), shop)
        for shop in sight.shelf.shops
        for own in (links.host_of(shop.site) if shop.site else "", *shop.hosts)
        if own and _is_host_of(host, own.removeprefix("www."))
    ]
    if not found:
        return None
    _length, shop = max(found, key=lambda pair: pair[0])
    return sight.shown[shop.merchant_id]


def _is_host_of(host: str, own: str) -> bool:
    return host == own or host.endswith(f".{own}")


def _is_listed(one: Shown) -> bool:
    """Tell whether a shop stands in lists that name nothing: where it gives something to somebody."""
    return one.best is not None or one.first is not None


# ---- order ------------------------------------------------------------------------------------------------------

Key = Callable[[Shown], tuple[Any, ...]]

LAST = 10**9
"""Stands for what is not known, behind all that is."""


def _by_relevance(_sight: _Sight) -> Key:
    return lambda one: (one.shop.page.featured or LAST, *_by_rate(_sight)(one))


def _by_rate(_sight: _Sight) -> Key:
    return lambda one: (-one.worth, one.shop.sort_key, one.shop.ref)


def _by_speed(sight: _Sight) -> Key:
    def key(one: Shown) -> tuple[Any, ...]:
        days = sight.confirm_days(one)
        return (LAST if days is None else days, *_by_rate(sight)(one))

    return key


def _by_reliability(sight: _Sight) -> Key:
    return lambda one: (-(sight.confirmed_bps(one) or 0), *_by_rate(sight)(one))


def _by_name(_sight: _Sight) -> Key:
    return lambda one: (one.shop.sort_key, one.shop.ref)


_ORDERS: Mapping[str, Callable[[_Sight], Key]] = {
    "rate": _by_rate,
    "speed": _by_speed,
    "reliability": _by_reliability,
    "name": _by_name,
}
"""By relevance, what is looked for with words stays as the words fit; the rest is in the programme's own order."""


# ---- parts of a page ----------------------------------------------------------------------------------------------


def _counted(sight: _Sight, some: Sequence[Shown]) -> list[CategoryCount]:
    counts: dict[str, int] = {}
    for one in some:
        for ref in one.shop.page.categories:
            counts[ref] = counts.get(ref, 0) + 1
    return [
        CategoryCount(kind.ref, text_of(kind.name), kind.icon, counts.get(kind.ref, 0))
        for kind in sight.shelf.kinds
    ]


def _rate_rows(sight: _Sight, shop: Shop, names: Names) -> list[RateRow]:
    """Tell of each offer at a shop, what is for everybody first, then the highest first."""
    told: list[tuple[tuple[bool, int], RateRow]] = []
    for offer in sight.shelf.offers_at(shop, sight.day):
        given = sight.shelf.rates.given(offer, shop.ref, sight.day)
        whom = shop_sentences.for_whom(offer.conditions)
        row = RateRow(
            words=rates.words(given, names.currency),
            name=offer.name if offer.name != offer.ref else "",
            conditions=shop_sentences.conditions_told(offer, names),
            until=_end_of(offer),
            offer_ref=offer.ref if shop.site else "",
            for_whom=whom,
        )
        told.append(((bool(whom), -given.worth), row))
    return [row for _order, row in sorted(told, key=lambda pair: pair[0])]


def _end_of(offer: Offer) -> date | None:
    return None if offer.valid_until == date.max else offer.valid_until


def _measured(found: Measured | None) -> ShopMeasured | None:
    if found is None:
        return None
    return ShopMeasured(
        track_days=found.known.half,
        track_days_p90=found.known.nine_in_ten,
        confirm_days=found.confirmed.half,
        confirm_days_p90=found.confirmed.nine_in_ten,
        confirmed_bps=found.confirmed_bps,
        purchases=found.purchases,
        since=found.first,
        until=found.last,
    )


def _history(sight: _Sight, shop: Shop) -> list[Point]:
    """Tell what a shop gave over twelve months, but for the time before the programme was there."""
    programme = sight.shelf.programme
    born = programme.created_at.astimezone(ZoneInfo(programme.timezone)).date()
    first = min(max(sight.day - timedelta(days=HISTORY_DAYS), born), sight.day)
    return [
        Point(
            since.day,
            since.given.rate_bps if since.given else None,
            since.given.amount_minor if since.given else None,
            rates.words(since.given, programme.currency) if since.given else _("No cashback"),
        )
        for since in sight.shelf.rates.history(shop.ref, first, sight.day)
    ]


def _policy(connection: Connection, merchant_id: UUID, claims: ClaimsSection) -> ClaimPolicy:
    after_days = claims.after_days
    if after_days is None:
        seen = tracking.reporting_days(connection, {merchant_id}).get(merchant_id)
        after_days = CLAIM_AFTER_DAYS if seen is None else min(seen, CLAIM_AFTER_DAYS_MAX)
    return ClaimPolicy(claims.accepted, after_days, claims.within_days, tuple(claims.needs))


def _related(sight: _Sight, one: Shown) -> list[Shown]:
    """Return shops of the same kinds that give most, those that share more kinds first."""
    kinds = set(one.shop.page.categories)
    alike = [
        other
        for other in sight.shown.values()
        if other is not one and other.best and kinds & set(other.shop.page.categories)
    ]

    def key(other: Shown) -> tuple[Any, ...]:
        return (-len(kinds & set(other.shop.page.categories)), *_by_rate(sight)(other))

    return sorted(alike, key=key)[:RELATED_MAX]
