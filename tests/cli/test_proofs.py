"""What people type and read when they seal, publish and prove."""

import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result

from cagnotte.cli import main
from cagnotte.ledger import services
from cagnotte.platform import database
from tests.contexts.ledger.books import ANNA, PROGRAMME, Connection, given, tracked
from verify import cagnotte_verify as verifier


@pytest.fixture
def books(committed_db: str) -> Iterator[Connection]:
    """A programme with a member, number 7, who has 5.00 available and 12.40 pending."""
    with database.connect() as connection:
        connection.execute(
            "INSERT INTO identity_programme (id, slug, name, currency, timezone, created_at)"
            " VALUES (%s, 'market', 'Market', 'EUR', 'Europe/Paris', now())",
            [PROGRAMME],
        )
        connection.execute(
            "INSERT INTO identity_wallet (id, programme_id, bucket, opened_at, frozen)"
            " VALUES (%s, %s, 1, now(), false)",
            [ANNA, PROGRAMME],
        )
        connection.execute(
            "INSERT INTO identity_member (id, programme_id, wallet_id, ref, name, email, country, locale, segments,"
            " joined_on) VALUES (%s, %s, %s, '7', 'Anna', '', '', 'fr', '{}', now())",
            [uuid4(), PROGRAMME, ANNA],
        )
        services.post(connection, [tracked(ANNA, 1240), given(ANNA, 500)], batch_id=uuid4())
        connection.commit()
        yield connection
        connection.rollback()


def cagnotte(*arguments: str) -> Result:
    return CliRunner().invoke(main.cli, ["ledger", *arguments])


def sealed() -> str:
    """Seal until the batch is sealed; other tests' sessions on this server may hold it up for a moment."""
    for _ in range(600):
        answer = cagnotte("seal", "--now", "2026-03-02T03:00:00")
        assert answer.exit_code == 0, answer.output
        if "0 seal(s)" not in answer.stdout:
            return answer.stdout
        assert "1 batch(es) wait for database transactions that still run." in answer.stdout
        time.sleep(0.05)
    pytest.fail("never sealed")


def test_from_a_seal_to_a_proof_that_holds(books: Connection, tmp_path: Path) -> None:
    assert sealed() == "1 batch(es) with 2 transaction(s) sealed, 1 seal(s) made.\n"
    again = "0 batch(es) with 0 transaction(s) sealed, 0 seal(s) made.\n"
    assert cagnotte("seal").stdout == again
    head, proof = tmp_path / "head.json", tmp_path / "proof.json"
    published = cagnotte("publish", "--output", str(head))
    assert published.exit_code == 0, published.output
    first, second = published.stderr.splitlines()
    digest = verifier.published_hash(head.read_text(encoding="utf-8"))
    assert first == f"Seal 1: {digest.hex()}"
    assert second == "  1 wallet(s) can ask for 5.00 EUR; at the bank: 0.00."
    assert cagnotte("prove", "--member", "7", "--output", str(proof)).exit_code == 0
    said = verifier.check(proof.read_text(encoding="utf-8"), digest)
    assert "pending 12.40 EUR, confirmed 0.00 EUR, available 5.00 EUR" in said[1]
    assert sorted(tmp_path.iterdir()) == [head, proof]


def test_a_proof_goes_to_the_terminal_by_default(books: Connection) -> None:
    sealed()
    answer = cagnotte("prove", "--member", "7")
    assert (answer.exit_code, answer.stderr) == (0, "")
    assert verifier.check(answer.stdout)


def test_a_proof_is_of_one_thing(books: Connection) -> None:
    for arguments in ((), ("--member", "7", "--entry", "1")):
        answer = cagnotte("prove", *arguments)
        assert answer.exit_code == 2
        assert "Name one of --member, --purchase, --entry and --earlier-seal." in answer.stderr


def test_before_the_first_seal_there_is_nothing_to_publish_or_prove(
    books: Connection, tmp_path: Path
) -> None:
    for arguments in (("publish",), ("prove", "--member", "7")):
        answer = cagnotte(*arguments, "--output", str(tmp_path / "file.json"))
        assert answer.exit_code == 1
        assert answer.stderr == "There is no seal yet; make one with `cagnotte ledger seal`.\n"
    assert list(tmp_path.iterdir()) == []


def test_verify_names_the_batch_of_a_changed_byte(books: Connection) -> None:
    sealed()
    [(batch_id,)] = books.execute("SELECT batch_id FROM ledger_batch").fetchall()
    books.rollback()
    assert "sealed_batches" not in cagnotte("verify").stdout
    with database.connect("owner") as owner:
        owner.execute("ALTER TABLE ledger_transaction DISABLE TRIGGER USER")
        owner.execute("UPDATE ledger_transaction SET kind = 'gooDwill' WHERE kind = 'goodwill'")
    answer = cagnotte("verify")
    assert answer.exit_code == 1
    assert f"Batch {batch_id} of seal 1 no longer holds what was sealed." in answer.stdout
