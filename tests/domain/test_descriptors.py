"""Shops are found by what statements call them, surely or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.descriptors import (
    RULE_VERSION,
    Known,
    KnownBy,
    Matched,
    NameBook,
    Near,
    Rule,
    likeness,
    normalise,
)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("MAISON VERTE", "maison verte"),
        ("CB MAISON VERTE 20/11/26", "maison verte"),
        ("CB*8712 MAISON VERTE LYON", "maison verte"),
        ("CARTE 8712 PAIEMENT CB 2011 MAISON VERTE PARIS 11 FR", "maison verte"),
        ("CARTE X8712 20/11/26 MAISON VERTE 75011 PARIS", "maison verte"),
        ("PAIEMENT PAR CARTE X8712 MAISON VERTE CLERMONT FERRAND 20/11", "maison verte"),
        ("PAYPAL *MAISONVERTE", "maisonverte"),
        ("PAYPAL *MAISON VERTE 35314369001 LU", "maison verte"),
        ("SUMUP *CAFÉ DU COIN LYON", "cafe du coin"),
        ("SumUp  *Café du Coin", "cafe du coin"),
        ("SQ *CAFE DU COIN", "cafe du coin"),
        ("CB SQ *CAFE DU COIN 14h05", "cafe du coin"),
        ("Zettle_*Librairie Nord", "librairie nord"),
        ("MAISONVERTE.FR*AB12CD34E", "maisonverte"),
        ("WWW.MAISONVERTE.FR", "maisonverte"),
        ("Maison Verte SARL  LYON  FRA", "maison verte"),
        ("Reserved PAYMENT Empereur Burgers", "empereur burgers"),
        ("MAISON VERTE 2026-11-20 XXXX8712", "maison verte"),
        ("LE HAVRE", "havre"),
        ("20/11/26", "20 11 26"),
        ("PARIS", "paris"),
        ("CB", "cb"),
        ("", ""),
        ("***", ""),
        ("CB 4 SAISONS", "4 saisons"),
        ("L'ATELIER", "l atelier"),
    ],
)
def test_a_name_is_left_of_a_statement(text: str, name: str) -> None:
    assert normalise(text) == name


@given(st.text(max_size=80))
def test_normalising_twice_changes_nothing(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


WORDS = st.lists(
    st.sampled_from(["CB", "carte", "x8712", "PAYPAL", "*", "Sumup *", "LYON", "FR", "maison", "Café", "20/11", "75011",
                     "sarl", "AB12CD34", "le", "havre", ".fr", "www.", "8712"]),
    max_size=8,
)  # fmt: skip


@given(WORDS)
def test_normalising_twice_changes_nothing_of_what_banks_write(words: list[str]) -> None:
    once = normalise(" ".join(words))
    assert normalise(once) == once


BOOK = NameBook(
    [
        Known("verte", KnownBy.MID, "1234567"),
        Known("verte", KnownBy.NAME, "Maison Verte", "5411"),
        Known("verte", KnownBy.NAME, "Maison Verte", "5499"),
        Known("voyages", KnownBy.NAME, "Maison Verte Voyages", "4722"),
        Known("coin", KnownBy.NAME, "Café du Coin"),
        Known("coin", KnownBy.ALIAS, "CDC Traiteur"),
        Known("nord", KnownBy.NAME, "Librairie"),
        Known("sud", KnownBy.NAME, "Librairie"),
        Known("nord", KnownBy.MID, "777"),
        Known("sud", KnownBy.MID, "777"),
        Known("coin", KnownBy.MID, "777"),
    ]
)


def test_the_number_with_the_acquirer_decides_whatever_the_text() -> None:
    assert BOOK.match(mid="123 4567", text="Café du Coin", mcc="5812") == Matched(
        "verte", 100, Rule.MID, RULE_VERSION
    )


def test_a_name_with_its_category_may_be_followed_by_more_words() -> None:
    found = BOOK.match(text="CB MAISON VERTE DRIVE NORD", mcc="5411")
    assert found == Matched("verte", 95, Rule.NAME_AND_CATEGORY, RULE_VERSION)


def test_the_longest_name_counts() -> None:
    assert BOOK.match(text="Maison Verte Voyages Lyon", mcc="4722").merchant_ref == "voyages"
    assert BOOK.match(text="Maison Verte Voyages").merchant_ref == "voyages"


def test_a_category_of_another_trade_speaks_against_a_shop() -> None:
    found = BOOK.match(text="MAISON VERTE", mcc="7011")
    assert (found.merchant_ref, found.rule) == (None, Rule.NONE)
    assert found.near[0] == Near("verte", 100)


def test_a_name_alone_must_be_whole() -> None:
    assert BOOK.match(text="MAISON VERTE LYON FR") == Matched("verte", 80, Rule.NAME, RULE_VERSION)
    assert BOOK.match(text="MAISON VERTE DRIVE").merchant_ref is None


def test_a_shop_without_category_is_found_whatever_the_category() -> None:
    assert BOOK.match(text="SUMUP *CAFE DU COIN", mcc="5812").rule is Rule.NAME


def test_what_a_person_has_said_decides() -> None:
    assert BOOK.match(text="CB CDC TRAITEUR 20/11") == Matched("coin", 90, Rule.ALIAS, RULE_VERSION)


def test_two_shops_of_one_name_decide_nothing() -> None:
    assert BOOK.match(text="LIBRAIRIE") == Matched(
        None, 0, Rule.AMBIGUOUS, RULE_VERSION, (Near("nord", 100), Near("sud", 100))
    )


def test_of_shops_that_share_a_number_the_name_chooses() -> None:
    assert BOOK.match(mid="777", text="Café du Coin") == Matched(
        "coin", 100, Rule.MID, RULE_VERSION
    )
    assert BOOK.match(mid="777", text="Librairie").merchant_ref is None
    assert [near.merchant for near in BOOK.match(mid="777", text="?").near] == [
        "coin",
        "nord",
        "sud",
    ]


def test_what_looks_alike_is_for_a_person() -> None:
    found = BOOK.match(text="CAFFE DU COIN")
    assert (found.merchant_ref, found.confidence, found.rule) == (None, 0, Rule.NONE)
    assert [near.merchant for near in found.near] == ["coin"]
    assert BOOK.match(text="STATION TOTAL").near == ()
    assert BOOK.match() == Matched(None, 0, Rule.NONE, RULE_VERSION)


def test_the_order_of_the_entries_does_not_matter() -> None:
    entries = [Known(ref, KnownBy.NAME, "Boulangerie Paul") for ref in ("b", "a", "c")]
    found = {NameBook(order).match(text="Boulangerie Paule") for order in (entries, entries[::-1])}
    assert [near.merchant for near in found.pop().near] == ["a", "b", "c"]
    assert not found


@given(st.text("abcdef ", max_size=20), st.text("abcdef ", max_size=20))
def test_likeness_is_a_share_that_goes_both_ways(one: str, other: str) -> None:
    assert 0 <= likeness(one, other) <= 100
    assert likeness(one, other) == likeness(other, one)
    if one.split():
        assert likeness(one, one) == 100
