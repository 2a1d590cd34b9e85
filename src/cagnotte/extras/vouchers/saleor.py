"""Saleor: a voucher is a gift card, found again by a tag with the voucher's id.

Saleor draws the code of a gift card itself and shows it to apps that may manage gift cards; so it is Saleor's code that
the member types. An app needs MANAGE_GIFT_CARD.

https://docs.saleor.io/api-reference/gift-cards/mutations/gift-card-create, …/objects/gift-card.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cagnotte.extras.sources.networks import asking
from cagnotte.extras.sources.shops import graphql
from cagnotte.extras.vouchers import answers
from cagnotte.hooks import reading
from cagnotte.hooks.sources import HttpAnswer, SourceContext
from cagnotte.hooks.specs import hookimpl
from cagnotte.hooks.vouchers import (
    Can,
    Form,
    ShopStanding,
    ShopVoucher,
    VoucherShop,
    Whose,
)

PER_CALL = 50

CARD = """
fragment CagnotteCard on GiftCard {
  id code isActive tags { name } initialBalance { amount currency } currentBalance { amount }
}"""
FIND = (
    """query($tags: [String!]) {
  giftCards(filter: {tags: $tags}, first: 100) { edges { node { ...CagnotteCard } } }
}"""
    + CARD
)
CREATE = (
    """mutation($input: GiftCardCreateInput!) {
  giftCardCreate(input: $input) { giftCard { ...CagnotteCard } errors { field code message } }
}"""
    + CARD
)
DEACTIVATE = (
    """mutation($id: ID!) {
  giftCardDeactivate(id: $id) { giftCard { ...CagnotteCard } errors { field code message } }
}"""
    + CARD
)


class SaleorCards(VoucherShop):
    """Gift cards of a Saleor shop; see the module."""

    name = "saleor"
    title = "Saleor"
    forms: Mapping[Form, Can] = {
        Form.GIFT_CARD: Can(
            keeps_rest=True, whose=Whose.MAY, customer_is="the customer's e-mail address"
        )
    }

    def issue(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding:
        """Make the gift card, unless there is one with its tag."""
        found = self._cards(context, [voucher]).get(voucher.id)
        if found is not None:
            return found
        whose = {"userEmail": voucher.customer} if voucher.customer else {}
        told = self._change(
            context,
            CREATE,
            {
                "input": {
                    "balance": {"amount": voucher.amount, "currency": voucher.currency},
                    "expiryDate": voucher.last_day.isoformat(),
                    "addTags": [voucher.id],
                    "note": voucher.remark,
                    "isActive": True,
                    **whose,
                }
            },
            "giftCardCreate",
        )
        return _standing(asking.mapped(told.get("giftCard"), self.title))

    def read(
        self,
        context: SourceContext,
        vouchers: Sequence[ShopVoucher],
        since: datetime,  # noqa: ARG002 - as the hook says
    ) -> Mapping[str, ShopStanding]:
        """Ask for the balance of each gift card."""
        found: dict[str, ShopStanding] = {}
        for start in range(0, len(vouchers), PER_CALL):
            found |= self._cards(context, vouchers[start : start + PER_CALL])
        return found

    def void(self, context: SourceContext, voucher: ShopVoucher) -> ShopStanding | None:
        """Deactivate the gift card."""
        found = self._cards(context, [voucher]).get(voucher.id)
        if found is None:
            return None
        told = self._change(context, DEACTIVATE, {"id": found.native_id}, "giftCardDeactivate")
        return _standing(asking.mapped(told.get("giftCard"), self.title))

    # ---- calls ----

    def _cards(
        self, context: SourceContext, vouchers: Sequence[ShopVoucher]
    ) -> dict[str, ShopStanding]:
        """Return the gift cards that have the tags of vouchers."""
        told = self._ask(context, FIND, {"tags": [one.id for one in vouchers]})
        page = asking.mapped(told.get("giftCards"), self.title)
        wanted = {one.id for one in vouchers}
        found: dict[str, ShopStanding] = {}
        for edge in reading.objects(page.get("edges"), "edges"):
            card = asking.mapped(edge.get("node"), self.title)
            names = {reading.text(tag, "name") for tag in reading.objects(card.get("tags"), "tags")}
            found |= dict.fromkeys(names & wanted, _standing(card))
        return found

    def _change(
        self, context: SourceContext, mutation: str, variables: Mapping[str, Any], name: str
    ) -> Mapping[str, Any]:
        told = self._ask(context, mutation, variables)
        answers.user_errors(told, f"{name}.errors", self.title)
        return asking.mapped(told.get(name), self.title)

    def _ask(
        self, context: SourceContext, query: str, variables: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        answer: HttpAnswer = graphql.ask(
            context,
            self.title,
            asking.setting(context, "api_url"),
            query,
            variables,
            headers={"authorization": f"Bearer {context.secret('token')}"},
        )
        return graphql.data(answer, self.title)


def _standing(card: Mapping[str, Any]) -> ShopStanding:
    used = reading.decimal(card, "initialBalance.amount") - reading.decimal(
        card, "currentBalance.amount"
    )
    return ShopStanding(reading.text(card, "id"), reading.text(card, "code"), used=used)


@hookimpl
def voucher_shops() -> list[VoucherShop]:
    """Bring Saleor."""
    return [SaleorCards()]
