"""The shapes of bodies and answers.

Written by clients/generate_python.py from the description of the interface; do not edit.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict

VERSION = "2026-11-22"
"""The version of the interface that these shapes are of."""

NewPurchaseReason = Literal[
    "bad_debt",
    "booking_cancelled",
    "cancelled",
    "claim_too_late",
    "compliance",
    "duplicate_order",
    "excluded_product",
    "fraud",
    "invalid_payment",
    "merchant_insolvent",
    "not_new_customer",
    "offline_completion",
    "order_amended",
    "other",
    "other_referrer",
    "out_of_stock",
    "paid_with_gift_card",
    "returned",
    "self_referral",
    "terms_not_met",
    "unauthorised_coupon",
]

Form = Literal["code", "gift_card", "credit"]
"""As what a shop keeps a voucher."""

Purpose = Literal["analytics", "marketing"]
"""What personal data may be used for, once the member agrees. Each is asked and withdrawn by itself."""

Reason = Literal[
    "ambiguous",
    "member_closed",
    "member_blocked",
    "stood_down",
    "outside_window",
    "after_purchase",
    "unknown_member",
    "kind_not_accepted",
    "earlier_click",
    "lower_kind",
    "no_candidate",
]
"""Why a trace, or a whole purchase, was not attributed; the nearest to success first."""

Trace = Literal["member_number", "qr_code", "card", "promo_code", "click", "receipt", "email"]
"""What ties a purchase to a member."""

Validation = Literal["pending", "confirmed", "declined"]
"""What the merchant or network says about a purchase."""


class Amount(TypedDict):
    """An amount of money: whole minor units (cents) of a currency."""

    amount_minor: int
    """In the smallest unit of the currency."""
    currency: str
    """ISO 4217."""


class AmountBody(TypedDict):
    """An amount as a client sends it."""

    amount_minor: int
    currency: str


class AtShopBody(TypedDict):
    """The shop whose own software is to take a voucher, at its checkout."""

    connection: str
    """The connection to the shop, as the programme file names it."""
    form: NotRequired[Form | None]
    """As what the shop keeps it: a code for one order, a gift card, or credit on a customer's account.

    Without it, what the shop's software does best.
    """
    customer: NotRequired[str]
    """Whose it is at the shop: a customer's number or e-mail address there. Credit needs it."""


class Basket(TypedDict):
    """A basket to be quoted."""

    merchant: str
    """The shop's reference."""
    currency: str
    lines: list[LineBody]
    """Numbered from 1 in this order."""
    channel: NotRequired[Literal["web", "app", "store", "card"]]
    country: NotRequired[str | None]
    """ISO 3166, of the shopper."""
    coupon_codes: NotRequired[list[str]]
    delivery_minor: NotRequired[int]
    """Charged for delivery, tax included."""
    delivery_tax_minor: NotRequired[int]
    """Tax in it."""
    member_id: NotRequired[str | None]
    """Whose it is; with a publishable key, send the header Cagnotte-Member instead."""


class BatchAnswer(TypedDict):
    """What became of a batch, in its order."""

    object: Literal["batch"]
    taken: int
    """How many are a member's."""
    unattributed: int
    """How many are kept, and nobody's yet."""
    refused: int
    data: list[BatchItem]


class BatchItem(TypedDict):
    """What became of one order of a batch: one of `purchase`, `unattributed` and `error` says."""

    index: int
    """Its place in the batch, from 0."""
    status: int
    """As if it had been sent alone."""
    purchase: NotRequired[Purchase | None]
    unattributed: NotRequired[Unattributed | None]
    error: NotRequired[Refused | None]


class Brand(TypedDict):
    """A maker of products that rewards them wherever they are bought."""

    id: str
    object: Literal["brand"]
    ref: str
    name: str
    country: str | None


class Brands(TypedDict):
    """A page of brands."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Brand]


class Cagnotte(TypedDict):
    """What a member holds; every amount is zero or more."""

    id: str
    object: Literal["cagnotte"]
    as_of: str | None
    """The day asked for; null = now."""
    state: Literal["open", "frozen", "closed"]
    pending: Amount
    """Earned, not confirmed by the shop yet."""
    confirmed: Amount
    """Confirmed, and waiting for its delay."""
    available: Amount
    """To spend or to be paid."""
    held: Amount
    """Reserved for an order or a payout under way."""
    owing: Amount
    """What a return took back after it was spent; the next rewards repay it."""
    spendable: Amount
    """Available, less what is owed; zero while more is owed."""


class Cancelling(TypedDict):
    """Why a payout is called off."""

    reason: NotRequired[str]


class Capture(TypedDict):
    """What an order took."""

    amount: Amount
    fee: Amount
    """Of it, the programme's; the rest is owed to the shop."""
    refunded: Amount
    captured_at: str
    lines: list[LineShare]


class Change(TypedDict):
    """What one movement did to one state; less than zero where money left it."""

    state: str
    amount: Amount


class Closing(TypedDict):
    """Where the money of a closed account went."""

    object: Literal["closing"]
    member_id: str
    was_closed: bool
    """Before; only what came in since has moved."""
    payout: Amount
    """In a last payout, sent with the next run."""
    unclaimed: Amount
    """Kept for its owner: no account it could be paid to."""
    expired: Amount
    given_up: Amount
    """Was owed by the member, and is no longer expected."""
    waiting: Amount
    """Rewards not available yet; they follow their course."""


class Commission(TypedDict):
    """What a funder pays for products: a share of their base, a fixed sum per order, or both."""

    rate_bps: int
    """In basis points: 250 is 2.5 %."""
    fixed_minor: int
    """Per order, in the programme's currency."""
    for_some_products: bool
    """Whether it is for some products alone."""


class Consent(TypedDict):
    """One act of a member. The last one for a purpose counts."""

    object: Literal["consent"]
    purpose: Purpose
    granted: bool
    at: str
    source: str
    text_version: str


class Consents(TypedDict):
    """All acts of a member, oldest first."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Consent]


class Contract(TypedDict):
    """One version of an agreement with a merchant, brand or network."""

    id: str
    object: Literal["contract"]
    ref: str
    version: int
    funder_kind: str
    funder: str
    merchant: str | None
    """The shop it covers; null = all shops."""
    valid_from: str | None
    valid_until: str | None
    commissions: list[Commission]
    """Empty: the funder pays exactly the reward."""
    release_days: int
    """Days until a confirmed reward is available."""
    release_from: str
    """What these days are counted from."""
    auto_confirm_days: int | None
    """Days after which an unanswered purchase is confirmed; null = never."""
    expires_after_months: int | None
    """Of available money; null = never."""
    returns: str
    """What a return does to a reward."""


class Contracts(TypedDict):
    """A page of contracts."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Contract]


class Deliveries(TypedDict):
    """A page of deliveries."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Delivery]


class Delivery(TypedDict):
    """An event on its way to the endpoint."""

    object: Literal["delivery"]
    event_id: str
    type: str
    object_id: str
    state: Literal["pending", "delivered", "skipped", "failed"]
    attempts: int
    next_attempt_at: str | None
    """Null once it has arrived or is given up."""
    finished_at: str | None
    detail: str
    """Why it is not there; empty: nothing is wrong."""
    last_attempt: DeliveryAttempt | None


class DeliveryAttempt(TypedDict):
    """One call of the endpoint."""

    at: str
    duration_ms: int
    status: int | None
    """Its answer's; null: there was none."""
    detail: str
    """What went wrong; empty: nothing."""
    answer: str
    """The beginning of its answer."""


class Event(TypedDict):
    """Something that happened."""

    id: str
    object: Literal["event"]
    type: str
    object_id: str
    """What it is about; events of one object come in their order."""
    created_at: str
    data: dict[str, Any]
    """By its type; the catalogue of events shows each with an example."""


class Events(TypedDict):
    """A page of events."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Event]


class Funder(TypedDict):
    """Who pays a part: a commission, of which the reward, the shop's share and the margin."""

    kind: str
    """merchant, brand, network or programme."""
    ref: str
    contract: str | None
    """Its reference; null = the programme's own money."""
    contract_version: int | None
    commission: Amount
    reward: Amount
    share: Amount
    margin: Amount


class Hold(TypedDict):
    """Money of a cagnotte that is reserved for an order, and what became of it."""

    id: str
    object: Literal["hold"]
    state: Literal["open", "captured", "released", "expired"]
    cagnotte_id: str
    merchant_id: str
    order_ref: str
    amount: Amount
    captured: Amount
    """Spent, in time or late; the rest went back."""
    capture: Capture | None
    expires_at: str | None
    created_at: str
    resolved_at: str | None


class Holds(TypedDict):
    """A page of holds."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Hold]


class LineBody(TypedDict):
    """One article. Amounts in minor units of the order's currency."""

    sku: NotRequired[str]
    """The article's reference in the catalogue."""
    quantity: NotRequired[int]
    amount_minor: int
    """Price of all units, tax included, before the discount."""
    discount_minor: NotRequired[int]
    """Still to be deducted of it."""
    tax_minor: NotRequired[int]
    """Tax in what remains."""
    wallet_minor: NotRequired[int]
    """Of which paid from the cagnotte."""
    category: NotRequired[str | None]
    """Without it, as the catalogue says."""
    brand: NotRequired[str | None]
    """Without it, as the catalogue says."""
    gift_card: NotRequired[bool]
    """The article is money itself."""


class LineShare(TypedDict):
    """What the cagnotte paid of a line, and what of it came back."""

    line: str
    amount_minor: int
    """The line's price."""
    share_minor: int
    """Of it, from the cagnotte."""
    returned_minor: int
    """Of the price, given back so far."""
    share_returned_minor: int
    """Of it, to the cagnotte."""


class Lot(TypedDict):
    """Money that became available together and expires together."""

    id: str
    object: Literal["lot"]
    remaining: Amount
    available_on: str
    expires_on: str | None
    """The last day it can be spent; null = never expires."""


class Lots(TypedDict):
    """All lots with something left, in the order in which they are spent."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Lot]


class Member(TypedDict):
    """A shopper enrolled in the programme."""

    id: str
    object: Literal["member"]
    ref: str
    name: str
    email: str
    country: str
    locale: str
    segments: list[str]
    joined_on: str
    state: Literal["open", "frozen", "closed"]
    """Of the cagnotte."""
    cagnotte_id: str
    cagnotte: NotRequired[Cagnotte | None]
    """With `expand=cagnotte`."""


class MemberChange(TypedDict):
    """What may be changed of a member; what is left out stays as it is."""

    name: NotRequired[str | None]
    email: NotRequired[str | None]
    """Empty: there is none any more."""
    country: NotRequired[str | None]
    """ISO 3166, in capitals."""
    locale: NotRequired[str | None]
    segments: NotRequired[list[str] | None]


class MemberToken(TypedDict):
    """By which a member's browser sees its own cagnotte and quotes, together with a publishable key."""

    object: Literal["member_token"]
    token: str
    expires_at: str


class Members(TypedDict):
    """A page of members."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Member]


class Merchant(TypedDict):
    """A shop where members earn."""

    id: str
    object: Literal["merchant"]
    ref: str
    """Its name in purchases and offers."""
    name: str
    country: str | None
    """ISO 3166, null when nobody said."""
    site: str | None


class Merchants(TypedDict):
    """A page of merchants."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Merchant]


class Method(TypedDict):
    """Where a member wants the money; the account's number is not shown again."""

    id: str
    object: Literal["payout_method"]
    kind: str
    holder: str
    last4: str
    """The end of the account's number."""
    bic: str
    changed_at: str
    """Soon after a change, nothing is paid out."""


class Movement(TypedDict):
    """One entry of a cagnotte's book."""

    id: str
    object: Literal["movement"]
    kind: str
    """What happened: see the reference of bookings."""
    occurred_on: str
    effective_on: str
    recorded_at: str
    changes: list[Change]


class Movements(TypedDict):
    """A page of movements."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Movement]


class NewCapture(TypedDict):
    """What an order takes of its hold; without an amount, all of it."""

    amount: NotRequired[AmountBody | None]
    lines: NotRequired[list[OrderLine]]
    """What the order's lines cost.

    What the cagnotte pays is shared out over them for good, and refunds name lines.
    """


class NewConsent(TypedDict):
    """A member agrees to a purpose, or no longer does."""

    purpose: Purpose
    """analytics: measuring with the tools of others. marketing: writing to the member, with a CRM."""
    granted: bool
    source: str
    """Where the member said so."""
    text_version: NotRequired[str]
    """Which wording the member agreed to; needed when it is granted."""


class NewHold(TypedDict):
    """Money to reserve for an order."""

    cagnotte_id: NotRequired[str | None]
    """The cagnotte, wal_…"""
    member_id: NotRequired[str | None]
    """Or its member, mem_…"""
    member: NotRequired[str | None]
    """Or the member's number at the shop."""
    pay_code: NotRequired[str | None]
    """Or the code that the member shows at the till: it pays one order, within minutes."""
    merchant_id: NotRequired[str | None]
    """The shop, mer_…"""
    merchant: NotRequired[str | None]
    """Or its name in files."""
    order_ref: str
    """The shop's own number of the order: the same order is the same hold."""
    amount: AmountBody
    order_total: NotRequired[AmountBody | None]
    """What the order comes to; needed where only a part may come from the cagnotte."""
    expires_in: NotRequired[int]
    """Seconds after which the money goes back by itself; 24 hours at most."""


class NewMember(TypedDict):
    """A member to enrol."""

    name: NotRequired[str | None]
    email: NotRequired[str | None]
    """Empty: there is none any more."""
    country: NotRequired[str | None]
    """ISO 3166, in capitals."""
    locale: NotRequired[str | None]
    segments: NotRequired[list[str] | None]
    ref: str
    """Their number, as shops and files give it; unique in the programme."""
    joined_on: NotRequired[str | None]
    """Without it, today."""


class NewMethod(TypedDict):
    """A bank account; it replaces the one that is on file."""

    holder: str
    """Whose account it is."""
    iban: str
    """Spaces are welcome."""
    bic: NotRequired[str]
    """Needed where the bank is not known."""


class NewPayout(TypedDict):
    """A payout to ask for."""

    cagnotte_id: NotRequired[str | None]
    """The cagnotte, wal_…"""
    member_id: NotRequired[str | None]
    """Or its member, mem_…"""
    member: NotRequired[str | None]
    """Or the member's number at the shop."""
    amount: NotRequired[AmountBody | None]
    """Without it, all that is available and one payout pays. More than it pays is refused."""


class NewPurchase(TypedDict):
    """An order of a member. Name the member, or send traces that lead to one; without either it waits."""

    merchant: str
    """The shop's reference."""
    currency: str
    lines: list[LineBody]
    """Numbered from 1 in this order."""
    channel: NotRequired[Literal["web", "app", "store", "card"]]
    country: NotRequired[str | None]
    """ISO 3166, of the shopper."""
    coupon_codes: NotRequired[list[str]]
    delivery_minor: NotRequired[int]
    """Charged for delivery, tax included."""
    delivery_tax_minor: NotRequired[int]
    """Tax in it."""
    occurred_at: str
    """When it was bought, with its offset."""
    card: NotRequired[str | None]
    """Token of the paying card."""
    commission_minor: NotRequired[int | None]
    """The commission a network reports for it."""
    status: NotRequired[Validation | None]
    """Without it, pending until it is confirmed or declined."""
    reason: NotRequired[NewPurchaseReason | None]
    """Why it is declined."""
    order_ref: str
    """The shop's number of it; known once per merchant."""
    member_ref: NotRequired[str | None]
    """The member's number."""
    member_id: NotRequired[str | None]
    traces: NotRequired[list[TraceBody]]
    """Weighed by the rules of attribution when no member is named."""


class NewRefund(TypedDict):
    """What comes back of an order: an amount of what the cagnotte paid, or lines."""

    refund_ref: str
    """The shop's own number: the same one is the same refund."""
    amount: NotRequired[AmountBody | None]
    lines: NotRequired[list[OrderLine]]
    """What comes back of each line's price; the cagnotte gets its share of it."""


class NewVoucher(TypedDict):
    """A voucher to issue from a cagnotte."""

    cagnotte_id: NotRequired[str | None]
    """The cagnotte, wal_…"""
    member_id: NotRequired[str | None]
    """Or its member, mem_…"""
    member: NotRequired[str | None]
    """Or the member's number at the shop."""
    reference: str
    """Your own name for it: the same one is the same voucher."""
    amount: AmountBody
    minimum_basket: NotRequired[AmountBody | None]
    """What an order must come to; without it, anything."""
    valid_from: NotRequired[str | None]
    """Its first day; without it, today."""
    valid_until: str
    """Its last day."""
    partial_use: NotRequired[bool | None]
    """What an order does not need stays on it; false: used once.

    Without it, true, or what the shop's software does.
    """
    merchant_id: NotRequired[str | None]
    """The only shop that takes it; without one, all of them."""
    signed: NotRequired[bool]
    """Tills can check it without a line; used once, never called off."""
    shop: NotRequired[AtShopBody | None]
    """Have a shop's own software take it at its checkout; the worker tells the shop."""


class NewWebhookEndpoint(TypedDict):
    """An address that shall be told of events."""

    url: str
    """Where events are sent: https://, on the open internet."""
    description: NotRequired[str]
    """For people."""
    event_types: NotRequired[list[str]]
    """What it hears of; an empty list: everything."""
    envelope: NotRequired[Literal["standard", "cloudevents"]]
    """standard: id, type, timestamp, data. cloudevents: CloudEvents 1.0."""


class Offer(TypedDict):
    """One version of an offer, published."""

    id: str
    object: Literal["offer"]
    ref: str
    version: int
    name: str
    headline: str
    """What it gives, as a sentence."""
    role: str
    """base: the ordinary rate; boost: adds to it; bonus: for the whole order."""
    effect: str
    """How it counts."""
    rate_bps: int | None
    """Its rate, or the highest of its tiers; null for sums."""
    amount: Amount | None
    """Its sum, per order or unit; null for rates."""
    merchants: list[str]
    """Where it holds; empty = everywhere."""
    categories: list[str]
    """For what; empty = everything."""
    brands: list[str]
    minimum_basket: Amount | None
    for_some_members: bool
    """Whether it is for some members alone."""
    valid_from: str | None
    valid_until: str | None
    """The last day; null = until further notice."""


class Offers(TypedDict):
    """A page of offers."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Offer]


class OfflineAnswer(TypedDict):
    """What became of one of them: the use, or the problem."""

    order_ref: str
    use: VoucherUse | None
    code: str | None
    status: int
    detail: str | None


class OfflineAnswers(TypedDict):
    """What became of each, in the order they were told."""

    object: Literal["offline_answers"]
    data: list[OfflineAnswer]


class OfflineBatch(TypedDict):
    """What a till tells once it has a line again."""

    uses: list[TakenOffline]


class OrderLine(TypedDict):
    """A line of the order, by the shop's own name, and an amount of its price."""

    line: str
    amount_minor: int


class Payout(TypedDict):
    """Money on its way from a cagnotte to a bank account."""

    id: str
    object: Literal["payout"]
    state: Literal["requested", "approved", "sent", "settled", "rejected", "returned", "cancelled"]
    cagnotte_id: str
    reference: str
    """What the bank hands back: the end-to-end id."""
    amount: Amount
    """Out of the cagnotte."""
    fee: Amount
    transfer: Amount
    """What arrives at the bank."""
    requested_at: str
    steps: list[PayoutStep]


class PayoutStep(TypedDict):
    """Something that happened to a payout."""

    event: str
    occurred_on: str
    at: str
    code: str
    """The bank's, where it gave one."""
    reason: str


class Payouts(TypedDict):
    """A page of payouts."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Payout]


class Problem(TypedDict):
    """What went wrong (RFC 9457)."""

    type: str
    """The page that explains the code."""
    title: str
    status: int
    detail: str
    """A sentence for people."""
    code: str
    """Stable, for machines."""
    request_id: NotRequired[str | None]
    errors: NotRequired[list[ProblemPlace] | None]


class ProblemPlace(TypedDict):
    """One thing that is wrong, and where: one of the first three says."""

    pointer: NotRequired[str | None]
    """JSON pointer into the body."""
    parameter: NotRequired[str | None]
    """A parameter of the path or query."""
    header: NotRequired[str | None]
    code: str
    detail: str


class Programme(TypedDict):
    """A set of rules and books: a shop's own programme, a portal, a coalition."""

    id: str
    object: Literal["programme"]
    slug: str
    name: str
    currency: str
    """In which its books are kept, ISO 4217."""
    timezone: str
    """Where its days begin and end."""
    mode: Literal["live", "test"]
    """Test: a sandbox, where nothing is real."""
    created_at: str


class Purchase(TypedDict):
    """An order of a member, as it stands after all that was told of it."""

    id: str
    object: Literal["purchase"]
    merchant: str
    order_ref: str
    member_id: str
    member_ref: str
    state: Validation
    reason: str
    """Why it is declined; else empty."""
    source: str
    """Who told of it."""
    attributed_by: str
    """What led to the member."""
    occurred_at: str
    amount: Amount
    """What it cost, returns not deducted."""
    reward: Amount
    """What it earns as it stands."""
    released: Amount
    """Of which was made available."""
    reward_id: str
    confirmed_on: str | None
    release_on: str | None
    """From this day the delay of its contract is over."""
    version: int
    """Counts what was told of it and changed it."""
    lines: list[PurchaseLine] | None
    """Left out of lists."""


class PurchaseBatch(TypedDict):
    """Many orders at once, each with its own answer."""

    purchases: list[NewPurchase]


class PurchaseLine(TypedDict):
    """One article as it stands, amounts in minor units of the order's currency."""

    number: int
    sku: str
    quantity: int
    amount_minor: int
    discount_minor: int
    tax_minor: int
    wallet_minor: int
    category: str | None
    brand: str | None
    gift_card: bool
    returned_quantity: int
    returned_minor: int


class Purchases(TypedDict):
    """A page of purchases."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Purchase]


class Quote(TypedDict):
    """What a basket would earn now. Nothing is promised by it: what counts is the purchase."""

    object: Literal["quote"]
    merchant: str
    for_member: bool
    """Whether it is for a certain member, or for anybody."""
    language: str
    """Of the sentences."""
    base: Amount
    """How much of the basket counts."""
    reward: Amount
    """All of it, vouchers included."""
    vouchers: Amount
    """Of which given as vouchers for a next order."""
    lines: list[QuotedLine]
    offers: list[QuotedOffer]
    next_steps: list[Step]
    """At most three, the nearest first."""
    sentences: list[str]
    """What was earned, what did not count, what was missed."""


class QuotedLine(TypedDict):
    """What one line would earn. Number 0 is delivery, where that counts."""

    number: int
    base: Amount
    """How much of it counts."""
    reward: Amount


class QuotedOffer(TypedDict):
    """What one offer would give."""

    ref: str
    name: str
    reward: Amount
    rate_bps: int | None
    """The rate applied; null where it gives a sum."""
    as_voucher: bool
    """Given as a voucher for a next order."""


class Refund(TypedDict):
    """What came back to the cagnotte."""

    id: str
    object: Literal["refund"]
    hold_id: str
    refund_ref: str
    amount: Amount
    """Back to the cagnotte."""
    repaid: Amount
    """Of it, used for what the member owed."""
    refunded_at: str


class Refunds(TypedDict):
    """All refunds of a hold, oldest first."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Refund]


class Refusal(TypedDict):
    """Why a purchase is declined."""

    reason: NewPurchaseReason


class Refused(TypedDict):
    """Why an order of a batch was not taken."""

    code: str
    detail: str
    errors: list[ProblemPlace]


class ReplaySince(TypedDict):
    """Which events to send again."""

    since: str
    """Those told since; 30 days are kept."""
    only_lost: NotRequired[bool]
    """Only those that never arrived; false: all of them."""


class Replayed(TypedDict):
    """How many events are on their way again."""

    object: Literal["replay"]
    webhook_endpoint_id: str
    events: int


class Restatement(TypedDict):
    """The same order told anew, whole. What came back of it stays."""

    merchant: str
    """The shop's reference."""
    currency: str
    lines: list[LineBody]
    """Numbered from 1 in this order."""
    channel: NotRequired[Literal["web", "app", "store", "card"]]
    country: NotRequired[str | None]
    """ISO 3166, of the shopper."""
    coupon_codes: NotRequired[list[str]]
    delivery_minor: NotRequired[int]
    """Charged for delivery, tax included."""
    delivery_tax_minor: NotRequired[int]
    """Tax in it."""
    occurred_at: str
    """When it was bought, with its offset."""
    card: NotRequired[str | None]
    """Token of the paying card."""
    commission_minor: NotRequired[int | None]
    """The commission a network reports for it."""
    status: NotRequired[Validation | None]
    """Without it, pending until it is confirmed or declined."""
    reason: NotRequired[NewPurchaseReason | None]
    """Why it is declined."""


class ReturnedLine(TypedDict):
    """What came back of a line so far."""

    number: int
    quantity: NotRequired[int]
    amount_minor: int
    """Of its price before discounts."""


class Returns(TypedDict):
    """All that came back of an order so far, by line, or as one amount spread over the lines. Cumulative."""

    lines: NotRequired[list[ReturnedLine]]
    amount_minor: NotRequired[int]
    """For no line in particular."""


class Reward(TypedDict):
    """What a purchase earns its member, and why."""

    id: str
    object: Literal["reward"]
    purchase_id: str
    member_ref: str
    merchant: str
    order_ref: str
    state: Validation
    """Of the purchase."""
    amount: Amount
    released: Amount
    """Of which was made available."""
    release_on: str | None
    base: Amount
    """How much of the order counts."""
    lines: list[RewardLine]
    offers: list[RewardOffer]
    language: str
    sentences: list[str]
    """What was earned, what did not count, what was missed: whole sentences."""
    funders: list[Funder] | None
    """Who pays; null for members."""


class RewardLine(TypedDict):
    """What one line of the order counted for, and earned. Number 0 is delivery."""

    number: int
    base: Amount
    """How much of it counts."""
    reward: Amount


class RewardOffer(TypedDict):
    """What one version of an offer gave."""

    ref: str
    version: int
    base: Amount
    """What it was applied to."""
    rate_bps: int | None
    """The rate applied; null where it gives a sum."""
    reward: Amount
    as_voucher: bool


class RewardShown(TypedDict):
    """A reward in a list; ask for it by its id to hear why."""

    id: str
    object: Literal["reward"]
    purchase_id: str
    member_ref: str
    merchant: str
    order_ref: str
    state: Validation
    amount: Amount
    released: Amount
    release_on: str | None


class Rewards(TypedDict):
    """A page of rewards."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[RewardShown]


class Rotation(TypedDict):
    """How long the present secret goes on signing beside the new one."""

    keep_hours: NotRequired[int]


class Step(TypedDict):
    """More than now, for a little more in the basket."""

    offer: str
    name: str
    kind: Literal["minimum_basket", "minimum_quantity", "tier"]
    line: int
    """The line that was enlarged to reckon it."""
    missing: Amount
    """What more has to be bought, as a price."""
    missing_units: int
    """Of how many units; 0 where only the amount counts."""
    extra_reward: Amount
    """What the whole basket would earn beyond `reward`."""


class TakenOffline(TypedDict):
    """What a till without a line took of a signed voucher."""

    code: str
    """As a person typed it, or the text of a signed voucher."""
    merchant_id: str
    """The shop, mer_…"""
    basket: AmountBody
    """What the order comes to."""
    order_ref: str
    """The shop's own number of the order: a voucher pays an order once."""
    amount: NotRequired[AmountBody | None]
    """What it shall pay; without it, what it can."""
    used_on: str


class ToCheck(TypedDict):
    """A voucher and the order it shall help to pay."""

    code: str
    """As a person typed it, or the text of a signed voucher."""
    merchant_id: str
    """The shop, mer_…"""
    basket: AmountBody
    """What the order comes to."""


class ToRedeem(TypedDict):
    """A voucher, and the order it pays."""

    code: str
    """As a person typed it, or the text of a signed voucher."""
    merchant_id: str
    """The shop, mer_…"""
    basket: AmountBody
    """What the order comes to."""
    order_ref: str
    """The shop's own number of the order: a voucher pays an order once."""
    amount: NotRequired[AmountBody | None]
    """What it shall pay; without it, what it can."""


class TraceBody(TypedDict):
    """Something in an order that may lead to a member."""

    kind: Trace
    value: str
    """A member number, the reference of a click, a code, a card's token, the SHA-256 of an address …"""
    at: NotRequired[str | None]
    """When it was made, where known."""


class Unattributed(TypedDict):
    """An order that is kept, and nobody's yet."""

    object: Literal["unattributed_purchase"]
    merchant: str
    order_ref: str
    attribution: Literal["none"]
    reason: Reason
    """Why it is nobody's: what came nearest to a member."""
    detail: str
    """The same as a sentence."""


class Voucher(TypedDict):
    """Money of a cagnotte on a code."""

    id: str
    object: Literal["voucher"]
    state: Literal["issued", "part_used", "used", "expired", "void"]
    origin: Literal["wallet", "reward"]
    """Bought, or given by an offer."""
    cagnotte_id: str
    reference: str | None
    """Your own name for it; null for what an offer gave."""
    last4: str
    """The end of its code."""
    amount: Amount
    """It was issued for."""
    open: Amount
    """It still holds."""
    used: Amount
    """Used at shops, less what came back."""
    returned: Amount
    """Given back to the cagnotte."""
    expired: Amount
    minimum_basket: Amount
    valid_from: str
    valid_until: str
    partial_use: bool
    merchant_id: str | None
    signed: bool
    shop: VoucherAtShop | None
    """Null when no shop's own software takes it."""
    created_at: str


class VoucherAtShop(TypedDict):
    """How a shop's own software knows a voucher."""

    connection: str
    form: Form
    state: Literal["telling", "told", "refused", "calling_off", "ended"]
    """telling: not yet known there.

    refused: the money went back. calling_off: the money comes back once the shop has ended it.
    ended: nobody can use it there any more.
    """
    native_id: str | None
    """The shop's own name of it."""
    told_at: str | None
    read_at: str | None
    """Up to then what orders took is booked."""
    problem: str | None
    """What went wrong last, in a sentence."""


class VoucherCheck(TypedDict):
    """Whether a voucher can be used for an order; it is not reserved by asking."""

    object: Literal["voucher_check"]
    usable: bool
    reason: str | None
    """Why not, for machines."""
    detail: str | None
    """Why not, in a sentence."""
    pays: Amount
    """What it would pay."""
    voucher: Voucher


class VoucherCode(TypedDict):
    """What its owner hands over: a code to type, a QR code to show."""

    object: Literal["voucher_code"]
    voucher_id: str
    code: str
    signed_text: str | None
    """Of a signed voucher; the QR code holds it."""
    qr_svg: str
    """The QR code as an SVG picture."""


class VoucherKey(TypedDict):
    """The public half of a key that signs vouchers."""

    id: str
    object: Literal["voucher_key"]
    algorithm: Literal["Ed25519"]
    public_key: str
    """32 bytes, in hexadecimal digits."""
    created_at: str
    retired_at: str | None
    """It signs no more; what it signed is valid."""


class VoucherKeys(TypedDict):
    """Every key that ever signed, oldest first."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[VoucherKey]


class VoucherRefund(TypedDict):
    """What came back."""

    id: str
    object: Literal["voucher_refund"]
    use_id: str
    refund_ref: str
    amount: Amount
    to_voucher: bool
    """It stands on the voucher again; false: the voucher is over, and it is the member's money."""
    repaid: Amount
    """Of it, used for what the member owed."""
    refunded_at: str


class VoucherRefunding(TypedDict):
    """What comes back of an order that a voucher paid."""

    refund_ref: str
    """The shop's own number: the same one is the same refund."""
    amount: AmountBody


class VoucherUse(TypedDict):
    """What a voucher paid of an order."""

    id: str
    object: Literal["voucher_use"]
    voucher_id: str
    merchant_id: str
    order_ref: str
    amount: Amount
    refunded: Amount
    kind: Literal["used", "double_paid", "double_unpaid"]
    """double_…: a signed voucher that had been used before; paid at the programme's loss, or not paid."""
    used_on: str


class VoucherUses(TypedDict):
    """All uses of a voucher, oldest first."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[VoucherUse]


class Vouchers(TypedDict):
    """A page of vouchers."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[Voucher]


class WebhookEndpoint(TypedDict):
    """An address that is told of events."""

    id: str
    object: Literal["webhook_endpoint"]
    url: str
    description: str
    event_types: list[str]
    envelope: Literal["standard", "cloudevents"]
    enabled: bool
    disabled_because: Literal["by_hand", "gone", "failing"] | None
    """gone: it answered 410. failing: no good answer for days."""
    disabled_at: str | None
    failing_since: str | None
    """No good answer since; null: all is well."""
    created_at: str


class WebhookEndpointChange(TypedDict):
    """What may be changed; what is left out stays as it is."""

    url: NotRequired[str | None]
    description: NotRequired[str | None]
    event_types: NotRequired[list[str] | None]
    envelope: NotRequired[Literal["standard", "cloudevents"] | None]
    enabled: NotRequired[bool | None]
    """false: nothing is sent; what is on its way is given up."""


class WebhookEndpointWithSecret(TypedDict):
    """An endpoint with its secret, which is shown this once."""

    id: str
    object: Literal["webhook_endpoint"]
    url: str
    description: str
    event_types: list[str]
    envelope: Literal["standard", "cloudevents"]
    enabled: bool
    disabled_because: Literal["by_hand", "gone", "failing"] | None
    """gone: it answered 410. failing: no good answer for days."""
    disabled_at: str | None
    failing_since: str | None
    """No good answer since; null: all is well."""
    created_at: str
    secret: str
    """Signs what is sent (Standard Webhooks); keep it on your server."""
    secret_before_until: str | None
    """Until then the secret before signs too; null: there is none."""


class WebhookEndpoints(TypedDict):
    """All endpoints, the oldest first."""

    object: Literal["list"]
    has_more: bool
    """Whether there are rows after these."""
    next_cursor: str | None
    """Send it as `cursor` for the next page; null on the last."""
    data: list[WebhookEndpoint]
