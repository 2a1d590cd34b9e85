"""The code of a voucher is money for who sees it: it is shown to who proved lately who they are."""

import re
from datetime import timedelta

from cagnotte.wallet.models import Voucher
from tests.portal.accounts.proofs import prove
from tests.portal.spending.conftest import NOW, TODAY, Market
from tests.portal.spending.test_vouchers_and_gifts import buy
from tests.portal.spending.test_withdrawing import text_of

CODE = r"[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{4}"


def test_a_code_is_shown_to_who_proved_lately_who_they_are(market: Market) -> None:
    ana = market.member(cents=4500)
    place = buy(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    (code,) = set(re.findall(CODE, text_of(ana.get(place))))

    prove(ana, now=NOW - timedelta(seconds=301))
    hidden = ana.get(place)

    page = hidden.content.decode()
    assert code not in page
    assert "<svg role=" not in page
    assert f"Code ending in {code[-4:]}" in text_of(hidden)
    (led,) = re.findall(r'href="(/p/market/account/confirm/[^"]+)"', page)
    asked = ana.client.get(led)
    assert f'value="/p/market/{place}"' in asked.content.decode()
    prove(ana, now=NOW)
    shown = ana.get(place)
    assert code in text_of(shown)
    assert "Show the code" not in text_of(shown)


def test_who_has_just_bought_sees_the_code_at_once_even_at_the_end_of_the_proof(
    market: Market,
) -> None:
    ana = market.member(cents=4500)
    first = buy(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    ana.get(first)
    place = buy(ana, "5")["Location"].removeprefix("/p/market/")
    # The proof runs out on the way to the page.
    session = ana.client.session
    session["account_authentication_methods"] = []
    session.save()

    assert re.search(CODE, text_of(ana.get(place)))
    assert re.search(CODE, text_of(ana.get(place))) is None, "once"
    assert re.search(CODE, text_of(ana.get(first))) is None


def test_a_code_that_is_used_up_is_asked_for_by_nobody(market: Market) -> None:
    ana = market.member(cents=4500)
    place = buy(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    prove(ana, now=NOW - timedelta(days=1))
    ends = TODAY - timedelta(days=1)
    Voucher.objects.update(valid_from=ends - timedelta(days=9), valid_until=ends)
    page = text_of(ana.get(place))
    assert "Show the code" not in page
    assert re.search(CODE, page) is None
