"""The files are what a retailer would send, and the same for the same seed."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from cagnotte.catalog.programme_file import parse
from cagnotte.world import files
from cagnotte.world.files import WorldFiles
from cagnotte.world.story import BUDGET_MONTHS
from tests.world.conftest import BASKETS_PER_MONTH, SEED


def rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


@pytest.mark.parametrize(
    ("month", "count", "expected"),
    [("2017-01", 1, "2017-02"), ("2017-11", 2, "2018-01"), ("2017-12", 12, "2018-12")],
)
def test_months_are_counted_over_the_year(month: str, count: int, expected: str) -> None:
    assert files.months_after(month, count) == expected


def test_a_months_file_does_not_depend_on_the_other_months(
    world_files: WorldFiles, tmp_path: Path
) -> None:
    alone = files.write(
        tmp_path, seed=SEED, months=["2017-01"], baskets_per_month=BASKETS_PER_MONTH
    )
    for name in ("purchases-2017-01.csv", "answers-2017-01.csv", "members.csv", "products.csv"):
        assert (alone.folder / name).read_bytes() == (world_files.folder / name).read_bytes()


def test_each_month_has_its_baskets_and_answers_come_two_months_longer(
    world_files: WorldFiles,
) -> None:
    baskets = {
        month: len({row["order"] for row in rows(path)})
        for month, path in world_files.purchases.items()
    }
    assert baskets == {"2017-01": BASKETS_PER_MONTH, "2017-02": BASKETS_PER_MONTH}
    assert list(world_files.answers) == ["2017-01", "2017-02", "2017-03", "2017-04"]


def test_answers_are_about_orders_of_the_files(world_files: WorldFiles) -> None:
    orders = {row["order"] for path in world_files.purchases.values() for row in rows(path)}
    answered = {row["order_ref"] for path in world_files.answers.values() for row in rows(path)}
    assert answered < orders
    assert len(answered) > 0.98 * len(orders)


def test_gift_cards_are_marked_as_money(world_files: WorldFiles) -> None:
    marked = [row for row in rows(world_files.products) if row["gift_card"] == "true"]
    assert len(marked) == 46
    assert {row["category"].split("/")[0] for row in marked} == {
        "cntrl-store-sup",
        "miscellaneous",
    }


def test_the_programme_is_right_and_pays_forty_brands_and_a_shop(world_files: WorldFiles) -> None:
    made = parse(world_files.programme).definitions
    kinds = [contract.funder_kind.value for contract in made.contracts]
    assert (kinds.count("brand"), kinds.count("merchant")) == (40, 1)
    assert len(made.offers) == 13


def test_all_fuel_and_gift_cards_are_excluded(world_files: WorldFiles) -> None:
    contracts = {c.ref: c for c in parse(world_files.programme).definitions.contracts}
    excluded = contracts["grocer"].base.excluded
    assert excluded is not None
    named = {
        row["category"]
        for row in rows(world_files.products)
        if "GASOLINE" in row["name"] or row["gift_card"] == "true"
    }
    assert excluded.categories == named


def test_the_makers_number_is_the_brand_and_the_own_label_funds_nothing(
    world_files: WorldFiles,
) -> None:
    contracts = parse(world_files.programme).definitions.contracts
    funders = {contract.funder for contract in contracts}
    makers = {row["maker"] for row in rows(world_files.products)}
    assert funders - makers == {"grocer"}
    assert "maker-69" in makers - funders


def test_budgets_run_out_only_in_months_that_one_process_takes(world_files: WorldFiles) -> None:
    for offer in parse(world_files.programme).definitions.offers:
        if offer.limits.budget_minor is not None:
            days = (offer.valid_from, offer.valid_until)
            assert {f"{day:%Y-%m}" for day in days} <= BUDGET_MONTHS
