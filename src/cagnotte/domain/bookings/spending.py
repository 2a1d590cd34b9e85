"""Bookings of money that leaves a wallet, or comes back to it.

Each function gives the legs of one event, debit positive; `Occasion.transaction` makes them a transaction.
Row numbers are those of the booking table in docs/reference/bookings.md. Amounts are minor units of the
purse's currency. A negative amount books the contrary; zero legs are left out when the transaction is made.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from cagnotte.domain.chart import Account
from cagnotte.domain.lots import split_credit
from cagnotte.domain.transactions import Transaction

Leg = tuple[Account, int]
"""An account and a signed amount: debit +, credit −."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """When, and in which programme, money moves: what all transactions of one command share.

    Attributes:
        occurred_on: the day it happens. effective_on: the first open day from there on.
        recorded_at: the recording time, read once from the clock.
    """

    programme_id: UUID
    currency: str
    occurred_on: date
    effective_on: date
    recorded_at: datetime

    def purse(self, wallet_id: UUID) -> "Purse":
        """Return the accounts that concern one wallet."""
        return Purse(self.programme_id, wallet_id, self.currency)

    def transaction(
        self, legs: Iterable[Leg], *, kind: str, book_id: UUID, fact_id: UUID, step: int = 0
    ) -> Transaction | None:
        """Make legs a transaction of this occasion; None when nothing moves.

        Raises UnbalancedTransaction when they do not sum to zero.
        """
        return Transaction.of(
            legs,
            programme_id=self.programme_id,
            book_id=book_id,
            kind=kind,
            fact_id=fact_id,
            step=step,
            occurred_on=self.occurred_on,
            effective_on=self.effective_on,
            recorded_at=self.recorded_at,
        )


@dataclass(frozen=True, slots=True)
class Purse:
    """One wallet in one currency, and the accounts its money goes to and comes from."""

    programme_id: UUID
    wallet_id: UUID
    currency: str

    def member(self, state: str) -> Account:
        """Return the member's account of a state: pending, confirmed, available, held or owing."""
        return Account(f"member.{state}", self.wallet_id, self.programme_id, self.currency)

    def programme(self, name: str) -> Account:
        """Return an account of the programme itself, such as margin or payouts."""
        return Account(f"programme.{name}", self.programme_id, self.programme_id, self.currency)

    def bank(self, bank_id: UUID | None = None) -> Account:
        """Return the account of one bank account; without an id, of the programme's only one."""
        owner_id = bank_id or self.programme_id
        return Account("programme.bank", owner_id, self.programme_id, self.currency)

    def clearing(self, merchant_id: UUID) -> Account:
        """Return what is owed to a shop for money it accepted."""
        return Account("merchant.clearing", merchant_id, self.programme_id, self.currency)


def _move(debit: Account, credit: Account, amount_minor: int) -> list[Leg]:
    return [(debit, amount_minor), (credit, -amount_minor)]


def credit_member(purse: Purse, amount_minor: int, owing_minor: int) -> list[Leg]:
    """Give the member money to spend; what is owing is repaid first (the credit side of rows 9, 12, 17, 20)."""
    repaid_minor, kept_minor = split_credit(amount_minor, owing_minor)
    return [(purse.member("owing"), -repaid_minor), (purse.member("available"), -kept_minor)]


def goodwill(purse: Purse, amount_minor: int, owing_minor: int) -> list[Leg]:
    """Rows 4, 5 and 9 at once: the programme's own money, available without a purchase; a debt is repaid first."""
    return [
        (purse.programme("promotions"), amount_minor),
        *credit_member(purse, amount_minor, owing_minor),
    ]


def give_up_owing(purse: Purse, amount_minor: int) -> list[Leg]:
    """Row 10: the programme no longer expects what the member owes."""
    return _move(purse.programme("losses"), purse.member("owing"), amount_minor)


def expire(purse: Purse, amount_minor: int, gains: Account) -> list[Leg]:
    """Row 11: money nobody spent in time goes to the account that was fixed with its lot.

    `gains` is programme.breakage, the funder's due account (it pays less), or programme.promotions.
    """
    return _move(purse.member("available"), gains, amount_minor)


def hold(purse: Purse, amount_minor: int) -> list[Leg]:
    """Row 12: reserve available money."""
    return _move(purse.member("available"), purse.member("held"), amount_minor)


def release_hold(purse: Purse, amount_minor: int, owing_minor: int) -> list[Leg]:
    """Row 12: give held money back; what is owing is repaid first."""
    return [
        (purse.member("held"), amount_minor),
        *credit_member(purse, amount_minor, owing_minor),
    ]


def capture(purse: Purse, amount_minor: int, fee_minor: int, merchant_id: UUID) -> list[Leg]:
    """Row 13: held money pays an order at a shop, less the redemption fee."""
    return [
        (purse.member("held"), amount_minor),
        (purse.clearing(merchant_id), fee_minor - amount_minor),
        (purse.programme("margin"), -fee_minor),
    ]


def voucher_bought(purse: Purse, amount_minor: int) -> list[Leg]:
    """Row 14: held money becomes a voucher."""
    return _move(purse.member("held"), purse.programme("vouchers"), amount_minor)


def voucher_given(purse: Purse, amount_minor: int) -> list[Leg]:
    """Row 14: a reward is released as a voucher instead of money; nothing of it repays a debt."""
    return _move(purse.member("confirmed"), purse.programme("vouchers"), amount_minor)


def voucher_used(purse: Purse, amount_minor: int, merchant_id: UUID) -> list[Leg]:
    """Row 15: a voucher pays at a shop."""
    return _move(purse.programme("vouchers"), purse.clearing(merchant_id), amount_minor)


def voucher_used_twice(purse: Purse, amount_minor: int, merchant_id: UUID) -> list[Leg]:
    """Row 15 for a signed voucher that was used before: the shop is paid, and the programme bears it."""
    return _move(purse.programme("losses"), purse.clearing(merchant_id), amount_minor)


def voucher_order_refunded(purse: Purse, amount_minor: int, merchant_id: UUID) -> list[Leg]:
    """Row 15: an order that a voucher paid comes back; its part stands on the voucher again."""
    return _move(purse.clearing(merchant_id), purse.programme("vouchers"), amount_minor)


def voucher_order_refunded_to_member(
    purse: Purse, amount_minor: int, owing_minor: int | None, merchant_id: UUID
) -> list[Leg]:
    """Row 15 when the voucher is over: the part is the member's money, or unclaimed (`owing_minor` None)."""
    return [
        (purse.clearing(merchant_id), amount_minor),
        *_back(purse, amount_minor, owing_minor),
    ]


def voucher_rest_to_member(purse: Purse, amount_minor: int, owing_minor: int | None) -> list[Leg]:
    """Row 16: what a voucher still holds is the member's money again, or unclaimed (`owing_minor` None)."""
    return [
        (purse.programme("vouchers"), amount_minor),
        *_back(purse, amount_minor, owing_minor),
    ]


def voucher_rest_expired(purse: Purse, amount_minor: int, gains: Account) -> list[Leg]:
    """Row 16, as row 11: what a voucher still holds goes to the account that was fixed with it."""
    return _move(purse.programme("vouchers"), gains, amount_minor)


def refund_of_cagnotte_paid_order(
    purse: Purse, amount_minor: int, fee_minor: int, merchant_id: UUID, owing_minor: int
) -> list[Leg]:
    """Row 17: the shop gives back what an order took from the wallet, the programme its part of the fee."""
    return [
        (purse.clearing(merchant_id), amount_minor - fee_minor),
        (purse.programme("margin"), fee_minor),
        *credit_member(purse, amount_minor, owing_minor),
    ]


def refund_to_nobody(
    purse: Purse, amount_minor: int, fee_minor: int, merchant_id: UUID
) -> list[Leg]:
    """Row 17 when the account is closed: the money waits among the unclaimed."""
    return [
        (purse.clearing(merchant_id), amount_minor - fee_minor),
        (purse.programme("margin"), fee_minor),
        (purse.programme("unclaimed"), -amount_minor),
    ]


def payout_sent(purse: Purse, amount_minor: int, fee_minor: int) -> list[Leg]:
    """Row 19: held money is under way to the member's bank, less the fee."""
    return [
        (purse.member("held"), amount_minor),
        (purse.programme("payouts"), fee_minor - amount_minor),
        (purse.programme("margin"), -fee_minor),
    ]


def payout_settled(purse: Purse, transfer_minor: int, bank_id: UUID | None = None) -> list[Leg]:
    """Row 19: the bank has debited the transfer (the payout less its fee)."""
    return _move(purse.programme("payouts"), purse.bank(bank_id), transfer_minor)


def payout_rejected(
    purse: Purse, amount_minor: int, fee_minor: int, owing_minor: int | None
) -> list[Leg]:
    """Row 20: refused before settlement; all goes back, the fee too.

    `owing_minor` is what the member owes now; None = the account is closed, the money is unclaimed.
    """
    return [
        (purse.programme("payouts"), amount_minor - fee_minor),
        (purse.programme("margin"), fee_minor),
        *_back(purse, amount_minor, owing_minor),
    ]


def payout_returned(
    purse: Purse,
    amount_minor: int,
    fee_minor: int,
    owing_minor: int | None,
    bank_id: UUID | None = None,
) -> list[Leg]:
    """Row 20: sent back after settlement; as `payout_rejected`, out of the bank account."""
    return [
        (purse.bank(bank_id), amount_minor - fee_minor),
        (purse.programme("margin"), fee_minor),
        *_back(purse, amount_minor, owing_minor),
    ]


def _back(purse: Purse, amount_minor: int, owing_minor: int | None) -> list[Leg]:
    if owing_minor is None:
        return [(purse.programme("unclaimed"), -amount_minor)]
    return credit_member(purse, amount_minor, owing_minor)


def charges(
    purse: Purse, amount_minor: int, vat_minor: int = 0, bank_id: UUID | None = None
) -> list[Leg]:
    """Row 21: the bank, the rail or the network charges for its work, VAT on top."""
    return [
        (purse.programme("fees"), amount_minor),
        (purse.programme("vat"), vat_minor),
        (purse.bank(bank_id), -amount_minor - vat_minor),
    ]


def to_unclaimed(purse: Purse, amount_minor: int) -> list[Leg]:
    """What is available when an account is closed and cannot be paid out; it stays owed."""
    return _move(purse.member("available"), purse.programme("unclaimed"), amount_minor)


def held_to_unclaimed(purse: Purse, amount_minor: int) -> list[Leg]:
    """Held money that comes back to an account closed meanwhile."""
    return _move(purse.member("held"), purse.programme("unclaimed"), amount_minor)


def donated(purse: Purse, amount_minor: int) -> list[Leg]:
    """Row 22: held money becomes a gift that the programme owes to a charity."""
    return _move(purse.member("held"), purse.programme("donations"), amount_minor)


def donations_passed_on(purse: Purse, amount_minor: int) -> list[Leg]:
    """Row 22: gifts go to the bank; settling them is row 19."""
    return _move(purse.programme("donations"), purse.programme("payouts"), amount_minor)


def unclaimed_paid(purse: Purse, amount_minor: int) -> list[Leg]:
    """Row 22: the owner, or the authority in charge, is paid what was unclaimed."""
    return _move(purse.programme("unclaimed"), purse.programme("payouts"), amount_minor)


def unclaimed_given_up(purse: Purse, amount_minor: int) -> list[Leg]:
    """Row 11, of money kept aside: its owner gave it up. It is in no lot any more, so the programme gains it."""
    return _move(purse.programme("unclaimed"), purse.programme("breakage"), amount_minor)


def wallet_to_wallet(
    giver: Purse, taker: Purse, amount_minor: int, owing_minor: int = 0
) -> tuple[list[Leg], list[Leg]]:
    """Row 35: one transaction in the giver's book, one in the taker's; transit is zero once both stand.

    `owing_minor` is what the taker owes; it is repaid first.
    """
    out = _move(giver.member("available"), giver.programme("transit"), amount_minor)
    into = [
        (taker.programme("transit"), amount_minor),
        *credit_member(taker, amount_minor, owing_minor),
    ]
    return out, into
