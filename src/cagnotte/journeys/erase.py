"""A member is forgotten, and the books stay.

What is personal is deleted or blanked, by the list of `personal_data`; the cagnotte and its movements stay under an
id that leads to nobody. Nothing is erased while money is on its way: closing the account first pays what is there
(`close_account`), and what still waits for shops is waited for, or given up in so many words.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

import psycopg
from django.db import transaction
from django.utils.translation import gettext as _

from cagnotte.claims import documents
from cagnotte.claims.models import ClaimDocument
from cagnotte.domain.bookings import spending
from cagnotte.domain.errors import NotFound, Refused
from cagnotte.domain.ids import derived_id
from cagnotte.identity import consents
from cagnotte.identity.erasure import PSEUDONYM
from cagnotte.identity.models import Member, Programme
from cagnotte.journeys import close_account
from cagnotte.journeys.personal_data import HOLDINGS, Fate, Owner, owner_of, rows_of
from cagnotte.ledger import selectors as ledger
from cagnotte.ledger.selectors import MemberBalances
from cagnotte.payouts import selectors as payouts
from cagnotte.platform import sql
from cagnotte.platform.figures import money
from cagnotte.tracking.services import forget_member
from cagnotte.wallet import movements, voucher_views

Connection = psycopg.Connection[Any]

SQL = sql.load("personal_data")


GIVEN_UP = frozenset({"waiting", "aside", "vouchers"})
"""Obstacles that a member can do away with by giving the money up."""


class Obstacle(NamedTuple):
    """Why a member cannot be erased now. code: payouts, holds, available, owing, or one of `GIVEN_UP`."""

    code: str
    sentence: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Order:
    """Who is to be erased, on which day in the programme's time zone.

    gives_up_minor: what the member was shown, and has said may be lost; nothing is erased while more than that waits.
    """

    programme: Programme
    member: Member
    now: datetime
    on: date
    gives_up_minor: int = 0


@dataclass(frozen=True, slots=True)
class Erased:
    """What was done. deleted, blanked: rows per table.

    given_up_minor: what was still to come, kept aside, or on vouchers whose codes nobody can look up any more.
    """

    pseudonym: str
    deleted: dict[str, int]
    blanked: dict[str, int]
    given_up_minor: int


def obstacles(connection: Connection, programme: Programme, member: Member) -> list[Obstacle]:
    """Return what stands against erasing a member now, in the order in which to see to it."""
    found: list[Obstacle] = []
    balances = _balances(connection, programme, member)

    def say(code: str, amount_minor: int, sentence: str) -> None:
        if amount_minor:
            told = sentence.format(amount=money(amount_minor, programme.currency))
            found.append(Obstacle(code, told, amount_minor))

    under_way = payouts.payouts_under_way(connection, member.wallet_id)
    paying_minor = sum(payout.amount_minor for payout in under_way)
    say(
        "payouts",
        paying_minor,
        _("A payout of {amount} is on its way to your bank: wait until it has arrived."),
    )
    say(
        "holds",
        0 if under_way else balances.held,
        _("{amount} is reserved for an order at a shop: wait until it is paid or cancelled."),
    )
    say(
        "available",
        balances.available,
        _("You have {amount} to spend: close your account first, which pays it to you."),
    )
    say(
        "owing",
        balances.owing,
        _("{amount} was paid to you too much: closing your account settles it."),
    )
    say(
        "waiting",
        balances.pending + balances.confirmed,
        _("{amount} is not available yet: wait for it, or give it up."),
    )
    say(
        "aside",
        payouts.kept_aside(connection, member.wallet_id),
        _("{amount} is kept aside for you: write to us to have it paid, or give it up."),
    )
    vouchers = voucher_views.open_vouchers(connection, programme.id, member.wallet_id)
    say(
        "vouchers",
        sum(voucher.open_minor for voucher in vouchers),
        _("{amount} is on vouchers: note their codes first, afterwards nobody can find them."),
    )
    return found


def given_up(found: Sequence[Obstacle]) -> int:
    """Return how much a member gives up who is erased in spite of these obstacles, in minor units."""
    return sum(one.amount_minor for one in found if one.code in GIVEN_UP)


def erase(connection: Connection, order: Order) -> Erased:
    """Erase a member, in one database transaction on Django's own connection (`shared_connection`).

    Raises:
        Refused: money is on its way, or waits and was not given up, with the first obstacle's sentence; or more waits
            than was given up (`more_waits`). Nothing was changed.
        NotFound: the member is not of this programme, or is erased already.
    """
    with transaction.atomic():
        _lock(connection, order)
        given_up_minor = _refuse(connection, order)
        close_account.run(
            connection,
            close_account.Closing(
                order.programme.id,
                order.member.wallet_id,
                order.programme.currency,
                order.now,
                order.on,
            ),
        )
        _give_up_aside(connection, order)
        owner = replace(owner_of(order.member), pseudonym=PSEUDONYM + secrets.token_hex(8))
        consents.withdraw_all(wallet_id=owner.wallet_id, now=order.now, source="erasure")
        _blank_texts(connection, order)
        _delete_files(owner)
        deleted, blanked = _empty(owner)
        forget_member(connection, order.programme.id, owner.wallet_id)
    return Erased(owner.pseudonym, deleted, blanked, given_up_minor)


def _lock(connection: Connection, order: Order) -> None:
    facts = {"programme_id": order.programme.id, "wallet_id": order.member.wallet_id}
    if connection.execute(SQL.lock_wallet, facts).fetchone() is None:
        raise NotFound("There is no such cagnotte.", wallet_id=order.member.wallet_id)
    if order.member.ref.startswith(PSEUDONYM):
        raise NotFound("This member is erased already.", wallet_id=order.member.wallet_id)


def _refuse(connection: Connection, order: Order) -> int:
    """Return what the member gives up, in minor units. Raises Refused for anything else that stands against it."""
    found = obstacles(connection, order.programme, order.member)
    for obstacle in found:
        if obstacle.code not in GIVEN_UP or not order.gives_up_minor:
            raise Refused(obstacle.sentence, code=obstacle.code)
    given_up_minor = given_up(found)
    if given_up_minor > order.gives_up_minor:
        amount = money(given_up_minor, order.programme.currency)
        told = _("{amount} would be lost now, which is more than you were shown: look again.")
        raise Refused(told.format(amount=amount), code="more_waits")
    return given_up_minor


def _give_up_aside(connection: Connection, order: Order) -> None:
    """Book what is kept aside as given up. What is not available yet is booked so once it is (`tend_closed`)."""
    wallet_id, programme = order.member.wallet_id, order.programme
    occasion = movements.occasion(
        connection,
        programme_id=programme.id,
        currency=programme.currency,
        now=order.now,
        on=order.on,
    )
    aside_minor = payouts.kept_aside(connection, wallet_id)
    legs = spending.unclaimed_given_up(occasion.purse(wallet_id), aside_minor)
    fact_id = derived_id(order.now, programme.id, "erasure", wallet_id)
    given_up_now = occasion.transaction(
        legs, kind="unclaimed_given_up", book_id=wallet_id, fact_id=fact_id
    )
    movements.book(connection, [given_up_now])


def _balances(connection: Connection, programme: Programme, member: Member) -> MemberBalances:
    found = ledger.member_balances(connection, [member.wallet_id], programme.id, programme.currency)
    return found.get(member.wallet_id, MemberBalances())


def _blank_texts(connection: Connection, order: Order) -> None:
    """Take the member's address out of what others sent, before nobody knows it any more."""
    member = order.member
    facts = {"programme_id": order.programme.id, "wallet_id": member.wallet_id}
    texts = [text.lower() for text in (member.ref, member.email) if text]
    connection.execute(SQL.blank_attributions, {**facts, "texts": texts})
    if member.email:
        connection.execute(SQL.blank_pieces, {**facts, "email": member.email})
        connection.execute(
            SQL.forget_rejections, {"programme_id": order.programme.id, "email": member.email}
        )


def _delete_files(owner: Owner) -> None:
    """Delete what was sent along with claims, once nobody can take the decision back."""
    for document_id in ClaimDocument.objects.filter(wallet_id=owner.wallet_id).values_list(
        "id", flat=True
    ):
        transaction.on_commit(partial(documents.delete, document_id))


def _empty(owner: Owner) -> tuple[dict[str, int], dict[str, int]]:
    """Delete and blank what the list says; return how many rows, per table. A person who is more than this stays."""
    deleted: dict[str, int] = {}
    blanked: dict[str, int] = {}
    for holding in HOLDINGS:
        if not holding.is_there or (holding.is_of_person and owner.is_shared):
            continue
        rows = rows_of(holding, owner)
        if holding.fate is Fate.DELETED:
            deleted[holding.table] = rows.delete()[1].get(holding.model._meta.label, 0)  # noqa: SLF001 - public, as documented
        elif holding.fate is Fate.BLANKED:
            blanked[holding.table] = rows.update(**holding.values(owner))
    return deleted, blanked
