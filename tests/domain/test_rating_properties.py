"""What holds for every order, every set of offers and every member, drawn at random."""

import json
import random
from typing import Any

from hypothesis import given as drawn
from hypothesis import strategies as st

from cagnotte.domain.contracts import BasePolicy, CommissionRate, Contract, FunderKind
from cagnotte.domain.money import Rounding, allocate, divide
from cagnotte.domain.offers import (
    BoostMode,
    CommissionShare,
    Conditions,
    FixedPerOrder,
    FixedPerUnit,
    Funding,
    Limits,
    MemberCap,
    NextOrderVoucher,
    Offer,
    Percent,
    Progressive,
    Role,
    Tier,
    Tiered,
)  # fmt: skip
from cagnotte.domain.periods import Window, WindowKind
from cagnotte.domain.purchases import Line, Purchase
from cagnotte.domain.rating import Decision, MemberFacts, Rulebook, decide, from_data, to_data
from cagnotte.domain.rating.amounts import round_half_up, share_out, spread
from tests.domain.rating_world import (
    CATEGORIES,
    NOON,
    brand_contract,
    choice,
    offer,
    order,
    shop_contract,
)  # fmt: skip

BRANDS = ["acme", "zest", "none", None]
YEAR = Window(WindowKind.YEAR)

amounts = st.integers(0, 20_000)
rates = st.integers(0, 10_000)
tiers = st.lists(
    st.tuples(st.integers(1, 20_000), rates), max_size=3, unique_by=lambda tier: tier[0]
).map(lambda found: (Tier(0, 100), *(Tier(*tier) for tier in sorted(found))))
some = st.integers(1, 2000)
effects = st.one_of(
    rates.map(Percent),
    rates.map(CommissionShare),
    some.map(FixedPerOrder),
    some.map(FixedPerUnit),
    st.builds(Tiered, tiers, st.booleans()),
    st.builds(Progressive, tiers, st.just(YEAR)),
)
products = st.sampled_from(
    [
        choice(),
        choice(categories=["food"]),
        choice(brands=["acme"]),
        choice(skus=["sku-1"]),
        choice(not_brands=["zest"]),
    ]
)
segments = st.sampled_from([frozenset(), frozenset({"family"})])
conditions = st.builds(
    Conditions,
    products=products,
    minimum_basket_minor=st.sampled_from([0, 0, 5000]),
    segments=segments,
)
limits = st.builds(
    Limits,
    per_line_minor=st.none() | some,
    per_purchase_minor=st.none() | some,
    per_member=st.none() | st.builds(MemberCap, st.just(YEAR), some),
    budget_minor=st.none() | some,
)
fundings = st.sampled_from(
    [
        (Funding(FunderKind.MERCHANT),),
        (Funding(FunderKind.BRAND),),
        (Funding(FunderKind.PROGRAMME),),
        (Funding(FunderKind.MERCHANT, 3333), Funding(FunderKind.PROGRAMME, 6667)),
        (Funding(FunderKind.BRAND, 5000), Funding(FunderKind.MERCHANT, 5000)),
    ]
)


vouchers = some.map(lambda minor: NextOrderVoucher(minor, 0, 30))


@st.composite
def offer_sets(draw: Any) -> list[Offer]:
    found = []
    for number in range(draw(st.integers(0, 6))):
        role = draw(st.sampled_from(list(Role)))
        effect = draw(effects | vouchers if role is Role.BONUS else effects)
        found.append(
            offer(
                f"o{number}",
                effect,
                draw(conditions),
                role=role,
                mode=draw(st.sampled_from(list(BoostMode))),
                limits=draw(limits),
                funding=draw(fundings),
                priority=draw(st.integers(0, 2)),
                group=draw(st.sampled_from([None, None, "g"])),
            )
        )
    return found


@st.composite
def lines(draw: Any) -> list[Line]:
    found = []
    for number in range(1, draw(st.integers(1, 6)) + 1):
        quantity = draw(st.integers(1, 4))
        found.append(
            Line(
                number,
                f"sku-{number}",
                quantity,
                draw(amounts),
                discount_minor=draw(st.integers(0, 500)),
                wallet_minor=draw(st.integers(0, 300)),
                category=draw(st.sampled_from(["cheese", "fuel", None])),
                brand=draw(st.sampled_from(BRANDS)),
                gift_card=draw(st.sampled_from([False, False, False, True])),
                returned_quantity=draw(st.just(0) | st.integers(0, quantity)),
            )
        )
    return found


counters = [
    (f"{kind}:o{number}:year", YEAR.period_of(NOON.date()))
    for number in range(6)
    for kind in ("spend", "cap")
]
members = st.builds(
    lambda mine, spent: MemberFacts(mine, dict.fromkeys(counters, (spent, 1))),
    segments,
    st.integers(0, 3000),
)
orders = st.builds(
    lambda made, reported: order(*made, commission_minor=reported), lines(), st.none() | amounts
)
commissioned = (CommissionRate(rate_bps=700, fixed_minor=50),)
contract_sets = st.sampled_from(
    [
        [shop_contract(), brand_contract()],
        [
            shop_contract(commissions=commissioned),
            brand_contract(merchant_share_bps=4000),
            brand_contract("zest"),
        ],
        [shop_contract(base=BasePolicy(excluded=choice(categories=["fuel"])))],
        [],
    ]
)


@drawn(orders, contract_sets, offer_sets(), members)
def test_every_decision_adds_up(
    purchase: Purchase, contracts: list[Contract], offers: list[Offer], member: MemberFacts
) -> None:
    decision = decide(purchase, Rulebook(contracts, offers, CATEGORIES), member)

    assert decision.reward_minor == sum(award.amount_minor for award in decision.awards)
    assert decision.reward_minor == sum(part.reward_minor for part in decision.parts)
    assert decision.base_minor == sum(found.base_minor for found in decision.lines)
    for award in decision.awards:
        assert award.amount_minor > 0
        assert award.amount_minor == sum(minor for _, minor in award.lines)
        assert award.amount_minor == sum(minor for _, _, minor in award.funders)
        assert min(minor for _, minor in award.lines) >= 0
        assert award.amount_minor <= award.uncapped_minor
    for part in decision.parts:
        assert part.commission_minor == part.reward_minor + part.share_minor + part.margin_minor > 0
        assert min(part[3:]) >= 0
    for found in decision.lines:
        assert (
            found.amount_minor - sum(minor for _, minor in found.deductions)
            == found.base_minor
            >= 0
        )


@drawn(orders, contract_sets, offer_sets(), members)
def test_no_ceiling_is_exceeded(
    purchase: Purchase, contracts: list[Contract], offers: list[Offer], member: MemberFacts
) -> None:
    decision = decide(purchase, Rulebook(contracts, offers, CATEGORIES), member)
    by_ref = {one.ref: one.limits for one in offers}

    for award in decision.awards:
        ceilings = by_ref[award.offer]
        if ceilings.per_purchase_minor is not None:
            assert award.amount_minor <= ceilings.per_purchase_minor
        if ceilings.budget_minor is not None:
            assert award.amount_minor <= ceilings.budget_minor
        if ceilings.per_member is not None and ceilings.per_member.amount_minor is not None:
            used, _ = member.counters[f"cap:{award.offer}:year", YEAR.period_of(NOON.date())]
            assert used + award.amount_minor <= ceilings.per_member.amount_minor


@drawn(orders, contract_sets, offer_sets(), members, st.randoms())
def test_the_order_of_offers_contracts_and_segments_changes_nothing(
    purchase: Purchase,
    contracts: list[Contract],
    offers: list[Offer],
    member: MemberFacts,
    shuffle: random.Random,
) -> None:
    decision = decide(purchase, Rulebook(contracts, offers, CATEGORIES), member)
    shuffled = shuffle.sample(offers, len(offers)), shuffle.sample(contracts, len(contracts))

    assert decide(purchase, Rulebook(shuffled[1], shuffled[0], CATEGORIES), member) == decision


@drawn(orders, contract_sets, offer_sets(), members)
def test_a_book_that_has_seen_other_orders_decides_the_same(
    purchase: Purchase, contracts: list[Contract], offers: list[Offer], member: MemberFacts
) -> None:
    book = Rulebook(contracts, offers, CATEGORIES)
    first = decide(purchase, book, member)
    decide(order(100, 200), book, member)

    assert decide(purchase, book, member) == first


@drawn(orders, contract_sets, offer_sets(), members)
def test_a_decision_survives_being_written_as_json(
    purchase: Purchase, contracts: list[Contract], offers: list[Offer], member: MemberFacts
) -> None:
    decision = decide(purchase, Rulebook(contracts, offers, CATEGORIES), member)
    data = to_data(decision)

    assert from_data(data) == decision
    assert from_data(json.loads(json.dumps(data))) == decision


def no_float(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(no_float, value.values()))
    return (
        all(map(no_float, value))
        if isinstance(value, list | tuple)
        else not isinstance(value, float)
    )


@drawn(orders, contract_sets, offer_sets(), members)
def test_no_amount_is_a_float(
    purchase: Purchase, contracts: list[Contract], offers: list[Offer], member: MemberFacts
) -> None:
    decision: Decision = decide(purchase, Rulebook(contracts, offers, CATEGORIES), member)

    assert no_float(tuple(decision))


weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=12).filter(any)


@drawn(st.integers(0, 10**9), weights)
def test_the_split_written_out_for_speed_is_that_of_money(total: int, parts: list[int]) -> None:
    assert spread(total, parts) == allocate(total, parts)


@drawn(st.integers(0, 10**12), st.integers(1, 10**9))
def test_the_rounding_written_out_for_speed_is_that_of_money(
    numerator: int, denominator: int
) -> None:
    assert round_half_up(numerator, denominator) == divide(numerator, denominator, Rounding.HALF_UP)


@drawn(weights, st.integers(1, 10**6))
def test_each_line_gets_its_exact_share_to_the_cent(exact: list[int], parts: int) -> None:
    total = round_half_up(sum(exact), parts)
    found = share_out(total, exact, parts)

    assert sum(found) == total
    if len(exact) > 1:
        assert all(
            share in (each // parts, each // parts + 1)
            for each, share in zip(exact, found, strict=True)
        )
