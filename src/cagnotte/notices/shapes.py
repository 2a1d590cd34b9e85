"""What the data of events looks like: one shape for each kind of thing, made and checked in one place.

Ids are public ones, amounts whole minor units, days and moments ISO 8601. No shape holds a name, an address or an
account: who needs them asks the REST interface, which may forget them.
"""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

Moment = Annotated[datetime, PlainSerializer(lambda value: value.isoformat(), return_type=str)]
"""With its offset, as the REST interface writes moments."""


class Told(BaseModel):
    """The base of all shapes: nothing beside what is named here is ever told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    def plain(self) -> dict[str, Any]:
        """Return what is told as JSON-able data."""
        return self.model_dump(mode="json")


class Amount(Told):
    """An amount of money: whole minor units (cents) of a currency."""

    amount_minor: int
    currency: str = Field(pattern="^[A-Z]{3}$")


class OfMember(Told):
    """Whose it is. The member is null for a cagnotte that nobody has any more."""

    cagnotte_id: str
    member_id: str | None
    member_ref: str | None = Field(description="The number shops know the member by.")


class RewardData(OfMember):
    """A reward, after something was decided about it."""

    object: Literal["reward"] = "reward"
    id: str
    purchase_id: str
    merchant_id: str
    merchant: str = Field(description="The shop's reference.")
    order_ref: str
    purchased_at: Moment
    version: int = Field(description="Of the purchase; counts up with everything said about it.")
    state: Literal["pending", "confirmed", "declined"]
    reason: str = Field(description="Why it was declined or changed; empty where nobody said.")
    amount: Amount = Field(description="What the reward is now.")
    before: Amount | None = Field(description="What it was; null when it is new.")


class AvailableData(OfMember):
    """Money of a reward that can be spent from now on."""

    object: Literal["reward"] = "reward"
    id: str
    purchase_id: str
    merchant_id: str
    merchant: str
    order_ref: str
    amount: Amount = Field(description="What became available.")
    repaid: Amount = Field(description="Of it, used for what the member owed.")
    lot_id: str
    expires_on: date | None = Field(description="The last day it can be spent; null: for ever.")


class HoldData(OfMember):
    """Money of a cagnotte, kept for an order."""

    object: Literal["hold"] = "hold"
    id: str
    merchant_id: str | None
    merchant: str | None
    order_ref: str
    amount: Amount = Field(description="What was held, spent, given back or refunded by this.")


class HeldData(HoldData):
    """A hold that was placed."""

    expires_at: Moment | None


class CapturedData(HoldData):
    """What an order took of its hold."""

    fee: Amount = Field(description="Of the amount, kept by the programme.")


class RefundedData(HoldData):
    """What came back of an order that a hold paid."""

    refund_id: str
    refund_ref: str
    repaid: Amount = Field(description="Of the amount, used for what the member owed.")


class PayoutData(OfMember):
    """A payout, and the step it took."""

    object: Literal["payout"] = "payout"
    id: str
    reference: str = Field(description="What the bank hands back: the end-to-end id.")
    amount: Amount = Field(description="Out of the cagnotte.")
    fee: Amount
    code: str = Field(description="The bank's, where it gave one.")
    reason: str


class VoucherData(OfMember):
    """A voucher; never its code."""

    object: Literal["voucher"] = "voucher"
    id: str
    origin: Literal["wallet", "reward"] = Field(description="Bought, or given by an offer.")
    reference: str | None = Field(description="Your own name for it; null for what an offer gave.")
    last4: str = Field(description="The end of its code.")
    amount: Amount = Field(description="What it was issued for, pays, or still held.")


class IssuedData(VoucherData):
    """A voucher that was issued."""

    purchase_id: str | None = Field(description="The purchase that earned it; null: bought.")
    minimum_basket: Amount
    valid_from: date
    valid_until: date
    merchant_id: str | None = Field(description="The only shop; null: all.")


class UsedData(VoucherData):
    """What a voucher paid of an order."""

    use_id: str
    merchant_id: str
    merchant: str
    order_ref: str
    used_on: date
    used_twice: bool = Field(description="A signed voucher that had been used before.")


class VoucherRefundedData(VoucherData):
    """What came back of an order that a voucher paid."""

    use_id: str
    merchant_id: str
    merchant: str
    order_ref: str
    refund_ref: str
    to_voucher: bool = Field(description="It stands on the voucher again, not in the cagnotte.")


class OverData(VoucherData):
    """What a voucher still held when it ended."""

    to_member: bool = Field(description="It went back to the cagnotte.")


class MemberData(Told):
    """A member who came or left."""

    object: Literal["member"] = "member"
    id: str
    ref: str
    cagnotte_id: str
    joined_on: date


class OrderData(Told):
    """An order that a connected source told of, and that belongs to nobody yet."""

    object: Literal["order"] = "order"
    id: str
    source: str = Field(description="The connected source's name.")
    source_ref: str = Field(description="What the source calls the order.")
    merchant: str
    order_ref: str
    amount: Amount | None
    purchased_at: Moment | None
    reason: str
    detail: str = Field(description="Why, in a sentence.")


class TestData(Told):
    """Nothing: it was asked for, to see whether it arrives."""

    object: Literal["webhook_endpoint"] = "webhook_endpoint"
    id: str
