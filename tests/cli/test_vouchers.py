"""Vouchers on the command line."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from cagnotte.cli.main import cli
from tests.journeys.conftest import empty_world
from tests.journeys.world import World
from tests.vouchers.cases import CASES
from tests.vouchers.member import Member, member_at

__all__ = ["empty_world"]

CARD = next(case for case in CASES if case.software == "pretix")
NOW = ("--now", "2026-03-01T12:00:00")


@pytest.fixture
def member(empty_world: World, settings: Any) -> Iterator[Member]:
    with member_at(CARD, empty_world, settings) as ready:
        yield ready


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(cli, [*arguments, *NOW])
    assert done.exit_code == code, done.output
    return done.output


def issue(*more: str, reference: str = "v1") -> str:
    told = ("--amount", "5.00", "--until", "2026-04-30", "--reference", reference)
    return run("vouchers", "issue", "1", *told, *more)


def test_a_voucher_is_issued_told_read_and_called_off(member: Member) -> None:
    said = issue("--shop", "shop")
    kept = member.fake.only()
    assert f"Code: {kept.code}" in said
    assert "issued: 5.00 EUR, 0.00 EUR used, 5.00 EUR left, until 2026-04-30" in said
    assert "at shop as gift_card: told" in said
    assert kept.code not in run("vouchers", "list")

    member.fake.use(kept, "N1", "3.00")
    assert "0 told, 0 refused, 0 ended, 1 read, 0 calls failed." in run("vouchers", "tell")
    assert "part_used: 5.00 EUR, 3.00 EUR used, 2.00 EUR left" in run(
        "vouchers", "list", "--member", "1"
    )
    assert run("vouchers", "list", "--member", "2") == "There are no vouchers.\n"

    ended = run("vouchers", "void", kept.code.lower())
    assert "void: 5.00 EUR, 3.00 EUR used, 0.00 EUR left" in ended
    assert ended.endswith("at shop as gift_card: ended\n")
    assert member.money() == {"available": 300, "vouchers": 0, "shop": 300}


def test_a_shop_that_cannot_be_reached_is_told_later(member: Member) -> None:
    member.fake.fail_next(503)
    said = issue("--shop", "shop")
    assert "at shop as gift_card: telling (pretix answered with status 503.)" in said
    assert "1 told" in run("vouchers", "tell", "--shop", "shop")


def test_a_voucher_of_ours_needs_no_shop(member: Member) -> None:
    said = issue("--once", "--minimum", "50.00", "--merchant", "corner")
    assert re.search(r"Code: [0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{4}\n$", said)
    assert "at shop" not in said
    voucher_id = said.split()[0]
    assert issue("--once", "--minimum", "50.00", "--merchant", "corner") == said
    assert "void: 5.00 EUR" in run("vouchers", "void", voucher_id)
    assert member.fake.log == []


def test_what_does_not_exist_is_a_sentence(member: Member) -> None:
    told = ("--amount", "5.00", "--until", "2026-04-30")
    for arguments in (
        ("issue", "1", *told, "--merchant", "nowhere"),
        ("issue", "1", *told, "--shop", "nowhere"),
        ("issue", "9", *told),
        ("void", "vou_nonsense"),
        ("void", "vou_00000000000000000000000005"),
        ("tell", "--shop", "nowhere"),
    ):
        said = run("vouchers", *arguments, code=1)
        assert said.startswith(("Error: There is no", "There is no", "✗ There is no")), said
    assert member.money()["available"] == 600
