"""What a shop's contract says of paying with the cagnotte: limits of an order and of a day, and the programme's fee."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from cagnotte.catalog import selectors as catalog
from cagnotte.catalog.own_contracts import contracts_of_merchants
from cagnotte.domain.contracts import ALL_IS_ACCEPTED, Contract, Spending
from cagnotte.domain.errors import SpendingLimited
from cagnotte.domain.money import FULL_BPS, Money, Rounding, divide
from cagnotte.identity import selectors as identity
from cagnotte.wallet import selectors as wallet
from cagnotte.wallet.movements import Connection


@dataclass(frozen=True, slots=True)
class Purse:
    """Whose money, at which shop, on which day."""

    programme_id: UUID
    wallet_id: UUID
    merchant_id: UUID
    currency: str
    on: date


def contract_of(programme_id: UUID, merchant_id: UUID, on: date) -> Contract | None:
    """Return the contract of a shop on a day; None where it has none, and nothing is limited."""
    names = {party_id: key for key, party_id in identity.parties(programme_id).items()}
    _, ref = names.get(merchant_id, ("", ""))
    return catalog.contract_of_shop(programme_id, ref, on) if ref else None


def spending_of(contract: Contract | None) -> Spending:
    """Return what a contract says of spending; without one, no limits."""
    return ALL_IS_ACCEPTED if contract is None else contract.spending


@dataclass(frozen=True, slots=True)
class Place:
    """A shop that takes money of the cagnotte, and its limits."""

    merchant_id: UUID
    ref: str
    name: str
    site: str
    spending: Spending


def places(programme_id: UUID, on: date) -> list[Place]:
    """Return the shops that take the cagnotte on a day, by name.

    They are those with which the programme has a contract of its own, and that do not refuse: a shop that is reached
    through a network knows nothing of the cagnotte.
    """
    taking = {
        contract.merchant: contract.spending
        for contract in contracts_of_merchants(programme_id, on)
        if contract.merchant and contract.spending.accepted
    }
    if not taking:
        return []
    shops = identity.shops(programme_id)
    found = [shops[ref] for ref in taking if ref in shops]
    return [
        Place(one.id, one.ref, one.name or one.ref, one.site, taking[one.ref])
        for one in sorted(found, key=lambda shop: (shop.name.casefold(), shop.ref))
    ]


def shop_names(programme_id: UUID) -> dict[UUID, str]:
    """Return the name of every shop of a programme."""
    return {one.id: one.name or one.ref for one in identity.shops(programme_id).values()}


def fee_of(contract: Contract | None, amount_minor: int) -> int:
    """Return the programme's fee on an amount spent at the shop, rounded half up."""
    bps = contract.redemption_fee_bps if contract else 0
    return divide(amount_minor * bps, FULL_BPS, Rounding.HALF_UP)


def check(
    connection: Connection,
    rules: Spending,
    purse: Purse,
    amount_minor: int,
    order_total_minor: int | None,
) -> None:
    """See that an order may take so much of a wallet that is locked.

    Raises SpendingLimited with the reason's code, and `allowed_minor`, what could be taken instead.
    """
    currency = purse.currency
    for allowed_minor, reason, sentence in _limits(rules, order_total_minor, currency):
        if amount_minor > allowed_minor:
            _refuse(reason, sentence, allowed_minor)
    most_minor = rules.member_day_max_minor
    if most_minor is None:
        return
    spent_minor = wallet.spent_at_shop(
        connection,
        programme_id=purse.programme_id,
        wallet_id=purse.wallet_id,
        merchant_id=purse.merchant_id,
        currency=currency,
        day=purse.on,
    )
    if amount_minor > most_minor - spent_minor:
        sentence = (
            f"A member can spend {Money(most_minor, currency)} a day at this shop, and "
            f"{Money(spent_minor, currency)} are spent or held today."
        )
        _refuse("member_day_max", sentence, max(0, most_minor - spent_minor))


def _limits(
    rules: Spending, order_total_minor: int | None, currency: str
) -> list[tuple[int, str, str]]:
    """Return (what is allowed, code, sentence) of every limit of an order."""
    found = []
    if not rules.accepted:
        found.append((0, "not_accepted", "This shop takes no money from the cagnotte."))
    if rules.order_max_minor is not None:
        most = Money(rules.order_max_minor, currency)
        found.append(
            (rules.order_max_minor, "order_max", f"An order takes {most} of the cagnotte at most.")
        )
    if order_total_minor is not None:
        share_minor = order_total_minor * rules.order_max_bps // FULL_BPS
        share = f"{Money(share_minor, currency)} of this order can be paid with the cagnotte."
        found.append((share_minor, "order_share", share))
    elif rules.order_max_bps < FULL_BPS:
        told = "Say what the order comes to: only a part of it can be paid with the cagnotte."
        found.append((0, "order_total_missing", told))
    return found


def _refuse(reason: str, sentence: str, allowed_minor: int) -> None:
    raise SpendingLimited(sentence, reason=reason, allowed_minor=allowed_minor)
