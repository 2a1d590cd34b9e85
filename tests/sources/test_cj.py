"""CJ: corrections that come before what they correct, statuses that move on, batches."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from cagnotte.domain.attribution import Trace
from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks.cj import Cj
from cagnotte.hooks.reading import Misread
from cagnotte.hooks.sources import (
    Link,
    Message,
    Moment,
    PurchaseReport,
    ReportLine,
    SourceFailed,
    TraceFound,
    UnknownWord,
    Waiting,
)
from tests.sources.case import Bought, Case, Life
from tests.sources.fakes.cj import CjFake
from tests.sources.fakes.orders import Order, State
from tests.sources.polling import Facts, Polling
from tests.sources.standing import Standing


def commission(**fields: Any) -> dict[str, Any]:
    return {
        "commissionId": "2200", "originalActionId": "900", "original": True, "actionType": "sim_sale",
        "actionStatus": "new", "validationStatus": "AUTOMATED", "correctionReason": None, "advertiserId": "4711",
        "orderId": "A-17", "shopperId": "k7m2p9q4", "eventDate": "2026-10-25T01:30:00Z",
        "clickDate": "2026-10-25T01:10:00Z", "postingDate": "2026-10-25T02:00:00Z", "country": "FR", "coupon": None,
        "saleAmountPubCurrency": "80.00", "pubCommissionAmountPubCurrency": "4.00", "items": [], **fields,
    }  # fmt: skip


def batch(*rows: dict[str, Any]) -> Message:
    told = {"count": len(rows), "payloadComplete": True, "maxCommissionId": None, "records": rows}
    return Message(json.dumps({"data": {"publisherCommissions": told}}).encode(), "PostingDate")


def correction(number: str, sale: str, earned: str, **fields: Any) -> dict[str, Any]:
    told = {"original": False, "correctionReason": "RETURNED_MERCHANDISE", **fields}
    return commission(
        commissionId=number,
        saleAmountPubCurrency=sale,
        pubCommissionAmountPubCurrency=earned,
        **told,
    )


def item(sku: str, quantity: int, price: str, discount: str | None = None) -> dict[str, Any]:
    return {
        "sku": sku, "quantity": quantity, "perItemSaleAmountPubCurrency": price, "discountPubCurrency": discount,
        "totalCommissionPubCurrency": "1.00", "commissionItemId": "7",
    }  # fmt: skip


def report(**changes: Any) -> PurchaseReport:
    facts: dict[str, Any] = {
        "order_ref": "A-17",
        "occurred_at": Moment(
            "2026-10-25T01:30:00Z", "", datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
        ),
        "currency": "EUR",
        "lines": [ReportLine(1, "", 1, Decimal("80.00"))],
        "merchant": "4711",
        "commission": Decimal("4.00"),
        "status": Validation.PENDING,
        "native_status": "new",
        "traces": [TraceFound(Trace.CLICK, "k7m2p9q4")],
        "clicked_at": Moment("2026-10-25T01:10:00Z", "", datetime(2026, 10, 25, 1, 10, tzinfo=UTC)),
        "country": "FR",
    }
    return PurchaseReport(**{**facts, **changes})


def message_of(bought: Bought) -> list[Message]:
    return [
        batch(
            commission(
                orderId=bought.order_ref,
                saleAmountPubCurrency=str(bought.amount),
                pubCommissionAmountPubCurrency=str(bought.commission),
                shopperId=bought.click,
                eventDate=bought.at.isoformat(),
            )
        )
    ]


def with_status(word: str) -> Message:
    if word == "declined":
        return batch(commission(validationStatus="DECLINED"))
    return batch(commission(actionStatus=word))


CASE = Case(
    plugin=Cj(),
    settings={"publisher_id": "6379318", "website_id": "101557027", "currency": "EUR"},
    secrets={"token": ["token-of-cj"]},
    lives=[
        Life(
            "900",
            [
                batch(commission()),
                batch(commission(actionStatus="extended")),
                batch(commission(actionStatus="LOCKED"), correction("2207", "-30.00", "-1.50")),
                batch(commission(actionStatus="closed")),
            ],
            report(
                status=Validation.CONFIRMED,
                native_status="closed",
                refunded=Decimal("30.00"),
                commission=Decimal("2.50"),
            ),
        ),
        Life(
            "901",
            [
                batch(correction("2301", "-80.00", "-4.00", originalActionId="901")),
                batch(
                    commission(
                        commissionId="2300",
                        originalActionId="901",
                        actionStatus="locked",
                        country="France",
                        coupon="WELCOME",
                    )
                ),
            ],
            report(
                status=Validation.DECLINED,
                native_status="locked",
                reason="returned",
                refunded=Decimal("80.00"),
                commission=Decimal("0.00"),
                country="",
                coupon_codes=("WELCOME",),
            ),
        ),
        Life(
            "902",
            [batch(correction("2401", "-80.00", "-4.00", originalActionId="902"))],
            Waiting("no_original", "The commission that is corrected has not come yet."),
        ),
        Life(
            "903",
            [
                batch(
                    commission(
                        originalActionId="903",
                        actionType="item_sale",
                        items=[item("MUG", 3, "20.00", "5.00"), item("CUP", 1, "25")],
                    )
                )
            ],
            report(
                lines=[
                    ReportLine(1, "MUG", 3, Decimal("60.00"), Decimal("5.00")),
                    ReportLine(2, "CUP", 1, Decimal(25)),
                ]
            ),
        ),
        Life(
            "904",
            [
                batch(commission(originalActionId="904", validationStatus="PENDING")),
                batch(commission(originalActionId="904", validationStatus="DECLINED")),
            ],
            report(status=Validation.DECLINED, native_status="declined"),
        ),
        Life(
            "905",
            [
                batch(
                    commission(
                        originalActionId="905", actionType="sim_lead", saleAmountPubCurrency=None
                    ),
                    correction(
                        "2501",
                        "0",
                        "-4.00",
                        originalActionId="905",
                        correctionReason="UNQUALIFIED_LEAD",
                    ),
                )
            ],
            report(
                lines=[ReportLine(1, "", 1, Decimal(0))],
                commission=Decimal("0.00"),
                status=Validation.DECLINED,
                reason="terms_not_met",
            ),
        ),
    ],
    with_status=with_status,
    message_of=message_of,
    useless=[batch(), batch(commission(actionType="bonus"))],
)


def as_cj_tells(order: Order, state: State) -> Facts:
    """A commission that was locked stays so; one that is declined is corrected to nothing."""
    told = [one for one in order.states if one.since <= state.since]
    if state.status == "declined":
        return {"amount": Decimal(0), "commission": Decimal(0)}
    locked = any(one.status == "confirmed" for one in told)
    return {"status": "confirmed" if locked else state.status}


POLLING = Polling(
    serve=CjFake,
    expected=as_cj_tells,
    errors_as_200=[
        b'{"errors": [{"message": "Internal error"}], "data": null}',
        b'{"data": {"publisherCommissions": null}}',
        b'{"data": {"publisherCommissions": {"count": 0}}, "errors": [{}]}',
    ],
)


def test_corrections_never_take_back_more_than_was_sold() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(batch(commission(), correction("2207", "-90.00", "-4.50")))
    told = standing.report("900")
    assert isinstance(told, PurchaseReport)
    assert (told.refunded, told.commission) == (Decimal("80.00"), Decimal(0))
    assert told.status is Validation.DECLINED


def test_a_correction_may_add_to_an_order() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(batch(commission(), correction("2207", "12.50", "0.625")))
    told = standing.report("900")
    assert isinstance(told, PurchaseReport)
    assert told.lines == [ReportLine(1, "", 1, Decimal("92.50"))]
    assert (told.refunded, told.commission) == (Decimal(0), Decimal("4.625"))


def test_an_unknown_validation_is_refused_by_name() -> None:
    standing = Standing(CASE.plugin, CASE.context())
    standing.take(batch(commission(validationStatus="FROBNICATED")))
    with pytest.raises(UnknownWord, match="frobnicated"):
        standing.report("900")


def test_what_cj_says_was_wrong_is_told() -> None:
    body = b'{"errors": [{"message": "The date range must not exceed 31 days"}], "data": null}'
    with pytest.raises(Misread, match="31 days"):
        list(CASE.plugin.parse(Message(body), CASE.context()))


def test_a_link_keeps_the_address_readable() -> None:
    made = CASE.plugin.deep_link(Link("https://shop.example/a?b=c&d=é#x", "k7m2"), CASE.context())
    assert made == (
        "https://www.anrdoezrs.net/links/101557027/type/dlg/sid/k7m2/https://shop.example/a?b=c&d=%C3%A9#x"
    )
    with pytest.raises(SourceFailed, match="website_id"):
        CASE.plugin.deep_link(Link("https://shop.example/", "k7m2"), CASE.context(settings={}))
