"""The operator's own money comes into the programme's bank account, or leaves it again.

A programme owes its members before its shops have paid; what it puts in ahead is what makes that safe.
"""

from dataclasses import dataclass
from uuid import UUID

from cagnotte.domain.bookings.companies import Till, operator_puts_in
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.ids import named_id
from cagnotte.journeys.programme_run import ProgrammeRun
from cagnotte.wallet.movements import Connection, book
from cagnotte.wallet.movements import occasion as occasion_of

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
    with connection.transaction():
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
            fact_id=_fact(run.id, transfer.reference),
        )
        return book(connection, [transaction]) == 1


def _fact(programme_id: UUID, reference: str) -> UUID:
    return named_id("own money", programme_id, reference.strip())
