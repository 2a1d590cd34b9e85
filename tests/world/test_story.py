"""The demo's story ends with books in order, and telling it again changes nothing."""

import dataclasses
from pathlib import Path

import pytest

from cagnotte.domain.errors import Refused
from cagnotte.journeys import check_books
from cagnotte.platform import database
from cagnotte.world import figures, files, story
from cagnotte.world.files import WorldFiles
from cagnotte.world.story import Story
from tests.world.conftest import BASKETS_PER_MONTH, MONTHS, SEED


def tell(made: WorldFiles, jobs: int = 1) -> Story:
    return story.live(made, jobs=jobs, on_progress=lambda *_: None)


def test_the_story_from_files_to_bank_files(committed_db: str, small_world: WorldFiles) -> None:
    assert committed_db
    first = tell(small_world)
    with database.connect() as connection:
        found = figures.read(connection, first.programme_id)

    rejected = sum(sum(taken.rejected.values()) for taken in first.purchase_files)
    assert first.changed
    assert first.new_purchases == 2 * BASKETS_PER_MONTH - rejected
    assert first.members.counts["new"] == 2467
    assert sum(first.members.rejected.values()) == 2

    assert [month.month for month in found.months] == list(MONTHS)
    assert sum(month.purchases for month in found.months) == first.new_purchases
    reward_minor = sum(month.reward_minor for month in found.months)
    sales_minor = sum(month.sales_minor for month in found.months)
    assert 0.02 < reward_minor / sales_minor < 0.09  # many first baskets
    assert sum(funder.reward_minor for funder in found.funders) == reward_minor
    for funder in found.funders:
        assert funder.commission_minor == (
            funder.reward_minor + funder.share_minor + funder.margin_minor
        )

    assert sum(balance.debit_minor for balance in found.balances) == 0
    assert [finding for finding in found.findings if finding.is_fault] == []
    transfers = sum(file.total_minor for file in found.payout_files)
    assert {b.kind: b.own_minor for b in found.balances}["programme.payouts"] == transfers > 0

    again = tell(small_world)
    assert not again.changed
    assert again.digest == first.digest
    assert again.new_purchases == 0


def test_two_processes_end_in_the_same_books_as_one(
    committed_db: str, second_db: str, small_world: WorldFiles
) -> None:
    alone = tell(small_world, jobs=1)
    database.use_database(second_db)
    together = tell(small_world, jobs=2)
    database.use_database(committed_db)
    assert together.digest == alone.digest


def test_another_seed_is_refused_where_a_world_exists(
    committed_db: str, small_world: WorldFiles, tmp_path: Path
) -> None:
    assert committed_db
    first = tell(dataclasses.replace(small_world, purchases={}, answers={}))
    other = files.write(tmp_path, seed=SEED + 1, months=MONTHS[:1], baskets_per_month=5)
    with pytest.raises(Refused, match="holds the demo drawn from another seed"):
        tell(other)
    with database.connect() as connection:
        assert check_books.digest(connection, first.programme_id) == first.digest


def test_more_months_can_be_lived_later(
    committed_db: str, small_world: WorldFiles, tmp_path: Path
) -> None:
    assert committed_db
    january = files.write(
        tmp_path, seed=SEED, months=MONTHS[:1], baskets_per_month=BASKETS_PER_MONTH
    )
    first = tell(dataclasses.replace(january, products=small_world.products))
    later = tell(small_world)
    with database.connect() as connection:
        found = figures.read(connection, later.programme_id)
    assert later.changed
    assert [month.purchases for month in found.months] == [first.new_purchases, later.new_purchases]
    assert [finding for finding in found.findings if finding.is_fault] == []
