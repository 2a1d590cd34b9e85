"""Commands of spending: redeem, expire, close-account."""

from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

import click

from cagnotte.cli.bootstrap import with_database
from cagnotte.cli.payouts_commands import moment_of, on_option
from cagnotte.cli.purchase_commands import now_option, programme_option, read_clock
from cagnotte.domain.errors import NotFound
from cagnotte.domain.money import Money, parse_minor

if TYPE_CHECKING:
    from cagnotte.journeys.redeem import Checkout

merchant_option = click.option("--merchant", required=True, help="The shop, as files name it.")
order_option = click.option("--order", required=True, help="The shop's own number of the order.")
amount_option = click.option("--amount", required=True, help="Such as 12.40.")


class _At(NamedTuple):
    """A checkout, and the currency amounts are written in."""

    checkout: "Checkout"
    currency: str

    def minor(self, amount: str) -> int:
        return parse_minor(amount, self.currency)

    def money(self, amount_minor: int) -> Money:
        return Money(amount_minor, self.currency)


def _at(merchant: str, slug: str | None, now: datetime | None) -> _At:
    from cagnotte.identity.selectors import parties, programme
    from cagnotte.journeys.redeem import Checkout

    found, moment = programme(slug), read_clock(now)
    shop = parties(found.id).get(("merchant", merchant))
    if shop is None:
        raise NotFound(f"There is no merchant “{merchant}” in this programme.", merchant=merchant)
    day, _ = moment_of(None, moment, ZoneInfo(found.timezone))
    return _At(Checkout(found.id, shop, found.currency, moment, day), found.currency)


# ---- redeem ---------------------------------------------------------------------------------------------------


@click.group()
def redeem() -> None:
    """Pay with the cagnotte at a checkout: hold, capture or release, refund."""


@redeem.command()
@click.argument("member")
@merchant_option
@order_option
@amount_option
@click.option("--minutes", default=30, show_default=True, help="How long the money is held.")
@programme_option
@now_option
@with_database
def hold(  # noqa: PLR0913 - one argument per option
    *,
    member: str,
    merchant: str,
    order: str,
    amount: str,
    minutes: int,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Reserve money of a MEMBER for an order."""
    from cagnotte.journeys import redeem as journey
    from cagnotte.platform.database import connect
    from cagnotte.wallet.selectors import wallet_of_member

    at = _at(merchant, slug, now)
    with connect() as connection:
        with connection.transaction():
            wallet_id = wallet_of_member(connection, at.checkout.programme_id, member)
        held = journey.hold(
            connection,
            at.checkout,
            wallet_id=wallet_id,
            order=order,
            amount_minor=at.minor(amount),
            minutes=minutes,
        )
    until = f" until {held.expires_at:%Y-%m-%d %H:%M %Z}" if held.expires_at else ""
    click.echo(f"{held.amount} is held for order {order}{until} ({held.state}).")


@redeem.command()
@merchant_option
@order_option
@amount_option
@click.option("--fee", default="0", show_default=True, help="Of it, kept by the programme.")
@programme_option
@now_option
@with_database
def capture(
    *, merchant: str, order: str, amount: str, fee: str, slug: str | None, now: datetime | None
) -> None:
    """Spend what an order holds, in whole or in part; the rest goes back to the member."""
    from cagnotte.journeys import redeem as journey
    from cagnotte.platform.database import connect

    at = _at(merchant, slug, now)
    with connect() as connection:
        done = journey.capture(
            connection,
            at.checkout,
            order=order,
            amount_minor=at.minor(amount),
            fee_minor=at.minor(fee),
        )
    click.echo(
        f"{done.amount} paid order {order}; {at.money(done.amount_minor - done.fee_minor)} is owed to {merchant}."
    )


@redeem.command()
@merchant_option
@order_option
@programme_option
@now_option
@with_database
def release(*, merchant: str, order: str, slug: str | None, now: datetime | None) -> None:
    """Give an order's money back to the member unspent."""
    from cagnotte.journeys import redeem as journey
    from cagnotte.platform.database import connect

    at = _at(merchant, slug, now)
    with connect() as connection:
        released = journey.release(connection, at.checkout, order=order)
    click.echo(f"{released.amount} of order {order} went back to the member ({released.state}).")


@redeem.command()
@merchant_option
@order_option
@amount_option
@click.option("--refund", "refund_id", required=True, help="The shop's own number of the refund.")
@programme_option
@now_option
@with_database
def refund(
    *,
    merchant: str,
    order: str,
    amount: str,
    refund_id: str,
    slug: str | None,
    now: datetime | None,
) -> None:
    """Give back to the member what an order took from the wallet, or a part of it."""
    from cagnotte.journeys import redeem as journey
    from cagnotte.platform.database import connect

    at = _at(merchant, slug, now)
    with connect() as connection:
        done = journey.refund(
            connection,
            at.checkout,
            order=order,
            refund_id=refund_id,
            amount_minor=at.minor(amount),
        )
    repaid = f", {at.money(done.repaid_minor)} of it repaid a debt" if done.repaid_minor else ""
    click.echo(f"{at.money(done.amount_minor)} of order {order} was refunded{repaid}.")


# ---- expire ---------------------------------------------------------------------------------------------------


@click.command()
@on_option
@programme_option
@now_option
@with_database
def expire(on: datetime | None, slug: str | None, now: datetime | None) -> None:
    """Let money and vouchers expire whose last day was before --on, and holds nobody captured; give up old debts."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn

    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import expire as journey
    from cagnotte.platform.database import connect

    found, moment = programme(slug), read_clock(now)
    day, _ = moment_of(on, moment, ZoneInfo(found.timezone))
    columns = (SpinnerColumn(), TextColumn("{task.completed:,} lots"))
    with (
        Progress(*columns, console=Console(stderr=True), transient=True) as bar,
        connect() as connection,
    ):
        task = bar.add_task("", total=None)
        result = journey.run(
            connection,
            journey.Expiry(found.id, found.currency, moment, day),
            progress=lambda lots: bar.update(task, completed=lots),
        )
    total = Money(result.amount_minor, found.currency)
    click.echo(
        f"{day}: {total} of {result.lots:,} lots in {result.wallets:,} wallets expired; "
        f"{result.holds:,} holds went back."
    )
    if result.vouchers:
        returned = Money(result.returned_minor, found.currency)
        click.echo(
            f"  {result.vouchers:,} vouchers closed, {returned} of them back to their members"
        )
    for kind, gained_minor in sorted(result.gained_minor.items()):
        click.echo(f"  {Money(gained_minor, found.currency)} to {kind}")
    if result.debts:
        given_up = Money(result.given_up_minor, found.currency)
        click.echo(f"  {given_up} of {result.debts:,} debts given up.")


# ---- close-account --------------------------------------------------------------------------------------------


@click.command("close-account")
@click.argument("member")
@programme_option
@now_option
@with_database
def close_account(member: str, slug: str | None, now: datetime | None) -> None:
    """Close a MEMBER's account: what can be paid is paid with the next payouts, the rest is kept as unclaimed."""
    from cagnotte.identity.selectors import programme
    from cagnotte.journeys import close_account as journey
    from cagnotte.platform.database import connect
    from cagnotte.wallet.selectors import wallet_of_member

    found, moment = programme(slug), read_clock(now)
    day, _ = moment_of(None, moment, ZoneInfo(found.timezone))
    with connect() as connection:
        with connection.transaction():
            wallet_id = wallet_of_member(connection, found.id, member)
        closed = journey.run(
            connection, journey.Closing(found.id, wallet_id, found.currency, moment, day)
        )
    click.echo(f"Member {member}: {'closed before' if closed.was_closed else 'closed'}.")
    for amount_minor, what in (
        (closed.payout_minor, "goes out with the next payouts"),
        (closed.unclaimed_minor, "is kept as unclaimed"),
        (closed.expired_minor, "was past its last day and expired"),
        (closed.given_up_minor, "was owed and is given up"),
        (closed.waiting_minor, "is not available yet; once it is, the night pays it or keeps it"),
    ):
        if amount_minor:
            click.echo(f"  {Money(amount_minor, found.currency)} {what}.")
