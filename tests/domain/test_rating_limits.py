"""Ceilings: per line, per purchase, per member and period, and the offer's budget, in this order."""

from datetime import date

from cagnotte.domain.offers import FixedPerOrder, Limits, MemberCap, Percent, Role
from cagnotte.domain.periods import LIFETIME_START, Window, WindowKind
from tests.domain.rating_world import counted, given, missed, offer, order, rate

MONTH = Window(WindowKind.MONTH)
MAY = date(2024, 5, 1)
TEN_A_MONTH = Limits(per_member=MemberCap(MONTH, 1000))


def test_a_ceiling_per_line_cuts_each_line_by_itself() -> None:
    (award,) = rate(
        order(1000, 9000), offer("o", Percent(1000), limits=Limits(per_line_minor=300))
    ).awards

    assert (award.uncapped_minor, award.amount_minor, award.cap) == (1000, 400, "line")
    assert award.lines == ((1, 100), (2, 300))


def test_a_ceiling_per_purchase_is_shared_by_the_lines() -> None:
    (award,) = rate(
        order(1000, 9000), offer("o", Percent(1000), limits=Limits(per_purchase_minor=500))
    ).awards

    assert (award.uncapped_minor, award.amount_minor, award.cap) == (1000, 500, "purchase")
    assert award.lines == ((1, 50), (2, 450))


def test_a_ceiling_per_member_leaves_what_the_period_still_allows() -> None:
    who = counted("cap:o:month", MAY, 930)
    decision = rate(order(10_000), offer("o", Percent(1000), limits=TEN_A_MONTH), who=who)

    assert given(decision) == {"o": 70}
    assert decision.awards[0].cap == "member"
    assert ("cap:o:month", MAY, 70, 1, "tracked") in decision.uses


def test_an_offer_whose_ceiling_is_reached_leaves_its_lines_to_others() -> None:
    offers = (
        offer("o", Percent(1000), limits=TEN_A_MONTH, priority=9),
        offer("standard", Percent(100)),
    )
    decision = rate(order(10_000), *offers, who=counted("cap:o:month", MAY, 1000))

    assert given(decision) == {"standard": 100}
    assert missed(decision) == {"o": ("member_cap", {"cap_minor": 1000, "used_minor": 1000})}


def test_last_months_rewards_do_not_count() -> None:
    limited = offer("o", Percent(1000), limits=TEN_A_MONTH)

    assert given(
        rate(order(10_000), limited, who=counted("cap:o:month", date(2024, 4, 1), 1000))
    ) == {"o": 1000}


def test_a_member_may_be_rewarded_for_so_many_purchases() -> None:
    once = offer(
        "o",
        Percent(1000),
        limits=Limits(per_member=MemberCap(Window(WindowKind.LIFETIME), purchases=1)),
    )

    assert given(rate(order(1000), once)) == {"o": 100}
    decision = rate(order(1000), once, who=counted("cap:o:lifetime", LIFETIME_START, 100, 1))
    assert missed(decision) == {"o": ("member_cap", {"cap_purchases": 1, "used_purchases": 1})}


def test_offers_may_share_a_members_ceiling_within_one_purchase_too() -> None:
    shared = Limits(per_member=MemberCap(MONTH, 150, counter="spring"))
    decision = rate(
        order(1000),
        offer("base", Percent(1000), limits=shared),
        offer("boost", Percent(1000), limits=shared, role=Role.BOOST),
    )

    assert given(decision) == {"base": 100, "boost": 50}
    assert [use.amount_minor for use in decision.uses if use.name == "cap:spring:month"] == [150]


def test_a_budget_gives_what_is_left_in_it() -> None:
    limited = offer("o", Percent(1000), limits=Limits(budget_minor=100_000))
    decision = rate(order(10_000), limited, budgets={"o": 400})

    assert given(decision) == {"o": 400}
    assert decision.awards[0].cap == "budget"
    assert decision.budget_uses == (("o", 400),)


def test_a_spent_budget_is_said() -> None:
    limited = offer("o", Percent(1000), limits=Limits(budget_minor=100_000))
    decision = rate(order(10_000), limited, budgets={"o": 0})

    assert missed(decision) == {"o": ("budget", {"budget_minor": 100_000})}
    assert decision.budget_uses == ()


def test_an_offer_not_named_among_the_budgets_has_all_of_its_own() -> None:
    limited = offer("o", Percent(1000), limits=Limits(budget_minor=300))

    assert given(rate(order(10_000), limited)) == {"o": 300}
    assert given(rate(order(10_000), limited, budgets={})) == {"o": 300}


def test_the_ceiling_that_cut_last_is_named() -> None:
    all_of_them = Limits(
        per_line_minor=900,
        per_purchase_minor=800,
        per_member=MemberCap(MONTH, 700),
        budget_minor=600,
    )

    def cut(**room: int) -> tuple[int, str | None]:
        decision = rate(
            order(10_000), offer("o", Percent(1000), limits=all_of_them),
            who=counted("cap:o:month", MAY, room.get("used", 0)), budgets={"o": room.get("budget", 9999)},
        )  # fmt: skip
        return decision.awards[0].amount_minor, decision.awards[0].cap

    assert cut() == (700, "member")
    assert cut(budget=650) == (650, "budget")
    assert cut(used=100) == (600, "member")


def test_a_ceiling_not_reached_is_not_named() -> None:
    (award,) = rate(
        order(1000), offer("o", FixedPerOrder(100), limits=Limits(per_purchase_minor=100))
    ).awards

    assert (award.amount_minor, award.cap) == (100, None)
