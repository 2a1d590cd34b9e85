"""The files of the export, to the letter: what accountants' programmes read, and people who compare two of them."""

import io
from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from cagnotte.domain.ids import public_id
from cagnotte.ledger.export import _account_name, _as_component
from cagnotte.ledger.export_formats import (
    WRITERS,
    BeancountWriter,
    CsvWriter,
    ExportedAccount,
    ExportedTransaction,
    HledgerWriter,
)
from tests.contexts.ledger.books import ANNA, FUNDER, PROGRAMME

DUE, PENDING, YEN, UNUSED = (UUID(int=number) for number in range(1, 5))
ACCOUNTS = {
    DUE: ExportedAccount("Assets:Funder:Dairy:Due", "EUR", 1240),
    PENDING: ExportedAccount("Liabilities:Member:M1:Pending", "EUR", -1240),
    YEN: ExportedAccount("Liabilities:Member:M1:Pending", "JPY", 0),
    UNUSED: ExportedAccount("Assets:Funder:Dairy:Accrued", "EUR", 0),
}
EARNED = ExportedTransaction(
    id=UUID(int=16),
    kind="tracked",
    fact_id=UUID(int=17),
    step=2,
    book_id=UUID(int=18),
    occurred_on=date(2026, 2, 27),
    effective_on=date(2026, 3, 1),
    recorded_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    account_ids=[DUE, PENDING],
    amounts=[1240, -1240],
)


def written(name: str) -> list[str]:
    """Everything a writer writes of one transaction, line by line."""
    out = io.StringIO()
    writer = WRITERS[name](out, ACCOUNTS)
    writer.begin(date(2026, 1, 31))
    writer.transaction(EARNED)
    writer.end(date(2026, 3, 2))
    assert out.getvalue().endswith("\n")
    return out.getvalue().removesuffix("\n").split("\n")


def test_the_formats_are_known_by_their_programmes() -> None:
    assert {"beancount": BeancountWriter, "hledger": HledgerWriter, "csv": CsvWriter} == WRITERS


def test_a_beancount_file_opens_accounts_books_and_asserts_balances() -> None:
    assert written("beancount") == [
        'option "title" "Cagnotte"',
        'option "operating_currency" "EUR"',
        'option "operating_currency" "JPY"',
        "2026-01-31 open Assets:Funder:Dairy:Accrued EUR",
        "2026-01-31 open Assets:Funder:Dairy:Due EUR",
        "2026-01-31 open Liabilities:Member:M1:Pending EUR,JPY",
        "",
        '2026-03-01 * "tracked" ^00000000-0000-0000-0000-000000000011',
        '  id: "00000000-0000-0000-0000-000000000010"',
        "  occurred: 2026-02-27",
        '  recorded: "2026-03-01T12:00:00+00:00"',
        "  Assets:Funder:Dairy:Due  12.40 EUR",
        "  Liabilities:Member:M1:Pending  -12.40 EUR",
        "",
        "2026-03-02 balance Assets:Funder:Dairy:Due  12.40 ~ 0 EUR",
        "2026-03-02 balance Liabilities:Member:M1:Pending  -12.40 ~ 0 EUR",
        "2026-03-02 balance Liabilities:Member:M1:Pending  0 ~ 0 JPY",
        "2026-03-02 balance Assets:Funder:Dairy:Accrued  0.00 ~ 0 EUR",
    ]


def test_an_hledger_journal_declares_books_and_asserts_balances() -> None:
    assert written("hledger") == [
        "decimal-mark .",
        "commodity 0.00 EUR",
        "commodity 0. JPY",
        "account Assets:Funder:Dairy:Accrued",
        "account Assets:Funder:Dairy:Due",
        "account Liabilities:Member:M1:Pending",
        "",
        "2026-03-01 * (00000000-0000-0000-0000-000000000010) tracked",
        "    ; fact:00000000-0000-0000-0000-000000000011, occurred:2026-02-27",
        "    ; recorded:2026-03-01T12:00:00+00:00",
        "    Assets:Funder:Dairy:Due  12.40 EUR",
        "    Liabilities:Member:M1:Pending  -12.40 EUR",
        "",
        "2026-03-02 * closing balances",
        "    Assets:Funder:Dairy:Due  0.00 EUR = 12.40 EUR",
        "    Liabilities:Member:M1:Pending  0.00 EUR = -12.40 EUR",
        "    Liabilities:Member:M1:Pending  0 JPY = 0 JPY",
        "    Assets:Funder:Dairy:Accrued  0.00 EUR = 0.00 EUR",
    ]


def test_a_journal_of_nothing_asserts_nothing() -> None:
    out = io.StringIO()
    writer = HledgerWriter(out, {})
    writer.begin(date(2026, 1, 31))
    writer.end(date(2026, 3, 2))
    assert out.getvalue() == "decimal-mark .\n"


def test_a_csv_file_has_a_line_for_each_leg() -> None:
    shared = (
        "00000000-0000-0000-0000-000000000010,tracked,00000000-0000-0000-0000-000000000011,2,"
        "00000000-0000-0000-0000-000000000012,2026-02-27,2026-03-01,2026-03-01T12:00:00+00:00"
    )
    assert written("csv") == [
        (
            "transaction_id,kind,fact_id,step,book_id,occurred_on,effective_on,recorded_at,"
            "leg,account_id,account,amount_minor,amount,currency"
        ),
        f"{shared},1,{DUE},Assets:Funder:Dairy:Due,1240,12.40,EUR",
        f"{shared},2,{PENDING},Liabilities:Member:M1:Pending,-1240,-12.40,EUR",
    ]


@pytest.mark.parametrize("name", WRITERS)
def test_a_leg_without_its_amount_is_never_written(name: str) -> None:
    short = ExportedTransaction(
        EARNED.id,
        EARNED.kind,
        EARNED.fact_id,
        EARNED.step,
        EARNED.book_id,
        EARNED.occurred_on,
        EARNED.effective_on,
        EARNED.recorded_at,
        [DUE, PENDING],
        [1240],
    )
    with pytest.raises(ValueError, match="zip"):
        WRITERS[name](io.StringIO(), ACCOUNTS).transaction(short)


@pytest.mark.parametrize(
    ("kind", "names", "name"),
    [
        ("member.available", {ANNA: "Anna"}, "Liabilities:Member:M{anna}:Available"),
        ("member.owing", {}, "Assets:Member:M{anna}:Owing"),
        ("funder.due", {}, "Assets:Funder:F{funder}:Due"),
        ("funder.due", {FUNDER: "the dairy"}, "Assets:Funder:The-dairy:Due"),
        ("funder.deposit", {FUNDER: "…"}, "Liabilities:Funder:F{funder}:Deposit"),
        (
            "merchant.share_pending",
            {FUNDER: "Dairy"},
            "Liabilities:Merchant:Dairy:SharePending",
        ),
        ("programme.fx_result", {PROGRAMME: "Us"}, "Expenses:Programme:FxResult"),
        ("opening.equity", {}, "Equity:Opening:Equity"),
    ],
)
def test_an_account_is_named_by_its_root_its_owner_and_its_state(
    kind: str, names: dict[UUID, str], name: str
) -> None:
    owner = ANNA if kind.startswith("member.") else FUNDER
    told = _account_name(kind, owner, names, short=True)
    anna, funder = (public_id("", each).removeprefix("_").upper() for each in (ANNA, FUNDER))
    assert told == name.format(anna=anna, funder=funder)


def test_the_second_company_of_a_name_is_told_apart_by_its_id() -> None:
    told = _account_name("funder.due", FUNDER, {FUNDER: "Dairy"}, short=False)
    opaque = public_id("", FUNDER).removeprefix("_").upper()
    assert told == f"Assets:Funder:Dairy-{opaque}:Due"


@pytest.mark.parametrize(
    ("name", "component"),
    [
        ("Crémerie “du Lac” & fils", "Cremerie-du-Lac-fils"),
        ("élan", "Elan"),
        ("  ", ""),
        ("日本", ""),
        ("7 Sœurs", "7-Surs"),
        ("McX", "McX"),
        ("-a-", "A"),
    ],
)
def test_a_name_becomes_letters_digits_and_dashes(name: str, component: str) -> None:
    assert _as_component(name) == component
