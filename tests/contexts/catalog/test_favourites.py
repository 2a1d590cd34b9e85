"""Members keep shops, and hear of a rise once; people name shops that are missing, once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from cagnotte.catalog import favourites, suggestions
from cagnotte.catalog.favourites import DueAlert, Kept
from cagnotte.catalog.models import Favourite, ShopSuggestion
from cagnotte.catalog.rates import Given
from cagnotte.domain.errors import InvalidInput, NotFound, Refused
from cagnotte.identity.models import Party, Wallet
from cagnotte.journeys import load_programme
from cagnotte.platform.shared_connection import shared_connection
from tests.contexts.catalog.files import write
from tests.portal.people import enrol

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)

FIVE = Given(500, 500, None, "", up_to=False)
EIGHT = Given(800, 800, None, "", up_to=True)


@dataclass
class Shop:
    """The corner shop, and two of its members."""

    programme_id: UUID
    merchant_id: UUID
    ana: UUID
    bob: UUID

    def keep(self, wallet_id: UUID, best: Given | None = FIVE, *, alert: bool = True) -> bool:
        return favourites.add(
            programme_id=self.programme_id,
            wallet_id=wallet_id,
            merchant_id=self.merchant_id,
            best=best,
            now=NOW,
            alert=alert,
        )

    def kept(self, wallet_id: UUID) -> list[Kept]:
        return favourites.of_wallet(programme_id=self.programme_id, wallet_id=wallet_id)

    def due(self, best: Given | None, *, days: int = 1) -> list[DueAlert]:
        book = {self.merchant_id: best} if best else {}
        now = NOW + timedelta(days=days)
        return favourites.due_alerts(shared_connection(), self.programme_id, book, now=now)


@pytest.fixture
def shop(db: None, tmp_path: Path) -> Shop:
    path = write(
        tmp_path, "programme: {slug: corner, name: Corner, currency: EUR}\nmerchants: [{ref: a}]"
    )
    programme = load_programme.run(path, now=NOW).programme
    ana, bob = (enrol("corner", ref, now=NOW).wallet_id for ref in ("ana", "bob"))
    return Shop(programme.id, Party.objects.get().id, ana, bob)


def test_a_shop_is_kept_once_and_let_go(shop: Shop) -> None:
    assert shop.keep(shop.ana)
    assert not shop.keep(shop.ana, alert=False)
    assert shop.kept(shop.ana) == [Kept(shop.merchant_id, NOW, alert=True)]
    assert shop.kept(shop.bob) == []
    assert not favourites.remove(
        programme_id=shop.programme_id, wallet_id=shop.bob, merchant_id=shop.merchant_id
    )
    assert favourites.remove(
        programme_id=shop.programme_id, wallet_id=shop.ana, merchant_id=shop.merchant_id
    )
    assert shop.kept(shop.ana) == []
    with pytest.raises(NotFound):
        favourites.add(
            programme_id=uuid4(),
            wallet_id=shop.ana,
            merchant_id=shop.merchant_id,
            best=None,
            now=NOW,
        )


def test_a_rise_is_told_once_to_those_who_asked(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.keep(shop.ana)
    shop.keep(shop.bob, alert=False)
    assert shop.due(FIVE) == []
    [alert] = shop.due(EIGHT)
    assert (alert.wallet_id, alert.given, alert.before) == (shop.ana, EIGHT, FIVE)
    assert shop.due(EIGHT) == []
    # A fall is noted, and the next rise is told against it.
    assert shop.due(FIVE) == []
    [again] = shop.due(EIGHT, days=2)
    assert again.key != alert.key
    # A shop that gave nothing for a while gives again.
    assert shop.due(None) == []
    [back] = shop.due(FIVE)
    assert (back.given, back.before) == (FIVE, None)
    # Whoever left hears nothing more.
    Wallet.objects.filter(id=shop.ana).update(closed_at=NOW)
    assert shop.due(EIGHT, days=3) == []
    monkeypatch.setattr(favourites, "KEPT_MAX", 1)
    with pytest.raises(Refused):
        shop.keep(shop.ana)


def test_an_alert_counts_from_when_it_is_set(shop: Shop) -> None:
    shop.keep(shop.ana, alert=False)
    told: dict[str, Any] = {
        "programme_id": shop.programme_id,
        "merchant_id": shop.merchant_id,
        "alert": True,
    }
    assert favourites.set_alert(wallet_id=shop.ana, best=EIGHT, **told)
    assert not favourites.set_alert(wallet_id=shop.bob, best=EIGHT, **told)
    assert shop.due(EIGHT) == []
    assert Favourite.objects.get().bucket < 1024


def test_a_missing_shop_is_noted_once_however_it_is_written(shop: Shop) -> None:
    def suggest(text: str, wallet_id: UUID | None, site: str = "", days: int = 0) -> bool:
        return suggestions.suggest_shop(
            programme_id=shop.programme_id,
            wallet_id=wallet_id,
            text=text,
            site=site,
            now=NOW + timedelta(days=days),
        )

    assert suggest("  Café\tdes  Arts ", shop.ana)
    assert not suggest("cafe des arts", shop.ana)
    assert suggest("Café des Arts", shop.bob)
    assert suggest("Café des Arts", None)
    assert not suggest("café des arts!", None)
    assert suggest("The one with shoes", shop.ana, site="https://www.shoes.example/men?x=1")
    assert not suggest("shoes.example", shop.ana)
    told = ShopSuggestion.objects.order_by("id").values_list("text", "folded")
    assert told[0] == ("Café des Arts", "cafedesarts")
    for text in ("", " \x00 ", "…"):
        with pytest.raises(InvalidInput):
            suggest(text, shop.ana)
    with pytest.raises(InvalidInput):
        suggest("x" * 201, shop.ana)
    for number in range(suggestions.OF_ONE_MEMBER_MAX - 2):
        assert suggest(f"shop {number}", shop.ana)
    with pytest.raises(Refused):
        suggest("one more", shop.ana)
    assert suggest("one more", shop.ana, days=1)
    assert suggest("one more", shop.bob)
