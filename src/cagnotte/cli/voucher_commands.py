"""`cagnotte vouchers`: money of the cagnotte on a code, at tills, over the REST interface, or in a shop's software."""

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.payouts_commands import moment_of
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.domain.errors import NotFound
from cagnotte.domain.ids import public_id
from cagnotte.domain.money import Money, parse_minor

if TYPE_CHECKING:
    from cagnotte.journeys.vouchers import Counter
    from cagnotte.wallet.movements import Connection
    from cagnotte.wallet.voucher_views import VoucherView
    from cagnotte.wallet.vouchers_at_shops import AtShopView

FORMS = ("code", "gift_card", "credit")
LISTED_MAX = 100


@click.group()
def vouchers() -> None:
    """Vouchers: money of a member on a code."""


def counter_of(slug: str | None, now: datetime | None) -> "Counter":
    """Return where and when vouchers are seen to: the programme, its currency, the clock and its day."""
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys.vouchers import Counter

    found, moment = programme(slug), read_clock(now)
    day, _ = moment_of(None, moment, ZoneInfo(found.timezone))
    return Counter(found.id, found.currency, moment, day)


@vouchers.command()
@click.argument("member")
@click.option("--amount", required=True, help="Such as 12.40.")
@click.option("--until", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Its last day.")
@click.option("--minimum", default="0", help="What an order must come to.")
@click.option("--merchant", default=None, help="The only shop that takes it, as files name it.")
@click.option("--once", is_flag=True, help="Used once: what an order does not need goes back.")
@click.option(
    "--reference", default=None, help="Your own name for it: the same is the same voucher."
)
@click.option("--shop", default=None, help="The connection to a shop whose own software takes it.")
@click.option("--form", type=click.Choice(FORMS), default=None, help="As what the shop keeps it.")
@click.option("--customer", default="", help="Whose it is at the shop: number or e-mail address.")
@programme_option
@now_option
@with_database
def issue(  # noqa: PLR0913 - an argument for each option
    *,
    member: str,
    amount: str,
    until: datetime,
    minimum: str,
    merchant: str | None,
    once: bool,
    reference: str | None,
    shop: str | None,
    form: str | None,
    customer: str,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Turn money of a MEMBER into a voucher, and show its code."""
    from cagnotte.domain.vouchers import Terms
    from cagnotte.hooks.vouchers import Form
    from cagnotte.identity.selectors import parties
    from cagnotte.journeys import shop_vouchers as journey
    from cagnotte.platform.database import connect
    from cagnotte.wallet.selectors import wallet_of_member

    counter = counter_of(slug, now)
    at_shop = journey.Shop(shop, Form(form) if form else None, customer) if shop else None
    partial = journey.keeps_rest(counter.programme_id, at_shop) if at_shop else not once
    merchant_id = parties(counter.programme_id).get(("merchant", merchant)) if merchant else None
    if merchant and merchant_id is None:
        raise NotFound(f"There is no merchant “{merchant}” in this programme.", merchant=merchant)
    terms = Terms(
        currency=counter.currency,
        amount_minor=parse_minor(amount, counter.currency),
        valid_from=counter.on,
        valid_until=until.date(),
        minimum_basket_minor=parse_minor(minimum, counter.currency),
        partial_use=partial,
        merchant_id=merchant_id,
    )
    with connect() as connection:
        with connection.transaction():
            wallet_id = wallet_of_member(connection, counter.programme_id, member)
        made = journey.issue(
            connection,
            counter,
            wallet_id=wallet_id,
            reference=reference or f"command line {counter.now.isoformat()}",
            terms=terms,
            shop=at_shop,
        )
        if at_shop is not None:
            _tell(connection, made.id, counter.now)
        click.echo(_line(connection, made.id))
        click.echo(f"Code: {journey.code_of(connection, made)}")


@vouchers.command("list")
@click.option("--member", default=None, help="Of this member alone.")
@programme_option
@now_option
@with_database
def list_vouchers(*, member: str | None, slug: str | None, now: datetime | None) -> None:
    """Show the newest vouchers; of their codes the end alone."""
    from cagnotte.platform.database import connect
    from cagnotte.wallet import voucher_views, vouchers_at_shops
    from cagnotte.wallet.selectors import wallet_of_member

    counter = counter_of(slug, now)
    with connect() as connection, connection.transaction():
        found = voucher_views.vouchers_page(
            connection,
            counter.programme_id,
            wallet_id=wallet_of_member(connection, counter.programme_id, member)
            if member
            else None,
            at_most=LISTED_MAX,
        )
        at_shops = vouchers_at_shops.at_shops(connection, [one.id for one in found])
    for one in found:
        click.echo(_written(one, at_shops.get(one.id)))
    if not found:
        click.echo("There are no vouchers.")


@vouchers.command()
@click.argument("voucher")
@programme_option
@now_option
@with_database
def void(*, voucher: str, slug: str | None, now: datetime | None) -> None:
    """Call a VOUCHER off, by its code or its id: what is left of it is the member's money again."""
    from cagnotte.journeys import shop_vouchers as journey
    from cagnotte.platform.database import connect

    counter = counter_of(slug, now)
    with connect() as connection:
        voucher_id = _id_of(connection, counter, voucher)
        journey.void(connection, counter, voucher_id=voucher_id)
        _tell(connection, voucher_id, counter.now)
        click.echo(_line(connection, voucher_id))


@vouchers.command()
@click.option("--shop", default=None, help="Through this connection alone.")
@programme_option
@now_option
@with_database
def tell(*, shop: str | None, slug: str | None, now: datetime | None) -> None:
    """Tell shops now what they are to know, and ask them what orders took; the worker does it in time."""
    from cagnotte.inbox import accounts
    from cagnotte.journeys import tell_vouchers
    from cagnotte.platform.database import connect

    counter = counter_of(slug, now)
    account = accounts.account(counter.programme_id, shop) if shop else None
    with connect() as connection:
        done = tell_vouchers.work(
            connection,
            clock=lambda: counter.now,
            account_id=account.id if account else None,
            early=True,
        )
    click.echo(
        f"{done.told:,} told, {done.refused:,} refused, {done.ended:,} ended, {done.read:,} read, "
        f"{done.failed:,} calls failed."
    )


def _tell(connection: "Connection", voucher_id: UUID, now: datetime) -> None:
    from cagnotte.journeys import tell_vouchers

    tell_vouchers.tell(connection, voucher_id, now=now)


def _id_of(connection: "Connection", counter: "Counter", voucher: str) -> UUID:
    """Return the voucher of an id, vou_…, or of a code. Raises NotFound, InvalidInput."""
    from cagnotte.domain.ids import parse_public_id
    from cagnotte.journeys import vouchers as journey

    with connection.transaction():
        if voucher.startswith("vou_"):
            with suppress(ValueError):
                return parse_public_id("vou", voucher)
            raise NotFound(f"There is no voucher {voucher}.")
        return journey.find(connection, counter.programme_id, voucher).id


def _line(connection: "Connection", voucher_id: UUID) -> str:
    from cagnotte.wallet import voucher_views, vouchers_at_shops

    with connection.transaction():
        (found,) = voucher_views.vouchers_by_id(connection, [voucher_id])
        return _written(found, vouchers_at_shops.at_shop(connection, voucher_id))


def _written(voucher: "VoucherView", at_shop: "AtShopView | None") -> str:
    used = Money(voucher.used_minor, voucher.terms.currency)
    line = (
        f"{public_id('vou', voucher.id)}  …{voucher.last4}  {voucher.state}: {voucher.amount}, {used} used, "
        f"{voucher.open} left, until {voucher.terms.valid_until}"
    )
    if at_shop is None:
        return line
    why = f" ({at_shop.last_error})" if at_shop.last_error else ""
    return f"{line}; at {at_shop.connection} as {at_shop.form}: {at_shop.state}{why}"
