"""The operator's own money comes into the programme's bank account, or leaves it again.

A programme owes its members before its shops have paid; what it puts in ahead is what makes that safe.
"""

from dataclasses import dataclass
from uuid import UUID

from cagnotte.domain.bookings.companies import Till, operator_puts_in
from cagnotte.domain.errors import Conflict, InvalidInput
from cagnotte.domain.ids import named_id
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.platform.sql import load
from cagnotte.wallet.movements import Connection, book
from cagnotte.wallet.movements import occasion as occasion_of

SQL = load("own_money")

KIND = "operator_puts_in"


@dataclass(frozen=True, slots=True)
class OwnMoney:
    """A transfer of the operator's. amount_minor: above zero comes in, below zero leaves.

    reference: the transfer's own name, as on the bank's statement; one reference is booked once.
    """

    amount_minor: int
    reference: str


def put_in(connection: Connection, run: ProgrammeRun, transfer: OwnMoney) -> bool:
    """Book a transfer; return False, changing nothing, when its reference was booked before. Commits by itself.

    Raises InvalidInput for nothing at all, Conflict when the reference stands for another amount.
    """
    if transfer.amount_minor == 0 or not transfer.reference.strip():
        raise InvalidInput(
            "A transfer has an amount and a reference.", reference=transfer.reference
        )
    fact_id = named_id("own money", run.id, transfer.reference.strip())
    with connection.transaction():
        connection.execute(SQL.lock, {"fact_id": fact_id})
        if _is_booked(connection, fact_id, transfer):
            return False
        when = occasion_of(
            connection,
            programme_id=run.id,
            currency=run.programme.currency,
            now=run.now,
            on=run.today,
        )
        transaction = when.transaction(
            operator_puts_in(Till(run.id, run.programme.currency), transfer.amount_minor),
            kind=KIND,
            book_id=run.id,
            fact_id=fact_id,
        )
        return book(connection, [transaction]) == 1


def _is_booked(connection: Connection, fact_id: UUID, transfer: OwnMoney) -> bool:
    """Tell whether a transfer of this reference was booked. Raises Conflict when it was another one."""
    row = connection.execute(SQL.booked, {"fact_id": fact_id}).fetchone()
    if row is not None and row[0] != transfer.amount_minor:
        raise Conflict(
            f"“{transfer.reference}” was booked already, over another amount.",
            reference=transfer.reference,
        )
    return row is not None
