"""The demo's files, written once for all tests: the first baskets of two months."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from cagnotte.world import files
from cagnotte.world.files import WorldFiles
from tests.databases import Server

SEED = 2017
MONTHS = ("2017-01", "2017-02")
BASKETS_PER_MONTH = 150


@pytest.fixture(scope="session")
def world_files(tmp_path_factory: pytest.TempPathFactory) -> WorldFiles:
    return files.write(
        tmp_path_factory.mktemp("demo"),
        seed=SEED,
        months=MONTHS,
        baskets_per_month=BASKETS_PER_MONTH,
    )


@pytest.fixture(scope="session")
def small_world(world_files: WorldFiles, tmp_path_factory: pytest.TempPathFactory) -> WorldFiles:
    """The same files with the articles alone that are sold in them: a story told in seconds."""
    folder = tmp_path_factory.mktemp("small")
    shutil.copytree(world_files.folder, folder, dirs_exist_ok=True)
    made = _moved(world_files, folder)
    sold = {
        line.split(",")[4]
        for path in made.purchases.values()
        for line in path.read_text(encoding="utf-8").splitlines()
    }
    header, *rows = made.products.read_text(encoding="utf-8").splitlines(keepends=True)
    kept = [row for row in rows if row.partition(",")[0] in sold]
    made.products.write_text(header + "".join(kept), encoding="utf-8")
    return made


def _moved(made: WorldFiles, folder: Path) -> WorldFiles:
    return WorldFiles(
        folder,
        folder / made.programme.name,
        folder / made.members.name,
        folder / made.products.name,
        {month: folder / path.name for month, path in made.purchases.items()},
        {month: folder / path.name for month, path in made.answers.items()},
    )


@pytest.fixture
def second_db(
    committed_db: str, database_server: Server, database_template: str, run_name: str
) -> Iterator[str]:
    """The address of another fresh database, beside `committed_db`."""
    assert committed_db
    name = database_server.clone(database_template, run_name)
    yield database_server.url(name)
    database_server.drop(name)
