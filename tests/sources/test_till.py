"""Tills: receipts that add up, returns that find what they were sold on, files and requests alike."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Channel
from cagnotte.extras.sources.tills.till import Till
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Incoming,
    LooseRefund,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    TraceFound,
    Waiting,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.standing import Standing

SHOP = "12345678900011"
AT = "2026-11-20T12:30:00+01:00"
NAME = f"{SHOP}/T1/2026-11-20/000123"
TEA = {"ean": "3760001", "label": "Tea", "quantity": 2, "unit_price": "6.00", "vat_rate": "5.5"}
MUG = {
    "ean": "3760002",
    "label": "Mug",
    "quantity": 1,
    "unit_price": "24.00",
    "vat_rate": 20,
    "discount": "4.00",
}
BACK = {"ean": "3760001", "quantity": -1, "unit_price": "6.00", "vat_rate": "5.5"}
SOLD_ON = {"number": "000123", "day": "2026-11-20"}


def receipt(number: str = "000123", **changes: Any) -> dict[str, Any]:
    told = {
        "merchant": SHOP, "till": "T1", "number": number, "at": AT, "currency": "EUR", "lines": [TEA, MUG],
        "totals": [{"vat_rate": "5.5", "total": "12.00", "vat": "0.63"},
                   {"vat_rate": "20", "total": "20.00", "vat": "3.33"}],
        "total": "32.00", "payments": [{"type": "card", "last4": "4305", "token": "card-1"}], "member": "M-17",
    }  # fmt: skip
    return {**told, **changes}


def exchange(number: str, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A receipt a week later, without totals."""
    told = receipt(number, at="2026-11-27T10:00:00+01:00", lines=list(lines), **changes)
    del told["totals"], told["total"]
    return told


def message(*receipts: Any) -> Message:
    return Message(
        json.dumps(receipts[0] if len(receipts) == 1 else list(receipts)).encode(), "receipts"
    )


def purchase(**changes: Any) -> PurchaseReport:
    told: dict[str, Any] = {
        "order_ref": "T1/2026-11-20/000123",
        "merchant": SHOP,
        "occurred_at": Moment(AT, "", datetime(2026, 11, 20, 11, 30, tzinfo=UTC)),
        "currency": "EUR",
        "lines": [
            ReportLine(1, "3760001", 2, Decimal("12.00"), tax=Decimal("0.63")),
            ReportLine(2, "3760002", 1, Decimal("24.00"), Decimal("4.00"), Decimal("3.33")),
        ],
        "traces": [TraceFound(Trace.MEMBER_NUMBER, "M-17"), TraceFound(Trace.CARD, "card-1")],
        "channel": Channel.STORE,
        "card": "card-1",
    }
    return PurchaseReport(**{**told, **changes})


def sold(number: str, **changes: Any) -> PurchaseReport:
    """The purchase of the receipt of that number, with tea of which some came back."""
    lines = [
        ReportLine(1, "3760001", 2, Decimal("12.00"), tax=Decimal("0.63"), **changes),
        purchase().lines[1],
    ]
    return purchase(order_ref=f"T1/2026-11-20/{number}", lines=lines)


def message_of(bought: Bought) -> list[Message]:
    line = {"ean": "1", "quantity": 1, "amount": str(bought.amount)}
    told = {"merchant": "m", "till": "t", "number": bought.order_ref, "at": bought.at.isoformat(), "currency": "EUR",
            "lines": [line]}  # fmt: skip
    return [message(told)]


def signed(body: bytes, secret: str) -> Incoming:
    given = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return Incoming("POST", "https://c.example/in/till", "", {"x-receipt-signature": given}, body)


CASE = Case(
    plugin=Till(),
    secrets={"secret": ["the-secret"]},
    lives=[
        Life(NAME, [message(receipt())], purchase()),
        Life(
            f"{SHOP}/T1/2026-11-20/2",
            [message(receipt("2")), message(exchange("9", {**BACK, "return_of": {**SOLD_ON, "number": "2"}}))],
            sold("2", returned_quantity=1, returned_amount=Decimal("6.00")),
        ),
        Life(
            # The corrected receipt counts, whenever it comes.
            f"{SHOP}/T1/2026-11-20/3",
            [message(receipt("3", lines=[MUG], total="20.00", totals=[])), message(receipt("3", revision=1))],
            sold("3"),
        ),
        Life(
            f"{SHOP}/T1/2026-11-20/4",
            [message(exchange("10", {**BACK, "return_of": {**SOLD_ON, "number": "4"}}))],
            Waiting(
                "purchase_not_told",
                f"Something came back of the receipt {SHOP}/T1/2026-11-20/4, which was not told yet.",
            ),
        ),
        Life(
            f"{SHOP}/T1/2026-11-27/11#return",
            [message(exchange("11", BACK))],
            Waiting(
                "refund_without_purchase",
                "A till took something back without saying on which receipt it was sold.",
                LooseRefund(
                    Decimal("6.00"),
                    "EUR",
                    Moment("2026-11-27T10:00:00+01:00", "", datetime(2026, 11, 27, 9, tzinfo=UTC)),
                    (TraceFound(Trace.MEMBER_NUMBER, "M-17"), TraceFound(Trace.CARD, "card-1")),
                    SHOP,
                    items=(("3760001", 1, Decimal("6.00")),),
                ),
            ),
        ),
        Life(
            f"{SHOP}/T1/2026-11-20/5",
            [message(receipt("5", training=True))],
            purchase(order_ref="T1/2026-11-20/5", test=True),
        ),
    ],
    message_of=message_of,
    reads_back=frozenset({"amount", "at"}),
    signed=signed,
    useless=[message(receipt("7", training=True)), Message(b"[]", "receipts")],
)  # fmt: skip


def read(told: Message) -> Standing:
    return Standing(CASE.plugin, CASE.context()).take(told)


def refused(told: dict[str, Any]) -> str:
    """Why a receipt is not read; nothing of it is."""
    taken = read(message(told))
    assert not taken.pieces
    (unreadable,) = taken.unreadable
    return unreadable.sentence


def test_an_exchange_sells_and_takes_back_at_once() -> None:
    back = {**BACK, "return_of": SOLD_ON}
    taken = read(message(receipt(), exchange("12", back, MUG)))
    bought = taken.report(f"{SHOP}/T1/2026-11-27/12")
    assert isinstance(bought, PurchaseReport)
    assert [(line.number, line.sku) for line in bought.lines] == [(2, "3760002")]
    assert taken.report(NAME) == sold(
        "000123", returned_quantity=1, returned_amount=Decimal("6.00")
    )


def test_a_whole_receipt_may_be_of_one_earlier_receipt_at_another_till() -> None:
    there = exchange("13", BACK, return_of=SOLD_ON, till="T2")
    assert list(read(message(there)).pieces) == [f"{SHOP}/T2/2026-11-20/000123"]
    there = exchange("13", BACK, return_of={**SOLD_ON, "till": "T1"}, till="T2")
    assert list(read(message(there)).pieces) == [NAME]


def test_a_number_without_its_day_names_no_receipt() -> None:
    (name,) = read(message(exchange("14", BACK, return_of={"number": "000123"}))).pieces
    assert name == f"{SHOP}/T1/2026-11-27/14#return"


def test_the_same_number_on_another_day_is_another_receipt() -> None:
    told = read(message(receipt(), receipt(at="2026-11-21T12:30:00+01:00")))
    assert len(told.reports()) == 2
    # After midnight, the business day is the till's own word.
    late = receipt(at="2026-11-21T00:30:00+01:00", day="2026-11-20")
    assert list(read(message(late)).pieces) == [NAME]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"total": "31.99"}, "The lines come to 32.00; the receipt says 31.99."),
        (
            {"totals": [{"vat_rate": "20", "total": "21.00"}]},
            "The lines at 20 % come to 20.00; the receipt says 21.00.",
        ),
        (
            {"totals": [{"vat_rate": "20", "total": "20.00", "vat": "3.35"}]},
            "The tax at 20 % is told as 3.35; the lines contain 3.33.",
        ),
        (
            {"totals": [{"vat_rate": "10", "total": "5.00"}]},
            "The lines at 10 % come to 0; the receipt says 5.00.",
        ),
        ({"lines": []}, "The receipt has no lines."),
        ({"lines": [{**TEA, "quantity": 0}]}, "Line 1 is of no units."),
        (
            {"lines": [{**TEA, "amount": "-12.00"}]},
            "Line 1 has 2 units and an amount of -12.00; one has a minus.",
        ),
        ({"lines": [{**TEA, "discount": "12.01"}]}, "Line 1 has a discount of 12.01 on 12.00."),
        ({"lines": [{**TEA, "vat_rate": "120"}]}, "Line 1 has a VAT rate of 120 %."),
        (
            {"lines": [{"quantity": "0.352", "unit_price": "9.99"}]},
            "Line 1 comes to 3.51648 EUR; tell its amount, rounded.",
        ),
        ({"at": "2026-11-20T12:30:00"}, "without the offset it should have"),
        ({"number": "12/3"}, "“number” is “12/3”; it holds characters that no reference has."),
        ({"day": "20/11/2026"}, "“day” is no day; it is written as 2026-11-20."),
        ({"currency": "XXQ"}, "XXQ"),
    ],
)
def test_a_receipt_that_does_not_add_up_is_refused_by_name(
    changes: dict[str, Any], sentence: str
) -> None:
    assert sentence in refused(receipt(**changes))


def test_one_bad_receipt_does_not_keep_the_others_from_being_read() -> None:
    taken = read(message(receipt("1", total="1.00"), receipt()))
    assert [one.where for one in taken.unreadable] == ["receipt 1"]
    assert list(taken.pieces) == [NAME]


def test_what_is_weighed_is_one_unit_of_its_amount() -> None:
    line = {"ean": "2100001", "quantity": "0.352", "unit_price": "9.99", "amount": "3.52"}
    told = receipt(lines=[line], total="3.52", totals=[])
    (found,) = read(message(told)).reports().values()
    assert isinstance(found, PurchaseReport)
    assert [(line.quantity, line.amount) for line in found.lines] == [(1, Decimal("3.52"))]


def test_shop_and_currency_may_be_filled_in_once() -> None:
    told = receipt()
    del told["merchant"], told["currency"]
    context = CASE.context(settings={**CASE.context().settings, "merchant": SHOP})
    taken = Standing(CASE.plugin, context).take(message(told))
    assert list(taken.reports().values()) == [purchase()]


def test_a_code_shown_on_a_telephone_and_a_promo_code_lead_to_the_member() -> None:
    told = receipt(member=None, qr="QR-1", promo_code="ANA10", payments=[{"type": "cash"}])
    (found,) = read(message(told)).reports().values()
    assert isinstance(found, PurchaseReport)
    assert found.traces == [
        TraceFound(Trace.QR_CODE, "QR-1"),
        TraceFound(Trace.PROMO_CODE, "ANA10"),
    ]
    assert (found.coupon_codes, found.card) == (("ANA10",), "")


def test_money_found_to_be_of_a_receipt_is_deducted() -> None:
    pieces = {key: piece.data for key, piece in read(message(receipt())).pieces[NAME].items()}
    for found, refunded in (("5.00", "5.00"), ("40.00", "32.00")):
        with_money = {**pieces, "refund:x": {"amount": found}}
        report = CASE.plugin.fold(NAME, with_money, CASE.context())
        assert isinstance(report, PurchaseReport)
        assert report.refunded == Decimal(refunded)
    with_items = {**pieces, "refund:x": {"amount": "6.00", "items": [["3760001", 1, "6.00"]]}}
    report = CASE.plugin.fold(NAME, with_items, CASE.context())
    assert report == sold("000123", returned_quantity=1, returned_amount=Decimal("6.00"))


# ---- CSV ----

HEADER = "merchant;till;number;at;ean;quantity;unit_price;vat_rate;discount;member;card_token;total"
ROWS = (
    f"{SHOP};T1;000123;{AT};3760001;2;6.00;5.5;;M-17;card-1;32.00",
    f"{SHOP};T1;000123;{AT};3760002;1;24.00;20;4.00;M-17;card-1;32.00",
)


def csv_message(*rows: str, header: str = HEADER) -> Message:
    return Message("".join(f"{row}\r\n" for row in (header, *rows)).encode(), "receipts")


def test_rows_of_a_file_are_the_same_receipt_as_its_json() -> None:
    assert read(csv_message(*ROWS)).reports() == {NAME: purchase()}
    commas = csv_message(*(row.replace(";", ",") for row in ROWS), header=HEADER.replace(";", ","))
    assert read(commas).reports() == {NAME: purchase()}


def test_a_row_with_a_minus_names_the_receipt_it_was_sold_on() -> None:
    header = "merchant;till;number;at;ean;quantity;unit_price;return_number;return_day"
    row = f"{SHOP};T1;15;{AT};3760001;-1;6.00;000123;2026-11-20"
    taken = read(csv_message(*ROWS)).take(csv_message(row, header=header))
    assert taken.report(NAME) == sold(
        "000123", returned_quantity=1, returned_amount=Decimal("6.00")
    )


def test_one_bad_receipt_of_a_file_does_not_keep_the_others_from_being_read() -> None:
    bad = ROWS[0].replace("000123", "000122")
    taken = read(csv_message(bad, *ROWS))
    assert [(one.where, one.sentence) for one in taken.unreadable] == [
        ("row 2", "The lines come to 12.00; the receipt says 32.00.")
    ]
    assert taken.reports() == {NAME: purchase()}


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"merchant;till\r\n1;2\r\n", "has no column “number”"),
        (b"\xff\xfe", "not UTF-8"),
        (b"hello", "has no column “merchant”"),
        (b'"merchant', "neither JSON nor CSV"),
    ],
)
def test_a_file_that_holds_no_receipts_is_refused(body: bytes, sentence: str) -> None:
    with pytest.raises(Misread, match=sentence):
        read(Message(body, "receipts"))


@pytest.mark.parametrize("bad", ['"a', f"{ROWS[0]};more"])
def test_a_row_that_is_none_takes_the_receipt_it_stands_in_and_none_before(bad: str) -> None:
    another = ROWS[0].replace("000123", "000124").replace("32.00", "12.00")
    taken = read(csv_message(*ROWS, another, bad))
    assert taken.reports() == {NAME: purchase()}
    (unreadable,) = taken.unreadable
    assert unreadable.where == "row 5"


@given(
    st.lists(
        st.tuples(
            st.integers(1, 9),
            st.decimals(Decimal("0.01"), Decimal(500), places=2),
            st.sampled_from(["0", "5.5", "10", "20"]),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_lines_come_to_the_total_whatever_they_are(
    lines: list[tuple[int, Decimal, str]],
) -> None:
    told = receipt(
        lines=[{"quantity": units, "unit_price": str(price), "vat_rate": rate} for units, price, rate in lines],
        total=str(sum((units * price for units, price, _ in lines), Decimal(0))),
        totals=[],
    )  # fmt: skip
    (found,) = read(message(told)).reports().values()
    assert isinstance(found, PurchaseReport)
    assert sum(line.amount for line in found.lines) == Decimal(told["total"])
    for line, (_, _, rate) in zip(found.lines, lines, strict=True):
        exact = line.amount * Decimal(rate) / (100 + Decimal(rate))
        assert abs(line.tax - exact) <= Decimal("0.005")
