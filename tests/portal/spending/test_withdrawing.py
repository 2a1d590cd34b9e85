"""Withdrawing: what is told before, one payout however often it is sent, and refusals that move nothing."""

import io
import re
from typing import Any

import pytest
from pypdf import PdfReader

from cagnotte.payouts import selectors
from cagnotte.payouts.models import Payout, PayoutSettings
from cagnotte.platform.shared_connection import shared_connection
from tests.portal.people import Person
from tests.portal.spending.conftest import Market


def text_of(response: Any) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def token_of(response: Any) -> str:
    found = re.search(r'name="token" value="([0-9a-f]+)"', response.content.decode())
    assert found, text_of(response)
    return found[1]


def ask(person: Person, cents: int = 4500) -> Any:
    token = token_of(person.get("withdraw/review/", data={"amount": cents}))
    return person.post("withdraw/review/", {"amount": cents, "token": token})


def test_what_is_available_and_when_it_arrives_stands_there(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    page = text_of(ana.get("withdraw/"))
    assert "€45.00" in page
    assert "•••• 2606" in page
    assert "€0.50" in page
    assert "by June 16, 2026" in page


def test_all_of_it_leaves_and_its_page_tells_each_step(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    led = ana.get("withdraw/", data={"which": "all"})
    assert led["Location"] == "/p/market/withdraw/review/?amount=4500"
    review = ana.get("withdraw/review/", data={"amount": 4500})
    assert "You receive €44.50" in text_of(review)
    done = ana.post("withdraw/review/", {"amount": 4500, "token": token_of(review)})
    assert re.fullmatch(r"/p/market/payouts/pay_\w+/\?done=1", done["Location"])
    assert market.holds(ana) == (0, 4500)
    page = text_of(ana.client.get(done["Location"]))
    assert "Done: your payout is asked for" in page
    assert "Expect it by June 16, 2026" in page


def test_sent_twice_it_is_one_payout(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    token = token_of(ana.get("withdraw/review/", data={"amount": 2000}))
    first = ana.post("withdraw/review/", {"amount": 2000, "token": token})
    second = ana.post("withdraw/review/", {"amount": 2000, "token": token})
    assert first["Location"] == second["Location"]
    assert market.count("payouts_payout") == 1
    assert market.holds(ana) == (2500, 2000)


def test_a_token_that_stands_for_another_amount_is_refused(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    token = token_of(ana.get("withdraw/review/", data={"amount": 2000}))
    first = ana.post("withdraw/review/", {"amount": 2000, "token": token})["Location"]
    again = ana.post("withdraw/review/", {"amount": 1500, "token": token})
    assert again.status_code == 409
    assert "This was sent already, for €20.00" in text_of(again)
    assert "Nothing has left your cagnotte" not in text_of(again)
    assert f'href="{first.removesuffix("?done=1")}"' in again.content.decode()
    assert token_of(again) != token
    assert (market.count("payouts_payout"), market.holds(ana)) == (1, (2500, 2000))


def test_a_maximum_that_falls_while_one_looks_pays_nothing_else(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    token = token_of(ana.get("withdraw/review/", data={"amount": 4500}))
    PayoutSettings.objects.update(maximum_minor=3000)
    for _ in range(2):
        refused = ana.post("withdraw/review/", {"amount": 4500, "token": token})
        assert refused.status_code == 409
        assert "At most €30.00 can leave at once now. Nothing has left" in text_of(refused)
        assert "Withdraw €45.00" not in text_of(refused)
    assert (market.count("payouts_payout"), market.holds(ana)) == (0, (4500, 0))
    assert ana.get("withdraw/", data={"which": "all"})["Location"].endswith("?amount=3000")


def test_an_amount_that_cannot_be_is_explained_and_kept(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    for typed, sentence in (
        ("9.99", "The smallest amount is €10.00."),
        ("45,01", "You can use €45.00 at most."),
        ("twenty", "Write an amount in figures, such as 12.40."),
        ("", "Write how much."),
        ("-5", "The smallest amount is €10.00."),
    ):
        page = ana.get("withdraw/", data={"which": "part", "amount": typed})
        assert page.status_code == 422
        assert sentence in text_of(page)
        assert f'value="{typed}"' in page.content.decode() or not typed


def test_an_amount_may_be_typed_in_either_way(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    for typed in ("20,50", "20.50", "20,50 €", " 20.5"):
        led = ana.get("withdraw/", data={"which": "part", "amount": typed})
        assert led["Location"].endswith("?amount=2050")


def test_below_the_minimum_the_page_says_how_much_is_missing(market: Market) -> None:
    ana = market.member(cents=640, bank=True)
    page = ana.get("withdraw/")
    assert "€3.60 to go" in text_of(page)
    assert '<progress id="towards" value="640" max="1000">' in page.content.decode()


def test_without_a_bank_account_the_page_asks_for_one(market: Market) -> None:
    ana = market.member(cents=4500)
    assert "Add my bank account" in text_of(ana.get("withdraw/"))
    led = ana.get("withdraw/review/", data={"amount": 4500})
    assert led["Location"] == "/p/market/withdraw/"


def test_a_frozen_cagnotte_pays_nothing_and_says_whom_to_ask(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    token = token_of(ana.get("withdraw/review/", data={"amount": 4500}))
    ana.member.wallet.frozen = True
    ana.member.wallet.save()
    assert "Payouts are paused for your cagnotte" in text_of(ana.get("withdraw/"))
    refused = ana.post("withdraw/review/", {"amount": 4500, "token": token})
    assert refused.status_code == 409
    assert "Payouts are paused" in text_of(refused)
    assert market.count("payouts_payout") == 0
    assert market.holds(ana) == (4500, 0)


def test_money_leaves_only_after_a_proof_of_who_it_is(market: Market) -> None:
    ana = market.member(cents=4500, bank=True, sure=False)
    led = ana.get("withdraw/review/", data={"amount": 4500})
    assert led["Location"].startswith("/p/market/account/confirm/?next=")
    posted = ana.post("withdraw/review/", {"amount": 4500, "token": "aa"})
    assert posted["Location"].startswith("/p/market/account/confirm/")
    assert market.count("payouts_payout") == 0


def test_it_can_be_called_off_until_it_is_in_a_file(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    place = ask(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    ana.post(f"{place}cancel/")
    assert market.holds(ana) == (4500, 0)
    page = text_of(ana.get(place))
    assert "Cancelled" in page
    assert "· you" in page
    ana.post(f"{place}cancel/")
    assert market.holds(ana) == (4500, 0)


def test_what_is_kept_aside_for_a_closed_account_is_the_operators_to_pay(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    place = ask(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    Payout.objects.update(hold_id=None)
    assert "Cancel this payout" not in text_of(ana.get(place))
    assert ana.post(f"{place}cancel/").status_code == 404
    assert Payout.objects.get().state == "requested"


def test_what_is_at_the_bank_is_not_called_off(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    place = ask(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    Payout.objects.update(batch_id="00000000-0000-7000-8000-000000000009")
    page = ana.post(f"{place}cancel/", follow=True)
    assert "It is too late" in text_of(page)
    assert "Cancel this payout" not in text_of(page)
    assert market.holds(ana) == (0, 4500)


def test_the_receipt_is_a_page_and_a_file(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    place = ask(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    assert "Download as PDF" in text_of(ana.get(f"{place}receipt/"))
    made = ana.get(f"{place}receipt.pdf")
    assert made["Content-Disposition"].startswith('attachment; filename="market-po-')
    page = PdfReader(io.BytesIO(made.content)).pages[0].extract_text()
    assert "€44.50" in page
    assert "•••• 2606" in page


def test_payouts_of_others_do_not_exist(market: Market) -> None:
    ana, ben = market.member(cents=4500, bank=True), market.member("ben")
    place = ask(ana)["Location"].removesuffix("?done=1").removeprefix("/p/market/")
    paths = [place, f"{place}receipt.pdf", f"payouts/?before={place.split('/')[1]}"]
    assert [ben.get(path).status_code for path in paths] == [404, 404, 404]
    assert ben.post(f"{place}cancel/").status_code == 404
    assert [ana.get(path).status_code for path in paths] == [200, 200, 200]
    out = ana.client
    out.logout()
    assert all("/sign-in/" in ana.get(path)["Location"] for path in paths)
    assert market.holds(ana) == (0, 4500)


def test_a_name_that_is_no_payout_is_not_found(market: Market) -> None:
    ana = market.member()
    assert ana.get("payouts/pay_nonsense/").status_code == 404
    assert ana.get("payouts/?before=x").status_code == 404


def test_the_list_goes_on_page_by_page(
    market: Market, monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    monkeypatch.setattr("cagnotte.portal.spending.history.PAGE", 1)
    ana = market.member(cents=4500, bank=True)
    ask(ana, 1000)
    ask(ana, 1100)
    with django_assert_max_num_queries(12):
        first = ana.get("payouts/").content.decode()
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = ana.client.get(older[1]).content.decode()
    shown = [re.findall(r"€\d+\.\d\d", page) for page in (first, second)]
    assert sorted(amount for page in shown for amount in page) == ["€10.50", "€9.50"]


def test_pages_ask_the_database_a_bounded_number_of_questions(
    market: Market, django_assert_max_num_queries: Any
) -> None:
    ana = market.member(cents=4500, bank=True)
    place = ask(ana, 2000)["Location"].removeprefix("/p/market/")
    for path, most in (("withdraw/", 14), ("bank/", 12), (place, 14)):
        with django_assert_max_num_queries(most):
            assert ana.get(path).status_code == 200


def test_a_programme_that_pays_nothing_out_says_so(market: Market) -> None:
    shared_connection().execute("DELETE FROM payouts_payoutsettings")
    ana = market.member(cents=4500)
    assert "pays nothing to bank accounts" in text_of(ana.get("withdraw/"))
    assert "pays nothing to bank accounts" in text_of(ana.get("bank/"))
    assert selectors.payouts_of_wallet(shared_connection(), ana.member.wallet_id) == []
