"""From the cagnotte to a shop's checkout and back, with every software that takes vouchers."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connections

from cagnotte.domain.errors import IllegalTransition
from cagnotte.domain.vouchers import AtShop
from cagnotte.hooks.vouchers import Form
from tests.journeys.world import World
from tests.vouchers.cases import CASES, named
from tests.vouchers.member import NOWHERE, Member, member_at

CREDIT = [case for case in CASES if case.form is Form.CREDIT]
CHECKOUTS = [case for case in CASES if case.form is not Form.CREDIT]


@pytest.fixture
def member(request: pytest.FixtureRequest, empty_world: World, settings: Any) -> Iterator[Member]:
    with member_at(request.param, empty_world, settings) as ready:
        yield ready


def of(cases: Any) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("member", cases, ids=named, indirect=True)


def both_work(member: Member) -> None:
    """Two workers at once."""
    ready = threading.Barrier(2)

    def work() -> None:
        try:
            ready.wait()
            member.work()
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()


@of(CHECKOUTS)
def test_a_voucher_goes_to_the_shop_is_used_in_part_and_its_rest_comes_back(member: Member) -> None:
    voucher = member.issue()
    assert member.money() == {"available": 100, "vouchers": 500, "shop": 0}
    assert member.at_shop(voucher).state is AtShop.TELLING

    # The shop makes it, and nobody hears of it; then two workers tell it again.
    member.fake.lose_next()
    assert member.work().failed == 1
    assert member.at_shop(voucher).state is AtShop.TELLING
    member.clock.wait(3_600)
    both_work(member)
    kept = member.fake.only()
    assert member.at_shop(voucher).state is AtShop.TOLD
    assert member.at_shop(voucher).native_id == kept.native_id
    assert member.money() == {"available": 100, "vouchers": 500, "shop": 0}

    member.fake.use(kept, "N1", "3.00")
    member.clock.wait(3_600)
    both_work(member)
    rest = 200 if member.case.can.keeps_rest else 0
    assert member.money() == {"available": 300 - rest, "vouchers": rest, "shop": 300}

    member.clock.wait(3_600)
    member.work()
    assert member.money() == {"available": 300 - rest, "vouchers": rest, "shop": 300}

    if rest:
        member.void(voucher)
        assert member.money() == {"available": 100, "vouchers": 200, "shop": 300}
        assert member.work().ended == 1
        assert member.at_shop(voucher).state is AtShop.ENDED
        assert not kept.live or member.case.software == "pretix"
    assert member.money() == {"available": 300, "vouchers": 0, "shop": 300}
    assert member.stands(voucher)[1:] == (300, 200, 0)


@of(CREDIT)
def test_credit_is_the_customer_s_as_soon_as_the_shop_has_it(member: Member) -> None:
    voucher = member.issue()
    member.fake.lose_next()
    assert member.work().failed == 1
    member.clock.wait(3_600)
    both_work(member)
    member.fake.only()
    assert member.stands(voucher) == ("used", 500, 0, 0)
    assert member.at_shop(voucher).state is AtShop.ENDED
    assert member.money() == {"available": 100, "vouchers": 0, "shop": 500}
    with pytest.raises(IllegalTransition):
        member.void(voucher)
    assert member.money() == {"available": 100, "vouchers": 0, "shop": 500}


@of(CASES)
def test_what_a_shop_refuses_goes_back(member: Member) -> None:
    voucher = member.issue()
    member.fake.refuse("No more vouchers this year")
    summary = member.work()
    assert (summary.refused, summary.failed, summary.told) == (1, 0, 0)
    assert member.fake.kept == []
    assert member.money() == NOWHERE
    assert member.stands(voucher) == ("void", 0, 500, 0)
    at_shop = member.at_shop(voucher)
    assert at_shop.state is AtShop.REFUSED
    assert "No more vouchers this year" in at_shop.last_error
    assert not member.work().did
