"""A shop whose customer earns and spends a cagnotte, through the public client alone; `web.py` shows its page."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple

from cagnotte_client import Cagnotte
from cagnotte_client.shapes import AmountBody, LineBody, OrderLine, Quote, ReturnedLine

SHOP, CURRENCY = "corner", "EUR"
REFUSED_CARD = "4000000000000002"


class Article(NamedTuple):
    """Something to sell."""

    name: str
    price_minor: int
    category: str

    def cost(self, units: int) -> int:
        """Return what so many of it cost, in cents."""
        return self.price_minor * units


ARTICLES = {
    "sencha": Article("Sencha tea", 12_00, "tea"),
    "cup": Article("A cup", 24_00, "china"),
    "pot": Article("A teapot", 48_00, "china"),
}
Basket = dict[str, int]  # how many of which article


@dataclass
class Order:
    """What a shop keeps of an order: its own number, and Cagnotte's ids of the purchase and the hold."""

    ref: str
    basket: Basket
    purchase_id: str
    hold_id: str | None
    returned: list[str] = field(default_factory=list)


class Shop:
    """The shop of one customer, Ana."""

    def __init__(self, cagnotte: Cagnotte) -> None:
        self.cagnotte, members = cagnotte, cagnotte.members
        self.ana = members.list(ref="ana").first() or members.create(ref="ana", name="Ana")
        self.orders: dict[str, Order] = {}

    def quote(self, basket: Basket, language: str) -> Quote:
        """Ask what a basket would earn. A page does not wait long for it."""
        quick = self.cagnotte.with_options(language=language, timeout=5, retries=0)
        return quick.quotes.create(
            merchant=SHOP, currency=CURRENCY, lines=lines(basket, {}), member_id=self.ana["id"]
        )

    def buy(self, basket: Basket, wallet_minor: int, card: str) -> str:
        """Sell a basket, of which the cagnotte pays a part: hold, charge the card, capture, tell."""
        ref, hold_id, shares = f"S-{secrets.token_hex(4)}", None, dict[str, int]()
        prices = [
            OrderLine(line=sku, amount_minor=ARTICLES[sku].cost(n)) for sku, n in basket.items()
        ]
        if wallet_minor:
            amount = AmountBody(amount_minor=wallet_minor, currency=CURRENCY)
            hold_id = self.cagnotte.holds.create(
                member_id=self.ana["id"], merchant=SHOP, order_ref=ref, amount=amount
            )["id"]
        if card == REFUSED_CARD:  # a real shop charges the rest here
            if hold_id:
                self.cagnotte.holds.release(hold_id)
            return "The bank refused the card. Nothing was taken from your cagnotte."
        if hold_id:
            taken = self.cagnotte.holds.capture(hold_id, lines=prices)["capture"]
            shares = {one["line"]: one["share_minor"] for one in taken["lines"]} if taken else {}
        # A real shop has kept the order by now, and tells of it again until it is known.
        purchase = self.cagnotte.purchases.create(
            merchant=SHOP,
            currency=CURRENCY,
            order_ref=ref,
            member_id=self.ana["id"],
            occurred_at=datetime.now(UTC).isoformat(),  # noqa: TID251 - the moment of the sale
            lines=lines(basket, shares),
        )
        if purchase["object"] != "purchase":
            return purchase["detail"]  # nobody's yet; never so when the customer is named
        self.orders[ref] = Order(ref, basket, purchase["id"], hold_id)
        return f"Thank you! This order earns {euros(purchase['reward']['amount_minor'])}."

    def ship(self, order: Order) -> str:
        """Send the parcel: the order is confirmed, and what it earned is the customer's after the delay."""
        self.cagnotte.purchases.confirm(order.purchase_id)
        return f"Order {order.ref} is on its way."

    def refund(self, order: Order, sku: str) -> str:
        """Take an article back: what the cagnotte paid of it returns, and what it earned goes. Safe to repeat."""
        numbers = {name: number for number, name in enumerate(order.basket, start=1)}
        if order.hold_id:
            line = OrderLine(line=sku, amount_minor=ARTICLES[sku].cost(order.basket[sku]))
            self.cagnotte.holds.refund(
                order.hold_id, refund_ref=f"{order.ref}-{numbers[sku]}", lines=[line]
            )
        order.returned = sorted({*order.returned, sku}, key=numbers.__getitem__)
        back = [  # all that came back so far, not only what comes back now
            ReturnedLine(number=numbers[name], quantity=n, amount_minor=ARTICLES[name].cost(n))
            for name, n in order.basket.items()
            if name in order.returned
        ]
        self.cagnotte.purchases.return_(order.purchase_id, lines=back)
        return f"{ARTICLES[sku].name} of order {order.ref} came back."


def lines(basket: Basket, shares: dict[str, int]) -> list[LineBody]:
    """Return a basket as Cagnotte reads it. shares: what the cagnotte paid of each article, in cents."""
    return [
        LineBody(
            sku=sku,
            quantity=units,
            amount_minor=ARTICLES[sku].cost(units),
            wallet_minor=shares.get(sku, 0),
            category=ARTICLES[sku].category,
        )
        for sku, units in basket.items()
    ]


def euros(minor: int) -> str:
    """Write cents as a price."""
    return f"{minor // 100}.{minor % 100:02d} €"
