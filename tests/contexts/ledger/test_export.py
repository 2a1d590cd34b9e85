"""The export: what independent tools make of it."""

import csv
import io
import shutil
import subprocess
import sys
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from beancount import loader
from beancount.core.data import Transaction as BeanTransaction

from cagnotte.domain.chart import KINDS, Account
from cagnotte.domain.errors import InvalidInput
from cagnotte.domain.money import format_minor
from cagnotte.ledger import export as exports
from cagnotte.ledger import services
from tests.contexts.ledger.books import (
    ANNA,
    BEN,
    FUNDER,
    NOON,
    PROGRAMME,
    Connection,
    booking,
    funder,
    given,
    later,
    member,
    programme,
    spent,
    tracked,
)

NAMES = {FUNDER: "Crémerie “du Lac” & fils"}


@pytest.fixture
def busy(books: Connection) -> Connection:
    """Three currencies, every kind of account, dates apart, a part folded."""
    yen = booking({funder("accrued", "JPY"): 500, member("pending", BEN, "JPY"): -500})
    dinars = booking({funder("accrued", "TND"): 1234, member("pending", BEN, "TND"): -1234})
    services.post(books, [tracked(ANNA, 1240), given(ANNA, 500), yen, dinars], batch_id=uuid4())
    books.commit()
    services.fold(books, now=NOON)
    books.commit()
    every = [
        booking(
            {
                Account(
                    kind, BEN if kind.startswith("member.") else PROGRAMME, PROGRAMME, "EUR"
                ): -7,
                programme("fx_result"): 7,
            },
            kind="every kind",
            day=later(3).date(),
            at=later(3),
        )
        for kind in KINDS
        if kind not in {"programme.fx_result", "member.owing"}
    ]
    services.post(books, [spent(ANNA, 200), *every], batch_id=uuid4())
    books.commit()
    return books


def written(books: Connection, export_format: str) -> str:
    out = io.StringIO()
    exports.export(books, programme_id=PROGRAMME, format=export_format, out=out, names=NAMES)
    return out.getvalue()


def test_beancount_accepts_the_file_and_finds_our_balances(busy: Connection) -> None:
    entries, errors, _options = loader.load_string(written(busy, "beancount"))
    assert errors == []
    counted: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    found = [entry for entry in entries if isinstance(entry, BeanTransaction)]
    for entry in found:
        for posting in entry.postings:
            units = posting.units
            assert units is not None
            assert isinstance(units.number, Decimal)
            counted[posting.account, units.currency] += units.number
    ours = {
        (account.name, account.currency): Decimal(
            format_minor(account.debit_minor, account.currency)
        )
        for account in exports._accounts(busy, PROGRAMME, NAMES).values()
    }
    assert len(ours) >= len(KINDS)
    assert {key: ours[key] for key in counted} == counted
    assert {key for key, amount in ours.items() if amount} <= counted.keys()
    row = busy.execute("SELECT count(*) FROM ledger_transaction").fetchone()
    assert row == (len(found),)


def test_accounts_open_on_the_first_day_and_balances_stand_after_the_last(
    busy: Connection,
) -> None:
    lines = written(busy, "beancount").splitlines()
    assert {line.split()[0] for line in lines if " open " in line} == {"2026-03-01"}
    assert {line.split()[0] for line in lines if " balance " in line} == {"2026-03-05"}


def test_bean_check_passes(busy: Connection, tmp_path: Path) -> None:
    file = tmp_path / "books.beancount"
    file.write_text(written(busy, "beancount"), encoding="utf-8")
    program = Path(sys.executable).with_name("bean-check")
    done = subprocess.run([program, file], check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_balance_that_is_not_its_entries_fails_in_beancount(
    busy: Connection, owner: Connection
) -> None:
    """The closing balances are the stored ones, so another program's sums check ours."""
    account = member("available", ANNA)
    owner.execute(
        "UPDATE ledger_balance SET amount_minor = amount_minor + 1 WHERE account_id = %s",
        [account.id],
    )
    owner.commit()
    _entries, errors, _options = loader.load_string(written(busy, "beancount"))
    assert [type(error).__name__ for error in errors] == ["BalanceError"]


def test_hledger_accepts_the_file(busy: Connection, tmp_path: Path) -> None:
    program = shutil.which("hledger")
    if program is None:
        pytest.skip("hledger is not installed here (Debian's package of that name)")
    file = tmp_path / "books.journal"
    file.write_text(written(busy, "hledger"), encoding="utf-8")
    done = subprocess.run([program, "-f", file, "check", "accounts", "commodities"], check=False)
    assert done.returncode == 0


def test_the_csv_file_holds_every_leg(busy: Connection) -> None:
    rows = list(csv.DictReader(io.StringIO(written(busy, "csv"))))
    sums: dict[str, int] = defaultdict(int)
    for row in rows:
        sums[row["currency"]] += int(row["amount_minor"])
    assert dict(sums) == {"EUR": 0, "JPY": 0, "TND": 0}
    first = next(row for row in rows if row["account_id"] == str(member("pending", ANNA).id))
    assert (first["kind"], first["amount"], first["currency"]) == ("tracked", "-12.40", "EUR")
    assert [row["leg"] for row in rows if row["transaction_id"] == first["transaction_id"]] == [
        "1",
        "2",
    ]
    assert {row["amount"] for row in rows if row["currency"] == "JPY"} == {"500", "-500"}
    assert {row["amount"] for row in rows if row["currency"] == "TND"} == {"1.234", "-1.234"}


def test_companies_are_named_and_members_are_not(busy: Connection) -> None:
    text = written(busy, "beancount")
    assert "Assets:Funder:Cremerie-du-Lac-fils:Accrued" in text
    names = {ANNA: "Anna", FUNDER: "A"}
    out = io.StringIO()
    exports.export(busy, programme_id=PROGRAMME, format="hledger", out=out, names=names)
    assert "Anna" not in out.getvalue()


def test_two_companies_of_one_name_stay_apart(books: Connection) -> None:
    other = uuid4()
    legs = {Account("funder.due", other, PROGRAMME, "EUR"): 5, funder("due"): -5}
    services.post(books, [booking(legs)], batch_id=uuid4())
    out = io.StringIO()
    names = {FUNDER: "Dairy", other: "dairy"}
    exports.export(books, programme_id=PROGRAMME, format="beancount", out=out, names=names)
    _entries, errors, _options = loader.load_string(out.getvalue())
    assert errors == []
    assert len({line for line in out.getvalue().splitlines() if " open " in line}) == 2


@pytest.mark.parametrize("export_format", exports.FORMATS)
def test_an_empty_ledger_is_an_empty_file(books: Connection, export_format: str) -> None:
    text = written(books, export_format)
    assert "tracked" not in text
    if export_format == "beancount":
        assert loader.load_string(text)[1] == []


def test_an_unknown_format_is_refused(books: Connection) -> None:
    with pytest.raises(InvalidInput) as refused:
        written(books, "xls")
    assert refused.value.sentence == ("“xls” is no export format; choose beancount, hledger, csv.")
    assert refused.value.facts == {"format": "xls"}
