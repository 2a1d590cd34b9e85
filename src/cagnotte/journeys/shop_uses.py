"""What orders took of vouchers at shops, as shops tell it, is booked; and what came back of it.

A shop's software has allowed a use before we hear of it. So it is booked whatever stands on the voucher by then; more
than that was used twice, and is on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from cagnotte.domain.bookings.spending import Occasion
from cagnotte.domain.contracts import DoubleUse
from cagnotte.domain.errors import CagnotteError, Conflict, InvalidInput
from cagnotte.domain.money import decimals_of
from cagnotte.hooks.sources import SourceContext
from cagnotte.hooks.vouchers import ShopStanding, ShopUse, VoucherShop
from cagnotte.identity.models import Programme
from cagnotte.journeys.spending_rules import contract_of, spending_of
from cagnotte.journeys.vouchers import Counter
from cagnotte.wallet import voucher_uses, voucher_views
from cagnotte.wallet.movements import Connection
from cagnotte.wallet.movements import occasion as occasion_of
from cagnotte.wallet.voucher_rows import lock_one
from cagnotte.wallet.voucher_uses import UseAsk
from cagnotte.wallet.voucher_views import UseView, VoucherView


@dataclass(frozen=True, slots=True)
class Asking:
    """A shop that is being asked, and for which programme."""

    software: VoucherShop
    context: SourceContext
    programme: Programme


def counter_of(asking: Asking) -> Counter:
    """Return the moment and day of asking, as journeys of vouchers take them."""
    programme, now = asking.programme, asking.context.now
    on = now.astimezone(ZoneInfo(programme.timezone)).date()
    return Counter(programme.id, programme.currency, now, on)


def major(amount_minor: int, currency: str) -> Decimal:
    """Return minor units as an exact amount with the decimals of its currency."""
    return Decimal(amount_minor).scaleb(-decimals_of(currency))


def book(
    connection: Connection, asking: Asking, voucher: VoucherView, standing: ShopStanding
) -> str:
    """Book what orders took of a voucher, and what came back; return what could not be, "" when all was."""
    problems = []
    # Whoever books uses of the voucher at the same moment waits, and then sees what is booked here.
    lock_one(connection, voucher.id, _occasion(connection, counter_of(asking)))
    before = {one.order_ref: one for one in _uses(connection, voucher)}
    for use in (*standing.uses, *_in_all(before, voucher, standing, asking.context.now)):
        try:
            with connection.transaction():
                _book_use(connection, asking, voucher, use, before.get(use.order_ref))
        except CagnotteError as error:
            problems.append(f"Order {use.order_ref}: {error.sentence}")
    return " ".join(problems)


def _uses(connection: Connection, voucher: VoucherView) -> list[UseView]:
    """Return what orders of the voucher's own shop took of it, so far as it is booked; oldest first."""
    uses = voucher_views.uses_of_voucher(connection, voucher.id)
    return [one for one in uses if one.merchant_id == voucher.terms.merchant_id]


def _in_all(
    before: Mapping[str, UseView], voucher: VoucherView, standing: ShopStanding, now: datetime
) -> list[ShopUse]:
    """Return as uses what a shop tells as a sum alone: more than is booked is a use, less a return of the last ones."""
    if standing.used is None:
        return []
    currency = voucher.terms.currency
    booked_minor = sum(one.amount_minor - one.refunded_minor for one in before.values())
    more_minor = int(standing.used.scaleb(decimals_of(currency))) - booked_minor
    if more_minor > 0:
        number = len(before) + 1
        ref = f"{standing.native_id}/{number}"
        return [ShopUse(ref, major(more_minor, currency), now)]
    found = []
    for use in reversed(list(before.values())):
        back_minor = min(-more_minor, use.amount_minor - use.refunded_minor)
        if back_minor > 0:
            more_minor += back_minor
            given_back = major(use.refunded_minor + back_minor, currency)
            amount = major(use.amount_minor, currency)
            found.append(ShopUse(use.order_ref, amount, now, given_back))
    return found


def _book_use(
    connection: Connection,
    asking: Asking,
    voucher: VoucherView,
    use: ShopUse,
    booked: UseView | None,
) -> None:
    counter, currency = counter_of(asking), voucher.terms.currency
    amount_minor = _minor(use.amount, currency)
    back_minor = _minor(use.given_back, currency)
    if booked is None:
        if amount_minor <= back_minor:
            # Taken and given back between two readings: nothing happened.
            return
        booked = _take_use(connection, counter, asking, voucher, use)
    elif booked.amount_minor != amount_minor:
        raise Conflict(
            f"it took {booked.amount} of the voucher, and the shop now says {use.amount}."
        )
    if back_minor > booked.refunded_minor:
        voucher_uses.refund(
            connection,
            booked.id,
            f"given back {back_minor}",
            back_minor - booked.refunded_minor,
            occasion=_occasion(connection, counter),
        )


def _take_use(
    connection: Connection, counter: Counter, asking: Asking, voucher: VoucherView, use: ShopUse
) -> UseView:
    """Book a use that the shop's software has allowed; it cannot be undone, whatever stands on the voucher by now."""
    merchant_id, amount_minor = _merchant(voucher), _minor(use.amount, voucher.terms.currency)
    used_on = use.used_at.astimezone(ZoneInfo(asking.programme.timezone)).date()
    contract = contract_of(counter.programme_id, merchant_id, counter.on)
    ask = UseAsk(
        voucher_id=voucher.id,
        merchant_id=merchant_id,
        order_ref=use.order_ref,
        # The shop has seen to the minimum basket.
        basket_minor=max(amount_minor, voucher.terms.minimum_basket_minor),
        amount_minor=amount_minor,
        used_on=min(max(used_on, voucher.terms.valid_from), voucher.terms.valid_until),
    )
    return voucher_uses.told_later(
        connection,
        ask,
        shop_bears=spending_of(contract).double_use is DoubleUse.SHOP,
        occasion=_occasion(connection, counter),
        by_software=True,
    )


def book_credit(
    connection: Connection, asking: Asking, voucher: VoucherView, standing: ShopStanding
) -> None:
    """Book all of a voucher as used: it is the customer's credit at the shop now."""
    amount = major(voucher.terms.amount_minor, voucher.terms.currency)
    use = ShopUse(standing.native_id, amount, asking.context.now)
    before = {one.order_ref: one for one in _uses(connection, voucher)}
    _book_use(connection, asking, voucher, use, before.get(use.order_ref))


def _merchant(voucher: VoucherView) -> UUID:
    if voucher.terms.merchant_id is None:
        raise InvalidInput("The voucher is for no shop alone.", voucher_id=voucher.id)
    return voucher.terms.merchant_id


def _minor(amount: Decimal, currency: str) -> int:
    scaled = amount.scaleb(decimals_of(currency))
    if scaled != scaled.to_integral_value():
        raise InvalidInput(f"{amount} is no amount of {currency}.")
    return int(scaled)


def _occasion(connection: Connection, counter: Counter) -> Occasion:
    return occasion_of(
        connection,
        programme_id=counter.programme_id,
        currency=counter.currency,
        now=counter.now,
        on=counter.on,
    )
