"""Decisions told as sentences, in English and French."""

import ast
import inspect
import re
from datetime import date, time

import pytest
from django.utils import translation

from cagnotte.domain.contracts import BasePolicy, CommissionRate, Contract, FunderKind, ReturnPolicy
from cagnotte.domain.offers import (
    CommissionShare,
    Conditions,
    First,
    FixedPerOrder,
    FixedPerUnit,
    Funding,
    Limits,
    MemberCap,
    NextOrderVoucher,
    Percent,
    Progressive,
    Role,
    Tier,
    Tiered,
)  # fmt: skip
from cagnotte.domain.periods import LIFETIME_START, Window, WindowKind
from cagnotte.domain.rating import Decision, Rulebook, decide
from cagnotte.domain.rating.decision import Miss
from cagnotte.domain.rating.returns import redecide
from cagnotte.rewards import sentences
from cagnotte.rewards.sentences import explain, explain_funding, money_text, percent_text
from tests.domain.rating_world import (
    BRAND,
    CATEGORIES,
    STRANGER,
    brand_contract,
    choice,
    counted,
    line,
    offer,
    only,
    order,
    rate,
    shop_contract,
)  # fmt: skip

YEAR = Window(WindowKind.YEAR)
NARROW, FIXED = "\u202f", "\u00a0"
NAMES = {"standard": "Everyday", "tiered": "Big baskets"}


def told(decision: Decision, language: str = "en") -> list[str]:
    """The sentences with ordinary spaces, so that tests can be read."""
    found = explain(
        decision, offers=NAMES, parties={("merchant", "shop"): "The Shop"}, language=language
    )
    return [sentence.replace(NARROW, " ").replace(FIXED, " ") for sentence in found]


@pytest.mark.parametrize(
    ("amount", "currency", "english", "french"),
    [
        (123_450, "EUR", "€1,234.50", f"1{NARROW}234,50{NARROW}€"),
        (5, "EUR", "€0.05", f"0,05{NARROW}€"),
        (-123, "EUR", "−€1.23", f"−1,23{NARROW}€"),
        (1234, "JPY", "¥1,234", f"1{NARROW}234{NARROW}¥"),
        (1_234_567, "TND", "TND 1,234.567", f"1{NARROW}234,567{NARROW}TND"),
    ],
)
def test_money_is_written_as_each_language_does(
    amount: int, currency: str, english: str, french: str
) -> None:
    with translation.override("en"):
        assert money_text(amount, currency) == english
    with translation.override("fr"):
        assert money_text(amount, currency) == french


@pytest.mark.parametrize(
    ("bps", "english", "french"),
    [(500, "5%", "5 %"), (1250, "12.5%", "12,5 %"), (5, "0.05%", "0,05 %")],
)
def test_rates_are_written_as_each_language_does(bps: int, english: str, french: str) -> None:
    with translation.override("en"):
        assert percent_text(bps) == english
    with translation.override("fr"):
        assert percent_text(bps).replace(NARROW, " ") == french


def test_one_rate_on_some_lines() -> None:
    lines = line(1, 2000), line(2, 999, category="toys"), line(3, 2000), line(4, 210)
    decision = rate(order(*lines), offer("standard", Percent(500), only(not_categories=["toys"])))

    assert told(decision) == [
        "This purchase earns €2.11 on €52.09.",
        "Line 1 (€20.00) earns €1.00: Everyday €1.00.",
        "Line 2 earns nothing.",
        "Line 3 (€20.00) earns €1.00: Everyday €1.00.",
        "Line 4 (€2.10) earns €0.11: Everyday €0.11.",
        "Everyday: 5% of €42.10 on lines 1, 3 and 4 = €2.11.",
        "Everyday is paid by The Shop.",
    ]
    assert told(decision, "fr") == [
        "Cet achat rapporte 2,11 € sur 52,09 €.",
        "La ligne 1 (20,00 €) rapporte 1,00 € : Everyday 1,00 €.",
        "La ligne 2 ne rapporte rien.",
        "La ligne 3 (20,00 €) rapporte 1,00 € : Everyday 1,00 €.",
        "La ligne 4 (2,10 €) rapporte 0,11 € : Everyday 0,11 €.",
        "Everyday : 5 % de 42,10 € sur les lignes 1, 3 et 4 = 2,11 €.",
        "Everyday est financée par The Shop.",
    ]


def test_a_tier_and_what_the_next_one_lacks() -> None:
    tiers = (Tier(0, 200), Tier(5000, 400), Tier(10_000, 800))
    decision = rate(order(8800), offer("tiered", Tiered(tiers)))

    assert told(decision)[2:4] == [
        "Big baskets: 4% of €88.00 on line 1 = €3.52, for an order of €88.00.",
        "€12.00 short of the next tier (8%).",
    ]
    assert told(decision, "fr")[3] == "Il manque 12,00 € pour le palier suivant (8 %)."


def test_marginal_tiers_show_their_slices() -> None:
    decision = rate(
        order(6000), offer("tiered", Tiered((Tier(0, 200), Tier(5000, 400)), whole=False))
    )

    assert told(decision)[2] == (
        "Big baskets: 2% of €50.00 and 4% of €10.00 for an order of €60.00; on line 1 = €1.40."
    )


def test_a_climb_tells_what_was_bought_before() -> None:
    tiers = (Tier(0, 100), Tier(50_000, 200))
    by_amount = rate(
        order(1000),
        offer("o", Progressive(tiers, YEAR)),
        who=counted("spend:o:year", date(2024, 1, 1), 41_200),
    )
    by_count = rate(
        order(1000),
        offer("o", Progressive((Tier(0, 100), Tier(3, 200)), YEAR, by="purchases")),
        who=counted("spend:o:year", date(2024, 1, 1), 41_200, 2),
    )

    assert told(by_amount)[2:4] == [
        "o: 1% of €10.00 on line 1 = €0.10, after purchases of €412.00 in the period.",
        "€88.00 short of the next tier (2%).",
    ]
    assert told(by_count)[2:4] == [
        "o: 1% of €10.00 on line 1 = €0.10, after 2 purchases in the period.",
        "1 purchase short of the next tier (2%).",
    ]
    assert told(by_count, "fr")[3] == "Il manque 1 achat pour le palier suivant (2 %)."


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (offer("o", FixedPerOrder(300)), "o: €3.00 for the order."),
        (offer("o", FixedPerUnit(30)), "o: €0.30 for each of 3 units on line 1 = €0.90."),
        (
            offer("o", NextOrderVoucher(500, 3000, 60), role=Role.BONUS),
            "o: a voucher of €5.00 for a next order of at least €30.00, valid for 60 days.",
        ),
        (offer("o", CommissionShare(5000)), "o: 50% of the commission of €8.00 = €4.00."),
    ],
)
def test_the_other_effects(found: object, sentence: str) -> None:
    contract = shop_contract(commissions=(CommissionRate(rate_bps=800),))
    decision = rate(order(line(1, 10_000, quantity=3)), found, contracts=[contract])  # type: ignore[arg-type]

    assert told(decision)[2] == sentence


@pytest.mark.parametrize(
    ("limits", "sentence"),
    [
        (
            Limits(per_line_minor=500),
            "o gives €5.00 instead of €10.00: its limit per line is reached.",
        ),
        (
            Limits(per_purchase_minor=500),
            "o gives €5.00 instead of €10.00: its limit per purchase is reached.",
        ),
        (
            Limits(per_member=MemberCap(YEAR, 500)),
            "o gives €5.00 instead of €10.00: your limit for the period is reached.",
        ),
        (Limits(budget_minor=500), "o gives €5.00 instead of €10.00: its budget is spent."),
    ],
)
def test_the_ceiling_that_cut_is_named(limits: Limits, sentence: str) -> None:
    decision = rate(order(10_000), offer("o", Percent(1000), limits=limits))

    assert told(decision)[2:4] == ["o: 10% of €100.00 on line 1 = €10.00.", sentence]


def test_lines_that_do_not_count_in_full() -> None:
    policy = BasePolicy(excluded=choice(categories=["fuel"]))
    lines = (
        line(1, 1000, discount_minor=100, wallet_minor=200),
        line(2, 5000, gift_card=True),
        line(3, 3000, category="fuel"),
        line(4, -100),
    )
    decision = rate(order(*lines), contracts=[shop_contract(base=policy)])

    assert told(decision) == [
        "This purchase earns nothing.",
        "Line 1: of €10.00, €7.00 counts, after €1.00 of discount and €2.00 paid from the cagnotte.",
        "Line 1 earns nothing.",
        "Line 2 does not count: gift cards are money already.",
        "Line 3 does not count: this product is excluded.",
        "Line 4 does not count: its amount is below zero.",
    ]


@pytest.mark.parametrize(
    ("conditions", "english", "french"),
    [
        (
            Conditions(weekdays=frozenset({5, 6})),
            "Everyday applies only on: Saturday and Sunday.",
            "Everyday ne vaut que les jours suivants : samedi et dimanche.",
        ),
        (
            Conditions(hours=(time(18), time(22))),
            "Everyday applies only from 18:00 to 22:00.",
            "Everyday ne vaut que de 18:00 à 22:00.",
        ),
        (
            Conditions(minimum_basket_minor=5000),
            "€12.00 short of Everyday, which begins at €50.00.",
            "Il manque 12,00 € pour Everyday, qui commence à 50,00 €.",
        ),
        (
            Conditions(minimum_quantity=3),
            "2 units short of Everyday, which begins at 3.",
            "Il manque 2 unités pour Everyday, qui commence à 3.",
        ),
        (
            Conditions(first=First.PROGRAMME),
            "Everyday is for a first purchase with the programme.",
            "Everyday est réservée à un premier achat dans le programme.",
        ),
        (
            Conditions(segments=frozenset({"vip"})),
            "Everyday is for other members.",
            "Everyday est réservée à d’autres membres.",
        ),
        (Conditions(coupon="any"), "Everyday needs a coupon.", "Everyday demande un coupon."),
        (
            Conditions(coupon="spring"),
            "Everyday needs the coupon spring.",
            "Everyday demande le coupon spring.",
        ),
        (
            Conditions(cards=frozenset({"x"})),
            "Everyday is for payments by another card.",
            "Everyday est réservée à une autre carte de paiement.",
        ),
    ],
)
def test_why_an_offer_did_not_apply(conditions: Conditions, english: str, french: str) -> None:
    who = counted("purchases:programme", LIFETIME_START, 1)
    decision = rate(order(3800), offer("standard", Percent(100), conditions), who=who)

    assert told(decision)[-1] == english
    assert told(decision, "fr")[-1] == french


def test_an_offer_that_lost_says_to_whom_and_where() -> None:
    decision = rate(order(1000, 2000), offer("standard", Percent(100)), offer("best", Percent(200)))

    assert told(decision)[-1] == "Everyday did not apply to lines 1 and 2: best comes first."


def test_what_is_left_after_a_return() -> None:
    contract = shop_contract(returns=ReturnPolicy.BY_LINE)
    book = Rulebook([contract], [offer("standard", Percent(500))], CATEGORIES)
    bought, after = order(1000, 3000), order(1000, line(2, 3000, returned_quantity=1))
    decision = redecide(decide(bought, book, STRANGER), bought, after, book, STRANGER)

    assert told(decision)[2:4] == [
        "Line 2: of €30.00, €0.00 counts, after €30.00 returned.",
        "Everyday: of €2.00, €0.50 is left after what was returned.",
    ]


def test_who_owes_what() -> None:
    contracts = [shop_contract(), brand_contract(merchant_share_bps=4000)]
    brand = offer("brand", Percent(500), only(brands=["acme"]), funding=BRAND)
    decision = rate(order(line(1, 1000, brand="acme")), brand, contracts=contracts)

    assert explain_funding(decision, parties={("brand", "acme"): "Acme"}, language="en") == [
        "Acme owes €1.00: €0.50 for the member, €0.40 for the shop, €0.10 for the programme."
    ]


def test_several_funders_are_named_with_their_parts() -> None:
    shared = (Funding(FunderKind.MERCHANT, 7000), Funding(FunderKind.PROGRAMME, 3000))
    decision = rate(order(1000), offer("standard", Percent(1000), funding=shared))

    assert told(decision)[-1] == "Everyday is paid by The Shop (€0.70) and the programme (€0.30)."


def test_delivery_is_called_by_its_name() -> None:
    contracts: list[Contract] = [shop_contract(base=BasePolicy(with_delivery=True))]
    decision = rate(
        order(1000, delivery_minor=500), offer("standard", Percent(1000)), contracts=contracts
    )

    assert "Everyday: 10% of €15.00 on line 1 and delivery = €1.50." in told(decision)


def test_a_reason_this_version_does_not_know_is_given_as_its_code() -> None:
    decision = rate(order(1000))._replace(misses=(Miss("standard", "from_the_future", {}),))

    assert told(decision)[-1] == "Everyday did not apply (from_the_future)."


def test_every_sentence_has_its_french() -> None:
    calls = [
        node
        for node in ast.walk(ast.parse(inspect.getsource(sentences)))
        if isinstance(node, ast.Call)
    ]
    said = [
        (call.func.id, *(str(arg.value) for arg in call.args if isinstance(arg, ast.Constant)))
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in ("_", "pgettext", "ngettext")
    ]
    assert len(said) > 60

    places = re.compile(r"\{\w+\}")
    same = {"{offer} {amount}", "{funder} ({amount})", "{rate} of {slice}"}
    with translation.override("fr"):
        for function, *texts in said:
            if function == "_":
                pairs = [(texts[0], translation.gettext(texts[0]))]
            elif function == "pgettext":
                pairs = [(texts[1], translation.pgettext(texts[0], texts[1]))]
            else:
                pairs = [
                    (text, translation.ngettext(texts[0], texts[1], n))
                    for n, text in ((1, texts[0]), (2, texts[1]))
                ]
            for english, french in pairs:
                assert french != english or english in same, english
                assert set(places.findall(french)) == set(places.findall(english)), english


def test_every_reason_of_the_engine_has_its_sentence() -> None:
    codes = {
        "beaten", "below_first_tier", "budget", "card", "coupon_missing", "coupon_used", "first_purchase", "hours",
        "member_cap", "minimum_basket", "minimum_quantity", "no_commission", "no_contract", "returned", "segment",
        "segment_excluded", "weekday", "zero",
    }  # fmt: skip

    assert sentences._REASONS.keys() == codes
