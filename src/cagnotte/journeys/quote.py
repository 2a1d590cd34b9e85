"""What a basket would earn, and what is missing to the next step: decided as a purchase of now, not recorded."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import psycopg

from cagnotte.catalog import selectors as catalog
from cagnotte.domain.errors import InvalidInput, NotFound
from cagnotte.domain.purchases import Line, Purchase
from cagnotte.domain.rating.decision import Decision, MemberFacts
from cagnotte.domain.rating.engine import decide
from cagnotte.domain.rating.rulebook import Rulebook
from cagnotte.domain.rating.thresholds import Threshold, thresholds
from cagnotte.journeys.kept_runs import PRODUCTS_MAX, KeptRun
from cagnotte.platform.sql import load
from cagnotte.purchases.lines import NOTHING_KNOWN, Known
from cagnotte.rewards.sentences.explaining import explain

Connection = psycopg.Connection[Any]
SQL = load("runs")
INGEST = load("ingest")

ANONYMOUS = MemberFacts(frozenset(), {})
"""Who is not known: a new member, of no segment, who has bought nothing yet."""


class Quote(NamedTuple):
    """What a basket would earn. sentences: in the active language, for its member."""

    decision: Decision
    thresholds: list[Threshold]
    sentences: list[str]


def quote(
    connection: Connection, kept: KeptRun, basket: Purchase, *, member_id: UUID | None
) -> Quote:
    """Decide a basket by the rules of now; nothing is written.

    basket: as a purchase of this moment; what its lines do not say of their articles, the catalogue does.
    member_id: whose it is; None for a visitor nobody knows.

    Raises NotFound for a merchant or member the programme does not have, InvalidInput for another currency.
    """
    run = kept.run
    if ("merchant", basket.merchant) not in run.parties:
        raise NotFound(f"There is no merchant “{basket.merchant}”.", pointer="#/merchant")
    if basket.currency != run.programme.currency:
        raise InvalidInput(
            f"The basket is in {basket.currency}; this programme counts in {run.programme.currency}.",
            pointer="#/currency",
        )
    basket = _with_known(basket, _known(connection, kept, basket))
    rules = run.rules_at()
    member = ANONYMOUS
    if member_id is not None:
        member = _facts(connection, run.id, member_id, rules, basket)
    left = _budgets_left(connection, kept) if rules.has_budgets else None
    again = partial(decide, book=rules, member=member, budgets=left)
    decision = again(basket)
    told = explain(decision, parties=kept.party_names, offers=kept.offer_names)
    return Quote(decision, thresholds(basket, decision, again), told)


def described(connection: Connection, programme_id: UUID, basket: Purchase) -> Purchase:
    """Return a purchase with what the catalogue knows of its articles where its lines do not say."""
    asked = _skus(basket)
    return _with_known(
        basket, catalog.products_named(connection, programme_id, asked) if asked else {}
    )


def _known(connection: Connection, kept: KeptRun, basket: Purchase) -> Mapping[str, Known]:
    """Return what the catalogue knows of articles, or knew some seconds ago."""
    products = kept.remembered.products
    asked = _skus(basket) - products.keys()
    if asked:
        if len(products) > PRODUCTS_MAX:
            products.clear()
            asked = _skus(basket)
        found = catalog.products_named(connection, kept.run.id, asked)
        products.update({sku: found.get(sku, NOTHING_KNOWN) for sku in asked})
    return products


def _skus(basket: Purchase) -> set[str]:
    return {line.sku for line in basket.lines if line.sku}


def _with_known(basket: Purchase, known: Mapping[str, Known]) -> Purchase:
    if not known:
        return basket
    return replace(basket, lines=tuple([_described(line, known) for line in basket.lines]))


def _described(line: Line, known: Mapping[str, Known]) -> Line:
    found = known.get(line.sku, NOTHING_KNOWN)
    if found == NOTHING_KNOWN:
        return line
    category, brand, gift_card = found
    return line._replace(
        category=line.category or category,
        brand=line.brand or brand,
        gift_card=line.gift_card or gift_card,
    )


def _facts(
    connection: Connection, programme_id: UUID, member_id: UUID, rules: Rulebook, basket: Purchase
) -> MemberFacts:
    row = connection.execute(
        SQL.member_facts, {"programme_id": programme_id, "member_id": member_id}
    ).fetchone()
    if row is None:
        raise NotFound("There is no such member.", pointer="#/member_id")
    wallet_id, segments = row
    windows, day = rules.counter_windows, basket.occurred_on
    rows = connection.execute(
        INGEST.counters,
        {
            "wallet_ids": [wallet_id],
            "names": list(windows),
            "since": [window.first_counted(day) for window in windows.values()],
        },
    )
    counters = {(name, period): (amount, count) for _, name, period, amount, count in rows}
    return MemberFacts(frozenset(segments), counters)


def _budgets_left(connection: Connection, kept: KeptRun) -> dict[str, int]:
    rows = connection.execute(SQL.budgets_used, {"programme_id": kept.run.id})
    used = dict(rows.fetchall())
    return {offer: limit - used.get(offer, 0) for offer, limit in kept.budgets.items()}
