"""The plain values that pass between Cagnotte and its plugins."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Whose account, and where. `bic` may be empty where the rail does not need it."""

    holder: str
    iban: str
    bic: str = ""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One payment to a member. The bank hands `end_to_end_id` back in every answer."""

    end_to_end_id: str
    to: BankAccount
    amount_minor: int
    text: str


@dataclass(frozen=True, slots=True)
class TransferBatch:
    """Payments that go into one file, in one currency.

    Attributes:
        message_id: the same for the same batch for ever; a bank refuses a second file that bears it.
        execution_on: the day the bank is asked to pay.
        created_at: when the batch was made; what is made again bears the same moment.
    """

    message_id: str
    debtor: BankAccount
    currency: str
    execution_on: date
    created_at: datetime
    transfers: Sequence[Transfer]

    @property
    def total_minor(self) -> int:
        """The sum of the transfers, in minor units."""
        return sum(transfer.amount_minor for transfer in self.transfers)


class LineKind(enum.StrEnum):
    """What a line of a bank's answer says."""

    ACCEPTED = "accepted"
    """Taken by the bank, not yet executed; nothing is booked."""
    COMPLETED = "completed"
    """The bank says that it is executed; the account statement has the last word."""
    SETTLED = "settled"
    """Debited on the account statement."""
    REJECTED = "rejected"
    """Refused before the money left."""
    RETURNED = "returned"
    """Credited back on the account statement."""
    OTHER = "other"
    """Something else on the statement: a receipt, a charge, an entry not booked yet."""


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One line of a bank's answer.

    It speaks of one transfer when it has an `end_to_end_id`, else of the whole batch `message_id`.

    Attributes:
        number: its place in the file, from 1.
        amount_minor: as the bank gives it, in minor units; None when it gives none.
        count: how many transfers a line about a whole batch covers, if it says so.
        on: the booking day, if it gives one.
        code: the bank's own code, such as AC04. reason: what it means, in words.
    """

    number: int
    kind: LineKind
    end_to_end_id: str = ""
    message_id: str = ""
    amount_minor: int | None = None
    currency: str = ""
    count: int | None = None
    on: date | None = None
    code: str = ""
    reason: str = ""


class PayoutRail(Protocol):
    """A way to move money to members, by files exchanged with a bank or payment institution."""

    name: str
    """How people and settings name it; also the kind of payout method it serves."""
    transfers_max: int
    """How many transfers fit in one file."""
    file_suffix: str
    """Such as ".xml"."""

    def make_file(self, batch: TransferBatch) -> bytes:
        """Write the file of a batch; the same batch always gives the same bytes.

        Raises PayoutRefused when the batch cannot be carried, in a sentence that names the transfer.
        """

    def read_status(self, content: bytes) -> list[StatusLine]:
        """Read a bank's answer or account statement.

        Raises InvalidInput when the file is not of a kind this rail knows, or is damaged.
        """
