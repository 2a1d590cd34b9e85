"""`cagnotte keys` and `cagnotte api`, as a person types them."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cagnotte.cli.main import cli
from cagnotte.identity.models import ApiAnswer, ApiKey, Programme
from tests.journeys.conftest import empty_world, world
from tests.journeys.world import World

__all__ = ["empty_world", "world"]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, list(arguments))


def test_a_key_is_shown_once_and_kept_as_a_hash(world: World) -> None:
    done = run("keys", "create", "--name", "web shop")
    assert done.exit_code == 0
    secret = done.stdout.strip()
    assert re.fullmatch(r"cag_live_sk_[0-9a-z]{50}", secret)
    row = ApiKey.objects.get()
    assert secret not in json.dumps(list(ApiKey.objects.values()), default=str)
    assert (row.name, row.kind, row.mode, row.last4) == ("web shop", "secret", "live", secret[-4:])
    assert f"cag_live_sk_…{secret[-4:]}" in run("keys", "list").stdout


def test_a_test_key_opens_the_sandbox_which_is_made_for_it(world: World) -> None:
    done = run("keys", "create", "--name", "trial", "--test")
    assert done.stdout.startswith("cag_test_sk_")
    assert ApiKey.objects.get().programme.slug == "corner-sandbox"
    assert Programme.objects.count() == 2
    assert "trial" in run("keys", "list").stdout


def test_a_publishable_key_names_its_pages(world: World) -> None:
    done = run(
        "keys", "create", "--name", "page", "--publishable", "--origin", "https://Shop.example/"
    )
    assert done.stdout.startswith("cag_live_pk_")
    row = ApiKey.objects.get()
    assert (row.origins, row.scopes) == (["https://shop.example"], ["catalog:read", "quotes:read"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--scope", "everything"], "“everything” is no scope"),
        (["--publishable", "--scope", "members:read"], "“members:read” is no scope"),
        (["--publishable", "--origin", "shop.example"], "is no origin"),
        (["--publishable", "--origin", "*"], "for test keys alone"),
        (["--origin", "https://shop.example"], "has no origins"),
    ],
)
def test_a_key_that_makes_no_sense_is_refused(
    world: World, options: list[str], sentence: str
) -> None:
    done = run("keys", "create", "--name", "x", *options)
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert not ApiKey.objects.exists()


def test_a_rotated_key_ends_after_its_overlap(world: World) -> None:
    run("keys", "create", "--name", "web shop", "--scope", "members:read")
    before = ApiKey.objects.get()
    done = run(
        "keys", "rotate", before.last4, "--overlap-hours", "2", "--now", "2026-03-02T09:00:00"
    )
    assert done.exit_code == 0
    after = ApiKey.objects.exclude(id=before.id).get()
    before.refresh_from_db()
    assert after.scopes == ["members:read"]
    assert before.replaced_by == after.id
    assert f"{before.expires_at:%Y-%m-%d %H:%M}" == "2026-03-02 11:00"
    again = run("keys", "rotate", before.last4)
    assert "not rotated before" in again.stderr
    assert ApiKey.objects.count() == 2


def test_a_revoked_key_is_listed_as_such(world: World) -> None:
    run("keys", "create", "--name", "web shop")
    done = run("keys", "revoke", "web shop")
    assert "opens nothing any more" in done.stdout
    assert "revoked" in run("keys", "list").stdout
    assert "There is no key “nobody”" in run("keys", "revoke", "nobody").stderr


def test_the_description_is_written_to_a_file(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    assert run("api", "schema", "--to", str(file)).exit_code == 0
    assert json.loads(file.read_text(encoding="utf-8"))["openapi"] == "3.1.0"


def test_what_is_kept_no_longer_is_deleted(world: World) -> None:
    shop = Programme.objects.get()
    for number, day in enumerate(("2026-03-01", "2026-03-03")):
        ApiAnswer.objects.create(
            programme_id=shop.id, token=str(number), fingerprint=b"", status=201, sealed_body="",
            answered_at=f"{day}T00:00:00Z", expires_at=f"{day}T12:00:00Z",
        )  # fmt: skip
    assert run("api", "tidy", "--now", "2026-03-02").stdout == "1 rows deleted.\n"
    assert ApiAnswer.objects.get().token == "1"
