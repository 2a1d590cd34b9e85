"""Quotes: what a basket would earn, and what is missing to the next step."""

from datetime import timedelta
from hashlib import sha256
from typing import Literal
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from django.http import HttpResponse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from cagnotte.api import conditional
from cagnotte.api.access import MEMBER_TOKEN_HEADER, ApiRequest, member_of, publishable
from cagnotte.api.baskets import BasketBody, purchase_of
from cagnotte.api.errors import NotPermitted
from cagnotte.api.shapes import Amount, example, read_id
from cagnotte.domain.rating.decision import Award
from cagnotte.domain.rating.thresholds import Threshold
from cagnotte.journeys.kept_runs import GOOD_FOR, RUNS, Answered, KeptRun
from cagnotte.journeys.quote import Quote as Quoted
from cagnotte.journeys.quote import quote
from cagnotte.platform.shared_connection import shared_connection

router = Router(tags=["Quotes"])

JSON = "application/json; charset=utf-8"


class Basket(BasketBody):
    """A basket to be quoted."""

    member_id: str | None = Field(
        default=None,
        max_length=40,
        description="Whose it is; with a publishable key, send the header Cagnotte-Member instead.",
    )

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(
            merchant="corner",
            currency="EUR",
            lines=[{"sku": "plum", "quantity": 2, "amount_minor": 1990}],
        ),
    )


class QuotedLine(Schema):
    """What one line would earn. Number 0 is delivery, where that counts."""

    number: int
    base: Amount = Field(description="How much of it counts.")
    reward: Amount


class QuotedOffer(Schema):
    """What one offer would give."""

    ref: str
    name: str
    reward: Amount
    rate_bps: int | None = Field(description="The rate applied; null where it gives a sum.")
    as_voucher: bool = Field(description="Given as a voucher for a next order.")


class Step(Schema):
    """More than now, for a little more in the basket."""

    offer: str
    name: str
    kind: Literal["minimum_basket", "minimum_quantity", "tier"]
    line: int = Field(description="The line that was enlarged to reckon it.")
    missing: Amount = Field(description="What more has to be bought, as a price.")
    missing_units: int = Field(description="Of how many units; 0 where only the amount counts.")
    extra_reward: Amount = Field(description="What the whole basket would earn beyond `reward`.")


class Quote(Schema):
    """What a basket would earn now. Nothing is promised by it: what counts is the purchase."""

    object: Literal["quote"] = "quote"
    merchant: str
    for_member: bool = Field(description="Whether it is for a certain member, or for anybody.")
    language: str = Field(description="Of the sentences.", examples=["fr"])
    base: Amount = Field(description="How much of the basket counts.")
    reward: Amount = Field(description="All of it, vouchers included.")
    vouchers: Amount = Field(description="Of which given as vouchers for a next order.")
    lines: list[QuotedLine]
    offers: list[QuotedOffer]
    next_steps: list[Step] = Field(description="At most three, the nearest first.")
    sentences: list[str] = Field(
        description="What was earned, what did not count, what was missed."
    )


@router.post("/quotes", response={200: Quote, 304: None}, auth=publishable("quotes:read"))
def create_quote(request: ApiRequest, body: Basket) -> HttpResponse:
    """Say what a basket would earn, in the language of Accept-Language (en, fr), and what more would bring.

    It changes nothing. Without a member it is for anybody, and may be kept for a minute.
    """
    member_id = _member(request, body)
    key, connection = request.key, shared_connection()
    kept = RUNS.of(connection, key.programme_id, key.slug, request.now, stale_ok=True)
    asked = (sha256(request.body).digest(), get_language())
    answered = kept.remembered.answer(asked, request.now) if member_id is None else None
    if answered is None:
        bought_at = request.now.astimezone(ZoneInfo(key.timezone))
        basket = purchase_of(body, order_ref="quote", occurred_at=bought_at)
        quoted = quote(connection, kept, basket, member_id=member_id)
        content = _content(kept, body.merchant, quoted, for_member=member_id is not None)
        answered = Answered(request.now, content)
        if member_id is None:
            kept.remembered.keep(asked, answered)
    return _answer(request, kept.state, answered, private=member_id is not None)


def _member(request: ApiRequest, body: Basket) -> UUID | None:
    """Return whose basket it is, None for anybody's. Raises NotPermitted, NotFound, MemberTokenInvalid."""
    member_id = member_of(request)
    if body.member_id is None:
        return member_id
    if request.key.is_publishable:
        raise NotPermitted("Send the member's token in the header Cagnotte-Member.")
    return read_id("mem", body.member_id, "member")


def _answer(request: ApiRequest, state: str, told: Answered, *, private: bool) -> HttpResponse:
    etag = conditional.etag_of(state, told.content.decode())
    answer = conditional.unchanged(request, etag) or HttpResponse(told.content, content_type=JSON)
    answer["ETag"] = etag
    # Whoever asked may keep it while it is good; caches that many share may not, for the request had a key.
    left = max((told.at + GOOD_FOR - request.now) // timedelta(seconds=1), 0)
    answer["Cache-Control"] = "private, no-cache" if private else f"private, max-age={left}"
    patch_vary_headers(answer, ["Authorization", "Accept-Language", MEMBER_TOKEN_HEADER])
    return answer


# The answer is written by hand, in the shape of `Quote`: a badge on every page of a shop asks for one, and to build and
# check the eighty objects it is made of took longer than to decide it. A test holds the two equal.


def _content(kept: KeptRun, merchant: str, quoted: Quoted, *, for_member: bool) -> bytes:
    """Write a quote as JSON."""
    decision = quoted.decision
    currency = decision.currency
    earned: dict[int, int] = {}
    for award in decision.awards:
        for number, minor in award.lines:
            earned[number] = earned.get(number, 0) + minor
    return orjson.dumps(
        {
            "object": "quote",
            "merchant": merchant,
            "for_member": for_member,
            "language": get_language() or "en",
            "base": _amount(decision.base_minor, currency),
            "reward": _amount(decision.reward_minor, currency),
            "vouchers": _amount(decision.voucher_minor, currency),
            "lines": [
                {
                    "number": line.number,
                    "base": _amount(line.base_minor, currency),
                    "reward": _amount(earned.get(line.number, 0), currency),
                }
                for line in decision.lines
            ],
            "offers": [_offer(kept, currency, award) for award in decision.awards],
            "next_steps": [_step(kept, currency, one) for one in quoted.thresholds],
            "sentences": quoted.sentences,
        }
    )


def _amount(amount_minor: int, currency: str) -> dict[str, int | str]:
    return {"amount_minor": amount_minor, "currency": currency}


def _offer(kept: KeptRun, currency: str, award: Award) -> dict[str, object]:
    return {
        "ref": award.offer,
        "name": kept.offer_names.get(award.offer) or award.offer,
        "reward": _amount(award.amount_minor, currency),
        "rate_bps": award.rate_bps or None,
        "as_voucher": award.voucher is not None,
    }


def _step(kept: KeptRun, currency: str, one: Threshold) -> dict[str, object]:
    return {
        "offer": one.offer,
        "name": kept.offer_names.get(one.offer) or one.offer,
        "kind": one.kind,
        "line": one.line,
        "missing": _amount(one.missing_minor, currency),
        "missing_units": one.missing_units,
        "extra_reward": _amount(one.extra_minor, currency),
    }
