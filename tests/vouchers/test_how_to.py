"""Each software that takes vouchers has its page, and the table of all of them says what the plugins say."""

from pathlib import Path

import pytest

from cagnotte.hooks import manager
from cagnotte.hooks.vouchers import VoucherShop, Whose

FOLDER = Path(__file__).parents[2] / "docs" / "how-to" / "vouchers"
SHOPS = list(manager.voucher_shops().values())


def name_of(shop: VoucherShop) -> str:
    return shop.name


def test_there_is_a_page_for_each_and_for_nothing_else() -> None:
    pages = {page.stem for page in FOLDER.glob("*.md")} - {"index"}
    assert pages == set(manager.voucher_shops())


@pytest.mark.parametrize("shop", SHOPS, ids=name_of)
def test_a_page_names_the_forms_and_the_connection(shop: VoucherShop) -> None:
    page = (FOLDER / f"{shop.name}.md").read_text(encoding="utf-8")
    assert [form for form in shop.forms if f"`{form}`" not in page] == []
    assert "customer" in page
    linked = f"../sources/{shop.name}.md" in page
    assert linked or shop.name == "stripe", "its settings stand on the page of its source"


@pytest.mark.parametrize("shop", SHOPS, ids=name_of)
def test_the_table_says_what_each_form_can(shop: VoucherShop) -> None:
    table = (FOLDER / "index.md").read_text(encoding="utf-8")
    rows = table.partition(f"[{shop.title}](")[2].splitlines()
    told = dict(zip(shop.forms, rows, strict=False))
    words = {Whose.ANYBODY: "| no |", Whose.MAY: "| if you like", Whose.MUST: "| needed"}
    for form, can in shop.forms.items():
        assert f"`{form}`" in told[form]
        assert ("| yes |" in told[form]) == can.minimum_basket
        assert ("| stays |" in told[form]) == can.keeps_rest
        assert words[can.whose] in told[form]
