# ruff: noqa: E501 - an expected sentence stands whole on its line
"""What members see is read from the programme file, and what cannot be shown is said where it stands."""

from pathlib import Path
from textwrap import dedent

import pytest

from cagnotte.catalog.colours import hue_of
from cagnotte.catalog.drawings import BYTES_MAX, checked
from cagnotte.catalog.programme_file import parse
from cagnotte.catalog.programme_file.showing import KindFacts, Shown, StorefrontFacts
from cagnotte.domain.errors import InvalidInput
from tests.contexts.catalog.files import errors, write

HEAD = """
programme: {slug: corner, name: Corner shop, currency: EUR}
"""

MARK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><path d="M0 0h4v4z"/></svg>'


def shown(folder: Path, text: str) -> Shown:
    return parse(write(folder, HEAD + dedent(text))).shown


def wrong(folder: Path, text: str) -> str:
    """The only error of a file, after its place."""
    (found,) = errors(folder, HEAD + dedent(text))
    return found.partition(": ")[2]


def test_a_file_that_says_nothing_of_looks_has_the_plain_ones(tmp_path: Path) -> None:
    found = shown(tmp_path, "merchants: [{ref: verte, site: 'https://www.verte.example/'}]")
    assert found.storefront == StorefrontFacts()
    assert found.kinds == []
    assert [(page.merchant_ref, page.name, page.told, page.words) for page in found.pages] == [
        ("verte", "verte", {}, "verte\nverte.example")
    ]


def test_a_storefront_is_read(tmp_path: Path) -> None:
    (tmp_path / "mark.svg").write_text(MARK)
    found = shown(
        tmp_path,
        """
        storefront:
          joining: false
          promise: {en: Save, fr: Gardez}
          accent: 42
          logo: mark.svg
          contact_email: us@corner.example
          company: {name: Corner SA, register: RCS 1}
        """,
    )
    assert found.storefront == StorefrontFacts(
        joining=False,
        promise={"en": "Save", "fr": "Gardez"},
        hue=42,
        logo=MARK,
        contact_email="us@corner.example",
        company={"name": "Corner SA", "register": "RCS 1"},
    )


def test_a_page_is_found_by_all_it_is_called(tmp_path: Path) -> None:
    found = shown(
        tmp_path,
        """
        shop_categories: [{ref: toys, name: {en: Toys, fr: Jouets}, icon: gift}]
        merchants:
          - ref: ours
            name: Chez Nous
            site: https://www.nous.example/
            hosts: [jouets.example]
            page:
              aliases: [Nous Autres]
              categories: [toys]
              description: One  line
              gives: [{en: Toys, fr: Jouets}]
        """,
    )
    assert found.kinds == [KindFacts("toys", {"en": "Toys", "fr": "Jouets"}, "gift")]
    [page] = found.pages
    assert page.words.split("\n") == [
        *("Chez Nous", "Nous Autres", "nous.example", "jouets.example", "Toys", "Jouets")
    ]
    assert page.told == {
        "description": {"any": "One line"},
        "categories": ["toys"],
        "gives": [{"en": "Toys", "fr": "Jouets"}],
    }


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "storefront: {accent: 400}",
            "storefront.accent: “400” is no colour; write it as #0a7d55, or a hue from 0 to 359.",
        ),
        (
            "storefront: {accent: '#777777'}",
            "storefront.accent: “#777777” is a grey, which has no hue; leave it out, or name another.",
        ),
        (
            "storefront: {promise: {de: Sparen}}",
            "storefront.promise: “de” is no language of the pages; these are en and fr.",
        ),
        ("storefront: {promise: {en: ' '}}", "storefront.promise: The text in “en” is missing."),
        (
            "storefront: {contact_email: corner}",
            "storefront.contact_email: “corner” is no e-mail address.",
        ),
        (
            "storefront: {logo: mark.svg}",
            "storefront.logo: “mark.svg” cannot be read: No such file or directory.",
        ),
        (
            "storefront: {logo: mark.png}",
            "storefront.logo: “mark.png” is no drawing we can show; name a file that ends in .svg.",
        ),
        (
            "storefront: {compony: {}}",
            "storefront.compony: Unknown key “compony”; did you mean “company”?",
        ),
        (
            "shop_categories: [{ref: toys, name: Toys, icon: gyft}]",
            "shop_categories[0].icon: There is no icon “gyft”; did you mean “gift”? The style guide shows them all.",
        ),
        (
            "shop_categories: [{ref: toys, name: A}, {ref: toys, name: B}]",
            "shop_categories[1].ref: “toys” is defined twice in shop_categories.",
        ),
        (
            "shop_categories: [{ref: toys, name: A}]\nmerchants: [{ref: a, page: {categories: [toy]}}]",
            "merchants[0].page.categories[0]: There is no shop category “toy” in shop_categories; did you mean “toys”?",
        ),
        (
            "merchants: [{ref: a, page: {claims: {needs: [receipt]}}}]",
            "merchants[0].page.claims.needs[0]: “receipt” is not known here. Write order_number, order_date, amount or confirmation.",
        ),
        (
            "merchants: [{ref: a, page: {featured: 0}}]",
            "merchants[0].page.featured: “0” is too small; it must be at least 1.",
        ),
    ],
)
def test_what_is_wrong_is_said_at_its_place(tmp_path: Path, text: str, sentence: str) -> None:
    assert wrong(tmp_path, text) == sentence


@pytest.mark.parametrize(
    ("colour", "hue"),
    [("#ff0000", 29), ("#0F0", 142), ("#0000ff", 264), ("#0a7d55", 162)],
)
def test_the_hue_of_a_colour_is_the_one_browsers_compute(colour: str, hue: int) -> None:
    assert hue_of(colour) == hue


def drawing(inner: str) -> str:
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4">{inner}</svg>'


@pytest.mark.parametrize(
    "inner",
    [
        '<path d="M0 0" fill="url(#a)"/>',
        '<use href="#a"/>',
        "<style>.a { fill: url('#b') }</style>",
        '<linearGradient id="a"><stop offset="0"/></linearGradient>',
    ],
)
def test_what_only_draws_is_shown(inner: str) -> None:
    assert checked(drawing(inner)) == drawing(inner)


@pytest.mark.parametrize(
    ("inner", "sentence"),
    [
        ("<script>alert(1)</script>", "The drawing holds <script>"),
        ("<foreignObject/>", "The drawing holds <foreignObject>"),
        ('<image href="data:image/png;base64,AA"/>', "The drawing holds <image>"),
        ('<animate attributeName="href"/>', "The drawing holds <animate>"),
        ('<h:script xmlns:h="http://www.w3.org/1999/xhtml"/>', "The drawing holds <script>"),
        ('<path onclick="x()"/>', "The drawing holds a script, in “onclick”"),
        ('<use href="https://x.example/#a"/>', "The drawing refers to “https://x.example/#a”"),
        (
            '<use xmlns:l="http://www.w3.org/1999/xlink" l:href="//x.example"/>',
            "The drawing refers to “//x.example”",
        ),
        (
            '<path fill="url( https://x.example/a )"/>',
            "The drawing leads outside itself, in “fill”",
        ),
        ('<path style="fill: u\\72l(//x.example)"/>', "The drawing leads outside itself"),
        ("<style>@import '//x.example'</style>", "The drawing's style leads outside itself"),
        ("<?xml-stylesheet href='//x.example'?>", "The drawing declares a document type"),
        ("<path", "The drawing is not XML"),
        ("x" * BYTES_MAX, "The drawing is larger than 20 kB"),
    ],
)
def test_what_does_more_than_draw_is_refused(inner: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{sentence}"):
        checked(drawing(inner))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("<html/>", "The drawing is no SVG: it begins with <html>."),
        ('<svg xmlns="http://www.w3.org/2000/svg"/>', "The drawing has no viewBox"),
        (f"<!DOCTYPE svg>{MARK}", "The drawing declares a document type"),
    ],
)
def test_what_is_no_drawing_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=f"^{sentence}"):
        checked(text)
