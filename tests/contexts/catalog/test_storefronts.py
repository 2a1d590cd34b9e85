"""What members see follows the programme file from load to load, in the sandbox too."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Self

import pytest
from django.db.utils import ProgrammingError

from cagnotte.catalog.models import ShopCategory, ShopPage, Storefront
from cagnotte.identity.models import Programme
from cagnotte.journeys import load_programme, sandbox
from cagnotte.journeys.load_programme import Loaded
from cagnotte.platform.database_errors import DatabaseRolesMissing
from tests.contexts.catalog.files import write

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=1)

MARK = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 4 4"><path d="M0 0h4v4z"/></svg>'

PLAIN = """
programme: {slug: corner, name: Corner, currency: EUR}
merchants: [{ref: a, name: Épicerie}, {ref: b}]
"""

DRESSED = """
programme: {slug: corner, name: Corner, currency: EUR}
storefront: {promise: Save, accent: 42, logo: mark.svg}
shop_categories: [{ref: food, name: Food}, {ref: toys, name: Toys, icon: gift}]
merchants: [{ref: a, name: Épicerie, page: {categories: [food], logo: mark.svg}}, {ref: b}]
"""


def load(folder: Path, text: str, now: datetime = NOW) -> Loaded:
    (folder / "mark.svg").write_text(MARK, encoding="utf-8")
    return load_programme.run(write(folder, text), now=now)


def kinds(slug: str) -> list[tuple[str, Any, int]]:
    rows = ShopCategory.objects.filter(programme__slug=slug).order_by("position")
    return list(rows.values_list("ref", "name", "position"))


@pytest.mark.django_db
def test_a_load_writes_what_changed_and_the_same_again_nothing(tmp_path: Path) -> None:
    loaded = load(tmp_path, PLAIN)
    assert (loaded.storefront, loaded.kinds, loaded.pages) == (False, (0, 0), (2, 0))
    assert ShopPage.objects.get(merchant__ref="a").folded == "epicerie"
    loaded = load(tmp_path, DRESSED, LATER)
    assert (loaded.storefront, loaded.kinds, loaded.pages) == (True, (2, 0), (0, 1))
    assert load(tmp_path, DRESSED, LATER).changed_nothing
    page = ShopPage.objects.get(merchant__ref="a")
    assert (page.logo, page.told, page.changed_at) == (MARK, {"categories": ["food"]}, LATER)
    assert page.folded == "epicerie\nfood"
    shown = Storefront.objects.get()
    assert (shown.hue, shown.promise, shown.logo) == (42, {"any": "Save"}, MARK)


@pytest.mark.django_db
def test_kinds_that_are_no_longer_named_are_gone_and_the_others_keep_the_files_order(
    tmp_path: Path,
) -> None:
    load(tmp_path, DRESSED)
    turned = DRESSED.replace(
        "[{ref: food, name: Food}, {ref: toys, name: Toys, icon: gift}]",
        "[{ref: books, name: Books}, {ref: food, name: Meals}]",
    )
    assert load(tmp_path, turned).kinds == (1, 2)
    assert kinds("corner") == [("books", {"any": "Books"}, 0), ("food", {"any": "Meals"}, 1)]
    loaded = load(tmp_path, PLAIN)
    assert (loaded.storefront, loaded.kinds, loaded.pages) == (True, (0, 2), (0, 1))
    assert Storefront.objects.get().hue is None


@pytest.mark.django_db
def test_the_sandbox_looks_like_its_programme(tmp_path: Path) -> None:
    load(tmp_path, PLAIN)
    sandbox.make(Programme.objects.get(slug="corner"), now=NOW)
    load(tmp_path, DRESSED, LATER)
    shown = Storefront.objects.get(programme__slug="corner-sandbox")
    assert (shown.hue, shown.logo) == (42, MARK)
    assert kinds("corner-sandbox") == kinds("corner")
    page = ShopPage.objects.get(programme__slug="corner-sandbox", merchant__ref="a")
    assert (page.logo, page.folded) == (MARK, "epicerie\nfood")


class Server:
    """A database connection whose server refuses what it is asked for, or has it elsewhere."""

    def __init__(self, *, refuses: bool) -> None:
        self.connection = self
        self._refuses = refuses

    def cursor(self) -> Self:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to close."""

    def execute(self, *_: object) -> None:
        if self._refuses:
            raise ProgrammingError("permission denied to create extension")

    def fetchone(self) -> tuple[bool]:
        return (False,)


@pytest.mark.parametrize(
    ("refuses", "statement"),
    [
        (True, "CREATE EXTENSION pg_trgm WITH SCHEMA public;"),
        (False, "ALTER EXTENSION pg_trgm SET SCHEMA public;"),
    ],
)
def test_a_server_without_its_extensions_is_told_what_an_administrator_must_run(
    refuses: bool, statement: str
) -> None:
    migration = import_module("cagnotte.catalog.migrations.0004_words_are_folded")
    with pytest.raises(DatabaseRolesMissing, match=statement):
        migration.create_extensions(None, Server(refuses=refuses))
