"""Rewards, explained: why so much, why not more, who pays."""

from datetime import date
from typing import Annotated, Literal

from django.utils.translation import get_language
from ninja import Query, Router, Schema
from pydantic import Field

from cagnotte.api import pages
from cagnotte.api.access import ApiRequest, member_of, programme_of, publishable, secret
from cagnotte.api.errors import MemberTokenInvalid
from cagnotte.api.resources.purchases import wallet_of
from cagnotte.api.shapes import Amount, amount, nothing, read_id
from cagnotte.domain.ids import public_id
from cagnotte.domain.purchases import Validation
from cagnotte.identity import selectors as identity
from cagnotte.journeys.explain import Why, why
from cagnotte.platform.shared_connection import shared_connection
from cagnotte.purchases import selectors
from cagnotte.rewards.sentences.told import Audience

router = Router(tags=["Rewards"])


class RewardLine(Schema):
    """What one line of the order counted for, and earned. Number 0 is delivery."""

    number: int
    base: Amount = Field(description="How much of it counts.")
    reward: Amount


class RewardOffer(Schema):
    """What one version of an offer gave."""

    ref: str
    version: int
    base: Amount = Field(description="What it was applied to.")
    rate_bps: int | None = Field(description="The rate applied; null where it gives a sum.")
    reward: Amount
    as_voucher: bool


class Funder(Schema):
    """Who pays a part: a commission, of which the reward, the shop's share and the margin."""

    kind: str = Field(description="merchant, brand, network or programme.")
    ref: str
    contract: str | None = Field(description="Its reference; null = the programme's own money.")
    contract_version: int | None
    commission: Amount
    reward: Amount
    share: Amount
    margin: Amount


class Reward(Schema):
    """What a purchase earns its member, and why."""

    id: str = Field(examples=["rew_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["reward"] = "reward"
    purchase_id: str
    member_ref: str
    merchant: str
    order_ref: str
    state: Validation = Field(description="Of the purchase.")
    amount: Amount
    released: Amount = Field(description="Of which was made available.")
    release_on: date | None
    base: Amount = Field(description="How much of the order counts.")
    lines: list[RewardLine]
    offers: list[RewardOffer]
    language: str
    sentences: list[str] = Field(
        description="What was earned, what did not count, what was missed: whole sentences."
    )
    funders: list[Funder] | None = Field(description="Who pays; null for members.")


class RewardShown(Schema):
    """A reward in a list; ask for it by its id to hear why."""

    id: str
    object: Literal["reward"] = "reward"
    purchase_id: str
    member_ref: str
    merchant: str
    order_ref: str
    state: Validation
    amount: Amount
    released: Amount
    release_on: date | None


class Rewards(pages.Page):
    """A page of rewards."""

    data: list[RewardShown]


For = Annotated[
    Audience, Query(description="member: without commissions, contracts, segments and funders.")
]
OfMember = Annotated[str | None, Query(max_length=40, description="The member's id.")]


@router.get("/rewards", response=Rewards, auth=secret("rewards:read"))
def list_rewards(
    request: ApiRequest,
    limit: pages.Limit = 20,
    cursor: pages.Cursor = None,
    member_id: OfMember = None,
) -> Rewards:
    """Return rewards, those of the last recorded purchases first."""
    programme_id = request.key.programme_id
    wallet_id = wallet_of(request, member_id) if member_id is not None else None
    rows = selectors.page(
        shared_connection(),
        programme_id,
        selectors.Wanted(wallet_id),
        before=pages.place_id(cursor, of="rewards"),
        count=limit + 1,
    )
    cut = pages.page(rows, limit, of="rewards", key=lambda row: [row.id])
    return Rewards(data=[_shown(row) for row in cut.rows], **cut.rest)


@router.get("/rewards/{reward_id}", response=Reward, auth=secret("rewards:read"))
def get_reward(request: ApiRequest, reward_id: str, audience: For = "operator") -> Reward:
    """Return a reward with its decision, explained in the language of Accept-Language (en, fr)."""
    return _reward(request, reward_id, audience)


@router.get("/me/rewards/{reward_id}", response=Reward, auth=publishable("catalog:read"))
def get_my_reward(request: ApiRequest, reward_id: str) -> Reward:
    """Return a reward of the member of the header Cagnotte-Member, explained to that member."""
    member_id = member_of(request)
    member = member_id and identity.member(request.key.programme_id, member_id)
    if not member:
        raise MemberTokenInvalid("Send the member's token in the header Cagnotte-Member.")
    purchase_id = read_id("rew", reward_id, "reward")
    row = selectors.shown(shared_connection(), request.key.programme_id, [purchase_id]).get(
        purchase_id
    )
    if row is None or row.wallet_id != member.wallet_id:
        raise nothing(reward_id, "reward")
    return _reward(request, reward_id, "member")


def _reward(request: ApiRequest, reward_id: str, audience: Audience) -> Reward:
    purchase_id = read_id("rew", reward_id, "reward")
    if purchase_id not in selectors.shown(
        shared_connection(), request.key.programme_id, [purchase_id]
    ):
        raise nothing(reward_id, "reward")
    key = public_id("pur", purchase_id)
    found = why(shared_connection(), programme_of(request), key, audience)
    return _rendered(found, audience)


def _rendered(found: Why, audience: Audience) -> Reward:
    decision, currency = found.decision, found.decision.currency
    earned: dict[int, int] = {}
    for award in decision.awards:
        for number, minor in award.lines:
            earned[number] = earned.get(number, 0) + minor
    return Reward(
        id=public_id("rew", found.purchase_id),
        purchase_id=public_id("pur", found.purchase_id),
        member_ref=found.member_ref,
        merchant=found.purchase.merchant,
        order_ref=found.purchase.order_ref,
        state=Validation(found.validation),
        amount=amount(found.reward_minor, currency),
        released=amount(found.released_minor, currency),
        release_on=found.release_on,
        base=amount(decision.base_minor, currency),
        lines=[
            RewardLine(
                number=line.number,
                base=amount(line.base_minor, currency),
                reward=amount(earned.get(line.number, 0), currency),
            )
            for line in decision.lines
        ],
        offers=[
            RewardOffer(
                ref=award.offer,
                version=award.version,
                base=amount(award.base_minor, currency),
                rate_bps=award.rate_bps or None,
                reward=amount(award.amount_minor, currency),
                as_voucher=award.voucher is not None,
            )
            for award in decision.awards
        ],
        language=get_language() or "en",
        sentences=found.sentences,
        funders=None if audience == "member" else _funders(found),
    )


def _funders(found: Why) -> list[Funder]:
    currency = found.decision.currency
    return [
        Funder(
            kind=part.funder_kind,
            ref=part.funder,
            contract=part.contract[0] if part.contract else None,
            contract_version=part.contract[1] if part.contract else None,
            commission=amount(part.commission_minor, currency),
            reward=amount(part.reward_minor, currency),
            share=amount(part.share_minor, currency),
            margin=amount(part.margin_minor, currency),
        )
        for part in found.decision.parts
    ]


def _shown(row: selectors.PurchaseShown) -> RewardShown:
    return RewardShown(
        id=public_id("rew", row.id),
        purchase_id=public_id("pur", row.id),
        member_ref=row.member,
        merchant=row.merchant,
        order_ref=row.order_ref,
        state=Validation(row.validation),
        amount=amount(row.reward_minor, row.currency),
        released=amount(row.released_minor, row.currency),
        release_on=row.release_on,
    )
