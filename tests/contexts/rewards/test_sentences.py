"""Decisions told as sentences, in English and French, to members and to operators."""

import ast
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest
from django.utils import translation
from hypothesis import HealthCheck, given, settings

from cagnotte.domain import rating
from cagnotte.domain.contracts import (
    BasePolicy,
    CommissionRate,
    FunderKind,
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
)  # fmt: skip
from cagnotte.domain.periods import LIFETIME_START, Window, WindowKind
from cagnotte.domain.rating import Decision, Rulebook, decide
from cagnotte.domain.rating.amounts import EMPTY
from cagnotte.domain.rating.decision import LineBase, MemberFacts, Miss
from cagnotte.domain.rating.plans import EFFECT_NAMES
from cagnotte.domain.rating.returns import redecide
from cagnotte.rewards.sentences.base import LEFT_OUT
from cagnotte.rewards.sentences.earned import CUTS, HOW
from cagnotte.rewards.sentences.explaining import explain
from cagnotte.rewards.sentences.missed import MISSED
from cagnotte.rewards.sentences.told import Audience, lines_of
from tests.domain.rating_world import (
    BRAND,
    CATEGORIES,
    PROGRAMME,
    STRANGER,
    brand_contract,
    choice,
    counted,
    line,
    member,
    offer,
    only,
    order,
    rate,
    shop_contract,
)  # fmt: skip
from tests.domain.test_rating_properties import contract_sets, members, offer_sets, orders

YEAR = Window(WindowKind.YEAR)
PARTIES = {("merchant", "shop"): "Corner shop", ("brand", "acme"): "Acme"}
OFFERS = {"everyday": "Everyday", "club": "Club", "best": "Best of May"}
ENGINE = sorted(Path(rating.__file__).parent.glob("*.py"))


def told(
    decision: Decision, language: str = "en", audience: Audience = "member", **more: Any
) -> list[str]:
    """The sentences with ordinary spaces, so that tests can be read."""
    names: dict[str, Any] = {"parties": PARTIES, "offers": OFFERS} | more
    with translation.override(language):
        found = explain(decision, audience=audience, **names)
    return [sentence.replace("\u202f", " ").replace("\u00a0", " ") for sentence in found]


def only_miss(conditions: Conditions, language: str, audience: Audience = "member") -> str:
    """The one sentence about an offer with conditions, when a member who bought once before buys for 38.00 €."""
    who = counted("purchases:programme", LIFETIME_START, 900)
    who = who._replace(
        counters=who.counters | {("purchases:merchant:shop", LIFETIME_START): (900, 2)}
    )
    decision = rate(
        order(3800, coupon_codes=()), offer("everyday", Percent(100), conditions), who=who
    )
    nothing, sentence = told(decision, language, audience)
    assert nothing in {"This purchase earns nothing.", "Cet achat ne rapporte rien."}
    return sentence


# ---- what was earned


def test_one_rate_on_some_lines_with_its_payer() -> None:
    lines = line(1, 2000), line(2, 999, category="toys"), line(3, 2000), line(4, 210)
    decision = rate(order(*lines), offer("everyday", Percent(500), only(not_categories=["toys"])))

    assert told(decision) == [
        "“Everyday”: 5% of €42.10 on lines 1, 3 and 4 = €2.11, paid by Corner shop."
    ]
    assert told(decision, "fr") == [
        "« Everyday » : 5 % de 42,10 € sur les lignes 1, 3 et 4 = 2,11 €, que paie Corner shop."
    ]


def test_many_lines_are_said_in_one_breath() -> None:
    lines = [line(number, 1000, category="toys" if number == 8 else None) for number in range(1, 9)]
    decision = rate(order(*lines), offer("everyday", Percent(500), only(not_categories=["toys"])))

    assert told(decision)[0].startswith("“Everyday”: 5% of €70.00 on lines 1–7 = €3.50")


def test_an_offer_on_every_line_is_on_the_whole_order() -> None:
    everyday = offer("everyday", Percent(100))

    assert "1% of €30.00 on the whole order" in told(rate(order(1000, 2000), everyday))[0]
    some = rate(order(1000, 2000, line(3, 500, gift_card=True)), everyday)
    assert "1% of €30.00 on lines 1 and 2" in told(some)[0]


def test_offers_and_parties_without_a_name_go_by_their_reference() -> None:
    decision = rate(order(1000), offer("everyday", Percent(100)))

    assert told(decision, parties={}, offers={}) == [
        "“everyday”: 1% of €10.00 on line 1 = €0.10, paid by shop."
    ]


def test_a_tier_and_what_the_next_one_lacks() -> None:
    tiers = (Tier(0, 200), Tier(5000, 400), Tier(10_000, 800))
    decision = rate(order(8800), offer("club", Tiered(tiers)))

    assert told(decision) == [
        "“Club”: 4% of €88.00 on line 1 (the rate from €50.00 on) = €3.52, paid by Corner shop.",
        "“Club”: €12.00 short of the next tier (8% from €100.00 on).",
    ]
    assert told(decision, "fr") == [
        "« Club » : 4 % de 88,00 € sur la ligne 1 (taux à partir de 50,00 €) = 3,52 €, que paie Corner shop.",
        "« Club » : encore 12,00 € avant le palier suivant (8 % à partir de 100,00 €).",
    ]


def test_marginal_tiers_show_their_slices() -> None:
    tiers = Tiered((Tier(0, 200), Tier(5000, 450)), whole=False)

    assert told(rate(order(6000), offer("club", tiers))) == [
        "“Club”: 2% of €50.00 and 4.5% of €10.00 on line 1 = €1.45, paid by Corner shop."
    ]


def test_slices_of_an_order_of_which_an_offer_wins_only_a_part() -> None:
    tiers = Tiered((Tier(0, 200), Tier(5000, 400)), whole=False)
    toys = offer("best", Percent(500), only(categories=["toys"]), priority=1)
    decision = rate(
        order(line(1, 3000), line(2, 3000, category="toys")), offer("club", tiers), toys
    )

    assert told(decision)[1] == (
        "“Club”: 2% of €50.00 and 4% of €10.00, in proportion to the €30.00 on line 1 = €0.70, "
        "paid by Corner shop."
    )


def test_a_climb_by_amount_tells_what_was_bought_before() -> None:
    decision = rate(
        order(1000),
        offer("club", Progressive((Tier(0, 100), Tier(50_000, 250)), YEAR)),
        who=counted("spend:club:year", date(2024, 1, 1), 41_200),
    )

    assert told(decision) == [
        (
            "“Club”: 1% of €10.00 on line 1 (the rate after €412.00 of earlier purchases) = €0.10"
            ", paid by Corner shop."
        ),
        "“Club”: €88.00 short of the next tier (2.5% from €500.00 on).",
    ]
    assert told(decision, "fr")[1] == (
        "« Club » : encore 88,00 € avant le palier suivant (2,5 % à partir de 500,00 €)."
    )


@pytest.mark.parametrize(
    ("before", "english", "french"),
    [
        (0, "2 purchases short of the next tier (2% after 2)", "encore 2 achats avant le palier"),
        (1, "1 purchase short of the next tier (2% after 2)", "encore 1 achat avant le palier"),
    ],
)
def test_a_climb_by_purchases_counts_in_words(before: int, english: str, french: str) -> None:
    decision = rate(
        order(1000),
        offer("club", Progressive((Tier(0, 100), Tier(2, 200)), YEAR, by="purchases")),
        who=counted("spend:club:year", date(2024, 1, 1), 1, before),
    )

    first, second = told(decision)
    plural = "" if before == 1 else "s"
    assert f"(the rate after {before} earlier purchase{plural})" in first
    assert english in second
    assert french in told(decision, "fr")[1]


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (offer("everyday", FixedPerOrder(300)), "“Everyday”: €3.00 for the order"),
        (
            offer("everyday", FixedPerOrder(20_000)),
            "“Everyday”: €200.00 for the order, but no more than the €100.00 it came to",
        ),
        (offer("everyday", FixedPerUnit(30)), "“Everyday”: €0.30 × 3 units on line 1 = €0.90"),
        (
            offer("everyday", FixedPerUnit(4000)),
            "“Everyday”: €40.00 for each unit on line 1, at most what the units cost = €100.00",
        ),
        (
            offer("everyday", NextOrderVoucher(500, 3000, 60), role=Role.BONUS),
            "“Everyday”: a voucher of €5.00 for a next order of €30.00 or more, valid for 60 days",
        ),
        (
            offer("everyday", NextOrderVoucher(500, 0, 1), role=Role.BONUS),
            "“Everyday”: a voucher of €5.00 for a next order, valid for 1 day",
        ),
        (
            offer("everyday", CommissionShare(5000)),
            "“Everyday”: a share of the commission on line 1 = €4.00",
        ),
    ],
)
def test_the_other_effects(found: Offer, sentence: str) -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=800),))
    decision = rate(order(line(1, 10_000, quantity=3)), found, contracts=[contract])

    assert told(decision)[0] == f"{sentence}, paid by Corner shop."


def test_a_sum_for_the_order_of_which_some_lines_went_to_a_better_offer() -> None:
    lines = line(1, 3000), line(2, 1000, category="toys")
    toys = only(categories=["toys"])
    better = offer("best", FixedPerOrder(900), toys, role=Role.BOOST, mode=BoostMode.REPLACE)
    decision = rate(order(*lines), offer("everyday", FixedPerOrder(1000)), better)

    assert told(decision) == [
        "“Everyday”: the part of €10.00 for the order that falls to line 1 = €7.50, paid by Corner shop.",
        "“Best of May”: €9.00 for the order, paid by Corner shop.",
        "“Everyday” on line 2: “Best of May” comes first.",
    ]


def test_operators_are_told_the_share_of_the_commission() -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=800),))
    decision = rate(order(10_000), offer("everyday", CommissionShare(5000)), contracts=[contract])

    assert told(decision, audience="operator") == [
        "“Everyday”: 50% of the commission of €8.00 on line 1 = €4.00, paid by Corner shop.",
        (
            "Corner shop owes a commission of €8.00 (contract shop-contract, version 1): "
            "€4.00 of reward and €4.00 of margin."
        ),
    ]


@pytest.mark.parametrize(
    ("limits", "clause"),
    [
        (Limits(per_line_minor=500), "cut to €5.00 by the limit for one line (€5.00 lost)"),
        (Limits(per_purchase_minor=400), "cut to €4.00 by the limit for one purchase (€6.00 lost)"),
        (
            Limits(per_member=MemberCap(YEAR, 999)),
            "cut to €9.99 by the limit for one member (€0.01 lost)",
        ),
        (Limits(budget_minor=1), "cut to €0.01, the last of the offer's budget (€9.99 lost)"),
    ],
)
def test_the_ceiling_that_cut_is_named_with_what_it_cost(limits: Limits, clause: str) -> None:
    decision = rate(order(10_000), offer("everyday", Percent(1000), limits=limits))

    assert told(decision) == [
        f"“Everyday”: 10% of €100.00 on line 1 = €10.00, {clause}, paid by Corner shop."
    ]


def test_several_payers_are_named_with_their_parts() -> None:
    shared = (Funding(FunderKind.MERCHANT, 7000), Funding(FunderKind.PROGRAMME, 3000))
    decision = rate(order(1000), offer("everyday", Percent(1000), funding=shared))

    assert told(decision)[0].endswith(
        "= €1.00, paid by Corner shop (€0.70) and the programme (€0.30)."
    )
    assert told(decision, "fr")[0].endswith(
        "= 1,00 €, que paient Corner shop (0,70 €) et le programme (0,30 €)."
    )


def test_a_cent_that_comes_of_several_roundings_is_owned_up_to() -> None:
    halves = (Funding(FunderKind.MERCHANT, 5000), Funding(FunderKind.PROGRAMME, 5000))
    decision = rate(order(100), offer("everyday", Percent(100), funding=halves))

    assert told(decision) == [
        (
            "“Everyday”: 1% of €1.00 on line 1, rounded for each payer = €0.02, "
            "paid by Corner shop (€0.01) and the programme (€0.01)."
        )
    ]


@pytest.mark.parametrize(
    ("currency", "english", "french"),
    [
        ("JPY", "5% of ¥4,210 on line 1 = ¥211", "5 % de 4 210 ¥ sur la ligne 1 = 211 ¥"),
        ("EUR", "5% of €42.10 on line 1 = €2.11", "5 % de 42,10 € sur la ligne 1 = 2,11 €"),
        (
            "TND",
            "5% of TND 4.210 on line 1 = TND 0.211",
            "5 % de 4,210 TND sur la ligne 1 = 0,211 TND",
        ),
    ],
)
def test_every_currency_keeps_its_decimals(currency: str, english: str, french: str) -> None:
    decision = rate(order(4210, currency=currency), offer("everyday", Percent(500)))

    assert english in told(decision)[0]
    assert french in told(decision, "fr")[0]


# ---- what did not count


def test_what_does_not_count_is_said_once_for_each_reason() -> None:
    policy = BasePolicy(excluded=choice(categories=["fuel"]), with_tax=False)
    lines = (
        line(1, 1000, discount_minor=100, wallet_minor=200, tax_minor=50),
        line(2, 5000, gift_card=True),
        line(3, 3000, category="fuel"),
        line(4, 2000, discount_minor=300),
        line(5, 500, discount_minor=600),
        line(6, 4000, quantity=2, returned_quantity=1),
    )
    decision = rate(
        order(*lines), offer("everyday", Percent(100)), contracts=[shop_contract(base=policy)]
    )

    assert told(decision) == [
        "“Everyday”: 1% of €43.50 on lines 1, 4 and 6 = €0.44, paid by Corner shop.",
        "Of €155.00, €43.50 counts.",
        "Discounts do not count: €10.00 on lines 1, 4 and 5.",
        "Tax does not count: €0.50 on line 1.",
        "What was paid from the wallet does not count: €2.00 on line 1.",
        "What was returned does not count: €20.00 on line 6.",
        "Excluded products do not count: €30.00 on line 3.",
        "Gift cards do not count: €50.00 on line 2.",
        "No line counts for less than nothing: €1.00 of deductions left aside on line 5.",
    ]
    assert told(decision, "fr")[1:3] == [
        "Sur 155,00 €, 43,50 € comptent.",
        "Les remises ne comptent pas : 10,00 € sur les lignes 1, 4 et 5.",
    ]


def test_what_is_said_of_the_base_adds_up() -> None:
    lines = line(1, 1000, discount_minor=100), line(2, 500, discount_minor=600)
    decision = rate(order(*lines))

    # 15.00 bought − 7.00 of discounts + 1.00 left aside = 9.00.
    assert told(decision) == [
        "This purchase earns nothing.",
        "Of €15.00, €9.00 counts.",
        "Discounts do not count: €7.00 on lines 1 and 2.",
        "No line counts for less than nothing: €1.00 of deductions left aside on line 2.",
    ]


def test_delivery_is_called_by_its_name() -> None:
    contract = shop_contract(base=BasePolicy(with_delivery=True))
    lines = line(1, 1000), line(2, 1000, category="toys")
    decision = rate(
        order(*lines, delivery_minor=500),
        offer("everyday", Percent(1000), only(not_categories=["toys"])),
        contracts=[contract],
    )

    assert "10% of €15.00 on line 1 and delivery = €1.50" in told(decision)[0]
    assert "10 % de 15,00 € sur la ligne 1 et la livraison = 1,50 €" in told(decision, "fr")[0]


@pytest.mark.parametrize(
    ("numbers", "english", "french"),
    [
        ([2], "line 2", "la ligne 2"),
        ([1, 2], "lines 1 and 2", "les lignes 1 et 2"),
        ([4, 2, 1, 3, 7], "lines 1–4 and 7", "les lignes 1–4 et 7"),
        ([0], "delivery", "la livraison"),
    ],
)
def test_how_lines_are_named(numbers: list[int], english: str, french: str) -> None:
    with translation.override("en"):
        assert lines_of(numbers) == english
    with translation.override("fr"):
        assert lines_of(numbers) == french


# ---- what was missed


@pytest.mark.parametrize(
    ("conditions", "english", "french"),
    [
        (
            Conditions(weekdays=frozenset({5, 6})),
            "“Everyday”: only on Saturdays and Sundays.",
            "« Everyday » : seulement le samedi et le dimanche.",
        ),
        (
            Conditions(hours=(time(18), time(22))),
            "“Everyday”: only between 18:00 and 22:00.",
            "« Everyday » : seulement entre 18:00 et 22:00.",
        ),
        (
            Conditions(minimum_basket_minor=5000),
            "“Everyday”: €12.00 short of the minimum order of €50.00.",
            "« Everyday » : encore 12,00 € avant la commande minimale de 50,00 €.",
        ),
        (
            Conditions(minimum_quantity=3),
            "“Everyday”: 2 units short of the minimum of 3.",
            "« Everyday » : encore 2 unités avant le minimum de 3.",
        ),
        (
            Conditions(first=First.PROGRAMME),
            "“Everyday”: only for a first purchase, and 1 purchase came before.",
            "« Everyday » : seulement pour un premier achat, et il y en a déjà eu 1.",
        ),
        (
            Conditions(first=First.MERCHANT),
            "“Everyday”: only for a first purchase at this shop, and 2 purchases came before.",
            "« Everyday » : seulement pour un premier achat dans ce magasin, et il y en a déjà eu 2.",
        ),
        (
            Conditions(coupon="any"),
            "“Everyday”: only with a coupon.",
            "« Everyday » : seulement avec un coupon.",
        ),
        (
            Conditions(cards=frozenset({"x"})),
            "“Everyday”: only when paid with one of its cards.",
            "« Everyday » : seulement en payant avec une de ses cartes.",
        ),
    ],
)
def test_why_an_offer_did_not_apply(conditions: Conditions, english: str, french: str) -> None:
    assert only_miss(conditions, "en") == english
    assert only_miss(conditions, "fr") == french


@pytest.mark.parametrize(
    ("conditions", "to_member", "to_operator"),
    [
        (
            Conditions(coupon="secret-spring"),
            "“Everyday”: only with its own coupon.",
            "“Everyday”: only with the coupon secret-spring.",
        ),
        (
            Conditions(segments=frozenset({"vip", "at-risk"})),
            "“Everyday”: only for other members.",
            "“Everyday”: only for members of at-risk and vip.",
        ),
    ],
)
def test_what_a_member_must_not_learn_is_for_operators(
    conditions: Conditions, to_member: str, to_operator: str
) -> None:
    assert only_miss(conditions, "en") == to_member
    assert only_miss(conditions, "en", "operator") == to_operator


def test_whom_an_offer_shuts_out_is_told_to_operators_alone() -> None:
    shut_out = offer("everyday", Percent(100), Conditions(not_segments=frozenset({"staff"})))
    decision = rate(order(1000), shut_out, who=member("staff"))

    assert told(decision)[1] == "“Everyday”: only for other members."
    assert told(decision, audience="operator")[1] == "“Everyday”: not for members of staff."


def test_an_offer_without_a_contract_is_told_to_operators_alone() -> None:
    acme = offer("everyday", Percent(100), funding=(Funding(FunderKind.BRAND, ref="acme"),))
    decision = rate(order(1000), acme, contracts=[shop_contract()])

    assert told(decision) == ["This purchase earns nothing."]
    assert told(decision, audience="operator")[1] == (
        "“Everyday”: Acme has no contract to pay it under."
    )


def test_a_coupon_that_keeps_an_offer_away_is_named() -> None:
    decision = rate(
        order(1000, coupon_codes=("spring", "save5")),
        offer("everyday", Percent(100), Conditions(coupon="none")),
    )

    assert told(decision)[1] == (
        "“Everyday”: not together with a coupon, and spring and save5 were used."
    )


@pytest.mark.parametrize("audience", ["member", "operator"])
def test_a_coupon_that_the_shop_does_not_allow_is_named_once_for_all_offers(
    audience: Audience,
) -> None:
    decision = rate(
        order(1000, coupon_codes=("ours", "spring")),
        offer("everyday", Percent(100)),
        offer("club", Percent(200), role=Role.BOOST),
        contracts=[shop_contract(coupons=frozenset({"ours"}))],
    )

    assert told(decision, audience=audience)[:2] == [
        "This purchase earns nothing.",
        "“Everyday” and “Club”: this shop gives nothing on orders that use a coupon of others, and spring was used.",
    ]
    with translation.override("fr"):
        assert (
            "cette boutique ne donne rien sur les commandes passées avec un coupon venu d’ailleurs, "
            "et spring a été utilisé"
        ) in told(decision, "fr", audience)[1]


def test_the_day_of_the_click_is_told_where_it_binds() -> None:
    decision = rate(order(1000), offer("everyday", Percent(100)))
    names: dict[str, Any] = {"parties": {}, "offers": {}, "clicked_on": date(2026, 2, 3)}

    with translation.override("en"):
        assert "What was offered on Feb. 3, 2026 holds, the day of the click." in explain(
            decision, **names
        )
    with translation.override("fr"):
        assert "Ce qui était proposé le 3 février 2026, jour du clic, fait foi." in explain(
            decision, **names
        )


def test_below_the_first_tier_is_short_of_the_next() -> None:
    decision = rate(order(4000), offer("club", Tiered((Tier(0, 0), Tier(5000, 300)))))

    assert told(decision)[1] == "“Club”: €10.00 short of the next tier (3% from €50.00 on)."


def test_offers_that_lost_to_the_same_offer_are_named_together() -> None:
    decision = rate(
        order(1000, 2000),
        offer("everyday", Percent(100)),
        offer("club", Percent(150)),
        offer("best", Percent(200)),
    )

    assert told(decision)[1:] == ["“Club” and “Everyday”: “Best of May” comes first."]


def test_an_offer_that_lost_on_some_lines_says_which() -> None:
    decision = rate(
        order(line(1, 1000), line(2, 1000, category="toys")),
        offer("everyday", Percent(100)),
        offer("best", Percent(200), only(categories=["toys"])),
    )

    assert told(decision)[2:] == ["“Everyday” on line 2: “Best of May” comes first."]
    assert told(decision, "fr")[2:] == [
        "« Everyday » sur la ligne 2 : « Best of May » passe avant."
    ]


def test_many_offers_that_missed_for_one_reason_are_counted() -> None:
    wednesday_is_past = Conditions(weekdays=frozenset({0}))
    offers = [offer(f"o{number}", Percent(100), wednesday_is_past) for number in range(9)]

    assert told(rate(order(1000), *offers))[1:] == [
        "“o0”, “o1”, “o2”, “o3” and 5 others: only on Mondays."
    ]


@pytest.mark.parametrize(
    ("cap", "used", "english"),
    [
        (MemberCap(YEAR, 500), (500, 1), "the limit of €5.00 for one member is reached"),
        (
            MemberCap(YEAR, purchases=2),
            (100, 2),
            "the limit of 2 purchases for one member is reached",
        ),
    ],
)
def test_a_member_who_has_had_all(cap: MemberCap, used: tuple[int, int], english: str) -> None:
    decision = rate(
        order(1000),
        offer("everyday", Percent(100), limits=Limits(per_member=cap)),
        who=counted("cap:everyday:year", date(2024, 1, 1), *used),
    )

    assert told(decision)[1] == f"“Everyday”: {english}."


def test_a_limit_that_this_very_purchase_used_up() -> None:
    shared = Limits(per_member=MemberCap(YEAR, 5, counter="both"))
    decision = rate(
        order(1000),
        offer("everyday", Percent(100), limits=shared),
        offer("club", Percent(100), limits=shared, role=Role.BOOST),
    )

    assert told(decision)[-1] == "“Club”: the limit for one member is reached."


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (
            offer("everyday", Percent(100), limits=Limits(budget_minor=0)),
            "“Everyday”: the offer's budget is spent.",
        ),
        (offer("everyday", Percent(1)), "“Everyday”: too little to make a reward."),
        (offer("everyday", CommissionShare(5000)), "“Everyday”: no commission to share."),
    ],
)
def test_nothing_is_left_to_give(found: Offer, sentence: str) -> None:
    assert told(rate(order(100), found))[1] == sentence


# ---- after returns


def test_what_is_left_after_a_return() -> None:
    contract = shop_contract(returns=ReturnPolicy.BY_LINE)
    toys = offer("best", Percent(1000), only(categories=["toys"]), role=Role.BOOST)
    book = Rulebook([contract], [offer("everyday", Percent(500)), toys], CATEGORIES)
    bought = order(line(1, 1000, category="toys"), 3000)
    after = order(line(1, 1000, category="toys"), line(2, 3000, returned_quantity=1))
    decision = redecide(decide(bought, book, STRANGER), bought, after, book, STRANGER)

    assert told(decision) == [
        "“Everyday”: €0.50 of €2.00 stays after the return, paid by Corner shop.",
        "“Best of May”: €1.00, untouched by the return, paid by Corner shop.",
        "Of €40.00, €10.00 counts.",
        "What was returned does not count: €30.00 on line 2.",
    ]
    assert told(decision, "fr")[0] == (
        "« Everyday » : 0,50 € sur 2,00 € après le retour, que paie Corner shop."
    )


def test_all_or_nothing_is_nothing_after_a_return() -> None:
    contract = shop_contract(returns=ReturnPolicy.ALL_OR_NOTHING)
    book = Rulebook([contract], [offer("everyday", Percent(500))], CATEGORIES)
    bought, after = order(1000, 3000), order(1000, line(2, 3000, returned_quantity=1))
    decision = redecide(decide(bought, book, STRANGER), bought, after, book, STRANGER)

    assert told(decision)[0] == "This purchase earns nothing."
    assert told(decision)[-1] == ("“Everyday”: nothing left, because something was returned.")


# ---- for operators


def test_a_brand_that_pays_in_two_stages() -> None:
    contracts = [shop_contract(), brand_contract(merchant_share_bps=4000)]
    brand = offer("everyday", Percent(500), only(brands=["acme"]), funding=BRAND)
    decision = rate(order(line(1, 1000, brand="acme")), brand, contracts=contracts)

    assert told(decision, audience="operator")[-1] == (
        "Acme owes a commission of €1.00 (contract acme-contract, version 1): "
        "€0.50 of reward, €0.40 for the shop and €0.10 of margin."
    )
    assert not any("commission" in sentence for sentence in told(decision))


def test_what_the_programme_pays_itself() -> None:
    decision = rate(order(1000), offer("everyday", Percent(500), funding=PROGRAMME))

    assert told(decision, audience="operator")[-1] == "The programme pays €0.50 itself."
    assert told(decision, "fr", "operator")[-1] == "Le programme paie lui-même 0,50 €."


# ---- nothing goes unsaid


def _texts(node: ast.AST) -> set[str]:
    """All texts that an expression may answer with."""
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str)
    }


TELLERS = {"miss", "refuse", "Miss"}


def _refusals(tree: ast.AST) -> set[str]:
    """The codes of refusals, written ("code", facts), and of misses, written miss(offer, "code", …)."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            facts = node.elts[1]
            if isinstance(facts, ast.Dict) or ast.unparse(facts).split(".")[-1] == "facts":
                found |= _texts(node.elts[0])
        if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in TELLERS:
            code = node.args[1]
            found |= _texts(code) if isinstance(code, ast.Constant) else set()
    return found


def _deductions(tree: ast.AST) -> set[str]:
    """The codes of deductions, written ("code", amount): every pair that starts with a text in `bases`."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            code, amount = node.elts
            if isinstance(code, ast.Constant | ast.IfExp) and not isinstance(amount, ast.Constant):
                found |= _texts(code)
    return found


def test_every_reason_that_the_engine_gives_has_its_sentence() -> None:
    found: set[str] = set(EMPTY.values())
    for file in ENGINE:
        found |= _refusals(ast.parse(file.read_text(encoding="utf-8")))

    assert found == MISSED.keys()


def test_every_deduction_has_its_sentence() -> None:
    [bases] = [file for file in ENGINE if file.name == "bases.py"]

    assert _deductions(ast.parse(bases.read_text(encoding="utf-8"))) == LEFT_OUT.keys()


def test_every_ceiling_has_its_sentence() -> None:
    [amounts] = [file for file in ENGINE if file.name == "amounts.py"]
    ceilings = set()
    for node in ast.walk(ast.parse(amounts.read_text(encoding="utf-8"))):
        if isinstance(node, ast.IfExp):
            ceilings |= _texts(node)
        if isinstance(node, ast.FunctionDef) and node.name == "_room":
            ceilings |= _texts(ast.Module(node.body[1:], [])) - {""}

    assert ceilings == CUTS.keys()


def test_every_effect_has_its_arithmetic() -> None:
    assert set(EFFECT_NAMES.values()) == HOW.keys()


def test_codes_of_a_later_version_are_told_in_general_words() -> None:
    decision = rate(order(1000), offer("everyday", Percent(1000)))
    award = decision.awards[0]._replace(effect="tombola", cap="weather", uncapped_minor=120)
    later = decision._replace(
        awards=(award,),
        lines=(LineBase(1, 1500, (("moonshine", 500),), 1000),),
        misses=(Miss("club", "from_the_future", {}),),
    )

    assert told(later) == [
        "“Everyday”: €1.20, cut to €1.00 by a limit (€0.20 lost), paid by Corner shop.",
        "Of €15.00, €10.00 counts.",
        "Something else does not count: €5.00 on line 1.",
        "“Club”: not applied (from_the_future).",
    ]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(orders, contract_sets, offer_sets(), members)
def test_any_decision_can_be_told_to_anybody(
    purchase: Any, contracts: Any, offers: list[Offer], who: MemberFacts
) -> None:
    decision = decide(purchase, Rulebook(contracts, offers, CATEGORIES), who)

    for language in ("en", "fr"):
        short = told(decision, language)
        full = told(decision, language, "operator")
        assert short
        assert len(full) >= len(short)
        for sentence in full:
            assert sentence.endswith(".")
            assert "{" not in sentence
