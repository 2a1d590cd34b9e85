"""Vouchers that a shop's own software takes: issued out of the cagnotte, and called off.

A voucher is issued, and noted as to be told, in one database transaction; no shop is asked in it. `tell_vouchers` then
tells the shop, and asks again and again what orders took.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from cagnotte.domain import voucher_codes
from cagnotte.domain.errors import Conflict, InvalidInput
from cagnotte.domain.vouchers import AtShop, Terms
from cagnotte.hooks import manager
from cagnotte.hooks.vouchers import Can, Form, VoucherShop, Whose
from cagnotte.identity import selectors as identity
from cagnotte.identity.models import Programme
from cagnotte.inbox import accounts
from cagnotte.inbox.models import Account
from cagnotte.journeys import vouchers as journey
from cagnotte.journeys.vouchers import Counter
from cagnotte.wallet import voucher_views, vouchers_at_shops
from cagnotte.wallet.movements import Connection
from cagnotte.wallet.voucher_views import VoucherView
from cagnotte.wallet.vouchers_at_shops import ToTell

# ---- issuing --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shop:
    """At which shop a voucher is to be known: through which connection, as what, and whose there.

    form: None = the first one of the shop's software. customer: as `Can.customer_is` says, "" for anybody.
    """

    connection: str
    form: Form | None = None
    customer: str = ""


@dataclass(frozen=True, slots=True)
class _Place:
    """A shop that takes vouchers: its connection, its software, one of its forms and what that can carry."""

    account: Account
    software: VoucherShop
    form: Form
    can: Can
    merchant_id: UUID


def keeps_rest(programme_id: UUID, shop: Shop) -> bool:
    """Tell whether what an order does not need stays on a voucher at this shop. Raises NotFound, InvalidInput."""
    _, software, form = _software(programme_id, shop)
    return software.forms[form].keeps_rest


def issue(
    connection: Connection,
    counter: Counter,
    *,
    wallet_id: UUID,
    reference: str,
    terms: Terms,
    shop: Shop | None,
) -> VoucherView:
    """Turn money of a wallet into a voucher that a shop's own software is to take, if one is named; commits by itself.

    The shop is told afterwards (`tell_vouchers`). The voucher is for the shop of the connection alone.

    Raises:
        NotFound: no such connection, or one whose software takes no vouchers.
        InvalidInput: the shop cannot keep what the terms say, or they are for another shop.
        Conflict: the reference stands for a voucher at another shop, or at none. Else as `vouchers.issue`.
        In each case nothing was changed.
    """
    if shop is None:
        return journey.issue(
            connection, counter, wallet_id=wallet_id, reference=reference, terms=terms
        )
    place = _place(counter.programme_id, shop, terms.merchant_id)
    _check(place, terms, shop.customer, counter.on)
    terms = replace(terms, merchant_id=place.merchant_id)
    with connection.transaction():
        voucher = journey.issue(
            connection, counter, wallet_id=wallet_id, reference=reference, terms=terms
        )
        _want(connection, counter, place, voucher, shop)
    return voucher


def _software(programme_id: UUID, shop: Shop) -> tuple[Account, VoucherShop, Form]:
    account = accounts.account(programme_id, shop.connection)
    software = manager.voucher_shop(account.plugin)
    form = shop.form or next(iter(software.forms))
    if form not in software.forms:
        can = ", ".join(software.forms)
        raise InvalidInput(f"{software.title} keeps vouchers as {can}, not as {form}.", form=form)
    return account, software, form


def _place(programme_id: UUID, shop: Shop, merchant_id: UUID | None) -> _Place:
    account, software, form = _software(programme_id, shop)
    if not account.active:
        raise InvalidInput(f"The connection “{account.ref}” is at rest.", ref=account.ref)
    ids = identity.parties(programme_id)
    refs = [account.merchant] if account.merchant else sorted(set(account.merchants.values()))
    served = [ids["merchant", ref] for ref in refs if ("merchant", ref) in ids]
    chosen = [one for one in served if merchant_id in (None, one)]
    if len(chosen) != 1:
        raise InvalidInput(
            f"The connection “{account.ref}” does not speak for that shop alone; name a shop that it serves.",
            ref=account.ref,
        )
    return _Place(account, software, form, software.forms[form], chosen[0])


def _check(place: _Place, terms: Terms, customer: str, on: date) -> None:
    """See that the shop can keep what the terms say. Raises InvalidInput."""
    can, title, form = place.can, place.software.title, place.form
    problems = {
        "signed": terms.signed and "A signed voucher is for tills without a line; a shop's software is told.",
        "partial_use": terms.partial_use != can.keeps_rest
        and (
            f"As {form}, {title} keeps what an order leaves of a voucher; say so with partial use."
            if can.keeps_rest
            else f"As {form}, {title} takes a voucher once; issue it for a single use."
        ),
        "minimum_basket": terms.minimum_basket_minor > 0
        and not can.minimum_basket
        and f"As {form}, {title} cannot ask for a minimum basket.",
        "valid_from": terms.valid_from > on
        and not can.first_day
        and f"As {form}, {title} takes a voucher from the day on which it is told.",
        "customer": _whose(can, customer, f"As {form}, {title}"),
    }  # fmt: skip
    for field, sentence in problems.items():
        if sentence:
            raise InvalidInput(sentence, field=field)


def _whose(can: Can, customer: str, who: str) -> str:
    """Return why a voucher cannot be for this customer, "" when it can."""
    if customer and can.whose is Whose.ANYBODY:
        return f"{who} cannot keep a voucher for one customer alone."
    if not customer and can.whose is Whose.MUST:
        return f"{who} needs to know whose the voucher is: {can.customer_is}."
    return ""


def _want(
    connection: Connection, counter: Counter, place: _Place, voucher: VoucherView, shop: Shop
) -> None:
    zone = ZoneInfo(Programme.objects.get(id=counter.programme_id).timezone)
    ask = ToTell(
        voucher_id=voucher.id,
        programme_id=counter.programme_id,
        account_id=place.account.id,
        form=place.form.value,
        customer=shop.customer,
        starts_at=_midnight(voucher.terms.valid_from, zone),
        ends_at=_midnight(voucher.terms.valid_until + timedelta(days=1), zone),
    )
    vouchers_at_shops.want(connection, ask, now=counter.now)
    stands = vouchers_at_shops.at_shop(connection, voucher.id)
    told = (place.account.id, place.form, shop.customer)
    if stands is not None and (stands.account_id, stands.form, stands.customer) != told:
        raise Conflict(
            "The reference already stands for a voucher at another shop, or in another form.",
            voucher_id=voucher.id,
        )


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time.min, zone)


def code_of(connection: Connection, voucher: VoucherView) -> str:
    """Return what the owner of a voucher types or shows, as its shop knows it; for the owner alone."""
    at_shop = vouchers_at_shops.at_shop(connection, voucher.id)
    return (at_shop.code if at_shop else "") or voucher_codes.shown(journey.code_of(voucher))


# ---- calling off ----------------------------------------------------------------------------------------------


def void(connection: Connection, counter: Counter, *, voucher_id: UUID) -> VoucherView:
    """Call a voucher off: what is left of it is the member's again; commits by itself.

    While a shop's software takes it, the shop is asked to end it first (`tell_vouchers`), and the money comes back
    then. Raises as `vouchers.void`.
    """
    with connection.transaction():
        voucher = voucher_views.voucher(connection, counter.programme_id, voucher_id)
        if vouchers_at_shops.call_off(connection, voucher_id, now=counter.now):
            return voucher
        at_shop = vouchers_at_shops.at_shop(connection, voucher_id)
        if at_shop is not None and at_shop.state is AtShop.CALLING_OFF:
            return voucher
        return journey.void(connection, counter, voucher_id=voucher_id)
