"""Members: enrol, read, change and close; tokens for their browsers."""

from datetime import date, datetime, timedelta
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from ninja import Query, Router, Schema
from pydantic import ConfigDict, Field

from cagnotte.api import access, conditional, pages
from cagnotte.api.access import ApiRequest, secret
from cagnotte.api.idempotency import idempotent
from cagnotte.api.resources.cagnottes import Cagnotte, cagnotte_of
from cagnotte.api.shapes import Amount, Body, Ref, amount, example, nothing, read_id
from cagnotte.domain.errors import Conflict
from cagnotte.domain.ids import public_id
from cagnotte.identity import selectors, services
from cagnotte.identity.models import Member as Row
from cagnotte.journeys import close_account, enrol
from cagnotte.platform.shared_connection import shared_connection

router = Router(tags=["Members"])

Segment = Annotated[str, Field(min_length=1, max_length=50, pattern=r"^[^,;|]+$")]
Expand = Annotated[list[Literal["cagnotte"]], Query(description="What is shown whole, not by id.")]


class MemberChange(Body):
    """What may be changed of a member; what is left out stays as it is."""

    name: str | None = Field(default=None, max_length=200)
    email: str | None = Field(
        default=None, max_length=254, description="Empty: there is none any more."
    )
    country: str | None = Field(default=None, max_length=2, description="ISO 3166, in capitals.")
    locale: str | None = Field(default=None, max_length=10, examples=["fr"])
    segments: list[Segment] | None = Field(default=None, max_length=50)


class NewMember(MemberChange):
    """A member to enrol."""

    ref: Ref = Field(
        description="Their number, as shops and files give it; unique in the programme."
    )
    joined_on: date | None = Field(default=None, description="Without it, today.")

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=example(ref="H0906", name="Ana", email="ana@example.org", locale="fr"),
    )


class Member(Schema):
    """A shopper enrolled in the programme."""

    id: str = Field(examples=["mem_01j9zk5y7m8q3v2x4c6b8n0d1f"])
    object: Literal["member"] = "member"
    ref: str
    name: str
    email: str
    country: str
    locale: str
    segments: list[str]
    joined_on: date
    state: Literal["open", "frozen", "closed"] = Field(description="Of the cagnotte.")
    cagnotte_id: str
    cagnotte: Cagnotte | None = Field(default=None, description="With `expand=cagnotte`.")


class Members(pages.Page):
    """A page of members."""

    data: list[Member]


class Closing(Schema):
    """Where the money of a closed account went."""

    object: Literal["closing"] = "closing"
    member_id: str
    was_closed: bool = Field(description="Before; only what came in since has moved.")
    payout: Amount = Field(description="In a last payout, sent with the next run.")
    unclaimed: Amount = Field(description="Kept for its owner: no account it could be paid to.")
    expired: Amount
    given_up: Amount = Field(description="Was owed by the member, and is no longer expected.")
    waiting: Amount = Field(description="Rewards not available yet; they follow their course.")


class MemberToken(Schema):
    """By which a member's browser sees its own cagnotte and quotes, together with a publishable key."""

    object: Literal["member_token"] = "member_token"
    token: str
    expires_at: datetime


@router.post("/members", response={201: Member}, auth=secret("members:write"))
@idempotent
def create_member(request: ApiRequest, response: HttpResponse, body: NewMember) -> Member:
    """Enrol a member and open the cagnotte. A number that is taken is refused (409)."""
    counts = _save(request, body.ref, body)
    if not counts.new:
        raise Conflict(f"There is a member “{body.ref}” already.", pointer="#/ref")
    row = _row(request, public_id("mem", services.member_id_of(request.key.programme_id, body.ref)))
    response["Location"] = f"/v1/members/{public_id('mem', row.id)}"
    return _tagged(response, _member(row))


@router.get("/members", response=Members, auth=secret("members:read"))
def list_members(
    request: ApiRequest,
    limit: pages.Limit = 20,
    cursor: pages.Cursor = None,
    ref: Annotated[str | None, Query(max_length=100, description="The one of this number.")] = None,
    email: Annotated[str | None, Query(max_length=254)] = None,
) -> Members:
    """Return members, by number."""
    place = pages.place(cursor, of="members")
    rows = selectors.member_page(
        request.key.programme_id,
        after=place[0] if place else None,
        count=limit + 1,
        ref=ref,
        email=email,
    )
    cut = pages.page(rows, limit, of="members", key=lambda row: [row.ref])
    return Members(data=[_member(row) for row in cut.rows], **cut.rest)


@router.get("/members/{member_id}", response={200: Member, 304: None}, auth=secret("members:read"))
def get_member(
    request: ApiRequest,
    response: HttpResponse,
    member_id: str,
    expand: Expand = [],  # noqa: B006
) -> Member | HttpResponse:
    """Return one member; its ETag is what an If-Match of a change names."""
    member = _member(_row(request, member_id))
    same = conditional.unchanged(request, conditional.etag_of(member))
    if same is not None and not expand:
        return same
    _tagged(response, member)
    if "cagnotte" in expand:
        wallet = selectors.wallet(request.key.programme_id, read_id("wal", member.cagnotte_id))
        if wallet is not None:
            member.cagnotte = cagnotte_of(request, wallet, None)
    return member


@router.patch("/members/{member_id}", response=Member, auth=secret("members:write"))
@idempotent
def update_member(
    request: ApiRequest, response: HttpResponse, member_id: str, body: MemberChange
) -> Member:
    """Change a member. With If-Match, only while nobody else has (else 412)."""
    row = _row(request, member_id, lock=True)
    conditional.require_match(request, conditional.etag_of(_member(row)))
    _save(request, row.ref, body)
    return _tagged(response, _member(_row(request, member_id)))


@router.post("/members/{member_id}/close", response=Closing, auth=secret("members:write"))
@idempotent
def close_member(request: ApiRequest, member_id: str) -> Closing:
    """Close a member's account: what can be paid goes with the next run, the rest is kept. Again: what came since."""
    row, key = _row(request, member_id), request.key
    order = close_account.Closing(
        key.programme_id, row.wallet_id, key.currency, request.now, _today(request)
    )
    done = close_account.run(shared_connection(), order)
    return Closing(
        member_id=public_id("mem", row.id),
        was_closed=done.was_closed,
        payout=amount(done.payout_minor, key.currency),
        unclaimed=amount(done.unclaimed_minor, key.currency),
        expired=amount(done.expired_minor, key.currency),
        given_up=amount(done.given_up_minor, key.currency),
        waiting=amount(done.waiting_minor, key.currency),
    )


@router.post(
    "/members/{member_id}/tokens", response={201: MemberToken}, auth=secret("members:write")
)
@idempotent
def create_member_token(request: ApiRequest, member_id: str) -> MemberToken:
    """Make a token for this member's browser; hand it to nobody else."""
    row = _row(request, member_id)
    return MemberToken(
        token=access.member_token(request.key.programme_id, row.id),
        expires_at=request.now + timedelta(minutes=access.MEMBER_TOKEN_MINUTES),
    )


def _today(request: ApiRequest) -> date:
    return request.now.astimezone(ZoneInfo(request.key.timezone)).date()


def _row(request: ApiRequest, member_id: str, *, lock: bool = False) -> Row:
    identity = read_id("mem", member_id, "member")
    if lock:
        Row.objects.select_for_update().filter(id=identity).first()
    row = selectors.member(request.key.programme_id, identity)
    if row is None:
        raise nothing(member_id, "member")
    return row


def _save(request: ApiRequest, ref: str, body: MemberChange) -> services.Counts:
    """Write what a client says of a member, by the same rules as a file of members. Raises InvalidRow."""
    joined_on = body.joined_on if isinstance(body, NewMember) else None
    said = {
        "ref": ref,
        "name": body.name,
        "email": body.email,
        "country": body.country,
        "locale": body.locale,
        "segments": None if body.segments is None else ",".join(body.segments),
        "joined_on": joined_on.isoformat() if joined_on else None,
    }
    fields = {name: text for name, text in said.items() if text is not None}
    return services.save_members(
        shared_connection(),
        request.key.programme_id,
        [enrol.read(1, fields).member],
        now=request.now,
        today=_today(request),
    )


def _member(row: Row) -> Member:
    wallet = row.wallet
    return Member(
        id=public_id("mem", row.id),
        ref=row.ref,
        name=row.name,
        email=row.email,
        country=row.country,
        locale=row.locale,
        segments=row.segments,
        joined_on=row.joined_on,
        state="closed" if wallet.closed_at else "frozen" if wallet.frozen else "open",
        cagnotte_id=public_id("wal", row.wallet_id),
    )


def _tagged(response: HttpResponse, member: Member) -> Member:
    response["ETag"] = conditional.etag_of(member)
    return member
