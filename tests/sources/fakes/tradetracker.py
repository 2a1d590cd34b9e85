"""A server that answers as TradeTracker answers its affiliates: SOAP, a session cookie, sites, local times."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from xml.sax.saxutils import escape

from lxml import etree

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import ZONE, Order, State
from tests.sources.fakes.server import Asked, FakeServer, Reply, route

STATES = {"pending": "pending", "confirmed": "accepted", "declined": "rejected"}
REASONS = {
    "returned": "returned_goods", "invalid_payment": "payment_not_received", "out_of_stock": "out_of_stock",
    "terms_not_met": "violates_campaign_terms", "cancelled": "order_canceled", "duplicate_order": "duplicate_order",
}  # fmt: skip
PAGE_SIZE = 6
SESSION = "SID=session0123456789"
SITES = ("301", "302")


def transaction(order: Order, state: State) -> str:
    declined, assessed = state.status == "declined", state is not order.states[0]
    told = {
        "ID": str(8_000 + order.number),
        "reference": order.click,
        "transactionType": "sale",
        "transactionStatus": STATES[state.status],
        "currency": "EUR",
        "commission": "0" if declined else str(state.commission),
        "orderAmount": str(state.amount),
        "registrationDate": text(order.bought_at),
        "assessmentDate": text(state.since) if assessed else "",
        "originatingClickDate": text(order.clicked_at),
        "rejectionReason": REASONS.get(state.reason, "invalid_transaction") if declined else "",
        "paidOut": "true" if state.paid else "false",
        "countryCode": "FR",
    }
    fields = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in told.items())
    return f"<item><campaign><ID>{order.shop}</ID><name>A &amp; B</name></campaign>{fields}</item>"


def answer(operation: str, content: str = "") -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:ns1="https://ws.tradetracker.com/soap/affiliate">'
        f"<SOAP-ENV:Body><ns1:{operation}Response>{content}</ns1:{operation}Response></SOAP-ENV:Body>"
        "</SOAP-ENV:Envelope>"
    ).encode()


FAULT = (
    b'<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body><SOAP-ENV:Fault>'
    b"<faultcode>SOAP-ENV:Server</faultcode><faultstring>Not authenticated</faultstring>"
    b"</SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>"
)


class TradeTrackerFake(FakeServer):
    """Orders belong to the first or the second site, in turn."""

    limit = Pace(30, 60)
    credentials = ("4711", "passphrase-of-the-test & more")

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self.orders = orders

    @route("POST", "/soap/affiliate", free=True)
    def soap(self, asked: Asked) -> Reply:
        call = etree.fromstring(asked.body)[0][0]
        operation = etree.QName(call).localname
        assert asked.headers["soapaction"].endswith(f"/{operation}")
        told = {etree.QName(one).localname: (one.text or "") for one in call.iter("*")}
        if operation == "authenticate":
            if self.denies or (told["customerID"], told["passphrase"]) != self.credentials:
                return Reply(FAULT, 500)
            cookie = f"{SESSION}; path=/; HttpOnly"
            return Reply(answer(operation), headers={"set-cookie": cookie})
        if self.denies or asked.headers.get("cookie") != SESSION:
            return Reply(FAULT, 500)
        assert operation == "getConversionTransactions"
        return Reply(answer(operation, self._found(told)))

    def _found(self, told: dict[str, str]) -> str:
        start, end = told["registrationDateFrom"], told["registrationDateTo"]
        span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
        assert span < timedelta(days=32)
        place = SITES.index(told["affiliateSiteID"])
        found = [
            transaction(order, state)
            for order in self.orders
            if order.number % len(SITES) == place
            and (state := order.at(self.clock.now))
            and start <= text(order.bought_at) <= end
        ]
        offset = int(told["offset"])
        page = "".join(found[offset : offset + min(PAGE_SIZE, int(told["limit"]))])
        return f"<conversionTransactions>{page}</conversionTransactions>"


def text(moment: datetime) -> str:
    return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")
