"""Orders as plugins tell them, in our terms: exact amounts, one rounding, refunds spread over what was paid."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidRow
from cagnotte.domain.purchases import Channel, Line, Validation
from cagnotte.hooks.sources import Moment, PurchaseReport, ReportLine
from cagnotte.purchases.facts import facts_of, purchase_from_facts
from cagnotte.purchases.folded import (
    FoldedReader,
    Recipient,
    amounts_of,
    refunded,
    report_of,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


def told(**changes: Any) -> PurchaseReport:
    """An order of one line of 100.00."""
    report = PurchaseReport(
        order_ref="A-17",
        occurred_at=Moment("as written", "", NOON),
        currency="EUR",
        lines=[line()],
    )
    return replace(report, **changes)


def line(number: int = 1, amount: str = "100.00", **changes: Any) -> ReportLine:
    return replace(ReportLine(number, "plum", 2, Decimal(amount)), **changes)


def read(report: PurchaseReport, currency: str = "EUR", **products: Any) -> Any:
    reader = FoldedReader(currency=currency, zone=PARIS, now=NOON, products=products)
    return reader.read(report, object_id="gid/17", merchant="corner")


def test_an_order_is_put_in_our_terms() -> None:
    folded = read(
        told(
            lines=[line(9, "5.00"), line(2, "7.50", discount=Decimal("0.50"), tax=Decimal("1.25"))],
            delivery=Decimal("3.9"),
            commission=Decimal("0.625"),
            status=Validation.DECLINED,
            reason="returned",
            coupon_codes=["Spring", " spring ", ""],
            channel=Channel.APP,
        ),
        plum=("jam", None, True),
    )
    purchase = folded.purchase
    assert purchase.lines == (
        Line(2, "plum", 2, 750, 50, 125, 0, "jam", None, gift_card=True),
        Line(9, "plum", 2, 500, 0, 0, 0, "jam", None, gift_card=True),
    )
    assert (purchase.merchant, purchase.order_ref) == ("corner", "A-17")
    assert purchase.occurred_at.isoformat() == "2026-03-01T13:00:00+01:00"
    assert (purchase.delivery_minor, purchase.commission_minor) == (390, 63)
    assert (purchase.coupon_codes, purchase.channel) == (("spring",), Channel.APP)
    assert (folded.status, folded.reason) == (Validation.DECLINED, "returned")
    assert folded.amounts == (1075, 1200, 1465, 1590)


def test_an_order_without_a_number_goes_by_the_name_of_its_source() -> None:
    assert read(told(order_ref="")).purchase.order_ref == "gid/17"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"currency": ""}, "missing_currency"),
        ({"currency": "USD"}, "foreign_currency"),
        ({"currency": "EUX"}, "unknown_currency"),
        ({"order_ref": "x" * 101}, "bad_field"),
        ({"order_ref": "a\x00"}, "bad_field"),
        ({"country": "\ud800"}, "bad_field"),
        ({"occurred_at": Moment("x", "", NOON + timedelta(days=1, seconds=1))}, "future_date"),
        ({"occurred_at": Moment("x", "", NOON.replace(year=206))}, "bad_date"),
        ({"occurred_at": Moment("x", "", NOON.replace(tzinfo=None))}, "bad_date"),
        ({"lines": []}, "no_lines"),
        ({"lines": [line(), line()]}, "bad_field"),
        ({"lines": [line(0)]}, "bad_field"),
        ({"lines": [line(amount="1.005")]}, "bad_amount"),
        ({"lines": [line(amount="-1")]}, "negative_amount"),
        ({"lines": [line(amount="NaN")]}, "bad_amount"),
        ({"lines": [line(amount="1e17")]}, "amount_too_large"),
        ({"lines": [line(1, "9e12"), line(2, "9e12")]}, "amount_too_large"),
        ({"lines": [line(quantity=-1)]}, "bad_quantity"),
        ({"lines": [line(discount=Decimal("100.01"))]}, "negative_amount"),
        ({"lines": [line(returned_amount=Decimal("100.01"))]}, "returned_too_much"),
        ({"lines": [line(returned_quantity=3)]}, "returned_too_much"),
        ({"commission": Decimal("-0.001")}, "negative_amount"),
        ({"commission": Decimal("Infinity")}, "negative_amount"),
        ({"commission": Decimal("1e30")}, "amount_too_large"),
        ({"commission": Decimal(1), "commission_currency": "USD"}, "foreign_commission"),
        ({"refunded": Decimal("0.001")}, "bad_amount"),
        ({"status": Validation.DECLINED, "reason": "mood"}, "bad_field"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_name(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidRow) as raised:
        read(told(**changes))
    assert raised.value.reason == reason
    assert raised.value.sentence


@pytest.mark.parametrize(
    ("amount", "minor"),
    [("2.495", 250), ("2.4949999", 249), ("0.005", 1), ("0", 0), ("1E+1", 1000)],
)
def test_a_commission_is_rounded_half_up_once(amount: str, minor: int) -> None:
    assert read(told(commission=Decimal(amount))).purchase.commission_minor == minor


def test_currencies_have_their_own_decimals() -> None:
    yen = told(currency="JPY", lines=[line(amount="1200.00")], commission=Decimal("12.5"))
    purchase = read(yen, "JPY").purchase
    assert (purchase.amount_minor, purchase.commission_minor) == (1200, 13)


# ---- refunds of the whole order ----


@pytest.mark.parametrize(
    ("paid_back", "returned"),
    [(0, [0, 0]), (5_000, [2_500, 2_500]), (1, [1, 0]), (10_000, [5_000, 5_000]),
     (99_999, [5_000, 5_000])],
)  # fmt: skip
def test_money_given_back_is_spread_over_the_lines(paid_back: int, returned: list[int]) -> None:
    lines = (Line(1, "a", 1, 5_000), Line(2, "b", 1, 5_000))
    assert [one.returned_minor for one in refunded(lines, paid_back)] == returned


def test_what_is_given_back_is_what_was_paid_discounts_taken_off() -> None:
    # 100.00 for which 80.00 was paid: half of that back is half of the line back.
    (one,) = refunded((Line(1, "a", 1, 10_000, discount_minor=2_000),), 4_000)
    assert one.returned_minor == 5_000
    (one,) = refunded((Line(1, "a", 1, 10_000, discount_minor=2_000),), 8_000)
    assert one.returned_minor == 10_000


def test_a_line_that_came_back_already_takes_no_more() -> None:
    lines = (
        Line(1, "a", 1, 5_000, returned_quantity=1, returned_minor=5_000),
        Line(2, "b", 2, 5_000, returned_quantity=1),
    )
    first, second = refunded(lines, 1_000)
    assert (first.returned_minor, second.returned_minor) == (5_000, 3_500)


many_lines = st.lists(
    st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=1, max_size=5
)


@given(many_lines, st.integers(0, 60_000))
def test_never_more_comes_back_than_was_bought(found: list[tuple[int, int]], back: int) -> None:
    lines = tuple(
        Line(n, "a", 1, amount, discount_minor=min(discount, amount))
        for n, (amount, discount) in enumerate(found, start=1)
    )
    for one in refunded(lines, back):
        assert 0 <= one.returned_minor <= one.amount_minor


@given(many_lines, st.integers(0, 60_000), st.integers(0, 60_000))
def test_more_money_back_never_means_less_returned(
    found: list[tuple[int, int]], one: int, other: int
) -> None:
    lines = tuple(Line(n, "a", 1, amount) for n, (amount, _) in enumerate(found, start=1))
    less, more = sorted((one, other))
    given_back = [
        sum(line.returned_minor for line in refunded(lines, back)) for back in (less, more)
    ]
    assert given_back == [
        min(back, sum(line.amount_minor for line in lines)) for back in (less, more)
    ]


# ---- reports ----


def test_a_report_reads_back_and_its_hash_knows_what_changed() -> None:
    folded = read(told())
    recipient = Recipient("1", "click", NOON - timedelta(hours=1))
    report = report_of(folded, recipient, native_id="gid/17", row_number=3, raw="raw")
    assert purchase_from_facts(orjson.loads(report.facts), PARIS) == report.purchase
    assert report.purchase.clicked_at == NOON - timedelta(hours=1)
    assert (report.member, report.attributed_by, report.reported_at) == ("1", "click", None)
    hashes = {
        report_of(one, recipient, native_id="x", row_number=1, raw="").content_hash
        for one in (folded, read(told(status=Validation.PENDING)), read(told(country="FR")), folded)
    }
    assert len(hashes) == 3


def test_the_click_a_source_tells_of_holds_where_no_click_of_ours_is_known() -> None:
    clicked = Moment("x", "", NOON - timedelta(hours=2))
    folded = read(told(clicked_at=clicked))
    report = report_of(folded, Recipient("1", "card"), native_id="x", row_number=1, raw="")
    assert facts_of(report.purchase)["clicked_at"] == "2026-03-01T11:00:00+01:00"


def test_amounts_for_comparison_are_never_negative() -> None:
    folded = read(told(lines=[line(amount="1.00", tax=Decimal("2.00"))]))
    assert amounts_of(folded.purchase) == (100,)
