"""What is told of shops to whoever looks for one: values for pages, in the reader's language, without any markup."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Rate:
    """What a shop gives, in a few words ("5%", "up to 10%", "€5.00 per order") and as a figure.

    rate_bps, amount_minor: one of them, the other is None; both None where only the words are known.
    up_to: not everything or everybody gets as much.
    """

    words: str
    rate_bps: int | None
    amount_minor: int | None
    up_to: bool


class CategoryName(NamedTuple):
    """A kind of shop. icon: a name of our sprite, "" for none."""

    ref: str
    name: str
    icon: str


class CategoryCount(NamedTuple):
    """A kind of shop, and how many shops of it fit what was asked."""

    ref: str
    name: str
    icon: str
    shops: int


@dataclass(frozen=True, slots=True)
class ShopCard:
    """A shop in a list.

    logo: names the version of its drawing, for the address it is served at; "" where it has none.
    note: a few words on what stands out, such as "New customers"; "" for nothing.
    best: what it gives at most today; None where it gives nothing to everybody today.
    usual: the lower rate that it gives most of the time, where today's is higher; else None.
    until: the last day of today's rate; None where it does not end, or nobody knows when.
    claims: missing cashback can be claimed.
    confirm_days: after so many days half of its purchases are confirmed; None = too few to say.
    confirmed_bps: so many of those answered were confirmed; None = too few to say.
    offer_ref: the offer to follow to the shop; "" where no link leads there.
    """

    ref: str
    merchant_id: UUID
    name: str
    logo: str
    note: str
    categories: tuple[CategoryName, ...]
    best: Rate | None
    usual: Rate | None
    until: date | None
    online: bool
    in_store: bool
    claims: bool
    confirm_days: int | None
    confirmed_bps: int | None
    offer_ref: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody looks for. Unknown features and sorts are left out of account; page counts from 1."""

    text: str = ""
    category: str = ""
    features: frozenset[str] = frozenset()
    sort: str = "relevance"
    page: int = 1


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found.

    total: shops on all pages. facets: how many shops of what was asked have each feature, by its name.
    categories: kinds of shops with how many of what was asked, whichever kind is chosen.
    closest: nothing is called so; these are called something like it.
    """

    cards: list[ShopCard]
    total: int
    pages: int
    facets: Mapping[str, int]
    categories: list[CategoryCount]
    closest: bool


@dataclass(frozen=True, slots=True)
class RateRow:
    """One offer at a shop, for its table. rate: in words. for_whom: "" for everybody. until: None = no end is known."""

    words: str
    name: str
    conditions: list[str]
    until: date | None
    offer_ref: str
    for_whom: str


@dataclass(frozen=True, slots=True)
class ShopMeasured:
    """What purchases at a shop took, in days: until known, until confirmed; half of them, and nine in ten.

    None = not so many have come so far. confirmed_bps: of those answered, so many were confirmed.
    purchases: so many were looked at, made from `since` to `until`.
    """

    track_days: int | None
    track_days_p90: int | None
    confirm_days: int | None
    confirm_days_p90: int | None
    confirmed_bps: int | None
    purchases: int
    since: date
    until: date


@dataclass(frozen=True, slots=True)
class Point:
    """From `day` on the best rate was this; both figures None where the shop gave nothing."""

    day: date
    rate_bps: int | None
    amount_minor: int | None
    words: str


@dataclass(frozen=True, slots=True)
class ClaimPolicy:
    """When a member may claim cashback that is missing, in days after the purchase, and what is asked for.

    needs: of "order_number", "order_date", "amount", "confirmation".
    """

    accepted: bool
    after_days: int
    within_days: int
    needs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShopFull:
    """All that a shop's own page tells.

    base: what the rates are counted on, in sentences. gives, gives_not, must: short sentences.
    coupons: which codes may be used, in a sentence. history: twelve months, oldest first, one point per change, the
    first on the first day. measured: None = too few purchases to say.
    """

    card: ShopCard
    description: str
    rates: list[RateRow]
    base: list[str]
    gives: list[str]
    gives_not: list[str]
    must: list[str]
    coupons: str
    measured: ShopMeasured | None
    history: list[Point]
    claim: ClaimPolicy
    related: list[ShopCard]
    site: str
    first_days: int | None
