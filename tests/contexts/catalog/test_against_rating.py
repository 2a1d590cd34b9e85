"""What the checks promise holds for every order: rating never gives more than the bound, nor an unreachable offer."""

from datetime import UTC, date, datetime
from pathlib import Path

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cagnotte.catalog.checks import check
from cagnotte.catalog.exposure import exposure
from cagnotte.catalog.programme_file import ParsedProgramme
from cagnotte.domain.purchases import Channel, Line, Purchase
from cagnotte.domain.rating.decision import MemberFacts
from cagnotte.domain.rating.engine import decide
from cagnotte.domain.rating.rulebook import Rulebook
from tests.contexts.catalog.files import TODAY, with_offers

PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

tiers = "[{from: 0, rate: 1}, {from: 20, rate: 4}, {from: 60, rate: 9}]"
effects = st.sampled_from(
    [
        "{kind: percent, rate: 2 %}",
        "{kind: percent, rate: 7.25 %}",
        "{kind: fixed_per_order, amount: 3}",
        "{kind: fixed_per_unit, amount: 0.70}",
        f"{{kind: tiered, tiers: {tiers}}}",
        f"{{kind: tiered, whole: false, tiers: {tiers}}}",
        f"{{kind: progressive, window: year, tiers: {tiers}}}",
        "{kind: commission_share, share: 60 %}",
    ]
)
conditions = st.fixed_dictionaries(
    {},
    optional={
        "merchants": st.sampled_from(["[corner]", "[market]", "[corner, market]"]),
        "categories": st.sampled_from(["[tea]", "[food]", "[fuel]", "[tea, jam]"]),
        "brands": st.sampled_from(["[acme]", "[bold]", "[acme, bold]"]),
        "skus": st.sampled_from(["[s1]", "[s1, s2]"]),
        "not_brands": st.sampled_from(["[acme]"]),
        "not_categories": st.sampled_from(["[tea]", "[food]"]),
        "channels": st.sampled_from(["[web]", "[store]"]),
        "minimum_basket": st.sampled_from(["10", "45"]),
        "minimum_quantity": st.sampled_from(["2", "5"]),
        "coupon": st.sampled_from(["any", "none", "welcome"]),
        "weekdays": st.sampled_from(["[monday]", "[sunday]"]),
        "hours": st.sampled_from(["08:00-13:00", "18:00-02:00"]),
    },
)
limits = st.sampled_from(
    ["{}", "{per_line: 0.90}", "{per_purchase: 2}", "{per_member: {window: month, amount: 2.50}}"]
)
stacking = st.sampled_from(
    [
        "role: base",
        "role: boost",
        "role: boost, group: g",
        "role: boost, mode: replace",
        "role: bonus",
        "role: bonus, group: h",
    ]
)
funding = st.sampled_from(
    ["merchant", "merchant", "brand", "programme", "[{by: brand, ref: acme}]"]
)


@st.composite
def offers(draw: st.DrawFn) -> str:
    lines = []
    for number in range(draw(st.integers(1, 5))):
        asked = ", ".join(f"{key}: {value}" for key, value in draw(conditions).items())
        lines.append(
            f"  - {{ref: o{number}, effect: {draw(effects)}, {draw(stacking)}, priority: {draw(st.integers(0, 1))},"
            f" limits: {draw(limits)}, funding: {draw(funding)}, conditions: {{{asked}}}}}\n"
        )
    return "".join(lines)


lines = st.tuples(
    st.sampled_from(["s1", "s2"]),
    st.integers(1, 4),
    st.integers(1, 6_000),
    st.sampled_from(["tea", "jam", "food", "fuel", None]),
    st.sampled_from(["acme", "bold", None]),
).map(lambda facts: Line(0, *facts[:3], category=facts[3], brand=facts[4]))
purchases = st.builds(
    lambda merchant, channel, coupons, found: Purchase(
        merchant,
        "1",
        NOON,
        "EUR",
        tuple(line._replace(number=n) for n, line in enumerate(found, 1)),
        channel=channel,
        coupon_codes=coupons,
    ),
    st.sampled_from(["corner", "market"]),
    st.sampled_from([Channel.WEB, Channel.STORE]),
    st.sampled_from([(), ("welcome",), ("other",)]),
    st.lists(lines, min_size=1, max_size=4),
)


def rulebook(parsed: ParsedProgramme) -> Rulebook:
    made = parsed.definitions
    return Rulebook(
        made.contracts, made.offers, {node.ref: node.parent for node in made.categories}
    )


def member(spent_minor: int, book: Rulebook) -> MemberFacts:
    """A member who spent that much under every counter."""
    counters = {
        (name, window.period_of(date(2026, 3, 2))): (spent_minor, 3)
        for name, window in book.counter_windows.items()
        if name.startswith("spend:")
    }
    return MemberFacts(frozenset(), counters)


@settings(max_examples=150, phases=PHASES)
@given(offers(), purchases, st.sampled_from([0, 5_000]))
def test_no_order_costs_more_than_the_bound(
    tmp_path_factory: object, text: str, purchase: Purchase, spent_minor: int
) -> None:
    parsed = with_offers(_folder(tmp_path_factory), text)
    book = rulebook(parsed)
    decision = decide(purchase, book, member(spent_minor, book))
    bound = exposure(
        parsed.definitions,
        basket_minor=purchase.amount_minor,
        units=sum(line.quantity for line in purchase.lines),
        today=TODAY,
    )
    assert decision.reward_minor <= bound.amount_minor


@settings(max_examples=150, phases=PHASES)
@given(offers(), purchases)
def test_an_offer_called_unreachable_is_never_awarded(
    tmp_path_factory: object, text: str, purchase: Purchase
) -> None:
    parsed = with_offers(_folder(tmp_path_factory), text)
    never = {
        warning.sentence.split("”")[0].lstrip("“")
        for warning in check(parsed, today=TODAY)
        if warning.code in ("unreachable", "no_contract")
    }
    book = rulebook(parsed)
    decision = decide(purchase, book, member(0, book))
    assert never.isdisjoint(award.offer for award in decision.awards if award.amount_minor)


def _folder(factory: object) -> Path:
    folder: Path = factory.getbasetemp()  # type: ignore[attr-defined]  # pytest's own class is not public
    return folder
