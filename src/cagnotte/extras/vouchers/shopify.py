"""Shopify: a voucher is store credit of a customer, a gift card, or a discount code, told by GraphQL.

Store credit is found again by when it expires: in the last hour of its last day, at a second that is drawn from the
voucher's id, for nothing else of ours can be written there. A gift card's code cannot be read back; its note can. A
discount code says which voucher it is in its title. Gift cards and codes are in the shop's own currency.

Scopes: write_store_credit_account_transactions, write_gift_cards, write_discounts with read_orders. Admin API 2025-10;
https://shopify.dev/docs/api/admin-graphql/2025-10/mutations/storeCreditAccountCredit, …/giftCardCreate and
…/discountCodeBasicCreate.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import graphql
from cagnotte.extras.sources.shops.shopify import signed_in
from cagnotte.extras.vouchers import answers
from cagnotte.hooks import reading
from cagnotte.hooks.sources import SourceContext
from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.vouchers import (
    Can,
    Form,
    ShopStanding,
    ShopUse,
    ShopVoucher,
    VoucherShop,
    Whose,
)

PER_PAGE = 50
SECONDS_DRAWN = 3_600
"""Store credit ends in the last hour of its day."""

_CUSTOMER = re.compile(r"(?:gid://shopify/Customer/)?([0-9]{1,20})", re.ASCII)

CREDITED = """query($id: ID!) {
  customer(id: $id) {
    storeCreditAccounts(first: 20) { nodes {
      transactions(first: 100, reverse: true) { nodes {
        __typename
        ... on StoreCreditAccountCreditTransaction { id expiresAt amount { amount currencyCode } }
      } }
    } }
  }
}"""
CREDIT = """mutation($id: ID!, $creditInput: StoreCreditAccountCreditInput!) {
  storeCreditAccountCredit(id: $id, creditInput: $creditInput) {
    storeCreditAccountTransaction { id }
    userErrors { field message }
  }
}"""
CARDS = """query($query: String!) {
  shop { currencyCode }
  giftCards(first: 50, query: $query) { nodes { id note } }
}"""
CARD = """mutation($input: GiftCardCreateInput!) {
  giftCardCreate(input: $input) { giftCard { id } userErrors { field message } }
}"""
CARD_NOW = """query($ids: [ID!]!) {
  nodes(ids: $ids) { ... on GiftCard { id initialValue { amount } balance { amount } } }
}"""
CARD_OFF = """mutation($id: ID!) {
  giftCardDeactivate(id: $id) { giftCard { id } userErrors { field message } }
}"""
CODED = """query($code: String!) {
  shop { currencyCode }
  codeDiscountNodeByCode(code: $code) {
    id codeDiscount { ... on DiscountCodeBasic { title } }
  }
}"""
CODE = """mutation($basicCodeDiscount: DiscountCodeBasicInput!) {
  discountCodeBasicCreate(basicCodeDiscount: $basicCodeDiscount) {
    codeDiscountNode { id } userErrors { field message }
  }
}"""
CODE_OFF = """mutation($id: ID!) {
  discountCodeDeactivate(id: $id) { codeDiscountNode { id } userErrors { field message } }
}"""
ORDERS = """query($query: String!, $first: Int!, $after: String) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    pageInfo { hasNextPage endCursor }
    nodes {
      name processedAt cancelledAt
      lineItems(first: 250) { nodes { discountAllocations {
        allocatedAmountSet { shopMoney { amount } }
        discountApplication { ... on DiscountCodeApplication { code } }
      } } }
    }
  }
}"""


class ShopifyVouchers(VoucherShop):
    """Store credit, gift cards and discount codes of a Shopify shop; see the module."""

    name = "shopify"
    title = "Shopify"
    read_at_once = 10
    forms: Mapping[Form, Can] = {
        Form.GIFT_CARD: Can(keeps_rest=True, whose=Whose.MAY, customer_is="the customer's number"),
        Form.CODE: Can(
            minimum_basket=True,
            first_day=True,
            whose=Whose.MAY,
            customer_is="the customer's number",
        ),
        Form.CREDIT: Can(whose=Whose.MUST, customer_is="the customer's number"),
    }

    # ---- issuing ----

    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Credit the customer, or make the gift card or code, unless it is there."""
        shop = _Shop(context, self.title)
        if voucher.form is Form.CREDIT:
            return _credited(shop, voucher) or _credit(shop, voucher)
        make = _card if voucher.form is Form.GIFT_CARD else _code
        native_id, currency = _known(shop, voucher)
        if native_id:
            return _made(voucher, native_id)
        if currency != voucher.currency:
            raise answers.refused(
                self.title, f"the shop is in {currency}, the voucher in {voucher.currency}"
            )
        return _made(voucher, make(shop, voucher))

    # ---- reading ----

    def read(
        self, context: SourceContext, vouchers: Sequence[ShopVoucher], since: datetime
    ) -> Mapping[str, ShopStanding]:
        """Ask for the balance of gift cards, and for the orders that discount codes were used for."""
        shop = _Shop(context, self.title)
        cards = [one for one in vouchers if one.form is Form.GIFT_CARD]
        codes = [one for one in vouchers if one.form is Form.CODE]
        found = _balances(shop, cards) if cards else {}
        for voucher in codes:
            found[voucher.id] = ShopStanding(
                voucher.native_id, uses=list(_uses(shop, voucher, since))
            )
        return found

    # ---- calling off ----

    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Deactivate the gift card or code; credit stays."""
        shop = _Shop(context, self.title)
        if voucher.form is Form.CREDIT:
            return _credited(shop, voucher)
        native_id = voucher.native_id or _known(shop, voucher)[0]
        if not native_id:
            return None
        if voucher.form is Form.GIFT_CARD:
            shop.change(CARD_OFF, {"id": native_id}, "giftCardDeactivate")
            return _balances(shop, [replace(voucher, native_id=native_id)]).get(voucher.id)
        shop.change(CODE_OFF, {"id": native_id}, "discountCodeDeactivate")
        return ShopStanding(native_id, uses=list(_uses(shop, voucher, voucher.starts_at)))


class _Shop:
    """Asks one shop by GraphQL."""

    def __init__(self, context: SourceContext, title: str) -> None:
        version = asking.setting(context, "api_version")
        self._url = f"{asking.api_url(context)}/admin/api/{version}/graphql.json"
        self._headers = signed_in(context)
        self._context = context
        self.title = title

    def ask(self, query: str, variables: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the data of an answer. Raises SourceBusy, SourceFailed."""
        answer = graphql.ask(
            self._context, self.title, self._url, query, variables, headers=self._headers
        )
        return graphql.data(answer, self.title)

    def change(self, mutation: str, variables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        """Return what a mutation answers. Raises ShopRefused for the errors that it lists."""
        told = self.ask(mutation, variables)
        answers.user_errors(told, f"{name}.userErrors", self.title)
        return asking.mapped(told.get(name), self.title)


def _made(voucher: ShopVoucher, native_id: str) -> ShopStanding:
    code = voucher.plain_code if voucher.form is Form.GIFT_CARD else ""
    return ShopStanding(native_id, code)


# ---- store credit ----


def _customer_id(voucher: ShopVoucher, title: str) -> str:
    """Return the customer's global id. Raises ShopRefused for what is none."""
    found = _CUSTOMER.fullmatch(voucher.customer)
    if not found:
        raise answers.refused(title, f"“{voucher.customer[:40]}” is no number of a customer")
    return f"gid://shopify/Customer/{found[1]}"


def expires_at(voucher: ShopVoucher) -> datetime:
    """Return when the credit of a voucher ends: at a second of its last hour that is its own."""
    drawn = int.from_bytes(sha256(voucher.id.encode()).digest()[:8], "big") % SECONDS_DRAWN
    return voucher.ends_at - timedelta(seconds=1 + drawn)


def _credited(shop: _Shop, voucher: ShopVoucher) -> ShopStanding | None:
    told = shop.ask(CREDITED, {"id": _customer_id(voucher, shop.title)})
    if told.get("customer") is None:
        raise answers.refused(shop.title, "it has no such customer")
    ends = expires_at(voucher)
    for account in reading.objects(
        reading.dig(told, "customer.storeCreditAccounts.nodes"), "storeCreditAccounts"
    ):
        for one in reading.objects(reading.dig(account, "transactions.nodes"), "transactions"):
            if (
                reading.text(one, "__typename") == "StoreCreditAccountCreditTransaction"
                and one.get("expiresAt")
                and reading.moment(one["expiresAt"], "expiresAt", None).utc == ends
                and reading.decimal(one, "amount.amount") == voucher.amount
                and reading.text(one, "amount.currencyCode") == voucher.currency
            ):
                return ShopStanding(reading.text(one, "id"))
    return None


def _credit(shop: _Shop, voucher: ShopVoucher) -> ShopStanding:
    told = shop.change(
        CREDIT,
        {
            "id": _customer_id(voucher, shop.title),
            "creditInput": {
                "creditAmount": {
                    "amount": str(voucher.amount),
                    "currencyCode": voucher.currency,
                },
                "expiresAt": _written(expires_at(voucher)),
            },
        },
        "storeCreditAccountCredit",
    )
    return ShopStanding(reading.text(told, "storeCreditAccountTransaction.id"))


# ---- gift cards and codes ----


def _known(shop: _Shop, voucher: ShopVoucher) -> tuple[str, str]:
    """Return the shop's id of a gift card or code, "" when there is none yet, and the shop's currency."""
    if voucher.form is Form.GIFT_CARD:
        told = shop.ask(CARDS, {"query": voucher.plain_code[-4:].lower()})
        cards = reading.objects(reading.dig(told, "giftCards.nodes"), "giftCards")
        found = [one for one in cards if reading.text(one, "note", default="") == voucher.remark]
        native_id = reading.text(found[0], "id") if found else ""
    else:
        told = shop.ask(CODED, {"code": voucher.code})
        native_id = reading.text(told, "codeDiscountNodeByCode.id", default="")
        title = reading.text(told, "codeDiscountNodeByCode.codeDiscount.title", default="")
        if native_id and title != voucher.remark:
            raise answers.refused(shop.title, "another discount has its code")
    return native_id, reading.text(told, "shop.currencyCode", length_max=3)


def _card(shop: _Shop, voucher: ShopVoucher) -> str:
    customer = {"customerId": _customer_id(voucher, shop.title)} if voucher.customer else {}
    told = shop.change(
        CARD,
        {
            "input": {
                "code": voucher.plain_code,
                "initialValue": str(voucher.amount),
                "expiresOn": voucher.last_day.isoformat(),
                "note": voucher.remark,
                **customer,
            }
        },
        "giftCardCreate",
    )
    return reading.text(told, "giftCard.id")


def _balances(shop: _Shop, cards: Sequence[ShopVoucher]) -> dict[str, ShopStanding]:
    found: dict[str, ShopStanding] = {}
    for start in range(0, len(cards), PER_PAGE):
        some = {one.native_id: one for one in cards[start : start + PER_PAGE]}
        told = shop.ask(CARD_NOW, {"ids": list(some)})
        for node in reading.sequence(told.get("nodes"), "nodes"):
            if node is not None:
                voucher = some[reading.text(node, "id")]
                used = reading.decimal(node, "initialValue.amount") - reading.decimal(
                    node, "balance.amount"
                )
                found[voucher.id] = ShopStanding(voucher.native_id, voucher.plain_code, used=used)
    return found


def _code(shop: _Shop, voucher: ShopVoucher) -> str:
    limits: dict[str, Any] = {}
    if voucher.minimum_basket:
        limits["minimumRequirement"] = {
            "subtotal": {"greaterThanOrEqualToSubtotal": str(voucher.minimum_basket)}
        }
    whose: dict[str, Any] = {"all": "ALL"}
    if voucher.customer:
        whose = {"customers": {"add": [_customer_id(voucher, shop.title)]}}
    told = shop.change(
        CODE,
        {
            "basicCodeDiscount": {
                "title": voucher.remark,
                "code": voucher.code,
                "startsAt": _written(voucher.starts_at),
                "endsAt": _written(voucher.ends_at),
                "usageLimit": 1,
                "appliesOncePerCustomer": True,
                "context": whose,
                "customerGets": {
                    "value": {
                        "discountAmount": {
                            "amount": str(voucher.amount),
                            "appliesOnEachItem": False,
                        }
                    },
                    "items": {"all": True},
                },
                **limits,
            }
        },
        "discountCodeBasicCreate",
    )
    return reading.text(told, "codeDiscountNode.id")


def _uses(shop: _Shop, voucher: ShopVoucher, since: datetime) -> Iterator[ShopUse]:
    query = f"discount_code:'{voucher.code}' updated_at:>='{_written(since)}'"
    after: str | None = None
    while True:
        told = shop.ask(ORDERS, {"query": query, "first": PER_PAGE, "after": after})
        page = asking.mapped(told.get("orders"), shop.title)
        for order in reading.objects(page.get("nodes"), "orders"):
            taken = _taken(order, voucher)
            if taken:
                yield ShopUse(
                    reading.text(order, "name").removeprefix("#"),
                    taken,
                    reading.moment(order.get("processedAt"), "processedAt", None).utc,
                    taken if order.get("cancelledAt") else Decimal(0),
                )
        if not reading.flag(page, "pageInfo.hasNextPage"):
            return
        after = reading.text(page, "pageInfo.endCursor")


def _taken(order: Mapping[str, Any], voucher: ShopVoucher) -> Decimal:
    """Return what a code took off the articles of an order."""
    total = Decimal(0)
    for line in reading.objects(reading.dig(order, "lineItems.nodes"), "lineItems"):
        for part in reading.objects(line.get("discountAllocations"), "discountAllocations"):
            code = reading.text(part, "discountApplication.code", default="")
            if code.lower() == voucher.code.lower():
                total += reading.decimal(part, "allocatedAmountSet.shopMoney.amount")
    return total


def _written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@hookimpl
def voucher_shops() -> list[VoucherShop]:
    """Bring Shopify."""
    return [ShopifyVouchers()]
