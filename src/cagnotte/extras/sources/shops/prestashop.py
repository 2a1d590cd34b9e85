"""PrestaShop: orders and their credit slips, asked for by their last change, or told by our module in the shop.

The webservice answers in XML. An order names the number of its state, its currency, its customer and its vouchers; what
these numbers mean is asked with every page of orders, and all answers of a page are kept together in one `<page>`, so
that it can be read again without the shop. A basket that the shop splits becomes several orders under one reference:
they are one purchase. PrestaShop has no webhooks; the module in `integrations/prestashop` writes the same pages, and
signs them. Times are the shop's own, without offset; amounts have six decimals, an empty one is not zero,
and a date that is not set is 0000-00-00.

PrestaShop webservice; https://devdocs.prestashop-project.org/9/webservice/.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from lxml import etree

from cagnotte.domain.purchases import Validation
from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import standing, sweeps, traces
from cagnotte.extras.sources.shops.amounts import (
    NOTHING,
    Kept,
    part,
    rounded,
    spread,
    units,
    whole_return,
    with_price_back,
)
from cagnotte.hooks import reading, signing
from cagnotte.hooks.reading import Misread, decimal, text
from cagnotte.hooks.sources import (
    Incoming,
    Message,
    Moment,
    Pace,
    Piece,
    Polled,
    Proof,
    PurchaseReport,
    Read,
    Reception,
    ReportLine,
    Setting,
    SourceContext,
    SourceFailed,
    SourceKind,
    SourcePlugin,
    UnknownWord,
    Vocabulary,
    Waiting,
)
from cagnotte.hooks.specs import hookimpl

PER_PAGE = 20
AGAIN = timedelta(hours=2)
"""Clocks that go back repeat an hour, and what changed in it seems to have changed before."""
FAR = "2099-12-31 23:59:59"
FORM = "%Y-%m-%d %H:%M:%S"
NO_DATE = "0000-00-00"
PAID_RULE = "CAGNOTTE-"
"""How the codes of cart rules begin that carry what a cagnotte pays: a payment, no discount."""

ADDRESSES = {"order_slips": "order_slip"}
"""Where rows are asked for under another name than they are told."""

UNPAID = frozenset({"unpaid"})
WORDS_IN_ORDER = ("unpaid", "paid", "completed")
"""Of several orders of one basket the one that is least far decides."""

ORDER_FIELDS = (
    "id", "reference", "date_add", "date_upd", "total_products_wt", "total_discounts_tax_incl",
    "total_shipping_tax_incl", "total_shipping_tax_excl", "total_wrapping_tax_incl",
)  # fmt: skip
ROW_FIELDS = (
    "id", "product_id", "product_reference", "product_quantity", "unit_price_tax_incl", "unit_price_tax_excl",
)  # fmt: skip


class PrestaShop(SourcePlugin):
    """Orders of a PrestaShop shop; see the module."""

    name = "prestashop"
    title = "PrestaShop"
    kind = SourceKind.SHOP
    proof = Proof.OFFICIAL
    settings = (
        Setting("api_url", "The address of the shop, such as https://shop.example."),
        Setting(
            "webservice_key",
            "A key of the webservice that may read; for vouchers, write cart rules.",
            secret=True,
        ),
        Setting("webhook_secret", "The secret for orders that the module has, too.", secret=True),
        Setting("completed_states", "Numbers of the states of a finished order.", default="5"),
        Setting("cancelled_states", "Numbers of the states of a cancelled one.", default="6,8"),
        Setting("refunded_states", "Numbers of the states of a refunded one.", default="7"),
        standing.confirm_on("completed"),
        sweeps.HISTORY,
        *traces.SETTINGS,
    )
    vocabulary = Vocabulary(
        {
            "unpaid": Validation.PENDING,
            "paid": Validation.PENDING,
            "completed": Validation.CONFIRMED,
            "cancelled": Validation.DECLINED,
            "refunded": Validation.DECLINED,
        },
        {"cancelled": "cancelled", "refunded": "returned"},
    )
    pace = Pace(20, 10)
    polls = True
    receives = True

    # ---- the module in the shop ----

    def verify_signature(self, incoming: Incoming, context: SourceContext) -> bool:
        """Check the three headers of Standard Webhooks over the raw body."""
        secrets = context.secrets.get("webhook_secret", ())
        signing.check_standard(incoming.headers, incoming.body, secrets, context.now)
        return True

    def receive(self, incoming: Incoming, context: SourceContext, *, signed: bool) -> Reception:
        """Keep a page of orders, or of credit slips; a repeat has the same id."""
        slips = parsed(incoming.body).find("./*/order_slips") is not None
        topic = "order_slips" if slips else "orders"
        return Reception([Message(incoming.body, topic, incoming.headers.get("webhook-id", ""))])

    # ---- asking the shop ----

    def poll(self, context: SourceContext, cursor: Mapping[str, Any]) -> Iterator[Polled]:
        """Ask for orders by their last change, with what their numbers mean; then for credit slips.

        Without a key nothing is asked: the module tells.
        """
        if not context.secrets.get("webservice_key"):
            return
        common = [
            self._get(context, "order_states", [("display", "full")]),
            self._get(context, "currencies", [("display", "[id,iso_code]")]),
        ]

        def orders(since: datetime, number: int) -> sweeps.Page:
            found, changed = self._changed(context, "orders", since, number)
            about = self._about(context, found) if changed else []
            return sweeps.Page(
                [_page([found, *common, *about], "orders")], changed, len(changed) == PER_PAGE
            )

        def slips(since: datetime, number: int) -> sweeps.Page:
            found, changed = self._changed(context, "order_slips", since, number)
            of = _ids(found, "id_order")
            named = [self._get(context, "orders", _among(of, "[id,reference]"))] if of else []
            return sweeps.Page(
                [_page([found, *named], "order_slips")], changed, len(changed) == PER_PAGE
            )

        known: Mapping[str, Any] = cursor
        for name, ask in (("since", orders), ("slips", slips)):
            start = sweeps.since(context, known, again=AGAIN, name=name)
            for page in sweeps.sweep(start, known, ask, name=name):
                yield page
                known = page.cursor

    def _changed(
        self, context: SourceContext, what: str, since: datetime, number: int
    ) -> tuple[etree._Element, list[datetime]]:
        """Return a page of what changed, and when each of it did."""
        local = since.astimezone(context.zone).strftime(FORM)
        found = self._get(
            context,
            what,
            [
                ("display", "full"),
                ("filter[date_upd]", f"[{local},{FAR}]"),
                ("date", "1"),
                ("sort", "[date_upd_ASC,id_ASC]"),
                ("limit", f"{(number - 1) * PER_PAGE},{PER_PAGE}"),
            ],
        )
        rows = [_fields(row) for row in found.iterfind("./*/*")]
        return found, [_moment(row, "date_upd", context).utc for row in rows]

    def _about(self, context: SourceContext, orders: etree._Element) -> list[etree._Element]:
        """Return who bought, and which vouchers were used."""
        customers = _ids(orders, "id_customer")
        rules = self._get(
            context, "order_cart_rules", _among(_ids(orders, "id"), "full", "id_order")
        )
        used = _ids(rules, "id_cart_rule")
        found = [self._get(context, "customers", _among(customers, "[id,email]")), rules]
        if used:
            found.append(self._get(context, "cart_rules", _among(used, "[id,code]")))
        return found

    def _get(
        self, context: SourceContext, what: str, params: Sequence[tuple[str, str]]
    ) -> etree._Element:
        answer = context.calls().request(
            "GET",
            f"{asking.api_url(context)}/api/{ADDRESSES.get(what, what)}",
            params=params,
            basic=(context.secret("webservice_key"), ""),
        )
        try:
            found = parsed(asking.accepted(answer, self.title))
        except Misread:
            raise SourceFailed(f"{self.title} answered something else than XML.") from None
        if found.find(what) is None:
            raise SourceFailed(f"{self.title} answered, but told no {what}.")
        return found

    # ---- what messages say ----

    def parse(self, message: Message, context: SourceContext) -> Iterable[Read]:
        """Return the pieces of a page: its orders, or its credit slips."""
        page = parsed(message.body)
        if message.topic == "order_slips":
            references = {row["id"]: row.get("reference", "") for row in _rows(page, "orders")}
            slips = page.iterfind("./*/order_slips/*")
            yield from sweeps.each(
                slips,
                lambda node: [_slip(node, references, context)],
                lambda node: node.findtext("id_order", ""),
            )
            return
        meanings = _Meanings(page, context)
        orders = page.iterfind("./*/orders/*")
        yield from sweeps.each(
            orders,
            lambda node: self._order(node, meanings, context),
            lambda node: node.findtext("id", ""),
        )

    def _order(
        self, node: etree._Element, meanings: "_Meanings", context: SourceContext
    ) -> list[Piece]:
        piece = _order(node, meanings, context)
        return [piece, *standing.refusal(piece, self.vocabulary, piece.data["word"])]

    # ---- how a purchase stands ----

    def fold(
        self, object_id: str, pieces: Mapping[str, Mapping[str, Any]], context: SourceContext
    ) -> PurchaseReport | Waiting:
        """Return the orders of one reference as one purchase, their credit slips taken off."""
        orders = [piece for key, piece in pieces.items() if key.startswith("order:")]
        if not orders:
            return Waiting("order_unknown", "Only a credit slip of this order is known yet.")
        orders.sort(key=lambda one: reading.whole(one, "id"))
        if not any(order["rows"] for order in orders):
            return Waiting("no_lines", "The order holds no articles yet.")
        slips = [piece for key, piece in pieces.items() if key.startswith("slip:")]
        first, currency = orders[0], text(orders[0], "currency", length_max=3)
        words = [text(order, "word") for order in orders]
        alive = [word for word in words if word in WORDS_IN_ORDER]
        word = min(alive, key=WORDS_IN_ORDER.index) if alive else words[0]
        kept = [
            _kept(order, slips, currency, gone=bool(alive) and order["word"] not in alive)
            for order in orders
        ]
        status = standing.standing_of(
            word,
            self.vocabulary,
            context,
            unpaid=UNPAID,
            passed=("paid",) if word == "completed" else (),
            refused=standing.was_refused(pieces),
        )
        lines = [line for one in kept for line in one.lines]
        codes = sorted({code for order in orders for code in order["codes"]})
        return PurchaseReport(
            order_ref=text(first, "reference", length_max=100),
            occurred_at=_moment(first, "date_add", context),
            currency=currency,
            lines=[whole_return(line) for line in lines] if word == "refunded" else lines,
            delivery=sum((one.delivery for one in kept), NOTHING),
            delivery_tax=sum((one.delivery_tax for one in kept), NOTHING),
            status=status,
            native_status=word,
            reason=self.vocabulary.reason(word) if status is Validation.DECLINED else "",
            traces=traces.traces_of(
                context, first["fields"], codes=codes, email=text(first, "email", default="")
            ),
            coupon_codes=tuple(codes),
            updated_at=max(_moment(order, "date_upd", context).utc for order in orders),
        )


# ---- XML ----


def parsed(body: bytes) -> etree._Element:
    """Return the root of an answer or a page. Raises Misread."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        return etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise Misread("The message is no XML.") from None


def _page(answers: Sequence[etree._Element], topic: str) -> Message:
    """Put answers that belong together into one message."""
    page = b"".join(etree.tostring(answer) for answer in answers)
    return Message(b"<page>" + page + b"</page>", topic)


def _fields(node: etree._Element) -> dict[str, str]:
    """Return the texts of a node's children by their names; a date that is not set is empty."""
    found = {
        child.tag: (child.text or "").strip() for child in node.iterchildren("*") if not len(child)
    }
    return {name: "" if told.startswith(NO_DATE) else told for name, told in found.items()}


def _rows(page: etree._Element, what: str) -> list[dict[str, str]]:
    rows = [_fields(node) for node in page.iterfind(f"./*/{what}/*")]
    for row in rows:
        text(row, "id")
    return rows


def _ids(answer: etree._Element, name: str) -> list[str]:
    """Return the numbers under a name in the rows of an answer, each once."""
    found = {(row.findtext(name) or "").strip() for row in answer.iterfind("./*/*")}
    return sorted((one for one in found if one.isdecimal() and one != "0"), key=int)


def _among(ids: Sequence[str], display: str, name: str = "id") -> list[tuple[str, str]]:
    return [("display", display), (f"filter[{name}]", f"[{'|'.join(ids) or 0}]")]


def _moment(row: Mapping[str, Any], name: str, context: SourceContext) -> Moment:
    return reading.moment(row.get(name) or row.get("date_add"), name, context.zone, form=FORM)


# ---- pieces ----


def numbers(settings: Mapping[str, str], name: str) -> set[str]:
    """Return the numbers of states that a person filled in."""
    return {one.strip() for one in settings[name].split(",")}


class _Meanings:
    """What the numbers in the orders of a page mean."""

    def __init__(self, page: etree._Element, context: SourceContext) -> None:
        self.paid = {row["id"]: row.get("paid") == "1" for row in _rows(page, "order_states")}
        self.currencies = {row["id"]: row.get("iso_code", "") for row in _rows(page, "currencies")}
        self.emails = {row["id"]: row.get("email", "") for row in _rows(page, "customers")}
        codes = {row["id"]: row.get("code", "") for row in _rows(page, "cart_rules")}
        self.codes: dict[str, list[str]] = {}
        self.free_delivery: dict[str, Decimal] = {}
        self.wallet: dict[str, Decimal] = {}
        for row in _rows(page, "order_cart_rules"):
            order, code = text(row, "id_order"), codes.get(row.get("id_cart_rule", ""), "")
            if row.get("deleted") == "1":
                continue
            if code.startswith(PAID_RULE):
                self.wallet[order] = self.wallet.get(order, NOTHING) + decimal(row, "value")
            elif code:
                self.codes.setdefault(order, []).append(code)
            if row.get("free_shipping") == "1":
                before = self.free_delivery.get(order, NOTHING)
                self.free_delivery[order] = before + decimal(row, "value")
        self._settings = context.settings

    def word(self, state: str) -> str:
        """Return our word for a state: as the person named its number, else by its flag. Raises UnknownWord."""
        for word in ("completed", "cancelled", "refunded"):
            if state in numbers(self._settings, f"{word}_states"):
                return word
        if state not in self.paid:
            raise UnknownWord(f"The shop lists no state “{state}” of orders.", word=state)
        return "paid" if self.paid[state] else "unpaid"


def _order(node: etree._Element, meanings: _Meanings, context: SourceContext) -> Piece:
    told = _fields(node)
    number = text(told, "id")
    data = {
        **{name: told.get(name, "") for name in ORDER_FIELDS},
        "word": meanings.word(text(told, "current_state")),
        "currency": meanings.currencies.get(text(told, "id_currency"), ""),
        "email": meanings.emails.get(told.get("id_customer", ""), ""),
        "codes": meanings.codes.get(number, []),
        "free_delivery": meanings.free_delivery.get(number, NOTHING),
        "wallet": meanings.wallet.get(number, NOTHING),
        "fields": _noted(told, context),
        "rows": [
            {name: one.get(name, "") for name in ROW_FIELDS}
            for one in map(_fields, node.iterfind("./associations/order_rows/*"))
        ],
    }
    version = _moment(told, "date_upd", context).utc
    return Piece(text(told, "reference"), f"order:{number}", reading.plain(data), version)


def _noted(told: Mapping[str, str], context: SourceContext) -> dict[str, str]:
    """Return what a module of the shop wrote for us into the order's note or gift message, as “name=value”."""
    notes = f"{told.get('note', '')} {told.get('gift_message', '')}"
    names = (context.settings["click_field"], context.settings["member_field"])
    found = {name: re.search(rf"\b{re.escape(name)}\s*[=:]\s*([\w-]+)", notes) for name in names}
    return {name: match[1] for name, match in found.items() if match}


def _slip(node: etree._Element, references: Mapping[str, str], context: SourceContext) -> Piece:
    told = _fields(node)
    order, number = text(told, "id_order"), text(told, "id")
    if not references.get(order):
        raise Misread(
            f"The credit slip {number} is of order {order}, which the shop does not tell."
        )
    data = {
        "order": order,
        "shipping": told.get("total_shipping_tax_incl", ""),
        "rows": [
            {name: one.get(name, "") for name in ("id_order_detail", "product_quantity", "amount_tax_incl")}
            for one in map(_fields, node.iterfind("./associations/order_slip_details/*"))
        ],
    }  # fmt: skip
    return Piece(references[order], f"slip:{number}", data, _moment(told, "date_upd", context).utc)


# ---- amounts ----


def _kept(
    order: Mapping[str, Any], slips: Sequence[Mapping[str, Any]], currency: str, *, gone: bool
) -> Kept:
    """Return what is left of one order. gone: it was called off, while another of its basket was not."""
    lines = _lines(order, currency)
    if gone:
        return Kept([whole_return(line) for line in lines], NOTHING, NOTHING, NOTHING)
    prices: dict[int, tuple[int, Decimal]] = {}
    shipping = NOTHING
    for slip in slips:
        if slip["order"] != order["id"]:
            continue
        shipping += rounded(decimal(slip, "shipping", default=NOTHING), currency)
        for row in slip["rows"]:
            number = reading.whole(row, "id_order_detail")
            quantity, price = prices.get(number, (0, NOTHING))
            prices[number] = (
                quantity + units(row, "product_quantity"),
                price + rounded(decimal(row, "amount_tax_incl"), currency),
            )
    back = [prices.get(line.number, (0, NOTHING)) for line in lines]
    kept = [
        with_price_back(line, quantity=quantity, price=price)
        for line, (quantity, price) in zip(lines, back, strict=True)
    ]
    charged, tax = _delivery(order, currency)
    left = max(charged - max(shipping, NOTHING), NOTHING)
    return Kept(kept, left, part(tax, left, charged, currency), NOTHING)


def _lines(order: Mapping[str, Any], currency: str) -> list[ReportLine]:
    rows = order["rows"]
    exact = [decimal(row, "unit_price_tax_incl") * units(row, "product_quantity") for row in rows]
    total = rounded(decimal(order, "total_products_wt"), currency)
    amounts = spread(total, exact, currency, "total_products_wt")
    paid = rounded(decimal(order, "wallet", default=NOTHING), currency)
    discount = rounded(decimal(order, "total_discounts_tax_incl", default=NOTHING), currency) - paid
    off = min(discount - _off_delivery(order, currency), total)
    discounts = spread(max(off, NOTHING), amounts, currency, "total_discounts_tax_incl")
    worth = [amount - taken for amount, taken in zip(amounts, discounts, strict=True)]
    # A cart rule pays articles alone.
    wallets = spread(min(paid, sum(worth, NOTHING)), worth, currency, "wallet")
    return [
        ReportLine(
            reading.whole(row, "id"),
            text(row, "product_reference", default="") or text(row, "product_id", default=""),
            units(row, "product_quantity"),
            amount,
            taken,
            _tax(row, amount, taken, currency),
            wallet,
        )
        for row, amount, taken, wallet in zip(rows, amounts, discounts, wallets, strict=True)
    ]


def _tax(row: Mapping[str, Any], amount: Decimal, discount: Decimal, currency: str) -> Decimal:
    """Return the tax in what was paid for a line."""
    without = decimal(row, "unit_price_tax_excl", default=decimal(row, "unit_price_tax_incl"))
    tax = (decimal(row, "unit_price_tax_incl") - without) * units(row, "product_quantity")
    return part(rounded(tax, currency), amount - discount, amount, currency)


def _off_delivery(order: Mapping[str, Any], currency: str) -> Decimal:
    """Return the part of the vouchers that paid the delivery: those that make it free count its price among them."""
    charged = rounded(decimal(order, "total_shipping_tax_incl", default=NOTHING), currency)
    return min(rounded(decimal(order, "free_delivery"), currency), charged)


def _delivery(order: Mapping[str, Any], currency: str) -> tuple[Decimal, Decimal]:
    """Return what the delivery cost, gift wrapping with it, and the tax in the delivery."""
    charged = rounded(decimal(order, "total_shipping_tax_incl", default=NOTHING), currency)
    without = rounded(decimal(order, "total_shipping_tax_excl", default=charged), currency)
    wrapping = rounded(decimal(order, "total_wrapping_tax_incl", default=NOTHING), currency)
    left = charged - _off_delivery(order, currency)
    return left + wrapping, part(charged - without, left, charged, currency)


@hookimpl
def sources() -> list[SourcePlugin]:
    """Bring PrestaShop."""
    return [PrestaShop()]
