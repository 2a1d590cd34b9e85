"""The bank account: checked while it is typed, shown by its end alone, paid to only after a while, and told about."""

from datetime import timedelta
from typing import Any

import time_machine

from cagnotte.journeys import bank_details
from cagnotte.notices.models import Notice
from cagnotte.payouts.models import PayoutMethod
from tests.portal.accounts.proofs import prove
from tests.portal.people import Person
from tests.portal.spending.conftest import IBAN, NOW, OTHER_IBAN, Market
from tests.portal.spending.test_withdrawing import ask, text_of


def save(person: Person, iban: str = IBAN, holder: str = "Ana Müller", **more: Any) -> Any:
    return person.post("bank/change/", {"holder": holder, "iban": iban, **more})


def test_a_new_account_is_on_file_and_waits_three_days(market: Market) -> None:
    ana = market.member(cents=4500)
    assert save(ana, "fr14 2004 1010 0505 0001 3m02 606")["Location"] == "/p/market/bank/"
    page = ana.get("bank/")
    assert "Payouts from June 13, 2026, noon" in text_of(page)
    assert "•••• 2606" in text_of(page)
    assert IBAN not in page.content.decode()
    assert PayoutMethod.objects.get().usable_from == NOW + timedelta(hours=72)


def test_while_it_waits_nothing_is_paid_whatever_page_is_asked(market: Market) -> None:
    ana = market.member(cents=4500)
    save(ana)
    assert "can be used from June 13" in text_of(ana.get("withdraw/"))
    refused = ana.post("withdraw/review/", {"amount": 4500, "token": "aa"})
    assert refused.status_code == 409
    assert "can be used from June 13" in text_of(refused)
    assert (market.count("payouts_payout"), market.holds(ana)) == (0, (4500, 0))


def test_after_three_days_it_is_paid_to(market: Market) -> None:
    ana = market.member(cents=4500)
    save(ana)
    later = NOW + timedelta(hours=72)
    with time_machine.travel(later, tick=False):
        prove(ana, now=later)
        assert "Payouts can go to this account." in text_of(ana.get("bank/"))
        assert "/payouts/pay_" in ask(ana)["Location"]


def test_a_change_makes_it_wait_anew_and_payouts_under_way_go_on(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    ask(ana, 2000)
    save(ana, OTHER_IBAN)
    page = text_of(ana.get("bank/"))
    assert "A payout that is under way goes to the account that was on file" in page
    assert "can be used from" in text_of(ana.get("withdraw/"))
    assert PayoutMethod.objects.filter(retired_at=None).get().iban_last4 == "3000"


def test_its_owner_is_told_once_about_each_change(market: Market) -> None:
    ana = market.member()
    save(ana)
    save(ana)
    told = Notice.objects.filter(kind="security", wallet_id=ana.member.wallet_id)
    assert [one.facts for one in told] == [{"what": "bank_changed", "detail": "•••• 2606"}]


def test_a_number_that_cannot_be_is_explained_beside_it_and_kept(market: Market) -> None:
    ana = market.member()
    for iban, sentence in (
        ("FR1420041010050500013M0260", "FR numbers have 27 characters; this one has 26."),
        ("FR1420041010050500013M02607", "A character is mistyped, or two have changed places."),
        ("SA0380000000608010167519", "this country is outside SEPA"),
        ("XX89370400440532013000", "It begins with two letters for the country"),
        ("hello", "This is no IBAN."),
        ("", "This field is required."),
    ):
        page = save(ana, iban)
        assert page.status_code == 422
        assert sentence in text_of(page)
        assert 'value="Ana Müller"' in page.content.decode()
    assert market.count("payouts_payoutmethod") == 0


def test_another_name_is_asked_about_and_not_forbidden(market: Market) -> None:
    ana = market.member()
    page = save(ana, holder="Zoé Durand")
    assert "Here you are called Ana Müller" in text_of(page)
    assert market.count("payouts_payoutmethod") == 0
    save(ana, holder="Zoé Durand", sure="1")
    assert PayoutMethod.objects.get().holder == "Zoé Durand"


def test_another_spelling_of_the_same_name_is_taken() -> None:
    for holder in ("MULLER ANA", "ana muller", "Ana Maria Müller", "Müller, Ana"):
        assert bank_details.same_person(holder, "Ana Müller")
    assert not bank_details.same_person("Zoé Durand", "Ana Müller")
    assert not bank_details.same_person("Ben Müller", "Ana Müller")


def test_while_it_is_typed_the_page_says_what_the_number_tells(market: Market) -> None:
    ana = market.member()
    told = [
        text_of(ana.post("bank/check/", {"iban": iban}))
        for iban in ("FR", "FR14 2004 1010", IBAN, IBAN.replace("26", "27", 1))
    ]
    assert told[0] == ""
    assert told[1] == "15 more characters"
    assert "LA BANQUE POSTALE" in told[2]
    assert "FR14 2004 1010 0505 0001 3M02 606" in told[2]
    assert "A character is mistyped" in told[3]


def test_without_a_proof_of_who_it_is_nothing_is_shown_or_changed(market: Market) -> None:
    ana = market.member(sure=False)
    assert "/account/confirm/" in ana.get("bank/change/")["Location"]
    assert "/account/confirm/" in save(ana)["Location"]
    assert ana.post("bank/check/", {"iban": IBAN}).status_code == 204
    assert market.count("payouts_payoutmethod") == 0
