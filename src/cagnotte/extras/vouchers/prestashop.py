"""PrestaShop: a voucher is a cart rule of a fixed amount, tax included, used once, told to the webservice in XML.

The webservice does not mind two cart rules with one code, so it is asked first. Times are the shop's own, without
offset. What an order took of a cart rule stands in `order_cart_rules`, and whether the order still holds in its state.

PrestaShop webservice; https://devdocs.prestashop-project.org/9/webservice/resources/cart_rules/.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from http import HTTPStatus

from lxml import etree

from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops.prestashop import FORM, numbers, parsed
from cagnotte.extras.vouchers import answers
from cagnotte.hooks import reading
from cagnotte.hooks.sources import HttpAnswer, SourceContext, SourceFailed
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

XML_TYPE = {"content-type": "application/xml"}
PER_CALL = 50


class PrestaShopRules(VoucherShop):
    """Cart rules of a PrestaShop shop; see the module."""

    name = "prestashop"
    title = "PrestaShop"
    forms: Mapping[Form, Can] = {
        Form.CODE: Can(
            minimum_basket=True,
            first_day=True,
            whose=Whose.MAY,
            customer_is="the customer's number",
        )
    }

    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Make the cart rule, unless it is there."""
        found = self._found(context, voucher)
        if found:
            return ShopStanding(found)
        rule = _rule(
            voucher,
            context,
            currency=self._currency(context, voucher),
            languages=self._ids(context, "languages"),
        )
        answer = self._call(context, "POST", "cart_rules", body=rule)
        if answer.status in answers.REFUSALS:
            raise answers.refused(self.title, _errors(answer))
        return ShopStanding(self._xml(answer).findtext("cart_rule/id", ""))

    def _found(self, context: SourceContext, voucher: ShopVoucher) -> str:
        """Return the number of the cart rule with that code. Raises ShopRefused when it is another's."""
        params = [("filter[code]", f"[{voucher.code}]"), ("display", "[id,code,description]")]
        for rule in self._rows(context, "cart_rules", params):
            if rule["description"] != voucher.remark:
                raise answers.refused(self.title, "another cart rule has its code")
            return rule["id"]
        return ""

    def _currency(self, context: SourceContext, voucher: ShopVoucher) -> str:
        params = [("filter[iso_code]", f"[{voucher.currency}]"), ("display", "[id,iso_code]")]
        for row in self._rows(context, "currencies", params):
            return row["id"]
        raise answers.refused(self.title, f"the shop has no {voucher.currency}")

    def _ids(self, context: SourceContext, what: str) -> list[str]:
        return [row["id"] for row in self._rows(context, what, [("display", "[id]")])]

    def read(
        self,
        context: SourceContext,
        vouchers: Sequence[ShopVoucher],
        since: datetime,  # noqa: ARG002 - as the hook says
    ) -> Mapping[str, ShopStanding]:
        """Ask which orders took of the cart rules, and how these orders stand now."""
        found: dict[str, ShopStanding] = {}
        for start in range(0, len(vouchers), PER_CALL):
            some = vouchers[start : start + PER_CALL]
            uses = self._uses(context, [one.native_id for one in some])
            found |= {
                one.id: ShopStanding(one.native_id, uses=uses.get(one.native_id, []))
                for one in some
            }
        return found

    def _uses(self, context: SourceContext, rules: Sequence[str]) -> dict[str, list[ShopUse]]:
        params = [("filter[id_cart_rule]", f"[{'|'.join(rules)}]"), ("display", "full")]
        taken = self._rows(context, "order_cart_rules", params)
        if not taken:
            return {}
        of = "|".join(sorted({row["id_order"] for row in taken}))
        shown = "[id,reference,current_state,date_add]"
        orders = {
            row["id"]: row
            for row in self._rows(
                context, "orders", [("filter[id]", f"[{of}]"), ("display", shown)]
            )
        }
        uses: dict[str, list[ShopUse]] = {}
        for row in taken:
            order = orders.get(row["id_order"])
            if order is not None:
                uses.setdefault(row["id_cart_rule"], []).append(_use(row, order, context))
        return uses

    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Delete the cart rule, and tell what orders had taken of it."""
        native_id = self._found(context, voucher)
        if native_id:
            answer = self._call(context, "DELETE", f"cart_rules/{native_id}")
            if not HTTPStatus.OK <= answer.status < HTTPStatus.MULTIPLE_CHOICES:
                asking.accepted(answer, self.title)
        native_id = native_id or voucher.native_id
        if not native_id:
            return None
        return ShopStanding(native_id, uses=self._uses(context, [native_id]).get(native_id, []))

    # ---- calls ----

    def _rows(
        self, context: SourceContext, what: str, params: Sequence[tuple[str, str]]
    ) -> list[dict[str, str]]:
        found = self._xml(self._call(context, "GET", what, params=params))
        if found.find(what) is None:
            raise SourceFailed(f"{self.title} answered, but told no {what}.")
        return [
            {field.tag: (field.text or "").strip() for field in row}
            for row in found.iterfind(f"{what}/*")
        ]

    def _xml(self, answer: HttpAnswer) -> etree._Element:
        try:
            return parsed(asking.accepted(answer, self.title))
        except reading.Misread:
            raise SourceFailed(f"{self.title} answered something else than XML.") from None

    def _call(
        self,
        context: SourceContext,
        method: str,
        what: str,
        *,
        params: Sequence[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> HttpAnswer:
        return context.calls().request(
            method,
            f"{asking.api_url(context)}/api/{what}",
            params=params,
            headers=XML_TYPE if body else None,
            body=body,
            basic=(context.secret("webservice_key"), ""),
        )


def _rule(
    voucher: ShopVoucher, context: SourceContext, *, currency: str, languages: Sequence[str]
) -> bytes:
    """Write the cart rule as the webservice takes it."""
    fields = {
        "id_customer": voucher.customer or "0",
        "date_from": voucher.starts_at.astimezone(context.zone).strftime(FORM),
        # The shop takes a rule up to and with this second.
        "date_to": (voucher.ends_at - timedelta(seconds=1)).astimezone(context.zone).strftime(FORM),
        "description": voucher.remark,
        "quantity": "1",
        "quantity_per_user": "1",
        "partial_use": "0",
        "code": voucher.code,
        "minimum_amount": str(voucher.minimum_basket),
        "minimum_amount_tax": "1",
        "minimum_amount_currency": currency,
        "minimum_amount_shipping": "0",
        "reduction_amount": str(voucher.amount),
        "reduction_tax": "1",
        "reduction_currency": currency,
        "highlight": "0",
        "active": "1",
    }
    root = etree.Element("prestashop")
    rule = etree.SubElement(root, "cart_rule")
    for name, value in fields.items():
        etree.SubElement(rule, name).text = value
    names = etree.SubElement(rule, "name")
    for language in languages:
        etree.SubElement(names, "language", id=language).text = voucher.remark
    written: bytes = etree.tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _use(row: Mapping[str, str], order: Mapping[str, str], context: SourceContext) -> ShopUse:
    amount = reading.exact(row["value"], "value")
    settings = context.settings
    gone = numbers(settings, "cancelled_states") | numbers(settings, "refunded_states")
    undone = order["current_state"] in gone or row.get("deleted") == "1"
    return ShopUse(
        order["reference"],
        amount,
        reading.moment(order["date_add"], "date_add", context.zone, form=FORM).utc,
        amount if undone else Decimal(0),
    )


def _errors(answer: HttpAnswer) -> str:
    try:
        told = parsed(answer.body)
    except reading.Misread:
        return ""
    said = [(one.text or "").strip() for one in told.iter("message")]
    return "; ".join(filter(None, said))


@hookimpl
def voucher_shops() -> list[VoucherShop]:
    """Bring PrestaShop."""
    return [PrestaShopRules()]
