"""TradeTracker, as its affiliates see it: conversion transactions of each of their sites, over SOAP.

A call signs in and answers a session cookie. Transactions are asked for by the days they were registered, site by site,
and no count is told: pages follow until one is empty. A transaction is restated in place; `assessmentDate` says when it
was judged. No client in use asks by that day, so four months are asked for again once a day. The number of the order is
not told, and a rejected transaction has no commission any more.

Source: the affiliate web service at ws.tradetracker.com, as several clients in use ask it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking, links, pages, rows, soap, windows
from cagnotte.hooks import reading
from cagnotte.hooks.sources import (
    Link,
    Message,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Setting,
    SourceContext,
    SourceFailed,
    SourceKind,
    SourcePlugin,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

NAMESPACE = "https://ws.tradetracker.com/soap/affiliate"
TRANSACTIONS = "getConversionTransactions"
PAGE_SIZE = 100
TIME = "%Y-%m-%dT%H:%M:%S"
TEST = "test_transaction"
TRUE = ("true", "1")

SWEEPS = (
    windows.Sweep("registered", days=31, again_days=3),
    windows.Sweep("registered again", days=31, again_days=120, every_hours=24, history=False),
)

FIELDS = (
    "transactionStatus", "reference", "currency", "commission", "orderAmount", "registrationDate", "assessmentDate",
    "originatingClickDate", "rejectionReason", "paidOut", "countryCode",
)  # fmt: skip
WEIGHTS = {"pending": 0, "accepted": 2, "rejected": 4}

Cookie = str


class TradeTracker(SourcePlugin):
    """Conversion transactions of TradeTracker; see the module."""

    name = "tradetracker"
    title = "TradeTracker"
    kind = SourceKind.NETWORK
    proof = Proof.SECONDARY
    settings = (
        Setting("customer_id", "Your customer number for web services."),
        Setting("passphrase", "Its passphrase.", secret=True),
        Setting(
            "site_ids", "The numbers of your sites, with spaces between; the first one has links."
        ),
        links.shops_setting("the campaign number"),
        asking.HISTORY,
        Setting("api_url", "Where TradeTracker is asked.", default=NAMESPACE),
    )
    vocabulary = Vocabulary(
        {
            "pending": Validation.PENDING,
            "accepted": Validation.CONFIRMED,
            "rejected": Validation.DECLINED,
        },
        {
            "returned_goods": "returned",
            "out_of_stock": "out_of_stock",
            "payment_not_received": "invalid_payment",
            "order_canceled": "cancelled",
            "duplicate_order": "duplicate_order",
            "attributed_to_other_channel": "other_referrer",
            "violates_campaign_terms": "terms_not_met",
        },
    )
    pace = Pace(calls=30, seconds=60)
    polls = True
    click_length_max = 50

    # ---- asking ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for new transactions of all sites, and once a day for four months again."""
        cookie = self._sign_in(context)
        ask = partial(self._page, context, cookie)
        yield from pages.asked(SWEEPS, context, cursor, ask, zone=context.zone)

    def _page(
        self,
        context: SourceContext,
        cookie: Cookie,
        window: windows.Window,
        page: Sequence[int] | None,
    ) -> tuple[list[Message], Sequence[int] | None]:
        """Return a page as a message, if it tells anything, and the next one: (place of the site, offset)."""
        sites = _sites(context)
        place, offset = page or (0, 0)
        if place >= len(sites):
            return [], None
        options = {
            "registrationDateFrom": window.start.astimezone(context.zone).strftime(TIME),
            "registrationDateTo": window.last.astimezone(context.zone).strftime(TIME),
            "sort": "registrationDate",
            "sortDirection": "ascending",
            "limit": str(PAGE_SIZE),
            "offset": str(offset),
        }
        site = soap.tags({"affiliateSiteID": sites[place]})
        content = f"{site}<options>{soap.tags(options)}</options>"
        _, answer = self._ask(context, TRANSACTIONS, content, cookie)
        found = len(_transactions(answer))
        if found:
            return [Message(answer, "conversions")], (place, offset + found)
        return [], (place + 1, 0) if place + 1 < len(sites) else None

    def _sign_in(self, context: SourceContext) -> Cookie:
        """Return the cookie of a new session. Raises SourceFailed."""
        told = {
            "customerID": asking.setting(context, "customer_id"),
            "passphrase": context.secret("passphrase"),
            "sandbox": "false",
            "locale": "en_GB",
            "demo": "false",
        }
        cookies, _ = self._ask(context, "authenticate", soap.tags(told))
        found = re.search(r"\bSID=[^;,\s]+", cookies) or re.search(r"\w+=[^;,\s]+", cookies)
        if not found:
            raise SourceFailed("TradeTracker gave no session.")
        return found[0]

    def _ask(
        self, context: SourceContext, operation: str, content: str, cookie: Cookie = ""
    ) -> tuple[str, bytes]:
        """Return the cookies and the body of an answer that answers this operation. Raises SourceFailed."""
        headers = {
            "content-type": "text/xml; charset=utf-8",
            "soapaction": f"{NAMESPACE}/{operation}",
        }
        answer = context.calls().request(
            "POST",
            asking.api_url(context),
            headers={**headers, "cookie": cookie} if cookie else headers,
            body=soap.envelope(NAMESPACE, operation, content),
        )
        body = asking.accepted(answer, self.title)
        try:
            soap.response(soap.parsed(body), operation)
        except reading.Misread as error:
            raise SourceFailed(f"TradeTracker answered something else: {error.sentence}") from None
        return answer.headers.get("set-cookie", ""), body

    # ---- reading ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return one piece for each transaction."""
        return rows.each(_transactions(message.body), partial(_piece, context))

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return how the transaction stands."""
        told = pieces["transaction"]
        word = reading.text(told, "transactionStatus")
        status = self.vocabulary.status(word)
        why = reading.text(told, "rejectionReason", default="")
        clicked_at = told.get("originatingClickDate")
        assessed_at = told.get("assessmentDate")
        return PurchaseReport(
            order_ref="",
            merchant=reading.text(told, "campaign"),
            occurred_at=reading.moment(
                told.get("registrationDate"), "registrationDate", context.zone
            ),
            currency=reading.text(told, "currency", length_max=3),
            lines=rows.whole_order(reading.decimal(told, "orderAmount", default=Decimal(0))),
            commission=reading.decimal(told, "commission", default=Decimal(0)),
            status=status,
            native_status=word,
            reason=self.vocabulary.reason(why) if why and status is Validation.DECLINED else "",
            paid=told.get("paidOut") in TRUE,
            traces=rows.click_trace(reading.text(told, "reference", default="")),
            clicked_at=reading.moment(clicked_at, "originatingClickDate", context.zone)
            if clicked_at
            else None,
            country=reading.text(told, "countryCode", default=""),
            test=why == TEST,
            updated_at=reading.moment(assessed_at, "assessmentDate", context.zone).utc
            if assessed_at
            else None,
        )

    # ---- links ----

    def deep_link(self, link: Link, context: SourceContext) -> str:
        """Lead to the target through the campaign of its shop, with the click as reference."""
        campaign = links.quoted(links.number_of(link, context))
        return (
            f"https://tc.tradetracker.net/?c={campaign}&m=12&a={_sites(context)[0]}"
            f"&r={links.quoted(link.click)}&u={links.quoted(link.target)}"
        )


def _sites(context: SourceContext) -> list[str]:
    """Return the numbers of the sites. Raises SourceFailed."""
    sites = asking.setting(context, "site_ids").replace(",", " ").split()
    if not sites or not all(site.isascii() and site.isdigit() for site in sites):
        raise SourceFailed("The setting “site_ids” is no list of numbers.")
    return sites


def _transactions(body: bytes) -> list[dict[str, str]]:
    """Return the transactions of an answer: the texts of their elements. Raises Misread when it is none."""
    found = []
    for collection in soap.response(soap.parsed(body), TRANSACTIONS):
        for item in collection:
            campaign = [soap.texts(child) for child in item if soap.name_of(child) == "campaign"]
            number = {"campaign": campaign[0].get("ID", "")} if campaign else {}
            found.append({**soap.texts(item), **number})
    return found


def _piece(context: SourceContext, row: Mapping[str, Any]) -> Piece:
    changed = "assessmentDate" if row.get("assessmentDate") else "registrationDate"
    return Piece(
        reading.text(row, "ID", length_max=100),
        "transaction",
        pages.picked(row, (*FIELDS, "campaign")),
        reading.moment(row.get(changed), changed, context.zone).utc,
        WEIGHTS.get(str(row.get("transactionStatus")), 0) + (row.get("paidOut") in TRUE),
    )


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring TradeTracker."""
    return [TradeTracker()]
