"""A PrestaShop shop whose webservice is asked for orders, credit slips and what their numbers mean."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import TypeVar
from zoneinfo import ZoneInfo

from cagnotte.hooks.sources import Pace
from tests.sources.fakes.clock import Clock
from tests.sources.fakes.orders import Line, Order, State
from tests.sources.fakes.returns import CENT, Refund, refunds, without_tax
from tests.sources.fakes.server import Asked, FakeServer, Refusal, Reply, route

KEY = "KEYOFTHETESTKEYOFTHETEST"
ZONE = ZoneInfo("Europe/Paris")
FORM = "%Y-%m-%d %H:%M:%S"
STATES = {"pending": 2, "confirmed": 5, "declined": 6}
PAID = {1: 0, 2: 1, 3: 1, 4: 1, 5: 1, 6: 0, 7: 0, 8: 0}
PRODUCT_TAX = Decimal("1.2")

Row = TypeVar("Row")


def listed(name: str, rows: Iterable[str]) -> Reply:
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<prestashop xmlns:xlink="http://www.w3.org/1999/xlink"><{name}>'
    return Reply(f"{body}{''.join(rows)}</{name}></prestashop>".encode())


def row(kind: str, inner: str = "", **fields: object) -> str:
    told = "".join(f"<{name}><![CDATA[{value}]]></{name}>" for name, value in fields.items())
    return f"<{kind}>{told}{inner}</{kind}>"


def six(amount: Decimal) -> str:
    return f"{amount:.6f}"


class PrestaShopFake(FakeServer):
    basic = (KEY, "")
    limit = Pace(20, 10)

    def __init__(self, orders: Sequence[Order], clock: Clock) -> None:
        super().__init__(clock)
        self._orders = {order.number: order for order in orders}

    @route("GET", "/api/order_states")
    def states(self, asked: Asked) -> Reply:
        rows = (
            row("order_state", id=number, paid=paid, logable=paid) for number, paid in PAID.items()
        )
        return listed("order_states", rows)

    @route("GET", "/api/currencies")
    def currencies(self, asked: Asked) -> Reply:
        return listed("currencies", [row("currency", id=1, iso_code="EUR")])

    @route("GET", "/api/orders")
    def orders(self, asked: Asked) -> Reply:
        if asked.query("filter[id]"):
            rows = (
                row("order", id=order.number, reference=order.ref)
                for order in self._among(asked, "filter[id]")
            )
            return listed("orders", rows)
        known = [(order.at(self.clock.now), order) for order in self._orders.values()]
        found = [(state.since, order) for state, order in known if state is not None]
        return listed("orders", (self._order(order) for order in self._changed(asked, found)))

    @route("GET", "/api/order_slip")
    def slips(self, asked: Asked) -> Reply:
        found = [
            (refund.at, (order, refund))
            for order in self._orders.values()
            for refund in refunds(order, self.clock.now)
        ]
        return listed("order_slips", (_slip(*one) for one in self._changed(asked, found)))

    @route("GET", "/api/order_cart_rules")
    def used(self, asked: Asked) -> Reply:
        found = [
            one for one in self._among(asked, "filter[id_order]") if _coupons(one, self._state(one))
        ]
        rows = (
            row(
                "order_cart_rule", id=order.number, id_order=order.number, id_cart_rule=70 + order.number,
                name="-", value=six(_coupons(order, self._state(order))), free_shipping=0, deleted=0,
            )
            for order in found
        )  # fmt: skip
        return listed("order_cart_rules", rows)

    @route("GET", "/api/cart_rules")
    def rules(self, asked: Asked) -> Reply:
        ids = asked.query("filter[id]").strip("[]").split("|")
        return listed("cart_rules", (row("cart_rule", id=one, code=f"CODE{one}") for one in ids))

    @route("GET", "/api/customers")
    def customers(self, asked: Asked) -> Reply:
        found = self._among(asked, "filter[id]")
        return listed(
            "customers", (row("customer", id=one.number, email=one.email) for one in found)
        )

    # ---- rows ----

    def _among(self, asked: Asked, name: str) -> list[Order]:
        ids = [int(one) for one in asked.query(name).strip("[]").split("|")]
        return [self._orders[one] for one in ids if one in self._orders]

    def _changed(self, asked: Asked, found: list[tuple[datetime, Row]]) -> list[Row]:
        if asked.query("date") != "1" or asked.query("sort") != "[date_upd_ASC,id_ASC]":
            raise Refusal(400, b"<prestashop><errors/></prestashop>")
        start, end = asked.query("filter[date_upd]").strip("[]").split(",")
        local = [(at.astimezone(ZONE).strftime(FORM), one) for at, one in found]
        among = sorted((one for one in local if start <= one[0] <= end), key=lambda one: one[0])
        first, count = map(int, asked.query("limit").split(","))
        return [one for _, one in among[first : first + count]]

    def _state(self, order: Order) -> State:
        state = order.at(self.clock.now)
        assert state is not None
        return state

    def _order(self, order: Order) -> str:
        state = self._state(order)
        rows = "".join(
            row(
                "order_row", id=order.number * 1000 + line.number, product_id=7, product_reference=line.sku,
                product_quantity=line.units, unit_price_tax_incl=six(line.price / line.units),
                unit_price_tax_excl=six(line.price / line.units / PRODUCT_TAX),
            )
            for line in state.lines
        )  # fmt: skip
        return row(
            "order",
            f"<associations><order_rows>{rows}</order_rows></associations>",
            id=order.number, id_currency=1, id_customer=order.number, current_state=STATES[state.status],
            reference=order.ref, note=f"cagnotte_click={order.click}", gift_message="",
            date_add=order.bought_at.astimezone(ZONE).strftime(FORM),
            date_upd=state.since.astimezone(ZONE).strftime(FORM), delivery_date="0000-00-00 00:00:00",
            total_products_wt=six(sum((line.price for line in state.lines), Decimal(0))),
            total_discounts_tax_incl=six(_coupons(order, state)),
            total_shipping_tax_incl=six(order.delivery),
            total_shipping_tax_excl=six(without_tax(order.delivery)[0]), total_wrapping_tax_incl="",
        )  # fmt: skip


def _coupons(order: Order, state: State) -> Decimal:
    return sum((line.coupon for line in state.lines), Decimal(0))


def kept(order: Order, state: State) -> Decimal:
    """Return what an order is worth with its delivery, less the price, before vouchers, of what came back."""
    return (
        order.delivery
        - _coupons(order, state)
        + sum((line.price - _price_back(order, state, line) for line in state.lines), Decimal(0))
    )


def _price_back(order: Order, state: State, line: Line) -> Decimal:
    if line.returned >= line.units:
        return line.price
    given = [one for refund in refunds(order, state.since) for one in refund.given]
    return sum(
        (
            (one.line.price * one.units / one.line.units).quantize(CENT, ROUND_HALF_UP)
            for one in given
            if one.line.number == line.number
        ),
        Decimal(0),
    )


def _slip(order: Order, refund: Refund) -> str:
    rows = "".join(
        row(
            "order_slip_detail", id_order_detail=order.number * 1000 + one.line.number,
            product_quantity=one.units, amount_tax_incl=six(one.line.price * one.units / one.line.units),
        )
        for one in refund.given
    )  # fmt: skip
    return row(
        "order_slip",
        f"<associations><order_slip_details>{rows}</order_slip_details></associations>",
        id=order.number * 100 + refund.number, id_order=order.number, total_shipping_tax_incl="0.000000",
        date_add=refund.at.astimezone(ZONE).strftime(FORM), date_upd=refund.at.astimezone(ZONE).strftime(FORM),
    )  # fmt: skip
