"""The webservice of a PrestaShop shop: cart rules in XML. It minds no two rules with one code."""

import re
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from lxml import etree

from tests.sources.fakes.server import Asked, Refusal, Reply, route
from tests.vouchers.fakes.counter import Kept, VoucherFake

KEY, ZONE, FORM = "KEYOFTHETEST", ZoneInfo("Europe/Paris"), "%Y-%m-%d %H:%M:%S"
CURRENCIES = {"EUR": "1", "JPY": "2", "TND": "3"}


class PrestaShopFake(VoucherFake):
    basic = (KEY, "")

    @route("GET", "/api/languages")
    def languages(self, asked: Asked) -> Reply:
        return _rows("languages", "language", [{"id": "1"}, {"id": "2"}])

    @route("GET", "/api/currencies")
    def currencies(self, asked: Asked) -> Reply:
        wanted = _among(asked, "iso_code")
        found = [one for one in CURRENCIES if one in wanted]
        rows = [{"id": CURRENCIES[one], "iso_code": one} for one in found]
        return _rows("currencies", "currency", rows)

    @route("GET", "/api/cart_rules")
    def rules(self, asked: Asked) -> Reply:
        codes = _among(asked, "code")
        found = [one for one in self.kept if one.live and one.code in codes]
        rows = [{"id": one.native_id, "code": one.code, "description": one.remark} for one in found]
        return _rows("cart_rules", "cart_rule", rows)

    @route("POST", "/api/cart_rules")
    def create(self, asked: Asked) -> Reply:
        rule = etree.fromstring(asked.body).find("cart_rule")
        assert rule is not None
        told = {field.tag: field.text or "" for field in rule if not len(field)}
        if self.refusal:
            error = f"<error><code>85</code><message>{self.refusal}</message></error>"
            raise Refusal(400, f"<prestashop><errors>{error}</errors></prestashop>".encode())
        names = [one.get("id") for one in rule.iterfind("name/language")]
        assert names == ["1", "2"], "a name in each language of the shop"
        assert (told["quantity"], told["partial_use"], told["reduction_tax"]) == ("1", "0", "1")
        number = str(len(self.kept) + 1)
        currency = next(one for one, key in CURRENCIES.items() if key == told["reduction_currency"])
        kept = Kept(
            number, told["description"], told["code"], Decimal(told["reduction_amount"]), currency
        )
        kept.customer = told["id_customer"].replace("0", "") and told["id_customer"]
        kept.minimum = Decimal(told["minimum_amount"])
        kept.starts = datetime.strptime(told["date_from"], FORM).replace(tzinfo=ZONE)
        last = datetime.strptime(told["date_to"], FORM).replace(tzinfo=ZONE)
        kept.ends = last + timedelta(seconds=1)
        self.kept.append(kept)
        return Reply(
            f"<prestashop><cart_rule><id>{number}</id></cart_rule></prestashop>".encode(), 201
        )

    @route("DELETE", "/api/cart_rules/{number}")
    def delete(self, asked: Asked, number: str) -> Reply:
        kept = self.find(native_id=number)
        if kept is None or not kept.live:
            raise Refusal(404)
        kept.live = False
        return Reply(b"")

    @route("GET", "/api/order_cart_rules")
    def used(self, asked: Asked) -> Reply:
        wanted = _among(asked, "id_cart_rule")
        rows = [
            {
                "id": "1", "id_order": one.ref, "id_cart_rule": kept.native_id,
                "value": f"{one.amount:.6f}", "deleted": "0",
            }
            for kept in self.kept
            if kept.native_id in wanted
            for one in kept.orders
        ]  # fmt: skip
        return _rows("order_cart_rules", "order_cart_rule", rows)

    @route("GET", "/api/orders")
    def orders(self, asked: Asked) -> Reply:
        wanted = _among(asked, "id")
        rows = [
            {
                "id": one.ref,
                "reference": one.ref,
                "current_state": "6" if one.cancelled else "2",
                "date_add": one.at.astimezone(ZONE).strftime(FORM),
            }
            for kept in self.kept
            for one in kept.orders
            if one.ref in wanted
        ]
        return _rows("orders", "order", rows)


def _among(asked: Asked, name: str) -> list[str]:
    found = re.fullmatch(r"\[(.*)\]", asked.query(f"filter[{name}]"))
    assert found
    return found[1].split("|")


def _rows(many: str, one: str, rows: Iterable[Mapping[str, str]]) -> Reply:
    root = etree.Element("prestashop")
    parent = etree.SubElement(root, many)
    for row in rows:
        node = etree.SubElement(parent, one)
        for name, value in row.items():
            etree.SubElement(node, name).text = etree.CDATA(value)
    return Reply(etree.tostring(root), 200, {"content-type": "application/xml"})
