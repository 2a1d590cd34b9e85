"""Codes for a till: who one is, and one that pays a single order within minutes."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from cagnotte.domain.attribution import Trace
from cagnotte.domain.errors import CagnotteError, Conflict, NotFound, SpendingLimited
from cagnotte.identity import keys
from cagnotte.identity import services as identity
from cagnotte.journeys import redeem
from cagnotte.journeys.redeem import Checkout
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.wallet.selectors import HoldView
from tests.portal.people import Person
from tests.portal.spending.conftest import NOW, TODAY, Market
from tests.portal.spending.test_withdrawing import text_of


def code_of(person: Person, **told: str) -> str:
    page = person.post("code/pay/", told, follow=True)
    found = re.search(r'class="till-code">([\d ]+)<', page.content.decode())
    assert found, text_of(page)
    return found[1]


def hold(market: Market, code: str, cents: int = 1240, **more: Any) -> HoldView:
    shop = identity.party_id_of(market.id, "merchant", more.pop("shop", "jam"))
    now = NOW + timedelta(minutes=more.pop("minutes", 0))
    checkout = Checkout(market.id, shop, "EUR", now, TODAY)
    told: dict[str, Any] = {"order": "T-1", "amount_minor": cents, **more}
    return redeem.hold_by_code(shared_connection(), checkout, code=code, **told)


def test_the_members_code_is_drawn_once_and_can_be_replaced(market: Market) -> None:
    ana = market.member()

    def kept() -> list[str]:
        found = keys.keys_of(ana.member.wallet_id)
        return [one.value for one in found if one.kind is Trace.QR_CODE]

    assert 'role="img"' in ana.get("code/").content.decode()
    first = kept()
    ana.get("code/")
    assert kept() == first
    assert len(first) == 1
    ana.post("code/renew/")
    assert len(kept()) == 1
    assert kept() != first


def test_a_code_pays_one_order(market: Market) -> None:
    ana = market.member(cents=4500)
    code = code_of(ana)
    assert re.fullmatch(r"\d{4} \d{4} \d{4}", code)
    held = hold(market, code)
    assert (held.amount_minor, market.holds(ana)) == (1240, (3260, 1240))
    assert hold(market, code).id == held.id
    with pytest.raises(Conflict, match="has paid another order"):
        hold(market, code, order="T-2")
    assert market.holds(ana) == (3260, 1240)
    assert "€12.40 set aside Confiture" in text_of(ana.get("code/pay/state/"))


def test_the_page_says_that_it_paid(market: Market) -> None:
    ana = market.member(cents=4500)
    held = hold(market, code_of(ana))
    shop = identity.party_id_of(market.id, "merchant", "jam")
    checkout = Checkout(market.id, shop, "EUR", NOW, TODAY)
    redeem.capture(shared_connection(), checkout, order="T-1", amount_minor=1000)
    assert held.amount_minor == 1240
    assert "€10.00 paid Confiture" in text_of(ana.get("code/pay/"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"minutes": 5}, NotFound),
        ({"cents": 2001}, SpendingLimited),
        ({"shop": "tea", "order_total_minor": 2000}, SpendingLimited),
    ],
)
def test_a_code_that_cannot_pay_stays_good_and_moves_nothing(
    market: Market, change: dict[str, Any], error: type[CagnotteError]
) -> None:
    ana = market.member(cents=4500)
    code = code_of(ana, amount="20")
    with pytest.raises(error):
        hold(market, code, **change)
    assert market.holds(ana) == (4500, 0)
    assert hold(market, code, cents=2000).amount_minor == 2000


def test_a_new_code_ends_the_one_before(market: Market) -> None:
    ana = market.member(cents=4500)
    first, second = code_of(ana), code_of(ana)
    with pytest.raises(NotFound):
        hold(market, first)
    assert hold(market, second).amount_minor == 1240


def test_a_code_is_of_its_programme_and_not_kept_in_clear(market: Market) -> None:
    ana = market.member(cents=4500)
    code = code_of(ana)
    kept = (
        shared_connection().execute("SELECT wallet_pay_code::text FROM wallet_pay_code").fetchone()
    )
    assert code.replace(" ", "") not in str(kept)
    assert code.replace(" ", "") not in str(dict(ana.client.session))
    checkout = Checkout(ana.member.wallet_id, ana.member.wallet_id, "EUR", NOW, TODAY)
    with pytest.raises(NotFound):
        redeem.hold_by_code(shared_connection(), checkout, code=code, order="T-1", amount_minor=1)


def test_after_five_minutes_the_page_offers_a_new_one(market: Market) -> None:
    ana = market.member(cents=4500)
    code_of(ana)
    with time_machine.travel(NOW + timedelta(minutes=5), tick=False):
        assert "This code is over" in text_of(ana.get("code/pay/state/"))
        assert "Make a code" in text_of(ana.get("code/pay/"))


def test_paying_needs_a_proof_and_money(market: Market) -> None:
    ana = market.member(cents=4500, sure=False)
    assert "/account/confirm/" in ana.post("code/pay/")["Location"]
    ben = market.member("ben")
    assert "Nothing to spend just now" in text_of(ben.get("code/pay/"))
    ben.post("code/pay/")
    assert market.count("wallet_pay_code") == 0


def test_more_than_there_is_is_refused(market: Market) -> None:
    ana = market.member(cents=4500)
    page = ana.post("code/pay/", {"amount": "50"})
    assert "You can use €45.00 at most." in text_of(page)
    assert market.count("wallet_pay_code") == 0
