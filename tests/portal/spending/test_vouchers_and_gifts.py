"""Vouchers, gifts and shops: exact amounts, one movement for a form that is sent twice, nobody else's."""

import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cagnotte.domain.chart import Account
from cagnotte.domain.errors import InvalidInput
from cagnotte.journeys import give
from cagnotte.journeys.vouchers import Counter
from cagnotte.ledger import selectors as balances
from cagnotte.payouts import giving
from cagnotte.platform.shared_connection import shared_connection
from tests.portal.people import Person
from tests.portal.spending.conftest import CHARITIES, NOW, TODAY, Market
from tests.portal.spending.test_withdrawing import text_of, token_of


def buy(person: Person, amount: str = "12,40", shop: str = "", **more: Any) -> Any:
    token = more.pop("token", None) or token_of(person.get("vouchers/new/"))
    return person.post("vouchers/new/", {"amount": amount, "shop": shop, "token": token})


def choose(person: Person, amount: str = "3", charity: str = "sea") -> Any:
    """Say how much to whom; what is well said leads to a last look."""
    return person.get("give/", data={"amount": amount, "charity": charity})


def look(person: Person, cents: int = 300, charity: str = "sea") -> Any:
    return person.get("give/review/", data={"amount": cents, "charity": charity})


def confirm(person: Person, cents: int = 300, charity: str = "sea", token: str = "") -> Any:
    told = {"amount": cents, "charity": charity, "token": token or "aa"}
    return person.post("give/review/", told)


def donate(person: Person, cents: int = 300, charity: str = "sea") -> Any:
    return confirm(person, cents, charity, token_of(look(person, cents, charity)))


def owed(market: Market, kind: str) -> int:
    account = Account(f"programme.{kind}", market.id, market.id, "EUR")
    return balances.balance(shared_connection(), account)


# ---- vouchers -------------------------------------------------------------------------------------------------


def test_a_voucher_has_a_code_a_picture_and_a_last_day(market: Market) -> None:
    ana = market.member(cents=4500)
    led = buy(ana, shop="jam")
    assert re.fullmatch(r"/p/market/vouchers/vou_\w+/\?done=1", led["Location"])
    page = ana.client.get(led["Location"])
    assert re.search(r"[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{4}", text_of(page))
    assert '<svg role="img"' in page.content.decode()
    assert "Confiture" in text_of(page)
    assert "June 10, 2027" in text_of(page)
    assert (market.holds(ana), owed(market, "vouchers")) == ((3260, 0), 1240)


def test_a_form_sent_twice_is_one_voucher(market: Market) -> None:
    ana = market.member(cents=4500)
    token = token_of(ana.get("vouchers/new/"))
    places = {buy(ana, token=token)["Location"] for _ in range(2)}
    assert (len(places), market.count("wallet_voucher"), market.holds(ana)) == (1, 1, (3260, 0))


def test_a_form_that_comes_back_for_another_voucher_says_that_the_first_was_made(
    market: Market,
) -> None:
    ana = market.member(cents=4500)
    token = token_of(ana.get("vouchers/new/"))
    first = buy(ana, token=token)["Location"].removesuffix("?done=1")
    again = buy(ana, "5", token=token)
    assert "This was sent already, for €12.40" in text_of(again)
    assert "Nothing has left your cagnotte" not in text_of(again)
    assert f'href="{first}"' in again.content.decode()
    assert (market.count("wallet_voucher"), market.holds(ana)) == (1, (3260, 0))
    buy(ana, "5", token=token_of(again))
    assert (market.count("wallet_voucher"), market.holds(ana)) == (2, (2760, 0))


@pytest.mark.parametrize(("amount", "shop"), [("45,01", ""), ("0", ""), ("5", "far"), ("5", "no")])
def test_what_cannot_be_bought_moves_nothing(market: Market, amount: str, shop: str) -> None:
    ana = market.member(cents=4500)
    assert buy(ana, amount, shop).status_code == 422
    assert (market.count("wallet_voucher"), market.holds(ana)) == (0, (4500, 0))


def test_money_that_has_gone_meanwhile_is_told_in_words(market: Market) -> None:
    ana = market.member(cents=4500)
    ana.member.wallet.frozen = True
    ana.member.wallet.save()
    page = buy(ana)
    assert "Nothing has left your cagnotte." in text_of(page)
    assert market.holds(ana) == (4500, 0)


def test_vouchers_of_others_do_not_exist(market: Market) -> None:
    ana, ben = market.member(cents=4500), market.member("ben")
    place = buy(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    before = f"vouchers/?before={place.split('/')[1]}"
    assert [ben.get(path).status_code for path in (place, before)] == [404, 404]
    assert [ana.get(path).status_code for path in (place, before)] == [200, 200]
    assert ana.get("vouchers/vou_x/").status_code == 404
    ana.client.logout()
    assert "/sign-in/" in ana.get(place)["Location"]
    assert "No voucher yet" in text_of(ben.get("vouchers/"))


def test_where_no_shop_takes_them_none_are_sold(market: Market) -> None:
    market.load(re.sub(r"\n.*\{ref: (jam|tea), merchant: .*", "", PROGRAMME_OF_NETWORKS))
    ana = market.member(cents=4500)
    assert "No shop takes vouchers yet" in text_of(ana.get("vouchers/"))
    assert ana.get("vouchers/new/")["Location"] == "/p/market/vouchers/"
    assert "No shop takes your cagnotte yet" in text_of(ana.get("spend/"))
    assert "No shop takes your cagnotte yet" in text_of(ana.get("code/pay/"))


PROGRAMME_OF_NETWORKS = """
    programme: {slug: market, name: Marché commun, currency: EUR, timezone: Europe/Paris}
    merchants: [{ref: far, name: Far away, site: "https://far.example"}]
    networks: [{ref: net}]
    contracts:
      - {ref: far, merchant: far, network: net, commissions: [{rate: 8 %}], binding: click}
"""


def test_shops_that_take_the_cagnotte_stand_there_with_their_limits(market: Market) -> None:
    page = text_of(market.member(cents=4500).get("spend/"))
    assert "all of an order, if you like" in page
    assert "up to 50% of an order, €30.00 an order at most" in page
    assert "Far away" not in page


# ---- gifts ----------------------------------------------------------------------------------------------------


def test_a_gift_leaves_at_once_and_is_owed_to_the_charity(market: Market) -> None:
    market.charities()
    ana = market.member(cents=1000)
    led = choose(ana, "3,21")
    assert led["Location"] == "/p/market/give/review/?charity=sea&amount=321"
    last = ana.client.get(led["Location"])
    for words in ("You give €3.21", "To Clean Seas", "Left to use €6.79", "cannot be taken back"):
        assert words in text_of(last)
    assert (market.holds(ana), owed(market, "donations")) == ((1000, 0), 0)
    led = confirm(ana, 321, token=token_of(last))
    page = text_of(ana.client.get(led["Location"]))
    assert "Thank you, in the name of Clean Seas" in page
    assert "€3.21" in page
    assert re.search(r"D-[0-9A-F]{10}", page)
    assert (market.holds(ana), owed(market, "donations")) == ((679, 0), 321)


def test_a_gift_sent_twice_is_one_gift(market: Market) -> None:
    market.charities()
    ana = market.member(cents=1000)
    token = token_of(look(ana))
    places = {confirm(ana, token=token)["Location"] for _ in range(2)}
    assert (len(places), owed(market, "donations"), market.holds(ana)) == (1, 300, (700, 0))


def test_a_form_that_comes_back_for_another_gift_says_that_the_first_was_sent(
    market: Market,
) -> None:
    market.charities()
    ana = market.member(cents=1000)
    token = token_of(look(ana))
    first = confirm(ana, token=token)["Location"].removesuffix("?done=1")
    for cents, charity in ((400, "sea"), (300, "food")):
        again = confirm(ana, cents, charity, token)
        assert again.status_code == 409
        assert "This was sent already, for €3.00" in text_of(again)
        assert "Nothing has left your cagnotte" not in text_of(again)
        assert f'href="{first}"' in again.content.decode()
        assert token_of(again) != token
    assert (owed(market, "donations"), market.holds(ana)) == (300, (700, 0))
    confirm(ana, 400, token=token_of(again))
    assert (owed(market, "donations"), market.holds(ana)) == (700, (300, 0))


@pytest.mark.parametrize(
    ("amount", "charity"), [("10,01", "sea"), ("1", "x"), ("1", ""), ("", "sea"), ("0,125", "sea")]
)
def test_what_cannot_be_given_is_told_before_the_last_look(
    market: Market, amount: str, charity: str
) -> None:
    market.charities()
    ana = market.member(cents=1000)
    assert choose(ana, amount, charity).status_code == 422
    assert (market.count("payouts_donation"), market.holds(ana)) == (0, (1000, 0))


@pytest.mark.parametrize(
    ("told", "status"),
    [
        ({"amount": 300, "charity": "x", "token": "aa"}, 302),
        ({"amount": 300, "charity": "sea", "token": ""}, 302),
        ({"amount": 300, "charity": "sea", "token": "a" * 65}, 302),
        ({"amount": 0, "charity": "sea", "token": "aa"}, 302),
        ({"amount": -5, "charity": "sea", "token": "aa"}, 302),
        ({"amount": "3,00", "charity": "sea", "token": "aa"}, 302),
        ({"amount": 1001, "charity": "sea", "token": "aa"}, 409),
    ],
)
def test_what_cannot_be_confirmed_moves_nothing(
    market: Market, told: dict[str, Any], status: int
) -> None:
    market.charities()
    ana = market.member(cents=1000)
    answered = ana.post("give/review/", told)
    assert answered.status_code == status
    assert answered.get("Location", "/p/market/give/") == "/p/market/give/"
    assert (market.count("payouts_donation"), market.holds(ana)) == (0, (1000, 0))


def test_money_that_went_between_two_looks_is_told(market: Market) -> None:
    market.charities()
    ana = market.member(cents=1000)
    token = token_of(look(ana, 900))
    donate(ana, 300)
    assert look(ana, 900)["Location"] == "/p/market/give/"
    refused = confirm(ana, 900, token=token)
    assert refused.status_code == 409
    assert "€7.00 is available now. Nothing has left your cagnotte." in text_of(refused)
    assert "Give €9.00" not in text_of(refused)
    assert (owed(market, "donations"), market.holds(ana)) == (300, (700, 0))


def test_gifts_of_others_do_not_exist(market: Market) -> None:
    market.charities()
    ana, ben = market.member(cents=1000), market.member("ben")
    place = donate(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    assert ben.get(place).status_code == 404
    assert ana.get(place).status_code == 200
    assert ana.get("give/don_x/").status_code == 404
    ana.client.logout()
    assert "/sign-in/" in ana.get(place)["Location"]


def test_gifts_need_a_proof_of_who_it_is(market: Market) -> None:
    market.charities()
    ana = market.member(cents=1000, sure=False)
    assert "/account/confirm/" in look(ana)["Location"]
    assert "/account/confirm/" in confirm(ana)["Location"]
    assert "/account/confirm/" in ana.get("vouchers/new/")["Location"]
    assert market.holds(ana) == (1000, 0)


def test_a_charity_that_is_not_named_any_more_takes_no_gifts(market: Market) -> None:
    market.charities()
    ana = market.member(cents=1000)
    assert "Meals for families." in text_of(ana.get("give/"))
    market.charities(CHARITIES.split("- {ref: food")[0])
    assert "Meals for families." not in text_of(ana.get("give/"))
    assert choose(ana, charity="food").status_code == 422
    assert look(ana, charity="food")["Location"] == "/p/market/give/"
    assert "Nothing has left your cagnotte." in text_of(confirm(ana, charity="food"))
    assert market.holds(ana) == (1000, 0)


def test_a_charity_is_paid_what_was_given_and_not_twice(market: Market) -> None:
    market.charities()
    ana = market.member(cents=1000)
    donate(ana, 300)
    donate(ana, 250)
    connection, counter = shared_connection(), Counter(market.id, "EUR", NOW, TODAY)
    (due,) = giving.owed(connection, market.id)
    assert (due.ref, due.gifts, due.amount_minor) == ("sea", 2, 550)
    done = give.pass_on(connection, counter, charity="sea")
    assert (done.gifts, done.amount_minor) == (2, 550)
    assert give.pass_on(connection, counter, charity="sea").gifts == 0
    assert (owed(market, "donations"), owed(market, "payouts")) == (0, 0)
    assert owed(market, "bank") == -550
    shown = giving.donations_of(connection, ana.member.wallet_id, at_most=9)
    assert {one.passed_on for one in shown} == {date(2026, 6, 10)}


def test_a_file_of_charities_that_cannot_be_is_refused_whole(
    market: Market, tmp_path: Path
) -> None:
    path = tmp_path / "bad.yaml"
    for text in (
        "nothing",
        "charities: 5",
        "charities: [{ref: a}]",
        "charities: [{ref: a, name: A, iban: x}]",
        "charities: [{ref: a, name: A}, {ref: a, name: B}]",
        "charities: [{ref: a, name: A, site: 'http://a'}]",
        "[: x",
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(InvalidInput):
            give.load(shared_connection(), market.id, path)
    assert market.count("payouts_charity") == 0
