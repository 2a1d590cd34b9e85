"""Orders are understood: minor units, the shopper's days, and a sentence for everything that is wrong."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cagnotte.domain.errors import InvalidRow
from cagnotte.domain.purchases import Channel, Line, Purchase, Validation
from cagnotte.purchases.facts import facts_of, purchase_from_facts
from cagnotte.purchases.mapping import Mapping
from cagnotte.purchases.reading.texts import OrderText
from cagnotte.purchases.reports import Report, ReportReader

PARIS = ZoneInfo("Europe/Paris")
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LINE = {"sku": "x", "quantity": "2", "amount": "20.00"}
ORDER = {
    "merchant": "shop",
    "order_ref": "A1",
    "member": "7",
    "occurred_at": "2026-02-28T23:30:00+00:00",
    "currency": "EUR",
}


def read(*lines: dict[str, str], mapping: Mapping | None = None, **fields: str) -> Report:
    names = tuple(dict.fromkeys(name for line in lines for name in line)) or ("amount",)
    reader = ReportReader(
        mapping or Mapping(ref="web", kind="purchases", timezone="Europe/Paris"),
        names,
        products={"tea": ("drinks", "acme", False), "card": (None, None, True)},
        zone=PARIS,
        currency="EUR",
        now=NOW,
    )
    texts = [tuple(line.get(name, "") for name in names) for line in lines]
    return reader.read(OrderText(2, "raw", {**ORDER, **fields}, texts))


def test_an_order_is_told_in_minor_units_and_in_the_programmes_time() -> None:
    report = read({**LINE, "discount": "1.50", "tax": "3.08"}, status="confirmed")
    assert report.native_id == "shop/A1"
    assert report.status is Validation.CONFIRMED
    assert report.purchase.lines == (Line(1, "x", 2, 2000, 150, 308),)
    # Half past eleven in London is the next day in Paris.
    assert report.purchase.occurred_on.isoformat() == "2026-03-01"


def test_a_time_without_an_offset_is_the_sources() -> None:
    report = read(LINE, occurred_at="2026-02-28T23:30:00")
    assert report.purchase.occurred_at.isoformat() == "2026-02-28T23:30:00+01:00"


def test_an_order_without_lines_is_its_amount() -> None:
    assert read(amount="12.40").purchase.lines == (Line(1, "", 1, 1240),)


def test_the_catalogue_knows_category_and_brand_unless_the_source_says_otherwise() -> None:
    report = read({**LINE, "sku": "tea"}, {**LINE, "sku": "card"}, {**LINE, "category": "jam"})
    assert [(line.category, line.brand, line.gift_card) for line in report.purchase.lines] == [
        ("drinks", "acme", False),
        (None, None, True),
        ("jam", None, False),
    ]


def test_words_and_defaults_of_the_source_are_applied() -> None:
    mapping = Mapping(
        ref="net",
        kind="purchases",
        values={"status": {"OK": "confirmed", "KO": "declined"}},
        defaults={"channel": "store", "status_reason": "cancelled"},
    )
    declined = read(LINE, mapping=mapping, status="KO")
    assert (declined.status, declined.reason) == (Validation.DECLINED, "cancelled")
    assert read(LINE, mapping=mapping, status="OK").reason == ""
    assert declined.purchase.channel is Channel.STORE


def test_words_and_defaults_of_the_source_are_applied_to_lines() -> None:
    mapping = Mapping(
        ref="net",
        kind="purchases",
        values={"gift_card": {"oui": "true"}, "category": {"TH": "tea"}, "number": {"A": "4"}},
        defaults={"brand": "acme", "category": "TH"},
    )
    report = read(
        {**LINE, "number": "A", "category": "TH", "brand": "bold", "gift_card": "oui"},
        {**LINE, "number": "2", "category": "jam"},
        {**LINE, "number": "3", "gift_card": "no"},
        mapping=mapping,
    )
    found = [
        (line.number, line.category, line.brand, line.gift_card) for line in report.purchase.lines
    ]
    assert found == [
        (4, "tea", "bold", True),
        (2, "jam", "acme", False),
        (3, "tea", "acme", False),
    ]


def test_a_constant_of_a_field_the_file_does_not_have_is_translated_too() -> None:
    mapping = Mapping(
        ref="net", kind="purchases", values={"brand": {"A": "acme"}}, defaults={"brand": "A"}
    )
    assert read(LINE, mapping=mapping).purchase.lines[0].brand == "acme"


def test_the_amount_of_an_order_without_lines_is_translated_too() -> None:
    mapping = Mapping(ref="net", kind="purchases", values={"amount": {"free": "0.00"}})
    assert read(mapping=mapping, amount="free").purchase.lines[0].amount_minor == 0


def test_a_line_is_a_gift_card_when_its_source_or_the_catalogue_says_so() -> None:
    report = read(
        {**LINE, "sku": "card", "gift_card": "false"},
        {**LINE, "sku": "tea", "gift_card": "TRUE"},
        {**LINE, "gift_card": "1"},
        {**LINE, "gift_card": ""},
    )
    assert [line.gift_card for line in report.purchase.lines] == [True, True, True, False]


def test_amounts_may_come_in_minor_units() -> None:
    mapping = Mapping(ref="bank", kind="purchases", amounts="minor")
    assert read({**LINE, "amount": "1240"}, mapping=mapping).purchase.lines[0].amount_minor == 1240


def test_lines_keep_the_numbers_their_source_gives_them() -> None:
    report = read({**LINE, "number": "3"}, {**LINE, "number": "1"})
    assert [line.number for line in report.purchase.lines] == [3, 1]


def test_equal_messages_have_equal_hashes_whatever_else_the_row_holds() -> None:
    one, again = read(LINE), read(LINE, updated_at="2026-03-01T00:00:00Z")
    assert one.content_hash == again.content_hash
    assert read(LINE, status="confirmed").content_hash != one.content_hash
    assert read({**LINE, "amount": "20.01"}).content_hash != one.content_hash


MINOR = Mapping(ref="bank", kind="purchases", amounts="minor")

BAD: list[tuple[dict[str, Any], str, str]] = [
    (
        {"currency": ""},
        "missing_currency",
        "The order names no currency, and its source has no default one.",
    ),
    (
        {"currency": "EURO"},
        "unknown_currency",
        "“EURO” is not a currency of ISO 4217; write a code such as EUR, JPY or TND.",
    ),
    (
        {"currency": "USD"},
        "foreign_currency",
        "The order is in USD; the wallets of this programme are in EUR.",
    ),
    (
        {"occurred_at": "28/02/2026"},
        "bad_date",
        "occurred_at is “28/02/2026”; write a date such as 2026-03-29T14:05:00.",
    ),
    (
        {"occurred_at": "2026-02-30"},
        "bad_date",
        "occurred_at is “2026-02-30”; write a date such as 2026-03-29T14:05:00.",
    ),
    (
        {"occurred_at": "0206-02-28"},
        "bad_date",
        "The purchase is dated 0206-02-28; the year must be a mistake.",
    ),
    (
        {"occurred_at": "2026-03-03"},
        "future_date",
        "The purchase is dated 2026-03-03, in the future.",
    ),
    (
        {"updated_at": "soon"},
        "bad_date",
        "updated_at is “soon”; write a date such as 2026-03-29T14:05:00.",
    ),
    ({"member": ""}, "missing_field", "The order has no member."),
    ({"order_ref": ""}, "missing_field", "The order has no order_ref."),
    ({"order_ref": "x" * 101}, "bad_field", "order_ref is longer than 100 characters."),
    (
        {"source_id": "x" * 121},
        "bad_field",
        "The name of the order is longer than 120 characters: “" + "x" * 40 + "…”.",
    ),
    (
        {"status": "paid"},
        "bad_field",
        "“paid” is no status; write pending, confirmed or declined.",
    ),
    ({"channel": "fax"}, "bad_field", "“fax” is no channel; write web, app, store or card."),
    (
        {"delivery": "-1"},
        "negative_amount",
        (
            "delivery is -1. Amounts are not negative; report a return as returned_quantity and "
            "returned_amount of its line, or say “returns: appended” in the source."
        ),
    ),
]


@pytest.mark.parametrize(("fields", "reason", "sentence"), BAD)
def test_a_bad_order_says_what_is_wrong(fields: dict[str, Any], reason: str, sentence: str) -> None:
    with pytest.raises(InvalidRow) as caught:
        read(LINE, **fields)
    assert (caught.value.reason, caught.value.sentence) == (reason, sentence)


BAD_LINES: list[tuple[dict[str, str], Mapping | None, str, str]] = [
    ({"amount": ""}, None, "missing_field", "Line 2 has no amount."),
    (
        {"amount": "12,40"},
        None,
        "bad_amount",
        (
            "Line 2: amount: “12,40” is not an amount; write digits with a point for decimals, "
            "such as 12.40."
        ),
    ),
    (
        {"amount": "12.405"},
        None,
        "bad_amount",
        ("Line 2: amount: “12.405” has more decimals than EUR has (2); round it at its source."),
    ),
    (
        {"amount": "-3.00"},
        None,
        "negative_amount",
        (
            "Line 2: amount is -3.00. Amounts are not negative; report a return as "
            "returned_quantity and returned_amount of its line, or say “returns: appended” in the source."
        ),
    ),
    (
        {"amount": "10000000000000.01"},
        None,
        "amount_too_large",
        ("Line 2: amount: “10000000000000.01” EUR is larger than any amount Cagnotte takes."),
    ),
    (
        {"amount": "10000000000000.00"},
        None,
        "amount_too_large",
        "The lines of this order add up to more than Cagnotte takes.",
    ),
    ({"quantity": "two"}, None, "bad_quantity", "Line 2: “two” is no whole number of units."),
    ({"quantity": "-1"}, None, "bad_quantity", "Line 2: “-1” is no whole number of units."),
    ({"quantity": "1.5"}, None, "bad_quantity", "Line 2: “1.5” is no whole number of units."),
    (
        {"returned_quantity": "3", "returned_amount": "20.00"},
        None,
        "returned_too_much",
        ("Line 2: more is returned (3 units, 2000 minor units) than was bought (2 units, 2000)."),
    ),
    (
        {"returned_amount": "20.01"},
        None,
        "returned_too_much",
        ("Line 2: more is returned (0 units, 2001 minor units) than was bought (2 units, 2000)."),
    ),
    (
        {"sku": "moon"},
        Mapping(ref="till", kind="purchases", unknown_products="reject"),
        "unknown_product",
        ("Line 2: the catalogue has no article “moon”; import it, then send the order again."),
    ),
    (
        {"amount": "--5"},
        MINOR,
        "bad_amount",
        "Line 2: amount: “--5” is not a whole number of minor units.",
    ),
    (
        {"gift_card": "maybe"},
        None,
        "bad_boolean",
        "Line 2: gift_card is “maybe”; write true or false.",
    ),
    (
        {"number": "0"},
        None,
        "bad_field",
        "“0” is no line number; lines count from 1.",
    ),
    ({"number": "1"}, None, "bad_field", "Two lines of this order have the same number."),
]


@pytest.mark.parametrize(("changes", "mapping", "reason", "sentence"), BAD_LINES)
def test_a_bad_line_says_which_and_what_is_wrong(
    changes: dict[str, str], mapping: Mapping | None, reason: str, sentence: str
) -> None:
    first = {**LINE, "sku": "tea", "amount": "1000"}
    if "number" in changes:
        first["number"] = "1"
    second = {**LINE, **({"amount": "1000"} if mapping is MINOR else {}), **changes}
    with pytest.raises(InvalidRow) as caught:
        read(first, second, mapping=mapping)
    assert (caught.value.reason, caught.value.sentence) == (reason, sentence)


def test_a_decline_for_a_reason_nobody_knows_is_refused() -> None:
    with pytest.raises(InvalidRow, match="“moon” is no decline reason; one of: bad_debt, "):
        read(LINE, status="declined", status_reason="moon")
    assert read(LINE, status="declined").reason == "other"


texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
amounts = st.integers(0, 10**12)
lines = st.builds(
    Line,
    number=st.integers(1, 9),
    sku=texts,
    quantity=st.integers(0, 99),
    amount_minor=amounts,
    discount_minor=amounts,
    tax_minor=amounts,
    wallet_minor=amounts,
    category=st.none() | texts,
    brand=st.none() | texts,
    gift_card=st.booleans(),
    returned_quantity=st.integers(0, 9),
    returned_minor=amounts,
)
moments = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(PARIS))  # noqa: DTZ001 - hypothesis adds the time zone


@given(
    st.builds(
        Purchase,
        merchant=texts,
        order_ref=texts,
        occurred_at=moments.map(lambda moment: moment.astimezone(UTC).astimezone(PARIS)),
        currency=st.just("EUR"),
        lines=st.lists(lines, max_size=3).map(tuple),
        channel=st.sampled_from(Channel),
        country=st.none() | st.sampled_from(["FR", "DE"]),
        clicked_at=st.none(),
        delivery_minor=amounts,
        delivery_tax_minor=st.just(0),
        coupon_codes=st.lists(texts, max_size=2).map(tuple),
        card=st.none() | texts.filter(bool),
        commission_minor=st.none() | amounts,
    )
)
def test_the_facts_of_a_purchase_read_back(purchase: Purchase) -> None:
    facts = orjson.loads(orjson.dumps(facts_of(purchase)))
    assert purchase_from_facts(facts, PARIS) == purchase


def test_a_message_from_the_future_counts_as_said_now() -> None:
    # A day ahead may be a zone told wrongly; more would make all that follow look out of date.
    near = read(LINE, updated_at="2026-03-02T11:59:00Z")
    assert (near.reported_at, near.dated_ahead) == (datetime(2026, 3, 2, 11, 59, tzinfo=UTC), False)
    far = read(LINE, updated_at="2062-03-01T12:00:00Z")
    assert (far.reported_at, far.dated_ahead) == (NOW, True)


def test_the_time_of_a_message_is_in_utc_so_that_the_repeated_hour_keeps_its_order() -> None:
    first = read(LINE, updated_at="2025-10-26T02:50:00+02:00").reported_at
    second = read(LINE, updated_at="2025-10-26T02:10:00+01:00").reported_at
    assert first is not None
    assert second is not None
    assert first < second
