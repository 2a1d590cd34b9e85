"""A file of members becomes members with wallets and bank details."""

from datetime import UTC, date, datetime

import pytest

from cagnotte.identity import selectors, services
from cagnotte.identity.models import Member, Programme, Wallet
from cagnotte.journeys import enrol
from cagnotte.journeys.records import Rejected, Row, Summary
from cagnotte.payouts.models import PayoutMethod
from cagnotte.platform import database

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GOOD_IBAN = "FR76 3000 6000 0112 3456 7890 189"
OTHER_IBAN = "DE89370400440532013000"


@pytest.fixture
def programme(committed_db: str) -> Programme:
    assert committed_db
    services.create_programme(
        slug="corner", name="Corner", currency="EUR", timezone="Europe/Paris", now=NOW
    )
    return selectors.programme("corner")


def enrol_rows(programme: Programme, *rows: Row, now: datetime = NOW) -> Summary:
    with database.connect() as connection:
        return enrol.run(connection, programme=programme, rows=rows, now=now)


def counts(summary: Summary) -> tuple[int, int, int, int]:
    return summary.new, summary.changed, summary.unchanged, len(summary.rejected)


def test_new_members_get_a_wallet_and_the_same_file_again_changes_nothing(
    programme: Programme,
) -> None:
    rows: list[Row] = [
        (2, {"ref": "m1", "name": "Ana", "iban": GOOD_IBAN}),
        (3, {"ref": "m2", "name": "Bob"}),
    ]
    assert counts(enrol_rows(programme, *rows)) == (2, 0, 0, 0)
    assert counts(enrol_rows(programme, *rows)) == (0, 0, 2, 0)
    with database.connect() as connection:
        index = selectors.member_index(connection, programme.id)
    assert set(index) == {"m1", "m2"}
    assert index["m1"] == (
        services.wallet_id_of(programme.id, "m1"),
        services.member_id_of(programme.id, "m1"),
    )
    assert Wallet.objects.count() == 2
    assert Member.objects.get(ref="m1").joined_on == date(2026, 3, 2)
    assert PayoutMethod.objects.get().iban_last4 == "0189"


def test_ids_depend_on_the_programme_and_the_member_number_alone(programme: Programme) -> None:
    enrol_rows(programme, (2, {"ref": "m1"}), now=datetime(2030, 1, 1, tzinfo=UTC))
    assert Wallet.objects.get().id == services.wallet_id_of(programme.id, "m1")


def test_a_changed_row_is_counted_and_what_the_file_does_not_say_stays(
    programme: Programme,
) -> None:
    enrol_rows(
        programme,
        (2, {"ref": "m1", "name": "Ana", "email": "ana@example.org", "joined_on": "2024-05-01"}),
    )
    summary = enrol_rows(programme, (2, {"ref": "m1", "name": "Anna", "joined_on": ""}))
    assert counts(summary) == (0, 1, 0, 0)
    member = Member.objects.get()
    assert (member.name, member.email, member.joined_on) == (
        "Anna",
        "ana@example.org",
        date(2024, 5, 1),
    )


def test_an_empty_field_empties_what_stands(programme: Programme) -> None:
    enrol_rows(programme, (2, {"ref": "m1", "email": "ana@example.org", "segments": "new, staff"}))
    enrol_rows(programme, (2, {"ref": "m1", "email": "", "segments": ""}))
    member = Member.objects.get()
    assert (member.email, member.segments) == ("", [])


def test_of_two_rows_about_one_member_the_later_counts(programme: Programme) -> None:
    summary = enrol_rows(
        programme, (2, {"ref": "m1", "name": "Ana"}), (3, {"ref": "m1", "name": "Anna"})
    )
    assert counts(summary) == (1, 0, 1, 0)
    assert Member.objects.get().name == "Anna"


def test_a_new_bank_account_of_a_known_member_is_a_change(programme: Programme) -> None:
    enrol_rows(programme, (2, {"ref": "m1", "name": "Ana", "iban": GOOD_IBAN}))
    summary = enrol_rows(programme, (2, {"ref": "m1", "name": "Ana", "iban": OTHER_IBAN}))
    assert counts(summary) == (0, 1, 0, 0)


def test_bad_rows_are_told_and_good_rows_go_through(programme: Programme) -> None:
    summary = enrol_rows(
        programme,
        (2, {"ref": "", "name": "Nobody"}),
        (3, {"ref": "m3", "iban": "FR7630006000011234567890188"}),
        (4, {"ref": "m4", "email": "ana at example"}),
        (5, {"ref": "m5", "joined_on": "01/02/2026"}),
        (6, {"ref": "m6", "country": "France"}),
        (7, {"ref": "m7", "name": "A\x00na"}),
        (8, {"ref": "m" * 101}),
        (9, {"ref": "m9"}),
    )
    assert summary.rejected == [
        Rejected(2, "missing", "ref is empty."),
        Rejected(3, "iban_checksum", summary.rejected[1].sentence),
        Rejected(4, "bad_email", "email: “ana at example” is not an e-mail address."),
        Rejected(5, "bad_date", "joined_on: “01/02/2026” is not a date; write it as 2026-01-31."),
        Rejected(6, "bad_country", "country: “France” is not a country code of two capitals."),
        Rejected(7, "bad_text", "name holds control characters."),
        Rejected(8, "too_long", "ref has 101 letters; at most 100 fit."),
    ]
    assert "fails its checksum" in summary.rejected[1].sentence
    assert "30006000011234567890" not in summary.rejected[1].sentence
    assert [member.ref for member in Member.objects.all()] == ["m9"]
    assert (Wallet.objects.count(), PayoutMethod.objects.count()) == (1, 0)


def test_one_database_transaction_holds_ten_thousand_members_at_most(programme: Programme) -> None:
    told: list[int] = []
    with database.connect() as connection:
        summary = enrol.run(
            connection,
            programme=programme,
            rows=((n, {"ref": f"m{n}", "name": "Ana"}) for n in range(25_000)),
            now=NOW,
            progress=told.append,
        )
    assert (counts(summary), told) == ((25_000, 0, 0, 0), [10_000, 10_000, 5_000])
    assert Wallet.objects.count() == 25_000
