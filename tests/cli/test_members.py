"""What people read about members' keys and visits."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner

from cagnotte.cli import main
from cagnotte.domain.errors import CagnotteError
from cagnotte.identity import services as identity
from cagnotte.identity.models import MemberKey
from cagnotte.platform.database import connect
from cagnotte.tracking import services
from cagnotte.tracking.models import Click
from cagnotte.tracking.services import NewClick
from tests.journeys.world import World


@pytest.fixture
def world(committed_db: str, tmp_path: Path) -> World:
    made = World(tmp_path)
    made.load()
    return made


def run(*arguments: str, typed: str = "", at: str = "2026-03-01T12:00:00") -> str:
    answer = CliRunner().invoke(
        main.cli, ["members", *arguments, "--now", at], env={"COLUMNS": "140"}, input=typed
    )
    assert answer.exit_code == 0, answer.output
    return answer.stdout


def refused(*arguments: str) -> str:
    answer = CliRunner().invoke(main.cli, ["members", *arguments], env={"CAGNOTTE_DEBUG": "1"})
    assert isinstance(answer.exception, CagnotteError), answer.output
    return answer.exception.sentence


def clicked(member: str, at: datetime) -> str:
    programme_id, visit = identity.programme_id_of("corner"), uuid4()
    wallet = identity.wallet_id_of(programme_id, member)
    shop = identity.party_id_of(programme_id, "merchant", "corner")
    with connect() as connection:
        services.claim_visit(
            connection, programme_id=programme_id, visit_id=visit, wallet_id=wallet, now=at
        )
        click = NewClick(programme_id, shop, visit, at, ("standard", 1), promised="5%")
        return services.record_click(connection, click).ref


def test_a_member_is_recognised_by_what_is_linked(world: World) -> None:
    assert run("keys", "1") == "Member 1 is recognised by number alone.\n"
    assert run("link", "1", "tok_77", "--kind", "card") == "Member 1: card linked.\n"
    assert run("link", "1", "tok_77", "--kind", "card") == "Member 1: card was linked before.\n"
    code = run("code", "1").strip()
    shown = run("qr", "1").strip()

    told = run("keys", "1")
    assert "tok_77" in told
    assert code.lower() in told
    assert shown in told
    assert "2026-03-01 13:00" in told, "in the programme's time zone"

    assert run("unlink", "1", "tok_77", "--kind", "card") == "Member 1: card unlinked.\n"
    assert run("unlink", "1", "tok_77", "--kind", "card") == "Member 1: card was not linked.\n"
    assert "tok_77" not in run("keys", "1")


def test_what_cannot_be_linked_is_refused_and_nothing_is_kept(world: World) -> None:
    assert "number of a card itself" in refused(
        "link", "1", "4111 1111 1111 1111", "--kind", "card"
    )
    assert "A receipt is no key" in refused("link", "1", "R-1", "--kind", "receipt")
    assert "There is no merchant “x”" in refused(
        "link", "1", "R-1", "--kind", "receipt", "--merchant", "x"
    )
    assert "There is no member “9”" in refused("keys", "9")
    assert not MemberKey.objects.exists()


def test_a_code_is_one_members_alone(world: World) -> None:
    assert run("code", "1", "--code", "Ana10") == "ANA10\n"
    assert refused("code", "2", "--code", "ANA10") == "This promo_code belongs to another member."


def test_visits_tell_what_became_of_them(world: World) -> None:
    assert run("visits", "1") == "Member 1: nothing.\n"
    ref = clicked("1", datetime(2026, 2, 10, 8, tzinfo=UTC))
    late = clicked("1", datetime(2026, 2, 20, 8, tzinfo=UTC))
    world.buy("A1")

    told = run("visits", "1")
    assert f"{ref} │ order A1 (pending)" in told
    assert f"{late} │ waiting until 2026-03-22" in told
    assert f"{late} │ nothing by 2026-03-22" in run("visits", "1", at="2026-03-23T12:00:00")

    claims = run("visits", "1", "--claims", at="2026-03-23T12:00:00")
    assert f"corner │ 2026-02-20 │ {late} │ 5%" in claims
    assert "order number, order date, amount, confirmation" in claims
    assert ref not in claims


def test_a_member_is_forgotten_when_somebody_says_yes(world: World) -> None:
    clicked("1", datetime(2026, 2, 10, 8, tzinfo=UTC))
    run("code", "1")

    asked = CliRunner().invoke(main.cli, ["members", "forget", "1"], input="n\n")
    assert asked.exit_code == 1
    assert Click.objects.count() == 1

    told = run("forget", "1", typed="y\n")
    assert "Member 1: 1 clicks, 1 visits, 1 keys." in told
    assert not Click.objects.exists()


def test_old_clicks_go(world: World) -> None:
    clicked("1", datetime(2025, 1, 10, 8, tzinfo=UTC))
    kept = clicked("1", datetime(2025, 2, 10, 8, tzinfo=UTC))

    assert run("forget-clicks") == "1 clicks from before 2025-01-25 deleted.\n"
    assert [click.ref for click in Click.objects.all()] == [kept]


def test_shops_are_measured(world: World) -> None:
    assert run("measure").startswith("No shop has reported enough purchases yet")
    world.till(*(f"O{n},2,2026-02-27T00:00:00,EUR,,plum,1,10.00,jam," for n in range(20)))

    assert run("measure") == "corner: nine of ten of 20 purchases within 3 days.\n"


def test_what_a_member_agrees_to_is_kept_and_listed(world: World) -> None:
    assert run("consent", "1") == "Member 1 was never asked.\n"
    assert run("consent", "1", "analytics", "--to", "2026-01") == "Member 1: kept.\n"
    again = run("consent", "1", "analytics", "--to", "2026-01")
    assert again == "Member 1: it stands so already.\n"
    withdrawn = run("withdraw", "1", "analytics", "--source", "letter", at="2026-03-02T08:00:00")
    assert withdrawn == "Member 1: kept.\n"
    assert run("consent", "1") == (
        "analytics: agreed to 2026-01 on 2026-03-01 13:00 (operator)\n"
        "analytics: taken back on 2026-03-02 09:00 (letter)\n"
    )
    assert run("consent", "2") == "Member 2 was never asked.\n"


def test_a_wording_must_be_named(world: World) -> None:
    assert "Name the version of the wording" in refused("consent", "1", "marketing")
    assert run("consent", "1") == "Member 1 was never asked.\n"


def test_whoever_is_forgotten_agrees_to_nothing_any_more(world: World) -> None:
    run("consent", "1", "marketing", "--to", "v1")
    run("forget", "1", typed="y\n", at="2026-03-03T11:00:00")
    assert run("consent", "1").splitlines()[-1] == (
        "marketing: taken back on 2026-03-03 12:00 (erasure)"
    )
