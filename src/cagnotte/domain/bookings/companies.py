"""Bookings between companies: statements, receipts, deposits, currencies, the operator's own money.

Legs are debit positive, amounts minor units; `V` of the booking table is VAT. Row numbers are those of
docs/reference/bookings.md. All of these stand in the programme's own book.
"""

from dataclasses import dataclass
from uuid import UUID

from cagnotte.domain.bookings.spending import Leg
from cagnotte.domain.chart import Account


@dataclass(frozen=True, slots=True)
class Till:
    """The accounts of a programme and of its funders, in one currency."""

    programme_id: UUID
    currency: str

    def programme(self, name: str) -> Account:
        """Return an account of the programme itself, such as suspense or rounding."""
        return Account(f"programme.{name}", self.programme_id, self.programme_id, self.currency)

    def funder(self, name: str, funder_id: UUID) -> Account:
        """Return an account of a funder: accrued, due, billed or deposit."""
        return Account(f"funder.{name}", funder_id, self.programme_id, self.currency)

    def bank(self, bank_id: UUID | None = None) -> Account:
        """Return the account of one bank account; without an id, of the programme's only one."""
        owner_id = bank_id or self.programme_id
        return Account("programme.bank", owner_id, self.programme_id, self.currency)


def _move(debit: Account, credit: Account, amount_minor: int) -> list[Leg]:
    return [(debit, amount_minor), (credit, -amount_minor)]


def statement(till: Till, funder_id: UUID, amount_minor: int, vat_minor: int = 0) -> list[Leg]:
    """Row 23: what is due goes on a statement or invoice, with its VAT; negative for a credit note."""
    return [
        (till.funder("billed", funder_id), amount_minor + vat_minor),
        (till.funder("due", funder_id), -amount_minor),
        (till.programme("vat"), -vat_minor),
    ]


def receipt(till: Till, amount_minor: int, bank_id: UUID | None = None) -> list[Leg]:
    """Row 24: money has arrived; whose it is, is not known yet."""
    return _move(till.bank(bank_id), till.programme("suspense"), amount_minor)


def receipt_matched(till: Till, funder_id: UUID, amount_minor: int) -> list[Leg]:
    """Row 24: a receipt, or a part of it, pays a statement."""
    return _move(till.programme("suspense"), till.funder("billed", funder_id), amount_minor)


def receipt_too_much(till: Till, funder_id: UUID, amount_minor: int) -> list[Leg]:
    """Rows 24 and 25: what a funder paid beyond its statements, or ahead of them, is its deposit."""
    return _move(till.programme("suspense"), till.funder("deposit", funder_id), amount_minor)


def deposit_drawn(till: Till, funder_id: UUID, amount_minor: int) -> list[Leg]:
    """Row 25: a statement is paid out of the deposit."""
    return _move(till.funder("deposit", funder_id), till.funder("billed", funder_id), amount_minor)


def deposit_given_back(till: Till, funder_id: UUID, amount_minor: int) -> list[Leg]:
    """Row 25: the deposit is on its way back to the funder."""
    return _move(till.funder("deposit", funder_id), till.programme("payouts"), amount_minor)


def cents_accepted(till: Till, account: Account, amount_minor: int) -> list[Leg]:
    """Row 33: a difference of cents is let go.

    `account` is the funder's billed or deposit account; a positive amount is what it paid short, a negative one
    what it paid over.
    """
    return _move(till.programme("rounding"), account, amount_minor)


def tracked_in_foreign(
    accrued: Account, pending: Account, *, foreign_minor: int, home_minor: int, reward_minor: int
) -> list[Leg]:
    """Row 34: a commission in the funder's currency, its worth at the frozen rate, and the member's part of that.

    `accrued` is the funder's account in the foreign currency, `pending` the member's in the wallet's.
    """
    foreign = Till(accrued.programme_id, accrued.currency)
    home = Till(pending.programme_id, pending.currency)
    return [
        (accrued, foreign_minor),
        (foreign.programme("fx"), -foreign_minor),
        (home.programme("fx"), home_minor),
        (pending, -reward_minor),
        (home.programme("margin_pending"), reward_minor - home_minor),
    ]


def bank_converts(foreign: Till, home: Till, *, foreign_minor: int, got_minor: int) -> list[Leg]:
    """Row 34: the bank turns foreign money into what it really gives for it."""
    return [
        (home.bank(), got_minor),
        (home.programme("fx"), -got_minor),
        (foreign.programme("fx"), foreign_minor),
        (foreign.bank(), -foreign_minor),
    ]


def exchange_result(till: Till, loss_minor: int) -> list[Leg]:
    """Row 34: what is left on fx when a position is closed; a positive amount is a loss, a negative one a gain."""
    return _move(till.programme("fx_result"), till.programme("fx"), loss_minor)


def between_banks(
    till: Till, from_id: UUID, to_id: UUID, amount_minor: int
) -> tuple[list[Leg], list[Leg]]:
    """Row 35: money leaves one own bank account, and arrives in another."""
    out = _move(till.programme("transit"), till.bank(from_id), amount_minor)
    into = _move(till.bank(to_id), till.programme("transit"), amount_minor)
    return out, into


def operator_puts_in(till: Till, amount_minor: int, bank_id: UUID | None = None) -> list[Leg]:
    """Row 36: the operator's own money comes in; a negative amount takes it out."""
    return _move(till.bank(bank_id), till.programme("funding"), amount_minor)
