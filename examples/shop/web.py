"""The page of the sample shop, with the standard library's web server.

Run it: CAGNOTTE_KEY=cag_test_sk_… python examples/shop/web.py, and open http://127.0.0.1:8001/.
"""

import os
import sys
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from string import Template
from urllib.parse import parse_qsl, urlencode

from cagnotte_client import Cagnotte, CagnotteError, Problem
from shop import ARTICLES, Basket, Order, Shop, euros

PAGE = Template(Path(__file__).with_name("page.html").read_text(encoding="utf-8"))
UNITS_MAX = 99


class Handler(BaseHTTPRequestHandler):
    """One page: articles, what the basket earns, the customer's cagnotte and orders."""

    shop: Shop
    said = ""

    def do_GET(self) -> None:
        """Show the page; the basket stands in the address."""
        path, _, query = self.path.partition("?")
        if path != "/":
            self.answer(404, "There is nothing here.")
            return
        said, type(self).said = self.said, ""
        self.answer(200, self.page(basket_of(dict(parse_qsl(query))), said))

    def do_POST(self) -> None:
        """Do what a button says, then show the page."""
        length = int(self.headers.get("Content-Length") or 0)
        sent = dict(parse_qsl(self.rfile.read(length).decode()))
        if self.path == "/quote":
            self.answer(303, "", Location=f"/?{urlencode(basket_of(sent))}")
            return
        try:
            type(self).said = self.act(self.path, sent)
        except Problem as problem:
            type(self).said = problem.detail
        except KeyError:
            type(self).said = "There is no such order or article."
        self.answer(303, "", Location="/")

    def act(self, path: str, sent: dict[str, str]) -> str:
        """Do it; return what to tell the customer. Raises KeyError for an order that is not there."""
        if path == "/buy":
            basket = basket_of(sent)
            if not basket:
                return "The basket is empty."
            return self.shop.buy(basket, cents(sent.get("wallet", "")), sent.get("card", ""))
        order = self.shop.orders[sent["order"]]
        if path == "/ship":
            return self.shop.ship(order)
        return self.shop.refund(order, sent["article"])

    def page(self, basket: Basket, said: str) -> str:
        """Return the page."""
        cagnotte = self.shop.cagnotte.cagnottes.get(self.shop.ana["cagnotte_id"])
        return PAGE.substitute(
            available=euros(cagnotte["available"]["amount_minor"]),
            confirmed=euros(cagnotte["confirmed"]["amount_minor"]),
            pending=euros(cagnotte["pending"]["amount_minor"]),
            said=f'<p class="said" role="status">{escape(said)}</p>' if said else "",
            articles="".join(article(sku, basket.get(sku, 0)) for sku in ARTICLES),
            quote=self.quote(basket) if basket else "",
            orders="".join(self.order(one) for one in reversed(self.shop.orders.values()))
            or "<p>None yet.</p>",
        )

    def quote(self, basket: Basket) -> str:
        """Say what a basket earns; a shop sells without it too."""
        try:
            found = self.shop.quote(basket, self.headers.get("Accept-Language", "en"))
        except CagnotteError:
            return ""
        steps = "".join(
            f"<li>{euros(one['missing']['amount_minor'])} more, and it earns "
            f"{euros(one['extra_reward']['amount_minor'])} more: {escape(one['name'])}</li>"
            for one in found["next_steps"]
        )
        earned = euros(found["reward"]["amount_minor"])
        return f'<div class="earns"><p>This basket earns <b>{earned}</b>.</p><ul>{steps}</ul></div>'

    def order(self, order: Order) -> str:
        """Show an order as Cagnotte knows it."""
        known = self.shop.cagnotte.purchases.get(order.purchase_id)
        hidden = f'<input type="hidden" name="order" value="{order.ref}">'
        ship = f'<form method="post" action="/ship">{hidden}<button>Ship</button></form>'
        refunds = "".join(
            f'<form method="post" action="/refund">{hidden}<button name="article" value="{sku}">'
            f"Take back: {units} × {escape(ARTICLES[sku].name)}</button></form>"
            for sku, units in order.basket.items()
            if sku not in order.returned
        )
        return (
            f"<article><h3>{order.ref}</h3><p>{euros(known['amount']['amount_minor'])}, {known['state']}, earns "
            f"<b>{euros(known['reward']['amount_minor'])}</b></p>"
            f"{ship if known['state'] == 'pending' else ''}{refunds}</article>"
        )

    def answer(self, status: int, text: str, **headers: str) -> None:
        """Send an answer."""
        body = text.encode()
        self.send_response(status)
        for name, value in {"Content-Type": "text/html; charset=utf-8", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


def article(sku: str, units: int) -> str:
    """Show an article, and how many of it are in the basket."""
    one = ARTICLES[sku]
    return (
        f"<label><span>{escape(one.name)}</span><span>{euros(one.price_minor)}</span>"
        f'<input type="number" name="{sku}" min="0" max="{UNITS_MAX}" value="{units}"></label>'
    )


def basket_of(sent: dict[str, str]) -> Basket:
    """Return what a form says of the basket; what is no number is none."""
    units = {sku: sent.get(sku, "") for sku in ARTICLES}
    return {
        sku: min(int(text), UNITS_MAX)
        for sku, text in units.items()
        if text.isascii() and text.isdecimal() and int(text[:3])
    }


def cents(text: str) -> int:
    """Return an amount that a customer typed, in cents; 0 for what is none."""
    whole, _, part = text.strip().replace(",", ".").partition(".")
    digits = (whole or "0") + part.ljust(2, "0")
    return int(digits) if digits.isascii() and digits.isdecimal() and len(part) <= 2 else 0  # noqa: PLR2004


def main() -> None:
    """Serve the shop until Ctrl-C."""
    key = os.environ.get("CAGNOTTE_KEY")
    if not key:
        sys.exit(
            "Name a key of the sandbox: CAGNOTTE_KEY=cag_test_sk_… python examples/shop/web.py"
        )
    with Cagnotte(key, os.environ.get("CAGNOTTE_URL", "http://127.0.0.1:8000")) as cagnotte:
        Handler.shop = Shop(cagnotte)
        server = ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("PORT", "8001"))), Handler)
        sys.stdout.write(f"The shop is open: http://127.0.0.1:{server.server_port}/\n")
        sys.stdout.flush()
        server.serve_forever()


if __name__ == "__main__":
    main()
