"""How each file format of the export is written."""

import csv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import IO, Protocol
from uuid import UUID

from cagnotte.domain.money import format_minor


@dataclass(frozen=True, slots=True)
class ExportedAccount:
    """An account as the file names it, with its stored balance (debit positive)."""

    name: str
    currency: str
    debit_minor: int


@dataclass(slots=True)
class ExportedTransaction:
    """One transaction with its legs; amounts are debit positive."""

    id: UUID
    kind: str
    fact_id: UUID
    step: int
    book_id: UUID
    occurred_on: date
    effective_on: date
    recorded_at: datetime
    account_ids: list[UUID]
    amounts: list[int]


Accounts = Mapping[UUID, ExportedAccount]


class Writer(Protocol):
    """One file format. The dates of transactions are their effective dates."""

    def begin(self, first_on: date) -> None:
        """Write what comes before the transactions; the first is of `first_on`."""

    def transaction(self, transaction: ExportedTransaction) -> None:
        """Write one transaction."""

    def end(self, closing_on: date) -> None:
        """Write the balances as they stand at the start of `closing_on`, the day after the last transaction."""


class BeancountWriter:
    """A ledger for beancount 3: opens, transactions, and a balance assertion without tolerance per account."""

    def __init__(self, out: IO[str], accounts: Accounts) -> None:
        self._write = out.write
        self._accounts = accounts

    def begin(self, first_on: date) -> None:
        """Write the options and open every account."""
        self._write('option "title" "Cagnotte"\n')
        currencies: dict[str, list[str]] = {}
        for account in self._accounts.values():
            currencies.setdefault(account.name, []).append(account.currency)
        for currency in sorted({account.currency for account in self._accounts.values()}):
            self._write(f'option "operating_currency" "{currency}"\n')
        for name, held in sorted(currencies.items()):
            self._write(f"{first_on} open {name} {','.join(held)}\n")

    def transaction(self, transaction: ExportedTransaction) -> None:
        """Write one transaction, linked to all others of its fact."""
        lines = [
            f'\n{transaction.effective_on} * "{transaction.kind}" ^{transaction.fact_id}',
            f'  id: "{transaction.id}"',
            f"  occurred: {transaction.occurred_on}",
            f'  recorded: "{transaction.recorded_at.isoformat()}"',
        ]
        for account_id, amount_minor in zip(
            transaction.account_ids, transaction.amounts, strict=True
        ):
            account = self._accounts[account_id]
            amount = format_minor(amount_minor, account.currency)
            lines.append(f"  {account.name}  {amount} {account.currency}")
        lines.append("")
        self._write("\n".join(lines))

    def end(self, closing_on: date) -> None:
        """Assert every account's balance, to the last minor unit."""
        self._write("\n")
        for account in self._accounts.values():
            amount = format_minor(account.debit_minor, account.currency)
            self._write(f"{closing_on} balance {account.name}  {amount} ~ 0 {account.currency}\n")


class HledgerWriter:
    """A journal for hledger: declarations, transactions, and a last one that asserts every balance."""

    def __init__(self, out: IO[str], accounts: Accounts) -> None:
        self._write = out.write
        self._accounts = accounts

    def begin(self, first_on: date) -> None:  # noqa: ARG002 - accounts of a journal open without a date
        """Declare the decimal mark, the currencies and the accounts."""
        self._write("decimal-mark .\n")
        for currency in sorted({account.currency for account in self._accounts.values()}):
            amount = format_minor(0, currency)
            self._write(f"commodity {amount if '.' in amount else amount + '.'} {currency}\n")
        for name in sorted({account.name for account in self._accounts.values()}):
            self._write(f"account {name}\n")

    def transaction(self, transaction: ExportedTransaction) -> None:
        """Write one transaction with its ids as tags."""
        lines = [
            f"\n{transaction.effective_on} * ({transaction.id}) {transaction.kind}",
            f"    ; fact:{transaction.fact_id}, occurred:{transaction.occurred_on}",
            f"    ; recorded:{transaction.recorded_at.isoformat()}",
        ]
        for account_id, amount_minor in zip(
            transaction.account_ids, transaction.amounts, strict=True
        ):
            account = self._accounts[account_id]
            amount = format_minor(amount_minor, account.currency)
            lines.append(f"    {account.name}  {amount} {account.currency}")
        lines.append("")
        self._write("\n".join(lines))

    def end(self, closing_on: date) -> None:
        """Assert every account's balance in one transaction that moves nothing."""
        if not self._accounts:
            return
        self._write(f"\n{closing_on} * closing balances\n")
        for account in self._accounts.values():
            zero = format_minor(0, account.currency)
            amount = format_minor(account.debit_minor, account.currency)
            self._write(
                f"    {account.name}  {zero} {account.currency} = {amount} {account.currency}\n"
            )


class CsvWriter:
    """One line per leg, for spreadsheets and data frames. Amounts are debit positive."""

    HEADER = (
        "transaction_id", "kind", "fact_id", "step", "book_id", "occurred_on", "effective_on", "recorded_at",
        "leg", "account_id", "account", "amount_minor", "amount", "currency",
    )  # fmt: skip

    def __init__(self, out: IO[str], accounts: Accounts) -> None:
        self._rows = csv.writer(out, lineterminator="\n")
        self._accounts = accounts

    def begin(self, first_on: date) -> None:  # noqa: ARG002 - the header is the same for all
        """Write the header."""
        self._rows.writerow(self.HEADER)

    def transaction(self, transaction: ExportedTransaction) -> None:
        """Write the legs of one transaction."""
        shared = (
            transaction.id, transaction.kind, transaction.fact_id, transaction.step, transaction.book_id,
            transaction.occurred_on, transaction.effective_on, transaction.recorded_at.isoformat(),
        )  # fmt: skip
        legs = zip(transaction.account_ids, transaction.amounts, strict=True)
        for leg, (account_id, amount_minor) in enumerate(legs, 1):
            account = self._accounts[account_id]
            amount = format_minor(amount_minor, account.currency)
            self._rows.writerow(
                (*shared, leg, account_id, account.name, amount_minor, amount, account.currency)
            )

    def end(self, closing_on: date) -> None:
        """Entries only: whoever reads the file adds them up."""


WRITERS: dict[str, Callable[[IO[str], Accounts], Writer]] = {
    "beancount": BeancountWriter,
    "hledger": HledgerWriter,
    "csv": CsvWriter,
}
"""The formats by name."""
