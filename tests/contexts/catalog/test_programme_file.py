# ruff: noqa: E501 - an expected sentence stands whole on its line
"""A programme file is read exactly, and what is wrong with it is said where it stands."""

from datetime import date, time, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.catalog.programme_file import ProgrammeFileInvalid, parse
from cagnotte.catalog.programme_file.scalars import percent_to_bps
from cagnotte.domain.attribution import USUAL, Override, Policy, Trace
from cagnotte.domain.contracts import Contract, FunderKind, Release, ReleaseFrom, ReleaseSettlement
from cagnotte.domain.offers import (
    BoostMode,
    CommissionShare,
    Effect,
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
from tests.contexts.catalog.files import HEAD, errors, with_offers, write


def offer_from(folder: Path, text: str) -> Offer:
    """The one offer of a file, whose effect is 1 % unless the text names one."""
    effect = "" if "effect:" in text else "effect: {kind: percent, rate: 1}, "
    [offer] = with_offers(folder, f"  - {{ref: x, {effect}{text}}}\n").definitions.offers
    return offer


def contract_from(folder: Path, text: str) -> Contract:
    """The last contract of a file."""
    head, _, _ = HEAD.partition("contracts:")
    return parse(
        write(folder, f"{head}contracts:\n  - {{ref: x, {text}}}\n")
    ).definitions.contracts[-1]


# ---- values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "effect"),
    [
        ("{kind: percent, rate: 5 %}", Percent(500)),
        ("{kind: percent, rate: 2.25}", Percent(225)),
        ("{kind: commission_share, share: 60 %}", CommissionShare(6000)),
        ("{kind: fixed_per_order, amount: 5.00}", FixedPerOrder(500)),
        ("{kind: fixed_per_unit, amount: 0.2}", FixedPerUnit(20)),
        (
            "{kind: tiered, tiers: [{from: 0, rate: 1}, {from: 50.00, rate: 2}], whole: no}",
            Tiered((Tier(0, 100), Tier(5000, 200)), whole=False),
        ),
        (
            "{kind: progressive, tiers: [{from: 0, rate: 1}, {from: 12, rate: 2}], window: 90 days, by: purchases}",
            Progressive(
                (Tier(0, 100), Tier(12, 200)), Window(WindowKind.ROLLING, 90), by="purchases"
            ),
        ),
        (
            "{kind: progressive, tiers: [{from: 0, rate: 1}, {from: 12, rate: 2}], window: year, counted: confirmed}",
            Progressive(
                (Tier(0, 100), Tier(1200, 200)), Window(WindowKind.YEAR), counted="confirmed"
            ),
        ),
    ],
)
def test_every_effect_is_read(tmp_path: Path, text: str, effect: Effect) -> None:
    assert offer_from(tmp_path, f"effect: {text}").effect == effect


def test_a_voucher_is_read_and_must_be_a_bonus(tmp_path: Path) -> None:
    text = "effect: {kind: voucher, amount: 4, minimum_basket: 20, valid_days: 60}"
    assert offer_from(tmp_path, f"{text}, role: bonus").effect == NextOrderVoucher(400, 2000, 60)
    with pytest.raises(ProgrammeFileInvalid, match="a voucher for a next order is a bonus"):
        offer_from(tmp_path, text)


def test_conditions_are_read(tmp_path: Path) -> None:
    asked = offer_from(
        tmp_path,
        "conditions: {merchants: [corner], categories: [tea], not_brands: [bold], skus: [00123], channels: [web, app],"
        " countries: [NO], weekdays: [monday, sunday], hours: 18:00-24:00, minimum_basket: 30.5, minimum_quantity: 3,"
        " first: merchant, not_segments: [staff], coupon: WELCOME, cards: [visa]}",
    ).conditions
    assert asked.merchants == {"corner"}
    assert asked.products.categories == {"tea"}
    assert asked.products.not_brands == {"bold"}
    assert asked.products.skus == {"00123"}
    assert asked.channels == {Channel.WEB, Channel.APP}
    assert asked.countries == {"NO"}
    assert asked.weekdays == {0, 6}
    assert asked.hours == (time(18), time(0))
    assert (asked.minimum_basket_minor, asked.minimum_quantity) == (3050, 3)
    assert (asked.first, asked.coupon) == (First.MERCHANT, "welcome")
    assert asked.not_segments == {"staff"}
    assert asked.cards == {"visa"}


def test_limits_stacking_and_funding_are_read(tmp_path: Path) -> None:
    offer = offer_from(
        tmp_path,
        "limits: {per_line: 1, per_purchase: 2, per_member: {window: month, amount: 10, purchases: 3}, budget: 1000},"
        " role: boost, mode: replace, priority: 7, group: g, valid_from: 2026-01-01, valid_until: 2026-01-31,"
        " funding: [{by: brand, share: 60 %, ref: acme}, {by: programme, share: 40 %}]",
    )
    assert offer.limits == Limits(100, 200, MemberCap(Window(WindowKind.MONTH), 1000, 3), 100_000)
    assert (offer.role, offer.mode, offer.priority, offer.group) == (
        Role.BOOST,
        BoostMode.REPLACE,
        7,
        "g",
    )
    assert (offer.valid_from, offer.valid_until) == (date(2026, 1, 1), date(2026, 1, 31))
    assert offer.funding == (
        Funding(FunderKind.BRAND, 6000, "acme"),
        Funding(FunderKind.PROGRAMME, 4000),
    )


def test_one_word_names_the_only_funder(tmp_path: Path) -> None:
    assert offer_from(tmp_path, "funding: network").funding == (Funding(FunderKind.NETWORK),)


def test_the_funder_of_a_contract_is_the_brand_else_the_network_else_the_merchant(
    tmp_path: Path,
) -> None:
    cases = {
        "merchant: corner": (FunderKind.MERCHANT, "corner", "corner"),
        "merchant: corner, network: net": (FunderKind.NETWORK, "net", "corner"),
        "brand: acme": (FunderKind.BRAND, "acme", None),
        "brand: acme, merchant: corner": (FunderKind.BRAND, "acme", "corner"),
    }
    for text, expected in cases.items():
        contract = contract_from(tmp_path, text)
        assert (contract.funder_kind, contract.funder, contract.merchant) == expected


def test_expired_money_goes_to_the_funder_where_it_pays_exactly_the_rewards(tmp_path: Path) -> None:
    assert contract_from(tmp_path, "merchant: corner").breakage_to == "funder"
    assert (
        contract_from(tmp_path, "brand: acme, commissions: [{rate: 5}]").breakage_to == "programme"
    )
    assert (
        contract_from(tmp_path, "merchant: corner, breakage_to: programme").breakage_to
        == "programme"
    )


def test_attribution_is_read(tmp_path: Path) -> None:
    text = """merchant: corner, attribution: {accept: [click, promo_code], click_days: 45, receipt_days: 0,
      exceptions: [promo_code_over_click], stand_down_minutes: 30}"""

    assert contract_from(tmp_path, text).attribution == Policy(
        precedence=(Trace.CLICK, Trace.PROMO_CODE),
        click_window=timedelta(days=45),
        receipt_window=timedelta(0),
        exceptions=(Override.PROMO_CODE_OVER_CLICK,),
        stand_down=timedelta(minutes=30),
    )
    assert contract_from(tmp_path, "merchant: corner").attribution == USUAL
    assert contract_from(tmp_path, "merchant: corner, attribution: {}").attribution == USUAL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "merchant: corner, attribution: {accept: [click], exceptions: [card_over_click]}",
            "The exception “card_over_click” names a kind that is not accepted.",
        ),
        (
            "merchant: corner, attribution: {accept: [click, click]}",
            "Each kind of trace may be listed once.",
        ),
        ("merchant: corner, attribution: {accept: [clik]}", "click"),
        ("merchant: corner, attribution: {click_days: 400}", "365"),
        ("brand: acme, attribution: {click_days: 10}", "is the shop's to say"),
        ("brand: acme, coupons: none", "is the shop's to say"),
        ("merchant: corner, coupons: some", "Write any, none, or a list of the codes"),
        ("merchant: corner, coupons: ['']", "Write any, none, or a list of the codes"),
    ],
)
def test_attribution_that_cannot_be_meant_is_refused(
    tmp_path: Path, text: str, expected: str
) -> None:
    with pytest.raises(ProgrammeFileInvalid) as refused:
        contract_from(tmp_path, text)
    assert expected in str(refused.value)


@pytest.mark.parametrize(
    ("text", "coupons"),
    [
        ("any", None),
        ("none", frozenset()),
        ("[SPRING10, save5]", frozenset({"spring10", "save5"})),
    ],
)
def test_allowed_coupons_are_read(
    tmp_path: Path, text: str, coupons: frozenset[str] | None
) -> None:
    assert contract_from(tmp_path, f"merchant: corner, coupons: {text}").coupons == coupons
    assert contract_from(tmp_path, "merchant: corner").coupons is None


def test_a_release_is_read(tmp_path: Path) -> None:
    contract = contract_from(
        tmp_path,
        "merchant: corner, release: {days: 5, from: event, event: shipped, settlement: paid}",
    )
    assert contract.release == Release(5, ReleaseFrom.EVENT, "shipped", ReleaseSettlement.PAID)


@given(st.integers(0, 10_000))
def test_a_percentage_is_read_to_the_hundredth(bps: int) -> None:
    for text in (f"{bps // 100}.{bps % 100:02} %", f"{bps // 100}.{bps % 100:02}"):
        assert percent_to_bps(text) == bps


def test_lists_may_lie_in_files_beside(tmp_path: Path) -> None:
    (tmp_path / "tree.csv").write_text("ref,parent,name\nfood,,Food\ntea,food,\n")
    path = write(
        tmp_path, "programme: {slug: a, name: A, currency: EUR}\ncategories: {file: tree.csv}\n"
    )
    nodes = parse(path).definitions.categories
    assert [(n.ref, n.parent, n.name) for n in nodes] == [
        ("food", None, "Food"),
        ("tea", "food", "tea"),
    ]


def test_anchors_and_merges_work(tmp_path: Path) -> None:
    offers = with_offers(
        tmp_path,
        """
          - &base {ref: a, effect: {kind: percent, rate: 1}, priority: 3}
          - {<<: *base, ref: b}
        """,
    ).definitions.offers
    assert [(o.ref, o.priority) for o in offers] == [("a", 3), ("b", 3)]


# ---- errors ------------------------------------------------------------------------------------------------------

ONE_OFFER = HEAD + "offers:\n  - {ref: x, effect: {kind: percent, rate: 1}, "


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("prioriti: 3}", "offers[0].prioriti: Unknown key “prioriti”; did you mean “priority”?"),
        ("priority: high}", "offers[0].priority: “high” is not a whole number."),
        ("role: bast}", "offers[0].role: “bast” is not known here; did you mean “base”? Write base, boost or bonus."),
        ("valid_from: 31/01/2026}", "offers[0].valid_from: “31/01/2026” is not a date; write it as 2026-01-31."),
        ("conditions: [tea]}", "offers[0].conditions: A list is not a mapping of keys and values."),
        ("conditions: {brands: acme}}", "offers[0].conditions.brands: “acme” is not a list; begin each entry with “- ”, or write [a, b]."),
        ("conditions: {brands: [acne]}}", "offers[0].conditions.brands[0]: There is no brand “acne” in brands; did you mean “acme”?"),
        ("conditions: {categories: [wine]}}", "offers[0].conditions.categories[0]: There is no category “wine” in categories."),
        ("limits: {budget: 10.005}}", "offers[0].limits.budget: “10.005” has more decimals than EUR has (2); round it at its source."),
        ("limits: {budget: -1}}", "offers[0].limits.budget: “-1” is below zero; amounts in a programme file are not."),
        ("limits: {per_member: {window: month}}}", "offers[0].limits.per_member: The ceiling needs an amount, a number of purchases, or both."),
        ("funding: [{by: brand, share: 40 %}]}", "offers[0]: The funders of “x” must share exactly 100 %."),
        ("valid_from: 2026-02-01, valid_until: 2026-01-01}", "offers[0]: The offer “x” ends on 2026-01-01, before it starts on 2026-02-01."),
    ],
)  # fmt: skip
def test_an_error_says_where_what_and_what_was_meant(
    tmp_path: Path, text: str, expected: str
) -> None:
    line = len(HEAD.splitlines()) + 2
    assert errors(tmp_path, ONE_OFFER + text) == [f"programme.yaml:{line}: {expected}"]


@pytest.mark.parametrize(
    ("rate", "expected"),
    [
        ("2,5 %", "“2,5 %” is not a percentage; write 2.5 %."),
        (
            "2.345 %",
            "“2.345 %” is finer than a hundredth of a percent; write two decimals at most.",
        ),
        ("120 %", "“120 %” is more than 100 %."),
        ("five", "“five” is not a percentage; write it as 5 % or 2.25 %."),
    ],
)
def test_a_percentage_is_refused_with_what_to_write(rate: str, expected: str) -> None:
    with pytest.raises(ValueError, match=r".") as refusal:
        percent_to_bps(rate)
    assert str(refusal.value) == expected


def test_all_errors_are_reported_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    text = """
        programme: {slug: My Shop, name: A, currency: EUX, timezone: Europe/Pari}
        merchants: [{ref: a}, {ref: a}]
        contracts:
          - {ref: c, merchant: b}
          - {ref: d}
          - {ref: e, brand: x, network: y}
        offers:
          - {ref: o, effect: {kind: tiered, tiers: [{from: 10, rate: 1}]}}
          - {ref: p, effect: {kind: progressive, by: purchases, window: month, tiers: [{from: 1.50, rate: 1}]}}
    """
    assert [problem.partition(": ")[2] for problem in errors(tmp_path, text)] == [
        "programme.slug: “My Shop” is no slug; write small letters, digits and single hyphens, such as my-shop.",
        "programme.currency: “EUX” is not a currency of ISO 4217; write a code such as EUR.",
        "programme.timezone: “Europe/Pari” is not a time zone; did you mean “Europe/Paris”?",
        "merchants[1].ref: “a” is defined twice in merchants.",
        "contracts[0].merchant: There is no merchant “b” in merchants.",
        "contracts[1]: “merchant” is missing; only a brand's contract may cover every shop.",
        "contracts[2]: The contract names a brand and a network; only one of them can pay.",
        "offers[0]: The tiers of “o” must start at 0 and rise.",
        "offers[1].effect.tiers[0].from: “1.50” is not a number of purchases; write a whole number.",
    ]


def test_a_key_given_twice_is_an_error_since_yaml_would_drop_one(tmp_path: Path) -> None:
    text = """
        programme:
          slug: a
          name: A
          currency: EUR
          name: B
    """
    assert errors(tmp_path, text) == [
        "programme.yaml:4: programme.name: “name” is given twice, on lines 4 and 6."
    ]


def test_a_tree_that_bites_its_tail_is_an_error(tmp_path: Path) -> None:
    text = """
        programme: {slug: a, name: A, currency: EUR}
        categories: [{ref: a, parent: b}, {ref: b, parent: a}, {ref: c, parent: d}]
    """
    assert [problem.partition(": ")[2] for problem in errors(tmp_path, text)] == [
        "categories[0].parent: The category “a” lies below itself.",
        "categories[1].parent: The category “b” lies below itself.",
        "categories[2].parent: There is no category “d”.",
    ]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "programme.yaml:1: The file holds no programme; see the example."),
        (b"- a\n", "programme.yaml:1: The file holds no programme; see the example."),
        (b"programme:\n  name: \xe9t\xe9\n", "programme.yaml:2: The file is not UTF-8 from here on; save the file as UTF-8."),
        (b"programme:\n  name: a: b\n", "programme.yaml:2: The file is not YAML here: mapping values are not allowed here."),
        (b"a: &a [1]\nb: *c\n", "programme.yaml:2: The file is not YAML here: found undefined alias 'c'."),
    ],
)  # fmt: skip
def test_a_file_that_is_no_programme_is_refused(
    tmp_path: Path, content: bytes, expected: str
) -> None:
    path = tmp_path / "programme.yaml"
    path.write_bytes(content)
    with pytest.raises(ProgrammeFileInvalid) as refusal:
        parse(path)
    assert [str(problem) for problem in refusal.value.problems] == [expected]


def test_a_file_that_unfolds_into_millions_of_values_is_refused(tmp_path: Path) -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    found = errors(tmp_path, "\n".join(levels) + "\n")
    assert any("holds more values than a programme can" in problem for problem in found)


def test_a_missing_list_is_named_and_its_users_are_not_blamed(tmp_path: Path) -> None:
    text = (
        "programme: {slug: a, name: A, currency: EUR}\nbrands: {file: brands.csv}\n"
        "contracts: [{ref: c, brand: acme}]\n"
    )
    assert errors(tmp_path, text) == [
        "programme.yaml:2: brands.file: “brands.csv” cannot be read: No such file or directory."
    ]


def test_an_error_in_a_list_names_its_own_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "brands.csv").write_text("ref,country\nacme,FR\nbold,France\n")
    text = "programme: {slug: a, name: A, currency: EUR}\nbrands: {file: brands.csv}\n"
    assert errors(tmp_path, text) == [
        "brands.csv:3: brands[1].country: “France” is not a country code; write two capitals, such as FR."
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "{ref: s, kind: members, fields: {ref: no, nam: name}}",
            "sources[0]: fields: “nam” is not a field of members; did you mean “name”? The words are ref, name, email, country, locale, segments, joined_on, iban or holder.",
        ),
        (
            "{ref: s, kind: products, fields: {name: label}}",
            "sources[0]: Nothing says where sku can be read; name a column in fields (of lines: in line_fields) or a constant in defaults.",
        ),
        (
            "{ref: s, kind: decisions, fields: {order_ref: o, merchant: m, decision: d}, values: {decision: {ok: confirmed}}}",
            "sources[0]: values.decision: “confirmed” is not a word of ours; did you mean “confirm”? Write confirm, decline or amend.",
        ),
        ("{ref: s, kind: members, fields: {ref: no}, encoding: utf9}", "sources[0].encoding: “utf9” is not an encoding; write one such as utf-8 or cp1252."),
        (
            "{ref: s, kind: purchases, format: jsonl, fields: {order_ref: o, member: m, merchant: s, occurred_at: t, currency: c}, line_fields: {amount: a}}",
            "sources[0]: lines: say at which path of the JSON the list of lines is.",
        ),
    ],
)  # fmt: skip
def test_a_source_speaks_our_words(tmp_path: Path, source: str, expected: str) -> None:
    text = f"programme: {{slug: a, name: A, currency: EUR}}\nsources:\n  - {source}\n"
    assert errors(tmp_path, text) == [f"programme.yaml:3: {expected}"]


def test_a_source_becomes_a_mapping_with_the_programmes_time_zone(tmp_path: Path) -> None:
    text = (
        "programme: {slug: a, name: A, currency: EUR, timezone: Europe/Rome}\nsources:\n"
        "  - {ref: s, kind: purchases, delimiter: tab, fields: {order_ref: o, member: m, occurred_at: t},"
        " line_fields: {sku: s, amount: a}, defaults: {merchant: x, currency: EUR}}\n"
        "  - {ref: t, kind: purchases, fields: {order_ref: o, member: m, occurred_at: t, amount: a},"
        " defaults: {merchant: x, currency: EUR}}\n"
    )
    first, second = parse(write(tmp_path, text)).file.sources
    mapping = first.mapping(timezone="Europe/Rome")
    assert (mapping["lines"], mapping["delimiter"], mapping["timezone"]) == (
        "rows",
        "\t",
        "Europe/Rome",
    )
    assert second.mapping(timezone="Europe/Rome")["lines"] is None


def test_payout_rules_must_make_sense(tmp_path: Path) -> None:
    text = """
        programme: {slug: a, name: A, currency: EUR}
        payouts: {debtor_name: A, iban: FR7630006000011234567890188, threshold: 1.00, fee: 2.00}
    """
    [problem] = errors(tmp_path, text)
    assert problem.startswith(
        "programme.yaml:3: payouts.iban: “FR7630006000011234567890188” is not an IBAN:"
    )
    assert errors(tmp_path, text.replace("0188", "0189")) == [
        "programme.yaml:3: payouts: The fee is more than the threshold; the smallest payout must cover it."
    ]
