"""Automatic payouts: off until a member wants them, carried out once a day by the road of whoever asks."""

from datetime import date, timedelta
from typing import Any

import pytest

from cagnotte.domain.errors import InvalidInput
from cagnotte.identity.models import Programme
from cagnotte.journeys import ask_payout, auto_payout
from cagnotte.journeys.ask_payout import Desk
from cagnotte.journeys.auto_payout import AutoPaid
from cagnotte.payouts import auto_rules
from cagnotte.payouts.auto_rules import When
from cagnotte.payouts.models import Payout, PayoutMethod, PayoutRule
from cagnotte.platform.shared_connection import shared_connection
from tests.portal.people import Person
from tests.portal.spending.conftest import NOW, TODAY, Market
from tests.portal.spending.test_withdrawing import text_of


def choose(person: Person, **told: Any) -> Any:
    return person.post("withdraw/automatic/", told)


def run(days: int = 0) -> AutoPaid:
    programme = Programme.objects.get(slug="market")
    day, now = TODAY + timedelta(days=days), NOW + timedelta(days=days)
    return auto_payout.run(shared_connection(), programme, today=day, now=now)


def test_nobody_is_paid_who_did_not_say_so(market: Market) -> None:
    ana = market.member(cents=9000, bank=True)
    assert 'value="off" checked' in ana.get("withdraw/automatic/").content.decode()
    assert run().payouts == 0
    assert market.holds(ana) == (9000, 0)


def test_once_enough_is_there_all_of_it_is_asked_for_once_a_day(market: Market) -> None:
    ana = market.member(cents=2499, bank=True)
    choose(ana, kind="above", above="25,00")
    assert run().payouts == 0
    market.give(ana, 1)
    done = run(1)
    assert (done.payouts, done.total_minor) == (1, 2500)
    assert market.holds(ana) == (0, 2500)
    market.give(ana, 3000)
    assert run(1).payouts == 0
    assert run(2).payouts == 1
    assert market.holds(ana) == (0, 5500)


def test_once_a_month_means_its_day_or_the_next_on_which_somebody_looks(market: Market) -> None:
    ana = market.member(cents=1500, bank=True)
    choose(ana, kind="monthly", day="12")
    assert [run(days).payouts for days in (0, 1)] == [0, 0]
    assert run(5).payouts == 1
    market.give(ana, 1500)
    assert [run(days).payouts for days in (6, 20)] == [0, 0]
    assert run(32).payouts == 1


def test_a_day_that_is_past_when_the_rule_is_made_waits_for_the_next_month(market: Market) -> None:
    ana = market.member(cents=1500, bank=True)
    choose(ana, kind="monthly", day="9")
    assert run().payouts == 0
    assert run(29).payouts == 1


def test_the_31st_is_the_last_day_of_a_shorter_month(market: Market) -> None:
    ana = market.member(cents=1500, bank=True)
    choose(ana, kind="monthly", day="31")
    assert [run(days).payouts for days in (19, 20)] == [0, 1]
    assert (TODAY + timedelta(days=20)) == date(2026, 6, 30)


def test_a_day_on_which_nobody_looked_is_made_up_for_in_the_next_month(market: Market) -> None:
    ana = market.member(cents=1500, bank=True)
    choose(ana, kind="monthly", day="31")
    assert (TODAY + timedelta(days=21)) == date(2026, 7, 1)
    assert run(21).payouts == 1
    assert market.holds(ana) == (0, 1500)
    market.give(ana, 1500)
    assert [run(days).payouts for days in (21, 22, 50, 51, 52)] == [0, 0, 0, 1, 0]
    assert (TODAY + timedelta(days=51)) == date(2026, 7, 31)
    assert market.holds(ana) == (0, 3000)


def test_a_refusal_that_passes_by_itself_does_not_cost_the_month(market: Market) -> None:
    ana = market.member(cents=1500, bank=True)
    choose(ana, kind="monthly", day="12")
    usable = NOW + timedelta(days=4)
    PayoutMethod.objects.update(usable_from=usable)
    for days in (2, 3):
        assert dict(run(days).refused) == {"method_too_recent": 1}
        assert run(days) == AutoPaid()
    assert (market.count("payouts_payout"), market.holds(ana)) == (0, (1500, 0))
    assert run(4).payouts == 1
    market.give(ana, 1500)
    assert [run(days).payouts for days in (4, 5, 31, 32)] == [0, 0, 0, 1]
    assert market.holds(ana) == (0, 3000)


def test_a_refusal_that_stays_is_looked_at_again_in_the_next_month(market: Market) -> None:
    ana = market.member(cents=500, bank=True)
    choose(ana, kind="monthly", day="12")
    assert dict(run(2).refused) == {"below_minimum": 1}
    market.give(ana, 1000)
    assert [run(days).payouts for days in (3, 31, 32)] == [0, 0, 1]


def test_a_rule_found_due_before_another_run_carried_it_out_is_not_carried_out_again(
    market: Market,
) -> None:
    ana = market.member(cents=1500, bank=True)
    choose(ana, kind="monthly", day="12")
    assert run(2).payouts == 1
    wallet_id, next_day = ana.member.wallet_id, TODAY + timedelta(days=3)
    assert not auto_rules.take_up(shared_connection(), wallet_id=wallet_id, on=next_day)
    assert PayoutRule.objects.get().tried_on == date(2026, 6, 12)
    month_later = date(2026, 7, 12)
    assert auto_rules.take_up(shared_connection(), wallet_id=wallet_id, on=month_later)


def test_what_stands_against_it_is_noted_and_moves_nothing(market: Market) -> None:
    ana = market.member(cents=4500)
    choose(ana, kind="above", above="25")
    done = run()
    assert (done.payouts, dict(done.refused)) == (0, {"no_method": 1})
    assert (market.count("payouts_payout"), market.holds(ana)) == (0, (4500, 0))
    assert "nothing: no bank account was on file" in text_of(ana.get("withdraw/automatic/"))


def test_interrupted_between_two_members_it_goes_on_with_the_second(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    for ref in ("ana", "ben"):
        choose(market.member(ref, cents=3000, bank=True), kind="above", above="25")
    real, seen = ask_payout.ask, []

    def ask(*args: Any, **told: Any) -> Any:
        seen.append(told["wallet_id"])
        if len(seen) == 2:
            raise KeyboardInterrupt
        return real(*args, **told)

    monkeypatch.setattr(ask_payout, "ask", ask)
    with pytest.raises(KeyboardInterrupt):
        run()
    monkeypatch.undo()
    assert market.count("payouts_payout") == 1
    assert run().payouts == 1
    assert sorted(Payout.objects.values_list("amount_minor", flat=True)) == [3000, 3000]


def test_it_can_be_changed_and_switched_off(market: Market) -> None:
    ana = market.member(cents=4500, bank=True)
    choose(ana, kind="above", above="25")
    choose(ana, kind="monthly", day="1")
    assert PayoutRule.objects.get().above_minor is None
    choose(ana, kind="off")
    assert not PayoutRule.objects.get().active
    assert run(40).payouts == 0


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        ({"kind": "above", "above": "9"}, "The smallest amount is €10.00."),
        ({"kind": "above", "above": ""}, "This is needed for the rule you chose."),
        ({"kind": "monthly", "day": "32"}, "less than or equal to 31"),
        ({"kind": "weekly"}, ""),
    ],
)
def test_a_rule_that_cannot_be_changes_nothing(
    market: Market, told: dict[str, str], sentence: str
) -> None:
    ana = market.member(bank=True)
    page = choose(ana, **told)
    assert page.status_code == 422
    assert sentence in text_of(page)
    assert market.count("payouts_payoutrule") == 0


def test_what_a_rule_says_is_one_thing_that_can_be() -> None:
    for told in ({}, {"above_minor": 0}, {"month_day": 0}, {"above_minor": 5, "month_day": 1}):
        with pytest.raises(InvalidInput):
            When(**told)


def test_less_than_the_minimum_is_refused_whoever_asks(market: Market) -> None:
    ana = market.member()
    desk = Desk(market.id, NOW, TODAY)
    with pytest.raises(InvalidInput, match="from 10\\.00 EUR on"):
        auto_payout.choose(
            shared_connection(), desk, wallet_id=ana.member.wallet_id, when=When(above_minor=999)
        )
    assert market.count("payouts_payoutrule") == 0
