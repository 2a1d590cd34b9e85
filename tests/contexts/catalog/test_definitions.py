"""Contracts and offers survive JSON unchanged."""

import json
from datetime import date, time, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from cagnotte.catalog import definitions
from cagnotte.domain.attribution import PRECEDENCE, Override, Policy
from cagnotte.domain.contracts import (
    BasePolicy,
    Binding,
    ClawbackPolicy,
    CommissionRate,
    Contract,
    FunderKind,
    Products,
    Release,
    ReleaseFrom,
    ReleaseSettlement,
    ReturnPolicy,
)
from cagnotte.domain.offers import (
    BoostMode,
    CommissionShare,
    Conditions,
    First,
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
)
from cagnotte.domain.periods import Window, WindowKind
from cagnotte.domain.purchases import Channel

refs = st.text(min_size=1, max_size=8)
ref_sets = st.frozensets(refs, max_size=3)
rates = st.integers(0, 10_000)
amounts = st.integers(1, 10**12)
windows = st.sampled_from(
    [Window(kind) for kind in WindowKind if kind is not WindowKind.ROLLING]
) | st.builds(Window, st.just(WindowKind.ROLLING), st.integers(1, 1100))
products = st.builds(Products, *[ref_sets] * 6)
tiers = st.lists(st.tuples(amounts, rates), max_size=3, unique_by=lambda tier: tier[0]).map(
    lambda found: tuple(Tier(*tier) for tier in sorted([(0, 100), *found]))
)
effects = st.one_of(
    st.builds(Percent, rates),
    st.builds(CommissionShare, rates),
    st.builds(FixedPerOrder, amounts),
    st.builds(FixedPerUnit, amounts),
    st.builds(Tiered, tiers, st.booleans()),
    st.builds(
        Progressive,
        tiers,
        windows,
        st.sampled_from(["amount", "purchases"]),
        st.sampled_from(["tracked", "confirmed"]),
        st.none() | refs,
    ),
    st.builds(NextOrderVoucher, amounts, amounts, st.integers(1, 365)),
)
conditions = st.builds(
    Conditions,
    merchants=ref_sets,
    not_merchants=ref_sets,
    products=products,
    channels=st.frozensets(st.sampled_from(Channel)),
    countries=ref_sets,
    weekdays=st.frozensets(st.integers(0, 6)),
    hours=st.none() | st.tuples(st.times(), st.times()),
    minimum_basket_minor=amounts,
    minimum_quantity=st.integers(0, 9),
    first=st.none() | st.sampled_from(First),
    segments=ref_sets,
    not_segments=ref_sets,
    coupon=st.none() | refs,
    cards=ref_sets,
)
limits = st.builds(
    Limits,
    st.none() | amounts,
    st.none() | amounts,
    st.none()
    | st.builds(
        MemberCap, windows, st.none() | amounts, st.none() | st.integers(1, 9), st.none() | refs
    ),
    st.none() | amounts,
)
funding = st.sampled_from(
    [
        (Funding(FunderKind.MERCHANT),),
        (Funding(FunderKind.BRAND, 6_000, "acme"), Funding(FunderKind.PROGRAMME, 4_000)),
    ]
)


@st.composite
def offers(draw: st.DrawFn) -> Offer:
    effect = draw(effects)
    days = sorted(draw(st.tuples(st.dates(), st.dates())))
    return Offer(
        id=draw(st.uuids()),
        ref=draw(refs),
        version=draw(st.integers(1, 99)),
        name=draw(refs),
        effect=effect,
        role=Role.BONUS if isinstance(effect, NextOrderVoucher) else draw(st.sampled_from(Role)),
        mode=draw(st.sampled_from(BoostMode)),
        valid_from=days[0],
        valid_until=days[1],
        conditions=draw(conditions),
        limits=draw(limits),
        funding=draw(funding),
        priority=draw(st.integers(-5, 5)),
        group=draw(st.none() | refs),
    )


spans = st.timedeltas(timedelta(0), timedelta(days=400)).map(
    lambda span: timedelta(seconds=span // timedelta(seconds=1))
)
policies = st.builds(
    Policy,
    precedence=st.permutations(PRECEDENCE).map(tuple),
    click_window=spans,
    receipt_window=spans,
    clock_tolerance=spans,
    exceptions=st.sampled_from([(), (Override.PROMO_CODE_OVER_CLICK, Override.CARD_OVER_CLICK)]),
    stand_down=spans,
)
contracts = st.builds(
    Contract,
    id=st.uuids(),
    ref=refs,
    version=st.integers(1, 99),
    funder_kind=st.sampled_from([FunderKind.MERCHANT, FunderKind.BRAND, FunderKind.NETWORK]),
    funder=refs,
    funder_id=st.uuids(),
    merchant=st.none() | refs,
    valid_from=st.dates(max_value=date(2020, 1, 1)),
    valid_until=st.dates(min_value=date(2020, 1, 1)),
    base=st.builds(BasePolicy, *[st.booleans()] * 5, st.none() | products),
    commissions=st.lists(
        st.builds(CommissionRate, rates, amounts, st.none() | products), max_size=2
    ).map(tuple),
    merchant_share_bps=rates,
    binding=st.sampled_from(Binding),
    release=st.builds(Release, st.integers(0, 730), settlement=st.sampled_from(ReleaseSettlement))
    | st.builds(Release, st.integers(0, 730), st.just(ReleaseFrom.EVENT), refs),
    auto_confirm_days=st.none() | st.integers(0, 99),
    returns=st.sampled_from(ReturnPolicy),
    clawback=st.sampled_from(ClawbackPolicy),
    lot_months=st.none() | st.integers(1, 60),
    breakage_to=st.sampled_from(["funder", "programme"]),
    vat_bps=rates,
    same_entity=st.booleans(),
    attribution=policies,
    coupons=st.none() | ref_sets,
)


@given(offers())
def test_an_offer_survives_json_unchanged(offer: Offer) -> None:
    assert definitions.offer_from(json.loads(json.dumps(definitions.offer_data(offer)))) == offer


@given(contracts)
def test_a_contract_survives_json_unchanged(contract: Contract) -> None:
    assert (
        definitions.contract_from(json.loads(json.dumps(definitions.contract_data(contract))))
        == contract
    )


@given(offers())
def test_equal_offers_are_written_alike(offer: Offer) -> None:
    again = definitions.offer_from(definitions.offer_data(offer))
    assert json.dumps(definitions.offer_data(again)) == json.dumps(definitions.offer_data(offer))


def test_a_field_added_later_takes_its_default_in_old_versions() -> None:
    offer = Offer(UUID(int=1), "tea", 1, "Tea", Percent(500))
    data = definitions.offer_data(offer)
    del data["priority"], data["conditions"]["hours"]
    assert definitions.offer_from(data) == offer


def test_a_contract_from_before_attribution_was_written_down_has_the_usual_one() -> None:
    contract = Contract(UUID(int=1), "own", 1, FunderKind.MERCHANT, "shop", UUID(int=2))
    data = definitions.contract_data(contract)
    del data["attribution"], data["coupons"]
    assert definitions.contract_from(data) == contract


def test_the_stored_form_is_readable() -> None:
    offer = Offer(
        UUID(int=1),
        "tea",
        1,
        "Tea",
        Percent(500),
        conditions=Conditions(hours=(time(18), time(23))),
    )
    data = definitions.offer_data(offer)
    assert data["effect"] == {"type": "percent", "rate_bps": 500}
    assert data["conditions"]["hours"] == ["18:00:00", "23:00:00"]
