"""The showcase: a portal that is sound, the same every day, and ready to sign in to."""

from datetime import UTC, date, datetime
from pathlib import Path
from textwrap import dedent

import pytest
import yaml
from django.contrib.auth import authenticate

from cagnotte.catalog.programme_file import parse
from cagnotte.identity.memberships import member_at
from cagnotte.journeys import check_books, load_programme
from cagnotte.platform.database import connect
from cagnotte.purchases.models import Purchase
from cagnotte.tracking.models import Click
from cagnotte.world.showcase import command, people, rules, story
from cagnotte.world.showcase.marks import mark
from cagnotte.world.showcase.orders import orders
from cagnotte.world.showcase.shops import CATEGORIES, SHOPS
from tests.journeys.world import PROGRAMME

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)


def test_each_shop_has_a_category_and_a_mark_of_its_own() -> None:
    known = {ref for ref, *_ in CATEGORIES}

    assert [shop.ref for shop in SHOPS if shop.category not in known] == []
    assert len({shop.ref for shop in SHOPS}) == len(SHOPS)
    assert mark("Escale") == mark("Escale") != mark("Ludo")


def test_no_shop_gives_more_than_it_is_paid() -> None:
    assert [
        shop.ref for shop in SHOPS if not shop.fixed and shop.rate_bps >= shop.commission_bps
    ] == []


def test_the_programme_file_is_read(tmp_path: Path) -> None:
    for early in (True, False):
        path = rules.write(tmp_path, today=NOW.date(), early=early)
        assert parse(path).definitions.offers
        assert len(yaml.safe_load(path.read_text(encoding="utf-8"))["merchants"]) == len(SHOPS)


def test_the_same_days_bring_the_same_orders() -> None:
    first, last = date(2026, 3, 1), date(2026, 10, 20)
    members = people.samples(first, crowd=20)

    drawn = list(orders(members, first=first, last=last))

    assert drawn == list(orders(members, first=first, last=last))
    assert len(drawn) > 20


def test_an_example_is_made_beside_the_demo_and_not_beside_programmes_of_ones_own(
    committed_db: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []
    monkeypatch.setattr(story, "live", lambda *_, **__: made.append("colibri"))
    file = tmp_path / "programme.yaml"

    file.write_text(dedent(PROGRAMME).replace("slug: corner", "slug: complete-journey"))
    load_programme.run(file, now=NOW)
    command.make(if_empty=True)
    assert made == ["colibri"]

    file.write_text(dedent(PROGRAMME))
    load_programme.run(file, now=NOW)
    command.make(if_empty=True)
    assert made == ["colibri"]


def test_it_is_lived_and_can_be_signed_in_to(committed_db: str, tmp_path: Path) -> None:
    lived = story.live(tmp_path, now=NOW, days=60, crowd=4)

    user = authenticate(username="camille@colibri.example", password=people.PASSWORD)
    member = member_at(user, lived.programme.id)
    assert member is not None
    assert Purchase.objects.filter(wallet_id=member.wallet_id).count() > 0
    assert Click.objects.filter(wallet_id=member.wallet_id).count() > 0
    with connect() as connection:
        assert [one for one in check_books.verify(connection) if one.is_fault] == []
