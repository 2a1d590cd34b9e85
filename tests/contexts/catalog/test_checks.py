# ruff: noqa: E501, ISC004 - an expected sentence stands whole in its case
"""What deserves a second look in a file that can be loaded."""

from pathlib import Path

import pytest

from cagnotte.catalog.checks import check
from cagnotte.catalog.programme_file import parse
from tests.contexts.catalog.files import HEAD, TODAY, with_offers, write


def warnings(folder: Path, offers: str) -> list[tuple[str, str]]:
    """Code and sentence of each warning."""
    return [(w.code, w.sentence) for w in check(with_offers(folder, offers), today=TODAY)]


def codes(folder: Path, *offers: str) -> list[str]:
    """The codes of the warnings about offers of 1 % and their conditions."""
    lines = [
        f"  - {{ref: o{n}, effect: {{kind: percent, rate: {n}}}, {text}}}\n"
        for n, text in enumerate(offers, 1)
    ]
    return [code for code, _ in warnings(folder, "".join(lines))]


# ---- overlaps ----------------------------------------------------------------------------------------------------


def test_two_base_offers_that_only_the_amount_decides_between_are_named_with_the_place(
    tmp_path: Path,
) -> None:
    found = warnings(
        tmp_path,
        """
          - {ref: a, effect: {kind: percent, rate: 1}, conditions: {categories: [tea], weekdays: [monday]}}
          - {ref: b, effect: {kind: percent, rate: 2}, conditions: {categories: [jam, tea], channels: [web]}}
        """,
    )
    assert found == [
        (
            "overlap",
            "“a” can match the same line at the same time as “b” (category “tea”), with equal priority and specificity: "
            "the one that gives more will apply. Give one of them a higher priority, or keep them apart by their "
            "conditions.",
        )
    ]


def test_offers_that_name_several_lists_overlap_where_they_share_a_name_of_each(
    tmp_path: Path,
) -> None:
    found = warnings(
        tmp_path,
        """
          - {ref: a, effect: {kind: percent, rate: 1}, conditions: {categories: [tea], brands: [acme, bold]}}
          - {ref: b, effect: {kind: percent, rate: 2}, conditions: {categories: [jam, tea], brands: [bold]}}
        """,
    )
    assert [code for code, _ in found] == ["overlap"]
    assert "as “b” (brand “bold” and category “tea”), with" in found[0][1]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("priority: 1", ""),
        ("conditions: {categories: [tea]}", ""),
        ("conditions: {categories: [tea]}", "conditions: {categories: [food]}"),
        ("conditions: {categories: [tea]}", "conditions: {brands: [acme]}"),
        ("conditions: {categories: [tea], brands: [acme]}", "conditions: {brands: [acme]}"),
        ("conditions: {categories: [tea], brands: [acme]}", "conditions: {categories: [tea], brands: [bold]}"),
        ("conditions: {categories: [tea], brands: [acme]}", "conditions: {categories: [jam], brands: [acme]}"),
        ("conditions: {brands: [acme, bold]}", "conditions: {brands: [acme], not_brands: [acme]}"),
        ("conditions: {merchants: [corner]}", ""),
        ("conditions: {merchants: [corner]}", "conditions: {merchants: [market]}"),
        ("conditions: {channels: [web]}", "conditions: {channels: [store]}"),
        ("conditions: {weekdays: [monday]}", "conditions: {weekdays: [sunday]}"),
        ("conditions: {hours: 08:00-12:00}", "conditions: {hours: 12:00-08:00}"),
        ("conditions: {coupon: none}", "conditions: {coupon: welcome}"),
        ("conditions: {segments: [new]}", "conditions: {not_segments: [new]}"),
        ("conditions: {cards: [visa]}", "conditions: {cards: [amex]}"),
        ("valid_until: 2026-04-30", "valid_from: 2026-05-01"),
        ("conditions: {categories: [tea]}", "conditions: {categories: [tea], not_categories: [food], skus: [x]}"),
        ("role: boost", ""),
    ],
)  # fmt: skip
def test_offers_that_cannot_meet_or_that_are_ranked_are_no_overlap(
    tmp_path: Path, one: str, other: str
) -> None:
    assert "overlap" not in codes(tmp_path, one, other or "name: x")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("name: x", "name: y"),
        ("conditions: {merchants: [corner, market]}", "conditions: {merchants: [market]}"),
        ("conditions: {hours: 22:00-02:00}", "conditions: {hours: 01:00-03:00}"),
        ("conditions: {coupon: any}", "conditions: {coupon: welcome}"),
        ("conditions: {segments: [new]}", "conditions: {segments: [old]}"),
        ("valid_until: 2026-04-30", "valid_from: 2026-04-30"),
        ("conditions: {minimum_basket: 50.00}", "conditions: {minimum_basket: 100.00}"),
        ("conditions: {categories: [tea], brands: [acme]}", "conditions: {categories: [tea, jam], brands: [acme]}"),
    ],
)  # fmt: skip
def test_offers_that_can_meet_unranked_overlap(tmp_path: Path, one: str, other: str) -> None:
    assert "overlap" in codes(tmp_path, one, other)


# ---- unreachable -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("conditions: {merchants: [corner], not_merchants: [corner]}", "it excludes every merchant it names"),
        ("conditions: {segments: [new], not_segments: [new, old]}", "it excludes every segment it names"),
        ("conditions: {categories: [tea], not_categories: [food]}", "it excludes every category it names"),
        ("conditions: {categories: [tea], brands: [acme], not_brands: [acme]}", "it excludes every brand it names"),
        ("conditions: {categories: [fuel], merchants: [corner]}", "the contract “corner” excludes every product it names"),
        ("conditions: {categories: [fuel], brands: [acme], merchants: [corner]}", "the contract “corner” excludes every product it names"),
    ],
)  # fmt: skip
def test_an_offer_that_can_never_apply_is_told_why(tmp_path: Path, text: str, why: str) -> None:
    found = warnings(tmp_path, f"  - {{ref: a, effect: {{kind: percent, rate: 1}}, {text}}}\n")
    assert found == [("unreachable", f"“a” never applies: {why}.")]


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        ("priority: 1", "conditions: {categories: [tea]}"),
        ("priority: 1, conditions: {categories: [food]}", "conditions: {categories: [tea, jam]}"),
        ("priority: 1, conditions: {coupon: any}", "conditions: {coupon: welcome}"),
        ("priority: 1, conditions: {minimum_basket: 10}", "conditions: {minimum_basket: 20}"),
        ("priority: 1, conditions: {not_merchants: [market]}", "conditions: {merchants: [corner]}"),
        (
            "priority: 1, conditions: {brands: [acme]}",
            "conditions: {brands: [acme], categories: [tea]}",
        ),
        ("priority: 1, conditions: {not_brands: [bold]}", "conditions: {brands: [acme]}"),
        ("priority: 1, conditions: {not_categories: [fuel]}", "conditions: {categories: [tea]}"),
    ],
)
def test_an_offer_is_beaten_by_one_that_holds_wherever_it_does_and_goes_first(
    tmp_path: Path, winner: str, loser: str
) -> None:
    assert codes(tmp_path, winner, loser) == ["unreachable"]


@pytest.mark.parametrize(
    ("winner", "loser"),
    [
        ("priority: 1, conditions: {weekdays: [monday]}", "conditions: {categories: [tea]}"),
        ("priority: 1, conditions: {categories: [tea]}", "conditions: {categories: [food]}"),
        ("priority: 1, conditions: {first: programme}", "name: x"),
        ("priority: 1, conditions: {segments: [new]}", "name: x"),
        ("priority: 1, valid_until: 2026-12-31", "name: x"),
        ("priority: 1, conditions: {not_categories: [tea]}", "conditions: {categories: [food]}"),
        ("priority: 1, conditions: {not_categories: [food]}", "conditions: {categories: [tea]}"),
        (
            "priority: 1, conditions: {brands: [acme], categories: [tea]}",
            "conditions: {brands: [acme]}",
        ),
        ("priority: 1, funding: programme", "name: x"),
        ("priority: 1, conditions: {minimum_basket: 20}", "conditions: {minimum_basket: 10}"),
    ],
)
def test_an_offer_that_sometimes_applies_is_not_beaten(
    tmp_path: Path, winner: str, loser: str
) -> None:
    assert codes(tmp_path, winner, loser) == []


def test_of_two_equal_offers_the_smaller_can_never_win(tmp_path: Path) -> None:
    assert codes(tmp_path, "name: x", "name: y") == ["overlap", "unreachable"]


def test_an_offer_that_is_over_is_told_for_what_it_still_is(tmp_path: Path) -> None:
    found = warnings(
        tmp_path, "  - {ref: a, effect: {kind: percent, rate: 1}, valid_until: 2026-03-01}\n"
    )
    assert found == [
        ("ended", "“a” ended on 2026-03-01; only purchases made until then still meet it.")
    ]


# ---- paid by nobody ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("conditions: {brands: [bold]}, funding: brand", "the brand “bold”, without a contract"),
        ("conditions: {brands: [bold], categories: [tea]}, funding: brand", "the brand “bold”, without a contract"),
        ("funding: [{by: brand, ref: bold}]", "the brand “bold”, without a contract"),
        ("funding: network", "the network of the merchant “corner”, “market”, without a contract"),
        ("conditions: {merchants: [corner]}, funding: [{by: network, ref: net}]", "the network “net”, without a contract"),
    ],
)  # fmt: skip
def test_an_offer_paid_by_somebody_without_a_contract_gives_nothing(
    tmp_path: Path, text: str, who: str
) -> None:
    found = warnings(tmp_path, f"  - {{ref: a, effect: {{kind: percent, rate: 1}}, {text}}}\n")
    assert found == [
        (
            "no_contract",
            f"“a” is paid by {who}, and will give nothing. Add the contract, or let somebody else fund it.",
        )
    ]


@pytest.mark.parametrize("text", ["funding: brand", "funding: merchant", "funding: programme"])
def test_an_offer_for_all_is_meant_for_those_with_a_contract(tmp_path: Path, text: str) -> None:
    assert codes(tmp_path, text) == []


def test_an_offer_that_some_brands_do_not_pay_for_gives_nothing_there(tmp_path: Path) -> None:
    found = warnings(
        tmp_path,
        "  - {ref: a, effect: {kind: percent, rate: 1}, conditions: {brands: [acme, bold]}, funding: brand}\n",
    )
    assert found == [
        (
            "partly_no_contract",
            "“a” is paid by the brand “bold”, without a contract, and will give nothing there. Add the contract, or let somebody else fund it.",
        )
    ]


# ---- shown and not kept ------------------------------------------------------------------------------------------


def test_a_rate_that_is_shown_before_a_link_is_followed_is_to_be_kept(tmp_path: Path) -> None:
    linked = HEAD.replace("[{ref: corner}", "[{ref: corner, site: 'https://corner.example/'}")
    offers = "offers:\n  - {ref: a, effect: {kind: percent, rate: 1}}\n"
    kept = linked.replace(
        "{ref: corner, merchant: corner,", "{ref: corner, merchant: corner, binding: click,"
    )

    (found,) = check(parse(write(tmp_path, linked + offers)), today=TODAY)

    assert (found.code, found.path) == ("rate_not_kept", "contracts[0]")
    assert found.sentence == (
        "Members who leave for “corner” by a link are told that the rate they see is theirs, and the contract “corner” "
        "pays that of the day of the purchase. Write `binding: click`, so that what was promised is paid."
    )
    assert check(parse(write(tmp_path, kept + offers)), today=TODAY) == []
