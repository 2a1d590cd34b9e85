"""The Admin API of a Shopify shop, for store credit, gift cards and discount codes."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.sources.fakes.server import Asked, Refusal, Reply, json_reply, route
from tests.vouchers.fakes.counter import Kept, VoucherFake

TOKEN, VERSION, CUSTOMER = "shpat_of_the_test", "2025-10", "7001"
GID = "gid://shopify/"


class ShopifyFake(VoucherFake):
    """Of one form. credit: what customers were credited, by the second at which it ends."""

    def may(self, asked: Asked) -> bool:
        return asked.headers.get("x-shopify-access-token") == TOKEN

    def denied(self) -> Reply:
        return Reply(b'{"errors": "[API] Invalid API key or access token"}', 401)

    def changes(self, asked: Asked) -> bool:
        return b"mutation" in asked.body

    @route("POST", f"/admin/api/{VERSION}/graphql.json")
    def graphql(self, asked: Asked) -> Reply:
        told = asked.json()
        for word, answer in ANSWERS:
            if word in told["query"]:
                try:
                    return json_reply({"data": answer(self, told["variables"])})
                except Denied as why:
                    errors = [{"field": ["input"], "message": str(why)}]
                    name = re.search(r"\) \{\s+(\w+)\(", told["query"])
                    assert name
                    return json_reply({"data": {name[1]: {"userErrors": errors}}})
        raise Refusal(400, b"not as agreed")


class ShopifyCards(ShopifyFake):
    keeps_rest = True


class Denied(Exception):
    """An error of what was asked for."""


def _customer(told: str | None) -> str:
    if told is not None and told != f"{GID}Customer/{CUSTOMER}":
        raise Denied("Customer does not exist")
    return CUSTOMER if told else ""


def _keep(shop: VoucherFake, kind: str, kept: Kept) -> Kept:
    if shop.refusal:
        raise Denied(shop.refusal)
    kept.native_id = f"{GID}{kind}/{len(shop.kept) + 1}"
    shop.kept.append(kept)
    return kept


# ---- store credit ----


def _credited(shop: VoucherFake, told: dict[str, Any]) -> dict[str, Any]:
    if told["id"] != f"{GID}Customer/{CUSTOMER}":
        return {"customer": None}
    rows = [
        {
            "__typename": "StoreCreditAccountCreditTransaction",
            "id": one.native_id,
            "expiresAt": one.ends.strftime("%Y-%m-%dT%H:%M:%SZ") if one.ends else None,
            "amount": {"amount": str(one.amount), "currencyCode": one.currency},
        }
        for one in reversed(shop.kept)
    ]
    spent = {"__typename": "StoreCreditAccountDebitTransaction"}
    return {
        "customer": {
            "storeCreditAccounts": {"nodes": [{"transactions": {"nodes": [spent, *rows]}}]}
        }
    }


def _credit(shop: VoucherFake, told: dict[str, Any]) -> dict[str, Any]:
    given = told["creditInput"]
    amount = given["creditAmount"]
    ends = datetime.fromisoformat(given["expiresAt"])
    if ends <= shop.clock.now:
        raise Denied("The expiry date must be in the future")
    kept = Kept(
        "", "", "", Decimal(amount["amount"]), amount["currencyCode"], _customer(told["id"])
    )
    kept.ends = ends
    _keep(shop, "StoreCreditAccountCreditTransaction", kept)
    return {
        "storeCreditAccountCredit": {
            "storeCreditAccountTransaction": {"id": kept.native_id}, "userErrors": [],
        }
    }  # fmt: skip


# ---- gift cards ----


def _cards(shop: VoucherFake, told: dict[str, Any]) -> dict[str, Any]:
    found = [one for one in shop.kept if one.code.lower().endswith(told["query"])]
    nodes = [{"id": one.native_id, "note": one.remark} for one in found]
    return {"shop": {"currencyCode": shop.currency}, "giftCards": {"nodes": nodes}}


def _card(shop: VoucherFake, told: dict[str, Any]) -> dict[str, Any]:
    given = told["input"]
    code = given["code"].lower()
    if not re.fullmatch(r"[a-z0-9]{8,20}", code):
        raise Denied("Code must be 8 to 20 letters and digits")
    if shop.find(code=code):
        raise Denied("Code has already been taken")
    last = datetime.fromisoformat(given["expiresOn"]).replace(tzinfo=UTC)
    kept = Kept("", given["note"], code, Decimal(given["initialValue"]), shop.currency)
    kept.customer, kept.ends = _customer(given.get("customerId")), last + timedelta(days=1)
    _keep(shop, "GiftCard", kept)
    return {"giftCardCreate": {"giftCard": {"id": kept.native_id}, "userErrors": []}}


def _balances(shop: VoucherFake, told: dict[str, Any]) -> dict[str, Any]:
    found = {one.native_id: one for one in shop.kept}
    nodes = []
    for one in told["ids"]:
        kept = found.get(one)
        nodes.append(
            kept
            and {
                "id": one,
                "initialValue": {"amount": str(kept.amount)},
                "balance": {"amount": str(kept.amount - kept.used)},
            }
        )
    return {"nodes": nodes}


def _off(name: str, node: str) -> Callable[[VoucherFake, dict[str, Any]], dict[str, Any]]:
    def answer(shop: VoucherFake, told: dict[str, Any]) -> dict[str, Any]:
        kept = shop.find(native_id=told["id"])
        if kept is None:
            raise Denied("It could not be found")
        kept.live = False
        return {name: {node: {"id": told["id"]}, "userErrors": []}}

    return answer


# ---- discount codes ----


def _coded(shop: VoucherFake, told: dict[str, Any]) -> dict[str, Any]:
    kept = shop.find(code=told["code"])
    node = kept and {"id": kept.native_id, "codeDiscount": {"title": kept.remark}}
    return {"shop": {"currencyCode": shop.currency}, "codeDiscountNodeByCode": node}


def _code(shop: VoucherFake, told: dict[str, Any]) -> dict[str, Any]:
    given = told["basicCodeDiscount"]
    if shop.find(code=given["code"]):
        raise Denied("Code must be unique")
    value = given["customerGets"]["value"]["discountAmount"]
    assert value["appliesOnEachItem"] is False
    assert given["usageLimit"] == 1
    least = given.get("minimumRequirement", {}).get("subtotal", {})
    whose = given["context"].get("customers", {}).get("add", [None])[0]
    kept = Kept("", given["title"], given["code"], Decimal(value["amount"]), shop.currency)
    kept.customer = _customer(whose)
    kept.minimum = Decimal(least.get("greaterThanOrEqualToSubtotal", "0"))
    kept.starts = datetime.fromisoformat(given["startsAt"])
    kept.ends = datetime.fromisoformat(given["endsAt"])
    _keep(shop, "DiscountCodeNode", kept)
    return {
        "discountCodeBasicCreate": {
            "codeDiscountNode": {"id": kept.native_id}, "userErrors": [],
        }
    }  # fmt: skip


def _orders(shop: VoucherFake, told: dict[str, Any]) -> dict[str, Any]:
    found = re.fullmatch(r"discount_code:'(\S+)' updated_at:>='(\S+)'", told["query"])
    assert found
    kept = shop.find(code=found[1])
    orders = kept.orders if kept else []
    since = datetime.fromisoformat(found[2])
    nodes = [_order(one.ref, one, found[1]) for one in orders if one.changed_at >= since]
    start = int(told["after"] or 0)
    # One order a page, so that pages are turned.
    more = start + 1 < len(nodes)
    return {
        "orders": {
            "pageInfo": {"hasNextPage": more, "endCursor": str(start + 1)},
            "nodes": nodes[start : start + 1],
        }
    }


def _order(ref: str, order: Any, code: str) -> dict[str, Any]:
    part = {
        "allocatedAmountSet": {"shopMoney": {"amount": str(order.amount)}},
        "discountApplication": {"code": code},
    }
    automatic = {"allocatedAmountSet": {"shopMoney": {"amount": "1.00"}}, "discountApplication": {}}
    return {
        "name": f"#{ref}",
        "processedAt": order.at.isoformat(),
        "cancelledAt": order.changed_at.isoformat() if order.cancelled else None,
        "lineItems": {"nodes": [{"discountAllocations": [part, automatic]}]},
    }


ANSWERS: tuple[tuple[str, Callable[[Any, dict[str, Any]], dict[str, Any]]], ...] = (
    ("storeCreditAccountCredit(", _credit),
    ("storeCreditAccounts(", _credited),
    ("giftCardCreate(", _card),
    ("giftCardDeactivate(", _off("giftCardDeactivate", "giftCard")),
    ("giftCards(", _cards),
    ("nodes(ids", _balances),
    ("discountCodeBasicCreate(", _code),
    ("discountCodeDeactivate(", _off("discountCodeDeactivate", "codeDiscountNode")),
    ("codeDiscountNodeByCode(", _coded),
    ("orders(", _orders),
)
"""What each question is known by, and its answer."""
