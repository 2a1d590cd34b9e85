"""Every error a user can meet, as one tree of sentences.

Each class is one situation; its instances carry the facts that matter as attributes, and `str(error)` is the
sentence shown to the person: what is wrong, where, and what to do. Interfaces translate classes to exit codes
or HTTP problems; nothing below an interface knows about either.

    CagnotteError
    ├── InvalidInput              a file, a row or a value that cannot be understood
    │   ├── InvalidMoney, UnknownCurrency, CurrencyMismatch
    │   ├── InvalidOffer, InvalidContract, InvalidProgramme
    │   └── InvalidRow            one line of a file, with its number and its reason code
    ├── NotFound                  a merchant, member, purchase … that does not exist
    ├── Refused                   understood, but not allowed now; nothing was changed
    │   ├── IllegalTransition, InsufficientFunds, PeriodClosed
    │   ├── PayoutRefused
    │   ├── NoSlot                as many at work as can be
    │   └── Conflict              the same identity arrived with other content
    └── LedgerError
        ├── UnbalancedTransaction
        └── LedgerCorrupt         a check of the books failed
"""

import re
from typing import Any


def _code_of(class_name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", class_name).lower()


class CagnotteError(Exception):
    """Cagnotte could not do what was asked; nothing was changed."""

    code: str = "cagnotte_error"

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "code" not in cls.__dict__:
            cls.code = _code_of(cls.__name__)

    def __init__(self, sentence: str | None = None, /, **facts: object) -> None:
        """Take the sentence for the person (default: the class's docstring) and the facts as attributes."""
        self.sentence = sentence or (self.__doc__ or "").strip()
        self.facts = facts
        super().__init__(self.sentence)

    def __getattr__(self, name: str) -> object:
        facts: dict[str, object] = self.__dict__.get("facts", {})
        if name in facts:
            return facts[name]
        raise AttributeError(name)


class InvalidInput(CagnotteError):
    """The input cannot be understood."""


class InvalidMoney(InvalidInput):
    """The text is no amount of money in this currency."""


class UnknownCurrency(InvalidInput):
    """The currency is not in the ISO 4217 table."""


class CurrencyMismatch(InvalidInput):
    """Two amounts in different currencies cannot be added or compared."""


class InvalidOffer(InvalidInput):
    """The offer contradicts itself."""


class InvalidContract(InvalidInput):
    """The contract contradicts itself."""


class InvalidProgramme(InvalidInput):
    """The programme file cannot be loaded."""


class InvalidRow(InvalidInput):
    """A row of a file cannot be taken; it is kept with its reason and can be sent again."""

    def __init__(self, reason: str, sentence: str, /, **facts: object) -> None:
        """Take the machine-readable reason, the sentence, and facts such as `line`."""
        super().__init__(sentence, reason=reason, **facts)
        self.reason = reason

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle with both words, so that a rejected row can be told from one process to another."""
        return type(self), (self.reason, self.sentence), self.__dict__


class NotFound(CagnotteError):
    """Nothing of that name exists here."""


class Refused(CagnotteError):
    """The request is understood but not allowed now; nothing was changed."""


class IllegalTransition(Refused):
    """The purchase, hold or payout cannot go from its state by this event."""


class InsufficientFunds(Refused):
    """The available balance does not cover the amount."""


class PeriodClosed(Refused):
    """The accounting period is closed; the fact must be booked in the first open one."""


class PayoutRefused(Refused):
    """The payout cannot be made now."""


class SpendingLimited(Refused):
    """The shop does not take that much of the cagnotte."""


class VoucherRefused(Refused):
    """The voucher cannot be used for this order."""


class NoSlot(Refused):
    """Too many recorders of one programme are open at once."""


class Conflict(Refused):
    """The same identity already stands here with other content."""


class LedgerError(CagnotteError):
    """The ledger refused a transaction."""


class UnbalancedTransaction(LedgerError):
    """The legs of a transaction do not sum to zero in each currency."""


class LedgerCorrupt(LedgerError):
    """A check of the books failed; nothing was repaired."""
